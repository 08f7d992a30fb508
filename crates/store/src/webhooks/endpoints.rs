//! Endpoints: added, changed under their version, removed.

use super::{READING, WRITING};
use crate::db::Durability;
use crate::error::StoreError;
use crate::queue::Saved;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use trunkline_core::id::{TenantId, WebhookId};
use trunkline_core::outgoing::Endpoint;

/// An endpoint with what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEndpoint {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Since when it has taken nothing, if it fails.
    pub failing_since: Option<Timestamp>,
    /// Rises with every change.
    pub version: i64,
}

impl Store {
    /// Every endpoint of every tenant. One that can't be read is left out: it keeps nothing else from going on.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn webhook_endpoints(&self) -> Result<Vec<StoredEndpoint>, StoreError> {
        let rows = self.db.read(READING, &sql::ENDPOINTS, vec![]).await?;
        Ok(rows.iter().filter_map(|row| read(row).ok()).collect())
    }

    /// The endpoints of a tenant, the oldest first.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn webhook_endpoints_of(&self, tenant: &TenantId) -> Result<Vec<StoredEndpoint>, StoreError> {
        let rows = self.db.read(READING, &sql::ENDPOINTS_OF, vec![tenant.as_str().into()]).await?;
        rows.iter().map(read).collect()
    }

    /// An endpoint of a tenant.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if its row can't be read.
    pub async fn webhook_endpoint(
        &self,
        tenant: &TenantId,
        id: WebhookId,
    ) -> Result<Option<StoredEndpoint>, StoreError> {
        let rows = self.db.read(READING, &sql::ENDPOINT, named(tenant, id)).await?;
        rows.first().map(read).transpose()
    }

    /// Adds an endpoint, durably.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn add_webhook_endpoint(&self, endpoint: &Endpoint) -> Result<Saved, StoreError> {
        let values = vec![
            endpoint.id.to_string().into(),
            endpoint.tenant.as_str().into(),
            i64::from(endpoint.is_enabled()).into(),
            endpoint.created_at.as_microsecond().into(),
            fold(endpoint)?.into(),
        ];
        self.save(&sql::ADD_ENDPOINT, values).await
    }

    /// Changes an endpoint that still has the version it was read in, durably.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn change_webhook_endpoint(&self, stored: &StoredEndpoint) -> Result<Saved, StoreError> {
        let values = vec![
            stored.endpoint.id.to_string().into(),
            i64::from(stored.endpoint.is_enabled()).into(),
            stored.endpoint.updated_at.as_microsecond().into(),
            fold(&stored.endpoint)?.into(),
            stored.version.into(),
        ];
        self.save(&sql::CHANGE_ENDPOINT, values).await
    }

    /// Removes an endpoint, durably; whether there was one. What was sent to it is pruned in its time.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove_webhook_endpoint(
        &self,
        tenant: &TenantId,
        id: WebhookId,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        let removed = tx.run(&sql::REMOVE_ENDPOINT, named(tenant, id)).await?;
        if removed > 0 {
            tx.run(&sql::REMOVE_LINES, vec![id.to_string().into()]).await?;
        }
        tx.commit().await?;
        Ok(removed > 0)
    }

    async fn save(
        &self,
        statement: &'static sql::Statement,
        values: Vec<Value>,
    ) -> Result<Saved, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        if tx.run(statement, values).await? == 0 {
            return Ok(Saved::Conflict);
        }
        tx.commit().await?;
        Ok(Saved::Yes)
    }
}

fn named(tenant: &TenantId, id: WebhookId) -> Vec<Value> {
    vec![tenant.as_str().into(), id.to_string().into()]
}

fn fold(endpoint: &Endpoint) -> Result<String, StoreError> {
    serde_json::to_string(endpoint).map_err(|_| StoreError::poison(WRITING, "an endpoint is no JSON"))
}

pub(super) fn read(row: &Row) -> Result<StoredEndpoint, StoreError> {
    Ok(StoredEndpoint {
        endpoint: row.json("fold")?,
        failing_since: row.opt_time("failing_since")?,
        version: row.int("version")?,
    })
}
