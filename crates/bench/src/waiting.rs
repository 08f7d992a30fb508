//! Makes a long queue: jobs of many tenants, each with a campaign that runs, through the store's own writing.

use anyhow::{Context, Result};
use jiff::Timestamp;
use trunkline_core::campaign::{Campaign, CampaignState};
use trunkline_core::id::{CampaignId, JobId, LeadId, TenantId};
use trunkline_core::private::{Address, Private};
use trunkline_core::queue::Priority;
use trunkline_store::{JournalIdent, NewJob, NewLead, Store, StoredCampaign};

use crate::rows::placing::number;

/// So many jobs go in at once.
const BATCH: usize = 5_000;

/// A queue that was made.
pub struct Made {
    /// The campaigns, one of each tenant.
    pub campaigns: Vec<CampaignId>,
}

/// Puts `each` jobs into the campaign of each of so many tenants. Tenant `t` calls the numbers from `t * each` on.
///
/// # Errors
/// The store takes them not.
pub async fn make(store: &Store, tenants: usize, each: usize, now: Timestamp) -> Result<Made> {
    let journal = JournalIdent { node: "generated".to_owned(), journal: "generated".to_owned() };
    store.cursor(&journal).await?;
    let mut campaigns = Vec::with_capacity(tenants);
    for t in 0..tenants {
        let campaign = campaign(t, now)?;
        store.add_campaign(&campaign).await?;
        for from in (0..each).step_by(BATCH) {
            let jobs = (from..(from + BATCH).min(each)).map(|n| job(t * each + n, now)).collect::<Vec<_>>();
            store.enqueue(&campaign.tenant, campaign.id, &jobs, now).await?;
        }
        campaigns.push(campaign.id);
    }
    Ok(Made { campaigns })
}

/// Whose campaign it is.
pub fn tenant(t: usize) -> TenantId {
    if t == 0 { TenantId::default_tenant() } else { TenantId::new(format!("tenant-{t}")) }
}

fn campaign(t: usize, now: Timestamp) -> Result<StoredCampaign> {
    let policy: Campaign = serde_json::from_value(serde_json::json!({
        "name": "long", "script": "questions", "caller_ids": { "numbers": [crate::webhook::OUR_NUMBER] },
        "window": { "hours": [{ "from": "00:00:00", "to": "00:00:00" }] },
    }))
    .context("the campaign is none")?;
    Ok(StoredCampaign {
        id: CampaignId::minted(now, chance(t)),
        tenant: tenant(t),
        state: CampaignState::Running,
        policy,
        created_at: now,
        updated_at: now,
        version: 1,
    })
}

fn job(n: usize, now: Timestamp) -> NewJob {
    NewJob {
        id: JobId::minted(now, chance(n)),
        lead: NewLead {
            id: LeadId::minted(now, chance(n)),
            number: Address::new(number(n)),
            raw: Private::new(number(n)),
            name: Some(Private::new(format!("Person {n}"))),
            zone: "UTC".parse().ok(),
            fields: Private::default(),
        },
        priority: Priority::Default,
        dedup: None,
        not_before: None,
    }
}

fn chance(n: usize) -> [u8; 10] {
    let mut chance = [0; 10];
    chance[2..].copy_from_slice(&(n as u64).to_be_bytes());
    chance
}
