//! Lines: the deliveries of one call to one endpoint. Whoever has claimed a line sends them one after the other, and nobody else
//! does: that is what keeps their order. A claim ends by itself, and its fence tells its holder so.

use super::deliveries::AttemptMade;
use super::endpoints::{StoredEndpoint, read};
use super::{READING, WRITING};
use crate::db::Durability;
use crate::error::{Away, StoreError};
use crate::project::RETRIES;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use std::time::Duration;
use trunkline_core::id::{CallId, NodeId, TenantId, WebhookId};
use trunkline_core::outgoing::{Answer, DeliveryState, Verdict};

/// An endpoint that something waits for.
#[derive(Clone, Debug)]
pub struct DueEndpoint {
    /// The endpoint.
    pub stored: StoredEndpoint,
    /// When its first line is due.
    pub due: Timestamp,
}

/// A line that was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// To which endpoint.
    pub endpoint: WebhookId,
    /// Of which call.
    pub call: CallId,
    /// Which claim.
    pub fence: i64,
    /// How often something was added to it.
    pub news: i64,
}

/// A delivery that waits in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its place.
    pub n: i64,
    /// The event's id.
    pub event: String,
    /// When it happened.
    pub at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What is sent.
    pub body: String,
}

/// What became of a delivery by an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// The receiver has it.
    Taken,
    /// It is tried again then.
    Again(Timestamp),
    /// It is not tried again.
    Failed,
}

/// Whether a claim still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It does.
    Yes,
    /// It took too long, and somebody else has the line or may have it.
    Lost,
}

