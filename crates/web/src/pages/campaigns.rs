//! The pages of campaigns: how far each is, who is on the phone, who is next and why not now, and what may be done.

use super::forgery;
use super::frame::{Frame, Section};
use super::show::{Pill, Time, tone};
use super::texts::Texts;
use super::{Reader, page};
use crate::api::Named;
use crate::gates;
use crate::problem::{Code, Problem};
use crate::web::Web;
use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_core::call::{Cost, Status};
use trunkline_core::campaign::{CampaignState, Move};
use trunkline_core::dial::gates::Closed;
use trunkline_core::id::CampaignId;
use trunkline_core::queue::{Bucket, JobState, Progress};
use trunkline_engine::{CampaignError, InMinute, QueuedJob, Standing, UnreadableCampaign};

/// Jobs shown of each kind.
const JOBS: u32 = 25;
/// What the picture shows.
const MINUTES: i64 = 60;
/// Height of the picture, in its own units; a minute is ten wide.
const HEIGHT: u64 = 100;

#[derive(Template)]
#[template(path = "campaigns.html")]
struct CampaignsPage {
    frame: Frame,
    t: Texts,
    campaigns: Vec<CampaignView>,
    set_aside: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "campaign.html")]
struct CampaignPage {
    frame: Frame,
    t: Texts,
    id: CampaignId,
    campaign: CampaignView,
    moves: Vec<MoveView>,
    picture: Vec<Bar>,
    key: Vec<Pill>,
    open: Vec<JobRow>,
    waiting: Vec<JobRow>,
}

/// A campaign as people see it.
struct CampaignView {
    href: String,
    name: String,
    script: String,
    bot: Option<String>,
    pill: Pill,
    total: u64,
    buckets: Vec<BucketView>,
    cost: Option<String>,
}

/// A part of a campaign's jobs, in thousandths of the bar's width.
struct BucketView {
    tone: &'static str,
    text: String,
    count: u64,
    start: u64,
    width: u64,
}

/// What may be done.
struct MoveView {
    href: String,
    text: String,
    sure: Option<String>,
}

/// The calls of one minute that stand alike.
struct Bar {
    tone: &'static str,
    x: i64,
    y: u64,
    height: u64,
    title: String,
}

struct JobRow {
    name: Option<String>,
    number: String,
    attempts: u16,
    gate: String,
    due: Option<Time>,
    call: Option<String>,
    call_back: Option<String>,
}

/// `GET /campaigns`
pub(crate) async fn list(State(web): State<Arc<Web>>, reader: Reader) -> Response {
    let found = async { Ok((reader.desk.campaigns().await?, reader.desk.campaigns_set_aside().await?)) };
    let (campaigns, set_aside) = match found.await {
        Ok(found) => found,
        Err::<_, CampaignError>(error) => return reader.trouble(&web, &error.into()).await,
    };
    let t = reader.t;
    let aside = |one: UnreadableCampaign| (one.name, t.with("campaign-set-aside", "why", &one.why));
    let set_aside = set_aside.into_iter().map(aside).collect();
    let campaigns = campaigns.iter().map(|standing| CampaignView::of(t, standing)).collect();
    let frame = Frame::of(&web, &reader, Section::Campaigns).await;
    page(StatusCode::OK, &CampaignsPage { frame, t, campaigns, set_aside })
}

/// `GET /campaigns/{id}`
pub(crate) async fn show(
    State(web): State<Arc<Web>>,
    reader: Reader,
    id: Result<Named<CampaignId>, Problem>,
) -> Response {
    let found = match id {
        Ok(Named(id)) => view(&web, &reader, id).await,
        Err(problem) => Err(problem),
    };
    match found {
        Ok(campaign) => page(StatusCode::OK, &campaign),
        Err(problem) => reader.trouble(&web, &problem).await,
    }
}

