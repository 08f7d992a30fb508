//! What the two devices of an app call tell each other through the server, and what the server tells them.
//!
//! In: a text frame of a socket. Out: a [`Said`], or the [`Fault`] that the sender is told. Offers, answers and candidates are
//! never opened: what is inside them is the browsers' affair, and goes on as it came. Who may send is the call's to say
//! ([`crate::call::Call::may_signal`]); sockets are the web's.
//!
//! - `frames`: every frame there is, both ways · `kept`: what waits for a device that is not there yet · `numbering`: which frame it is

mod frames;
mod kept;
mod numbering;

pub use frames::{Caller, Fault, FaultCode, Heard, Media, Said, Sent, Signal, SignalKind, Told};
pub use kept::{Kept, NoRoom};
pub use numbering::Numbering;
