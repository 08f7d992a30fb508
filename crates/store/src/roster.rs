//! Rosters: who is in a conversation of an app's users, and whom a user blocks. Decision data, of which there may be much: a mirror
//! reads what has changed since it looked last.

use crate::db::{Durability, Tx};
use crate::decision::{MOST_VERSIONS, count};
use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use std::collections::BTreeSet;
use trunkline_core::id::{AppUserId, TenantId};
use trunkline_core::roster::{Roster, RosterOf};

const READING: &str = "reading who may call whom";
const DECIDING: &str = "changing who may call whom";

/// So many are read in one go.
const PAGE: i64 = 1_000;

impl Store {
    /// The rosters that were written after so many changes of decision data ([`crate::DecisionsStand::changes`]); all of them after
    /// none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn rosters_since(&self, changes: u64) -> Result<Vec<Roster>, StoreError> {
        let mut all = Vec::new();
        let mut after =
            (i64::try_from(changes).unwrap_or(i64::MAX), String::new(), String::new(), String::new());
        loop {
            let (change, tenant, kind, owner) = after.clone();
            let values = vec![change.into(), tenant.into(), kind.into(), owner.into(), PAGE.into()];
            let rows = self.db.read(READING, &sql::ROSTERS_AFTER, values).await?;
            for row in &rows {
                all.push(roster(row)?);
            }
            match rows.last().filter(|_| rows.len() == usize::try_from(PAGE).unwrap_or(usize::MAX)) {
                Some(row) => {
                    after =
                        (row.number("change")?, row.text("tenant")?, row.text("kind")?, row.text("owner")?);
                }
                None => return Ok(all),
            }
        }
    }

    /// One of them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn roster(&self, tenant: &TenantId, of: &RosterOf) -> Result<Option<Roster>, StoreError> {
        let values = vec![tenant.as_str().into(), of.kind().into(), of.owner().into()];
        let rows = self.db.read(READING, &sql::ROSTER, values).await?;
        rows.first().map(roster).transpose()
    }

    /// Writes rosters, durably: all or none. One of which a version as high is there stays as it is: these are given back.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn put_rosters(&self, rosters: &[Roster]) -> Result<Vec<Roster>, StoreError> {
        let mut tx = self.db.begin(DECIDING, Durability::Decision).await?;
        // Counted first: each row says after how many changes it was written.
        count(&mut tx).await?;
        let mut left = Vec::new();
        for roster in rosters {
            if write(&mut tx, roster).await? == 0 {
                left.push(roster.clone());
            }
        }
        tx.commit().await?;
        Ok(left)
    }

    /// Takes a user out of every roster, and the one of those whom they block, durably; in how many they stood.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn forget_in_rosters(&self, tenant: &TenantId, user: &AppUserId) -> Result<u64, StoreError> {
        let with_them = self.rosters_with(tenant, user).await?;
        let mut tx = self.db.begin(DECIDING, Durability::Decision).await?;
        count(&mut tx).await?;
        let own = vec![tenant.as_str().into(), user.as_str().into()];
        let mut forgotten = tx.run(&sql::FORGET_BLOCKER, own).await?;
        for roster in with_them {
            let users = roster.users.iter().filter(|known| *known != user).cloned().collect();
            let without = Roster { users, version: roster.version.saturating_add(1), ..roster };
            forgotten += write(&mut tx, &without).await?;
        }
        self.db.in_place(DECIDING)?;
        tx.commit().await?;
        Ok(forgotten)
    }

    /// In how many rosters a user stands, their own with them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_in_rosters(&self, tenant: &TenantId, user: &AppUserId) -> Result<u64, StoreError> {
        let own = self.roster(tenant, &RosterOf::Blocker(user.clone())).await?;
        let all = self.rosters_with(tenant, user).await?.len() + usize::from(own.is_some());
        Ok(u64::try_from(all).unwrap_or(u64::MAX))
    }

    /// The rosters of others in which a user stands. Reads all of the tenant's.
    async fn rosters_with(&self, tenant: &TenantId, user: &AppUserId) -> Result<Vec<Roster>, StoreError> {
        let rows = self.db.read(READING, &sql::ROSTERS_OF, vec![tenant.as_str().into()]).await?;
        let all = rows.iter().map(roster).collect::<Result<Vec<_>, _>>()?;
        let own = RosterOf::Blocker(user.clone());
        Ok(all.into_iter().filter(|roster| roster.of != own && roster.users.contains(user)).collect())
    }
}

pub(crate) async fn write(tx: &mut Tx, roster: &Roster) -> Result<u64, StoreError> {
    let users: Vec<&str> = roster.users.iter().map(AppUserId::as_str).collect();
    let users =
        serde_json::to_string(&users).map_err(|error| StoreError::broken(DECIDING, error.to_string()))?;
    let version = i64::try_from(roster.version).unwrap_or(MOST_VERSIONS).min(MOST_VERSIONS);
    let values = vec![
        roster.tenant.as_str().into(),
        roster.of.kind().into(),
        roster.of.owner().into(),
        users.into(),
        version.into(),
        roster.updated_at.as_microsecond().into(),
    ];
    tx.run(&sql::PUT_ROSTER, values).await
}

fn roster(row: &Row) -> Result<Roster, StoreError> {
    let broken = |column| StoreError::broken(READING, format!("column {column} holds what is no user"));
    let of = RosterOf::parse(&row.text("kind")?, &row.text("owner")?).ok_or_else(|| broken("owner"))?;
    let users: Vec<String> = row.json("users")?;
    let users: Option<BTreeSet<AppUserId>> = users.iter().map(|user| AppUserId::parse(user)).collect();
    Ok(Roster {
        tenant: TenantId::new(row.text("tenant")?),
        of,
        users: users.ok_or_else(|| broken("users"))?,
        version: row.number("version")?,
        updated_at: row.time("updated_at")?,
    })
}
