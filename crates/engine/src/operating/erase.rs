//! A person, forgotten: name, number, answers, transcripts, metadata, recordings.
//!
//! In the journal and its checkpoints everything personal is sealed with a key of the person's own: the key is dropped,
//! and what is left opens for nobody. In the database the person's calls are made what a replay of that journal would
//! make them: facts of calls with nobody at the other end. So a replay changes nothing, and `verify` agrees. That it was
//! done stands in the journal and in the history of each call, without a word of whom.
//!
//! A number that is suppressed stays so: it must not be called again.

use super::folder::{Folder, FolderTrouble};
use super::held::{Held, HeldError};
use super::prune::How;
use super::replay::event;
use super::{PAGE, Tick, recordings};
use crate::patience::with_patience;
use crate::record::{Codec, ERASED, Erased, kind};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::to_raw_value;
use std::collections::BTreeSet;
use trunkline_core::call::Call;
use trunkline_core::id::{AppUserId, CallId, TenantId};
use trunkline_core::private::Address;
use trunkline_journal::keys::{KeyError, PersonId};
use trunkline_journal::{AppendError, Cat, Class, FileError, Lsn, Options};
use trunkline_store::{Blanked, CallHistory, JournalIdent, Position, Projection, Store, StoreError};

/// What was forgotten, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erasure {
    /// Calls whose person was blanked.
    pub calls: u64,
    /// Calls of others that were handed to them, and lost their number; and calls between users of an app that they made, and that their
    /// receiver keeps.
    pub handed: u64,
    /// Conversations and lists of blocked users in which they stood, and their own.
    pub rosters: u64,
    /// Events that lost their personal part.
    pub events: u64,
    /// Questions with their answers.
    pub turns: u64,
    /// Files of recordings.
    pub recordings: u64,
    /// Keys that were dropped from the key file.
    pub keys: u64,
    /// Jobs of the queue that nobody can tell any more whom they were to reach; open ones are cancelled.
    pub jobs: u64,
    /// Leads that lost number, name and all else.
    pub leads: u64,
    /// Appointments that lost the same; those that are ahead are cancelled.
    pub appointments: u64,
    /// How often the number stands among those that are never called; there it stays.
    pub suppressions: u64,
    /// Records of the journal that the database does not have yet, where it is only counted: there may be more of theirs in them. Nobody
    /// is forgotten before they are in it.
    pub waiting: u64,
    /// Whether nothing of it is left in the database's files. A database server clears up in its own time.
    pub scrubbed: bool,
}

