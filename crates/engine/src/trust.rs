//! Whom to trust: tenants, keys and users as this node knows them, and whose numbers are. A mirror of the store's decision data, kept in the
//! journal, so that a start without the database knows it too.

use crate::record::{Codec, DecisionRecord, RecordError, RosterRecord};
use jiff::Timestamp;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use trunkline_core::id::{KeyId, TenantId, UserId};
use trunkline_core::numbers::Number;
use trunkline_core::private::Address;
use trunkline_core::roster::{Roster, RosterOf};
use trunkline_core::tenancy::{ApiKey, Caller, CarrierPolicy, Decision, DecisionId, KeyHash, Login, User};

/// How many left sessions are remembered; beyond that the one that would run out first is forgotten.
const LEFT_MAX: usize = 10_000;

/// What is known.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    known: RwLock<Known>,
    /// A row is known that the journal did not take: it is to be journaled again.
    rows_behind: AtomicBool,
    /// The same of a roster. Apart: a journal that has little room takes rows when it takes rosters no more.
    rosters_behind: AtomicBool,
}

#[derive(Debug, Default)]
struct Known {
    /// The database it was last brought in step with.
    store: Option<String>,
    rows: BTreeMap<DecisionId, Decision>,
    keys: HashMap<KeyHash, KeyId>,
    /// Of those who are not revoked.
    logins: HashMap<Login, UserId>,
    /// Sessions that were left before they ran out.
    left: BTreeSet<(Timestamp, String)>,
    /// Who may call whom. There may be many: they are apart from what is looked through.
    rosters: HashMap<TenantId, HashMap<RosterOf, Kept>>,
    /// How many users stand in all of them together.
    named: usize,
    /// How many of them the database is to get.
    waiting: usize,
}

/// A roster as it is known here.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub roster: Arc<Roster>,
    pub stands: Stands,
}

/// Where a roster stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stands {
    /// In the database.
    #[default]
    Stored,
    /// The database was away when it was changed: it is to get it.
    Waits {
        /// The version that it had before, as far as is known; 0 if it had none.
        over: u64,
    },
}

impl Kept {
    /// What stands of it and of the one that the database has.
    pub fn beside(&self, stored: &Roster) -> Roster {
        match self.stands {
            Stands::Stored => stored.clone().newer(&self.roster),
            Stands::Waits { over } => Roster::clone(&self.roster).brought_to(stored, over),
        }
    }
}

impl Stands {
    /// Whether there is nothing more to be done.
    pub fn is_stored(&self) -> bool {
        *self == Self::Stored
    }
}

/// Who holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Whose calls they see, and what they may.
    pub caller: Caller,
    /// The key.
    pub key: KeyId,
}

impl Trust {
    /// Takes in what a record or a change says.
    pub fn learn(&self, decision: Decision) {
        let mut known = self.known.write();
        if let Decision::Key(key) = &decision {
            known.keys.insert(key.hash, key.id.clone());
        }
        known.lose_login(&decision.id());
        if let Decision::User(User { id, login: Some(login), revoked_at: None, .. }) = &decision {
            known.logins.insert(login.clone(), id.clone());
        }
        known.rows.insert(decision.id(), decision);
    }

    /// Takes in that there is no such row.
    pub fn forget(&self, id: &DecisionId) {
        let mut known = self.known.write();
        known.lose_login(id);
        if let Some(Decision::Key(key)) = known.rows.remove(id) {
            known.keys.remove(&key.hash);
        }
    }

    /// Takes in with which database it is in step.
    pub fn is_in_step_with(&self, store: String) {
        self.known.write().store = Some(store);
    }

    /// Folds a record of the journal.
    pub fn fold(&self, codec: &Codec, record: DecisionRecord) -> Result<(), RecordError> {
        match record {
            DecisionRecord::InStep { store } => self.is_in_step_with(store),
            DecisionRecord::Gone { id } => self.forget(&id),
            DecisionRecord::Roster(record) => {
                if let Some((roster, stands)) = record.opened(codec)? {
                    self.learn_roster(roster, stands);
                }
            }
            DecisionRecord::RosterGone(record) => {
                if let Some((roster, _)) = record.opened(codec)? {
                    self.forget_roster(&roster.tenant, &roster.of);
                }
            }
            // What has run out meanwhile goes with the next one that is left.
            DecisionRecord::Left { session, until } => self.leave(&session, until, Timestamp::MIN),
            row => {
                if let Some(decision) = row.opened(codec)? {
                    self.learn(decision);
                }
            }
        }
        Ok(())
    }

    /// All that is known, as records.
    pub fn records(&self, codec: &Codec) -> Result<Vec<DecisionRecord>, RecordError> {
        let mut records = self.records_of(Part::Rows, codec)?;
        records.extend(self.records_of(Part::Rosters, codec)?);
        Ok(records)
    }

