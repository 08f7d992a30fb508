//! What calls with bots came to, by day, bot or campaign. Days are those of UTC.

pub(crate) mod spec;

use super::analytics::{Days, Names};
use super::lists::file;
use super::{Mine, json};
use crate::problem::Problem;
use axum::extract::RawQuery;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use trunkline_core::call::{Amount, Tokens, WAIT_BOUNDS_MS};
use trunkline_engine::exchange::Cell;
use trunkline_engine::exchange::people::ListForm;
use trunkline_engine::{Apart, BotAnalytics, BotFigures, Desk, Sheet, TalkSpan, TalksApart};

/// What sums can be told apart by.
const BY: [(&str, TalksApart); 3] =
    [("bot", TalksApart::Bot), ("day", TalksApart::Day), ("campaign", TalksApart::Campaign)];

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BotAnalytics")]
struct BotAnalyticsJson {
    /// The first day.
    since: String,
    /// The day after the last one.
    until: String,
    /// Where days begin: `UTC`.
    zone: &'static str,
    by: &'static str,
    total: BotFiguresJson,
    rows: Vec<BotFiguresJson>,
}

/// What some calls with bots came to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BotFigures")]
struct BotFiguresJson {
    /// The day, bot or campaign's id; null: calls that have none, or all together.
    key: Option<String>,
    /// The campaign's name.
    name: Option<String>,
    /// Calls with a bot.
    calls: u64,
    /// Of these, those in which it was connected with somebody.
    talked: u64,
    outcomes: BTreeMap<String, u64>,
    /// How long callers waited for its answers: from the end of their words to the first sound.
    wait: WaitsJson,
    /// Answers of the model.
    answers: u64,
    /// Of these, the ones of which it has said what they used.
    answers_counted: u64,
    /// What these used, by kind.
    tokens: Tokens,
    /// What those calls cost of which it is known, by currency; empty where it is known of none.
    #[schemars(with = "BTreeMap<String, String>")]
    cost: BTreeMap<String, Amount>,
    /// Calls that used the model and whose cost is not known.
    calls_without_cost: u64,
}

/// Waits for a bot's answers.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BotWaits")]
struct WaitsJson {
    answers: u64,
    mean_ms: Option<u64>,
    /// Half of them were no longer, as near as the lengths that are kept allow.
    p50_ms: Option<u32>,
    /// Nineteen of twenty were no longer.
    p95_ms: Option<u32>,
    /// How many were how long, each counted once: these may be added up.
    buckets: Vec<WaitBucketJson>,
}

/// Waits of a length.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BotWaitBucket")]
struct WaitBucketJson {
    /// So long at most, and longer than the one before; null: longer than all.
    upto_ms: Option<u32>,
    answers: u64,
}

/// `GET /api/analytics/bots`
pub(crate) async fn show(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let asked = Asked::read(&desk, query.as_deref())?;
    let found = desk.bot_analytics(&asked.of, asked.by.1).await?;
    let names = names(&desk, asked.by.1);
    Ok(json(
        StatusCode::OK,
        &BotAnalyticsJson {
            since: asked.of.since.to_string(),
            until: asked.of.until.to_string(),
            zone: "UTC",
            by: asked.by.0,
            total: BotFiguresJson::of(&names, &found.total()),
            rows: found.figures().iter().map(|one| BotFiguresJson::of(&names, one)).collect(),
        },
    ))
}

/// `GET /api/analytics/bots.csv`
pub(crate) async fn csv(Mine(desk): Mine, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    table_of(&desk, query.as_deref()).await
}

/// What was asked for, as CSV.
pub(crate) async fn table_of(desk: &Desk, query: Option<&str>) -> Result<Response, Problem> {
    let asked = Asked::read(desk, query)?;
    let found = desk.bot_analytics(&asked.of, asked.by.1).await?;
    let table = table(&found, asked.by.0, &names(desk, asked.by.1));
    file(table, Some(ListForm::Csv), "bot-analytics").await
}

