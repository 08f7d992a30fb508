//! The database behind the server, as another process sees it and as another process spoils it.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor, Row};

use super::Day;

/// The database of a day: its SQLite file, unless it was told of a PostgreSQL.
pub struct Database<'a> {
    day: &'a Day,
    kind: Kind,
}

enum Kind {
    File(PathBuf),
    Server(String),
}

/// A lock that another process holds; dropped, it is given up.
pub struct Lock(Option<SqliteConnection>);

impl<'a> Database<'a> {
    pub(super) fn of(day: &'a Day) -> Self {
        let kind = match day.opening.environment.get("DATABASE_URL") {
            Some(url) if url == "none" => Kind::File(day.folder().join("index.db")),
            Some(url) => Kind::Server(url.clone()),
            None => Kind::File(day.folder().join("trunkline.db")),
        };
        Self { day, kind }
    }

    /// Another process locks the file and does not let go.
    pub fn goes_down(&self) -> Lock {
        let locked = self.day.world.block_on(async {
            let mut connection = SqliteConnectOptions::new().filename(self.file()).connect().await.unwrap();
            // The projector may be writing at this moment: it is done in less than this.
            connection.execute("PRAGMA busy_timeout = 10000").await.unwrap();
            connection.execute("BEGIN EXCLUSIVE").await.unwrap();
            connection
        });
        Lock(Some(locked))
    }

    /// Another process changes something in it.
    pub fn is_told(&self, sql: &'static str) {
        self.day.world.block_on(async {
            match &self.kind {
                Kind::File(path) => {
                    let options = SqliteConnectOptions::new().filename(path);
                    let patient = options.busy_timeout(std::time::Duration::from_secs(10));
                    patient.connect().await.unwrap().execute(sql).await.unwrap();
                }
                Kind::Server(url) => {
                    let options = PgConnectOptions::from_str(url).unwrap();
                    options.connect().await.unwrap().execute(sql).await.unwrap();
                }
            }
        });
    }

    /// Somebody deletes the file.
    pub fn is_deleted(&self) {
        std::fs::remove_file(self.file()).unwrap();
        for end in ["-wal", "-shm"] {
            let mut path = self.file().clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }

    /// The answers in it, in the order of questions, in the words that were recorded.
    pub fn answers(&self, call: &str) -> Vec<String> {
        let sql = "SELECT recording_id FROM turns WHERE call = $1 AND answered_at IS NOT NULL ORDER BY step";
        let ids = self.column(sql, call);
        self.day.words(ids)
    }

    /// The disposition in it, if the call is over there.
    pub fn disposition(&self, call: &str) -> Option<String> {
        self.column("SELECT disposition FROM calls WHERE id = $1 AND disposition IS NOT NULL", call).pop()
    }

    /// How many rows it has of a call: of itself, its events and its turns.
    pub fn rows(&self, call: &str) -> Vec<String> {
        let sql = "SELECT CAST((SELECT count(*) FROM calls WHERE id = $1) AS TEXT) || ' ' || \
            CAST((SELECT count(*) FROM events WHERE call = $1) AS TEXT) || ' ' || \
            CAST((SELECT count(*) FROM turns WHERE call = $1) AS TEXT)";
        self.column(sql, call)
    }

    /// Whom users block, as it has it: a list for each who blocks.
    pub fn blocked(&self) -> Vec<String> {
        self.column("SELECT users FROM rosters WHERE kind = 'blocker' AND owner <> $1", "")
    }

    /// Up to where it has eaten the journal.
    pub fn position(&self) -> u64 {
        let all = self.column("SELECT CAST(position AS TEXT) FROM cursors WHERE node <> $1", "");
        all.first().and_then(|position| position.parse().ok()).unwrap_or(0)
    }

    /// One column of text; empty while it can't be read or isn't there yet.
    fn column(&self, sql: &'static str, argument: &str) -> Vec<String> {
        self.day.world.block_on(async {
            match &self.kind {
                Kind::File(path) => {
                    let options = SqliteConnectOptions::new().filename(path).read_only(true);
                    let Ok(mut connection) = options.connect().await else { return Vec::new() };
                    let rows = sqlx::query(sql).bind(argument).fetch_all(&mut connection).await;
                    texts(&rows.unwrap_or_default())
                }
                Kind::Server(url) => {
                    let options = PgConnectOptions::from_str(url).unwrap();
                    let Ok(mut connection) = options.connect().await else { return Vec::new() };
                    let rows = sqlx::query(sql).bind(argument).fetch_all(&mut connection).await;
                    texts(&rows.unwrap_or_default())
                }
            }
        })
    }

    fn file(&self) -> &PathBuf {
        match &self.kind {
            Kind::File(path) => path,
            Kind::Server(_) => panic!("this day's database is no file"),
        }
    }
}

/// The first column of each row.
fn texts<R: Row>(rows: &[R]) -> Vec<String>
where
    usize: sqlx::ColumnIndex<R>,
    Option<String>: for<'r> sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    rows.iter().map(|row| row.get::<Option<String>, _>(0).unwrap_or_default()).collect()
}

impl Lock {
    /// The other process lets go.
    pub fn ends(mut self, day: &Day) {
        let mut connection = self.0.take().unwrap();
        day.world.block_on(async { connection.execute("ROLLBACK").await.unwrap() });
    }
}
