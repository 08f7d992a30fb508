//! Webhooks that are sent to a tenant's software: what an answer means, when it is tried again, when an endpoint is given
//! up, and which network addresses nobody is sent to.
//!
//! In go statuses, times, addresses and a number drawn by chance; out come verdicts. Sending, signing and remembering are
//! the engine's and the store's.

mod address;
mod answer;
mod endpoint;
mod retry;

pub use address::{BadNetwork, Network, is_public};
pub use answer::{Answer, Trouble, Verdict};
pub use endpoint::{DisabledBy, Endpoint, SealedSecret, Standing};
pub use retry::{GIVEN_UP_AFTER, SCHEDULE_SECS, is_given_up, retry_at};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of one event on its way to one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DeliveryState {
    /// It is to be sent, now or again.
    Waiting,
    /// The receiver took it.
    Taken,
    /// It was tried as often as it is; only a person sends it again.
    Failed,
}

impl DeliveryState {
    /// Their words.
    pub const WORDS: [&str; 3] = ["waiting", "taken", "failed"];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::Failed => "failed",
        }
    }

    /// The state of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Taken, Self::Failed].into_iter().find(|state| state.as_str() == word)
    }
}
