//! A bot's talk, recorded as it is heard: the sound goes to the core's tape on its way, and from there into a file, off the path
//! of the sound. A disk that is full or slow stops the recording, never the call.
//!
//! Each media stream has a recording of its own. What happens between two streams nobody hears, and how long it took only the
//! carrier knows; and a part that has ended never changes again, so that its checksum can be journaled at once. The call says
//! that a recording was begun before there is a file, so that no file is anybody's that nobody knows of; whoever finds one that
//! was begun and not ended (the session at its end, the next process at its start) ends it the same way.

use crate::engine::Inner;
use crate::live::Handle;
use crate::scripts::AskConsent;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use trunkline_core::bridge::{CarrierDoes, CarrierSays, Tape};
use trunkline_core::call::{Call, RecordingNews, RecordingState, Source, What};
use trunkline_core::id::{CallId, RecordingId};
use trunkline_media::{Grown, RecordingName};

/// So much is written at once: half a second.
const BATCH_BYTES: usize = 8_000;
/// Waits between tries to end one, in seconds of the engine's clock: on a full disk there may be room again.
const WAITS_SECS: [u64; 6] = [1, 5, 30, 60, 300, 900];
/// So many of these wait for a slow disk; what comes then waits here.
const WAITING: usize = 64;

/// The recordings that are being made: nobody else ends them.
#[derive(Debug, Default)]
pub(crate) struct Tapes(Mutex<BTreeSet<(CallId, u16)>>);

/// The recording of one media stream, while it lasts.
pub(super) struct Taping {
    tape: Tape,
    ready: Vec<u8>,
    to: mpsc::Sender<Vec<u8>>,
}

impl Inner {
    /// Whether a bot's talk in this call may be recorded: its file says so, so that it has told the caller, and the caller has not
    /// said no. Where people are to be asked each time, they must have said yes.
    fn may_tape(&self, call: &Call) -> bool {
        let records = self.bot_in(call).is_some_and(|bot| bot.records);
        let agrees = match self.config.consent {
            AskConsent::AsScriptsSay => call.consent() != Some(false),
            AskConsent::Always => call.consent() == Some(true),
        };
        records && agrees
    }

    /// Begins to record a stream, if it may be.
    pub(super) fn tape(self: &Arc<Self>, handle: &Handle, call: &Call, stream: u16) -> Option<Taping> {
        if !self.may_tape(call) {
            return None;
        }
        let (to, sound) = mpsc::channel(WAITING);
        self.tapes.0.lock().insert((call.id, stream));
        self.tasks.spawn(keep(self.clone(), handle.clone(), call.id, stream, sound));
        Some(Taping { tape: Tape::default(), ready: Vec::new(), to })
    }

    /// Ends a recording that a process before this one has begun.
    pub(crate) async fn end_tape_of_before(self: Arc<Self>, handle: Handle, call: CallId, stream: u16) {
        if !self.tapes.0.lock().contains(&(call, stream)) {
            self.end_tape(&handle, call, stream).await;
        }
    }

    /// Ends the recording of a stream, as far as there is one in this server's folder, and says what it is.
    async fn end_tape(self: &Arc<Self>, handle: &Handle, call: CallId, stream: u16) {
        let Some(name) = name_of(call, stream) else { return };
        let mut last = String::new();
        for wait in WAITS_SECS {
            // The next start ends it.
            if !self.until_news_is_taken().await {
                return;
            }
            match self.recordings.end(&name).await {
                Ok(found) => {
                    let (state, duration_secs) = self.ended_as(found);
                    self.tape_is(handle, call, stream, state, duration_secs).await;
                    return;
                }
                Err(error) => last = error.to_string(),
            }
            tokio::select! {
                () = tokio::time::sleep(self.clock.really(Duration::from_secs(wait))) => {}
                // The next start ends it.
                () = self.stop.cancelled() => return,
            }
        }
        tracing::error!(%call, stream, why = last, "recording.not_ended: given up");
        self.tape_is(handle, call, stream, RecordingState::Failed { why: last }, None).await;
    }

    /// Where a recording stands of which this was found.
    fn ended_as(&self, found: Option<Grown>) -> (RecordingState, Option<u32>) {
        match found {
            Some(Grown { stored, duration_secs }) => {
                self.moving.wake();
                let state = RecordingState::Stored { bytes: stored.bytes, sha256: stored.sha256 };
                (state, Some(duration_secs))
            }
            None if self.config.database.is_shared() => {
                let why = "there is no sound of it in this server's folder".to_owned();
                (RecordingState::Failed { why }, None)
            }
            None => (RecordingState::Absent, None),
        }
    }

