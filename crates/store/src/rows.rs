//! A call, an event, a suppression as the rows of their tables: what each column takes from the fold.
//!
//! A row names its columns in the order of its statement ([`sql::Insert`](crate::sql::Insert)), which is checked wherever
//! assertions are.

use crate::error::StoreError;
use crate::event::EventRow;
use crate::suppression::Suppression;
use crate::value::Value;
use jiff::Timestamp;
use serde::{Serialize, Serializer as _};
use trunkline_core::call::{Answer, AnswerValue, Call, Disposition, Outcome, RecordingState, Turn};
use trunkline_core::id::{AccountId, CallId, CarrierCallId, SessionId, TenantId};
use trunkline_core::private::Private;

/// A row on its way into a table: its columns by name, and what each takes.
pub(crate) type Columns = Vec<(&'static str, Value)>;

/// A text, without the character NUL, which no text of PostgreSQL can hold: a question mark in a box stands for it.
pub(crate) fn text(text: &str) -> Value {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

fn opt_text(text: Option<&str>) -> Value {
    text.map_or(Value::Text(None), self::text)
}

fn private(text: Option<&Private<String>>) -> Value {
    opt_text(text.map(|text| text.reveal().as_str()))
}

/// A number. One that no column can hold becomes the largest it can.
fn number<T: TryInto<i64>>(number: T) -> Value {
    number.try_into().unwrap_or(i64::MAX).into()
}

fn opt_number<T: TryInto<i64>>(number: Option<T>) -> Value {
    number.map_or(Value::Int(None), self::number)
}

/// A time in a column: microseconds since 1970 UTC.
fn time(at: Timestamp) -> Value {
    at.as_microsecond().into()
}

fn opt_time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Int(None), time)
}

/// A value as JSON, which the column keeps as it is.
fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    // The error of the JSON writer may quote what it wrote: it stays here.
    serde_json::to_string(value).map_err(|_| StoreError::poison("writing a row", "a row is no JSON"))
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

/// A row of `calls`, written by this node, if nodes matter.
///
/// # Errors
/// `Poison` if the fold is no JSON.
pub(crate) fn call(call: &Call, node: Option<&str>) -> Result<Columns, StoreError> {
    let (failure, cost) = (call.failure(), call.cost());
    Ok(vec![
        ("id", call.id.to_string().into()),
        ("tenant", text(call.tenant.as_str())),
        ("account", text(call.account.as_str())),
        ("carrier", text(call.account.carrier())),
        ("carrier_call_id", opt_text(call.leg().carrier_call_id.as_ref().map(CarrierCallId::as_str))),
        ("session_id", opt_text(call.session.as_ref().map(SessionId::as_str))),
        ("direction", text(call.direction.as_str())),
        ("kind", text(if call.app.is_some() { "app" } else { "phone" })),
        ("status", text(call.status().as_str())),
        ("state", text(call.state().as_str())),
        ("disposition", opt_text(call.disposition().map(Disposition::as_str))),
        ("outcome", opt_text(call.outcome().map(Outcome::as_str))),
        ("from_number", text(call.party.from.as_str())),
        ("to_number", text(call.party.to.as_str())),
        ("name", private(call.party.name.as_ref())),
        ("script", opt_text(call.script.as_ref().map(|script| script.name.as_str()))),
        ("price_amount", opt_text(cost.as_ref().map(|price| price.amount.as_str()))),
        ("price_unit", opt_text(cost.as_ref().map(|price| price.unit.as_str()))),
        ("error_code", opt_text(failure.as_ref().map(|failure| &*failure.code))),
        ("error_message", opt_text(failure.as_ref().map(|failure| &*failure.message))),
        // Filters take it apart.
        ("metadata", without_nul(json(&call.party.metadata)?).into()),
        // The turns stand in rows of their own: a call that goes on changes one of many.
        ("fold", json(&call.without_turns())?.into()),
        ("node", opt_text(node)),
        ("campaign", call.campaign().map(|campaign| campaign.to_string()).into()),
        ("question", opt_number(call.question())),
        ("answer_count", number(call.answer_count())),
        ("created_at", time(call.created_at)),
        ("ringing_at", opt_time(call.ringing_at())),
        ("answered_at", opt_time(call.answered_at())),
        ("ended_at", opt_time(call.ended_at())),
        ("updated_at", time(call.updated_at)),
        ("duration_secs", opt_number(call.duration_secs())),
    ])
}

