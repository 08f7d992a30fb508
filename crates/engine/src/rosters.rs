//! Who is in a conversation, and who blocks whom: changed here, held in memory, and kept in step with the store.
//!
//! The store is the truth; but a block is always taken. While the database is away it is journaled, holds at once, and is the
//! database's when that is back. What follows from a roster is the core's to say ([`trunkline_core::roster`]).

use crate::app_calls::{AppDesk, AppUser};
use crate::desk::Desk;
use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::reader::Unavailable;
use crate::record::{RecordError, RosterRecord};
use crate::step::Acquaintance;
use crate::trust::{Behind, Kept, Part, Stands};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use trunkline_core::id::{AppUserId, ConversationId, TenantId};
use trunkline_core::roster::{Change, Roster, RosterOf, TooMany, may_listen};

/// So many rosters are kept at most. All of them are in memory, and in each checkpoint.
const ROSTERS_MAX: usize = 100_000;
/// And so many users in all of them together.
const NAMED_MAX: usize = 500_000;

/// How long it may take to read or write all of them.
const FOR_MANY: Duration = Duration::from_secs(20);

/// Why a roster stays as it is.
#[derive(Debug, Error)]
pub enum RosterError {
    /// It holds no more.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The server keeps no more of them.
    #[error(
        "{rosters} conversations and lists of blocked users, with {users} users in all, are the most that are kept"
    )]
    Full {
        /// So many.
        rosters: usize,
        /// With so many users in all of them together.
        users: usize,
    },
    /// Somebody else was first.
    #[error("somebody else changed it at the same time")]
    Conflict,
    /// It could not be written down.
    #[error(transparent)]
    Journal(#[from] IntakeError),
}

impl Desk {
    /// The members of a conversation of this tenant's users, if anybody ever said who they are.
    pub fn members(&self, conversation: &ConversationId) -> Option<Arc<Roster>> {
        self.inner().roster(self.tenant(), &RosterOf::Conversation(conversation.clone()))
    }

    /// Says who they are: these, and nobody else.
    ///
    /// # Errors
    /// [`RosterError`].
    pub async fn set_members(
        &self,
        conversation: ConversationId,
        users: BTreeSet<AppUserId>,
    ) -> Result<Arc<Roster>, RosterError> {
        let of = RosterOf::Conversation(conversation);
        self.to_the_end(async move |inner, tenant| {
            inner.change_roster(&tenant, of, Change::These(users)).await
        })
        .await?
    }

    /// Those whom a user blocks.
    pub fn blocked_by(&self, user: &AppUserId) -> Option<Arc<Roster>> {
        self.inner().roster(self.tenant(), &RosterOf::Blocker(user.clone()))
    }

    /// Changes whom a user blocks.
    ///
    /// # Errors
    /// [`RosterError`].
    pub async fn block(&self, user: AppUserId, change: Change) -> Result<Arc<Roster>, RosterError> {
        let of = RosterOf::Blocker(user);
        self.to_the_end(async move |inner, tenant| inner.change_roster(&tenant, of, change).await).await?
    }
}

impl AppDesk {
    /// Whether this user may open the socket of a conversation, as things stand now.
    pub fn may_listen(&self, conversation: &ConversationId) -> bool {
        let AppUser { tenant, id, .. } = self.user();
        let members = self.inner().roster(tenant, &RosterOf::Conversation(conversation.clone()));
        let who = self.inner().config.app_calls.of(tenant).who;
        may_listen(who, id, members.as_ref().map(|roster| &roster.users))
    }

    /// The desk of the tenant whose user it is, for what a user may change of their own.
    pub fn tenants(&self) -> Desk {
        self.engine().of(&self.user().tenant)
    }
}

impl Inner {
    /// A roster, as far as this node knows.
    pub(crate) fn roster(&self, tenant: &TenantId, of: &RosterOf) -> Option<Arc<Roster>> {
        self.trust.roster(tenant, of)
    }

