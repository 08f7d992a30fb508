//! What a carrier tells whose calls are led by commands: as the facts that any carrier tells, and to the stage of the leg.

use super::{Of, Playing};
use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::live::Handle;
use crate::webhook::{MachineReport, RecordingReport, StatusReport, TranscriptReport};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use trunkline_carriers::callback::{CallbackState, Place};
use trunkline_carriers::telnyx::control::{Asked, Happened, Heard, Mark, Performance, Step, Told};
use trunkline_core::call::{
    CarrierEnd, Direction, EndWord, Leg, News, OnLeg, Progress, RecordingFact, RecordingState, Source, What,
};
use trunkline_core::id::{AccountId, ActionNo, CallId, CarrierCallId, RecordingId};
use trunkline_core::private::Private;
use trunkline_core::script::{Cursor, Heard as Said, Next};

/// How long after the end of a call what was said last may be told.
const LAST_RECORDING: Duration = Duration::from_secs(60);

/// Whose leg an event is of.
#[derive(Clone, Debug)]
enum Whose {
    /// The leg of a call that began with us.
    Own(CallbackState),
    /// That of somebody to whom it may be handed.
    Child(CallbackState, ActionNo),
    /// Nobody's that bears a mark of ours.
    Unmarked,
}

impl Whose {
    /// The state that a status is told with: the place says whether it is the other leg's.
    fn token(&self) -> Option<CallbackState> {
        match self {
            Self::Own(state) => Some(CallbackState { place: Place::START, ..state.clone() }),
            Self::Child(state, no) => Some(CallbackState { place: Place::Transfer(*no), ..state.clone() }),
            Self::Unmarked => None,
        }
    }
}

impl Inner {
    /// Takes in an event. When this returns what it says is durable.
    pub(crate) async fn led_event(
        self: &Arc<Self>,
        account: AccountId,
        told: Told,
    ) -> Result<(), IntakeError> {
        let carrier = self.carriers.of(&account).ok().cloned();
        let Some(controls) = carrier.as_deref().and_then(|carrier| carrier.controls()) else {
            tracing::warn!(
                "performing.not_led: an event came for an account whose calls are not led by commands"
            );
            return Ok(());
        };
        if told.connection.as_deref().is_some_and(|connection| !controls.is_ours(connection)) {
            tracing::debug!("performing.foreign_event: of another application");
            return Ok(());
        }
        let state = self.state_of(&account, &told);
        // A call that began when the account was called otherwise goes on under that name.
        let account = state.as_ref().map_or(account, |state| state.account.clone());
        let whose = whose(&told, state.clone());
        let led = match told.leg {
            Some(_) => None,
            None => self.leg_of(&whose).await,
        };
        let Some(leg) = told.leg.clone().or(led) else { return Ok(()) };
        match &told.what {
            Happened::Initiated { direction: Direction::Inbound, attestation }
                if matches!(whose, Whose::Unmarked) =>
            {
                self.comes_in(&account, &leg, &told, *attestation).await;
                Ok(())
            }
            Happened::Initiated { .. } => {
                self.told_status(&account, &leg, &told, &whose, News::Accepted).await?;
                if let Whose::Child(state, _) = &whose {
                    self.child_begins(state.call, state.on(), &leg).await;
                }
                Ok(())
            }
            Happened::Answered => self.told_answered(&account, &leg, &told, &whose).await,
            Happened::HungUp(end) => self.told_end(&account, &leg, &told, &whose, end.clone()).await,
            Happened::Verdict(verdict) => {
                let report = MachineReport {
                    key: format!("{account}/{leg}/amd/{verdict:?}"),
                    account,
                    carrier_call_id: leg,
                    token: whose.token(),
                    verdict: *verdict,
                };
                if matches!(whose, Whose::Child(..)) { Ok(()) } else { self.machine(report).await }
            }
            Happened::Other(word) => {
                tracing::debug!(word = word.as_str(), "performing.event: without effect");
                Ok(())
            }
            Happened::RecordingSaved(saved) => {
                if let Some(saved) = &saved.recording {
                    self.told_recording(&account, &leg, state.clone(), saved).await?;
                }
                self.heard_on(&account, &leg, &told, &whose, state).await;
                Ok(())
            }
            Happened::Transcribed { recording, text } => {
                let Some(state) = self.transcribed_at(state, recording.as_ref()) else { return Ok(()) };
                let report = TranscriptReport {
                    key: format!("{account}/{leg}/transcription/{:?}", state.place),
                    account,
                    carrier_call_id: leg,
                    token: Some(state),
                    text: text.clone(),
                };
                self.transcript(report).await
            }
            Happened::Bridged
            | Happened::SpeakEnded
            | Happened::PlaybackEnded { .. }
            | Happened::GatherEnded { .. }
            | Happened::Key(_)
            | Happened::Said { .. }
            | Happened::RecordingFailed
            | Happened::StreamEnded => {
                self.heard_on(&account, &leg, &told, &whose, state).await;
                Ok(())
            }
        }
    }

