//! A call, an event, a suppression as the rows of their tables: what each column takes from the fold.
//!
//! The names of the fields are the names of the columns.

use crate::event::EventRow;
use crate::suppression::Suppression;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use trunkline_core::call::{
    Answer, AnswerValue, Call, Direction, Disposition, Metadata, Outcome, RecordingState,
};
use trunkline_core::call::{Source, State, Status, Turn};
use trunkline_core::id::{AccountId, CallId, CarrierCallId, EventKey, RecordingId, SessionId, TenantId};
use trunkline_core::private::{Address, Private};

/// A time in a column: microseconds since 1970 UTC.
#[derive(Clone, Copy, Serialize)]
#[serde(transparent)]
pub(crate) struct Micros(i64);

impl From<Timestamp> for Micros {
    fn from(at: Timestamp) -> Self {
        Self(at.as_microsecond())
    }
}

/// The day of a time: days since 1970 UTC.
pub(crate) fn day_of(created_at_micros: i64) -> i64 {
    created_at_micros.div_euclid(86_400_000_000)
}

/// The day in which a call with this id began to exist; `None` if the id bears no time.
pub(crate) fn day_of_id(id: CallId) -> Option<i64> {
    let [a, b, c, d, e, f, version, ..] = *id.as_bytes();
    let millis = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    (version >> 4 == 7).then(|| millis.div_euclid(86_400_000))
}

/// A row of `calls`.
#[derive(Serialize)]
pub(crate) struct CallColumns<'a> {
    id: CallId,
    tenant: &'a TenantId,
    account: &'a AccountId,
    carrier: &'a str,
    carrier_call_id: Option<&'a CarrierCallId>,
    session_id: Option<&'a SessionId>,
    direction: Direction,
    kind: &'static str,
    status: Status,
    state: State,
    disposition: Option<Disposition>,
    outcome: Option<Outcome>,
    from_number: &'a Address,
    to_number: &'a Address,
    name: Option<&'a Private<String>>,
    script: Option<&'a str>,
    question: Option<u16>,
    answer_count: usize,
    created_at: Micros,
    ringing_at: Option<Micros>,
    answered_at: Option<Micros>,
    ended_at: Option<Micros>,
    updated_at: Micros,
    duration_secs: Option<u32>,
    price_amount: Option<&'a str>,
    price_unit: Option<&'a str>,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
    #[serde(serialize_with = "as_filtered_text")]
    metadata: &'a Private<Metadata>,
    /// The turns stand in rows of their own: a call that goes on changes one of many.
    #[serde(serialize_with = "as_text")]
    fold: Call,
}

impl<'a> From<&'a Call> for CallColumns<'a> {
    fn from(call: &'a Call) -> Self {
        let reported = call.leg().end.as_ref().map(|end| &end.reported);
        Self {
            id: call.id,
            tenant: &call.tenant,
            account: &call.account,
            carrier: carrier_of(&call.account),
            carrier_call_id: call.leg().carrier_call_id.as_ref(),
            session_id: call.session.as_ref(),
            direction: call.direction,
            kind: "phone",
            status: call.status(),
            state: call.state(),
            disposition: call.disposition(),
            outcome: call.outcome(),
            from_number: &call.party.from,
            to_number: &call.party.to,
            name: call.party.name.as_ref(),
            script: call.script.as_ref().map(|script| script.name.as_str()),
            question: call.question(),
            answer_count: call.answer_count(),
            created_at: call.created_at.into(),
            ringing_at: call.ringing_at().map(Micros::from),
            answered_at: call.answered_at().map(Micros::from),
            ended_at: call.ended_at().map(Micros::from),
            updated_at: call.updated_at.into(),
            duration_secs: call.duration_secs(),
            price_amount: call.price.as_ref().map(|price| price.amount.as_str()),
            price_unit: call.price.as_ref().map(|price| price.unit.as_str()),
            error_code: reported.and_then(|reported| reported.error_code.as_deref()),
            error_message: reported.and_then(|reported| reported.error_message.as_deref()),
            metadata: &call.party.metadata,
            fold: call.without_turns(),
        }
    }
}

/// The carrier of an account: `twilio` of `twilio:AC…`.
fn carrier_of(account: &AccountId) -> &str {
    let word = account.as_str();
    word.split_once(':').map_or(word, |(carrier, _)| carrier)
}

