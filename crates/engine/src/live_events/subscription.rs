//! One listener: a place in the journal, and what is to be heard.

use super::cursor::{Cursor, Place, mark};
use super::event::LiveEvent;
use super::name::EventName;
use super::tail::Found;
use crate::desk::Desk;
use crate::engine::Inner;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch;
use trunkline_core::id::{CallId, CampaignId, TenantId};
use trunkline_journal::{ReadError, Reader};

/// A listener that has fallen behind reads so many records of the journal at a time.
const BATCH_RECORDS: usize = 256;
const BATCH_BYTES: usize = 256 << 10;

/// What is to be heard of a tenant's calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Only of this call.
    pub call: Option<CallId>,
    /// Only of calls that are attempts of this campaign.
    pub campaign: Option<CampaignId>,
    /// Only these; all if it is empty.
    pub names: BTreeSet<EventName>,
}

impl About {
    pub(super) fn is_meant(&self, tenant: &TenantId, event: &LiveEvent) -> bool {
        event.tenant == *tenant
            && self.call.is_none_or(|call| call == event.call)
            && self.campaign.is_none_or(|campaign| event.campaign == Some(campaign))
            && (self.names.is_empty() || self.names.contains(&event.name))
    }
}

/// Why a listener can't go on where it stood: between there and now something may have happened that it will not hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The journal keeps no events that old.
    #[error("events that old are not kept any more")]
    TooOld,
    /// The id is another server's, or of another data folder.
    #[error("the id is another server's")]
    Foreign,
    /// The id is of an event that this journal does not have (yet): it was restored from a backup.
    #[error("there is no such event")]
    Unknown,
    /// The journal can't be read there.
    #[error("the events can't be read")]
    Unreadable,
}

impl Lost {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooOld => "too_old",
            Self::Foreign => "foreign",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A tenant's calls, listened to. It costs a place and a filter: what it has not heard yet waits in the tail all listeners
/// share, or in the journal.
pub struct Subscription {
    inner: Arc<Inner>,
    tenant: TenantId,
    about: About,
    place: Place,
    news: watch::Receiver<Place>,
    /// While it reads in the journal.
    history: Option<Reader>,
}

impl Desk {
    /// Listens from now on: whatever becomes durable after this returns is heard.
    pub fn listen(&self, about: About) -> Subscription {
        let inner = self.inner().clone();
        let place = Place::after(inner.journal.durable());
        let news = inner.tail.watch();
        Subscription { tenant: self.tenant().clone(), about, place, news, history: None, inner }
    }
}

impl Subscription {
    /// Goes on after an event.
    ///
    /// # Errors
    /// [`Lost`]: it can't, and stands where it stood.
    pub fn resume(&mut self, after: Cursor) -> Result<(), Lost> {
        if after.journal != mark(&self.inner.ident) {
            return Err(Lost::Foreign);
        }
        let status = self.inner.journal.status();
        if after.place > Place::after(status.durable) {
            return Err(Lost::Unknown);
        }
        if after.place.whole() < status.oldest.before() {
            return Err(Lost::TooOld);
        }
        self.place = after.place;
        self.history = None;
        Ok(())
    }

    /// Goes on with what happens from now on, whatever was missed.
    pub fn skip(&mut self) {
        self.place = Place::after(self.inner.journal.durable());
        self.history = None;
    }

    /// Up to where everything was heard that is to be heard.
    pub fn cursor(&self) -> Cursor {
        Cursor { journal: mark(&self.inner.ident), place: self.place }
    }

    /// The next events, in order; waits until there are some. Nothing is lost if it is given up while it waits.
    ///
    /// # Errors
    /// [`Lost`]: what comes next is not kept any more. [`Subscription::skip`] goes on after the gap.
    pub async fn next(&mut self) -> Result<Vec<Arc<LiveEvent>>, Lost> {
        loop {
            let known = *self.news.borrow_and_update();
            let events = match self.inner.tail.after(self.place, &self.tenant, &self.about) {
                Found::Events { events, upto } => {
                    self.history = None;
                    self.place = upto;
                    events
                }
                Found::TooOld => self.read().await?,
            };
            if !events.is_empty() {
                return Ok(events);
            }
            if self.place >= known && self.news.changed().await.is_err() {
                // The engine is gone; whoever holds the listener ends it.
                return std::future::pending().await;
            }
        }
    }

    /// The next piece of the journal, for who has fallen out of the tail.
    async fn read(&mut self) -> Result<Vec<Arc<LiveEvent>>, Lost> {
        let inner = self.inner.clone();
        let _turn = inner.reading_events.acquire().await.map_err(|_| Lost::Unreadable)?;
        let (history, whole) = (self.history.take(), self.place.whole());
        let reading = inner.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut reader = match history {
                Some(reader) => reader,
                None => reading.journal.reader(whole)?,
            };
            let records = reader.next_batch(BATCH_RECORDS, BATCH_BYTES)?;
            let events: Vec<LiveEvent> = records.iter().flat_map(|record| reading.told(record)).collect();
            Ok::<_, ReadError>((reader, events))
        });
        let (reader, events) = match read.await {
            Ok(Ok(read)) => read,
            Ok(Err(ReadError::Gone { .. })) => return Err(Lost::TooOld),
            Ok(Err(error)) => {
                tracing::error!(%error, "events.unreadable: a listener can't go on where it stood");
                return Err(Lost::Unreadable);
            }
            Err(_) => return Err(Lost::Unreadable),
        };
        let stood = self.place;
        self.place = stood.max(Place::after(reader.position()));
        self.history = Some(reader);
        let is_meant = |event: &LiveEvent| event.id.place > stood && self.about.is_meant(&self.tenant, event);
        Ok(events.into_iter().filter(is_meant).map(Arc::new).collect())
    }
}
