//! What each fact does to a call.

use super::action::ActionKind;
use super::disposition::{Cause, Gate};
use super::effect::{Effect, Owed, Refused};
use super::event::{Arrival, Event, Metadata, News, OnLeg, Progress, Refusal, Request, What};
use super::evidence::Reported;
use super::failover::FailOver;
use super::leg::{Certainty, EndSource, Ending, Leg};
use super::state::State;
use super::talk::Talk;
use super::{Call, Price, Stray};
use crate::id::{CarrierCallId, LegNo, NodeId};
use crate::queue::Claim;
use jiff::Timestamp;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What an event does: the effects to perform once it is durable, or why it changed nothing.
pub type Applied = Result<Vec<Effect>, Refused>;

impl Call {
    /// The call that begins with this event; `None` if calls don't begin with it.
    pub fn begin(event: &Event) -> Option<(Self, Vec<Effect>)> {
        let mut call = match &event.what {
            What::Requested(request) => Self::requested(event, request),
            What::Arrived(arrival) => Self::arrived(event, arrival),
            What::Registered(registration) => Self::registered(event, registration),
            What::AppCalled(asked) => Self::app_called(event, asked),
            _ => return None,
        };
        call.updated_at = event.received_at;
        let mut effects = vec![Effect::Announce(call.status())];
        // Who is busy is not rung: such a call is over as it begins.
        effects.extend(call.is_over().then_some(Effect::Released));
        Some((call, effects))
    }

    fn requested(event: &Event, request: &Request) -> Self {
        let leg = Leg::new(LegNo::FIRST, request.account.clone(), event.received_at, request.not_before);
        Self {
            id: event.call,
            tenant: request.tenant.clone(),
            direction: super::Direction::Outbound,
            account: request.account.clone(),
            party: request.party.clone(),
            script: Some(request.script.clone()),
            route: None,
            attestation: None,
            limits: request.limits,
            session: request.session.clone(),
            idempotency: request.idempotency.clone(),
            job: request.job.clone(),
            registered: None,
            app: None,
            bot: request.bot.clone().map(|bot| Box::new(Talk::of(bot))),
            created_at: event.received_at,
            updated_at: event.received_at,
            legs: vec![leg],
            strays: BTreeMap::new(),
            stray_accounts: BTreeMap::new(),
            turns: BTreeMap::new(),
            actions: BTreeMap::new(),
            price: None,
        }
    }

    fn arrived(event: &Event, arrival: &Arrival) -> Self {
        let mut leg = Leg::new(LegNo::FIRST, arrival.account.clone(), event.received_at, None);
        leg.dial_started_at = Some(event.received_at);
        leg.post_begun_at = Some(event.received_at);
        leg.bind(&arrival.carrier_call_id, event.at());
        if arrival.direction == super::Direction::Inbound {
            leg.ringing(event.at());
        }
        leg.news(event.received_at);
        Self {
            id: event.call,
            tenant: arrival.tenant.clone(),
            direction: arrival.direction,
            account: arrival.account.clone(),
            party: arrival.party.clone(),
            script: arrival.script.clone(),
            route: arrival.route,
            attestation: arrival.attestation.filter(|_| arrival.direction == super::Direction::Inbound),
            limits: arrival.limits,
            session: None,
            idempotency: None,
            job: None,
            registered: None,
            app: None,
            bot: arrival.bot.clone().map(|bot| Box::new(Talk::of(bot))),
            created_at: event.received_at,
            updated_at: event.received_at,
            legs: vec![leg],
            strays: BTreeMap::new(),
            stray_accounts: BTreeMap::new(),
            turns: BTreeMap::new(),
            actions: BTreeMap::new(),
            price: None,
        }
    }

