//! `<Dial>`: a second person is called while the first waits.
//!
//! Kept simple: of several numbers only the first is called, both talk for a few seconds, the second hangs up.

use std::sync::Arc;

use jiff::Timestamp;

use crate::answer::Pickup;
use crate::call::{CallRecord, CallStatus, Form};
use crate::chance::Chance;
use crate::heard::Heard;
use crate::ids::CallSid;
use crate::session::{Ask, Next, Session};
use crate::twiml::Dial;

/// How the second leg went.
struct LegEnd {
    status: CallStatus,
    sip_code: u16,
    talked_secs: Option<u32>,
}

impl Session {
    /// Calls the second person, and asks the action how to go on; without one the next verb follows.
    pub(super) async fn dial(&mut self, dial: Dial) -> Next {
        let from =
            dial.caller_id.clone().or_else(|| self.line.record().map(|call| call.from)).unwrap_or_default();
        let Some(to) = dial.to.first() else { return Next::Verb };
        let (leg, mut person) = self.line.exchange.make_leg(&self.line.sid, &from, to);
        self.line.hear(Heard::Dialed { call: leg.sid.clone() });
        self.second_leg = Some(leg.sid.clone());
        let pickup = person.pickup();
        let end = self.second_person(&leg.sid, &dial, pickup).await;
        self.second_leg = None;
        self.finish_leg(&leg.sid, &end);
        if dial.action.is_none() {
            return Next::Verb;
        }
        let mut more =
            Form::default().with("DialCallStatus", end.status.as_str()).with("DialCallSid", leg.sid.as_str());
        if let Some(secs) = end.talked_secs {
            more = more.with("DialCallDuration", secs.to_string());
        }
        match self.action(dial.action.as_deref(), dial.method) {
            Some(target) => Next::Document(Ask { target, more }),
            None => self.give_up(11_100, "a dial has no usable action", String::new()).await,
        }
    }

    async fn second_person(&mut self, leg: &CallSid, dial: &Dial, pickup: Pickup) -> LegEnd {
        let unanswered = |status, sip_code| LegEnd { status, sip_code, talked_secs: None };
        match pickup {
            Pickup::Answers { ring_secs, .. } if ring_secs <= dial.timeout => {
                self.line.pass(ring_secs).await;
                let exchange = Arc::clone(&self.line.exchange);
                let now = exchange.clock.now();
                exchange.register.update(leg, |call| {
                    call.status = CallStatus::InProgress;
                    call.answered_at = Some(now);
                });
                exchange.changes.bump();
                let secs =
                    Chance::of(exchange.seed, &["talk", leg.as_str()]).within(5..=20).min(dial.time_limit);
                self.line.pass(secs).await;
                LegEnd { status: CallStatus::Completed, sip_code: 200, talked_secs: Some(secs) }
            }
            Pickup::Declines { ring_secs } if ring_secs <= dial.timeout => {
                self.line.pass(ring_secs).await;
                unanswered(CallStatus::Busy, 603)
            }
            Pickup::Busy => {
                self.line.pass(1).await;
                unanswered(CallStatus::Busy, 486)
            }
            Pickup::Fails { sip_code } => {
                self.line.pass(1).await;
                unanswered(CallStatus::Failed, sip_code)
            }
            Pickup::Answers { .. } | Pickup::Declines { .. } | Pickup::RingsOn => {
                self.line.pass(dial.timeout).await;
                unanswered(CallStatus::NoAnswer, 487)
            }
        }
    }

    fn finish_leg(&self, leg: &CallSid, end: &LegEnd) {
        let exchange = &self.line.exchange;
        let now = exchange.clock.now();
        let ended = exchange.register.update(leg, |call| {
            end_leg(call, end.status, end.sip_code, now);
            call.duration_secs = Some(end.talked_secs.unwrap_or(0));
        });
        if let Some(call) = ended {
            exchange.memory.ended(&call);
        }
        exchange.changes.bump();
    }
}

/// Writes a leg's end into its record. Taken back before anybody picked up, it did not complete.
pub(super) fn end_leg(call: &mut CallRecord, status: CallStatus, sip_code: u16, now: Timestamp) {
    let talked = call.answered_at.map(|answered| now.duration_since(answered).as_secs());
    call.status = match (talked, status) {
        (None, CallStatus::Completed) => CallStatus::Canceled,
        _ => status,
    };
    call.sip_code = Some(sip_code);
    call.ended_at = Some(now);
    call.duration_secs = Some(talked.and_then(|secs| u32::try_from(secs).ok()).unwrap_or(0));
}
