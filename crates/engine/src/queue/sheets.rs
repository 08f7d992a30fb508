//! What came of a campaign, as a table: one row a person, with the last call and what was answered in all of them. And
//! leads as a table.

use super::campaigns::CampaignError;
use crate::desk::Desk;
use crate::exchange::{Cell, answers_of, some, text, time, word};
use std::collections::{BTreeMap, BTreeSet};
use trunkline_core::call::{Call, Turn};
use trunkline_core::id::{CallId, CampaignId, JobId, LeadId};
use trunkline_core::queue::JobState;
use trunkline_core::window::Zone;
use trunkline_store::{Lead, QueuedJob};

/// So many people are read at once.
const PAGE: u32 = 500;

/// A table of people: its headings, and a row each.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// The headings.
    pub headings: Vec<String>,
    /// The rows, each as wide as the headings.
    pub rows: Vec<Vec<Cell>>,
}

/// What stands in front of the values that the list came with.
const RESULTS: [&str; 20] = [
    "job_id",
    "to",
    "name",
    "state",
    "result",
    "gate",
    "attempts",
    "last_call_id",
    "status",
    "disposition",
    "outcome",
    "error_code",
    "error_message",
    "hangup_by",
    "called_at",
    "answered_at",
    "ended_at",
    "duration_seconds",
    "answer_count",
    "answers",
];
const LEADS: [&str; 6] = ["number", "raw", "name", "time_zone", "created_at", "updated_at"];

impl Desk {
    /// A campaign's results.
    ///
    /// # Errors
    /// `NotFound`; `Away`; `NoDatabase`.
    pub async fn results(&self, id: CampaignId) -> Result<Sheet, CampaignError> {
        let mut people = Vec::new();
        let mut after = None;
        loop {
            let page = self.jobs(id, None, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.job.lead.to_string());
            let jobs: Vec<JobId> = page.iter().map(|queued| queued.job.id).collect();
            let mut calls = self.calls_of(&jobs).await?;
            for queued in page {
                let calls = calls.remove(&queued.job.id).unwrap_or_default();
                let variables = queued.variables.reveal().clone();
                people.push((row(&queued, &calls), variables));
            }
        }
        Ok(sheet(&RESULTS, people))
    }

    /// All leads, with what is known of them.
    ///
    /// # Errors
    /// `Away`; `NoDatabase`.
    pub async fn leads_sheet(&self) -> Result<Sheet, CampaignError> {
        let mut people = Vec::new();
        let mut after: Option<LeadId> = None;
        loop {
            let page = self.leads(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            people.extend(page.iter().map(|lead| (lead_row(lead), lead.fields.reveal().clone())));
        }
        Ok(sheet(&LEADS, people))
    }

    /// The calls of these jobs, of each the last one last; those in memory as they are now.
    pub(crate) async fn calls_of(&self, jobs: &[JobId]) -> Result<BTreeMap<JobId, Vec<Call>>, CampaignError> {
        let inner = self.inner();
        let attempts = inner.ask_queue(async |store| store.attempts_of(jobs).await).await?;
        let ids: Vec<CallId> = attempts.iter().map(|attempt| attempt.call).collect();
        let stored = inner.ask_queue(async |store| store.load_folds(&ids).await).await?;
        let mut stored: BTreeMap<CallId, Call> = stored.into_iter().map(|call| (call.id, call)).collect();
        let mut calls: BTreeMap<JobId, Vec<Call>> = BTreeMap::new();
        for attempt in attempts {
            if let Some(call) = stored.remove(&attempt.call) {
                calls.entry(attempt.job).or_default().push(call);
            }
        }
        Ok(calls)
    }
}

/// The rows with a column for each value that any of them has.
fn sheet(fixed: &[&str], people: Vec<(Vec<Cell>, BTreeMap<String, String>)>) -> Sheet {
    let names: BTreeSet<String> = people.iter().flat_map(|(_, values)| values.keys().cloned()).collect();
    let heading = |name: &String| {
        if fixed.contains(&name.as_str()) { format!("list_{name}") } else { name.clone() }
    };
    let headings = fixed.iter().map(|name| (*name).to_owned()).chain(names.iter().map(heading)).collect();
    let rows = people.into_iter().map(|(mut row, mut values)| {
        row.extend(names.iter().map(|name| some(values.remove(name))));
        row
    });
    Sheet { headings, rows: rows.collect() }
}

fn row(queued: &QueuedJob, calls: &[Call]) -> Vec<Cell> {
    let job = &queued.job;
    let last = calls.last();
    let failure = last.and_then(Call::failure);
    let gate = match &job.state {
        JobState::Settled { done: trunkline_core::queue::Done::Skipped { gate }, .. } => Some(gate.code()),
        JobState::Waiting { .. } => queued.gate.as_ref().map(trunkline_core::dial::gates::Closed::code),
        _ => None,
    };
    let result = match &job.state {
        JobState::Settled { done, .. } => Some(done.as_str()),
        _ => None,
    };
    let turns: BTreeMap<u16, &Turn> = calls
        .iter()
        .flat_map(|call| call.turns.values())
        .filter(|turn| turn.answer.is_some())
        .map(|turn| (turn.step, turn.as_ref()))
        .collect();
    let cells = vec![
        text(job.id.to_string()),
        text(queued.number.as_str()),
        some(queued.name.as_ref().map(|name| name.reveal().as_str())),
        some(word(&job.state.bucket())),
        some(result),
        some(gate),
        Cell::Number(job.attempt.0),
        some(last.map(|call| call.id.to_string())),
        some(last.map(|call| call.status().as_str())),
        some(last.and_then(|call| call.disposition().as_ref().and_then(word))),
        some(last.and_then(Call::outcome).map(trunkline_core::call::Outcome::as_str)),
        some(failure.as_ref().map(|failure| failure.code.clone())),
        some(failure.as_ref().map(|failure| failure.message.clone())),
        some(last.filter(|call| call.is_over()).and_then(|call| word(&call.hang_up_by()))),
        time(last.map(|call| call.created_at)),
        time(last.and_then(Call::answered_at)),
        time(last.and_then(Call::ended_at)),
        last.and_then(Call::duration_secs).map_or(Cell::Empty, Cell::Number),
        Cell::Number(u32::try_from(turns.len()).unwrap_or(u32::MAX)),
        answers_of(turns.into_values()),
    ];
    debug_assert_eq!(cells.len(), RESULTS.len());
    cells
}

fn lead_row(lead: &Lead) -> Vec<Cell> {
    vec![
        text(lead.number.as_str()),
        text(lead.raw.reveal().as_str()),
        some(lead.name.as_ref().map(|name| name.reveal().as_str())),
        some(lead.zone.as_ref().map(Zone::as_str)),
        time(Some(lead.created_at)),
        time(Some(lead.updated_at)),
    ]
}
