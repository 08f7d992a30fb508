//! What carriers tell us, form by form, as facts of the core.
//!
//! In: a [`Form`] whose signature was checked. Out: one type per kind of webhook, with the key that makes two reports
//! of one event the same event. Unknown fields are ignored, unknown words are kept as words, and a form without its
//! ids, or with another account's, is refused. Telnyx's TeXML uses Twilio's names; its ids, times, ends and verdicts
//! are its own: [`Dialect`].
//!
//! To add a webhook: a type and a function here, a row in the table of keys of its test.

use crate::callback::{CallbackState, Place, SecretKeys};
use crate::dialect::Dialect;
use crate::form::Form;
use crate::twilio::words;
use crate::words::UnknownWord;
use jiff::Timestamp;
use thiserror::Error;
use trunkline_core::call::{
    AnsweredBy, Attestation, CarrierEnd, Direction, News, RecordingFact, RecordingNews, RecordingState,
    Reported,
};
use trunkline_core::id::{AccountId, CarrierCallId, EventKey, RecordingId};
use trunkline_core::private::{Address, Private};
use trunkline_core::script::Next;

/// Addresses longer than this are no numbers and no SIP addresses of anybody.
const MAX_ADDRESS: usize = 320;
const MAX_URL: usize = 2_000;

/// Why a form tells us nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadWebhook {
    /// A field that every such form has is not there: it was cut short, or is of another kind.
    #[error("the form has no {0}")]
    Missing(&'static str),
    /// A field of a form that no carrier gives it.
    #[error("the form's {0} is not one")]
    Field(&'static str),
    /// It speaks of another account.
    #[error("the form is of another account")]
    OtherAccount,
}

/// Which call a form speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The carrier account, as it was checked.
    pub account: AccountId,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// The leg that dialed this one, if one did.
    pub parent: Option<CarrierCallId>,
    /// Which way it goes.
    pub direction: Direction,
    /// Who calls.
    pub from: Address,
    /// Who is called.
    pub to: Address,
    /// What the network vouches for of the caller's number, if it says.
    pub attestation: Option<Attestation>,
}

/// A leg goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusCallback {
    /// Which call.
    pub about: About,
    /// What it says, or a word that we do not know.
    pub news: Result<News, UnknownWord>,
    /// When it happened, by the carrier; whole seconds.
    pub occurred_at: Option<Timestamp>,
    /// Its place among the events we asked for. Not a gap detector.
    pub sequence: Option<u32>,
    /// A verdict that came along.
    pub answered_by: Option<AnsweredBy>,
    /// Two reports with one key are one event.
    pub key: EventKey,
}

/// A page is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct VoiceFetch {
    /// Which call.
    pub about: About,
    /// Where it is, by the carrier.
    pub news: Option<Result<News, UnknownWord>>,
    /// Keys pressed, and nothing but keys.
    pub digits: Option<Private<String>>,
    /// Speech, as the carrier understood it.
    pub speech: Option<Private<String>>,
    /// The recording just made.
    pub recording: Option<RecordingFact>,
    /// How a transfer went, if one is over.
    pub dial: Option<DialResult>,
    /// A verdict, where the call was held up for it.
    pub answered_by: Option<AnsweredBy>,
    /// Why the page before could not be had: Twilio's error code. Only on the fallback address.
    pub failed_with: Option<String>,
}

/// How a transfer went.
#[derive(Clone, Debug, PartialEq)]
pub struct DialResult {
    /// The carrier's id of the other leg.
    pub carrier_call_id: Option<CarrierCallId>,
    /// How it ended, or a word that we do not know.
    pub news: Result<News, UnknownWord>,
    /// How long they talked.
    pub duration_secs: Option<u32>,
}

/// A recording goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingCallback {
    /// The carrier account, as it was checked.
    pub account: AccountId,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// The carrier's id of the recording.
    pub id: RecordingId,
    /// Where the carrier keeps it.
    pub url: Option<String>,
    /// How long it is.
    pub duration_secs: Option<u32>,
    /// Where it stands, or a word that we do not know.
    pub state: Result<RecordingState, UnknownWord>,
    /// Two reports with one key are one event.
    pub key: EventKey,
}

