//! Makes a long history: calls of some years, through the store's own writing, so that rows, indexes and counts are what a
//! server leaves. Their events and turns are left out: no list reads them.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};
use tokio::time::Instant;
use trunkline_core::call::{
    Call, CarrierEnd, EndWord, Event, Limits, News, OnLeg, Party, Progress, Reported, Request, ScriptRef,
    Source, What,
};
use trunkline_core::id::{AccountId, CallId, CarrierCallId, EventKey, LegNo, TenantId};
use trunkline_core::private::{Address, Private};
use trunkline_store::{JournalIdent, Position, PostgresUrl, Projection, Store, Target};

use crate::stats::Latencies;
use crate::webhook::{ACCOUNT_SID, OUR_NUMBER};

/// Calls that go in at once.
const BATCH: usize = 2_000;
/// The first of them began then: in seconds since 1970.
const FIRST: i64 = 1_600_000_000;
/// One begins so many seconds after the other.
const APART: i64 = 97;
const PAGE: &str =
    "SELECT id, fold FROM calls WHERE tenant = 'default' ORDER BY created_at DESC, id DESC LIMIT 51";

/// Where it is made.
pub enum Place {
    /// A SQLite file, made if it is not there.
    File(PathBuf),
    /// A PostgreSQL database, by its address.
    Server(String),
}

impl Place {
    /// Lets the next server that is started on it make it its own.
    ///
    /// # Errors
    /// The database can't be used.
    pub async fn belongs_to_nobody(&self) -> Result<()> {
        let mut connection = Connection::open(self).await?;
        connection.run("DELETE FROM cursors").await?;
        // What SQLite's planner knows of its tables comes with them.
        if let Self::Server(_) = self { connection.run("ANALYZE").await } else { Ok(()) }
    }

    /// Reads an address as `DATABASE_URL` has it; what is none is a file's path.
    pub fn parse(text: &str) -> Self {
        match text {
            url if url.starts_with("postgres") => Self::Server(url.to_owned()),
            path => Self::File(path.trim_start_matches("sqlite://").into()),
        }
    }

    /// How the store is told.
    ///
    /// # Errors
    /// It is no address.
    pub fn target(&self) -> Result<Target> {
        Ok(match self {
            Self::File(path) => Target::Sqlite(path.clone()),
            Self::Server(url) => Target::Postgres(PostgresUrl::from_str(url).context("a wrong address")?),
        })
    }
}

/// Makes so many calls. The database must be a new one: the next server that is started on it makes it its own.
///
/// # Errors
/// The database can't be used, or is a server's already.
pub async fn calls(place: &Place, calls: usize) -> Result<()> {
    let store = Store::open(&place.target()?).await?;
    let journal = JournalIdent { node: "generated".to_owned(), journal: "generated".to_owned() };
    store.cursor(&journal).await?;
    let mut batch = Vec::with_capacity(BATCH);
    for n in 0..calls {
        batch.push(Arc::new(call(n)?));
        if batch.len() == BATCH || n + 1 == calls {
            let empty = Projection::empty(journal.clone(), Position(0));
            store.project(&Projection { calls: std::mem::take(&mut batch), ..empty }).await?;
        }
    }
    store.close().await;
    let mut connection = Connection::open(place).await?;
    connection.run("DELETE FROM cursors").await?;
    connection.run("ANALYZE").await
}

/// When a call began, as addresses have it.
pub fn began_at(n: usize) -> String {
    at(n, 0).map_or_else(|_| String::new(), |at| at.to_string())
}

/// Who was called.
pub fn number(n: usize) -> String {
    format!("+1{:010}", 2_000_000_000 + n)
}

/// Asks for a page with nothing but SQL, again and again.
///
/// # Errors
/// The database can't be used.
pub async fn bare_page(place: &Place, times: usize) -> Result<Latencies> {
    let mut connection = Connection::open(place).await?;
    let mut latencies = Latencies::default();
    for _ in 0..times {
        let begun = Instant::now();
        connection.run(PAGE).await?;
        latencies.add(begun.elapsed());
    }
    Ok(latencies)
}

fn at(n: usize, secs: i64) -> Result<jiff::Timestamp> {
    Ok(jiff::Timestamp::from_second(FIRST + APART * i64::try_from(n)? + secs)?)
}

/// A call as it unfolded.
fn call(n: usize) -> Result<Call> {
    let mut chance = [0; 10];
    chance[2..].copy_from_slice(&(n as u64).to_be_bytes());
    let id = CallId::new(at(n, 0)?, chance);
    let event = |secs, what| {
        let key = EventKey::new(format!("{n}/{secs}"));
        anyhow::Ok(Event {
            call: id,
            key,
            received_at: at(n, secs)?,
            occurred_at: None,
            source: Source::Carrier,
            what,
        })
    };
    let (mut call, _) =
        Call::begin(&event(0, What::Requested(Box::new(request(n))))?).context("no call begins")?;
    let on = OnLeg::first(LegNo::FIRST);
    let news = |news| {
        let carrier_call_id = CarrierCallId::new(format!("CA{n:032x}"));
        What::Progress(Progress { on, carrier_call_id, news })
    };
    let mut steps =
        vec![What::DialStarted(on), What::PostBegun(on), news(News::Accepted), news(News::Ringing)];
    let (word, duration_secs) =
        if n.is_multiple_of(5) { (EndWord::Busy, None) } else { (EndWord::Completed, Some(61)) };
    if word == EndWord::Completed {
        steps.push(news(News::Answered));
    }
    steps.push(news(News::Ended(Box::new(CarrierEnd {
        word,
        duration_secs,
        reported: Reported::default(),
    }))));
    for (secs, what) in (1..).zip(steps) {
        // What is refused changes nothing, and then the rows tell it.
        let _ = call.apply(&event(secs, what)?);
    }
    Ok(call)
}

fn request(n: usize) -> Request {
    let name = if n == 0 { "Oldest of all".to_owned() } else { format!("Person {n}") };
    Request {
        tenant: TenantId::default_tenant(),
        account: AccountId::new(format!("twilio:{ACCOUNT_SID}")),
        party: Party {
            to: Address::new(number(n)),
            from: Address::new(OUR_NUMBER),
            name: Some(Private::new(name)),
            ..Party::default()
        },
        script: ScriptRef { name: "questions".to_owned(), version: "v1".to_owned() },
        bot: None,
        limits: Limits::default(),
        not_before: None,
        session: None,
        idempotency: None,
        job: None,
    }
}

/// A connection of our own.
enum Connection {
    Sqlite(SqliteConnection),
    Postgres(Box<PgConnection>),
}

impl Connection {
    async fn open(place: &Place) -> Result<Self> {
        Ok(match place {
            Place::File(path) => Self::Sqlite(SqliteConnectOptions::new().filename(path).connect().await?),
            Place::Server(url) => Self::Postgres(Box::new(PgConnectOptions::from_str(url)?.connect().await?)),
        })
    }

    async fn run(&mut self, sql: &'static str) -> Result<()> {
        match self {
            Self::Sqlite(connection) => drop(connection.fetch_all(sql).await?),
            Self::Postgres(connection) => drop(connection.fetch_all(sql).await?),
        }
        Ok(())
    }
}
