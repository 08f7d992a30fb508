//! Calls that clients carry themselves: register one, say where it is, take it back, look it up by conversation. And the
//! metadata of any call.

pub(crate) mod spec;

use super::call_json::{CallJson, CallName};
use super::fields::Fields;
use super::orders::{hash, idempotency_key};
use super::{CallRef, Mine, Named, json, no_such_call, not_found, read};
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trunkline_core::call::{Direction, Status};
use trunkline_core::id::{CallId, SessionId};
use trunkline_core::private::Private;
use trunkline_engine::{Novelty, Registration, Report, ReportId};

/// Ids that would stand where a route has a word of its own.
const TAKEN: [&str; 4] = ["active", "register", "import", "initiate"];

/// A conversation as a client names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct SessionRef(String);

impl TryFrom<String> for SessionRef {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        let plausible = (1..=255).contains(&word.chars().count()) && !word.chars().any(char::is_control);
        if plausible { Ok(Self(word)) } else { Err("this names no session") }
    }
}

/// A call and what became of what was said of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportedCall")]
struct ReportedJson<'a> {
    #[serde(flatten)]
    call: CallJson<'a>,
    /// Whether the word moved the call.
    applied: bool,
    /// Why it did not.
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SessionOfCall")]
struct SessionJson<'a> {
    session_id: &'a str,
    call_id: CallName<'a>,
    id: CallId,
}