    /// Merges one fact. Applying it twice equals once; any order of the facts that one call can truly have gives the
    /// same call.
    pub fn apply(&mut self, event: &Event) -> Applied {
        let before = self.status();
        let owed_before = self.owed();
        let merged = self.merge(event);
        self.updated_at = self.updated_at.max(event.received_at);
        let (mut effects, refused) = match merged {
            Ok(effects) => (effects, None),
            Err(refused) => (Vec::new(), Some(refused)),
        };
        effects.extend(self.owed().into_iter().filter(|owed| !owed_before.contains(owed)).map(Effect::Owed));
        let after = self.status();
        if after != before {
            effects.push(Effect::Announce(after));
            if after.is_over() && !before.is_over() {
                effects.push(Effect::Released);
            }
        }
        match refused {
            // A late fact may still tell how the call ended, such as that it had rung.
            Some(refused) if effects.is_empty() => Err(refused),
            _ => Ok(effects),
        }
    }

    fn merge(&mut self, event: &Event) -> Applied {
        if self.registered.is_some() {
            return self.merge_registered(event);
        }
        if self.app.is_some() {
            return self.merge_app(event);
        }
        match &event.what {
            What::Requested(_) | What::Arrived(_) => Err(Refused::Same),
            What::Registered(_) | What::StatusReported(_) | What::Unregistered => Err(Refused::NotRegistered),
            What::AppCalled(_) | What::App(_) => Err(Refused::NotApp),
            What::DialStarted(on) => self.dial_started(*on, event.received_at),
            What::PostBegun(on) => self.post_begun(*on, event.received_at),
            What::PostUnclear { on, .. } => self.unclear(*on, event.received_at),
            What::PostRefused { on, refusal } => self.post_refused(*on, refusal, event.received_at),
            What::Requeued { leg, not_before, over } => {
                self.requeued(*leg, *not_before, over.as_deref(), event.received_at)
            }
            What::Progress(progress) => self.progress(progress, event),
            What::ListedNothing(on) => self.listed_nothing(*on, event.received_at),
            What::RuledNotPlaced(on) => self.ruled(*on, event.received_at),
            What::CarrierSilent(on) => self.silent(*on, event.received_at),
            What::GaveUp(on) => self.gave_up(*on, event.received_at),
            What::Expired(on) => self.close_queued(on.leg, Cause::Expired, event.received_at),
            What::Gated { gate } => self.gated(*gate, event.received_at),
            What::HangUpAsked { reason } => self.hang_up_asked(*reason, event.received_at),
            What::StrayHungUp { carrier_call_id } => self.stray_gone(carrier_call_id),
            What::TakenOver { by, on, since } => self.taken_over(by, *on, since.unwrap_or(event.received_at)),
            What::Spoke(spoke) => self.spoke(spoke, event),
            What::HoldAsked(asked) => {
                self.asked(asked.no, ActionKind::Hold, asked.idempotency.as_ref(), event.received_at)
            }
            What::ResumeAsked(asked) => {
                self.asked(asked.no, ActionKind::Resume, asked.idempotency.as_ref(), event.received_at)
            }
            What::TransferAsked(asked) => {
                let wish = ActionKind::Transfer(Box::new(asked.transfer.clone()));
                self.asked(asked.no, wish, asked.idempotency.as_ref(), event.received_at)
            }
            What::Forwarded(asked) => self.forwarded(asked, event.received_at),
            What::ActionBegun(begun) => self.action_begun(begun, event),
            What::ActionRefused { no, why } => self.action_refused(*no, why, event.received_at),
            What::ActionNews(told) => self.action_news(told, event),
            What::Consulted(consulted) => self.consulted(consulted, event),
            What::TransferOver(over) => self.transfer_over(over, event),
            What::Recording(news) => self.recording(news),
            What::Transcribed { step, text } => self.transcribed(*step, text),
            What::Transcription(news) => self.transcription(news, event.received_at),
            What::AnsweredBy { on, verdict } => self.taken_by(*on, *verdict),
            What::Priced { price, unit, leg } => self.priced(price, unit, leg.as_ref()),
            What::Bot(told) => self.bot_told(told, event),
            What::MetadataMerged { patch } => self.metadata_merged(patch.reveal()),
            What::UnknownWord { .. } => Err(Refused::UnknownWord),
        }
    }

