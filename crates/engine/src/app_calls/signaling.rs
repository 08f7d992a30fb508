//! What the two devices of a call tell each other: looked at against the call, kept for who is not there, passed on as it came.
//!
//! What is kept has its own lock, taken before the call's: whom something goes to, and whether they hear it already, is
//! decided with both held.

use super::devices::Which;
use super::{AppCallError, AppUser};
use crate::engine::Inner;
use crate::live::{Handle, Health};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use trunkline_core::call::{AppNews, Call, Joining, MaySignal, NoSignal, Side, State};
use trunkline_core::id::{AppUserId, CallId, DeviceId};
use trunkline_core::signal::{Fault, FaultCode, Kept, Numbering, Signal, SignalKind};

/// What is kept for the sides of live calls.
#[derive(Debug, Default)]
pub(super) struct Signals(Mutex<HashMap<CallId, Arc<Mutex<ForSides>>>>);

#[derive(Debug, Default)]
struct ForSides {
    numbers: Numbering,
    caller: ForSide,
    receiver: ForSide,
}

/// What is kept for one side.
#[derive(Debug, Default)]
struct ForSide {
    kept: Kept,
    /// The other side has lost everything, and this one has not made a new offer yet.
    owes_offer: bool,
}

impl ForSides {
    fn of(&mut self, side: Side) -> &mut ForSide {
        match side {
            Side::Caller => &mut self.caller,
            Side::Receiver => &mut self.receiver,
        }
    }
}

impl Signals {
    fn of(&self, call: CallId) -> Arc<Mutex<ForSides>> {
        self.0.lock().entry(call).or_default().clone()
    }

    fn get(&self, call: CallId) -> Option<Arc<Mutex<ForSides>>> {
        self.0.lock().get(&call).cloned()
    }

    /// The call is over, or not here any more.
    pub fn forget(&self, call: CallId) {
        self.0.lock().remove(&call);
    }

    /// A side has lost everything: what was said before is worth nothing to either of them, and the other one is to make a
    /// new offer.
    pub fn begin_anew(&self, call: CallId, lost: Side) {
        let sides = self.of(call);
        let mut sides = sides.lock();
        *sides = ForSides { numbers: sides.numbers, ..ForSides::default() };
        sides.of(lost.other()).owes_offer = true;
    }

    /// Whether a side is to make a new offer: it may have been away when it was told so.
    pub fn owes_offer(&self, call: CallId, side: Side) -> bool {
        self.get(call).is_some_and(|sides| sides.lock().of(side).owes_offer)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.lock().len()
    }
}

/// Whom something goes to.
struct Peer {
    user: AppUserId,
    /// The one that speaks for the side; `None` while that may be any.
    device: Option<DeviceId>,
    /// Whether there is anybody to hear it yet.
    listens: bool,
}

impl Inner {
    /// Passes a signal on.
    pub(super) async fn signal(
        self: &Arc<Self>,
        user: &AppUser,
        device: &DeviceId,
        call: CallId,
        signal: Signal,
    ) -> Result<(), Fault> {
        let fault = |code, message| Fault::new(code, message).of(call);
        let handle = self.live_of(&user.tenant, call).ok_or_else(|| no_such_call(call))?;
        let (side, joins, is_written) = {
            let live = handle.lock();
            let side = live.call.side_of(&user.id).ok_or_else(|| no_such_call(call))?;
            let joins = live.call.may_signal(side, device) == Ok(MaySignal::Joins);
            (side, joins, live.last <= self.journal.durable())
        };
        if joins {
            self.speaks_first(&handle, side, device)
                .await
                .map_err(|_| fault(FaultCode::Unavailable, "nothing can be written down now"))?;
        }
        if joins || !is_written {
            // Nobody hears of a call that was taken before it is written down that it was.
            self.settled(&handle).await;
        }
        let passed = self.pass(&handle, (side, user), device, &signal);
        self.tally.app_frame(if passed.is_ok() { "passed" } else { "refused" });
        passed.map_err(|why| why.of(call))
    }

    /// A device speaks for a side that had none, if it is still so.
    async fn speaks_first(
        self: &Arc<Self>,
        handle: &Handle,
        side: Side,
        device: &DeviceId,
    ) -> Result<(), AppCallError> {
        let joined = self.observe_made(handle, |standing| {
            let joins = standing.may_signal(side, device) == Ok(MaySignal::Joins);
            let news = AppNews::Joined { side, device: device.clone(), how: Joining::First };
            Ok(joins.then(|| self.app_event(standing.id, news)))
        });
        joined.await
    }

