//! Asking the carrier: about a live call without news, and about a create request whose answer never came.

use crate::engine::Inner;
use crate::live::Handle;
use crate::reading::Part;
use crate::spans;
use jiff::Timestamp;
use std::sync::Arc;
use tracing::Instrument;
use trunkline_carriers::{AskError, Fetched, HangUpAnswer, Listed};
use trunkline_core::call::{Call, Event, News, OnLeg, Progress, Source, State, What};
use trunkline_core::dial::matches_attempt;
use trunkline_core::id::{AccountId, CarrierCallId, LegNo};

impl Inner {
    /// Asks what the carrier knows of a leg, off the caller's path and paced.
    pub(crate) fn ask(self: &Arc<Self>, handle: Handle, leg: LegNo) {
        let inner = self.clone();
        self.tasks.spawn(async move {
            let Ok(_turn) = inner.asking.acquire().await else { return };
            inner.ask_now(&handle, leg).await;
        });
    }

    pub(crate) async fn ask_now(self: &Arc<Self>, handle: &Handle, leg: LegNo) {
        let Some((on, id, state)) = ({
            let live = handle.lock();
            live.call.leg_no(leg).and_then(|leg| {
                let on = OnLeg { leg: leg.no, fence: leg.fence };
                Some((on, leg.carrier_call_id.clone()?, leg.state()))
            })
        }) else {
            return;
        };
        if state == State::Ended {
            return;
        }
        let account = self.account_of(handle, leg);
        match self.fetch(handle, leg, &id).instrument(spans::asking("fetch")).await {
            Ok(Some(fetched)) => {
                let still_up = !matches!(fetched.news, Some(News::Ended(_)));
                if let Some(news) = fetched.news {
                    self.heard(handle, on, id.clone(), news, fetched.occurred_at).await;
                } else {
                    handle.lock().heard_at = Some(self.clock.now());
                }
                if still_up && state == State::Ending {
                    // Our hang-up did not arrive: ask for it again.
                    if let Err(error) = self.ask_to_hang_up(&account, &id).await {
                        let call = handle.lock().call.id;
                        tracing::warn!(%call, %error, "call.not_hung_up: it will be asked for again");
                    }
                }
                self.carrier_answers(&account);
            }
            Ok(None) => self.silent(handle, on, "the carrier does not know the call").await,
            Err(error) => {
                self.carrier_fails(&account, &error);
                self.silent(handle, on, &error.to_string()).await;
            }
        }
    }

    /// The account of a leg.
    pub(crate) fn account_of(&self, handle: &Handle, leg: LegNo) -> AccountId {
        let live = handle.lock();
        live.call.leg_no(leg).map_or_else(|| live.call.account.clone(), |leg| leg.account.clone())
    }

    /// What a leg's carrier knows of it.
    pub(crate) async fn fetch(
        &self,
        handle: &Handle,
        leg: LegNo,
        id: &CarrierCallId,
    ) -> Result<Option<Fetched>, AskError> {
        let account = self.account_of(handle, leg);
        self.carriers.of(&account)?.fetch(id).await
    }

    /// Asks an account to hang a call up.
    pub(crate) async fn ask_to_hang_up(
        &self,
        account: &AccountId,
        id: &CarrierCallId,
    ) -> Result<HangUpAnswer, AskError> {
        self.carriers.of(account)?.hang_up(id).instrument(spans::asking("hang_up")).await
    }

    /// Looks for the call of an unclear create request in the carrier's listing, off the caller's path and paced.
    pub(crate) fn list(self: &Arc<Self>, handle: Handle, leg: LegNo) {
        let inner = self.clone();
        self.tasks.spawn(async move {
            let Ok(_turn) = inner.asking.acquire().await else { return };
            inner.list_now(&handle, leg).await;
        });
    }

    pub(crate) async fn list_now(self: &Arc<Self>, handle: &Handle, leg: LegNo) {
        let call = handle.lock().call.clone();
        let Some(attempt) = call.leg_no(leg).filter(|leg| leg.is_unclear()) else { return };
        let on = OnLeg { leg, fence: attempt.fence };
        let intent = attempt.dial_started_at.unwrap_or(attempt.queued_at);
        let listed = match self.carriers.of(&attempt.account) {
            Ok(carrier) => {
                let asked = carrier.list(&call.party.to, call.shown_as(attempt), intent);
                asked.instrument(spans::asking("list")).await
            }
            Err(error) => Err(error),
        };
        match listed {
            Ok(listed) => {
                self.carrier_answers(&attempt.account);
                match self.call_of_attempt(&call, leg, listed) {
                    Some(found) => self.heard(handle, on, found.id, found.news, None).await,
                    None => {
                        let key = format!("listed:{leg}:{}", self.clock.now());
                        let event = self.own_event(call.id, key, Source::Reconciler, What::ListedNothing(on));
                        self.take_in(handle, event).await;
                    }
                }
            }
            Err(error) => {
                self.carrier_fails(&attempt.account, &error);
                self.silent(handle, on, &error.to_string()).await;
            }
        }
    }

