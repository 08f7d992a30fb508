//! The people of a script, page by page, each with the last calls.

use crate::error::StoreError;
use crate::project::written;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use serde::Serialize;
use std::collections::BTreeMap;
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, TenantId};
use trunkline_core::private::Address;

const DOING: &str = "reading results";

/// A person and their calls by a script, the last one last: at most the last twenty.
#[derive(Clone, Debug)]
pub struct PersonCalls {
    /// The number, or a word that is nobody else's where there is none: what the next page goes on after.
    pub person: Address,
    /// The calls.
    pub calls: Vec<Call>,
}

#[derive(Serialize)]
struct PersonColumn<'a> {
    id: &'a str,
}

impl Store {
    /// The next people of a script after this one, in the order of numbers; empty at the end.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn people_of_script(
        &self,
        tenant: &TenantId,
        script: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<PersonCalls>, StoreError> {
        let mine = || [Value::from(tenant.as_str()), script.into()];
        let page = [after.into(), i64::from(limit).into()];
        let values = mine().into_iter().chain(page).collect();
        let rows = self.db.read(DOING, &sql::PEOPLE_OF_SCRIPT, values).await?;
        let people = rows.iter().map(|row| row.text("person")).collect::<Result<Vec<_>, _>>()?;
        let Some(wanted) = written(people.iter().map(|id| PersonColumn { id }))? else { return Ok(vec![]) };
        let values = [Value::Rows(wanted)].into_iter().chain(mine()).collect();
        let rows = self.db.read(DOING, &sql::CALLS_OF_PEOPLE, values).await?;
        let mut whose: Vec<(String, CallId)> = Vec::with_capacity(rows.len());
        for row in &rows {
            whose.push((row.text("person")?, row.word("id")?));
        }
        let ids: Vec<CallId> = whose.iter().map(|(_, id)| *id).collect();
        let calls = self.load_folds(&ids).await?;
        let mut calls: BTreeMap<CallId, Call> = calls.into_iter().map(|call| (call.id, call)).collect();
        let mut of: BTreeMap<String, Vec<Call>> = BTreeMap::new();
        for (person, id) in whose {
            of.entry(person).or_default().extend(calls.remove(&id));
        }
        let theirs = |person: String| {
            let calls = of.remove(&person).unwrap_or_default();
            PersonCalls { person: Address::new(person), calls }
        };
        Ok(people.into_iter().map(theirs).collect())
    }
}
