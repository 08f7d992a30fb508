//! Lists of people, taken in whole or not at all: first every row is judged, then all that are good go into the store in
//! one transaction, and whoever sent the list is told of each row that was left out and why.

use super::campaigns::CampaignError;
use super::jobs::{LeftOut, no_chance};
use crate::desk::Desk;
use crate::engine::Inner;
use crate::exchange::people::{Encoding, ListRow};
use crate::intake::IntakeError;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trunkline_core::id::{CampaignId, JobId, TenantId};
use trunkline_core::leads::{Column, Draft, Headed, Import, Mapping, MappingFault, Row, RowFault};
use trunkline_core::phone::CountryCode;
use trunkline_core::private::{Address, Private};
use trunkline_store::{NewJob, NewLead};

/// So many rows are looked at to guess what the columns hold.
const LOOKED_AT: usize = 50;

/// How a list is meant.
#[derive(Clone, Debug, Default)]
pub struct ListOrder {
    /// Columns that somebody named, by their headings or, from 1, their places; the others are guessed.
    pub columns: Vec<(Column, String)>,
    /// Whose national numbers are meant; the server's default country if absent.
    pub country: Option<CountryCode>,
    /// Whether it is only tried.
    pub trial: Trial,
}

/// Whether something is done or only tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trial {
    /// It is done.
    #[default]
    No,
    /// Nothing is written.
    Yes,
}

/// What came of a list. Nothing of it repeats a number or a name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ListReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How the text of the file was written, where that could be told in several ways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// What each column was taken for.
    pub columns: Vec<String>,
    /// Rows that are no heading and not blank.
    pub rows: u64,
    /// People taken in; in a dry run, who would be.
    pub added: u64,
    /// Of these, those with a number in a range that nobody was given that we know of.
    pub doubtful: u64,
    /// Each row that was left out, in order.
    pub skipped: Vec<RowFault>,
}

impl ListReport {
    /// Nothing has come of it yet.
    pub(crate) fn new(mapping: &Mapping, trial: Trial) -> Self {
        Self {
            dry_run: trial == Trial::Yes,
            encoding: None,
            columns: mapping.columns.iter().map(Column::word).collect(),
            rows: 0,
            added: 0,
            doubtful: 0,
            skipped: Vec::new(),
        }
    }
}

/// Why a list is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Its columns can't be told.
    #[error(transparent)]
    Mapping(#[from] MappingFault),
    /// A column was named that is not there.
    #[error("there is no column {0:?}; there are: {1}")]
    NoSuchColumn(String, String),
    /// The campaign or the store says no.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
}

impl From<IntakeError> for ListError {
    fn from(error: IntakeError) -> Self {
        Self::Campaign(error.into())
    }
}

/// A row that is a person.
struct Judged {
    row: u64,
    lead: NewLead,
}

impl Desk {
    /// Takes a list of people into a campaign.
    ///
    /// # Errors
    /// `Mapping`, `NoSuchColumn`: the columns must be named. `NotFound`; `Away`; `NoDatabase`: nothing was taken.
    pub async fn import_people(
        &self,
        campaign: CampaignId,
        rows: Vec<ListRow>,
        order: ListOrder,
    ) -> Result<ListReport, ListError> {
        self.to_the_end(async move |inner, tenant| inner.import_people(&tenant, campaign, rows, order).await)
            .await?
    }

    /// Takes a list of leads that no campaign calls yet.
    ///
    /// # Errors
    /// `Mapping`, `NoSuchColumn`: the columns must be named. `Away`; `NoDatabase`: nothing was taken.
    pub async fn import_leads(&self, rows: Vec<ListRow>, order: ListOrder) -> Result<ListReport, ListError> {
        self.to_the_end(async move |inner, tenant| inner.import_leads(&tenant, rows, order).await).await?
    }
}

