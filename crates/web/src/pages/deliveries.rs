//! The page of webhooks: where events are sent, how each endpoint does, and what became of the newest.

use super::frame::{Frame, Section};
use super::show::{Pill, Time};
use super::texts::Texts;
use super::{Reader, page};
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use std::sync::Arc;
use trunkline_core::outgoing::{Answer, DeliveryState, DisabledBy, Standing};
use trunkline_engine::{Delivery, DeliveryPage, Webhook, WebhookError};

/// Deliveries shown of each endpoint.
const SHOWN: u16 = 25;

#[derive(Template)]
#[template(path = "deliveries.html")]
struct DeliveriesPage {
    frame: Frame,
    t: Texts,
    webhooks: Vec<WebhookView>,
}

struct WebhookView {
    url: String,
    description: String,
    pill: Pill,
    failing: Option<Time>,
    counts: Vec<(String, u64)>,
    rows: Vec<Row>,
}

struct Row {
    at: Time,
    kind: String,
    pill: Pill,
    call: String,
    call_id: String,
    attempts: usize,
    answer: String,
}

/// `GET /deliveries`
pub(crate) async fn list(State(web): State<Arc<Web>>, reader: Reader) -> Response {
    let webhooks = match views(&web, &reader).await {
        Ok(webhooks) => webhooks,
        Err(error) => return reader.trouble(&web, &error.into()).await,
    };
    let frame = Frame::of(&web, &reader, Section::Deliveries).await;
    page(StatusCode::OK, &DeliveriesPage { frame, t: reader.t, webhooks })
}

async fn views(web: &Web, reader: &Reader) -> Result<Vec<WebhookView>, WebhookError> {
    let (by, newest) = (&reader.caller, DeliveryPage { before: None, limit: SHOWN, state: None });
    let mut views = Vec::new();
    for stored in web.engine.webhooks(by).await? {
        let id = stored.endpoint.id;
        let webhook = web.engine.webhook(by, id).await?;
        let deliveries = web.engine.deliveries_of(by, id, newest).await?;
        views.push(WebhookView::of(reader.t, &webhook, &deliveries));
    }
    Ok(views)
}

impl WebhookView {
    fn of(t: Texts, webhook: &Webhook, deliveries: &[Delivery]) -> Self {
        let endpoint = &webhook.stored.endpoint;
        let (tone, word) = match endpoint.standing {
            Standing::Enabled => ("is-good", "deliveries-enabled"),
            Standing::Disabled { by: DisabledBy::Owner, .. } => ("is-soft", "deliveries-off-owner"),
            Standing::Disabled { by: DisabledBy::Gone, .. } => ("is-bad", "deliveries-off-gone"),
            Standing::Disabled { by: DisabledBy::Failing, .. } => ("is-bad", "deliveries-off-failing"),
        };
        let count = |one: &trunkline_engine::DeliveryCount| (state_pill(t, one.state).text, one.n);
        Self {
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            pill: Pill { tone, text: t.get(word) },
            failing: webhook.stored.failing_since.map(Time::new),
            counts: webhook.counts.iter().map(count).collect(),
            rows: deliveries.iter().map(|one| Row::of(t, one)).collect(),
        }
    }
}

impl Row {
    fn of(t: Texts, one: &Delivery) -> Self {
        let answer = one.made.last().map(|made| match made.answer {
            Answer::Status(status) => status.to_string(),
            Answer::Trouble(trouble) => t.get(&format!("deliveries-trouble-{}", trouble.as_str())),
        });
        Self {
            at: Time::new(one.at),
            kind: one.kind.clone(),
            pill: state_pill(t, one.state),
            call: format!("/calls/{}", one.call),
            call_id: one.call.to_string(),
            attempts: one.made.len(),
            answer: answer.unwrap_or_default(),
        }
    }
}

fn state_pill(t: Texts, state: DeliveryState) -> Pill {
    let tone = match state {
        DeliveryState::Waiting => "is-waiting",
        DeliveryState::Taken => "is-good",
        DeliveryState::Failed => "is-bad",
    };
    Pill { tone, text: t.get(&format!("deliveries-state-{}", state.as_str())) }
}
