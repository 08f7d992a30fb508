//! Campaigns that have had their time: closed long ago, they go with their jobs and attempts. People stay.

use super::{IdRow, READING, WRITING, values};
use crate::db::Durability;
use crate::error::StoreError;
use crate::sql;
use crate::store::Store;
use jiff::Timestamp;
use trunkline_core::id::{CampaignId, JobId, TenantId};

/// How many rows of the queue went, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// Campaigns.
    pub campaigns: u64,
    /// Jobs.
    pub jobs: u64,
    /// Attempts.
    pub attempts: u64,
}

impl Store {
    /// The campaigns, of this tenant or all, that were closed before a time, have no job that is not settled, and none of whose
    /// calls is newer.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn closed_before(
        &self,
        before: Timestamp,
        tenant: Option<&TenantId>,
    ) -> Result<Vec<CampaignId>, StoreError> {
        let values = vec![before.as_microsecond().into(), tenant.map(TenantId::as_str).into()];
        let rows = self.db.read(READING, &sql::CLOSED_BEFORE, values).await?;
        rows.iter().map(|row| row.word("id")).collect()
    }

    /// How much a campaign holds.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn weigh_campaign(&self, campaign: CampaignId) -> Result<Retired, StoreError> {
        let rows = self.db.read(READING, &sql::CAMPAIGN_WEIGHED, vec![campaign.to_string().into()]).await?;
        rows.first().map_or(Ok(Retired::default()), |row| {
            Ok(Retired { campaigns: 1, jobs: row.number("jobs")?, attempts: row.number("attempts")? })
        })
    }

    /// Deletes some jobs of a closed campaign with their attempts, and, when it has none left, the campaign; durably. Call it
    /// again until the campaign is gone.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn retire_campaign(&self, campaign: CampaignId, at_once: u16) -> Result<Retired, StoreError> {
        let id = campaign.to_string();
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        let some = tx.rows(&sql::SETTLED_JOBS, vec![id.as_str().into(), i64::from(at_once).into()]).await?;
        let jobs = some.iter().map(|row| row.word("id")).collect::<Result<Vec<JobId>, _>>()?;
        let wanted = || values(jobs.iter().map(|id| IdRow { id: *id }));
        let mut retired = Retired::default();
        if !jobs.is_empty() {
            retired.attempts = tx.run(&sql::DELETE_ATTEMPTS_OF, vec![wanted()?]).await?;
            retired.jobs = tx.run(&sql::DELETE_JOBS, vec![wanted()?]).await?;
        }
        retired.campaigns = tx.run(&sql::DELETE_EMPTY_CAMPAIGN, vec![id.as_str().into()]).await?;
        if retired.campaigns > 0 {
            tx.run(&sql::COUNT_CAMPAIGN, vec![]).await?;
        }
        self.db.in_place(WRITING)?;
        tx.commit().await?;
        Ok(retired)
    }
}
