//! What people ask of the queue as a whole: how long it is, what holds it up, whom a campaign would call, what came of
//! it. Counted from rows when it is asked, never kept.

use super::{IdRow, READING, values};
use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use jiff::Timestamp;
use trunkline_core::id::{AttemptNo, CallId, CampaignId, JobId};
use trunkline_core::private::Address;
use trunkline_core::queue::Bucket;
use trunkline_core::window::Zone;

/// Open jobs of a campaign that count alike.
#[derive(Clone, Debug)]
pub struct Line {
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Where they count: waiting, in progress or parked.
    pub bucket: Bucket,
    /// How many.
    pub jobs: u64,
    /// The one that came into the queue first.
    pub oldest: JobId,
}

/// Jobs for which the same gate was closed when they were last looked at.
#[derive(Clone, Debug)]
pub struct GateCount {
    /// The gate's code.
    pub gate: String,
    /// How many.
    pub jobs: u64,
}

/// A job that waits, as far as a plan looks at it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Which.
    pub job: JobId,
    /// Whom it would call.
    pub number: Address,
    /// The lead's own time zone.
    pub zone: Option<Zone>,
}

/// Which call an attempt of a job was.
#[derive(Clone, Copy, Debug)]
pub struct AttemptOf {
    /// Which job.
    pub job: JobId,
    /// Which attempt of it.
    pub no: AttemptNo,
    /// Which call.
    pub call: CallId,
}

impl Store {
    /// The open jobs of these campaigns, counted.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn open_counts(&self, campaigns: &[CampaignId]) -> Result<Vec<Line>, StoreError> {
        let wanted = values(campaigns.iter().map(|id| IdRow { id: *id }))?;
        let rows = self.db.read(READING, &sql::OPEN_COUNTS, vec![wanted]).await?;
        let line = |row: &Row| {
            Ok(Line {
                campaign: row.word("campaign")?,
                bucket: row.word("bucket")?,
                jobs: row.number("n")?,
                oldest: row.word("oldest")?,
            })
        };
        rows.iter().map(line).collect()
    }

    /// Which gates were closed for jobs of these campaigns when they were last looked at. Who stands far behind in a line
    /// was not looked at.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn gate_counts(&self, campaigns: &[CampaignId]) -> Result<Vec<GateCount>, StoreError> {
        let wanted = values(campaigns.iter().map(|id| IdRow { id: *id }))?;
        let rows = self.db.read(READING, &sql::GATE_COUNTS, vec![wanted]).await?;
        rows.iter().map(|row| Ok(GateCount { gate: row.text("gate")?, jobs: row.number("n")? })).collect()
    }

    /// How many attempts these campaigns have begun since then.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn attempts_since(
        &self,
        campaigns: &[CampaignId],
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        let wanted = values(campaigns.iter().map(|id| IdRow { id: *id }))?;
        let asked = vec![wanted, since.as_microsecond().into()];
        let rows = self.db.read(READING, &sql::ATTEMPTS_SINCE, asked).await?;
        rows.first().map_or(Ok(0), |row| row.number("n"))
    }

    /// A page of those whom a campaign would still call.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn planned(
        &self,
        campaign: CampaignId,
        after: Option<JobId>,
        most: u32,
    ) -> Result<Vec<Planned>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let asked = vec![campaign.to_string().into(), after.into(), i64::from(most).into()];
        let rows = self.db.read(READING, &sql::PLANNED_JOBS, asked).await?;
        let planned = |row: &Row| {
            Ok(Planned {
                job: row.word("id")?,
                number: Address::new(row.text("number")?),
                zone: row.opt_word("zone")?,
            })
        };
        rows.iter().map(planned).collect()
    }

    /// The attempts of these jobs, of each the last one last.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn attempts_of(&self, jobs: &[JobId]) -> Result<Vec<AttemptOf>, StoreError> {
        let wanted = values(jobs.iter().map(|id| IdRow { id: *id }))?;
        let rows = self.db.read(READING, &sql::ATTEMPTS_OF, vec![wanted]).await?;
        let attempt = |row: &Row| {
            Ok(AttemptOf { job: row.word("job")?, no: AttemptNo(row.number("no")?), call: row.word("call")? })
        };
        rows.iter().map(attempt).collect()
    }
}
