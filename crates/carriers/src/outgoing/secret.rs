//! The secret of an endpoint, and signatures made with it (Standard Webhooks, `v1`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;
use std::fmt;

/// So many bytes a new secret has.
const BYTES: usize = 32;
const PREFIX: &str = "whsec_";

/// A secret that signs. It does not print itself.
pub struct Secret(SecretBox<Vec<u8>>);

impl Secret {
    /// A secret of these bytes, fresh from the machine's source of chance.
    pub fn of(bytes: [u8; BYTES]) -> Self {
        Self(SecretBox::new(Box::new(bytes.to_vec())))
    }

    /// A secret that was kept.
    pub fn kept(bytes: SecretBox<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// As its owner is told it: `whsec_` and base64.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.bytes()))
    }

    /// One signature: over the id, the time in seconds and the very bytes of the body.
    pub fn sign(&self, id: &str, secs: i64, body: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.bytes()) else {
            // HMAC takes a key of any length.
            return String::new();
        };
        for part in [id, ".", &secs.to_string(), ".", body] {
            mac.update(part.as_bytes());
        }
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(•••)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_standard() {
        // The example of the Standard Webhooks specification.
        let bytes = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let secret = Secret::kept(SecretBox::new(Box::new(bytes)));
        let body = r#"{"test": 2432232314}"#;
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_told_with_its_prefix_and_prints_nothing() {
        let secret = Secret::of([7; 32]);
        assert_eq!(secret.text().len(), PREFIX.len() + 44);
        assert_eq!(format!("{secret:?}"), "Secret(•••)");
    }
}
