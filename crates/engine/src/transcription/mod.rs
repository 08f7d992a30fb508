//! Texts of recorded answers, by an engine of the operator's own behind an HTTP hook.
//!
//! ```text
//! recording stored → asked (journaled) → the hook is asked → 200 with the text, or 202 and the text comes back later
//!                                             └→ nothing of use → asked again, over a day and a half → failed
//! ```
//!
//! What is awaited stands in the calls, and is kept in memory only so as to be found: a restart reads it from history. A hook
//! that hangs holds one of few places, and no call. A text that comes when nobody waits any more is taken all the same.
//!
//! - `asking`: one request, and what came of it · `links`: addresses that the hook is told, and what they open

mod asking;
mod links;

pub use links::TextError;

use crate::clock::chance;
use crate::engine::Inner;
use crate::live::Handle;
use asking::Asked;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use trunkline_carriers::outgoing::{NoClient, Poster, Reach, Secret};
use trunkline_core::call::{
    Call, FORGOTTEN, PROMISE, Source, TranscriptionNews, TranscriptionStage, What, ask_again_at,
};
use trunkline_core::id::{CallId, RecordingId};
use trunkline_core::private::Private;

/// So many requests are out at once.
const AT_ONCE: usize = 8;
/// So many may wait; what comes on top is not asked for.
const MOST: usize = 100_000;
/// It is looked at least so often.
const LOOK: Duration = Duration::from_secs(1);
/// So many calls of history are read at once, with a breath between.
const PAGE: u16 = 200;
const BREATH: Duration = Duration::from_millis(50);

/// Who turns recordings into text.
#[derive(Clone, Debug, Default)]
pub enum Transcribing {
    /// The carrier, where a script says so.
    #[default]
    Carrier,
    /// An engine of the operator's own.
    Hook(Box<TranscriptionHook>),
    /// Nobody.
    Off,
}

/// An engine of the operator's own, behind HTTP.
#[derive(Clone, Debug)]
pub struct TranscriptionHook {
    /// Where it is asked.
    pub url: String,
    /// To where anything is sent.
    pub reach: Reach,
    /// Signs what is sent.
    pub secret: Arc<Secret>,
    /// How long one request may take, in real time.
    pub timeout: Duration,
}

/// What is awaited.
pub(crate) struct Transcripts {
    hook: Option<(TranscriptionHook, Poster)>,
    waiting: Mutex<BTreeMap<(CallId, RecordingId), Wait>>,
    news: Notify,
    free: Arc<Semaphore>,
}

/// One that is awaited: when something is due about it, and whether somebody is at it.
#[derive(Clone, Copy, Debug)]
struct Wait {
    step: u16,
    ask: u8,
    since: Timestamp,
    due: Timestamp,
    is_promised: bool,
    is_asked_now: bool,
}

impl Transcripts {
    pub fn new(by: &Transcribing) -> Result<Self, NoClient> {
        let hook = match by {
            Transcribing::Hook(hook) => {
                Some((TranscriptionHook::clone(hook), Poster::new(hook.reach.clone(), hook.timeout)?))
            }
            Transcribing::Carrier | Transcribing::Off => None,
        };
        let free = Arc::new(Semaphore::new(AT_ONCE));
        Ok(Self { hook, waiting: Mutex::default(), news: Notify::new(), free })
    }

    /// How many texts are awaited.
    pub fn awaited(&self) -> usize {
        self.waiting.lock().len()
    }

    fn put(&self, call: CallId, recording: RecordingId, wait: Wait) {
        let mut waiting = self.waiting.lock();
        if waiting.len() < MOST {
            waiting.entry((call, recording)).or_insert(wait);
        }
        drop(waiting);
        self.news.notify_one();
    }

