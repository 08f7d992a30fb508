//! The page of numbers: what answers each, whether it is open now, and, for who may, a form to say so.

mod form;

use super::forgery;
use super::frame::{Frame, Section};
use super::show::{Pill, Time};
use super::texts::Texts;
use super::{Reader, page};
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use form::NumberForm;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use std::sync::Arc;
use trunkline_core::numbers::{AfterHours, Answer, OpeningHours};
use trunkline_core::window::Opening;
use trunkline_engine::{NumberSource, OurNumber};

#[derive(Template)]
#[template(path = "numbers.html")]
struct NumbersPage {
    frame: Frame,
    t: Texts,
    numbers: Vec<NumberView>,
    scripts: Vec<String>,
    bots: Vec<String>,
    /// `None` for who may only look.
    form: Option<NumberForm>,
}

struct NumberView {
    number: String,
    label: Option<String>,
    /// Whose it is, for who sees several tenants.
    tenant: Option<String>,
    script: Option<String>,
    forward: Option<String>,
    bot: Option<String>,
    pill: Pill,
    changes: Option<Time>,
    hours: Vec<String>,
    zone: String,
    holidays: String,
    after: Option<String>,
    after_script: Option<String>,
    /// Where it is changed; `None`: not here.
    edit: Option<String>,
}

/// Which number is in the form.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    number: Option<String>,
}

/// `GET /numbers`
pub(crate) async fn show(State(web): State<Arc<Web>>, reader: Reader, asked: Query<Asked>) -> Response {
    let known = asked.number.as_deref().and_then(|number| web.engine.number(&reader.caller, number).ok());
    let form = known.as_ref().map_or_else(NumberForm::default, NumberForm::of);
    written(&web, &reader, StatusCode::OK, form).await
}

/// `POST /numbers`
pub(crate) async fn set(State(web): State<Arc<Web>>, reader: Reader, request: Request) -> Response {
    let form = match forgery::form(&web, &reader.session, request).await {
        Ok(form) => form,
        Err(problem) => return reader.trouble(&web, &problem).await,
    };
    let typed = NumberForm::typed(&form);
    let told = match typed.asked(&web, reader.t) {
        Ok(asked) => {
            let told = web.engine.set_number(&reader.caller, &typed.number, asked).await;
            told.map(drop).map_err(|error| said(reader.t, &error.into()))
        }
        Err(error) => Err((StatusCode::BAD_REQUEST, error)),
    };
    match told {
        Ok(()) => Redirect::to("/numbers").into_response(),
        Err((status, error)) => {
            written(&web, &reader, status, NumberForm { error: Some(error), ..typed }).await
        }
    }
}

/// `POST /numbers/remove`
pub(crate) async fn remove(State(web): State<Arc<Web>>, reader: Reader, request: Request) -> Response {
    let form = match forgery::form(&web, &reader.session, request).await {
        Ok(form) => form,
        Err(problem) => return reader.trouble(&web, &problem).await,
    };
    match web.engine.remove_number(&reader.caller, form.get("number").unwrap_or_default()).await {
        Ok(()) => Redirect::to("/numbers").into_response(),
        Err(error) => reader.trouble(&web, &error.into()).await,
    }
}

/// What is said on the form of what went wrong.
fn said(t: Texts, problem: &Problem) -> (StatusCode, String) {
    let title = t.or(&format!("problem-{}", problem.word()), problem.title());
    (problem.status(), problem.why().map_or_else(|| title.clone(), |why| format!("{title}: {why}")))
}

async fn written(web: &Web, reader: &Reader, status: StatusCode, form: NumberForm) -> Response {
    let numbers = match web.engine.numbers(&reader.caller, None) {
        Ok(numbers) => numbers,
        Err(error) => return reader.trouble(web, &error.into()).await,
    };
    let (t, now) = (reader.t, web.engine.now());
    let numbers = numbers.iter().map(|number| NumberView::of(reader, number, now)).collect();
    let scripts = web.engine.scripts().into_iter().map(|script| script.name).collect();
    let bots = web.engine.bots(reader.desk.tenant()).into_iter().map(|bot| bot.name).collect();
    let frame = Frame::of(web, reader, Section::Numbers).await;
    let form = reader.caller.manages_access().then_some(form);
    page(status, &NumbersPage { frame, t, numbers, scripts, bots, form })
}

impl NumberView {
    fn of(reader: &Reader, number: &OurNumber, now: Timestamp) -> Self {
        let t = reader.t;
        let (script, forward) = answer(number);
        let hours = number.answering.opening_hours.as_ref();
        let (tone, word, changes) = match hours.map(|hours| hours.opening(now)) {
            None => ("is-good", "numbers-always", None),
            Some(Opening::Open { until }) => ("is-good", "numbers-open", Some(Time::new(until))),
            Some(Opening::OpensAt(at)) => ("is-soft", "numbers-closed", Some(Time::new(at))),
            Some(Opening::Never(_)) => ("is-bad", "numbers-closed", None),
        };
        let after = number.answering.after_hours.as_ref();
        let is_here = number.source == NumberSource::Api && reader.caller.manages_access();
        let address = number.number.as_str();
        let plain = address.trim_start_matches('+');
        Self {
            number: address.to_owned(),
            label: number.label.clone(),
            tenant: reader.caller.runs_the_server().then(|| number.tenant.to_string()),
            script,
            forward,
            bot: bot(number),
            pill: Pill { tone, text: t.get(word) },
            changes,
            hours: hours.map(lines).unwrap_or_default(),
            zone: hours.map(|hours| hours.zone.to_string()).unwrap_or_default(),
            holidays: hours.map(holidays).unwrap_or_default(),
            after: after.and_then(|AfterHours { message, .. }| message.clone()),
            after_script: after.and_then(|after| after.script.as_ref()).map(ToString::to_string),
            edit: is_here.then(|| format!("/numbers?number=%2B{plain}#number-form")),
        }
    }
}

/// The script that answers, or the number that it forwards to.
fn answer(number: &OurNumber) -> (Option<String>, Option<String>) {
    match &number.answering.answer {
        Answer::Script(script) => (Some(script.to_string()), None),
        Answer::Forward(to) => (None, Some(to.as_str().to_owned())),
        Answer::Bot(_) => (None, None),
    }
}

/// The bot that answers.
fn bot(number: &OurNumber) -> Option<String> {
    match &number.answering.answer {
        Answer::Bot(bot) => Some(bot.to_string()),
        Answer::Script(_) | Answer::Forward(_) => None,
    }
}

/// The hours as people write them.
fn lines(hours: &OpeningHours) -> Vec<String> {
    hours.hours.iter().map(ToString::to_string).collect()
}

fn holidays(hours: &OpeningHours) -> String {
    hours.holidays.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
