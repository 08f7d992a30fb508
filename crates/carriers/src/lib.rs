//! Translates: carrier requests, webhooks, signatures and voice documents.
//!
//! In: what the engine wants of a carrier ([`Carrier`], [`voice::Document`]), and what a carrier sends us (requests with
//! a signature, forms). Out: requests on the wire, documents in the carrier's dialect, and facts in the core's words.
//! Nothing is kept here, nothing is decided, and nothing is ever tried twice.
//!
//! - [`Carrier`]: the border: place, fetch, list, hang up, recordings, numbers
//! - [`LastLook`]: what is asked while a create request is written, on an open connection
//! - [`callback`]: the URLs a carrier calls us back at, and the sealed state in them
//! - [`voice`]: what a person hears, as a typed document
//! - [`outgoing`]: webhooks to tenants' software: who may be reached, signed requests, what came of them
//! - [`twilio`]: Twilio's requests, webhooks and signatures
//!
//! To add a carrier: a folder with its client (an implementation of [`Carrier`]), its signature and its webhooks, and
//! a dialect in [`voice`]; the tables of answers, words and codes stand beside the code that reads them.

pub mod callback;
mod carrier;
mod guarded;
pub mod outgoing;
pub mod twilio;
pub mod voice;

pub use carrier::{
    AccountStanding, AccountState, AskError, Carrier, CarrierNumber, Fetched, HangUpAnswer, Listed,
    MachineDetection, NumberId, NumberUrls, Order, PostAnswer, RecordingBody, Soon, Until,
};
pub use guarded::LastLook;
