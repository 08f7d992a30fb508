//! Brings recordings home: from the carrier, with its credentials, into the folder; retried, with a visible state.
//!
//! What is to be fetched is read off the call (a recording that is named and not yet stored), so a restart takes up
//! where a crash left off. A full disk stops the recording, never the call. From the folder it goes on into the bucket, if
//! there is one (`moving`).

mod moving;
mod retention;

pub(crate) use moving::Moving;

use crate::engine::{AskedRecording, Inner, RecordingFile};
use crate::intake::IntakeError;
use crate::live::Handle;
use std::sync::Arc;
use std::time::Duration;
use trunkline_carriers::AskError;
use trunkline_core::call::{Recording, RecordingNews, RecordingState, Source, What};
use trunkline_core::id::{AccountId, CallId, RecordingId};
use trunkline_media::{RecordingName, StoreError, Stored};

/// Waits between tries, in seconds of the engine's clock; after the last one the recording is given up.
const WAITS_SECS: [u64; 10] = [1, 2, 4, 8, 15, 30, 60, 300, 900, 3_600];

/// Why one try to fetch a recording failed.
#[derive(Debug, thiserror::Error)]
enum Fetch {
    #[error("the carrier does not have it (yet)")]
    NotThere,
    #[error("the carrier: {0}")]
    Carrier(#[from] AskError),
    #[error("{0}")]
    Folder(#[from] StoreError),
    #[error("its name is not one a file can have")]
    Name,
}

impl Inner {
    /// Fetches one recording, off the caller's path.
    pub(crate) fn fetch_recording(self: &Arc<Self>, handle: Handle, id: RecordingId) {
        let inner = self.clone();
        self.tasks.spawn(async move { inner.fetch_until_done(&handle, &id).await });
    }

    async fn fetch_until_done(self: &Arc<Self>, handle: &Handle, id: &RecordingId) {
        let (call, account) = {
            let live = handle.lock();
            (live.call.id, live.call.account.clone())
        };
        let mut last = String::new();
        for wait in WAITS_SECS {
            if find(handle, id).is_none_or(|(_, recording)| !is_wanted(&recording.state)) {
                return;
            }
            let fetched = {
                let Ok(_turn) = self.fetching.acquire().await else { return };
                self.fetch_once(&account, call, id).await
            };
            match fetched {
                Ok(stored) => {
                    self.moving.wake();
                    let state = RecordingState::Stored { bytes: stored.bytes, sha256: stored.sha256 };
                    self.recording_is(handle, call, id, state).await;
                    return self.transcribe(handle).await;
                }
                Err(error) => {
                    last = error.to_string();
                    tracing::debug!(%call, recording = %id, %error, "recording.not_fetched: tried again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(self.clock.really(Duration::from_secs(wait))) => {}
                () = self.stop.cancelled() => return,
            }
        }
        tracing::warn!(%call, recording = %id, why = last, "recording.failed: given up");
        self.recording_is(handle, call, id, RecordingState::Failed { why: last }).await;
    }

    async fn fetch_once(&self, account: &AccountId, call: CallId, id: &RecordingId) -> Result<Stored, Fetch> {
        let name = RecordingName::new(&call.to_string(), id.as_str()).ok_or(Fetch::Name)?;
        let mut body = self.carriers.of(account)?.fetch_recording(id).await?.ok_or(Fetch::NotThere)?;
        let mut incoming = self.recordings.begin(&name).await?;
        while let Some(chunk) = body.next().await? {
            incoming.write(&chunk).await?;
        }
        Ok(incoming.finish().await?)
    }

    async fn recording_is(
        self: &Arc<Self>,
        handle: &Handle,
        call: CallId,
        id: &RecordingId,
        state: RecordingState,
    ) {
        let Some((step, recording)) = find(handle, id) else { return };
        let key = format!(
            "recording:{id}:{}",
            if matches!(state, RecordingState::Stored { .. }) { "stored" } else { "failed" }
        );
        let news = RecordingNews {
            stream: None,
            id: id.clone(),
            step: Some(step),
            ask: recording.ask,
            url: None,
            duration_secs: None,
            state,
        };
        let what = What::Recording(Box::new(news));
        let event = self.own_event(call, key, Source::Engine, what);
        let journaled: Result<_, IntakeError> = self.observe_on(handle, event).await;
        if let Err(error) = journaled {
            tracing::error!(%call, %error, "recording.not_journaled: it is fetched again at the next start");
        }
    }

    /// A call's `n`-th recording, in their order, if it is kept.
    pub(crate) fn recording_file(
        &self,
        call: &trunkline_core::call::Call,
        n: usize,
    ) -> Option<AskedRecording> {
        let (_, recording) = call.recordings().nth(n)?;
        let (bytes, sha256) = match &recording.state {
            RecordingState::Stored { bytes, sha256 } => (bytes, sha256),
            RecordingState::Removed { at, .. } => return Some(AskedRecording::Removed(*at)),
            RecordingState::Named
            | RecordingState::Ready
            | RecordingState::Failed { .. }
            | RecordingState::Absent => return None,
        };
        let name = RecordingName::new(&call.id.to_string(), recording.id.as_str())?;
        Some(AskedRecording::Kept(RecordingFile {
            kept: self.recordings.clone(),
            name,
            bytes: *bytes,
            sha256: sha256.clone(),
        }))
    }
}

fn is_wanted(state: &RecordingState) -> bool {
    matches!(state, RecordingState::Named | RecordingState::Ready)
}

fn find(handle: &Handle, id: &RecordingId) -> Option<(u16, Recording)> {
    let live = handle.lock();
    live.call.turns.values().find_map(|turn| {
        Some((turn.step, turn.recordings.iter().find(|recording| recording.id == *id)?.clone()))
    })
}
