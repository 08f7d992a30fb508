//! What the two devices of a call tell each other: looked at against the call, kept for who is not there, passed on as it came.

use super::AppUser;
use super::devices::Which;
use crate::engine::Inner;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use trunkline_core::call::{AppNews, Call, Joining, MaySignal, NoSignal, Refused, Side, State};
use trunkline_core::id::{AppUserId, CallId, DeviceId};
use trunkline_core::signal::{Fault, FaultCode, Kept, Media, Signal};

/// What is kept for the sides of live calls.
#[derive(Debug, Default)]
pub(super) struct Signals(Mutex<HashMap<CallId, Arc<Mutex<ForSides>>>>);

#[derive(Debug, Default)]
struct ForSides {
    caller: Kept,
    receiver: Kept,
}

impl ForSides {
    fn of(&mut self, side: Side) -> &mut Kept {
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

    /// The call is over.
    pub fn forget(&self, call: CallId) {
        self.0.lock().remove(&call);
    }
}

/// Whom something goes to.
struct Peer {
    side: Side,
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
        let (may, side, peer) = {
            let live = handle.lock();
            let side = live.call.side_of(&user.id).ok_or_else(|| no_such_call(call))?;
            let may = live.call.may_signal(side, device).map_err(|why| {
                let (code, message) = said(why);
                fault(code, message)
            })?;
            (may, side, peer(&live.call, side.other()).ok_or_else(|| no_such_call(call))?)
        };
        if may == MaySignal::Joins {
            let news = AppNews::Joined { side, device: device.clone(), how: Joining::First };
            match self.observe_on(&handle, self.app_event(call, news)).await {
                Ok(crate::intake::Taken::Refused(Refused::Same) | crate::intake::Taken::Applied) => {}
                Ok(_) => return Err(fault(FaultCode::OtherDevice, "another device speaks for you")),
                Err(_) => return Err(fault(FaultCode::Unavailable, "nothing can be written down now")),
            }
        }
        let written = serde_json::to_string(&signal.sent(call, user.id.as_str()));
        let text = written.map_err(|_| fault(FaultCode::BadFrame, "it can't be passed on"))?;
        let kept = self.app.signals.of(call);
        let mut kept = kept.lock();
        let is_heard = peer.listens && self.tell_side(user, &peer, &text) > 0;
        let room = kept.of(peer.side).keep(signal.kind, &text, is_heard);
        room.map_err(|_| fault(FaultCode::TooMuchWaits, "too much waits for the other side already"))
    }

    fn tell_side(&self, user: &AppUser, peer: &Peer, text: &str) -> usize {
        let which = peer.device.as_ref().map_or(Which::All, Which::One);
        self.app.devices.tell(&user.tenant, &peer.user, which, text)
    }

    /// Tells a side what it has not heard, or everything if it has nothing left. Called with no lock of the call held.
    pub(super) fn replay(&self, call: &Call, side: Side, media: Media) {
        let Some(peer) = peer(call, side).filter(|peer| peer.listens) else { return };
        let which = peer.device.as_ref().map_or(Which::All, Which::One);
        let kept = self.app.signals.of(call.id);
        let mut kept = kept.lock();
        for text in kept.of(side).replayed(media) {
            self.app.devices.tell(&call.tenant, &peer.user, which, &text);
        }
    }
}

fn peer(call: &Call, side: Side) -> Option<Peer> {
    let device = call.app.as_ref()?.seat(side).device.clone();
    let listens = side == Side::Caller || call.state() == State::Answered;
    Some(Peer { side, user: call.app_user(side)?, device, listens })
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
