//! One call, whole: by our id, by the carrier's, by its session.

use crate::error::StoreError;
use crate::row::Row;
use crate::rows::{self, IdColumn};
use crate::sql::{self, Statement};
use crate::store::Store;
use crate::value::Value;
use std::collections::BTreeMap;
use trunkline_core::call::{Call, PriceLook, Turn, Whom};
use trunkline_core::id::{AccountId, CallId, CarrierCallId, SessionId, TenantId};

const DOING: &str = "reading a call";

impl Store {
    /// The call with this id, whosever it is.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if its row can't be read.
    pub async fn load_call(&self, id: CallId) -> Result<Option<Call>, StoreError> {
        Ok(self.load_folds(&[id]).await?.pop())
    }

    /// Those of these calls that are there, in the order of their ids.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn load_folds(&self, ids: &[CallId]) -> Result<Vec<Call>, StoreError> {
        self.folds(&sql::FOLDS, vec![wanted(ids.iter().copied())?]).await
    }

    /// The call that this leg belongs to at this account, strays included: whom a webhook is about.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if its row can't be read.
    pub async fn call_by_leg(
        &self,
        account: &AccountId,
        id: &CarrierCallId,
    ) -> Result<Option<Call>, StoreError> {
        Ok(self.folds(&sql::FOLD_BY_LEG, vec![account.as_str().into(), id.as_str().into()]).await?.pop())
    }

    /// A tenant's call by the carrier's id, at whichever carrier.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if its row can't be read.
    pub async fn call_by_carrier_id(
        &self,
        tenant: &TenantId,
        id: &CarrierCallId,
    ) -> Result<Option<Call>, StoreError> {
        Ok(self
            .folds(&sql::FOLD_BY_CARRIER_ID, vec![tenant.as_str().into(), id.as_str().into()])
            .await?
            .pop())
    }

    /// A tenant's newest call of this session.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if its row can't be read.
    pub async fn call_by_session(
        &self,
        tenant: &TenantId,
        session: &SessionId,
    ) -> Result<Option<Call>, StoreError> {
        let values = vec![tenant.as_str().into(), session.as_str().into()];
        Ok(self.folds(&sql::FOLD_BY_SESSION, values).await?.pop())
    }

    /// This node's calls at this account that a look for prices is about, at most so many.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn unpriced(
        &self,
        account: &AccountId,
        node: &str,
        look: PriceLook,
        limit: u16,
    ) -> Result<Vec<(CallId, CarrierCallId)>, StoreError> {
        let values = vec![
            look.after.as_microsecond().into(),
            look.upto.as_microsecond().into(),
            account.as_str().into(),
            node.into(),
            i64::from(look.whom == Whom::Connected).into(),
            i64::from(limit).into(),
        ];
        let rows = self.db.read(DOING, &sql::UNPRICED, values).await?;
        rows.iter()
            .map(|row| Ok((row.word("id")?, CarrierCallId::new(row.text("carrier_call_id")?))))
            .collect()
    }

    async fn folds(&self, statement: &Statement, values: Vec<Value>) -> Result<Vec<Call>, StoreError> {
        let rows = self.db.read(DOING, statement, values).await?;
        let mut calls = rows.iter().map(|row| row.json("fold")).collect::<Result<Vec<Call>, _>>()?;
        if !calls.is_empty() {
            let wanted = wanted(calls.iter().map(|call| call.id))?;
            let turns = self.db.read(DOING, &sql::TURN_FOLDS, vec![wanted]).await?;
            let mut turns = by_call(&turns)?;
            for call in &mut calls {
                call.turns = turns.remove(&call.id).unwrap_or_default();
            }
        }
        Ok(calls)
    }
}

pub(crate) fn wanted(ids: impl Iterator<Item = CallId>) -> Result<Value, StoreError> {
    let rows = rows::as_object(ids.map(|id| IdColumn { id }));
    rows.map(Value::Rows).map_err(|_| StoreError::poison(DOING, "an id is no JSON"))
}

pub(crate) fn by_call(rows: &[Row]) -> Result<BTreeMap<CallId, BTreeMap<u16, Box<Turn>>>, StoreError> {
    let mut turns: BTreeMap<CallId, BTreeMap<u16, Box<Turn>>> = BTreeMap::new();
    for row in rows {
        let turn: Box<Turn> = row.json("fold")?;
        turns.entry(row.word("call")?).or_default().insert(turn.step, turn);
    }
    Ok(turns)
}