    /// Changes a roster, durably: when this returns, it holds.
    pub(crate) async fn change_roster(
        self: &Arc<Self>,
        tenant: &TenantId,
        of: RosterOf,
        change: Change,
    ) -> Result<Arc<Roster>, RosterError> {
        let _deciding = self.deciding.lock().await;
        let mirrored = self.trust.kept_roster(tenant, &of);
        let stored = self.ask_store(async |store| store.roster(tenant, &of).await).await;
        let known = match (&stored, &mirrored) {
            (Ok(Some(stored)), Some(mirrored)) => mirrored.beside(stored),
            (Ok(Some(stored)), None) => stored.clone(),
            (Ok(None) | Err(_), Some(mirrored)) => Roster::clone(&mirrored.roster),
            (Ok(None) | Err(_), None) => Roster::empty(tenant.clone(), of.clone()),
        };
        let Some(next) = known.changed(change, self.clock.now())? else { return Ok(Arc::new(known)) };
        if mirrored.is_none() && self.trust.roster_count() >= ROSTERS_MAX {
            return Err(RosterError::Full { rosters: ROSTERS_MAX, users: NAMED_MAX });
        }
        let grows = next.users.len() > known.users.len();
        if grows && self.trust.named_in_rosters() + next.users.len() - known.users.len() > NAMED_MAX {
            return Err(RosterError::Full { rosters: ROSTERS_MAX, users: NAMED_MAX });
        }
        let over = match (&stored, &mirrored) {
            (Ok(stored), _) => stored.as_ref().map_or(0, |stored| stored.version),
            (Err(_), Some(Kept { stands: Stands::Waits { over }, .. })) => *over,
            (Err(_), Some(Kept { roster, stands: Stands::Stored })) => roster.version,
            (Err(_), None) => 0,
        };
        let stored = match stored {
            Ok(_) => self.ask_store(async |store| store.put_rosters(std::slice::from_ref(&next)).await).await,
            Err(away) => Err(away),
        };
        let stands = match stored {
            Ok(left) if left.is_empty() => Stands::Stored,
            Ok(_) => return Err(RosterError::Conflict),
            // It may have taken it: a version that it has it does not take again.
            Err(_) => Stands::Waits { over },
        };
        self.trust.learn_roster(next.clone(), stands);
        match self.journal_rosters(vec![(next.clone(), stands)], Vec::new()).await {
            Ok(()) => {}
            // The database has it: the journal gets it later.
            Err(error) if stands == Stands::Stored => self.is_behind(&error),
            Err(error) => {
                // It was promised to nobody, and what was holds again.
                self.trust.forget_roster(tenant, &of);
                if let Some(Kept { roster, stands }) = mirrored {
                    self.trust.learn_roster(Roster::clone(&roster), stands);
                }
                return Err(error.into());
            }
        }
        tracing::info!(%tenant, kind = of.kind(), users = next.users.len(), "roster.changed");
        Ok(Arc::new(next))
    }

    /// Journals rosters, and that others are there no more.
    async fn journal_rosters(
        self: &Arc<Self>,
        rosters: Vec<(Roster, Stands)>,
        gone: Vec<Roster>,
    ) -> Result<(), IntakeError> {
        let codec = self.codec.clone();
        // Keys of new users are made durable first: off the async threads.
        let sealed = tokio::task::spawn_blocking(move || {
            let rosters = rosters.iter().map(|(roster, stands)| (roster, *stands));
            let mut records = RosterRecord::sealed_all(&codec, rosters)?;
            for roster in &gone {
                records.push(RosterRecord::gone(&codec, roster)?);
            }
            Ok::<_, RecordError>(records)
        });
        let records = sealed.await.map_err(|_| IntakeError::died())??;
        self.journal_decisions(&records).await
    }

    fn is_behind(&self, error: &IntakeError) {
        tracing::warn!(%error, "rosters.not_journaled: tried again");
        self.trust.set_behind(Part::Rosters, Behind::Yes);
    }

    /// Brings the mirror in step with the store: with what has changed since so many changes, or with all of it. Called while nobody else
    /// decides.
    pub(crate) async fn look_at_rosters(
        self: &Arc<Self>,
        since: Option<u64>,
        met: Acquaintance,
    ) -> Result<(), Unavailable> {
        let asked = since.unwrap_or(0);
        let theirs = self.ask_store_within(FOR_MANY, async |store| store.rosters_since(asked).await).await?;
        let (mut learnt, mut restored, mut named) = (Vec::new(), Vec::new(), HashSet::new());
        let mut gone = Vec::new();
        for theirs in theirs {
            match self.trust.kept_roster(&theirs.tenant, &theirs.of) {
                Some(ours) if *ours.roster == theirs && ours.stands == Stands::Stored => {}
                Some(ours) => match ours.beside(&theirs) {
                    stands if stands == theirs => learnt.push((stands, Stands::Stored)),
                    stands => restored.push(stands),
                },
                None => learnt.push((theirs.clone(), Stands::Stored)),
            }
            named.insert((theirs.tenant, theirs.of));
        }
        // Of those that have not changed nothing was asked.
        let ours = if since.is_some() { self.trust.rosters_waiting() } else { self.trust.rosters() };
        for Kept { roster, stands } in ours {
            if named.contains(&(roster.tenant.clone(), roster.of.clone())) {
                continue;
            }
            match (stands, met) {
                (Stands::Waits { .. }, _) | (Stands::Stored, Acquaintance::New) => {
                    restored.push(Roster::clone(&roster));
                }
                // The database had it, and has decided so.
                (Stands::Stored, Acquaintance::Known) => {
                    self.trust.forget_roster(&roster.tenant, &roster.of);
                    gone.push(Roster::clone(&roster));
                }
            }
        }
        for some in restored.chunks(1_000) {
            tracing::info!(
                rosters = some.len(),
                "rosters.restored: the database lacked what the journal knows"
            );
            let left = self.ask_store_within(FOR_MANY, async |store| store.put_rosters(some).await).await?;
            // Another server was first since we looked: the next look sees what it wrote, and brings the two together.
            let left: HashSet<_> = left.into_iter().map(|roster| (roster.tenant, roster.of)).collect();
            learnt.extend(some.iter().map(|roster| {
                let is_left = left.contains(&(roster.tenant.clone(), roster.of.clone()));
                let waits = Stands::Waits { over: roster.version.saturating_sub(1) };
                (roster.clone(), if is_left { waits } else { Stands::Stored })
            }));
        }
        for (roster, stands) in &learnt {
            self.trust.learn_roster(roster.clone(), *stands);
        }
        if !(learnt.is_empty() && gone.is_empty())
            && let Err(error) = self.journal_rosters(learnt, gone).await
        {
            self.is_behind(&error);
        }
        Ok(())
    }
}
