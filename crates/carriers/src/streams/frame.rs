//! The frames as they are on the wire. All numbers of Twilio's are strings; Telnyx's may be either.

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(super) enum In {
    Connected {},
    Start {
        #[serde(default, rename = "streamSid", alias = "stream_id")]
        stream: Option<String>,
        start: Start,
    },
    Media {
        media: Media,
    },
    Dtmf {
        dtmf: Dtmf,
    },
    Mark {
        mark: Mark,
    },
    Stop {},
    Error {
        #[serde(default)]
        payload: Error,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub(super) struct Start {
    #[serde(default, rename = "streamSid", alias = "stream_id")]
    pub(super) stream: Option<String>,
    #[serde(rename = "callSid", alias = "call_control_id")]
    pub(super) call: String,
    #[serde(default, rename = "customParameters", alias = "custom_parameters")]
    pub(super) parameters: BTreeMap<String, String>,
    #[serde(rename = "mediaFormat", alias = "media_format")]
    pub(super) format: Format,
}

#[derive(Deserialize)]
pub(super) struct Format {
    encoding: String,
    #[serde(rename = "sampleRate", alias = "sample_rate")]
    rate: Number,
}

impl Format {
    pub(super) fn is_mulaw(&self) -> bool {
        self.rate.0 == 8_000 && ["audio/x-mulaw", "PCMU"].contains(&&*self.encoding)
    }
}

#[derive(Deserialize)]
pub(super) struct Media {
    #[serde(default)]
    track: Option<String>,
    #[serde(default)]
    pub(super) chunk: Option<Number>,
    pub(super) payload: String,
}

impl Media {
    /// Whether it is what the person says; what we say is told by nobody but us.
    pub(super) fn is_callers(&self) -> bool {
        self.track.as_deref().is_none_or(|track| track.starts_with("inbound"))
    }
}

#[derive(Deserialize)]
pub(super) struct Dtmf {
    pub(super) digit: String,
}

#[derive(Deserialize)]
pub(super) struct Mark {
    pub(super) name: String,
}

#[derive(Default, Deserialize)]
pub(super) struct Error {
    #[serde(default)]
    code: Option<serde_json::Value>,
}

impl Error {
    /// The code as a word; nothing else of the carrier's words is kept.
    pub(super) fn code(self) -> String {
        match self.code {
            Some(serde_json::Value::String(code)) => code,
            Some(serde_json::Value::Number(code)) => code.to_string(),
            _ => "unknown".to_owned(),
        }
    }
}

/// A number that may be written as a string.
#[derive(Clone, Copy)]
pub(super) struct Number(pub(super) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or one in a string")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                text.trim().parse().map(Number).map_err(|_| E::custom("no number"))
            }
        }
        from.deserialize_any(Either)
    }
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(super) enum Out<'a> {
    Media {
        #[serde(rename = "streamSid", skip_serializing_if = "Option::is_none")]
        stream: Option<&'a str>,
        media: OutMedia<'a>,
    },
    Mark {
        #[serde(rename = "streamSid", skip_serializing_if = "Option::is_none")]
        stream: Option<&'a str>,
        mark: OutMark<'a>,
    },
    Clear {
        #[serde(rename = "streamSid", skip_serializing_if = "Option::is_none")]
        stream: Option<&'a str>,
    },
}

#[derive(Serialize)]
pub(super) struct OutMedia<'a> {
    pub(super) payload: &'a str,
}

#[derive(Serialize)]
pub(super) struct OutMark<'a> {
    pub(super) name: &'a str,
}