    /// Says in the call where the recording of a stream stands; whether that is journaled.
    async fn tape_is(
        self: &Arc<Self>,
        handle: &Handle,
        call: CallId,
        stream: u16,
        state: RecordingState,
        duration_secs: Option<u32>,
    ) -> bool {
        let id = RecordingId::new(id_of(stream));
        let word = if state == RecordingState::Named { "begun" } else { "ended" };
        let key = format!("recording:{id}:{word}");
        let news =
            RecordingNews { id, step: None, stream: Some(stream), ask: 0, url: None, duration_secs, state };
        let what = What::Recording(Box::new(news));
        let journaled = self.observe_on(handle, self.own_event(call, key, Source::Engine, what)).await;
        if let Err(error) = &journaled {
            tracing::error!(%call, stream, %error, "recording.not_journaled: it is ended at the next start");
        }
        journaled.is_ok()
    }
}

/// What the recording of a stream is called.
fn id_of(stream: u16) -> String {
    format!("talk-{stream}")
}

fn name_of(call: CallId, stream: u16) -> Option<RecordingName> {
    RecordingName::new(&call.to_string(), &id_of(stream))
}

/// Writes what comes, and ends the recording when nothing more does.
async fn keep(inner: Arc<Inner>, handle: Handle, call: CallId, stream: u16, sound: mpsc::Receiver<Vec<u8>>) {
    write(&inner, &handle, call, stream, sound).await;
    inner.tapes.0.lock().remove(&(call, stream));
}

async fn write(
    inner: &Arc<Inner>,
    handle: &Handle,
    call: CallId,
    stream: u16,
    mut sound: mpsc::Receiver<Vec<u8>>,
) {
    let Some(name) = name_of(call, stream) else { return };
    if !inner.tape_is(handle, call, stream, RecordingState::Named, None).await {
        return;
    }
    match inner.recordings.grow(&name).await {
        Ok(mut growing) => {
            while let Some(pairs) = sound.recv().await {
                if !inner.takes_news() {
                    tracing::error!(%call, stream, "recording.cut_off: the journal takes no news, its disk may be full");
                    break;
                }
                if let Err(error) = growing.write(&pairs).await {
                    tracing::error!(%call, stream, %error, "recording.cut_off: what comes now is not recorded");
                    break;
                }
            }
        }
        Err(error) => tracing::error!(%call, stream, %error, "recording.not_begun"),
    }
    inner.end_tape(handle, call, stream).await;
}

impl Taping {
    /// What the carrier says.
    pub(super) fn hears(&mut self, says: &CarrierSays) {
        match says {
            CarrierSays::Audio(sound) => {
                if let Ok(sound) = STANDARD.decode(sound) {
                    self.tape.heard(&sound);
                }
            }
            CarrierSays::Mark(name) => self.tape.marked(name),
            CarrierSays::Digit(_) | CarrierSays::Stopped | CarrierSays::Lost => {}
        }
        let certain = self.tape.take();
        self.write(&certain, BATCH_BYTES);
    }

    /// What the carrier is asked to do.
    pub(super) fn asks(&mut self, does: &CarrierDoes) {
        match does {
            CarrierDoes::Play(sound) => {
                if let Ok(sound) = STANDARD.decode(sound) {
                    self.tape.plays(sound);
                }
            }
            CarrierDoes::Mark(name) => self.tape.marks(name),
            CarrierDoes::Clear => self.tape.clears(),
        }
    }

    /// Nothing more is said or heard: the rest is written, and the recording ends.
    pub(super) fn end(mut self) {
        let rest = self.tape.end();
        self.write(&rest, 1);
    }

    /// Sends on what is ready, once it is so much. What the disk has no room for yet is kept for the next time.
    fn write(&mut self, more: &[u8], at_least: usize) {
        self.ready.extend_from_slice(more);
        if self.ready.len() < at_least {
            return;
        }
        match self.to.try_send(std::mem::take(&mut self.ready)) {
            Err(mpsc::error::TrySendError::Full(back)) => self.ready = back,
            // Whoever wrote has stopped, and has said so.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
    }
}
