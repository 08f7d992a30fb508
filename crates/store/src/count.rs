//! How many calls there are, from rollups that the projection keeps: history is never counted through.

use crate::error::StoreError;
use crate::sql;
use crate::store::Store;
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use std::collections::BTreeMap;
use trunkline_core::call::Status;
use trunkline_core::id::TenantId;

const DOING: &str = "counting calls";
const DAY_SECS: i64 = 86_400;

/// How many calls a tenant has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// Those that were connected and are over.
    pub completed: u64,
    /// Those that are not over.
    pub active: u64,
    /// By status; those without any are left out.
    pub by_status: BTreeMap<Status, u64>,
}

/// How many calls were created on a day and have a status now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// The day, in UTC.
    pub day: Date,
    /// The status.
    pub status: Status,
    /// How many.
    pub calls: u64,
}

impl Store {
    /// How many calls a tenant has.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn counts(&self, tenant: &TenantId) -> Result<Counts, StoreError> {
        let mut counts = Counts::default();
        for row in self.db.read(DOING, &sql::COUNTS, vec![tenant.as_str().into()]).await? {
            let (status, calls): (Status, u64) = (row.word("status")?, row.number("n")?);
            if calls == 0 {
                continue;
            }
            counts.total += calls;
            counts.completed += if status == Status::Completed { calls } else { 0 };
            counts.active += if status.is_over() { 0 } else { calls };
            counts.by_status.insert(status, calls);
        }
        Ok(counts)
    }

    /// How many calls a tenant has by day of creation and status, both days included.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn daily_counts(
        &self,
        tenant: &TenantId,
        first: Date,
        last: Date,
    ) -> Result<Vec<DayCount>, StoreError> {
        let values = vec![tenant.as_str().into(), day_number(first)?.into(), day_number(last)?.into()];
        let rows = self.db.read(DOING, &sql::DAILY_COUNTS, values).await?;
        rows.iter()
            .map(|row| {
                Ok(DayCount {
                    day: day(row.int("day")?)?,
                    status: row.word("status")?,
                    calls: row.number("n")?,
                })
            })
            .collect()
    }
}

pub(crate) fn day_number(day: Date) -> Result<i64, StoreError> {
    let midnight =
        day.to_zoned(TimeZone::UTC).map_err(|_| StoreError::broken(DOING, "a day is out of range"))?;
    Ok(midnight.timestamp().as_second().div_euclid(DAY_SECS))
}

pub(crate) fn day(number: i64) -> Result<Date, StoreError> {
    let midnight = Timestamp::from_second(number.saturating_mul(DAY_SECS))
        .map_err(|_| StoreError::broken(DOING, "a day is out of range"))?;
    Ok(midnight.to_zoned(TimeZone::UTC).date())
}
