//! The one way in: apply, journal, and only when it is durable answer and act.
//!
//! Under the call's own lock the event is applied and handed to the journal, so that memory and disk agree on the order
//! of one call's events. The lock is let go before the disk is waited for: many calls share one sync.

use crate::engine::Inner;
use crate::live::{Handle, Health, Inserted, Live, Origin};
use crate::live_events::Became;
use crate::reader::Unavailable;
use crate::record::{CameTo, RecordError, kind};
use crate::spans;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use thiserror::Error;
use tracing::Instrument;
use trunkline_core::call::{BotNews, Call, Effect, Event, News, Refused, Source, Status, What};
use trunkline_core::id::{CallId, EventKey};
use trunkline_journal::keys::KeyError;
use trunkline_journal::{AppendError, Class, Lsn, Pending};

/// Why an event was not taken in. Nothing was acknowledged, and nothing will come of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IntakeError {
    /// The journal has no room for this kind of event now.
    #[error("the journal has no room ({0})")]
    Full(Shortage),
    /// The journal failed, and the process is about to exit; or it is shutting down.
    #[error("the journal failed ({0})")]
    Failed(String),
}

/// What there is too little of. It passes without a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Shortage {
    /// Room on the disk: only ends of calls are taken.
    #[error("its disk is full")]
    Disk,
    /// Room for what is not yet in the database.
    #[error("too much is not yet in the database")]
    Backlog,
    /// Speed of the disk.
    #[error("its disk is slower than what comes in")]
    Queue,
}

impl IntakeError {
    /// Code of ours panicked. What it said may be personal: it is not told on.
    pub(crate) fn died() -> Self {
        Self::Failed("an internal failure".to_owned())
    }
}

impl From<AppendError> for IntakeError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full => Self::Full(Shortage::Disk),
            AppendError::Backlog => Self::Full(Shortage::Backlog),
            AppendError::Queue => Self::Full(Shortage::Queue),
            AppendError::TooLarge(_) | AppendError::Poisoned | AppendError::Closed => {
                Self::Failed(error.to_string())
            }
        }
    }
}

impl From<RecordError> for IntakeError {
    fn from(error: RecordError) -> Self {
        match error {
            // The keys lie on the journal's disk.
            RecordError::Key(KeyError::File(error)) if error.is_full() => Self::Full(Shortage::Disk),
            error => Self::Failed(error.to_string()),
        }
    }
}

/// What became of an event that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It changed the call.
    Applied,
    /// It changed nothing, and stands in the history with its reason.
    Refused(Refused),
    /// It was known already, word for word.
    Repeated,
    /// The call can't be reached now: the event is journaled, and merged when it can.
    Unmerged,
}

/// What listeners hear of an event that changed its call.
#[derive(Clone, Copy, Debug)]
enum Telling {
    /// What became of the call.
    All,
    /// Nothing: the next event takes it back.
    Nothing,
    /// What became of the call since it had this status.
    Since(Status),
}

/// How far an event has come under its call's lock.
enum Step {
    /// It is known; the call's last record.
    Repeated(Lsn),
    /// It is on its way to the disk.
    Journaling { pending: Pending, effects: Vec<Effect>, taken: Taken },
}

impl Inner {
    /// Takes in an event of a call that exists.
    pub(crate) async fn observe(self: &Arc<Self>, event: Event) -> Result<Taken, IntakeError> {
        let Some(handle) = self.reach(event.call).await else {
            return self.journal_unmerged(event).await;
        };
        self.observe_on(&handle, event).await
    }

    /// Takes in an event of a call that is in memory.
    pub(crate) async fn observe_on(
        self: &Arc<Self>,
        handle: &Handle,
        event: Event,
    ) -> Result<Taken, IntakeError> {
        self.observe_telling(handle, event, Telling::All).await
    }

