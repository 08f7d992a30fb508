//! The engine itself: what it holds, how it starts and stops, and the doors of carriers and operators. Those of
//! tenants are the desk's.

use crate::admission::{Paces, Turns, Waiting};
use crate::app_calls::AppRoom;
use crate::bot_files::BotFiles;
use crate::bots::Tapes;
use crate::bound::Bound;
use crate::caching::Caching;
use crate::carriers::Carriers;
use crate::clock::{Clock, chance};
use crate::config::Config;
use crate::identity::{Identity, IdentityError};
use crate::intake::IntakeError;
use crate::keys_used::KeysUsed;
use crate::live::LiveCalls;
use crate::live_events::{HISTORY_READERS, Tail};
use crate::nodes::Lease;
use crate::outgoing::Outgoing;
use crate::passwords::Passwords;
use crate::performing::Stages;
use crate::projector::StoreFeed;
use crate::queue::{Arrivals, Campaigns, Fitness, Persons, Spent, UnderWay, Wakes};
use crate::reading::{Health, Part};
use crate::record::Codec;
use crate::recorder::Moving;
use crate::recovery::RecoverError;
use crate::scripts::{ScriptInfo, Scripts};
use crate::sessions::Sessions;
use crate::slots::Slots;
use crate::suppressions::Suppressed;
use crate::tally::Tally;
use crate::timers::Timers;
use crate::transcription::Transcripts;
use crate::trust::Trust;
use crate::webhook::{MachineReport, RecordingReport, StatusReport, TranscriptReport, VoiceFetch};
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use trunkline_carriers::telnyx::control::Told;
use trunkline_carriers::voice::Document;
use trunkline_core::dial::gates::Closed;
use trunkline_core::id::{AccountId, CallId, TenantId};
use trunkline_core::script::ScriptName;
use trunkline_journal::keys::{KeyError, KeyRing};
use trunkline_journal::{Journal, OpenError, Taking};
use trunkline_media::{Audio, Bucket, ReadError, RecordingName, Recordings};
use trunkline_store::JournalIdent;

/// How many questions to a carrier are out at once.
const ASKS_AT_ONCE: usize = 8;
/// How many recordings are fetched at once.
const FETCHES_AT_ONCE: usize = 4;
/// How often the script files are looked at.
const LOOK_AT_SCRIPTS: Duration = Duration::from_secs(1);
/// Listeners that lag further behind read in the journal.
const EVENTS_KEPT: usize = 8_192;
/// How long a server that stops may take to bring into the database what came last.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A recording that is kept.
#[derive(Clone, Debug)]
pub struct RecordingFile {
    pub(crate) name: RecordingName,
    pub(crate) kept: Recordings,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// A recording that was asked for.
#[derive(Clone, Debug)]
pub enum AskedRecording {
    /// It is kept.
    Kept(RecordingFile),
    /// It was kept until then.
    Removed(Timestamp),
}

impl RecordingFile {
    /// What its file is called, in folder and bucket alike.
    pub fn name(&self) -> &str {
        self.name.file()
    }

