//! PostgreSQL: a few connections that write, a few that read, and no patience with a server that is silent.
//!
//! Whoever asks gets an answer or [`Away`] within seconds: a statement that outlasts its deadline is given up, and its
//! connection is dropped rather than handed on, since its answer may still come. So is one whose transaction was not
//! committed: the server rolls back what nobody commits. Everything it is told about time limits is told again here,
//! because a server that hangs keeps none.

use crate::db::Durability;
use crate::error::{Away, StoreError};
use crate::postgres_url::PostgresUrl;
use crate::row::Row;
use crate::rows::Columns;
use crate::sql::{self, Insert, Statement};
use crate::value::{Jsonb, Value, for_postgres, rows_for_postgres};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions, Connection};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long a question waits, from the wish for a connection to the last row.
const READ: Duration = Duration::from_secs(2);
/// How long a transaction waits for its connection and its first word.
const BEGIN: Duration = Duration::from_secs(2);
/// How long one statement of a transaction may take: a large batch on a slow machine is still written.
const WRITE: Duration = Duration::from_secs(10);
/// The same for a change of the schema, which may rewrite a table.
const CHANGE: Duration = Duration::from_secs(600);
/// The same for an operator's walk through all history, who would rather wait.
const WALK: Duration = Duration::from_secs(600);
/// How long closing may take: what is left then is the server's to notice.
const CLOSE: Duration = Duration::from_secs(1);
/// A connection that nobody has used for longer than this is tried before it is used.
const FRESH: Duration = Duration::from_secs(1);
const READERS: u32 = 4;
const WRITERS: u32 = 2;