    /// What is awaited of a call's history.
    fn put_awaited(&self, call: &Call, now: Timestamp) {
        for (step, known) in
            call.turns.values().filter_map(|turn| Some((turn.step, turn.transcription_awaited(now)?)))
        {
            let is_promised = known.stage == TranscriptionStage::Promised;
            let due = if is_promised { known.since.checked_add(PROMISE).unwrap_or(now) } else { now };
            let wait =
                Wait { step, ask: known.ask, since: known.since, due, is_promised, is_asked_now: false };
            self.put(call.id, known.recording.clone(), wait);
        }
    }

    /// One that is due, if there is one and room for it.
    fn next_due(&self, now: Timestamp) -> Option<(CallId, RecordingId, Wait)> {
        let mut waiting = self.waiting.lock();
        let (name, wait) = waiting.iter_mut().find(|(_, wait)| !wait.is_asked_now && wait.due <= now)?;
        wait.is_asked_now = true;
        Some((name.0, name.1.clone(), *wait))
    }

    fn again(&self, call: CallId, recording: &RecordingId, due: Timestamp, is_promised: bool) {
        if let Some(wait) = self.waiting.lock().get_mut(&(call, recording.clone())) {
            *wait = Wait { due, is_promised, is_asked_now: false, ..*wait };
        }
    }

    fn done(&self, call: CallId, recording: &RecordingId) {
        self.waiting.lock().remove(&(call, recording.clone()));
    }
}

impl Inner {
    /// Has the text of a call's recordings asked for that are stored and that nobody was asked about.
    pub(crate) async fn transcribe(self: &Arc<Self>, handle: &Handle) {
        if self.transcripts.hook.is_none() {
            return;
        }
        let (call, wanted): (CallId, Vec<(RecordingId, Wait)>) = {
            let live = handle.lock();
            let now = self.clock.now();
            let wanted = live.call.turns.values().filter_map(|turn| {
                let recording = turn.to_transcribe()?;
                let (step, ask) = (turn.step, recording.ask);
                let wait = Wait { step, ask, since: now, due: now, is_promised: false, is_asked_now: false };
                Some((recording.id.clone(), wait))
            });
            (live.call.id, wanted.collect())
        };
        for (recording, wait) in wanted {
            let stands = self.transcription_is(call, wait, &recording, TranscriptionStage::Asked).await;
            if stands.is_ok() {
                self.transcripts.put(call, recording, wait);
            }
        }
    }

