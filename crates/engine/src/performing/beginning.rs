//! Where a leg's performance begins: at the page that it was dialed for, at the first one of a call that came in; and anew,
//! after a restart or a take-over, or where a call is to leave what it hears.

use super::acting::token;
use super::{Of, Playing, Stage, WaysOfLeading};
use crate::actions::{dial_of, standing_place};
use crate::answering::is_over;
use crate::engine::Inner;
use crate::live::Handle;
use crate::webhook::{Line, VoiceFetch};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use trunkline_carriers::callback::{CallbackState, Place};
use trunkline_carriers::telnyx::control::{Asked, Command, Heard, Mark, Performance, Step, Told};
use trunkline_carriers::{AskError, HangUpAnswer};
use trunkline_core::call::{Attestation, Call, Direction, Handover, OnLeg, State, TransferMode};
use trunkline_core::campaign::standing;
use trunkline_core::id::{AccountId, CallId, CarrierCallId};

impl Inner {
    /// Whether an account's calls are led by commands.
    pub(crate) fn is_led(&self, account: &AccountId) -> bool {
        self.carriers.of(account).is_ok_and(|carrier| carrier.controls().is_some())
    }

    /// How the calls of our accounts are led.
    pub(crate) fn ways_of_leading(&self) -> WaysOfLeading {
        let is_led = |account: &AccountId| self.is_led(account);
        WaysOfLeading {
            by_pages: !self.carriers.accounts().all(is_led),
            by_commands: self.carriers.accounts().any(is_led),
        }
    }

    /// A call comes in: its first page decides, and is performed once the call is taken.
    pub(super) async fn comes_in(
        self: &Arc<Self>,
        account: &AccountId,
        leg: &CarrierCallId,
        told: &Told,
        attestation: Option<Attestation>,
    ) {
        // One that is told again is on its way.
        let Some(stage) = self.stages.open(account, leg) else { return };
        let mut playing = stage.playing.lock().await;
        let fetch = VoiceFetch {
            account: account.clone(),
            carrier_call_id: leg.clone(),
            token: None,
            q: Some(0),
            name: None,
            direction: Direction::Inbound,
            from: told.from.clone(),
            to: told.to.clone(),
            attestation,
            digits: None,
            speech: None,
            recording: None,
            dial: None,
            line: Line::Open,
            key: format!("{account}/{leg}/voice/q0/-"),
        };
        let document = self.voice(fetch).await;
        let page = self.live.by_carrier(account, leg).and_then(|call| self.live.get(call)).map(|handle| {
            let live = handle.lock();
            let on = OnLeg { leg: live.call.leg().no, fence: live.call.leg().fence };
            playing.of = Some(Of::Own(live.call.id, on));
            self.mint(&live.call, on).voice(Place::START)
        });
        let turn = self.stages.next_turn();
        stage.turn.store(turn, Ordering::Release);
        let page = page.as_deref().and_then(token).map(str::to_owned);
        let (performance, steps) = Performance::take(&document, turn, page);
        playing.performance = Some(performance);
        self.carry_out(&stage, &mut playing, steps).await;
    }

    /// Performs a page on a leg on which nothing is performed yet. Whoever is second finds it done.
    pub(super) async fn begin_at(
        self: &Arc<Self>,
        account: &AccountId,
        leg: &CarrierCallId,
        of: Of,
        url: String,
        heard: Heard,
    ) {
        let Some(stage) = self.stages.open(account, leg) else { return };
        let mut playing = stage.playing.lock().await;
        playing.of = Some(of);
        let ask = Step::Ask(Box::new(Asked { url, heard }));
        self.carry_out(&stage, &mut playing, vec![ask]).await;
    }