/// A row of `turns`.
#[derive(Serialize)]
pub(crate) struct TurnColumns<'a> {
    call: CallId,
    step: u16,
    tenant: &'a TenantId,
    question: &'a str,
    asked_at: Option<Micros>,
    asks: u8,
    answered_at: Option<Micros>,
    answer_type: Option<&'static str>,
    answer_value: Option<&'a str>,
    digits: Option<&'a Private<String>>,
    speech: Option<&'a Private<String>>,
    recording_id: Option<&'a RecordingId>,
    recording_url: Option<&'a str>,
    recording_duration_secs: Option<u32>,
    recording_state: Option<&'static str>,
    recording_bytes: Option<u64>,
    recording_sha256: Option<&'a str>,
    transcript: Option<&'a Private<String>>,
    #[serde(serialize_with = "as_text")]
    fold: &'a Turn,
}

impl<'a> TurnColumns<'a> {
    pub(crate) fn new(call: &'a Call, turn: &'a Turn) -> Self {
        let answer = turn.answer.as_ref();
        let recording = turn.recording_of_answer();
        let stored = recording.and_then(|recording| match &recording.state {
            RecordingState::Stored { bytes, sha256 } => Some((*bytes, sha256.as_str())),
            _ => None,
        });
        Self {
            call: call.id,
            step: turn.step,
            tenant: &call.tenant,
            question: &turn.question,
            asked_at: turn.asked_at.map(Micros::from),
            asks: turn.asks,
            answered_at: answer.map(|answer| answer.at.into()),
            answer_type: answer.map(answer_type),
            answer_value: answer.and_then(answer_value),
            digits: answer.and_then(|answer| answer.digits.as_ref()),
            speech: answer.and_then(|answer| answer.speech.as_ref()),
            recording_id: recording.map(|recording| &recording.id),
            recording_url: recording.and_then(|recording| recording.url.as_deref()),
            recording_duration_secs: recording.and_then(|recording| recording.duration_secs),
            recording_state: recording.map(|recording| recording_state(&recording.state)),
            recording_bytes: stored.map(|(bytes, _)| bytes),
            recording_sha256: stored.map(|(_, sha256)| sha256),
            transcript: turn.transcript.as_ref(),
            fold: turn,
        }
    }
}

fn answer_type(answer: &Answer) -> &'static str {
    match answer.value {
        AnswerValue::Recorded => "recorded",
        AnswerValue::YesNo(_) => "yes_no",
        AnswerValue::Number(_) => "number",
        AnswerValue::Choice { .. } => "choice",
        AnswerValue::Invalid => "invalid",
    }
}

fn answer_value(answer: &Answer) -> Option<&str> {
    match &answer.value {
        AnswerValue::YesNo(true) => Some("yes"),
        AnswerValue::YesNo(false) => Some("no"),
        AnswerValue::Number(number) => Some(number.reveal()),
        AnswerValue::Choice { key, .. } => Some(key),
        AnswerValue::Recorded | AnswerValue::Invalid => None,
    }
}

fn recording_state(state: &RecordingState) -> &'static str {
    match state {
        RecordingState::Named => "named",
        RecordingState::Ready => "ready",
        RecordingState::Failed { .. } => "failed",
        RecordingState::Absent => "absent",
        RecordingState::Stored { .. } => "stored",
    }
}

/// A row of `legs`.
#[derive(Serialize)]
pub(crate) struct LegColumns<'a> {
    account: &'a AccountId,
    carrier_call_id: &'a CarrierCallId,
    tenant: &'a TenantId,
    call: CallId,
    leg: Option<u16>,
}

impl<'a> LegColumns<'a> {
    /// What names the row.
    pub(crate) fn key(&self) -> (&'a AccountId, &'a CarrierCallId) {
        (self.account, self.carrier_call_id)
    }

    /// The legs that a carrier knows, and the strays.
    pub(crate) fn all_of(call: &'a Call) -> impl Iterator<Item = Self> {
        let row = |account, carrier_call_id, leg| Self {
            account,
            carrier_call_id,
            tenant: &call.tenant,
            call: call.id,
            leg,
        };
        let legs = call
            .legs
            .iter()
            .filter_map(move |leg| Some(row(&leg.account, leg.carrier_call_id.as_ref()?, Some(leg.no.0))));
        legs.chain(call.strays.keys().map(move |id| row(&call.account, id, None)))
    }
}

/// A row of `events`.
#[derive(Serialize)]
pub(crate) struct EventColumns<'a> {
    call: CallId,
    tenant: &'a TenantId,
    key: &'a EventKey,
    position: u64,
    received_at: Micros,
    occurred_at: Option<Micros>,
    source: Source,
    kind: &'a str,
    applied: u8,
    refused: Option<&'a str>,
    body: &'a str,
}

