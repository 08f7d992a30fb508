//! May an attempt begin now? Every reason has a name and, where one can be told, the time it ends.

use crate::id::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Why a call is not being dialed now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "gate", rename_all = "snake_case")]
pub enum Closed {
    /// The number is on a suppression list: it will never be dialed.
    Suppressed,
    /// Not before the time it was asked for, or after a refusal that asked us to wait.
    NotBefore {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// Another attempt to the same person from the same number is open.
    SamePairOpen,
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
    /// The server is being drained: it finishes its calls and begins none.
    Draining,
    /// Calls found at the start are still being asked about or projected.
    CatchingUp,
    /// The journal has no room.
    JournalFull,
    /// The server holds as many live calls as it may.
    TooManyLive {
        /// The limit.
        limit: u32,
    },
}

/// Whose limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

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

/// Whether the attempt may begin at `now`. Checked in the order of how final the answer is.
pub fn admit(
    candidate: &Candidate,
    snapshot: &Snapshot,
    limits: &DialLimits,
    now: Timestamp,
) -> Result<(), Closed> {
    if snapshot.suppressed == Suppressed::Yes {
        return Err(Closed::Suppressed);
    }
    match snapshot.server {
        Server::Dialing => {}
        Server::Draining => return Err(Closed::Draining),
        Server::CatchingUp => return Err(Closed::CatchingUp),
        Server::JournalFull => return Err(Closed::JournalFull),
    }
    if let Some(opens_at) = candidate.not_before.filter(|at| *at > now) {
        return Err(Closed::NotBefore { opens_at });
    }
    if snapshot.same_pair == SamePair::Open {
        return Err(Closed::SamePairOpen);
    }
    let slots = [
        (LimitOf::System, snapshot.system, limits.system),
        (LimitOf::Carrier, snapshot.carrier, limits.carrier),
        (LimitOf::Tenant, snapshot.tenant, limits.tenant),
        (LimitOf::TenantOutbound, snapshot.tenant_outbound, limits.tenant_outbound),
    ];
    if let Some((of, _, limit)) = slots.into_iter().find(|(_, open, limit)| open >= limit) {
        return Err(Closed::NoSlot { of, limit });
    }
    match cps_opens_at(snapshot.last_dial_at, limits.cps) {
        Some(opens_at) if opens_at > now => Err(Closed::Cps { opens_at }),
        _ => Ok(()),
    }
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
