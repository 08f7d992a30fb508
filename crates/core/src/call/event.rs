//! What happened: facts in the past tense, each with its time inside.

use super::action::{Consent, Transfer};
use super::app::{AppCall, AppProgress};
use super::disposition::Gate;
use super::evidence::{AnsweredBy, Attestation, HangUpBy, Reported};
use super::failover::FailOver;
use super::registered::{Registration, StatusReport};
use super::talk::{BotRef, BotTold};
use super::transcription::TranscriptionNews;
use super::turn::{AnswerValue, RecordingState};
use crate::campaign::Machine;
use crate::id::{
    AccountId, ActionNo, CallId, CampaignId, CarrierCallId, EventKey, Fence, JobId, LeadId, LegNo, NodeId,
    RecordingId, SessionId, TenantId,
};
use crate::numbers::Route;
use crate::private::{Address, Private};
use crate::queue::Claim;
use crate::script::Cursor;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One fact about one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The call it is about.
    pub call: CallId,
    /// Two reports with one key are one event.
    pub key: EventKey,
    /// When we heard of it: stamped once, and journaled, so that a replay sees the same time.
    pub received_at: Timestamp,
    /// When it happened by the carrier's own word, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// Who told us.
    pub source: Source,
    /// The fact.
    #[serde(flatten)]
    pub what: What,
}

impl Event {
    /// When it happened: the carrier's word, else when we heard.
    pub fn at(&self) -> Timestamp {
        self.occurred_at.unwrap_or(self.received_at)
    }
}

/// Who told us of an event. Ordered by trust: what the carrier answers when asked may only move a call forward.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Our own asking: a fetch or a listing at the carrier.
    Reconciler,
    /// A webhook of the carrier.
    Carrier,
    /// A deadline, or the engine's own act.
    Engine,
    /// A client of the REST API, or a command.
    Api,
}

impl Source {
    /// The word in JSON and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reconciler => "reconciler",
            Self::Carrier => "carrier",
            Self::Engine => "engine",
            Self::Api => "api",
        }
    }
}

