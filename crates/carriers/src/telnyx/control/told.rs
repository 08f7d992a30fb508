//! Events as Telnyx's documentation shows them.

use super::*;
use jiff::Timestamp;
use serde_json::{Value, json};
use trunkline_core::call::{AnsweredBy, Attestation, Direction, EndWord, HangUpBy};
use trunkline_core::private::Private;

const LEG: &str = "v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE4pqg";

#[expect(clippy::needless_pass_by_value, reason = "what an event says is written where it is told")]
fn event(kind: &str, more: Value) -> Vec<u8> {
    let mut payload = json!({
        "call_control_id": LEG,
        "call_leg_id": "428c31b6-7af4-4bcb-b7f5-5013ef9657c1",
        "call_session_id": "428c31b6-abf3-3bc1-b7f4-5013ef9657c1",
        "connection_id": "1684641123236054244",
        "client_state": Mark::of_leg("token").to_client_state(),
        "from": "+35319605860",
        "to": "+13129457420",
    });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let event = json!({
        "data": {
            "event_type": kind, "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", "record_type": "event",
            "occurred_at": "2018-02-02T22:25:27.521992Z", "payload": payload,
        },
        "meta": { "attempt": 1, "delivered_to": "https://us.example/call-control" },
    });
    serde_json::to_vec(&event).unwrap()
}

fn what(kind: &str, more: Value) -> Happened {
    read(&event(kind, more)).unwrap().what
}

#[test]
fn an_event_names_its_leg_its_command_and_its_time() {
    let told = read(&event("call.answered", json!({ "state": "answered" }))).unwrap();
    assert_eq!(told.leg.unwrap().as_str(), LEG);
    assert_eq!(told.mark, Some(Mark::of_leg("token")));
    assert_eq!(told.occurred_at, Some("2018-02-02T22:25:27.521992Z".parse::<Timestamp>().unwrap()));
    assert_eq!((told.from.as_str(), told.to.as_str()), ("+35319605860", "+13129457420"));
    assert_eq!(told.connection.as_deref(), Some("1684641123236054244"));
    assert_eq!(told.what, Happened::Answered);
}

#[test]
fn every_end_is_told_in_our_words_with_theirs_beside_them() {
    for (cause, word) in [
        ("normal_clearing", EndWord::Completed),
        ("time_limit", EndWord::Completed),
        ("user_busy", EndWord::Busy),
        ("call_rejected", EndWord::Busy),
        ("timeout", EndWord::NoAnswer),
        ("no_answer", EndWord::NoAnswer),
        ("originator_cancel", EndWord::Canceled),
        ("not_found", EndWord::Failed),
        ("unspecified", EndWord::Failed),
        ("something_new", EndWord::Failed),
    ] {
        let more = json!({ "hangup_cause": cause, "hangup_source": "callee", "sip_hangup_cause": "486" });
        let Happened::HungUp(end) = what("call.hangup", more) else { panic!("{cause}") };
        assert_eq!((end.word, end.reported.carrier_cause.as_deref()), (word, Some(cause)));
        assert_eq!((end.reported.sip, end.reported.hangup_by), (Some(486), Some(HangUpBy::Callee)));
    }
    let more = json!({ "hangup_cause": "normal_clearing", "sip_hangup_cause": "unspecified" });
    let Happened::HungUp(end) = what("call.hangup", more) else { panic!() };
    assert_eq!(end.reported.sip, None);
}

