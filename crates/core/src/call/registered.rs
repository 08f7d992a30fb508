//! A call that a client carries itself and only wants kept here: its own words move it, and nothing else does.
//!
//! No carrier of ours is ever told or asked about such a call, so nothing is ever owed for it. The client's words obey
//! the ranks that carriers' news obey: a late one is kept in the history and moves nothing. What an answered call is
//! doing (talking, on hold, being handed over) has no rank and moves freely.

use super::apply::Applied;
use super::disposition::{Cause, Disposition};
use super::effect::Refused;
use super::event::{Direction, Event, Limits, Metadata, Party, What};
use super::evidence::Reported;
use super::leg::{Certainty, EndSource, Leg};
use super::state::{Activity, State, Status};
use super::{Call, End};
use crate::id::{AccountId, CarrierCallId, LegNo, SessionId, TenantId};
use crate::private::Private;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A client asks for its call to be kept. The first event of such a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registration {
    /// Whose call it is.
    pub tenant: TenantId,
    /// The client's own account at its provider: [`AccountId::registered`].
    pub account: AccountId,
    /// The client's name of the call, which is mostly the carrier's.
    pub call_id: CarrierCallId,
    /// The client's conversation.
    pub session: SessionId,
    /// Which way it goes.
    pub direction: Direction,
    /// Who talks to whom, and what the client keeps with the call.
    pub party: Party,
}

/// What is known of a call because it is a client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// What the answered call is doing, by the client's last word.
    pub activity: Activity,
    /// How often that has changed.
    #[serde(default)]
    pub moves: u32,
    /// When the client took the call back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unregistered_at: Option<Timestamp>,
}

/// A client's word on where its call is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// What it means.
    pub status: Status,
    /// The word as it came.
    pub word: String,
    /// Metadata that came along, merged whether or not the word is late.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub patch: Private<Metadata>,
}

fn is_empty(patch: &Private<Metadata>) -> bool {
    patch.reveal().is_empty()
}

impl Call {
    pub(super) fn registered(event: &Event, registration: &Registration) -> Self {
        // A clock that runs ahead of ours must not make a call that is the newest of its session for ever.
        let created_at = event.at().min(event.received_at);
        let mut leg = Leg::new(LegNo::FIRST, registration.account.clone(), created_at, None);
        leg.bind(&registration.call_id, created_at);
        leg.news(event.received_at);
        Self {
            id: event.call,
            tenant: registration.tenant.clone(),
            direction: registration.direction,
            account: registration.account.clone(),
            party: registration.party.clone(),
            script: None,
            route: None,
            attestation: None,
            limits: Limits::default(),
            session: Some(registration.session.clone()),
            idempotency: None,
            job: None,
            registered: Some(Registered { activity: Activity::Talking, moves: 0, unregistered_at: None }),
            app: None,
            created_at,
            updated_at: event.received_at,
            legs: vec![leg],
            strays: BTreeMap::new(),
            stray_accounts: BTreeMap::new(),
            bot: None,
            turns: BTreeMap::new(),
            actions: BTreeMap::new(),
            price: None,
        }
    }

    /// Merges a fact of a call that is a client's.
    pub(super) fn merge_registered(&mut self, event: &Event) -> Applied {
        match &event.what {
            What::Registered(_) => Err(Refused::Same),
            What::StatusReported(report) => self.status_reported(report, event),
            What::Unregistered => self.unregistered(event.received_at),
            What::HangUpAsked { .. } if self.is_over() => Err(Refused::Same),
            What::HangUpAsked { .. } => self.report_end(Disposition::Completed, None, event.received_at),
            What::MetadataMerged { patch } => self.metadata_merged(patch.reveal()),
            What::GaveUp(on) => self.gave_up(*on, event.received_at),
            What::TakenOver { by, on, since } => self.taken_over(by, *on, since.unwrap_or(event.received_at)),
            What::AppCalled(_) | What::App(_) => Err(Refused::NotApp),
            What::Requested(_)
            | What::Arrived(_)
            | What::DialStarted(_)
            | What::PostBegun(_)
            | What::PostUnclear { .. }
            | What::PostRefused { .. }
            | What::Requeued { .. }
            | What::Progress(_)
            | What::ListedNothing(_)
            | What::RuledNotPlaced(_)
            | What::CarrierSilent(_)
            | What::Expired(_)
            | What::Gated { .. }
            | What::StrayHungUp { .. }
            | What::Spoke(_)
            | What::HoldAsked(_)
            | What::ResumeAsked(_)
            | What::TransferAsked(_)
            | What::Forwarded(_)
            | What::ActionBegun(_)
            | What::ActionRefused { .. }
            | What::ActionNews(_)
            | What::Consulted(_)
            | What::TransferOver(_)
            | What::Recording(_)
            | What::Transcribed { .. }
            | What::Transcription(_)
            | What::AnsweredBy { .. }
            | What::Priced { .. }
            | What::Bot(_)
            | What::UnknownWord { .. } => Err(Refused::ClientsOwn),
        }
    }