/// The facts. Serialized with a `kind` tag; fields are only ever added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// Somebody asked us to place a call. The first event of every outbound call.
    Requested(Box<Request>),
    /// A call reached us that the carrier already has: inbound, or placed by other software on our account.
    Arrived(Box<Arrival>),
    /// A client that carries a call itself wants it kept here. The first event of such a call.
    Registered(Box<Registration>),
    /// That client says where the call is.
    StatusReported(Box<StatusReport>),
    /// That client takes the call back.
    Unregistered,
    /// One user of an app called another. The first event of such a call.
    AppCalled(Box<AppCall>),
    /// News of such a call.
    App(Box<AppProgress>),
    /// The intent to dial is durable; nothing has been sent.
    DialStarted(OnLeg),
    /// The one request of this attempt is about to be written to the network.
    PostBegun(OnLeg),
    /// The request's answer never came or made no sense: the call may or may not exist at the carrier.
    PostUnclear {
        /// Which attempt.
        #[serde(flatten)]
        on: OnLeg,
        /// What came instead of an answer.
        why: String,
    },
    /// The carrier answered that it will not place this call.
    PostRefused {
        /// Which attempt.
        #[serde(flatten)]
        on: OnLeg,
        /// What it said.
        refusal: Refusal,
    },
    /// Another attempt of this call waits for its turn (the one before was never accepted).
    Requeued {
        /// The new attempt.
        leg: LegNo,
        /// Not before this time.
        not_before: Timestamp,
        /// Through another carrier, if it is not the one before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        over: Option<Box<FailOver>>,
    },
    /// News of a leg from the carrier.
    Progress(Progress),
    /// A listing at the carrier showed no call for an unclear attempt.
    ListedNothing(OnLeg),
    /// After the settle time and enough empty listings: the carrier never got the request.
    RuledNotPlaced(OnLeg),
    /// The carrier was asked about a live leg and gave no usable answer.
    CarrierSilent(OnLeg),
    /// Nobody knows, and nobody will: the leg is closed as unknown.
    GaveUp(OnLeg),
    /// The call waited too long for its turn.
    Expired(OnLeg),
    /// A gate refused the call for good: it will never be dialed.
    Gated {
        /// Which gate.
        gate: Gate,
    },
    /// Somebody asked for the call to be hung up.
    HangUpAsked {
        /// Why.
        reason: HangUpReason,
    },
    /// A stray at the carrier has been hung up.
    StrayHungUp {
        /// Which.
        carrier_call_id: CarrierCallId,
    },
    /// Another node carries the call from now on: the one before is gone. Whether it has sent the request is not known, and
    /// nobody sends it again.
    TakenOver {
        /// Which node.
        by: NodeId,
        /// What it shows of the call's job, if the call is an attempt of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<Claim>,
        /// Since when nobody can have sent it, if that is longer ago: another took it over before, and told nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// The carrier fetched a step of the script, bringing what it heard since the step before.
    Spoke(Box<Spoke>),
    /// Somebody asked for the call to wait.
    HoldAsked(Box<ActionAsked>),
    /// Somebody asked for the call to go on, or it had waited too long.
    ResumeAsked(Box<ActionAsked>),
    /// Somebody asked for the call to be handed to somebody else.
    TransferAsked(Box<TransferAsked>),
    /// The call is handed to somebody else from its first page: no carrier needs to be asked.
    Forwarded(Box<TransferAsked>),
    /// The carrier fetched the page of a hold, a resume or a transfer: it does what was asked for.
    ActionBegun(Box<ActionBegun>),
    /// The carrier did not do what was asked for, and nobody asks again.
    ActionRefused {
        /// Which action.
        no: ActionNo,
        /// What it said, or that it said nothing.
        why: String,
    },
    /// News of the leg that was dialed for a transfer.
    ActionNews(Box<ActionNews>),
    /// Somebody who was asked whether they take a call said so.
    Consulted(Box<Consulted>),
    /// The carrier is done dialing for a transfer, or the talk that came of it is over.
    TransferOver(Box<TransferOver>),
    /// News of an answer's recording.
    Recording(Box<RecordingNews>),
    /// The text of an answer.
    Transcribed {
        /// The question's index.
        step: u16,
        /// What was said.
        text: Private<String>,
    },
    /// Where an answer's transcription stands, but for its text.
    Transcription(Box<TranscriptionNews>),
    /// Whether a person or a machine took the call.
    AnsweredBy {
        /// Which leg.
        #[serde(flatten)]
        on: OnLeg,
        /// The verdict.
        verdict: AnsweredBy,
    },
    /// What the carrier charged.
    Priced {
        /// As the carrier writes it, a decimal number (Twilio: negative).
        price: String,
        /// ISO 4217.
        unit: String,
        /// The carrier's id of the leg it is of, if that is somebody's whom the call was handed to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        leg: Option<CarrierCallId>,
    },
    /// News of a bot's talk.
    Bot(Box<BotTold>),
    /// Keys to set, or to remove where the value is null.
    MetadataMerged {
        /// The patch.
        patch: Private<Metadata>,
    },
    /// A word from the carrier that we do not know: kept, counted, without effect.
    UnknownWord {
        /// The word, as it came.
        word: String,
    },
}

/// Free JSON that the caller of our API keeps with a call.
pub type Metadata = BTreeMap<String, serde_json::Value>;

/// Which attempt an event is about, under which fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OnLeg {
    /// The attempt.
    pub leg: LegNo,
    /// The fence its callback URLs carry.
    pub fence: Fence,
}

impl OnLeg {
    /// An attempt of a call that never changed its owner.
    pub fn first(leg: LegNo) -> Self {
        Self { leg, fence: Fence::FIRST }
    }
}

/// The personal part of a call: sealed in the journal under the person's own key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Party {
    /// Whom the call goes to.
    pub to: Address,
    /// Whom it shows as its caller.
    pub from: Address,
    /// The person's name, as data: spoken, shown, never trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Private<String>>,
    /// Values for a script's `{{…}}`.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub variables: Private<BTreeMap<String, String>>,
    /// What the caller of our API keeps with the call.
    #[serde(default, skip_serializing_if = "is_empty_metadata")]
    pub metadata: Private<Metadata>,
    /// Software of the client's that they talk with, if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Box<ClientStream>>,
}

/// A media stream from the carrier to software of the client's, past us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientStream {
    /// Where that listens: a WebSocket. What stands in it may open it to anybody.
    pub url: Private<String>,
    /// What comes when the stream is over.
    pub then: AfterStream,
}

/// What comes when a stream to a client's software is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterStream {
    /// The call ends.
    HangUp,
    /// The call's script.
    Script,
}

fn is_empty(variables: &Private<BTreeMap<String, String>>) -> bool {
    variables.reveal().is_empty()
}

fn is_empty_metadata(metadata: &Private<Metadata>) -> bool {
    metadata.reveal().is_empty()
}

