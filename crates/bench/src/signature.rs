//! Signs requests as Twilio does: HMAC-SHA1 over the address and the form's names and values, in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Signs for one account. The key's own work is done once.
#[derive(Clone)]
pub struct Signer(Hmac<Sha1>);

impl Signer {
    /// Signs with an account's auth token.
    ///
    /// # Errors
    /// None that can happen: HMAC takes a key of any length.
    pub fn new(auth_token: &str) -> anyhow::Result<Self> {
        Ok(Self(Hmac::new_from_slice(auth_token.as_bytes())?))
    }

    /// Appends the signature of a request. `address` is given in pieces; `fields` are sorted by name.
    pub fn sign<'a>(
        &self,
        address: &[&str],
        fields: impl Iterator<Item = (&'a str, &'a str)>,
        out: &mut Vec<u8>,
    ) {
        let mut mac = self.0.clone();
        address.iter().for_each(|piece| mac.update(piece.as_bytes()));
        for (name, value) in fields {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        let mut text = [0; 28];
        // 20 bytes are 28 characters of base64.
        let length = STANDARD.encode_slice(mac.finalize().into_bytes(), &mut text).unwrap_or(0);
        out.extend_from_slice(&text[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector_is_met() {
        let fields = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ];
        let mut signature = Vec::new();
        let address = ["https://mycompany.com", "/myapp.php?foo=1&bar=2"];
        Signer::new("12345").unwrap().sign(&address, fields.into_iter(), &mut signature);
        assert_eq!(signature, b"RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }
}
