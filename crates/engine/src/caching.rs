//! Keeps the cache. Never on a call's path.
//!
//! What happened to a call is written when it is durable, from a queue that drops and counts rather than block. The cache
//! may be down, emptied, slow or poisoned: everything goes on without it, one line is logged per change, and it is
//! connected to again by itself. Reading, and what is believed, is `cached`.

use crate::engine::Inner;
use crate::live::{Handle, Health, Live};
use crate::reading::Part;
use crate::vouched::{Name, Vouched};
use jiff::Timestamp;
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use trunkline_carriers::callback::SecretKeys;
use trunkline_core::call::Call;
use trunkline_core::id::CallId;
use trunkline_store::cache::{CacheAddress, CacheError, CacheKeys, Edition, Entry, Link, Pointing};

/// Between two tries to reach a cache that is away.
const RETRY: Duration = Duration::from_millis(500);
/// How often a cache that nobody asks is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// So much may wait to be written.
const QUEUE: usize = 1_024;
/// So much is written at once.
const BATCH: usize = 256;

/// The cache as the engine sees it.
pub(crate) struct Caching {
    address: CacheAddress,
    keys: Arc<CacheKeys>,
    pub(crate) life: u64,
    writings: AtomicU64,
    notes: mpsc::Sender<Note>,
    inbox: tokio::sync::Mutex<mpsc::Receiver<Note>>,
    pub(crate) link: RwLock<Option<Link>>,
    /// A reader got no answer in time: nobody asks again before the cache has answered a look.
    pub(crate) is_doubted: AtomicBool,
    pub(crate) doubted: Notify,
    standing: Mutex<Standing>,
    pub(crate) vouched: Vouched,
    dropped: AtomicU64,
    pub(crate) refused: AtomicU64,
}

/// What is to be written.
enum Note {
    /// A live call changed.
    Changed(CallId),
    /// A call left memory; its last writing.
    Left(Box<Entry>),
    /// What the cache has of a call is no longer true.
    Gone(CallId),
}

/// Whether the cache answers.
enum Standing {
    NotAskedYet(Timestamp),
    There,
    Away { reason: String, since: Timestamp },
}

