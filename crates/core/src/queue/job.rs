//! A job and where it stands.

use crate::call::Disposition;
use crate::dial::gates::Closed;
use crate::id::{AttemptNo, CallId, CampaignId, DedupKey, Fence, JobId, LeadId, NodeId, TenantId};
use crate::queue::{Priority, uses_up};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reach this lead once for this campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Our name of it.
    pub id: JobId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Of which campaign; `None` for a single call that was put into the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// Whom to reach.
    pub lead: LeadId,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
    /// Unique per tenant while the job is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup: Option<DedupKey>,
    /// When it came into the queue.
    pub enqueued_at: Timestamp,
    /// Since when it waits for its next attempt: its place in the queue, kept when a claim comes to nothing.
    pub since: Timestamp,
    /// When the person asked to be called: it overrides budgets, never the calling window or a suppression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Timestamp>,
    /// When the person wants to be called back, asked for while a call was under way: it counts when that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_back: Option<Timestamp>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: JobState,
    /// The last attempt that was begun.
    #[serde(default)]
    pub attempt: AttemptNo,
    /// The fence of the last owner; rises with every claim and every change of owner, and never falls.
    #[serde(default = "no_fence")]
    pub fence: Fence,
    /// How many attempts of its budget are used up.
    #[serde(default)]
    pub used: u16,
    /// How many claims in a row came to nothing before anything was sent.
    #[serde(default)]
    pub stumbles: u16,
}

fn no_fence() -> Fence {
    Fence::NONE
}

/// Where a job stands. The words are the `state` column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// In the queue.
    Waiting {
        /// Not before this time: the retry policy, a promised call-back, a refusal that asked us to wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_before: Option<Timestamp>,
        /// The last attempt, if it was ruled "never placed": should its call turn up after all, it is adopted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ruled: Option<Bound>,
    },
    /// A node has claimed it for a call. Never goes back by time: only reconciled.
    Dialing {
        /// Whose it is, and which call.
        on: Bound,
        /// Where its one request is.
        request: Request,
        /// Whether somebody cancelled meanwhile.
        #[serde(default)]
        stop: Stop,
    },
    /// The carrier has the call.
    Live {
        /// Whose it is, and which call.
        on: Bound,
        /// Whether somebody cancelled meanwhile.
        #[serde(default)]
        stop: Stop,
    },
    /// Over.
    Settled {
        /// Since when.
        at: Timestamp,
        /// What came of it.
        done: Done,
        /// The last attempt, if it was ruled "never placed": should its call turn up after all, it is adopted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ruled: Option<Bound>,
    },
    /// Set aside with a reason, until a person says retry.
    Parked {
        /// Since when.
        at: Timestamp,
        /// Why, in words.
        why: String,
        /// The last attempt, if it was ruled "never placed": should its call turn up after all, it is adopted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ruled: Option<Bound>,
    },
}

impl JobState {
    /// A job that has just come into the queue.
    pub fn waiting() -> Self {
        Self::Waiting { not_before: None, ruled: None }
    }

    /// The word in JSON and columns.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Dialing { .. } => "dialing",
            Self::Live { .. } => "live",
            Self::Settled { .. } => "settled",
            Self::Parked { .. } => "parked",
        }
    }

    /// Whether it holds a slot: from the claim to the end of the call.
    pub fn holds_slot(&self) -> bool {
        match self {
            Self::Dialing { .. } | Self::Live { .. } => true,
            Self::Waiting { .. } | Self::Settled { .. } | Self::Parked { .. } => false,
        }
    }

    /// Whether it is open: its dedup key forbids another such job.
    pub fn is_open(&self) -> bool {
        !matches!(self, Self::Settled { .. })
    }
}

/// What an open attempt is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bound {
    /// The node that owns it.
    pub node: NodeId,
    /// The call it makes.
    pub call: CallId,
}

