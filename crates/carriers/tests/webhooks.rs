//! Twilio's forms as it posts them, and what they mean.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use jiff::Timestamp;
use trunkline_carriers::callback::{CallbackState, Place, SecretKeys};
use trunkline_carriers::form::Form;
use trunkline_carriers::webhook::{self, BadWebhook, VoiceFetch};
use trunkline_core::call::{AnsweredBy, Direction, EndWord, News, RecordingState};
use trunkline_core::id::{AccountId, CallId, Fence, LegNo};
use trunkline_core::script::{Cursor, Next};

const ACCOUNT_SID: &str = "AC0123456789abcdef0123456789abcdef";
const CALL_SID: &str = "CA0123456789abcdef0123456789abcdef";
const RECORDING_SID: &str = "RE0123456789abcdef0123456789abcdef";

fn account() -> AccountId {
    AccountId::new(format!("twilio:{ACCOUNT_SID}"))
}

/// The fields that every voice webhook has, and these.
fn form(more: &[(&str, &str)]) -> Form {
    let common = [
        ("CallSid", CALL_SID),
        ("AccountSid", ACCOUNT_SID),
        ("From", "+15550199"),
        ("To", "+15550100"),
        ("Caller", "+15550199"),
        ("Called", "+15550100"),
        ("CalledCity", ""),
        ("CalledCountry", "US"),
        ("ApiVersion", "2010-04-01"),
        ("Direction", "outbound-api"),
        ("SomethingNew", "?"),
    ];
    only(&[&common[..], more].concat())
}

fn only(pairs: &[(&str, &str)]) -> Form {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Form::parse(body.as_bytes()).unwrap()
}

fn status(more: &[(&str, &str)]) -> webhook::StatusCallback {
    webhook::status(&account(), &form(more)).unwrap()
}

#[test]
fn every_status_word_is_news() {
    for (word, news) in [
        ("queued", News::Accepted),
        ("initiated", News::Accepted),
        ("ringing", News::Ringing),
        ("in-progress", News::Answered),
    ] {
        assert_eq!(status(&[("CallStatus", word)]).news, Ok(news), "{word}");
    }
    for (word, end) in [
        ("completed", EndWord::Completed),
        ("busy", EndWord::Busy),
        ("no-answer", EndWord::NoAnswer),
        ("failed", EndWord::Failed),
        ("canceled", EndWord::Canceled),
    ] {
        let Ok(News::Ended(ended)) = status(&[("CallStatus", word)]).news else { panic!("{word} is no end") };
        assert_eq!((ended.word, ended.reported.carrier_status.as_deref()), (end, Some(word)));
    }
}

#[test]
fn a_word_nobody_knows_is_kept_and_is_no_end() {
    for word in ["transferred", "COMPLETED", "no_answer", "", " busy"] {
        let form = form(&[("CallStatus", word)]);
        match webhook::status(&account(), &form) {
            Ok(status) => assert_eq!(status.news.unwrap_err().as_str(), word),
            Err(bad) => assert_eq!((word, bad), ("", BadWebhook::Missing("CallStatus"))),
        }
    }
}

#[test]
fn an_end_keeps_everything_that_was_said_of_it() {
    let status = status(&[
        ("CallStatus", "completed"),
        ("CallbackSource", "call-progress-events"),
        ("SequenceNumber", "3"),
        ("Timestamp", "Tue, 31 Aug 2010 20:36:28 +0000"),
        ("CallDuration", "13"),
        ("Duration", "1"),
        ("SipResponseCode", "200"),
        ("AnsweredBy", "machine_end_beep"),
        ("ErrorCode", "31005"),
        ("ErrorMessage", "call to +15550100 broke"),
    ]);
    let Ok(News::Ended(end)) = &status.news else { panic!("no end") };
    assert_eq!(end.duration_secs, Some(13), "seconds, not the minutes beside them");
    assert_eq!(end.reported.sip, Some(200));
    assert_eq!(end.reported.error_code.as_deref(), Some("31005"));
    assert_eq!(end.reported.error_message.as_deref(), Some("call to +••• broke"));
    assert_eq!(status.occurred_at, Some("2010-08-31T20:36:28Z".parse::<Timestamp>().unwrap()));
    assert_eq!((status.sequence, status.answered_by), (Some(3), Some(AnsweredBy::MachineReady)));
    assert_eq!(status.about.direction, Direction::Outbound);
    assert_eq!(status.about.to.as_str(), "+15550100");
}

