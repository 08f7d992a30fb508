//! What Telnyx tells of a leg: one event a request, in any order, more than once, and never that it rings.

use super::mark::Mark;
use crate::telnyx::words::{self, answered_by, time};
use crate::telnyx::{is_call_id, is_uuid};
use crate::words::UnknownWord;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use trunkline_core::call::{
    AnsweredBy, Attestation, CarrierEnd, Direction, EndWord, HangUpBy, RecordingFact, Reported,
};
use trunkline_core::id::{CarrierCallId, RecordingId};
use trunkline_core::private::{Address, Private};

/// That keys were taken, or none.
pub(super) const GATHERED: &str = "call.gather.ended";

/// What an event says, and of which leg.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The event's own name.
    pub id: String,
    /// When it happened, by Telnyx.
    pub occurred_at: Option<Timestamp>,
    /// The leg; events of recordings may name none, and are known by their mark.
    pub leg: Option<CarrierCallId>,
    /// The application it is of.
    pub connection: Option<String>,
    /// What went along with the command it comes of.
    pub mark: Option<Mark>,
    /// Who calls.
    pub from: Address,
    /// Who is called.
    pub to: Address,
    /// What happened.
    pub what: Happened,
}

/// What happened on a leg.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// It exists.
    Initiated {
        /// Which way it goes.
        direction: Direction,
        /// What the network vouches for.
        attestation: Option<Attestation>,
    },
    /// Somebody picked up.
    Answered,
    /// It is over.
    HungUp(Box<CarrierEnd>),
    /// It is connected with another.
    Bridged,
    /// A text was spoken to its end.
    SpeakEnded,
    /// A file was played to its end, or could not be.
    PlaybackEnded {
        /// Whether it was heard.
        heard: bool,
    },
    /// Keys were taken, or none.
    GatherEnded {
        /// The keys; `None` where nobody pressed any.
        digits: Option<Private<String>>,
    },
    /// A key was pressed.
    Key(char),
    /// Somebody speaks, while that is listened to.
    Said {
        /// The words so far.
        words: Private<String>,
        /// Whether that is all. What comes in parts may still become something else.
        is_final: bool,
    },
    /// A recording can be fetched.
    RecordingSaved(Saved),
    /// A recording came to nothing.
    RecordingFailed,
    /// What was said in a recording.
    Transcribed {
        /// Of which one.
        recording: Option<RecordingId>,
        /// The text.
        text: Private<String>,
    },
    /// Who took the call.
    Verdict(AnsweredBy),
    /// The media stream is over.
    StreamEnded,
    /// Nothing that we have to do with.
    Other(UnknownWord),
}

/// A recording that can be fetched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saved {
    /// It; of one without a name the account has to be asked.
    pub recording: Option<RecordingFact>,
    /// When it began, by Telnyx.
    pub started_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Written {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    event_type: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    occurred_at: Option<String>,
    #[serde(default)]
    payload: Value,
}

/// Reads an event whose signature was checked; `None` if it is none.
pub fn read(body: &[u8]) -> Option<Told> {
    let Written { data: Data { event_type, id, occurred_at, payload } } =
        serde_json::from_slice(body).ok()?;
    let text = |name: &str| payload.get(name).and_then(Value::as_str).filter(|text| text.len() <= 4_096);
    let address = |name: &str| Address::new(text(name).filter(|text| text.len() <= 320).unwrap_or_default());
    let what = happened(&event_type, &payload);
    Some(Told {
        id,
        occurred_at: occurred_at.as_deref().and_then(time),
        leg: text("call_control_id").filter(|id| is_call_id(id)).map(CarrierCallId::new),
        connection: text("connection_id").map(str::to_owned),
        mark: text("client_state").and_then(Mark::of_client_state),
        from: address("from"),
        to: address("to"),
        what,
    })
}

fn happened(event: &str, payload: &Value) -> Happened {
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    match event {
        "call.initiated" => Happened::Initiated {
            direction: words::direction(text("direction").unwrap_or_default()),
            attestation: attestation(payload),
        },
        "call.answered" => Happened::Answered,
        "call.hangup" => Happened::HungUp(Box::new(end(payload))),
        "call.bridged" => Happened::Bridged,
        "call.speak.ended" => Happened::SpeakEnded,
        "call.playback.ended" => {
            let failed = ["file_not_found", "failed", "unknown"];
            Happened::PlaybackEnded { heard: !text("status").is_some_and(|word| failed.contains(&word)) }
        }
        GATHERED => Happened::GatherEnded { digits: keys(payload) },
        "call.dtmf.received" => match text("digit").and_then(|digit| digit.chars().next()) {
            Some(key) if is_key(key) => Happened::Key(key),
            _ => Happened::Other(UnknownWord::new(event)),
        },
        "call.transcription" => said(payload).unwrap_or_else(|| Happened::Other(UnknownWord::new(event))),
        "call.recording.saved" => {
            let started_at = text("recording_started_at").and_then(time);
            Happened::RecordingSaved(Saved { recording: recording(payload), started_at })
        }
        "call.recording.transcription.saved" => match text("transcription_text") {
            Some(said) if !said.trim().is_empty() => Happened::Transcribed {
                recording: text("recording_id").filter(|id| is_uuid(id)).map(RecordingId::new),
                text: Private::new(said.to_owned()),
            },
            Some(_) | None => Happened::Other(UnknownWord::new(event)),
        },
        "call.recording.error" => Happened::RecordingFailed,
        "call.machine.detection.ended"
        | "call.machine.greeting.ended"
        | "call.machine.premium.detection.ended"
        | "call.machine.premium.greeting.ended" => match text("result").map(answered_by) {
            // That it does not know how the greeting ended says nothing of who answered.
            Some(Ok(AnsweredBy::Unknown)) if event.ends_with("greeting.ended") => {
                Happened::Verdict(AnsweredBy::MachineReady)
            }
            Some(Ok(verdict)) => Happened::Verdict(verdict),
            Some(Err(_)) | None => Happened::Other(UnknownWord::new(event)),
        },
        "streaming.stopped" | "streaming.failed" => Happened::StreamEnded,
        other => Happened::Other(UnknownWord::new(other)),
    }
}

