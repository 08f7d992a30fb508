//! Lists of calls, newest first, page by page.
//!
//! A page is found by its place (creation time and id), not by counting: rows that come in while somebody turns pages
//! neither repeat nor hide any, and the thousandth page costs what the first does.

use crate::db::Db;
use crate::error::StoreError;
use crate::row::Row;
use crate::search::{self, Quoting};
use crate::sql::{self, Statement};
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use trunkline_core::call::{Direction, Disposition, Metadata, Outcome, Price, State, Status};
use trunkline_core::id::{AccountId, CallId, CampaignId, CarrierCallId, SessionId, TenantId};
use trunkline_core::private::{Address, Private};
use trunkline_core::search::Asked;

const DOING: &str = "listing calls";

/// The most rows of one page.
pub const MAX_PAGE: u16 = 1_000;

/// Which calls. What is `None` or empty does not narrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFilter {
    /// Whose.
    pub tenant: TenantId,
    /// Active or ended ones only.
    pub activity: Option<Liveness>,
    /// With this status.
    pub status: Option<Status>,
    /// Going this way.
    pub direction: Option<Direction>,
    /// Through this carrier, such as `twilio`.
    pub carrier: Option<String>,
    /// Running the script of this name.
    pub script: Option<String>,
    /// Attempts of jobs of this campaign.
    pub campaign: Option<CampaignId>,
    /// With exactly this number on either side.
    pub number: Option<Address>,
    /// Created at this time or later.
    pub since: Option<Timestamp>,
    /// Created before this time.
    pub until: Option<Timestamp>,
    /// With these words.
    pub search: Option<Asked>,
    /// With these metadata values, as text.
    pub metadata: Private<BTreeMap<String, String>>,
}

/// Whether a call still lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It is not over.
    Active,
    /// It is over.
    Ended,
}

impl CallFilter {
    /// All calls of a tenant.
    pub fn all_of(tenant: TenantId) -> Self {
        Self {
            tenant,
            activity: None,
            status: None,
            direction: None,
            carrier: None,
            script: None,
            campaign: None,
            number: None,
            since: None,
            until: None,
            search: None,
            metadata: Private::default(),
        }
    }

    /// The statement whose index narrows most.
    fn statement(&self) -> &'static Statement {
        if self.campaign.is_some() {
            &sql::LIST_CAMPAIGN
        } else if self.number.is_some() {
            &sql::LIST_NUMBER
        } else if self.activity == Some(Liveness::Active) {
            &sql::LIST_ACTIVE
        } else if self.status.is_some() {
            &sql::LIST_STATUS
        } else {
            &sql::LIST_NEWEST
        }
    }

    /// The values of a statement; where words are looked for, as it takes them.
    fn values(
        &self,
        before: &PageCursor,
        limit: i64,
        looked_for: Option<&str>,
    ) -> Result<Vec<Value>, StoreError> {
        let words = serde_json::to_string(&self.metadata).map_err(|_| StoreError::PageCursor)?;
        let direction = self.direction.map(|direction| match direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        });
        let mut values = vec![
            self.tenant.as_str().into(),
            before.created_at.into(),
            before.id.as_str().into(),
            self.since.map_or(i64::MIN, Timestamp::as_microsecond).into(),
            limit.into(),
            self.status.map(Status::as_str).into(),
            direction.into(),
            self.carrier.as_deref().into(),
            self.script.as_deref().into(),
            self.number.as_ref().map(Address::as_str).into(),
            looked_for.into(),
            words.into(),
            self.activity.map(|liveness| i64::from(liveness == Liveness::Active)).into(),
        ];
        if looked_for.is_some() || self.campaign.is_some() {
            values.push(self.campaign.map(|campaign| campaign.to_string()).into());
        }
        Ok(values)
    }
}

/// Which page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Where the page before ended ([`Page::next`]); `None` for the first.
    pub after: Option<PageCursor>,
    /// How many rows at most, from 1 to [`MAX_PAGE`]; what is outside is brought in.
    pub limit: u16,
}

impl PageRequest {
    /// The first page.
    pub fn first(limit: u16) -> Self {
        Self { after: None, limit }
    }
}

/// Some rows, and where the next ones are.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// What to ask for next; `None` if this was the last page.
    pub next: Option<PageCursor>,
}

/// A place in the order of a list: right after this call. Text to those who turn pages; whoever puts calls of his own
/// between the rows of a page makes the next place from the last call he shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageCursor {
    created_at: i64,
    id: String,
}

impl PageCursor {
    /// Right after the call that was created at this time and has this id.
    pub fn after(created_at: Timestamp, id: CallId) -> Self {
        Self { created_at: created_at.as_microsecond(), id: id.to_string() }
    }

    /// Before every call that was created at this time or later.
    fn until(created_at: Option<Timestamp>) -> Self {
        Self { created_at: created_at.map_or(i64::MAX, Timestamp::as_microsecond), id: String::new() }
    }
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{}", self.created_at, self.id)
    }
}

impl FromStr for PageCursor {
    type Err = StoreError;

    fn from_str(cursor: &str) -> Result<Self, StoreError> {
        let (at, id) = cursor.split_once('.').ok_or(StoreError::PageCursor)?;
        let created_at = i64::from_str_radix(at, 16).map_err(|_| StoreError::PageCursor)?;
        let id: CallId = id.parse().map_err(|_| StoreError::PageCursor)?;
        Ok(Self { created_at, id: id.to_string() })
    }
}

