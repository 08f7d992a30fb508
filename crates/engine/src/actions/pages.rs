//! What a person hears while the call is not in its script, and where the script goes on.
//!
//! The fold decides, as everywhere: a page that is fetched late, or of an action that another has followed, sends the carrier
//! to the page where the call should be.

use super::redirecting::pending;
use crate::answering::{Turn, is_over, is_stray};
use crate::client_stream::talks_to_client;
use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::live::Handle;
use crate::webhook::{Line, VoiceFetch};
use std::sync::Arc;
use trunkline_carriers::callback::{CallbackState, Mint, Place};
use trunkline_carriers::voice::{Dial, Document, action, page};
use trunkline_core::call::{
    ActionBegun, Activity, Call, CarrierEnd, Event, Handover, News, Source, TransferOver, What,
};
use trunkline_core::campaign::standing;
use trunkline_core::id::{ActionNo, CarrierCallId, EventKey};
use trunkline_core::script::{Caller, Page, Script};

/// Where a call should be instead of in its script, if it should.
pub(crate) fn aside(call: &Call) -> Option<Place> {
    if let Some((_, place)) = pending(call) {
        return Some(place);
    }
    let (no, _) = call.standing_action()?;
    match call.activity() {
        Activity::OnHold => Some(Place::Hold(no)),
        Activity::Transferring => Some(Place::Transfer(no)),
        Activity::Talking => call.is_handed_over().then_some(Place::Transferred(no)),
    }
}

/// The action that a page is of.
pub(crate) fn action_of(place: Place) -> Option<ActionNo> {
    match place {
        Place::Hold(no) | Place::Resume(no) | Place::Transfer(no) | Place::Transferred(no) => Some(no),
        Place::Open(_)
        | Place::Hear(_)
        | Place::Consult(_)
        | Place::Consulted(_)
        | Place::AfterStream(_)
        | Place::Stream(_) => None,
    }
}

impl Inner {
    /// The page of an action.
    pub(crate) async fn speak_action(
        self: &Arc<Self>,
        handle: &Handle,
        token: &CallbackState,
        fetch: &VoiceFetch,
        no: ActionNo,
        (script, caller): (&Script, &Caller),
    ) -> Result<Document, IntakeError> {
        let id = handle.lock().call.id;
        let what = match token.place {
            Place::Transferred(_) => What::TransferOver(Box::new(TransferOver {
                on: token.on(),
                carrier_call_id: fetch.carrier_call_id.clone(),
                no,
                child: fetch.dial.as_ref().and_then(|dial| dial.carrier_call_id.clone()),
                end: fetch.dial.as_ref().and_then(|dial| end(&dial.news)),
            })),
            _ => What::ActionBegun(Box::new(ActionBegun {
                on: token.on(),
                carrier_call_id: fetch.carrier_call_id.clone(),
                no,
            })),
        };
        self.observe_on(handle, self.fetched(id, fetch.key.clone(), what)).await?;
        let now = self.clock.now();
        let (call, elsewhere) = {
            let mut live = handle.lock();
            live.heard_at = Some(now);
            let elsewhere = elsewhere(&live.call, token.place);
            (live.call.clone(), elsewhere)
        };
        let mint = self.mint(&call, token.on());
        let gone = fetch.line == Line::Closed || is_over(&call, token);
        if gone || is_stray(&call, token, &fetch.carrier_call_id) {
            return Ok(Document::hang_up());
        }
        if let Some(place) = elsewhere {
            return Ok(Document::redirect(mint.voice(place)));
        }
        match token.place {
            Place::Hold(_) => Ok(self.hold_page(&script.hold(), Place::Hold(no), &mint)),
            Place::Transfer(_) => Ok(self.transfer_page(&call, no, script, &mint)),
            Place::Transferred(_) if call.is_handed_over() => Ok(Document::hang_up()),
            Place::Resume(_) | Place::Transferred(_) if call.is_with_bot() => {
                let last = call.bot.as_ref().map_or(0, |talk| talk.last_stream());
                Ok(Document::redirect(mint.voice(Place::AfterStream(last))))
            }
            Place::Resume(_) | Place::Transferred(_) if talks_to_client(&call) => {
                Ok(Document::redirect(mint.voice(Place::START)))
            }
            Place::Resume(_)
            | Place::Transferred(_)
            | Place::Open(_)
            | Place::Hear(_)
            | Place::Consult(_)
            | Place::Consulted(_)
            | Place::AfterStream(_)
            | Place::Stream(_) => self.speak_on(handle, token, fetch, (script, caller)).await,
        }
    }

