//! What was called already, and how much of an allowance is used: read from the rows of calls and attempts whenever it is
//! asked, never counted beside them.

use super::{NumberRow, READING, values};
use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use trunkline_core::call::{Disposition, Outcome, Status};
use trunkline_core::dial::allowance::UsedToday;
use trunkline_core::dial::earlier::{Earlier, Standing};
use trunkline_core::id::{AccountId, AttemptNo, CallId, CampaignId, JobId, TenantId};
use trunkline_core::private::Address;

/// A dial of a job, with what became of its call.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Which, from 1.
    pub no: AttemptNo,
    /// The call.
    pub call: CallId,
    /// When the job was claimed for it.
    pub claimed_at: Timestamp,
    /// The carrier account it went through; `None` if no such call came to be.
    pub account: Option<AccountId>,
    /// The call's status; `None` if no such call came to be.
    pub status: Option<Status>,
    /// How it ended.
    pub disposition: Option<Disposition>,
    /// What the script or the bot achieved.
    pub outcome: Option<Outcome>,
    /// The carrier's error code.
    pub error_code: Option<String>,
    /// The carrier's words.
    pub error_message: Option<String>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// An earlier call to a person, and the job it was an attempt of.
#[derive(Clone, Debug)]
pub struct EarlierCall {
    /// The call.
    pub earlier: Earlier,
    /// The job, if it was of the queue.
    pub job: Option<JobId>,
    /// The carrier account that was at fault, if that is all that came of it.
    pub fault_of: Option<AccountId>,
}

/// Calls of a campaign that began in one minute and stand alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InMinute {
    /// The minute's beginning.
    pub minute: Timestamp,
    /// What became of them.
    pub status: Option<Status>,
    /// How many.
    pub calls: u64,
}

/// How the carrier answered the request of an attempt.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Which carrier account.
    pub account: AccountId,
    /// Whether it took the call.
    pub placed: bool,
    /// How the call ended.
    pub disposition: Option<Disposition>,
    /// When.
    pub ended_at: Option<Timestamp>,
}