    /// Tells the other side something, or keeps it. Whether the device may, and who the other is, is looked at now: much may
    /// have happened while something was written down.
    fn pass(
        &self,
        handle: &Handle,
        (side, user): (Side, &AppUser),
        device: &DeviceId,
        signal: &Signal,
    ) -> Result<(), Fault> {
        let call = handle.lock().call.id;
        let sides = self.app.signals.of(call);
        let mut sides = sides.lock();
        let live = handle.lock();
        if live.health == Health::GivenUp {
            self.app.signals.forget(call);
            return Err(Fault::new(FaultCode::Unavailable, "another server carries this call now"));
        }
        let standing = &live.call;
        match standing.may_signal(side, device) {
            Ok(MaySignal::Speaks) => {}
            Ok(MaySignal::Joins) => {
                return Err(Fault::new(FaultCode::Unavailable, "it can't be passed on now"));
            }
            Err(why) => {
                if why == NoSignal::Over {
                    self.app.signals.forget(call);
                }
                let (code, message) = said(why);
                return Err(Fault::new(code, message));
            }
        }
        let seq = sides.numbers.next(standing.created_at, self.clock.now());
        let written = serde_json::to_string(&signal.sent(call, user.id.as_str(), seq));
        let text = written.map_err(|_| Fault::new(FaultCode::BadFrame, "it can't be passed on"))?;
        let peer = peer(standing, side.other()).ok_or_else(|| no_such_call(call))?;
        if signal.kind == SignalKind::Offer {
            sides.of(side).owes_offer = false;
        }
        let is_heard = |text: &str| peer.listens && self.tell_peer(standing, &peer, text) > 0;
        let passed = sides.of(side.other()).kept.pass(signal.kind, &text, is_heard);
        let full = "too much waits for the other side already";
        passed.map_err(|_| Fault::new(FaultCode::TooMuchWaits, full))
    }

    fn tell_peer(&self, call: &Call, peer: &Peer, text: &str) -> usize {
        let which = peer.device.as_ref().map_or(Which::All, Which::One);
        self.app.devices.tell(&call.tenant, &peer.user, which, text)
    }

    /// Tells a side what it has not heard. Called with no lock of the call held.
    pub(super) fn replay(&self, handle: &Handle, side: Side) {
        let call = handle.lock().call.id;
        let Some(sides) = self.app.signals.get(call) else { return };
        let mut sides = sides.lock();
        let live = handle.lock();
        let Some(peer) = peer(&live.call, side).filter(|peer| peer.listens) else { return };
        sides.of(side).kept.replay(|text| self.tell_peer(&live.call, &peer, text) > 0);
    }
}

fn peer(call: &Call, side: Side) -> Option<Peer> {
    let device = call.app.as_ref()?.seat(side).device.clone();
    let listens = side == Side::Caller || call.state() == State::Answered;
    Some(Peer { user: call.app_user(side)?, device, listens })
}

pub(super) fn no_such_call(call: CallId) -> Fault {
    Fault::new(FaultCode::NoSuchCall, "there is no such call of yours").of(call)
}

fn said(why: NoSignal) -> (FaultCode, &'static str) {
    match why {
        NoSignal::Over => (FaultCode::CallOver, "the call is over"),
        NoSignal::NotTaken => (FaultCode::NotAccepted, "accept the call first"),
        NoSignal::OtherDevice => (FaultCode::OtherDevice, "another device speaks for you in this call"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> CallId {
        CallId::from_bytes([1; 16])
    }

    #[test]
    fn the_other_side_of_the_one_that_lost_everything_last_owes_the_offer() {
        let signals = Signals::default();
        signals.begin_anew(call(), Side::Receiver);
        assert!(signals.owes_offer(call(), Side::Caller) && !signals.owes_offer(call(), Side::Receiver));
        signals.begin_anew(call(), Side::Caller);
        assert!(!signals.owes_offer(call(), Side::Caller) && signals.owes_offer(call(), Side::Receiver));
    }

    #[test]
    fn who_only_asks_leaves_nothing_behind() {
        let signals = Signals::default();
        assert!(!signals.owes_offer(call(), Side::Caller));
        assert_eq!(signals.len(), 0);
        signals.begin_anew(call(), Side::Caller);
        signals.forget(call());
        assert_eq!(signals.len(), 0);
    }
}
