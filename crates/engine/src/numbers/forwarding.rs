//! A call to a number that forwards is put through from its first page, and one that its bot gives over from the page after the bot: journaled as a transfer that has begun, since the carrier
//! gets to know it with the answer to its own fetch. The leg takes up a slot and a turn like any other that is dialed. Where nobody is reached, the script that is there for that goes on.

use crate::actions::own_number;
use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::live::Handle;
use std::sync::Arc;
use trunkline_core::bot::Effect;
use trunkline_core::call::{BotOver, Call, Source, Transfer, TransferAsked, TransferMode, What};
use trunkline_core::dial::gates::{Closed, admit_forward};
use trunkline_core::dial::pace;
use trunkline_core::numbers::{Answer, Route};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::Address;

impl Inner {
    /// Puts a call through whose number forwards, unless that was done; also after a crash in between. Where there is no room
    /// for one more leg it is not, and that is said once and for all: a call that hears something else is not torn out of it.
    pub(crate) async fn put_through(self: &Arc<Self>, handle: &Handle) -> Result<(), IntakeError> {
        let Some(to) = self.forwards_to(&handle.lock().call) else { return Ok(()) };
        let taken = self
            .observe_made(handle, |call| {
                if !is_to_be_put_through(call) {
                    return Ok::<_, Unreached>(None);
                }
                let no = call.next_action();
                if let Err(closed) = self.take_forwards_slot(call) {
                    tracing::warn!(call = %call.id, gate = closed.code(), "number.not_forwarded: the caller hears that all lines are busy");
                    let what = What::ActionRefused { no, why: format!("not dialed: {}", closed.code()) };
                    return Ok(Some(self.own_event(call.id, "forwarded".to_owned(), Source::Engine, what)));
                }
                let transfer =
                    Transfer {
                        to,
                        from: own_number(call),
                        ring_timeout_secs: call.limits.ring_timeout_secs,
                        mode: TransferMode::Blind,
                    };
                let asked = TransferAsked { no, transfer, idempotency: None };
                let what = What::Forwarded(Box::new(asked));
                Ok(Some(self.own_event(call.id, "forwarded".to_owned(), Source::Engine, what)))
            })
            .await;
        if taken.is_err() {
            self.frees_second_slot(handle);
        }
        taken.map_err(|Unreached(error)| error)
    }

    /// Whether a call was to be put through, found no room, and its number has nothing else to say.
    pub(crate) fn hears_busy(&self, call: &Call) -> bool {
        let was_refused =
            || call.actions.values().any(|action| action.asked.is_none() && action.refused.is_some());
        let has_words =
            || self.number_of(&own_number(call)).is_some_and(|own| own.answering.after_hours.is_some());
        call.route == Some(Route::Forward) && was_refused() && !has_words()
    }

    /// Takes room for the leg, and the next turn: those who can wait begin later.
    fn take_forwards_slot(&self, call: &Call) -> Result<(), Closed> {
        let (now, limits) = (self.clock.now(), self.limits_of(&call.tenant));
        self.slots.take_second_if(call, |open| admit_forward(&self.snapshot_of(call, &open), &limits))?;
        let mut paces = self.paces.lock();
        let last = paces.get(&call.account).copied();
        let turn = pace::turn(last, self.config.dial_limits.cps, now).unwrap_or_else(|due| due);
        paces.insert(call.account.clone(), turn);
        Ok(())
    }

    /// Where to. What is not dialed, or no more, is not dialed so either.
    fn forwards_to(&self, call: &Call) -> Option<Address> {
        if !is_to_be_put_through(call) {
            return None;
        }
        let to = match given_over_to(call) {
            Some(to) => to,
            None => match self.number_of(&own_number(call))?.answering.answer {
                Answer::Forward(to) => to,
                Answer::Script(_) | Answer::Bot(_) => return None,
            },
        };
        let to = self.dialable(&call.tenant, "forward", to.as_str());
        to.inspect_err(|error| tracing::warn!(call = %call.id, %error, "number.not_forwarded")).ok()
    }
}

fn is_to_be_put_through(call: &Call) -> bool {
    let is_wanted = call.route == Some(Route::Forward) || given_over_to(call).is_some();
    is_wanted && call.actions.is_empty()
}

/// To whom its bot gave it over: somebody of the bot's list, since nobody else is in what its tools did.
fn given_over_to(call: &Call) -> Option<PhoneNumber> {
    let talk = call.bot.as_ref().filter(|talk| talk.why_over() == Some(BotOver::HandedOver))?;
    let tools = talk.tools();
    tools.effects().rev().find_map(|effect| match effect {
        Effect::Transfer { to } => Some(to.clone()),
        _ => None,
    })
}

/// The journal did not take it, or another server carries the call by now.
struct Unreached(IntakeError);

impl From<IntakeError> for Unreached {
    fn from(error: IntakeError) -> Self {
        Self(error)
    }
}

impl From<crate::Unavailable> for Unreached {
    fn from(away: crate::Unavailable) -> Self {
        Self(IntakeError::Failed(away.to_string()))
    }
}