    /// Takes in an event that listeners are not told of: it says a part of what a later one says whole.
    pub(crate) async fn observe_quietly(
        self: &Arc<Self>,
        handle: &Handle,
        event: Event,
    ) -> Result<Taken, IntakeError> {
        self.observe_telling(handle, event, Telling::Nothing).await
    }

    async fn observe_telling(
        self: &Arc<Self>,
        handle: &Handle,
        event: Event,
        telling: Telling,
    ) -> Result<Taken, IntakeError> {
        let step = {
            let mut live = handle.lock();
            live.health.is_here().then(|| self.apply(handle, &mut live, &event, telling)).transpose()?
        };
        let Some(step) = step else {
            // It may be over where it is now, and go on here; else its owner finds out by itself.
            return match self.reach(event.call).await {
                Some(handle) => Box::pin(self.observe_telling(&handle, event, telling)).await,
                None => self.journal_unmerged(event).await,
            };
        };
        let (taken, effects) = self.durable(handle, &event, step).await?;
        self.perform(handle, effects);
        Ok(taken)
    }

    /// Takes in an event that is made of the call as it is at this moment, or none: nothing else comes in between.
    pub(crate) async fn observe_made<E: From<IntakeError> + From<Unavailable>>(
        self: &Arc<Self>,
        handle: &Handle,
        make: impl FnOnce(&Call) -> Result<Option<Event>, E>,
    ) -> Result<(), E> {
        let mut make = Some(make);
        let made = {
            let mut live = handle.lock();
            match make.take_if(|_| live.health.is_here()) {
                Some(make) => {
                    let Some(event) = make(&live.call)? else { return Ok(()) };
                    let step = self.apply(handle, &mut live, &event, Telling::All)?;
                    Ok((event, step))
                }
                None => Err((live.call.id, live.health)),
            }
        };
        let (event, step) = match (made, make) {
            (Ok(made), _) => made,
            (Err((call, Health::Left)), Some(make)) => {
                let handle = self.reach(call).await.ok_or_else(|| self.elsewhere())?;
                return Box::pin(self.observe_made(&handle, make)).await;
            }
            (Err(_), _) => return Err(self.elsewhere().into()),
        };
        let (_, effects) = self.durable(handle, &event, step).await?;
        self.perform(handle, effects);
        Ok(())
    }

    /// Takes in two events of which the second takes back what the first seems to mean: nobody sees the call between them.
    pub(crate) async fn observe_both(
        self: &Arc<Self>,
        handle: &Handle,
        first: Event,
        second: Event,
    ) -> Result<(), IntakeError> {
        let steps = {
            let mut live = handle.lock();
            if live.health.is_here() {
                Some(self.apply_both(handle, &mut live, &first, &second)?)
            } else {
                None
            }
        };
        let Some([one, two]) = steps else {
            return self.observe(first).await.map(drop);
        };
        let (_, mut effects) = self.durable(handle, &first, one).await?;
        let (taken, more) = self.durable(handle, &second, two).await?;
        if taken == Taken::Applied {
            effects.retain(|effect| !matches!(effect, Effect::Announce(_) | Effect::Released));
        }
        effects.extend(more);
        self.perform(handle, effects);
        // The slot is free again, whatever was announced.
        self.waiting.wake();
        Ok(())
    }

    fn apply_both(
        self: &Arc<Self>,
        handle: &Handle,
        live: &mut Live,
        first: &Event,
        second: &Event,
    ) -> Result<[Step; 2], IntakeError> {
        let was = live.call.status();
        let takes_back = {
            let mut call = Call::clone(&live.call);
            call.apply(first).is_ok() && call.apply(second).is_ok()
        };
        let (one, two) =
            if takes_back { (Telling::Nothing, Telling::Since(was)) } else { (Telling::All, Telling::All) };
        Ok([self.apply(handle, live, first, one)?, self.apply(handle, live, second, two)?])
    }