    /// A call leaves what it hears, and goes on with the page at this address.
    pub(crate) async fn perform_elsewhere(
        self: &Arc<Self>,
        account: &AccountId,
        leg: &CarrierCallId,
        url: &str,
    ) -> Result<HangUpAnswer, AskError> {
        let opened = token(url).and_then(|token| self.config.secrets.open(token).ok());
        let Some(state) = opened else { return Ok(HangUpAnswer::Gone) };
        let is_open = self.live.get(state.call).is_some_and(|handle| {
            let live = handle.lock();
            live.call.leg_no(state.leg).is_some_and(|leg| leg.state() == State::Answered)
        });
        let stage = self.stages.of(account, leg).filter(|_| is_open);
        let Some(stage) = stage else { return Ok(HangUpAnswer::AlreadyOver) };
        let mut playing = stage.playing.lock().await;
        playing.of = Some(Of::Own(state.call, state.on()));
        self.break_off(&stage, &mut playing);
        let ask = Step::Ask(Box::new(Asked { url: url.to_owned(), heard: Heard::default() }));
        self.carry_out(&stage, &mut playing, vec![ask]).await;
        Ok(HangUpAnswer::Asked)
    }

    /// What is heard stops; whoever was dialed meanwhile is let go.
    pub(super) fn break_off(self: &Arc<Self>, stage: &Stage, playing: &mut Playing) {
        let Some(performance) = &mut playing.performance else { return };
        let child = performance.child().cloned();
        let stops = performance.break_off();
        let mut outbox = stage.outbox.lock();
        outbox.clear();
        outbox.extend(stops);
        drop(outbox);
        if let Some(child) = child {
            self.let_go(&stage.account, child);
        }
    }

    /// Hangs up on somebody to whom a call is not handed any more.
    pub(super) fn let_go(self: &Arc<Self>, account: &AccountId, child: CarrierCallId) {
        let (inner, account) = (self.clone(), account.clone());
        self.tasks.spawn(async move {
            if let Err(error) = inner.ask_to_hang_up(&account, &child).await {
                tracing::warn!(%error, "performing.not_let_go: whoever was dialed hangs up by themselves");
            }
        });
    }

    /// Performs anew where a call stands: what was performed is known to nobody any more.
    pub(crate) fn perform_anew(self: &Arc<Self>, handle: &Handle) {
        let call = handle.lock().call.clone();
        let leg = call.leg();
        let Some(id) = leg.carrier_call_id.clone().filter(|_| self.is_led(&leg.account)) else { return };
        match leg.state() {
            State::Answered => {}
            // It may have been answered while nobody was there to be told.
            State::Initiated | State::Ringing => return self.expect_answer(handle),
            State::Queued | State::Dialing | State::Ending | State::Ended => return,
        }
        let inner = self.clone();
        self.tasks.spawn(async move { inner.take_up_leg(&call, &id).await });
    }

    async fn take_up_leg(self: &Arc<Self>, call: &Arc<Call>, id: &CarrierCallId) {
        let leg = call.leg();
        let on = OnLeg { leg: leg.no, fence: leg.fence };
        // What was asked for and has not begun is asked for again by itself.
        if call.pending_action().is_some() {
            return;
        }
        let Some(stage) = self.stages.open(&leg.account, id) else { return };
        let mut playing = stage.playing.lock().await;
        playing.of = Some(Of::Own(call.id, on));
        let mint = self.mint(call, on);
        let turn = self.stages.next_turn();
        stage.turn.store(turn, Ordering::Release);
        if let Some((dial, child, talks)) = dial_of(call, &mint) {
            // It was asked for, and may have been done: nobody is dialed a second time.
            let page = token(&mint.voice(Place::START)).map(str::to_owned);
            let (performance, steps) = Performance::resume_handing(Box::new(dial), turn, page, child, talks);
            playing.performance = Some(performance);
            self.carry_out(&stage, &mut playing, steps).await;
            drop(playing);
            return self.ask_other_anew(call, on).await;
        }
        tracing::info!(call = %call.id, "performing.anew: the page where the call stands is performed again");
        let mark = Mark { turn, ..Mark::default() };
        let stops = [
            Command::Hush,
            Command::StopListening,
            Command::StopGather,
            Command::StopRecording,
            Command::StopStream,
        ];
        stage.outbox.lock().extend(stops.map(|stop| (stop, mark.clone())));
        let stands = self.place_of(call, on);
        let said = self.said_meanwhile(call, id, on, stands).await;
        let (place, heard) = said.unwrap_or_else(|| (stands, Heard::default()));
        let ask = Step::Ask(Box::new(Asked { url: mint.voice(place), heard }));
        self.carry_out(&stage, &mut playing, vec![ask]).await;
    }

