//! A piece of the journal on its way into the store: records decoded, the folds of their calls made, rows written out.

use crate::queue::Campaigns;
use crate::record::{Adopted, Codec, Decoded, Suppression as SuppressedRecord};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trunkline_core::bot::Effect;
use trunkline_core::call::{BotNews, Call, Event, Refused, What};
use trunkline_core::id::{CallId, TenantId};
use trunkline_core::queue::News;
use trunkline_journal::{Lsn, Record};
use trunkline_store::{
    AppointmentNews, EventRow, JobNews, JournalIdent, Kept, Position, Projection, Store, StoreError,
    Suppression, Turns,
};

/// A piece of the journal, decoded.
#[derive(Default)]
pub(crate) struct Batch {
    pub calls: BTreeMap<CallId, Arc<Call>>,
    pub events: Vec<Projected>,
    suppressions: Vec<SuppressedRecord>,
    /// Calls that were taken over, as they were then.
    adopted: BTreeMap<CallId, Arc<Call>>,
    /// Calls whose folds were made from the store's own.
    pub made_from_rows: BTreeSet<CallId>,
    /// What the history says of itself.
    notes: Vec<EventRow>,
    /// What happened to jobs of the queue.
    jobs: Vec<JobNews>,
}

pub(crate) struct Projected {
    lsn: Lsn,
    pub event: Event,
    tenant: TenantId,
    refused: Option<Refused>,
}

impl Batch {
    /// Decodes records. What can't be read is told and left out.
    pub fn of(codec: &Codec, records: &[Record]) -> Self {
        let mut batch = Self::default();
        for record in records {
            match codec.decode(record.kind, &record.payload) {
                Ok(Decoded::Event { event, tenant, refused }) => {
                    batch.events.push(Projected { lsn: record.lsn, event: *event, tenant, refused });
                }
                Ok(Decoded::Adopted(Some(adopted))) => batch.take_in(record.lsn, *adopted),
                Ok(Decoded::Adopted(None)) => {}
                Ok(Decoded::Suppressed(entry)) => batch.suppressions.push(entry),
                Ok(Decoded::Erased(erased)) => batch.notes.extend(erased.rows(Position(record.lsn.get()))),
                // These two go another way.
                Ok(Decoded::Imported(_) | Decoded::Pruned(_)) => {}
                Ok(Decoded::Script(_) | Decoded::Bot(_) | Decoded::Decision(_)) => {}
                Ok(Decoded::Unknown(kind)) => {
                    tracing::warn!(kind, lsn = %record.lsn, "projector.unknown_record: skipped");
                }
                Err(error) => {
                    tracing::error!(%error, lsn = %record.lsn, "projector.unreadable_record: skipped");
                }
            }
        }
        batch
    }

    fn take_in(&mut self, lsn: Lsn, Adopted { call, events }: Adopted) {
        let tenant = &call.tenant;
        let projected = |event| Projected { lsn, event, tenant: tenant.clone(), refused: None };
        self.events.extend(events.into_iter().map(projected));
        self.adopted.insert(call.id, Arc::new(call));
    }

    /// The calls that its events are about.
    pub fn ids(&self) -> BTreeSet<CallId> {
        self.events.iter().map(|projected| projected.event.call).collect()
    }

    /// Makes the folds that nobody has in memory, from what the store has.
    pub async fn fold(&mut self, store: &Store, missing: &[CallId]) -> Result<(), StoreError> {
        for id in missing {
            if let Some(call) = self.adopted.get(id) {
                self.calls.insert(*id, call.clone());
            }
        }
        for call in store.load_folds(missing).await? {
            self.made_from_rows.insert(call.id);
            self.calls.insert(call.id, Arc::new(call));
        }
        for projected in &mut self.events {
            if !missing.contains(&projected.event.call) {
                continue;
            }
            match self.calls.get_mut(&projected.event.call) {
                Some(call) => {
                    // The store's fold may be ahead of this event and hold it already: its record knows what became of it.
                    let holds_it = call.updated_at >= projected.event.received_at;
                    if let Err(refused) = Arc::make_mut(call).apply(&projected.event)
                        && !holds_it
                    {
                        projected.refused = projected.refused.take().or(Some(refused));
                    }
                }
                None => {
                    if let Some((call, _)) = Call::begin(&projected.event) {
                        self.calls.insert(call.id, Arc::new(call));
                    }
                }
            }
        }
        Ok(())
    }

