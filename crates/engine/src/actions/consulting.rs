//! What somebody hears to whom a call is to be handed, before they say whether they take it: a page of their own leg, which is
//! no leg of the script. The two are joined by what they said and by nothing else: to the carrier an answering machine has picked
//! up, too.
//!
//! Whoever is too late (the person has hung up, or the call has gone on without them) is hung up on.

use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::live::Handle;
use crate::webhook::{Line, VoiceFetch};
use std::sync::Arc;
use trunkline_carriers::callback::{CallbackState, Place};
use trunkline_carriers::voice::{Document, action};
use trunkline_core::call::{
    ActionNews, Call, Consent, Consulted, Event, Handover, News, Source, State, TransferMode, What,
};
use trunkline_core::id::{ActionNo, EventKey};
use trunkline_core::private::Private;
use trunkline_core::script::Caller;

/// The action of which somebody is asked whether they take the call.
pub(crate) fn consultation_of(place: Place) -> Option<ActionNo> {
    match place {
        Place::Consult(no) | Place::Consulted(no) => Some(no),
        Place::Open(_)
        | Place::Hear(_)
        | Place::Hold(_)
        | Place::Resume(_)
        | Place::Transfer(_)
        | Place::Transferred(_)
        | Place::AfterStream(_)
        | Place::Stream(_) => None,
    }
}

impl Inner {
    /// The page of whoever is asked, or what comes of their answer.
    pub(crate) async fn speak_consult(
        self: &Arc<Self>,
        handle: &Handle,
        token: &CallbackState,
        fetch: &VoiceFetch,
        no: ActionNo,
    ) -> Result<Document, IntakeError> {
        let said = match token.place {
            Place::Consulted(_) => said(fetch),
            _ => None,
        };
        let call = handle.lock().call.clone();
        // That somebody did not want a call is as true when it is told after they have hung up. That they took it is not: nobody
        // is there to be joined.
        let is_late_no = said == Some(Consent::Declines) && call.action(no).is_some();
        if !is_late_no && (fetch.line == Line::Closed || !is_offered(&call, no)) {
            return Ok(Document::hang_up());
        }
        let (no, carrier_call_id) = (no, fetch.carrier_call_id.clone());
        let what = match said {
            Some(said) => What::Consulted(Box::new(Consulted { no, carrier_call_id, said })),
            None => What::ActionNews(Box::new(ActionNews { no, carrier_call_id, news: News::Answered })),
        };
        self.observe_on(handle, self.consultation(&call, fetch, what)).await?;
        let call = handle.lock().call.clone();
        // Between the question and its answer the person may have hung up, or the call may have gone on.
        if !is_offered(&call, no) {
            return Ok(Document::hang_up());
        }
        Ok(match said {
            Some(Consent::Takes) => action::join(),
            Some(Consent::Declines) => Document::hang_up(),
            None => {
                let script = self.script_of(&call, token);
                let caller = Caller {
                    name: call.party.name.as_ref().map(|name| name.reveal().clone()),
                    ..Caller::default()
                };
                action::consult(&script.consult(&caller), no, &self.mint(&call, token.on()))
            }
        })
    }

    fn consultation(&self, call: &Call, fetch: &VoiceFetch, what: What) -> Event {
        Event {
            call: call.id,
            key: EventKey::new(fetch.key.clone()),
            received_at: self.clock.now(),
            occurred_at: None,
            source: Source::Carrier,
            what,
        }
    }
}

/// Whether the person is on the line and still to be handed over by this action, or was a moment ago.
fn is_offered(call: &Call, no: ActionNo) -> bool {
    let stands = call.standing_action().is_some_and(|(standing, action)| {
        standing == no
            && action.transfer().is_some_and(|transfer| transfer.mode == TransferMode::Attended)
            && matches!(action.handover(), Handover::Dialing | Handover::Talking)
    });
    stands && call.pending_action().is_none() && call.state() == State::Answered
}

/// What they said by a key; another key than the two says nothing, and they are asked again.
fn said(fetch: &VoiceFetch) -> Option<Consent> {
    match fetch.digits.as_ref().map(Private::reveal)?.as_str() {
        "1" => Some(Consent::Takes),
        "2" => Some(Consent::Declines),
        _ => None,
    }
}
