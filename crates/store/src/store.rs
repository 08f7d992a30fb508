//! The store itself: opened, told which journal feeds it, closed.

use crate::db::{Db, Durability};
use crate::error::{Away, StoreError};
use crate::migrate::{self, Migration};
use crate::position::{Cursor, JournalIdent, Position};
use crate::postgres::Postgres;
use crate::postgres_url::PostgresUrl;
use crate::row::Row;
use crate::sql;
use crate::sqlite::Sqlite;
use crate::value::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fmt, fs, io};

/// Which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file, made if it is not there.
    Sqlite(PathBuf),
    /// A database of a server, which must be there; its tables are made.
    Postgres(PostgresUrl),
    /// No database: the journal keeps everything, and this file is an index over it. It may be deleted at any time, and is
    /// made anew from the journal.
    Index(PathBuf),
}

impl Target {
    /// Whether history is in the journal, and the database only helps to find it.
    pub fn is_index(&self) -> bool {
        matches!(self, Self::Index(_))
    }

    /// Whether other servers may write to it too.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Its file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) | Self::Index(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }

    /// Throws an index away, so that the next opening makes a new one. What keeps history is never touched.
    ///
    /// # Errors
    /// A file can't be removed.
    pub fn discard_index(&self) -> io::Result<()> {
        let Self::Index(path) = self else { return Ok(()) };
        for end in ["", "-wal", "-shm"] {
            let mut file = path.clone().into_os_string();
            file.push(end);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

impl fmt::Display for Target {
    /// Without any password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
            Self::Index(path) => write!(f, "none: the journal is the store, indexed in {}", path.display()),
        }
    }
}

/// Whether a copy was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// It was.
    Whole,
    /// It is a server's database.
    Not,
}

/// A database, open and at this program's schema. Cheap to clone; every clone is the same database.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Arc<Db>,
    /// Up to where it is known to have eaten the journal. A server that comes back with less is an older one.
    pub(crate) eaten: Arc<AtomicU64>,
}

impl Store {
    /// Connects, and migrates if something is missing.
    ///
    /// # Errors
    /// `SchemaNewer` if a newer program was here; `Unavailable` if it can't be reached or is locked.
    pub async fn open(target: &Target) -> Result<Self, StoreError> {
        let store = Self::connect(target).await?;
        match migrate::migrate(&store.db).await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    /// Connects and leaves the schema as it is: to look at what another version has made.
    ///
    /// # Errors
    /// `Unavailable` if it can't be reached.
    pub async fn connect(target: &Target) -> Result<Self, StoreError> {
        let db = match target {
            Target::Sqlite(path) | Target::Index(path) => Db::Sqlite(Sqlite::open(path).await?),
            Target::Postgres(url) => Db::Postgres(Box::pin(Postgres::open(url)).await?),
        };
        Ok(Self { db: Arc::new(db), eaten: Arc::default() })
    }

    /// The migrations it has, in order.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn migrations(&self) -> Result<Vec<Migration>, StoreError> {
        migrate::applied(&self.db).await
    }

    /// How far it has eaten this journal. A database that no journal of this node has fed yet is this journal's from now
    /// on; a file has a single node, a server's database as many as have names of their own.
    ///
    /// # Errors
    /// `Foreign` if another journal has fed it in this place: projecting into it would mix two histories. `Unavailable`,
    /// also if it has eaten less than it had.
    pub async fn cursor(&self, journal: &JournalIdent) -> Result<Cursor, StoreError> {
        const DOING: &str = "reading its cursor";
        let ids = self.db.read(DOING, &sql::STORE_ID, vec![]).await?;
        let store =
            ids.first().ok_or_else(|| StoreError::broken(DOING, "it has no store id"))?.text("value")?;
        let mut rows = self.db.read(DOING, &sql::CURSORS, vec![]).await?;
        if of_node(&rows, journal)?.is_none() {
            let mut tx = self.db.begin(DOING, Durability::Exclusive).await?;
            tx.run(&sql::RENAME_NODE, ident(journal)).await?;
            tx.run(&sql::CLAIM_CURSOR, ident(journal)).await?;
            rows = tx.rows(&sql::CURSORS, vec![]).await?;
            tx.commit().await?;
        }
        let row = match of_node(&rows, journal)? {
            Some(row) => row,
            None => rows.first().ok_or_else(|| StoreError::broken(DOING, "it keeps no cursor"))?,
        };
        own(row, journal)?;
        let position = |column| row.number(column).map(Position);
        let cursor = Cursor { store, position: position("position")?, synced: position("synced")? };
        if cursor.position.0 < self.eaten.fetch_max(cursor.position.0, Ordering::AcqRel) {
            return Err(StoreError::away(DOING, Away::Older));
        }
        Ok(cursor)
    }

