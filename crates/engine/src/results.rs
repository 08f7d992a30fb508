//! What people answered: one row a person and one column a question, of a script or of a campaign.

use crate::desk::Desk;
use crate::exchange::{Cell, some, text, time};
use crate::queue::{CampaignError, Sheet};
use jiff::Timestamp;
use std::collections::BTreeMap;
use trunkline_core::call::{Call, Disposition, Outcome, Status};
use trunkline_core::id::{CallId, CampaignId, JobId};
use trunkline_core::private::{Address, Private};
use trunkline_core::results::Answers;

/// So many people are read at once for a table.
const PAGE: u32 = 200;
/// What stands before the questions.
const HEADINGS: [&str; 9] = [
    "number",
    "name",
    "status",
    "disposition",
    "outcome",
    "called_at",
    "duration_seconds",
    "calls",
    "last_call_id",
];

/// Whose results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultsOf {
    /// Everybody who was asked by this script.
    Script(String),
    /// Everybody in this campaign, called or not.
    Campaign(CampaignId),
}

/// What came of one person.
#[derive(Clone, Debug)]
pub struct PersonResult {
    /// The number; of a caller without one, what the carrier said.
    pub number: Address,
    /// The name.
    pub name: Option<Private<String>>,
    /// The job, in a campaign.
    pub job: Option<JobId>,
    /// How many calls there were; at most 20 are told by a script.
    pub calls: usize,
    /// The last one.
    pub last: Option<LastCall>,
    /// What was answered in all of them.
    pub answers: Answers,
}

/// The last call to a person.
#[derive(Clone, Debug)]
pub struct LastCall {
    /// Which.
    pub id: CallId,
    /// Where it stands.
    pub status: Status,
    /// How it ended.
    pub disposition: Option<Disposition>,
    /// What the script or the bot achieved.
    pub outcome: Option<Outcome>,
    /// When it began to exist.
    pub created_at: Timestamp,
    /// How long it was connected, in seconds.
    pub duration_secs: Option<u32>,
}

/// A page of people.
#[derive(Clone, Debug)]
pub struct ResultsPage {
    /// The questions by their index: as the script has them now, or as they were heard.
    pub questions: BTreeMap<u16, String>,
    /// The people.
    pub people: Vec<PersonResult>,
    /// What to ask for next.
    pub next: Option<String>,
}

impl Desk {
    /// A page of results after that place.
    ///
    /// # Errors
    /// `NotFound`; `Away`; of a campaign also `NoDatabase`.
    pub async fn results_page(
        &self,
        of: &ResultsOf,
        after: Option<String>,
        limit: u32,
    ) -> Result<ResultsPage, CampaignError> {
        let (people, next) = match of {
            ResultsOf::Script(script) => self.people_of_script(script, after, limit).await?,
            ResultsOf::Campaign(id) => self.people_of_campaign(*id, after, limit).await?,
        };
        let mut questions = self.questions_of(of)?;
        for (step, answered) in people.iter().flat_map(|person| &person.answers.0) {
            questions.entry(*step).or_insert_with(|| answered.question.clone());
        }
        Ok(ResultsPage { questions, people, next })
    }

