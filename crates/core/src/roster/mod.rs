//! Rosters: which users of an app belong to a conversation, and which ones a user blocks. And what follows from them: who may call
//! whom, and who may listen where.
//!
//! In go rosters, a tenant's rule and what somebody wants; out comes a [`Ruling`]. A roster is decision data: the store keeps it and every
//! node mirrors it. It is replaced as a whole, each change counts its version up, and of two versions the higher stands: that is
//! what lets a mirror and a database be brought together without a history.
//!
//! Left to others: who may change a roster (engine, web), and what a call that is not to be heard of looks like
//! ([`crate::call::Receiver::Unreached`]).

mod ruling;

pub use ruling::{Ruling, WhoMayCall, Wish, may_listen, rule};

use crate::id::{AppUserId, ConversationId, TenantId};
use jiff::Timestamp;
use std::collections::BTreeSet;
use thiserror::Error;

/// So many members a conversation has at most.
pub const MEMBERS_MAX: usize = 1_000;
/// So many others a user blocks at most.
pub const BLOCKED_MAX: usize = 500;

/// Which roster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RosterOf {
    /// The members of a conversation.
    Conversation(ConversationId),
    /// Those whom this user blocks.
    Blocker(AppUserId),
}

/// Some users of a tenant's app, and why they stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Whose users they are.
    pub tenant: TenantId,
    /// Why they stand together.
    pub of: RosterOf,
    /// The users.
    pub users: BTreeSet<AppUserId>,
    /// Counted up with every change; the higher one stands.
    pub version: u64,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What is to become of a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These, and nobody else.
    These(BTreeSet<AppUserId>),
    /// This one too.
    With(AppUserId),
    /// Not this one.
    Without(AppUserId),
}

/// There are more users than one roster holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0} users at most stand in it")]
pub struct TooMany(pub usize);

impl RosterOf {
    /// The word for its kind in columns.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Conversation(_) => "conversation",
            Self::Blocker(_) => "blocker",
        }
    }

    /// Whose it is, in columns.
    pub fn owner(&self) -> &str {
        match self {
            Self::Conversation(conversation) => conversation.as_str(),
            Self::Blocker(user) => user.as_str(),
        }
    }

    /// Reads both.
    pub fn parse(kind: &str, owner: &str) -> Option<Self> {
        match kind {
            "conversation" => ConversationId::parse(owner).map(Self::Conversation),
            "blocker" => AppUserId::parse(owner).map(Self::Blocker),
            _ => None,
        }
    }

    /// How many users it holds at most.
    pub fn most(&self) -> usize {
        match self {
            Self::Conversation(_) => MEMBERS_MAX,
            Self::Blocker(_) => BLOCKED_MAX,
        }
    }
}

impl Roster {
    /// One in which nobody stands yet, older than any that was written.
    pub fn empty(tenant: TenantId, of: RosterOf) -> Self {
        Self { tenant, of, users: BTreeSet::new(), version: 0, updated_at: Timestamp::UNIX_EPOCH }
    }

