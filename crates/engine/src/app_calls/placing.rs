//! One user calls another. Whom two call each other at the same moment, the call that was there first is taken; who is busy is not
//! rung; a call that rings already is not made twice.

use super::permission::Reaches;
use super::{AppCallError, AppDesk, AppOrder, AppUser, WhenBusy};
use crate::checkpoint::RememberedKey;
use crate::clock::chance;
use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::keys_used::Known;
use crate::live::Handle;
use crate::order::{Novelty, Placed};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use trunkline_core::call::{
    ASKED_AGAIN_MAX, AppCall, AppNews, Idempotency, Limits, Party, Receiver, Side, Source, State, What,
};
use trunkline_core::id::{AccountId, AppUserId, CallId, TenantId};
use trunkline_core::private::Address;

/// In so many live calls a user may be the one who called.
const MOST_CALLING: usize = 8;

impl AppDesk {
    /// Calls another user. Both called each other: the older call is taken, and is the answer.
    ///
    /// # Errors
    /// `Invalid`, `KeyReused`, `KeyInFlight`, `TooManyCalls`, `Closed`, `History`, `Journal`.
    pub async fn initiate(&self, order: AppOrder) -> Result<Placed, AppCallError> {
        let user = self.user.clone();
        self.engine
            .to_the_end(async move |inner| {
                let placed = inner.initiate(&user, order).await;
                if let Err(error) = &placed {
                    inner.tally.app_refused(error.word());
                }
                placed
            })
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }
}

impl Inner {
    async fn initiate(self: &Arc<Self>, user: &AppUser, mut order: AppOrder) -> Result<Placed, AppCallError> {
        if order.receiver == user.id {
            let why = "nobody can call themselves".to_owned();
            return Err(AppCallError::Invalid { field: "receiver_id", why });
        }
        let limits = self.app_limits(&user.tenant, &order)?;
        self.takes_app_calls()?;
        let Some(wanted) = order.idempotency.take() else {
            return self.ring(user, order, limits).await;
        };
        // Keys are unique per tenant, and two users may choose the same one.
        let wanted = Idempotency { key: of_user(user, &wanted.key), ..wanted };
        match self.keys_used.reserve(&user.tenant, &wanted, self.clock.now()) {
            Known::New => {}
            Known::OtherBody => return Err(AppCallError::KeyReused),
            Known::InFlight => return Err(AppCallError::KeyInFlight),
            Known::Call(id) => {
                let call = self.call(&user.tenant, &id.to_string()).await?.ok_or(AppCallError::NotFound)?;
                return Ok(Placed { call, novelty: Novelty::Repeated, warnings: Vec::new() });
            }
        }
        order.idempotency = Some(wanted.clone());
        let placed = self.ring(user, order, limits).await;
        match &placed {
            // A call that rings already is found again without its keys, of which it takes a few.
            Ok(placed) if !placed.call.stands_for(&wanted.key) => {
                self.keys_used.release(&user.tenant, &wanted);
            }
            Ok(placed) => self.keys_used.remember(RememberedKey {
                tenant: user.tenant.clone(),
                idempotency: wanted,
                call: placed.call.id,
                at: self.clock.now(),
            }),
            Err(_) => self.keys_used.release(&user.tenant, &wanted),
        }
        placed
    }

    fn app_limits(&self, tenant: &TenantId, order: &AppOrder) -> Result<Limits, AppCallError> {
        let set = &self.config.app_calls;
        let ring = match order.ring_timeout_secs {
            Some(secs) if !(5..=180).contains(&secs) => {
                let why = format!("{secs} s is not between 5 and 180 s");
                return Err(AppCallError::Invalid { field: "ring_timeout_secs", why });
            }
            given => given.unwrap_or(set.of(tenant).ring_secs),
        };
        Ok(Limits { ring_timeout_secs: ring, time_limit_secs: set.longest_secs, ..Limits::default() })
    }

