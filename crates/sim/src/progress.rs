//! Status callbacks of one call: which were asked for, in which order they go, and what faults make of them.
//!
//! Without faults each waits for the first attempt at the one before, so that a reachable product hears them in order;
//! retries run beside. `SequenceNumber` counts what was subscribed to, from 0.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::call::{CallEvent, CallRecord, Form};
use crate::courier::{Body, Courier, Hook, Step, WebhookKind};
use crate::exchange::Exchange;
use crate::faults::{FaultKind, Moment};
use crate::target::Target;

/// Tells the product how a call moves on.
pub(crate) struct Progress {
    target: Target,
    events: Vec<CallEvent>,
    sequence: u32,
    queue: mpsc::UnboundedSender<(Hook, String)>,
}

impl Progress {
    /// Subscribes to events; none given means the end only.
    pub(crate) fn new(exchange: &Arc<Exchange>, target: Target, events: &[CallEvent]) -> Self {
        let (queue, due) = mpsc::unbounded_channel();
        exchange.spawn(send_in_order(Arc::clone(exchange), due));
        let events = if events.is_empty() { vec![CallEvent::Completed] } else { events.to_vec() };
        Self { target, events, sequence: 0, queue }
    }

    /// Reports an event, if somebody subscribed to it.
    pub(crate) fn report(
        &mut self,
        exchange: &Exchange,
        call: &CallRecord,
        event: CallEvent,
        token: String,
        more: Form,
    ) {
        if !self.events.contains(&event) {
            return;
        }
        let form =
            call.progress_form(&exchange.account_sid, event, self.sequence, exchange.clock.now()).and(more);
        let form = exchange.mouth.words(form, &exchange.connection);
        self.sequence += 1;
        let hook = Hook {
            call: call.sid.clone(),
            kind: WebhookKind::Status,
            event: Some(event),
            target: self.target.clone(),
            body: Body::Form(form),
            token,
        };
        // The queue is closed only when the simulator stops.
        let _ = self.queue.send((hook, call.person().to_owned()));
    }
}

/// Sends what is due, one after the other, as the faults allow.
pub(crate) async fn send_in_order(exchange: Arc<Exchange>, mut due: mpsc::UnboundedReceiver<(Hook, String)>) {
    let mut held: Option<Hook> = None;
    while let Some((hook, number)) = due.recv().await {
        match exchange.faults.strike(Moment::Callback, &number, hook.event) {
            Some(FaultKind::CallbackLost) => exchange.courier.lose(&hook),
            Some(FaultKind::CallbackLate { secs }) => send_late(&exchange, hook, secs),
            Some(FaultKind::CallbackDoubled { copies }) => {
                for _ in 0..copies {
                    send(&exchange, hook.clone()).await;
                }
            }
            Some(FaultKind::CallbackReordered) if held.is_none() => {
                held = Some(hook);
                continue;
            }
            _ => send(&exchange, hook).await,
        }
        if let Some(hook) = held.take() {
            send(&exchange, hook).await;
        }
    }
    if let Some(hook) = held {
        send(&exchange, hook).await;
    }
}

fn send_late(exchange: &Arc<Exchange>, hook: Hook, secs: u32) {
    let later = Arc::clone(exchange);
    exchange.spawn(async move {
        later.clock.sleep(Duration::from_secs(secs.into())).await;
        let _ = later.courier.deliver(hook).await;
    });
}

/// Waits for the first attempt only. A callback that fails for good is lost for good, as at Twilio.
async fn send(exchange: &Arc<Exchange>, hook: Hook) {
    let mut delivery = Courier::begin(hook);
    if let Step::RetryAfter(pause) = exchange.courier.attempt(&mut delivery).await {
        let later = Arc::clone(exchange);
        exchange.spawn(async move {
            tokio::time::sleep(pause).await;
            let _ = later.courier.finish(delivery).await;
        });
    }
}