    /// A part of it. Nobody is kept waiting while it is sealed: who asks whether a key opens anything reads the same.
    pub fn records_of(&self, part: Part, codec: &Codec) -> Result<Vec<DecisionRecord>, RecordError> {
        if part == Part::Rosters {
            let kept = self.rosters();
            return RosterRecord::sealed_all(codec, kept.iter().map(|kept| (&*kept.roster, kept.stands)));
        }
        let (rows, store, left) = {
            let known = self.known.read();
            let rows: Vec<Decision> = known.rows.values().cloned().collect();
            (rows, known.store.clone(), known.left.clone())
        };
        let rows = rows.iter().map(|decision| DecisionRecord::sealed(codec, decision));
        let store = store.map(|store| Ok(DecisionRecord::InStep { store }));
        let left = left.into_iter().map(|(until, session)| Ok(DecisionRecord::Left { session, until }));
        rows.chain(store).chain(left).collect()
    }

    /// Takes in a roster; of one that is known the higher version stays.
    pub fn learn_roster(&self, roster: Roster, stands: Stands) {
        let mut known = self.known.write();
        let Known { rosters, named, waiting, .. } = &mut *known;
        let theirs = rosters.entry(roster.tenant.clone()).or_default();
        if theirs.get(&roster.of).is_some_and(|kept| kept.roster.version > roster.version) {
            return;
        }
        *named += roster.users.len();
        *waiting += usize::from(!stands.is_stored());
        if let Some(before) = theirs.insert(roster.of.clone(), Kept { roster: Arc::new(roster), stands }) {
            *named -= before.roster.users.len();
            *waiting -= usize::from(!before.stands.is_stored());
        }
    }

    /// Takes in that there is no such roster.
    pub fn forget_roster(&self, tenant: &TenantId, of: &RosterOf) {
        let mut known = self.known.write();
        let gone = known.rosters.get_mut(tenant).and_then(|theirs| theirs.remove(of));
        if let Some(gone) = gone {
            known.named -= gone.roster.users.len();
            known.waiting -= usize::from(!gone.stands.is_stored());
        }
    }

    /// A roster, if anybody ever wrote it.
    pub fn roster(&self, tenant: &TenantId, of: &RosterOf) -> Option<Arc<Roster>> {
        Some(Arc::clone(&self.known.read().rosters.get(tenant)?.get(of)?.roster))
    }

    /// The same, and whether the database is to get it.
    pub fn kept_roster(&self, tenant: &TenantId, of: &RosterOf) -> Option<Kept> {
        self.known.read().rosters.get(tenant)?.get(of).cloned()
    }

    /// All of them.
    pub fn rosters(&self) -> Vec<Kept> {
        self.known.read().rosters.values().flat_map(HashMap::values).cloned().collect()
    }

    /// Those that the database is to get.
    pub fn rosters_waiting(&self) -> Vec<Kept> {
        let known = self.known.read();
        known
            .rosters
            .values()
            .flat_map(HashMap::values)
            .filter(|kept| !kept.stands.is_stored())
            .cloned()
            .collect()
    }

    /// Whether the database is to get any.
    pub fn has_rosters_waiting(&self) -> bool {
        self.known.read().waiting > 0
    }

    /// How many users stand in all of them together.
    pub fn named_in_rosters(&self) -> usize {
        self.known.read().named
    }

    /// How many there are.
    pub fn roster_count(&self) -> usize {
        self.known.read().rosters.values().map(HashMap::len).sum()
    }

    /// The database it was last brought in step with.
    pub fn store(&self) -> Option<String> {
        self.known.read().store.clone()
    }

    /// Every row, in the order of ids.
    pub fn rows(&self) -> Vec<Decision> {
        self.known.read().rows.values().cloned().collect()
    }

    /// One row.
    pub fn row(&self, id: &DecisionId) -> Option<Decision> {
        self.known.read().rows.get(id).cloned()
    }

    /// Whose key this is, if it opens anything now. What is looked up is a hash, by a hash of it that nobody outside can
    /// guess: how long that takes tells nothing of other keys.
    pub fn admit(&self, hash: &KeyHash, now: Timestamp) -> Option<Holder> {
        let known = self.known.read();
        known.holder(known.keys.get(hash)?, now)
    }

    /// Who holds the key of this id, if it opens anything now.
    pub fn holder(&self, key: &KeyId, now: Timestamp) -> Option<Holder> {
        self.known.read().holder(key, now)
    }

    /// The user of this login name, if they and their tenant are not revoked.
    pub fn user_of(&self, login: &Login) -> Option<User> {
        let known = self.known.read();
        known.user(known.logins.get(login)?)
    }

