//! How often one address may try to sign in.

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Wrong keys that one address may send within a minute.
const WRONG_MAX: u32 = 10;
const WINDOW_SECS: i64 = 60;
/// How many addresses are remembered; when all these are busy, nobody new may try.
const ADDRESSES_MAX: usize = 10_000;

/// Wrong keys of the last minute, by address.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<BTreeMap<IpAddr, Wrong>>);

struct Wrong {
    since: Timestamp,
    count: u32,
}

impl Wrong {
    fn is_over(&self, now: Timestamp) -> bool {
        // A clock that was set back must not lock anybody out.
        !(0..WINDOW_SECS).contains(&now.duration_since(self.since).as_secs())
    }
}

impl Attempts {
    /// Whether this address may try now.
    pub(crate) fn may_try(&self, peer: IpAddr, now: Timestamp) -> bool {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= ADDRESSES_MAX {
            wrong.retain(|_, wrong| !wrong.is_over(now));
        }
        match wrong.get(&peer) {
            Some(known) => known.is_over(now) || known.count < WRONG_MAX,
            None => wrong.len() < ADDRESSES_MAX,
        }
    }

    /// Remembers a wrong key.
    pub(crate) fn was_wrong(&self, peer: IpAddr, now: Timestamp) {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = wrong.entry(peer).or_insert(Wrong { since: now, count: 0 });
        if known.is_over(now) {
            *known = Wrong { since: now, count: 0 };
        }
        known.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn after_ten_wrong_keys_an_address_waits_and_others_do_not() {
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let attempts = Attempts::default();
        for _ in 0..WRONG_MAX {
            assert!(attempts.may_try(one, at(0)));
            attempts.was_wrong(one, at(0));
        }
        assert!(!attempts.may_try(one, at(59)));
        assert!(attempts.may_try(other, at(59)));
        assert!(attempts.may_try(one, at(60)));
    }
}
