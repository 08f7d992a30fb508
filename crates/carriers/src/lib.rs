//! Translates: carrier requests, webhooks, signatures and voice documents.
pub mod callback;
pub mod voice;
