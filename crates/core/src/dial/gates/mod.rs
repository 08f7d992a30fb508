//! May an attempt begin now? Every reason has a name and, where one can be told, the time it ends.
//!
//! [`admit`] asks for a single call, [`admit_job`] for a job of the queue; both go through one list of gates in one
//! order, from the most final answer to the most fleeting: never, not while the server or the campaign stands still, not
//! at this hour, not this person now, no room.
//!
//! To add a gate: a variant of [`Closed`] with its code, what it looks at in [`Snapshot`] or [`Queued`], its place in
//! `first_closed`, and a row in the tests.

mod closed;
#[cfg(test)]
mod tests;

pub use closed::{CapOf, Closed, LimitOf};

use crate::dial::destination::Denied;
use crate::dial::earlier::{Earlier, PersonBudget, duplicate};
use crate::id::AccountId;
use crate::window::Opening;
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
    /// When the retry policy lets it go.
    pub due: Option<Timestamp>,
    /// That the person asked for this call: it passes the dedup window and the budget.
    pub promised: Promised,
    /// Whether the callee may be called at this hour: `CallingWindow::open_at`.
    pub window: Opening,
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

/// Whether a single call may begin at `now`.
///
/// # Errors
/// The first gate that is closed.
pub fn admit(
    candidate: &Candidate,
    snapshot: &Snapshot,
    limits: &DialLimits,
    now: Timestamp,
) -> Result<(), Closed> {
    first_closed(candidate, snapshot, limits, None, now).map_or(Ok(()), Err)
}

/// Whether an attempt of a job may begin at `now`.
///
/// # Errors
/// The first gate that is closed.
pub fn admit_job(
    candidate: &Candidate,
    snapshot: &Snapshot,
    limits: &DialLimits,
    queued: &Queued<'_>,
    now: Timestamp,
) -> Result<(), Closed> {
    first_closed(candidate, snapshot, limits, Some(queued), now).map_or(Ok(()), Err)
}

/// All gates in their order. Each line is one gate, or one kind of them.
fn first_closed(
    candidate: &Candidate,
    snapshot: &Snapshot,
    limits: &DialLimits,
    queued: Option<&Queued<'_>>,
    now: Timestamp,
) -> Option<Closed> {
    let not_before = candidate.not_before.filter(|at| *at > now);
    (snapshot.suppressed == Suppressed::Yes)
        .then_some(Closed::Suppressed)
        .or_else(|| queued?.destination.err().map(|why| Closed::NotAllowed { why }))
        .or_else(|| snapshot.server.gate())
        .or_else(|| (queued?.database == Database::Away).then_some(Closed::DatabaseAway))
        .or_else(|| queued?.campaign?.gate())
        .or_else(|| not_before.map(|opens_at| Closed::NotBefore { opens_at }))
        .or_else(|| queued?.hour(now))
        .or_else(|| (snapshot.same_pair == SamePair::Open).then_some(Closed::SamePairOpen))
        .or_else(|| queued?.person(now))
        .or_else(|| queued?.means(now))
        .or_else(|| no_slot(snapshot, limits, queued))
        .or_else(|| too_fast(snapshot, limits, queued, now))
}

impl Server {
    fn gate(self) -> Option<Closed> {
        match self {
            Self::Dialing => None,
            Self::Draining => Some(Closed::Draining),
            Self::CatchingUp => Some(Closed::CatchingUp),
            Self::JournalFull => Some(Closed::JournalFull),
        }
    }
}

impl Running {
    fn gate(self) -> Option<Closed> {
        match self {
            Self::Running => None,
            Self::NotStarted => Some(Closed::CampaignNotStarted),
            Self::Paused => Some(Closed::CampaignPaused),
            Self::Draining => Some(Closed::CampaignDraining),
            Self::Over => Some(Closed::CampaignOver),
        }
    }
}