#[test]
fn nonsense_in_a_field_that_does_not_matter_is_no_error() {
    let status = status(&[
        ("CallStatus", "busy"),
        ("SequenceNumber", "soon"),
        ("Timestamp", "31/08/2010"),
        ("CallDuration", "-4"),
        ("SipResponseCode", "99999999"),
        ("AnsweredBy", "cat"),
    ]);
    let Ok(News::Ended(end)) = &status.news else { panic!("no end") };
    assert_eq!((end.duration_secs, end.reported.sip), (None, None));
    assert_eq!((status.occurred_at, status.sequence, status.answered_by), (None, None, None));
}

#[test]
fn two_reports_of_one_event_have_one_key_and_two_events_have_two() {
    let key = |word, sequence| status(&[("CallStatus", word), ("SequenceNumber", sequence)]).key;
    assert_eq!(key("busy", "2"), key("busy", "2"));
    assert_ne!(key("busy", "2"), key("busy", "3"));
    assert_ne!(key("busy", "2"), key("failed", "2"));
    assert!(key("busy", "2").as_str().starts_with(account().as_str()), "{}", key("busy", "2"));
}

#[test]
fn a_form_of_another_account_or_without_its_ids_is_refused() {
    let other = AccountId::new("twilio:AC00000000000000000000000000000000");
    assert_eq!(webhook::voice(&other, &form(&[])), Err(BadWebhook::OtherAccount));
    for missing in ["CallSid", "AccountSid"] {
        let cut: Vec<(String, String)> = form(&[])
            .pairs()
            .filter(|(name, _)| *name != missing)
            .map(|(n, v)| (n.into(), v.into()))
            .collect();
        let cut: Vec<(&str, &str)> =
            cut.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(webhook::voice(&account(), &only(&cut)), Err(BadWebhook::Missing(missing)));
    }
    for sid in
        ["CA1", "RE0123456789abcdef0123456789abcdef", "CA0123456789abcdef0123456789abcde/", "../../etc"]
    {
        let bent = only(&[("AccountSid", ACCOUNT_SID), ("CallSid", sid)]);
        assert_eq!(webhook::voice(&account(), &bent), Err(BadWebhook::Field("CallSid")), "{sid}");
    }
}

#[test]
fn a_form_cut_anywhere_is_refused_or_still_true() {
    let body = format!(
        "AccountSid={ACCOUNT_SID}&From=%2B15550199&To=%2B15550100&Direction=outbound-api&CallStatus=busy&CallSid={CALL_SID}"
    );
    for end in 0..body.len() {
        let cut = Form::parse(&body.as_bytes()[..end]);
        assert!(cut.is_err() || webhook::status(&account(), &cut.unwrap()).is_err(), "{end}");
    }
    assert!(webhook::status(&account(), &Form::parse(body.as_bytes()).unwrap()).is_ok());
}

fn voice(more: &[(&str, &str)]) -> VoiceFetch {
    webhook::voice(&account(), &form(more)).unwrap()
}

#[test]
fn a_recorded_answer_comes_with_its_recording_and_its_key() {
    let fetch = voice(&[
        ("CallStatus", "in-progress"),
        ("RecordingUrl", "https://api.twilio.com/2010-04-01/Accounts/AC/Recordings/RE"),
        ("RecordingSid", RECORDING_SID),
        ("RecordingDuration", "4"),
        ("Digits", "#"),
    ]);
    let recording = fetch.recording.unwrap();
    assert_eq!((recording.id.as_str(), recording.duration_secs), (RECORDING_SID, Some(4)));
    assert_eq!(fetch.digits.unwrap().reveal(), "#");
    assert_eq!(fetch.news, Some(Ok(News::Answered)));
}