    /// The user of this id, if they and their tenant are not revoked.
    pub fn user(&self, id: &UserId) -> Option<User> {
        self.known.read().user(id)
    }

    /// Takes in that a session was left, which would have run out at this time.
    pub fn leave(&self, session: &str, until: Timestamp, now: Timestamp) {
        let mut known = self.known.write();
        known.left.retain(|(until, _)| *until > now);
        if known.left.len() >= LEFT_MAX {
            known.left.pop_first();
        }
        known.left.insert((until, session.to_owned()));
    }

    /// Whether a session was left.
    pub fn has_left(&self, session: &str, until: Timestamp) -> bool {
        self.known.read().left.contains(&(until, session.to_owned()))
    }

    /// Whether this tenant is there and not revoked.
    pub fn is_open(&self, tenant: &TenantId) -> bool {
        self.known.read().is_open(tenant)
    }

    /// What was said of the carriers that a tenant's calls go through.
    pub fn carriers_of(&self, tenant: &TenantId) -> Option<CarrierPolicy> {
        match self.known.read().rows.get(&DecisionId::Tenant(tenant.clone())) {
            Some(Decision::Tenant(tenant)) => tenant.carriers.clone(),
            _ => None,
        }
    }

    /// Whether any tenant was ever made.
    pub fn has_tenants(&self) -> bool {
        // In the order of ids tenants come first.
        matches!(self.known.read().rows.keys().next(), Some(DecisionId::Tenant(_)))
    }

    /// One of our numbers, if it was given and not taken back.
    pub fn number(&self, number: &Address) -> Option<Number> {
        match self.known.read().rows.get(&DecisionId::Number(number.clone())) {
            Some(Decision::Number(number)) if number.is_given() => Some(number.clone()),
            _ => None,
        }
    }

    /// Every number that was ever given, in the order of numbers.
    pub fn numbers(&self) -> Vec<Number> {
        let known = self.known.read();
        // In the order of ids numbers come last.
        let last = known.rows.range(DecisionId::Number(Address::default())..);
        last.filter_map(
            |(_, row)| if let Decision::Number(number) = row { Some(number.clone()) } else { None },
        )
        .collect()
    }

    /// Says that the journal is behind, or that it no longer is.
    pub fn set_behind(&self, part: Part, behind: Behind) {
        self.flag(part).store(behind == Behind::Yes, Ordering::Release);
    }

    /// Whether it is.
    pub fn is_behind(&self, part: Part) -> bool {
        self.flag(part).load(Ordering::Acquire)
    }

    fn flag(&self, part: Part) -> &AtomicBool {
        match part {
            Part::Rows => &self.rows_behind,
            Part::Rosters => &self.rosters_behind,
        }
    }
}

/// What of it is journaled together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Tenants, keys, users and numbers, with what else the mirror must know: few.
    Rows,
    /// Rosters: there may be many.
    Rosters,
}

/// Whether the journal lacks something that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    Yes,
    No,
}

impl Known {
    fn holder(&self, id: &KeyId, now: Timestamp) -> Option<Holder> {
        let Decision::Key(key) = self.rows.get(&DecisionId::Key(id.clone()))? else { return None };
        let ApiKey { tenant, role, scopes, .. } = key;
        let caller = || Caller { tenant: tenant.clone(), role: *role, scopes: *scopes };
        (key.opens_at(now) && self.is_open(tenant)).then(|| Holder { caller: caller(), key: id.clone() })
    }

    fn user(&self, id: &UserId) -> Option<User> {
        let Decision::User(user) = self.rows.get(&DecisionId::User(id.clone()))? else { return None };
        (user.revoked_at.is_none() && self.is_open(&user.tenant)).then(|| user.clone())
    }

    /// A user's login name opens nothing any more, unless they are taken in again.
    fn lose_login(&mut self, id: &DecisionId) {
        if let Some(Decision::User(User { id, login: Some(login), .. })) = self.rows.get(id)
            && self.logins.get(login) == Some(id)
        {
            self.logins.remove(login);
        }
    }

