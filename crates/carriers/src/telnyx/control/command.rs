//! What can be asked of a leg: one request each, under a name by which a repeated one is known for a minute.

use super::listening::Listening;
use super::mark::Mark;
use crate::voice::{Beep, Dial, Gather, Loops, Play, Prompt, Record, RejectReason, Say, Stream, Trim};
use serde_json::{Map, Value, json};
use trunkline_core::id::CarrierCallId;

/// Languages that its basic voices speak; for any other one a voice has to be named.
const LANGUAGES: [&str; 29] = [
    "arb",
    "cmn-CN",
    "cy-GB",
    "da-DK",
    "de-DE",
    "en-AU",
    "en-GB",
    "en-GB-WLS",
    "en-IN",
    "en-US",
    "es-ES",
    "es-MX",
    "es-US",
    "fr-CA",
    "fr-FR",
    "hi-IN",
    "is-IS",
    "it-IT",
    "ja-JP",
    "ko-KR",
    "nb-NO",
    "nl-NL",
    "pl-PL",
    "pt-BR",
    "pt-PT",
    "ro-RO",
    "ru-RU",
    "sv-SE",
    "tr-TR",
];
const USUAL_VOICE: &str = "female";
const HEBREW_VOICE: &str = "Azure.he-IL-HilaNeural";
/// All keys there are on a phone: which of them end the wait is said apart.
const KEYS: &str = "0123456789*#";
/// So many keys at most.
const MOST_KEYS: u8 = 128;
/// Between two prompts of one question, in milliseconds: a key pressed there is taken too.
const BETWEEN_MILLIS: u64 = 500;

/// One thing for Telnyx to do on a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take the call.
    Answer,
    /// Turn it away without taking it.
    Reject(RejectReason),
    /// End it.
    HangUp,
    /// Speak a text.
    Speak(Say),
    /// Play a file.
    Play(Play),
    /// Stop speaking and playing.
    Hush,
    /// Take keys while one prompt is heard, or none.
    Gather {
        /// What is wanted.
        wanted: Box<Gather>,
        /// What is heard meanwhile.
        prompt: Option<Prompt>,
        /// Whether another prompt follows.
        goes_on: bool,
    },
    /// Stop taking keys.
    StopGather,
    /// Tell what is said on this leg.
    Listen(Box<Listening>),
    /// Tell it no more.
    StopListening,
    /// Record.
    Record(Box<Record>),
    /// Stop recording.
    StopRecording,
    /// Connect the sound to a socket of ours.
    Stream(Stream),
    /// Disconnect it.
    StopStream,
    /// Dial somebody else and connect them when they pick up.
    Transfer {
        /// Whom, and how.
        to: Box<Dial>,
        /// The mark of their leg.
        child: Mark,
    },
    /// Dial somebody else, on a leg that is led by itself.
    Dial {
        /// Whom, and how.
        to: Box<Dial>,
        /// The mark of their leg.
        child: Mark,
        /// Where its events are told.
        events: String,
    },
    /// Connect two legs.
    Bridge(CarrierCallId),
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obeyed {
    /// Telnyx does it; the leg that it dialed, if it did.
    Done(Option<CarrierCallId>),
    /// The call is over, or Telnyx knows no such call.
    Over,
    /// It won't, in its own words.
    Refused(String),
}

