//! What each fact does to a hold, a resume or a transfer.

use super::Call;
use super::action::{Action, ActionKind, Asked, Consent, DialOver, NotDone};
use super::apply::{Applied, Binding, IsEnd};
use super::effect::Refused;
use super::event::{
    ActionBegun, ActionNews, Consulted, Event, Idempotency, News, OnLeg, TransferAsked, TransferOver,
};
use super::leg::{Certainty, Leg};
use crate::id::{ActionNo, CarrierCallId, LegNo};
use jiff::Timestamp;

impl Call {
    fn action_mut(&mut self, no: ActionNo) -> &mut Action {
        self.actions.entry(no).or_default()
    }

    pub(super) fn asked(
        &mut self,
        no: ActionNo,
        kind: ActionKind,
        idempotency: Option<&Idempotency>,
        at: Timestamp,
    ) -> Applied {
        let action = self.action_mut(no);
        if action.asked.is_some() {
            return Err(Refused::Same);
        }
        action.asked = Some(Asked { at, kind, idempotency: idempotency.cloned() });
        Ok(Vec::new())
    }

    /// A call that is handed on from its first page: the carrier gets to know it with the answer to its own fetch.
    pub(super) fn forwarded(&mut self, asked: &TransferAsked, at: Timestamp) -> Applied {
        let wish = ActionKind::Transfer(Box::new(asked.transfer.clone()));
        self.asked(asked.no, wish, asked.idempotency.as_ref(), at)?;
        earliest(&mut self.action_mut(asked.no).begun_at, at);
        Ok(Vec::new())
    }

    pub(super) fn action_begun(&mut self, begun: &ActionBegun, event: &Event) -> Applied {
        if let Some(stray) = self.fetched(begun.on, &begun.carrier_call_id, event)? {
            return stray;
        }
        let begun_at = &mut self.action_mut(begun.no).begun_at;
        let known = begun_at.is_some();
        earliest(begun_at, event.at());
        if known { Err(Refused::Same) } else { Ok(Vec::new()) }
    }

    /// Kept in any state, so that it does not matter whether the refusal or a sign of the action came first.
    pub(super) fn action_refused(&mut self, no: ActionNo, why: &str, at: Timestamp) -> Applied {
        let state = self.state();
        let action = self.action_mut(no);
        let new = NotDone { at, why: why.to_owned() };
        let known = action.refused.take();
        let is_known = known.is_some();
        action.refused = Some(match known {
            Some(known) if (known.at, &known.why) <= (new.at, &new.why) => known,
            Some(_) | None => new,
        });
        match (is_known, action.is_begun()) {
            (true, _) => Err(Refused::Same),
            (false, true) => Err(Refused::Late { state }),
            (false, false) => Ok(Vec::new()),
        }
    }

    /// News of a leg that the carrier dialed for a transfer. They say nothing of the call's own leg.
    pub(super) fn action_news(&mut self, told: &ActionNews, event: &Event) -> Applied {
        let (at, account) = (event.at(), self.account.clone());
        let action = self.action_mut(told.no);
        let before = action.children.clone();
        let leg = child(action, &told.carrier_call_id, account, at);
        leg.news(event.received_at);
        match &told.news {
            News::Accepted => {}
            News::Ringing => leg.ringing(at),
            News::Answered => leg.answered(at, Certainty::Observed),
            News::Ended(end) => drop(leg.carrier_end(at, end)),
        }
        if action.children.iter().map(seen).eq(before.iter().map(seen)) {
            Err(Refused::Same)
        } else {
            Ok(Vec::new())
        }
    }

    /// Somebody who was asked said whether they take the call. Nobody says so who has not answered.
    pub(super) fn consulted(&mut self, consulted: &Consulted, event: &Event) -> Applied {
        let (at, account) = (event.at(), self.account.clone());
        let action = self.action_mut(consulted.no);
        let leg = child(action, &consulted.carrier_call_id, account, at);
        leg.news(event.received_at);
        leg.answered(at, Certainty::Implied);
        let said = match consulted.said {
            Consent::Takes => &mut action.taken_at,
            Consent::Declines => &mut action.declined_at,
        };
        let known = said.is_some();
        earliest(said, at);
        if known { Err(Refused::Same) } else { Ok(Vec::new()) }
    }

    /// The carrier is done dialing: it fetches, on the call's own leg, what comes after.
    pub(super) fn transfer_over(&mut self, over: &TransferOver, event: &Event) -> Applied {
        if let Some(stray) = self.fetched(over.on, &over.carrier_call_id, event)? {
            return stray;
        }
        let (at, account) = (event.at(), self.account.clone());
        let action = self.action_mut(over.no);
        if let (Some(id), Some(end)) = (&over.child, &over.end) {
            let leg = child(action, id, account, at);
            leg.news(event.received_at);
            leg.carrier_end(at, end);
        }
        let new = DialOver { at, word: over.end.as_ref().map(|end| end.word) };
        let known = action.over;
        action.over = Some(match known {
            Some(known) if (known.at, known.word) <= (new.at, new.word) => known,
            Some(_) | None => new,
        });
        if known.is_some() { Err(Refused::Same) } else { Ok(Vec::new()) }
    }

    /// A page was fetched, which the carrier does only for a leg that is answered. Whatever comes of it, if another call of
    /// the carrier's fetched it.
    fn fetched(&mut self, on: OnLeg, id: &CarrierCallId, event: &Event) -> Result<Option<Applied>, Refused> {
        let leg = match self.bound(on, id, event.at(), IsEnd::No)? {
            Binding::Own(leg) | Binding::New(leg) => leg,
            Binding::Stray => return Ok(Some(self.stray(on, id))),
        };
        leg.news(event.received_at);
        leg.answered(event.at(), Certainty::Implied);
        Ok(None)
    }
}

/// The leg with this id among those that were dialed for an action.
fn child<'a>(
    action: &'a mut Action,
    id: &CarrierCallId,
    account: crate::id::AccountId,
    at: Timestamp,
) -> &'a mut Leg {
    let known = action.children.binary_search_by(|leg| leg.carrier_call_id.as_ref().cmp(&Some(id)));
    let place = known.unwrap_or_else(|place| {
        let mut leg = Leg::new(LegNo::FIRST, account, at, None);
        leg.bind(id, at);
        action.children.insert(place, leg);
        place
    });
    let leg = &mut action.children[place];
    leg.queued_at = leg.queued_at.min(at);
    leg.accepted(at);
    leg
}

/// What of a leg a user can see.
fn seen(leg: &Leg) -> impl PartialEq + use<> {
    (leg.accepted_at, leg.ringing_at, leg.answered, leg.end.clone())
}

fn earliest(standing: &mut Option<Timestamp>, at: Timestamp) {
    *standing = Some(standing.map_or(at, |earlier| earlier.min(at)));
}
