//! A survey under way: the campaign is begun, and what happens in its calls is told until nobody is left to call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, CampaignId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::queue::Progress;
use trunkline_core::script::Script;
use trunkline_engine::{About, Engine, EventName, History, Listing, Query, Subscription};

use super::campaign::{self, patiently};
use super::folder::Folder;
use super::people::Person;
use super::show::Show;
use super::watch::Seen;
use super::{HISTORY_WITHIN, LOOK};
use crate::exit::{Exit, Failure};

/// How often is looked how far the campaign is.
const LOOK_AT_CAMPAIGN: Duration = Duration::from_millis(250);

/// What a survey is played with.
pub(super) struct Survey<'a> {
    pub engine: &'a Engine,
    pub show: &'a Show,
    pub people: &'a [Person],
    pub script: &'a Script,
}

/// Everybody, with the calls made to them, the first one first.
pub(super) type Called = Vec<(Person, Vec<Call>)>;

impl Survey<'_> {
    /// Calls everybody, and watches until nobody is to be called any more, every call is over and every recording is kept.
    pub async fn play(&self, folder: &Folder, url: &str) -> Result<Called, Failure> {
        let begun = About { names: [EventName::CallInitiated].into(), ..About::default() };
        let mut events = self.engine.desk().listen(begun);
        let mut watch = Watch { survey: self, seen: BTreeMap::new() };
        let before = self.calls_so_far().await?;
        self.show.begin(folder, url, count(&before));
        for call in before.values().flatten() {
            // An earlier life has told it.
            watch.seen.entry(call.id).or_default().look(call);
        }
        let desk = self.engine.desk();
        let from =
            self.engine.config().from.as_ref().and_then(|from| PhoneNumber::from_e164(from.as_str()).ok());
        let from = from.ok_or_else(|| Failure::new(Exit::Failed, "the demo has no number to call from"))?;
        let campaign = campaign::begin(&desk, &self.script.name, from, self.people).await;
        let campaign = campaign.map_err(|error| Failure::while_doing("cannot begin the campaign", &error))?;
        watch.until_done(campaign, &mut events).await?;
        let mut calls = self.calls_so_far().await?;
        // What came after a call was settled, such as a callback that was late, is told now.
        calls.values().flatten().for_each(|call| watch.tell(call));
        let called = |person: &Person| (person.clone(), calls.remove(&person.number).unwrap_or_default());
        Ok(self.people.iter().map(called).collect())
    }

    /// The calls made to everybody, the first one first, by number.
    async fn calls_so_far(&self) -> Result<BTreeMap<String, Vec<Call>>, Failure> {
        let mut known: BTreeMap<String, Vec<Call>> = BTreeMap::new();
        let mut query = Query { limit: Some(500), ..Query::default() };
        loop {
            let listing = tokio::time::timeout(HISTORY_WITHIN, self.page(&query)).await;
            let listing =
                listing.map_err(|_| Failure::new(Exit::Failed, "the demo's own history can't be read"))??;
            for call in listing.calls {
                known.entry(call.party.to.as_str().to_owned()).or_default().push(Arc::unwrap_or_clone(call));
            }
            query.cursor = listing.next;
            if query.cursor.is_none() {
                break;
            }
        }
        known.values_mut().for_each(|calls| calls.sort_by_key(|call| (call.created_at, call.id)));
        Ok(known)
    }

    /// Tells what happened in a call since it was last seen.
    fn tell(&self, call: &Call, seen: &mut Seen) {
        let person = self.people.iter().find(|person| person.number == call.party.to.as_str());
        let Some(person) = person else { return };
        for happening in seen.look(call) {
            self.show.happening(self.engine.now(), person, call, &happening);
        }
    }

    /// A page of calls, once history is there.
    async fn page(&self, query: &Query) -> Result<Listing, Failure> {
        loop {
            let listing = self.engine.desk().calls(query).await;
            let listing = listing.map_err(|error| Failure::while_doing("cannot list calls", &error))?;
            if listing.history == History::Available {
                return Ok(listing);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn count(calls: &BTreeMap<String, Vec<Call>>) -> usize {
    calls.len()
}

/// Who looks on.
struct Watch<'a> {
    survey: &'a Survey<'a>,
    seen: BTreeMap<CallId, Seen>,
}

impl Watch<'_> {
    /// Tells what happens until nothing is owed any more.
    async fn until_done(&mut self, campaign: CampaignId, events: &mut Subscription) -> Result<(), Failure> {
        let desk = self.survey.engine.desk();
        let mut looked_at = None::<Instant>;
        let mut progress = Progress::default();
        loop {
            self.hear_of_calls(events).await?;
            self.look_at_calls().await;
            if looked_at.is_none_or(|at| at.elapsed() >= LOOK_AT_CAMPAIGN) {
                let standing = patiently(async || desk.campaign(campaign).await).await;
                progress = standing
                    .map_err(|error| Failure::while_doing("cannot look at the campaign", &error))?
                    .progress;
                let live = self.seen.values().filter(|seen| !seen.over).count();
                self.survey.show.progress(self.survey.engine.now(), &progress, live);
                looked_at = Some(Instant::now());
            }
            let is_done = progress.total() > 0 && progress.waiting + progress.in_progress == 0;
            if is_done && self.seen.values().all(|seen| seen.settled) {
                return Ok(());
            }
        }
    }

    /// Learns for a while of calls that are new.
    async fn hear_of_calls(&mut self, events: &mut Subscription) -> Result<(), Failure> {
        let until = Instant::now() + LOOK;
        while let Ok(heard) = timeout_at(until, events.next()).await {
            match heard {
                Ok(begun) => {
                    for event in begun {
                        self.seen.entry(event.call).or_default();
                    }
                }
                Err(_) => {
                    events.skip();
                    for call in self.survey.calls_so_far().await?.into_values().flatten() {
                        self.seen.entry(call.id).or_default();
                    }
                }
            }
        }
        Ok(())
    }

    async fn look_at_calls(&mut self) {
        let desk = self.survey.engine.desk();
        let looks = self.seen.iter_mut().filter(|(_, seen)| !seen.settled).map(async |(id, seen)| {
            let Ok(Some(call)) = desk.call(&id.to_string()).await else { return };
            self.survey.tell(&call, seen);
        });
        futures_util::future::join_all(looks).await;
    }

    /// Tells what is new of a call.
    fn tell(&mut self, call: &Call) {
        self.survey.tell(call, self.seen.entry(call.id).or_default());
    }
}