    /// The named leg, if it is there and the fence is its own.
    fn on(&mut self, on: OnLeg) -> Result<&mut Leg, Refused> {
        let leg = self.leg_mut(on.leg).ok_or(Refused::NoSuchLeg { leg: on.leg })?;
        if leg.fence != on.fence {
            return Err(Refused::OldFence);
        }
        Ok(leg)
    }

    fn dial_started(&mut self, on: OnLeg, at: Timestamp) -> Applied {
        let leg = self.on(on)?;
        match leg.state() {
            State::Queued => {
                leg.dial_started_at = Some(at);
                Ok(Vec::new())
            }
            State::Dialing => Err(Refused::Same),
            state => Err(Refused::Late { state }),
        }
    }

    fn post_begun(&mut self, on: OnLeg, at: Timestamp) -> Applied {
        let leg = self.on(on)?;
        if let Some(known) = leg.post_begun_at {
            leg.post_begun_at = Some(known.min(at));
            return Err(Refused::Same);
        }
        match leg.state() {
            State::Queued => Err(Refused::Illegal { state: State::Queued }),
            // The carrier may be faster than our own record of having asked it.
            _ => {
                leg.post_begun_at = Some(at);
                Ok(Vec::new())
            }
        }
    }

    fn unclear(&mut self, on: OnLeg, at: Timestamp) -> Applied {
        let leg = self.on(on)?;
        let state = leg.state();
        if state == State::Queued {
            return Err(Refused::Illegal { state });
        }
        let known = leg.unclear_at.is_some();
        leg.unclear_at = Some(leg.unclear_at.map_or(at, |earlier| earlier.min(at)));
        match state {
            State::Dialing if !known => Ok(Vec::new()),
            State::Dialing => Err(Refused::Same),
            state => Err(Refused::Late { state }),
        }
    }

    fn post_refused(&mut self, on: OnLeg, refusal: &Refusal, at: Timestamp) -> Applied {
        let leg = self.on(on)?;
        match leg.state() {
            State::Dialing => {
                leg.refused(at, refusal);
                Ok(Vec::new())
            }
            state @ State::Queued => Err(Refused::Illegal { state }),
            state => Err(Refused::Late { state }),
        }
    }

    fn requeued(
        &mut self,
        no: LegNo,
        not_before: Timestamp,
        over: Option<&FailOver>,
        at: Timestamp,
    ) -> Applied {
        if self.leg_mut(no).is_some() {
            return Err(Refused::Same);
        }
        let last = self.leg();
        let state = last.state();
        // Only where it is certain that no call was made, and nobody has withdrawn it: else this would call twice.
        let may_go_again = match over {
            None => {
                matches!(last.cause(), Some(Cause::Refused(_) | Cause::NotPlaced)) && last.hang_up.is_none()
            }
            Some(over) => self.may_fail_over() == Some(over.why) && !self.was_asked(&over.account),
        };
        if !may_go_again || last.no.next() != no {
            return Err(Refused::Illegal { state });
        }
        let queued_at = self.legs.first().map_or(at, |first| first.queued_at);
        let mut leg = Leg::new(no, last.account.clone(), queued_at, Some(not_before));
        match over {
            None => leg.from.clone_from(&last.from),
            Some(over) => {
                leg.account.clone_from(&over.account);
                leg.from = Some(over.from.clone());
                leg.instead_for = Some(over.why);
                self.account.clone_from(&over.account);
            }
        }
        self.legs.push(leg);
        Ok(Vec::new())
    }

