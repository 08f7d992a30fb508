//! Calls in the order of their beginning, for whoever removes what has had its time, and how far each node has come.

use crate::db::Durability;
use crate::error::StoreError;
use crate::sql;
use crate::store::Store;
use jiff::Timestamp;
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, TenantId};

const DOING: &str = "looking for old recordings";

impl Store {
    /// A tenant's calls that began at or after one time and before another, the oldest first, at most so many.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn calls_from(
        &self,
        tenant: &TenantId,
        from: Timestamp,
        before: Timestamp,
        limit: u16,
    ) -> Result<Vec<Call>, StoreError> {
        let values = vec![
            tenant.as_str().into(),
            from.as_microsecond().into(),
            before.as_microsecond().into(),
            i64::from(limit).into(),
        ];
        let rows = self.db.read(DOING, &sql::CALLS_FROM, values).await?;
        let ids = rows.iter().map(|row| row.word("id")).collect::<Result<Vec<CallId>, _>>()?;
        let mut calls = self.load_folds(&ids).await?;
        calls.sort_by_key(|call| (call.created_at, call.id));
        Ok(calls)
    }

    /// How far this node has come with this tenant: of calls that began before, nothing is left to remove.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if the mark can't be read.
    pub async fn recordings_mark(
        &self,
        node: &str,
        tenant: &TenantId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.db.read(DOING, &sql::META, vec![key(node, tenant).into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        // A mark that nobody understands is none: it is begun at the beginning.
        Ok(row.text("value")?.parse().ok().and_then(|micros| Timestamp::from_microsecond(micros).ok()))
    }

    /// Remembers how far this node has come.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn mark_recordings(
        &self,
        node: &str,
        tenant: &TenantId,
        upto: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin(DOING, Durability::Projection).await?;
        let value = upto.as_microsecond().to_string();
        tx.run(&sql::PUT_META, vec![key(node, tenant).into(), value.into()]).await?;
        self.db.in_place(DOING)?;
        tx.commit().await
    }
}

fn key(node: &str, tenant: &TenantId) -> String {
    format!("recordings_kept:{node}:{}", tenant.as_str())
}
