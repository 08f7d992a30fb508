//! Two legs come together: the one commands, or a second person picks up. They talk for some seconds, then the one who was
//! brought in hangs up, unless somebody does before.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::oneshot;

use crate::call::CallEvent;
use crate::chance::Chance;
use crate::heard::Heard;
use crate::ids::CallSid;
use crate::led::command::{Afterwards, Dial, FromAnswer, Transfer};
use crate::led::{Leg, Message, Over, Step};
use crate::orders::{Order, Wish};

/// The other leg.
pub(super) struct Joined {
    with: CallSid,
    after: Afterwards,
}

/// Who of two is brought in, and so hangs up in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    WasThere,
    IsBroughtIn,
}

impl Leg {
    /// A second person is called. They hear nothing before they are connected.
    pub(super) fn transfer(&mut self, transfer: Transfer) {
        let Transfer { to, from, ring_secs, limit_secs, target_state, webhook, listens, after } = transfer;
        let from = from.or_else(|| self.line.record().map(|call| call.to)).unwrap_or_default();
        let dial = Dial {
            to,
            from,
            webhook: Some(webhook.unwrap_or_else(|| self.told.address())),
            ring_secs,
            limit_secs,
            listens,
            from_answer: FromAnswer::default(),
            linked_to: Some(self.line.sid.clone()),
            joins: Some(self.line.sid.clone()),
            after: Afterwards::HungUp,
        };
        self.plan.after = after;
        if let Some(call) = self.line.exchange.call_by_command(dial, target_state) {
            self.line.hear(Heard::Dialed { call: call.sid.clone() });
            self.calling = Some(call.sid);
        }
    }

    /// The product connects this leg with another.
    pub(super) fn bridge(&mut self, with: CallSid, after: Afterwards) {
        self.plan.after = after;
        if self.say(&with, Message::Joined { with: self.line.sid.clone(), part: Part::IsBroughtIn }) {
            self.join(with, Part::WasThere);
        }
    }

    /// Somebody picked up who is to talk with another leg.
    pub(super) fn join_as_called(&mut self, with: CallSid) {
        if self.say(&with, Message::Joined { with: self.line.sid.clone(), part: Part::WasThere }) {
            self.join(with, Part::IsBroughtIn);
        } else {
            self.after(Duration::ZERO, Step::PersonHangsUp);
        }
    }

    pub(super) fn join(&mut self, with: CallSid, part: Part) {
        if self.joined.as_ref().is_some_and(|joined| joined.with != with) {
            self.part();
        }
        self.calling = None;
        self.stop_playing(crate::led::command::Stops::All);
        self.end_gathering("cancelled");
        self.told.tell_with_parties(CallEvent::Bridged, json!({}));
        if part == Part::IsBroughtIn {
            let talk = Chance::of(self.line.exchange.seed, &["talk", self.line.sid.as_str()]).within(5..=20);
            self.after(Duration::from_secs(talk.into()), Step::PersonHangsUp);
        }
        self.joined = Some(Joined { with, after: self.plan.after });
    }

    /// Another leg has gone.
    pub(super) fn left_by(&mut self, was: &CallSid) -> Option<Over> {
        if self.calling.as_ref() == Some(was) {
            self.calling = None;
        }
        let joined = self.joined.take_if(|joined| joined.with == *was)?;
        match joined.after {
            Afterwards::HungUp => Some(Over::ByOther),
            Afterwards::Parked => {
                self.agenda.retain(|(_, step)| *step != Step::PersonHangsUp);
                None
            }
        }
    }

    /// Tells the other that this leg has gone, and takes back a call to a third.
    pub(super) fn leave(&mut self) {
        self.part();
        if let Some(calling) = self.calling.take()
            && let Some(orders) = self.line.exchange.register.orders(&calling)
        {
            let (obeyed, _) = oneshot::channel();
            // It may be over by itself.
            let _ = orders.send(Order { wish: Wish::End, obeyed });
        }
        if let Some(with) = self.plan.joins.take() {
            self.say(&with, Message::Left { was: self.line.sid.clone() });
        }
    }

    fn part(&mut self) {
        if let Some(joined) = self.joined.take() {
            self.say(&joined.with, Message::Left { was: self.line.sid.clone() });
        }
    }

    /// False if nobody is there to hear it.
    fn say(&self, to: &CallSid, message: Message) -> bool {
        let exchange = Arc::clone(&self.line.exchange);
        let (obeyed, _) = oneshot::channel();
        let order = Order { wish: Wish::Led(Box::new(message)), obeyed };
        exchange.register.orders(to).is_some_and(|orders| orders.send(order).is_ok())
    }
}
