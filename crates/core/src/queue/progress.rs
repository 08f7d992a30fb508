//! How far a campaign is. Counted from its jobs, never kept beside them: the figures add up because each job is in
//! exactly one bucket.

use super::job::{Done, JobState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a job counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// In the queue.
    Waiting,
    /// Dialing or live.
    InProgress,
    /// The person was reached.
    Completed,
    /// Tried, and not reached; or the person said no.
    Failed,
    /// Never dialed, because a gate closed for good or it waited too long.
    Skipped,
    /// Cancelled.
    Canceled,
    /// Set aside for a person to look at.
    Parked,
}

impl JobState {
    /// Where it counts.
    pub fn bucket(&self) -> Bucket {
        match self {
            Self::Waiting { .. } => Bucket::Waiting,
            Self::Dialing { .. } | Self::Live { .. } => Bucket::InProgress,
            Self::Parked { .. } => Bucket::Parked,
            Self::Settled { done, .. } => match done {
                Done::Reached => Bucket::Completed,
                Done::OptedOut
                | Done::Declined
                | Done::BadNumber
                | Done::Exhausted
                | Done::NotRetried
                | Done::NeedsEye => Bucket::Failed,
                Done::Skipped { .. } | Done::Expired => Bucket::Skipped,
                Done::Canceled => Bucket::Canceled,
            },
        }
    }
}

/// How many jobs are in each bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// In the queue.
    pub waiting: u64,
    /// Dialing or live.
    pub in_progress: u64,
    /// The person was reached.
    pub completed: u64,
    /// Tried, and not reached.
    pub failed: u64,
    /// Never dialed.
    pub skipped: u64,
    /// Cancelled.
    pub canceled: u64,
    /// Set aside.
    pub parked: u64,
}

impl Progress {
    /// Counts `jobs` more in a bucket.
    pub fn add(&mut self, bucket: Bucket, jobs: u64) {
        let count = match bucket {
            Bucket::Waiting => &mut self.waiting,
            Bucket::InProgress => &mut self.in_progress,
            Bucket::Completed => &mut self.completed,
            Bucket::Failed => &mut self.failed,
            Bucket::Skipped => &mut self.skipped,
            Bucket::Canceled => &mut self.canceled,
            Bucket::Parked => &mut self.parked,
        };
        *count += jobs;
    }

    /// All jobs.
    pub fn total(&self) -> u64 {
        self.still_open() + self.completed + self.failed + self.skipped + self.canceled
    }

    /// Jobs that something may still happen to.
    pub fn still_open(&self) -> u64 {
        self.waiting + self.in_progress + self.parked
    }

    /// Whether a campaign with these jobs has nothing left to dial. Parked jobs don't keep it open.
    pub fn is_finished(&self) -> bool {
        self.waiting + self.in_progress == 0
    }
}

impl<'jobs> FromIterator<&'jobs JobState> for Progress {
    fn from_iter<I: IntoIterator<Item = &'jobs JobState>>(jobs: I) -> Self {
        let mut progress = Self::default();
        jobs.into_iter().for_each(|job| progress.add(job.bucket(), 1));
        progress
    }
}
