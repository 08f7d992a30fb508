//! Calls as a table for people: one row a call, the same columns in every form.

use super::csv;
use super::error::ExchangeError;
use super::sheet::Cell;
use super::xlsx::Sheets;
use super::{PAGE, Tick};
use jiff::Timestamp;
use serde_json::json;
use std::io::{Seek, Write};
use trunkline_core::call::{AnswerValue, Call, Direction, Turn};
use trunkline_core::id::{CarrierCallId, SessionId};
use trunkline_store::Store;

/// The headings.
pub(super) const HEADINGS: [&str; 28] = [
    "id",
    "tenant",
    "carrier",
    "carrier_call_id",
    "session_id",
    "direction",
    "status",
    "disposition",
    "outcome",
    "from",
    "to",
    "name",
    "script",
    "created_at",
    "ringing_at",
    "answered_at",
    "ended_at",
    "duration_seconds",
    "answer_count",
    "answers",
    "hangup_by",
    "error_code",
    "error_message",
    "cost",
    "currency",
    "legs",
    "metadata",
    "attestation",
];

/// Writes all calls as CSV (RFC 4180). A cell that a spreadsheet would take for a formula begins with an apostrophe.
///
/// # Errors
/// The database went away, or the file could not be written.
pub async fn export_csv(
    store: &Store,
    to: &mut (dyn Write + Send),
    tick: Tick<'_>,
) -> Result<u64, ExchangeError> {
    csv::write(to, HEADINGS.map(|heading| Cell::Text(heading.to_owned())).as_slice())?;
    let done = each_call(store, tick, &mut |call| Ok(csv::write(to, &row(call))?)).await?;
    to.flush()?;
    Ok(done)
}

/// Writes all calls as a workbook; beyond a million calls it has several sheets.
///
/// # Errors
/// The database went away, or the file could not be written.
pub async fn export_xlsx<W: Write + Seek + Send>(
    store: &Store,
    to: W,
    tick: Tick<'_>,
) -> Result<u64, ExchangeError> {
    let mut sheets = Sheets::new(&HEADINGS);
    let done = each_call(store, tick, &mut |call| sheets.add(&row(call))).await?;
    sheets.save(to)?;
    Ok(done)
}

async fn each_call(
    store: &Store,
    tick: Tick<'_>,
    put: &mut (dyn FnMut(&Call) -> Result<(), ExchangeError> + Send),
) -> Result<u64, ExchangeError> {
    let (mut after, mut done) = (None, 0);
    loop {
        let page = store.calls_after(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(done) };
        after = Some(last.id);
        for call in &page {
            put(call)?;
            done += 1;
        }
        tick(done);
    }
}

fn row(call: &Call) -> Vec<Cell> {
    let failure = call.failure();
    let cost = call.cost();
    let price = cost.as_ref();
    let cells = vec![
        text(call.id.to_string()),
        text(call.tenant.as_str()),
        text(call.account.carrier()),
        some(call.leg().carrier_call_id.as_ref().map(CarrierCallId::as_str)),
        some(call.session.as_ref().map(SessionId::as_str)),
        text(match call.direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        }),
        text(call.status().as_str()),
        some(call.disposition().as_ref().and_then(word)),
        some(call.outcome().map(trunkline_core::call::Outcome::as_str)),
        text(call.party.from.as_str()),
        text(call.party.to.as_str()),
        some(call.party.name.as_ref().map(|name| name.reveal().as_str())),
        some(call.script.as_ref().map(|script| script.name.as_str())),
        time(Some(call.created_at)),
        time(call.ringing_at()),
        time(call.answered_at()),
        time(call.ended_at()),
        call.duration_secs().map_or(Cell::Empty, Cell::Number),
        Cell::Number(u32::try_from(call.answer_count()).unwrap_or(u32::MAX)),
        answers(call),
        some(call.is_over().then(|| word(&call.hang_up_by())).flatten()),
        some(failure.as_ref().map(|failure| failure.code.clone())),
        some(failure.as_ref().map(|failure| failure.message.clone())),
        some(price.map(|price| price.amount.as_str())),
        some(price.map(|price| price.unit.as_str())),
        Cell::Number(u32::try_from(call.legs.len()).unwrap_or(u32::MAX)),
        match call.party.metadata.reveal() {
            metadata if metadata.is_empty() => Cell::Empty,
            metadata => some(serde_json::to_string(metadata).ok()),
        },
        some(call.attestation.as_ref().and_then(word)),
    ];
    debug_assert_eq!(cells.len(), HEADINGS.len());
    cells
}

pub(crate) fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

pub(crate) fn some(text: Option<impl Into<String>>) -> Cell {
    text.map_or(Cell::Empty, |text| Cell::Text(text.into()))
}

pub(crate) fn time(at: Option<Timestamp>) -> Cell {
    some(at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
}

/// An enum's word in JSON.
pub(crate) fn word(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(ToOwned::to_owned))
}

/// Question by question, as JSON.
fn answers(call: &Call) -> Cell {
    answers_of(call.turns.values().map(AsRef::as_ref))
}

/// What was answered in these turns, as JSON.
pub(crate) fn answers_of<'a>(turns: impl Iterator<Item = &'a Turn>) -> Cell {
    let answered: Vec<_> = turns.filter(|turn| turn.answer.is_some()).map(answer).collect();
    if answered.is_empty() { Cell::Empty } else { some(serde_json::to_string(&answered).ok()) }
}

fn answer(turn: &Turn) -> serde_json::Value {
    let value = turn.answer.as_ref().map(|answer| match &answer.value {
        AnswerValue::Recorded => "recorded",
        AnswerValue::Invalid => "invalid",
        other => other.word().unwrap_or_default(),
    });
    match &turn.transcript {
        Some(said) => json!({ "question": turn.question, "answer": value, "said": said }),
        None => json!({ "question": turn.question, "answer": value }),
    }
}
