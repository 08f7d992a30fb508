//! Signatures: what Telnyx signed is let in, everything else is not.

use crate::ACCOUNT;
use http::{HeaderMap, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use trunkline_carriers::BadSettings;
use trunkline_carriers::callback::Scheme;
use trunkline_carriers::signed::{SignatureError, SignedRequest};
use trunkline_carriers::telnyx::signature::{SIGNATURE, TIMESTAMP, Verifier};
use trunkline_sim::{public_key, sign_telnyx};

const SECRET: &str = "the carrier's";
const BODY: &str = "CallSid=v3%3A1&CallStatus=ringing&AccountSid=f5586561-8ff0-4291-a51b-c7dfe4139ff9";

fn now() -> Timestamp {
    "2026-11-22T06:00:00Z".parse().unwrap()
}

/// A request as it reaches us, each part of it to be changed.
struct Asked {
    method: Method,
    path: &'static str,
    kind: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
    now: Timestamp,
}

impl Asked {
    fn honest() -> Self {
        Self::signed_at(now())
    }

    fn signed_at(at: Timestamp) -> Self {
        let second = at.as_second();
        Self {
            method: Method::POST,
            path: "/status?s=abc",
            kind: "application/x-www-form-urlencoded",
            headers: vec![
                (SIGNATURE, sign_telnyx(SECRET, second, BODY.as_bytes())),
                (TIMESTAMP, second.to_string()),
            ],
            body: BODY.to_owned(),
            now: now(),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn verdict(&self) -> Result<bool, SignatureError> {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(self.kind));
        for (name, value) in &self.headers {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let request = SignedRequest {
            method: &self.method,
            path_and_query: self.path,
            scheme: Scheme::Http,
            headers: &headers,
            body: self.body.as_bytes(),
        };
        let verifier = Verifier::new(&public_key(SECRET)).unwrap();
        verifier.verify(&request, self.now).map(|form| form.is_some())
    }
}

#[test]
fn s_03_what_telnyx_signed_just_now_is_let_in_and_read() {
    assert_eq!(Asked::honest().verdict(), Ok(true));
    assert_eq!(Asked::honest().with(|asked| asked.kind = "application/json").verdict(), Ok(false));
}

#[test]
fn s_03_a_forged_or_changed_webhook_is_refused() {
    let wrong = |change: fn(&mut Asked)| Asked::honest().with(change).verdict();
    use SignatureError::{Charset, Header, Method as Verb, Missing, Wrong};
    assert_eq!(wrong(|asked| asked.headers.clear()), Err(Missing));
    assert_eq!(wrong(|asked| drop(asked.headers.pop())), Err(Missing), "no time");
    assert_eq!(wrong(|asked| drop(asked.headers.remove(0))), Err(Missing), "no signature");
    assert_eq!(wrong(|asked| asked.headers[0].1 = "not base64!".to_owned()), Err(Header));
    assert_eq!(wrong(|asked| asked.headers[0].1 = "AAAA".to_owned()), Err(Wrong), "too short");
    assert_eq!(wrong(|asked| asked.headers.push((SIGNATURE, "AAAA".to_owned()))), Err(Header), "two");
    assert_eq!(wrong(|asked| asked.headers.push((TIMESTAMP, "1".to_owned()))), Err(Header), "two times");
    assert_eq!(wrong(|asked| asked.body.push('&')), Err(Wrong), "one byte more");
    assert_eq!(wrong(|asked| asked.body = asked.body.replace("ringing", "busy")), Err(Wrong));
    assert_eq!(wrong(|asked| asked.body.clear()), Err(Wrong));
    assert_eq!(
        wrong(|asked| asked.headers[0].1 = sign_telnyx("another", now().as_second(), asked.body.as_bytes())),
        Err(Wrong),
        "another key"
    );
    assert_eq!(wrong(|asked| asked.method = Method::GET), Err(Verb), "nothing of a GET is signed");
    assert_eq!(wrong(|asked| asked.kind = "application/x-www-form-urlencoded; charset=utf-16"), Err(Charset));
}

#[test]
fn s_03_a_true_webhook_is_refused_outside_its_five_minutes() {
    for (ago, fits) in
        [(0, true), (299, true), (300, true), (301, false), (3_600, false), (-300, true), (-301, false)]
    {
        let verdict = Asked::signed_at(now() - SignedDuration::from_secs(ago)).verdict();
        assert_eq!(verdict, if fits { Ok(true) } else { Err(SignatureError::NotNow) }, "{ago} s ago");
    }
}

#[test]
fn a_time_that_was_not_signed_fits_nothing() {
    let moved = Asked::honest().with(|asked| {
        asked.headers[1].1 = (now().as_second() + 1).to_string();
    });
    assert_eq!(moved.verdict(), Err(SignatureError::Wrong));
    for odd in ["", "+1795327200", "1795327200.0", " 1795327200", "99999999999999999999", "soon"] {
        let asked = Asked::honest().with(|asked| asked.headers[1].1 = odd.to_owned());
        assert!(asked.verdict().is_err(), "{odd}");
    }
}

#[test]
fn a_public_key_is_base64_of_32_bytes_or_none() {
    for wrong in ["", "AAAA", "not base64!", ACCOUNT] {
        assert_eq!(Verifier::new(wrong).unwrap_err(), BadSettings::PublicKey, "{wrong}");
    }
    assert!(Verifier::new(&format!(" {}\n", public_key(SECRET))).is_ok());
}
