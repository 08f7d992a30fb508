//! What was said while nobody led a call: the process that asked is gone, and so is whoever would have been told of the answer.

use super::acting::{SKEW, token};
use crate::engine::Inner;
use jiff::SignedDuration;
use std::sync::Arc;
use trunkline_carriers::callback::Place;
use trunkline_carriers::telnyx::control::Heard;
use trunkline_core::call::{Call, OnLeg};
use trunkline_core::id::CarrierCallId;
use trunkline_core::script::Next;

impl Inner {
    /// The answer to the question at which a call stands, where it was given to its end: nobody has to say it again. Of one that they
    /// are still giving, or were a moment ago, nobody knows whether it was all.
    pub(super) async fn said_meanwhile(
        self: &Arc<Self>,
        call: &Call,
        leg: &CarrierCallId,
        on: OnLeg,
        stands: Place,
    ) -> Option<(Place, Heard)> {
        let Place::Open(Next::Ask(at)) = stands else { return None };
        let asked = call.turns.get(&at.step)?.asked_at?.checked_sub(SKEW).ok()?;
        let until = self.clock.now().checked_sub(SKEW).ok()?;
        let account = &call.leg_no(on.leg)?.account;
        let recordings = match self.carriers.of(account).ok()?.controls()?.recordings(leg).await {
            Ok(recordings) => recordings,
            Err(error) => {
                tracing::warn!(%error, "performing.no_recording: what was said can't be looked for");
                return None;
            }
        };
        let (found, _) = recordings
            .into_iter()
            .filter(|(recording, began)| {
                let lasted = recording.duration_secs.filter(|secs| *secs > 0);
                let ended =
                    lasted.and_then(|secs| began.checked_add(SignedDuration::from_secs(secs.into())).ok());
                let is_known = call.recordings().any(|(_, known)| known.id == recording.id);
                !is_known && *began >= asked && ended.is_some_and(|ended| ended <= until)
            })
            .max_by_key(|(_, began)| *began)?;
        let place = Place::Hear(at);
        let state =
            token(&self.mint(call, on).voice(place)).and_then(|token| self.config.secrets.open(token).ok());
        if let Err(error) = self.told_recording(account, leg, state, &found).await {
            tracing::error!(%error, "performing.recording_not_journaled: its sound is not fetched");
        }
        tracing::info!(call = %call.id, "performing.said_meanwhile: what was answered is not asked again");
        Some((place, Heard { recording: Some(found), ..Heard::default() }))
    }
}