    /// Somebody who was being asked whether they take the call is asked anew: nobody knows any more how far that was.
    async fn ask_other_anew(self: &Arc<Self>, call: &Call, on: OnLeg) {
        let Some((no, action)) = call.standing_action() else { return };
        let is_asked = action.transfer().is_some_and(|transfer| transfer.mode == TransferMode::Attended)
            && action.handover() == Handover::Dialing;
        let open = action.children.iter().filter(|leg| is_asked && leg.state() == State::Answered);
        for leg in open {
            let Some(id) = &leg.carrier_call_id else { continue };
            if action.declined_at.is_some() {
                self.let_go(&leg.account, id.clone());
                continue;
            }
            let Some(stage) = self.stages.open(&leg.account, id) else { continue };
            let mut playing = stage.playing.lock().await;
            playing.of = Some(Of::Child(call.id, on, no));
            let turn = self.stages.next_turn();
            stage.turn.store(turn, Ordering::Release);
            let mark = Mark { turn, ..Mark::default() };
            let stops = [Command::Hush, Command::StopGather];
            stage.outbox.lock().extend(stops.map(|stop| (stop, mark.clone())));
            let url = self.mint(call, on).voice(Place::Consult(no));
            let ask = Step::Ask(Box::new(Asked { url, heard: Heard::default() }));
            self.carry_out(&stage, &mut playing, vec![ask]).await;
        }
    }

    /// The page for where a call stands.
    fn place_of(&self, call: &Call, on: OnLeg) -> Place {
        if let Some(place) = standing_place(call) {
            return place;
        }
        if let Some(talk) = call.bot.as_ref().filter(|_| call.is_with_bot()) {
            return match talk.last_stream() {
                0 => Place::START,
                last => Place::AfterStream(last),
            };
        }
        let token = CallbackState {
            account: call.account.clone(),
            call: call.id,
            leg: on.leg,
            fence: on.fence,
            script: None,
            place: Place::START,
        };
        Place::Open(standing(&self.script_of(call, &token), call))
    }

    /// A leg that should be answered or over by now is looked at: it never rings longer than this, and the event that tells
    /// of the answer may have been lost.
    pub(crate) fn expect_answer(self: &Arc<Self>, handle: &Handle) {
        let (call, account, id, on, until) = {
            let live = handle.lock();
            let leg = live.call.leg();
            let Some(id) = leg.carrier_call_id.clone().filter(|_| self.is_led(&leg.account)) else { return };
            let begun = leg.dial_started_at.unwrap_or(leg.queued_at);
            let rings = jiff::SignedDuration::from_secs(i64::from(live.call.limits.ring_timeout_secs) + 5);
            let until = begun.checked_add(rings).unwrap_or(begun);
            (live.call.id, leg.account.clone(), id, OnLeg { leg: leg.no, fence: leg.fence }, until)
        };
        let (inner, handle) = (self.clone(), handle.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(inner.clock.until(until)) => {}
                () = inner.stop.cancelled() => return,
            }
            let waits = {
                let live = handle.lock();
                let leg = live.call.leg_no(on.leg);
                leg.is_some_and(|leg| matches!(leg.state(), State::Initiated | State::Ringing))
            };
            if waits {
                inner.answered_unheard(&handle, call, &account, &id, on).await;
            }
        });
    }

    async fn answered_unheard(
        self: &Arc<Self>,
        handle: &Handle,
        call: CallId,
        account: &AccountId,
        id: &CarrierCallId,
        on: OnLeg,
    ) {
        let alive = match self.carriers.of(account).map(|carrier| carrier.controls()) {
            Ok(Some(controls)) => controls.is_alive(id).await,
            Ok(None) | Err(_) => return,
        };
        match alive {
            Ok(Some(true)) => {
                tracing::warn!(%call, "performing.answer_unheard: it is live and can't ring any more");
                self.taken_for_answered(handle, call, account, id, on).await;
            }
            Ok(Some(false) | None) => self.ask(handle.clone(), on.leg),
            Err(error) => {
                tracing::warn!(%call, %error, "performing.not_asked: the call is asked about later");
            }
        }
    }

    /// Whether a leg may be spoken to.
    pub(super) fn is_open(&self, state: &CallbackState) -> bool {
        self.live.get(state.call).is_some_and(|handle| !is_over(&handle.lock().call, state))
    }
}
