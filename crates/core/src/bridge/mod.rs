//! The bridge between a caller and a model that talks: what goes to whom, when the bot is to be silent, and when it is over.
//!
//! [`Bridge`] is the whole of it, and pure: frames and time go in ([`Input`]), frames, journal entries and commands come out
//! ([`Act`]). Sockets, timers and wire formats are others' affair: `carriers/src/streams` and `media/src/realtime` translate,
//! `engine/src/bots` carries.
//!
//! - Sound is passed on as it comes, base64 of µ-law, and is never decoded: both ends speak it. Its length is all we read of it.
//! - `playing`: what the carrier has in its buffer and what the caller has heard of it, told by *marks*. Every mark bears its
//!   *generation*; whatever is cleared away begins a new one, and marks of an old one count for nothing.
//! - `hearing`: the caller's words, in the order in which they were said, however late their text is.
//! - `machine`: the rules · `patience`: how long each thing may take · `memory`: what a new session of the model is told
//! - `shuffled`: frames of a carrier that does not keep their order · `tape`: the conversation as sound, as it was heard
//!
//! To add something that a model or a carrier says: a variant of [`ModelSays`] or [`CarrierSays`]; the compiler names the rule
//! that has to answer it.

mod frames;
mod hearing;
mod machine;
mod memory;
mod patience;
mod playing;
mod shuffled;
mod tape;

pub use frames::{
    Act, CarrierDoes, CarrierSays, Input, ModelDoes, ModelSays, ResponseEnd, Then, ToolAnswer, WhyLost,
};
pub use machine::Bridge;
pub use memory::{Brief, Remembered, ToolSpec};
pub use patience::Patience;
pub use shuffled::Shuffled;
pub use tape::Tape;