/// `POST /campaigns/{id}/{move}`
pub(crate) async fn act(
    State(web): State<Arc<Web>>,
    reader: Reader,
    Named((id, word)): Named<(CampaignId, String)>,
    request: Request,
) -> Response {
    if let Err(problem) = forgery::form(&web, &reader.session, request).await {
        return reader.trouble(&web, &problem).await;
    }
    let Some(asked) = Move::ALL.into_iter().find(|asked| asked.as_str() == word && *asked != Move::Finish)
    else {
        return reader.trouble(&web, &Problem::new(Code::NotFound)).await;
    };
    match reader.desk.move_campaign(id, asked).await {
        Ok(_) => Redirect::to(&format!("/campaigns/{id}")).into_response(),
        Err(error) => reader.trouble(&web, &error.into()).await,
    }
}

async fn view(web: &Web, reader: &Reader, id: CampaignId) -> Result<CampaignPage, Problem> {
    let (t, desk) = (reader.t, &reader.desk);
    let standing = desk.campaign(id).await?;
    let open = desk.jobs(id, Some(Bucket::InProgress), None, JOBS).await?;
    let waiting = desk.jobs(id, Some(Bucket::Waiting), None, JOBS).await?;
    let calls = desk.calls_by_minute(id, SignedDuration::from_mins(MINUTES)).await?;
    let mut rows = Vec::with_capacity(waiting.len());
    for queued in &waiting {
        let closed = desk.job(queued.job.id).await?.closed;
        rows.push(JobRow::waiting(t, queued, closed.as_ref()));
    }
    Ok(CampaignPage {
        frame: Frame::of(web, reader, Section::Campaigns).await,
        t,
        id,
        moves: moves(t, id, standing.campaign.state),
        campaign: CampaignView::of(t, &standing),
        key: key(t, &calls),
        picture: picture(t, &calls, web.engine.now()),
        open: open.iter().map(|queued| JobRow::open(t, queued)).collect(),
        waiting: rows,
    })
}

impl CampaignView {
    fn of(t: Texts, standing: &Standing) -> Self {
        let campaign = &standing.campaign;
        let tone = match campaign.state {
            CampaignState::Running => "is-live",
            CampaignState::Paused | CampaignState::Draining => "is-waiting",
            CampaignState::Finished => "is-good",
            CampaignState::Draft | CampaignState::Cancelled => "is-soft",
        };
        Self {
            href: format!("/campaigns/{}", campaign.id),
            name: campaign.policy.name.clone(),
            script: campaign.policy.script.as_str().to_owned(),
            bot: campaign.policy.bot.as_ref().map(ToString::to_string),
            pill: Pill { tone, text: t.get(&format!("campaign-state-{}", campaign.state.as_str())) },
            total: standing.progress.total(),
            buckets: buckets(t, &standing.progress),
            cost: standing.cost.as_ref().and_then(|cost| cost_of(t, cost)),
        }
    }
}

/// What its calls have cost, in words; nothing while there were none.
fn cost_of(t: Texts, cost: &Cost) -> Option<String> {
    let sums = cost.by_currency.iter().map(|(currency, sum)| format!("{sum} {currency}"));
    let rest = (cost.calls_without_price > 0)
        .then(|| format!("{} {}", cost.calls_without_price, t.get("campaign-without-price")));
    let all: Vec<String> = sums.chain(rest).collect();
    (!all.is_empty()).then(|| all.join(" · "))
}

/// The parts of a campaign's jobs, those that are empty left out.
fn buckets(t: Texts, progress: &Progress) -> Vec<BucketView> {
    let total = progress.total().max(1);
    let all = [
        ("completed", "is-good", progress.completed),
        ("in_progress", "is-live", progress.in_progress),
        ("waiting", "is-waiting", progress.waiting),
        ("failed", "is-bad", progress.failed),
        ("parked", "is-bad", progress.parked),
        ("skipped", "is-soft", progress.skipped),
        ("canceled", "is-soft", progress.canceled),
    ];
    let mut before = 0;
    let mut views = Vec::new();
    for (word, tone, count) in all.into_iter().filter(|(_, _, count)| *count > 0) {
        let (start, end) = (before * 1_000 / total, (before + count) * 1_000 / total);
        before += count;
        let text = t.get(&format!("bucket-{word}"));
        views.push(BucketView { tone, text, count, start, width: end - start });
    }
    views
}

