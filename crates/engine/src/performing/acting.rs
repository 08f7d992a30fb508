//! Steps done: commands in their order, each until it is obeyed or given up; pages, asked for as a carrier would; waits.

use super::{Of, Playing, Stage};
use crate::engine::Inner;
use crate::webhook::{DialReport, Line, VoiceFetch};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use trunkline_carriers::callback::CallbackState;
use trunkline_carriers::telnyx::control::{Asked, Command, Happened, Heard, Mark, Obeyed, Performance, Step};
use trunkline_carriers::voice::Document;
use trunkline_carriers::{AskError, webhook};
use trunkline_core::call::{Direction, News, RecordingFact};
use trunkline_core::private::{Address, Private};

/// So many pages one after another that say nothing: a circle.
const EMPTY_PAGES: usize = 30;
/// A command that the carrier does not answer is sent again under its name for so long: the carrier knows it again for a minute.
const TRIED_FOR: Duration = Duration::from_secs(45);
/// The question waits meanwhile, and can be answered by keys.
const LISTENING_TRIED_FOR: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// So often a recording is looked for, with so much time between: it may be told of before it can be had.
const LOOKS: usize = 4;
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// How far the carrier's clock may be behind ours.
pub(super) const SKEW: SignedDuration = SignedDuration::from_secs(5);

impl Inner {
    /// Does what is to be done next on a leg. Whoever calls holds what is played there.
    pub(super) async fn carry_out(
        self: &Arc<Self>,
        stage: &Arc<Stage>,
        playing: &mut Playing,
        steps: Vec<Step>,
    ) {
        if steps.is_empty() {
            return;
        }
        // What was waited for is not waited for any more.
        playing.wait += 1;
        let mut pages = 0;
        let mut steps = VecDeque::from(steps);
        while let Some(step) = steps.pop_front() {
            match step {
                Step::Send(command, mark) => {
                    pages = 0;
                    stage.outbox.lock().push_back((self.addressed(command), mark));
                }
                Step::Wait(span) => self.wait_on(stage, playing, span),
                Step::Ask(asked) => {
                    pages += 1;
                    let document = match pages {
                        ..=EMPTY_PAGES => self.next_page(stage, playing, &asked).await,
                        _ => self.apology(),
                    };
                    steps.extend(self.put_on(stage, playing, &document, &asked.url));
                }
                Step::FindRecording(begun) => self.find_recording(stage, playing, begun),
                Step::LookAt(child) => self.look_at_child(stage, child),
                Step::Join => self.join(stage, playing),
            }
        }
        self.begin_sending(stage);
    }

    fn begin_sending(self: &Arc<Self>, stage: &Arc<Stage>) {
        let (inner, stage) = (self.clone(), stage.clone());
        self.tasks.spawn(async move { inner.send_all(&stage).await });
    }

    /// Begins a document on a leg that is answered.
    pub(super) fn put_on(
        &self,
        stage: &Stage,
        playing: &mut Playing,
        document: &Document,
        url: &str,
    ) -> Vec<Step> {
        let turn = self.stages.next_turn();
        stage.turn.store(turn, Ordering::Release);
        let (performance, steps) = Performance::begin(document, turn, token(url).map(str::to_owned));
        playing.performance = Some(performance);
        playing.since = self.clock.now();
        steps
    }

    /// The page at an address of ours, with what was heard, as if the carrier had fetched it.
    async fn next_page(self: &Arc<Self>, stage: &Stage, playing: &Playing, asked: &Asked) -> Document {
        let opened = token(&asked.url).and_then(|token| self.config.secrets.open(token).ok());
        let Some(token) = opened.filter(|state| state.account == stage.account) else {
            tracing::error!("performing.no_page: a page's address was not ours");
            return self.apology();
        };
        let line = if playing.is_closed { Line::Closed } else { Line::Open };
        self.voice(self.fetch_of(stage, token, &asked.heard, line)).await
    }

    fn fetch_of(&self, stage: &Stage, token: CallbackState, heard: &Heard, line: Line) -> VoiceFetch {
        let nobody = Address::default();
        let dialed = heard.dial.clone();
        let as_form = webhook::VoiceFetch {
            about: webhook::About {
                account: stage.account.clone(),
                carrier_call_id: stage.leg.clone(),
                parent: None,
                direction: Direction::Outbound,
                from: nobody.clone(),
                to: nobody.clone(),
                attestation: None,
            },
            news: None,
            digits: heard.digits.clone(),
            speech: heard.speech.clone(),
            recording: heard.recording.clone(),
            dial: None,
            answered_by: None,
            failed_with: None,
        };
        let key = as_form.key(Some(&token), None, &self.config.secrets).as_str().to_owned();
        VoiceFetch {
            account: stage.account.clone(),
            carrier_call_id: stage.leg.clone(),
            token: Some(token),
            q: None,
            name: None,
            direction: Direction::Outbound,
            from: nobody.clone(),
            to: nobody,
            attestation: None,
            digits: as_form.digits,
            speech: as_form.speech,
            recording: as_form.recording,
            dial: dialed.map(|(leg, end)| DialReport {
                carrier_call_id: leg,
                news: end.map(News::Ended).ok_or_else(|| "unknown".to_owned()),
            }),
            line,
            key,
        }
    }