    /// The listed call that belongs to the attempt. At most one attempt per pair of numbers is open, so a call that is
    /// young enough and bound to nobody is ours (assuming no other software dials the same people from our number).
    fn call_of_attempt(&self, call: &Call, leg: LegNo, listed: Vec<Listed>) -> Option<Listed> {
        let attempt = call.leg_no(leg)?;
        let named = |listed: &Listed| {
            let state = self.config.secrets.open(listed.token.as_deref()?).ok()?;
            Some(state.call == call.id && state.leg == leg)
        };
        // Where the carrier says with which state it was dialed nothing has to be guessed.
        listed.into_iter().find(|listed| {
            named(listed).unwrap_or_else(|| {
                matches_attempt(attempt, listed.created_at, || {
                    let owner = self.live.by_carrier(&attempt.account, &listed.id);
                    owner.is_some() || self.bound.contains(&attempt.account, &listed.id)
                })
            })
        })
    }

    /// The carrier's answer to our asking, as an event; a state that is known already is only noted.
    async fn heard(
        self: &Arc<Self>,
        handle: &Handle,
        on: OnLeg,
        id: CarrierCallId,
        news: News,
        occurred_at: Option<jiff::Timestamp>,
    ) {
        let (call, known) = {
            let mut live = handle.lock();
            live.heard_at = Some(self.clock.now());
            let state = live.call.leg_no(on.leg).map(trunkline_core::call::Leg::state);
            let bound = live.call.leg_no(on.leg).is_some_and(|leg| leg.carrier_call_id.as_ref() == Some(&id));
            let rank = match news {
                News::Accepted => State::Initiated,
                News::Ringing => State::Ringing,
                News::Answered => State::Answered,
                News::Ended(_) => State::Ended,
            };
            (live.call.id, bound && state.is_some_and(|state| state >= rank))
        };
        if known {
            return;
        }
        let key = format!("{}:{id}:asked:{}", self.account_of(handle, on.leg), word(&news));
        let what = What::Progress(Progress { on, carrier_call_id: id, news });
        let event = Event { occurred_at, ..self.own_event(call, key, Source::Reconciler, what) };
        self.take_in(handle, event).await;
    }

    async fn silent(self: &Arc<Self>, handle: &Handle, on: OnLeg, why: &str) {
        let call = handle.lock().call.id;
        tracing::warn!(%call, leg = %on.leg, why, "call.carrier_silent");
        let key = format!("silent:{}:{}", on.leg, self.clock.now());
        let event = self.own_event(call, key, Source::Reconciler, What::CarrierSilent(on));
        self.take_in(handle, event).await;
    }

    async fn take_in(self: &Arc<Self>, handle: &Handle, event: Event) {
        let call = event.call;
        if let Err(error) = self.observe_on(handle, event).await {
            tracing::error!(%call, %error, "call.answer_not_journaled: the carrier will be asked again");
        }
    }

    fn carrier_answers(&self, account: &AccountId) {
        if self.carrier_trouble.lock().remove(account).is_some() {
            tracing::info!(%account, "carrier.answers_again");
        }
    }

    fn carrier_fails(&self, account: &AccountId, error: &AskError) {
        let mut trouble = self.carrier_trouble.lock();
        if !trouble.contains_key(account) {
            tracing::warn!(%account, %error, "carrier.does_not_answer: calls go on by its callbacks");
            trouble.insert(account.clone(), (error.to_string(), self.clock.now()));
        }
    }

    /// How the carriers are: whether each answered when last asked, and whether new calls are sent to it.
    pub(crate) fn carriers_health(&self) -> Part {
        let now = self.clock.now();
        let trouble = self.carrier_trouble.lock().clone();
        let troubled = self.carriers.accounts().filter_map(|account| {
            let silent = trouble.get(account).cloned();
            let resting = self.fitness.opened(account, now);
            let (reason, since) = silent.or(resting)?;
            let named = format!("{}: {reason}", account.carrier());
            Some((if self.carriers.are_several() { named } else { reason }, since))
        });
        let troubled: Vec<(String, Timestamp)> = troubled.collect();
        match troubled.iter().map(|(_, since)| *since).min() {
            Some(since) => {
                let reasons: Vec<String> = troubled.into_iter().map(|(reason, _)| reason).collect();
                Part::Degraded { reason: reasons.join("; "), since }
            }
            None => {
                let all: Vec<String> = self.carriers.accounts().map(ToString::to_string).collect();
                Part::Ok { detail: all.join(", ") }
            }
        }
    }
}

fn word(news: &News) -> &'static str {
    match news {
        News::Accepted => "accepted",
        News::Ringing => "ringing",
        News::Answered => "answered",
        News::Ended(_) => "ended",
    }
}
