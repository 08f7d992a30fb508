//! The carrier is asked to send a live call to the page of an action. It may be asked again: the page is the same, and
//! fetching it is the only thing that counts.

use super::ActionError;
use crate::engine::Inner;
use crate::live::Handle;
use std::sync::Arc;
use trunkline_carriers::callback::Place;
use trunkline_carriers::{AskError, HangUpAnswer};
use trunkline_core::call::{ActionKind, Activity, Call, OnLeg, Source, State, What};
use trunkline_core::id::{AccountId, ActionNo, CallId, CarrierCallId, LegNo};

impl Inner {
    /// Asks the carrier for a pending action.
    pub(crate) async fn redirect(self: Arc<Self>, handle: Handle, leg: LegNo, no: ActionNo) {
        let (call, account, id, url) = {
            let live = handle.lock();
            let Some(own) = live.call.leg_no(leg).filter(|leg| leg.state() == State::Answered) else {
                return;
            };
            let Some(id) = own.carrier_call_id.clone() else { return };
            let Some(place) = pending(&live.call).filter(|(pending, _)| *pending == no) else { return };
            let on = OnLeg { leg, fence: own.fence };
            let account = own.account.clone();
            (live.call.id, account, id, self.mint(&live.call, on).voice(place.1))
        };
        match self.send_elsewhere(&account, &id, &url).await {
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

    /// Asks an account to send a live call to another page.
    pub(crate) async fn send_elsewhere(
        self: &Arc<Self>,
        account: &AccountId,
        id: &CarrierCallId,
        url: &str,
    ) -> Result<HangUpAnswer, AskError> {
        if self.is_led(account) {
            return self.perform_elsewhere(account, id, url).await;
        }
        self.carriers.of(account)?.redirect(id, url).await
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

    /// Lets a call go on that was on hold for too long.
    pub(crate) fn end_hold(self: &Arc<Self>, handle: Handle) {
        let held = {
            let live = handle.lock();
            live.call.standing_action().map(|(no, _)| (live.call.id, no))
        };
        let Some((call, no)) = held else { return };
        tracing::info!(%call, "call.hold_over: it was on hold for too long, and goes on");
        let inner = self.clone();
        self.tasks.spawn(async move { inner.go_on(&handle, no).await });
    }

    /// The script goes on without anybody asking for it, if the call is still at this action: a hold was too long, or nobody
    /// took a transfer.
    pub(crate) async fn go_on(self: &Arc<Self>, handle: &Handle, no: ActionNo) {
        let taken = self
            .observe_made(handle, |call| {
                let goes_on = waits_at(call, no) && call.pending_action().is_none();
                Ok::<_, ActionError>(
                    goes_on.then(|| self.asked(call, ActionKind::Resume, None, Source::Engine)),
                )
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

/// Whether an answered call is at this hold, or at this transfer of which the carrier has not said that it is over.
fn waits_at(call: &Call, no: ActionNo) -> bool {
    let Some((_, action)) = call.standing_action().filter(|(standing, _)| *standing == no) else {
        return false;
    };
    let is_left = action.transfer().is_some() && action.over.is_none() && !call.is_handed_over();
    call.state() == State::Answered && (is_left || call.activity() == Activity::OnHold)
}

/// What was asked for and has not begun, with its page.
pub(super) fn pending(call: &Call) -> Option<(ActionNo, Place)> {
    let (no, action) = call.pending_action()?;
    let place = match action.asked.as_ref()?.kind {
        ActionKind::Hold => Place::Hold(no),
        ActionKind::Resume => Place::Resume(no),
        ActionKind::Transfer(_) => Place::Transfer(no),
    };
    Some((no, place))
}