    /// Where the events of a leg are told that is dialed by a command.
    fn addressed(&self, command: Command) -> Command {
        match command {
            Command::Dial { to, child, .. } => {
                let events = self.config.urls.call_control();
                Command::Dial { to, child, events }
            }
            other => other,
        }
    }

    /// Looks again when so much time has passed, unless something has happened.
    fn wait_on(self: &Arc<Self>, stage: &Arc<Stage>, playing: &mut Playing, span: Duration) {
        playing.wait += 1;
        let (inner, stage, wait) = (self.clone(), stage.clone(), playing.wait);
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(inner.clock.really(span)) => {}
                () = inner.stop.cancelled() => return,
            }
            inner.time_up(&stage, wait).await;
        });
    }

    async fn time_up(self: &Arc<Self>, stage: &Arc<Stage>, wait: u64) {
        let (awaited, gathering) = {
            let playing = stage.playing.lock().await;
            if playing.wait != wait {
                return;
            }
            let performance = playing.performance.as_ref();
            let gathers = performance.filter(|performance| performance.gathers());
            (performance.is_some_and(Performance::awaits_event), gathers.map(Performance::mark))
        };
        if awaited && !self.is_still_there(stage).await {
            return;
        }
        let found = self.keys_untold(stage, gathering.as_ref().filter(|_| awaited)).await;
        let mut playing = stage.playing.lock().await;
        if playing.wait != wait {
            return;
        }
        if found.is_none() && gathering.is_some() {
            playing.missed = gathering.clone();
        }
        let performance = playing.performance.as_mut();
        let steps = performance.map(|performance| match found {
            Some(keys) => performance.hear(gathering.as_ref(), &Happened::GatherEnded { digits: Some(keys) }),
            None => performance.time_up(),
        });
        let steps = steps.unwrap_or_default();
        if awaited {
            self.tally.unheard();
            tracing::warn!(call = ?playing.of.map(Of::call), "performing.event_lost: its end was not told; the call goes on");
        }
        self.carry_out(stage, &mut playing, steps).await;
    }

    /// The keys of which nobody told, where keys were waited for: the carrier keeps its events.
    async fn keys_untold(&self, stage: &Stage, gathering: Option<&Mark>) -> Option<Private<String>> {
        let (mark, carrier) = (gathering?, self.carriers.of(&stage.account).ok()?);
        match carrier.controls()?.keys(&stage.leg, mark).await {
            Ok(keys) => keys,
            Err(error) => {
                tracing::warn!(%error, "performing.no_keys: what was pressed can't be looked for");
                None
            }
        }
    }

    /// Whether the carrier still has a leg. One that is gone is asked about, so that the call ends.
    async fn is_still_there(self: &Arc<Self>, stage: &Arc<Stage>) -> bool {
        match self.alive(stage).await {
            Ok(true) => true,
            Ok(false) => {
                self.leg_is_gone(stage).await;
                false
            }
            // What can't be asked now may well go on.
            Err(error) => {
                tracing::warn!(%error, "performing.not_asked: the call is taken for live");
                true
            }
        }
    }

    async fn alive(&self, stage: &Stage) -> Result<bool, AskError> {
        let carrier = self.carriers.of(&stage.account)?;
        match carrier.controls() {
            Some(controls) => Ok(controls.is_alive(&stage.leg).await?.unwrap_or(false)),
            None => Ok(false),
        }
    }

    /// A leg is over and nobody told: its call is asked about, or what it was dialed for has come to nothing.
    async fn leg_is_gone(self: &Arc<Self>, stage: &Arc<Stage>) {
        let of = {
            let mut playing = stage.playing.lock().await;
            playing.wait += 1;
            playing.is_closed = true;
            playing.of
        };
        match of {
            Some(Of::Own(call, on)) => {
                if let Some(handle) = self.live.get(call) {
                    self.ask(handle, on.leg);
                }
            }
            Some(Of::Child(call, on, _)) => {
                self.stages.close(stage);
                self.child_is_gone(call, on, &stage.account, &stage.leg).await;
            }
            None => self.stages.close(stage),
        }
    }

    /// Sends what is to be sent, one after the other.
    async fn send_all(self: &Arc<Self>, stage: &Arc<Stage>) {
        let _sending = stage.sending.lock().await;
        loop {
            let next = stage.outbox.lock().pop_front();
            let Some((command, mark)) = next else { return };
            self.send(stage, &command, &mark).await;
        }
    }

    async fn send(self: &Arc<Self>, stage: &Arc<Stage>, command: &Command, mark: &Mark) {
        let obeyed = self.obeyed(stage, command, mark).await;
        let is_stop = command.is_stop();
        match obeyed {
            Ok(Obeyed::Done(leg)) => {
                if matches!(command, Command::Listen(_)) {
                    self.stages.listens(&stage.account);
                }
                if let (Command::Dial { .. }, Some(leg)) = (command, leg) {
                    let mut playing = stage.playing.lock().await;
                    if let Some(performance) = &mut playing.performance {
                        performance.dialed(&leg);
                    }
                }
            }
            Ok(Obeyed::Over) if is_stop => {}
            Ok(Obeyed::Over) => self.leg_is_gone(stage).await,
            // There was nothing to stop.
            Ok(Obeyed::Refused(_)) if is_stop && *command != Command::StopRecording => {}
            Ok(Obeyed::Refused(why)) => self.not_obeyed(stage, command, mark, &why).await,
            Err(error) => self.not_obeyed(stage, command, mark, &error.to_string()).await,
        }
    }

    async fn not_obeyed(self: &Arc<Self>, stage: &Arc<Stage>, command: &Command, mark: &Mark, why: &str) {
        let is_known = matches!(command, Command::Listen(_)) && !self.stages.is_newly_deaf(&stage.account);
        if is_known {
            tracing::debug!(why, "performing.refused: nobody listens, as before");
        } else {
            tracing::warn!(command = command.word(), why, "performing.refused: the call goes on without it");
        }
        let mut playing = stage.playing.lock().await;
        let steps = playing
            .performance
            .as_mut()
            .map(|performance| performance.refused(command, mark))
            .unwrap_or_default();
        self.carry_out(stage, &mut playing, steps).await;
    }

    /// Sends one command until it is answered, under the same name.
    async fn obeyed(&self, stage: &Stage, command: &Command, mark: &Mark) -> Result<Obeyed, AskError> {
        let carrier = self.carriers.of(&stage.account)?;
        let Some(controls) = carrier.controls() else { return Ok(Obeyed::Over) };
        let (mut pause, begun) = (FIRST_PAUSE, self.clock.now());
        let patience = match command {
            Command::Listen(_) => LISTENING_TRIED_FOR,
            _ => TRIED_FOR,
        };
        loop {
            let error = match controls.command(&stage.leg, command, mark).await {
                Err(error) if error.is_transient() => error,
                answer => return answer,
            };
            let tried = Duration::try_from(self.clock.now().duration_since(begun)).unwrap_or(TRIED_FOR);
            let is_old = mark.turn != 0 && mark.turn < stage.turn.load(Ordering::Acquire);
            if tried >= patience || is_old {
                return Err(error);
            }
            tokio::select! {
                () = tokio::time::sleep(self.clock.really(pause)) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = self.stop.cancelled() => return Err(error),
            }
        }
    }

    /// Looks for a recording of which nobody told, or not its name, and goes on with it or without one.
    fn find_recording(self: &Arc<Self>, stage: &Arc<Stage>, playing: &mut Playing, began: Option<Timestamp>) {
        playing.wait += 1;
        let (inner, stage, wait) = (self.clone(), stage.clone(), playing.wait);
        let (of, since) = (playing.of, playing.since.checked_sub(SKEW).unwrap_or(playing.since));
        let state = playing.performance.as_ref().and_then(|performance| performance.mark().token);
        self.tasks.spawn(async move {
            let found = inner.recording_of(&stage, of, since, began).await;
            if let Some(found) = &found {
                let state = state.and_then(|token| inner.config.secrets.open(&token).ok());
                if let Err(error) = inner.told_recording(&stage.account, &stage.leg, state, found).await {
                    tracing::error!(%error, "performing.recording_not_journaled: its sound is not fetched");
                }
            }
            let mut playing = stage.playing.lock().await;
            if playing.wait != wait {
                return;
            }
            let steps =
                playing.performance.as_mut().map(|performance| performance.found(found)).unwrap_or_default();
            inner.carry_out(&stage, &mut playing, steps).await;
        });
    }

    /// The recording that began at this moment; where that was not told the newest since then that is of no other question.
    async fn recording_of(
        &self,
        stage: &Stage,
        of: Option<Of>,
        since: Timestamp,
        began: Option<Timestamp>,
    ) -> Option<RecordingFact> {
        for _ in 0..LOOKS {
            let carrier = self.carriers.of(&stage.account).ok()?;
            let recordings = match carrier.controls()?.recordings(&stage.leg).await {
                Ok(recordings) => recordings,
                Err(error) => {
                    tracing::warn!(%error, "performing.no_recording: what was said can't be looked for");
                    Vec::new()
                }
            };
            let is_known = |recording: &RecordingFact| {
                let handle = of.and_then(|of| self.live.get(of.call()));
                handle.is_some_and(|handle| {
                    handle.lock().call.recordings().any(|(_, known)| known.id == recording.id)
                })
            };
            let found = recordings
                .into_iter()
                .filter(|(recording, at)| match began {
                    Some(began) => *at == began,
                    None => *at >= since && !is_known(recording),
                })
                .max_by_key(|(_, at)| *at);
            if let Some((recording, _)) = found {
                return Some(recording);
            }
            tokio::select! {
                () = tokio::time::sleep(self.clock.really(BETWEEN_LOOKS)) => {}
                () = self.stop.cancelled() => return None,
            }
        }
        None
    }
}

/// The sealed state in an address of ours.
pub(super) fn token(url: &str) -> Option<&str> {
    let (_, query) = url.split('#').next()?.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("s="))
}
