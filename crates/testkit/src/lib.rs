//! For tests only: what the world does to a server, on purpose and from a seed.
//!
//! [`powercut`] takes the power away from a process; [`postgres`] and [`redis`] are private servers to kill and freeze;
//! [`s3`] is one that keeps files, [`turn`] one that relays; [`proxy`] is bad weather between two programs; [`chance`] is where all randomness of tests
//! comes from.

pub mod chance;
pub mod postgres;
pub mod powercut;
pub mod proxy;
pub mod redis;
pub mod s3;
pub mod turn;