/// Who took the call.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineCallback {
    /// The carrier account, as it was checked.
    pub account: AccountId,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// The verdict, or a word that we do not know.
    pub verdict: Result<AnsweredBy, UnknownWord>,
    /// Two reports with one key are one event.
    pub key: EventKey,
}

/// What was said in a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct TranscriptionCallback {
    /// The carrier account, as it was checked.
    pub account: AccountId,
    /// The carrier's id of the leg.
    pub carrier_call_id: CarrierCallId,
    /// The recording it is of.
    pub recording: Option<RecordingId>,
    /// The text; `None` if the carrier could not tell.
    pub text: Option<Private<String>>,
    /// Two reports with one key are one event.
    pub key: EventKey,
}

/// Reads a status callback.
///
/// Its key is the call, the word and the sequence number. Twilio's idempotency header is left out: it is not signed,
/// so whoever repeats a request could make an old event look new with it, and a word is said once per call anyway.
///
/// # Errors
/// [`BadWebhook`].
pub fn status(account: &AccountId, form: &Form) -> Result<StatusCallback, BadWebhook> {
    let about = about(account, form)?;
    let word = form.get("CallStatus").ok_or(BadWebhook::Missing("CallStatus"))?;
    let sequence: Option<u32> = number(form, "SequenceNumber");
    let shown = sequence.map_or_else(|| "-".to_owned(), |sequence| sequence.to_string());
    let key =
        key(account, &[about.carrier_call_id.as_str(), "status", UnknownWord::new(word).as_str(), &shown]);
    let dialect = Dialect::of(account);
    Ok(StatusCallback {
        news: words::news(word, |end| dialect.end(end, word, form)),
        occurred_at: dialect.occurred_at(form),
        sequence,
        answered_by: answered_by(dialect, form),
        key,
        about,
    })
}

/// Reads the fetch of a page: the first one, the action of a recording or a gather, a redirect, the fallback.
///
/// # Errors
/// [`BadWebhook`].
pub fn voice(account: &AccountId, form: &Form) -> Result<VoiceFetch, BadWebhook> {
    let word = form.get("CallStatus");
    let dialect = Dialect::of(account);
    Ok(VoiceFetch {
        about: about(account, form)?,
        news: word.map(|word| words::news(word, |end| dialect.end(end, word, form))),
        digits: form.get("Digits").and_then(keys),
        speech: form.get("SpeechResult").map(|speech| Private::new(speech.to_owned())),
        recording: recording_fact(dialect, form)?,
        dial: dial_result(dialect, form)?,
        answered_by: answered_by(dialect, form),
        failed_with: form.get("ErrorCode").map(|code| UnknownWord::new(code).as_str().to_owned()),
    })
}

/// Reads news of a recording.
///
/// # Errors
/// [`BadWebhook`].
pub fn recording(account: &AccountId, form: &Form) -> Result<RecordingCallback, BadWebhook> {
    let dialect = Dialect::of(account);
    same_account(account, form)?;
    let id = required(form, "RecordingSid", dialect, Dialect::is_recording)?;
    let word = form.get("RecordingStatus").ok_or(BadWebhook::Missing("RecordingStatus"))?;
    Ok(RecordingCallback {
        account: account.clone(),
        carrier_call_id: CarrierCallId::new(required(form, "CallSid", dialect, Dialect::is_call)?),
        url: url(form),
        duration_secs: number(form, "RecordingDuration"),
        state: match words::recording(word, form.get("ErrorCode")) {
            Ok(RecordingState::Ready) if is_silence(dialect, form) => Ok(RecordingState::Absent),
            state => state,
        },
        key: key(account, &[id, "recording", UnknownWord::new(word).as_str()]),
        id: RecordingId::new(id),
    })
}

/// Reads a verdict on who took the call.
///
/// # Errors
/// [`BadWebhook`].
pub fn machine(account: &AccountId, form: &Form) -> Result<MachineCallback, BadWebhook> {
    let dialect = Dialect::of(account);
    same_account(account, form)?;
    let sid = required(form, "CallSid", dialect, Dialect::is_call)?;
    let word = form.get("AnsweredBy").ok_or(BadWebhook::Missing("AnsweredBy"))?;
    Ok(MachineCallback {
        account: account.clone(),
        carrier_call_id: CarrierCallId::new(sid),
        verdict: dialect.answered_by(word),
        key: key(account, &[sid, "amd", UnknownWord::new(word).as_str()]),
    })
}

