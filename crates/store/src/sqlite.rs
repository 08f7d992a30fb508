//! SQLite: one connection that writes, a few that read, and a watch on the file itself.
//!
//! SQLite has one writer at a time. A transaction that reads first and then writes fails at once when another has
//! written in between, and no timeout cures that: so there is one writing connection and it says `BEGIN IMMEDIATE`.
//! Readers see the last commit and wait for nobody (write-ahead log).

use crate::db::Durability;
use crate::error::{Away, StoreError};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row, Transaction};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a statement waits for another process's lock. Short: who waits holds up the projector, and a lock that lasts
/// longer than this is told to the operator.
const LOCK_TIMEOUT: Duration = Duration::from_millis(300);
/// How long a request waits for a free connection: a large batch may be writing.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
const READERS: u32 = 4;

/// An open SQLite file.
pub(crate) struct Sqlite {
    path: PathBuf,
    opened: Option<FileId>,
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    /// Opens the file, or makes it.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        const DOING: &str = "opening it";
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(LOCK_TIMEOUT)
            .foreign_keys(false)
            .disable_statement_logging();
        let writing = options
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .pragma("wal_autocheckpoint", "4000")
            .pragma("journal_size_limit", "67108864")
            .pragma("cache_size", "-32000")
            // A statement that upserts many rows keeps the pages as they were until it is through: a file for that
            // costs as much as the log.
            .pragma("temp_store", "MEMORY");
        let writer =
            pool(1).connect_with(writing).await.map_err(|error| StoreError::from_sqlx(DOING, &error))?;
        let opened = FileId::of(path);
        let readers = pool(READERS).connect_lazy_with(options.read_only(true));
        Ok(Self { path: path.to_owned(), opened, writer, readers })
    }

    /// A connection to read with.
    pub(crate) async fn reader(
        &self,
        doing: &'static str,
    ) -> Result<PoolConnection<sqlx::Sqlite>, StoreError> {
        self.in_place(doing)?;
        self.readers.acquire().await.map_err(|error| StoreError::from_sqlx(doing, &error))
    }

    /// Begins to write. The level of syncing can't be changed inside a transaction, so it is set in the same breath.
    pub(crate) async fn begin(
        &self,
        doing: &'static str,
        durability: Durability,
    ) -> Result<Transaction<'static, sqlx::Sqlite>, StoreError> {
        self.in_place(doing)?;
        let begin = match durability {
            Durability::Projection => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
            Durability::Decision | Durability::Exclusive => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
        };
        self.writer.begin_with(begin).await.map_err(|error| StoreError::from_sqlx(doing, &error))
    }

    /// Begins to read one state: the log keeps it until this ends.
    pub(crate) async fn snapshot(
        &self,
        doing: &'static str,
    ) -> Result<Transaction<'static, sqlx::Sqlite>, StoreError> {
        self.in_place(doing)?;
        self.readers.begin().await.map_err(|error| StoreError::from_sqlx(doing, &error))
    }

    /// Writes a copy of one state, compact and in one file, while others go on. The file must not be there.
    pub(crate) async fn copy_to(&self, doing: &'static str, path: &str) -> Result<(), StoreError> {
        let mut reader = self.reader(doing).await?;
        let copied = sqlx::query("VACUUM INTO $1").bind(path).execute(&mut *reader).await;
        copied.map(drop).map_err(|error| StoreError::from_sqlx(doing, &error))
    }

    /// Writes the file anew from the rows there are, so that nothing of deleted ones is left in it or in its log.
    pub(crate) async fn scrub(&self, doing: &'static str) -> Result<(), StoreError> {
        self.in_place(doing)?;
        let failed = |error| StoreError::from_sqlx(doing, &error);
        let mut writer = self.writer.acquire().await.map_err(failed)?;
        // The copy that is made on the way may be larger than the memory.
        let scrub = "INSERT INTO search_index (search_index) VALUES ('optimize'); \
            PRAGMA temp_store = FILE; VACUUM; PRAGMA temp_store = MEMORY";
        sqlx::raw_sql(scrub).execute(&mut *writer).await.map_err(failed)?;
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *writer).await;
        match checkpoint.and_then(|row| row.try_get::<i64, _>(0)).map_err(failed)? {
            0 => Ok(()),
            _ => Err(StoreError::away(doing, Away::Locked)),
        }
    }

    /// Whether the file at the path is still the one that is open. A deleted one would go on taking rows, into nothing.
    pub(crate) fn in_place(&self, doing: &'static str) -> Result<(), StoreError> {
        if FileId::of(&self.path) == self.opened { Ok(()) } else { Err(StoreError::away(doing, Away::Moved)) }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for what runs, and closes.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(CONNECTION_TIMEOUT)
        .max_lifetime(None)
        .idle_timeout(None)
        // A full disk or a failing one makes SQLite roll back by itself, and the driver then believes that the
        // transaction still runs: such a connection is thrown away.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

/// What makes a file this file.
#[derive(PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|file| Self::from_metadata(&file))
    }

    #[cfg(unix)]
    fn from_metadata(file: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { device: file.dev(), inode: file.ino() }
    }

    #[cfg(not(unix))]
    fn from_metadata(_: &Metadata) -> Self {
        Self { device: 0, inode: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Db;
    use crate::store::Target;
    use crate::{JournalIdent, Position, Projection, Store, Suppression};
    use jiff::Timestamp;
    use sqlx::Executor;
    use trunkline_core::private::Address;

    fn journal() -> JournalIdent {
        JournalIdent { node: "one".to_owned(), journal: "j1".to_owned() }
    }

    /// A batch of about 400 KiB.
    fn large() -> Projection {
        let suppressions = (0..4_000).map(|n| Suppression {
            tenant: None,
            number: Address::new(format!("+1555{n:07}")),
            reason: "asked not to be called again, in so many words and a few more".to_owned(),
            since: Timestamp::from_second(1_790_000_000).unwrap(),
            lifted_at: None,
        });
        Projection { suppressions: suppressions.collect(), ..Projection::empty(journal(), Position(1)) }
    }

    async fn opened(folder: &tempfile::TempDir) -> Store {
        let store = Store::open(&Target::Sqlite(folder.path().join("calls.db"))).await.unwrap();
        store.cursor(&journal()).await.unwrap();
        store
    }

    fn engine(store: &Store) -> &Sqlite {
        match &*store.db {
            Db::Sqlite(sqlite) => sqlite,
            Db::Postgres(_) => unreachable!("it was opened as SQLite"),
        }
    }

    async fn set_page_limit(store: &Store, pragma: &'static str) {
        let sqlite = engine(store);
        sqlite.writer.acquire().await.unwrap().execute(pragma).await.unwrap();
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_over_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder).await;
        set_page_limit(&store, "PRAGMA max_page_count = 50").await;
        let error = store.project(&large()).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { why: Away::Full, .. }), "{error}");
        assert!(error.is_transient());

        set_page_limit(&store, "PRAGMA max_page_count = 1000000").await;
        store.project(&large()).await.unwrap();
        assert_eq!(store.all_suppressions().await.unwrap().len(), 4_000);
    }

    /// As a failing disk makes it: the engine ends the transaction by itself, and the driver does not know.
    #[tokio::test]
    async fn a_connection_that_lost_its_transaction_is_not_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder).await;
        let mut tx = store.db.begin("testing", Durability::Projection).await.unwrap();
        tx.script("INSERT OR ROLLBACK INTO meta (key, value) VALUES ('store_id', 'x')").await.unwrap_err();
        drop(tx);
        store.project(&large()).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_may_not_be_written_is_read_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder).await;
        let sqlite = engine(&store);
        let refused = sqlite.reader("testing").await.unwrap().execute("DELETE FROM meta").await.unwrap_err();
        let error = StoreError::from_sqlx("testing", &refused);
        assert!(matches!(error, StoreError::Unavailable { why: Away::ReadOnly, .. }), "{error}");
    }

    #[tokio::test]
    async fn a_decision_waits_for_the_disk_and_a_projection_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder).await;
        let sqlite = engine(&store);
        for (durability, level) in
            [(Durability::Decision, 2), (Durability::Projection, 1), (Durability::Decision, 2)]
        {
            let mut tx = sqlite.begin("testing", durability).await.unwrap();
            let set: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *tx).await.unwrap();
            assert_eq!(set, level);
        }
    }
}
