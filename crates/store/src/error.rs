//! What can go wrong with a database, sorted by what its user should do next.
//!
//! Messages name what was being done and the engine's own words. They never carry a value of a row: names and numbers
//! stay where they are.

use sqlx::error::DatabaseError;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be used now. Nothing was written; the same request may be repeated later.
    #[error("database is {why} while {doing}")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// What is the matter.
        why: Away,
    },
    /// The database works and refuses this very data. Repeating the request will not help.
    #[error("database refuses the data while {doing}: {why}")]
    Poison {
        /// What was being done.
        doing: &'static str,
        /// The engine's words.
        why: String,
    },
    /// The database works and is not what this program made: a table is missing, the file is damaged, a row can't be
    /// read. An operator must look; no data of the batch is to blame.
    #[error("database is not as it should be while {doing}: {why}")]
    Broken {
        /// What was being done.
        doing: &'static str,
        /// The engine's words.
        why: String,
    },
    /// A newer program has changed the schema.
    #[error(
        "database has schema {found} and this program knows {known}: start the newer version again, or restore the \
         backup that was made before it"
    )]
    SchemaNewer {
        /// The number of the database's last migration.
        found: u32,
        /// The number of the last one that is known here.
        known: u32,
    },
    /// The database has been fed by another journal.
    #[error(
        "database was fed by journal {found} of node {node}, not by {expected}: use the data folder and the database \
         that belong together, or adopt this database for this folder on purpose"
    )]
    Foreign {
        /// The node whose journal it was.
        node: String,
        /// The journal it was fed by.
        found: String,
        /// The journal that was to feed it now.
        expected: String,
    },
    /// The cursor of a page is none of ours.
    #[error("the page cursor can't be read")]
    PageCursor,
}

/// Why a database can't be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Away {
    /// Another process holds it.
    #[error("locked by another process")]
    Locked,
    /// All connections are in use, or it has been closed.
    #[error("too busy")]
    Busy,
    /// Its file was deleted or replaced: open it anew, and project from the journal.
    #[error("gone: its file was deleted or replaced")]
    Moved,
    /// It can't be opened.
    #[error("not reachable")]
    Unreachable,
    /// It can't be written. A file that was protected when it was opened stays so for this store: open it anew.
    #[error("read-only")]
    ReadOnly,
    /// The disk is full.
    #[error("on a full disk")]
    Full,
    /// Reading or writing its files failed.
    #[error("failing at input or output")]
    Io,
}

impl StoreError {
    /// Whether the same request may succeed later, without a change of the data. Bisecting a batch is pointless then.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Broken { .. } => true,
            Self::Poison { .. } | Self::SchemaNewer { .. } | Self::Foreign { .. } | Self::PageCursor => false,
        }
    }

    /// Whether the data itself was refused: the batch may be bisected and the culprit set aside.
    pub fn is_poison(&self) -> bool {
        matches!(self, Self::Poison { .. })
    }

    pub(crate) fn away(doing: &'static str, why: Away) -> Self {
        Self::Unavailable { doing, why }
    }

    pub(crate) fn broken(doing: &'static str, why: impl Into<String>) -> Self {
        Self::Broken { doing, why: why.into() }
    }

    pub(crate) fn poison(doing: &'static str, why: impl Into<String>) -> Self {
        Self::Poison { doing, why: why.into() }
    }

    /// Sorts a driver's error.
    pub(crate) fn from_sqlx(doing: &'static str, error: &sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(refusal) => Self::from_sqlite(doing, refusal.as_ref()),
            E::PoolTimedOut | E::PoolClosed => Self::away(doing, Away::Busy),
            // A connection that is left inside a transaction is thrown away by the pool: the next one will do.
            E::Io(_) | E::WorkerCrashed | E::BeginFailed | E::InvalidSavePointStatement => {
                Self::away(doing, Away::Io)
            }
            E::ColumnNotFound(column) => Self::broken(doing, format!("no column {column}")),
            E::ColumnDecode { index, .. } => Self::broken(doing, format!("column {index} has another type")),
            other => Self::broken(doing, kind_of(other)),
        }
    }

    fn from_sqlite(doing: &'static str, refusal: &dyn DatabaseError) -> Self {
        let code: i32 = refusal.code().and_then(|code| code.parse().ok()).unwrap_or(1);
        let said = refusal.message();
        // The low byte of an extended code is its class: https://www.sqlite.org/rescode.html
        match code & 0xff {
            5 | 6 => Self::away(doing, Away::Locked),
            8 if code == 1032 => Self::away(doing, Away::Moved),
            8 => Self::away(doing, Away::ReadOnly),
            7 | 10 => Self::away(doing, Away::Io),
            13 => Self::away(doing, Away::Full),
            3 | 14 | 23 => Self::away(doing, Away::Unreachable),
            18..=20 => Self::poison(doing, said),
            1 if said.contains("malformed JSON") => Self::poison(doing, said),
            _ => Self::broken(doing, said),
        }
    }
}

/// A driver's error without the values it may quote.
fn kind_of(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::RowNotFound => "a row is missing",
        sqlx::Error::Decode(_) => "a value can't be read",
        sqlx::Error::Encode(_) => "a value can't be written",
        sqlx::Error::Configuration(_) => "the settings of the connection are wrong",
        _ => "unexpected answer of the driver",
    }
}