impl Command {
    /// Its name among the actions, and in the command's own name.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Reject(_) => "reject",
            Self::HangUp => "hangup",
            Self::Speak(_) => "speak",
            Self::Play(_) => "playback_start",
            Self::Hush => "playback_stop",
            Self::Gather { prompt: Some(Prompt::Say(_)), .. } => "gather_using_speak",
            Self::Gather { prompt: Some(Prompt::Play(_)), .. } => "gather_using_audio",
            Self::Gather { prompt: Some(Prompt::Pause { .. }) | None, .. } => "gather",
            Self::StopGather => "gather_stop",
            Self::Listen(_) => "transcription_start",
            Self::StopListening => "transcription_stop",
            Self::Record(_) => "record_start",
            Self::StopRecording => "record_stop",
            Self::Stream(_) => "streaming_start",
            Self::StopStream => "streaming_stop",
            Self::Transfer { .. } => "transfer",
            Self::Dial { .. } => "dial",
            Self::Bridge(_) => "bridge",
        }
    }

    /// Whether it stops something: where there is nothing to stop, that is as well.
    pub fn is_stop(&self) -> bool {
        match self {
            Self::Hush | Self::StopGather | Self::StopListening | Self::StopRecording | Self::StopStream => {
                true
            }
            Self::Answer
            | Self::Reject(_)
            | Self::HangUp
            | Self::Speak(_)
            | Self::Play(_)
            | Self::Gather { .. }
            | Self::Listen(_)
            | Self::Record(_)
            | Self::Stream(_)
            | Self::Transfer { .. }
            | Self::Dial { .. }
            | Self::Bridge(_) => false,
        }
    }

    /// The request's body, without what every command has.
    pub(super) fn body(&self, connection: &str) -> Map<String, Value> {
        let body = match self {
            Self::Answer
            | Self::HangUp
            | Self::StopGather
            | Self::StopListening
            | Self::StopRecording
            | Self::StopStream => json!({}),
            Self::Reject(RejectReason::Busy) => json!({ "cause": "USER_BUSY" }),
            Self::Reject(RejectReason::Rejected) => json!({ "cause": "CALL_REJECTED" }),
            Self::Speak(say) => spoken(say),
            Self::Play(play) => match play.loops {
                Some(Loops::Endless) => json!({ "audio_url": play.url, "loop": "infinity" }),
                None => json!({ "audio_url": play.url }),
            },
            Self::Hush => json!({ "stop": "all" }),
            Self::Gather { wanted, prompt, goes_on } => gathered(wanted, prompt.as_ref(), *goes_on),
            Self::Listen(listening) => listening.body(),
            Self::Record(record) => recorded(record),
            Self::Stream(stream) => {
                let parameters = stream.parameters.iter();
                let parameters: Vec<Value> =
                    parameters.map(|(name, value)| json!({ "name": name, "value": value })).collect();
                json!({
                    "stream_url": stream.url,
                    "stream_track": "inbound_track",
                    "stream_bidirectional_mode": "rtp",
                    "stream_bidirectional_codec": "PCMU",
                    "custom_parameters": parameters,
                })
            }
            Self::Transfer { to, child } => {
                let mut body = dialed(to);
                // Else the person is hung up on when the other one hangs up.
                body["park_after_unbridge"] = json!("self");
                body["target_leg_client_state"] = json!(child.to_client_state());
                body
            }
            Self::Dial { to, child, events } => {
                let mut body = dialed(to);
                body["connection_id"] = json!(connection);
                body["webhook_url"] = json!(events);
                body["client_state"] = json!(child.to_client_state());
                body
            }
            Self::Bridge(other) => {
                json!({ "call_control_id": other.as_str(), "park_after_unbridge": "self" })
            }
        };
        match body {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

fn spoken(say: &Say) -> Value {
    let mut body = voiced(say);
    body["stop"] = json!("all");
    if let Some(loops) = say.loops {
        body["loop"] = json!(loops);
    }
    body
}

fn voiced(say: &Say) -> Value {
    let language = say.language.as_deref().unwrap_or("en-US");
    let usual = if language.starts_with("he") { HEBREW_VOICE } else { USUAL_VOICE };
    let voice = say.voice.as_deref().unwrap_or(usual);
    let mut body = json!({ "payload": plain(&say.text), "payload_type": "text", "voice": voice });
    // A voice with a name has its language; of the usual one it has to be said, and only these are known.
    if voice == USUAL_VOICE && LANGUAGES.contains(&language) {
        body["language"] = json!(language);
    }
    body
}

/// Nothing is spoken of a text that is empty, and the request would be refused.
fn plain(text: &str) -> String {
    let text: String = text.chars().filter(|char| !char.is_control()).collect();
    if text.trim().is_empty() { ".".to_owned() } else { text }
}

fn gathered(wanted: &Gather, prompt: Option<&Prompt>, goes_on: bool) -> Value {
    let after = if goes_on { BETWEEN_MILLIS } else { u64::from(wanted.timeout_secs) * 1_000 };
    let mut body = match prompt {
        Some(Prompt::Say(say)) => {
            let mut body = voiced(say);
            body["maximum_tries"] = json!(1);
            body["timeout_millis"] = json!(after);
            body
        }
        Some(Prompt::Play(play)) => {
            json!({ "audio_url": play.url, "maximum_tries": 1, "timeout_millis": after })
        }
        Some(Prompt::Pause { secs }) => {
            let wait = u64::from(*secs) * 1_000 + if goes_on { 0 } else { after };
            json!({ "initial_timeout_millis": wait })
        }
        None => json!({ "initial_timeout_millis": after }),
    };
    body["minimum_digits"] = json!(1);
    body["maximum_digits"] = json!(wanted.num_digits.unwrap_or(MOST_KEYS).clamp(1, MOST_KEYS));
    body["inter_digit_timeout_millis"] = json!(u64::from(wanted.timeout_secs) * 1_000);
    body["valid_digits"] = json!(KEYS);
    body["terminating_digit"] = json!(wanted.finish_on_key);
    body
}

fn recorded(record: &Record) -> Value {
    let mut body = json!({
        "format": "wav",
        "channels": "single",
        "play_beep": record.beep == Beep::Played,
        "max_length": record.max_length_secs,
        "timeout_secs": record.timeout_secs,
    });
    if record.trim == Trim::Silence {
        body["trim"] = json!("trim-silence");
    }
    if record.transcribe_callback.is_some() {
        body["transcription"] = json!(true);
    }
    body
}

fn dialed(to: &Dial) -> Value {
    let mut body = json!({ "to": to.number, "timeout_secs": to.timeout_secs.clamp(5, 600) });
    if let Some(from) = &to.caller_id {
        body["from"] = json!(from);
    }
    if let Some(secs) = to.time_limit_secs {
        body["time_limit_secs"] = json!(secs.clamp(30, 14_400));
    }
    body
}
