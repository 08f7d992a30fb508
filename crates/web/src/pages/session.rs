//! Who is signed in: a signed cookie, opened with an API key or a password. Nothing is kept here: whether its key or its
//! person still opens anything, and whether it was left, the engine knows.

use crate::access::{Access, Admitted};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::header::COOKIE;
use jiff::Timestamp;
use sha2::Sha256;

/// A session: when it runs out, its name, and the mark of the key or the person that opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    expires: Timestamp,
    name: String,
    mark: String,
}

impl Session {
    pub(crate) fn open(access: &Access, by: &Admitted, chance: [u8; 16], now: Timestamp) -> Self {
        let expires = now.checked_add(access.session_lifetime).unwrap_or(Timestamp::MAX);
        // The cookie tells whole seconds.
        let expires = Timestamp::from_second(expires.as_second()).unwrap_or(expires);
        Self { expires, name: format!("{:032x}", u128::from_be_bytes(chance)), mark: by.mark.clone() }
    }

    /// When it runs out.
    pub(crate) fn expires(&self) -> Timestamp {
        self.expires
    }

    /// What no other session is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What names the key or the person that opened it.
    pub(crate) fn mark(&self) -> &str {
        &self.mark
    }

    /// The session as a cookie's value, signed.
    pub(crate) fn seal(&self, access: &Access) -> String {
        let text = self.text();
        let mac = signer(access, "session", &text).finalize().into_bytes();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// The session of a cookie's value, if we signed it and it has not run out. Whether its key still opens
    /// anything is asked by its mark.
    pub(crate) fn unseal(access: &Access, value: &str, now: Timestamp) -> Option<Self> {
        let (text, mac) = value.rsplit_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        signer(access, "session", text).verify_slice(&mac).ok()?;
        let mut parts = text.split('.');
        let expires = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
        let name = parts.next()?.to_owned();
        let mark = parts.next()?.to_owned();
        (expires > now).then_some(Self { expires, name, mark })
    }

    /// What this session's forms carry, so that no other site can send them.
    pub(crate) fn form_token(&self, access: &Access) -> String {
        let mac = signer(access, "form", &self.text()).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode(mac)
    }

    /// Whether a form carries this session's token; compared in constant time.
    pub(crate) fn admits_form(&self, access: &Access, token: &str) -> bool {
        let Ok(mac) = URL_SAFE_NO_PAD.decode(token) else { return false };
        signer(access, "form", &self.text()).verify_slice(&mac).is_ok()
    }

    fn text(&self) -> String {
        format!("{}.{}.{}", self.expires.as_second(), self.name, self.mark)
    }
}

/// Signs for one purpose: a signature for a form opens no session.
pub(crate) fn signer(access: &Access, purpose: &str, text: &str) -> Hmac<Sha256> {
    let mut block = [0; 64];
    block[..32].copy_from_slice(access.session_secret.bytes());
    let mut hmac = Hmac::<Sha256>::new(&block.into());
    hmac.update(purpose.as_bytes());
    hmac.update(&[0]);
    hmac.update(text.as_bytes());
    hmac
}

/// The value of a cookie, where it was sent.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(known, value)| (known == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::SessionSecret;
    use http::HeaderValue;
    use trunkline_core::tenancy::{Caller, KeyHash};

    fn access() -> Access {
        Access::new(vec![KeyHash::of("key")], SessionSecret::new([7; 32]))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn admitted() -> Admitted {
        Admitted { caller: Caller::system(), mark: "a1b2".to_owned() }
    }

    fn session() -> Session {
        Session::open(&access(), &admitted(), [5; 16], at(1_000))
    }

    #[test]
    fn a_sealed_session_opens_until_it_runs_out() {
        let cookie = session().seal(&access());
        assert_eq!(Session::unseal(&access(), &cookie, at(1_001)), Some(session()));
        assert_eq!(Session::unseal(&access(), &cookie, at(1_000 + 12 * 3_600)), None);
    }

    #[test]
    fn no_changed_cookie_opens() {
        let cookie = session().seal(&access());
        for at_byte in 0..cookie.len() {
            let mut changed = cookie.clone().into_bytes();
            changed[at_byte] = if changed[at_byte] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(Session::unseal(&access(), &changed, at(1_001)), None, "{changed}");
        }
        for wrong in ["", ".", "...", "1.2.3", &cookie[..cookie.len() - 1]] {
            assert_eq!(Session::unseal(&access(), wrong, at(1_001)), None, "{wrong}");
        }
    }

    #[test]
    fn a_session_names_its_key_and_ends_with_the_secret() {
        let cookie = session().seal(&access());
        let other_secret = Access { session_secret: SessionSecret::new([8; 32]), ..access() };
        assert_eq!(Session::unseal(&access(), &cookie, at(1_001)).unwrap().mark(), "a1b2");
        assert_eq!(Session::unseal(&other_secret, &cookie, at(1_001)), None);
    }

    #[test]
    fn a_form_token_is_good_for_its_own_session_only_and_opens_none() {
        let other = Session::open(&access(), &admitted(), [6; 16], at(1_000));
        let token = session().form_token(&access());
        assert!(session().admits_form(&access(), &token));
        assert!(!other.admits_form(&access(), &token));
        assert!(!session().admits_form(&access(), ""));
        let as_cookie = format!("{}.{token}", session().text());
        assert_eq!(Session::unseal(&access(), &as_cookie, at(1_001)), None);
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; trunkline=x.y; b=2"));
        headers.append(COOKIE, HeaderValue::from_static("lang=he"));
        assert_eq!(cookie(&headers, "trunkline"), Some("x.y"));
        assert_eq!(cookie(&headers, "lang"), Some("he"));
        assert_eq!(cookie(&headers, "unk"), None);
    }
}
