//! What stands in the journal: events and decisions as JSON, their personal parts sealed under the person's own key.
//!
//! A record is readable by a person with `journal cat`, and still a fact when the person's key has been dropped: the
//! event stays, its personal part is blank.

use crate::history::PrunedRecord;
use crate::imported;
use crate::live_events::Became;
use crate::trust::Stands;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use thiserror::Error;
use trunkline_core::bot::Bot;
use trunkline_core::call::{Call, CallersOwn, Event, Personal, Refused, Source};
use trunkline_core::id::{AppUserId, CallId, ConversationId, EventKey, TenantId};
use trunkline_core::numbers::Number;
use trunkline_core::private::{Address, Private};
use trunkline_core::roster::{Roster, RosterOf};
use trunkline_core::script::Script;
use trunkline_core::tenancy::{ApiKey, Decision, DecisionId, Login, Tenant, User};
use trunkline_journal::keys::{KeyError, KeyRing, PersonId, Unsealed};
use trunkline_store::{EventRow, Import, Position};

/// The kinds of records. Numbers are never reused.
pub(crate) mod kind {
    /// An event of a call.
    pub const EVENT: u8 = 1;
    /// A number that must not be dialed.
    pub const SUPPRESSED: u8 = 2;
    /// A version of a script that a call runs.
    pub const SCRIPT: u8 = 3;
    /// Whom to trust: a row of the store's decision data, mirrored.
    pub const DECISION: u8 = 8;
    /// A person was erased.
    pub const ERASED: u8 = 4;
    /// A piece of history that came from a file, where there is no database to keep it.
    pub const IMPORTED: u8 = 9;
    /// A call that was another node's, as it is from the moment that this one took it over.
    pub const ADOPTED: u8 = 11;
    /// A version of a bot that a call runs.
    pub const BOT: u8 = 12;
    /// Calls that went, where there is no database that forgets them by itself.
    pub const PRUNED: u8 = 10;
}

/// An event as it is journaled.
#[derive(Serialize, Deserialize)]
pub(crate) struct EventRecord<'a> {
    /// Whose it is.
    #[serde(rename = "tenant")]
    pub tenant: Cow<'a, TenantId>,
    /// The event, without what is sealed.
    pub event: Cow<'a, Event>,
    /// Why it changed nothing, if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Cow<'a, Refused>>,
    /// What the call was then, if listeners are to hear of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    became: Option<Became>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

/// A personal part, readable with its person's key only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sealed {
    person: String,
    data: String,
}

impl Sealed {
    /// How many bytes it has.
    pub fn length(&self) -> usize {
        self.person.len() + self.data.len()
    }
}

/// A number that must not be dialed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Suppression {
    pub tenant: TenantId,
    pub number: Address,
    pub reason: String,
    pub since: jiff::Timestamp,
}

/// A row of decision data as it is journaled, or what else the mirror must know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub(crate) enum DecisionRecord {
    Tenant(Tenant),
    Key(ApiKey),
    /// A user, the name and what they sign in as sealed under their own key.
    User {
        user: User,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sealed: Option<Sealed>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        login: Option<Sealed>,
    },
    /// One of our numbers.
    Number(Number),
    /// A roster of an app's users.
    Roster(RosterRecord),
    /// The store has no such roster any more.
    RosterGone(RosterRecord),
    /// The store has no such row any more.
    Gone {
        id: DecisionId,
    },
    /// The mirror is in step with this database.
    InStep {
        store: String,
    },
    /// A session was left, and opens nothing any more.
    Left {
        session: String,
        until: jiff::Timestamp,
    },
}