/// A call as lists show it. The times are in whole microseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRow {
    /// Our name of it.
    pub id: CallId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The carrier account it goes through.
    pub account: AccountId,
    /// The carrier's id of its last leg.
    pub carrier_call_id: Option<CarrierCallId>,
    /// The caller's own conversation.
    pub session: Option<SessionId>,
    /// Which way it goes.
    pub direction: Direction,
    /// `phone` or `app`.
    pub kind: String,
    /// The flat view of state and disposition.
    pub status: Status,
    /// Where it is.
    pub state: State,
    /// How it ended.
    pub disposition: Option<Disposition>,
    /// What its script achieved.
    pub outcome: Option<Outcome>,
    /// Whom it shows as its caller.
    pub from: Address,
    /// Whom it goes to.
    pub to: Address,
    /// The person's name.
    pub name: Option<Private<String>>,
    /// The name of its script.
    pub script: Option<String>,
    /// The question that was asked last, as its index.
    pub question: Option<u16>,
    /// How many questions have an answer.
    pub answer_count: u32,
    /// When it began to exist.
    pub created_at: Timestamp,
    /// When the far end rang.
    pub ringing_at: Option<Timestamp>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When its last event was received.
    pub updated_at: Timestamp,
    /// How long it was connected, in whole seconds.
    pub duration_secs: Option<u32>,
    /// What the carrier charged.
    pub price: Option<Price>,
    /// An error's code.
    pub error_code: Option<String>,
    /// An error in words.
    pub error_message: Option<String>,
    /// What the caller of our API keeps with it.
    pub metadata: Private<Metadata>,
}

impl CallRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let amount = row.opt_text("price_amount")?;
        let unit = row.opt_text("price_unit")?;
        Ok(Self {
            id: row.word("id")?,
            tenant: TenantId::new(row.text("tenant")?),
            account: AccountId::new(row.text("account")?),
            carrier_call_id: row.opt_text("carrier_call_id")?.map(CarrierCallId::new),
            session: row.opt_text("session_id")?.map(SessionId::new),
            direction: row.word("direction")?,
            kind: row.text("kind")?,
            status: row.word("status")?,
            state: row.word("state")?,
            disposition: row.opt_word("disposition")?,
            outcome: row.opt_word("outcome")?,
            from: Address::new(row.text("from_number")?),
            to: Address::new(row.text("to_number")?),
            name: row.opt_text("name")?.map(Private::new),
            script: row.opt_text("script")?,
            question: row.opt_number("question")?,
            answer_count: row.number("answer_count")?,
            created_at: row.time("created_at")?,
            ringing_at: row.opt_time("ringing_at")?,
            answered_at: row.opt_time("answered_at")?,
            ended_at: row.opt_time("ended_at")?,
            updated_at: row.time("updated_at")?,
            duration_secs: row.opt_number("duration_secs")?,
            price: amount.zip(unit).map(|(amount, unit)| Price { amount, unit }),
            error_code: row.opt_text("error_code")?,
            error_message: row.opt_text("error_message")?,
            metadata: row.json("metadata")?,
        })
    }
}

impl Store {
    /// A page of a tenant's calls, newest first.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn list(&self, filter: &CallFilter, page: &PageRequest) -> Result<Page<CallRow>, StoreError> {
        let limit = page.limit.clamp(1, MAX_PAGE);
        let mut before = PageCursor::until(filter.until);
        if let Some(cursor) = &page.after {
            before = before.min(cursor.clone());
        }
        // One more than asked for: if it is there, there is a next page.
        let rows = match &filter.search {
            Some(asked) => self.search(filter, asked, &before, i64::from(limit) + 1).await?,
            None => {
                let values = filter.values(&before, i64::from(limit) + 1, None)?;
                self.db.read(DOING, filter.statement(), values).await?
            }
        };
        let mut items = rows.iter().map(CallRow::read).collect::<Result<Vec<_>, _>>()?;
        let more = items.len() > usize::from(limit);
        items.truncate(usize::from(limit));
        let next =
            if more { items.last().map(|last| PageCursor::after(last.created_at, last.id)) } else { None };
        Ok(Page { items, next })
    }

    /// What many calls have is among the newest ones; what few have is found by the index. The newest ones fill the page, or the
    /// index has all there is.
    async fn search(
        &self,
        filter: &CallFilter,
        asked: &Asked,
        before: &PageCursor,
        limit: i64,
    ) -> Result<Vec<Row>, StoreError> {
        if asked.words().is_empty() {
            return Ok(Vec::new());
        }
        let patterns = search::patterns(asked);
        let values = filter.values(before, limit, patterns.as_deref())?;
        let newest = self.db.read(DOING, &sql::SEARCH_NEWEST, values).await?;
        if i64::try_from(newest.len()).is_ok_and(|found| found >= limit) {
            return Ok(newest);
        }
        let quoting = match &*self.db {
            Db::Sqlite(_) => Quoting::Fts5,
            Db::Postgres(_) => Quoting::TsQuery,
        };
        let query = search::quoted(asked, &filter.tenant, quoting);
        let values = filter.values(before, limit, Some(&query))?;
        self.db.read(DOING, &sql::SEARCH_WORDS, values).await
    }
}