    /// Reads a part of it, as it comes, from wherever it is.
    ///
    /// # Errors
    /// It can't be read there now, or is gone.
    pub async fn read(&self, bytes: Range<u64>) -> Result<Audio, ReadError> {
        self.kept.read(&self.name, bytes).await
    }
}

/// Why the engine did not start. Nothing was changed on disk but what recovery may change.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] IdentityError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// The key file.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// What the journal holds.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// The folder of recordings.
    #[error(transparent)]
    Recordings(#[from] trunkline_media::StoreError),
    /// The bucket of recordings.
    #[error("recordings.store: {0}")]
    Bucket(#[from] trunkline_media::BucketError),
    /// Nothing can be sent to tenants' software.
    #[error(transparent)]
    Webhooks(#[from] trunkline_carriers::outgoing::NoClient),
    /// The system gave no randomness.
    #[error("the system gave no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// A task died.
    #[error("recovery was cut short")]
    CutShort,
}

/// The engine. Cheap to clone; every clone is the same engine.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub config: Config,
    pub clock: Clock,
    pub ident: JournalIdent,
    pub carriers: Carriers,
    pub journal: Journal,
    pub codec: Codec,
    pub live: LiveCalls,
    pub slots: Slots,
    pub sessions: Sessions,
    pub app: AppRoom,
    pub waiting: Waiting,
    pub timers: Timers,
    pub paces: Paces,
    pub suppressed: Suppressed,
    pub trust: Trust,
    /// Held by whoever changes whom to trust, from the store's word to the mirror's.
    pub deciding: tokio::sync::Mutex<()>,
    /// The turns of those whose passwords are hashed.
    pub passwords: Passwords,
    pub keys_used: KeysUsed,
    pub bound: Bound,
    pub scripts: Scripts,
    pub bot_files: BotFiles,
    pub recordings: Recordings,
    pub moving: Moving,
    pub tapes: Tapes,
    /// Of legs that are led by commands: what is performed on each.
    pub stages: Stages,
    pub projection: StoreFeed,
    pub caching: Option<Caching>,
    pub campaigns: Campaigns,
    pub persons: Persons,
    pub queue_wakes: Wakes,
    pub arrivals: Arrivals,
    pub spent: Spent,
    pub fitness: Fitness,
    pub tally: Tally,
    pub outgoing: Outgoing,
    pub transcripts: Transcripts,
    pub under_way: UnderWay,
    pub turns: Turns,
    pub tail: Tail,
    pub reading_events: Semaphore,
    pub asking: Semaphore,
    pub fetching: Semaphore,
    pub lease: Lease,
    /// Cancelled when it is known whose calls are whose, or that nobody can say.
    pub ownership: CancellationToken,
    /// Of accounts that did not answer when last asked: why, and since when.
    pub carrier_trouble: Mutex<BTreeMap<AccountId, (String, Timestamp)>>,
    pub journal_trouble: Mutex<Option<Timestamp>>,
    pub may_dial: AtomicBool,
    pub draining: AtomicBool,
    pub is_recovered: AtomicBool,
    pub recovered: AtomicU64,
    pub apologies: AtomicU64,
    pub unknown_words: AtomicU64,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

impl Engine {
    /// Starts in the order of the design: lock, scan and fold, then serve; store, owed commands and dialing follow by
    /// themselves. When this returns, webhooks can be answered.
    pub async fn start(config: Config, carriers: impl Into<Carriers>) -> Result<Self, StartError> {
        let engine = Self::fold(config, carriers.into()).await?;
        engine.inner.tell_unnamed(engine.inner.our_numbers().into_iter().map(|own| own.number));
        engine.run();
        Ok(engine)
    }

    /// Lock, scan and fold, and nothing more.
    pub(crate) async fn fold(config: Config, carriers: Carriers) -> Result<Self, StartError> {
        let identity = Identity::open(&config.data_dir)?;
        let life = u64::from_ne_bytes(chance()?);
        let bucket = config.bucket.as_ref().map(Bucket::open).transpose()?;
        let recordings = Recordings::open(&config.recordings, bucket, config.recording_max_bytes).await?;
        let folded = tokio::task::spawn_blocking(move || {
            let (journal, found) = Journal::open(&config.data_dir.join("journal"), config.journal.clone())?;
            let keys = KeyRing::open(&config.data_dir.join("persons.keys"))?;
            let codec = Codec::new(Arc::new(keys), identity.salt);
            let clock = config.clock;
            let outgoing = Outgoing::new(&config.webhooks)?;
            let transcripts = Transcripts::new(&config.transcribing)?;
            let inner = Inner {
                clock,
                ident: identity.journal(&config.node),
                carriers,
                codec,
                live: LiveCalls::new(),
                slots: Slots::default(),
                sessions: Sessions::default(),
                app: AppRoom::new(clock.now(), &config.app_calls)?,
                waiting: Waiting::default(),
                timers: Timers::new(clock),
                paces: Paces::default(),
                suppressed: Suppressed::default(),
                trust: Trust::default(),
                deciding: tokio::sync::Mutex::default(),
                passwords: Passwords::default(),
                keys_used: KeysUsed::default(),
                bound: Bound::default(),
                scripts: Scripts::new(
                    config.questions.clone(),
                    config.default_script.clone(),
                    config.consent,
                ),
                bot_files: BotFiles::new(config.bot_files.clone()),
                recordings,
                moving: Moving::default(),
                tapes: Tapes::default(),
                stages: Stages::new(),
                projection: StoreFeed::new(clock.now()),
                campaigns: Campaigns::default(),
                persons: Persons::default(),
                queue_wakes: Wakes::default(),
                arrivals: Arrivals::default(),
                spent: Spent::default(),
                fitness: Fitness::default(),
                tally: Tally::default(),
                outgoing,
                transcripts,
                under_way: UnderWay::default(),
                turns: Turns::default(),
                caching: config
                    .cache
                    .clone()
                    .map(|cache| Caching::new(cache, &config.secrets, life, clock.now())),
                tail: Tail::new(EVENTS_KEPT),
                reading_events: Semaphore::new(HISTORY_READERS),
                asking: Semaphore::new(ASKS_AT_ONCE),
                fetching: Semaphore::new(FETCHES_AT_ONCE),
                lease: Lease::new(&clock),
                ownership: CancellationToken::new(),
                carrier_trouble: Mutex::default(),
                journal_trouble: Mutex::new(None),
                may_dial: AtomicBool::new(false),
                draining: AtomicBool::new(false),
                is_recovered: AtomicBool::new(false),
                recovered: AtomicU64::new(0),
                apologies: AtomicU64::new(0),
                unknown_words: AtomicU64::new(0),
                tasks: TaskTracker::new(),
                stop: CancellationToken::new(),
                journal,
                config,
            };
            inner.scripts.look(inner.clock.now());
            inner.bot_files.look(inner.clock.now());
            inner.recover(&found)?;
            if let Some(torn) = &found.torn {
                tracing::warn!(
                    file = %torn.file.display(), offset = torn.offset, bytes = torn.bytes,
                    "journal.torn_tail: cut; nothing acknowledged was in it"
                );
            }
            Ok::<_, StartError>(Arc::new(inner))
        });
        let inner = folded.await.map_err(|_| StartError::CutShort)??;
        inner.is_recovered.store(true, Ordering::Release);
        tracing::info!(
            calls = inner.recovered.load(Ordering::Relaxed),
            "recovery.done: recovered live calls"
        );
        Ok(Self { inner })
    }

    fn run(&self) {
        let inner = &self.inner;
        if !inner.config.database.is_shared() {
            inner.ownership.cancel();
        }
        inner.supervise("projector", Inner::project);
        inner.supervise("live events", Inner::tell_events);
        inner.supervise("lease", Inner::keep_lease);
        inner.supervise("cache", Inner::keep_cache);
        inner.supervise("admission", Inner::admit_calls);
        inner.supervise("queue", Inner::work_queue);
        inner.supervise("deadlines", Inner::watch_deadlines);
        inner.supervise("checkpoints", Inner::make_checkpoints);
        inner.supervise("prices", Inner::look_for_prices);
        inner.supervise("scripts", Inner::watch_scripts);
        inner.supervise("recordings", Inner::move_recordings);
        inner.supervise("retention", Inner::retire_recordings);
        inner.supervise("retention of calls", Inner::retire_calls);
        inner.supervise("transcripts", Inner::ask_for_transcripts);
        inner.supervise("tenants", Inner::keep_in_step);
        inner.supervise("webhooks", Inner::send_webhooks);
        inner.tasks.spawn(inner.clone().resume());
    }

    /// Stops in order: no new dials, effects under way are let finish for a moment, a checkpoint, the journal closed.
    pub async fn stop(self) {
        let has_database = self.inner.projection.store().is_some();
        self.inner.draining.store(true, Ordering::Relaxed);
        self.inner.stop.cancel();
        self.inner.tasks.close();
        if tokio::time::timeout(Duration::from_secs(10), self.inner.tasks.wait()).await.is_err() {
            tracing::warn!("engine.stop: some tasks did not end in time; the next start takes them up");
        }
        // Who stops a server wants to export, to move or to erase: what came last is in the database then.
        if has_database && tokio::time::timeout(LAST_WORDS, self.inner.project_once()).await.is_err() {
            tracing::warn!("database.slow: the next start brings in what the journal has");
        }
        let journal = self.inner.journal.clone();
        let _ = tokio::task::spawn_blocking(move || journal.close()).await;
    }

    /// Resolves when the journal can no longer be trusted: the process must exit.
    pub async fn fatal(&self) -> String {
        self.inner.journal.fatal().await
    }

    /// The engine's time.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The carrier accounts that calls go through, in the order of preference.
    pub fn carriers(&self) -> &Carriers {
        &self.inner.carriers
    }

    /// How the calls of its accounts are led.
    pub fn ways_of_leading(&self) -> crate::WaysOfLeading {
        self.inner.ways_of_leading()
    }

    /// What seals and opens the state in callback URLs.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// What to say to whoever is on the line. Never fails: an apology is an answer.
    pub async fn voice(&self, fetch: VoiceFetch) -> Document {
        let spoken = self.to_the_end(async move |inner| inner.voice(fetch).await).await;
        spoken.unwrap_or_else(|_| self.inner.apology())
    }

    /// Takes in a status callback.
    pub async fn status(&self, report: StatusReport) -> Result<(), IntakeError> {
        self.to_the_end(async move |inner| inner.status(report).await).await?
    }

    /// Takes in a recording callback.
    pub async fn recording_report(&self, report: RecordingReport) -> Result<(), IntakeError> {
        self.to_the_end(async move |inner| inner.recording(report).await).await?
    }

    /// Takes in a verdict on who answered.
    pub async fn machine(&self, report: MachineReport) -> Result<(), IntakeError> {
        self.to_the_end(async move |inner| inner.machine(report).await).await?
    }

    /// Takes in a transcription.
    pub async fn transcript(&self, report: TranscriptReport) -> Result<(), IntakeError> {
        self.to_the_end(async move |inner| inner.transcript(report).await).await?
    }

    /// Takes in an event of a carrier whose calls are led by commands.
    ///
    /// # Errors
    /// The journal did not take it: it should be told again.
    pub async fn led_event(&self, account: AccountId, told: Told) -> Result<(), IntakeError> {
        self.to_the_end(async move |inner| inner.led_event(account, told).await).await?
    }

    /// Runs something to its end even if whoever asked for it hangs up meanwhile (a carrier that times out drops its
    /// request): what is journaled must also be acted upon. A panic costs this one request. What it says may be personal,
    /// and is left to the process's own hook.
    pub(crate) async fn to_the_end<T, F>(&self, run: impl FnOnce(Arc<Inner>) -> F) -> Result<T, IntakeError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let task = tokio::spawn(run(self.inner.clone()).in_current_span());
        task.await.map_err(|_| {
            tracing::error!("engine.request_died: it failed alone");
            IntakeError::died()
        })
    }

    /// The gate that holds a waiting call back, if one does.
    pub fn gate(&self, call: CallId) -> Option<Closed> {
        self.inner.live.get(call).and_then(|handle| handle.lock().gate.clone())
    }

    /// The scripts there are.
    pub fn scripts(&self) -> Vec<ScriptInfo> {
        self.inner.scripts.list()
    }

    /// The script that goes on where a bot's model is lost: the bot's own, else the default one. `None` if there is no such bot.
    pub fn script_instead_of(&self, tenant: &TenantId, bot: &str) -> Option<ScriptName> {
        let bot = self.inner.bot_files.current(tenant, bot)?;
        let named = bot.fallback_script.as_ref().map(ScriptName::as_str);
        self.inner
            .scripts
            .current(named)
            .map(|script| script.name.clone())
            .or_else(|| bot.fallback_script.clone())
    }

    /// Begins no more calls; those there are go on.
    pub async fn drain(&self) {
        if !self.inner.draining.swap(true, Ordering::Relaxed) {
            tracing::info!("engine.draining: no new calls are begun");
        }
    }

    /// Whether the journal has been read: `/health` is 200 from then on.
    pub fn is_recovered(&self) -> bool {
        self.inner.is_recovered.load(Ordering::Acquire)
    }

    /// How many calls are not over. Cheap.
    pub fn active_calls(&self) -> u64 {
        self.inner.active()
    }

    /// How many calls wait for their turn.
    pub fn waiting_calls(&self) -> usize {
        self.inner.waiting.len()
    }

    /// How every part is.
    pub async fn health(&self) -> Health {
        self.inner.health()
    }
}

impl Inner {
    /// Runs a loop of the engine, and starts it again if it panics: one bad call must not stop all others.
    fn supervise<F>(self: &Arc<Self>, name: &'static str, run: fn(Arc<Self>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let inner = self.clone();
        self.tasks.spawn(async move {
            while tokio::spawn(run(inner.clone())).await.is_err() {
                tracing::error!(task = name, "engine.task_died: started again");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
    }

    async fn watch_scripts(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_AT_SCRIPTS) => {}
                () = self.stop.cancelled() => return,
            }
            let inner = self.clone();
            let look = move || {
                let now = inner.clock.now();
                inner.scripts.look(now);
                inner.bot_files.look(now);
            };
            let _ = tokio::task::spawn_blocking(look).await;
        }
    }

    fn health(&self) -> Health {
        let status = self.journal.status();
        Health {
            active_calls: self.active(),
            recovered_calls: self.recovered.load(Ordering::Relaxed),
            journal: self.journal_health(status.taking),
            database: self.projection.health(self.config.database.to_string()),
            carrier: self.carriers_health(),
            cache: self.caching.as_ref().map(Caching::health),
            recordings: self.recordings.bucket().map(|bucket| self.moving.health(bucket)),
            scripts: self.scripts_health(),
            lag_ms: self.projection.lag_ms(status.durable, self.clock.now()),
            waiting_calls: u64::try_from(self.waiting.len()).unwrap_or(u64::MAX),
            parked_calls: self.projection.parked.len(),
            apologies: self.apologies.load(Ordering::Relaxed),
            unknown_words: self.unknown_words.load(Ordering::Relaxed),
            lag_events: status.durable.get().saturating_sub(self.projection.position().get()),
            draining: self.draining.load(Ordering::Relaxed),
        }
    }

    /// Of scripts and bots: both are files, and both may break.
    fn scripts_health(&self) -> Part {
        match (self.scripts.health(), self.bot_files.problem()) {
            (Part::Ok { .. }, Some((reason, since))) => Part::Degraded { reason, since },
            (scripts, _) => scripts,
        }
    }

    fn journal_health(&self, taking: Taking) -> Part {
        let mut trouble = self.journal_trouble.lock();
        let reason = match taking {
            Taking::All => {
                *trouble = None;
                return Part::Ok { detail: self.config.data_dir.join("journal").display().to_string() };
            }
            Taking::NoDials => "too much is not yet in the database: no new calls are begun",
            Taking::EndingsByBacklog => "too much is not yet in the database: only ends of calls are taken",
            Taking::EndingsByFullDisk => {
                "the disk is full: only ends of calls are taken, until there is room on it again"
            }
        };
        let since = *trouble.get_or_insert_with(|| self.clock.now());
        Part::Degraded { reason: reason.to_owned(), since }
    }
}