/// Reads a transcription.
///
/// # Errors
/// [`BadWebhook`].
pub fn transcription(account: &AccountId, form: &Form) -> Result<TranscriptionCallback, BadWebhook> {
    let dialect = Dialect::of(account);
    same_account(account, form)?;
    let sid = required(form, "CallSid", dialect, Dialect::is_call)?;
    let word = form.get("TranscriptionStatus").ok_or(BadWebhook::Missing("TranscriptionStatus"))?;
    let recording = id_of(form, "RecordingSid", dialect, Dialect::is_recording)?;
    let text = form.get("TranscriptionText").filter(|_| word == "completed");
    Ok(TranscriptionCallback {
        account: account.clone(),
        carrier_call_id: CarrierCallId::new(sid),
        recording: recording.map(RecordingId::new),
        text: text.map(|text| Private::new(text.to_owned())),
        key: key(account, &[sid, "transcription", recording.unwrap_or("-"), UnknownWord::new(word).as_str()]),
    })
}

impl RecordingCallback {
    /// The news for the question that the URL was minted for; `None` while the carrier's word is unknown to us.
    pub fn news(&self, place: Option<Place>) -> Option<RecordingNews> {
        let answers = place.and_then(Place::answers);
        Some(RecordingNews {
            stream: None,
            id: self.id.clone(),
            step: answers.map(|at| at.step),
            ask: answers.map_or(0, |at| at.ask.saturating_add(at.repeat)),
            url: self.url.clone(),
            duration_secs: self.duration_secs,
            state: self.state.clone().ok()?,
        })
    }
}

impl VoiceFetch {
    /// The key of this fetch: the leg, the place in the script, and what was heard. Fetched again, it is the same.
    ///
    /// `state` is what the URL carried, else `q` is its step in clear. What was keyed or said is in the key as a keyed
    /// hash, since keys of events are not sealed.
    pub fn key(&self, state: Option<&CallbackState>, q: Option<i64>, secrets: &SecretKeys) -> EventKey {
        let place = match state {
            Some(state) => format!("{}.{}/{}", state.leg, state.fence.0, place(state.place)),
            None => format!("q{}", q.unwrap_or(0)),
        };
        let said = (self.digits.as_ref().map(Private::reveal), self.speech.as_ref().map(Private::reveal));
        let heard = match (&self.recording, said) {
            (Some(recording), _) => recording.id.as_str().to_owned(),
            (None, (None, None)) => "-".to_owned(),
            (None, said) => secrets.tag(format!("{}\0{said:?}", self.about.carrier_call_id).as_bytes()),
        };
        let fallback = if self.failed_with.is_some() { "fallback" } else { "voice" };
        key(&self.about.account, &[self.about.carrier_call_id.as_str(), fallback, &place, &heard])
    }
}

fn place(place: Place) -> String {
    match place {
        Place::Open(Next::Ask(at)) => format!("open/{}.{}.{}", at.step, at.ask, at.repeat),
        Place::Open(Next::GoodBye) => "goodbye".to_owned(),
        Place::Open(Next::OptedOut) => "opted-out".to_owned(),
        Place::Hear(at) => format!("hear/{}.{}.{}", at.step, at.ask, at.repeat),
        Place::Hold(no) => format!("hold/{no}"),
        Place::Resume(no) => format!("resume/{no}"),
        Place::Transfer(no) => format!("transfer/{no}"),
        Place::Transferred(no) => format!("transferred/{no}"),
        Place::Consult(no) => format!("consult/{no}"),
        Place::Consulted(no) => format!("consulted/{no}"),
        Place::AfterStream(no) => format!("bot/{no}"),
        Place::Stream(no) => format!("stream/{no}"),
    }
}

fn key(account: &AccountId, parts: &[&str]) -> EventKey {
    EventKey::new(format!("{account}/{}", parts.join("/")))
}

