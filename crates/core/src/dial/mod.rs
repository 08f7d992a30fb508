//! One attempt makes at most one call.
//!
//! A carrier's create request takes no idempotency key, so it is never sent twice: the intent is durable before it,
//! the [`guard()`] is asked directly before it, and when its answer is unclear the carrier is asked what it knows until
//! [`rule`] may say that it never got it. [`gates`] decide whether an attempt may begin at all;
//! [`destination`] says which numbers a tenant may call, [`allowance`] how much, [`earlier`] whether a person has been
//! called enough, [`breaker`] whether a carrier account is fit to be asked, [`choice`] which of several is, and [`pace`] when an attempt has its turn.

pub mod allowance;
pub mod breaker;
pub mod choice;
pub mod destination;
pub mod earlier;
pub mod gates;
mod guard;
pub mod pace;
mod ruling;

pub use guard::{Withheld, guard};
pub use ruling::{Ruling, matches_attempt, rule};
