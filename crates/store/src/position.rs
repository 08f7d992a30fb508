//! Which journal a database has eaten, and up to where.

use std::fmt;

/// A place in a journal: everything up to and including it has been projected. 0 is before the first record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of one journal: a database is fed by one journal of each node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct JournalIdent {
    /// The node that writes it.
    pub node: String,
    /// Its own name, drawn when it was created.
    pub journal: String,
}

/// How far a database has eaten a journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cursor {
    /// The database's own name, drawn when it was created. Keep it beside the journal: another name at the same place
    /// is a swapped or emptied database, and everything must be projected again.
    pub store: String,
    /// Everything up to here has been projected.
    pub position: Position,
    /// Everything up to here has reached the disk: the journal may forget it. See [`crate::Store::sync`].
    pub synced: Position,
}
