//! One attempt: the facts known of it, and the state they add up to.
//!
//! A leg keeps facts, not a state: each fact may arrive in any order and more than once, so each is merged so that
//! order does not matter (the earliest time, the most trusted source, the first end). The state is read off the facts.

use super::Price;
use super::disposition::Cause;
use super::effect::{Effect, Owed};
use super::event::{CarrierEnd, Direction, EndWord, HangUpReason, Refusal};
use super::evidence::{AnsweredBy, HangUpBy, Rang, Reported};
use super::failover::CarrierFault;
use super::state::State;
use crate::id::{AccountId, CarrierCallId, Fence, LegNo};
use crate::private::Address;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One attempt to connect one endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leg {
    /// Which attempt.
    pub no: LegNo,
    /// Who may act on it.
    pub fence: Fence,
    /// Through which carrier account.
    pub account: AccountId,
    /// The number of ours that it is shown as, if that is another than the call began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Address>,
    /// What was wrong with the carrier of the attempt before, if this one goes through another for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_for: Option<CarrierFault>,
    /// That another node took it over: what its first owner did with it that owner's journal alone can tell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_over: bool,
    /// When it began to wait for its turn.
    pub queued_at: Timestamp,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// When the intent to dial was made durable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dial_started_at: Option<Timestamp>,
    /// When the create request was about to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_begun_at: Option<Timestamp>,
    /// Since when the create request's fate is unclear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unclear_at: Option<Timestamp>,
    /// When listings at the carrier showed nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty_listings: Vec<Timestamp>,
    /// When it was ruled that the carrier never got the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruled_at: Option<Timestamp>,
    /// The carrier's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_call_id: Option<CarrierCallId>,
    /// When the carrier accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// When the far end rang.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<Timestamp>,
    /// When the far end answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Stamp>,
    /// That somebody asked to hang up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hang_up: Option<HangUp>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// A second end that differs from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<Cause>,
    /// Who took the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// When good-bye was said and the line closed by the script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodbye_at: Option<Timestamp>,
    /// The last time the carrier said anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_news_at: Option<Timestamp>,
    /// When the carrier was asked and gave no usable answer, since its last news.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<Timestamp>,
    /// What the carrier charged, if it is the leg of somebody whom a call was handed to. That of a call's own leg is the call's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// A time and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The time.
    pub at: Timestamp,
    /// How it is known.
    pub by: Certainty,
}

/// How a time is known; the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The carrier said so.
    Observed,
    /// The carrier fetched a step of the script, which it does only when somebody answered.
    Implied,
    /// Reckoned back from the end and the duration.
    Inferred,
}

/// That somebody asked to hang up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HangUp {
    /// When first asked.
    pub at: Timestamp,
    /// Why.
    pub reason: HangUpReason,
}

/// How a leg ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// What closed it.
    pub cause: Cause,
    /// Whether somebody saw it.
    pub source: EndSource,
    /// How long it was connected, by the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<u32>,
    /// What else was said.
    #[serde(default)]
    pub reported: Reported,
}

/// How an end is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndSource {
    /// The carrier said so, or we did it ourselves.
    Observed,
    /// We gave up waiting. Yields once to the carrier's own end.
    Inferred,
}

/// What an end of the carrier changed.
pub(super) enum Ending {
    /// The leg is over by this; a ruled or inferred end gave way to it.
    First,
    /// The end that is known, perhaps with more said of it.
    Again,
    /// A different end: the first stands.
    Conflict,
}

/// How far a carrier's clock may be from ours.
pub(crate) const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(5);

impl Leg {
    /// Whether somebody was connected by it.
    pub fn was_connected(&self) -> bool {
        self.answered.is_some() || self.cause() == Some(Cause::Carrier(EndWord::Completed))
    }

    pub(super) fn new(
        no: LegNo,
        account: AccountId,
        queued_at: Timestamp,
        not_before: Option<Timestamp>,
    ) -> Self {
        Self {
            no,
            fence: Fence::FIRST,
            account,
            from: None,
            instead_for: None,
            taken_over: false,
            queued_at,
            not_before,
            dial_started_at: None,
            post_begun_at: None,
            unclear_at: None,
            empty_listings: Vec::new(),
            ruled_at: None,
            carrier_call_id: None,
            accepted_at: None,
            ringing_at: None,
            answered: None,
            hang_up: None,
            end: None,
            conflict: None,
            answered_by: None,
            goodbye_at: None,
            last_news_at: None,
            silences: Vec::new(),
            price: None,
        }
    }

    /// Where it is: read off the facts, highest rank first.
    pub fn state(&self) -> State {
        if self.end.is_some() || self.is_ruled_not_placed() {
            State::Ended
        } else if self.carrier_call_id.is_some() && self.hang_up.is_some() {
            State::Ending
        } else if self.answered.is_some() {
            State::Answered
        } else if self.ringing_at.is_some() {
            State::Ringing
        } else if self.carrier_call_id.is_some() {
            State::Initiated
        } else if self.dial_started_at.is_some() {
            State::Dialing
        } else {
            State::Queued
        }
    }

