//! What a call must do, read as specifications: the table of states and events, the order-proof, the ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod ends;
mod facts;
mod order;
mod personal;
mod properties;
mod table;
mod transitions;