/// A row of `turns`.
///
/// # Errors
/// `Poison` if the turn is no JSON.
pub(crate) fn turn(call: &Call, turn: &Turn) -> Result<Columns, StoreError> {
    let answer = turn.answer.as_ref();
    let recording = turn.recording_of_answer();
    let stored = recording.and_then(|recording| match &recording.state {
        RecordingState::Stored { bytes, sha256 } => Some((*bytes, sha256.as_str())),
        _ => None,
    });
    Ok(vec![
        ("call", call.id.to_string().into()),
        ("tenant", text(call.tenant.as_str())),
        ("question", text(&turn.question)),
        ("answer_type", opt_text(answer.map(answer_type))),
        ("answer_value", opt_text(answer.and_then(answer_value))),
        ("digits", private(answer.and_then(|answer| answer.digits.as_ref()))),
        ("speech", private(answer.and_then(|answer| answer.speech.as_ref()))),
        ("recording_id", opt_text(recording.map(|recording| recording.id.as_str()))),
        ("recording_url", opt_text(recording.and_then(|recording| recording.url.as_deref()))),
        ("recording_state", opt_text(recording.map(|recording| recording_state(&recording.state)))),
        ("recording_sha256", opt_text(stored.map(|(_, sha256)| sha256))),
        ("transcript", private(turn.transcript.as_ref())),
        ("fold", json(turn)?.into()),
        ("step", number(turn.step)),
        ("asked_at", opt_time(turn.asked_at)),
        ("asks", number(turn.asks)),
        ("answered_at", opt_time(answer.map(|answer| answer.at))),
        ("recording_duration_secs", opt_number(recording.and_then(|recording| recording.duration_secs))),
        ("recording_bytes", opt_number(stored.map(|(bytes, _)| bytes))),
    ])
}

fn answer_type(answer: &Answer) -> &'static str {
    match answer.value {
        AnswerValue::Recorded => "recorded",
        AnswerValue::YesNo(_) => "yes_no",
        AnswerValue::Consent(_) => "consent",
        AnswerValue::Number(_) => "number",
        AnswerValue::Choice { .. } => "choice",
        AnswerValue::Invalid => "invalid",
    }
}

fn answer_value(answer: &Answer) -> Option<&str> {
    match &answer.value {
        AnswerValue::Choice { key, .. } => Some(key),
        other => other.word(),
    }
}

fn recording_state(state: &RecordingState) -> &'static str {
    match state {
        RecordingState::Named => "named",
        RecordingState::Ready => "ready",
        RecordingState::Failed { .. } => "failed",
        RecordingState::Absent => "absent",
        RecordingState::Stored { .. } => "stored",
        RecordingState::Removed { .. } => "removed",
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

    /// The row.
    pub(crate) fn columns(&self) -> Columns {
        vec![
            ("account", text(self.account.as_str())),
            ("carrier_call_id", text(self.carrier_call_id.as_str())),
            ("tenant", text(self.tenant.as_str())),
            ("call", self.call.to_string().into()),
            ("leg", opt_number(self.leg)),
        ]
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
        legs.chain(call.strays.keys().map(move |id| row(call.account_of_stray(id), id, None)))
    }
}

/// A row of `events`.
pub(crate) fn event(event: &EventRow) -> Columns {
    vec![
        ("call", event.call.to_string().into()),
        ("tenant", text(event.tenant.as_str())),
        ("key", text(event.key.as_str())),
        ("source", text(event.source.as_str())),
        ("kind", text(&event.kind)),
        ("refused", opt_text(event.applied.as_ref().err().map(String::as_str))),
        ("body", event.body.reveal().get().into()),
        ("position", number(event.position.0)),
        ("received_at", time(event.received_at)),
        ("occurred_at", opt_time(event.occurred_at)),
        ("applied", number(u8::from(event.applied.is_ok()))),
    ]
}

/// A row of `suppressions`.
pub(crate) fn suppression(suppression: &Suppression) -> Columns {
    vec![
        ("tenant", text(suppression.tenant.as_ref().map_or("", TenantId::as_str))),
        ("number", text(suppression.number.as_str())),
        ("reason", text(&suppression.reason)),
        ("since", time(suppression.since)),
        ("lifted_at", opt_time(suppression.lifted_at)),
        ("changed_at", time(suppression.changed_at())),
    ]
}

/// A row of `call_counts`: by how much a count moves.
pub(crate) fn count(tenant: &str, day: i64, status: &str, n: i64) -> Columns {
    vec![("tenant", text(tenant)), ("status", text(status)), ("day", day.into()), ("n", n.into())]
}

/// The id of a call to look for.
#[derive(Serialize)]
pub(crate) struct IdColumn {
    pub(crate) id: CallId,
}

/// Writes rows as one JSON object, each under its number.
pub(crate) fn as_object<T: Serialize>(
    rows: impl IntoIterator<Item = T>,
) -> Result<String, serde_json::Error> {
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
    created_at: i64,
    updated_at: i64,
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
            created_at: call.created_at.as_microsecond(),
            updated_at: call.created_at.as_microsecond(),
        })
    }

    pub(crate) fn key(&self) -> (&'a str, &'a str) {
        (self.tenant, self.number)
    }

    /// A later call of the same person tells more of them, as it would in a batch of its own.
    pub(crate) fn learn(&mut self, later: &Self) {
        self.name = later.name.or(self.name);
        self.updated_at = later.updated_at;
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