impl DecisionRecord {
    /// A row as it is journaled. Blocks on the disk only when a user is new.
    pub fn sealed(codec: &Codec, decision: &Decision) -> Result<Self, RecordError> {
        Ok(match decision {
            Decision::Tenant(tenant) => Self::Tenant(tenant.clone()),
            Decision::Key(key) => Self::Key(key.clone()),
            Decision::Number(number) => Self::Number(number.clone()),
            Decision::User(user) => {
                let person = codec.person(&user.tenant, &Address::new(format!("user:{}", user.id)));
                let sealed = Some(codec.seal(person, user.name.reveal().as_bytes())?);
                let login = user.login.as_ref().map(|login| codec.seal(person, login.as_str().as_bytes()));
                let login = login.transpose()?;
                Self::User {
                    user: User { name: Private::default(), login: None, ..user.clone() },
                    sealed,
                    login,
                }
            }
        })
    }

    /// The row, if it is one. The name of an erased user is empty, and they sign in no more.
    pub fn opened(self, codec: &Codec) -> Result<Option<Decision>, RecordError> {
        Ok(match self {
            Self::Tenant(tenant) => Some(Decision::Tenant(tenant)),
            Self::Key(key) => Some(Decision::Key(key)),
            Self::Number(number) => Some(Decision::Number(number)),
            Self::User { mut user, sealed, login } => {
                let opened = |sealed: Option<Sealed>| {
                    let bytes = sealed.map(|sealed| codec.open(&sealed)).transpose()?.flatten();
                    bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| RecordError::Damaged)).transpose()
                };
                user.name = Private::new(opened(sealed)?.unwrap_or_default());
                let login = opened(login)?.map(|login| Login::parse(&login)).transpose();
                user.login = login.map_err(|_| RecordError::Damaged)?;
                Some(Decision::User(user))
            }
            Self::Roster(_)
            | Self::RosterGone(_)
            | Self::Gone { .. }
            | Self::InStep { .. }
            | Self::Left { .. } => None,
        })
    }
}

/// A roster as it is journaled: each user sealed under their own key, so that whoever is erased is in none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RosterRecord {
    tenant: TenantId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationId>,
    /// Who blocks, if it is no conversation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocker: Option<Sealed>,
    users: Vec<Sealed>,
    version: u64,
    updated_at: jiff::Timestamp,
    #[serde(default, skip_serializing_if = "Stands::is_stored")]
    stands: Stands,
}

impl RosterRecord {
    /// Many as they are journaled. Blocks on the disk only when users are new, and then once for all of them.
    pub fn sealed_all<'a>(
        codec: &Codec,
        rosters: impl Iterator<Item = (&'a Roster, Stands)> + Clone,
    ) -> Result<Vec<DecisionRecord>, RecordError> {
        let persons = rosters.clone().flat_map(|(roster, _)| {
            let blocker = match &roster.of {
                RosterOf::Conversation(_) => None,
                RosterOf::Blocker(user) => Some(user),
            };
            let named = blocker.into_iter().chain(&roster.users);
            named.map(move |user| codec.in_rosters(&roster.tenant, user.as_str()))
        });
        codec.keys.make_all(&persons.collect::<Vec<_>>())?;
        let sealed = rosters.map(|(roster, stands)| Self::sealed(codec, roster, stands));
        sealed.map(|record| record.map(DecisionRecord::Roster)).collect()
    }

    /// That a roster is there no more.
    pub fn gone(codec: &Codec, roster: &Roster) -> Result<DecisionRecord, RecordError> {
        let nobody = Roster { users: BTreeSet::new(), ..roster.clone() };
        Self::sealed(codec, &nobody, Stands::Stored).map(DecisionRecord::RosterGone)
    }

    fn sealed(codec: &Codec, roster: &Roster, stands: Stands) -> Result<Self, RecordError> {
        let tenant = &roster.tenant;
        let seal =
            |user: &AppUserId| codec.seal(codec.in_rosters(tenant, user.as_str()), user.as_str().as_bytes());
        let (conversation, blocker) = match &roster.of {
            RosterOf::Conversation(conversation) => (Some(conversation.clone()), None),
            RosterOf::Blocker(user) => (None, Some(seal(user)?)),
        };
        Ok(Self {
            tenant: tenant.clone(),
            conversation,
            blocker,
            users: roster.users.iter().map(seal).collect::<Result<_, _>>()?,
            version: roster.version,
            updated_at: roster.updated_at,
            stands,
        })
    }

