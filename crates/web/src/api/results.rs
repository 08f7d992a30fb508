//! What people answered: one row a person, one column a question; as pages in JSON, and whole as a file.

pub(crate) mod spec;

use super::lists::file;
use super::{Mine, json};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use trunkline_core::call::{Disposition, Outcome, Status};
use trunkline_core::id::{CallId, JobId};
use trunkline_core::results::Answered;
use trunkline_engine::exchange::people::ListForm;
use trunkline_engine::{Desk, PersonResult, ResultsOf, ResultsPage};

/// The longest name of a script that can be asked for, in characters.
const NAME_MAX: usize = 200;
const LIMIT: u32 = 50;
const MOST: u32 = 500;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Results")]
struct ResultsJson<'a> {
    questions: Vec<QuestionJson<'a>>,
    people: Vec<PersonJson<'a>>,
    /// What to send as `cursor` for the next page; null: this was the last one.
    next: Option<&'a str>,
}

/// A question: as the script has it now, or as it was heard.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ResultsQuestion")]
struct QuestionJson<'a> {
    step: u16,
    question: &'a str,
}

/// What came of one person.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PersonResult")]
struct PersonJson<'a> {
    number: &'a str,
    name: Option<&'a str>,
    /// In a campaign.
    job_id: Option<JobId>,
    /// How many calls there were.
    calls: usize,
    last_call: Option<LastCallJson>,
    answers: Vec<AnswerJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LastCall")]
struct LastCallJson {
    id: CallId,
    status: Status,
    disposition: Option<Disposition>,
    outcome: Option<Outcome>,
    called_at: Timestamp,
    duration_seconds: Option<u32>,
}

/// An answer; the last one to its question.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PersonAnswer")]
struct AnswerJson<'a> {
    step: u16,
    question: &'a str,
    call_id: CallId,
    /// What it means: `yes`, `no`, a number, or the label of a choice.
    answer: Option<&'a str>,
    digits: Option<&'a str>,
    /// Its words: the transcript, or what the carrier understood.
    said: Option<&'a str>,
    /// Where it can be heard.
    recording: Option<String>,
}

/// `GET /api/results`
pub(crate) async fn page(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let asked = Asked::read(query.as_deref(), Paged::Yes)?;
    let page = desk.results_page(&asked.of, asked.cursor, asked.limit).await?;
    Ok(json(StatusCode::OK, &ResultsJson::of(&page)))
}

/// `GET /api/results.csv`
pub(crate) async fn csv(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    table_of(&web, &desk, query.as_deref(), ListForm::Csv).await
}

/// `GET /api/results.xlsx`
pub(crate) async fn xlsx(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    table_of(&web, &desk, query.as_deref(), ListForm::Xlsx).await
}

/// All of them. Where an answer can only be heard, the cell has the address on the dashboard, which asks whoever follows it to sign
/// in.
pub(crate) async fn table_of(
    web: &Web,
    desk: &Desk,
    query: Option<&str>,
    form: ListForm,
) -> Result<Response, Problem> {
    let asked = Asked::read(query, Paged::No)?;
    let origin = web.origin.as_str();
    let heard = |call: CallId, n: u16| format!("{origin}/calls/{call}/recordings/{n}");
    file(desk.results_table(&asked.of, heard).await?, Some(form), "results").await
}

/// What stands behind `?`.
struct Asked {
    of: ResultsOf,
    cursor: Option<String>,
    limit: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Paged {
    Yes,
    No,
}

impl Asked {
    fn read(query: Option<&str>, paged: Paged) -> Result<Self, Problem> {
        let (mut of, mut cursor, mut limit) = (None, None, LIMIT);
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if value.contains(['\0', char::REPLACEMENT_CHARACTER]) {
                return Err(Problem::query("query", "must be UTF-8 without NUL"));
            }
            let asked = match &*name {
                "script" if value.chars().count() > NAME_MAX => {
                    return Err(Problem::query("script", "has at most 200 characters"));
                }
                "script" if !value.is_empty() => Some(ResultsOf::Script(value.into_owned())),
                "campaign" => {
                    let id = value.parse();
                    Some(ResultsOf::Campaign(id.map_err(|_| Problem::query("campaign", "a campaign's id"))?))
                }
                "cursor" if paged == Paged::Yes => {
                    cursor = Some(value.into_owned());
                    None
                }
                "limit" if paged == Paged::Yes => {
                    let asked = value.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                    limit = asked.ok_or_else(|| Problem::query("limit", "a whole number from 1 to 500"))?;
                    None
                }
                other => return Err(Problem::query(other, "say script=NAME or campaign=ID")),
            };
            if asked.is_some() && of.is_some() {
                return Err(Problem::query("campaign", "one of script and campaign, once"));
            }
            of = of.or(asked);
        }
        let of = of.ok_or_else(|| Problem::query("script", "say script=NAME or campaign=ID"))?;
        Ok(Self { of, cursor, limit })
    }
}

impl<'a> ResultsJson<'a> {
    fn of(page: &'a ResultsPage) -> Self {
        let questions = page.questions.iter().map(|(step, question)| QuestionJson { step: *step, question });
        Self {
            questions: questions.collect(),
            people: page.people.iter().map(PersonJson::of).collect(),
            next: page.next.as_deref(),
        }
    }
}

impl<'a> PersonJson<'a> {
    fn of(person: &'a PersonResult) -> Self {
        let last_call = person.last.as_ref().map(|last| LastCallJson {
            id: last.id,
            status: last.status,
            disposition: last.disposition,
            outcome: last.outcome,
            called_at: last.created_at,
            duration_seconds: last.duration_secs,
        });
        Self {
            number: person.number.as_str(),
            name: person.name.as_ref().map(|name| name.reveal().as_str()),
            job_id: person.job,
            calls: person.calls,
            last_call,
            answers: person.answers.0.iter().map(|(step, answer)| AnswerJson::of(*step, answer)).collect(),
        }
    }
}

impl<'a> AnswerJson<'a> {
    fn of(step: u16, answer: &'a Answered) -> Self {
        Self {
            step,
            question: &answer.question,
            call_id: answer.call,
            answer: answer.value.as_ref().map(|value| value.reveal().as_str()),
            digits: answer.digits.as_ref().map(|digits| digits.reveal().as_str()),
            said: answer.said.as_ref().map(|said| said.reveal().as_str()),
            recording: answer.recording.map(|n| format!("/api/calls/{}/recordings/{n}", answer.call)),
        }
    }
}
