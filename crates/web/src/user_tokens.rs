//! Tokens of apps' own users (JWT, RFC 7519): who says who somebody is. The app's server signs them; here they are only read.
//!
//! A token is read with the key that its `kid` names, or with the one key that has no name, and with the algorithm that the
//! key is for: what the token itself says of its algorithm must be the same, so that neither `none` nor a public key taken for a
//! secret opens anything. To change keys, add the new one beside the old, and take the old one out when its tokens have run out.
//! Tokens are never logged and never kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use std::fmt;
use trunkline_core::id::{AppUserId, TenantId};
use trunkline_core::private::Private;
use trunkline_core::tenancy;
use trunkline_engine::AppUser;

/// Longer ones are not looked at.
const MOST_BYTES: usize = 8 * 1_024;
/// What tokens are for, unless a setting says otherwise.
pub const AUDIENCE: &str = "trunkline";

/// Who may sign tokens, and for whom they must be.
#[derive(Clone, Debug, Default)]
pub struct UserTokens {
    /// The keys.
    pub keys: Vec<UserKey>,
    /// What must stand in `aud`. Without it a token may leave `aud` out.
    pub audience: Option<String>,
}

/// A key that tokens are signed with.
#[derive(Clone)]
pub struct UserKey {
    /// Its name, as `kid` of tokens has it; one key may be without.
    pub kid: Option<String>,
    /// Whose users it is for; those of every tenant if absent.
    pub tenant: Option<TenantId>,
    /// How it signs.
    pub signs: Signs,
}

/// How a key signs.
#[derive(Clone)]
pub enum Signs {
    /// HMAC with SHA-256: the secret.
    Hs256(Vec<u8>),
    /// Ed25519: the public key, 32 bytes.
    EdDsa([u8; 32]),
}

impl fmt::Debug for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserKey")
            .field("kid", &self.kid)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// A token that was good when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserToken {
    pub(crate) user: AppUser,
    pub(crate) expires: Timestamp,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// What must be understood: nothing is.
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    tenant: Option<String>,
    name: Option<String>,
    aud: Option<Audience>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl UserTokens {
    /// Whether this has the form of a token: no API key has.
    pub(crate) fn is_one(text: &str) -> bool {
        text.split('.').count() == 3
    }

    /// Who somebody is, if their token is good now.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Option<UserToken> {
        if token.len() > MOST_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = part(header)?;
        let key = self.key(&header)?;
        if !key.signs.verifies(signed, &URL_SAFE_NO_PAD.decode(signature).ok()?) {
            return None;
        }
        let claims: Claims = part(claims)?;
        let expires = at(claims.exp)?;
        let is_now = now < expires && claims.nbf.is_none_or(|from| at(from).is_some_and(|from| from <= now));
        if !is_now || !self.is_meant(claims.aud.as_ref()) {
            return None;
        }
        let named = claims.tenant.as_deref().map(tenancy::tenant_id).transpose().ok()?;
        let tenant = match (&key.tenant, named) {
            (Some(own), Some(named)) if *own != named => return None,
            (Some(own), _) => own.clone(),
            (None, named) => named.unwrap_or_else(TenantId::default_tenant),
        };
        let name = claims.name.filter(|name| !name.trim().is_empty());
        let name = name.map(|name| Private::new(name.chars().take(256).collect::<String>()));
        Some(UserToken { user: AppUser { tenant, id: AppUserId::parse(&claims.sub)?, name }, expires })
    }

    fn key(&self, header: &Header) -> Option<&UserKey> {
        if header.crit.is_some() {
            return None;
        }
        let key = self.keys.iter().find(|key| key.kid == header.kid);
        key.filter(|key| key.signs.algorithm() == header.alg)
    }

    fn is_meant(&self, told: Option<&Audience>) -> bool {
        let wanted = self.audience.as_deref().unwrap_or(AUDIENCE);
        match told {
            None => self.audience.is_none(),
            Some(Audience::One(one)) => one == wanted,
            Some(Audience::Many(many)) => many.iter().any(|one| one == wanted),
        }
    }
}

impl Signs {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Hs256(_) => "HS256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    /// Whether this signature is the key's own.
    fn verifies(&self, signed: &str, signature: &[u8]) -> bool {
        match self {
            Self::Hs256(secret) => Hmac::<Sha256>::new_from_slice(secret)
                .is_ok_and(|mac| mac.chain_update(signed).verify_slice(signature).is_ok()),
            Self::EdDsa(public) => ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public)
                .verify(signed.as_bytes(), signature)
                .is_ok(),
        }
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// A NumericDate; whole seconds are enough.
fn at(seconds: f64) -> Option<Timestamp> {
    let is_time = seconds.is_finite() && (0.0..253_402_300_800.0).contains(&seconds);
    // Within these bounds nothing is lost but the fraction.
    #[expect(clippy::cast_possible_truncation, reason = "it was bounded")]
    is_time.then(|| Timestamp::from_second(seconds as i64).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{Ed25519KeyPair, KeyPair};
    use serde_json::{Value, json};

    const NOW: i64 = 1_000_000;

    type Sign = Box<dyn FnOnce(&[u8]) -> Vec<u8>>;

    fn hs(kid: Option<&str>, secret: &str) -> UserKey {
        UserKey { kid: kid.map(str::to_owned), tenant: None, signs: Signs::Hs256(secret.into()) }
    }

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
    }

    fn eddsa() -> UserKey {
        let public = pair().public_key().as_ref().try_into().unwrap();
        UserKey {
            kid: Some("ed".to_owned()),
            tenant: Some(TenantId::new("acme")),
            signs: Signs::EdDsa(public),
        }
    }

    fn tokens() -> UserTokens {
        UserTokens { keys: vec![hs(None, "secret"), hs(Some("old"), "older"), eddsa()], audience: None }
    }

    fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(sign(text.as_bytes()));
        format!("{text}.{signature}")
    }

