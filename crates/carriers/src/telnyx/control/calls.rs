//! What can be asked of calls by Call Control: one, and those between two numbers.
//!
//! It has no listing of calls. What there is: whether a call is alive; the application's calls that are alive, each with the
//! state it was dialed with; and the events of the last days, between two numbers or of one leg. A call that is in none of
//! them was not made; a question that could not be answered proves nothing, and is an error.

use super::client::CallControl;
use super::event;
use super::mark::Mark;
use crate::carrier::{AskError, Fetched, HangUpAnswer, Listed};
use crate::http::Reply;
use crate::telnyx::client::failure;
use crate::telnyx::words::time;
use crate::telnyx::{is_call_id, is_uuid};
use form_urlencoded::Serializer;
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use trunkline_core::call::{CarrierEnd, EndWord, News, RecordingFact, Reported};
use trunkline_core::id::{CarrierCallId, RecordingId};
use trunkline_core::private::{Address, Private};

const PAGE_SIZE: &str = "100";
const MAX_PAGES: usize = 20;
/// Clocks differ.
const SLACK: SignedDuration = SignedDuration::from_mins(5);
/// "This call is no longer active": it was over before we asked.
const OVER: &str = "90018";
/// "The resource can't be found", among others of the same kind.
const NOT_FOUND: [&str; 2] = ["10005", "90015"];

#[derive(Deserialize)]
struct One {
    data: Call,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    call_leg_id: Option<String>,
    is_alive: bool,
    #[serde(default)]
    end_time: Option<String>,
}

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    total_pages: Option<usize>,
    #[serde(default)]
    cursors: Option<Cursors>,
}

#[derive(Deserialize)]
struct Cursors {
    #[serde(default)]
    after: Option<String>,
}

#[derive(Deserialize)]
struct Active {
    call_control_id: String,
    #[serde(default)]
    client_state: Option<String>,
}

/// An event that was told, as it is kept.
#[derive(Deserialize)]
struct Kept {
    call_leg_id: String,
    #[serde(default)]
    event_timestamp: Option<String>,
    name: String,
    #[serde(default)]
    metadata: Value,
}

pub(super) async fn fetch(control: &CallControl, id: &CarrierCallId) -> Result<Option<Fetched>, AskError> {
    let Some(call) = one(control, id).await? else { return Ok(None) };
    if call.is_alive {
        return Ok(Some(Fetched {
            news: Some(News::Accepted),
            word: "alive".to_owned(),
            occurred_at: None,
            answered_by: None,
            price: None,
        }));
    }
    let end = match call.call_leg_id.as_deref() {
        Some(leg) => ended(&events(control, &[("filter[leg_id]", leg)]).await?),
        None => ending(EndWord::Failed),
    };
    Ok(Some(Fetched {
        news: Some(News::Ended(Box::new(end))),
        word: "ended".to_owned(),
        occurred_at: call.end_time.as_deref().and_then(time),
        answered_by: None,
        price: None,
    }))
}

/// Whether a call is alive; `None` if nobody knows it.
pub(super) async fn is_alive(control: &CallControl, id: &CarrierCallId) -> Result<Option<bool>, AskError> {
    Ok(one(control, id).await?.map(|call| call.is_alive))
}

async fn one(control: &CallControl, id: &CarrierCallId) -> Result<Option<Call>, AskError> {
    if !is_call_id(id.as_str()) {
        return Ok(None);
    }
    let telnyx = &control.telnyx;
    let reply = Reply::to(telnyx.asking(&telnyx.address(&format!("/calls/{id}")))).await?;
    let is_unknown = failure(&reply.body)
        .is_some_and(|told| reply.status == StatusCode::NOT_FOUND || NOT_FOUND.contains(&told.code.as_str()));
    if is_unknown {
        return Ok(None);
    }
    let One { data } = reply.success(failure)?.json()?;
    Ok(Some(data))
}

/// The end of a leg, by the events that are kept of it. Whether it was answered decides where its own words are missing.
fn ended(events: &[Kept]) -> CarrierEnd {
    let of = |name: &str| events.iter().find(|event| event.name == name);
    let told = of("call.hangup").and_then(|event| holder(&event.metadata, "hangup_cause")).map(event::end);
    let was_answered = of("call.answered").is_some();
    match told {
        Some(end) if was_answered && end.word == EndWord::Failed => {
            CarrierEnd { word: EndWord::Completed, ..end }
        }
        Some(end) => end,
        None => ending(if was_answered { EndWord::Completed } else { EndWord::Failed }),
    }
}

fn ending(word: EndWord) -> CarrierEnd {
    let reported = Reported { carrier_status: Some("ended".to_owned()), ..Reported::default() };
    CarrierEnd { word, duration_secs: None, reported }
}

/// The object in which this field stands, wherever that is: what an event was told as is somewhere in what is kept of it.
fn holder<'a>(value: &'a Value, field: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) if fields.contains_key(field) => Some(value),
        Value::Object(fields) => fields.values().find_map(|value| holder(value, field)),
        Value::Array(values) => values.iter().find_map(|value| holder(value, field)),
        _ => None,
    }
}

fn told<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    holder(value, field)?.get(field)?.as_str()
}

