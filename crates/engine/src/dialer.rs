//! Commands to the carrier that are owed: the one create request of an attempt, and hang-ups.
//!
//! What is owed is read off the call's state, so a command that a crash swallowed is done again at recovery; the create
//! request alone is never done twice: `post_begun` is durable before it, and the guard of the core is asked under the
//! call's lock.

use crate::admission::LOOK_FOR_ROOM;
use crate::engine::Inner;
use crate::intake::{IntakeError, Taken};
use crate::live::{Handle, Health};
use crate::machines;
use crate::spans;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;
use trunkline_carriers::callback::Place;
use trunkline_carriers::{AskError, HangUpAnswer, LastLook, Order, PostAnswer};
use trunkline_core::call::{
    Call, CarrierFault, Event, Leg, News, OnLeg, Owed, Progress, Refusal, RefusalClass, Source, State, What,
};
use trunkline_core::campaign::CampaignState;
use trunkline_core::dial::{Withheld, guard};
use trunkline_core::id::{AccountId, CallId, CarrierCallId, LegNo};
use trunkline_core::script::Next;

/// Whether an attempt may be posted now.
enum Posting {
    Ready(CallId, OnLeg, Box<Order>),
    NotYet,
}

/// Whether it is journaled that an attempt's request is about to be written.
enum Begun {
    Yes(Box<(CallId, OnLeg, Order, Timestamp)>),
    NotYet,
    Never,
}

/// After a refusal that says nothing of when to come back.
const BACK_OFF: SignedDuration = SignedDuration::from_secs(5);

impl Inner {
    /// Does an owed command, off the caller's path.
    pub(crate) fn owe(self: &Arc<Self>, handle: Handle, owed: Owed) {
        let inner = self.clone();
        match owed {
            Owed::Post(leg) => drop(self.tasks.spawn(async move { inner.post(handle, leg).await })),
            Owed::HangUp(leg, id) => {
                drop(self.tasks.spawn(async move { inner.hang_up(handle, leg, id).await }));
            }
            Owed::HangUpStray(id) => {
                drop(self.tasks.spawn(async move { inner.hang_up_stray(handle, id).await }));
            }
            Owed::Act(leg, no) => {
                drop(self.tasks.spawn(async move { inner.redirect(handle, leg, no).await }));
            }
            // The deadline of an unclear attempt is its first listing.
            Owed::Reconcile(_) => {}
        }
    }

    /// Sends the one create request of an attempt.
    async fn post(self: Arc<Self>, handle: Handle, leg: LegNo) {
        let Some((call, on, order, begun_at)) = self.begin_post(&handle, leg).await else { return };
        let timeout = self.clock.really(self.config.post_timeout).max(Duration::from_secs(2));
        let look = self.last_look(&handle, on, begun_at);
        let account = self.account_of(&handle, leg);
        let answer = match self.carriers.of(&account) {
            Ok(carrier) => {
                let placing = carrier.place(&order, look).instrument(spans::asking("place"));
                let answer = tokio::time::timeout(timeout, placing).await;
                answer.unwrap_or_else(|_| PostAnswer::Unclear("no answer in time".to_owned()))
            }
            Err(error) => PostAnswer::NotSent(error.to_string()),
        };
        self.fitness.answered(&account, &answer, self.clock.now());
        self.tally.posted(answer.word());
        tracing::info!(%call, %leg, carrier = account.carrier(), answer = answer.word(), "call.posted");
        let is_placed = matches!(answer, PostAnswer::Placed(_));
        if let Err(error) = self.record_answer(&handle, call, on, answer).await {
            tracing::error!(%call, %leg, %error, "call.answer_not_journaled: it will be reconciled");
        }
        if is_placed {
            self.expect_answer(&handle);
        }
    }