    /// All results as a table; where an answer is only heard, this says where.
    ///
    /// # Errors
    /// As [`Desk::results_page`].
    pub async fn results_table(
        &self,
        of: &ResultsOf,
        recording: impl Fn(CallId, u16) -> String + Copy + Send,
    ) -> Result<Sheet, CampaignError> {
        let (mut questions, mut rows, mut after) = (BTreeMap::new(), Vec::new(), None);
        loop {
            let page = self.results_page(of, after, PAGE).await?;
            for (step, question) in page.questions {
                questions.entry(step).or_insert(question);
            }
            for person in page.people {
                let answers: BTreeMap<u16, String> = person
                    .answers
                    .0
                    .iter()
                    .filter_map(|(step, answered)| Some((*step, answered.cell(recording)?)))
                    .collect();
                rows.push((cells(&person), answers));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let asked = questions.iter().map(|(step, question)| format!("{}. {question}", step + 1));
        let headings = HEADINGS.into_iter().map(str::to_owned).chain(asked).collect();
        let rows = rows.into_iter().map(|(mut row, mut answers)| {
            row.extend(questions.keys().map(|step| some(answers.remove(step))));
            row
        });
        Ok(Sheet { headings, rows: rows.collect() })
    }

    async fn people_of_script(
        &self,
        script: &str,
        after: Option<String>,
        limit: u32,
    ) -> Result<(Vec<PersonResult>, Option<String>), CampaignError> {
        let after = after.unwrap_or_default();
        let read = self.inner().ask_store(async |store| {
            store.people_of_script(self.tenant(), script, &after, limit.saturating_add(1)).await
        });
        let mut people = read.await?;
        let is_last = people.len() <= size(limit);
        people.truncate(size(limit));
        let next = people.last().filter(|_| !is_last).map(|last| last.person.as_str().to_owned());
        let people = people.into_iter().filter_map(|one| {
            let last = one.calls.last()?;
            let number = last.party.person(last.direction).clone();
            let name = one.calls.iter().rev().find_map(|call| call.party.name.clone());
            Some(PersonResult::of(number, name, None, &one.calls))
        });
        Ok((people.collect(), next))
    }

    async fn people_of_campaign(
        &self,
        id: CampaignId,
        after: Option<String>,
        limit: u32,
    ) -> Result<(Vec<PersonResult>, Option<String>), CampaignError> {
        let mut queued = self.jobs(id, None, after, limit.saturating_add(1)).await?;
        let is_last = queued.len() <= size(limit);
        queued.truncate(size(limit));
        let next = queued.last().filter(|_| !is_last).map(|last| last.job.lead.to_string());
        let jobs: Vec<JobId> = queued.iter().map(|one| one.job.id).collect();
        let mut calls = self.calls_of(&jobs).await?;
        let people = queued.into_iter().map(|one| {
            let calls = calls.remove(&one.job.id).unwrap_or_default();
            PersonResult::of(one.number, one.name, Some(one.job.id), &calls)
        });
        Ok((people.collect(), next))
    }

    /// The questions as the script has them now.
    fn questions_of(&self, of: &ResultsOf) -> Result<BTreeMap<u16, String>, CampaignError> {
        let inner = self.inner();
        let name = match of {
            ResultsOf::Script(name) => name.clone(),
            ResultsOf::Campaign(id) => {
                let campaign = inner.campaign_of(self.tenant(), *id)?;
                if campaign.policy.bot.is_some() {
                    // What it asked instead is told where somebody was asked.
                    return Ok(BTreeMap::new());
                }
                campaign.policy.script.as_str().to_owned()
            }
        };
        let script = inner.scripts.current(Some(&name));
        let questions = script.iter().flat_map(|script| &script.questions).map(|one| one.prompt.text.clone());
        Ok((0..).zip(questions).filter(|(_, text)| !text.is_empty()).collect())
    }
}

impl PersonResult {
    fn of(number: Address, name: Option<Private<String>>, job: Option<JobId>, calls: &[Call]) -> Self {
        let last = calls.last().map(|call| LastCall {
            id: call.id,
            status: call.status(),
            disposition: call.disposition(),
            outcome: call.outcome(),
            created_at: call.created_at,
            duration_secs: call.duration_secs(),
        });
        Self { number, name, job, calls: calls.len(), last, answers: Answers::of(calls) }
    }
}

fn cells(person: &PersonResult) -> Vec<Cell> {
    let last = person.last.as_ref();
    let cells = vec![
        text(person.number.as_str()),
        some(person.name.as_ref().map(|name| name.reveal().as_str())),
        some(last.map(|last| last.status.as_str())),
        some(last.and_then(|last| last.disposition).map(Disposition::as_str)),
        some(last.and_then(|last| last.outcome).map(Outcome::as_str)),
        time(last.map(|last| last.created_at)),
        last.and_then(|last| last.duration_secs).map_or(Cell::Empty, Cell::Number),
        Cell::Number(u32::try_from(person.calls).unwrap_or(u32::MAX)),
        some(last.map(|last| last.id.to_string())),
    ];
    debug_assert_eq!(cells.len(), HEADINGS.len());
    cells
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
