//! Priorities: the higher level first, but no level waits for ever.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// How urgent a job is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Overtakes.
    High,
    /// As it comes.
    #[default]
    Default,
    /// When there is nothing else, or it has waited long enough.
    Low,
}

impl Priority {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 3] = [Self::High, Self::Default, Self::Low];

    /// The word in JSON and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Default => "default",
            Self::Low => "low",
        }
    }

    fn place(self) -> usize {
        match self {
            Self::High => 0,
            Self::Default => 1,
            Self::Low => 2,
        }
    }
}

/// When each level of one tenant was last served.
///
/// Ageing is of the level, not of the job: a level that has waited so long goes first, once. Ageing of each job would
/// let a backlog of a million old jobs pass for urgent, and what is really urgent would wait behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    served_at: [Option<Timestamp>; 3],
}

impl Levels {
    /// In which order the levels are served now. `ready_since` says since when the first job of a level could have
    /// been dialed, `None` where there is none. Those that have waited for `ageing` come first, the longest wait first.
    pub fn order(
        &self,
        ready_since: impl Fn(Priority) -> Option<Timestamp>,
        ageing: SignedDuration,
        now: Timestamp,
    ) -> Vec<Priority> {
        let overdue = |level: Priority| {
            let since = ready_since(level)?;
            let since = self.served_at[level.place()].map_or(since, |served| served.max(since));
            let waited = now.duration_since(since);
            (waited >= ageing && level != Priority::High).then_some(waited)
        };
        let mut order: Vec<Priority> =
            Priority::ALL.into_iter().filter(|level| ready_since(*level).is_some()).collect();
        // Reversed, a wait that counts comes before none; where nothing counts the level decides.
        order.sort_by_key(|level| (Reverse(overdue(*level)), *level));
        order
    }

    /// A job of this level was taken.
    pub fn served(&mut self, level: Priority, now: Timestamp) {
        self.served_at[level.place()] = Some(now);
    }
}
