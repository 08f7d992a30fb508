//! One call's line: who is on it, how much time passed on it, and what is reported about it.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::answer::Person;
use crate::call::{CallEvent, CallRecord, CallStatus, Direction, Form};
use crate::chance::Chance;
use crate::courier::{Body, Hook, WebhookKind};
use crate::exchange::Exchange;
use crate::faults::{FaultKind, Moment};
use crate::heard::Heard;
use crate::ids::{CallSid, RecordingSid, uuid};
use crate::mouth::Mouth;
use crate::progress::Progress;
use crate::recordings::{RecordingRecord, RecordingSource};
use crate::target::Target;

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ending {
    pub(crate) status: CallStatus,
    pub(crate) sip_code: u16,
}

/// A call while it lives.
pub(crate) struct Line {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) sid: CallSid,
    pub(crate) person: Person,
    progress: Option<Progress>,
    /// Simulated time that passed since the answer. It counts what was slept on purpose and not how long webhooks
    /// took, so that a duration depends on the seed and on nothing else.
    talked: Duration,
    /// How much may pass in all. It is counted like `talked`, so that it cuts every run of a seed at the same word.
    limit: Duration,
    exhausted: CancellationToken,
    /// When the sleep that is under way began.
    asleep_since: Option<Duration>,
    /// Since when the person waits for somebody to speak, by the clock: also while nobody counts.
    waits_since: Option<Duration>,
    picked_up: Option<Duration>,
    hooks: u32,
    recordings: u32,
}

impl Line {
    pub(crate) fn new(
        exchange: Arc<Exchange>,
        sid: CallSid,
        person: Person,
        progress: Option<Progress>,
    ) -> Self {
        Self {
            exchange,
            sid,
            person,
            progress,
            talked: Duration::ZERO,
            limit: Duration::MAX,
            exhausted: CancellationToken::new(),
            asleep_since: None,
            waits_since: None,
            picked_up: None,
            hooks: 0,
            recordings: 0,
        }
    }

    /// Lets simulated seconds pass. Once the limit is reached this never returns: whoever waits for
    /// [`Line::exhausted`] ends the call.
    pub(crate) async fn pass(&mut self, secs: u32) {
        let span = Duration::from_secs(secs.into());
        let left = self.limit.saturating_sub(self.talked);
        self.asleep_since = Some(self.exchange.clock.elapsed());
        self.exchange.clock.sleep(span.min(left)).await;
        self.asleep_since = None;
        self.talked += span.min(left);
        if span >= left {
            self.exhausted.cancel();
            std::future::pending::<()>().await;
        }
    }

    /// Lets simulated time pass until this moment since the start, which counts as so much talk. It may be dropped while it
    /// waits, and then counts for nothing. Once the limit is reached it never returns.
    pub(crate) async fn frame(&mut self, until: Duration, span: Duration) {
        self.exchange.clock.sleep_until(until).await;
        self.talked += span;
        if self.talked >= self.limit {
            self.exhausted.cancel();
            std::future::pending::<()>().await;
        }
    }

    /// From here on at most so many seconds pass.
    pub(crate) fn limit(&mut self, secs: u32) {
        self.limit = self.talked + Duration::from_secs(secs.into());
    }

    /// Cancelled when the limit is reached.
    pub(crate) fn exhausted(&self) -> CancellationToken {
        self.exhausted.clone()
    }

    /// Ends a sleep that was cut off, and counts what was slept of it.
    pub(crate) fn wake(&mut self) {
        if let Some(since) = self.asleep_since.take() {
            self.talked += self.exchange.clock.elapsed().saturating_sub(since);
        }
    }

    /// The person is to talk with somebody, and has waited for them since the call was answered.
    pub(crate) fn waits_since_answer(&mut self) {
        self.waits_since = self.picked_up;
    }

    /// The person waits for somebody to speak.
    pub(crate) fn waits(&mut self) {
        self.waits_since = Some(self.exchange.clock.elapsed());
    }