    fn is_open(&self, tenant: &TenantId) -> bool {
        let row = self.rows.get(&DecisionId::Tenant(tenant.clone()));
        tenant.is_default() || row.is_some_and(|row| row.revoked_at().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_core::tenancy::{Role, Scopes, Tenant};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    fn tenant(id: &str) -> Decision {
        let (id, name) = (TenantId::new(id), id.to_owned());
        Decision::Tenant(Tenant::new(id, name, at(0)))
    }

    fn key(id: &str, tenant: &str) -> Decision {
        Decision::Key(ApiKey {
            id: KeyId::new(id),
            tenant: TenantId::new(tenant),
            hash: KeyHash::of(id),
            name: String::new(),
            role: Role::Agent,
            scopes: Scopes::ALL,
            created_at: at(0),
            expires_at: None,
            revoked_at: None,
        })
    }

    #[test]
    fn a_key_opens_its_own_tenant_until_either_is_revoked() {
        let trust = Trust::default();
        let opens = |id: &str| trust.admit(&KeyHash::of(id), at(1)).map(|holder| holder.caller.tenant);
        trust.learn(key("k", "acme"));
        assert_eq!(opens("k"), None, "a key of nobody");
        trust.learn(tenant("acme"));
        assert_eq!(opens("k"), Some(TenantId::new("acme")));
        assert_eq!(opens("K"), None);
        trust.learn(tenant("acme").revoked(at(0)));
        assert_eq!(opens("k"), None);
        trust.learn(tenant("other"));
        trust.learn(key("k2", "other"));
        trust.learn(key("k2", "other").revoked(at(0)));
        assert_eq!((opens("k2"), trust.holder(&KeyId::new("k2"), at(1))), (None, None));
    }

    #[test]
    fn the_default_tenant_is_always_there() {
        let trust = Trust::default();
        trust.learn(key("k", "default"));
        assert!(trust.admit(&KeyHash::of("k"), at(1)).is_some());
        assert!(!trust.has_tenants());
    }

    #[test]
    fn a_forgotten_key_opens_nothing() {
        let trust = Trust::default();
        trust.learn(key("k", "default"));
        trust.forget(&key("k", "default").id());
        assert_eq!(trust.admit(&KeyHash::of("k"), at(1)), None);
    }

    fn user(id: &str, login: &str) -> Decision {
        Decision::User(User {
            id: UserId::new(id),
            tenant: TenantId::new("acme"),
            name: "Ann".to_owned().into(),
            login: Some(Login::parse(login).unwrap()),
            password: None,
            role: Role::Agent,
            created_at: at(0),
            revoked_at: None,
        })
    }

    #[test]
    fn a_roster_that_the_database_had_no_more_is_forgotten_by_the_next_start_too() {
        let folder = tempfile::tempdir().unwrap();
        let keys = trunkline_journal::keys::KeyRing::open(&folder.path().join("keys")).unwrap();
        let codec = Codec::new(Arc::new(keys), [7; 32]);
        let [bob, eve] = ["bob", "eve"].map(|name| trunkline_core::id::AppUserId::parse(name).unwrap());
        let empty = Roster::empty(TenantId::new("acme"), RosterOf::Blocker(bob));
        let roster = Roster { users: [eve].into(), version: 3, ..empty };
        let mut records = RosterRecord::sealed_all(&codec, [(&roster, Stands::Stored)].into_iter()).unwrap();
        let after = |records: Vec<DecisionRecord>| {
            let trust = Trust::default();
            records.into_iter().for_each(|record| trust.fold(&codec, record).unwrap());
            trust.roster(&roster.tenant, &roster.of).map(|kept| Roster::clone(&kept))
        };
        assert_eq!(after(records.clone()), Some(roster.clone()));
        records.push(RosterRecord::gone(&codec, &roster).unwrap());
        assert_eq!(after(records), None);
    }

    #[test]
    fn s_16_a_login_name_is_its_user_s_until_they_or_their_tenant_are_revoked() {
        let trust = Trust::default();
        let who = |login: &str| trust.user_of(&Login::parse(login).unwrap()).map(|user| user.id);
        trust.learn(user("u1", "ann"));
        assert_eq!(who("ann"), None, "a user of nobody");
        trust.learn(tenant("acme"));
        assert_eq!((who("Ann"), who("ben")), (Some(UserId::new("u1")), None));
        trust.learn(user("u1", "ann").revoked(at(1)));
        assert_eq!((who("ann"), trust.user(&UserId::new("u1"))), (None, None));
        trust.learn(user("u2", "ann"));
        trust.learn(user("u1", "ann").revoked(at(1)));
        assert_eq!(who("ann"), Some(UserId::new("u2")), "the name was given again");
        trust.forget(&DecisionId::User(UserId::new("u2")));
        assert_eq!(who("ann"), None);
        trust.learn(user("u3", "ann"));
        trust.learn(tenant("acme").revoked(at(2)));
        assert_eq!(who("ann"), None);
    }

    #[test]
    fn s_16_what_was_left_stays_left_until_it_would_have_run_out_and_memory_is_bounded() {
        let trust = Trust::default();
        trust.leave("one", at(100), at(0));
        assert!(trust.has_left("one", at(100)) && !trust.has_left("two", at(100)));
        for session in 0..10_050 {
            trust.leave(&session.to_string(), at(200), at(1));
        }
        assert!(trust.known.read().left.len() <= LEFT_MAX);
        trust.leave("late", at(400), at(300));
        assert_eq!(trust.known.read().left.len(), 1);
    }
}
