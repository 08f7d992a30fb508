//! Translates: carrier requests, webhooks, signatures and voice documents.
//!
//! In: what the engine wants of a carrier ([`Carrier`], [`voice::Document`]), and what a carrier sends us (requests with
//! a signature, forms). Out: requests on the wire, documents in the carrier's dialect, and facts in the core's words.
//! Nothing is kept here, nothing is decided, and nothing is ever tried twice.
//!
//! - [`Carrier`]: the border: place, fetch, list, hang up, recordings, numbers
//! - [`LastLook`]: what is asked while a create request is written, on an open connection
//! - [`callback`]: the URLs a carrier calls us back at, and the sealed state in them
//! - [`voice`]: what a person hears, as a typed document, written in a carrier's [`Dialect`]
//! - [`Verifier`]: is a request the carrier's? · [`form`]: its fields · [`webhook`]: what they mean, in either dialect
//! - [`streams`]: the frames of media streams, both ways
//! - [`outgoing`]: webhooks to tenants' software: who may be reached, signed requests, what came of them
//! - [`twilio`], [`telnyx`]: their requests, words and signatures · `posting`, `http`: what both share
//!
//! To add a carrier: a folder with its client (an implementation of [`Carrier`]), its signature and its words, and
//! a [`Dialect`], after which the compiler names every place that must know it.

pub mod callback;
mod carrier;
mod dialect;
pub mod form;
mod guarded;
mod http;
pub mod outgoing;
mod posting;
pub mod signed;
pub mod streams;
pub mod telnyx;
pub mod twilio;
mod verifier;
pub mod voice;
pub mod webhook;
mod words;

pub use carrier::{
    AccountStanding, AccountState, AskError, Carrier, CarrierNumber, Controls, Fetched, HangUpAnswer, Listed,
    MachineDetection, NumberId, NumberUrls, Order, PostAnswer, RecordingBody, Soon, Until,
};
pub use dialect::Dialect;
pub use guarded::LastLook;
pub use http::BadSettings;
pub use verifier::{Verifier, Verifiers};
pub use words::UnknownWord;