impl Queued<'_> {
    /// Not now by the policy, not at this hour at the callee's.
    fn hour(&self, now: Timestamp) -> Option<Closed> {
        if let Opening::Never(why) = &self.window {
            return Some(Closed::WindowNeverOpens { why: *why });
        }
        if let Some(opens_at) = self.due.filter(|due| *due > now) {
            return Some(Closed::RetryNotDue { opens_at });
        }
        match self.window {
            Opening::OpensAt(opens_at) => Some(Closed::OutOfWindow { opens_at }),
            Opening::Open { .. } | Opening::Never(_) => None,
        }
    }

    /// Not this person now. Whoever asked to be called is called, unless a call may be ringing already.
    fn person(&self, now: Timestamp) -> Option<Closed> {
        let duplicate = duplicate(self.by_others, self.dedup_window, now);
        if self.promised == Promised::Yes {
            return duplicate.filter(|closed| closed.opens_at().is_none());
        }
        let opens_at = self.budget.opens_at(self.to_person, now);
        duplicate.or_else(|| (opens_at > now).then_some(Closed::PersonBudget { opens_at }))
    }

    /// The day's calls and minutes, and the carrier's health.
    fn means(&self, now: Timestamp) -> Option<Closed> {
        let spent = self.caps.iter().find(|cap| cap.used >= cap.limit && cap.resets_at > now);
        spent.map(|cap| Closed::DailyCap { of: cap.of, limit: cap.limit, opens_at: cap.resets_at }).or_else(
            || match self.circuit {
                Circuit::OpenUntil(opens_at) if opens_at > now => Some(Closed::CircuitOpen { opens_at }),
                Circuit::OpenUntil(_) | Circuit::Fit => None,
            },
        )
    }
}

fn no_slot(snapshot: &Snapshot, limits: &DialLimits, queued: Option<&Queued<'_>>) -> Option<Closed> {
    let reserve = queued.map_or(0, |queued| queued.inbound_reserve);
    let unreserved = limits.system.saturating_sub(reserve);
    let campaign = queued.and_then(|queued| queued.campaign_slots);
    [
        (LimitOf::System, snapshot.system, limits.system),
        (LimitOf::InboundReserve, snapshot.system, unreserved),
        (LimitOf::Carrier, snapshot.carrier, limits.carrier),
        (LimitOf::Tenant, snapshot.tenant, limits.tenant),
        (LimitOf::TenantOutbound, snapshot.tenant_outbound, limits.tenant_outbound),
    ]
    .into_iter()
    .chain(campaign.map(|slots| (LimitOf::Campaign, slots.open, slots.limit)))
    .find(|(_, open, limit)| open >= limit)
    .map(|(of, _, limit)| Closed::NoSlot { of, limit })
}

fn too_fast(
    snapshot: &Snapshot,
    limits: &DialLimits,
    queued: Option<&Queued<'_>>,
    now: Timestamp,
) -> Option<Closed> {
    let later = |last, cps| cps_opens_at(last, cps).filter(|opens_at| *opens_at > now);
    let carrier = later(snapshot.last_dial_at, limits.cps).map(|opens_at| Closed::Cps { opens_at });
    carrier.or_else(|| {
        queued?.paces.iter().find_map(|pace| {
            later(pace.last_dial_at, pace.cps).map(|opens_at| Closed::Pace { of: pace.of, opens_at })
        })
    })
}

/// Whether one more inbound call finds room.
pub fn admit_inbound(snapshot: &Snapshot, limits: &DialLimits) -> Result<(), Closed> {
    if snapshot.live >= limits.max_live {
        return Err(Closed::TooManyLive { limit: limits.max_live });
    }
    let slots = [
        (LimitOf::System, snapshot.system, limits.system),
        (LimitOf::Carrier, snapshot.carrier, limits.carrier),
        (LimitOf::Tenant, snapshot.tenant, limits.tenant),
    ];
    match slots.into_iter().find(|(_, open, limit)| open >= limit) {
        Some((of, _, limit)) => Err(Closed::NoSlot { of, limit }),
        None => Ok(()),
    }
}

/// When the next call may begin, after one that began at `last`.
pub fn cps_opens_at(last: Option<Timestamp>, cps: f64) -> Option<Timestamp> {
    let gap = SignedDuration::try_from_secs_f64(1.0 / cps.max(0.001)).ok()?;
    last?.checked_add(gap).ok()
}
