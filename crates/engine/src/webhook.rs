//! What carriers tell us, in words all carriers share: the web room verifies and parses, the engine believes.

use jiff::Timestamp;
use trunkline_carriers::callback::CallbackState;
use trunkline_core::call::{AnsweredBy, Attestation, Direction, News, RecordingFact, RecordingState};
use trunkline_core::id::{AccountId, CarrierCallId, RecordingId};
use trunkline_core::private::{Address, Private};

/// A carrier fetches what to say next.
#[derive(Clone, Debug)]
pub struct VoiceFetch {
    /// The carrier account.
    pub account: AccountId,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// The sealed state, if the URL bore one.
    pub token: Option<CallbackState>,
    /// The step in clear, if the URL bore no sealed state.
    pub q: Option<i64>,
    /// A name in clear, accepted from others, never written by us.
    pub name: Option<Private<String>>,
    /// Which way the carrier says the call goes.
    pub direction: Direction,
    /// Who calls.
    pub from: Address,
    /// Who is called.
    pub to: Address,
    /// What the network vouches for of the caller's number, if the carrier says.
    pub attestation: Option<Attestation>,
    /// Keys pressed.
    pub digits: Option<Private<String>>,
    /// Speech the carrier understood.
    pub speech: Option<Private<String>>,
    /// The recording just made.
    pub recording: Option<RecordingFact>,
    /// How a transfer went, if one is over.
    pub dial: Option<DialReport>,
    /// Whether anybody hears what is said next.
    pub line: Line,
    /// The carrier's dedup key of this request.
    pub key: String,
}

/// How a transfer went.
#[derive(Clone, Debug)]
pub struct DialReport {
    /// The carrier's id of the leg that was dialed, if it tells.
    pub carrier_call_id: Option<CarrierCallId>,
    /// How that leg ended, or a word we do not know.
    pub news: Result<News, String>,
}

/// A line, as the carrier that asks for the next page tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Somebody listens.
    Open,
    /// They have hung up in the middle of an answer: the carrier hands in what was said until then.
    Closed,
}

/// A carrier reports how a leg goes.
#[derive(Clone, Debug)]
pub struct StatusReport {
    /// The carrier account.
    pub account: AccountId,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// The sealed state, if the URL bore one.
    pub token: Option<CallbackState>,
    /// Which way the carrier says the call goes.
    pub direction: Direction,
    /// Who calls.
    pub from: Address,
    /// Who is called.
    pub to: Address,
    /// What the network vouches for of the caller's number, if the carrier says.
    pub attestation: Option<Attestation>,
    /// What it says, or a word we do not know.
    pub news: Result<News, String>,
    /// When it happened, by the carrier.
    pub occurred_at: Option<Timestamp>,
    /// A verdict on who answered, where it came along.
    pub answered_by: Option<AnsweredBy>,
    /// The dedup key.
    pub key: String,
}

/// A carrier reports on a recording.
#[derive(Clone, Debug)]
pub struct RecordingReport {
    /// The carrier account.
    pub account: AccountId,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// The sealed state, if the URL bore one; its place names the question.
    pub token: Option<CallbackState>,
    /// The carrier's id of the recording.
    pub id: RecordingId,
    /// Where the carrier keeps it.
    pub url: Option<String>,
    /// Its length in seconds.
    pub duration_secs: Option<u32>,
    /// Where it stands.
    pub state: RecordingState,
    /// The dedup key.
    pub key: String,
}

/// A carrier's verdict on who answered.
#[derive(Clone, Debug)]
pub struct MachineReport {
    /// The carrier account.
    pub account: AccountId,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// The sealed state, if the URL bore one.
    pub token: Option<CallbackState>,
    /// The verdict.
    pub verdict: AnsweredBy,
    /// The dedup key.
    pub key: String,
}

/// A carrier's transcription of an answer.
#[derive(Clone, Debug)]
pub struct TranscriptReport {
    /// The carrier account.
    pub account: AccountId,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// The sealed state, if the URL bore one; its place names the question.
    pub token: Option<CallbackState>,
    /// The text.
    pub text: Private<String>,
    /// The dedup key.
    pub key: String,
}