impl Caching {
    /// `life` is this process's, by chance.
    pub fn new(address: CacheAddress, secrets: &SecretKeys, life: u64, now: Timestamp) -> Self {
        let (first, others) = secrets.derived(b"cache");
        let (notes, inbox) = mpsc::channel(QUEUE);
        Self {
            address,
            keys: Arc::new(CacheKeys::new(&first, &others)),
            life,
            writings: AtomicU64::new(0),
            notes,
            inbox: tokio::sync::Mutex::new(inbox),
            link: RwLock::new(None),
            is_doubted: AtomicBool::new(false),
            doubted: Notify::new(),
            standing: Mutex::new(Standing::NotAskedYet(now)),
            vouched: Vouched::new(now),
            dropped: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    fn next(&self) -> Edition {
        Edition { life: self.life, number: self.writings.fetch_add(1, Ordering::Relaxed) }
    }

    fn note(&self, note: Note) {
        if self.notes.try_send(note).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn look(&self, link: &Link) -> Result<(), CacheError> {
        link.ping().await?;
        self.is_doubted.store(false, Ordering::Release);
        Ok(())
    }

    fn is_there(&self, link: Link) {
        *self.link.write() = Some(link);
        self.is_doubted.store(false, Ordering::Release);
        if !matches!(std::mem::replace(&mut *self.standing.lock(), Standing::There), Standing::There) {
            tracing::info!(cache = %self.address, "cache.available");
        }
    }

    fn is_away(&self, why: &CacheError, now: Timestamp) {
        *self.link.write() = None;
        let mut standing = self.standing.lock();
        let since = match &*standing {
            Standing::Away { since, .. } => *since,
            Standing::NotAskedYet(_) | Standing::There => {
                tracing::warn!(cache = %self.address, reason = %why, "cache.away: everything goes on without it");
                now
            }
        };
        *standing = Standing::Away { reason: why.to_string(), since };
    }

    /// How it is, for operators.
    pub fn health(&self) -> Part {
        match &*self.standing.lock() {
            Standing::There => Part::Ok { detail: self.detail() },
            Standing::Away { reason, since } => Part::Degraded { reason: reason.clone(), since: *since },
            Standing::NotAskedYet(since) => {
                Part::Degraded { reason: "not connected yet".to_owned(), since: *since }
            }
        }
    }

    fn detail(&self) -> String {
        let counts = [(&self.dropped, "writes dropped"), (&self.refused, "foreign values ignored")];
        counts.iter().fold(self.address.to_string(), |detail, (count, what)| {
            match count.load(Ordering::Relaxed) {
                0 => detail,
                count => format!("{detail}; {count} {what}"),
            }
        })
    }
}

impl Inner {
    /// Something about a live call is durable now.
    pub(crate) fn cache_changed(&self, call: CallId) {
        if let Some(caching) = &self.caching {
            caching.note(Note::Changed(call));
        }
    }

    /// A call leaves memory, and the store has all of it. Called under the call's lock.
    pub(crate) fn cache_left(&self, live: &Live) {
        let (Some(caching), call) = (&self.caching, &live.call) else { return };
        if live.health == Health::Ahead {
            return;
        }
        let edition = caching.next();
        caching.vouched.left(call, edition.number);
        let pointing = self.pointing(caching, call);
        caching.note(Note::Left(Box::new(Entry { call: call.clone(), edition, pointing })));
    }

    /// A call is in memory again: what the cache has of it will soon be old.
    pub(crate) fn cache_returned(&self, call: CallId) {
        if let Some(caching) = &self.caching {
            caching.vouched.withdraw(call);
        }
    }

    /// Something is about to be known of a call that is not in memory: what the cache has of it is no longer true.
    pub(crate) fn cache_gone(&self, call: CallId) {
        if let Some(caching) = &self.caching {
            caching.vouched.withdraw(call);
            caching.note(Note::Gone(call));
        }
    }

    /// Whether a call is the newest of its session, as far as is known here.
    fn pointing(&self, caching: &Caching, call: &Call) -> Pointing {
        let Some(session) = &call.session else { return Pointing::Nothing };
        let live = self.sessions.newest(&call.tenant, session);
        let left = caching.vouched.place(&call.tenant, Name::Session(session));
        let is_newest = live.max(left).is_none_or(|newest| newest <= (call.created_at, call.id));
        if is_newest { Pointing::Session } else { Pointing::Nothing }
    }

    /// Keeps the cache until the server stops.
    pub(crate) async fn keep_cache(self: Arc<Self>) {
        let Some(caching) = &self.caching else { return };
        let mut inbox = caching.inbox.lock().await;
        loop {
            let why = tokio::select! {
                why = self.feed_cache(caching, &mut inbox) => why,
                () = self.stop.cancelled() => return,
            };
            caching.is_away(&why, self.clock.now());
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Connects and writes until something fails, and says what.
    async fn feed_cache(&self, caching: &Caching, inbox: &mut mpsc::Receiver<Note>) -> CacheError {
        match self.feed_on(caching, inbox).await {
            Ok(never) => match never {},
            Err(why) => why,
        }
    }

    async fn feed_on(
        &self,
        caching: &Caching,
        inbox: &mut mpsc::Receiver<Note>,
    ) -> Result<std::convert::Infallible, CacheError> {
        let link = Link::connect(&caching.address, caching.keys.clone()).await?;
        caching.is_there(link.clone());
        // It may have been emptied, or have missed something.
        for calls in self.live.all().chunks(BATCH) {
            self.write_live(caching, &link, calls).await?;
        }
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut notes = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                _ = inbox.recv_many(&mut notes, BATCH) => {
                    self.write_notes(caching, &link, notes.drain(..)).await?;
                }
                () = caching.doubted.notified() => caching.look(&link).await?,
                _ = looks.tick() => caching.look(&link).await?,
            }
        }
    }

    async fn write_notes(
        &self,
        caching: &Caching,
        link: &Link,
        notes: impl Iterator<Item = Note>,
    ) -> Result<(), CacheError> {
        let (mut changed, mut left, mut gone) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        for note in notes {
            match note {
                Note::Changed(call) => drop(changed.insert(call)),
                Note::Left(entry) => {
                    gone.remove(&entry.call.id);
                    left.insert(entry.call.id, *entry);
                }
                Note::Gone(call) => {
                    left.remove(&call);
                    gone.insert(call);
                }
            }
        }
        link.put(&left.into_values().collect::<Vec<_>>()).await?;
        link.gone(&gone.into_iter().collect::<Vec<_>>()).await?;
        let live: Vec<Handle> = changed.into_iter().filter_map(|call| self.live.get(call)).collect();
        self.write_live(caching, link, &live).await
    }

    async fn write_live(&self, caching: &Caching, link: &Link, calls: &[Handle]) -> Result<(), CacheError> {
        let mut entries = Vec::with_capacity(calls.len());
        for handle in calls {
            let (call, last) = {
                let live = handle.lock();
                if live.health == Health::Ahead {
                    continue;
                }
                (live.call.clone(), live.last)
            };
            if self.journal.wait_durable(last).await.is_ok() {
                let (edition, pointing) = (caching.next(), self.pointing(caching, &call));
                entries.push(Entry { call, edition, pointing });
            }
        }
        link.put(&entries).await
    }
}
