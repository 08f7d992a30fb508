//! The front page: what goes on now, what went on before, and a form that calls somebody.

use super::forgery::{self, Form};
use super::frame::{Frame, Section};
use super::show::{Row, tone};
use super::texts::Texts;
use super::{Reader, page};
use crate::api::orders::hash;
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query as InQuery, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;
use std::cmp::Reverse;
use std::sync::Arc;
use trunkline_core::call::{Call, Idempotency, Status};
use trunkline_core::private::Private;
use trunkline_engine::{Connected, Counts, History, Order, PlaceError, Query, Scope};

/// Calls on one page of the list.
const PAGE_CALLS: u32 = 25;
/// Live calls shown; more are a number.
const LIVE_CALLS: u32 = 50;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage {
    frame: Frame,
    t: Texts,
    counts: Option<Figures>,
    in_progress: u64,
    /// Users of apps and their devices that are connected, where there can be any.
    connected: Option<Connected>,
    is_history_available: bool,
    live: Vec<Row>,
    calls: Vec<Row>,
    older: Option<String>,
    is_first_page: bool,
    looking_for: LookingFor,
    statuses: Vec<StatusChoice>,
    order: OrderForm,
    scripts: Vec<ScriptChoice>,
}

/// Counts of all calls there ever were; only history can tell them.
struct Figures {
    total: u64,
    completed: u64,
    shares: Vec<Share>,
}

/// One status' part of the picture, in thousandths of its width.
struct Share {
    tone: &'static str,
    text: String,
    count: u64,
    start: u64,
    width: u64,
}

/// What the list is narrowed to.
#[derive(Deserialize, Default)]
pub(crate) struct LookingFor {
    #[serde(default)]
    search: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    cursor: String,
}

struct StatusChoice {
    word: &'static str,
    text: String,
    is_chosen: bool,
}

struct ScriptChoice {
    name: String,
    title: String,
    is_chosen: bool,
}

/// The form that calls somebody, as it stands.
#[derive(Default)]
struct OrderForm {
    to: String,
    name: String,
    script: String,
    /// Sent twice, the form makes one call.
    once: String,
    error: Option<String>,
    is_number_wrong: bool,
}

/// `GET /`
pub(crate) async fn show(
    State(web): State<Arc<Web>>,
    reader: Reader,
    InQuery(looking_for): InQuery<LookingFor>,
) -> Response {
    match dashboard(&web, &reader, looking_for, OrderForm::default()).await {
        Ok(dashboard) => page(StatusCode::OK, &dashboard),
        Err(problem) => reader.trouble(&web, &problem).await,
    }
}

/// `POST /calls`
pub(crate) async fn place(State(web): State<Arc<Web>>, reader: Reader, request: Request) -> Response {
    let form = match forgery::form(&web, &reader.session, request).await {
        Ok(form) => form,
        Err(problem) => return reader.trouble(&web, &problem).await,
    };
    match reader.desk.place(order(&form)).await {
        Ok(placed) => Redirect::to(&format!("/calls/{}", placed.call.id)).into_response(),
        Err(error) => {
            let order = OrderForm::again(&form, reader.t, &error);
            let status = Problem::from(error).status();
            match dashboard(&web, &reader, LookingFor::default(), order).await {
                Ok(dashboard) => page(status, &dashboard),
                Err(problem) => reader.trouble(&web, &problem).await,
            }
        }
    }
}

async fn dashboard(
    web: &Web,
    reader: &Reader,
    looking_for: LookingFor,
    mut order: OrderForm,
) -> Result<DashboardPage, Problem> {
    let t = reader.t;
    let (counts, history) = reader.desk.counts().await;
    let is_history_available = history == History::Available;
    let mut live = reader
        .desk
        .calls(&Query { active: Scope::Active, limit: Some(LIVE_CALLS), ..Query::default() })
        .await?;
    // Who talks comes first, then who is rung, then who waits.
    live.calls.sort_by_key(|call| Reverse(call.status()));
    let listing = reader.desk.calls(&looking_for.query()).await?;
    let row = |call: &Arc<Call>| Row::of(t, call, web.engine.now());
    order.once = format!("form-{:x}", web.next_serial());
    Ok(DashboardPage {
        frame: Frame::of(web, reader, Section::Calls).await,
        t,
        in_progress: counts.in_progress,
        connected: (!web.app_calls.tokens.keys.is_empty())
            .then(|| web.engine.connected(reader.desk.tenant())),
        counts: is_history_available.then(|| Figures::of(t, &counts)),
        is_history_available,
        live: live.calls.iter().map(row).collect(),
        calls: listing.calls.iter().map(row).collect(),
        older: listing.next.map(|cursor| looking_for.href(&cursor)),
        is_first_page: looking_for.cursor.is_empty(),
        statuses: statuses(t, &looking_for.status),
        looking_for,
        scripts: scripts(web, &order.script),
        order,
    })
}

