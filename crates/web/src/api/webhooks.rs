//! Webhooks that are sent to a tenant's software: where to, what was sent, and sending it once more. A secret is told once, in the
//! answer to who made it.

pub(crate) mod spec;

use super::fields::Fields;
use super::{By, Named, json, read};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use trunkline_core::id::{CallId, TenantId, WebhookId};
use trunkline_core::outgoing::{Answer, DeliveryState, DisabledBy, Standing, Trouble, Verdict};
use trunkline_engine::{
    AttemptMade, Delivery, DeliveryCount, DeliveryPage, NewWebhook, Replay, StoredEndpoint, WebhookChange,
};

/// Deliveries of a page, unless it is said.
const PAGE: u16 = 50;
const MAX_PAGE: u16 = 200;
/// For how long an old secret signs as well, unless it is said; and at most.
const KEEP_SECS: u32 = 86_400;
const MAX_KEEP_SECS: u32 = 30 * 86_400;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Webhooks")]
struct WebhooksJson<'a> {
    webhooks: Vec<WebhookJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
struct WebhookJson<'a> {
    id: WebhookId,
    tenant: &'a TenantId,
    url: &'a str,
    description: &'a str,
    /// Only events of these types; all if it is empty.
    types: &'a BTreeSet<String>,
    enabled: bool,
    /// Why nothing is sent: its owner wants it so, it answered 410, or it took nothing for days.
    disabled_by: Option<DisabledBy>,
    disabled_at: Option<Timestamp>,
    /// Since when it has taken nothing, if it fails.
    failing_since: Option<Timestamp>,
    /// Until when an old secret signs as well, if one does.
    old_secret_until: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// The secret itself: only in the answer to who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookStanding")]
struct StandingJson<'a> {
    #[serde(flatten)]
    webhook: WebhookJson<'a>,
    deliveries: CountsJson,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeliveryCounts")]
struct CountsJson {
    waiting: u64,
    taken: u64,
    failed: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeliveryPage")]
struct DeliveriesJson<'a> {
    deliveries: Vec<DeliveryJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
struct DeliveryJson<'a> {
    /// The event's id, and the delivery's.
    id: &'a str,
    r#type: &'a str,
    call_id: CallId,
    at: Timestamp,
    state: DeliveryState,
    next_attempt_at: Option<Timestamp>,
    done_at: Option<Timestamp>,
    attempts: Vec<AttemptJson>,
}