impl<'a> From<&'a EventRow> for EventColumns<'a> {
    fn from(event: &'a EventRow) -> Self {
        Self {
            call: event.call,
            tenant: &event.tenant,
            key: &event.key,
            position: event.position.0,
            received_at: event.received_at.into(),
            occurred_at: event.occurred_at.map(Micros::from),
            source: event.source,
            kind: &event.kind,
            applied: u8::from(event.applied.is_ok()),
            refused: event.applied.as_ref().err().map(String::as_str),
            body: event.body.reveal().get(),
        }
    }
}

/// A row of `suppressions`.
#[derive(Serialize)]
pub(crate) struct SuppressionColumns<'a> {
    tenant: &'a str,
    number: &'a Address,
    reason: &'a str,
    since: Micros,
    lifted_at: Option<Micros>,
    changed_at: Micros,
}

impl<'a> From<&'a Suppression> for SuppressionColumns<'a> {
    fn from(suppression: &'a Suppression) -> Self {
        Self {
            tenant: suppression.tenant.as_ref().map_or("", TenantId::as_str),
            number: &suppression.number,
            reason: &suppression.reason,
            since: suppression.since.into(),
            lifted_at: suppression.lifted_at.map(Micros::from),
            changed_at: suppression.changed_at().into(),
        }
    }
}

/// A row of `call_counts` to add.
#[derive(Serialize)]
pub(crate) struct CountColumns<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) day: i64,
    pub(crate) status: &'a str,
    pub(crate) n: i64,
}

/// The id of a call to look for.
#[derive(Serialize)]
pub(crate) struct IdColumn {
    pub(crate) id: CallId,
}

/// Writes a value as a text that holds JSON: a column keeps it as it is, and no engine takes it apart on the way.
fn as_text<T: Serialize, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&serde_json::to_string(value).map_err(serde::ser::Error::custom)?)
}

/// The same, of JSON that filters take apart.
fn as_filtered_text<T: Serialize, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&without_nul(serde_json::to_string(value).map_err(serde::ser::Error::custom)?))
}

/// Writes rows as one JSON object, each under its number.
pub(crate) fn json<T: Serialize>(rows: impl IntoIterator<Item = T>) -> Result<String, serde_json::Error> {
    let mut text = Vec::with_capacity(4096);
    serde_json::Serializer::new(&mut text).collect_map(rows.into_iter().enumerate())?;
    // JSON is UTF-8.
    Ok(without_nul(String::from_utf8(text).unwrap_or_default()))
}

/// JSON without the character NUL, which no text of PostgreSQL can hold: a question mark in a box stands for it. The fold
/// and the events keep theirs, as they are texts within.
fn without_nul(json: String) -> String {
    const NUL: &str = "\\u0000";
    if !json.contains(NUL) {
        return json;
    }
    let mut clean = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find(NUL) {
        let (before, from) = rest.split_at(at);
        clean.push_str(before);
        // After an odd number of backslashes it is a backslash and some digits.
        let is_escaped = clean.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        clean.push_str(if is_escaped { NUL } else { "\\ufffd" });
        rest = &from[NUL.len()..];
    }
    clean + rest
}

/// The person of a call, for the table of leads.
#[derive(Serialize)]
pub(crate) struct LeadColumns<'a> {
    /// A lead that a call makes has the call's own id: told twice, it is one.
    id: CallId,
    tenant: &'a str,
    number: &'a str,
    raw: &'a str,
    name: Option<&'a str>,
    zone: Option<&'a str>,
    fields: &'static str,
    at: Micros,
}

impl<'a> LeadColumns<'a> {
    /// `None` where nobody could be called back: a hidden number, a name within a network, a person who was erased.
    pub(crate) fn of(call: &'a Call) -> Option<Self> {
        let number = call.party.person(call.direction).as_str();
        number.starts_with('+').then(|| Self {
            id: call.id,
            tenant: call.tenant.as_str(),
            number,
            raw: number,
            name: call.party.name.as_ref().map(|name| name.reveal().as_str()),
            zone: None,
            fields: "{}",
            at: call.created_at.into(),
        })
    }

    pub(crate) fn key(&self) -> (&'a str, &'a str) {
        (self.tenant, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_taken_out_of_json_and_what_only_looks_like_it_is_not() {
        let table = [
            ("a\0b", "a\u{fffd}b"),
            ("\0", "\u{fffd}"),
            ("\\u0000", "\\u0000"),
            ("\\\0\\u0000\0", "\\\u{fffd}\\u0000\u{fffd}"),
            ("nothing", "nothing"),
        ];
        for (text, expected) in table {
            let clean = without_nul(serde_json::to_string(text).unwrap());
            assert_eq!(serde_json::from_str::<String>(&clean).unwrap(), expected, "{text:?}");
        }
    }
}
