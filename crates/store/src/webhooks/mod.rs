//! Outgoing webhooks' rows: endpoints, what is to be sent to them, and who sends it now.
//!
//! - `endpoints`: whose truth is here · `deliveries`: what is written with the rows it tells of, and its history
//! - `lines`: the deliveries of one call to one endpoint, which one sender at a time works through
//!
//! What an answer means and when it is tried again is the core's to say; sending is the engine's.

mod deliveries;
mod endpoints;
mod lines;

pub(crate) use deliveries::put_deliveries;
pub use deliveries::{AttemptMade, Delivery, DeliveryCount, DeliveryPage, NewDelivery, Replay};
pub use endpoints::StoredEndpoint;
pub use lines::{Became, DueEndpoint, Held, Line, Waiting};

const READING: &str = "reading outgoing webhooks";
const WRITING: &str = "writing outgoing webhooks";
