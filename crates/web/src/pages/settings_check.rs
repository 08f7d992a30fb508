//! Whether the server is set up well: its parts as they are now, what the check of the settings found at the start,
//! and the addresses that the carrier must know.

use super::Reader;
use super::frame::{Frame, Section};
use super::page;
use super::show::Time;
use super::texts::Texts;
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use std::sync::Arc;
use trunkline_carriers::callback::Scheme;
use trunkline_engine::{Health, Part};

/// One thing that the check of the settings found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The setting, such as `PUBLIC_URL`.
    pub subject: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What is wrong and what would be right, or what is good; never a secret.
    pub detail: String,
}

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and should be looked at.
    Doubtful,
    /// It does not work.
    Wrong,
}

#[derive(Template)]
#[template(path = "settings_check.html")]
struct SettingsCheckPage {
    frame: Frame,
    t: Texts,
    parts: Vec<Check>,
    findings: Vec<Check>,
    addresses: Vec<Address>,
}

/// A line of the page.
struct Check {
    subject: String,
    tone: &'static str,
    word: String,
    detail: String,
    since: Option<Time>,
}

/// An address of ours that the carrier is told.
struct Address {
    label: String,
    url: String,
}

/// `GET /settings-check`
pub(crate) async fn show(State(web): State<Arc<Web>>, reader: Reader) -> Response {
    let t = reader.t;
    let frame = Frame::of(&web, &reader, Section::SettingsCheck).await;
    let mut parts = parts(t, &web.engine.health().await);
    parts.extend(refused(t, &web));
    let findings = web.findings.iter().map(|finding| of_finding(t, finding)).collect();
    page(StatusCode::OK, &SettingsCheckPage { frame, t, parts, findings, addresses: addresses(t, &web) })
}

fn parts(t: Texts, health: &Health) -> Vec<Check> {
    let recordings = health.recordings.as_ref().map(|bucket| (t.get("part-recordings"), bucket));
    let cache = health.cache.as_ref().map(|cache| (t.get("part-cache"), cache));
    [
        (t.get("part-journal"), &health.journal),
        (t.get("part-database"), &health.database),
        (t.get("part-carrier"), &health.carrier),
        (t.get("part-scripts"), &health.scripts),
    ]
    .into_iter()
    .chain(cache)
    .chain(recordings)
    .map(|(subject, part)| of_part(t, subject, part))
    .collect()
}

/// Webhooks that the carrier had not signed: a few are strangers, many are a wrong PUBLIC_URL or token.
fn refused(t: Texts, web: &Web) -> Option<Check> {
    let refused = web.refused.total();
    (refused > 0).then(|| Check {
        subject: t.get("part-webhooks"),
        tone: "is-waiting",
        word: t.get("check-doubtful"),
        detail: t.count("webhooks-refused", &refused),
        since: None,
    })
}

fn of_part(t: Texts, subject: String, part: &Part) -> Check {
    match part {
        Part::Ok { detail } => {
            Check { subject, tone: "is-good", word: t.get("check-good"), detail: detail.clone(), since: None }
        }
        Part::Degraded { reason, since } => Check {
            subject,
            tone: "is-bad",
            word: t.get("check-wrong"),
            detail: reason.clone(),
            since: Some(Time::new(*since)),
        },
    }
}

fn of_finding(t: Texts, finding: &Finding) -> Check {
    let (tone, word) = match finding.verdict {
        Verdict::Good => ("is-good", t.get("check-good")),
        Verdict::Doubtful => ("is-waiting", t.get("check-doubtful")),
        Verdict::Wrong => ("is-bad", t.get("check-wrong")),
    };
    Check { subject: finding.subject.clone(), tone, word, detail: finding.detail.clone(), since: None }
}

fn addresses(t: Texts, web: &Web) -> Vec<Address> {
    let urls = &web.engine.config().urls;
    let pages = [
        (t.get("address-answer"), urls.minting().address(Scheme::Http, "/answer")),
        (t.get("address-fallback"), urls.fallback().address(Scheme::Http, "/fallback")),
        (t.get("address-status"), urls.minting().address(Scheme::Http, "/status")),
    ];
    let ways = web.engine.ways_of_leading();
    let events = (t.get("address-events"), urls.call_control());
    pages
        .into_iter()
        .filter(|_| ways.by_pages)
        .chain(ways.by_commands.then_some(events))
        .map(|(label, url)| Address { label, url })
        .collect()
}
