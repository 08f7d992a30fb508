//! The other leg of a transfer, where it is dialed by commands: when it picks up it is connected, or asked on a page of its own;
//! when it is over, the person's page goes on.

use super::{Of, Playing, Stage};
use crate::engine::Inner;
use crate::live::Handle;
use std::sync::Arc;
use trunkline_carriers::Fetched;
use trunkline_carriers::callback::Place;
use trunkline_carriers::telnyx::control::{Heard, Performance};
use trunkline_core::call::{ActionNews, CarrierEnd, Event, News, OnLeg, Source, TransferMode, What};
use trunkline_core::id::{AccountId, ActionNo, CallId, CarrierCallId};

impl Inner {
    /// The stage of the leg from which somebody was dialed.
    fn stage_of(&self, call: CallId, on: OnLeg) -> Option<Arc<Stage>> {
        let handle = self.live.get(call)?;
        let (account, leg) = {
            let live = handle.lock();
            let leg = live.call.leg_no(on.leg)?;
            (leg.account.clone(), leg.carrier_call_id.clone()?)
        };
        self.stages.get(&account, &leg)
    }

    /// Somebody to whom a call may be handed exists at the carrier.
    pub(super) async fn child_begins(self: &Arc<Self>, call: CallId, on: OnLeg, child: &CarrierCallId) {
        let Some(stage) = self.stage_of(call, on) else { return };
        if let Some(performance) = &mut stage.playing.lock().await.performance {
            performance.dialed(child);
        }
    }

    /// They picked up.
    pub(super) async fn child_answers(
        self: &Arc<Self>,
        account: &AccountId,
        child: &CarrierCallId,
        (call, on, no): (CallId, OnLeg, ActionNo),
    ) {
        let Some(handle) = self.live.get(call) else { return self.let_go(account, child.clone()) };
        let known = handle.lock().call.clone();
        let mode = known.action(no).and_then(|action| action.transfer()).map(|transfer| transfer.mode);
        match mode {
            Some(TransferMode::Attended) => {
                let url = self.mint(&known, on).voice(Place::Consult(no));
                self.begin_at(account, child, Of::Child(call, on, no), url, Heard::default()).await;
            }
            Some(TransferMode::Blind) | None => {
                let Some(stage) = self.stage_of(call, on) else { return };
                let mut playing = stage.playing.lock().await;
                let steps = playing
                    .performance
                    .as_mut()
                    .map(|performance| performance.talks(child))
                    .unwrap_or_default();
                self.carry_out(&stage, &mut playing, steps).await;
            }
        }
    }

    /// They said that they take the call: the two are connected.
    pub(super) fn join(self: &Arc<Self>, stage: &Arc<Stage>, playing: &Playing) {
        let Some(Of::Child(call, on, _)) = playing.of else { return };
        let (inner, child) = (self.clone(), stage.leg.clone());
        self.tasks.spawn(async move {
            let Some(stage) = inner.stage_of(call, on) else { return };
            let mut playing = stage.playing.lock().await;
            let steps =
                playing.performance.as_mut().map(|performance| performance.join(&child)).unwrap_or_default();
            inner.carry_out(&stage, &mut playing, steps).await;
        });
    }

    /// Their leg is over.
    pub(super) async fn child_left(
        self: &Arc<Self>,
        call: CallId,
        on: OnLeg,
        child: &CarrierCallId,
        end: Option<Box<CarrierEnd>>,
    ) {
        let Some(stage) = self.stage_of(call, on) else { return };
        let mut playing = stage.playing.lock().await;
        let steps =
            playing.performance.as_mut().map(|performance| performance.left(child, end)).unwrap_or_default();
        self.carry_out(&stage, &mut playing, steps).await;
    }

    /// While two talk the other leg is looked at: if its end is not told, who is left must not wait for ever.
    pub(super) fn look_at_child(self: &Arc<Self>, stage: &Arc<Stage>, child: CarrierCallId) {
        let (inner, stage) = (self.clone(), stage.clone());
        self.tasks.spawn(async move {
            let Some(of) = stage.playing.lock().await.of else { return };
            let Of::Own(call, on) = of else { return };
            inner.child_is_gone(call, on, &stage.account, &child).await;
        });
    }

