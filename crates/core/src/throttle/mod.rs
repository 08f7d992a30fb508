//! How often somebody may ask ([`Buckets`]), and how often guess a secret ([`Guesses`]).
//!
//! In go who it is and the time; out comes whether, and when again. Both remember a bounded number of them ([`Recent`]);
//! who is forgotten begins anew. Who "somebody" is (a key, an address, a login name) is left to the web.

mod buckets;
mod guesses;
mod recent;

pub use buckets::{Buckets, Rate, Standing};
pub use guesses::{Guesses, Leniency};
pub use recent::Recent;