impl Store {
    /// The enabled endpoints that something waits for which nobody sends yet. One that can't be read is left out.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn due_endpoints(&self) -> Result<Vec<DueEndpoint>, StoreError> {
        let rows = self.db.read(READING, &sql::DUE_ENDPOINTS, vec![]).await?;
        let due = |row: &Row| Ok::<_, StoreError>(DueEndpoint { stored: read(row)?, due: row.time("due")? });
        Ok(rows.iter().filter_map(|row| due(row).ok()).collect())
    }

    /// Claims lines of an endpoint that are due, those first that have waited longest.
    ///
    /// # Errors
    /// `Unavailable`: it is not known whether they were claimed; if they were, the claims end by themselves.
    pub async fn claim_lines(
        &self,
        node: &NodeId,
        endpoint: WebhookId,
        limit: u16,
        now: Timestamp,
        length: Duration,
    ) -> Result<Vec<Line>, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Projection).await?;
        let values = vec![
            endpoint.to_string().into(),
            now.as_microsecond().into(),
            i64::from(limit).into(),
            node.as_str().into(),
            micros(length),
        ];
        let rows = tx.rows(&sql::CLAIM_LINES, values).await?;
        tx.commit().await?;
        let line = |row: &Row| {
            Ok(Line { endpoint, call: row.word("call")?, fence: row.int("fence")?, news: row.int("news")? })
        };
        rows.iter().map(line).collect()
    }

    /// What waits in a line, in its order.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn waiting(&self, line: &Line, limit: u16) -> Result<Vec<Waiting>, StoreError> {
        let values =
            vec![line.endpoint.to_string().into(), line.call.to_string().into(), i64::from(limit).into()];
        let rows = self.db.read(READING, &sql::WAITING_OF_LINE, values).await?;
        let waiting = |row: &Row| {
            Ok(Waiting {
                n: row.int("n")?,
                event: row.text("event")?,
                at: row.time("at")?,
                attempts: row.number("attempts")?,
                body: row.text("body")?,
            })
        };
        rows.iter().map(waiting).collect()
    }

    /// Writes down an attempt of a delivery and what became of it, and holds its line for longer. It does not wait for the
    /// disk: what a power cut takes back is sent twice.
    ///
    /// # Errors
    /// `Unavailable`: nothing was written.
    pub async fn put_attempt(
        &self,
        line: &Line,
        tenant: &TenantId,
        of: &Waiting,
        made: AttemptMade,
        became: Became,
        length: Duration,
    ) -> Result<Held, StoreError> {
        for _ in 0..RETRIES {
            match self.try_to_put_attempt(line, tenant, of, made, became, length).await {
                Err(StoreError::Unavailable { why: Away::GivesWay, .. }) => {}
                done => return done,
            }
        }
        self.try_to_put_attempt(line, tenant, of, made, became, length).await
    }

    async fn try_to_put_attempt(
        &self,
        line: &Line,
        tenant: &TenantId,
        of: &Waiting,
        made: AttemptMade,
        became: Became,
        length: Duration,
    ) -> Result<Held, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Projection).await?;
        if tx.run(&sql::KEEP_LINE, [fenced(line), vec![micros(length)]].concat()).await? == 0 {
            return Ok(Held::Lost);
        }
        let endpoint = || Value::from(line.endpoint.to_string());
        let at = made.at.as_microsecond();
        let (state, next_at, done_at) = match became {
            Became::Taken => (DeliveryState::Taken, None, Some(at)),
            Became::Again(then) => (DeliveryState::Waiting, Some(then.as_microsecond()), None),
            Became::Failed => (DeliveryState::Failed, None, Some(at)),
        };
        let attempts = i64::from(of.attempts) + 1;
        let values =
            vec![of.n.into(), state.as_str().into(), attempts.into(), next_at.into(), done_at.into()];
        tx.run(&sql::DELIVERY_BECAME, values).await?;
        let (status, trouble) = match made.answer {
            Answer::Status(status) => (Some(i64::from(status)), None),
            Answer::Trouble(trouble) => (None, Some(trouble.as_str())),
        };
        let took = i64::try_from(made.took_ms).unwrap_or(i64::MAX);
        let values = vec![
            endpoint(),
            of.event.as_str().into(),
            tenant.as_str().into(),
            at.into(),
            took.into(),
            status.into(),
            trouble.into(),
        ];
        tx.run(&sql::ADD_ATTEMPT_MADE, values).await?;
        match made.answer.verdict() {
            Verdict::Taken => tx.run(&sql::ENDPOINT_TAKES, vec![endpoint()]).await?,
            Verdict::Failed | Verdict::Gone => {
                tx.run(&sql::ENDPOINT_FAILS, vec![endpoint(), at.into()]).await?
            }
        };
        tx.commit().await?;
        Ok(Held::Yes)
    }

    /// Lets go of a line until then.
    ///
    /// # Errors
    /// `Unavailable`: the claim ends by itself.
    pub async fn let_go(&self, line: &Line, until: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Projection).await?;
        tx.run(&sql::LET_GO_LINE, [fenced(line), vec![until.as_microsecond().into()]].concat()).await?;
        tx.commit().await
    }

    /// Ends a line of which everything is done. What was added meanwhile is in the news of what is given back: go on with it.
    /// `None` if it has ended, or is somebody else's.
    ///
    /// # Errors
    /// `Unavailable`: the claim ends by itself.
    pub async fn end_line(&self, line: &Line) -> Result<Option<Line>, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Projection).await?;
        let ended = tx.run(&sql::END_LINE, [fenced(line), vec![line.news.into()]].concat()).await?;
        let rows = if ended == 0 { tx.rows(&sql::LINE_NEWS, fenced(line)).await? } else { Vec::new() };
        tx.commit().await?;
        rows.first().map(|row| Ok(Line { news: row.int("news")?, ..*line })).transpose()
    }

    /// Frees what this node had claimed in an earlier life.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn free_lines_of(&self, node: &NodeId) -> Result<u64, StoreError> {
        self.free(&sql::FREE_LINES_OF, vec![node.as_str().into()]).await
    }

    /// Frees what was claimed by somebody who has been silent for too long.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn free_silent_lines(&self) -> Result<u64, StoreError> {
        self.free(&sql::FREE_SILENT_LINES, vec![]).await
    }

    async fn free(&self, statement: &'static sql::Statement, values: Vec<Value>) -> Result<u64, StoreError> {
        let mut tx = self.db.begin(WRITING, Durability::Projection).await?;
        let freed = tx.run(statement, values).await?;
        tx.commit().await?;
        Ok(freed)
    }
}

fn fenced(line: &Line) -> Vec<Value> {
    vec![line.endpoint.to_string().into(), line.call.to_string().into(), line.fence.into()]
}

fn micros(span: Duration) -> Value {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX).into()
}