    /// Whether a create request may be out whose answer never came.
    pub fn is_unclear(&self) -> bool {
        self.state() == State::Dialing && self.unclear_at.is_some()
    }

    /// Whether nothing of it can have reached the carrier: no request has been begun.
    pub fn is_unsent(&self) -> bool {
        let begun = self.post_begun_at.is_some() || self.unclear_at.is_some();
        matches!(self.state(), State::Queued | State::Dialing) && !begun
    }

    /// Whether it ended by the ruling that the carrier never got it. Any sign of the call at the carrier undoes that.
    pub fn is_ruled_not_placed(&self) -> bool {
        self.ruled_at.is_some()
            && self.unclear_at.is_some()
            && self.carrier_call_id.is_none()
            && self.end.is_none()
    }

    /// What closed it.
    pub fn cause(&self) -> Option<Cause> {
        match &self.end {
            Some(end) => Some(end.cause),
            None => self.is_ruled_not_placed().then_some(Cause::NotPlaced),
        }
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match &self.end {
            Some(end) => Some(end.at),
            None if self.is_ruled_not_placed() => self.ruled_at,
            None => None,
        }
    }

    /// When it was answered, by the surest word there is. Never after it ended, under any clock: an answer heard of too
    /// late to be timed is reckoned from the end.
    pub fn answered_at(&self) -> Option<Timestamp> {
        let answered = self.answered?.at;
        match &self.end {
            Some(end) if end.at < answered => Some(end.before_duration()),
            _ => Some(answered),
        }
    }

    /// How long it was connected, in whole seconds; `None` while it is connected, and when it never was.
    pub fn duration_secs(&self) -> Option<u32> {
        let (answered, ended) = (self.answered_at()?, self.ended_at()?);
        u32::try_from(ended.duration_since(answered).as_secs()).ok()
    }

    /// Whether the far end rang.
    pub fn rang(&self) -> Rang {
        if self.ringing_at.is_some() || self.answered.is_some() {
            Rang::Yes
        } else if self.state() == State::Queued
            || self.is_ruled_not_placed()
            || matches!(self.cause(), Some(Cause::Refused(_)))
        {
            Rang::No
        } else {
            Rang::Unknown
        }
    }

    /// How long it rang, in milliseconds.
    pub fn ring_ms(&self) -> Option<u64> {
        let until = self.answered_at().or_else(|| self.ended_at())?;
        u64::try_from(until.duration_since(self.ringing_at?).as_millis()).ok()
    }

    /// Why we hung up; `None` if nobody asked, or only after the end.
    pub fn hung_up_for(&self) -> Option<HangUpReason> {
        let hang_up = self.hang_up?;
        let end = self.ended_at().and_then(|at| at.checked_add(CLOCKS_DIFFER).ok());
        end.is_none_or(|end| hang_up.at <= end).then_some(hang_up.reason)
    }

    /// The hang-up again, for a leg that was answered while it was being hung up: a carrier may drop the first.
    pub(super) fn hang_up_again(&self) -> Option<Effect> {
        let id = self.carrier_call_id.as_ref().filter(|_| self.state() == State::Ending)?;
        self.answered?;
        Some(Effect::Owed(Owed::HangUp(self.no, id.clone())))
    }

    /// Who closed the line, as far as the facts tell.
    pub(super) fn hang_up_by(&self, direction: Direction) -> HangUpBy {
        let Some(end) = &self.end else { return HangUpBy::Unknown };
        let ours = self.goodbye_at.is_some() || self.hung_up_for().is_some();
        match (end.cause, end.reported.hangup_by, direction) {
            // A carrier tells the two sides apart; which of them is this server it does not know.
            (Cause::Carrier(_), Some(HangUpBy::Caller), Direction::Outbound)
            | (Cause::Carrier(_), Some(HangUpBy::Callee), Direction::Inbound) => {
                return if ours || self.answered.is_some() { HangUpBy::Us } else { HangUpBy::Unknown };
            }
            (_, Some(by), _) => return by,
            (_, None, _) => {}
        }
        match end.cause {
            Cause::Carrier(_) if ours => HangUpBy::Us,
            Cause::Carrier(_) if self.answered.is_some() => match direction {
                Direction::Inbound => HangUpBy::Caller,
                Direction::Outbound => HangUpBy::Callee,
            },
            Cause::Withdrawn | Cause::Gated(_) | Cause::Expired => HangUpBy::Us,
            Cause::Refused(_) => HangUpBy::Carrier,
            Cause::Carrier(_) | Cause::NotPlaced | Cause::Reported(_) | Cause::App(_) | Cause::Unknown => {
                HangUpBy::Unknown
            }
        }
    }