    fn state_of(&self, account: &AccountId, told: &Told) -> Option<CallbackState> {
        let token = told.mark.as_ref()?.token.as_deref()?;
        let state = self.config.secrets.open(token).ok().filter(|state| state.account.is_same(account));
        if state.is_none() {
            tracing::warn!("carrier.bad_token: what came back with an event was sealed by nobody of ours");
        }
        state
    }

    /// The leg that an event is of which names none.
    async fn leg_of(self: &Arc<Self>, whose: &Whose) -> Option<CarrierCallId> {
        let Whose::Own(state) = whose else { return None };
        // It may have left memory: what was said last is told after the end.
        let handle = self.reach(state.call).await?;
        let live = handle.lock();
        live.call.leg_no(state.leg)?.carrier_call_id.clone()
    }

    async fn told_status(
        self: &Arc<Self>,
        account: &AccountId,
        leg: &CarrierCallId,
        told: &Told,
        whose: &Whose,
        news: News,
    ) -> Result<(), IntakeError> {
        let word = match &news {
            News::Accepted => "initiated",
            News::Ringing => "ringing",
            News::Answered => "answered",
            News::Ended(_) => "hangup",
        };
        let direction = match (&told.what, whose) {
            (Happened::Initiated { direction, .. }, _) => *direction,
            (_, Whose::Unmarked) => Direction::Inbound,
            (_, _) => Direction::Outbound,
        };
        let known = self.live.by_carrier(account, leg).is_some() || !matches!(whose, Whose::Unmarked);
        // Of a call that came in and whose first event never reached us nobody knows which way it went.
        if !known && told.from.as_str().is_empty() {
            return Ok(());
        }
        let report = StatusReport {
            account: account.clone(),
            carrier_call_id: leg.clone(),
            token: whose.token(),
            direction,
            from: told.from.clone(),
            to: told.to.clone(),
            attestation: None,
            news: Ok(news),
            occurred_at: told.occurred_at,
            answered_by: None,
            key: format!("{account}/{leg}/status/{word}/-"),
        };
        self.status(report).await
    }

    async fn told_answered(
        self: &Arc<Self>,
        account: &AccountId,
        leg: &CarrierCallId,
        told: &Told,
        whose: &Whose,
    ) -> Result<(), IntakeError> {
        self.told_status(account, leg, told, whose, News::Answered).await?;
        match whose {
            Whose::Child(state, no) => {
                self.child_answers(account, leg, (state.call, state.on(), *no)).await;
            }
            Whose::Own(state) => match self.stages.get(account, leg) {
                Some(_) => self.hear(account, leg, told).await,
                None if self.is_open(state) => {
                    let url = self.address_of(state, state.place);
                    let of = Of::Own(state.call, state.on());
                    self.begin_at(account, leg, of, url, Heard::default()).await;
                }
                None => {}
            },
            Whose::Unmarked => self.hear(account, leg, told).await,
        }
        Ok(())
    }

