//! Decides: what a call is, what may happen to it, what a script says next, when to dial.

pub mod phone;
pub mod script;