    /// Somebody speaks.
    pub(crate) fn hears_sound(&mut self) {
        if let Some(since) = self.waits_since.take() {
            let waited = self.exchange.clock.elapsed().saturating_sub(since);
            self.hear(Heard::Waited { ms: u32::try_from(waited.as_millis()).unwrap_or(u32::MAX) });
        }
    }

    pub(crate) fn hear(&self, heard: Heard) {
        self.exchange.register.hear(&self.sid, heard);
        self.exchange.changes.bump();
    }

    /// Changes the call's record, if it is not over, and gives it.
    pub(crate) fn update(&self, change: impl FnOnce(&mut CallRecord)) -> Option<CallRecord> {
        let record = self.exchange.register.update(&self.sid, change);
        self.exchange.changes.bump();
        record
    }

    /// The call as it is now.
    pub(crate) fn record(&self) -> Option<CallRecord> {
        self.exchange.register.get(&self.sid)
    }

    /// Changes the record and reports the event.
    pub(crate) fn report(&mut self, event: CallEvent, change: impl FnOnce(&mut CallRecord)) {
        if let Some(call) = self.update(change) {
            self.tell(&call, event, Form::default());
        }
    }

    fn tell(&mut self, call: &CallRecord, event: CallEvent, more: Form) {
        let token = self.token();
        if let Some(progress) = &mut self.progress {
            progress.report(&self.exchange, call, event, token, more);
        }
    }

    /// Somebody picked up: talking time starts to count.
    pub(crate) fn answered(&mut self) {
        self.talked = Duration::ZERO;
        self.picked_up = Some(self.exchange.clock.elapsed());
        let now = self.exchange.clock.now();
        self.report(CallEvent::Answered, |call| {
            call.status = CallStatus::InProgress;
            call.answered_at = Some(now);
        });
    }

    /// The call is over: it is written down, then told.
    pub(crate) fn end(&mut self, ending: Ending, recording: Option<&RecordingRecord>) {
        self.wake();
        let now = self.exchange.clock.now();
        let talked = u32::try_from(self.talked.as_secs()).unwrap_or(u32::MAX);
        let ended = self.update(|call| {
            call.status = ending.status;
            call.sip_code = Some(ending.sip_code);
            call.ended_at = Some(now);
            call.duration_secs = Some(if call.answered_at.is_some() { talked } else { 0 });
        });
        let Some(call) = ended else { return };
        self.exchange.memory.ended(&call);
        let more = recording.map_or_else(Form::default, |recording| {
            Form::default()
                .with("RecordingUrl", self.recording_url(&recording.sid))
                .with("RecordingSid", recording.sid.as_str())
                .with("RecordingDuration", recording.secs.to_string())
        });
        let more = more.and(self.who_hung_up(&call));
        self.tell(&call, CallEvent::Completed, more);
    }

    /// Telnyx says which side ended a call that was answered; Twilio does not.
    fn who_hung_up(&self, call: &CallRecord) -> Form {
        if self.exchange.mouth == Mouth::Twilio || call.answered_at.is_none() {
            return Form::default();
        }
        let heard = self.exchange.register.heard(&self.sid).unwrap_or_default();
        let by_person = heard.last().is_some_and(|heard| matches!(heard, Heard::PersonHungUp));
        let called_us = call.direction == Direction::Inbound;
        Form::default().with("HangupSource", if by_person == called_us { "caller" } else { "callee" })
    }

    /// Counts all that passed since the answer as talked: nothing else tells how long a call is that commands lead.
    pub(crate) fn talked_by_clock(&mut self) {
        if let Some(since) = self.picked_up {
            self.talked = self.exchange.clock.elapsed().saturating_sub(since);
        }
    }

    /// Seconds talked so far.
    pub(crate) fn talked_secs(&self) -> u32 {
        u32::try_from(self.talked.as_secs()).unwrap_or(u32::MAX)
    }

    /// A webhook about this call; `more` follows the standard parameters.
    pub(crate) fn hook(&mut self, kind: WebhookKind, target: &Target, more: Form) -> Hook {
        let standard = self.record().map(|call| call.form(&self.exchange.account_sid)).unwrap_or_default();
        let form = self.exchange.mouth.words(standard.and(more), &self.exchange.connection);
        let (call, target) = (self.sid.clone(), target.clone());
        Hook { call, kind, event: None, target, body: Body::Form(form), token: self.token() }
    }