    fn mac(secret: &str) -> impl FnOnce(&[u8]) -> Vec<u8> {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        move |text| mac.chain_update(text).finalize().into_bytes().to_vec()
    }

    fn claims() -> Value {
        json!({ "sub": "ann", "exp": NOW + 60 })
    }

    fn read(tokens: &UserTokens, token: &str) -> Option<UserToken> {
        tokens.read(token, Timestamp::from_second(NOW).unwrap())
    }

    #[test]
    fn a_token_says_who_somebody_is_and_for_how_long() {
        let claims = json!({ "sub": "ann", "name": "Ann Lee", "tenant": "beta", "exp": 1_000_060.5, "nbf": NOW, "aud": ["x", "trunkline"] });
        let token = signed(&json!({ "alg": "HS256", "typ": "JWT" }), &claims, mac("secret"));
        let read = read(&tokens(), &token).unwrap();
        assert_eq!((read.user.id.as_str(), read.user.tenant.as_str()), ("ann", "beta"));
        assert_eq!(read.user.name, Some(Private::new("Ann Lee".to_owned())));
        assert_eq!(read.expires.as_second(), NOW + 60);
        assert!(!format!("{read:?} {:?}", tokens()).contains("Ann"), "it does not print itself");
    }

    #[test]
    fn each_key_opens_by_its_name_and_its_own_algorithm_only() {
        let all = tokens();
        let by = |header: Value, sign: Sign| {
            read(&all, &signed(&header, &claims(), sign)).map(|token| token.user.tenant.as_str().to_owned())
        };
        let ed = || Box::new(|text: &[u8]| pair().sign(text).as_ref().to_vec());
        assert_eq!(by(json!({"alg": "HS256"}), Box::new(mac("secret"))).as_deref(), Some("default"));
        assert_eq!(
            by(json!({"alg": "HS256", "kid": "old"}), Box::new(mac("older"))).as_deref(),
            Some("default")
        );
        assert_eq!(by(json!({"alg": "EdDSA", "kid": "ed"}), ed()).as_deref(), Some("acme"), "its tenant's");
        let public = pair().public_key().as_ref().to_vec();
        let confused = Hmac::<Sha256>::new_from_slice(&public).unwrap();
        for (header, sign) in [
            (json!({"alg": "none"}), Box::new(|_: &[u8]| Vec::new()) as Sign),
            (json!({"alg": "None", "kid": "ed"}), Box::new(|_: &[u8]| Vec::new())),
            (json!({"alg": "HS512"}), Box::new(mac("secret"))),
            (json!({"alg": "hs256"}), Box::new(mac("secret"))),
            (json!({"alg": "HS256", "kid": "old"}), Box::new(mac("secret"))),
            (json!({"alg": "HS256", "kid": "new"}), Box::new(mac("secret"))),
            (json!({"alg": "HS256", "crit": ["x"]}), Box::new(mac("secret"))),
            (json!({"alg": "EdDSA"}), ed()),
            (
                json!({"alg": "HS256", "kid": "ed"}),
                Box::new(move |text: &[u8]| confused.chain_update(text).finalize().into_bytes().to_vec()),
            ),
        ] {
            assert_eq!(by(header.clone(), sign), None, "{header}");
        }
    }

    #[test]
    fn a_token_of_another_time_audience_or_tenant_opens_nothing() {
        let all = tokens();
        let hs = |claims: Value| read(&all, &signed(&json!({"alg": "HS256"}), &claims, mac("secret")));
        assert!(hs(claims()).is_some(), "the control");
        for wrong in [
            json!({"sub": "ann"}),
            json!({"sub": "ann", "exp": NOW}),
            json!({"sub": "ann", "exp": "never"}),
            json!({"sub": "ann", "exp": 1e300}),
            json!({"sub": "ann", "exp": NOW + 9, "nbf": NOW + 1}),
            json!({"sub": "ann", "exp": NOW + 9, "aud": "billing"}),
            json!({"sub": "ann", "exp": NOW + 9, "tenant": "../x"}),
            json!({"sub": "", "exp": NOW + 9}),
            json!({"sub": " ann", "exp": NOW + 9}),
            json!({"sub": 7, "exp": NOW + 9}),
            json!({"exp": NOW + 9}),
        ] {
            assert_eq!(hs(wrong.clone()), None, "{wrong}");
        }
        let ed = |claims: Value| {
            let header = json!({"alg": "EdDSA", "kid": "ed"});
            read(&all, &signed(&header, &claims, |text| pair().sign(text).as_ref().to_vec()))
        };
        assert!(ed(claims()).is_some());
        assert_eq!(
            ed(json!({"sub": "ann", "exp": NOW + 9, "tenant": "beta"})),
            None,
            "acme's key signs for acme"
        );
        let strict = UserTokens { audience: Some("calls".to_owned()), ..tokens() };
        let token = signed(&json!({"alg": "HS256"}), &claims(), mac("secret"));
        assert_eq!(read(&strict, &token), None, "it must say so");
    }

    #[test]
    fn what_is_no_token_is_none() {
        let good = signed(&json!({"alg": "HS256"}), &claims(), mac("secret"));
        let cut = good[..good.len() - 2].to_owned();
        for wrong in
            ["", ".", "..", "a.b.c", &cut, &format!("{good}="), &format!("{good}.x"), &"a".repeat(9_000)]
        {
            assert_eq!(read(&tokens(), wrong), None, "{}", &wrong[..wrong.len().min(40)]);
        }
        assert_eq!(read(&UserTokens::default(), &good), None, "without keys nobody comes in");
    }
}
