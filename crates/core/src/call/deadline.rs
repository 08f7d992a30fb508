//! Every state but ended has a deadline: when to look again, and why.

use super::Call;
use super::leg::Leg;
use super::state::{Activity, State};
use crate::dial::{Ruling, rule};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long to wait for what, in seconds of the engine's clock. The defaults are the design's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// A create request without an answer is unclear after this.
    pub unclear_secs: u32,
    /// A call may turn up at the carrier as late as this after the intent.
    pub settle_secs: u32,
    /// Two empty listings must be this far apart to count.
    pub listing_gap_secs: u32,
    /// Grace added to ring timeout and time limit before the carrier is asked.
    pub grace_secs: u32,
    /// A hang-up not confirmed is asked for again after this.
    pub ending_secs: u32,
    /// A live call without news for this long is asked about.
    pub silent_secs: u32,
    /// Between two asks about one call.
    pub ask_gap_secs: u32,
    /// Asks without an answer after which a call is closed as unknown.
    pub asks: u32,
    /// A carrier that can't be asked for this long ends the call as unknown.
    pub give_up_secs: u32,
    /// The carrier that was asked to hold, resume or transfer a call, and does not, is asked again after this.
    pub acting_secs: u32,
    /// A call on hold goes on by itself after this.
    pub hold_secs: u32,
    /// A side of an app call whose socket is gone may be away for this long.
    pub away_secs: u32,
    /// A call that a client carries itself, and says nothing of for this long, is closed as unknown; never if absent.
    pub idle_secs: Option<u32>,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            unclear_secs: 10,
            settle_secs: 180,
            listing_gap_secs: 30,
            grace_secs: 60,
            ending_secs: 30,
            silent_secs: 120,
            ask_gap_secs: 30,
            asks: 3,
            give_up_secs: 3_600,
            acting_secs: 10,
            hold_secs: 1_800,
            away_secs: 15,
            idle_secs: None,
        }
    }
}

/// When to look at a call again, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: Why,
}

/// What a passed deadline asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It waited too long for its turn: close it.
    Expire,
    /// The create request has no answer: call it unclear.
    Unclear,
    /// List the carrier's calls to find out about an unclear request.
    List,
    /// The carrier never got the request: rule so.
    Rule,
    /// Ask the carrier about the leg.
    Ask,
    /// It is over its maximum length: hang it up.
    TimeLimit,
    /// The carrier has not done what was asked for: ask it again.
    Act,
    /// It won't do it any more: refuse the action.
    NotDone,
    /// It was on hold for too long: let it go on.
    HoldOver,
    /// A transfer is neither answered nor over, and should be: ask the carrier about its other leg.
    AskChild,
    /// An app call has rung for as long as it may: it was missed.
    RangOut,
    /// The caller of an app call has been away for too long.
    CallerGone,
    /// The receiver of an app call has been away for too long.
    ReceiverGone,
    /// Nobody knows: close it as unknown.
    GiveUp,
}

impl Call {
    /// When to look at this call again, and why. `heard` is when the carrier last confirmed the state without telling
    /// anything new (such an answer is not journaled), and `asked` when it was last asked: both belong to the process.
    ///
    /// `None` exactly when the call is over, and for a call that is its client's own affair, unless that has an idle
    /// limit. A stray that is still to be hung up is in [`Call::owed`].
    pub fn deadline(
        &self,
        timing: &Timing,
        heard: Option<Timestamp>,
        asked: Option<Timestamp>,
    ) -> Option<Deadline> {
        let leg = self.leg();
        if let Some(app) = &self.app {
            return self.app_deadline(app, timing);
        }
        if self.registered.is_some() {
            let idle = timing.idle_secs.filter(|_| !self.is_over());
            return idle.map(|secs| self.after(self.updated_at, secs, Why::GiveUp));
        }
        let next = match leg.state() {
            State::Queued => self.after(self.due_at(), self.limits.queue_limit_secs, Why::Expire),
            State::Dialing => self.while_dialing(leg, timing),
            State::Initiated | State::Ringing => {
                let since = by_our_clock(leg, leg.accepted_at);
                let ring = self.limits.ring_timeout_secs.saturating_add(timing.grace_secs);
                self.ask(leg, timing, self.after(since, ring, Why::Ask), heard, asked)
            }
            State::Answered => {
                let since = by_our_clock(leg, leg.answered_at());
                let length = self.limits.time_limit_secs.saturating_add(timing.grace_secs);
                let limit = self.after(since, length, Why::TimeLimit);
                let limit = self.action_deadline(timing, asked).map_or(limit, |action| action.min(limit));
                limit.min(self.ask(leg, timing, self.after(since, length, Why::Ask), heard, asked))
            }
            State::Ending => {
                let since = leg.hang_up.map_or(leg.queued_at, |hang_up| hang_up.at);
                self.ask(leg, timing, self.after(since, timing.ending_secs, Why::Ask), heard, asked)
            }
            State::Ended => return None,
        };
        Some(next)
    }

