//! S-29: addresses whose sealed state is not ours, or not whole. The carrier signs whatever address it was told, so that a
//! signature alone proves nothing here: a polite good-bye, and no effect.

use super::{SID, Watched};
use crate::house::{ACCOUNT, Opening};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use trunkline_carriers::callback::{CallbackState, Place, SecretKeys};
use trunkline_core::id::{AccountId, CallId, CarrierCallId, Fence, LegNo};
use trunkline_core::script::Cursor;

fn form(sid: &'static str, status: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("AccountSid", ACCOUNT),
        ("CallSid", sid),
        ("CallStatus", status),
        ("Direction", "inbound"),
        ("From", "+15550100123"),
        ("To", "+15005550006"),
    ]
}

/// Where the call of these tests stands: it brings the answer to the first question.
fn state() -> CallbackState {
    let account = AccountId::new(format!("twilio:{ACCOUNT}"));
    let call = CallId::derived(&account, &CarrierCallId::new(SID));
    let place = Place::Hear(Cursor::first(0));
    CallbackState { account, call, leg: LegNo::FIRST, fence: Fence::FIRST, script: None, place }
}

fn sealed(keys: u8, state: &CallbackState) -> String {
    SecretKeys::from_bytes(&[keys; 32]).seal(state)
}

/// Every token that nobody of ours sealed, or that is not whole.
fn forged(token: &str) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut add = |what: String, token: String| rows.push((what, token));
    for n in 0..24 {
        let at = n * (token.len() - 1) / 23;
        let mut letters = token.as_bytes().to_vec();
        letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
        add(format!("letter {at} altered"), String::from_utf8(letters).unwrap());
    }
    for length in [1, 4, 16, token.len() / 2, token.len() - 16, token.len() - 4, token.len() - 1] {
        add(format!("cut to {length}"), token[..length].to_owned());
    }
    for tail in ["A", "AAAA", "%3D", ".", "%20", "%00"] {
        add(format!("with {tail:?} behind it"), format!("{token}{tail}"));
    }
    add("without its first letter".into(), token[1..].to_owned());
    add("twice in a row".into(), token.repeat(2));
    add("backwards".into(), token.chars().rev().collect());
    add("in other letters".into(), token.to_lowercase());
    add("by another key".into(), sealed(6, &state()));
    add("by a key of zeros".into(), sealed(0, &state()));
    let other = |account: &str| sealed(5, &CallbackState { account: AccountId::new(account), ..state() });
    add("of another account".into(), other("twilio:AC00000000000000000000000000000002"));
    add("of the account at another carrier".into(), other(&format!("telnyx:{ACCOUNT}")));
    add("of no account".into(), other(""));
    let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
    add("all of its bytes zero".into(), URL_SAFE_NO_PAD.encode(vec![0; bytes.len()]));
    add(
        "in base64 for mail".into(),
        base64::engine::general_purpose::STANDARD.encode(&bytes).replace('+', "%2B") + "%3D",
    );
    let unsealed =
        [&[1][..], state().call.as_bytes(), &[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], ACCOUNT.as_bytes()]
            .concat();
    add("not sealed at all".into(), URL_SAFE_NO_PAD.encode(unsealed));
    for word in [
        "",
        "x",
        "null",
        "nonsense",
        "%00",
        "%ff",
        "..%2F..%2Fetc",
        "%27%3B+DROP+TABLE+calls%3B--",
        "%3CDial%3E",
        "%D7%90",
    ] {
        add(format!("{word:?} for a token"), word.to_owned());
    }
    add("5,000 letters".into(), "A".repeat(5_000));
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn s_29_an_address_that_nobody_of_ours_sealed_is_a_polite_goodbye_without_effect() {
    let watched = Watched::open(Opening::default()).await;
    let house = &watched.house;
    let first = house.webhook("/voice?q=0", &form(SID, "in-progress")).await;
    assert!(first.text().contains("How are you?"), "{}", first.text());
    let token = sealed(5, &state());
    let (facts, records) = (watched.facts(SID).await, watched.records());
    let rows = forged(&token);
    assert_eq!(rows.len(), 60);
    for (what, forged) in rows {
        for route in ["/voice?q=1", "/answer?q=1"] {
            let voice = house.webhook(&format!("{route}&s={forged}"), &form(SID, "in-progress")).await;
            assert_eq!(voice.status, 200, "{what}, {route}");
            let text = voice.text();
            assert!(text.ends_with("<Hangup/></Response>"), "{what}, {route}: {text}");
            assert!(!text.contains("<Record"), "{what}, {route}: {text}");
        }
        for route in ["/status", "/recording", "/amd", "/transcription"] {
            let told = house.webhook(&format!("{route}?s={forged}"), &form(SID, "completed")).await;
            assert_eq!(told.status, 204, "{what}, {route}");
        }
    }
    assert_eq!(watched.facts(SID).await, facts);
    assert_eq!(watched.records(), records, "and nothing was written down");
    // The control: the true one goes on with the call.
    let mut heard = form(SID, "in-progress");
    heard.extend([("RecordingSid", "RE00000000000000000000000000000001"), ("RecordingDuration", "3")]);
    let voice = house.webhook(&format!("/voice?q=1&s={token}"), &heard).await;
    assert!(voice.text().contains("And tomorrow?"), "{}", voice.text());
    assert!(watched.records() > records);
}

/// Sealed by us, and for a call that it is not: what an earlier owner of the attempt left at the carrier, or an attempt
/// that never was.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_another_owner_or_attempt_moves_nothing() {
    const STRAY: &str = "CA0000000000000000000000000000dead";
    let watched = Watched::open(Opening::default()).await;
    let house = &watched.house;
    house.webhook("/voice?q=0", &form(SID, "in-progress")).await;
    let facts = watched.facts(SID).await;
    let older = CallbackState { fence: Fence(0), ..state() };
    let younger = CallbackState { fence: Fence(2), ..state() };
    let never = CallbackState { leg: LegNo(9), ..state() };
    for (what, state, sid) in [
        ("an older fence", &older, STRAY),
        ("a fence to come", &younger, STRAY),
        ("our fence, another call", &state(), STRAY),
        ("an attempt that never was", &never, SID),
        ("an attempt that never was, another call", &never, STRAY),
    ] {
        let token = sealed(5, state);
        let voice = house.webhook(&format!("/voice?q=1&s={token}"), &form(sid, "in-progress")).await;
        assert_eq!(voice.status, 200, "{what}");
        assert!(voice.text().ends_with("<Response><Hangup/></Response>"), "{what}: {}", voice.text());
        let told = house.webhook(&format!("/status?s={token}"), &form(sid, "busy")).await;
        assert_eq!(told.status, 204, "{what}");
        assert_eq!(watched.facts(SID).await, facts, "{what}");
    }
    // A call that has changed hands goes on by the addresses that its first owner gave to the carrier.
    let page = house.webhook(&format!("/voice?q=0&s={}", sealed(5, &older)), &form(SID, "in-progress")).await;
    assert!(page.text().contains("How are you?"), "{}", page.text());
}
