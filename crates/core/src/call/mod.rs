//! The call: from intent to end, whatever order its events come in.
//!
//! A [`Call`] is a fold of its [`Event`]s. [`Call::begin`] makes one from its first event, [`Call::apply`] merges each
//! further one and says what must now be done; a fact that changes nothing comes back as [`Refused`], with its reason,
//! and is kept in the history all the same. State, status, disposition and deadlines are read off the facts.
//!
//! To add a kind of event: a variant of [`What`], an arm in `apply.rs`, a row in the phase × event table of the tests.
//!
//! - `event`: the facts · `effect`: what to do about them · `leg`: the facts of one attempt and the state they add up to
//! - `apply`: what each fact does · `dialogue`: questions, answers, recordings · `deadline`: when to look again
//! - `disposition`: how it ended · `turn`: question and answer · `evidence`: what was said of the end, as it came
//! - `failure`: code and words for an end that nobody wanted
//! - `failover`: when another carrier is asked instead
//! - `action`: hold, resume, transfer · `acting`: what each fact does to them
//! - `pricing`: when to ask what it cost
//! - `talk`: what a bot and its caller say · `talk_sums`: what that counts where many are added up
//! - `registered`: calls that a client carries itself · `app`: calls between users of an app · `view`: what users read off a call · `personal`: what of an event is sealed

mod acting;
mod action;
mod app;
mod apply;
mod cost;
mod deadline;
mod dialogue;
mod disposition;
mod effect;
mod event;
mod evidence;
mod failover;
mod failure;
mod leg;
mod personal;
mod pricing;
mod registered;
mod retention;
mod state;
mod talk;
mod talk_sums;
mod tokens;
mod transcription;
mod turn;
mod view;

pub use action::{
    Action, ActionKind, Asked, CONSULT_SECS, Consent, DialOver, Handover, NotDone, NotNow, Transfer,
    TransferMode,
};
pub use app::{
    ASKED_AGAIN_MAX, App, AppCall, AppEnd, AppNews, AppProgress, CallType, Joining, MaySignal, NoSignal,
    Receiver, SILENCED_MAX, Seat, Side,
};
pub use cost::{Amount, BadAmount, Cost};
pub use deadline::{Deadline, Timing, Why};
pub use disposition::{Cause, Class, Disposition, Gate};
pub use effect::{Effect, Owed, Refused};
pub use event::*;
pub use evidence::{AnsweredBy, Attestation, HangUpBy, Rang, Reported};
pub use failover::{CarrierFault, FailOver};
pub use failure::Failure;
pub use leg::{Certainty, End, EndSource, HangUp, Leg, Stamp};
pub use personal::{CallersOwn, Personal};
pub use pricing::{PriceLook, Whom, price_looks};
pub use registered::{Registered, Registration, StatusReport};
pub use retention::{DueRecordings, KeepFor};
pub use state::{Activity, State, Status};
pub use talk::{
    BotNews, BotOver, BotRef, BotTold, Entry, EntryKind, EntryNo, NoStream, STREAM_OPENS_WITHIN_SECS, Spoken,
    Stream, Talk, ToolUse, Words, WordsState,
};
pub use talk_sums::{ModelCost, TalkSums, WAIT_BOUNDS_MS};
pub use tokens::{TokenKind, TokenPrices, Tokens, Used};
pub use transcription::{
    FORGOTTEN, PROMISE, TranscriptStatus, Transcription, TranscriptionNews, TranscriptionStage, ask_again_at,
};
pub use turn::{Answer, AnswerValue, Recording, RecordingOf, RecordingState, Removal, Turn};
pub use view::Outcome;

use crate::id::{AccountId, ActionNo, CallId, CarrierCallId, LegNo, SessionId, TenantId};
use crate::numbers::Route;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One call, as far as its events tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Our name of it.
    pub id: CallId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Which way it goes.
    pub direction: Direction,
    /// The carrier account it goes through.
    pub account: AccountId,
    /// Who talks to whom.
    pub party: Party,
    /// The script it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<ScriptRef>,
    /// Which way the number sent it that somebody called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// What the network vouches for of the number of somebody who called us, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Attestation>,
    /// How long things may take.
    pub limits: Limits,
    /// The caller's own conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The client's Idempotency-Key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
    /// The job of the queue that it is an attempt of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<ForJob>,
    /// That a client carries it itself and only wants it kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<Registered>,
    /// What is known of it because two users of an app talk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<Box<App>>,
    /// What is known of it because a bot talks in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<Box<Talk>>,
    /// When it began to exist.
    pub created_at: Timestamp,
    /// When its last event was received.
    pub updated_at: Timestamp,
    /// Its attempts, in order; there is always one.
    pub legs: Vec<Leg>,
    /// Calls at the carrier that belong to no open attempt, and whether they have been hung up.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub strays: BTreeMap<CarrierCallId, Stray>,
    /// At which account each of them is. One that was found before this was kept is not in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stray_accounts: BTreeMap<CarrierCallId, AccountId>,
    /// Question by question. Boxed: a map has room for eleven at once, and most calls have fewer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub turns: BTreeMap<u16, Box<Turn>>,
    /// Holds, resumes and transfers that were asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub actions: BTreeMap<ActionNo, Box<Action>>,
    /// What the carrier charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// A call at the carrier that belongs to no open attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stray {
    /// It must be hung up.
    Found,
    /// It is gone.
    Gone,
}

/// What the carrier charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// A decimal number, as the carrier writes it.
    pub amount: String,
    /// ISO 4217.
    pub unit: String,
}

impl Call {
    /// The attempt that counts: the last one.
    pub fn leg(&self) -> &Leg {
        // A call is made with one leg and never loses one.
        &self.legs[self.legs.len() - 1]
    }

    fn current_mut(&mut self) -> &mut Leg {
        let last = self.legs.len() - 1;
        &mut self.legs[last]
    }

    fn leg_mut(&mut self, no: LegNo) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.no == no)
    }

    /// The attempt with this number.
    pub fn leg_no(&self, no: LegNo) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.no == no)
    }

    /// Where the call is: where its last attempt is.
    pub fn state(&self) -> State {
        self.leg().state()
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.state() == State::Ended
    }
}