    /// The roster, and where it stands; `None` if whose it is was erased. Who was erased is not in it.
    pub fn opened(self, codec: &Codec) -> Result<Option<(Roster, Stands)>, RecordError> {
        let open = |sealed: &Sealed| {
            let user = codec.open(sealed)?.map(String::from_utf8).transpose();
            let user = user.map_err(|_| RecordError::Damaged)?;
            user.map(|user| AppUserId::parse(&user).ok_or(RecordError::Damaged)).transpose()
        };
        let of = match (self.conversation, &self.blocker) {
            (Some(conversation), _) => Some(RosterOf::Conversation(conversation)),
            (None, Some(blocker)) => open(blocker)?.map(RosterOf::Blocker),
            (None, None) => return Err(RecordError::Damaged),
        };
        let Some(of) = of else { return Ok(None) };
        let users =
            self.users.iter().map(open).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        let Self { tenant, version, updated_at, stands, .. } = self;
        Ok(Some((Roster { tenant, of, users, version, updated_at }, stands)))
    }
}

/// A call that this node took over, with the events of its own that made it so. It stands for all that the other's journal has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Adopted {
    pub call: Call,
    pub events: Vec<Event>,
}

impl Adopted {
    /// The numbers of others to whom the call was handed.
    fn handed_to(&mut self) -> impl Iterator<Item = &mut Address> {
        let of_events = self.events.iter_mut().filter_map(|event| event.what.handed_to());
        self.call.handed_to().chain(of_events)
    }

    /// What is the caller's of a call between users of an app.
    fn callers_own(&mut self) -> impl Iterator<Item = CallersOwn<'_>> {
        let of_events = self.events.iter_mut().filter_map(|event| event.what.callers_own());
        self.call.callers_own().into_iter().chain(of_events)
    }
}

/// Before a number that is sealed by itself. No number begins so.
const COVERED: &str = "sealed:";

/// The same as it is journaled: sealed whole, since it is one person's.
#[derive(Serialize, Deserialize)]
struct AdoptedRecord {
    tenant: TenantId,
    call: CallId,
    sealed: Sealed,
    /// That it was taken over, for listeners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    became: Option<Became>,
}

/// What a record says to listeners: an event without what is sealed of it, and what its call was then.
pub(crate) struct Heard {
    pub tenant: TenantId,
    pub event: Event,
    pub became: Became,
}

/// What an event came to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CameTo<'a> {
    /// It changed the call to this.
    Change(Became),
    /// It changed the call, and the next one takes that back: nobody is to hear of it.
    Passing,
    /// It changed nothing.
    Nothing(&'a Refused),
}

/// That a person was erased, without a word of whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Erased {
    pub at: jiff::Timestamp,
    pub calls: Vec<(TenantId, CallId)>,
}

