//! Hold, resume and transfer: what is done with an answered call beside its script.
//!
//! An action is asked for (journaled before the carrier hears of it), and begins when the carrier fetches its page, which is
//! the only evidence that it does. Until then the call goes on as it was, and [`super::Call::owed`] holds the wish. A wish
//! that the carrier did not follow is refused, with the reason, and leaves nothing behind.
//!
//! Actions have numbers, so that what comes of them can be merged in any order: the one with the highest number that has
//! begun says what the call is doing. How each event changes them is in `acting.rs`.

use super::Call;
use super::disposition::Cause;
use super::event::{EndWord, Idempotency};
use super::leg::Leg;
use super::state::{Activity, State, Status};
use crate::id::{ActionNo, CarrierCallId, LegNo};
use crate::private::Address;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A hold, a resume or a transfer, as far as its events tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// What was asked for, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// When the carrier first fetched its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Timestamp>,
    /// That the carrier did not do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<NotDone>,
    /// The legs that the carrier dialed for it: one, unless a carrier fetched the page twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Leg>,
    /// When somebody who was asked said that they take the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    /// When somebody who was asked said that they don't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined_at: Option<Timestamp>,
    /// That the carrier is done dialing, or the talk that came of it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<DialOver>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: ActionKind,
    /// The client's Idempotency-Key and the hash of its request: a repeat is answered, not done again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
}

/// What a live call shall do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// The person waits and hears music.
    Hold,
    /// The script goes on where it stood.
    Resume,
    /// Somebody else is called, and the two talk.
    Transfer(Box<Transfer>),
}

/// To whom a call is handed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Whom to call.
    pub to: Address,
    /// The number they see: one of ours.
    pub from: Address,
    /// How long it may ring, in seconds.
    pub ring_timeout_secs: u32,
    /// Whether they are asked first.
    #[serde(default, skip_serializing_if = "TransferMode::is_blind")]
    pub mode: TransferMode,
}

/// Whether whoever a call is handed to is asked before the two are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferMode {
    /// Whoever picks up talks at once.
    #[default]
    Blind,
    /// They hear who is on the line, and take the call or don't; until then the two don't hear each other.
    Attended,
}

impl TransferMode {
    /// Whether nobody is asked.
    pub fn is_blind(&self) -> bool {
        *self == Self::Blind
    }
}

/// What somebody said to whom a call was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// They take it.
    Takes,
    /// They don't.
    Declines,
}

/// How long somebody is asked at most whether they take a call, in seconds.
pub const CONSULT_SECS: u32 = 60;

/// That the carrier did not do what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotDone {
    /// When it was known.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// The carrier's word that it is done dialing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialOver {
    /// When.
    pub at: Timestamp,
    /// How the other leg ended, if the word is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<EndWord>,
}

/// Where a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handover {
    /// The other phone is being dialed, rings, or its person is asked.
    Dialing,
    /// The two talk.
    Talking,
    /// They have talked.
    Done,
    /// Nobody took it: busy, no answer, not reached.
    Failed,
}

/// Why a call can't do now what was asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotNow {
    /// A client carries the call itself.
    #[error("a client carries this call itself: only it can do that")]
    ClientsOwn,
    /// It is over.
    #[error("the call is already over ({})", .0.as_str())]
    Over(Status),
    /// Nobody has answered it yet.
    #[error("nobody has answered yet ({})", .0.as_str())]
    NotAnswered(Status),
    /// It is being hung up.
    #[error("the call is being hung up")]
    Ending,
    /// The carrier has not yet done what was asked before.
    #[error("the carrier has not done yet what was asked before")]
    UnderWay,
    /// It is on hold.
    #[error("the call is on hold already")]
    OnHold,
    /// It is not on hold.
    #[error("the call is not on hold")]
    NotOnHold,
    /// Somebody else's phone rings for it.
    #[error("the call is being transferred")]
    Transferring,
    /// It was handed to somebody else.
    #[error("the call was transferred")]
    HandedOver,
}

impl Action {
    /// Whether the carrier does it, or did: it fetched its page, or told of what only that page asks for.
    pub fn is_begun(&self) -> bool {
        self.begun_at.is_some()
            || !self.children.is_empty()
            || self.taken_at.is_some()
            || self.declined_at.is_some()
            || self.over.is_some()
    }

    /// The transfer it is, if it is one.
    pub fn transfer(&self) -> Option<&Transfer> {
        match &self.asked.as_ref()?.kind {
            ActionKind::Transfer(transfer) => Some(transfer),
            ActionKind::Hold | ActionKind::Resume => None,
        }
    }

    /// Whether somebody took the call. Who was asked first has taken it by saying so, and by nothing that the carrier says:
    /// to it an answering machine has picked up, too.
    fn is_taken(&self) -> bool {
        if self.transfer().is_some_and(|transfer| transfer.mode == TransferMode::Attended) {
            return self.taken_at.is_some();
        }
        let took =
            |leg: &Leg| leg.answered.is_some() || leg.cause() == Some(Cause::Carrier(EndWord::Completed));
        let told = self.over.is_some_and(|over| over.word == Some(EndWord::Completed));
        told || self.children.iter().any(took)
    }