/// `POST /api/calls/register`
pub(crate) async fn register(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let registration = registration(&mut fields)?;
    fields.none_left()?;
    let placed = desk.register(registration).await?;
    let status = match placed.novelty {
        Novelty::New => StatusCode::CREATED,
        Novelty::Repeated => StatusCode::OK,
    };
    let mut response = json(status, &CallJson::from(&placed));
    if let Ok(location) = HeaderValue::from_str(&format!("/api/calls/{}", placed.call.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// `PUT /api/calls/{id}/status`
pub(crate) async fn report(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named(id): Named<CallRef>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let body = read(&web, request).await?;
    let mut fields = Fields::read(&body)?;
    let word = fields.text(&["status"])?.ok_or_else(|| Problem::field("status", "is missing"))?;
    let report = Report {
        status: status(&word)?,
        word,
        metadata: Private::new(fields.object("metadata")?.into_iter().collect()),
        id: match event_id(&mut fields, &headers)? {
            Some(event) => ReportId::Event(event),
            None => ReportId::Body(hash(&body)),
        },
        at: None,
    };
    fields.none_left()?;
    let reported = desk.report(id.as_str(), report).await?;
    let body = ReportedJson {
        call: CallJson::of(&reported.call),
        applied: reported.refused.is_none(),
        reason: reported.refused.map(|why| why.to_string()),
    };
    Ok(json(StatusCode::OK, &body))
}

/// `PATCH /api/calls/{id}`
pub(crate) async fn merge(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named(id): Named<CallRef>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let patch = fields.object("metadata")?;
    let event = event_id(&mut fields, &headers)?;
    fields.none_left()?;
    if patch.is_empty() {
        return Err(Problem::field("metadata", "give the keys to set, with null for those to remove"));
    }
    let patch = Private::new(patch.into_iter().collect());
    let call = desk.merge_metadata(id.as_str(), patch, event).await?;
    Ok(json(StatusCode::OK, &CallJson::of(&call)))
}

/// `DELETE /api/calls/{id}/registration`: of a call that nobody knows, too, so that it can be repeated.
pub(crate) async fn unregister(Mine(desk): Mine, Named(id): Named<CallRef>) -> Result<Response, Problem> {
    desk.unregister(id.as_str()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /api/sessions/{sid}`
pub(crate) async fn unregister_session(
    Mine(desk): Mine,
    Named(session): Named<SessionRef>,
) -> Result<Response, Problem> {
    desk.unregister_session(&session.0).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /api/calls/{id}/session`
pub(crate) async fn session(Mine(desk): Mine, Named(id): Named<CallRef>) -> Result<Response, Problem> {
    let call = desk.call(id.as_str()).await?.ok_or_else(no_such_call)?;
    let Some(session) = call.session.as_ref().map(SessionId::as_str) else {
        return Err(not_found().detail("this call belongs to no session"));
    };
    let body = SessionJson { session_id: session, call_id: CallName::of(&call), id: call.id };
    Ok(json(StatusCode::OK, &body))
}

/// `GET /api/sessions/{sid}/call`
pub(crate) async fn of_session(
    Mine(desk): Mine,
    Named(session): Named<SessionRef>,
) -> Result<Response, Problem> {
    let call = desk
        .call_of_session(&session.0)
        .await?
        .ok_or_else(|| not_found().detail("this session has no call"))?;
    Ok(json(StatusCode::OK, &CallJson::of(&call)))
}

/// Takes the fields of a registration, under the names that people have.
pub(super) fn registration(fields: &mut Fields) -> Result<Registration, Problem> {
    let mut needed = |names: &[&'static str]| {
        let text = fields.text(names)?;
        text.ok_or_else(|| Problem::field(names[0], "is missing"))
    };
    let call_id = needed(&["call_id"])?;
    let session_id = needed(&["session_id"])?;
    let provider = needed(&["provider", "carrier"])?;
    if TAKEN.contains(&call_id.as_str()) {
        return Err(Problem::field("call_id", "this word can't name a call"));
    }
    Ok(Registration {
        call_id,
        session_id,
        provider,
        direction: direction(fields.text(&["direction"])?.as_deref())?,
        from: Private::new(fields.text(&["from_number", "from"])?.unwrap_or_default()),
        to: Private::new(fields.text(&["to_number", "to"])?.unwrap_or_default()),
        metadata: Private::new(fields.object("metadata")?.into_iter().collect()),
        began_at: None,
    })
}

/// Carriers say more of an outbound call than that it is one, such as `outbound-api`.
fn direction(word: Option<&str>) -> Result<Direction, Problem> {
    let word = word.map(str::to_ascii_lowercase);
    match word.as_deref() {
        None | Some("inbound") => Ok(Direction::Inbound),
        Some(word) if word == "outbound" || word.starts_with("outbound-") => Ok(Direction::Outbound),
        Some(_) => Err(Problem::field("direction", "inbound or outbound")),
    }
}

/// What a status word means, as people and carriers write it.
pub(super) fn status(word: &str) -> Result<Status, Problem> {
    Status::parse(word).ok_or_else(|| {
        Problem::field("status", &format!("one of {}", Status::WORDS.join(", ")))
            .with("accepted", Status::WORDS.as_slice())
    })
}

/// The client's own name of what it says, in the body or as its Idempotency-Key.
fn event_id(fields: &mut Fields, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    match fields.text(&["event_id"])? {
        Some(event) if (1..=255).contains(&event.len()) => Ok(Some(event)),
        Some(_) => {
            Err(Problem::new(Code::InvalidField).detail("event_id: 1 to 255 bytes").with("field", "event_id"))
        }
        None => idempotency_key(headers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_of(body: &str) -> Result<Registration, Problem> {
        registration(&mut Fields::read(body.as_bytes())?)
    }

    #[test]
    fn the_names_that_people_have_are_read() {
        let old = r#"{"call_id": "CA1", "session_id": "s", "provider": "twilio", "direction": "outbound-api",
                      "from_number": "+1", "to_number": "+2", "metadata": {"a": 1}}"#;
        let new = r#"{"call_id": "CA1", "session_id": "s", "carrier": "twilio", "direction": "OUTBOUND",
                      "from": "+1", "to": "+2", "metadata": {"a": 1}}"#;
        for body in [old, new] {
            let read = read_of(body).unwrap();
            assert_eq!((read.call_id.as_str(), read.provider.as_str()), ("CA1", "twilio"));
            assert_eq!((read.from.reveal().as_str(), read.to.reveal().as_str()), ("+1", "+2"));
            assert_eq!(read.direction, Direction::Outbound);
            assert_eq!(read.metadata.reveal()["a"], 1);
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (body, field) in [
            (r#"{"session_id": "s", "provider": "twilio"}"#, "call_id"),
            (r#"{"call_id": "CA1", "provider": "twilio"}"#, "session_id"),
            (r#"{"call_id": "CA1", "session_id": "s"}"#, "provider"),
            (r#"{"call_id": 1, "session_id": "s", "provider": "twilio"}"#, "call_id"),
            (r#"{"call_id": "active", "session_id": "s", "provider": "twilio"}"#, "call_id"),
            (r#"{"call_id": "CA1", "session_id": "s", "provider": "x", "direction": "up"}"#, "direction"),
            (r#"{"call_id": "CA1", "session_id": "s", "provider": "x", "metadata": 7}"#, "metadata"),
        ] {
            let problem = read_of(body).unwrap_err();
            assert!(problem.why().unwrap().starts_with(field), "{body}: {problem:?}");
        }
    }

    #[test]
    fn an_unknown_status_is_answered_with_the_words_there_are() {
        let problem = status("paused").unwrap_err();
        assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
        assert!(problem.why().unwrap().contains("in-progress"));
        assert_eq!(status("In-Progress").unwrap(), Status::Answered);
    }
}
