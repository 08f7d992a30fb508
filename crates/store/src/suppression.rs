//! Numbers never to dial.

use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use jiff::Timestamp;
use trunkline_core::id::TenantId;
use trunkline_core::private::Address;

/// A number never to dial, or one that was and no longer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// For whom it holds; `None`: for everyone.
    pub tenant: Option<TenantId>,
    /// The number.
    pub number: Address,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was lifted; `None` while it stands. Of two changes of one number the later one stands.
    pub lifted_at: Option<Timestamp>,
}

impl Suppression {
    /// When it changed last.
    pub(crate) fn changed_at(&self) -> Timestamp {
        self.lifted_at.unwrap_or(self.since)
    }
}

impl Store {
    /// The numbers this tenant must not dial, with those that hold for everyone.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn suppressions(&self, tenant: &TenantId) -> Result<Vec<Suppression>, StoreError> {
        let rows =
            self.db.read("reading suppressions", &sql::SUPPRESSIONS, vec![tenant.as_str().into()]).await?;
        rows.iter().map(suppression).collect()
    }

    /// Every suppression that stands, of every tenant: what a node mirrors, so that it knows whom not to call.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn all_suppressions(&self) -> Result<Vec<Suppression>, StoreError> {
        let rows = self.db.read("reading suppressions", &sql::ALL_SUPPRESSIONS, vec![]).await?;
        rows.iter().map(suppression).collect()
    }
}

pub(crate) fn suppression(row: &Row) -> Result<Suppression, StoreError> {
    let tenant = row.text("tenant")?;
    Ok(Suppression {
        tenant: (!tenant.is_empty()).then(|| TenantId::new(tenant)),
        number: Address::new(row.text("number")?),
        reason: row.text("reason")?,
        since: row.time("since")?,
        lifted_at: row.opt_time("lifted_at")?,
    })
}
