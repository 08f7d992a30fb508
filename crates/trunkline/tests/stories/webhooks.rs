//! What strangers send in the carrier's name, and what the carrier sends twice: S-01, S-02, S-04, S-29.

use serde_json::json;
use trunkline_sim::{CallEvent, Fault, FaultKind, Habit, WebhookKind, WebhookRecord, sign};

use crate::day::{ACCOUNT, Day, OURS, TOKEN, form};

const ANN: &str = "+15550101101";

fn voice_hook(day: &Day) -> WebhookRecord {
    day.sim
        .webhooks()
        .into_iter()
        .find(|hook| hook.kind == WebhookKind::Voice && hook.url.contains("/voice"))
        .unwrap()
}

/// A call that is over, with its webhooks.
fn a_call_that_is_over(day: &Day) -> String {
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed");
    day.keeps_recordings(&call);
    day.is_quiet();
    call
}

/// What is known of a call, whenever it was last heard of.
fn facts(day: &Day, call: &str) -> serde_json::Value {
    let mut facts = day.look_at(call);
    // What it cost the carrier says minutes later.
    for late in ["updated_at", "cost"] {
        facts.as_object_mut().unwrap().remove(late).unwrap();
    }
    facts
}

#[test]
fn s_01_what_the_carrier_did_not_sign_is_refused_and_leaves_no_trace() {
    let day = Day::begin();
    a_call_that_is_over(&day);
    let hook = voice_hook(&day);
    let right = sign(TOKEN, &hook.url, &hook.params);
    let before = day.journal_position();

    let mut altered = hook.params.clone();
    altered.iter_mut().find(|(name, _)| name == "CallStatus").unwrap().1 = "busy".into();
    let mut longer = hook.params.clone();
    longer.push(("Digits".into(), "1".into()));
    let shorter = hook.params[1..].to_vec();
    let other_path = hook.url.replace("/voice", "/status");
    let other_query = format!("{}&x=1", hook.url);
    let forged = [
        ("none", day.ask_at(&hook.url).form(&hook.params)),
        ("empty", day.signed(&hook.url, &hook.params, "", "t")),
        ("wrong", day.signed(&hook.url, &hook.params, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "t")),
        ("truncated", day.signed(&hook.url, &hook.params, &right[..20], "t")),
        ("no base64", day.signed(&hook.url, &hook.params, "????", "t")),
        ("another key", day.signed(&hook.url, &hook.params, &sign("other", &hook.url, &hook.params), "t")),
        ("altered", day.signed(&hook.url, &altered, &right, "t")),
        ("extra", day.signed(&hook.url, &longer, &right, "t")),
        ("missing", day.signed(&hook.url, &shorter, &right, "t")),
        ("other path", day.signed(&other_path, &hook.params, &right, "t")),
        ("other query", day.signed(&other_query, &hook.params, &right, "t")),
    ];
    for (how, request) in forged {
        let answer = day.send(request);
        assert_eq!(answer.status, 403, "{how}: {}", answer.text());
    }
    for path in ["/answer", "/voice?q=0", "/status", "/recording", "/amd", "/fallback", "/transcription"] {
        let stranger = form([
            ("CallSid", "CAffffffffffffffffffffffffffffffff"),
            ("AccountSid", ACCOUNT),
            ("From", ANN),
            ("To", OURS),
            ("CallStatus", "ringing"),
        ]);
        assert_eq!(day.send(day.signed(&day.url(path), &stranger, "AAAA", "t")).status, 403, "{path}");
    }
    assert_eq!(day.journal_position(), before, "nothing was journaled");

    let stranger = form([
        ("CallSid", "CAffffffffffffffffffffffffffffffff"),
        ("AccountSid", ACCOUNT),
        ("From", ANN),
        ("To", OURS),
        ("Direction", "inbound"),
        ("CallStatus", "ringing"),
    ]);
    assert_eq!(day.webhook(&day.url("/voice?q=0"), &stranger).status, 200);
    assert!(day.journal_position() > before, "the control: what is signed is journaled");
}

#[test]
fn s_02_a_true_webhook_replayed_a_hundred_times_changes_nothing() {
    let day = Day::begin();
    let call = a_call_that_is_over(&day);
    let (seen, turns) = (facts(&day, &call), day.turns(&call));
    let before = day.journal_position();
    let hooks = day.sim.webhooks();
    for hook in &hooks {
        for _ in 0..100 {
            let answer = day.send(day.again(hook));
            assert!(answer.status < 300, "{:?} {:?}: {}", hook.kind, hook.event, answer.status);
        }
    }
    assert_eq!((facts(&day, &call), day.turns(&call)), (seen, turns));
    day.is_quiet();
    assert_eq!(day.dialed(ANN), 1);
    // The first of them may find the history busy: then it is journaled, and known as a repeat by the projector.
    let grown = day.journal_position() - before;
    assert!(grown < 20, "{grown} records for {} webhooks, a hundred times each", hooks.len());
}

#[test]
fn a_replay_after_a_restart_changes_nothing() {
    let mut day = Day::begin();
    let call = a_call_that_is_over(&day);
    let seen = facts(&day, &call);
    day.restarts();
    for hook in day.sim.webhooks() {
        assert!(day.send(day.again(&hook)).status < 300);
    }
    day.journal_position();
    assert_eq!(facts(&day, &call), seen);
    assert_eq!(day.dialed(ANN), 1);
}