/// The script a call runs: by name for people, by content hash for the truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptRef {
    /// Its name.
    pub name: String,
    /// The hash of its content when the call began: an edit changes the next call, never this one.
    pub version: String,
}

/// How long things may take, in seconds; chosen when the call is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How long it may ring.
    pub ring_timeout_secs: u32,
    /// How long an answered call may last.
    pub time_limit_secs: u32,
    /// How long it may wait for its turn.
    pub queue_limit_secs: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ring_timeout_secs: 30, time_limit_secs: 3_600, queue_limit_secs: 24 * 3_600 }
    }
}

/// A call somebody asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Whose call it is.
    pub tenant: TenantId,
    /// Through which carrier account.
    pub account: AccountId,
    /// Who talks to whom.
    pub party: Party,
    /// What is asked; if a bot talks, what is asked when it can't.
    pub script: ScriptRef,
    /// The bot that talks, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<BotRef>,
    /// How long things may take.
    pub limits: Limits,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The caller's own conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The client's Idempotency-Key and the hash of its request: a repeat is answered, not placed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
    /// The job of the queue that it is an attempt of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<ForJob>,
}

/// Which attempt of which job a call is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForJob {
    /// The job.
    pub job: JobId,
    /// Its campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// The person it is to reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<LeadId>,
    /// The node that claimed it.
    pub node: NodeId,
    /// Which attempt, and under which fence.
    #[serde(flatten)]
    pub on: Claim,
    /// The question to begin with, where an earlier call of the job was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Cursor>,
    /// What happens when a machine answers.
    #[serde(default, skip_serializing_if = "Machine::only_talks")]
    pub machine: Machine,
    /// When the hours end at which the person may be called: nothing is sent from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours_end: Option<Timestamp>,
}

impl ForJob {
    /// Whether this is no hour any more to call the person, however long the call has waited since its gates were open.
    pub fn is_after_hours(&self, now: Timestamp) -> bool {
        self.hours_end.is_some_and(|end| now >= end)
    }
}

/// A client's promise that two requests are one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The key, unique per tenant for 24 hours.
    pub key: String,
    /// The hash of the request's body: the same key with another body is an error.
    pub body: String,
}

/// A call that began at the carrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// Whose call it is.
    pub tenant: TenantId,
    /// The carrier account it reached.
    pub account: AccountId,
    /// The carrier's id.
    pub carrier_call_id: CarrierCallId,
    /// Which way it goes.
    pub direction: Direction,
    /// Who talks to whom.
    pub party: Party,
    /// What is asked, if the number has a script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<ScriptRef>,
    /// The bot that talks, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<BotRef>,
    /// Which way the number sent it, if somebody called us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// What the network vouches for of the caller's number, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Attestation>,
    /// How long things may take.
    pub limits: Limits,
}

/// Which way a call goes, seen from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Somebody called us.
    Inbound,
    /// We called somebody.
    Outbound,
}

impl Direction {
    /// The word in JSON and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// What the carrier's refusal of a create request means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its class, decided beside the carrier that knows.
    pub class: RefusalClass,
    /// The carrier's code, such as Twilio's 21211.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The HTTP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<u16>,
    /// The carrier's words.
    pub message: String,
}

/// Why a create request did not become a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalClass {
    /// The number cannot be called, ever.
    InvalidNumber,
    /// The number is refused by permission or a block list.
    Blocked,
    /// The carrier can't reach it now.
    Unreachable,
    /// Our credentials, caller id or settings are wrong.
    Configuration,
    /// Too many requests: nothing was dialed, try later.
    TooMany,
    /// The request never left this machine: the one safe retry.
    NotSent,
}

impl RefusalClass {
    /// Whether another attempt may be made at once by the clock, using up no attempt.
    pub fn goes_back_to_queue(self) -> bool {
        match self {
            Self::TooMany | Self::NotSent => true,
            Self::InvalidNumber | Self::Blocked | Self::Unreachable | Self::Configuration => false,
        }
    }
}

/// News of one leg.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Which attempt.
    #[serde(flatten)]
    pub on: OnLeg,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// What it says.
    pub news: News,
}

/// What a carrier says of a leg.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum News {
    /// It has the call.
    Accepted,
    /// The far end rings.
    Ringing,
    /// The far end answered.
    Answered,
    /// The leg is over.
    Ended(Box<CarrierEnd>),
}

/// How a leg ended, in the carrier's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CarrierEnd {
    /// Its end word.
    pub word: EndWord,
    /// How long it was connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<u32>,
    /// Everything else it said.
    #[serde(default)]
    pub reported: Reported,
}

