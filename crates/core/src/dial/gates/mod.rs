//! May an attempt begin now? Every reason has a name and, where one can be told, the time it ends.
//!
//! [`admit`] asks for a single call, [`admit_job`] for a job of the queue; both go through one list of gates in one
//! order, from the most final answer to the most fleeting: never, not while the server or the campaign stands still, not
//! at this hour, not this person now, no room.
//!
//! To add a gate: a variant of [`Closed`] with its code, what it looks at in [`Snapshot`] or [`Queued`], its place in
//! `first_closed`, and a row in the tests.

mod closed;
mod facts;
#[cfg(test)]
mod tests;

pub use closed::{CapOf, Closed, Lacking, LimitOf};
pub use facts::{
    Candidate, Cap, Circuit, Database, DialLimits, Pace, Promised, Queued, Running, SamePair, Server, Slots,
    Snapshot, Suppressed,
};

use crate::dial::earlier::duplicate;
use crate::window::Opening;
use jiff::{SignedDuration, Timestamp};

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
        .or_else(|| queued?.lacks.map(|what| Closed::CampaignLacks { what }))
        .or_else(|| not_before.map(|opens_at| Closed::NotBefore { opens_at }))
        .or_else(|| queued?.hour(now))
        .or_else(|| (snapshot.same_pair == SamePair::Open).then_some(Closed::SamePairOpen))
        .or_else(|| queued?.person(now))
        .or_else(|| queued?.means(now))
        .or_else(|| queued.and_then(|_| no_memory(snapshot, limits)))
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
            return Some(match self.promised {
                Promised::Yes => Closed::CallBack { opens_at },
                Promised::No => Closed::RetryNotDue { opens_at },
            });
        }
        match self.window {
            Opening::OpensAt(opens_at) => {
                Some(Closed::OutOfWindow { opens_at, zone: self.zones.last_to_open(opens_at).cloned() })
            }
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

fn no_memory(snapshot: &Snapshot, limits: &DialLimits) -> Option<Closed> {
    (snapshot.live >= limits.max_live).then_some(Closed::TooManyLive { limit: limits.max_live })
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

/// Whether a call that is there may dial one more leg, to hand itself on. That the server begins no calls is no reason: this
/// one has begun.
///
/// # Errors
/// The limit that is reached, or that it would be too fast.
pub fn admit_second(snapshot: &Snapshot, limits: &DialLimits, now: Timestamp) -> Result<(), Closed> {
    no_slot(snapshot, limits, None).or_else(|| too_fast(snapshot, limits, None, now)).map_or(Ok(()), Err)
}

/// Whether a call that came in may be put through to another number. It waits for no second: whoever calls waits already.
///
/// # Errors
/// The limit that is reached.
pub fn admit_forward(snapshot: &Snapshot, limits: &DialLimits) -> Result<(), Closed> {
    no_slot(snapshot, limits, None).map_or(Ok(()), Err)
}

/// Whether one more inbound call finds room.
pub fn admit_inbound(snapshot: &Snapshot, limits: &DialLimits) -> Result<(), Closed> {
    if let Some(closed) = no_memory(snapshot, limits) {
        return Err(closed);
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

/// No pace is slower than one call in so many seconds.
const SLOWEST_SECS: f64 = 30.0 * 86_400.0;

/// How long after a call the next one may begin.
pub fn gap(cps: f64) -> SignedDuration {
    let secs = (1.0 / cps.max(0.0)).min(SLOWEST_SECS);
    SignedDuration::try_from_secs_f64(secs).unwrap_or(SignedDuration::ZERO)
}

/// When the next call may begin, after one that began at `last`.
pub fn cps_opens_at(last: Option<Timestamp>, cps: f64) -> Option<Timestamp> {
    last?.checked_add(gap(cps)).ok()
}
