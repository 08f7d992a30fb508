//! What the web room is told of app calls: who their users are, and which servers help them to reach each other.

use crate::user_tokens::UserTokens;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha1::Sha1;
use std::fmt;
use trunkline_core::id::AppUserId;

/// What the web room is told of app calls.
#[derive(Clone, Debug)]
pub struct AppCalls {
    /// Who the users are.
    pub tokens: UserTokens,
    /// Addresses of STUN servers, such as `stun:stun.example.com:3478`.
    pub stun: Vec<String>,
    /// TURN servers, if there are any.
    pub turn: Option<Turn>,
    /// How many devices may be connected at once.
    pub sockets: usize,
    /// How many frames a second one socket may send; ten seconds' worth at once.
    pub frames_per_second: u32,
}

impl Default for AppCalls {
    fn default() -> Self {
        Self {
            tokens: UserTokens::default(),
            stun: Vec::new(),
            turn: None,
            sockets: 10_000,
            frames_per_second: 200,
        }
    }
}

/// TURN servers that share a secret with us (`use-auth-secret` of coturn).
#[derive(Clone)]
pub struct Turn {
    /// Their addresses, such as `turns:turn.example.com:5349?transport=tcp`.
    pub urls: Vec<String>,
    /// The secret.
    pub secret: Vec<u8>,
    /// How long credentials are good.
    pub lifetime: SignedDuration,
}

/// What opens a TURN server for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) credential: String,
    pub(crate) expires: Timestamp,
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("urls", &self.urls)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

impl Turn {
    /// Credentials of a user: the name says until when, and the TURN server reckons the rest for itself.
    pub(crate) fn credentials(&self, user: Option<&AppUserId>, now: Timestamp) -> Option<Credentials> {
        let expires = now.checked_add(self.lifetime).ok()?;
        let username = match user {
            Some(user) => format!("{}:{}", expires.as_second(), user.as_str()),
            None => expires.as_second().to_string(),
        };
        let mac = Hmac::<Sha1>::new_from_slice(&self.secret).ok()?.chain_update(&username).finalize();
        Some(Credentials { username, credential: STANDARD.encode(mac.into_bytes()), expires })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_those_that_coturn_reckons_for_itself() {
        let turn = Turn {
            urls: vec!["turn:turn.example.com".to_owned()],
            secret: b"north".to_vec(),
            lifetime: SignedDuration::from_secs(3_600),
        };
        let now = Timestamp::from_second(1_000_000).unwrap();
        let user = AppUserId::parse("ann").unwrap();
        let made = turn.credentials(Some(&user), now).unwrap();
        assert_eq!(made.username, "1003600:ann");
        // echo -n 1003600:ann | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(made.credential, "TP0RQ3hwPbSuT/8vcCVb2YxfIyI=");
        assert!(!format!("{turn:?}").contains("north"));
    }
}