    /// Sends a webhook whose answer does not matter.
    pub(crate) fn send(&mut self, kind: WebhookKind, target: &Target, more: Form) {
        let hook = self.hook(kind, target, more);
        let exchange = Arc::clone(&self.exchange);
        self.exchange.spawn(async move {
            let _ = exchange.courier.deliver(hook).await;
        });
    }

    pub(crate) fn token(&mut self) -> String {
        self.hooks += 1;
        let hex =
            Chance::of(self.exchange.seed, &["token", self.sid.as_str(), &self.hooks.to_string()]).hex32();
        uuid(&hex)
    }

    pub(crate) fn next_recording_sid(&mut self) -> RecordingSid {
        self.recordings += 1;
        let words = ["recording", self.sid.as_str(), &self.recordings.to_string()];
        self.exchange.mouth.recording_id(&Chance::of(self.exchange.seed, &words).hex32()).into()
    }

    pub(crate) fn recording_url(&self, sid: &RecordingSid) -> String {
        let Exchange { base_url, account_sid, .. } = &*self.exchange;
        match self.exchange.mouth {
            Mouth::Twilio => format!("{base_url}/2010-04-01/Accounts/{account_sid}/Recordings/{sid}"),
            Mouth::Telnyx => self.exchange.media_url(sid),
        }
    }

    /// Keeps a finished recording. Its audio and its callback come a little later.
    pub(crate) fn keep_recording(
        &mut self,
        sid: &RecordingSid,
        secs: u32,
        source: RecordingSource,
        told: Option<&Target>,
    ) -> RecordingRecord {
        let lag = self.exchange.recording_lag;
        let person = self.record().map(|call| call.person().to_owned()).unwrap_or_default();
        let late = match self.exchange.faults.strike(Moment::Recording, &person, None) {
            Some(FaultKind::RecordingLate { secs }) => Duration::from_secs(secs.into()),
            _ => Duration::ZERO,
        };
        let now = self.exchange.clock.now();
        let ago = |span: Duration| jiff::SignedDuration::try_from(span).unwrap_or_default();
        let record = RecordingRecord {
            sid: sid.clone(),
            call: self.sid.clone(),
            secs,
            source,
            started_at: now.saturating_sub(jiff::SignedDuration::from_secs(secs.into())).unwrap_or(now),
            media_from: now.saturating_add(ago(lag + late)).unwrap_or(now),
        };
        self.exchange.recordings.add(record.clone());
        self.exchange.memory.recorded(&record);
        if let Some(target) = told {
            let hook = self.recording_hook(target, &record, "completed");
            let exchange = Arc::clone(&self.exchange);
            self.exchange.spawn(async move {
                exchange.clock.sleep(lag).await;
                let _ = exchange.courier.deliver(hook).await;
            });
        }
        record
    }

    /// A recording callback: its own small set of parameters, without the standard ones.
    pub(crate) fn recording_hook(
        &mut self,
        target: &Target,
        recording: &RecordingRecord,
        status: &str,
    ) -> Hook {
        let form = Form::default()
            .with("AccountSid", &self.exchange.account_sid)
            .with("CallSid", self.sid.as_str())
            .with("RecordingSid", recording.sid.as_str())
            .with("RecordingUrl", self.recording_url(&recording.sid))
            .with("RecordingStatus", status)
            .with("RecordingDuration", recording.secs.to_string())
            .with("RecordingChannels", "1")
            .with("RecordingStartTime", crate::clock::rfc2822(recording.started_at))
            .with("RecordingSource", recording.source.as_str())
            .with("RecordingTrack", "both")
            .with("ErrorCode", "0");
        let form = self.exchange.mouth.words(form, &self.exchange.connection);
        let token = self.token();
        Hook {
            call: self.sid.clone(),
            kind: WebhookKind::Recording,
            event: None,
            target: target.clone(),
            body: Body::Form(form),
            token,
        }
    }
}
