//! What can go wrong with a database, sorted by what its user should do next.
//!
//! Messages name what was being done and the engine's own words. They never carry a value of a row: names and numbers
//! stay where they are.

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
         that belong together; a second server beside that one on a PostgreSQL needs a name of its own (TRUNKLINE_NODE)"
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
    /// Two transactions waited for each other, and this one was chosen to give way: the same again will do.
    #[error("used by another transaction that goes first")]
    GivesWay,
    /// All connections are in use, or it has been closed.
    #[error("too busy")]
    Busy,
    /// Its file was deleted or replaced: open it anew, and project from the journal.
    #[error("gone: its file was deleted or replaced")]
    Moved,
    /// A backup was restored, or a standby that lagged took over: open it anew, and project from its cursor.
    #[error("older than it was: it is filled up from the journal")]
    Older,
    /// It can't be opened.
    #[error("not reachable")]
    Unreachable,
    /// It does not answer in time.
    #[error("not answering")]
    Silent,
    /// Its server is starting or stopping.
    #[error("starting or stopping")]
    Restarting,
    /// It does not let us in.
    #[error("refusing our user or password")]
    Denied,
    /// Its server is there and it is not.
    #[error("not there: its server knows no database of this name")]
    Missing,
    /// No connection by TLS, as its address asks for.
    #[error("not reachable by TLS, or its certificate is not one we trust")]
    Untrusted,
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

    /// Whether the database itself is of no use: damaged, of a newer program, or another journal's. An index is then made
    /// anew; what keeps history is for an operator to look at.
    pub fn is_unusable(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::SchemaNewer { .. } | Self::Foreign { .. })
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
}
