//! What a call must do, read as specifications: the table of states and events, the order-proof, the ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints its seed or size"
)]

mod actions;
mod app;
mod ends;
mod facts;
mod failover;
mod order;
mod personal;
mod properties;
mod registered;
mod silence;
mod table;
mod talk;
mod transitions;