    /// Adopts the database for this journal, eaten up to `position`: 0 projects all of it again, which changes nothing
    /// that is already there.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn reset_cursor(&self, journal: &JournalIdent, position: Position) -> Result<(), StoreError> {
        const DOING: &str = "setting its cursor";
        let mut tx = self.db.begin(DOING, Durability::Exclusive).await?;
        if let Db::Sqlite(_) = &*self.db {
            tx.run(&sql::FORGET_OTHER_CURSORS, vec![journal.node.as_str().into()]).await?;
        }
        let mut values = ident(journal);
        values.push(bigint(DOING, position.0)?.into());
        tx.run(&sql::SET_CURSOR, values).await?;
        tx.commit().await?;
        self.eaten.store(position.0, Ordering::Release);
        Ok(())
    }

    /// Brings all that was projected to the disk, and says up to where that is. Projections commit without waiting for
    /// the disk; a journal may forget only what this has confirmed. Both engines write their log in the order of commits,
    /// so one small commit that waits for the disk brings every earlier one there.
    ///
    /// # Errors
    /// `Unavailable`; `Foreign` if the database is not this journal's.
    pub async fn sync(&self, journal: &JournalIdent) -> Result<Position, StoreError> {
        let mut tx = self.db.begin("syncing it", Durability::Decision).await?;
        tx.run(&sql::MARK_SYNCED, ident(journal)).await?;
        tx.commit().await?;
        self.db.in_place("syncing it")?;
        Ok(self.cursor(journal).await?.synced)
    }

    /// Writes a copy of an SQLite database as it is at this moment to a file that is not there yet, while others go on.
    /// Whether there is such a thing: a server's database is backed up by the server's own means.
    ///
    /// # Errors
    /// `Unavailable`: it can't be read, or the copy can't be written.
    pub async fn copy_to(&self, path: &Path) -> Result<Copied, StoreError> {
        const DOING: &str = "copying it";
        let Some(path) = path.to_str() else { return Err(StoreError::broken(DOING, "the path is no text")) };
        match &*self.db {
            Db::Sqlite(sqlite) => sqlite.copy_to(DOING, path).await.map(|()| Copied::Whole),
            Db::Postgres(_) => Ok(Copied::Not),
        }
    }

    /// Why rows of a month go to the default partition of their table, if they do: nothing is refused for that, but
    /// somebody should look. `None` where tables have no partitions.
    pub fn unparted(&self) -> Option<String> {
        match &*self.db {
            Db::Sqlite(_) => None,
            Db::Postgres(postgres) => postgres.unparted(),
        }
    }

    /// Whether the database under this store is no longer the one that was opened: its file was deleted or replaced.
    /// Open it anew and project from the journal; until then everything here is refused as `Unavailable`.
    pub fn moved(&self) -> bool {
        self.db.in_place("looking at it").is_err()
    }

    /// Waits for what runs, and closes. Every clone is closed with it.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// The cursor of this journal's node.
pub(crate) fn of_node<'a>(rows: &'a [Row], journal: &JournalIdent) -> Result<Option<&'a Row>, StoreError> {
    for row in rows {
        if row.text("node")? == journal.node {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// Refuses a cursor that is another journal's.
pub(crate) fn own(row: &Row, journal: &JournalIdent) -> Result<(), StoreError> {
    let (node, found) = (row.text("node")?, row.text("journal")?);
    if node == journal.node && found == journal.journal {
        return Ok(());
    }
    Err(StoreError::Foreign { node, found, expected: journal.journal.clone() })
}

pub(crate) fn ident(journal: &JournalIdent) -> Vec<Value> {
    vec![journal.node.as_str().into(), journal.journal.as_str().into()]
}

/// A number as SQL knows it.
pub(crate) fn bigint(doing: &'static str, number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::poison(doing, "a number is beyond 64 bits"))
}
