//! Leads: the people to be reached, one to a tenant and number.

use super::copies::LeadRecord;
use super::{READING, WRITING, values};
use crate::db::Durability;
use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use trunkline_core::id::{LeadId, TenantId};
use trunkline_core::private::{Address, Private};
use trunkline_core::window::Zone;

/// A person to be reached, as whoever enqueues says it.
#[derive(Clone, Debug)]
pub struct NewLead {
    /// Its id, if it is new: a number that is known keeps the id it has.
    pub id: LeadId,
    /// The number.
    pub number: Address,
    /// The number as it was written.
    pub raw: Private<String>,
    /// The person's name.
    pub name: Option<Private<String>>,
    /// The person's time zone, where it is known better than from the number.
    pub zone: Option<Zone>,
    /// What else is known.
    pub fields: Private<BTreeMap<String, String>>,
}

/// A lead as it stands.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Our name of it.
    pub id: LeadId,
    /// The number.
    pub number: Address,
    /// The number as it was first written.
    pub raw: Private<String>,
    /// The person's name.
    pub name: Option<Private<String>>,
    /// The person's time zone, where it is known.
    pub zone: Option<Zone>,
    /// What else is known.
    pub fields: Private<BTreeMap<String, String>>,
    /// Since when it is known.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Store {
    /// Adds leads, durably, all or none. Of one that is known what is newly said counts.
    ///
    /// # Errors
    /// `Unavailable`: nothing was added.
    pub async fn add_leads(
        &self,
        tenant: &TenantId,
        leads: &[NewLead],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        let rows = values(leads.iter().map(|lead| LeadRow::new(tenant, lead, now)))?;
        tx.run(&sql::UPSERT_LEADS, vec![rows]).await?;
        tx.commit().await
    }

    /// A tenant's leads, page by page, in the order of their ids.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn leads(
        &self,
        tenant: &TenantId,
        after: Option<LeadId>,
        most: u32,
    ) -> Result<Vec<Lead>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let values = vec![tenant.as_str().into(), after.into(), i64::from(most).into()];
        let rows = self.db.read(READING, &sql::LEADS, values).await?;
        let lead = |row: &Row| {
            Ok(Lead {
                id: row.word("id")?,
                number: Address::new(row.text("number")?),
                raw: Private::new(row.text("raw")?),
                name: row.opt_text("name")?.map(Private::new),
                zone: row.opt_word("zone")?,
                fields: Private::new(row.json("fields")?),
                created_at: row.time("created_at")?,
                updated_at: row.time("updated_at")?,
            })
        };
        rows.iter().map(lead).collect()
    }
}

/// A lead on its way into its table.
#[derive(Serialize)]
pub(super) struct LeadRow<'a> {
    id: LeadId,
    tenant: &'a TenantId,
    number: &'a Address,
    raw: &'a Private<String>,
    name: Option<&'a Private<String>>,
    zone: Option<&'a Zone>,
    fields: String,
    created_at: i64,
    updated_at: i64,
}

impl<'a> LeadRow<'a> {
    pub(super) fn new(tenant: &'a TenantId, lead: &'a NewLead, now: Timestamp) -> Self {
        Self {
            id: lead.id,
            tenant,
            number: &lead.number,
            raw: &lead.raw,
            name: lead.name.as_ref(),
            zone: lead.zone.as_ref(),
            fields: json(&lead.fields),
            created_at: now.as_microsecond(),
            updated_at: now.as_microsecond(),
        }
    }

    /// As its row was elsewhere.
    pub(super) fn copy_of(lead: &'a LeadRecord) -> Self {
        Self {
            id: lead.id,
            tenant: &lead.tenant,
            number: &lead.number,
            raw: &lead.raw,
            name: lead.name.as_ref(),
            zone: lead.zone.as_ref(),
            fields: json(&lead.fields),
            created_at: lead.created_at.as_microsecond(),
            updated_at: lead.updated_at.as_microsecond(),
        }
    }
}

fn json(fields: &Private<BTreeMap<String, String>>) -> String {
    serde_json::to_string(fields.reveal()).unwrap_or_else(|_| "{}".to_owned())
}