    /// The script's page for where the call stands.
    pub(crate) async fn speak_on(
        self: &Arc<Self>,
        handle: &Handle,
        token: &CallbackState,
        fetch: &VoiceFetch,
        (script, caller): (&Script, &Caller),
    ) -> Result<Document, IntakeError> {
        let call = handle.lock().call.clone();
        let next = standing(script, &call);
        let mut turn = Turn::going_on(script, caller, next);
        if matches!(token.place, Place::Transferred(_)) {
            turn.page = script.after_transfer(caller, next);
        }
        let turn = self.as_transcribed(turn);
        let said = VoiceFetch { key: format!("{}:says", fetch.key), ..fetch.clone() };
        self.observe_on(handle, self.spoke(call.id, token, &said, &turn)).await?;
        Ok(page::document(&turn.page, &self.mint(&call, token.on())))
    }

    fn transfer_page(&self, call: &Call, no: ActionNo, script: &Script, mint: &Mint<'_>) -> Document {
        let action = call.action(no);
        let is_new = action.is_some_and(|action| action.children.is_empty());
        match action.and_then(|action| action.transfer()).filter(|_| is_new) {
            // Suppressed a moment ago: nobody is dialed, and the person hears that nobody was reached.
            Some(to) if self.suppressed.contains(&call.tenant, &to.to) => {
                Document::redirect(mint.voice(Place::Transferred(no)))
            }
            Some(to) => action::transfer(&script.transfer(), to, call.limits.time_limit_secs, no, mint),
            // It is being dialed: a page that was fetched twice must not call twice.
            None => self.hold_page(&script.hold(), Place::Transfer(no), mint),
        }
    }

    /// The page of an action of a call that can't be reached: who waits, waits on; else nobody knows how to go on.
    pub(crate) fn action_by_token(&self, script: &Script, token: CallbackState) -> Document {
        match token.place {
            Place::Hold(_) => {
                let place = token.place;
                let mint = Mint::of(&self.config.urls, &self.config.secrets, token);
                self.hold_page(&script.hold(), place, &mint)
            }
            _ => page::closing(&Page::goodbye(&script.language)),
        }
    }

    /// What somebody hears who waits.
    pub(crate) fn hold_page(&self, words: &Page, again: Place, mint: &Mint<'_>) -> Document {
        action::hold(words, self.config.hold_music.as_ref(), again, mint)
    }

    fn fetched(&self, call: trunkline_core::id::CallId, key: String, what: What) -> Event {
        Event {
            call,
            key: EventKey::new(key),
            received_at: self.clock.now(),
            occurred_at: None,
            source: Source::Carrier,
            what,
        }
    }
}

/// Where the call should be, if not on the page that was fetched.
fn elsewhere(call: &Call, fetched: Place) -> Option<Place> {
    standing_place(call).filter(|wanted| *wanted != fetched)
}

/// The page of an action on which a call should be, if an action was ever begun.
pub(crate) fn standing_place(call: &Call) -> Option<Place> {
    Some(match aside(call) {
        Some(place) => place,
        // The script's turn: the last action is one that leads back to it.
        None => match call.standing_action()? {
            (no, action) if action.handover() == Handover::Failed && action.transfer().is_some() => {
                Place::Transferred(no)
            }
            (no, _) => Place::Resume(no),
        },
    })
}

/// Whom a call was being handed to when whoever did it was gone: how they were dialed, their leg, and whether the two talk.
pub(crate) fn dial_of(call: &Call, mint: &Mint<'_>) -> Option<(Dial, Option<CarrierCallId>, bool)> {
    let (no, action) = call.standing_action()?;
    let transfer = action.transfer()?;
    let talks = match action.handover() {
        Handover::Dialing => false,
        Handover::Talking => true,
        Handover::Done | Handover::Failed => return None,
    };
    let dial = action::dialed(transfer, call.limits.time_limit_secs, no, mint);
    let child = action.children.last().and_then(|leg| leg.carrier_call_id.clone());
    Some((dial, child, talks))
}

/// How the other leg ended, if the carrier's word for it is known.
fn end(news: &Result<News, String>) -> Option<CarrierEnd> {
    match news {
        Ok(News::Ended(end)) => Some(CarrierEnd::clone(end)),
        Ok(News::Accepted | News::Ringing | News::Answered) | Err(_) => None,
    }
}
