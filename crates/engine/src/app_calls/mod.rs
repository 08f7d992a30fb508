//! Calls between users of a tenant's app: who may do what, what is journaled, who is told.
//!
//! What such a call is and what may happen to it is the core's (`call/app.rs`). Here a user's wish becomes an event under the
//! call's lock, and what became of it is told to devices once it is durable, by the status that moved
//! ([`Inner::tell_devices`]). Sockets come and go in memory only (`devices`); a call whose sockets are gone is
//! ended by its deadline, whoever is there to hear of it.
//!
//! - `order`: what users ask, and why not · `permission`: who may call whom · `placing`: one calls the other · `answering`: accept, reject, end
//! - `index`: whose calls are live · `devices`: who is connected · `line`: one socket, as the web holds it
//! - `signaling`: what devices tell each other · `telling`: what they are told · `coming_back`: sockets lost and found

mod answering;
mod coming_back;
mod devices;
mod index;
mod line;
mod order;
mod permission;
mod placing;
mod signaling;
mod telling;

pub use devices::Connected;
pub use line::{DeviceLine, LineEnd, LineNews};
pub use order::{AppCallError, AppCalls, AppOrder, AppPolicy, AppUser, WhenBusy, WhenRejected};
pub use permission::{MayCall, PermissionHook};

use crate::engine::{Engine, Inner};
use crate::live::Handle;
use crate::reader::{BadQuery, Unavailable};
use crate::reading::{Listing, Query};
use devices::Devices;
use index::AppIndex;
use jiff::Timestamp;
use parking_lot::Mutex;
use permission::Permission;
use signaling::Signals;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use trunkline_carriers::outgoing::NoClient;
use trunkline_core::call::{Call, Side};
use trunkline_core::id::{AccountId, AppUserId, CallId, TenantId};
use trunkline_store::PageCursor;

/// Two users who call each other at the same moment meet at one of so many locks.
const LOCKS: usize = 64;

/// What the engine holds for app calls.
#[derive(Debug)]
pub(crate) struct AppRoom {
    pub index: AppIndex,
    devices: Devices,
    signals: Signals,
    permission: Permission,
    calling: Vec<tokio::sync::Mutex<()>>,
    callers: Vec<tokio::sync::Mutex<()>>,
    /// When this process began: sockets that were lost before are waited for from then on.
    began: Timestamp,
    serial: Mutex<u64>,
}

impl AppRoom {
    pub fn new(began: Timestamp, rules: &AppCalls) -> Result<Self, NoClient> {
        Ok(Self {
            index: AppIndex::default(),
            devices: Devices::default(),
            signals: Signals::default(),
            permission: Permission::of(&rules.may_call)?,
            calling: (0..LOCKS).map(|_| tokio::sync::Mutex::default()).collect(),
            callers: (0..LOCKS).map(|_| tokio::sync::Mutex::default()).collect(),
            began,
            serial: Mutex::default(),
        })
    }

    /// The lock that two users share, whoever calls whom.
    fn lock_of(&self, tenant: &TenantId, one: &AppUserId, other: &AppUserId) -> &tokio::sync::Mutex<()> {
        &self.calling[place_of(&(tenant, one.min(other), one.max(other)))]
    }

    /// The lock of a user who calls, whomever; taken after that of the two.
    fn caller_lock(&self, tenant: &TenantId, user: &AppUserId) -> &tokio::sync::Mutex<()> {
        &self.callers[place_of(&(tenant, user))]
    }

    /// Who is connected, of one tenant or of all.
    pub fn connected(&self, tenant: Option<&TenantId>) -> Connected {
        self.devices.connected(tenant)
    }

    /// Takes a call out that is not here any more.
    pub fn forget(&self, call: &Call) {
        self.index.remove(call);
        self.signals.forget(call.id);
    }

    /// A number that no other event or socket of this process has.
    fn next_serial(&self) -> u64 {
        let mut serial = self.serial.lock();
        *serial += 1;
        *serial
    }
}

fn place_of(whose: &impl Hash) -> usize {
    let mut hasher = DefaultHasher::new();
    whose.hash(&mut hasher);
    usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or(0)
}