/// The end words all carriers share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndWord {
    /// It was connected, and is over.
    Completed,
    /// The far end is busy.
    Busy,
    /// It rang out.
    NoAnswer,
    /// Cut before the answer.
    Canceled,
    /// It could not be connected.
    Failed,
}

/// Why a call is to be hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangUpReason {
    /// A client or an operator asked.
    Asked,
    /// It reached its maximum length.
    TimeLimit,
    /// The server has no room for it.
    Capacity,
}

impl HangUpReason {
    /// Who hangs up, for the evidence.
    pub fn by(self) -> HangUpBy {
        HangUpBy::Us
    }
}

/// A step of the script was fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spoke {
    /// Which leg fetched it.
    #[serde(flatten)]
    pub on: OnLeg,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// What was heard since the step before, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Heard>,
    /// What is said now.
    pub says: Says,
}

/// A hold or a resume that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionAsked {
    /// Which action it is.
    pub no: ActionNo,
    /// The client's Idempotency-Key and the hash of its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
}

/// A transfer that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferAsked {
    /// Which action it is.
    pub no: ActionNo,
    /// To whom, and how.
    pub transfer: Transfer,
    /// The client's Idempotency-Key and the hash of its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
}

/// The page of an action was fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionBegun {
    /// Which leg fetched it.
    #[serde(flatten)]
    pub on: OnLeg,
    /// The carrier's id of that leg.
    pub carrier_call_id: CarrierCallId,
    /// Which action.
    pub no: ActionNo,
}

/// News of a leg that was dialed for a transfer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionNews {
    /// Which action.
    pub no: ActionNo,
    /// The carrier's id of the leg that was dialed.
    pub carrier_call_id: CarrierCallId,
    /// What it says.
    #[serde(flatten)]
    pub news: News,
}

/// What somebody said who was asked whether they take a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consulted {
    /// Which action.
    pub no: ActionNo,
    /// The carrier's id of their leg.
    pub carrier_call_id: CarrierCallId,
    /// What they said.
    pub said: Consent,
}

/// The page that comes after a transfer was fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransferOver {
    /// Which leg fetched it: the call's own.
    #[serde(flatten)]
    pub on: OnLeg,
    /// The carrier's id of that leg.
    pub carrier_call_id: CarrierCallId,
    /// Which action.
    pub no: ActionNo,
    /// The carrier's id of the leg that was dialed, if it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<CarrierCallId>,
    /// How that leg ended, if the carrier's word is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<CarrierEnd>,
}

/// What the person gave as an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// To which question.
    pub step: u16,
    /// At which asking of it, from 0.
    pub ask: u8,
    /// What it means.
    pub value: AnswerValue,
    /// Keys pressed, as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<Private<String>>,
    /// Speech the carrier understood, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speech: Option<Private<String>>,
    /// Its recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingFact>,
}

/// A recording at the carrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordingFact {
    /// The carrier's id.
    pub id: RecordingId,
    /// Where the carrier keeps it.
    pub url: String,
    /// How long it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<u32>,
}

/// What is said to the person now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "snake_case")]
pub enum Says {
    /// A question.
    Question {
        /// Its index, from 0.
        step: u16,
        /// How often it was asked before.
        ask: u8,
        /// Its text, as the script had it.
        text: String,
    },
    /// Good-bye, then the line is closed.
    Goodbye,
    /// An apology, then the line is closed.
    Apology,
    /// What a bot says: the carrier is told to open this media stream.
    Bot {
        /// Which, from 1.
        stream: u16,
    },
    /// What the client's software says: the carrier is told to open a stream to it.
    Client,
    /// Nothing: nobody is on the line any more.
    Nothing,
}

/// News of one recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordingNews {
    /// The carrier's id.
    pub id: RecordingId,
    /// To which question it is the answer, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u16>,
    /// Of which of the call's media streams it is, if we made it ourselves while a bot talked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<u16>,
    /// At which asking.
    #[serde(default)]
    pub ask: u8,
    /// Where the carrier keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How long it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_secs: Option<u32>,
    /// Where it stands.
    pub state: RecordingState,
}

impl RecordingNews {
    /// The recording itself, as this tells it.
    pub(super) fn fact(&self) -> RecordingFact {
        RecordingFact {
            id: self.id.clone(),
            url: self.url.clone().unwrap_or_default(),
            duration_secs: self.duration_secs,
        }
    }
}