    /// Journals that the one request is about to be written, and since when. On a full disk it waits for room: nothing
    /// was sent yet, and nobody else will send it.
    async fn begin_post(
        self: &Arc<Self>,
        handle: &Handle,
        leg: LegNo,
    ) -> Option<(CallId, OnLeg, Order, Timestamp)> {
        let begun = loop {
            match self.try_begin_post(handle, leg).await {
                Begun::Yes(begun) => break Some(*begun),
                Begun::Never => break None,
                Begun::NotYet => handle.lock().held_up = Some(leg),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_FOR_ROOM) => {}
                () = self.stop.cancelled() => break None,
            }
        };
        handle.lock().held_up = None;
        begun
    }

    async fn try_begin_post(self: &Arc<Self>, handle: &Handle, leg: LegNo) -> Begun {
        let (call, on, order) = match self.prepare(handle, leg) {
            Some(Posting::Ready(call, on, order)) => (call, on, *order),
            Some(Posting::NotYet) => return Begun::NotYet,
            None => return Begun::Never,
        };
        let begun = self.own_event(call, format!("post:{leg}"), Source::Engine, What::PostBegun(on));
        let begun_at = begun.received_at;
        match self.observe_on(handle, begun).await {
            Ok(Taken::Applied) => Begun::Yes(Box::new((call, on, order, begun_at))),
            // Somebody else has begun it, and will send it.
            Ok(_) => Begun::Never,
            Err(error @ IntakeError::Full(_)) => {
                tracing::warn!(%call, %leg, %error, "call.held_up: it is posted when there is room");
                Begun::NotYet
            }
            Err(error) => {
                tracing::warn!(%call, %leg, %error, "call.not_posted: the journal did not take it");
                Begun::Never
            }
        }
    }

    /// Under the call's lock: may this attempt be posted, and with what? `None` if it never may.
    fn prepare(&self, handle: &Handle, leg: LegNo) -> Option<Posting> {
        let live = handle.lock();
        let leg = live.call.leg_no(leg)?;
        match guard(leg, leg.fence) {
            Ok(()) => {}
            // Memory believes what the journal refused, and is being set right.
            Err(Withheld::AlreadyPosted) if live.health == Health::Ahead => return Some(Posting::NotYet),
            Err(Withheld::AlreadyPosted) => return None,
            Err(why) => {
                tracing::info!(call = %live.call.id, leg = %leg.no, %why, "call.withheld");
                return None;
            }
        }
        let on = OnLeg { leg: leg.no, fence: leg.fence };
        Some(Posting::Ready(live.call.id, on, Box::new(self.order(&live.call, leg.no)?)))
    }

    fn order(&self, call: &Call, leg: LegNo) -> Option<Order> {
        let leg = call.leg_no(leg)?;
        Some(Order {
            to: call.party.to.clone(),
            from: call.shown_as(leg).clone(),
            urls: self.mint(call, OnLeg { leg: leg.no, fence: leg.fence }).leg(first_page(call)),
            ring_timeout_secs: call.limits.ring_timeout_secs,
            time_limit_secs: call.limits.time_limit_secs,
            machine_detection: machines::detection(call),
        })
    }

    fn last_look(self: &Arc<Self>, handle: &Handle, on: OnLeg, begun_at: Timestamp) -> LastLook {
        let (inner, handle) = (self.clone(), handle.clone());
        LastLook::new(move || inner.still_may(&handle, on, begun_at).map_err(str::to_owned))
    }

    /// While the request is written: has anything forbidden it since its intent was durable?
    ///
    /// A process that was paused in between may find that others have ruled on the attempt: what is not written within
    /// the post's own time-out is never written, which is what the settle time rests on.
    fn still_may(&self, handle: &Handle, on: OnLeg, begun_at: Timestamp) -> Result<(), &'static str> {
        let late =
            SignedDuration::try_from(self.config.post_timeout).unwrap_or(SignedDuration::from_secs(10));
        if self.clock.now().duration_since(begun_at) >= late {
            return Err("too late to be sent: this process was paused");
        }
        let live = handle.lock();
        if live.health == Health::GivenUp {
            return Err("another node has taken it over");
        }
        // Where others could take it over, and may have: one of a job goes back to the queue, and is safe there.
        if live.call.job.is_some() && !self.holds_lease() {
            return Err("this node may have been counted out");
        }
        let still = |leg: &&Leg| leg.hang_up.is_none() && leg.state() == State::Dialing;
        let Some(leg) = live.call.leg_no(on.leg).filter(still) else {
            return Err("withdrawn before anything was sent");
        };
        // A call may wait for days, and its number be given away meanwhile.
        if !self.may_show(&live.call.tenant, live.call.shown_as(leg)) {
            return Err("the number it was to be shown as is not its tenant's any more");
        }
        // It may have waited since its gates were open: for a slot, for the disk, or for this process to be started again.
        if live.call.job.as_ref().is_some_and(|of| of.is_after_hours(self.clock.now())) {
            return Err("no hour for calls any more where they are");
        }
        let campaign = live.call.job.as_ref().and_then(|of| self.campaigns.get(of.campaign?));
        if campaign.is_some_and(|campaign| campaign.state != CampaignState::Running) {
            return Err("its campaign was stopped before anything was sent");
        }
        let number = live.call.party.person(live.call.direction);
        if self.suppressed.contains(&live.call.tenant, number) {
            return Err("suppressed before anything was sent");
        }
        Ok(())
    }

    async fn record_answer(
        self: &Arc<Self>,
        handle: &Handle,
        call: CallId,
        on: OnLeg,
        answer: PostAnswer,
    ) -> Result<(), IntakeError> {
        let key = format!("post:{}:answer", on.leg);
        // What we withheld ourselves is nobody's fault.
        let fault = match &answer {
            PostAnswer::Refused(refusal) => CarrierFault::of(refusal.class),
            PostAnswer::NotSent(_) => Some(CarrierFault::NotReached),
            PostAnswer::Placed(_) | PostAnswer::Unclear(_) | PostAnswer::Withheld(_) => None,
        };
        let what = match answer {
            PostAnswer::Placed(id) => {
                What::Progress(Progress { on, carrier_call_id: id, news: News::Accepted })
            }
            PostAnswer::Unclear(why) => What::PostUnclear { on, why },
            PostAnswer::Refused(refusal) => What::PostRefused { on, refusal },
            PostAnswer::NotSent(why) | PostAnswer::Withheld(why) => What::PostRefused {
                on,
                refusal: Refusal { class: RefusalClass::NotSent, code: None, http: None, message: why },
            },
        };
        let goes_back =
            matches!(&what, What::PostRefused { refusal, .. } if refusal.class.goes_back_to_queue());
        let answer = self.own_event(call, key, Source::Engine, what);
        let instead = fault.and_then(|fault| self.instead(handle, on, fault));
        match instead.or_else(|| self.next_attempt(handle, on).filter(|_| goes_back)) {
            Some((leg, requeued)) => {
                let again = self.own_event(call, format!("requeue:{leg}"), Source::Engine, requeued);
                self.observe_both(handle, answer, again).await
            }
            None => self.observe_on(handle, answer).await.map(drop),
        }
    }

    /// The attempt that follows one which never reached the carrier, by the same carrier.
    fn next_attempt(&self, handle: &Handle, on: OnLeg) -> Option<(LegNo, What)> {
        let now = self.clock.now();
        if !self.may_follow(&handle.lock().call, on, now) {
            return None;
        }
        let leg = on.leg.next();
        Some((leg, What::Requeued { leg, not_before: back_off(now, leg), over: None }))
    }

    /// The attempt that follows at once by another carrier, where there is one, since this one was at fault.
    fn instead(&self, handle: &Handle, on: OnLeg, why: CarrierFault) -> Option<(LegNo, What)> {
        let now = self.clock.now();
        let call = handle.lock().call.clone();
        let over = self.fail_over(&call, why).filter(|_| self.may_follow(&call, on, now))?;
        tracing::warn!(
            call = %call.id, from = call.account.carrier(), to = over.account.carrier(), why = why.as_str(),
            "call.failed_over: another carrier is asked"
        );
        self.tally.failed_over(call.account.carrier(), over.account.carrier(), why.as_str());
        let leg = on.leg.next();
        Some((leg, What::Requeued { leg, not_before: now, over: Some(Box::new(over)) }))
    }

    /// Whether another attempt may follow; not if somebody hung up, or it has waited too long.
    fn may_follow(&self, call: &Call, on: OnLeg, now: Timestamp) -> bool {
        let number = call.party.person(call.direction);
        let waited = now.duration_since(call.due_at()).as_secs();
        let expired = waited >= i64::from(call.limits.queue_limit_secs);
        let withdrawn = call.leg().hang_up.is_some() || call.leg().no != on.leg;
        // A job goes back to the queue, and through every gate again.
        call.job.is_none() && !expired && !withdrawn && !self.suppressed.contains(&call.tenant, number)
    }

    /// Nothing came of an attempt whose answer was unclear: another carrier is asked, where there is one.
    pub(crate) async fn rule(
        self: &Arc<Self>,
        handle: &Handle,
        on: OnLeg,
        ruled: Event,
    ) -> Result<(), IntakeError> {
        match self.instead(handle, on, CarrierFault::NotPlaced) {
            Some((leg, requeued)) => {
                let again = self.own_event(ruled.call, format!("requeue:{leg}"), Source::Engine, requeued);
                self.observe_both(handle, ruled, again).await
            }
            None => self.observe_on(handle, ruled).await.map(drop),
        }
    }

    async fn hang_up(self: Arc<Self>, handle: Handle, leg: LegNo, id: CarrierCallId) {
        let call = handle.lock().call.id;
        let account = self.account_of(&handle, leg);
        match self.ask_to_hang_up(&account, &id).await {
            Ok(HangUpAnswer::Asked) => {}
            // It is over already and we were not told: find out how.
            Ok(HangUpAnswer::AlreadyOver | HangUpAnswer::Gone) => self.ask(handle, leg),
            Err(error) => tracing::warn!(%call, %leg, %error, "call.not_hung_up: it will be asked for again"),
        }
    }

    /// Asks the account that a stray is at to hang it up; where that was not kept, every account that was asked for the call.
    async fn hang_up_wherever(&self, handle: &Handle, id: &CarrierCallId) -> Result<(), AskError> {
        let asked: BTreeSet<AccountId> = {
            let call = &handle.lock().call;
            match call.stray_accounts.get(id) {
                Some(account) => [account.clone()].into(),
                None => call.legs.iter().map(|leg| leg.account.clone()).collect(),
            }
        };
        let mut failed = Ok(());
        // At an account that is in no setting any more nobody can hang up: asking again for ever would not help.
        for account in asked.iter().filter(|account| self.carriers.has(account)) {
            match self.ask_to_hang_up(account, id).await {
                Ok(HangUpAnswer::Asked | HangUpAnswer::AlreadyOver) => return Ok(()),
                Ok(HangUpAnswer::Gone) => {}
                Err(error) => failed = Err(error),
            }
        }
        failed
    }

    async fn hang_up_stray(self: Arc<Self>, handle: Handle, id: CarrierCallId) {
        let call = handle.lock().call.id;
        tracing::warn!(%call, "call.stray: a call that no attempt owns is hung up");
        let mut wait = Duration::from_secs(1);
        loop {
            match self.hang_up_wherever(&handle, &id).await {
                Ok(()) => break,
                Err(error) => tracing::warn!(%call, %error, "call.stray_not_hung_up: tried again"),
            }
            tokio::select! {
                () = tokio::time::sleep(self.clock.really(wait)) => wait = (wait * 2).min(Duration::from_secs(60)),
                () = self.stop.cancelled() => return,
            }
        }
        let what = What::StrayHungUp { carrier_call_id: id.clone() };
        let event = self.own_event(call, format!("stray:{id}"), Source::Engine, what);
        if let Err(error) = self.observe_on(&handle, event).await {
            tracing::error!(%call, %error, "call.stray_not_journaled");
        }
    }
}

/// Where in its script a call begins.
fn first_page(call: &Call) -> Place {
    call.job.as_ref().and_then(|of| of.resume).map_or(Place::START, |at| Place::Open(Next::Ask(at)))
}

fn back_off(now: Timestamp, leg: LegNo) -> Timestamp {
    let factor = i32::from(leg.0.min(12));
    now.checked_add(BACK_OFF * factor).unwrap_or(now)
}
