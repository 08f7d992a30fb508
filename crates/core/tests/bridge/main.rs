//! The bridge between a caller and a model that talks, told frame by frame.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod breaks;
mod ends;
mod properties;
mod stage;
mod tape;
mod tools;