    /// When to look at what was asked for beside the script.
    fn action_deadline(&self, timing: &Timing, asked: Option<Timestamp>) -> Option<Deadline> {
        let paced = |next: Deadline| match asked {
            Some(last) => next.max(self.after(last, timing.ask_gap_secs.min(timing.acting_secs), next.why)),
            None => next,
        };
        if let Some(wish) = self.pending_action().and_then(|(_, action)| action.asked.as_ref()) {
            let again = paced(self.after(wish.at, timing.acting_secs, Why::Act));
            let last = self.after(wish.at, timing.acting_secs.saturating_mul(timing.asks), Why::NotDone);
            // A process that has just begun asks again before it gives up.
            let has_asked = asked.is_some_and(|last| last > wish.at);
            return Some(if has_asked && last.at <= again.at { last } else { again });
        }
        let (_, action) = self.standing_action()?;
        match (self.activity(), action.begun_at?) {
            (Activity::OnHold, since) => Some(paced(self.after(since, timing.hold_secs, Why::HoldOver))),
            (Activity::Transferring, since) => {
                let secs = action.dials_secs().saturating_add(timing.grace_secs);
                Some(paced(self.after(since, secs, Why::AskChild)))
            }
            (Activity::Talking, _) => None,
        }
    }

    /// Since when it waits for its turn: a first attempt that was asked for later begins to wait later; a further one
    /// waits on, so that no chain of attempts waits for ever.
    pub fn due_at(&self) -> Timestamp {
        let asked_for = self.legs.first().and_then(|first| first.not_before);
        asked_for.map_or(self.leg().queued_at, |at| at.max(self.leg().queued_at))
    }

    fn while_dialing(&self, leg: &Leg, timing: &Timing) -> Deadline {
        let since = leg.post_begun_at.or(leg.dial_started_at).unwrap_or(leg.queued_at);
        if leg.unclear_at.is_none() {
            return self.after(since, timing.unclear_secs, Why::Unclear);
        }
        if leg.silent_asks() > 0 {
            let give_up = self.after(since, timing.give_up_secs, Why::GiveUp);
            if let Some(last) = leg.silences.last() {
                return give_up.min(self.after(*last, timing.listing_gap_secs, Why::List));
            }
        }
        match rule(leg, timing) {
            Ruling::List { at } => Deadline { at, why: Why::List },
            Ruling::NotPlaced { at } => Deadline { at, why: Why::Rule },
        }
    }

    /// The sooner of the state's own end and a silence too long, pushed back by what was asked already.
    fn ask(
        &self,
        leg: &Leg,
        timing: &Timing,
        own: Deadline,
        heard: Option<Timestamp>,
        asked: Option<Timestamp>,
    ) -> Deadline {
        let news = leg.last_news_at.max(heard).unwrap_or(leg.queued_at);
        let silent = leg.silent_asks();
        let too_many = u32::try_from(silent).unwrap_or(u32::MAX) >= timing.asks;
        if too_many {
            let at = leg.silences.last().copied().unwrap_or(own.at);
            return Deadline { at, why: Why::GiveUp };
        }
        let mut next = own.min(self.after(news, timing.silent_secs, Why::Ask));
        let last_ask = asked.max(leg.silences.last().copied()).max(heard);
        if let Some(last) = last_ask {
            next = next.max(self.after(last, timing.ask_gap_secs, Why::Ask));
        }
        next
    }

    fn after(&self, since: Timestamp, secs: u32, why: Why) -> Deadline {
        let at = since.checked_add(SignedDuration::from_secs(i64::from(secs))).unwrap_or(Timestamp::MAX);
        Deadline { at, why }
    }
}

/// A carrier's time, no earlier than our intent and no later than its last news as we heard it: a wrong clock at the
/// carrier neither kills a call nor keeps it for ever.
fn by_our_clock(leg: &Leg, carriers: Option<Timestamp>) -> Timestamp {
    let earliest = leg.dial_started_at.unwrap_or(leg.queued_at);
    let latest = leg.last_news_at.map_or(earliest, |news| news.max(earliest));
    carriers.map_or(latest, |at| at.clamp(earliest, latest))
}