impl Inner {
    async fn import_people(
        self: Arc<Self>,
        tenant: &TenantId,
        campaign: CampaignId,
        rows: Vec<ListRow>,
        order: ListOrder,
    ) -> Result<ListReport, ListError> {
        self.look_at_campaigns().await?;
        let policy = self.campaign_of(tenant, campaign)?.policy.clone();
        let script = self.scripts.current(Some(policy.script.as_str()));
        let required = policy.variables(script.as_deref(), self.bot_of(tenant, &policy).as_deref());
        let (mut report, judged) = self.judge(tenant, &rows, &order, required)?;
        let mut jobs: Vec<NewJob> = Vec::with_capacity(judged.len());
        let mut places: BTreeMap<JobId, u64> = BTreeMap::new();
        for Judged { row, lead } in judged {
            let job = self.job_for(lead, policy.priority)?;
            places.insert(job.id, row);
            jobs.push(job);
        }
        report.added = jobs.len() as u64;
        if order.trial == Trial::No && !jobs.is_empty() {
            let now = self.clock.now();
            let added =
                self.give_list(async |store| store.enqueue(tenant, campaign, &jobs, now).await).await?;
            report.added = added.len() as u64;
            let known = places.into_iter().filter(|(job, _)| !added.contains(job));
            report.skipped.extend(known.map(|(_, row)| fault(row, &LeftOut::AlreadyThere)));
            report.skipped.sort_by_key(|skipped| skipped.row);
            self.queue_wakes.wake();
        }
        tracing::info!(%campaign, added = report.added, skipped = report.skipped.len(), "campaign.list_taken");
        Ok(report)
    }

    async fn import_leads(
        self: Arc<Self>,
        tenant: &TenantId,
        rows: Vec<ListRow>,
        order: ListOrder,
    ) -> Result<ListReport, ListError> {
        let (mut report, judged) = self.judge(tenant, &rows, &order, BTreeSet::new())?;
        report.added = judged.len() as u64;
        if order.trial == Trial::No && !judged.is_empty() {
            let leads: Vec<NewLead> = judged.into_iter().map(|one| one.lead).collect();
            let now = self.clock.now();
            self.give_list(async |store| store.add_leads(tenant, &leads, now).await).await?;
        }
        Ok(report)
    }

    /// Row by row: a lead, or why not.
    fn judge(
        &self,
        tenant: &TenantId,
        rows: &[ListRow],
        order: &ListOrder,
        required: BTreeSet<String>,
    ) -> Result<(ListReport, Vec<Judged>), ListError> {
        let country = order.country.or(self.config.default_country);
        let mapping = mapping(rows, order, country)?;
        let mut report = ListReport::new(&mapping, order.trial);
        let body = if mapping.headed == Headed::Yes { rows.get(1..).unwrap_or_default() } else { rows };
        let mut import = Import::new(mapping, country, required)?;
        let mut judged = Vec::with_capacity(body.len());
        for ListRow { number, cells } in body {
            report.rows += 1;
            match import.row(*number, cells) {
                Row::Blank => report.rows -= 1,
                Row::Skipped(fault) => report.skipped.push(fault),
                Row::Lead(draft) => match self.may_call(tenant, &draft.number) {
                    Ok(()) => {
                        report.doubtful += u64::from(draft.warning.is_some());
                        judged.push(Judged { row: *number, lead: self.lead(*draft)? });
                    }
                    Err(why) => report.skipped.push(fault(*number, &why)),
                },
            }
        }
        Ok((report, judged))
    }

    fn lead(&self, draft: Draft) -> Result<NewLead, IntakeError> {
        Ok(NewLead {
            id: self.arrivals.lead(self.clock.now()).map_err(no_chance)?,
            number: Address::new(draft.number.as_str()),
            raw: draft.raw,
            name: draft.caller.name.map(Private::new),
            zone: draft.zone,
            fields: Private::new(draft.caller.variables),
        })
    }
}

fn fault(row: u64, why: &LeftOut) -> RowFault {
    let words = why.to_string();
    let words = words.strip_prefix("to: ").unwrap_or(&words).to_owned();
    RowFault { row, column: Column::Phone.word(), why: words, code: why.code().to_owned() }
}

/// What the columns hold: guessed, and then as somebody said.
pub(crate) fn mapping(
    rows: &[ListRow],
    order: &ListOrder,
    country: Option<CountryCode>,
) -> Result<Mapping, ListError> {
    let first: Vec<Vec<String>> = rows.iter().take(LOOKED_AT).map(|row| row.cells.clone()).collect();
    let mut mapping = Mapping::guess(&first, country);
    let names = first.first().cloned().unwrap_or_default();
    for (column, named) in &order.columns {
        let by_name = names.iter().position(|name| name.trim().eq_ignore_ascii_case(named.trim()));
        let by_place = || named.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
        let place = by_name.or_else(by_place).filter(|place| *place < mapping.columns.len());
        let Some(place) = place else {
            return Err(ListError::NoSuchColumn(named.clone(), names.join(", ")));
        };
        // Whatever was guessed to hold it holds something else.
        for (other, guessed) in mapping.columns.iter_mut().enumerate() {
            if *guessed == *column && other != place {
                *guessed = Column::Ignore;
            }
        }
        mapping.columns[place] = column.clone();
    }
    Ok(mapping)
}