    /// How the other leg ended, if it did, is asked for and taken in as if it had been told.
    pub(super) async fn child_is_gone(
        self: &Arc<Self>,
        call: CallId,
        on: OnLeg,
        account: &AccountId,
        child: &CarrierCallId,
    ) {
        let Ok(carrier) = self.carriers.of(account) else { return };
        let (end, occurred_at) = match carrier.fetch(child).await {
            Ok(Some(Fetched { news: Some(News::Ended(end)), occurred_at, .. })) => (Some(end), occurred_at),
            Ok(None) => (None, None),
            Ok(Some(_)) | Err(_) => return,
        };
        let handle = self.live.get(call);
        let no = handle.as_ref().and_then(|handle| {
            let live = handle.lock();
            live.call.actions.iter().rev().find(|(_, action)| action.transfer().is_some()).map(|(no, _)| *no)
        });
        if let (Some(handle), Some(no), Some(end)) = (handle, no, end.clone()) {
            let key = format!("{account}:{child}:asked:ended");
            let news = News::Ended(end);
            let what = What::ActionNews(Box::new(ActionNews { no, carrier_call_id: child.clone(), news }));
            let event = Event { occurred_at, ..self.own_event(call, key, Source::Reconciler, what) };
            if let Err(error) = self.observe_on(&handle, event).await {
                tracing::error!(%call, %error, "call.answer_not_journaled: the carrier will be asked again");
            }
        }
        self.child_left(call, on, child, end).await;
    }

    /// The other leg of a transfer that should be answered or over by now. One that is alive can't ring any more, so it must have
    /// been answered, though nobody told: whether it is left as it is.
    pub(crate) async fn led_child_goes_on(self: &Arc<Self>, handle: &Handle, no: ActionNo) -> bool {
        let (call, on, account, child) = {
            let live = handle.lock();
            let leg = live.call.leg();
            let dialed = live.call.action(no).and_then(|action| action.children.last());
            let child = dialed.and_then(|child| child.carrier_call_id.clone());
            let Some(child) = child.filter(|_| self.is_led(&leg.account)) else { return false };
            (live.call.id, OnLeg { leg: leg.no, fence: leg.fence }, leg.account.clone(), child)
        };
        let alive = match self.carriers.of(&account).map(|carrier| carrier.controls()) {
            Ok(Some(controls)) => controls.is_alive(&child).await,
            Ok(None) | Err(_) => return false,
        };
        match alive {
            Ok(Some(true)) => {
                tracing::warn!(%call, "performing.answer_unheard: it is live and can't ring any more");
                let news = ActionNews { no, carrier_call_id: child.clone(), news: News::Answered };
                let key = format!("{account}:{child}:asked:answered");
                let event = self.own_event(call, key, Source::Reconciler, What::ActionNews(Box::new(news)));
                match self.observe_on(handle, event).await {
                    Ok(_) => self.child_answers(&account, &child, (call, on, no)).await,
                    Err(error) => {
                        tracing::error!(%call, %error, "call.answer_not_journaled: the carrier will be asked again");
                    }
                }
                true
            }
            Ok(Some(false) | None) => {
                self.child_is_gone(call, on, &account, &child).await;
                false
            }
            Err(error) => {
                tracing::warn!(%call, %error, "call.child_unknown: the carrier is asked again");
                true
            }
        }
    }

    /// A media stream is over, as its socket shows: if the carrier does not tell, the call goes on all the same.
    pub(crate) fn stream_is_over(self: &Arc<Self>, account: &AccountId, leg: &CarrierCallId) {
        let Some(stage) = self.stages.get(account, leg) else { return };
        let inner = self.clone();
        self.tasks.spawn(async move {
            let turn = stage.turn.load(std::sync::atomic::Ordering::Acquire);
            tokio::select! {
                () = tokio::time::sleep(inner.clock.really(TOLD_WITHIN)) => {}
                () = inner.stop.cancelled() => return,
            }
            let mut playing = stage.playing.lock().await;
            let is_same = stage.turn.load(std::sync::atomic::Ordering::Acquire) == turn;
            if is_same && playing.performance.as_ref().is_some_and(Performance::streams) {
                let steps = playing.performance.as_mut().map(Performance::time_up).unwrap_or_default();
                inner.carry_out(&stage, &mut playing, steps).await;
            }
        });
    }
}

/// How long the carrier may take to tell of the end of a stream.
const TOLD_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);
