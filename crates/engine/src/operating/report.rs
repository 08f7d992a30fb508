//! What a check found: so many of so many, and what is wrong.

use serde::Serialize;

/// The first so many faults are told one by one.
const TOLD: usize = 200;

/// So many are as they should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many are.
    pub good: u64,
    /// Of how many.
    pub of: u64,
}

impl Share {
    pub(super) fn count(&mut self, is_good: bool) {
        self.of += 1;
        self.good += u64::from(is_good);
    }

    /// Whether all are.
    pub fn is_whole(self) -> bool {
        self.good == self.of
    }
}

/// Something that is wrong. Quotes no row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The call, the count or the file it is about.
    pub of: String,
    /// What is wrong.
    pub what: String,
}

/// What belongs to nothing. It does no harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Loose {
    /// Reports of calls that the database never heard the beginning of.
    pub events: u64,
    /// Turns without their call.
    pub turns: u64,
    /// Legs without their call.
    pub legs: u64,
    /// Recordings that no call names.
    pub recordings: u64,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Events of the journal, up to where the database has eaten it, that are in the database as they were written.
    pub events: Share,
    /// Calls of these events that are in the database.
    pub calls: Share,
    /// Calls in the database whose rows are what their own events make them.
    pub folds: Share,
    /// Counts that are what counting gives.
    pub counts: Share,
    /// Recordings that the database says are kept, and that are, with their checksum.
    pub recordings: Share,
    /// Jobs of the queue whose row, attempts and calls agree.
    pub jobs: Share,
    /// Attempts whose job is there.
    pub attempts: Share,
    /// Numbers of ours that are as the journal has them, or newer, and whose tenant is there.
    pub numbers: Share,
    /// Appointments that hold their own time, and no other.
    pub appointments: Share,
    /// Attempts without a call: nothing was sent, or the call was pruned.
    pub unplaced: u64,
    /// Records of the journal that the database has yet to eat.
    pub waiting: u64,
    /// Calls of the journal that were pruned from the database.
    pub pruned: u64,
    /// Calls of persons who were erased.
    pub erased: u64,
    /// Calls whose beginning the database does not have, so that they can't be made again from their events.
    pub incomplete: u64,
    /// What belongs to nothing.
    pub loose: Loose,
    /// What is wrong, the first of them.
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub more_faults: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
            && [
                self.events,
                self.calls,
                self.folds,
                self.counts,
                self.recordings,
                self.jobs,
                self.attempts,
                self.numbers,
                self.appointments,
            ]
            .into_iter()
            .all(Share::is_whole)
    }

    pub(super) fn fault(&mut self, of: impl Into<String>, what: impl Into<String>) {
        match self.faults.len() < TOLD {
            true => self.faults.push(Fault { of: of.into(), what: what.into() }),
            false => self.more_faults += 1,
        }
    }
}