fn about(account: &AccountId, form: &Form) -> Result<About, BadWebhook> {
    let dialect = Dialect::of(account);
    same_account(account, form)?;
    Ok(About {
        account: account.clone(),
        carrier_call_id: CarrierCallId::new(required(form, "CallSid", dialect, Dialect::is_call)?),
        parent: id_of(form, "ParentCallSid", dialect, Dialect::is_call)?.map(CarrierCallId::new),
        direction: dialect.direction(form),
        from: address(form, "From")?,
        to: address(form, "To")?,
        attestation: dialect.attestation(form),
    })
}

fn same_account(account: &AccountId, form: &Form) -> Result<(), BadWebhook> {
    let theirs = required(form, "AccountSid", Dialect::of(account), Dialect::is_account)?;
    if theirs == account.own() { Ok(()) } else { Err(BadWebhook::OtherAccount) }
}

/// Whether text is an id of one kind in this dialect.
type IsId = fn(Dialect, &str) -> bool;

fn required<'a>(
    form: &'a Form,
    name: &'static str,
    dialect: Dialect,
    is: IsId,
) -> Result<&'a str, BadWebhook> {
    id_of(form, name, dialect, is)?.ok_or(BadWebhook::Missing(name))
}

fn id_of<'a>(
    form: &'a Form,
    name: &'static str,
    dialect: Dialect,
    is: IsId,
) -> Result<Option<&'a str>, BadWebhook> {
    match form.get(name) {
        Some(id) if is(dialect, id) => Ok(Some(id)),
        Some(_) => Err(BadWebhook::Field(name)),
        None => Ok(None),
    }
}

/// Who is at one end. Empty when the carrier doesn't say, as with some withheld numbers.
fn address(form: &Form, name: &'static str) -> Result<Address, BadWebhook> {
    let text = form.get(name).unwrap_or_default();
    if text.len() > MAX_ADDRESS || text.chars().any(char::is_control) {
        return Err(BadWebhook::Field(name));
    }
    Ok(Address::new(text))
}

pub(crate) fn number<N: std::str::FromStr>(form: &Form, name: &str) -> Option<N> {
    form.get(name).and_then(|text| text.trim().parse().ok())
}

fn url(form: &Form) -> Option<String> {
    form.get("RecordingUrl").filter(|url| url.len() <= MAX_URL).map(str::to_owned)
}

/// The keys among the digits: a recording that ends because the person hung up says `hangup` here.
fn keys(digits: &str) -> Option<Private<String>> {
    let is_key = |char: char| char.is_ascii_digit() || "*#ABCDabcd".contains(char);
    (digits.len() <= 128 && digits.chars().all(is_key)).then(|| Private::new(digits.to_owned()))
}

fn answered_by(dialect: Dialect, form: &Form) -> Option<AnsweredBy> {
    form.get("AnsweredBy").and_then(|word| dialect.answered_by(word).ok())
}

fn recording_fact(dialect: Dialect, form: &Form) -> Result<Option<RecordingFact>, BadWebhook> {
    let id =
        id_of(form, "RecordingSid", dialect, Dialect::is_recording)?.filter(|_| !is_silence(dialect, form));
    Ok(id.map(|id| RecordingFact {
        id: RecordingId::new(id),
        url: url(form).unwrap_or_default(),
        duration_secs: number(form, "RecordingDuration"),
    }))
}

/// Where Telnyx cuts silence off, a recording in which nobody spoke is one of no length, told like any other. Twilio makes
/// none, and says so.
fn is_silence(dialect: Dialect, form: &Form) -> bool {
    dialect == Dialect::Telnyx && form.get("RecordingDuration").is_some_and(|secs| secs.trim() == "0")
}

fn dial_result(dialect: Dialect, form: &Form) -> Result<Option<DialResult>, BadWebhook> {
    let Some(word) = form.get("DialCallStatus") else { return Ok(None) };
    let duration_secs = number(form, "DialCallDuration");
    let end = |end| CarrierEnd {
        word: end,
        duration_secs,
        reported: Reported { carrier_status: Some(word.to_owned()), ..Reported::default() },
    };
    Ok(Some(DialResult {
        carrier_call_id: id_of(form, "DialCallSid", dialect, Dialect::is_call)?.map(CarrierCallId::new),
        news: words::news(word, end),
        duration_secs,
    }))
}