#[test]
fn hanging_up_is_no_key() {
    assert_eq!(voice(&[("Digits", "hangup")]).digits, None);
    assert_eq!(voice(&[("Digits", "12*")]).digits.unwrap().reveal(), "12*");
}

#[test]
fn speech_and_the_end_of_a_transfer_are_heard() {
    assert_eq!(
        voice(&[("SpeechResult", "Yes, ש."), ("Confidence", "0.9")]).speech.unwrap().reveal(),
        "Yes, ש."
    );
    let dial =
        voice(&[("DialCallStatus", "no-answer"), ("DialCallSid", CALL_SID), ("DialCallDuration", "7")]).dial;
    let dial = dial.unwrap();
    assert_eq!(dial.duration_secs, Some(7));
    assert!(matches!(dial.news, Ok(News::Ended(end)) if end.word == EndWord::NoAnswer));
}

#[test]
fn an_inbound_caller_without_a_number_is_still_a_caller() {
    let inbound = webhook::voice(
        &account(),
        &only(&[
            ("AccountSid", ACCOUNT_SID),
            ("CallSid", CALL_SID),
            ("Direction", "inbound"),
            ("From", "anonymous"),
        ]),
    );
    let about = inbound.unwrap().about;
    assert_eq!(
        (about.direction, about.from.as_str(), about.to.as_str()),
        (Direction::Inbound, "anonymous", "")
    );
}

#[test]
fn the_fallback_knows_why_it_is_asked() {
    let fetch = voice(&[("ErrorCode", "11200"), ("ErrorUrl", "https://x.example/voice")]);
    assert_eq!(fetch.failed_with.as_deref(), Some("11200"));
}

fn at(place: Place) -> CallbackState {
    CallbackState {
        account: account(),
        call: CallId::from_bytes([9; 16]),
        leg: LegNo::FIRST,
        fence: Fence::FIRST,
        script: None,
        place,
    }
}

#[test]
fn a_page_fetched_again_has_the_same_key_and_any_other_page_another() {
    let secrets = SecretKeys::from_bytes(&[1; 32]);
    let digits = |digits| voice(&[("Digits", digits)]);
    let first = Cursor::START;
    let asked_again = Cursor { ask: 1, ..first };
    let keys = [
        digits("1").key(Some(&at(Place::Hear(first))), None, &secrets),
        digits("2").key(Some(&at(Place::Hear(first))), None, &secrets),
        digits("1").key(Some(&at(Place::Hear(asked_again))), None, &secrets),
        digits("1").key(Some(&at(Place::Hear(Cursor { repeat: 1, ..first }))), None, &secrets),
        voice(&[("SpeechResult", "1")]).key(Some(&at(Place::Hear(first))), None, &secrets),
        voice(&[]).key(Some(&at(Place::Hear(first))), None, &secrets),
        voice(&[]).key(Some(&at(Place::Open(Next::Ask(first)))), None, &secrets),
        voice(&[]).key(Some(&at(Place::Open(Next::GoodBye))), None, &secrets),
        voice(&[]).key(None, Some(0), &secrets),
        voice(&[]).key(None, Some(1), &secrets),
        voice(&[("ErrorCode", "11200")]).key(None, Some(1), &secrets),
        voice(&[("RecordingSid", RECORDING_SID)]).key(Some(&at(Place::Hear(first))), None, &secrets),
    ];
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len(), "{keys:#?}");
    assert_eq!(digits("1").key(Some(&at(Place::Hear(first))), None, &secrets), keys[0]);
}