fn order(form: &Form) -> Order {
    let text = |name| form.get(name).unwrap_or_default();
    let body = serde_json::json!([text("to"), text("name"), text("script")]).to_string();
    Order {
        to: Private::new(text("to").to_owned()),
        name: form.get("name").map(|name| Private::new(name.to_owned())),
        script: form.get("script").map(str::to_owned),
        idempotency: form
            .get("once")
            .map(|once| Idempotency { key: once.chars().take(64).collect(), body: hash(body.as_bytes()) }),
        ..Order::default()
    }
}

impl OrderForm {
    /// The form as it was sent, with what was wrong.
    fn again(form: &Form, t: Texts, error: &PlaceError) -> Self {
        let text = |name| form.get(name).unwrap_or_default().to_owned();
        let (error, is_number_wrong) = match error {
            PlaceError::Invalid { field: "to", why } => (t.with("call-number-wrong", "why", why), true),
            PlaceError::Invalid { field, why } => (format!("{field}: {why}"), false),
            PlaceError::Suppressed => (t.get("call-suppressed"), true),
            PlaceError::KeyReused | PlaceError::KeyInFlight => (t.get("call-sent-twice"), false),
            PlaceError::Closed(why) => (t.with("call-closed", "why", why), false),
            PlaceError::Journal(_) => (t.get("call-journal"), false),
        };
        Self {
            to: text("to"),
            name: text("name"),
            script: text("script"),
            once: String::new(),
            error: Some(error),
            is_number_wrong,
        }
    }
}

impl LookingFor {
    fn query(&self) -> Query {
        let filled = |text: &str| {
            let text = text.trim().replace('\0', "");
            (!text.is_empty()).then_some(text)
        };
        Query {
            statuses: Status::parse(&self.status).into_iter().collect(),
            search: filled(&self.search),
            cursor: filled(&self.cursor),
            limit: Some(PAGE_CALLS),
            ..Query::default()
        }
    }

    fn href(&self, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("search", &*self.search), ("status", &self.status), ("cursor", cursor)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("/?{}#calls", query.finish())
    }

    fn is_narrowed(&self) -> bool {
        !self.search.trim().is_empty() || !self.status.is_empty()
    }
}

fn statuses(t: Texts, chosen: &str) -> Vec<StatusChoice> {
    let choice = |status: Status| StatusChoice {
        word: status.as_str(),
        text: t.get(&format!("status-{}", status.as_str())),
        is_chosen: status.as_str() == chosen,
    };
    Status::ALL.into_iter().map(choice).collect()
}

fn scripts(web: &Web, chosen: &str) -> Vec<ScriptChoice> {
    web.engine
        .scripts()
        .into_iter()
        .map(|script| ScriptChoice {
            is_chosen: script.name == chosen,
            title: if script.title.is_empty() { script.name.clone() } else { script.title },
            name: script.name,
        })
        .collect()
}

impl Figures {
    fn of(t: Texts, counts: &Counts) -> Self {
        let count = |status: Status| counts.by_status.get(status.as_str()).copied().unwrap_or(0);
        let sum: u64 = Status::ALL.into_iter().map(count).sum();
        let mut counted = 0;
        let mut shares = Vec::new();
        for status in Status::ALL.into_iter().filter(|status| count(*status) > 0) {
            let start = counted * 1_000 / sum;
            counted += count(status);
            let width = counted * 1_000 / sum - start;
            let text = t.get(&format!("status-{}", status.as_str()));
            shares.push(Share { tone: tone(status), text, count: count(status), start, width });
        }
        Self { total: counts.total, completed: counts.completed, shares }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::texts::Language;

    #[test]
    fn a_search_survives_turning_the_page() {
        let looking_for =
            LookingFor { search: "ann & co".into(), status: "completed".into(), cursor: "old".into() };
        assert_eq!(looking_for.href("c2"), "/?search=ann+%26+co&status=completed&cursor=c2#calls");
    }

    #[test]
    fn shares_of_the_picture_fill_its_width_and_no_more() {
        let by_status = [("completed", 1), ("failed", 1), ("busy", 1)].map(|(word, n)| (word.to_owned(), n));
        let counts = Counts { by_status: by_status.into(), ..Counts::default() };
        let figures = Figures::of(Texts { language: Language::English }, &counts);
        assert_eq!(figures.shares.len(), 3);
        let last = figures.shares.last().unwrap();
        assert_eq!(last.start + last.width, 1_000);
    }
}
