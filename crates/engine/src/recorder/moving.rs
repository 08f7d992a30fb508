//! Recordings on their way from the folder into the bucket. What waits is what lies in the folder, so nothing is
//! remembered but the folder itself, and a restart goes on with it; what lay there before there was a bucket goes too.
//!
//! No call waits for a bucket: a recording is kept, and can be heard, from the moment it is whole in the folder. While the
//! bucket is away everything waits, and it is asked again after growing waits.

use crate::engine::Inner;
use crate::reading::Part;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use trunkline_media::{Bucket, BucketError, Moved, MovingError, RecordingName};

/// So many are looked for at once.
const PAGE: usize = 500;
/// How often somebody looks, if nobody calls.
const EVERY: Duration = Duration::from_secs(60);
/// The first wait for a bucket that is away, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How the moving goes.
#[derive(Default)]
pub(crate) struct Moving {
    trouble: Mutex<Option<(String, Timestamp)>>,
    waiting: AtomicU64,
    removed: AtomicU64,
    news: Notify,
}

/// How one round ended.
enum Round {
    /// Everything that could go has gone.
    Done,
    /// There may be more.
    More,
    /// The bucket is away.
    Away(BucketError),
}

impl Moving {
    /// There is something to move.
    pub fn wake(&self) {
        self.news.notify_one();
    }

    /// How many recordings wait, when somebody last looked.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// One has had its time, and was removed.
    pub fn removed(&self) {
        self.removed.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were removed since the start.
    pub fn removed_so_far(&self) -> u64 {
        self.removed.load(Ordering::Relaxed)
    }

    /// Whether the bucket took the last recording.
    pub fn health(&self, bucket: &Bucket) -> Part {
        match &*self.trouble.lock() {
            Some((reason, since)) => Part::Degraded {
                reason: format!("{reason}; {} recordings wait in the folder", self.waiting()),
                since: *since,
            },
            None => Part::Ok { detail: bucket.name().to_owned() },
        }
    }

    fn is_away(&self, error: &BucketError, now: Timestamp) {
        let mut trouble = self.trouble.lock();
        let since = trouble.as_ref().map_or(now, |(_, since)| *since);
        if trouble.is_none() {
            tracing::warn!(%error, "recordings.bucket_away: recordings wait in the folder");
        }
        *trouble = Some((error.to_string(), since));
    }

    fn is_back(&self) {
        if self.trouble.lock().take().is_some() {
            tracing::info!("recordings.bucket_back: what waited is moved");
        }
    }
}

impl Inner {
    /// Moves what lies in the folder into the bucket, until the server stops.
    pub(crate) async fn move_recordings(self: Arc<Self>) {
        let Some(bucket) = self.recordings.bucket() else { return };
        // A wrong key is told at once, and not when the first recording comes.
        match bucket.check().await {
            Ok(()) => self.moving.is_back(),
            Err(error) => self.moving.is_away(&error, self.clock.now()),
        }
        let mut wait = WAITS.0;
        loop {
            let pause = match self.move_some().await {
                Round::More => continue,
                Round::Done => {
                    wait = WAITS.0;
                    EVERY
                }
                Round::Away(error) => {
                    self.moving.is_away(&error, self.clock.now());
                    let pause = wait;
                    wait = (wait * 2).min(WAITS.1);
                    pause
                }
            };
            let is_away = self.moving.trouble.lock().is_some();
            tokio::select! {
                () = tokio::time::sleep(self.clock.really(pause)) => {}
                // One recording more is no reason to ask a bucket again that is away.
                () = self.moving.news.notified(), if !is_away => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn move_some(&self) -> Round {
        let names = match self.recordings.waiting(PAGE).await {
            Ok(names) => names,
            Err(error) => {
                tracing::error!(%error, "recordings.folder_unreadable: nothing is moved into the bucket");
                return Round::Done;
            }
        };
        let mut stay = 0;
        self.moving.waiting.store(count(names.len()), Ordering::Relaxed);
        if names.is_empty() && self.moving.trouble.lock().is_some() {
            return self.ask_bucket().await;
        }
        for (done, name) in names.iter().enumerate() {
            if self.stop.is_cancelled() {
                return Round::Done;
            }
            match self.move_one(name).await {
                Ok(()) => self.moving.is_back(),
                Err(MovingError::Bucket(error)) => return Round::Away(error),
                Err(MovingError::Folder(error)) => {
                    tracing::error!(%error, "recordings.not_moved: it stays in the folder");
                    stay += 1;
                }
            }
            self.moving.waiting.store(count(names.len() - done - 1 + stay), Ordering::Relaxed);
        }
        if names.len() == PAGE && stay < PAGE { Round::More } else { Round::Done }
    }

    async fn ask_bucket(&self) -> Round {
        let Some(bucket) = self.recordings.bucket() else { return Round::Done };
        match bucket.check().await {
            Ok(()) => {
                self.moving.is_back();
                Round::Done
            }
            Err(error) => Round::Away(error),
        }
    }

    async fn move_one(&self, name: &RecordingName) -> Result<(), MovingError> {
        match self.recordings.move_one(name).await? {
            Moved::Whole => tracing::debug!(file = name.file(), "recording.moved: the bucket has it"),
            Moved::Gone => {}
        }
        Ok(())
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
