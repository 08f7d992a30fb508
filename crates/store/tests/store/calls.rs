//! Calls to project: made from events, as the engine makes them.

use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use std::sync::Arc;
use tempfile::TempDir;
use trunkline_core::call::*;
use trunkline_core::id::*;
use trunkline_core::private::{Address, Private};
use trunkline_store::{EventRow, JournalIdent, Position, Projection, Store, Target};
use trunkline_testkit::postgres::{Database, Server};

/// A second of the day all tests play on.
pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + secs).unwrap()
}

pub fn tenant() -> TenantId {
    TenantId::new("acme")
}

pub fn account() -> AccountId {
    AccountId::new("twilio:AC1")
}

pub fn journal() -> JournalIdent {
    JournalIdent { node: "one".to_owned(), journal: "j1".to_owned() }
}

/// Which engine a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Runs tests on each engine: `on_each_engine!(a, b)` for `async fn a(engine: Engine)`. What is not named here is dead
/// code, and the compiler says so.
macro_rules! on_each_engine {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test($crate::calls::Engine::Sqlite).await;
                }
            )+
        }
        mod on_postgres {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test($crate::calls::Engine::Postgres).await;
                }
            )+
        }
    };
}
pub(crate) use on_each_engine;

/// A database of a test's own, and what it is made of.
pub struct Place {
    pub store: Store,
    pub made_of: MadeOf,
}

pub enum MadeOf {
    File(TempDir),
    Server(Database<'static>),
}

impl MadeOf {
    pub fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::File(tempfile::tempdir().unwrap()),
            Engine::Postgres => Self::Server(Server::shared().database().unwrap()),
        }
    }

    pub fn target(&self) -> Target {
        match self {
            Self::File(folder) => Target::Sqlite(folder.path().join("calls.db")),
            Self::Server(database) => Target::Postgres(database.url().parse().unwrap()),
        }
    }
}

impl Place {
    pub async fn on(engine: Engine) -> Self {
        let made_of = MadeOf::new(engine);
        let store = Store::open(&made_of.target()).await.unwrap();
        store.cursor(&journal()).await.unwrap();
        Self { store, made_of }
    }

    pub fn target(&self) -> Target {
        self.made_of.target()
    }

    pub async fn reopened(&self) -> Store {
        Store::open(&self.target()).await.unwrap()
    }

    pub async fn project(&self, upto: u64, stories: &[&Story]) {
        self.store.project(&batch(upto, stories)).await.unwrap();
    }

    /// Runs SQL by another way than the store's, and gives the first column of what it returns, as text.
    pub async fn sql(&self, text: &str) -> Vec<String> {
        match &self.made_of {
            MadeOf::File(folder) => {
                let file = SqliteConnectOptions::new().filename(folder.path().join("calls.db"));
                let mut connection = file.connect().await.unwrap();
                let query = sqlx::query(AssertSqlSafe(text.to_owned()));
                let rows = query.fetch_all(&mut connection).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
            MadeOf::Server(database) => database.sql(text).unwrap().lines().map(ToOwned::to_owned).collect(),
        }
    }
}

/// Everything these stories have so far, as one batch.
pub fn batch(upto: u64, stories: &[&Story]) -> Projection {
    Projection {
        made_from_rows: std::collections::BTreeSet::new(),
        calls: stories.iter().map(|story| Arc::new(story.call.clone())).collect(),
        events: stories.iter().flat_map(|story| story.events.clone()).collect(),
        ..Projection::empty(journal(), Position(upto))
    }
}

/// A call as it unfolds, with its events.
#[derive(Clone)]
pub struct Story {
    pub call: Call,
    pub events: Vec<EventRow>,
    sid: CarrierCallId,
    now: Timestamp,
    position: u64,
}

impl Story {
    /// The call number `n`, requested at second `secs`.
    pub fn new(n: u64, secs: i64) -> Self {
        Self::with(n, secs, |_| {})
    }

    /// The same, with changes to its request.
    pub fn with(n: u64, secs: i64, change: impl FnOnce(&mut Request)) -> Self {
        let mut request = Request {
            tenant: tenant(),
            account: account(),
            party: Party {
                to: Address::new(format!("+1555010{n:04}")),
                from: Address::new("+15550009999"),
                name: Some(Private::new(format!("Person {n}"))),
                ..Party::default()
            },
            script: ScriptRef { name: "survey".to_owned(), version: "v1".to_owned() },
            bot: None,
            limits: Limits::default(),
            not_before: None,
            session: None,
            idempotency: None,
            job: None,
        };
        change(&mut request);
        let mut chance = [0; 10];
        chance[2..].copy_from_slice(&n.to_be_bytes());
        let event = Event {
            call: CallId::new(at(secs), chance),
            key: EventKey::new(format!("request {n}")),
            received_at: at(secs),
            occurred_at: None,
            source: Source::Api,
            what: What::Requested(Box::new(request)),
        };
        let (call, _) = Call::begin(&event).unwrap();
        let first = EventRow::new(Position(n), call.tenant.clone(), &event, Ok(())).unwrap();
        Self {
            call,
            events: vec![first],
            sid: CarrierCallId::new(format!("CA{n}")),
            now: at(secs),
            position: n,
        }
    }

    /// One more event, a second after the last.
    pub fn then(mut self, what: What) -> Self {
        self.now = self.now.checked_add(SignedDuration::from_secs(1)).unwrap();
        self.position += 1;
        let event = Event {
            call: self.call.id,
            key: EventKey::new(format!("{} {}", self.sid, self.events.len())),
            received_at: self.now,
            occurred_at: None,
            source: Source::Carrier,
            what,
        };
        let applied = self.call.apply(&event).map(|_| ());
        let tenant = self.call.tenant.clone();
        self.events
            .push(EventRow::new(Position(self.position), tenant, &event, applied.as_ref().copied()).unwrap());
        self
    }

    fn news(self, news: News) -> Self {
        let progress = Progress { on: OnLeg::first(LegNo::FIRST), carrier_call_id: self.sid.clone(), news };
        self.then(What::Progress(progress))
    }

    pub fn dialed(self) -> Self {
        let on = OnLeg::first(LegNo::FIRST);
        self.then(What::DialStarted(on)).then(What::PostBegun(on)).news(News::Accepted)
    }

    pub fn rings(self) -> Self {
        self.news(News::Ringing)
    }

    pub fn answered(self) -> Self {
        self.news(News::Answered)
    }

    pub fn ends(self, word: EndWord) -> Self {
        let end = CarrierEnd { word, duration_secs: None, reported: Reported::default() };
        self.news(News::Ended(Box::new(end)))
    }

    /// A question asked, and answered at the next fetch.
    pub fn asked(self, step: u16, text: &str, heard: Option<Heard>) -> Self {
        let spoke = Spoke {
            on: OnLeg::first(LegNo::FIRST),
            carrier_call_id: self.sid.clone(),
            heard,
            says: Says::Question { step, ask: 0, text: text.to_owned() },
        };
        self.then(What::Spoke(Box::new(spoke)))
    }

    pub fn completed(n: u64, secs: i64) -> Self {
        Self::new(n, secs).dialed().rings().answered().ends(EndWord::Completed)
    }
}
