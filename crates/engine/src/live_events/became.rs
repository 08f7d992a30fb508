//! What a call was when an event had changed it: journaled with the event.

use serde::{Deserialize, Serialize};
use trunkline_core::call::{Call, Disposition, State, Status};
use trunkline_core::id::CampaignId;

/// What a call was when an event had changed it. An event without it changed nothing that anybody should hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Became {
    pub status: Status,
    pub state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
    /// The status before, if the event changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Status>,
    /// The campaign whose attempt it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// Whether the receiver of an app call is not to hear of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreached: bool,
}

impl Became {
    /// What a call is now, and had this status before.
    pub fn from(was: Status, call: &Call) -> Self {
        let status = call.status();
        Self { was: (was != status).then_some(was), ..Self::first(call) }
    }

    /// What a call is that has just begun.
    pub fn first(call: &Call) -> Self {
        Self {
            status: call.status(),
            state: call.state(),
            disposition: call.disposition(),
            was: None,
            campaign: call.job.as_ref().and_then(|of| of.campaign),
            unreached: call.app.as_ref().is_some_and(|app| !app.found.hears_of_it()),
        }
    }
}
