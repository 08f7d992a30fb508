//! What a call must do, read as specifications: the table of states and events, the order-proof, the ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod facts;
mod order;
mod table;
mod transitions;