#[test]
fn what_was_keyed_cannot_be_read_or_counted_out_of_the_key() {
    let fetch = voice(&[("Digits", "4711")]);
    let place = at(Place::Hear(Cursor::START));
    let key = fetch.key(Some(&place), None, &SecretKeys::from_bytes(&[1; 32]));
    assert!(!key.as_str().contains("4711"));
    assert_ne!(key, fetch.key(Some(&place), None, &SecretKeys::from_bytes(&[2; 32])));
}

fn recording(more: &[(&str, &str)]) -> webhook::RecordingCallback {
    let ids = [("AccountSid", ACCOUNT_SID), ("CallSid", CALL_SID), ("RecordingSid", RECORDING_SID)];
    webhook::recording(&account(), &only(&[&ids[..], more].concat())).unwrap()
}

#[test]
fn a_recording_belongs_to_the_question_whose_url_is_called() {
    let callback = recording(&[
        ("RecordingStatus", "completed"),
        ("RecordingUrl", "https://api.twilio.com/x"),
        ("RecordingDuration", "4"),
        ("RecordingChannels", "1"),
        ("RecordingSource", "RecordVerb"),
    ]);
    let news = callback.news(Some(Place::Hear(Cursor { step: 2, ask: 1, repeat: 0 }))).unwrap();
    assert_eq!((news.step, news.ask, news.state), (Some(2), 1, RecordingState::Ready));
    assert_eq!(callback.news(None).unwrap().step, None);
}

#[test]
fn every_word_for_a_recording_is_known() {
    for (word, state) in [
        ("in-progress", RecordingState::Named),
        ("paused", RecordingState::Named),
        ("stopped", RecordingState::Named),
        ("processing", RecordingState::Named),
        ("completed", RecordingState::Ready),
        ("absent", RecordingState::Absent),
        ("deleted", RecordingState::Absent),
    ] {
        assert_eq!(recording(&[("RecordingStatus", word)]).state, Ok(state), "{word}");
    }
    let failed = recording(&[("RecordingStatus", "failed"), ("ErrorCode", "16103")]).state.unwrap();
    assert!(matches!(failed, RecordingState::Failed { why } if why.contains("16103")));
    let odd = recording(&[("RecordingStatus", "melted")]);
    assert_eq!(odd.state.as_ref().unwrap_err().as_str(), "melted");
    assert_eq!(odd.news(None), None);
}

#[test]
fn a_verdict_comes_in_both_carriers_words() {
    for (word, verdict) in [
        ("human", AnsweredBy::Human),
        ("machine_start", AnsweredBy::Machine),
        ("machine_end_beep", AnsweredBy::MachineReady),
        ("machine_end_silence", AnsweredBy::MachineReady),
        ("machine_end_other", AnsweredBy::MachineReady),
        ("fax", AnsweredBy::Fax),
        ("unknown", AnsweredBy::Unknown),
    ] {
        let callback = webhook::machine(&account(), &form(&[("AnsweredBy", word)])).unwrap();
        assert_eq!(callback.verdict, Ok(verdict), "{word}");
    }
    assert_eq!(webhook::machine(&account(), &form(&[])), Err(BadWebhook::Missing("AnsweredBy")));
}

#[test]
fn a_transcription_that_failed_has_no_text() {
    let told = |status, text| {
        let more =
            [("TranscriptionStatus", status), ("TranscriptionText", text), ("RecordingSid", RECORDING_SID)];
        webhook::transcription(&account(), &form(&more)).unwrap()
    };
    assert_eq!(told("completed", "good day").text.unwrap().reveal(), "good day");
    let failed = told("failed", "(blank)");
    assert_eq!(failed.text, None);
    assert_eq!(failed.recording.unwrap().as_str(), RECORDING_SID);
}

#[test]
fn nothing_personal_is_printed() {
    let fetch = voice(&[("Digits", "4711"), ("SpeechResult", "my name is Ann")]);
    let shown = format!("{fetch:?} {:?}", form(&[]));
    for secret in ["4711", "Ann", "+15550100", "5550199"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
