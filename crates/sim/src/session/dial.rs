//! `<Dial>`: a second person joins while the first waits.
//!
//! Kept simple: of several numbers only the first is called. Both talk for some seconds, then the second hangs up, unless
//! somebody is made to hang up before. Its progress is told to the `statusCallback` of its `<Number>`.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::answer::{Person, Pickup};
use crate::call::{CallEvent, CallRecord, CallStatus, Form};
use crate::chance::Chance;
use crate::heard::Heard;
use crate::ids::CallSid;
use crate::life::taken_back;
use crate::line::Ending;
use crate::orders::Order;
use crate::progress::Progress;
use crate::session::screen::Screened;
use crate::session::{Ask, Next, Session};
use crate::target::Target;
use crate::twiml::Dial;

/// A second person's leg while it lives.
pub(super) struct SecondLeg {
    sid: CallSid,
    told: Option<Progress>,
    /// Asked when it is over.
    action: Option<Target>,
}

impl Session {
    /// Calls the second person, and asks the action how to go on; without one the next verb follows.
    pub(super) async fn dial(&mut self, dial: Dial) -> Next {
        let from =
            dial.caller_id.clone().or_else(|| self.line.record().map(|call| call.from)).unwrap_or_default();
        let Some(to) = dial.to.first() else { return Next::Verb };
        let (leg, mut person, mut orders) = self.line.exchange.make_leg(&self.line.sid, &from, to);
        self.line.hear(Heard::Dialed { call: leg.sid.clone() });
        let told = dial.told.as_ref().and_then(|told| {
            let target = self.resolve(&told.url, told.method)?;
            Some(Progress::new(&self.line.exchange, target, &told.events))
        });
        let action = dial.action.as_deref().and_then(|action| self.action(Some(action), dial.method));
        self.second_leg = Some(SecondLeg { sid: leg.sid.clone(), told, action });
        self.report(CallEvent::Initiated, |_| {});
        let pickup = person.pickup();
        let ending = tokio::select! {
            biased;
            ending = hung_up(&mut orders) => {
                self.line.wake();
                ending
            }
            ending = self.second_person(&leg.sid, &dial, &mut person, pickup) => ending,
        };
        let Some(leg) = self.second_leg.take() else { return Next::Verb };
        let ask = self.end_leg(leg, ending);
        match ask {
            Some(ask) => Next::Document(ask),
            None if dial.action.is_none() => Next::Verb,
            None => self.give_up(11_100, "a dial has no usable action", String::new()).await,
        }
    }

    async fn second_person(
        &mut self,
        leg: &CallSid,
        dial: &Dial,
        person: &mut Person,
        pickup: Pickup,
    ) -> Ending {
        match pickup {
            Pickup::Busy => return self.over_after(1, CallStatus::Busy, 486).await,
            Pickup::Fails { sip_code } => return self.over_after(1, CallStatus::Failed, sip_code).await,
            Pickup::Answers { .. } | Pickup::Declines { .. } | Pickup::RingsOn => {
                self.report(CallEvent::Ringing, |_| {});
            }
        }
        match pickup {
            Pickup::Answers { ring_secs, .. } if ring_secs <= dial.timeout => {
                self.line.pass(ring_secs).await;
                let now = self.line.exchange.clock.now();
                self.report(CallEvent::Answered, |call| {
                    call.status = CallStatus::InProgress;
                    call.answered_at = Some(now);
                });
                if let Some((url, method)) = &dial.screen
                    && self.screens(leg, person, url, *method).await == Screened::Refused
                {
                    return Ending { status: CallStatus::Completed, sip_code: 200 };
                }
                let talk = Chance::of(self.line.exchange.seed, &["talk", leg.as_str()]).within(5..=20);
                self.over_after(talk.min(dial.time_limit), CallStatus::Completed, 200).await
            }
            Pickup::Declines { ring_secs } if ring_secs <= dial.timeout => {
                self.over_after(ring_secs, CallStatus::Busy, 603).await
            }
            _ => self.over_after(dial.timeout, CallStatus::NoAnswer, 487).await,
        }
    }

    async fn over_after(&mut self, secs: u32, status: CallStatus, sip_code: u16) -> Ending {
        self.line.pass(secs).await;
        Ending { status, sip_code }
    }

    /// The first person is gone, or called away: the leg ends as it stands. The request to the action, if there is one.
    pub(super) fn leave(&mut self, leg: SecondLeg) -> Option<Ask> {
        self.end_leg(leg, Ending { status: CallStatus::Completed, sip_code: 200 })
    }

    fn end_leg(&mut self, mut leg: SecondLeg, ending: Ending) -> Option<Ask> {
        let exchange = Arc::clone(&self.line.exchange);
        let now = exchange.clock.now();
        let sid = leg.sid.clone();
        self.report_of(&mut leg, CallEvent::Completed, |call| end(call, ending, now));
        let call = exchange.register.get(&sid)?;
        exchange.memory.ended(&call);
        let mut more =
            Form::default().with("DialCallStatus", call.status.as_str()).with("DialCallSid", sid.as_str());
        if call.answered_at.is_some() {
            more = more.with("DialCallDuration", call.duration_secs.unwrap_or(0).to_string());
        }
        leg.action.map(|target| Ask { target, more })
    }

    fn report(&mut self, event: CallEvent, change: impl FnOnce(&mut CallRecord)) {
        if let Some(mut leg) = self.second_leg.take() {
            self.report_of(&mut leg, event, change);
            self.second_leg = Some(leg);
        }
    }

    fn report_of(&mut self, leg: &mut SecondLeg, event: CallEvent, change: impl FnOnce(&mut CallRecord)) {
        let exchange = Arc::clone(&self.line.exchange);
        let token = self.line.token();
        if let (Some(call), Some(told)) = (exchange.register.update(&leg.sid, change), &mut leg.told) {
            told.report(&exchange, &call, event, token, Form::default());
        }
        exchange.changes.bump();
    }
}

/// Waits for somebody to end the second leg: its person, or the product.
async fn hung_up(orders: &mut mpsc::UnboundedReceiver<Order>) -> Ending {
    let (obeyed, ending) = taken_back(orders).await;
    // Whoever asked may have gone away.
    let _ = obeyed.send(());
    ending
}

/// Writes a leg's end into its record. Once somebody has picked up it completed, however it was ended; taken back before, it
/// did not.
fn end(call: &mut CallRecord, ending: Ending, now: Timestamp) {
    let talked = call.answered_at.map(|answered| now.duration_since(answered).as_secs());
    (call.status, call.sip_code) = match (talked, ending.status) {
        (None, CallStatus::Completed) => (CallStatus::Canceled, Some(487)),
        (Some(_), _) => (CallStatus::Completed, Some(200)),
        (None, status) => (status, Some(ending.sip_code)),
    };
    call.ended_at = Some(now);
    call.duration_secs = Some(talked.and_then(|secs| u32::try_from(secs).ok()).unwrap_or(0));
}