    /// Binds the carrier's id to the leg it names, or finds a stray.
    ///
    /// A leg that ended without ever being accepted takes a late id only if it ended by the ruling and no later attempt
    /// exists; any other id is a call nobody owns, and is hung up.
    pub(super) fn bound(
        &mut self,
        on: OnLeg,
        id: &CarrierCallId,
        at: Timestamp,
        is_end: IsEnd,
    ) -> Result<Binding<'_>, Refused> {
        let has_later = self.legs.last().is_some_and(|last| last.no > on.leg);
        let known_stray = self.strays.contains_key(id);
        let leg = self.leg_mut(on.leg).ok_or(Refused::NoSuchLeg { leg: on.leg })?;
        if leg.carrier_call_id.as_ref() == Some(id) {
            leg.accepted(at);
            return Ok(Binding::Own(leg));
        }
        match on.fence.cmp(&leg.fence) {
            // A call that an earlier owner made after it had lost the attempt: it must not live on.
            Ordering::Less => return Ok(Binding::Stray),
            Ordering::Greater => return Err(Refused::OldFence),
            Ordering::Equal => {}
        }
        let open = match &leg.end {
            None => leg.ruled_at.is_none() || !has_later,
            // Given up before it was ever accepted: too late to have the call, not to learn how it ended.
            Some(end) => end.source == EndSource::Inferred && is_end == IsEnd::Yes,
        };
        if open && leg.carrier_call_id.is_none() && !known_stray {
            let state = leg.state();
            if state == State::Queued {
                return Err(Refused::Illegal { state });
            }
            leg.bind(id, at);
            return Ok(Binding::New(leg));
        }
        Ok(Binding::Stray)
    }

    fn progress(&mut self, progress: &Progress, event: &Event) -> Applied {
        let at = event.at();
        let is_end = if matches!(progress.news, News::Ended(_)) { IsEnd::Yes } else { IsEnd::No };
        let known = self.leg_no(progress.on.leg).map(Seen::of);
        let (leg, is_new) = match self.bound(progress.on, &progress.carrier_call_id, at, is_end)? {
            Binding::Own(leg) => (leg, false),
            Binding::New(leg) => (leg, true),
            Binding::Stray if is_end == IsEnd::Yes => {
                self.stray_is_at(progress.on, &progress.carrier_call_id);
                return self.stray_gone(&progress.carrier_call_id);
            }
            Binding::Stray => return self.stray(progress.on, &progress.carrier_call_id),
        };
        let before = leg.state();
        let was_answered = leg.answered.is_some();
        leg.news(event.received_at);
        match &progress.news {
            News::Accepted => {}
            News::Ringing => leg.ringing(at),
            News::Answered => leg.answered(at, Certainty::Observed),
            News::Ended(end) => {
                return match leg.carrier_end(at, end) {
                    Ending::First => Ok(Vec::new()),
                    Ending::Again if Some(Seen::of(leg)) == known => Err(Refused::Same),
                    Ending::Again => Ok(Vec::new()),
                    Ending::Conflict => Err(Refused::Conflict),
                };
            }
        }
        match leg.state() {
            _ if is_new => Ok(Vec::new()),
            after if after > before => Ok(Vec::new()),
            _ if Some(Seen::of(leg)) == known => Err(Refused::Same),
            _ if !was_answered => match leg.hang_up_again() {
                Some(again) => Ok(vec![again]),
                None => Err(Refused::Late { state: before }),
            },
            state => Err(Refused::Late { state }),
        }
    }

    pub(super) fn stray(&mut self, on: OnLeg, id: &CarrierCallId) -> Applied {
        if self.strays.contains_key(id) {
            return Err(Refused::Same);
        }
        self.stray_is_at(on, id);
        self.strays.insert(id.clone(), Stray::Found);
        Ok(Vec::new())
    }

    /// It is where the attempt was made that it came of: the call may have gone over to another account since.
    fn stray_is_at(&mut self, on: OnLeg, id: &CarrierCallId) {
        if let Some(account) = self.leg_no(on.leg).map(|leg| leg.account.clone()) {
            // In whatever order it is heard.
            let known = self.stray_accounts.entry(id.clone()).or_insert_with(|| account.clone());
            if account < *known {
                *known = account;
            }
        }
    }

    fn stray_gone(&mut self, id: &CarrierCallId) -> Applied {
        match self.strays.insert(id.clone(), Stray::Gone) {
            Some(Stray::Gone) => Err(Refused::Same),
            Some(Stray::Found) | None => Ok(Vec::new()),
        }
    }

    fn listed_nothing(&mut self, on: OnLeg, at: Timestamp) -> Applied {
        let leg = self.on(on)?;
        let state = leg.state();
        if leg.empty_listings.contains(&at) {
            return Err(Refused::Same);
        }
        leg.news(at);
        leg.empty_listings.push(at);
        leg.empty_listings.sort();
        match state {
            State::Queued => Err(Refused::Illegal { state }),
            State::Dialing => Ok(Vec::new()),
            _ => Err(Refused::Late { state }),
        }
    }

    /// Kept in any state, so that it does not matter whether the ruling or a sign of the call came first; it has
    /// effect on an unclear attempt only.
    fn ruled(&mut self, on: OnLeg, at: Timestamp) -> Applied {
        let leg = self.on(on)?;
        let state = leg.state();
        let known = leg.ruled_at.is_some();
        leg.ruled_at = Some(leg.ruled_at.map_or(at, |earlier| earlier.min(at)));
        match state {
            _ if known => Err(Refused::Same),
            State::Dialing if leg.is_ruled_not_placed() => Ok(Vec::new()),
            State::Queued | State::Dialing => Err(Refused::Illegal { state }),
            _ => Err(Refused::Late { state }),
        }
    }

    fn silent(&mut self, on: OnLeg, at: Timestamp) -> Applied {
        let leg = self.on(on)?;
        let state = leg.state();
        let is_news = leg.silent(at);
        match state {
            State::Queued => Err(Refused::Illegal { state }),
            State::Ended => Err(Refused::Late { state }),
            _ if is_news => Ok(Vec::new()),
            _ => Err(Refused::Same),
        }
    }

    pub(super) fn gave_up(&mut self, on: OnLeg, at: Timestamp) -> Applied {
        let leg = self.on(on)?;
        match leg.state() {
            state @ State::Queued => Err(Refused::Illegal { state }),
            state @ State::Ended => Err(Refused::Late { state }),
            _ => {
                leg.close(at, Cause::Unknown, EndSource::Inferred, Reported::default());
                Ok(Vec::new())
            }
        }
    }

    fn close_queued(&mut self, no: LegNo, cause: Cause, at: Timestamp) -> Applied {
        let leg = self.leg_mut(no).ok_or(Refused::NoSuchLeg { leg: no })?;
        match leg.state() {
            State::Queued => {
                leg.close(at, cause, EndSource::Observed, Reported::default());
                Ok(Vec::new())
            }
            state => Err(Refused::Late { state }),
        }
    }

    /// A gate closes a call of which nothing was sent, or an inbound call that found no room (which the carrier then
    /// ends).
    fn gated(&mut self, gate: Gate, at: Timestamp) -> Applied {
        let is_inbound = self.direction == super::Direction::Inbound;
        let leg = self.current_mut();
        match leg.state() {
            State::Ringing if is_inbound => {}
            _ if leg.is_unsent() => {}
            state => return Err(Refused::Late { state }),
        }
        leg.close(at, Cause::Gated(gate), EndSource::Observed, Reported::default());
        Ok(Vec::new())
    }

    fn hang_up_asked(&mut self, reason: super::HangUpReason, at: Timestamp) -> Applied {
        let leg = self.current_mut();
        let known = leg.hang_up.is_some();
        let state = leg.state();
        // Kept in any state, so that the evidence does not depend on what came first.
        leg.hang_up(at, reason);
        if leg.is_unsent() {
            // The guard will withhold the request, and the call is over by our own word.
            leg.close(at, Cause::Withdrawn, EndSource::Observed, Reported::default());
            return Ok(Vec::new());
        }
        match state {
            State::Ended if leg.is_ruled_not_placed() && !known => Err(Refused::Late { state }),
            State::Ended => Err(Refused::Same),
            _ if known => Err(Refused::Same),
            _ => Ok(Vec::new()),
        }
    }

    /// The new owner never sends the request: only the old one's journal could prove that nothing was sent. The settle time
    /// begins now, since the old owner may have sent it until a moment ago.
    pub(super) fn taken_over(&mut self, by: &NodeId, on: Option<Claim>, at: Timestamp) -> Applied {
        if let (Some(of), Some(on)) = (&mut self.job, on) {
            if on.fence < of.on.fence {
                return Err(Refused::OldFence);
            }
            (of.node, of.on) = (by.clone(), on);
        }
        if !self.has_carrier() {
            return Ok(Vec::new());
        }
        let leg = self.current_mut();
        let earliest = |known: Option<Timestamp>| Some(known.map_or(at, |known| known.min(at)));
        // As early as it can have been, so that a listing does not show a call from before its intent. In any state, so that
        // it does not matter what of the old owner's journal turns up late.
        leg.taken_over = true;
        leg.dial_started_at = Some(leg.queued_at);
        leg.post_begun_at = earliest(leg.post_begun_at);
        leg.unclear_at = earliest(leg.unclear_at);
        Ok(Vec::new())
    }

    fn taken_by(&mut self, on: OnLeg, verdict: super::AnsweredBy) -> Applied {
        let leg = self.on(on)?;
        let refined = leg.answered_by.map_or(verdict, |standing| standing.refined(verdict));
        if leg.answered_by == Some(refined) {
            return Err(Refused::Same);
        }
        leg.answered_by = Some(refined);
        Ok(Vec::new())
    }

    pub(super) fn metadata_merged(&mut self, patch: &Metadata) -> Applied {
        let metadata = self.party.metadata.reveal_mut();
        let before = metadata.clone();
        metadata.extend(patch.clone());
        metadata.retain(|_, value| !value.is_null());
        if *metadata == before { Err(Refused::Same) } else { Ok(Vec::new()) }
    }

    fn priced(&mut self, price: &str, unit: &str, of: Option<&CarrierCallId>) -> Applied {
        let known = match of {
            None => &mut self.price,
            Some(id) => {
                let mut children = self.actions.values_mut().flat_map(|action| &mut action.children);
                match children.find(|leg| leg.carrier_call_id.as_ref() == Some(id)) {
                    Some(leg) => &mut leg.price,
                    None => return Err(Refused::NoSuchLeg { leg: self.leg().no.next() }),
                }
            }
        };
        let new = Some(Price { amount: price.to_owned(), unit: unit.to_owned() });
        if *known == new {
            return Err(Refused::Same);
        }
        *known = new;
        Ok(Vec::new())
    }

    /// The commands that the state owes: done once when they arise, and again at recovery.
    pub fn owed(&self) -> Vec<Owed> {
        let mut owed = Vec::new();
        if !self.has_carrier() {
            return owed;
        }
        for leg in &self.legs {
            match leg.state() {
                State::Dialing if leg.unclear_at.is_some() => owed.push(Owed::Reconcile(leg.no)),
                State::Dialing if leg.post_begun_at.is_none() => owed.push(Owed::Post(leg.no)),
                State::Ending => {
                    if let Some(id) = &leg.carrier_call_id {
                        owed.push(Owed::HangUp(leg.no, id.clone()));
                    }
                }
                State::Answered if leg.no == self.leg().no => {
                    owed.extend(self.pending_action().map(|(no, _)| Owed::Act(leg.no, no)));
                }
                _ => {}
            }
        }
        owed.extend(
            self.strays
                .iter()
                .filter(|(_, stray)| **stray == Stray::Found)
                .map(|(id, _)| Owed::HangUpStray(id.clone())),
        );
        owed
    }
}

/// To whom a carrier's id belongs.
pub(super) enum Binding<'a> {
    /// The leg bore it already.
    Own(&'a mut Leg),
    /// The leg bears it from now on.
    New(&'a mut Leg),
    /// Nobody: hang it up.
    Stray,
}

/// Whether the news that names a carrier's id says that its call is over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IsEnd {
    Yes,
    No,
}

/// The facts of a leg that a user can see, to tell "known already" from "late, but it filled a gap".
#[derive(PartialEq)]
pub(super) struct Seen {
    accepted: Option<Timestamp>,
    ringing: Option<Timestamp>,
    answered: Option<super::Stamp>,
    goodbye: Option<Timestamp>,
    end: Option<super::End>,
}

impl Seen {
    pub(super) fn of(leg: &Leg) -> Self {
        Self {
            accepted: leg.accepted_at,
            ringing: leg.ringing_at,
            answered: leg.answered,
            goodbye: leg.goodbye_at,
            end: leg.end.clone(),
        }
    }
}
