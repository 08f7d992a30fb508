//! What goes wrong inside: code that panics, and a disk that fills up; seen from outside, over real sockets. A process of
//! its own, because a log that blows up and a disk of one's own are the whole process's affair.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test builds on must be there")]

mod caller;
#[path = "../http/client.rs"]
#[allow(dead_code, reason = "what these tests need of a client is a part of it")]
mod client;
mod disk;
mod full_disk;
#[path = "../http/house.rs"]
#[allow(dead_code, reason = "what these tests need of a house is a part of it")]
mod house;
mod log;
mod panics;
