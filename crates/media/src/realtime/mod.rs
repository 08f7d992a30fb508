//! A model that talks, over a WebSocket: OpenAI's Realtime interface and whatever speaks it.
//!
//! In: what the bridge asks of a model ([`ModelDoes`]). Out: what the model says, in the bridge's words ([`ModelSays`]). The
//! names are those of the general release; the older ones of the beta are understood too. `wire` has the events as they are
//! written, [`connect`] makes the connection, whose end is always told as a [`WhyLost`].
//!
//! The key is sent to the configured address and nowhere else, and nothing of a conversation is logged.
//!
//! To add an event: a variant in `wire/said.rs` or `wire/asked.rs`, and its line in the tests beside them.

mod socket;
mod wire;

pub use socket::{Ears, Mouth, connect};

use secrecy::SecretString;
use std::time::Duration;
use trunkline_core::bridge::{ModelDoes, ModelSays, WhyLost};

/// Where a model is, and what it is asked for.
#[derive(Clone, Debug)]
pub struct ModelAddress {
    /// `wss://…/v1/realtime`; `ws://` within one machine.
    pub url: url::Url,
    /// The key it wants, if it wants one.
    pub key: Option<SecretString>,
    /// The model's name.
    pub model: String,
    /// The name of the model that writes down what the caller says. Without one there is no text of it.
    pub transcriber: String,
}

/// Why something that a model sent is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what the model sent is no event")]
pub struct NoEvent;

/// Reads one event of the model; some say nothing that matters, and one may say two things.
///
/// # Errors
/// It is no event.
pub fn read(text: &str) -> Result<Vec<ModelSays>, NoEvent> {
    wire::read(text)
}

/// Writes what is asked of the model, one text a frame.
pub fn write(does: &ModelDoes, address: &ModelAddress) -> Vec<String> {
    wire::write(does, address)
}

/// How long a model may take to agree that a connection is over.
const FAREWELL: Duration = Duration::from_secs(1);

fn refused(status: u16) -> WhyLost {
    WhyLost::Refused(status)
}