#[test]
fn what_a_command_brought_is_read() {
    assert_eq!(what("call.speak.ended", json!({ "status": "completed" })), Happened::SpeakEnded);
    for (status, heard) in
        [("completed", true), ("cancelled", true), ("file_not_found", false), ("failed", false)]
    {
        assert_eq!(
            what("call.playback.ended", json!({ "status": status })),
            Happened::PlaybackEnded { heard }
        );
    }
    let digits = Some(Private::new("12*".to_owned()));
    assert_eq!(
        what("call.gather.ended", json!({ "digits": "12*", "status": "valid" })),
        Happened::GatherEnded { digits }
    );
    for nothing in ["", "hello"] {
        let none = Happened::GatherEnded { digits: None };
        assert_eq!(what("call.gather.ended", json!({ "digits": nothing, "status": "timeout" })), none);
    }
    let stopped = json!({ "digits": "12", "status": "cancelled" });
    let none = Happened::GatherEnded { digits: None };
    assert_eq!(what("call.gather.ended", stopped), none, "more might have come");
    assert_eq!(what("call.dtmf.received", json!({ "digit": "#" })), Happened::Key('#'));
    // As the published example has it, and as an engine tells it that tells no parts.
    let data =
        json!({ "confidence": 0.977219, "is_final": true, "transcript": "hello this is a test speech" });
    let whole = json!({ "transcript": "hello this is a test speech" });
    for data in [data, whole] {
        let words = Private::new("hello this is a test speech".to_owned());
        assert_eq!(
            what("call.transcription", json!({ "transcription_data": data })),
            Happened::Said { words, is_final: true }
        );
    }
    let part = json!({ "confidence": null, "is_final": false, "transcript": " he " });
    let words = Private::new("he".to_owned());
    assert_eq!(
        what("call.transcription", json!({ "transcription_data": part })),
        Happened::Said { words, is_final: false }
    );
    for nothing in [
        json!({}),
        json!({ "transcription_data": { "is_final": true, "transcript": " " } }),
        json!({ "transcription_data": { "transcript": "hi", "transcription_track": "outbound" } }),
    ] {
        assert!(matches!(what("call.transcription", nothing), Happened::Other(_)));
    }
    let saved = json!({
        "recording_id": "f5586561-8ff0-4291-a51b-c7dfe4139ff9",
        "recording_started_at": "2018-02-02T22:20:27.521992Z",
        "recording_ended_at": "2018-02-02T22:20:31.021992Z",
    });
    let Happened::RecordingSaved(Saved { recording: Some(saved), .. }) = what("call.recording.saved", saved)
    else {
        panic!()
    };
    assert_eq!(saved.duration_secs, Some(4));
    assert_eq!(
        what("call.recording.saved", json!({})),
        Happened::RecordingSaved(Saved::default()),
        "the account has to be asked"
    );
    assert_eq!(what("streaming.failed", json!({})), Happened::StreamEnded);
    let more = json!({ "recording_id": "f5586561-8ff0-4291-a51b-c7dfe4139ff9", "transcription_text": "Ann" });
    let recording = Some(trunkline_core::id::RecordingId::new("f5586561-8ff0-4291-a51b-c7dfe4139ff9"));
    let text = Private::new("Ann".to_owned());
    assert_eq!(what("call.recording.transcription.saved", more), Happened::Transcribed { recording, text });
}

#[test]
fn verdicts_and_what_the_network_vouches_for_are_those_of_any_carrier() {
    for (kind, result, ours) in [
        ("call.machine.detection.ended", "human", AnsweredBy::Human),
        ("call.machine.detection.ended", "machine", AnsweredBy::Machine),
        ("call.machine.detection.ended", "not_sure", AnsweredBy::Unknown),
        ("call.machine.greeting.ended", "beep_detected", AnsweredBy::MachineReady),
        ("call.machine.greeting.ended", "ended", AnsweredBy::MachineReady),
        ("call.machine.greeting.ended", "not_sure", AnsweredBy::MachineReady),
        ("call.machine.premium.detection.ended", "human_residence", AnsweredBy::Human),
        ("call.machine.premium.detection.ended", "fax_detected", AnsweredBy::Fax),
    ] {
        assert_eq!(what(kind, json!({ "result": result })), Happened::Verdict(ours), "{kind} {result}");
    }
    let more =
        json!({ "direction": "incoming", "shaken_stir_attestation": "A", "shaken_stir_validated": true });
    let attestation = Some(Attestation::Full);
    assert_eq!(
        what("call.initiated", more),
        Happened::Initiated { direction: Direction::Inbound, attestation }
    );
}

#[test]
fn what_is_no_event_is_none_and_what_is_unknown_is_kept_as_a_word() {
    for body in ["", "{}", "[]", r#"{"data":{}}"#, "CallSid=CA1"] {
        assert!(read(body.as_bytes()).is_none(), "{body}");
    }
    assert!(matches!(what("call.cost", json!({})), Happened::Other(_)));
    let none = read(&event("call.answered", json!({ "call_control_id": "v3:../../x", "client_state": "?" })))
        .unwrap();
    assert_eq!((none.leg, none.mark), (None, None));
}
