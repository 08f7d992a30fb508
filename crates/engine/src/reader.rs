//! What readers get: live calls laid over history, so that a call is seen once, as it is now, also while the store is away.

use crate::cached::Asked;
use crate::engine::Inner;
use crate::live::Handle;
use crate::reading::{Counts, Entry, History, Listing, Query, Scope};
use crate::record::Decoded;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::call::{Call, Refused};
use trunkline_core::id::{CallId, CarrierCallId, EventKey, TenantId};
use trunkline_core::private::{Address, Private};
use trunkline_core::search;
use trunkline_journal::Lsn;
use trunkline_store::{CallFilter, EventRow, Liveness, PageCursor, PageRequest, StoreError};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 500;
/// A reader waits no longer than this for the store.
const PATIENCE: Duration = Duration::from_secs(2);
/// A webhook waits no longer than this for a call that is only in the store.
const WEBHOOK_PATIENCE: Duration = Duration::from_millis(40);

/// History can't be read now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("history is not available: {reason}")]
pub struct Unavailable {
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: jiff::Timestamp,
}

/// A query that can't be answered as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadQuery(pub String);

impl Inner {
    /// A call that is only in the store, with the keys of its events, so that a repeat is known as one; if the store
    /// answers within a webhook's patience.
    pub(crate) async fn history_call(&self, id: CallId) -> Option<(Call, Vec<EventKey>)> {
        let store = self.projection.store()?;
        let read = async {
            let call = store.load_call(id).await.ok()??;
            // Another node has it in memory, and decides for it.
            if self.is_a_neighbours(&call).await {
                return None;
            }
            let events = store.events(&call.tenant, id).await.ok()?;
            Some((call, events.into_iter().map(|event| event.key).collect()))
        };
        tokio::time::timeout(WEBHOOK_PATIENCE, read).await.ok()?
    }

    /// Whether a call that the store has is live on another node: one of ours would be in memory. A node that came a moment
    /// ago is not known yet: where there may be one, the store is asked.
    pub(crate) async fn is_a_neighbours(&self, call: &Call) -> bool {
        if call.is_over() || self.live.get(call.id).is_some() || !self.config.database.is_shared() {
            return false;
        }
        let is_known = self.projection.shared.load(std::sync::atomic::Ordering::Acquire);
        is_known || self.ask_store(async |store| store.fed_by().await).await.is_ok_and(|all| all.len() > 1)
    }

    /// A call in memory by any of its names: our id, its client's if it is registered, the carrier's.
    /// Another tenant's call is none.
    pub(crate) fn in_memory(&self, tenant: &TenantId, id: &str) -> Option<Handle> {
        let theirs = CarrierCallId::new(id);
        let ours = id.parse().ok().and_then(|ours| self.live_of(tenant, ours));
        let registered = || self.live_of(tenant, CallId::registered(tenant, &theirs));
        let carriers = || self.live_of(tenant, self.by_carriers_name(&theirs)?);
        ours.or_else(registered).or_else(carriers)
    }

    /// A call in memory, if it is this tenant's.
    pub(crate) fn live_of(&self, tenant: &TenantId, id: CallId) -> Option<Handle> {
        self.live.get(id).filter(|handle| handle.lock().call.tenant == *tenant)
    }

