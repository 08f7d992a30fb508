//! The simulator from outside: over HTTP, with a product in miniature that answers its webhooks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod call_control;
mod faults;
mod official_client;
mod product;
mod rest;
mod stories;
mod streams;
mod transcription;
