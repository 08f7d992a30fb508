//! A call to a number that forwards is put through from its first page: journaled as a transfer that has begun, since the carrier
//! gets to know it with the answer to its own fetch. Where nobody is reached, the script that is there for that goes on.

use crate::actions::own_number;
use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::live::Handle;
use std::sync::Arc;
use trunkline_core::call::{Call, Source, Transfer, TransferAsked, What};
use trunkline_core::numbers::{Answer, Route};
use trunkline_core::private::Address;

impl Inner {
    /// Puts a call through whose number forwards, unless that was done; also after a crash in between.
    pub(crate) async fn put_through(self: &Arc<Self>, handle: &Handle) -> Result<(), IntakeError> {
        let Some(to) = self.forwards_to(&handle.lock().call) else { return Ok(()) };
        self.observe_made(handle, |call| {
            if !is_to_be_put_through(call) {
                return Ok::<_, Unreached>(None);
            }
            let transfer =
                Transfer { to, from: own_number(call), ring_timeout_secs: call.limits.ring_timeout_secs };
            let asked = TransferAsked { no: call.next_action(), transfer, idempotency: None };
            let what = What::Forwarded(Box::new(asked));
            Ok(Some(self.own_event(call.id, "forwarded".to_owned(), Source::Engine, what)))
        })
        .await
        .map_err(|Unreached(error)| error)
    }

    /// Where to. What is not dialed, or no more, is not dialed so either.
    fn forwards_to(&self, call: &Call) -> Option<Address> {
        if !is_to_be_put_through(call) {
            return None;
        }
        let number = self.number_of(&own_number(call))?;
        let Answer::Forward(to) = &number.answering.answer else { return None };
        let to = self.dialable(&call.tenant, "forward", to.as_str());
        to.inspect_err(|error| tracing::warn!(call = %call.id, %error, "number.not_forwarded")).ok()
    }
}

fn is_to_be_put_through(call: &Call) -> bool {
    call.route == Some(Route::Forward) && call.actions.is_empty()
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
