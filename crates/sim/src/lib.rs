//! A carrier that never existed: Twilio's REST API and webhooks, or Telnyx's, with people who answer, and faults on request.
//!
//! The simulator is the outside world and has a will of its own. It shares nothing with the product but HTTP: the
//! product creates calls at [`Sim::base_url`], the simulator asks the product's URLs what to do, plays it to a made-up
//! person and reports how it went. It runs inside a test or as a process of its own.
//!
//! - **Deterministic**: all chance comes from a seed, for each call from the number called and how often it was called,
//!   so the order of calls changes nothing. Durations count simulated time only.
//! - **Fast**: simulated time runs [`SimOptions::speed`] times as fast as real time. Webhook budgets stay real.
//! - **Faulty on request**: see [`FaultKind`].
//! - **Steered and judged** by the methods of [`Sim`] or over HTTP under `/sim` (the table is in `control.rs`).
//!
//! Who picks up and who does not is described at [`Habit`]; numbers to play with by hand end in `9000` to `9009`:
//! answers, busy, no answer, voicemail, hangs up in the second question, silent, presses 9, declines, cannot be
//! reached, does not exist.
//!
//! As Telnyx it has a second way to lead a call: commands and events in place of documents (`led/`), with the same people.
//!
//! To add a verb: `twiml.rs` reads it, `session/` performs it. To add a command: `led/command.rs` reads it, its neighbours
//! obey. To add a fault: name it in `faults.rs`, ask for it where it strikes.
//!
//! In a media stream people talk with a bot, in sounds that stand for their words (`voice.rs`); [`Model`] is a stand-in for the model
//! behind one. Who [speaks](Habit::Speaks) has a voice that somebody else made, for models with real ears.
//!
//! Not simulated: conferences, queues, messages. Redirects of
//! webhooks (HTTP 3xx) are not followed.

mod answer;
mod call;
mod chance;
mod changes;
mod clock;
mod connection;
mod control;
mod courier;
mod error;
mod exchange;
mod faults;
mod heard;
mod ids;
mod led;
mod life;
mod line;
mod memory;
mod model;
mod mouth;
mod numbers;
mod options;
mod orders;
mod pattern;
mod people;
mod person;
mod progress;
mod recordings;
mod register;
mod rest;
mod session;
mod signature;
mod sim;
mod spoken;
mod talker;
mod tape;
mod target;
mod twiml;
mod voice;
mod xml;

pub use call::{CallEvent, CallRecord, CallStatus, Direction};
pub use courier::{WebhookKind, WebhookRecord};
pub use error::SimError;
pub use faults::{Fault, FaultKind, FaultReport};
pub use heard::Heard;
pub use ids::{CallSid, RecordingSid};
pub use model::{Misbehaves, Model, ModelOptions, ModelTurn, Seen};
pub use mouth::{Application, Dialect, Mouth, public_key, sign_telnyx};
pub use numbers::OwnNumber;
pub use options::SimOptions;
pub use pattern::Pattern;
pub use person::{Habit, Mix};
pub use recordings::{RecordingRecord, RecordingSource};
pub use signature::sign;
pub use sim::Sim;
pub use spoken::{Spoken, Voice};
