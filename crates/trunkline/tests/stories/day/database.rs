//! The database behind the server, as another process sees it and as another process spoils it.

use std::path::PathBuf;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor, Row};

use super::Day;

/// The SQLite file of a day.
pub struct Database<'a> {
    day: &'a Day,
    path: PathBuf,
}

/// A lock that another process holds; dropped, it is given up.
pub struct Lock(Option<SqliteConnection>);

impl<'a> Database<'a> {
    pub(super) fn of(day: &'a Day) -> Self {
        Self { path: day.folder().join("trunkline.db"), day }
    }

    /// Another process locks it and does not let go.
    pub fn goes_down(&self) -> Lock {
        let locked = self.day.world.block_on(async {
            let mut connection = self.connect().await;
            // The projector may be writing at this moment: it is done in less than this.
            connection.execute("PRAGMA busy_timeout = 10000").await.unwrap();
            connection.execute("BEGIN EXCLUSIVE").await.unwrap();
            connection
        });
        Lock(Some(locked))
    }

    /// Somebody deletes it.
    pub fn is_deleted(&self) {
        std::fs::remove_file(&self.path).unwrap();
        for end in ["-wal", "-shm"] {
            let mut path = self.path.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }

    /// The answers in it, in the order of questions, in the words that were recorded.
    pub fn answers(&self, call: &str) -> Vec<String> {
        let sql = "SELECT recording_id FROM turns WHERE call = ? AND answered_at IS NOT NULL ORDER BY step";
        let ids = self.column(sql, call);
        self.day.words(ids)
    }

    /// The disposition in it, if the call is over there.
    pub fn disposition(&self, call: &str) -> Option<String> {
        self.column("SELECT disposition FROM calls WHERE id = ? AND disposition IS NOT NULL", call).pop()
    }

    /// Up to where it has eaten the journal.
    pub fn position(&self) -> u64 {
        let all = self.column("SELECT CAST(position AS TEXT) FROM cursors WHERE node <> ?", "");
        all.first().and_then(|position| position.parse().ok()).unwrap_or(0)
    }

    /// One column of text; empty while the file can't be read or isn't there yet.
    fn column(&self, sql: &'static str, argument: &str) -> Vec<String> {
        self.day.world.block_on(async {
            let options = SqliteConnectOptions::new().filename(&self.path).read_only(true);
            let Ok(mut connection) = options.connect().await else { return Vec::new() };
            let rows = sqlx::query(sql).bind(argument).fetch_all(&mut connection).await.unwrap_or_default();
            rows.iter().map(|row| row.get::<Option<String>, _>(0).unwrap_or_default()).collect()
        })
    }

    async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(&self.path).connect().await.unwrap()
    }
}

impl Lock {
    /// The other process lets go.
    pub fn ends(mut self, day: &Day) {
        let mut connection = self.0.take().unwrap();
        day.world.block_on(async { connection.execute("ROLLBACK").await.unwrap() });
    }
}