#[test]
fn a_webhook_of_another_account_has_no_effect() {
    let day = Day::begin();
    let call = a_call_that_is_over(&day);
    let (seen, before) = (day.look_at(&call), day.journal_position());
    let foreign = form([
        ("CallSid", "CAffffffffffffffffffffffffffffffff"),
        ("AccountSid", "AC00000000000000000000000000000002"),
        ("From", ANN),
        ("To", OURS),
        ("Direction", "inbound"),
        ("CallStatus", "ringing"),
    ]);
    for path in ["/voice?q=0", "/status"] {
        let answer = day.webhook(&day.url(path), &foreign);
        assert!(answer.status < 500, "{path}: {}", answer.status);
    }
    assert_eq!((day.look_at(&call), day.journal_position()), (seen, before));
}

#[test]
fn a_step_out_of_range_is_a_polite_goodbye() {
    let day = Day::begin();
    for (n, q) in ["99", "-1", "65536", "99999999999999999999", "two", "", "0x1"].into_iter().enumerate() {
        let sid = format!("CA{n:032}");
        let asked = form([
            ("CallSid", &sid),
            ("AccountSid", ACCOUNT),
            ("From", ANN),
            ("To", OURS),
            ("Direction", "inbound"),
            ("CallStatus", "in-progress"),
        ]);
        let answer = day.webhook(&day.url(&format!("/voice?q={q}")), &asked);
        assert_eq!(answer.status, 200, "{q:?}: {}", answer.text());
        assert!(
            answer.text().contains("<Hangup/>") && answer.text().contains("Goodbye"),
            "{q:?}: {}",
            answer.text()
        );
        assert!(!answer.text().contains("technical"), "no apology, nothing broke: {}", answer.text());
    }
}

#[test]
fn a_token_that_is_not_ours_is_a_polite_goodbye_and_no_step_of_the_call() {
    let day = Day::begin();
    let call = a_call_that_is_over(&day);
    let hook = voice_hook(&day);
    let (seen, before) = (day.look_at(&call), day.journal_position());
    let (start, token) = hook.url.split_once("s=").unwrap();
    let token = token.split('&').next().unwrap();
    let mut flipped = token.to_owned().into_bytes();
    flipped[10] = if flipped[10] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    for forged in
        [&flipped, &token[..token.len() - 4], "x", "", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%00"]
    {
        // Signed by the carrier all the same: it calls whatever address it was told.
        let url = format!("{start}s={forged}");
        let answer = day.webhook(&url, &hook.params);
        assert_eq!(answer.status, 200, "{forged}");
        assert!(
            answer.text().contains("<Hangup/>") && !answer.text().contains("<Record"),
            "{forged}: {}",
            answer.text()
        );
        let status = day.webhook(&url.replace("/voice", "/status"), &hook.params);
        assert!(status.status < 300, "{forged}");
    }
    assert_eq!((day.look_at(&call), day.journal_position()), (seen, before));
}

#[test]
fn a_word_that_nobody_knows_is_kept_and_moves_nothing() {
    let day = Day::with().at_speed(10.0).begin();
    day.person(ANN, Habit::NoAnswer);
    let call = day.call(ANN);
    day.is(&call, "ringing");
    // The carrier notes a webhook when it has its answer: a moment after we have given it.
    let mut hook = day.until("the carrier's own note of it", |day| {
        day.sim.webhooks().into_iter().find(|hook| hook.event == Some(CallEvent::Ringing))
    });
    hook.params.iter_mut().find(|(name, _)| name == "CallStatus").unwrap().1 = "levitating".into();
    hook.token = "another".into();
    assert!(day.send(day.again(&hook)).status < 300);
    assert_eq!(day.look_at(&call)["status"], "ringing");
    assert_eq!(day.disposition(&call), "no_answer");
}

#[test]
fn news_of_a_call_that_nobody_knows_is_no_fault_of_ours() {
    let day = Day::begin();
    for status in ["initiated", "ringing", "in-progress", "completed", "busy"] {
        let unknown = form([
            ("CallSid", "CA12121212121212121212121212121212"),
            ("AccountSid", ACCOUNT),
            ("From", OURS),
            ("To", ANN),
            ("Direction", "outbound-api"),
            ("CallStatus", status),
            ("CallDuration", "7"),
        ]);
        assert!(day.webhook(&day.url("/status"), &unknown).status < 300, "{status}");
    }
    assert_eq!(day.get("/health").json()["active_calls"], 0);
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed", "and nobody's slot is taken");
}

#[test]
fn s_04_headers_that_claim_another_address_are_not_believed() {
    let day = Day::begin();
    a_call_that_is_over(&day);
    let hook = voice_hook(&day);
    let evil = day
        .again(&hook)
        .header("Host", "evil.example")
        .header("X-Forwarded-Host", "evil.example")
        .header("X-Forwarded-Proto", "https");
    let answer = day.send(evil);
    assert_eq!(answer.status, 200, "the address that was told is the one that is signed");
    assert!(!answer.text().contains("evil.example"), "{}", answer.text());
    let theirs = "http://evil.example/voice?q=0";
    let request = day.signed(&day.url("/voice?q=0"), &hook.params, &sign(TOKEN, theirs, &hook.params), "t");
    assert_eq!(day.send(request.header("Host", "evil.example")).status, 403, "and no other");
}

#[test]
fn a_late_ringing_never_reopens_a_call() {
    let day = Day::begin();
    day.sim.add_fault(Fault::new(FaultKind::CallbackLate { secs: 60 }).only(CallEvent::Ringing));
    let call = day.call(ANN);
    assert_eq!(day.disposition(&call), "completed");
    day.is_quiet();
    day.until("it is in the history, without effect", |day| {
        let events = day.get(&format!("/api/calls/{call}/events")).json();
        events["events"].as_array().unwrap().iter().any(|event| event["applied"] == false).then_some(())
    });
    assert_eq!(day.look_at(&call)["status"], json!("completed"));
}