/// What was said on the leg itself; `None` if it is nothing, or was said on the other one.
fn said(payload: &Value) -> Option<Happened> {
    let data = payload.get("transcription_data")?;
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    let words = text("transcript").map(str::trim).filter(|words| !words.is_empty())?;
    if text("transcription_track") == Some("outbound") {
        return None;
    }
    // Only of what is told in parts does it say so.
    let is_final = data.get("is_final").and_then(Value::as_bool).unwrap_or(true);
    Some(Happened::Said { words: Private::new(words.to_owned()), is_final })
}

/// The keys that were taken, if any were. Those that had been pressed when we stopped asking are no answer: more might have come.
pub(super) fn keys(payload: &Value) -> Option<Private<String>> {
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let is_stopped = text("status").is_some_and(|word| word.starts_with("cancelled"));
    let is_keys = |keys: &&str| !keys.is_empty() && keys.len() <= 128 && keys.chars().all(is_key);
    let keys = text("digits").filter(|_| !is_stopped).filter(is_keys);
    keys.map(|keys| Private::new(keys.to_owned()))
}

fn is_key(char: char) -> bool {
    char.is_ascii_digit() || "*#ABCDabcd".contains(char)
}

fn attestation(payload: &Value) -> Option<Attestation> {
    let level =
        payload.get("shaken_stir_attestation").and_then(Value::as_str).filter(|level| !level.is_empty());
    match (payload.get("shaken_stir_validated").and_then(Value::as_bool)?, level) {
        (true, Some(level)) => Attestation::of_level(level),
        (true, None) => Some(Attestation::Gateway),
        (false, Some(_)) => Some(Attestation::Failed),
        (false, None) => Some(Attestation::Unsigned),
    }
}

/// The end, in the words that every carrier's end is told in, with Telnyx's own beside them.
pub(super) fn end(payload: &Value) -> CarrierEnd {
    let kept = |name: &str| {
        let word = payload.get(name).and_then(Value::as_str);
        word.map(|word| UnknownWord::new(word).as_str().to_owned())
    };
    let cause = kept("hangup_cause");
    let word = match cause.as_deref() {
        Some("normal_clearing" | "time_limit") => EndWord::Completed,
        Some("user_busy" | "call_rejected") => EndWord::Busy,
        Some("timeout" | "no_answer") => EndWord::NoAnswer,
        Some("originator_cancel") => EndWord::Canceled,
        _ => EndWord::Failed,
    };
    let sip = kept("sip_hangup_cause").and_then(|code| code.parse().ok());
    CarrierEnd {
        word,
        duration_secs: None,
        reported: Reported {
            carrier_status: Some("hangup".to_owned()),
            carrier_cause: cause,
            sip: sip.filter(|code| (300..700).contains(code)),
            hangup_by: match payload.get("hangup_source").and_then(Value::as_str) {
                Some("caller") => Some(HangUpBy::Caller),
                Some("callee") => Some(HangUpBy::Callee),
                _ => None,
            },
            ..Reported::default()
        },
    }
}

fn recording(payload: &Value) -> Option<RecordingFact> {
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let id = text("recording_id").filter(|id| is_uuid(id))?;
    Some(RecordingFact { id: RecordingId::new(id), url: String::new(), duration_secs: length(payload) })
}

/// From its beginning to its end, in whole seconds.
pub(super) fn length(payload: &Value) -> Option<u32> {
    let at = |name: &str| payload.get(name).and_then(Value::as_str).and_then(time);
    if let Some(millis) = payload.get("duration_millis").and_then(Value::as_u64) {
        return u32::try_from(millis.div_ceil(1_000)).ok();
    }
    let secs = at("recording_ended_at")?.duration_since(at("recording_started_at")?).as_secs_f64();
    (secs >= 0.0).then(|| secs.ceil().min(f64::from(u32::MAX)) as u32)
}