/// What the server is told of every connection. `lock_timeout`: who waits holds up the projector, and a lock that lasts
/// longer is told to the operator. `idle_in_transaction…`: a process that was stopped in the middle holds up the others no longer
/// than this. `jit`: every statement here is done before a compiler would be.
const SESSION: [(&str, &str); 4] = [
    ("lock_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "10s"),
    ("tcp_user_timeout", "30s"),
    ("jit", "off"),
];

/// The number of our advisory lock: "trunklin" in ASCII.
const EXCLUSIVE: &str = "BEGIN; SET LOCAL synchronous_commit = on; SET LOCAL statement_timeout = 0; \
    SET LOCAL lock_timeout = '8s'; SELECT pg_advisory_xact_lock(8390898172853774702)";
const DECISION: &str = "BEGIN; SET LOCAL synchronous_commit = on";
const PROJECTION: &str = "BEGIN; SET LOCAL synchronous_commit = off";
/// One state for every statement of a walk.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";
/// Somebody's long backup must not hold the projector up.
const MAKE_MONTHS: &str = "SET LOCAL lock_timeout = '300ms'";

/// A PostgreSQL server's database.
pub(crate) struct Postgres {
    url: PostgresUrl,
    writers: PgPool,
    readers: PgPool,
    /// Days whose month has its partitions, or was tried.
    days: Mutex<BTreeSet<i64>>,
    /// Why rows go to the default partition, if they do.
    unparted: Mutex<Option<String>>,
}

impl Postgres {
    /// Connects.
    pub(crate) async fn open(url: &PostgresUrl) -> Result<Self, StoreError> {
        const DOING: &str = "connecting to it";
        let options =
            url.options().clone().options(SESSION).application_name("trunkline").disable_statement_logging();
        // Asked once without a pool, which would go on trying and not say why it can't.
        within(DOING, BEGIN, async {
            let connection = options.connect().await.map_err(|error| StoreError::from_sqlx(DOING, &error))?;
            let _ = connection.close().await;
            Ok(())
        })
        .await?;
        let limited = |limit| options.clone().options([("statement_timeout", limit)]);
        let (writers, readers) = (pool(WRITERS, limited("10s")), pool(READERS, limited("2s")));
        Ok(Self { url: url.clone(), writers, readers, days: Mutex::default(), unparted: Mutex::default() })
    }

    /// Which one it is.
    pub(crate) fn url(&self) -> &PostgresUrl {
        &self.url
    }

    /// Rows of a statement that only reads.
    pub(crate) async fn read(
        &self,
        doing: &'static str,
        statement: &Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        within(doing, READ, async {
            for _ in 0..READERS {
                match self.ask(doing, statement, values.clone()).await {
                    Err(error) if is_of_a_dead_connection(&error) => {}
                    done => return done,
                }
            }
            self.ask(doing, statement, values).await
        })
        .await
    }

    async fn ask(
        &self,
        doing: &'static str,
        statement: &Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut lease = Lease::of(&self.readers, doing).await?;
        let rows = for_postgres(statement, values).fetch_all(lease.connection()?).await;
        lease.answered(rows).map(|rows| rows_of(doing, rows))
    }

    /// Begins to write.
    pub(crate) async fn begin(&self, doing: &'static str, durability: Durability) -> Result<Tx, StoreError> {
        let (begin, wait) = match durability {
            Durability::Projection => (PROJECTION, BEGIN),
            Durability::Decision => (DECISION, BEGIN),
            Durability::Exclusive => (EXCLUSIVE, WRITE),
        };
        within(doing, wait, async {
            for _ in 0..WRITERS {
                match self.begun(doing, begin).await {
                    Err(error) if is_of_a_dead_connection(&error) => {}
                    done => return done,
                }
            }
            self.begun(doing, begin).await
        })
        .await
    }

    async fn begun(&self, doing: &'static str, begin: &'static str) -> Result<Tx, StoreError> {
        let mut tx = Tx { lease: Lease::of(&self.writers, doing).await?, patience: WRITE };
        tx.script(begin).await?;
        Ok(tx)
    }

    /// Begins to read one state.
    pub(crate) async fn snapshot(&self, doing: &'static str) -> Result<Tx, StoreError> {
        within(doing, BEGIN, async {
            let mut tx = Tx { lease: Lease::of(&self.readers, doing).await?, patience: WALK };
            tx.script(SNAPSHOT).await?;
            Ok(tx)
        })
        .await
    }

    /// Makes the partitions that calls of these days go to, given one call of each as rows. Where that can't be done
    /// now, rows go to the default partition: nothing is refused, and nothing waits.
    pub(crate) async fn make_months(
        &self,
        doing: &'static str,
        days: BTreeSet<i64>,
        calls: String,
    ) -> Result<(), StoreError> {
        if days.is_subset(&self.days.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(());
        }
        let mut tx = self.begin(doing, Durability::Decision).await?;
        let made = within(doing, WRITE, async {
            tx.script(MAKE_MONTHS).await?;
            let make = sqlx::query("SELECT make_months($1)").bind(Jsonb(calls.clone()));
            if let Err(error) = make.execute(tx.lease.connection()?).await {
                return Ok(Err(error));
            }
            let missing = for_postgres(&sql::MISSING_MONTHS, vec![Value::Rows(calls)]);
            Ok(missing.fetch_all(tx.lease.connection()?).await)
        });
        let unparted = match made.await? {
            Ok(missing) => {
                tx.commit().await?;
                let missing = rows_of(doing, missing);
                let missing = missing.iter().map(|row| row.text("name")).collect::<Result<Vec<_>, _>>()?;
                (!missing.is_empty())
                    .then(|| format!("{} could not be made: its rows are there already", missing.join(", ")))
            }
            Err(sqlx::Error::Database(refusal)) => {
                drop(tx);
                // Its words may quote a row: the code says enough.
                let code = refusal.code().map_or_else(|| "no code".to_owned(), std::borrow::Cow::into_owned);
                Some(format!("the partitions of a month could not be made: the server answers {code}"))
            }
            Err(error) => return Err(StoreError::from_sqlx(doing, &error)),
        };
        *self.unparted.lock().unwrap_or_else(PoisonError::into_inner) = unparted;
        self.days.lock().unwrap_or_else(PoisonError::into_inner).extend(days);
        Ok(())
    }

    /// Why rows of a month go to the default partition, if they do.
    pub(crate) fn unparted(&self) -> Option<String> {
        self.unparted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Closes; who still waits for an answer gets none.
    pub(crate) async fn close(&self) {
        let _ = timeout(CLOSE, async { tokio::join!(self.readers.close(), self.writers.close()) }).await;
    }
}

fn pool(connections: u32, options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BEGIN)
        .max_lifetime(Duration::from_secs(1_800))
        .idle_timeout(Duration::from_secs(300))
        .test_before_acquire(false)
        .before_acquire(|connection, life| {
            Box::pin(async move {
                if life.idle_for > FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}

/// A transaction; dropped without a commit, its connection is closed and the server rolls it back.
pub(crate) struct Tx {
    lease: Lease,
    /// How long one statement may take.
    patience: Duration,
}

impl Tx {
    /// Runs a statement; how many rows it touched.
    pub(crate) async fn run(&mut self, statement: &Statement, values: Vec<Value>) -> Result<u64, StoreError> {
        let doing = self.lease.doing;
        within(doing, self.patience, async {
            let done = for_postgres(statement, values).execute(self.lease.connection()?).await;
            done.map(|done| done.rows_affected()).map_err(|error| StoreError::from_sqlx(doing, &error))
        })
        .await
    }

    /// Puts rows into a table; how many were new or changed.
    pub(crate) async fn insert(&mut self, insert: &Insert, rows: Vec<Columns>) -> Result<u64, StoreError> {
        let doing = self.lease.doing;
        within(doing, self.patience, async {
            let done = rows_for_postgres(insert, rows).execute(self.lease.connection()?).await;
            done.map(|done| done.rows_affected()).map_err(|error| StoreError::from_sqlx(doing, &error))
        })
        .await
    }

    /// Rows of a statement, seen from inside the transaction.
    pub(crate) async fn rows(
        &mut self,
        statement: &Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let doing = self.lease.doing;
        within(doing, self.patience, async {
            let rows = for_postgres(statement, values).fetch_all(self.lease.connection()?).await;
            rows.map(|rows| rows_of(doing, rows)).map_err(|error| StoreError::from_sqlx(doing, &error))
        })
        .await
    }

    /// Runs several statements: a change of the schema, which takes what it takes.
    pub(crate) async fn script(&mut self, script: &'static str) -> Result<(), StoreError> {
        let doing = self.lease.doing;
        within(doing, CHANGE, async {
            let done = sqlx::raw_sql(script).execute(self.lease.connection()?).await;
            done.map(drop).map_err(|error| StoreError::from_sqlx(doing, &error))
        })
        .await
    }

    /// Makes it so. If this fails, it may have become so: the answer was lost, and only the database knows.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let doing = self.lease.doing;
        within(doing, WRITE, async {
            let done = sqlx::raw_sql("COMMIT").execute(self.lease.connection()?).await;
            self.lease.answered(done).map(drop)
        })
        .await
    }
}

/// A connection on loan. It goes back when its last answer has come whole; otherwise it is closed, so that nobody gets
/// an answer to somebody else's question, and the pool is never kept waiting by a silent server.
struct Lease {
    doing: &'static str,
    connection: Option<PoolConnection<sqlx::Postgres>>,
    is_done: bool,
}

impl Lease {
    async fn of(pool: &PgPool, doing: &'static str) -> Result<Self, StoreError> {
        match pool.acquire().await {
            Ok(connection) => Ok(Self { doing, connection: Some(connection), is_done: false }),
            // Nobody holds them all: so it is the server that gives none.
            Err(sqlx::Error::PoolTimedOut) if pool.size() < pool.options().get_max_connections() => {
                Err(StoreError::away(doing, Away::Silent))
            }
            Err(error) => Err(StoreError::from_sqlx(doing, &error)),
        }
    }

    fn connection(&mut self) -> Result<&mut sqlx::PgConnection, StoreError> {
        self.connection.as_deref_mut().ok_or(StoreError::away(self.doing, Away::Io))
    }

    fn answered<T>(&mut self, answer: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        self.is_done = answer.is_ok();
        answer.map_err(|error| StoreError::from_sqlx(self.doing, &error))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && !self.is_done
        {
            drop(connection.detach());
        }
    }
}

/// Whether it may be the connection that failed, and not its server: one that was restarted leaves dead ones in the
/// pool. What can be asked twice is then asked again.
fn is_of_a_dead_connection(error: &StoreError) -> bool {
    use Away::{Io, Restarting, Unreachable};
    matches!(error, StoreError::Unavailable { why: Io | Restarting | Unreachable, .. })
}

/// Gives up after a time.
async fn within<T>(
    doing: &'static str,
    patience: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match timeout(patience, work).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::away(doing, Away::Silent)),
    }
}

fn rows_of(doing: &'static str, rows: Vec<PgRow>) -> Vec<Row> {
    rows.into_iter().map(|row| Row::postgres(doing, row)).collect()
}
