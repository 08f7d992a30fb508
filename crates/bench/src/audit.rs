//! Counts in the store's file that everything the server has acknowledged is there, once.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row};

use crate::call::Acknowledged;

const EVENTS: &str = "SELECT legs.carrier_call_id AS sid, events.kind AS kind, count(*) AS n FROM events \
    JOIN legs ON legs.call = events.call GROUP BY 1, 2";

/// What the count said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Calls that were looked at.
    pub calls: usize,
    /// Events that were acknowledged.
    pub acknowledged: u64,
    /// Of these, missing.
    pub missing: u64,
    /// Events that are there and were never acknowledged, or are there twice.
    pub surplus: u64,
}

/// Events of a call by kind.
type Found = BTreeMap<String, u64>;

impl Audit {
    /// Compares what was acknowledged with what the file holds.
    ///
    /// # Errors
    /// The file can't be read.
    pub async fn of(database: &Path, acknowledged: &HashMap<String, Acknowledged>) -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(database).read_only(true);
        let mut connection = options.connect().await.context("can't open the store's file")?;
        let found = found(&mut connection).await?;
        connection.close().await?;
        Ok(compare(acknowledged, &found))
    }

    /// In one line.
    pub fn line(&self) -> String {
        let Self { calls, acknowledged, missing, surplus } = self;
        format!("{acknowledged} events of {calls} calls acknowledged: {missing} missing, {surplus} too many")
    }
}

async fn found(connection: &mut SqliteConnection) -> Result<HashMap<String, Found>> {
    let mut found: HashMap<String, Found> = HashMap::new();
    for row in sqlx::query(EVENTS).fetch_all(connection).await.context("can't count the store's events")? {
        let count = u64::try_from(row.try_get::<i64, _>("n")?)?;
        found.entry(row.try_get("sid")?).or_default().insert(row.try_get("kind")?, count);
    }
    Ok(found)
}

fn compare(acknowledged: &HashMap<String, Acknowledged>, found: &HashMap<String, Found>) -> Audit {
    let mut audit = Audit { calls: acknowledged.len(), ..Audit::default() };
    let none = Found::new();
    for (sid, call) in acknowledged {
        let found = found.get(sid).unwrap_or(&none);
        for (kind, expected) in expected(*call) {
            let there = found.get(kind).copied().unwrap_or(0);
            audit.acknowledged += expected;
            audit.missing += expected.saturating_sub(there);
            audit.surplus += there.saturating_sub(expected);
        }
    }
    audit
}

/// The events that a call's acknowledged webhooks make.
fn expected(call: Acknowledged) -> [(&'static str, u64); 3] {
    [("arrived", 1), ("spoke", u64::from(call.fetches)), ("progress", u64::from(call.ended))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(spoke: u64, progress: u64) -> HashMap<String, Found> {
        let kinds = [("arrived", 1), ("spoke", spoke), ("progress", progress)];
        HashMap::from([("CA1".to_owned(), kinds.map(|(kind, n)| (kind.to_owned(), n)).into())])
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_are_counted_apart() {
        let call = Acknowledged { fetches: 3, ended: true };
        let acknowledged = HashMap::from([("CA1".to_owned(), call)]);
        let audit = |found| compare(&acknowledged, &found);
        assert_eq!(audit(found(3, 1)), Audit { calls: 1, acknowledged: 5, missing: 0, surplus: 0 });
        assert_eq!((audit(found(1, 1)).missing, audit(found(1, 1)).surplus), (2, 0));
        assert_eq!((audit(found(4, 0)).missing, audit(found(4, 0)).surplus), (1, 1));
        assert_eq!(audit(HashMap::new()).missing, 5);
    }
}
