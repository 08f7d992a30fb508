//! Live events as bytes: the engine's events for whoever holds a key, as an endless answer or over a WebSocket.
//!
//! What is told, in which order, and where a listener goes on is the engine's ([`trunkline_engine::Subscription`]). Here it
//! is said in JSON, the listener is let in, looked at twice a second (a key that was revoked hears no more), and ended in
//! an orderly way. Nothing waits here for a listener that is slow.
//!
//! - `asked`: what a listener wants · `listener`: what holds for both ways · `json`: how an event looks
//! - `sse`: `GET /api/events` · `socket`: `GET /ws/events` · `ticket`: a key for one socket, for browsers · `seats`: how many may listen
//! - `spec`: what is said of it in the OpenAPI document

mod asked;
mod json;
mod listener;
mod seats;
pub(crate) mod socket;
pub(crate) mod spec;
pub(crate) mod sse;
pub(crate) mod ticket;

pub(crate) use seats::{Seat, Seats};
pub(crate) use ticket::Tickets;
