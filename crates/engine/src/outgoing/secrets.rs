//! Secrets of endpoints: drawn here, told once, kept sealed under the server's keys.

use crate::clock::secret;
use crate::engine::Inner;
use jiff::Timestamp;
use trunkline_carriers::outgoing::Secret;
use trunkline_core::outgoing::Endpoint;

const PURPOSE: &[u8] = b"trunkline webhook secret v1";

impl Inner {
    /// A new secret: sealed, and as its owner is told it.
    pub(super) fn new_secret(&self) -> Result<(String, String), getrandom::Error> {
        let secret = Secret::of(secret()?);
        Ok((self.config.secrets.seal_secret(PURPOSE, secret.bytes()), secret.text()))
    }

    /// What signs for an endpoint now; `None` if no key opens any of it.
    pub(super) fn signing(&self, endpoint: &Endpoint, now: Timestamp) -> Option<Vec<Secret>> {
        let opened =
            endpoint.signing(now).filter_map(|sealed| self.config.secrets.open_secret(PURPOSE, sealed).ok());
        let secrets: Vec<Secret> = opened.map(Secret::kept).collect();
        (!secrets.is_empty()).then_some(secrets)
    }
}
