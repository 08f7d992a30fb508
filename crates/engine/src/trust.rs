//! Whom to trust: tenants, keys and users as this node knows them. A mirror of the store's decision data, kept in the
//! journal, so that a start without the database knows it too.

use crate::record::{Codec, DecisionRecord, RecordError};
use jiff::Timestamp;
use parking_lot::RwLock;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use trunkline_core::id::{KeyId, TenantId};
use trunkline_core::tenancy::{ApiKey, Caller, Decision, DecisionId, KeyHash};

/// What is known.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    known: RwLock<Known>,
    /// Something is known that the journal did not take: it is to be journaled again.
    pub behind: AtomicBool,
}

#[derive(Debug, Default)]
struct Known {
    /// The database it was last brought in step with.
    store: Option<String>,
    rows: BTreeMap<DecisionId, Decision>,
    keys: HashMap<KeyHash, KeyId>,
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
        known.rows.insert(decision.id(), decision);
    }

    /// Takes in that there is no such row.
    pub fn forget(&self, id: &DecisionId) {
        let mut known = self.known.write();
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
        let known = self.known.read();
        let store = known.store.clone().map(|store| Ok(DecisionRecord::InStep { store }));
        let rows = known.rows.values().map(|decision| DecisionRecord::sealed(codec, decision));
        rows.chain(store).collect()
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

    /// Whether this tenant is there and not revoked.
    pub fn is_open(&self, tenant: &TenantId) -> bool {
        self.known.read().is_open(tenant)
    }

    /// Whether any tenant was ever made.
    pub fn has_tenants(&self) -> bool {
        // In the order of ids tenants come first.
        matches!(self.known.read().rows.keys().next(), Some(DecisionId::Tenant(_)))
    }

    /// Says that the journal is behind, or that it no longer is.
    pub fn set_behind(&self, behind: Behind) {
        self.behind.store(behind == Behind::Yes, Ordering::Release);
    }
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
        let ApiKey { tenant, role, .. } = key;
        (key.opens_at(now) && self.is_open(tenant))
            .then(|| Holder { caller: Caller { tenant: tenant.clone(), role: *role }, key: id.clone() })
    }

    fn is_open(&self, tenant: &TenantId) -> bool {
        let row = self.rows.get(&DecisionId::Tenant(tenant.clone()));
        tenant.is_default() || row.is_some_and(|row| row.revoked_at().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_core::tenancy::{Role, Tenant};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    fn tenant(id: &str) -> Decision {
        let (id, name) = (TenantId::new(id), id.to_owned());
        Decision::Tenant(Tenant { id, name, created_at: at(0), revoked_at: None })
    }

    fn key(id: &str, tenant: &str) -> Decision {
        Decision::Key(ApiKey {
            id: KeyId::new(id),
            tenant: TenantId::new(tenant),
            hash: KeyHash::of(id),
            name: String::new(),
            role: Role::Agent,
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
}