    /// Waits until what was applied is durable.
    async fn durable(
        self: &Arc<Self>,
        handle: &Handle,
        event: &Event,
        step: Step,
    ) -> Result<(Taken, Vec<Effect>), IntakeError> {
        let (pending, effects, taken) = match step {
            Step::Repeated(last) => {
                // The first report may still be on its way to the disk: a repeat is not acknowledged before it.
                self.journal.wait_durable(last).await?;
                return Ok((Taken::Repeated, Vec::new()));
            }
            Step::Journaling { pending, effects, taken } => (pending, effects, taken),
        };
        if let Err(error) = pending.instrument(spans::appending(event)).await {
            let mut live = handle.lock();
            live.seen.retain(|seen| *seen != key_hash(&event.key));
            self.ahead(handle, &mut live);
            return Err(error.into());
        }
        self.tell(event.call, &event.what, &taken);
        self.cache_changed(event.call);
        Ok((taken, effects))
    }

    /// Applies an event and hands it to the journal, both under the call's lock.
    fn apply(
        self: &Arc<Self>,
        handle: &Handle,
        live: &mut Live,
        event: &Event,
        telling: Telling,
    ) -> Result<Step, IntakeError> {
        let key = key_hash(&event.key);
        if live.seen.contains(&key) {
            return Ok(Step::Repeated(live.last));
        }
        let before = live.call.status();
        let (effects, refused) = match Arc::make_mut(&mut live.call).apply(event) {
            Ok(effects) => (effects, None),
            Err(refused) => (Vec::new(), Some(refused)),
        };
        let came_to = match (&refused, telling) {
            (Some(refused), _) => CameTo::Nothing(refused),
            (None, Telling::Nothing) => CameTo::Passing,
            (None, Telling::All) => CameTo::Change(Became::from(before, &live.call)),
            (None, Telling::Since(was)) => CameTo::Change(Became::from(was, &live.call)),
        };
        let pending = match self.journal_event(&live.call, event, came_to) {
            Ok(pending) => pending,
            Err(error) => {
                self.ahead(handle, live);
                return Err(error);
            }
        };
        live.seen.push(key);
        live.last = pending.lsn();
        self.after_change(live);
        Ok(Step::Journaling { pending, effects, taken: refused.map_or(Taken::Applied, Taken::Refused) })
    }

    pub(crate) fn journal_event(
        &self,
        call: &Call,
        event: &Event,
        came_to: CameTo<'_>,
    ) -> Result<Pending, IntakeError> {
        let payload = self.codec.event(call, event, came_to)?;
        Ok(self.journal.append(kind::EVENT, payload, class(&event.what))?)
    }

    /// Takes in the first event of a call. If the call is there already, the event is merged like any other.
    pub(crate) async fn begin(self: &Arc<Self>, event: Event) -> Result<(Handle, Taken), IntakeError> {
        let Some((call, effects)) = Call::begin(&event) else {
            return Err(IntakeError::Failed(format!("a call does not begin with {}", kind_of(&event.what))));
        };
        // A call that the journal will not take must not cost a key: on a full disk that is room for the ends of calls.
        self.journal.takes(class(&event.what))?;
        // A new person's key is made durable first: off the async threads.
        let (codec, copy) = (self.codec.clone(), event.clone());
        let sealed = tokio::task::spawn_blocking(move || {
            codec.event(&call, &copy, CameTo::Change(Became::first(&call))).map(|payload| (call, payload))
        });
        let (call, payload) = sealed.await.map_err(|_| IntakeError::died())??;
        let mut fresh = Live::new(call, Lsn::ZERO);
        fresh.seen.push(key_hash(&event.key));
        let mut pending = None;
        let inserted = self.live.insert(fresh, |live| {
            let first = self.journal.append(kind::EVENT, payload, class(&event.what))?;
            (live.first, live.last) = (first.lsn(), first.lsn());
            self.after_change(live);
            self.sessions.begun(&live.call, event.received_at);
            pending = Some(first);
            Ok::<_, IntakeError>(())
        })?;
        let handle = match inserted {
            Inserted::New(handle) => handle,
            Inserted::Known(handle) => {
                let taken = self.observe_on(&handle, event).await?;
                return Ok((handle, taken));
            }
        };
        if let Some(pending) = pending
            && let Err(error) = pending.instrument(spans::appending(&event)).await
        {
            self.forget(&mut handle.lock());
            return Err(error.into());
        }
        self.tell(event.call, &event.what, &Taken::Applied);
        self.cache_changed(event.call);
        self.perform(&handle, effects);
        Ok((handle, Taken::Applied))
    }