impl Store {
    /// How the carrier answered a campaign's requests since then, the last one first.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn answers_of_late(
        &self,
        campaign: CampaignId,
        since: Timestamp,
        most: u32,
    ) -> Result<Vec<Answer>, StoreError> {
        let asked = vec![campaign.to_string().into(), since.as_microsecond().into(), i64::from(most).into()];
        let rows = self.db.read(READING, &sql::ANSWERS_OF_LATE, asked).await?;
        let answer = |row: &Row| {
            Ok(Answer {
                account: AccountId::new(row.text("account")?),
                placed: row.opt_text("carrier_call_id")?.is_some(),
                disposition: row.opt_word("disposition")?,
                ended_at: row.opt_time("ended_at")?,
            })
        };
        rows.iter().map(answer).collect()
    }

    /// How a tenant's last calls ended that were shown as this number, the last one first.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn shown_as(
        &self,
        tenant: &TenantId,
        number: &str,
        most: u32,
    ) -> Result<Vec<(CallId, Option<Disposition>)>, StoreError> {
        let asked = vec![tenant.as_str().into(), number.into(), i64::from(most).into()];
        let rows = self.db.read(READING, &sql::SHOWN_AS, asked).await?;
        rows.iter().map(|row| Ok((row.word("id")?, row.opt_word("disposition")?))).collect()
    }

    /// The dials of a job, the first one first.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn attempts(&self, job: JobId) -> Result<Vec<Attempt>, StoreError> {
        let rows = self.db.read(READING, &sql::ATTEMPTS, vec![job.to_string().into()]).await?;
        let attempt = |row: &Row| {
            Ok(Attempt {
                no: AttemptNo(row.number("no")?),
                call: row.word("call")?,
                claimed_at: row.time("claimed_at")?,
                account: row.opt_text("account")?.map(AccountId::new),
                status: row.opt_word("status")?,
                disposition: row.opt_word("disposition")?,
                outcome: row.opt_word("outcome")?,
                error_code: row.opt_text("error_code")?,
                error_message: row.opt_text("error_message")?,
                ended_at: row.opt_time("ended_at")?,
            })
        };
        rows.iter().map(attempt).collect()
    }

    /// A tenant's outbound calls to these people since then, by number.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if one can't be read.
    pub async fn earlier(
        &self,
        tenant: &TenantId,
        numbers: &BTreeSet<Address>,
        since: Timestamp,
    ) -> Result<BTreeMap<Address, Vec<EarlierCall>>, StoreError> {
        let wanted = values(numbers.iter().map(|number| NumberRow { number: number.as_str() }))?;
        let asked = vec![tenant.as_str().into(), wanted, since.as_microsecond().into()];
        let mut calls: BTreeMap<Address, Vec<EarlierCall>> = BTreeMap::new();
        for row in self.db.read(READING, &sql::EARLIER_CALLS, asked).await? {
            let standing = match (row.opt_text("carrier_call_id")?, row.opt_int("ended_at")?) {
                (Some(_), _) => Standing::Placed,
                (None, Some(_)) => Standing::NeverPlaced,
                (None, None) => Standing::Unruled,
            };
            let earlier = Earlier { call: row.word("id")?, at: row.time("created_at")?, standing };
            let fault_of = match row.opt_word("disposition")? {
                Some(Disposition::CarrierFailed | Disposition::RateLimited | Disposition::NotPlaced)
                    if standing == Standing::NeverPlaced =>
                {
                    Some(AccountId::new(row.text("account")?))
                }
                _ => None,
            };
            let one = EarlierCall { earlier, job: row.opt_word("job")?, fault_of };
            calls.entry(Address::new(row.text("to_number")?)).or_default().push(one);
        }
        Ok(calls)
    }

    /// How many calls a campaign has begun since then.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn campaign_calls(&self, campaign: CampaignId, since: Timestamp) -> Result<u32, StoreError> {
        let values = vec![campaign.to_string().into(), since.as_microsecond().into()];
        let rows = self.db.read(READING, &sql::CAMPAIGN_CALLS, values).await?;
        rows.first().map_or(Ok(0), |row| row.number("n"))
    }

    /// When a campaign last began a call.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn last_attempt_of(&self, campaign: CampaignId) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.db.read(READING, &sql::LAST_ATTEMPT, vec![campaign.to_string().into()]).await?;
        rows.first().map_or(Ok(None), |row| row.opt_time("at"))
    }

    /// How many calls of a campaign began in each minute since then, by what became of them. A call of which nothing is
    /// known yet has no status.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn calls_by_minute(
        &self,
        campaign: CampaignId,
        since: Timestamp,
    ) -> Result<Vec<InMinute>, StoreError> {
        let asked = vec![campaign.to_string().into(), since.as_microsecond().into()];
        let rows = self.db.read(READING, &sql::CALLS_BY_MINUTE, asked).await?;
        let one = |row: &Row| {
            let minute = Timestamp::from_second(row.int("minute")?.saturating_mul(60));
            Ok(InMinute {
                minute: minute.map_err(|_| StoreError::broken(READING, "a minute is no time"))?,
                status: row.opt_word("status")?,
                calls: row.number("n")?,
            })
        };
        rows.iter().map(one).collect()
    }

    /// What a tenant has used since then.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn tenant_use(&self, tenant: &TenantId, since: Timestamp) -> Result<UsedToday, StoreError> {
        let values = vec![tenant.as_str().into(), since.as_microsecond().into()];
        let rows = self.db.read(READING, &sql::TENANT_USE, values).await?;
        rows.first().map_or(Ok(UsedToday::default()), |row| {
            Ok(UsedToday { calls: row.number("calls")?, minutes: row.number("minutes")? })
        })
    }
}
