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
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use trunkline_carriers::callback::Place;
use trunkline_carriers::{HangUpAnswer, LastLook, Order, PostAnswer};
use trunkline_core::call::{Call, News, OnLeg, Owed, Progress, Refusal, RefusalClass, Source, State, What};
use trunkline_core::campaign::CampaignState;
use trunkline_core::dial::{Withheld, guard};
use trunkline_core::id::{CallId, CarrierCallId, LegNo};
use trunkline_core::script::Next;

/// Whether an attempt may be posted now.
enum Posting {
    Ready(CallId, OnLeg, Order),
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
        let answer = tokio::time::timeout(timeout, self.carrier.place(&order, look)).await;
        let answer = answer.unwrap_or_else(|_| PostAnswer::Unclear("no answer in time".to_owned()));
        self.fitness.answered(&answer, self.clock.now());
        self.tally.posted(answer.word());
        tracing::info!(%call, %leg, answer = answer.word(), "call.posted");
        if let Err(error) = self.record_answer(&handle, call, on, answer).await {
            tracing::error!(%call, %leg, %error, "call.answer_not_journaled: it will be reconciled");
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
            Some(Posting::Ready(call, on, order)) => (call, on, order),
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
        Some(Posting::Ready(live.call.id, on, self.order(&live.call, leg.no)?))
    }

    fn order(&self, call: &Call, leg: LegNo) -> Option<Order> {
        let leg = call.leg_no(leg)?;
        Some(Order {
            to: call.party.to.clone(),
            from: call.party.from.clone(),
            urls: self.mint(call, OnLeg { leg: leg.no, fence: leg.fence }).leg(first_page(call)),
            ring_timeout_secs: call.limits.ring_timeout_secs,
            time_limit_secs: call.limits.time_limit_secs,
            machine_detection: machines::detection(call),
        })
    }

    fn last_look(self: &Arc<Self>, handle: &Handle, on: OnLeg, begun_at: Timestamp) -> LastLook {
        let (inner, handle) = (self.clone(), handle.clone());
        LastLook::new(move || match inner.withheld(&handle, on, begun_at) {
            Some(why) => Err(why),
            None => Ok(()),
        })
    }

    /// While the request is written: has anything forbidden it since its intent was durable?
    ///
    /// A process that was paused in between may find that others have ruled on the attempt: what is not written within
    /// the post's own time-out is never written, which is what the settle time rests on.
    fn withheld(&self, handle: &Handle, on: OnLeg, begun_at: Timestamp) -> Option<String> {
        let late =
            SignedDuration::try_from(self.config.post_timeout).unwrap_or(SignedDuration::from_secs(10));
        if self.clock.now().duration_since(begun_at) >= late {
            return Some("too late to be sent: this process was paused".to_owned());
        }
        let live = handle.lock();
        if live.health == Health::GivenUp {
            return Some("another node has taken it over".to_owned());
        }
        // Where others could take it over, and may have: one of a job goes back to the queue, and is safe there.
        if live.call.job.is_some() && !self.holds_lease() {
            return Some("this node may have been counted out".to_owned());
        }
        let leg = live.call.leg_no(on.leg)?;
        if leg.hang_up.is_some() || leg.state() != State::Dialing {
            return Some("withdrawn before anything was sent".to_owned());
        }
        // It may have waited since its gates were open: for a slot, for the disk, or for this process to be started again.
        if live.call.job.as_ref().is_some_and(|of| of.is_after_hours(self.clock.now())) {
            return Some("no hour for calls any more where they are".to_owned());
        }
        let campaign = live.call.job.as_ref().and_then(|of| self.campaigns.get(of.campaign?));
        if campaign.is_some_and(|campaign| campaign.state != CampaignState::Running) {
            return Some("its campaign was stopped before anything was sent".to_owned());
        }
        let number = live.call.party.person(live.call.direction);
        self.suppressed
            .contains(&live.call.tenant, number)
            .then(|| "suppressed before anything was sent".to_owned())
    }

    async fn record_answer(
        self: &Arc<Self>,
        handle: &Handle,
        call: CallId,
        on: OnLeg,
        answer: PostAnswer,
    ) -> Result<(), IntakeError> {
        let key = format!("post:{}:answer", on.leg);
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
        match self.next_attempt(handle, on).filter(|_| goes_back) {
            Some((leg, requeued)) => {
                let again = self.own_event(call, format!("requeue:{leg}"), Source::Engine, requeued);
                self.observe_both(handle, answer, again).await
            }
            None => self.observe_on(handle, answer).await.map(drop),
        }
    }

    /// The attempt that follows one which never reached the carrier; none if somebody hung up, or it has waited too long.
    fn next_attempt(&self, handle: &Handle, on: OnLeg) -> Option<(LegNo, What)> {
        let now = self.clock.now();
        let live = handle.lock();
        let number = live.call.party.person(live.call.direction);
        let waited = now.duration_since(live.call.created_at).as_secs();
        let expired = waited >= i64::from(live.call.limits.queue_limit_secs);
        // A job goes back to the queue, and through every gate again.
        if live.call.job.is_some() {
            return None;
        }
        let withdrawn = live.call.leg().hang_up.is_some() || live.call.leg().no != on.leg;
        if expired || withdrawn || self.suppressed.contains(&live.call.tenant, number) {
            return None;
        }
        let leg = on.leg.next();
        Some((leg, What::Requeued { leg, not_before: back_off(now, leg) }))
    }

    async fn hang_up(self: Arc<Self>, handle: Handle, leg: LegNo, id: CarrierCallId) {
        let call = handle.lock().call.id;
        match self.carrier.hang_up(&id).await {
            Ok(HangUpAnswer::Asked) => {}
            // It is over already and we were not told: find out how.
            Ok(HangUpAnswer::AlreadyOver | HangUpAnswer::Gone) => self.ask(handle, leg),
            Err(error) => tracing::warn!(%call, %leg, %error, "call.not_hung_up: it will be asked for again"),
        }
    }

    async fn hang_up_stray(self: Arc<Self>, handle: Handle, id: CarrierCallId) {
        let call = handle.lock().call.id;
        tracing::warn!(%call, "call.stray: a call that no attempt owns is hung up");
        let mut wait = Duration::from_secs(1);
        loop {
            match self.carrier.hang_up(&id).await {
                Ok(_) => break,
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
