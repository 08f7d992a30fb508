//! Webhooks to tenants' software: what happens, sent to where they want it, signed, at least once, in the order of each call.
//!
//! ```text
//! journal → projector (deriving) → deliveries and lines, in the transaction of the rows they tell of
//!                                        └→ sender → line (one at a time) → post → what became of it
//! ```
//!
//! What is to be sent is written with the rows it is about, so nothing that is in the store was not sent or is not yet to be
//! sent, and nothing is derived for history that was imported. A *line* is what waits of one call for one endpoint: whoever has
//! claimed it sends its deliveries one after the other, and that is all that keeps their order. An endpoint that hangs holds a
//! few lines and no others.
//!
//! - `endpoints`: the doors of those who manage them · `history`: what was sent, and sending it once more
//! - `deriving`: what an event means for endpoints · `sender`: claims · `line`: one line, to its end · `secrets`
//!
//! When something is tried again is the core's to say (`core/src/outgoing`), what may be reached is carriers'.

mod deriving;
mod endpoints;
mod history;
mod line;
mod secrets;
mod sender;

pub use endpoints::{NewWebhook, Webhook, WebhookChange, WebhookError};
pub(crate) use sender::Outgoing;

use std::time::Duration;
use trunkline_carriers::outgoing::Reach;

/// What is sent to tenants' software, and how.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// To where anything is sent at all.
    pub reach: Reach,
    /// How long one request may take, in real time.
    pub timeout: Duration,
    /// How long deliveries are kept.
    pub retention: Duration,
}

impl Default for Webhooks {
    /// Fifteen seconds, a month, and nothing inside.
    fn default() -> Self {
        Self {
            reach: Reach::default(),
            timeout: Duration::from_secs(15),
            retention: Duration::from_secs(30 * 86_400),
        }
    }
}