    /// Since when the two talk, if somebody took the call.
    pub fn joined_at(&self) -> Option<Timestamp> {
        match self.transfer()?.mode {
            TransferMode::Attended => self.taken_at,
            TransferMode::Blind => self.children.iter().filter_map(Leg::answered_at).min(),
        }
    }

    /// How long it may take until somebody has taken the call or nobody has, in seconds.
    pub fn dials_secs(&self) -> u32 {
        self.transfer().map_or(0, |transfer| match transfer.mode {
            TransferMode::Blind => transfer.ring_timeout_secs,
            TransferMode::Attended => transfer.ring_timeout_secs.saturating_add(CONSULT_SECS),
        })
    }

    /// Where it stands, if it is a transfer.
    pub fn handover(&self) -> Handover {
        let all_ended =
            !self.children.is_empty() && self.children.iter().all(|leg| leg.state() == State::Ended);
        match (self.is_taken(), self.over.is_some() || all_ended) {
            (true, true) => Handover::Done,
            (true, false) => Handover::Talking,
            (false, true) => Handover::Failed,
            (false, false) => Handover::Dialing,
        }
    }

    fn activity(&self) -> Activity {
        match self.asked.as_ref().map(|asked| &asked.kind) {
            Some(ActionKind::Hold) => Activity::OnHold,
            Some(ActionKind::Transfer(_)) if self.handover() == Handover::Dialing => Activity::Transferring,
            Some(ActionKind::Transfer(_) | ActionKind::Resume) | None => Activity::Talking,
        }
    }
}

impl Call {
    /// The number of the next action.
    pub fn next_action(&self) -> ActionNo {
        self.actions.last_key_value().map_or(ActionNo::FIRST, |(no, _)| no.next())
    }

    /// An action by its number.
    pub fn action(&self, no: ActionNo) -> Option<&Action> {
        self.actions.get(&no).map(Box::as_ref)
    }

    /// What the carrier does beside the script, or did last.
    pub fn standing_action(&self) -> Option<(ActionNo, &Action)> {
        self.actions
            .iter()
            .rev()
            .find(|(_, action)| action.is_begun())
            .map(|(no, action)| (*no, action.as_ref()))
    }

    /// What was asked for last, if the carrier has not done it yet and still should.
    pub fn pending_action(&self) -> Option<(ActionNo, &Action)> {
        let (no, action) = self.actions.last_key_value()?;
        let is_open = action.asked.is_some() && !action.is_begun() && action.refused.is_none();
        is_open.then_some((*no, action.as_ref()))
    }

    /// What an answered call is doing.
    pub fn activity(&self) -> Activity {
        match &self.registered {
            Some(registered) => registered.activity,
            None => self.standing_action().map_or(Activity::Talking, |(_, action)| action.activity()),
        }
    }

    /// Whether it talks to somebody else: the script is done with.
    pub fn is_handed_over(&self) -> bool {
        self.standing_action().is_some_and(|(_, action)| {
            action.transfer().is_some() && matches!(action.handover(), Handover::Talking | Handover::Done)
        })
    }

    /// Whether a client may ask for this now.
    ///
    /// # Errors
    /// [`NotNow`]: where the call is instead.
    pub fn may(&self, wish: &ActionKind) -> Result<(), NotNow> {
        if !self.has_carrier() {
            return Err(NotNow::ClientsOwn);
        }
        match self.state() {
            State::Ended => return Err(NotNow::Over(self.status())),
            State::Ending => return Err(NotNow::Ending),
            State::Queued | State::Dialing | State::Initiated | State::Ringing => {
                return Err(NotNow::NotAnswered(self.status()));
            }
            State::Answered => {}
        }
        if self.is_handed_over() {
            return Err(NotNow::HandedOver);
        }
        if self.pending_action().is_some() {
            return Err(NotNow::UnderWay);
        }
        match (wish, self.activity()) {
            (_, Activity::Transferring) => Err(NotNow::Transferring),
            (ActionKind::Hold, Activity::OnHold) => Err(NotNow::OnHold),
            (ActionKind::Resume, Activity::Talking) => Err(NotNow::NotOnHold),
            (ActionKind::Hold | ActionKind::Transfer(_), Activity::Talking)
            | (ActionKind::Resume | ActionKind::Transfer(_), Activity::OnHold) => Ok(()),
        }
    }

    /// What was asked for with this Idempotency-Key.
    pub fn asked_with(&self, key: &str) -> Option<&Asked> {
        let asked = self.actions.values().filter_map(|action| action.asked.as_ref());
        let mut same = asked.filter(|asked| asked.idempotency.as_ref().is_some_and(|known| known.key == key));
        same.next()
    }

    /// The legs of those the call was handed to, each with the number it has among all legs, and its action.
    pub fn children(&self) -> impl Iterator<Item = (LegNo, &Action, &Leg)> {
        let own = u16::try_from(self.legs.len()).unwrap_or(u16::MAX);
        let all =
            self.actions.values().flat_map(|action| action.children.iter().map(move |leg| (action, leg)));
        (1..).zip(all).map(move |(nth, (action, leg))| (LegNo(own.saturating_add(nth)), action.as_ref(), leg))
    }

    /// Whether the carrier's id is that of somebody the call was handed to.
    pub fn is_child(&self, id: &CarrierCallId) -> bool {
        self.children().any(|(_, _, leg)| leg.carrier_call_id.as_ref() == Some(id))
    }
}
