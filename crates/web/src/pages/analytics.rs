//! What calls came to, in pictures, each with the table that says the same.

use super::bot_figures::{self, BotTable};
use super::frame::{Frame, Section};
use super::texts::Texts;
use super::{Reader, page};
use crate::api::analytics::{self, Asked, Names};
use crate::api::{bot_analytics, results};
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_engine::exchange::people::ListForm;
use trunkline_engine::{Figures, QuestionCount};

/// Height of the picture, in its own units; a key is ten wide.
const HEIGHT: u64 = 100;
/// So many keys are drawn, the last ones; the table has all.
const DRAWN: usize = 92;

#[derive(Template)]
#[template(path = "analytics.html")]
struct AnalyticsPage {
    frame: Frame,
    t: Texts,
    since: String,
    until: String,
    choices: Vec<Choice>,
    total: Line,
    lines: Vec<Line>,
    picture: Picture,
    scripts: Vec<ScriptView>,
    bots: Vec<BotTable>,
    csv: String,
}

/// A way to tell the sums apart.
struct Choice {
    word: &'static str,
    text: String,
    is_chosen: bool,
}

/// A row of the table.
struct Line {
    key: String,
    calls: u64,
    answered: u64,
    rate: String,
    talk: String,
    median: String,
    ends: String,
}

#[derive(Default)]
struct Picture {
    width: usize,
    bars: Vec<Bar>,
}

struct Bar {
    tone: &'static str,
    x: usize,
    y: u64,
    height: u64,
    title: String,
}

/// How far people came in a script.
struct ScriptView {
    name: String,
    href: String,
    questions: Vec<QuestionView>,
}

struct QuestionView {
    number: u16,
    text: String,
    reached: u64,
    answered: u64,
    /// In thousandths of those who were asked the first question.
    width: u64,
}

/// `GET /analytics`
pub(crate) async fn show(State(web): State<Arc<Web>>, reader: Reader, RawQuery(query): RawQuery) -> Response {
    match view(&web, &reader, query.as_deref()).await {
        Ok(view) => page(StatusCode::OK, &view),
        Err(problem) => reader.trouble(&web, &problem).await,
    }
}

/// `GET /analytics.csv`
pub(crate) async fn csv(State(web): State<Arc<Web>>, reader: Reader, RawQuery(query): RawQuery) -> Response {
    told(&web, &reader, analytics::table_of(&reader.desk, query.as_deref()).await).await
}