impl Erased {
    /// What the history of each call says of it.
    pub fn rows(&self, position: Position) -> Vec<EventRow> {
        let row = |(tenant, call): &(TenantId, CallId)| {
            Some(EventRow {
                position,
                call: *call,
                tenant: tenant.clone(),
                key: EventKey::new(format!("{ERASED}:{position}")),
                received_at: self.at,
                occurred_at: None,
                source: Source::Api,
                kind: ERASED.to_owned(),
                applied: Ok(()),
                body: RawValue::from_string(format!(r#"{{"kind":"{ERASED}"}}"#)).ok()?.into(),
            })
        };
        self.calls.iter().filter_map(row).collect()
    }
}

/// The kind of a row that says so: it is no fact of the call, but of the keeping of its history.
pub(crate) const ERASED: &str = "erased";

/// What begins the name of a key that is apart from a person's own: no number and no user of an app has it in theirs
/// ([`AppUserId::parse`]), so nobody can be called like such a key.
const APART: char = '\u{1}';

/// A decoded record.
#[derive(Debug)]
pub(crate) enum Decoded {
    Event {
        event: Box<Event>,
        tenant: TenantId,
        refused: Option<Refused>,
    },
    Suppressed(Suppression),
    Script(Box<Script>),
    Bot(Box<Bot>),
    Decision(Box<DecisionRecord>),
    Erased(Erased),
    /// `None` if its person was erased.
    Adopted(Option<Box<Adopted>>),
    Imported(Box<Import>),
    Pruned(PrunedRecord),
    /// A kind from a later version: kept, not understood.
    Unknown(u8),
}

/// Why a record could not be written or read.
#[derive(Debug, Error)]
pub enum RecordError {
    /// It is no JSON of ours.
    #[error("not a record of this version: {0}")]
    Json(#[from] serde_json::Error),
    /// The key file refused.
    #[error("cannot seal a personal part: {0}")]
    Key(#[from] KeyError),
    /// The personal part was altered.
    #[error("a sealed part is damaged")]
    Damaged,
}

/// Writes and reads records with one folder's keys.
#[derive(Clone)]
pub(crate) struct Codec {
    keys: Arc<KeyRing>,
    salt: [u8; 32],
}

impl Codec {
    pub fn new(keys: Arc<KeyRing>, salt: [u8; 32]) -> Self {
        Self { keys, salt }
    }

    /// Who a person is in the key file: nothing that tells the number without the folder's salt.
    pub fn person(&self, tenant: &TenantId, number: &Address) -> PersonId {
        let mut hash = Sha256::new();
        hash.update(self.salt);
        hash.update(tenant.as_str());
        hash.update([0]);
        hash.update(number.as_str());
        let digest = hash.finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        PersonId(id)
    }

    /// Begins a turn of those for whom something is sealed: [`KeyRing::turn`].
    pub fn turn(&self) {
        self.keys.turn();
    }

    /// Forgets the keys of those for whom nothing was sealed lately; how many. Blocks on the disk.
    pub fn forget_idle(&self, persons: &[PersonId]) -> Result<usize, KeyError> {
        self.keys.forget_idle(persons)
    }

    /// Whether the person has a key.
    pub fn knows(&self, person: PersonId) -> bool {
        self.keys.knows(person)
    }

    /// An event as bytes. Blocks on the disk only when the person is new.
    pub fn event(&self, call: &Call, event: &Event, came_to: CameTo<'_>) -> Result<Vec<u8>, RecordError> {
        let mut bare = Cow::Borrowed(event);
        let mut sealed = None;
        if event.what.is_personal() {
            let what = &mut bare.to_mut().what;
            self.cover(&call.tenant, what.handed_to())?;
            self.cover_callers(&call.tenant, what.callers_own())?;
        }
        if event.what.is_personal()
            && let Some(personal) = bare.to_mut().what.take_personal()
        {
            let person = self.person(&call.tenant, call.party.person(call.direction));
            sealed = Some(self.seal(person, &serde_json::to_vec(&personal)?)?);
        }
        let (refused, became) = match came_to {
            CameTo::Change(became) => (None, Some(became)),
            CameTo::Passing => (None, None),
            CameTo::Nothing(refused) => (Some(Cow::Borrowed(refused)), None),
        };
        let record =
            EventRecord { tenant: Cow::Borrowed(&call.tenant), event: bare, refused, became, sealed };
        Ok(serde_json::to_vec(&record)?)
    }

    /// An event of a call that can't be reached now: whose it is will be known when it is merged. What it holds of a
    /// person is sealed under the call's own id.
    pub fn unmerged(&self, event: &Event) -> Result<Vec<u8>, RecordError> {
        let tenant = TenantId::default_tenant();
        let mut bare = event.clone();
        let sealed = match bare.what.take_personal() {
            Some(personal) => {
                let person = self.person(&tenant, &Address::new(event.call.to_string()));
                Some(self.seal(person, &serde_json::to_vec(&personal)?)?)
            }
            None => None,
        };
        // Listeners do not hear of it: whose it is, and whether it changes anything, is not known.
        let (tenant, event) = (Cow::Owned(tenant), Cow::Owned(bare));
        let record = EventRecord { tenant, event, refused: None, became: None, sealed };
        Ok(serde_json::to_vec(&record)?)
    }

    /// Who somebody is in the key file to whom calls are handed: apart from their own calls, so that these can go.
    pub fn handed_to(&self, tenant: &TenantId, number: &Address) -> PersonId {
        self.person(tenant, &Address::new(format!("{APART}to:{}", number.as_str())))
    }

    /// The same, as earlier versions named them: what they wrote is theirs to forget too.
    pub fn handed_to_before(&self, tenant: &TenantId, number: &Address) -> PersonId {
        self.person(tenant, &Address::new(format!("to:{}", number.as_str())))
    }

    /// Who a user of an app is in the key file as far as rosters go: apart from their calls, which can go before.
    pub fn in_rosters(&self, tenant: &TenantId, user: &str) -> PersonId {
        self.person(tenant, &Address::new(format!("{APART}app:{user}")))
    }

    /// Seals numbers of others, each under that person's own key, inside of what is sealed under the caller's: whichever of
    /// the two is erased, the number is gone.
    pub fn cover<'a>(
        &self,
        tenant: &TenantId,
        numbers: impl IntoIterator<Item = &'a mut Address>,
    ) -> Result<(), RecordError> {
        for number in numbers {
            if !number.as_str().is_empty() {
                *number = Address::new(self.covered(self.handed_to(tenant, number), number.as_str())?);
            }
        }
        Ok(())
    }

    /// Seals what is the caller's of a call between users of an app, in the same way.
    pub fn cover_callers(&self, tenant: &TenantId, own: Option<CallersOwn<'_>>) -> Result<(), RecordError> {
        let Some(CallersOwn { from, name, conversation }) = own.filter(|own| !own.from.as_str().is_empty())
        else {
            return Ok(());
        };
        let person = self.handed_to(tenant, from);
        *from = Address::new(self.covered(person, from.as_str())?);
        if let Some(name) = name {
            *name = Private::new(self.covered(person, name.reveal())?);
        }
        if let Some(conversation) = conversation {
            *conversation = ConversationId::new(self.covered(person, conversation.as_str())?);
        }
        Ok(())
    }

    /// Opens what [`Codec::cover_callers`] sealed; blanks if the caller was erased.
    pub fn uncover_callers(&self, own: Option<CallersOwn<'_>>) -> Result<(), RecordError> {
        let Some(CallersOwn { from, name, conversation }) = own else { return Ok(()) };
        *from = self.uncovered(from.as_str())?.map(Address::new).unwrap_or_default();
        *name =
            name.take().map(|name| self.uncovered(name.reveal())).transpose()?.flatten().map(Private::new);
        let opened = conversation.take().map(|conversation| self.uncovered(conversation.as_str()));
        *conversation = opened.transpose()?.flatten().map(ConversationId::new);
        Ok(())
    }

    fn covered(&self, person: PersonId, plain: &str) -> Result<String, RecordError> {
        let sealed = self.seal(person, plain.as_bytes())?;
        Ok(format!("{COVERED}{}:{}", sealed.person, sealed.data))
    }

    /// What was covered; `None` if the person was erased. What was never covered stays.
    fn uncovered(&self, text: &str) -> Result<Option<String>, RecordError> {
        let Some(sealed) = text.strip_prefix(COVERED) else { return Ok(Some(text.to_owned())) };
        let (person, data) = sealed.split_once(':').ok_or(RecordError::Damaged)?;
        let sealed = Sealed { person: person.to_owned(), data: data.to_owned() };
        self.open(&sealed)?.map(String::from_utf8).transpose().map_err(|_| RecordError::Damaged)
    }

    /// Opens what [`Codec::cover`] sealed; a blank if the person was erased. What was never sealed stays.
    pub fn uncover<'a>(&self, numbers: impl IntoIterator<Item = &'a mut Address>) -> Result<(), RecordError> {
        for number in numbers {
            *number = self.uncovered(number.as_str())?.map(Address::new).unwrap_or_default();
        }
        Ok(())
    }

    /// A call that was taken over, as bytes. Blocks on the disk only when the person is new.
    pub fn adopted(&self, adopted: &Adopted) -> Result<Vec<u8>, RecordError> {
        let call = &adopted.call;
        let person = self.person(&call.tenant, call.party.person(call.direction));
        let mut covered = adopted.clone();
        self.cover(&call.tenant, covered.handed_to())?;
        for own in covered.callers_own() {
            self.cover_callers(&call.tenant, Some(own))?;
        }
        let sealed = self.seal(person, &serde_json::to_vec(&covered)?)?;
        let event = adopted.events.last().filter(|event| !event.what.is_personal()).cloned();
        let became = event.as_ref().map(|_| Became::first(call));
        let record = AdoptedRecord { tenant: call.tenant.clone(), call: call.id, sealed, event, became };
        Ok(serde_json::to_vec(&record)?)
    }

    /// Of which call a record is, without opening what is sealed.
    pub fn call_of(&self, kind: u8, payload: &[u8]) -> Result<Option<CallId>, RecordError> {
        #[derive(Deserialize)]
        struct Outer {
            event: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            call: CallId,
        }
        Ok(match kind {
            kind::EVENT => Some(serde_json::from_slice::<Outer>(payload)?.event.call),
            kind::ADOPTED => Some(serde_json::from_slice::<AdoptedRecord>(payload)?.call),
            _ => None,
        })
    }

    /// What a record says to listeners, without opening what is sealed.
    pub fn heard(kind: u8, payload: &[u8]) -> Result<Option<Heard>, RecordError> {
        Ok(match kind {
            kind::EVENT => {
                let EventRecord { tenant, event, became, .. } = serde_json::from_slice(payload)?;
                became.map(|became| Heard { tenant: tenant.into_owned(), event: event.into_owned(), became })
            }
            kind::ADOPTED => {
                let AdoptedRecord { tenant, event, became, .. } = serde_json::from_slice(payload)?;
                event.zip(became).map(|(event, became)| Heard { tenant, event, became })
            }
            _ => None,
        })
    }

    /// Reads a record back.
    pub fn decode(&self, kind: u8, payload: &[u8]) -> Result<Decoded, RecordError> {
        match kind {
            kind::EVENT => {
                let record: EventRecord<'_> = serde_json::from_slice(payload)?;
                let mut event = record.event.into_owned();
                if let Some(sealed) = &record.sealed
                    && let Some(plain) = self.open(sealed)?
                {
                    event.what.put_personal(serde_json::from_slice::<Personal>(&plain)?);
                    self.uncover(event.what.handed_to())?;
                    self.uncover_callers(event.what.callers_own())?;
                }
                Ok(Decoded::Event {
                    event: Box::new(event),
                    tenant: record.tenant.into_owned(),
                    refused: record.refused.map(Cow::into_owned),
                })
            }
            kind::SUPPRESSED => Ok(Decoded::Suppressed(serde_json::from_slice(payload)?)),
            kind::SCRIPT => Ok(Decoded::Script(serde_json::from_slice(payload)?)),
            kind::BOT => Ok(Decoded::Bot(serde_json::from_slice(payload)?)),
            kind::DECISION => Ok(Decoded::Decision(serde_json::from_slice(payload)?)),
            kind::ERASED => Ok(Decoded::Erased(serde_json::from_slice(payload)?)),
            kind::ADOPTED => {
                let record: AdoptedRecord = serde_json::from_slice(payload)?;
                let plain = self.open(&record.sealed)?;
                let mut adopted: Option<Box<Adopted>> =
                    plain.map(|plain| serde_json::from_slice(&plain)).transpose()?;
                self.uncover(adopted.iter_mut().flat_map(|adopted| adopted.handed_to()))?;
                for own in adopted.iter_mut().flat_map(|adopted| adopted.callers_own()) {
                    self.uncover_callers(Some(own))?;
                }
                Ok(Decoded::Adopted(adopted))
            }
            kind::IMPORTED => Ok(Decoded::Imported(Box::new(imported::open(self, payload)?))),
            kind::PRUNED => Ok(Decoded::Pruned(serde_json::from_slice(payload)?)),
            other => Ok(Decoded::Unknown(other)),
        }
    }

    /// Whether the record has a personal part that nobody can open any more.
    pub fn is_erased(&self, record: &EventRecord<'_>) -> bool {
        record.sealed.as_ref().is_some_and(|sealed| matches!(self.open(sealed), Ok(None)))
    }

    /// Seals bytes under a person's key, making the key (durably) if the person is new.
    pub fn seal(&self, person: PersonId, plain: &[u8]) -> Result<Sealed, RecordError> {
        let name = format!("{:032x}", u128::from_be_bytes(person.0));
        Ok(Sealed { person: name, data: self.keys.seal(person, plain)? })
    }

    /// Opens sealed bytes; `None` if the person was erased.
    pub fn open(&self, sealed: &Sealed) -> Result<Option<Vec<u8>>, RecordError> {
        let person = u128::from_str_radix(&sealed.person, 16).map_err(|_| RecordError::Damaged)?;
        match self.keys.unseal(PersonId(person.to_be_bytes()), &sealed.data) {
            Ok(plain) => Ok(Some(plain)),
            Err(Unsealed::Erased) => Ok(None),
            Err(Unsealed::Damaged) => Err(RecordError::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codec(folder: &tempfile::TempDir) -> Codec {
        Codec::new(Arc::new(KeyRing::open(&folder.path().join("keys")).unwrap()), [7; 32])
    }

    #[test]
    fn no_user_is_called_like_a_key_that_is_apart() {
        let folder = tempfile::tempdir().unwrap();
        let codec = codec(&folder);
        let tenant = TenantId::new("acme");
        let own = |name: &str| codec.person(&tenant, &Address::new(name));
        for name in ["app:bob", "to:bob", "\u{1}app:bob", "\u{1}to:bob"] {
            let is_it = [codec.in_rosters(&tenant, "bob"), codec.handed_to(&tenant, &Address::new("bob"))]
                .contains(&own(name));
            assert!(!is_it || AppUserId::parse(name).is_none(), "{name:?}");
        }
    }

    #[test]
    fn keys_of_all_who_stand_in_rosters_are_made_before_any_is_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let codec = codec(&folder);
        let user = |name: &str| AppUserId::parse(name).unwrap();
        let rosters: Vec<Roster> = (0..3)
            .map(|n| Roster {
                users: (0..4).map(|m| user(&format!("{n} blocks {m}"))).collect(),
                version: 1,
                ..Roster::empty(TenantId::new("acme"), RosterOf::Blocker(user(&format!("user {n}"))))
            })
            .collect();
        let records = RosterRecord::sealed_all(
            &codec,
            rosters.iter().map(|roster| (roster, Stands::Waits { over: 0 })),
        )
        .unwrap();
        let file = std::fs::read(folder.path().join("keys")).unwrap();
        // Each entry says how much was durable before it was written: nothing but the file's first bytes.
        let durable: Vec<&[u8]> = file[8..].chunks(68).map(|entry| &entry[56..64]).collect();
        assert_eq!(durable, [&8_u64.to_le_bytes()[..]; 15]);
        let opened: Vec<Roster> = records
            .into_iter()
            .map(|record| match record {
                DecisionRecord::Roster(record) => record.opened(&codec).unwrap().unwrap().0,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(opened, rosters);
    }
}
