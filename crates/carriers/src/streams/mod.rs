//! Media streams: the frames that a carrier's socket and ours exchange, as text.
//!
//! In: a text frame of the carrier ([`read`]). Out: what it means ([`Told`]), and the text of what the carrier is asked to do
//! ([`Writer`]). Sound goes through as it came, base64 of µ-law, 8 kHz; nothing is decoded.
//!
//! Telnyx took over Twilio's frames with its own spelling, names streams in none of ours, tells of errors, and does not keep
//! the order of its frames: [`Told::Says`] bears their numbers.

mod frame;

use crate::dialect::Dialect;
use frame::{In, Out, OutMark, OutMedia};
use std::collections::BTreeMap;
use thiserror::Error;
use trunkline_core::bridge::{CarrierDoes, CarrierSays};

/// What a frame of the carrier means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The socket is open, and says so. Nothing follows from it.
    Connected,
    /// A stream begins.
    Started(Box<Started>),
    /// Something for the bridge, with its number where order matters.
    Says {
        /// The frame's number among those of its kind, if the carrier may shuffle them.
        no: Option<u64>,
        /// What it says.
        says: CarrierSays,
    },
    /// The carrier complains of something we sent: its code.
    Complains(String),
    /// A frame that is no affair of ours.
    Nothing,
}

/// How a stream begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The carrier's name of it.
    pub stream: String,
    /// The carrier's name of its leg.
    pub call: String,
    /// What the document that asked for the stream handed over.
    pub parameters: BTreeMap<String, String>,
    /// Whether its sound is µ-law at 8 kHz.
    pub is_mulaw: bool,
}

/// Why a frame can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadFrame {
    /// It is no JSON, or lacks something.
    #[error("a frame of a media stream is malformed")]
    Malformed,
}

/// Reads a text frame.
///
/// # Errors
/// It is no frame of a media stream.
pub fn read(dialect: Dialect, text: &str) -> Result<Told, BadFrame> {
    let frame: In = serde_json::from_str(text).map_err(|_| BadFrame::Malformed)?;
    Ok(match frame {
        In::Connected {} => Told::Connected,
        In::Start { stream, start } => Told::Started(Box::new(Started {
            is_mulaw: start.format.is_mulaw(),
            stream: stream.or(start.stream).unwrap_or_default(),
            call: start.call,
            parameters: start.parameters,
        })),
        In::Media { media } if media.is_callers() => {
            let no = match dialect {
                Dialect::Twilio => None,
                Dialect::Telnyx => media.chunk.map(|chunk| chunk.0),
            };
            Told::Says { no, says: CarrierSays::Audio(media.payload) }
        }
        In::Media { .. } | In::Other => Told::Nothing,
        In::Dtmf { dtmf } => match dtmf.digit.chars().next() {
            Some(digit) => Told::Says { no: None, says: CarrierSays::Digit(digit) },
            None => Told::Nothing,
        },
        In::Mark { mark } => Told::Says { no: None, says: CarrierSays::Mark(mark.name) },
        In::Stop {} => Told::Says { no: None, says: CarrierSays::Stopped },
        In::Error { payload } => Told::Complains(payload.code()),
    })
}

/// Writes what the carrier is asked to do in one stream.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The stream's name, where frames bear it.
    stream: Option<String>,
}

impl Writer {
    /// Of this stream.
    pub fn new(dialect: Dialect, stream: &str) -> Self {
        let stream = match dialect {
            Dialect::Twilio => Some(stream.to_owned()),
            Dialect::Telnyx => None,
        };
        Self { stream }
    }

    /// The frame, as text.
    pub fn frame(&self, does: &CarrierDoes) -> String {
        let stream = self.stream.as_deref();
        let frame = match does {
            CarrierDoes::Play(payload) => Out::Media { stream, media: OutMedia { payload } },
            CarrierDoes::Mark(name) => Out::Mark { stream, mark: OutMark { name } },
            CarrierDoes::Clear => Out::Clear { stream },
        };
        // Strings in strings: there is nothing that could not be written.
        serde_json::to_string(&frame).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
