//! What the gates look at: counted and read at this moment, never kept beside what it is counted from.

use super::{CapOf, Lacking, LimitOf};
use crate::dial::destination::Denied;
use crate::dial::earlier::{Earlier, PersonBudget};
use crate::id::AccountId;
use crate::window::{Opening, Zones};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How many calls may be open at once, and how fast they may begin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DialLimits {
    /// Open calls of the whole server.
    pub system: u32,
    /// Open calls per carrier account.
    pub carrier: u32,
    /// Open calls per tenant.
    pub tenant: u32,
    /// Open outbound calls per tenant.
    pub tenant_outbound: u32,
    /// New calls per second, per carrier account.
    pub cps: f64,
    /// Calls in memory.
    pub max_live: u32,
}

impl Default for DialLimits {
    fn default() -> Self {
        Self { system: 15, carrier: 10, tenant: 5, tenant_outbound: 3, cps: 1.0, max_live: 200_000 }
    }
}

/// What the gates look at: counted from the open calls at this moment, never kept beside them.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Open calls of the whole server.
    pub system: u32,
    /// Open calls on the attempt's carrier account.
    pub carrier: u32,
    /// Open calls of the attempt's tenant.
    pub tenant: u32,
    /// Of these, outbound.
    pub tenant_outbound: u32,
    /// Calls in memory.
    pub live: u32,
    /// When the last attempt on this account began.
    pub last_dial_at: Option<Timestamp>,
    /// Whether the number is suppressed.
    pub suppressed: Suppressed,
    /// Whether another attempt with the same account, from and to is open.
    pub same_pair: SamePair,
    /// Whether the server begins calls at all.
    pub server: Server,
}

impl Snapshot {
    /// Of a server that has nothing to do, and a number that nobody minds.
    pub fn idle() -> Self {
        Self {
            system: 0,
            carrier: 0,
            tenant: 0,
            tenant_outbound: 0,
            live: 0,
            last_dial_at: None,
            suppressed: Suppressed::No,
            same_pair: SamePair::None,
            server: Server::Dialing,
        }
    }
}

/// Whether the number is suppressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suppressed {
    /// It must not be dialed.
    Yes,
    /// It may be.
    No,
}

/// Whether another attempt between the same two numbers is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamePair {
    /// There is one.
    Open,
    /// There is none.
    None,
}

/// Whether the server begins calls at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// It does.
    Dialing,
    /// It finishes what it has.
    Draining,
    /// It has not yet caught up with what it found at its start.
    CatchingUp,
    /// Its journal is full.
    JournalFull,
}

/// An attempt that wants to begin.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// On which account.
    pub account: AccountId,
    /// Not before this time.
    pub not_before: Option<Timestamp>,
}

/// What the gates look at beyond a single call's, when a job of the queue wants to begin.
#[derive(Clone, Debug, PartialEq)]
pub struct Queued<'facts> {
    /// Whether the tenant may call such numbers: `Destinations::permit`.
    pub destination: Result<(), Denied>,
    /// Whether jobs can be claimed at all.
    pub database: Database,
    /// Whether its campaign begins calls; `None` for a job without one.
    pub campaign: Option<Running>,
    /// What its campaign lacks.
    pub lacks: Option<Lacking>,
    /// When the retry policy lets it go, or the person wants to be called back.
    pub due: Option<Timestamp>,
    /// That the person asked for this call: it passes the dedup window and the budget.
    pub promised: Promised,
    /// Whether the callee may be called at this hour: `CallingWindow::open_at`.
    pub window: Opening,
    /// Where the callee may be.
    pub zones: &'facts Zones,
    /// Attempts of others (jobs, single calls) to the same person within the dedup window, and all that are unruled.
    pub by_others: &'facts [Earlier],
    /// How long a call to the same person keeps others away.
    pub dedup_window: SignedDuration,
    /// All attempts to the person within the last week.
    pub to_person: &'facts [Earlier],
    /// How often the person may be called.
    pub budget: PersonBudget,
    /// What of the day is used up.
    pub caps: &'facts [Cap],
    /// Whether the carrier account is fit to be asked.
    pub circuit: Circuit,
    /// Open calls of the campaign, and how many there may be.
    pub campaign_slots: Option<Slots>,
    /// System slots kept free for inbound calls.
    pub inbound_reserve: u32,
    /// Other paces than the carrier account's: the tenant's, the campaign's.
    pub paces: &'facts [Pace],
}

/// Whether the database can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// It answers.
    Here,
    /// It does not: nothing is claimed.
    Away,
}

/// Whether a campaign begins calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// It does.
    Running,
    /// Not yet.
    NotStarted,
    /// Somebody paused it.
    Paused,
    /// It finishes what it has.
    Draining,
    /// It is finished or cancelled.
    Over,
}

/// Whether the person asked for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promised {
    /// At this time or as soon as possible after it.
    Yes,
    /// No.
    No,
}

/// Whether a carrier account is fit to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// It is.
    Fit,
    /// It has failed too often; tried again at this time.
    OpenUntil(Timestamp),
}

/// What of a day is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Whose.
    pub of: CapOf,
    /// How many there have been today.
    pub used: u32,
    /// How many there may be.
    pub limit: u32,
    /// When the next day begins.
    pub resets_at: Timestamp,
}

/// Slots taken, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// Taken.
    pub open: u32,
    /// In all.
    pub limit: u32,
}

/// How fast calls may begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Whose.
    pub of: LimitOf,
    /// When the last one began.
    pub last_dial_at: Option<Timestamp>,
    /// New calls per second.
    pub cps: f64,
}
