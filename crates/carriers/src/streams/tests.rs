//! Frames byte for byte.

use super::*;

fn twilio(text: &str) -> Told {
    read(Dialect::Twilio, text).unwrap()
}

fn telnyx(text: &str) -> Told {
    read(Dialect::Telnyx, text).unwrap()
}

fn says(says: CarrierSays) -> Told {
    Told::Says { no: None, says }
}

#[test]
fn twilios_frames_are_read_as_they_come() {
    assert_eq!(twilio(r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#), Told::Connected);
    let start = r#"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"token":"abc"}},"streamSid":"MZ1"}"#;
    let started = Started {
        stream: "MZ1".to_owned(),
        call: "CA1".to_owned(),
        parameters: [("token".to_owned(), "abc".to_owned())].into(),
        is_mulaw: true,
    };
    assert_eq!(twilio(start), Told::Started(Box::new(started)));
    let media = r#"{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1","timestamp":"5","payload":"no+JhoaJjpz="},"streamSid":"MZ1"}"#;
    assert_eq!(twilio(media), says(CarrierSays::Audio("no+JhoaJjpz=".to_owned())));
    let dtmf = r#"{"event":"dtmf","streamSid":"MZ1","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}"#;
    assert_eq!(twilio(dtmf), says(CarrierSays::Digit('1')));
    let mark = r#"{"event":"mark","sequenceNumber":"4","streamSid":"MZ1","mark":{"name":"g0-m1"}}"#;
    assert_eq!(twilio(mark), says(CarrierSays::Mark("g0-m1".to_owned())));
    let stop = r#"{"event":"stop","sequenceNumber":"5","stop":{"accountSid":"AC1","callSid":"CA1"},"streamSid":"MZ1"}"#;
    assert_eq!(twilio(stop), says(CarrierSays::Stopped));
}

/// `listens for event "close"`: Twilio says `stop`, and nothing else ends a stream.
#[test]
fn twilio_sends_stop_and_not_close() {
    assert_eq!(twilio(r#"{"event":"close","streamSid":"MZ1"}"#), Told::Nothing);
}

#[test]
fn telnyxs_frames_are_read_in_its_own_spelling_and_with_their_numbers() {
    let start = r#"{"event":"start","sequence_number":"1","stream_id":"32de","start":{"user_id":"3e6f","call_control_id":"v2:T02","client_state":"aGV5","custom_parameters":{"token":"abc"},"media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}"#;
    match telnyx(start) {
        Told::Started(started) => {
            assert_eq!((&*started.stream, &*started.call, started.is_mulaw), ("32de", "v2:T02", true));
            assert_eq!(started.parameters["token"], "abc");
        }
        other => panic!("{other:?}"),
    }
    for chunk in ["\"7\"", "7"] {
        let media = format!(
            r#"{{"event":"media","sequence_number":"9","media":{{"track":"inbound","chunk":{chunk},"timestamp":"5","payload":"AAAA"}},"stream_id":"32de"}}"#
        );
        let audio = CarrierSays::Audio("AAAA".to_owned());
        assert_eq!(telnyx(&media), Told::Says { no: Some(7), says: audio });
    }
    let error = r#"{"event":"error","stream_id":"32de","payload":{"code":100002,"title":"unknown_error","detail":"A secret"}}"#;
    assert_eq!(telnyx(error), Told::Complains("100002".to_owned()));
}

#[test]
fn what_we_say_ourselves_is_not_heard_as_the_callers_words() {
    let media =
        r#"{"event":"media","media":{"track":"outbound","chunk":"1","payload":"AAAA"},"streamSid":"MZ1"}"#;
    assert_eq!(twilio(media), Told::Nothing);
}

#[test]
fn other_sound_than_mulaw_at_8_khz_is_known_as_such() {
    for (encoding, rate) in [("audio/l16", 8_000), ("PCMA", 8_000), ("PCMU", 16_000)] {
        let start = format!(
            r#"{{"event":"start","start":{{"callSid":"CA1","mediaFormat":{{"encoding":"{encoding}","sampleRate":{rate}}}}},"streamSid":"MZ1"}}"#
        );
        assert!(matches!(twilio(&start), Told::Started(started) if !started.is_mulaw), "{encoding} {rate}");
    }
}

#[test]
fn frames_to_twilio_bear_its_stream_and_every_mark_its_name() {
    let writer = Writer::new(Dialect::Twilio, "MZ1");
    let play = CarrierDoes::Play("AAAA".to_owned());
    assert_eq!(writer.frame(&play), r#"{"event":"media","streamSid":"MZ1","media":{"payload":"AAAA"}}"#);
    let mark = CarrierDoes::Mark("g3-m17".to_owned());
    assert_eq!(writer.frame(&mark), r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"g3-m17"}}"#);
    assert_eq!(writer.frame(&CarrierDoes::Clear), r#"{"event":"clear","streamSid":"MZ1"}"#);
}

#[test]
fn frames_to_telnyx_bear_no_id() {
    let writer = Writer::new(Dialect::Telnyx, "32de");
    let play = CarrierDoes::Play("AAAA".to_owned());
    assert_eq!(writer.frame(&play), r#"{"event":"media","media":{"payload":"AAAA"}}"#);
    assert_eq!(writer.frame(&CarrierDoes::Clear), r#"{"event":"clear"}"#);
}

#[test]
fn a_frame_that_is_none_is_refused() {
    for text in ["", "{}", "[]", r#"{"event":"media"}"#, r#"{"event":"start","start":{}}"#, "\u{0}"] {
        assert_eq!(read(Dialect::Twilio, text), Err(BadFrame::Malformed), "{text:?}");
    }
}