    fn takes_app_calls(&self) -> Result<(), AppCallError> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(AppCallError::Closed("the server is being drained".to_owned()));
        }
        let limit = self.config.dial_limits.max_live;
        if self.live.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(AppCallError::Closed(format!("{limit} calls are live, which is the limit")));
        }
        // Telephone calls have room, however much users call each other.
        let half = (limit / 2).max(1);
        if self.app.index.len() >= usize::try_from(half).unwrap_or(usize::MAX) {
            let why = format!("{half} calls between users are live, which is the limit");
            return Err(AppCallError::Closed(why));
        }
        Ok(())
    }

    async fn ring(
        self: &Arc<Self>,
        user: &AppUser,
        order: AppOrder,
        limits: Limits,
    ) -> Result<Placed, AppCallError> {
        self.permits(user, &order).await?;
        let tenant = &user.tenant;
        let _alone = self.app.lock_of(tenant, &user.id, &order.receiver).lock().await;
        let repeated = |call| Placed { call, novelty: Novelty::Repeated, warnings: Vec::new() };
        // Nobody takes by chance the call of somebody whom they block.
        let reached = |handle: &Handle| handle.lock().call.hearer(Side::Receiver).is_some();
        if let Some(theirs) = self.rings(tenant, &order.receiver, &user.id).filter(reached) {
            // Both call each other: this wish is an accept of the other's.
            let id = theirs.lock().call.id.to_string();
            let (device, asked_with) = (order.device.clone(), order.idempotency.clone());
            match self.accept(user, &id, device, asked_with).await {
                Ok(call) => return Ok(repeated(call)),
                // It ended a moment ago.
                Err(AppCallError::Over(_) | AppCallError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(mine) = self.rings(tenant, &user.id, &order.receiver) {
            self.asked_again(&mine, order.idempotency).await?;
            return Ok(repeated(self.settled(&mine).await));
        }
        // One after the other, so that none is counted too late.
        let _counted = self.app.caller_lock(tenant, &user.id).lock().await;
        if self.calling(tenant, &user.id) >= MOST_CALLING {
            return Err(AppCallError::TooManyCalls(MOST_CALLING));
        }
        let refuses = self.config.app_calls.of(tenant).when_busy == WhenBusy::Refuse;
        let is_busy = refuses && self.is_busy(tenant, &order.receiver);
        // They call this one, who blocks them and is not to hear of it: nor are they to hear of this call, which would otherwise
        // have taken theirs.
        let is_unheard =
            self.rings(tenant, &order.receiver, &user.id).is_some_and(|theirs| !reached(&theirs));
        // Whoever was blocked while this call waited for its turn or for somebody's word is blocked.
        let reaches = self.reaches(user, &order)?;
        let now = self.clock.now();
        let chance = chance().map_err(|error| IntakeError::Failed(error.to_string()))?;
        let id = CallId::new(now, chance);
        let asked = AppCall {
            tenant: tenant.clone(),
            account: AccountId::app(tenant),
            party: Party {
                from: Address::new(user.id.as_str()),
                to: Address::new(order.receiver.as_str()),
                name: user.name.clone(),
                ..Party::default()
            },
            call_type: order.call_type,
            conversation: order.conversation,
            device: order.device,
            receiver: match (reaches, is_busy) {
                _ if is_unheard => Receiver::UnreachedBusy,
                (Reaches::Them, false) => Receiver::Free,
                (Reaches::Them, true) => Receiver::Busy,
                (Reaches::Nobody, false) => Receiver::Unreached,
                (Reaches::Nobody, true) => Receiver::UnreachedBusy,
            },
            limits,
            idempotency: order.idempotency,
        };
        let what = What::AppCalled(Box::new(asked));
        let (handle, _) = self.begin(self.own_event(id, "called".to_owned(), Source::Api, what)).await?;
        tracing::info!(call = %id, "app_call.initiated");
        let call = handle.lock().call.clone();
        Ok(Placed { call, novelty: Novelty::New, warnings: Vec::new() })
    }

    /// A call that rings was asked for with one more key, which stands for it from now on, after a restart too. More keys than a call
    /// takes are not kept.
    async fn asked_again(
        self: &Arc<Self>,
        handle: &Handle,
        idempotency: Option<Idempotency>,
    ) -> Result<(), AppCallError> {
        let Some(idempotency) = idempotency else { return Ok(()) };
        self.observe_made(handle, |call| {
            let keys = call.app.as_ref().map_or(0, |app| app.asked_again.len());
            let takes = call.state() == State::Ringing && keys < ASKED_AGAIN_MAX;
            let news = AppNews::AskedAgain { idempotency: idempotency.clone() };
            Ok(takes.then(|| self.app_event(call.id, news)))
        })
        .await
    }

    /// In how many live calls a user is the one who called.
    fn calling(&self, tenant: &TenantId, user: &AppUserId) -> usize {
        let calls = self.app.index.of(tenant, user);
        let is_caller = |handle: &Handle| handle.lock().call.app_user(Side::Caller).as_ref() == Some(user);
        calls.into_iter().filter_map(|call| self.live.get(call)).filter(is_caller).count()
    }

    /// A call that rings, from one of two to the other.
    fn rings(&self, tenant: &TenantId, from: &AppUserId, to: &AppUserId) -> Option<Handle> {
        let rings = |handle: &Handle| {
            let live = handle.lock();
            let call = &live.call;
            call.state() == State::Ringing
                && call.app_user(Side::Caller).as_ref() == Some(from)
                && call.app_user(Side::Receiver).as_ref() == Some(to)
        };
        let calls = self.app.index.of(tenant, from);
        calls.into_iter().filter_map(|call| self.live.get(call)).find(rings)
    }

    /// Whether somebody talks to another, or calls another.
    fn is_busy(&self, tenant: &TenantId, user: &AppUserId) -> bool {
        let calls = self.app.index.of(tenant, user);
        calls.into_iter().filter_map(|call| self.live.get(call)).any(|handle| {
            let live = handle.lock();
            match live.call.state() {
                State::Answered => true,
                State::Ringing => live.call.app_user(Side::Caller).as_ref() == Some(user),
                _ => false,
            }
        })
    }
}

/// A user's own name of a request, unlike anybody else's, and without their name in it.
fn of_user(user: &AppUser, key: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(user.id.as_str());
    hash.update([0]);
    hash.update(key);
    let digest = hash.finalize();
    digest.iter().fold(String::from("app:"), |text, byte| text + &format!("{byte:02x}"))
}
