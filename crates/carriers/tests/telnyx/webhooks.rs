//! Telnyx's forms, by the examples of its own documentation, and what they mean.

use crate::{ACCOUNT, CALL, RECORDING};
use trunkline_carriers::form::Form;
use trunkline_carriers::webhook::{self, BadWebhook};
use trunkline_core::call::{AnsweredBy, CarrierEnd, Direction, EndWord, HangUpBy, News, RecordingState};
use trunkline_core::id::AccountId;

fn account() -> AccountId {
    AccountId::new(format!("telnyx:{ACCOUNT}"))
}

fn form(pairs: &[(&str, &str)]) -> Form {
    let own =
        [("AccountSid", ACCOUNT), ("CallSid", CALL), ("CallSidLegacy", CALL), ("ConnectionId", "1234567890")];
    let pairs = [&own[..], pairs].concat();
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    Form::parse(body.as_bytes()).unwrap()
}

fn progress(pairs: &[(&str, &str)]) -> Form {
    let own = [
        ("CallInitiatedAt", "2024-01-15T10:30:26.028Z"),
        ("CallbackSource", "call-progress-events"),
        ("From", "+35319605860"),
        ("To", "+13129457420"),
        ("Timestamp", "2024-01-15T10:30:00Z"),
    ];
    form(&[&own[..], pairs].concat())
}

