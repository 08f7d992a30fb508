//! Why something is not being dialed now: a closed set, each with a stable code and, where one can be told, its time.

use crate::dial::destination::Denied;
use crate::id::CallId;
use crate::window::{NeverOpens, Zone};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a call is not being dialed now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "gate", rename_all = "snake_case")]
pub enum Closed {
    /// The number is on a suppression list: it will never be dialed.
    Suppressed,
    /// The tenant may not call such numbers.
    NotAllowed {
        /// Why.
        why: Denied,
    },
    /// Not before the time it was asked for, or after a refusal that asked us to wait.
    NotBefore {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// The retry policy waits.
    RetryNotDue {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// The person asked to be called back, and not now.
    CallBack {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// Outside the callee's calling window.
    OutOfWindow {
        /// When it opens.
        opens_at: Timestamp,
        /// By whose clock that is told: the last of the person's zones to open.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<Zone>,
    },
    /// The callee's calling window never opens.
    WindowNeverOpens {
        /// Why.
        why: NeverOpens,
    },
    /// The same person was called a moment ago, or is being called.
    Duplicate {
        /// By which call.
        of: CallId,
        /// When it opens; `None` while that call is not ruled.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opens_at: Option<Timestamp>,
    },
    /// Another attempt to the same person from the same number is open.
    SamePairOpen,
    /// The person has been called often enough for now, by all campaigns together.
    PersonBudget {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// The campaign has not been started.
    CampaignNotStarted,
    /// The campaign is paused.
    CampaignPaused,
    /// The campaign finishes its open calls and begins none.
    CampaignDraining,
    /// The campaign is over.
    CampaignOver,
    /// The campaign lacks something that every call of it needs.
    CampaignLacks {
        /// What.
        what: Lacking,
    },
    /// A day's calls or minutes are used up.
    DailyCap {
        /// Whose.
        of: CapOf,
        /// How many a day.
        limit: u32,
        /// When the next day begins.
        opens_at: Timestamp,
    },
    /// The carrier fails too often: nothing is sent for a while.
    CircuitOpen {
        /// When it is tried again.
        opens_at: Timestamp,
    },
    /// All slots are taken.
    NoSlot {
        /// Whose limit.
        of: LimitOf,
        /// The limit.
        limit: u32,
    },
    /// The carrier takes no more new calls this second.
    Cps {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// The tenant or the campaign begins no more calls this second.
    Pace {
        /// Whose pace.
        of: LimitOf,
        /// When it opens.
        opens_at: Timestamp,
    },
    /// The server is being drained: it finishes its calls and begins none.
    Draining,
    /// Calls found at the start are still being asked about or projected.
    CatchingUp,
    /// The database can't be asked: nothing is claimed.
    DatabaseAway,
    /// The journal has no room.
    JournalFull,
    /// The server holds as many live calls as it may.
    TooManyLive {
        /// The limit.
        limit: u32,
    },
}

/// What a campaign lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lacking {
    /// Its script is not there.
    Script,
    /// Its bot is not there, or no model is set that could talk.
    Bot,
    /// It has no number to call from.
    CallerId,
    /// Its row can't be read: nobody knows its policy.
    Policy,
}

/// Whose limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitOf {
    /// The whole server.
    System,
    /// One carrier account.
    Carrier,
    /// One tenant, both ways.
    Tenant,
    /// One tenant, outbound.
    TenantOutbound,
    /// One campaign.
    Campaign,
    /// What is kept free for inbound calls.
    InboundReserve,
}

/// Whose day is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CapOf {
    /// The campaign's calls.
    Campaign,
    /// The tenant's calls.
    TenantCalls,
    /// The tenant's minutes.
    TenantMinutes,
}

impl Closed {
    /// The stable word for it: in JSON, metrics and locales.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Suppressed => "suppressed",
            Self::NotAllowed { .. } => "not_allowed",
            Self::NotBefore { .. } => "not_before",
            Self::RetryNotDue { .. } => "retry_not_due",
            Self::CallBack { .. } => "call_back",
            Self::OutOfWindow { .. } => "out_of_window",
            Self::WindowNeverOpens { .. } => "window_never_opens",
            Self::Duplicate { .. } => "duplicate",
            Self::SamePairOpen => "same_pair_open",
            Self::PersonBudget { .. } => "person_budget",
            Self::CampaignNotStarted => "campaign_not_started",
            Self::CampaignPaused => "campaign_paused",
            Self::CampaignDraining => "campaign_draining",
            Self::CampaignOver => "campaign_over",
            Self::CampaignLacks { .. } => "campaign_lacks",
            Self::DailyCap { .. } => "daily_cap",
            Self::CircuitOpen { .. } => "circuit_open",
            Self::NoSlot { .. } => "no_slot",
            Self::Cps { .. } => "cps",
            Self::Pace { .. } => "pace",
            Self::Draining => "draining",
            Self::CatchingUp => "catching_up",
            Self::DatabaseAway => "database_away",
            Self::JournalFull => "journal_full",
            Self::TooManyLive { .. } => "too_many_live",
        }
    }

