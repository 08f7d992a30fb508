//! Idempotency keys of the last day: the same key with the same request is the same call, however often it is sent.

use crate::checkpoint::RememberedKey;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use trunkline_core::call::Idempotency;
use trunkline_core::id::{CallId, TenantId};

const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What a key stands for.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    /// Nobody used it: it is reserved now.
    New,
    /// The call it made.
    Call(CallId),
    /// Its first request is still being worked on.
    InFlight,
    /// It was used with another request.
    OtherBody,
}

/// All keys in use.
#[derive(Debug, Default)]
pub(crate) struct KeysUsed(Mutex<HashMap<(TenantId, String), Entry>>);

#[derive(Debug)]
struct Entry {
    body: String,
    call: Option<CallId>,
    at: Timestamp,
}

impl KeysUsed {
    /// Looks a key up, and reserves it if it is new.
    pub fn reserve(&self, tenant: &TenantId, wanted: &Idempotency, now: Timestamp) -> Known {
        let mut keys = self.0.lock();
        if keys.len().is_multiple_of(1_024) {
            keys.retain(|_, entry| now.duration_since(entry.at) < KEPT);
        }
        match keys
            .get(&(tenant.clone(), wanted.key.clone()))
            .filter(|entry| now.duration_since(entry.at) < KEPT)
        {
            Some(entry) if entry.body != wanted.body => Known::OtherBody,
            Some(Entry { call: Some(call), .. }) => Known::Call(*call),
            Some(Entry { call: None, .. }) => Known::InFlight,
            None => {
                let entry = Entry { body: wanted.body.clone(), call: None, at: now };
                keys.insert((tenant.clone(), wanted.key.clone()), entry);
                Known::New
            }
        }
    }

    /// The reserved key's call exists.
    pub fn remember(&self, key: RememberedKey) {
        let entry = Entry { body: key.idempotency.body, call: Some(key.call), at: key.at };
        self.0.lock().insert((key.tenant, key.idempotency.key), entry);
    }

    /// The reserved key made no call after all.
    pub fn release(&self, tenant: &TenantId, wanted: &Idempotency) {
        self.0.lock().remove(&(tenant.clone(), wanted.key.clone()));
    }

    pub fn all(&self) -> Vec<RememberedKey> {
        let keys = self.0.lock();
        let remembered = |((tenant, key), entry): (&(TenantId, String), &Entry)| {
            Some(RememberedKey {
                tenant: tenant.clone(),
                idempotency: Idempotency { key: key.clone(), body: entry.body.clone() },
                call: entry.call?,
                at: entry.at,
            })
        };
        keys.iter().filter_map(remembered).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(body: &str) -> Idempotency {
        Idempotency { key: "k".to_owned(), body: body.to_owned() }
    }

    #[test]
    fn a_key_is_one_call_and_one_body_for_a_day() {
        let (keys, tenant) = (KeysUsed::default(), TenantId::default_tenant());
        let now = Timestamp::UNIX_EPOCH;
        let call = CallId::from_bytes([1; 16]);
        assert!(matches!(keys.reserve(&tenant, &wanted("a"), now), Known::New));
        assert!(matches!(keys.reserve(&tenant, &wanted("a"), now), Known::InFlight));
        keys.remember(RememberedKey { tenant: tenant.clone(), idempotency: wanted("a"), call, at: now });
        assert!(matches!(keys.reserve(&tenant, &wanted("a"), now), Known::Call(known) if known == call));
        assert!(matches!(keys.reserve(&tenant, &wanted("b"), now), Known::OtherBody));
        assert!(matches!(keys.reserve(&tenant, &wanted("b"), now + KEPT), Known::New));
    }
}