/// `GET /analytics/bots.csv`
pub(crate) async fn bots_csv(
    State(web): State<Arc<Web>>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Response {
    told(&web, &reader, bot_analytics::table_of(&reader.desk, query.as_deref()).await).await
}

/// `GET /results.csv`
pub(crate) async fn answers_csv(
    State(web): State<Arc<Web>>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Response {
    told(&web, &reader, results::table_of(&web, &reader.desk, query.as_deref(), ListForm::Csv).await).await
}

/// `GET /results.xlsx`
pub(crate) async fn answers_xlsx(
    State(web): State<Arc<Web>>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Response {
    told(&web, &reader, results::table_of(&web, &reader.desk, query.as_deref(), ListForm::Xlsx).await).await
}

/// A file, or what is in its way as a page.
async fn told(web: &Web, reader: &Reader, file: Result<Response, Problem>) -> Response {
    match file {
        Ok(file) => file,
        Err(problem) => reader.trouble(web, &problem).await,
    }
}

async fn view(web: &Web, reader: &Reader, query: Option<&str>) -> Result<AnalyticsPage, Problem> {
    let (t, desk) = (reader.t, &reader.desk);
    let asked = Asked::read(desk, query)?;
    let (word, by) = asked.by;
    let found = desk.analytics(&asked.of, by).await?;
    let names = Names::of(desk, by);
    let figures = found.figures();
    let lines: Vec<Line> = figures.iter().map(|one| Line::of(t, &names, one)).collect();
    let choice = |(word, text): (&'static str, String)| Choice { word, text, is_chosen: word == asked.by.0 };
    let choices = [
        ("day", t.get("analytics-by-day")),
        ("carrier", t.get("analytics-by-carrier")),
        ("campaign", t.get("analytics-by-campaign")),
        ("script", t.get("analytics-by-script")),
    ];
    let (since, until) = (asked.of.since.to_string(), asked.of.until.to_string());
    Ok(AnalyticsPage {
        frame: Frame::of(web, reader, Section::Analytics).await,
        t,
        bots: bot_figures::tables(t, desk, &asked.of).await?,
        csv: format!("/analytics.csv?by={word}&since={since}&until={until}"),
        since,
        until,
        choices: choices.into_iter().map(choice).collect(),
        total: Line::of(t, &names, &found.total()),
        picture: Picture::of(t, &figures, &lines),
        lines,
        scripts: scripts(&found.questions, |script| desk.script_questions(script)),
    })
}

impl Line {
    fn of(t: Texts, names: &Names, of: &Figures) -> Self {
        let [calls, answered, talk] = of.counted();
        let key = match of.key.as_str() {
            "" => t.get("analytics-none"),
            key => names.name(key).unwrap_or(key).to_owned(),
        };
        let rate = of.answered_per_mille().map(|rate| format!("{}.{} %", rate / 10, rate % 10));
        let mut ends: Vec<(&String, &u64)> = of.dispositions.iter().filter(|(_, n)| **n > 0).collect();
        ends.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let end = |(end, n): (&String, &u64)| {
            format!("{} {n}", t.or(&format!("status-{end}"), &end.replace('_', " ")))
        };
        Self {
            key,
            calls,
            answered,
            rate: rate.unwrap_or_default(),
            talk: length(talk),
            median: of.talk_secs_of(50).map(|secs| length(u64::from(secs))).unwrap_or_default(),
            ends: ends.into_iter().map(end).collect::<Vec<_>>().join(" · "),
        }
    }
}

/// Hours, minutes and seconds.
fn length(secs: u64) -> String {
    let (hours, minutes, secs) = (secs / 3_600, secs / 60 % 60, secs % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{secs:02}") } else { format!("{minutes}:{secs:02}") }
}

impl Picture {
    /// A bar for each key: the answered calls below, the others above.
    fn of(t: Texts, figures: &[Figures], lines: &[Line]) -> Self {
        let most = figures.iter().map(|one| one.counted()[0]).max().unwrap_or(0).max(1);
        let from = figures.len().saturating_sub(DRAWN);
        let mut bars = Vec::new();
        for (place, line) in lines.iter().skip(from).enumerate() {
            let parts = [
                ("is-good", 0, line.answered, t.get("analytics-answered")),
                ("is-soft", line.answered, line.calls, t.get("analytics-not-answered")),
            ];
            for (tone, below, upto, text) in parts {
                let (bottom, top) = (below * HEIGHT / most, upto * HEIGHT / most);
                if upto > below {
                    let title = format!("{}: {text} {}", line.key, upto - below);
                    bars.push(Bar { tone, x: place * 10, y: HEIGHT - top, height: top - bottom, title });
                }
            }
        }
        Self { width: (lines.len() - from) * 10, bars }
    }
}

fn scripts(counted: &[QuestionCount], texts: impl Fn(&str) -> Vec<String>) -> Vec<ScriptView> {
    let mut scripts: BTreeMap<&str, Vec<&QuestionCount>> = BTreeMap::new();
    for one in counted {
        scripts.entry(&one.script).or_default().push(one);
    }
    let view = |(name, counted): (&str, Vec<&QuestionCount>)| {
        let texts = texts(name);
        let most = counted.iter().map(|one| one.reached).max().unwrap_or(0).max(1);
        let question = |one: &&QuestionCount| QuestionView {
            number: one.step + 1,
            text: texts.get(usize::from(one.step)).cloned().unwrap_or_default(),
            reached: one.reached,
            answered: one.answered,
            width: one.answered * 1_000 / most,
        };
        let script: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        ScriptView {
            name: name.to_owned(),
            href: format!("/results.csv?script={script}"),
            questions: counted.iter().map(question).collect(),
        }
    };
    scripts.into_iter().map(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_shows_how_many_of_those_who_began_answered_each_question() {
        let count =
            |step, reached, answered| QuestionCount { script: "survey".to_owned(), step, reached, answered };
        let views = scripts(&[count(0, 10, 8), count(1, 8, 5)], |_| vec!["Who?".to_owned()]);
        let shown: Vec<_> =
            views[0].questions.iter().map(|one| (one.number, &*one.text, one.width)).collect();
        assert_eq!(shown, [(1, "Who?", 800), (2, "", 500)]);
    }

    #[test]
    fn lengths_are_told_as_clocks_do() {
        assert_eq!([59, 61, 3_661].map(length), ["0:59", "1:01", "1:01:01"]);
    }
}