    /// A call in memory by any of its names; brought back from the store if need be.
    pub(crate) async fn find(
        self: &Arc<Self>,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<Handle>, Unavailable> {
        if let Some(handle) = self.in_memory(tenant, id) {
            return Ok(Some(handle));
        }
        match self.stored(tenant, id).await? {
            Some(call) if self.is_a_neighbours(&call).await => Err(self.elsewhere()),
            Some(call) => match self.reach(call.id).await {
                Some(handle) => Ok(Some(handle)),
                None => Err(self.unavailable("it does not answer in time")),
            },
            None => Ok(None),
        }
    }

    /// A call can't be changed here while another node carries it.
    pub(crate) fn elsewhere(&self) -> Unavailable {
        let reason = "another server on this database carries the call while it lives: ask that one";
        Unavailable { reason: reason.to_owned(), since: self.clock.now() }
    }

    /// One call as it is now, and durable: nothing is shown that a crash could take back.
    pub(crate) async fn call(&self, tenant: &TenantId, id: &str) -> Result<Option<Arc<Call>>, Unavailable> {
        match self.in_memory(tenant, id) {
            Some(handle) => Ok(Some(self.settled(&handle).await)),
            None => self.or_cached(tenant, Asked::Call(id), self.stored(tenant, id)).await,
        }
    }

    /// A call in memory as it is now, once that is durable, or the journal has failed.
    pub(crate) async fn settled(&self, handle: &Handle) -> Arc<Call> {
        let (call, last) = {
            let live = handle.lock();
            (live.call.clone(), live.last)
        };
        let _ = self.journal.wait_durable(last).await;
        call
    }

    /// A call in the store: by our id, else by its client's or the carrier's, which may look like one of ours.
    pub(crate) async fn stored(&self, tenant: &TenantId, id: &str) -> Result<Option<Arc<Call>>, Unavailable> {
        let theirs = CarrierCallId::new(id);
        self.ask_store(async |store| {
            let ours = match id.parse::<CallId>() {
                Ok(id) => store.load_call(id).await?.filter(|call| call.tenant == *tenant),
                Err(_) => None,
            };
            let found = match ours {
                Some(call) => Some(call),
                None => store.call_by_carrier_id(tenant, &theirs).await?,
            };
            Ok(found.map(Arc::new))
        })
        .await
    }

    /// Asks the store with a reader's patience.
    pub(crate) async fn ask_store<T>(
        &self,
        ask: impl AsyncFnOnce(&trunkline_store::Store) -> Result<T, StoreError>,
    ) -> Result<T, Unavailable> {
        self.ask_store_within(PATIENCE, ask).await
    }

    /// Asks the store for something that may take so long.
    pub(crate) async fn ask_store_within<T>(
        &self,
        patience: Duration,
        ask: impl AsyncFnOnce(&trunkline_store::Store) -> Result<T, StoreError>,
    ) -> Result<T, Unavailable> {
        let Some(store) = self.projection.store() else {
            return Err(self.unavailable("it is not connected"));
        };
        let otherwise = match tokio::time::timeout(patience, ask(&store)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not answer in time".to_owned(),
        };
        self.projection.is_doubted();
        Err(self.unavailable(&otherwise))
    }

    pub(crate) fn unavailable(&self, otherwise: &str) -> Unavailable {
        match self.projection.history() {
            History::Unavailable { reason, since } => Unavailable { reason, since },
            History::Available => Unavailable { reason: otherwise.to_owned(), since: self.clock.now() },
        }
    }

    /// A page of calls, newest first.
    pub(crate) async fn calls(&self, tenant: &TenantId, query: &Query) -> Result<Listing, BadQuery> {
        let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let bad_cursor = |_| BadQuery("cursor: not one of ours".to_owned());
        let after = query.cursor.as_deref().map(str::parse).transpose().map_err(bad_cursor)?;
        let live = self.live_matching(tenant, query, after.as_ref(), size + 1).await;
        let (stored, history) = match self.stored_page(tenant, query, after, limit).await {
            Ok(stored) => (stored, History::Available),
            Err(away) => (Vec::new(), History::Unavailable { reason: away.reason, since: away.since }),
        };
        // Where the store's page ends although it has more: older live calls belong to a later page.
        let horizon = stored.get(size).map(|last| (last.created_at, last.id));
        let mut calls: BTreeMap<(jiff::Timestamp, CallId), Arc<Call>> = BTreeMap::new();
        for call in stored {
            // The store may still show a live call as it was a moment ago: the live one decides whether it belongs here.
            if self.live.get(call.id).is_none() {
                calls.insert((call.created_at, call.id), Arc::new(call));
            }
        }
        calls.extend(live.into_iter().map(|call| ((call.created_at, call.id), call)));
        calls.retain(|place, _| horizon.is_none_or(|horizon| *place >= horizon));
        let mut calls: Vec<Arc<Call>> = calls.into_values().rev().collect();
        let next = if calls.len() > size {
            calls.get(size - 1).map(|last| (last.created_at, last.id))
        } else {
            horizon
        };
        calls.truncate(size);
        let next = next.map(|(created_at, id)| PageCursor::after(created_at, id).to_string());
        Ok(Listing { calls, next, as_of: self.clock.now(), history })
    }

    /// The newest live calls that belong on a page, at most so many: older ones belong to a later page.
    async fn live_matching(
        &self,
        tenant: &TenantId,
        query: &Query,
        after: Option<&PageCursor>,
        most: usize,
    ) -> Vec<Arc<Call>> {
        let mut places = Vec::new();
        for handle in self.live.all() {
            let live = handle.lock();
            let place = || PageCursor::after(live.call.created_at, live.call.id);
            let is_theirs = live.call.tenant == *tenant;
            if is_theirs && matches(query, &live.call) && after.is_none_or(|after| place() < *after) {
                places.push((Reverse((live.call.created_at, live.call.id)), handle.clone()));
            }
        }
        places.sort_unstable_by_key(|(place, _)| *place);
        let (mut last, mut calls) = (Lsn::ZERO, Vec::new());
        for (_, handle) in places.into_iter().take(most) {
            let live = handle.lock();
            last = last.max(live.last);
            calls.push(live.call.clone());
        }
        let _ = self.journal.wait_durable(last).await;
        calls
    }

    /// One more than `limit` of the store's calls, newest first.
    async fn stored_page(
        &self,
        tenant: &TenantId,
        query: &Query,
        after: Option<PageCursor>,
        limit: u32,
    ) -> Result<Vec<Call>, Unavailable> {
        let wanted = u16::try_from(limit + 1).unwrap_or(u16::MAX);
        let page = PageRequest { after, limit: wanted };
        let filters = filters(tenant, query);
        self.ask_store(async |store| {
            let mut ids = BTreeSet::new();
            for filter in &filters {
                let rows = store.list(filter, &page).await?;
                ids.extend(rows.items.iter().map(|row| (Reverse(row.created_at), Reverse(row.id))));
            }
            let ids: Vec<CallId> = ids.into_iter().take(usize::from(wanted)).map(|(_, id)| id.0).collect();
            let mut calls = store.load_folds(&ids).await?;
            calls.sort_by_key(|call| Reverse((call.created_at, call.id)));
            Ok(calls)
        })
        .await
    }

    /// A call's history: what the store has, then what the journal has beyond it.
    pub(crate) async fn history(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<Vec<Entry>>, Unavailable> {
        let Some(call) = self.call(tenant, id).await? else { return Ok(None) };
        let projected = self.projection.complete_to(call.id);
        let stored = self.ask_store(async |store| store.events(&call.tenant, call.id).await).await;
        let mut entries: Vec<Entry> = match &stored {
            Ok(rows) => rows.iter().map(entry).collect(),
            Err(_) => Vec::new(),
        };
        let known: BTreeSet<u64> = entries.iter().map(|entry| entry.lsn).collect();
        let beyond = tokio::task::block_in_place(|| self.journaled_after(projected, call.id));
        entries.extend(beyond.into_iter().filter(|entry| !known.contains(&entry.lsn)));
        match stored {
            Err(away) if entries.is_empty() => Err(away),
            _ => Ok(Some(entries)),
        }
    }

    fn journaled_after(&self, after: Lsn, call: CallId) -> Vec<Entry> {
        let mut entries = Vec::new();
        let after = after.max(Lsn::new(self.journal.status().oldest.get().saturating_sub(1)));
        let Ok(mut reader) = self.journal.reader(after) else { return entries };
        while let Ok(records) = reader.next_batch(10_000, 16 << 20) {
            if records.is_empty() {
                break;
            }
            for record in records {
                if self.codec.call_of(record.kind, &record.payload).ok().flatten() != Some(call) {
                    continue;
                }
                if let Ok(Decoded::Event { event, refused, .. }) =
                    self.codec.decode(record.kind, &record.payload)
                {
                    let body = serde_json::to_value(&event.what).unwrap_or_default();
                    entries.push(Entry {
                        lsn: record.lsn.get(),
                        received_at: event.received_at,
                        occurred_at: event.occurred_at,
                        source: word(&event.source),
                        kind: kind(&body),
                        applied: refused.is_none(),
                        reason: refused.as_ref().map(Refused::to_string),
                        event: body,
                    });
                }
            }
        }
        entries
    }

    pub(crate) async fn counts(&self, tenant: &TenantId) -> (Counts, History) {
        let in_progress = self.active_of(tenant);
        match self.ask_store(async |store| store.counts(tenant).await).await {
            Ok(counts) => {
                let by_status =
                    counts.by_status.iter().map(|(status, n)| (status.as_str().to_owned(), *n)).collect();
                let counts =
                    Counts { total: counts.total, completed: counts.completed, in_progress, by_status };
                (counts, self.projection.history())
            }
            Err(away) => {
                let counts = Counts { in_progress, ..Counts::default() };
                (counts, History::Unavailable { reason: away.reason, since: away.since })
            }
        }
    }

    /// How many calls of a tenant are not over.
    fn active_of(&self, tenant: &TenantId) -> u64 {
        let is_active = |handle: &Handle| {
            let live = handle.lock();
            live.call.tenant == *tenant && !live.call.is_over()
        };
        u64::try_from(self.live.all().iter().filter(|handle| is_active(handle)).count()).unwrap_or(u64::MAX)
    }

    /// How many calls are not over, of all tenants: those that hold a slot, those that wait for one, and those that are kept for clients.
    pub(crate) fn active(&self) -> u64 {
        let active =
            self.slots.len() + self.waiting.len() + self.sessions.registered() + self.app.index.len();
        u64::try_from(active).unwrap_or(u64::MAX)
    }
}

/// The query in the store's words: one filter for each status asked for.
fn filters(tenant: &TenantId, query: &Query) -> Vec<CallFilter> {
    let filter = CallFilter {
        activity: (query.active == Scope::Active).then_some(Liveness::Active),
        direction: query.direction,
        carrier: query.carrier.clone(),
        campaign: query.campaign,
        number: query.number.as_ref().map(|number| Address::new(number.clone())),
        since: query.since,
        until: query.until,
        search: query.search.as_deref().map(search::Asked::read),
        metadata: Private::new(query.metadata.iter().cloned().collect()),
        ..CallFilter::all_of(tenant.clone())
    };
    if query.statuses.is_empty() {
        return vec![filter];
    }
    query.statuses.iter().map(|status| CallFilter { status: Some(*status), ..filter.clone() }).collect()
}

/// Whether a live call is one of those asked for: the same question that the store answers for history.
fn matches(query: &Query, call: &Call) -> bool {
    let party = &call.party;
    let has_number = |number: &String| party.to.as_str() == number || party.from.as_str() == number;
    let has_words = |typed: &String| search::Asked::read(typed).finds(call);
    let has_value = |(key, value): &(String, String)| match party.metadata.reveal().get(key) {
        Some(serde_json::Value::String(text)) => text == value,
        Some(other) => serde_json::from_str::<serde_json::Value>(value).is_ok_and(|value| value == *other),
        None => false,
    };
    (query.active == Scope::All || !call.is_over())
        && (query.statuses.is_empty() || query.statuses.contains(&call.status()))
        && query.direction.is_none_or(|direction| direction == call.direction)
        && query.carrier.as_ref().is_none_or(|carrier| call.account.carrier() == carrier)
        && query.campaign.is_none_or(|asked| call.job.as_ref().and_then(|of| of.campaign) == Some(asked))
        && query.number.as_ref().is_none_or(has_number)
        && query.since.is_none_or(|since| call.created_at >= since)
        && query.until.is_none_or(|until| call.created_at < until)
        && query.search.as_ref().is_none_or(has_words)
        && query.metadata.iter().all(has_value)
}

fn entry(row: &EventRow) -> Entry {
    let body: serde_json::Value = serde_json::from_str(row.body.reveal().get()).unwrap_or_default();
    Entry {
        lsn: row.position.0,
        received_at: row.received_at,
        occurred_at: row.occurred_at,
        source: word(&row.source),
        kind: kind(&body),
        applied: row.applied.is_ok(),
        reason: row.applied.as_ref().err().cloned(),
        event: body,
    }
}

/// The event's word: for news of a leg, what the news is.
fn kind(event: &serde_json::Value) -> String {
    let word = event.get("news").and_then(|news| news.get("news")).or_else(|| event.get("kind"));
    word.and_then(serde_json::Value::as_str).unwrap_or("unknown").to_owned()
}

/// An enum's word in JSON.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
