//! `X-Twilio-Signature`: base64 of HMAC-SHA1 over the URL and the sorted form.
//!
//! The string that is signed is the URL as requested (query byte for byte, no fragment), then each parameter's name
//! and value, names sorted by code point. A repeated name gives its distinct values in sorted order.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Signs a request as Twilio does. A request by GET has all its parameters in the URL and is signed with none.
pub fn sign(auth_token: &str, url: &str, form: &[(String, String)]) -> String {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()) else {
        // HMAC takes a key of any length; this arm only satisfies the type.
        return String::new();
    };
    mac.update(url.as_bytes());
    let pairs: BTreeSet<(&str, &str)> =
        form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (name, value) in pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn the_published_vector_is_met() {
        let form = form(&[
            ("To", "+18005551212"),
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
        ]);
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(sign("12345", url, &form), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }

    #[test]
    fn a_repeated_name_counts_each_value_once_in_sorted_order() {
        let url = "https://example.com/";
        let given = form(&[("A", "2"), ("A", "1"), ("A", "2")]);
        let sorted = form(&[("A", "1"), ("A", "2")]);
        assert_eq!(sign("t", url, &given), sign("t", url, &sorted));
        assert_ne!(sign("t", url, &given), sign("t", url, &form(&[("A", "1")])));
    }
}
