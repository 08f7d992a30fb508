//! When to look at which call again.
//!
//! Deadlines mostly move later: a timer is set only when a call's deadline becomes sooner than the one that is set, and
//! a timer that fires too early looks at the call and sets itself anew. So a webhook costs no more with a hundred
//! thousand calls in memory than with one.

use crate::clock::Clock;
use crate::engine::Inner;
use crate::live::{Handle, Live};
use jiff::Timestamp;
use parking_lot::Mutex;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use trunkline_core::call::{AppProgress, HangUpReason, OnLeg, Source, Timing, What, Why};
use trunkline_core::id::CallId;

#[derive(Debug)]
pub(crate) struct Timers {
    heap: Mutex<BinaryHeap<Reverse<(Timestamp, CallId)>>>,
    sooner: Notify,
    clock: Clock,
}

impl Timers {
    pub fn new(clock: Clock) -> Self {
        Self { heap: Mutex::default(), sooner: Notify::new(), clock }
    }

    /// Sets a call's timer if its deadline is sooner than the one that is set. Called under the call's lock.
    pub fn arm(&self, live: &mut Live, timing: &Timing) {
        let Some(deadline) = live.call.deadline(timing, live.heard_at, live.asked_at) else { return };
        if live.armed.is_some_and(|armed| armed <= deadline.at) {
            return;
        }
        live.armed = Some(deadline.at);
        self.set(deadline.at, live.call.id);
    }

    fn set(&self, at: Timestamp, call: CallId) {
        let mut heap = self.heap.lock();
        let is_first = heap.peek().is_none_or(|Reverse((first, _))| at < *first);
        heap.push(Reverse((at, call)));
        drop(heap);
        if is_first {
            self.sooner.notify_one();
        }
    }

    /// Waits for the next timer that is due.
    async fn next(&self) -> CallId {
        loop {
            let wait = {
                let mut heap = self.heap.lock();
                match heap.peek() {
                    Some(Reverse((at, _))) => {
                        let wait = self.clock.until(*at);
                        if wait.is_zero()
                            && let Some(Reverse((_, call))) = heap.pop()
                        {
                            return call;
                        }
                        wait
                    }
                    None => Duration::from_secs(3_600),
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.sooner.notified() => {}
            }
        }
    }
}

impl Inner {
    /// Looks at each call when its deadline has come, until the server stops.
    pub(crate) async fn watch_deadlines(self: Arc<Self>) {
        tokio::select! {
            () = self.ownership.cancelled() => {}
            () = self.stop.cancelled() => return,
        }
        loop {
            let call = tokio::select! {
                call = self.timers.next() => call,
                () = self.stop.cancelled() => return,
            };
            if let Some(handle) = self.live.get(call) {
                self.look(handle);
            }
        }
    }

    /// Does what a passed deadline asks for.
    fn look(self: &Arc<Self>, handle: Handle) {
        let now = self.clock.now();
        let (call, on, why) = {
            let mut live = handle.lock();
            live.armed = None;
            match live.call.deadline(&self.config.timing, live.heard_at, live.asked_at) {
                Some(deadline) if deadline.at <= now => {
                    let leg = live.call.leg();
                    let on = OnLeg { leg: leg.no, fence: leg.fence };
                    // Whatever is done now, look again: a task that dies must not leave a call without a timer.
                    live.asked_at = Some(now);
                    let gap = Duration::from_secs(u64::from(self.config.timing.ask_gap_secs));
                    let again = now.checked_add(gap).unwrap_or(now);
                    live.armed = Some(again);
                    self.timers.set(again, live.call.id);
                    if deadline.why == Why::Act {
                        // Somebody waits for it.
                        self.timers.arm(&mut live, &self.config.timing);
                    }
                    // Nothing of it was sent, so nothing is unclear.
                    if deadline.why == Why::Unclear && live.held_up == Some(on.leg) {
                        return;
                    }
                    (live.call.id, on, deadline.why)
                }
                Some(_) => {
                    self.timers.arm(&mut live, &self.config.timing);
                    return;
                }
                None => return,
            }
        };
        let what = match why {
            Why::Expire => What::Expired(on),
            Why::Unclear => What::PostUnclear { on, why: "no answer in time".to_owned() },
            Why::Rule => What::RuledNotPlaced(on),
            Why::TimeLimit => What::HangUpAsked { reason: HangUpReason::TimeLimit },
            Why::GiveUp => What::GaveUp(on),
            Why::RangOut | Why::CallerGone | Why::ReceiverGone => {
                let news = self.overdue(&handle.lock().call, why);
                What::App(Box::new(AppProgress { news }))
            }
            Why::List => return self.list(handle, on.leg),
            Why::Ask => return self.ask(handle, on.leg),
            Why::Act => return self.redirect_again(handle),
            Why::NotDone => return self.give_up_action(handle),
            Why::AskChild => return self.ask_child(handle),
            Why::HoldOver => return self.end_hold(handle),
        };
        tracing::info!(%call, leg = %on.leg, why = ?why, "call.deadline");
        let event = self.own_event(call, format!("deadline:{}:{why:?}:{now}", on.leg), Source::Engine, what);
        let inner = self.clone();
        self.tasks.spawn(async move {
            let taken = match why {
                Why::Rule => inner.rule(&handle, on, event).await,
                _ => inner.observe_on(&handle, event).await.map(drop),
            };
            if let Err(error) = taken {
                tracing::error!(%call, %error, "call.deadline_not_journaled");
            }
        });
    }
}