fn ended(pairs: &[(&str, &str)]) -> CarrierEnd {
    match webhook::status(&account(), &progress(pairs)).unwrap().news {
        Ok(News::Ended(end)) => *end,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_word_of_its_progress_is_news() {
    for (sequence, word, news) in [
        ("0", "initiated", News::Accepted),
        ("1", "ringing", News::Ringing),
        ("2", "in-progress", News::Answered),
    ] {
        let said = progress(&[("CallStatus", word), ("SequenceNumber", sequence)]);
        let status = webhook::status(&account(), &said).unwrap();
        assert_eq!(status.news, Ok(news), "{word}");
        assert_eq!(status.occurred_at.unwrap().to_string(), "2024-01-15T10:30:00Z");
        assert_eq!(status.sequence.map(|number| number.to_string()).as_deref(), Some(sequence));
        assert_eq!(status.about.carrier_call_id.as_str(), CALL);
    }
}

#[test]
fn an_end_keeps_its_cause_its_code_and_who_hung_up() {
    let end = ended(&[
        ("CallStatus", "completed"),
        ("SequenceNumber", "3"),
        ("AnsweredTime", "2024-01-15T10:30:15Z"),
        ("CallDuration", "45"),
        ("HangupCause", "normal_clearing"),
        ("HangupSource", "caller"),
        ("SipHangupCause", "200"),
        ("OccurredAt", "2024-01-15T10:31:00Z"),
    ]);
    assert_eq!((end.word, end.duration_secs), (EndWord::Completed, Some(45)));
    assert_eq!(end.reported.carrier_cause.as_deref(), Some("normal_clearing"));
    assert_eq!((end.reported.hangup_by, end.reported.sip), (Some(HangUpBy::Caller), Some(200)));
}

#[test]
fn every_end_word_is_one_of_ours_whatever_its_cause() {
    for (word, cause, ours) in [
        ("busy", "user_busy", EndWord::Busy),
        ("busy", "call_rejected", EndWord::Busy),
        ("no-answer", "timeout", EndWord::NoAnswer),
        ("no-answer", "no_answer", EndWord::NoAnswer),
        ("canceled", "originator_cancel", EndWord::Canceled),
        ("failed", "not_found", EndWord::Failed),
        ("failed", "unspecified", EndWord::Failed),
        ("completed", "time_limit", EndWord::Completed),
    ] {
        let end = ended(&[("CallStatus", word), ("HangupCause", cause), ("HangupSource", "unknown")]);
        assert_eq!((end.word, end.reported.carrier_cause.as_deref()), (ours, Some(cause)));
        assert_eq!((end.reported.hangup_by, end.reported.sip), (None, None));
    }
}

#[test]
fn the_moment_of_an_event_is_preferred_to_that_of_its_sending() {
    let said = progress(&[("CallStatus", "completed"), ("OccurredAt", "2024-01-15T10:31:00Z")]);
    let status = webhook::status(&account(), &said).unwrap();
    assert_eq!(status.occurred_at.unwrap().to_string(), "2024-01-15T10:31:00Z");
}

#[test]
fn a_word_nobody_knows_is_kept_and_is_no_end() {
    let status = webhook::status(&account(), &progress(&[("CallStatus", "hangup")])).unwrap();
    assert_eq!(status.news.unwrap_err().as_str(), "hangup");
}

#[test]
fn a_call_that_comes_in_is_told_from_one_of_ours() {
    for (word, direction) in [
        ("inbound", Direction::Inbound),
        ("outbound", Direction::Outbound),
        ("outgoing", Direction::Outbound),
        ("", Direction::Inbound),
    ] {
        let fetch = webhook::voice(&account(), &progress(&[("Direction", word)])).unwrap();
        assert_eq!(fetch.about.direction, direction, "{word}");
    }
}

#[test]
fn keys_and_a_recording_come_with_the_fetch_that_follows_them() {
    let said = progress(&[
        ("CallStatus", "in-progress"),
        ("Digits", "42#"),
        ("RecordingSid", RECORDING),
        ("RecordingDuration", "5"),
        ("RecordingUrl", "https://recording.example/1"),
    ]);
    let fetch = webhook::voice(&account(), &said).unwrap();
    assert_eq!(fetch.digits.unwrap().reveal(), "42#");
    let recording = fetch.recording.unwrap();
    assert_eq!((recording.id.as_str(), recording.duration_secs), (RECORDING, Some(5)));
}

/// It counts silence from the first word on, so that somebody who says nothing is recorded to the end.
#[test]
fn a_recording_of_no_length_is_silence() {
    let silent =
        [("RecordingSid", RECORDING), ("RecordingDuration", "0"), ("RecordingUrl", "https://x.example")];
    assert_eq!(webhook::voice(&account(), &progress(&silent)).unwrap().recording, None);
    let said = form(&[&silent[..], &[("RecordingStatus", "completed")]].concat());
    assert_eq!(webhook::recording(&account(), &said).unwrap().state, Ok(RecordingState::Absent));
}

#[test]
fn a_recordings_callback_is_read() {
    let said = form(&[
        ("RecordingChannels", "1"),
        ("RecordingDuration", "5"),
        ("RecordingSid", RECORDING),
        ("RecordingSource", "RecordVerb"),
        ("RecordingStatus", "completed"),
        ("RecordingUrl", "https://recording.example/your-recording-url"),
    ]);
    let callback = webhook::recording(&account(), &said).unwrap();
    assert_eq!((callback.id.as_str(), callback.state), (RECORDING, Ok(RecordingState::Ready)));
    assert_eq!(callback.duration_secs, Some(5));
}

#[test]
fn a_verdict_is_read() {
    let said = form(&[("AnsweredBy", "machine_end_beep"), ("MachineDetectionDuration", "2500")]);
    assert_eq!(webhook::machine(&account(), &said).unwrap().verdict, Ok(AnsweredBy::MachineReady));
}

#[test]
fn a_form_of_another_account_or_of_another_carrier_is_refused() {
    let other = AccountId::new("telnyx:00000000-0000-4000-8000-000000000001");
    let said = progress(&[("CallStatus", "ringing")]);
    assert_eq!(webhook::status(&other, &said).unwrap_err(), BadWebhook::OtherAccount);
    let twilio = AccountId::new("twilio:AC0123456789abcdef0123456789abcdef");
    assert_eq!(webhook::status(&twilio, &said).unwrap_err(), BadWebhook::Field("AccountSid"));
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("AccountSid", ACCOUNT)
        .append_pair("CallSid", "v3:../../phone_numbers")
        .append_pair("CallStatus", "ringing")
        .finish();
    let led_astray = Form::parse(body.as_bytes()).unwrap();
    assert_eq!(webhook::status(&account(), &led_astray).unwrap_err(), BadWebhook::Field("CallSid"));
}

#[test]
fn a_word_said_twice_is_one_event_and_two_words_are_two() {
    let key = |word, sequence| {
        let said = progress(&[("CallStatus", word), ("SequenceNumber", sequence)]);
        webhook::status(&account(), &said).unwrap().key
    };
    assert_eq!(key("ringing", "1"), key("ringing", "1"));
    assert_ne!(key("ringing", "1"), key("in-progress", "2"));
    assert!(key("ringing", "1").as_str().starts_with(&format!("telnyx:{ACCOUNT}/")));
}