    /// The call in memory; one that is only in the store is brought back. `None` if neither has it, or the store is away.
    pub(crate) async fn reach(self: &Arc<Self>, id: CallId) -> Option<Handle> {
        if let Some(handle) = self.live.get(id) {
            return Some(handle);
        }
        let handle = loop {
            let before = self.live.departures(id);
            let (call, keys) = self.history_call(id).await?;
            let mut live = Live::new(call, self.journal.durable());
            live.origin = Origin::Rows;
            live.seen.extend(keys.iter().map(key_hash));
            if let Some(handle) = self.live.put_back_read(live, before) {
                break handle;
            }
        };
        self.cache_returned(id);
        let mut live = handle.lock();
        if live.health.is_here() {
            self.after_change(&mut live);
        }
        drop(live);
        Some(handle)
    }

    async fn journal_unmerged(self: &Arc<Self>, event: Event) -> Result<Taken, IntakeError> {
        self.cache_gone(event.call);
        let payload = self.codec.unmerged(&event)?;
        self.journal.append(kind::EVENT, payload, class(&event.what))?.await?;
        Ok(Taken::Unmerged)
    }

    /// Keeps every index in step with a call that has just changed. Called under the call's lock.
    pub(crate) fn after_change(&self, live: &mut Live) {
        self.slots.update(&live.call);
        self.sessions.update(&live.call);
        self.app.index.update(&live.call);
        self.persons.update(&live.call);
        self.live.index(live);
        self.waiting.update(&live.call);
        self.timers.arm(live, &self.config.timing);
    }

    /// Takes a call out of every index. Nothing is applied to it any more.
    pub(crate) fn forget(&self, live: &mut Live) {
        if live.health != Health::GivenUp {
            live.health = Health::Left;
        }
        let call = &*live.call;
        self.slots.remove(call);
        self.sessions.remove(call);
        self.app.forget(call);
        self.persons.left(call, self.clock.now());
        self.waiting.remove(call.id);
        self.live.remove(call);
    }

    /// Memory moved and the journal did not follow: the call is folded again from what the journal has.
    fn ahead(self: &Arc<Self>, handle: &Handle, live: &mut Live) {
        if live.health != Health::Sound {
            return;
        }
        live.health = Health::Ahead;
        let (inner, handle) = (self.clone(), handle.clone());
        self.tasks.spawn(async move { inner.refold(&handle).await });
    }

    fn tell(&self, call: CallId, what: &What, taken: &Taken) {
        match taken {
            Taken::Applied => tracing::debug!(%call, kind = kind_of(what), "call.event"),
            Taken::Refused(Refused::Conflict) => {
                tracing::warn!(%call, "call.conflicting_end: the first end stands");
            }
            Taken::Refused(reason) => {
                tracing::debug!(%call, kind = kind_of(what), %reason, "call.event_refused");
            }
            Taken::Repeated | Taken::Unmerged => {}
        }
    }