    fn status_reported(&mut self, report: &StatusReport, event: &Event) -> Applied {
        self.current_mut().news(event.received_at);
        let moved = match report.status.as_end() {
            Some(end) => self.report_end(end, Some(&report.word), event.at()),
            None => self.report_live(report.status, event.at()),
        };
        match (moved, self.metadata_merged(report.patch.reveal())) {
            // A word that is known already may have brought something new along.
            (Err(Refused::Same), Ok(effects)) => Ok(effects),
            (moved, _) => moved,
        }
    }

    fn report_live(&mut self, status: Status, at: Timestamp) -> Applied {
        let (state, activity) = status.live_parts();
        let standing = self.state();
        if state < standing {
            return Err(Refused::Late { state: standing });
        }
        let leg = self.current_mut();
        match state {
            State::Ringing => leg.ringing(at),
            State::Answered if standing < State::Answered => leg.answered(at, Certainty::Observed),
            _ => {}
        }
        let moves = state == State::Answered && self.turn_to(activity);
        if moves || state > standing { Ok(Vec::new()) } else { Err(Refused::Same) }
    }

    /// Notes what the answered call is doing; `false` if it was doing that already.
    fn turn_to(&mut self, activity: Activity) -> bool {
        let Some(registered) = &mut self.registered else { return false };
        let moves = registered.activity != activity;
        if moves {
            registered.activity = activity;
            registered.moves = registered.moves.saturating_add(1);
        }
        moves
    }

    /// The client's own end: the first one wins, and an inferred one yields.
    fn report_end(&mut self, end: Disposition, word: Option<&str>, at: Timestamp) -> Applied {
        let cause = Cause::Reported(end);
        let leg = self.current_mut();
        if let Some(known) = leg.end.as_ref().filter(|known| known.source == EndSource::Observed) {
            if known.cause == cause {
                return Err(Refused::Same);
            }
            let conflict = leg.conflict.map_or(cause, |other| other.min(cause));
            let again = leg.conflict.replace(conflict) == Some(conflict);
            return Err(if again { Refused::Same } else { Refused::Conflict });
        }
        let reported = Reported { carrier_status: word.map(str::to_owned), ..Reported::default() };
        let source = EndSource::Observed;
        leg.end = Some(End { at, cause, source, duration_secs: None, reported });
        Ok(Vec::new())
    }

    /// The client takes its call back: a live one ends by that, and the row stays.
    fn unregistered(&mut self, at: Timestamp) -> Applied {
        let Some(registered) = &mut self.registered else { return Err(Refused::NotRegistered) };
        if registered.unregistered_at.is_some() {
            return Err(Refused::Same);
        }
        registered.unregistered_at = Some(at);
        if !self.is_over() {
            return self.report_end(Disposition::Completed, None, at);
        }
        Ok(Vec::new())
    }

    /// Which change of activity a report of this status is about: the one that led to where the call is, or the next
    /// one. Tells a report that is sent twice from a second hold that looks the same.
    pub fn move_of(&self, status: Status) -> u32 {
        let Some(registered) = &self.registered else { return 0 };
        match status.live_parts() {
            (State::Answered, activity) if activity != registered.activity => registered.moves,
            (State::Answered, _) => registered.moves.saturating_sub(1),
            _ => 0,
        }
    }
}
