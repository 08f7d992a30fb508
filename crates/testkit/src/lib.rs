//! For tests only: what the world does to a server, on purpose and from a seed.
//!
//! [`powercut`] takes the power away from a process; [`chance`] is where all randomness of tests comes from.

pub mod chance;
pub mod powercut;
