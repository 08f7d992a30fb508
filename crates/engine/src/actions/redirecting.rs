//! The carrier is asked to send a live call to the page of an action. It may be asked again: the page is the same, and
//! fetching it is the only thing that counts.

use super::ActionError;
use crate::engine::Inner;
use crate::live::Handle;
use std::sync::Arc;
use trunkline_carriers::HangUpAnswer;
use trunkline_carriers::callback::Place;
use trunkline_core::call::{Activity, Call, OnLeg, Source, State, What, Wish};
use trunkline_core::id::{ActionNo, CallId, LegNo};

impl Inner {
    /// Asks the carrier for a pending action.
    pub(crate) async fn redirect(self: Arc<Self>, handle: Handle, leg: LegNo, no: ActionNo) {
        let (call, id, url) = {
            let live = handle.lock();
            let Some(own) = live.call.leg_no(leg).filter(|leg| leg.state() == State::Answered) else {
                return;
            };
            let Some(id) = own.carrier_call_id.clone() else { return };
            let Some(place) = pending(&live.call).filter(|(pending, _)| *pending == no) else { return };
            let on = OnLeg { leg, fence: own.fence };
            (live.call.id, id, self.mint(&live.call, on).voice(place.1))
        };
        match self.carrier.redirect(&id, &url).await {
            Ok(HangUpAnswer::Asked) => {}
            // It is over and we were not told: find out how.
            Ok(HangUpAnswer::AlreadyOver | HangUpAnswer::Gone) => {
                self.refuse(&handle, call, no, "the carrier says that the call is not connected").await;
                self.ask(handle, leg);
            }
            Err(error) => {
                tracing::warn!(%call, action = %no, %error, "call.not_redirected: it will be asked for again");
            }
        }
    }

    /// Asks again for what the carrier has not done.
    pub(crate) fn redirect_again(self: &Arc<Self>, handle: Handle) {
        let pending = {
            let live = handle.lock();
            live.call.pending_action().map(|(no, _)| (live.call.leg().no, no))
        };
        if let Some((leg, no)) = pending {
            let inner = self.clone();
            self.tasks.spawn(async move { inner.redirect(handle, leg, no).await });
        }
    }

    /// Gives up what the carrier won't do.
    pub(crate) fn give_up_action(self: &Arc<Self>, handle: Handle) {
        let pending = {
            let live = handle.lock();
            live.call.pending_action().map(|(no, _)| (live.call.id, no))
        };
        let Some((call, no)) = pending else { return };
        let inner = self.clone();
        self.tasks.spawn(async move {
            inner.refuse(&handle, call, no, "the carrier did not do it in time").await;
        });
    }

    /// The script goes on without anybody asking for it: a hold was too long, or nobody took a transfer.
    pub(crate) async fn go_on(self: &Arc<Self>, handle: &Handle) {
        let taken = self
            .observe_made(handle, |call| {
                let waits = matches!(call.activity(), Activity::OnHold | Activity::Transferring);
                let goes_on = waits && call.pending_action().is_none() && call.state() == State::Answered;
                Ok::<_, ActionError>(goes_on.then(|| self.asked(call, Wish::Resume, None, Source::Engine)))
            })
            .await;
        if let Err(error) = taken {
            tracing::error!(%error, "call.action_not_journaled: it is tried again");
        }
    }

    async fn refuse(self: &Arc<Self>, handle: &Handle, call: CallId, no: ActionNo, why: &str) {
        tracing::warn!(%call, action = %no, why, "call.action_refused: the call goes on as it was");
        let what = What::ActionRefused { no, why: why.to_owned() };
        let event = self.own_event(call, format!("action:{no}:refused"), Source::Engine, what);
        if let Err(error) = self.observe_on(handle, event).await {
            tracing::error!(%call, %error, "call.action_not_journaled: it is tried again");
        }
    }
}

/// What was asked for and has not begun, with its page.
pub(super) fn pending(call: &Call) -> Option<(ActionNo, Place)> {
    let (no, action) = call.pending_action()?;
    let place = match action.asked.as_ref()?.wish {
        Wish::Hold => Place::Hold(no),
        Wish::Resume => Place::Resume(no),
        Wish::Transfer(_) => Place::Transfer(no),
    };
    Some((no, place))
}
