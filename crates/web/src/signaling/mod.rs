//! Sockets of app calls: frames in, frames out. What a frame means is the core's (`trunkline_core::signal`), who may send it and
//! who hears it the engine's ([`trunkline_engine::DeviceLine`]). Here a device is let in, held to size and pace, looked at every second
//! (a token that has run out hears no more), and told good-bye in an orderly way.
//!
//! - `asked`: what stands in the address · `socket`: the talk · `pace`: how fast one may talk · `resuming`: what shows that a device
//!   speaks for its side · `ticket`: a key for one socket · `closed`: how sockets ended, counted

mod asked;
mod closed;
mod pace;
pub(crate) mod resuming;
pub(crate) mod socket;
pub(crate) mod ticket;

pub(crate) use closed::Closed;