    /// Silences that count: those since the carrier's last news.
    pub fn silent_asks(&self) -> usize {
        self.silences.iter().filter(|at| self.last_news_at.is_none_or(|news| **at > news)).count()
    }

    pub(super) fn news(&mut self, received_at: Timestamp) {
        let latest = self.last_news_at.map_or(received_at, |earlier| earlier.max(received_at));
        self.last_news_at = Some(latest);
        self.silences.retain(|at| *at > latest);
    }

    /// Notes an ask without an answer; `false` if it is known, or older than the carrier's last news.
    pub(super) fn silent(&mut self, at: Timestamp) -> bool {
        let counts = self.last_news_at.is_none_or(|news| at > news) && !self.silences.contains(&at);
        if counts {
            self.silences.push(at);
            self.silences.sort();
        }
        counts
    }

    pub(super) fn bind(&mut self, id: &CarrierCallId, at: Timestamp) {
        self.carrier_call_id = Some(id.clone());
        self.accepted(at);
    }

    pub(super) fn accepted(&mut self, at: Timestamp) {
        earliest(&mut self.accepted_at, at);
    }

    pub(super) fn ringing(&mut self, at: Timestamp) {
        earliest(&mut self.ringing_at, at);
    }

    pub(super) fn answered(&mut self, at: Timestamp, by: Certainty) {
        let new = Stamp { at, by };
        let surer = self.answered.is_none_or(|standing| (new.by, new.at) < (standing.by, standing.at));
        if surer {
            self.answered = Some(new);
        }
    }

    pub(super) fn hang_up(&mut self, at: Timestamp, reason: HangUpReason) {
        let first = self.hang_up.is_none_or(|standing| (at, reason) < (standing.at, standing.reason));
        if first {
            self.hang_up = Some(HangUp { at, reason });
        }
    }

    pub(super) fn close(&mut self, at: Timestamp, cause: Cause, source: EndSource, reported: Reported) {
        if self.end.is_none() {
            self.end = Some(End { at, cause, source, duration_secs: None, reported });
        }
    }

    pub(super) fn refused(&mut self, at: Timestamp, refusal: &Refusal) {
        let reported = Reported {
            carrier_status: refusal.http.map(|status| status.to_string()),
            carrier_code: refusal.code.clone(),
            error_code: refusal.code.clone(),
            error_message: Some(refusal.message.clone()),
            ..Reported::default()
        };
        self.close(at, Cause::Refused(refusal.class), EndSource::Observed, reported);
    }

    /// The carrier's own end: the first one wins, an inferred one yields, and one that is known fills gaps.
    pub(super) fn carrier_end(&mut self, at: Timestamp, end: &CarrierEnd) -> Ending {
        let cause = Cause::Carrier(end.word);
        let ending = match &mut self.end {
            Some(known) if known.source == EndSource::Observed && !known.is_told_by(cause) => {
                let conflict = self.conflict.map_or(cause, |other| other.min(cause));
                let again = self.conflict.replace(conflict) == Some(conflict);
                return if again { Ending::Again } else { Ending::Conflict };
            }
            Some(known) if known.source == EndSource::Observed => {
                known.merge(at, end);
                Ending::Again
            }
            Some(_) | None => {
                let (duration_secs, reported) = (end.duration_secs, end.reported.clone());
                self.end = Some(End { at, cause, source: EndSource::Observed, duration_secs, reported });
                Ending::First
            }
        };
        self.infer_answer();
        ending
    }

    /// An end with a duration implies the answer we missed.
    fn infer_answer(&mut self) {
        if self.answered.is_some_and(|answered| answered.by != Certainty::Inferred) {
            return;
        }
        let Some(end) = &self.end else { return };
        let connected = end.duration_secs.is_some_and(|secs| secs > 0);
        self.answered = connected.then(|| Stamp { at: end.before_duration(), by: Certainty::Inferred });
    }
}

impl End {
    /// When it was connected, reckoned back by the carrier's duration.
    fn before_duration(&self) -> Timestamp {
        let connected = SignedDuration::from_secs(self.duration_secs.map_or(0, i64::from));
        self.at.checked_sub(connected).unwrap_or(self.at)
    }

    /// Whether the carrier's end for `cause` is this very end: its own, or what it makes of our gate's refusal.
    fn is_told_by(&self, cause: Cause) -> bool {
        self.cause == cause || matches!(self.cause, Cause::Gated(_))
    }

    /// Merges another report of this end; of two figures one is chosen that does not depend on which came first.
    fn merge(&mut self, at: Timestamp, other: &CarrierEnd) {
        self.at = self.at.min(at);
        self.duration_secs = self.duration_secs.max(other.duration_secs);
        self.reported.merge(&other.reported);
    }
}

fn earliest(standing: &mut Option<Timestamp>, at: Timestamp) {
    *standing = Some(standing.map_or(at, |earlier| earlier.min(at)));
}