    /// A leg that must have been answered, though nobody told.
    pub(super) async fn taken_for_answered(
        self: &Arc<Self>,
        handle: &Handle,
        call: CallId,
        account: &AccountId,
        leg: &CarrierCallId,
        on: OnLeg,
    ) {
        let progress = Progress { on, carrier_call_id: leg.clone(), news: News::Answered };
        let key = format!("{account}:{leg}:asked:answered");
        let event = self.own_event(call, key, Source::Reconciler, What::Progress(progress));
        match self.observe_on(handle, event).await {
            Ok(_) => self.perform_anew(handle),
            Err(error) => {
                tracing::error!(%call, %error, "call.answer_not_journaled: the carrier will be asked again");
            }
        }
    }

    async fn told_end(
        self: &Arc<Self>,
        account: &AccountId,
        leg: &CarrierCallId,
        told: &Told,
        whose: &Whose,
        end: Box<CarrierEnd>,
    ) -> Result<(), IntakeError> {
        let end = self.as_answered(account, leg, whose, end);
        self.told_status(account, leg, told, whose, News::Ended(end.clone())).await?;
        let stage = self.stages.get(account, leg);
        if let Whose::Child(state, _) = whose {
            if let Some(stage) = stage {
                self.stages.close(&stage);
            }
            self.child_left(state.call, state.on(), leg, Some(end)).await;
            return Ok(());
        }
        let Some(stage) = stage else { return Ok(()) };
        let mut playing = stage.playing.lock().await;
        playing.is_closed = true;
        let child = playing.performance.as_ref().and_then(|performance| performance.child().cloned());
        if let Some(child) = child {
            self.let_go(account, child);
        }
        let records = playing.performance.as_ref().is_some_and(Performance::records);
        if !records {
            playing.wait += 1;
            stage.outbox.lock().clear();
            self.stages.close(&stage);
            return Ok(());
        }
        // What was said last is told in a moment, and belongs to its question.
        drop(playing);
        let inner = self.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(inner.clock.really(LAST_RECORDING)) => {}
                () = inner.stop.cancelled() => {}
            }
            inner.stages.close(&stage);
        });
        Ok(())
    }

    /// A cause that says nothing is the end of a talk, where there was one.
    fn as_answered(
        &self,
        account: &AccountId,
        leg: &CarrierCallId,
        whose: &Whose,
        end: Box<CarrierEnd>,
    ) -> Box<CarrierEnd> {
        let call = match whose {
            Whose::Own(state) | Whose::Child(state, _) => Some(state.call),
            Whose::Unmarked => self.live.by_carrier(account, leg),
        };
        let was_answered = call.and_then(|call| self.live.get(call)).is_some_and(|handle| {
            let live = handle.lock();
            let children = live.call.children().map(|(_, _, leg)| leg);
            let is_it = |known: &Leg| known.carrier_call_id.as_ref() == Some(leg) && known.answered.is_some();
            live.call.legs.iter().chain(children).any(is_it)
        });
        match end.word {
            EndWord::Failed if was_answered => Box::new(CarrierEnd { word: EndWord::Completed, ..*end }),
            _ => end,
        }
    }

    pub(super) async fn told_recording(
        self: &Arc<Self>,
        account: &AccountId,
        leg: &CarrierCallId,
        state: Option<CallbackState>,
        saved: &RecordingFact,
    ) -> Result<(), IntakeError> {
        let is_empty = saved.duration_secs == Some(0);
        let report = RecordingReport {
            account: account.clone(),
            carrier_call_id: leg.clone(),
            token: state,
            id: saved.id.clone(),
            url: None,
            duration_secs: saved.duration_secs,
            state: if is_empty { RecordingState::Absent } else { RecordingState::Ready },
            key: format!("{account}/{}/recording/completed", saved.id),
        };
        self.recording(report).await
    }

    /// Something was heard on a leg. Where nothing is performed (this process has just begun, and an earlier one sent the command)
    /// an answer is still an answer to the question that its mark names.
    async fn heard_on(
        self: &Arc<Self>,
        account: &AccountId,
        leg: &CarrierCallId,
        told: &Told,
        whose: &Whose,
        state: Option<CallbackState>,
    ) {
        if self.stages.get(account, leg).is_some() {
            return self.hear(account, leg, told).await;
        }
        let heard = match &told.what {
            Happened::GatherEnded { digits: Some(digits) } => {
                Heard { digits: Some(digits.clone()), ..Heard::default() }
            }
            Happened::Said { words, is_final: true } => {
                Heard { speech: Some(words.clone()), ..Heard::default() }
            }
            Happened::RecordingSaved(saved) => {
                let found = match saved.recording.clone() {
                    Some(recording) => Some(recording),
                    None => self.recording_by_name(account, leg, saved.started_at, state.as_ref()).await,
                };
                let Some(recording) = found.filter(|found| found.duration_secs != Some(0)) else { return };
                Heard { recording: Some(recording), ..Heard::default() }
            }
            _ => return,
        };
        let Some(state) = state.filter(|state| matches!(state.place, Place::Hear(_) | Place::Consulted(_)))
        else {
            return;
        };
        let (of, is_open) = match whose {
            Whose::Own(state) => (Of::Own(state.call, state.on()), self.is_open(state)),
            // What somebody else said is a fact of the call, also when that is over; before, whoever carries it takes it in.
            Whose::Child(state, no) => {
                let is_open = match self.live.get(state.call) {
                    Some(_) => true,
                    None => self.reach(state.call).await.is_some_and(|call| call.lock().call.is_over()),
                };
                (Of::Child(state.call, state.on(), *no), is_open)
            }
            Whose::Unmarked => return,
        };
        let url = self.address_of(&state, state.place);
        if is_open {
            self.begin_at(account, leg, of, url, heard).await;
        }
    }

    /// The question whose answer was transcribed: that of the recording, else the one that its mark names.
    fn transcribed_at(
        &self,
        state: Option<CallbackState>,
        recording: Option<&RecordingId>,
    ) -> Option<CallbackState> {
        let state = state?;
        let handle = self.live.get(state.call);
        let step = handle.and_then(|handle| {
            let live = handle.lock();
            let mut turns = live.call.turns.values();
            let found = turns.find(|turn| turn.recordings.iter().any(|known| Some(&known.id) == recording));
            found.map(|turn| turn.step)
        });
        match step {
            Some(step) => Some(CallbackState { place: Place::Hear(Cursor::first(step)), ..state }),
            None => Some(state).filter(|state| state.place.answers().is_some()),
        }
    }

    /// The recording that began at this moment, of a leg on which nothing is performed.
    async fn recording_by_name(
        self: &Arc<Self>,
        account: &AccountId,
        leg: &CarrierCallId,
        began: Option<Timestamp>,
        state: Option<&CallbackState>,
    ) -> Option<RecordingFact> {
        let carrier = self.carriers.of(account).ok()?;
        let recordings = match carrier.controls()?.recordings(leg).await {
            Ok(recordings) => recordings,
            Err(error) => {
                tracing::warn!(%error, "performing.no_recording: what was said can't be looked for");
                return None;
            }
        };
        let (found, _) = recordings.into_iter().find(|(_, at)| Some(*at) == began)?;
        if let Err(error) = self.told_recording(account, leg, state.cloned(), &found).await {
            tracing::error!(%error, "performing.recording_not_journaled: its sound is not fetched");
        }
        Some(found)
    }

    async fn hear(self: &Arc<Self>, account: &AccountId, leg: &CarrierCallId, told: &Told) {
        let Some(stage) = self.stages.get(account, leg) else { return };
        let mut playing = stage.playing.lock().await;
        let late_word = self.word_of_who_is_let_go(&playing, told);
        playing.is_closed |= late_word.is_some();
        let late = || self.missed(&playing, told).or_else(|| self.opts_out(&playing, told));
        if let Some((url, heard)) = late_word.or_else(late) {
            playing.missed = None;
            self.break_off(&stage, &mut playing);
            let ask = Step::Ask(Box::new(Asked { url, heard }));
            return self.carry_out(&stage, &mut playing, vec![ask]).await;
        }
        let steps = playing
            .performance
            .as_mut()
            .map(|performance| performance.hear(told.mark.as_ref(), &told.what))
            .unwrap_or_default();
        self.carry_out(&stage, &mut playing, steps).await;
    }

    /// Keys or words that were waited for in vain, or by an earlier process, and are told after all, while the same question is asked
    /// again.
    fn missed(&self, playing: &Playing, told: &Told) -> Option<(String, Heard)> {
        let mark = told.mark.as_ref()?;
        // Nobody knows any more what an earlier process waited for.
        let missed = if self.stages.is_of_before(mark) { mark } else { playing.missed.as_ref()? };
        let heard = late_answer(missed, mark, &told.what)?;
        let answered = |token: Option<&str>| {
            let state = self.config.secrets.open(token?).ok()?;
            Some((question_at(state.place)?, state))
        };
        let (question, state) = answered(mark.token.as_deref())?;
        let performed = playing.performance.as_ref()?.mark();
        let (now, _) = answered(performed.token.as_deref())?;
        (now == question).then(|| (self.address_of(&state, state.place), heard))
    }

    /// The key of somebody who was asked whether they take a call, told when they were given up and are being hung up on. They are
    /// not joined any more; that they did not want it is as true as before.
    fn word_of_who_is_let_go(&self, playing: &Playing, told: &Told) -> Option<(String, Heard)> {
        let Happened::GatherEnded { digits: Some(digits) } = &told.what else { return None };
        let open = |mark: &Mark| self.config.secrets.open(mark.token.as_deref()?).ok();
        let state = open(told.mark.as_ref()?)?;
        let performance = playing.performance.as_ref().filter(|performance| performance.is_over())?;
        match (state.place, open(&performance.mark())?.place) {
            (Place::Consulted(no), Place::Consult(asked)) if no == asked => {
                let heard = Heard { digits: Some(digits.clone()), ..Heard::default() };
                Some((self.address_of(&state, state.place), heard))
            }
            _ => None,
        }
    }

    /// A key that is told after the end of its recording, if it says "never call me again": that is never too late.
    fn opts_out(&self, playing: &Playing, told: &Told) -> Option<(String, Heard)> {
        let Happened::Key(key) = told.what else { return None };
        let mark = told.mark.as_ref()?;
        let is_late = !playing.performance.as_ref().is_some_and(|performance| performance.mark().is_at(mark));
        let state = self.config.secrets.open(mark.token.as_deref().filter(|_| is_late)?).ok()?;
        let at = state.place.answers()?;
        let handle = self.live.get(state.call)?;
        let script = self.script_of(&handle.lock().call.clone(), &state);
        let said = Said { digits: Some(key.to_string()), speech: None, recording: true };
        if script.hear(at, &said).next != Next::OptedOut {
            return None;
        }
        let heard = Heard { digits: Some(Private::new(key.to_string())), ..Heard::default() };
        Some((self.address_of(&state, state.place), heard))
    }

    fn address_of(&self, state: &CallbackState, place: Place) -> String {
        let mint =
            trunkline_carriers::callback::Mint::of(&self.config.urls, &self.config.secrets, state.clone());
        mint.voice(place)
    }
}