    /// When it opens, where that can be told. It may find another gate closed then.
    pub fn opens_at(&self) -> Option<Timestamp> {
        match self {
            Self::NotBefore { opens_at }
            | Self::RetryNotDue { opens_at }
            | Self::CallBack { opens_at }
            | Self::OutOfWindow { opens_at, .. }
            | Self::PersonBudget { opens_at }
            | Self::DailyCap { opens_at, .. }
            | Self::CircuitOpen { opens_at }
            | Self::Cps { opens_at }
            | Self::Pace { opens_at, .. } => Some(*opens_at),
            Self::Duplicate { opens_at, .. } => *opens_at,
            Self::Suppressed
            | Self::NotAllowed { .. }
            | Self::WindowNeverOpens { .. }
            | Self::SamePairOpen
            | Self::CampaignNotStarted
            | Self::CampaignPaused
            | Self::CampaignDraining
            | Self::CampaignOver
            | Self::CampaignLacks { .. }
            | Self::NoSlot { .. }
            | Self::Draining
            | Self::CatchingUp
            | Self::DatabaseAway
            | Self::JournalFull
            | Self::TooManyLive { .. } => None,
        }
    }

    /// Whether waiting won't open it: the job is skipped, with this as its reason.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Suppressed | Self::NotAllowed { .. } | Self::WindowNeverOpens { .. } | Self::CampaignOver
        )
    }

    /// Whether it is closed for every job of every tenant while it is for one. Whose turn it is waits in front of it, and
    /// nobody may go first who asks a moment later, when it has opened.
    pub fn holds_everybody(&self) -> bool {
        match self {
            Self::NoSlot { of, .. } | Self::Pace { of, .. } => match of {
                LimitOf::System | LimitOf::Carrier | LimitOf::InboundReserve => true,
                LimitOf::Tenant | LimitOf::TenantOutbound | LimitOf::Campaign => false,
            },
            Self::Cps { .. }
            | Self::CircuitOpen { .. }
            | Self::Draining
            | Self::CatchingUp
            | Self::DatabaseAway
            | Self::JournalFull
            | Self::TooManyLive { .. } => true,
            Self::Suppressed
            | Self::NotAllowed { .. }
            | Self::NotBefore { .. }
            | Self::RetryNotDue { .. }
            | Self::CallBack { .. }
            | Self::OutOfWindow { .. }
            | Self::WindowNeverOpens { .. }
            | Self::Duplicate { .. }
            | Self::SamePairOpen
            | Self::PersonBudget { .. }
            | Self::CampaignNotStarted
            | Self::CampaignPaused
            | Self::CampaignDraining
            | Self::CampaignOver
            | Self::CampaignLacks { .. }
            | Self::DailyCap { .. } => false,
        }
    }
}