/// What stands behind `?`.
struct Asked {
    of: TalkSpan,
    by: (&'static str, TalksApart),
}

impl Asked {
    /// The last thirty days up to today, by bot, unless something else is said.
    fn read(desk: &Desk, query: Option<&str>) -> Result<Self, Problem> {
        let mut days = Days::default();
        let (mut by, mut campaign, mut bot) = (BY[0], None, None);
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if value.contains(['\0', char::REPLACEMENT_CHARACTER]) {
                return Err(Problem::query("query", "must be UTF-8 without NUL"));
            }
            match &*name {
                _ if value.is_empty() => {}
                "since" | "until" => days.read(&name, &value)?,
                "by" => {
                    let word = BY.into_iter().find(|(word, _)| *word == value);
                    by = word.ok_or_else(|| Problem::query("by", "bot, day or campaign"))?;
                }
                "campaign" => {
                    let id = value.parse();
                    campaign = Some(id.map_err(|_| Problem::query("campaign", "a campaign's id"))?);
                }
                "bot" => bot = Some(value.into_owned()),
                other => return Err(Problem::query(other, "there is no such word")),
            }
        }
        let (since, until) = days.span(desk)?;
        Ok(Self { of: TalkSpan { since, until, campaign, bot }, by })
    }
}

fn names(desk: &Desk, by: TalksApart) -> Names {
    match by {
        TalksApart::Campaign => Names::of(desk, Apart::Campaign),
        TalksApart::Day | TalksApart::Bot => Names::of(desk, Apart::Day),
    }
}

impl BotFiguresJson {
    fn of(names: &Names, of: &BotFigures) -> Self {
        let ([calls, talked], [answers, answers_counted]) = (of.calls(), of.answers());
        Self {
            key: (!of.key.is_empty()).then(|| of.key.clone()),
            name: names.name(&of.key).map(str::to_owned),
            calls,
            talked,
            outcomes: of.outcomes.clone(),
            wait: WaitsJson::of(of),
            answers,
            answers_counted,
            tokens: Tokens(of.tokens()),
            cost: of.cost.clone(),
            calls_without_cost: of.calls_without_cost(),
        }
    }
}

impl WaitsJson {
    fn of(of: &BotFigures) -> Self {
        let waits = of.waits();
        let bounds = WAIT_BOUNDS_MS.into_iter().map(Some).chain([None]);
        let bucket = |(upto_ms, answers)| WaitBucketJson { upto_ms, answers };
        Self {
            answers: waits.iter().sum(),
            mean_ms: of.mean_wait_ms(),
            p50_ms: of.wait_ms_of(50),
            p95_ms: of.wait_ms_of(95),
            buckets: bounds.zip(waits).map(bucket).collect(),
        }
    }
}

/// One row a key, one column for each outcome that came and for each currency.
fn table(found: &BotAnalytics, by: &str, names: &Names) -> Sheet {
    let figures = found.figures();
    let outcomes: BTreeSet<&String> = figures.iter().flat_map(|one| one.outcomes.keys()).collect();
    let currencies: BTreeSet<&String> = figures.iter().flat_map(|one| one.cost.keys()).collect();
    let kinds = trunkline_core::call::TokenKind::ALL;
    let fixed = [
        by,
        "name",
        "calls",
        "talked",
        "mean_wait_ms",
        "p50_wait_ms",
        "p95_wait_ms",
        "answers",
        "answers_counted",
    ];
    let number = |n: u64| Cell::Number(u32::try_from(n).unwrap_or(u32::MAX));
    let text = |text: &str| if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) };
    let some = |n: Option<u32>| n.map_or(Cell::Empty, Cell::Number);
    let rows = figures.iter().map(|one| {
        let ([calls, talked], [answers, counted]) = (one.calls(), one.answers());
        let mut row = vec![
            text(&one.key),
            text(names.name(&one.key).unwrap_or_default()),
            number(calls),
            number(talked),
            one.mean_wait_ms().map_or(Cell::Empty, number),
            some(one.wait_ms_of(50)),
            some(one.wait_ms_of(95)),
            number(answers),
            number(counted),
        ];
        let tokens = one.tokens();
        row.extend(kinds.iter().map(|kind| number(tokens.get(kind).copied().unwrap_or(0))));
        let cost =
            |unit: &&String| one.cost.get(*unit).map_or(Cell::Empty, |sum| Cell::Text(sum.to_string()));
        row.extend(currencies.iter().map(cost));
        row.push(number(one.calls_without_cost()));
        row.extend(outcomes.iter().map(|outcome| number(one.outcomes.get(*outcome).copied().unwrap_or(0))));
        row
    });
    let headings = fixed.into_iter().map(str::to_owned);
    let headings = headings.chain(kinds.iter().map(|kind| kind.as_str().to_owned()));
    let headings = headings.chain(currencies.iter().map(|unit| format!("cost_{unit}")));
    let headings = headings.chain(["calls_without_cost".to_owned()]);
    let headings = headings.chain(outcomes.iter().map(|outcome| (*outcome).clone()));
    Sheet { headings: headings.collect(), rows: rows.collect() }
}
