//! Those with whom appointments are made: added, changed under their version, removed.

use super::{READING, WRITING};
use crate::db::{Durability, Tx};
use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use trunkline_core::appointment::Practitioner;
use trunkline_core::id::{PractitionerId, TenantId};

/// Whether a practitioner was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PractitionerSaved {
    /// Yes.
    Yes,
    /// Another one has the name; or somebody else changed them since they were read.
    Conflict,
}

impl Store {
    /// A tenant's practitioners, in the order of their names.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn practitioners(&self, tenant: &TenantId) -> Result<Vec<Practitioner>, StoreError> {
        let rows = self.db.read(READING, &sql::PRACTITIONERS, vec![tenant.as_str().into()]).await?;
        rows.iter().map(read).collect()
    }

    /// A practitioner of a tenant.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if the row can't be read.
    pub async fn practitioner(
        &self,
        tenant: &TenantId,
        id: PractitionerId,
    ) -> Result<Option<Practitioner>, StoreError> {
        let rows = self.db.read(READING, &sql::PRACTITIONER, named(tenant, id)).await?;
        rows.first().map(read).transpose()
    }

    /// Adds a practitioner, durably.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn add_practitioner(&self, new: &Practitioner) -> Result<PractitionerSaved, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        if !put(&mut tx, new).await? {
            return Ok(PractitionerSaved::Conflict);
        }
        tx.commit().await?;
        Ok(PractitionerSaved::Yes)
    }

    /// Changes a practitioner who still has the version they were read in, durably.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn change_practitioner(&self, changed: &Practitioner) -> Result<PractitionerSaved, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        let mut values = named(&changed.tenant, changed.id);
        values.push(version(changed));
        values.push(fold(changed)?.into());
        if tx.run(&sql::CHANGE_PRACTITIONER, values).await? == 0 {
            return Ok(PractitionerSaved::Conflict);
        }
        tx.commit().await?;
        Ok(PractitionerSaved::Yes)
    }

    /// Removes a practitioner, durably; whether there was one. Their appointments stay.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove_practitioner(
        &self,
        tenant: &TenantId,
        id: PractitionerId,
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Decision).await?;
        let removed = tx.run(&sql::REMOVE_PRACTITIONER, named(tenant, id)).await?;
        tx.commit().await?;
        Ok(removed > 0)
    }
}

/// Adds one whose id and name nobody has; whether it was added.
pub(super) async fn put(tx: &mut Tx, new: &Practitioner) -> Result<bool, StoreError> {
    let values = vec![
        new.id.to_string().into(),
        new.tenant.as_str().into(),
        new.name.as_str().into(),
        version(new),
        fold(new)?.into(),
    ];
    Ok(tx.run(&sql::ADD_PRACTITIONER, values).await? > 0)
}

pub(super) fn read(row: &Row) -> Result<Practitioner, StoreError> {
    let practitioner: Practitioner = row.json("fold")?;
    Ok(Practitioner { version: row.number("version")?, ..practitioner })
}

fn named(tenant: &TenantId, id: PractitionerId) -> Vec<Value> {
    vec![tenant.as_str().into(), id.to_string().into()]
}

fn version(of: &Practitioner) -> Value {
    i64::try_from(of.version).unwrap_or(i64::MAX).into()
}

fn fold(of: &Practitioner) -> Result<String, StoreError> {
    serde_json::to_string(of).map_err(|_| StoreError::poison(WRITING, "a practitioner is no JSON"))
}