/// The engine as one user of an app sees it: their own calls and nobody else's. Another's call is answered as one that
/// never was.
#[derive(Clone)]
pub struct AppDesk {
    engine: Engine,
    user: AppUser,
}

impl Engine {
    /// The desk of a user of an app. Whoever asks for it has seen their token.
    pub fn app_desk(&self, user: AppUser) -> AppDesk {
        AppDesk { engine: self.clone(), user }
    }

    /// Who of a tenant's users is connected to this server now.
    pub fn connected(&self, tenant: &TenantId) -> Connected {
        self.inner.app.connected(Some(tenant))
    }

    /// Whether there is such a tenant, and it is not revoked.
    pub fn has_tenant(&self, tenant: &TenantId) -> bool {
        self.inner.trust.is_open(tenant)
    }
}

impl AppDesk {
    /// Whose it is.
    pub fn user(&self) -> &AppUser {
        &self.user
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.engine.inner
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// One of the user's calls.
    ///
    /// # Errors
    /// [`Unavailable`] if it may be in a history that can't be read now.
    pub async fn call(&self, id: &str) -> Result<Option<Arc<Call>>, Unavailable> {
        let call = self.inner().call(&self.user.tenant, id).await?;
        Ok(call.filter(|call| call.side_of(&self.user.id).is_some()))
    }

    /// A page of the user's calls, newest first. What the query says of numbers and carriers is not looked at.
    ///
    /// # Errors
    /// [`BadQuery`].
    pub async fn calls(&self, query: &Query) -> Result<Listing, BadQuery> {
        self.theirs_among(&self.user.id, 0, query).await
    }

    /// A page of the user's calls with one other user, newest first. It may be short of its limit, and go on, where the other
    /// has talked to many.
    ///
    /// # Errors
    /// [`BadQuery`].
    pub async fn calls_with(&self, other: &AppUserId, query: &Query) -> Result<Listing, BadQuery> {
        self.theirs_among(other, MOST_CALLS, query).await
    }

    /// Those of somebody's calls in which the user is, and of which they are to know, so many looked through at once at least. Where
    /// such a page ends, tells nothing of what was left out.
    async fn theirs_among(
        &self,
        whose: &AppUserId,
        at_once: u32,
        query: &Query,
    ) -> Result<Listing, BadQuery> {
        let limit = query.limit.unwrap_or(50).clamp(1, MOST_CALLS);
        let mut theirs = Query {
            number: Some(whose.as_str().to_owned()),
            carrier: Some(AccountId::APP.to_owned()),
            limit: Some((limit + 1).max(at_once).min(MOST_CALLS)),
            ..query.clone()
        };
        let limit = usize::try_from(limit).unwrap_or(1);
        let mut found = Vec::new();
        let mut rounds = 0;
        loop {
            let page = self.inner().calls(&self.user.tenant, &theirs).await?;
            found.extend(page.calls.iter().filter(|call| call.side_of(&self.user.id).is_some()).cloned());
            rounds += 1;
            theirs.cursor = page.next.clone();
            if found.len() <= limit && page.next.is_some() && rounds < ROUNDS {
                continue;
            }
            let next = match found.get(limit.saturating_sub(1)).filter(|_| found.len() > limit) {
                Some(last) => Some(PageCursor::after(last.created_at, last.id).to_string()),
                None => page.next.clone(),
            };
            found.truncate(limit);
            return Ok(Listing { calls: found, next, ..page });
        }
    }
}

/// A user's calls are looked for among so many pages at most.
const ROUNDS: usize = 10;
const MOST_CALLS: u32 = 500;

impl Inner {
    /// A user's call, with the side they are on.
    async fn their_call(
        self: &Arc<Self>,
        user: &AppUser,
        id: &str,
    ) -> Result<(Handle, CallId, Side), AppCallError> {
        let handle = self.find(&user.tenant, id).await?.ok_or(AppCallError::NotFound)?;
        let (call, side) = {
            let live = handle.lock();
            (live.call.id, live.call.side_of(&user.id).ok_or(AppCallError::NotFound)?)
        };
        Ok((handle, call, side))
    }
}
