//! Brings recordings home: from the carrier, with its credentials, into the folder; retried, with a visible state.
//!
//! What is to be fetched is read off the call (a recording that is named and not yet stored), so a restart takes up
//! where a crash left off. A full disk stops the recording, never the call: what room is left is for the ends of calls, and no
//! recording is fetched, or given up, until the journal takes news again. From the folder it goes on into the bucket, if there
//! is one (`moving`).

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
use trunkline_journal::Class;
use trunkline_media::{RecordingName, StoreError, Stored};

/// Waits between tries, in seconds of the engine's clock; after the last one the recording is given up.
const WAITS_SECS: [u64; 10] = [1, 2, 4, 8, 15, 30, 60, 300, 900, 3_600];

/// How often it is asked whether the journal takes news again.
const LOOK: Duration = Duration::from_secs(5);
/// How long a folder without room is left alone.
const NO_ROOM: Duration = Duration::from_secs(60);

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
    #[error("the journal takes no news, so nobody would know of it")]
    NoNews,
    #[error("that it is stored could not be journaled")]
    Untold,
}

impl Fetch {
    /// How long to wait for what passes without our doing, however long it takes; `None` if the tries are counted.
    fn passes(&self) -> Option<Duration> {
        match self {
            Self::NoNews => Some(LOOK),
            Self::Folder(error) if error.is_full() => Some(NO_ROOM),
            Self::NotThere | Self::Carrier(_) | Self::Folder(_) | Self::Name | Self::Untold => None,
        }
    }
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
        let mut waits = WAITS_SECS.into_iter();
        loop {
            if find(handle, id).is_none_or(|(_, recording)| !is_wanted(&recording.state))
                || !self.until_news_is_taken().await
            {
                return;
            }
            let fetched = {
                let Ok(_turn) = self.fetching.acquire().await else { return };
                self.fetch_once(&account, call, id).await
            };
            let error = match fetched {
                Ok(stored) => {
                    let state = RecordingState::Stored { bytes: stored.bytes, sha256: stored.sha256 };
                    if self.recording_is(handle, call, id, state).await {
                        self.moving.wake();
                        return self.transcribe(handle).await;
                    }
                    Fetch::Untold
                }
                Err(error) => error,
            };
            let counted = || waits.next().map(Duration::from_secs);
            let Some(wait) = error.passes().or_else(counted) else {
                tracing::warn!(%call, recording = %id, why = %error, "recording.failed: given up");
                let why = error.to_string();
                self.recording_is(handle, call, id, RecordingState::Failed { why }).await;
                return;
            };
            tracing::debug!(%call, recording = %id, %error, "recording.not_fetched: tried again");
            if !self.pauses(wait).await {
                return;
            }
        }
    }

    /// Waits until the journal takes what is to be said of a recording; whether it did before the server stops.
    pub(crate) async fn until_news_is_taken(&self) -> bool {
        while !self.takes_news() {
            if !self.pauses(LOOK).await {
                return false;
            }
        }
        true
    }

    /// Whether a recording may be written: where the journal's disk is full, the rest of it is not for recordings.
    pub(crate) fn takes_news(&self) -> bool {
        self.journal.takes(Class::Event).is_ok()
    }

    /// Waits so long by the engine's clock; whether the server still runs.
    async fn pauses(&self, wait: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(self.clock.really(wait)) => true,
            () = self.stop.cancelled() => false,
        }
    }

    async fn fetch_once(&self, account: &AccountId, call: CallId, id: &RecordingId) -> Result<Stored, Fetch> {
        let name = RecordingName::new(&call.to_string(), id.as_str()).ok_or(Fetch::Name)?;
        let mut body = self.carriers.of(account)?.fetch_recording(id).await?.ok_or(Fetch::NotThere)?;
        let mut incoming = self.recordings.begin(&name).await?;
        while let Some(chunk) = body.next().await? {
            if !self.takes_news() {
                return Err(Fetch::NoNews);
            }
            incoming.write(&chunk).await?;
        }
        Ok(incoming.finish().await?)
    }

    /// Says in the call where a recording stands; whether that is journaled.
    async fn recording_is(
        self: &Arc<Self>,
        handle: &Handle,
        call: CallId,
        id: &RecordingId,
        state: RecordingState,
    ) -> bool {
        let Some((step, recording)) = find(handle, id) else { return false };
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
        if let Err(error) = &journaled {
            tracing::error!(%call, %error, "recording.not_journaled: it is fetched again");
        }
        journaled.is_ok()
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
