//! Campaigns: their policy, where they stand, how far they are and what they cost, counted from rows.

use super::{READING, WRITING, text};
use crate::db::Durability;
use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use trunkline_core::call::{Cost, Price};
use trunkline_core::campaign::{Campaign, CampaignState};
use trunkline_core::id::{CampaignId, TenantId};
use trunkline_core::queue::Progress;

/// A campaign with what stands beside its policy.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize, JsonSchema)]
pub struct StoredCampaign {
    /// Our name of it.
    pub id: CampaignId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Where it stands.
    pub state: CampaignState,
    /// Whom to reach and how.
    pub policy: Campaign,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Rises with every change.
    #[serde(skip)]
    pub version: i64,
}

/// A campaign whose row can't be read, and what its columns still say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnreadableCampaign {
    /// Our name of it.
    pub id: CampaignId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// What can't be read.
    pub why: String,
}

/// All campaigns: one that can't be read keeps no other from going on.
#[derive(Clone, Debug, Default)]
pub struct Campaigns {
    /// Those that can be read.
    pub known: Vec<StoredCampaign>,
    /// The others.
    pub unreadable: Vec<UnreadableCampaign>,
}

impl Campaigns {
    /// All of them, for whoever may leave none out.
    ///
    /// # Errors
    /// `Broken` if one can't be read.
    pub fn whole(self) -> Result<Vec<StoredCampaign>, StoreError> {
        match self.unreadable.into_iter().next() {
            None => Ok(self.known),
            Some(one) => Err(StoreError::broken(READING, format!("campaign {}: {}", one.id, one.why))),
        }
    }
}

/// Whether a change of a campaign was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was.
    Yes,
    /// Somebody changed it meanwhile, or there is one of its name.
    Conflict,
}

impl Store {
    /// How often campaigns have been changed: whether there is anything new to read.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn campaigns_stand(&self) -> Result<String, StoreError> {
        let rows = self.db.read(READING, &sql::CAMPAIGNS_STAND, vec![]).await?;
        rows.first().ok_or_else(|| StoreError::broken(READING, "it counts no campaigns"))?.text("changes")
    }

    /// Every campaign of every tenant.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn campaigns(&self) -> Result<Campaigns, StoreError> {
        let mut campaigns = Campaigns::default();
        for row in &self.db.read(READING, &sql::CAMPAIGNS, vec![]).await? {
            match read(row) {
                Ok(one) => campaigns.known.push(one),
                Err(StoreError::Broken { why, .. }) => campaigns.unreadable.push(UnreadableCampaign {
                    id: row.word("id")?,
                    tenant: TenantId::new(row.text("tenant")?),
                    name: row.text("name")?,
                    why,
                }),
                Err(error) => return Err(error),
            }
        }
        Ok(campaigns)
    }

    /// What a campaign's calls have cost so far.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn campaign_cost(&self, campaign: CampaignId) -> Result<Cost, StoreError> {
        let mut cost = Cost::default();
        for row in self.db.read(READING, &sql::CAMPAIGN_COST, vec![campaign.to_string().into()]).await? {
            let price = row.opt_text("amount")?.zip(row.opt_text("unit")?);
            cost.add(price.map(|(amount, unit)| Price { amount, unit }).as_ref(), row.number("n")?);
        }
        Ok(cost)
    }

    /// Adds a campaign, durably.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn add_campaign(&self, campaign: &StoredCampaign) -> Result<Saved, StoreError> {
        let values = vec![
            campaign.id.to_string().into(),
            campaign.tenant.as_str().into(),
            campaign.policy.name.as_str().into(),
            campaign.state.as_str().into(),
            campaign.created_at.as_microsecond().into(),
            text(campaign)?.into(),
        ];
        self.save_campaign(&sql::ADD_CAMPAIGN, values).await
    }

    /// Changes a campaign that still has the version it was read in, durably.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn change_campaign(&self, campaign: &StoredCampaign) -> Result<Saved, StoreError> {
        let values = vec![
            campaign.id.to_string().into(),
            campaign.state.as_str().into(),
            campaign.updated_at.as_microsecond().into(),
            text(campaign)?.into(),
            campaign.version.into(),
        ];
        self.save_campaign(&sql::CHANGE_CAMPAIGN, values).await
    }

    async fn save_campaign(
        &self,
        statement: &'static sql::Statement,
        values: Vec<Value>,
    ) -> Result<Saved, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        if tx.run(statement, values).await? == 0 {
            return Ok(Saved::Conflict);
        }
        tx.run(&sql::COUNT_CAMPAIGN, vec![]).await?;
        tx.commit().await?;
        Ok(Saved::Yes)
    }

    /// How many of a campaign's jobs are where.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn progress(&self, campaign: CampaignId) -> Result<Progress, StoreError> {
        let mut progress = Progress::default();
        for row in self.db.read(READING, &sql::PROGRESS, vec![campaign.to_string().into()]).await? {
            progress.add(row.word("bucket")?, row.number("n")?);
        }
        Ok(progress)
    }
}

fn read(row: &Row) -> Result<StoredCampaign, StoreError> {
    Ok(StoredCampaign { version: row.int("version")?, ..row.json("fold")? })
}