/// What is told after all of a wait that was given up.
fn late_answer(missed: &Mark, mark: &Mark, what: &Happened) -> Option<Heard> {
    match what {
        Happened::GatherEnded { digits: Some(digits) } if missed.is_at(mark) => {
            Some(Heard { digits: Some(digits.clone()), ..Heard::default() })
        }
        Happened::Said { words, is_final: true } if missed.is_of_verb(mark) => {
            Some(Heard { speech: Some(words.clone()), ..Heard::default() })
        }
        _ => None,
    }
}

/// The question that a place brings the answer to, however often it was asked: one of the script's, or whether a call is taken.
fn question_at(place: Place) -> Option<Place> {
    match place {
        Place::Hear(at) => Some(Place::Hear(Cursor::first(at.step))),
        Place::Consulted(no) => Some(Place::Consulted(no)),
        _ => None,
    }
}

fn whose(told: &Told, state: Option<CallbackState>) -> Whose {
    let (Some(mark), Some(state)) = (&told.mark, state) else { return Whose::Unmarked };
    match state.place {
        // A page of the person's own leg bears the same place, and a turn.
        Place::Transfer(no) if mark.turn == 0 => Whose::Child(state, no),
        Place::Consult(no) | Place::Consulted(no) => Whose::Child(state, no),
        _ => Whose::Own(state),
    }
}
