//! Where a listener stands: after which event of which journal.

use std::fmt;
use std::str::FromStr;
use trunkline_journal::Lsn;
use trunkline_store::JournalIdent;

/// After which event of which journal a listener goes on. Its text is the id of that event: later events have greater ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// Marks the journal: another server's cursor means nothing here.
    pub(crate) journal: u32,
    pub(crate) place: Place,
}

/// A place among the events of a journal. A record tells of one event, or of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place(u64);

impl Place {
    /// Before the last event that a record tells of.
    pub fn within(lsn: Lsn) -> Self {
        Self(lsn.get() << 1)
    }

    /// After everything that a record tells of.
    pub fn after(lsn: Lsn) -> Self {
        Self(lsn.get() << 1 | 1)
    }

    /// The record it stands in.
    pub fn lsn(self) -> Lsn {
        Lsn::new(self.0 >> 1)
    }

    /// The last record of which nothing more is to be told.
    pub fn whole(self) -> Lsn {
        if self.0 & 1 == 1 { self.lsn() } else { self.lsn().before() }
    }

    pub fn number(self) -> u64 {
        self.0
    }
}

/// The mark of a journal: the beginning of its name, which was drawn when the folder was made.
pub(crate) fn mark(journal: &JournalIdent) -> u32 {
    let name = journal.journal.get(..8).unwrap_or_default();
    u32::from_str_radix(name, 16).unwrap_or_default()
}

/// A text that is no cursor of any server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an event")]
pub struct BadCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}{:016x}", self.journal, self.place.number())
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let is_ours = text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_ours {
            return Err(BadCursor);
        }
        let journal = u32::from_str_radix(&text[..8], 16).map_err(|_| BadCursor)?;
        let place = u64::from_str_radix(&text[8..], 16).map_err(|_| BadCursor)?;
        Ok(Self { journal, place: Place(place) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        let cursor = Cursor { journal: 0xa1, place: Place::after(Lsn::new(77)) };
        assert_eq!(cursor.to_string(), "000000a1000000000000009b");
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for wrong in [
            "",
            "9b",
            "000000a1000000000000009",
            "000000A1000000000000009b",
            "000000a1 00000000000009b",
            "שלום",
        ] {
            assert_eq!(wrong.parse::<Cursor>(), Err(BadCursor), "{wrong:?}");
        }
    }

    #[test]
    fn of_two_events_of_a_record_the_first_does_not_stand_for_the_whole() {
        let lsn = Lsn::new(7);
        assert!(Place::within(lsn) < Place::after(lsn) && Place::after(lsn) < Place::within(Lsn::new(8)));
        assert_eq!((Place::within(lsn).whole(), Place::after(lsn).whole()), (Lsn::new(6), lsn));
    }

    #[test]
    fn later_events_have_greater_ids() {
        let id = |lsn| Cursor { journal: 1, place: Place::after(Lsn::new(lsn)) }.to_string();
        assert!(id(9) < id(10) && id(255) < id(4_096));
    }
}