/// Calls that may be of an attempt between these two: those that are alive, by the state they were dialed with, and those of
/// which an event is kept.
pub(super) async fn list(
    control: &CallControl,
    to: &Address,
    from: &Address,
    since: Timestamp,
) -> Result<Vec<Listed>, AskError> {
    let mut found = BTreeMap::new();
    for call in active(control).await? {
        let token = call.client_state.as_deref().and_then(Mark::of_client_state).and_then(|mark| mark.token);
        // What bears no state of ours is nobody's attempt.
        if token.is_some() && is_call_id(&call.call_control_id) {
            let id = CarrierCallId::new(call.call_control_id);
            found.insert(id.clone(), Listed { id, created_at: None, news: News::Accepted, token });
        }
    }
    let after = since.checked_sub(SLACK).unwrap_or(since).to_string();
    let filters = [
        ("filter[to]", to.as_str()),
        ("filter[from]", from.as_str()),
        ("filter[occurred_at][gte]", after.as_str()),
    ];
    let mut legs: BTreeMap<String, Vec<Kept>> = BTreeMap::new();
    for event in events(control, &filters).await? {
        legs.entry(event.call_leg_id.clone()).or_default().push(event);
    }
    for events in legs.into_values() {
        let Some(id) = events.iter().find_map(|event| told(&event.metadata, "call_control_id")) else {
            return Err(AskError::Unreadable("an event names no call"));
        };
        let token = events.iter().find_map(|event| {
            Mark::of_client_state(told(&event.metadata, "client_state")?).and_then(|mark| mark.token)
        });
        let id = CarrierCallId::new(id);
        let news = match events.iter().any(|event| event.name == "call.hangup") {
            true => News::Ended(Box::new(ended(&events))),
            false => News::Accepted,
        };
        let at = |event: &Kept| event.event_timestamp.as_deref().and_then(time);
        let created_at = events.iter().filter_map(at).min();
        found.entry(id.clone()).or_insert(Listed { id, created_at, news, token });
    }
    Ok(found.into_values().collect())
}

async fn active(control: &CallControl) -> Result<Vec<Active>, AskError> {
    let telnyx = &control.telnyx;
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let after_that = after.iter().map(|after| ("page[after]", after.as_str()));
        let query = Serializer::new(String::new())
            .append_pair("page[limit]", PAGE_SIZE)
            .extend_pairs(after_that)
            .finish();
        let url = telnyx.address(&format!("/connections/{}/active_calls?{query}", telnyx.connection));
        let reply = Reply::to(telnyx.asking(&url)).await?.success(failure)?;
        let Page { data, meta } = reply.json::<Page<Active>>()?;
        let is_empty = data.is_empty();
        found.extend(data);
        after = meta.and_then(|meta| meta.cursors).and_then(|cursors| cursors.after);
        if is_empty || after.is_none() {
            return Ok(found);
        }
    }
    // What was not read to its end must never count as showing nothing.
    Err(AskError::TooLarge("the list of active calls"))
}

async fn events(control: &CallControl, filters: &[(&str, &str)]) -> Result<Vec<Kept>, AskError> {
    let telnyx = &control.telnyx;
    let mut found = Vec::new();
    for page in 1..=MAX_PAGES {
        let query = Serializer::new(String::new())
            .extend_pairs(filters)
            .append_pair("filter[type]", "webhook")
            .append_pair("page[number]", &page.to_string())
            .append_pair("page[size]", PAGE_SIZE)
            .finish();
        let reply = Reply::to(telnyx.asking(&telnyx.address(&format!("/call_events?{query}")))).await?;
        let Page { data, meta } = reply.success(failure)?.json::<Page<Kept>>()?;
        let is_empty = data.is_empty();
        found.extend(data);
        let pages = meta.and_then(|meta| meta.total_pages).unwrap_or(1);
        if is_empty || page >= pages {
            return Ok(found);
        }
    }
    Err(AskError::TooLarge("the list of events"))
}

/// The keys that the question with this mark brought, if an event that is kept of the leg tells of any.
pub(super) async fn keys(
    control: &CallControl,
    id: &CarrierCallId,
    mark: &Mark,
) -> Result<Option<Private<String>>, AskError> {
    let Some(leg) = one(control, id).await?.and_then(|call| call.call_leg_id) else { return Ok(None) };
    let kept = events(control, &[("filter[leg_id]", &leg), ("filter[name]", event::GATHERED)]).await?;
    let is_its_own = |payload: &&Value| {
        let state = payload.get("client_state").and_then(Value::as_str);
        state.and_then(Mark::of_client_state).is_some_and(|told| told.is_at(mark))
    };
    let mut payloads = kept.iter().filter_map(|event| holder(&event.metadata, "digits"));
    Ok(payloads.find(is_its_own).and_then(event::keys))
}

/// The recordings of a leg that can be fetched, each with when it began.
pub(super) async fn recordings(
    control: &CallControl,
    id: &CarrierCallId,
) -> Result<Vec<(RecordingFact, Timestamp)>, AskError> {
    let telnyx = &control.telnyx;
    let query = Serializer::new(String::new())
        .append_pair("filter[call_control_id]", id.as_str())
        .append_pair("page[size]", PAGE_SIZE)
        .finish();
    let reply = Reply::to(telnyx.asking(&telnyx.address(&format!("/recordings?{query}")))).await?;
    let Page { data, .. } = reply.success(failure)?.json::<Page<Value>>()?;
    Ok(data.iter().filter_map(kept_recording).collect())
}

fn kept_recording(value: &Value) -> Option<(RecordingFact, Timestamp)> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let id = text("id").filter(|id| is_uuid(id))?;
    let duration_secs = event::length(value);
    let recording = RecordingFact { id: RecordingId::new(id), url: String::new(), duration_secs };
    Some((recording, text("recording_started_at").and_then(time)?))
}

pub(super) fn is_over(reply: &Reply) -> Option<HangUpAnswer> {
    let told = failure(&reply.body)?;
    if told.code == OVER {
        return Some(HangUpAnswer::AlreadyOver);
    }
    let is_unknown = reply.status == StatusCode::NOT_FOUND || NOT_FOUND.contains(&told.code.as_str());
    is_unknown.then_some(HangUpAnswer::Gone)
}