fn moves(t: Texts, id: CampaignId, state: CampaignState) -> Vec<MoveView> {
    [Move::Start, Move::Pause, Move::Resume, Move::Drain, Move::Cancel]
        .into_iter()
        .filter(|asked| state.after(*asked).is_ok_and(|after| after != state))
        // A draft is started, and what runs is not resumed.
        .filter(|asked| *asked != Move::Start || state == CampaignState::Draft)
        .map(|asked| MoveView {
            href: format!("/campaigns/{id}/{}", asked.as_str()),
            text: t.get(&format!("campaign-{}", asked.as_str())),
            sure: (asked == Move::Cancel).then(|| t.get("campaign-cancel-sure")),
        })
        .collect()
}

/// Calls by minute, stacked, the last minute at the end.
fn picture(t: Texts, calls: &[InMinute], now: Timestamp) -> Vec<Bar> {
    let mut minutes: BTreeMap<i64, Vec<&InMinute>> = BTreeMap::new();
    for one in calls {
        let ago = now.duration_since(one.minute).as_mins();
        minutes.entry((MINUTES - 1 - ago).clamp(0, MINUTES - 1)).or_default().push(one);
    }
    let height = |calls: &[&InMinute]| calls.iter().map(|one| one.calls).sum::<u64>();
    let most = minutes.values().map(|calls| height(calls)).max().unwrap_or(1).max(1);
    let mut bars = Vec::new();
    for (minute, calls) in minutes {
        let mut below = 0;
        for one in calls {
            let top = (below + one.calls) * HEIGHT / most;
            let bottom = below * HEIGHT / most;
            below += one.calls;
            let time = Time::new(one.minute);
            bars.push(Bar {
                tone: tone_of(one.status),
                x: minute * 10,
                y: HEIGHT - top,
                height: top - bottom,
                title: format!("{} {}: {}", time.clock, word_of(t, one.status), one.calls),
            });
        }
    }
    bars
}

/// What the tones of the picture mean.
fn key(t: Texts, calls: &[InMinute]) -> Vec<Pill> {
    let mut statuses: Vec<Option<Status>> = calls.iter().map(|one| one.status).collect();
    statuses.sort();
    statuses.dedup();
    statuses.into_iter().map(|status| Pill { tone: tone_of(status), text: word_of(t, status) }).collect()
}

fn tone_of(status: Option<Status>) -> &'static str {
    status.map_or("is-waiting", tone)
}

fn word_of(t: Texts, status: Option<Status>) -> String {
    t.get(&format!("status-{}", status.map_or("initiated", Status::as_str)))
}

impl JobRow {
    fn of(queued: &QueuedJob) -> Self {
        Self {
            name: queued.name.as_ref().map(|name| name.reveal().clone()),
            number: queued.number.to_string(),
            attempts: queued.job.used,
            gate: String::new(),
            due: None,
            call: None,
            call_back: None,
        }
    }

    fn open(t: Texts, queued: &QueuedJob) -> Self {
        let call_back = |at| t.with("job-call-back", "at", &gates::minute(at));
        Self {
            call: queued.job.call().map(|call| format!("/calls/{call}")),
            call_back: queued.job.call_back.map(call_back),
            ..Self::of(queued)
        }
    }

    fn waiting(t: Texts, queued: &QueuedJob, closed: Option<&Closed>) -> Self {
        let retry = match &queued.job.state {
            JobState::Waiting { not_before, .. } => *not_before,
            _ => None,
        };
        Self {
            gate: closed.map_or_else(|| t.get("gate-none"), |closed| gates::words(closed, t)),
            due: closed.and_then(Closed::opens_at).or(retry).map(Time::new),
            ..Self::of(queued)
        }
    }
}
