//! Hold, resume and transfer of a live call: journaled first, asked of the carrier then, believed when the carrier fetches
//! the page that was meant.
//!
//! - this file: what clients ask, checked and journaled under the call's lock, so that of two at once one is refused
//! - `redirecting`: the carrier is asked, again where it does not answer, and what is given up
//! - `pages`: what the person hears meanwhile, and where the script goes on
//! - `children`: the other leg of a transfer
//! - `consulting`: what whoever is at its end is asked first
//!
//! What an action does to a call is the core's (`call::Action`).

mod children;
mod consulting;
mod pages;
mod redirecting;

pub(crate) use consulting::consultation_of;
pub(crate) use pages::{action_of, aside, dial_of, standing_place};

use crate::desk::Desk;
use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::live::Handle;
use crate::numbers::ours;
use crate::order::PlaceError;
use std::sync::Arc;
use thiserror::Error;
use trunkline_core::call::{
    ActionAsked, ActionKind, Call, Event, Idempotency, NotNow, Source, Transfer, TransferAsked, TransferMode,
    What,
};
use trunkline_core::dial::gates::{Closed, admit_second};
use trunkline_core::id::TenantId;
use trunkline_core::private::{Address, Private};

/// To whom a client wants a call handed, as it came in: nothing checked yet.
#[derive(Clone, Debug, Default)]
pub struct TransferOrder {
    /// Whom to call, as written by a person.
    pub to: Private<String>,
    /// How long it may ring, in seconds, 5 to 600; the call's own ring time-out if absent.
    pub ring_timeout_secs: Option<u32>,
    /// Whether they are asked first.
    pub mode: TransferMode,
}

/// What a client wants of a live call.
#[derive(Clone, Debug)]
pub enum ActionOrder {
    /// The person waits and hears music.
    Hold,
    /// The script goes on where it stood.
    Resume,
    /// Somebody else is called, and the two talk.
    Transfer(TransferOrder),
}

/// Why nothing was asked of the carrier. Nothing was journaled, and the call goes on as it was.
#[derive(Debug, Error)]
pub enum ActionError {
    /// No such call.
    #[error("no such call")]
    NotFound,
    /// The call can't do that where it is.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// A field is wrong, the number is on a suppression list, or the Idempotency-Key was used for something else.
    #[error(transparent)]
    Order(#[from] PlaceError),
    /// There is no room for one more leg, or it would be too soon.
    #[error("no leg may be dialed for it now: {}", .0.code())]
    Closed(Closed),
    /// It is not in memory, and history can't be read now; or another server carries it.
    #[error(transparent)]
    History(#[from] crate::Unavailable),
    /// The journal did not take it.
    #[error(transparent)]
    Journal(#[from] IntakeError),
}

impl Desk {
    /// Asks something of a live call, named by our id or the carrier's. The same key and body again is the same wish.
    pub async fn act(
        &self,
        id: &str,
        order: ActionOrder,
        idempotency: Option<Idempotency>,
    ) -> Result<Arc<Call>, ActionError> {
        let id = id.to_owned();
        self.to_the_end(async move |inner, tenant| inner.act(&tenant, &id, order, idempotency).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }
}

impl Inner {
    async fn act(
        self: &Arc<Self>,
        tenant: &TenantId,
        id: &str,
        order: ActionOrder,
        idempotency: Option<Idempotency>,
    ) -> Result<Arc<Call>, ActionError> {
        let handle = self.find(tenant, id).await?.ok_or(ActionError::NotFound)?;
        let known = handle.lock().call.clone();
        if is_repeated(&known, idempotency.as_ref())? {
            return Ok(self.settled(&handle).await);
        }
        let wish = match order {
            ActionOrder::Hold => ActionKind::Hold,
            ActionOrder::Resume => ActionKind::Resume,
            ActionOrder::Transfer(order) => {
                // Where it can't be, that is what its sender should hear.
                known.may(&ActionKind::Transfer(Box::default()))?;
                ActionKind::Transfer(Box::new(self.transfer(tenant, &known, &order)?))
            }
        };
        let taken = self
            .observe_made(&handle, |call| {
                if is_repeated(call, idempotency.as_ref())? {
                    return Ok::<_, ActionError>(None);
                }
                call.may(&wish)?;
                if matches!(wish, ActionKind::Transfer(_)) {
                    self.take_second_slot(call).map_err(ActionError::Closed)?;
                }
                Ok(Some(self.asked(call, wish, idempotency, Source::Api)))
            })
            .await;
        if taken.is_err() {
            self.frees_second_slot(&handle);
        }
        taken?;
        Ok(self.settled(&handle).await)
    }

    /// Gives back what was taken for a leg that did not come about. A call that was given up meanwhile holds nothing here.
    pub(crate) fn frees_second_slot(&self, handle: &Handle) {
        let live = handle.lock();
        if live.health.is_here() {
            self.slots.update(&live.call);
        }
    }

    /// Takes room for the leg that hands a call on, and its turn, under the call's lock.
    fn take_second_slot(&self, call: &Call) -> Result<(), Closed> {
        let (now, limits) = (self.clock.now(), self.limits_of(&call.tenant));
        self.slots.take_second_if(call, |open| admit_second(&self.snapshot_of(call, &open), &limits, now))?;
        self.paces.lock().insert(call.account.clone(), now);
        Ok(())
    }

    /// The event of a wish, as the next action of the call.
    fn asked(
        &self,
        call: &Call,
        kind: ActionKind,
        idempotency: Option<Idempotency>,
        source: Source,
    ) -> Event {
        let no = call.next_action();
        let what = match kind {
            ActionKind::Hold => What::HoldAsked(Box::new(ActionAsked { no, idempotency })),
            ActionKind::Resume => What::ResumeAsked(Box::new(ActionAsked { no, idempotency })),
            ActionKind::Transfer(transfer) => {
                What::TransferAsked(Box::new(TransferAsked { no, transfer: *transfer, idempotency }))
            }
        };
        self.own_event(call.id, format!("action:{no}:asked"), source, what)
    }

    /// A transfer that may be: the number passes what every number passes that is dialed.
    fn transfer(
        &self,
        tenant: &TenantId,
        call: &Call,
        order: &TransferOrder,
    ) -> Result<Transfer, PlaceError> {
        let to = self.dialable(tenant, "to", order.to.reveal())?;
        if to == *call.party.person(call.direction) {
            return Err(PlaceError::Invalid {
                field: "to",
                why: "this is the person on the line".to_owned(),
            });
        }
        let ring_timeout_secs = match order.ring_timeout_secs {
            Some(secs) if !(5..=600).contains(&secs) => {
                let why = format!("{secs} s is not between 5 and 600 s");
                return Err(PlaceError::Invalid { field: "ring_timeout_secs", why });
            }
            given => given.unwrap_or(call.limits.ring_timeout_secs),
        };
        Ok(Transfer { to, from: own_number(call), ring_timeout_secs, mode: order.mode })
    }
}

/// Our number on a call: what whoever it is handed to sees.
pub(crate) fn own_number(call: &Call) -> Address {
    ours(call.direction, call.shown_as(call.leg()), &call.party.to).clone()
}

/// Whether this very wish was taken before.
fn is_repeated(call: &Call, idempotency: Option<&Idempotency>) -> Result<bool, PlaceError> {
    let Some(wanted) = idempotency else { return Ok(false) };
    match call.asked_with(&wanted.key).and_then(|asked| asked.idempotency.as_ref()) {
        Some(known) if known.body == wanted.body => Ok(true),
        Some(_) => Err(PlaceError::KeyReused),
        None => Ok(false),
    }
}
