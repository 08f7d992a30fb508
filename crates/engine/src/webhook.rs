//! What carriers tell us, in words all carriers share: the web room verifies and parses, the engine believes.

use jiff::Timestamp;
use trunkline_core::call::{AnsweredBy, Direction, News, RecordingFact, RecordingState};
use trunkline_core::id::{AccountId, CallId, CarrierCallId, Fence, LegNo, RecordingId};
use trunkline_core::private::{Address, Private};
use trunkline_core::script::{Cursor, ScriptVersion};

/// To which call and leg a webhook belongs, from the sealed token in its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearing {
    /// The call.
    pub call: CallId,
    /// The attempt.
    pub leg: LegNo,
    /// The fence it was minted under.
    pub fence: Fence,
    /// The script's content hash.
    pub script: ScriptVersion,
    /// What to ask now.
    pub at: Cursor,
    /// What this webhook brings the answer to.
    pub answers: Option<Cursor>,
}

/// A carrier fetches what to say next.
#[derive(Clone, Debug)]
pub struct VoiceFetch {
    /// The carrier account.
    pub account: AccountId,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// The sealed state, if the URL bore one.
    pub bearing: Option<Bearing>,
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
    /// Keys pressed.
    pub digits: Option<Private<String>>,
    /// Speech the carrier understood.
    pub speech: Option<Private<String>>,
    /// The recording just made.
    pub recording: Option<RecordingFact>,
    /// The carrier's dedup key of this request.
    pub key: String,
}

/// A carrier reports how a leg goes.
#[derive(Clone, Debug)]
pub struct StatusReport {
    /// The carrier account.
    pub account: AccountId,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// The sealed state, if the URL bore one.
    pub bearing: Option<Bearing>,
    /// Which way the carrier says the call goes.
    pub direction: Direction,
    /// Who calls.
    pub from: Address,
    /// Who is called.
    pub to: Address,
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
    /// The sealed state, if the URL bore one; its `answers` names the question.
    pub bearing: Option<Bearing>,
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
    pub bearing: Option<Bearing>,
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
    /// The sealed state, if the URL bore one; its `answers` names the question.
    pub bearing: Option<Bearing>,
    /// The text.
    pub text: Private<String>,
    /// The dedup key.
    pub key: String,
}