/// Why a person was not erased, or not wholly. A second run completes it.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// A call of theirs goes on.
    #[error("call {0} with this person is not over; end it first")]
    Live(CallId),
    /// Something of theirs is still on its way here.
    #[error("a recording of call {0} is still to be fetched; start the server and wait until it is there")]
    Unsettled(CallId),
    /// The database does not know everything yet.
    #[error("{0} records of the journal are not in the database yet; start the server until they are")]
    Waiting(u64),
    /// The database belongs to another folder.
    #[error("the database was fed by another journal than this folder's")]
    Foreign,
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderTrouble),
    /// The folder is not to be had, or not to be written to.
    #[error(transparent)]
    Held(#[from] HeldError),
    /// The journal can't be read.
    #[error("the journal: {0}")]
    Journal(#[from] FileError),
    /// The journal takes no record.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The key file.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// The folder of recordings.
    #[error("the recordings: {0}")]
    RecordingsFolder(#[from] std::io::Error),
    /// A recording.
    #[error("the recordings: {0}")]
    Recordings(#[from] trunkline_media::PlaceError),
    /// An event is not one of this version: what of it is personal can't be told.
    #[error("an event of call {0} can't be read by this version")]
    Unreadable(CallId),
    /// An event can't be written as JSON.
    #[error("an event of call {0} can't be written")]
    Json(CallId),
}

/// Who is to be forgotten.
#[derive(Clone, Debug)]
pub enum Whom {
    /// Whoever has one of these numbers: the same, in the spellings that carriers use.
    Numbers(Vec<Address>),
    /// A user of this tenant's app. What there is of a number that is spelled like the user's name goes too.
    User(TenantId, AppUserId),
}

/// Forgets somebody, or counts what would be forgotten. No server may run on the folder.
///
/// # Errors
/// Something of theirs goes on, or is not in the database yet; another process has the folder; or a part of it can't be
/// read or written.
pub async fn erase(
    folder: &Folder,
    options: Options,
    store: &Store,
    whom: &Whom,
    how: How,
    at: Timestamp,
    tick: Tick<'_>,
) -> Result<Erasure, EraseError> {
    let persons = match whom {
        Whom::Numbers(numbers) => persons(store, numbers).await?,
        Whom::User(tenant, user) => vec![(tenant.clone(), Address::new(user.as_str()))],
    };
    let calls = all_calls(store, &persons).await?;
    let handed = handed_to(store, &persons, &calls, tick).await?;
    let found = Found { persons, calls, handed };
    let suppressions = suppressions(store, &found.persons).await?;
    match how {
        How::Counted => counted(folder, store, &found, suppressions, tick).await,
        How::Done => {
            let open = Open::at(folder, options, store).await?;
            let mut erased = open.forget(folder, store, &found, at, tick).await?;
            erased.suppressions = suppressions;
            Ok(erased)
        }
    }
}

/// Where somebody is.
struct Found {
    /// Who they are: a person of each tenant.
    persons: Vec<(TenantId, Address)>,
    /// The calls they had.
    calls: Vec<(TenantId, CallId)>,
    /// Calls of others that were handed to them.
    handed: Vec<(TenantId, CallId)>,
}

impl Found {
    fn is_theirs(&self, tenant: &TenantId, number: &Address) -> bool {
        self.persons.iter().any(|(of, known)| of == tenant && known == number)
    }

    fn all_calls(&self) -> Vec<(TenantId, CallId)> {
        [self.calls.as_slice(), &self.handed].concat()
    }
}

/// Whom a number may be: a person of each tenant.
async fn persons(store: &Store, numbers: &[Address]) -> Result<Vec<(TenantId, Address)>, EraseError> {
    let mut tenants: BTreeSet<TenantId> = store.tenants().await?.into_iter().collect();
    tenants.insert(TenantId::default_tenant());
    let of =
        |tenant: &TenantId| numbers.iter().map(|number| (tenant.clone(), number.clone())).collect::<Vec<_>>();
    Ok(tenants.iter().flat_map(of).collect())
}

async fn all_calls(
    store: &Store,
    persons: &[(TenantId, Address)],
) -> Result<Vec<(TenantId, CallId)>, EraseError> {
    let mut all = Vec::new();
    for (tenant, number) in persons {
        let mut after = None;
        loop {
            let page = store.calls_with(tenant, number, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for call in page {
                all.push(settled(call)?);
            }
        }
    }
    Ok(all)
}

/// A call that nobody adds to any more.
fn settled(call: Call) -> Result<(TenantId, CallId), EraseError> {
    if !call.is_over() {
        return Err(EraseError::Live(call.id));
    }
    if !call.is_settled() {
        return Err(EraseError::Unsettled(call.id));
    }
    Ok((call.tenant, call.id))
}

/// Calls of others that were handed to one of these, and are not theirs anyway.
async fn handed_to(
    store: &Store,
    persons: &[(TenantId, Address)],
    theirs: &[(TenantId, CallId)],
    tick: Tick<'_>,
) -> Result<Vec<(TenantId, CallId)>, EraseError> {
    let mut all = BTreeSet::new();
    for (tenant, number) in persons {
        let mut after = None;
        loop {
            let page = store.calls_handed_to(tenant, number, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for mut call in page {
                if call.handed_to().any(|to| to == number) {
                    all.insert(settled(call)?);
                }
            }
            tick(count(all.len()));
        }
        let mut after = None;
        loop {
            let page = store.app_calls_from(tenant, number, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for call in page {
                all.insert(settled(call)?);
            }
            tick(count(all.len()));
        }
    }
    all.retain(|call| !theirs.contains(call));
    Ok(all.into_iter().collect())
}

async fn suppressions(store: &Store, persons: &[(TenantId, Address)]) -> Result<u64, EraseError> {
    let all = store.all_suppressions().await?;
    let is_theirs = |number: &Address| persons.iter().any(|(_, known)| known == number);
    Ok(count(all.iter().filter(|entry| is_theirs(&entry.number)).count()))
}

async fn counted(
    folder: &Folder,
    store: &Store,
    found: &Found,
    suppressions: u64,
    tick: Tick<'_>,
) -> Result<Erasure, EraseError> {
    let mut erasure = Erasure { suppressions, ..Erasure::default() };
    if let Ok((ident, codec)) = folder.peek() {
        let eaten = eaten(store, &ident).await?.unwrap_or(Position(0));
        let last = Cat::open(&folder.journal(), Lsn::new(eaten.0))?.filter_map(Result::ok).last();
        erasure.waiting = last.map_or(0, |record| record.lsn.get().saturating_sub(eaten.0));
        let ids = found.persons.iter().flat_map(|(tenant, number)| keys_of(&codec, tenant, number));
        erasure.keys = count(ids.filter(|person| codec.knows(*person)).count());
    }
    for (tenant, number) in &found.persons {
        let unlisted = store.count_lead(tenant, number).await?;
        erasure.jobs += unlisted.jobs;
        erasure.leads += unlisted.leads;
        if let Some(user) = AppUserId::parse(number.as_str()) {
            erasure.rosters += store.count_in_rosters(tenant, &user).await?;
        }
        erasure.appointments += unlisted.appointments;
    }
    erasure.handed = count(found.handed.len());
    for page in found.calls.chunks(usize::from(PAGE)) {
        for history in histories(store, page).await? {
            let Blank { call, events } = blank(&history)?;
            erasure.calls += 1;
            erasure.turns += count(call.turns.len());
            erasure.events += count(events.len());
            for name in recordings::named(&call) {
                erasure.recordings += u64::from(recordings::length(folder, &name).await?.is_some());
            }
        }
        tick(erasure.calls);
    }
    Ok(erasure)
}

/// Up to where a database has this journal; `None` if it never heard of it.
async fn eaten(store: &Store, ident: &JournalIdent) -> Result<Option<Position>, EraseError> {
    let fed = store.fed_by().await?;
    let ours = fed.into_iter().find(|feeder| feeder.journal.journal == ident.journal);
    Ok(ours.map(|feeder| feeder.position))
}

/// The folder, open for nobody else, and a database that knows all of its journal.
struct Open(Held);

impl Open {
    async fn at(folder: &Folder, options: Options, store: &Store) -> Result<Self, EraseError> {
        let held = Held::open(folder, options)?;
        let eaten = match eaten(store, &held.ident).await? {
            Some(position) => position,
            None => match store.cursor(&held.ident).await {
                Ok(cursor) => cursor.position,
                Err(StoreError::Foreign { .. }) => return Err(EraseError::Foreign),
                Err(error) => return Err(error.into()),
            },
        };
        match held.recovered.last.get().saturating_sub(eaten.0) {
            0 => Ok(Self(held)),
            waiting => Err(EraseError::Waiting(waiting)),
        }
    }

    async fn forget(
        self,
        folder: &Folder,
        store: &Store,
        found: &Found,
        at: Timestamp,
        tick: Tick<'_>,
    ) -> Result<Erasure, EraseError> {
        let Found { persons, calls, handed } = found;
        let mut erasure = Erasure::default();
        let note = Erased { at, calls: found.all_calls() };
        let payload = serde_json::to_vec(&note).map_err(|_| EraseError::Json(CallId::from_bytes([0; 16])))?;
        let noted = self.0.journal.append(kind::ERASED, payload, Class::Ending)?.await?;
        let position = Position(noted.get());
        erasure.keys = self.drop_keys(persons, calls)?;
        for page in calls.chunks(usize::from(PAGE)) {
            let histories = histories(store, page).await?;
            let blanks = histories.iter().map(blank).collect::<Result<Vec<_>, _>>()?;
            for name in histories.iter().flat_map(|history| recordings::named(&history.call)) {
                erasure.recordings += u64::from(recordings::remove(folder, &name).await?.is_some());
            }
            recordings::sync(folder)?;
            erasure.turns += blanks.iter().map(|blank| count(blank.call.turns.len())).sum::<u64>();
            let (folds, events): (Vec<Call>, Vec<Vec<Blanked>>) =
                blanks.into_iter().map(|blank| (blank.call, blank.events)).unzip();
            let events = events.concat();
            let notes = Erased { at, calls: page.to_vec() }.rows(position);
            let forgotten = with_patience(|| store.forget(&folds, &events, &notes)).await?;
            erasure.calls += forgotten.calls;
            erasure.events += forgotten.events;
            tick(erasure.calls);
        }
        for page in handed.chunks(usize::from(PAGE)) {
            let histories = histories(store, page).await?;
            let blanks = histories.iter().map(|history| found.blank_handed(history));
            let (folds, events): (Vec<Call>, Vec<Vec<Blanked>>) = blanks
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .map(|blank| (blank.call, blank.events))
                .unzip();
            let (events, notes) = (events.concat(), Erased { at, calls: page.to_vec() }.rows(position));
            let forgotten = with_patience(|| store.forget(&folds, &events, &notes)).await?;
            erasure.handed += forgotten.calls;
            erasure.events += forgotten.events;
            tick(erasure.calls + erasure.handed);
        }
        for (tenant, number) in persons {
            let unlisted = with_patience(|| store.forget_lead(tenant, number, at)).await?;
            erasure.jobs += unlisted.jobs;
            erasure.leads += unlisted.leads;
            if let Some(user) = AppUserId::parse(number.as_str()) {
                erasure.rosters += with_patience(|| store.forget_in_rosters(tenant, &user)).await?;
            }
            erasure.appointments += unlisted.appointments;
        }
        // The database knows what the journal's last record says.
        let caught_up = Projection::empty(self.0.ident.clone(), position);
        with_patience(|| store.project(&caught_up)).await?;
        erasure.scrubbed = with_patience(|| store.scrub()).await?;
        self.0.close();
        Ok(erasure)
    }

    /// Drops the person's keys, and those of reports that came before anybody knew whose they were.
    fn drop_keys(
        &self,
        persons: &[(TenantId, Address)],
        calls: &[(TenantId, CallId)],
    ) -> Result<u64, EraseError> {
        let unmerged = TenantId::default_tenant();
        let of_calls =
            calls.iter().map(|(_, call)| self.0.codec.person(&unmerged, &Address::new(call.to_string())));
        let of_persons = persons.iter().flat_map(|(tenant, number)| keys_of(&self.0.codec, tenant, number));
        Ok(count(self.0.keys.forget_all(&of_persons.chain(of_calls).collect::<Vec<PersonId>>())?))
    }
}

/// Under which keys what is somebody's is sealed.
fn keys_of(codec: &Codec, tenant: &TenantId, number: &Address) -> [PersonId; 4] {
    [
        codec.person(tenant, number),
        codec.handed_to(tenant, number),
        codec.handed_to_before(tenant, number),
        codec.in_rosters(tenant, number.as_str()),
    ]
}

/// The calls of a page with their events.
async fn histories(store: &Store, page: &[(TenantId, CallId)]) -> Result<Vec<CallHistory>, EraseError> {
    let ids: Vec<CallId> = page.iter().map(|(_, id)| *id).collect();
    let calls = store.load_folds(&ids).await?;
    let mut events = store.events_of(&ids).await?;
    let with_events = |call: Call| CallHistory { events: events.remove(&call.id).unwrap_or_default(), call };
    Ok(calls.into_iter().map(with_events).collect())
}

/// A call without its person.
struct Blank {
    call: Call,
    events: Vec<Blanked>,
}

impl Found {
    /// Somebody else's call without the number it was handed to, or without its caller.
    fn blank_handed(&self, history: &CallHistory) -> Result<Blank, EraseError> {
        let mut call = history.call.clone();
        let tenant = call.tenant.clone();
        call.forget_handed_to(|to| self.is_theirs(&tenant, to));
        if let Some(own) = call.callers_own().filter(|own| self.is_theirs(&tenant, own.from)) {
            own.forget();
        }
        let mut events = Vec::new();
        for row in history.events.iter().filter(|row| row.kind != ERASED) {
            let mut event = event(row).ok_or(EraseError::Unreadable(row.call))?;
            let mut is_changed = false;
            if let Some(to) = event.what.handed_to().filter(|to| self.is_theirs(&tenant, to)) {
                *to = Address::default();
                is_changed = true;
            }
            if let Some(own) = event.what.callers_own().filter(|own| self.is_theirs(&tenant, own.from)) {
                own.forget();
                is_changed = true;
            }
            if is_changed {
                let body = to_raw_value(&event.what).map_err(|_| EraseError::Json(row.call))?;
                events.push(Blanked { call: row.call, key: row.key.clone(), body });
            }
        }
        Ok(Blank { call, events })
    }
}

fn blank(history: &CallHistory) -> Result<Blank, EraseError> {
    let mut call = history.call.clone();
    call.forget_person();
    let mut events = Vec::new();
    for row in history.events.iter().filter(|row| row.kind != ERASED) {
        let mut event = event(row).ok_or(EraseError::Unreadable(row.call))?;
        if event.what.take_personal().is_some() {
            let body = to_raw_value(&event.what).map_err(|_| EraseError::Json(row.call))?;
            events.push(Blanked { call: row.call, key: row.key.clone(), body });
        }
    }
    Ok(Blank { call, events })
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
