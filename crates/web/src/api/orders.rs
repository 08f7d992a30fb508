//! Placing a call and ending one.

pub(crate) mod spec;

use super::call_json::CallJson;
use super::fields::Fields;
use super::{Asker, CallRef, Mine, Named, app_calls, json, read};
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use trunkline_core::call::Idempotency;
use trunkline_core::private::Private;
use trunkline_engine::{EndError, Order};

/// `POST /api/calls`
pub(crate) async fn place(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    request: Request,
) -> Result<Response, Problem> {
    let key = idempotency_key(request.headers())?;
    let body = read(&web, request).await?;
    let (mut order, notes) = order(&body, &desk.carriers())?;
    order.idempotency = key.map(|key| Idempotency { key, body: hash(&body) });
    let mut placed = desk.place(order).await?;
    placed.warnings.extend(notes);
    let mut response = json(StatusCode::ACCEPTED, &CallJson::from(&placed));
    if let Ok(location) = HeaderValue::from_str(&format!("/api/calls/{}", placed.call.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// `POST /api/calls/{id}/end`
pub(crate) async fn end(
    State(web): State<Arc<Web>>,
    asker: Asker,
    Named(id): Named<CallRef>,
    request: Request,
) -> Result<Response, Problem> {
    let desk = match asker {
        Asker::Key(desk) => desk,
        Asker::User(desk) => {
            let device = app_calls::device(&read(&web, request).await?)?;
            let call = desk.end(id.as_str(), device).await?;
            return Ok(json(StatusCode::OK, &CallJson::of(&call)));
        }
    };
    // Asked first: a wish to end a call that is over is taken as said before, and its sender should hear of the end.
    if let Some(over) = desk.call(id.as_str()).await?.filter(|call| call.is_over()) {
        return Err(EndError::Over(over.status().as_str()).into());
    }
    let call = desk.end(id.as_str()).await?;
    Ok(json(StatusCode::ACCEPTED, &CallJson::of(&call)))
}

/// Reads an order, and what its sender should know although it is no error.
fn order(body: &[u8], carriers: &[impl AsRef<str>]) -> Result<(Order, Vec<String>), Problem> {
    let mut fields = Fields::read(body)?;
    let to = fields.text(&["to", "to_number"])?.ok_or_else(|| Problem::field("to", "is missing"))?;
    let order = Order {
        to: Private::new(to),
        from: fields.text(&["from", "from_number"])?.map(Private::new),
        carrier: carrier(&mut fields, carriers)?,
        script: fields.text(&["script"])?,
        bot: fields.text(&["bot"])?,
        stream_url: fields.text(&["stream_url"])?.map(Private::new),
        name: fields.text(&["name"])?.map(Private::new),
        variables: Private::new(variables(fields.object("variables")?)?),
        metadata: Private::new(fields.object("metadata")?.into_iter().collect()),
        session_id: fields.text(&["session_id"])?,
        ring_timeout_secs: fields.whole("ring_timeout_secs")?,
        time_limit_secs: fields.whole("time_limit_secs")?,
        not_before: fields.time("not_before")?,
        idempotency: None,
    };
    let notes = not_yet(&mut fields)?;
    fields.none_left()?;
    Ok((order, notes))
}

/// The carrier that is to be asked first, if one is named: one of ours.
fn carrier(fields: &mut Fields, ours: &[impl AsRef<str>]) -> Result<Option<String>, Problem> {
    let Some(named) = fields.text(&["carrier", "provider"])? else { return Ok(None) };
    let ours: Vec<&str> = ours.iter().map(AsRef::as_ref).collect();
    match ours.iter().find(|ours| named.eq_ignore_ascii_case(ours)) {
        Some(ours) => Ok(Some((*ours).to_owned())),
        None => Err(Problem::field("carrier", &format!("your calls go through {}", ours.join(" and ")))),
    }
}

/// Fields that have a meaning which this version can't give them: refused where ignoring them would do the wrong thing.
fn not_yet(fields: &mut Fields) -> Result<Vec<String>, Problem> {
    match fields.take(&["record"]) {
        None | Some(Value::Bool(true)) => {}
        Some(_) => return Err(Problem::field("record", "answers are recorded where the script says so")),
    }
    match fields.take(&["priority"]) {
        None => Ok(Vec::new()),
        Some(Value::Number(_)) => Ok(vec!["priority: single calls are dialed in order".to_owned()]),
        Some(_) => Err(Problem::field("priority", "must be a number")),
    }
}

/// Values are spoken, so that a number or a truth value is taken as its text.
fn variables(object: Map<String, Value>) -> Result<BTreeMap<String, String>, Problem> {
    object
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Number(number) => Ok((name, number.to_string())),
            Value::Bool(truth) => Ok((name, truth.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                Err(Problem::field("variables", "each value must be a string or a number"))
            }
        })
        .collect()
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim();
    if (1..=255).contains(&key.len()) {
        Ok(Some(key.to_owned()))
    } else {
        Err(Problem::new(Code::BadRequest).detail("Idempotency-Key: 1 to 255 visible characters"))
    }
}

/// The fingerprint by which a repeated request is known to be the same.
pub(crate) fn hash(body: &[u8]) -> String {
    Sha256::digest(body).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(body: &str) -> String {
        format!("{:?}", order(body.as_bytes(), &["twilio"]).unwrap_err())
    }

    #[test]
    fn every_field_finds_its_place() {
        let (order, notes) = order(
            br#"{"to": "+15550100123", "from": "+15550109999", "script": "survey", "name": "Ann",
                 "variables": {"day": "Tuesday", "count": 3}, "metadata": {"crm": {"id": 7}}, "session_id": "s1",
                 "carrier": "Twilio", "ring_timeout_secs": 20, "time_limit_secs": 600, "record": true,
                 "priority": 5, "not_before": "2026-01-31T12:00:00Z", "bot": null}"#,
            &["twilio"],
        )
        .unwrap();
        assert_eq!(order.to.reveal(), "+15550100123");
        assert_eq!(order.variables.reveal()["count"], "3");
        assert_eq!(order.metadata.reveal()["crm"]["id"], 7);
        assert_eq!(order.ring_timeout_secs, Some(20));
        assert_eq!(order.not_before, Some("2026-01-31T12:00:00Z".parse().unwrap()));
        assert_eq!(notes.len(), 1, "{notes:?}");
    }

    #[test]
    fn a_misspelled_field_is_named_not_ignored() {
        assert!(problem(r#"{"to": "+1", "scrpt": "x"}"#).contains("scrpt"));
    }

    #[test]
    fn what_would_be_done_otherwise_than_asked_is_refused() {
        for body in
            [r#"{"to":"+1","bot":7}"#, r#"{"to":"+1","carrier":"telnyx"}"#, r#"{"to":"+1","record":false}"#]
        {
            assert!(problem(body).contains("InvalidField"), "{body}");
        }
    }

    #[test]
    fn bodies_that_are_no_order_are_refused() {
        let deep = "[".repeat(100_000);
        for body in [
            "",
            "{",
            "[]",
            "null",
            "{}",
            r#"{"to": 1}"#,
            r#"{"to": "+1\u0000"}"#,
            r#"{"to": "+1", "metadata": {"a\u0000": 1}}"#,
            r#"{"to": "+1", "ring_timeout_secs": 1e400}"#,
            r#"{"to": "+1", "ring_timeout_secs": 4294967296}"#,
            r#"{"to": "+1", "ring_timeout_secs": -1}"#,
            r#"{"to": "+1", "variables": {"a": []}}"#,
            r#"{"to": "+1", "not_before": "soon"}"#,
            r#"{"to": "\ud800"}"#,
            &deep,
        ] {
            assert!(order(body.as_bytes(), &["twilio"]).is_err(), "{}", &body[..body.len().min(60)]);
        }
        assert!(order(b"{\"to\": \"\xff\"}", &["twilio"]).is_err());
    }

    #[test]
    fn a_name_of_any_shape_is_data() {
        let name = "x\u{202e}<&\"\u{1}".repeat(2_000);
        let body = serde_json::json!({"to": "+1", "name": name}).to_string();
        let (order, _) = order(body.as_bytes(), &["twilio"]).unwrap();
        assert_eq!(order.name.unwrap().reveal(), &name);
    }
}