    /// The next version of it; `None` if the change leaves it as it is.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn changed(&self, change: Change, at: Timestamp) -> Result<Option<Self>, TooMany> {
        let mut users = self.users.clone();
        match change {
            Change::These(these) => users = these,
            Change::With(user) => drop(users.insert(user)),
            Change::Without(user) => drop(users.remove(&user)),
        }
        if users.len() > self.of.most() && users.len() > self.users.len() {
            return Err(TooMany(self.of.most()));
        }
        // That nobody stands in it is worth to be known of a conversation that was never named before.
        if users == self.users && self.version > 0 {
            return Ok(None);
        }
        let version = self.version.saturating_add(1);
        Ok(Some(Self { users, version, updated_at: at, ..self.clone() }))
    }

    /// What stands of this one, which was changed while the database was away and had it in version `over`, and of the one that the
    /// database has by now. If that was changed too, both words were taken: whoever is blocked by either is blocked, and who is in
    /// a conversation is as was said last.
    #[must_use]
    pub fn brought_to(self, stored: &Self, over: u64) -> Self {
        if self.version > stored.version && stored.version <= over {
            return self;
        }
        let users: BTreeSet<AppUserId> = match self.of {
            RosterOf::Blocker(_) => self.users.union(&stored.users).cloned().collect(),
            RosterOf::Conversation(_) if self.updated_at > stored.updated_at => self.users,
            RosterOf::Conversation(_) => stored.users.clone(),
        };
        if users == stored.users && stored.version >= self.version {
            return stored.clone();
        }
        let version = self.version.max(stored.version).saturating_add(1);
        Self { users, version, updated_at: self.updated_at.max(stored.updated_at), ..stored.clone() }
    }

    /// The one of two versions that stands; this one if they are equally new.
    #[must_use]
    pub fn newer(self, other: &Self) -> Self {
        if other.version > self.version { other.clone() } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> AppUserId {
        AppUserId::parse(name).unwrap()
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    fn blocked() -> Roster {
        Roster::empty(TenantId::new("acme"), RosterOf::Blocker(user("ann")))
    }

    #[test]
    fn each_change_is_a_version_and_the_same_said_again_is_none() {
        let one = blocked().changed(Change::With(user("bob")), at(1)).unwrap().unwrap();
        assert_eq!((one.version, one.users.len(), one.updated_at), (1, 1, at(1)));
        assert_eq!(one.changed(Change::With(user("bob")), at(2)), Ok(None));
        assert_eq!(one.changed(Change::Without(user("eve")), at(2)), Ok(None));
        let none = one.changed(Change::Without(user("bob")), at(3)).unwrap().unwrap();
        assert_eq!((none.version, none.users.len()), (2, 0));
        assert_eq!(one.clone().newer(&none), none);
        assert_eq!(none.clone().newer(&one), none);
    }

    #[test]
    fn of_two_that_were_changed_apart_no_block_is_lost_and_a_conversation_is_as_was_said_last() {
        let blocks = |version, names: &[&str], secs| Roster {
            users: names.iter().map(|name| user(name)).collect(),
            version,
            updated_at: at(secs),
            ..blocked()
        };
        let (ours, theirs) = (blocks(6, &["bob", "eve"], 9), blocks(6, &["bob", "mal"], 8));
        let both = blocks(7, &["bob", "eve", "mal"], 9);
        assert_eq!(ours.clone().brought_to(&theirs, 5), both);
        assert_eq!(theirs.clone().brought_to(&ours, 5), both, "whichever is brought to the other");
        assert_eq!(both.clone().brought_to(&both, 5), both);
        assert_eq!(blocks(6, &["bob"], 9).brought_to(&theirs, 5), theirs, "it has them all");
        assert_eq!(blocks(5, &["eve"], 9).brought_to(&theirs, 4), both);
        let often = blocks(9, &["bob", "eve"], 9);
        assert_eq!(
            often.brought_to(&theirs, 5),
            Roster { version: 10, ..both },
            "however often either was changed"
        );
        let less = blocks(7, &["eve"], 9);
        assert_eq!(
            less.clone().brought_to(&theirs, 6),
            less,
            "the others were let go here, and there was no other word"
        );
        let said = |version, names: &[&str], secs| Roster {
            of: RosterOf::Conversation(ConversationId::new("7")),
            ..blocks(version, names, secs)
        };
        let (late, early) = (said(6, &["bob"], 9), said(6, &["ann", "eve"], 8));
        assert_eq!(late.clone().brought_to(&early, 5), said(7, &["bob"], 9));
        assert_eq!(early.brought_to(&late, 5), late);
        let often = said(8, &["ann"], 7);
        assert_eq!(often.brought_to(&late, 5), said(9, &["bob"], 9), "however often either was changed");
    }

    #[test]
    fn that_a_conversation_has_no_members_can_be_said() {
        let of = RosterOf::Conversation(ConversationId::new("7"));
        let unknown = Roster::empty(TenantId::new("acme"), of);
        let nobody = unknown.changed(Change::These(BTreeSet::new()), at(1)).unwrap();
        assert_eq!(nobody.map(|roster| roster.version), Some(1));
    }

    #[test]
    fn a_roster_has_its_bound_and_can_always_be_made_smaller() {
        let many = |n: usize| (0..n).map(|n| user(&n.to_string())).collect::<BTreeSet<_>>();
        let full = blocked().changed(Change::These(many(BLOCKED_MAX)), at(1)).unwrap().unwrap();
        assert_eq!(full.changed(Change::With(user("more")), at(2)), Err(TooMany(BLOCKED_MAX)));
        assert_eq!(blocked().changed(Change::These(many(BLOCKED_MAX + 1)), at(1)), Err(TooMany(BLOCKED_MAX)));
        let larger = Roster { users: many(BLOCKED_MAX + 9), ..full };
        assert!(larger.changed(Change::Without(user("0")), at(2)).unwrap().is_some());
    }

    #[test]
    fn which_roster_it_is_reads_back_from_columns() {
        for of in [RosterOf::Conversation(ConversationId::new("7")), RosterOf::Blocker(user("ann"))] {
            assert_eq!(RosterOf::parse(of.kind(), of.owner()), Some(of));
        }
        for (kind, owner) in [("blocker", ""), ("blocker", " ann"), ("friends", "ann"), ("conversation", "")]
        {
            assert_eq!(RosterOf::parse(kind, owner), None);
        }
    }
}
