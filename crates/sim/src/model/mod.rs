//! A stand-in for a model that talks: OpenAI's Realtime interface over a WebSocket, scripted, deterministic, strict about what it
//! is sent, and misbehaving on request.
//!
//! It hears what simulated people say (`voice.rs`), tells when they begin and end, writes down what they said, and answers with
//! the next turn of its script. Which turn is next it reads off the conversation, so that a new session that is told what was
//! said before goes on where the old one stopped.
//!
//! - `mind`: one session: events in, events out · `socket`: carries them · `script`: what it says, and what it does wrong

mod mind;
mod script;
mod socket;

pub use script::{Misbehaves, ModelOptions, ModelTurn};
pub use socket::{Model, Seen};
