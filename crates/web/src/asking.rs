//! How often somebody may ask, and guess: a bucket for each key, one for each address whose keys open nothing, and growing
//! waits for who signs in. The rules are the core's (`throttle`); here is who counts as one, and what they are told.
//!
//! Carriers' webhooks are signed and probes are cheap: neither is counted.

use crate::problem::{Code, Problem};
use crate::proxies::place;
use crate::server::Limits;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::net::IpAddr;
use trunkline_core::throttle::{Buckets, Guesses, Leniency, Rate, Standing};

/// How many keys, addresses and login names are remembered.
const MOST: usize = 10_000;
/// Wrong guesses of one address: many people may be behind one.
const OF_ADDRESSES: Leniency = Leniency {
    free: 10,
    first: SignedDuration::from_secs(15),
    longest: SignedDuration::from_mins(15),
    forgets: SignedDuration::from_mins(15),
};
/// Wrong guesses at one login name, from anywhere. Its holder must not be locked out by strangers for long.
const OF_LOGINS: Leniency = Leniency {
    free: 5,
    first: SignedDuration::from_secs(2),
    longest: SignedDuration::from_mins(1),
    forgets: SignedDuration::from_mins(15),
};

/// Changes of one user's list of blocked users: each is written down whole.
const OF_BLOCKERS: Rate = Rate { per_second: 1, burst: 60 };

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Who asked how often.
pub(crate) struct Asking {
    keys: Mutex<Buckets<String>>,
    strangers: Mutex<Buckets<IpAddr>>,
    addresses: Mutex<Guesses<IpAddr>>,
    logins: Mutex<Guesses<String>>,
    /// Users who change whom they block.
    blockers: Mutex<Buckets<String>>,
}

impl Asking {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            keys: Mutex::new(Buckets::new(limits.key_rate, MOST)),
            strangers: Mutex::new(Buckets::new(limits.stranger_rate, MOST)),
            addresses: Mutex::new(Guesses::new(OF_ADDRESSES, MOST)),
            logins: Mutex::new(Guesses::new(OF_LOGINS, MOST)),
            blockers: Mutex::new(Buckets::new(OF_BLOCKERS, MOST)),
        }
    }

    /// Somebody asks with the key of this mark.
    pub(crate) fn with_key(&self, mark: &str, now: Timestamp) -> Standing {
        self.keys.lock().take(mark.to_owned(), now)
    }

    /// Somebody asks with a key that opens nothing, or with none.
    pub(crate) fn without_key(&self, address: IpAddr, now: Timestamp) -> Standing {
        self.strangers.lock().take(place(address), now)
    }

    /// A user changes whom they block.
    pub(crate) fn to_block(&self, mark: &str, now: Timestamp) -> Standing {
        self.blockers.lock().take(mark.to_owned(), now)
    }

    /// A guess begins, from this address and at this login name, if there is one.
    ///
    /// # Errors
    /// How long it must wait: then it did not begin.
    pub(crate) fn guess(
        &self,
        address: IpAddr,
        login: Option<&str>,
        now: Timestamp,
    ) -> Result<(), SignedDuration> {
        let (mut addresses, mut logins) = (self.addresses.lock(), self.logins.lock());
        let (place, login) = (place(address), login.map(spelled));
        let waits = [addresses.wait(place, now), login.clone().and_then(|login| logins.wait(login, now))];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(wait);
        }
        addresses.begins(place, now);
        if let Some(login) = login {
            logins.begins(login, now);
        }
        Ok(())
    }

    /// It was right.
    pub(crate) fn was_right(&self, address: IpAddr, login: Option<&str>) {
        self.addresses.lock().was_right(place(address));
        if let Some(login) = login {
            self.logins.lock().forget(&spelled(login));
        }
    }
}

/// One name, however it is written.
fn spelled(login: &str) -> String {
    login.trim().chars().take(254).collect::<String>().to_lowercase()
}

/// Seconds, as headers have them: one too many rather than one too few.
pub(crate) fn secs(wait: SignedDuration) -> u32 {
    u32::try_from((wait.as_millis() + 999) / 1_000).unwrap_or(u32::MAX).max(1)
}

/// What is told of how somebody stands.
pub(crate) fn tell(standing: &Standing, headers: &mut HeaderMap) {
    let reset = if standing.full_after.is_zero() { 0 } else { secs(standing.full_after) };
    headers.insert(LIMIT, HeaderValue::from(standing.limit));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    headers.insert(RESET, HeaderValue::from(reset));
}

/// What somebody hears who asked too often.
pub(crate) fn too_often(standing: &Standing, wait: SignedDuration) -> Problem {
    let mut told = HeaderMap::new();
    tell(standing, &mut told);
    let problem = Problem::new(Code::RateLimited).retry_after(secs(wait));
    told.into_iter().fold(problem, |problem, (name, value)| match name {
        Some(name) => problem.header(name, value),
        None => problem,
    })
}