    /// What the events mean for the jobs of their calls. An end may be told more than once: a job takes the first.
    pub fn tell_jobs(&mut self, campaigns: &Campaigns, end: impl Fn(&Call) -> Option<News>) {
        let mut jobs = Vec::new();
        let mut tell = |call: &Call, news: Option<News>, at: Timestamp| {
            if let (Some(of), Some(news)) = (&call.job, news) {
                let policy = campaigns.policy(of.campaign);
                jobs.push(JobNews { job: of.job, call: Some(call.id), news, policy, at });
            }
        };
        for projected in self.events.iter().filter(|projected| projected.refused.is_none()) {
            if let Some(call) = self.calls.get(&projected.event.call) {
                tell(call, News::of(call, &projected.event), projected.event.received_at);
            }
        }
        for call in self.calls.values().filter(|call| call.job.is_some() && call.is_over()) {
            tell(call, end(call), call.updated_at);
        }
        self.jobs = jobs;
    }

    pub fn projection(self, journal: &JournalIdent, upto: Lsn) -> Result<Projection, StoreError> {
        let rows = self.events.iter().map(|projected| {
            let applied = projected.refused.as_ref().map_or(Ok(()), Err);
            EventRow::new(Position(projected.lsn.get()), projected.tenant.clone(), &projected.event, applied)
        });
        Ok(Projection {
            journal: journal.clone(),
            upto: Position(upto.get()),
            events: rows.chain(self.notes.iter().cloned().map(Ok)).collect::<Result<_, _>>()?,
            turns: Turns::Of(self.turns_changed()),
            appointments: self.events.iter().filter_map(of_appointment).collect(),
            jobs: self.jobs,
            deliveries: Vec::new(),
            made_from_rows: self.made_from_rows,
            suppressions: self.suppressions.iter().map(suppression).collect(),
            calls: self.calls.into_values().collect(),
        })
    }

    /// A call's turns are many and its events touch one or two: the others stand in the store already.
    fn turns_changed(&self) -> BTreeSet<(CallId, u16)> {
        let touched = self.events.iter().filter_map(|projected| {
            let event = &projected.event;
            let turns = self.calls.get(&event.call)?.turns.keys();
            Some(turns.filter(|step| event.what.may_change_turn(**step)).map(|step| (event.call, *step)))
        });
        touched.flatten().collect()
    }
}

/// What an event says of an appointment. A time was given by the store already.
fn of_appointment(projected: &Projected) -> Option<AppointmentNews> {
    let What::Bot(told) = &projected.event.what else { return None };
    let BotNews::ToolAnswered { did: Some(did), .. } = &told.news else { return None };
    let (appointment, kept) = match **did {
        Effect::Confirmed { appointment } => (appointment, Kept::Yes),
        Effect::Cancelled { appointment } => (appointment, Kept::No),
        _ => return None,
    };
    let is_taken = projected.refused.is_none();
    let (tenant, at) = (projected.tenant.clone(), projected.event.received_at);
    is_taken.then_some(AppointmentNews { tenant, appointment, kept, at })
}

fn suppression(entry: &SuppressedRecord) -> Suppression {
    Suppression {
        tenant: Some(entry.tenant.clone()),
        number: entry.number.clone(),
        reason: entry.reason.clone(),
        since: entry.since,
        lifted_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::tests::{at, call, tenant};
    use trunkline_core::call::{Source, What};
    use trunkline_core::id::EventKey;
    use trunkline_store::Target;

    fn unregistered(call: &Call, secs: i64) -> Event {
        Event {
            call: call.id,
            key: EventKey::new(format!("unregistered:{secs}")),
            received_at: at(secs),
            occurred_at: None,
            source: Source::Api,
            what: What::Unregistered,
        }
    }

    #[tokio::test]
    async fn an_event_that_the_stores_fold_holds_already_counted_and_one_that_comes_after_it_may_be_refused()
    {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Target::Sqlite(folder.path().join("calls.db"))).await.unwrap();
        let mut ahead = call(1, 1);
        ahead.apply(&unregistered(&call(1, 1), 5)).unwrap();
        let journal = JournalIdent { node: "one".to_owned(), journal: "j1".to_owned() };
        store.cursor(&journal).await.unwrap();
        let calls = vec![Arc::new(ahead.clone())];
        store.project(&Projection { calls, ..Projection::empty(journal, Position(1)) }).await.unwrap();
        for (secs, counts) in [(5, true), (9, false)] {
            let event = unregistered(&ahead, secs);
            let one = Projected { lsn: Lsn::new(2), event, tenant: tenant(), refused: None };
            let mut batch = Batch { events: vec![one], ..Batch::default() };
            batch.fold(&store, &[ahead.id]).await.unwrap();
            assert_eq!(batch.events[0].refused.is_none(), counts, "{:?}", batch.events[0].refused);
        }
    }
}