    /// Does what an event asked for, now that it is durable.
    pub(crate) fn perform(self: &Arc<Self>, handle: &Handle, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Owed(owed) => self.owe(handle.clone(), owed),
                Effect::FetchRecording(id) => self.fetch_recording(handle.clone(), id),
                // Whoever listens hears of it from the journal; the devices of an app call, here.
                Effect::Announce(status) => self.tell_devices(handle, status),
                Effect::Released => {
                    let live = handle.lock();
                    self.fitness.ended(&live.call);
                    self.tally.ended(&live.call);
                    drop(live);
                    self.waiting.wake();
                    self.queue_wakes.wake();
                }
            }
        }
    }

    /// An event of our own making.
    pub(crate) fn own_event(&self, call: CallId, key: String, source: Source, what: What) -> Event {
        Event {
            call,
            key: EventKey::new(key),
            received_at: self.clock.now(),
            occurred_at: None,
            source,
            what,
        }
    }
}

/// What is refused first when the journal is short of room: new dials, then news, and the ends of calls last.
fn class(what: &What) -> Class {
    match what {
        What::Requested(_)
        | What::Arrived(_)
        | What::Registered(_)
        | What::AppCalled(_)
        | What::DialStarted(_)
        | What::PostBegun(_)
        | What::Requeued { .. } => Class::Dial,
        What::Progress(progress) if matches!(progress.news, News::Ended(_)) => Class::Ending,
        What::App(progress) if progress.news.ends() => Class::Ending,
        What::StatusReported(report) if report.status.is_over() => Class::Ending,
        What::Bot(told) if matches!(told.news, BotNews::Over { .. }) => Class::Ending,
        What::HangUpAsked { .. }
        | What::Unregistered
        | What::GaveUp(_)
        | What::Expired(_)
        | What::Gated { .. }
        | What::PostRefused { .. }
        | What::RuledNotPlaced(_)
        | What::StrayHungUp { .. } => Class::Ending,
        _ => Class::Event,
    }
}

pub(crate) fn key_hash(key: &EventKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.as_str().hash(&mut hasher);
    hasher.finish()
}

/// The event's word, for logs and the history.
pub(crate) fn kind_of(what: &What) -> &'static str {
    match what {
        What::Requested(_) => "requested",
        What::Arrived(_) => "arrived",
        What::Registered(_) => "registered",
        What::StatusReported(_) => "status_reported",
        What::Unregistered => "unregistered",
        What::AppCalled(_) => "app_called",
        What::App(progress) => progress.news.as_str(),
        What::DialStarted(_) => "dial_started",
        What::PostBegun(_) => "post_begun",
        What::PostUnclear { .. } => "post_unclear",
        What::PostRefused { .. } => "post_refused",
        What::Requeued { .. } => "requeued",
        What::Progress(progress) => match progress.news {
            News::Accepted => "accepted",
            News::Ringing => "ringing",
            News::Answered => "answered",
            News::Ended(_) => "ended",
        },
        What::ListedNothing(_) => "listed_nothing",
        What::RuledNotPlaced(_) => "ruled_not_placed",
        What::CarrierSilent(_) => "carrier_silent",
        What::GaveUp(_) => "gave_up",
        What::Expired(_) => "expired",
        What::Gated { .. } => "gated",
        What::HangUpAsked { .. } => "hang_up_asked",
        What::StrayHungUp { .. } => "stray_hung_up",
        What::TakenOver { .. } => "taken_over",
        What::Spoke(_) => "spoke",
        What::HoldAsked(_) => "hold_asked",
        What::ResumeAsked(_) => "resume_asked",
        What::TransferAsked(_) => "transfer_asked",
        What::Forwarded(_) => "forwarded",
        What::ActionBegun(_) => "action_begun",
        What::ActionRefused { .. } => "action_refused",
        What::ActionNews(_) => "action_news",
        What::Consulted(_) => "consulted",
        What::TransferOver(_) => "transfer_over",
        What::Recording(_) => "recording",
        What::Transcribed { .. } => "transcribed",
        What::Transcription(_) => "transcription",
        What::AnsweredBy { .. } => "answered_by",
        What::Priced { .. } => "priced",
        What::Bot(told) => told.news.as_str(),
        What::MetadataMerged { .. } => "metadata_merged",
        What::UnknownWord { .. } => "unknown_word",
    }
}