/// Where the one create request of an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Not begun, and the journal proves it.
    Unsent,
    /// It may be out.
    Out,
    /// Its answer never came or made no sense: the carrier is being asked.
    Unclear,
}

/// Whether a job goes on after its open attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It does, as the retry policy says.
    #[default]
    No,
    /// Cancelled: this attempt is the last, whatever comes of it.
    AfterThis,
}

/// What an owner shows to act on an attempt. Callback URLs carry it sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// Which attempt.
    pub attempt: AttemptNo,
    /// Under which fence.
    pub fence: Fence,
}

/// What comes after an attempt: worked out by the retry policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    /// Another attempt.
    Retry {
        /// Not before this time.
        at: Timestamp,
    },
    /// No further attempt.
    Done {
        /// What came of the job.
        done: Done,
    },
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "done", rename_all = "snake_case")]
pub enum Done {
    /// The person was reached.
    Reached,
    /// The person never wants to be called again.
    OptedOut,
    /// The person said no to this call.
    Declined,
    /// The number can't be called, ever.
    BadNumber,
    /// All attempts are used up.
    Exhausted,
    /// The policy does not try again after such an end.
    NotRetried,
    /// Needs a person's eye: refused without ringing, or no truth to be had.
    NeedsEye,
    /// A gate closed for good: never dialed for this.
    Skipped {
        /// Which.
        gate: Closed,
    },
    /// Waited too long.
    Expired,
    /// Somebody cancelled it.
    Canceled,
}

impl Done {
    /// The word in JSON and columns.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::OptedOut => "opted_out",
            Self::Declined => "declined",
            Self::BadNumber => "bad_number",
            Self::Exhausted => "exhausted",
            Self::NotRetried => "not_retried",
            Self::NeedsEye => "needs_eye",
            Self::Skipped { .. } => "skipped",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
        }
    }

    /// Whether the person may still be called because they asked for it: nothing forbids it, and nobody cancelled.
    pub fn allows_call_back(&self) -> bool {
        match self {
            Self::Reached | Self::Declined | Self::Exhausted | Self::NotRetried | Self::NeedsEye => true,
            Self::OptedOut | Self::BadNumber | Self::Skipped { .. } | Self::Expired | Self::Canceled => false,
        }
    }
}

impl Job {
    /// A new job, waiting since `at`.
    pub fn new(
        id: JobId,
        tenant: TenantId,
        campaign: Option<CampaignId>,
        lead: LeadId,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            tenant,
            campaign,
            lead,
            priority: Priority::default(),
            dedup: None,
            enqueued_at: at,
            since: at,
            promised: None,
            call_back: None,
            state: JobState::waiting(),
            attempt: AttemptNo::NONE,
            fence: Fence::NONE,
            used: 0,
            stumbles: 0,
        }
    }

    /// What its owner shows; meaningful while it has one.
    pub fn claim(&self) -> Claim {
        Claim { attempt: self.attempt, fence: self.fence }
    }

    /// Before when it is not dialed, if it waits and must. Of those that are due, the one with the smallest `since` is
    /// first.
    pub fn not_before(&self) -> Option<Timestamp> {
        match &self.state {
            JobState::Waiting { not_before, .. } => *not_before,
            JobState::Dialing { .. }
            | JobState::Live { .. }
            | JobState::Settled { .. }
            | JobState::Parked { .. } => None,
        }
    }

    /// How many attempts will be used up when the open one ends so: what the retry policy asks.
    pub fn used_after(&self, disposition: Disposition) -> u16 {
        self.used.saturating_add(u16::from(uses_up(disposition)))
    }

    /// The call of its open attempt.
    pub fn call(&self) -> Option<CallId> {
        match &self.state {
            JobState::Dialing { on, .. } | JobState::Live { on, .. } => Some(on.call),
            JobState::Waiting { .. } | JobState::Settled { .. } | JobState::Parked { .. } => None,
        }
    }
}
