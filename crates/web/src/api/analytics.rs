//! What calls came to, by day, carrier, campaign or script. Days are those of UTC.

pub(crate) mod spec;

use super::lists::file;
use super::{Mine, json};
use crate::problem::Problem;
use axum::extract::RawQuery;
use axum::response::Response;
use http::StatusCode;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use trunkline_engine::exchange::Cell;
use trunkline_engine::exchange::people::ListForm;
use trunkline_engine::{Analytics, Apart, Desk, Figures, QuestionCount, Sheet, Span};

/// So many days, if nobody says how many.
const DAYS: i32 = 30;
/// And at most.
const MOST_DAYS: i32 = 3_700;
/// What sums can be told apart by.
const BY: [(&str, Apart); 4] = [
    ("day", Apart::Day),
    ("carrier", Apart::Carrier),
    ("campaign", Apart::Campaign),
    ("script", Apart::Script),
];

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Analytics")]
struct AnalyticsJson {
    /// The first day.
    since: String,
    /// The day after the last one.
    until: String,
    /// Where days begin: `UTC`.
    zone: &'static str,
    by: &'static str,
    total: FiguresJson,
    rows: Vec<FiguresJson>,
    questions: Vec<QuestionCountJson>,
}

/// What some calls came to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Figures")]
struct FiguresJson {
    /// The day, carrier, script or campaign's id; null: calls that have none, or all together.
    key: Option<String>,
    /// The campaign's name.
    name: Option<String>,
    calls: u64,
    answered: u64,
    /// From 0 to 1; null where there was no call.
    answer_rate: Option<f64>,
    talk_seconds: u64,
    average_talk_seconds: Option<u64>,
    /// Half of the talks were no longer, as near as the lengths that are kept allow.
    median_talk_seconds: Option<u32>,
    /// Nine tenths of the talks were no longer.
    p90_talk_seconds: Option<u32>,
    dispositions: BTreeMap<String, u64>,
}

/// How far people came in a script.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QuestionCount")]
struct QuestionCountJson {
    script: String,
    /// From 0.
    step: u16,
    /// As the script has it now.
    question: Option<String>,
    /// In how many calls it was asked.
    reached: u64,
    /// In how many of them it was answered.
    answered: u64,
}

/// `GET /api/analytics`
pub(crate) async fn show(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let asked = Asked::read(&desk, query.as_deref())?;
    let found = desk.analytics(&asked.of, asked.by.1).await?;
    let names = Names::of(&desk, asked.by.1);
    Ok(json(
        StatusCode::OK,
        &AnalyticsJson {
            since: asked.of.since.to_string(),
            until: asked.of.until.to_string(),
            zone: "UTC",
            by: asked.by.0,
            total: names.figures(&found.total()),
            rows: found.figures().iter().map(|one| names.figures(one)).collect(),
            questions: questions(&desk, &found.questions),
        },
    ))
}

/// `GET /api/analytics.csv`
pub(crate) async fn csv(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    table_of(&desk, query.as_deref()).await
}

/// What was asked for, as CSV.
pub(crate) async fn table_of(desk: &Desk, query: Option<&str>) -> Result<Response, Problem> {
    let asked = Asked::read(desk, query)?;
    let found = desk.analytics(&asked.of, asked.by.1).await?;
    file(table(&found, asked.by.0, &Names::of(desk, asked.by.1)), Some(ListForm::Csv), "analytics").await
}

/// What stands behind `?`.
pub(crate) struct Asked {
    pub(crate) of: Span,
    pub(crate) by: (&'static str, Apart),
}

impl Asked {
    /// The last thirty days up to today, by day, unless something else is said.
    pub(crate) fn read(desk: &Desk, query: Option<&str>) -> Result<Self, Problem> {
        let (mut days, mut by) = (Days::default(), BY[0]);
        let (mut carrier, mut campaign, mut script) = (None, None, None);
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if value.contains(['\0', char::REPLACEMENT_CHARACTER]) {
                return Err(Problem::query("query", "must be UTF-8 without NUL"));
            }
            match &*name {
                _ if value.is_empty() => {}
                "since" | "until" => days.read(&name, &value)?,
                "by" => {
                    let word = BY.into_iter().find(|(word, _)| *word == value);
                    by = word.ok_or_else(|| Problem::query("by", "day, carrier, campaign or script"))?;
                }
                "carrier" => carrier = Some(value.to_ascii_lowercase()),
                "campaign" => {
                    let id = value.parse();
                    campaign = Some(id.map_err(|_| Problem::query("campaign", "a campaign's id"))?);
                }
                "script" => script = Some(value.into_owned()),
                other => return Err(Problem::query(other, "there is no such word")),
            }
        }
        let (since, until) = days.span(desk)?;
        Ok(Self { of: Span { since, until, carrier, campaign, script }, by })
    }
}

