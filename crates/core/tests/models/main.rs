//! Small worlds in which everything that can happen is tried, with the core's own decisions in them: `app`, two devices that
//! want one call; `dial`, one attempt and two workers; `queue`, one job and two nodes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints its seed or size"
)]

mod app;
mod dial;
mod queue;

/// What must hold in a world, and what must be reached in it.
trait Promises: Sized + stateright::Model {
    fn promises(&self) -> Vec<stateright::Property<Self>>;
}
