//! What each fact does to a call.

use super::disposition::Cause;
use super::effect::{Effect, Owed, Refused};
use super::event::{
    Arrival, Event, News, OnLeg, Progress, RecordingNews, Refusal, Request, Says, Spoke, What,
};
use super::evidence::Reported;
use super::leg::{Certainty, EndSource, Ending, Leg};
use super::state::State;
use super::turn::Turn;
use super::{Call, Price, Stray};
use crate::id::{CarrierCallId, LegNo};
use crate::private::Private;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What an event does: the effects to perform once it is durable, or why it changed nothing.
pub type Applied = Result<Vec<Effect>, Refused>;

impl Call {
    /// The call that begins with this event; `None` if calls don't begin with it.
    pub fn begin(event: &Event) -> Option<(Self, Vec<Effect>)> {
        let mut call = match &event.what {
            What::Requested(request) => Self::requested(event, request),
            What::Arrived(arrival) => Self::arrived(event, arrival),
            _ => return None,
        };
        call.updated_at = event.received_at;
        let effects = vec![Effect::Announce(call.status())];
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
            limits: request.limits,
            session: request.session.clone(),
            idempotency: request.idempotency.clone(),
            created_at: event.received_at,
            updated_at: event.received_at,
            legs: vec![leg],
            strays: BTreeMap::new(),
            turns: BTreeMap::new(),
            price: None,
        }
    }

    fn arrived(event: &Event, arrival: &Arrival) -> Self {
        let mut leg = Leg::new(LegNo::FIRST, arrival.account.clone(), event.received_at, None);
        leg.dial_started_at = Some(event.received_at);
        leg.post_begun_at = Some(event.received_at);
        leg.bind(&arrival.carrier_call_id, event.at());
        leg.ringing(event.at());
        leg.news(event.received_at);
        Self {
            id: event.call,
            tenant: arrival.tenant.clone(),
            direction: arrival.direction,
            account: arrival.account.clone(),
            party: arrival.party.clone(),
            script: arrival.script.clone(),
            limits: arrival.limits,
            session: None,
            idempotency: None,
            created_at: event.received_at,
            updated_at: event.received_at,
            legs: vec![leg],
            strays: BTreeMap::new(),
            turns: BTreeMap::new(),
            price: None,
        }
    }

    /// Merges one fact. Applying it twice equals once; any order of the facts that one call can truly have gives the
    /// same call.
    pub fn apply(&mut self, event: &Event) -> Applied {
        let before = self.status();
        let owed_before = self.owed();
        let mut effects = self.merge(event)?;
        self.updated_at = self.updated_at.max(event.received_at);
        effects.extend(self.owed().into_iter().filter(|owed| !owed_before.contains(owed)).map(Effect::Owed));
        let after = self.status();
        if after != before {
            effects.push(Effect::Announce(after));
            if after.is_over() && !before.is_over() {
                effects.push(Effect::Released);
            }
        }
        Ok(effects)
    }

    fn merge(&mut self, event: &Event) -> Applied {
        match &event.what {
            What::Requested(_) | What::Arrived(_) => Err(Refused::Same),
            What::DialStarted(on) => self.dial_started(*on, event.received_at),
            What::PostBegun(on) => self.post_begun(*on, event.received_at),
            What::PostUnclear { on, .. } => self.unclear(*on, event.received_at),
            What::PostRefused { on, refusal } => self.post_refused(*on, refusal, event.received_at),
            What::Requeued { leg, not_before } => self.requeued(*leg, *not_before, event.received_at),
            What::Progress(progress) => self.progress(progress, event),
            What::ListedNothing(on) => self.listed_nothing(*on, event.received_at),
            What::RuledNotPlaced(on) => self.ruled(*on, event.received_at),
            What::CarrierSilent(on) => self.silent(*on, event.received_at),
            What::GaveUp(on) => self.gave_up(*on, event.received_at),
            What::Expired(on) => self.close_queued(on.leg, Cause::Expired, event.received_at),
            What::Gated { gate } => {
                let leg = self.leg().no;
                self.close_gated(leg, Cause::Gated(*gate), event.received_at)
            }
            What::HangUpAsked { reason } => self.hang_up_asked(*reason, event.received_at),
            What::StrayHungUp { carrier_call_id } => self.stray_gone(carrier_call_id),
            What::Spoke(spoke) => self.spoke(spoke, event),
            What::Recording(news) => self.recording(news),
            What::Transcribed { step, text } => self.transcribed(*step, text),
            What::AnsweredBy { on, verdict } => self.taken_by(*on, *verdict),
            What::Priced { price, unit } => self.priced(price, unit),
            What::MetadataMerged { patch } => {
                let metadata = self.party.metadata.reveal_mut();
                for (key, value) in patch.reveal() {
                    if value.is_null() {
                        metadata.remove(key);
                    } else {
                        metadata.insert(key.clone(), value.clone());
                    }
                }
                Ok(Vec::new())
            }
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
        if leg.post_begun_at.is_some() {
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
            state => Err(Refused::Late { state }),
        }
    }

    fn requeued(&mut self, no: LegNo, not_before: Timestamp, at: Timestamp) -> Applied {
        if self.leg_mut(no).is_some() {
            return Err(Refused::Same);
        }
        let last = self.leg();
        let state = last.state();
        if state != State::Ended || last.no.next() != no {
            return Err(Refused::Illegal { state });
        }
        let account = last.account.clone();
        let queued_at = self.legs.first().map_or(at, |first| first.queued_at);
        self.legs.push(Leg::new(no, account, queued_at, Some(not_before)));
        Ok(Vec::new())
    }

    /// Binds the carrier's id to the leg it names, or finds a stray.
    ///
    /// A leg that ended without ever being accepted takes a late id only if it ended by the ruling and no later attempt
    /// exists; any other id is a call nobody owns, and is hung up.
    fn bound(&mut self, on: OnLeg, id: &CarrierCallId, at: Timestamp) -> Result<Binding<'_>, Refused> {
        let has_later = self.legs.last().is_some_and(|last| last.no > on.leg);
        let known_stray = self.strays.contains_key(id);
        let leg = self.on(on)?;
        if leg.carrier_call_id.as_ref() == Some(id) {
            return Ok(Binding::Own(leg));
        }
        let free =
            leg.carrier_call_id.is_none() && leg.end.is_none() && (leg.ruled_at.is_none() || !has_later);
        if free && !known_stray {
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
        let is_end = matches!(progress.news, News::Ended(_));
        let (leg, is_new) = match self.bound(progress.on, &progress.carrier_call_id, at)? {
            Binding::Own(leg) => (leg, false),
            Binding::New(leg) => (leg, true),
            Binding::Stray if is_end => return self.stray_gone(&progress.carrier_call_id),
            Binding::Stray => return self.stray(&progress.carrier_call_id),
        };
        let before = leg.state();
        leg.news(event.received_at);
        let seen = Seen::of(leg);
        match &progress.news {
            News::Accepted => leg.accepted(at),
            News::Ringing => leg.ringing(at),
            News::Answered => leg.answered(at, Certainty::Observed),
            News::Ended(end) => {
                return match leg.carrier_end(at, end) {
                    Ending::First | Ending::Corrected => Ok(Vec::new()),
                    Ending::Same if Seen::of(leg) == seen => Err(Refused::Same),
                    Ending::Same => Ok(Vec::new()),
                    Ending::Conflict => Err(Refused::Conflict),
                };
            }
        }
        match leg.state() {
            after if after > before || is_new => Ok(Vec::new()),
            _ if Seen::of(leg) == seen => Err(Refused::Same),
            state => Err(Refused::Late { state }),
        }
    }

    fn stray(&mut self, id: &CarrierCallId) -> Applied {
        if self.strays.contains_key(id) {
            return Err(Refused::Same);
        }
        self.strays.insert(id.clone(), Stray::Found);
        Ok(Vec::new())
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
        if state == State::Dialing { Ok(Vec::new()) } else { Err(Refused::Late { state }) }
    }

    fn ruled(&mut self, on: OnLeg, at: Timestamp) -> Applied {
        let leg = self.on(on)?;
        if leg.is_ruled_not_placed() {
            return Err(Refused::Same);
        }
        match leg.state() {
            State::Dialing if leg.unclear_at.is_some() => {
                leg.ruled_at = Some(at);
                Ok(Vec::new())
            }
            State::Dialing => Err(Refused::Illegal { state: State::Dialing }),
            state => Err(Refused::Late { state }),
        }
    }

    fn silent(&mut self, on: OnLeg, at: Timestamp) -> Applied {
        let leg = self.on(on)?;
        match leg.state() {
            state @ (State::Queued | State::Ended) => Err(Refused::Late { state }),
            _ => {
                leg.silent(at);
                Ok(Vec::new())
            }
        }
    }

    fn gave_up(&mut self, on: OnLeg, at: Timestamp) -> Applied {
        let leg = self.on(on)?;
        match leg.state() {
            state @ (State::Queued | State::Ended) => Err(Refused::Late { state }),
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

    /// A gate closes a call that waits, or an inbound call that found no room (which the carrier then ends).
    fn close_gated(&mut self, no: LegNo, cause: Cause, at: Timestamp) -> Applied {
        let leg = self.leg_mut(no).ok_or(Refused::NoSuchLeg { leg: no })?;
        match leg.state() {
            State::Queued | State::Ringing => {
                leg.close(at, cause, EndSource::Observed, Reported::default());
                Ok(Vec::new())
            }
            state => Err(Refused::Late { state }),
        }
    }

    fn hang_up_asked(&mut self, reason: super::HangUpReason, at: Timestamp) -> Applied {
        let leg = self.current_mut();
        let known = leg.hang_up.is_some();
        let state = leg.state();
        // Kept in any state, so that the evidence does not depend on what came first.
        leg.hang_up(at, reason);
        match state {
            State::Queued => {
                leg.close(at, Cause::Withdrawn, EndSource::Observed, Reported::default());
                Ok(Vec::new())
            }
            // Nothing was sent: the guard will withhold the request, and the call is over by our own word.
            State::Dialing if leg.post_begun_at.is_none() && leg.unclear_at.is_none() => {
                leg.close(at, Cause::Withdrawn, EndSource::Observed, Reported::default());
                Ok(Vec::new())
            }
            State::Ended => Err(Refused::Late { state }),
            _ if known => Err(Refused::Same),
            _ => Ok(Vec::new()),
        }
    }

    fn spoke(&mut self, spoke: &Spoke, event: &Event) -> Applied {
        let at = event.at();
        let leg = match self.bound(spoke.on, &spoke.carrier_call_id, at)? {
            Binding::Own(leg) | Binding::New(leg) => leg,
            Binding::Stray => return self.stray(&spoke.carrier_call_id),
        };
        leg.news(event.received_at);
        let seen = Seen::of(leg);
        leg.answered(at, Certainty::Implied);
        if spoke.says == Says::Goodbye {
            leg.goodbye_at = Some(leg.goodbye_at.map_or(at, |earlier| earlier.min(at)));
        }
        let leg_changed = Seen::of(leg) != seen;
        let before = self.turns.clone();
        let mut effects = Vec::new();
        if let Some(heard) = &spoke.heard {
            let turn = self.turns.entry(heard.step).or_insert_with(|| Turn::new(heard.step));
            if let Some(recording) = &heard.recording
                && !turn.recordings.iter().any(|known| known.id == recording.id)
            {
                effects.push(Effect::FetchRecording(recording.id.clone()));
            }
            turn.heard(heard, at);
        }
        if let Says::Question { step, ask, text } = &spoke.says {
            self.turns.entry(*step).or_insert_with(|| Turn::new(*step)).asked(*ask, text, at);
        }
        if self.turns == before && !leg_changed { Err(Refused::Same) } else { Ok(effects) }
    }

    fn recording(&mut self, news: &RecordingNews) -> Applied {
        let step = news.step.or_else(|| {
            self.turns
                .values()
                .find(|turn| turn.recordings.iter().any(|known| known.id == news.id))
                .map(|turn| turn.step)
        });
        // A recording of no known question is kept with the call's first, rather than lost.
        let turn = self.turns.entry(step.unwrap_or(0)).or_insert_with(|| Turn::new(step.unwrap_or(0)));
        let known = turn.recordings.iter().any(|recording| recording.id == news.id);
        let before = turn.clone();
        let became_ready = turn.recording_news(news);
        if *turn == before {
            return Err(Refused::Same);
        }
        let fetch = became_ready || (!known && news.state == super::RecordingState::Named);
        Ok(if fetch { vec![Effect::FetchRecording(news.id.clone())] } else { Vec::new() })
    }

    fn transcribed(&mut self, step: u16, text: &Private<String>) -> Applied {
        let turn = self.turns.entry(step).or_insert_with(|| Turn::new(step));
        if turn.transcript.as_ref() == Some(text) {
            return Err(Refused::Same);
        }
        turn.transcript = Some(text.clone());
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

    fn priced(&mut self, price: &str, unit: &str) -> Applied {
        let new = Price { amount: price.to_owned(), unit: unit.to_owned() };
        if self.price.as_ref() == Some(&new) {
            return Err(Refused::Same);
        }
        self.price = Some(new);
        Ok(Vec::new())
    }

    /// The commands that the state owes: done once when they arise, and again at recovery.
    pub fn owed(&self) -> Vec<Owed> {
        let mut owed = Vec::new();
        for leg in &self.legs {
            match leg.state() {
                State::Dialing if leg.unclear_at.is_some() => owed.push(Owed::Reconcile(leg.no)),
                State::Dialing if leg.post_begun_at.is_none() => owed.push(Owed::Post(leg.no)),
                State::Ending => {
                    if let Some(id) = &leg.carrier_call_id {
                        owed.push(Owed::HangUp(leg.no, id.clone()));
                    }
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
enum Binding<'a> {
    /// The leg bore it already.
    Own(&'a mut Leg),
    /// The leg bears it from now on.
    New(&'a mut Leg),
    /// Nobody: hang it up.
    Stray,
}

/// The facts of a leg that a user can see, to tell "known already" from "late, but it filled a gap".
#[derive(PartialEq)]
struct Seen {
    accepted: Option<Timestamp>,
    ringing: Option<Timestamp>,
    answered: Option<super::Stamp>,
    goodbye: Option<Timestamp>,
    end: Option<super::End>,
}

impl Seen {
    fn of(leg: &Leg) -> Self {
        Self {
            accepted: leg.accepted_at,
            ringing: leg.ringing_at,
            answered: leg.answered,
            goodbye: leg.goodbye_at,
            end: leg.end.clone(),
        }
    }
}
