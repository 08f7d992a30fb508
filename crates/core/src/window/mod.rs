//! The calling window: at which hours a person may be called, by the clock on that person's own wall.
//!
//! In: a [`CallingWindow`] (hours by day of week, holidays), the [`Zones`] a number may be in, and the time. Out: an
//! [`Opening`]. Promise: whenever it says open, the wall clock of **every** zone the person may be in is within the hours;
//! a number that may be in several zones gets what they have in common, and one whose zone can't be told is never
//! called. Nights on which clocks change are no exception: hours are compared with the wall clock of the very moment.
//!
//! Time zones come from the database that is compiled in, so that the answer is the same on every machine.
//!
//! Left to others: what the lead's own zone is (rows), what to do when it is closed (`dial::gates`).

mod hours;
mod opening;
#[cfg(test)]
mod tests;
mod week;
mod written;
mod zones;

pub use hours::{CallingWindow, Days, Hours};
pub use opening::{NeverOpens, Opening};
pub use week::{WeekFault, check_week};
pub use written::BadLine;
pub use zones::{UnknownZone, Zone, Zones};