/// The days that are asked for.
#[derive(Default)]
pub(crate) struct Days {
    since: Option<Date>,
    until: Option<Date>,
}

impl Days {
    /// Takes in the first day (`since`), or the one after the last (`until`).
    pub(crate) fn read(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        match name {
            "since" => self.since = Some(day("since", value)?),
            _ => self.until = Some(day("until", value)?),
        }
        Ok(())
    }

    /// The first day and the one after the last: the last thirty days up to today, unless something else was said.
    pub(crate) fn span(self, desk: &Desk) -> Result<(Date, Date), Problem> {
        let today = desk.now().to_zoned(TimeZone::UTC).date();
        let until: Date = self.until.map_or_else(|| today.tomorrow(), Ok).map_err(|_| wrong_day("until"))?;
        let since: Date =
            self.since.map_or_else(|| until.checked_sub(DAYS.days()), Ok).map_err(|_| wrong_day("since"))?;
        if since >= until {
            return Err(Problem::query("since", "must be before until"));
        }
        if until.since(since).is_ok_and(|span| span.get_days() > MOST_DAYS) {
            return Err(Problem::query("since", "at most 3700 days before until"));
        }
        Ok((since, until))
    }
}

/// A day, or a time, which is in a day.
fn day(name: &str, value: &str) -> Result<Date, Problem> {
    let of_time = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
    let day = value.parse::<Timestamp>().map(of_time).or_else(|_| value.parse());
    day.map_err(|_| wrong_day(name))
}

fn wrong_day(name: &str) -> Problem {
    Problem::query(name, "a day such as 2026-01-31")
}

/// What keys are called.
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    pub(crate) fn of(desk: &Desk, by: Apart) -> Self {
        match by {
            Apart::Campaign => {
                Self(desk.campaign_names().into_iter().map(|(id, name)| (id.to_string(), name)).collect())
            }
            Apart::Day | Apart::Carrier | Apart::Script => Self(BTreeMap::new()),
        }
    }

    pub(crate) fn name(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn figures(&self, of: &Figures) -> FiguresJson {
        let [calls, answered, talk_seconds] = of.counted();
        FiguresJson {
            key: (!of.key.is_empty()).then(|| of.key.clone()),
            name: self.name(&of.key).map(str::to_owned),
            calls,
            answered,
            answer_rate: of
                .answered_per_mille()
                .and_then(|rate| u32::try_from(rate).ok())
                .map(|rate| f64::from(rate) / 1_000.0),
            talk_seconds,
            average_talk_seconds: of.average_talk_secs(),
            median_talk_seconds: of.talk_secs_of(50),
            p90_talk_seconds: of.talk_secs_of(90),
            dispositions: of.dispositions.clone(),
        }
    }
}

fn questions(desk: &Desk, counted: &[QuestionCount]) -> Vec<QuestionCountJson> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    counted
        .iter()
        .map(|one| {
            let known = texts.entry(one.script.clone()).or_insert_with(|| desk.script_questions(&one.script));
            QuestionCountJson {
                question: known.get(usize::from(one.step)).filter(|text| !text.is_empty()).cloned(),
                script: one.script.clone(),
                step: one.step,
                reached: one.reached,
                answered: one.answered,
            }
        })
        .collect()
}

/// One row a key, one column for each end that came.
fn table(found: &Analytics, by: &str, names: &Names) -> Sheet {
    let figures = found.figures();
    let ends: BTreeSet<&String> = figures.iter().flat_map(|one| one.dispositions.keys()).collect();
    let fixed = [
        by,
        "name",
        "calls",
        "answered",
        "answer_percent",
        "talk_seconds",
        "median_talk_seconds",
        "p90_talk_seconds",
    ];
    let number = |n: u64| Cell::Number(u32::try_from(n).unwrap_or(u32::MAX));
    let text = |text: &str| if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) };
    let some = |n: Option<u32>| n.map_or(Cell::Empty, Cell::Number);
    let rows = figures.iter().map(|one| {
        let [calls, answered, talk] = one.counted();
        let percent = one.answered_per_mille().map(|rate| format!("{}.{}", rate / 10, rate % 10));
        let mut row = vec![
            text(&one.key),
            text(names.name(&one.key).unwrap_or_default()),
            number(calls),
            number(answered),
            text(&percent.unwrap_or_default()),
            number(talk),
            some(one.talk_secs_of(50)),
            some(one.talk_secs_of(90)),
        ];
        row.extend(ends.iter().map(|end| number(one.dispositions.get(*end).copied().unwrap_or(0))));
        row
    });
    let headings =
        fixed.into_iter().map(str::to_owned).chain(ends.iter().map(|end| (*end).clone())).collect();
    Sheet { headings, rows: rows.collect() }
}