/// What came of one attempt.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeliveryAttempt")]
struct AttemptJson {
    at: Timestamp,
    took_ms: u64,
    taken: bool,
    /// The HTTP status, if there was an answer.
    status: Option<u16>,
    /// Why there was none.
    error: Option<Trouble>,
    /// The same in words.
    error_message: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Replayed")]
struct ReplayedJson {
    /// How many events are sent once more.
    replayed: u64,
}

impl<'a> WebhookJson<'a> {
    fn of(stored: &'a StoredEndpoint, secret: Option<&'a str>) -> Self {
        let endpoint = &stored.endpoint;
        let (disabled_by, disabled_at) = match endpoint.standing {
            Standing::Enabled => (None, None),
            Standing::Disabled { by, since } => (Some(by), Some(since)),
        };
        Self {
            id: endpoint.id,
            tenant: &endpoint.tenant,
            url: &endpoint.url,
            description: &endpoint.description,
            types: &endpoint.types,
            enabled: endpoint.is_enabled(),
            disabled_by,
            disabled_at,
            failing_since: stored.failing_since,
            old_secret_until: endpoint.secrets.iter().filter_map(|secret| secret.until).max(),
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
            secret,
        }
    }
}

impl CountsJson {
    fn of(counts: &[DeliveryCount]) -> Self {
        let count = |state| counts.iter().filter(|one| one.state == state).map(|one| one.n).sum();
        Self {
            waiting: count(DeliveryState::Waiting),
            taken: count(DeliveryState::Taken),
            failed: count(DeliveryState::Failed),
        }
    }
}

impl<'a> DeliveryJson<'a> {
    fn of(one: &'a Delivery) -> Self {
        Self {
            id: &one.event,
            r#type: &one.kind,
            call_id: one.call,
            at: one.at,
            state: one.state,
            next_attempt_at: one.next_at,
            done_at: one.done_at,
            attempts: one.made.iter().map(AttemptJson::of).collect(),
        }
    }
}

impl AttemptJson {
    fn of(made: &AttemptMade) -> Self {
        let (status, error) = match made.answer {
            Answer::Status(status) => (Some(status), None),
            Answer::Trouble(trouble) => (None, Some(trouble)),
        };
        Self {
            at: made.at,
            took_ms: made.took_ms,
            taken: made.answer.verdict() == Verdict::Taken,
            status,
            error,
            error_message: error.map(|trouble| trouble.to_string()),
        }
    }
}

/// `GET /api/webhooks`
pub(crate) async fn list(State(web): State<Arc<Web>>, By(caller): By) -> Result<Response, Problem> {
    let all = web.engine.webhooks(&caller).await?;
    let webhooks = all.iter().map(|stored| WebhookJson::of(stored, None)).collect();
    Ok(json(StatusCode::OK, &WebhooksJson { webhooks }))
}

/// `POST /api/webhooks`
pub(crate) async fn add(
    State(web): State<Arc<Web>>,
    By(caller): By,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let asked = NewWebhook {
        url: fields.text(&["url"])?.ok_or_else(|| Problem::field("url", "is missing"))?,
        description: fields.text(&["description"])?.unwrap_or_default(),
        types: types(&mut fields)?.unwrap_or_default(),
    };
    fields.none_left()?;
    let (stored, secret) = web.engine.add_webhook(&caller, asked).await?;
    Ok(json(StatusCode::CREATED, &WebhookJson::of(&stored, Some(&secret))))
}

/// `GET /api/webhooks/{id}`
pub(crate) async fn show(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<WebhookId>,
) -> Result<Response, Problem> {
    let found = web.engine.webhook(&caller, id).await?;
    let deliveries = CountsJson::of(&found.counts);
    Ok(json(StatusCode::OK, &StandingJson { webhook: WebhookJson::of(&found.stored, None), deliveries }))
}

/// `PATCH /api/webhooks/{id}`
pub(crate) async fn change(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<WebhookId>,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let change = WebhookChange {
        url: fields.text(&["url"])?,
        description: fields.text(&["description"])?,
        types: types(&mut fields)?,
        enabled: match fields.take(&["enabled"]) {
            None => None,
            Some(Value::Bool(enabled)) => Some(enabled),
            Some(_) => return Err(Problem::field("enabled", "must be true or false")),
        },
    };
    fields.none_left()?;
    let stored = web.engine.change_webhook(&caller, id, change).await?;
    Ok(json(StatusCode::OK, &WebhookJson::of(&stored, None)))
}

/// `DELETE /api/webhooks/{id}`
pub(crate) async fn remove(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<WebhookId>,
) -> Result<Response, Problem> {
    web.engine.remove_webhook(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/webhooks/{id}/rotate`
pub(crate) async fn rotate(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<WebhookId>,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let keep = fields.whole("keep_secs")?.unwrap_or(KEEP_SECS);
    fields.none_left()?;
    if keep > MAX_KEEP_SECS {
        return Err(Problem::field("keep_secs", &format!("0 to {MAX_KEEP_SECS}")));
    }
    let keep = SignedDuration::from_secs(i64::from(keep));
    let (stored, secret) = web.engine.rotate_webhook(&caller, id, keep).await?;
    Ok(json(StatusCode::OK, &WebhookJson::of(&stored, Some(&secret))))
}

/// `POST /api/webhooks/{id}/test`
pub(crate) async fn test(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<WebhookId>,
) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &AttemptJson::of(&web.engine.test_webhook(&caller, id).await?)))
}

/// `POST /api/webhooks/{id}/replay`
pub(crate) async fn replay(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<WebhookId>,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let (since, after) = (fields.time("since")?, fields.text(&["after"])?);
    fields.none_left()?;
    let from = match (since, &after) {
        (Some(since), None) => Replay::Since(since),
        (None, Some(after)) => Replay::After(after),
        (None, None) | (Some(_), Some(_)) => {
            return Err(Problem::field("since", "give one of since and after"));
        }
    };
    Ok(json(StatusCode::OK, &ReplayedJson { replayed: web.engine.replay(&caller, id, from).await? }))
}

/// `GET /api/webhooks/{id}/deliveries?state&cursor&limit`
pub(crate) async fn deliveries(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<WebhookId>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let page = page(query.as_deref())?;
    let found = web.engine.deliveries_of(&caller, id, page).await?;
    let is_full = found.len() >= usize::from(page.limit);
    let next_cursor = found.last().filter(|_| is_full).map(|last| last.n.to_string());
    let deliveries = found.iter().map(DeliveryJson::of).collect();
    Ok(json(StatusCode::OK, &DeliveriesJson { deliveries, next_cursor }))
}

/// `POST /api/webhooks/{id}/deliveries/{event}/retry`
pub(crate) async fn retry(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named((id, event)): Named<(WebhookId, String)>,
) -> Result<Response, Problem> {
    web.engine.retry_delivery(&caller, id, &event).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

fn types(fields: &mut Fields) -> Result<Option<Vec<String>>, Problem> {
    let odd = || Problem::field("types", "must be a list of types of events");
    let Some(value) = fields.take(&["types"]) else { return Ok(None) };
    let Value::Array(words) = value else { return Err(odd()) };
    let word = |value: Value| if let Value::String(word) = value { Ok(word) } else { Err(odd()) };
    words.into_iter().map(word).collect::<Result<_, _>>().map(Some)
}

fn page(query: Option<&str>) -> Result<DeliveryPage, Problem> {
    let mut page = DeliveryPage { before: None, limit: PAGE, state: None };
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "state" => {
                let state = DeliveryState::parse(&value);
                let odd = || Problem::query("state", &format!("one of {}", DeliveryState::WORDS.join(", ")));
                page.state = Some(state.ok_or_else(odd)?);
            }
            "cursor" => {
                let before = value.parse().map_err(|_| Problem::query("cursor", "is none of ours"))?;
                page.before = Some(before);
            }
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
                page.limit = limit.ok_or_else(|| Problem::query("limit", "1 to 200"))?;
            }
            _ => return Err(Problem::query(&name, "no such filter; there are state, cursor, limit")),
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_the_query_says_and_no_word_is_ignored() {
        let asked = page(Some("state=failed&cursor=7&limit=3")).unwrap();
        assert_eq!((asked.state, asked.before, asked.limit), (Some(DeliveryState::Failed), Some(7), 3));
        for odd in ["state=gone", "cursor=x", "limit=0", "limit=201", "stat=failed"] {
            assert!(page(Some(odd)).is_err(), "{odd}");
        }
    }

    #[test]
    fn types_are_a_list_of_words() {
        let read = |body: &str| types(&mut Fields::read(body.as_bytes()).unwrap());
        assert_eq!(read("{}").unwrap(), None);
        assert_eq!(read(r#"{"types": ["call.ended"]}"#).unwrap(), Some(vec!["call.ended".to_owned()]));
        assert!(read(r#"{"types": "call.ended"}"#).is_err() && read(r#"{"types": [7]}"#).is_err());
    }
}