    /// Asks the hook until the server stops.
    pub(crate) async fn ask_for_transcripts(self: Arc<Self>) {
        if self.transcripts.hook.is_none() {
            return;
        }
        for handle in self.live.all() {
            let call = handle.lock().call.clone();
            self.transcripts.put_awaited(&call, self.clock.now());
            self.transcribe(&handle).await;
        }
        self.tasks.spawn(self.clone().look_back());
        loop {
            while let Some((call, recording, wait)) = self.transcripts.next_due(self.clock.now()) {
                let free = Arc::clone(&self.transcripts.free);
                let permit = tokio::select! {
                    permit = free.acquire_owned() => permit,
                    () = self.stop.cancelled() => return,
                };
                let (inner, Ok(permit)) = (self.clone(), permit) else { return };
                self.tasks.spawn(async move {
                    inner.try_one(call, &recording, wait).await;
                    drop(permit);
                });
            }
            tokio::select! {
                () = tokio::time::sleep(self.clock.really(LOOK).max(BREATH)) => {}
                () = self.transcripts.news.notified() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Takes up what an earlier life of this server had asked for.
    async fn look_back(self: Arc<Self>) {
        let now = self.clock.now();
        let since = now.checked_sub(FORGOTTEN).unwrap_or(now);
        for tenant in self.all_tenants() {
            let mut from = since;
            while !self.stop.is_cancelled() {
                let page =
                    self.ask_store(async |store| store.calls_from(&tenant, from, now, PAGE).await).await;
                let Ok(page) = page else {
                    // The database is away: nothing is lost by waiting.
                    tokio::time::sleep(LOOK).await;
                    continue;
                };
                page.iter().for_each(|call| self.transcripts.put_awaited(call, self.clock.now()));
                match page.last() {
                    Some(last) if page.len() >= usize::from(PAGE) && last.created_at > from => {
                        from = last.created_at;
                    }
                    Some(_) | None => break,
                }
                tokio::time::sleep(BREATH).await;
            }
        }
    }

    async fn try_one(self: &Arc<Self>, call: CallId, recording: &RecordingId, wait: Wait) {
        let asked = if wait.is_promised {
            Asked::Never("the text that was promised did not come".to_owned())
        } else {
            tokio::select! {
                asked = self.ask_hook(call, wait.step, recording) => asked,
                () = self.stop.cancelled() => return,
            }
        };
        let now = self.clock.now();
        let stage = match asked {
            Asked::NotNeeded => return self.transcripts.done(call, recording),
            Asked::Text(text) => {
                if self.text_came(call, wait.step, recording, text).await.is_ok() {
                    return self.transcripts.done(call, recording);
                }
                let why = "the text could not be written down";
                return self.again_or_never(call, recording, wait, why).await;
            }
            Asked::Again(why) => return self.again_or_never(call, recording, wait, &why).await,
            Asked::Promised => TranscriptionStage::Promised,
            Asked::Never(why) => TranscriptionStage::Failed { why },
        };
        let is_promised = stage == TranscriptionStage::Promised;
        if self.transcription_is(call, wait, recording, stage).await.is_err() {
            return self.transcripts.again(
                call,
                recording,
                now.checked_add(SignedDuration::from_mins(1)).unwrap_or(now),
                false,
            );
        }
        match is_promised {
            true => {
                self.transcripts.again(call, recording, now.checked_add(PROMISE).unwrap_or(now), true);
            }
            false => self.transcripts.done(call, recording),
        }
    }

    async fn again_or_never(self: &Arc<Self>, call: CallId, recording: &RecordingId, wait: Wait, why: &str) {
        // Without chance all that failed together come back together: that is no reason to lose them.
        let jitter = u16::from_ne_bytes(chance().unwrap_or_default());
        if let Some(due) = ask_again_at(wait.since, self.clock.now(), jitter) {
            tracing::debug!(%call, why, "transcript.not_yet: asked for again");
            return self.transcripts.again(call, recording, due, false);
        }
        tracing::warn!(%call, why, "transcript.failed: given up");
        let failed = TranscriptionStage::Failed { why: why.to_owned() };
        // If that can't be written down, the next start comes here again.
        let _ = self.transcription_is(call, wait, recording, failed).await;
        self.transcripts.done(call, recording);
    }

    async fn transcription_is(
        self: &Arc<Self>,
        call: CallId,
        of: Wait,
        recording: &RecordingId,
        stage: TranscriptionStage,
    ) -> Result<(), crate::IntakeError> {
        let word = match &stage {
            TranscriptionStage::Asked => "asked",
            TranscriptionStage::Promised => "promised",
            TranscriptionStage::Failed { .. } => "failed",
        };
        let key = format!("transcription:{recording}:{word}");
        let what = What::Transcription(Box::new(TranscriptionNews {
            step: of.step,
            ask: of.ask,
            recording: recording.clone(),
            stage,
        }));
        self.observe(self.own_event(call, key, Source::Engine, what)).await.map(drop)
    }

    /// A text is there, and goes to its answer.
    async fn text_came(
        self: &Arc<Self>,
        call: CallId,
        step: u16,
        recording: &RecordingId,
        text: Private<String>,
    ) -> Result<(), crate::IntakeError> {
        let tag = self.config.secrets.tag(text.reveal().as_bytes());
        let key = format!("transcription:{recording}:text:{tag}");
        let what = What::Transcribed { step, text };
        self.observe(self.own_event(call, key, Source::Engine, what)).await.map(drop)
    }
}
