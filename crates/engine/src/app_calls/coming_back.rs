//! Sockets that are lost and come back. A call goes on without them for as long as the settings say: the sound goes from browser
//! to browser.

use super::devices::Which;
use super::signaling::no_such_call;
use super::telling::{accepted, caller, ended};
use super::{AppCallError, AppUser};
use crate::engine::Inner;
use crate::live::Handle;
use std::sync::Arc;
use trunkline_core::call::{AppNews, Call, Joining, Seat, Side, State, Why};
use trunkline_core::id::{CallId, DeviceId};
use trunkline_core::signal::{Fault, FaultCode, Media, Told};

impl Inner {
    /// A device has come: it hears of the calls that ring for its user, and of those that it is in. Of calls that are over
    /// nothing is told.
    pub(super) async fn device_came(self: &Arc<Self>, user: &AppUser, device: &DeviceId) {
        for (handle, side) in self.live_calls_of(user) {
            // Nobody hears of a call before it is written down.
            let call = self.settled(&handle).await;
            if seat(&call, side).device.as_ref() == Some(device) {
                self.is_back(&handle, side, device).await;
            }
            let is_meant = {
                let live = handle.lock();
                self.tell_who_came(&live.call, side, device)
            };
            if is_meant {
                self.replay(&handle, side);
            }
        }
    }

    /// Tells a device where a call stands; whether it may be in it. Called under the call's lock, so that nothing else is told
    /// meanwhile.
    fn tell_who_came(&self, call: &Call, side: Side, device: &DeviceId) -> bool {
        let known = seat(call, side).device;
        match call.state() {
            State::Ringing if side == Side::Receiver && is_silenced(call, device) => false,
            State::Ringing if side == Side::Receiver => {
                let incoming = Told::Incoming(caller(call));
                self.tell_user(call, side, Which::One(device), &incoming);
                false
            }
            State::Answered if known.as_ref() == Some(device) => {
                self.tell_user(call, side, Which::One(device), &accepted(call));
                true
            }
            State::Answered => known.is_none(),
            _ => false,
        }
    }

    /// The device of a side has a socket again.
    async fn is_back(self: &Arc<Self>, handle: &Handle, side: Side, device: &DeviceId) {
        let mut was_away = false;
        let made = self.observe_made::<AppCallError>(handle, |call| {
            let seat = seat(call, side);
            was_away = !call.is_over() && seat.device.as_ref() == Some(device) && seat.lost_at.is_some();
            let news = AppNews::Joined { side, device: device.clone(), how: Joining::Again };
            Ok(was_away.then(|| self.app_event(call.id, news)))
        });
        if let Err(error) = made.await {
            tracing::error!(%error, "app_call.return_not_journaled");
            return;
        }
        let call = self.settled(handle).await;
        if was_away && call.state() == State::Answered {
            // Whether it has lost more than a socket, it says itself.
            self.tell_seat(&call, side.other(), &resumed(&call, side, false));
        }
    }

    /// A device's socket is gone.
    pub(super) async fn device_left(self: &Arc<Self>, user: &AppUser, device: &DeviceId) {
        for (handle, side) in self.live_calls_of(user) {
            if seat(&handle.lock().call, side).device.as_ref() == Some(device) {
                self.away_unless_here(&handle, side).await;
            }
        }
    }

    /// A side whose device has no socket is away, and the other one hears of it while they talk.
    pub(super) async fn away_unless_here(self: &Arc<Self>, handle: &Handle, side: Side) {
        let mut is_away = false;
        let made = self.observe_made::<AppCallError>(handle, |call| {
            let seat = seat(call, side);
            let Some((device, user)) = seat.device.zip(call.app_user(side)) else { return Ok(None) };
            is_away = !call.is_over() && !self.app.devices.is_here(&call.tenant, &user, &device);
            let is_news = is_away && seat.lost_at.is_none();
            Ok(is_news.then(|| self.app_event(call.id, AppNews::Lost { side, device })))
        });
        if let Err(error) = made.await {
            tracing::error!(%error, "app_call.loss_not_journaled");
            return;
        }
        let call = self.settled(handle).await;
        if is_away && call.state() == State::Answered {
            let reconnecting = Told::Reconnecting {
                call_id: call.id,
                user_id: name(&call, side),
                grace_seconds: self.config.timing.away_secs,
            };
            self.tell_seat(&call, side.other(), &reconnecting);
        }
    }

    fn live_calls_of(&self, user: &AppUser) -> Vec<(Handle, Side)> {
        let handles = self.app.index.of(&user.tenant, &user.id).into_iter();
        let seen = handles.filter_map(|call| {
            let handle = self.live.get(call)?;
            let side = handle.lock().call.side_of(&user.id)?;
            Some((handle, side))
        });
        seen.collect()
    }

    /// A device speaks for its side again. Whoever lost everything waits for the other side's new offer; whoever says so again
    /// and again changes nothing.
    pub(super) async fn rejoin(
        self: &Arc<Self>,
        user: &AppUser,
        device: &DeviceId,
        id: CallId,
        media: Media,
    ) -> Result<(), Fault> {
        let away = |_| Fault::new(FaultCode::Unavailable, "it can't be looked up now").of(id);
        let known = self.call(&user.tenant, &id.to_string()).await.map_err(away)?;
        let known = known.filter(|call| call.side_of(&user.id).is_some());
        let known = known.ok_or_else(|| no_such_call(id))?;
        let side = known.side_of(&user.id).unwrap_or(Side::Caller);
        let over = |call: &Call| {
            self.tell_user(call, side, Which::One(device), &ended(call));
            Fault::new(FaultCode::CallOver, "the call is over").of(id)
        };
        let Some(handle) = self.live_of(&user.tenant, id).filter(|_| !known.is_over()) else {
            return Err(over(&known));
        };
        let made = self.observe_made(&handle, |call| {
            if call.is_over() {
                return Err(AppCallError::Over(call.status()));
            }
            if side == Side::Receiver && call.state() == State::Ringing {
                return Err(AppCallError::NotNow(call.status()));
            }
            let seat = seat(call, side);
            let is_known = seat.device.as_ref() == Some(device) && seat.lost_at.is_none();
            let news = AppNews::Joined { side, device: device.clone(), how: Joining::Again };
            Ok((!is_known).then(|| self.app_event(id, news)))
        });
        let made = made.await;
        let call = self.settled(&handle).await;
        match made {
            Ok(()) if !call.is_over() => {}
            Ok(()) | Err(AppCallError::Over(_)) => return Err(over(&call)),
            Err(AppCallError::NotNow(_)) => {
                return Err(Fault::new(FaultCode::NotAccepted, "accept the call first").of(id));
            }
            Err(_) => {
                return Err(Fault::new(FaultCode::Unavailable, "nothing can be written down now").of(id));
            }
        }
        let talks = call.state() == State::Answered;
        let begins_anew = talks && media == Media::Lost;
        if begins_anew {
            self.app.signals.begin_anew(id, side);
            if handle.lock().call.is_over() {
                // It ended a moment ago, with all that was kept for it.
                self.app.signals.forget(id);
            }
        } else {
            self.replay(&handle, side);
        }
        let owes_offer = self.app.signals.owes_offer(id, side);
        self.tell_user(&call, side, Which::One(device), &resumed(&call, side, owes_offer));
        if talks {
            self.tell_seat(&call, side.other(), &resumed(&call, side, begins_anew));
        }
        Ok(())
    }

    /// What a passed deadline of an app call means. Who was lost before this process began has had no chance to come back.
    pub(crate) fn overdue(&self, call: &Call, why: Why) -> AppNews {
        let side = match why {
            Why::CallerGone => Side::Caller,
            Why::ReceiverGone => Side::Receiver,
            _ => return AppNews::RangOut,
        };
        let lost = call.app.as_ref().and_then(|app| app.seat(side).lost_at);
        if lost.is_some_and(|lost| lost < self.app.began) {
            AppNews::Orphaned { side }
        } else {
            AppNews::Gone { side }
        }
    }

    /// A call that was answered when the last process ended: its sockets are gone, but for those that came back already.
    pub(crate) fn orphaned(self: &Arc<Self>, handle: &Handle) {
        let is_meant = {
            let live = handle.lock();
            live.call.app.is_some() && live.call.state() == State::Answered
        };
        if !is_meant {
            return;
        }
        let (inner, handle) = (self.clone(), handle.clone());
        self.tasks.spawn(async move {
            for side in Side::ALL {
                let made = inner.observe_made::<AppCallError>(&handle, |call| {
                    let device = call.app.as_ref().and_then(|app| app.seat(side).device.as_ref());
                    let user = call.app_user(side);
                    let is_here = device
                        .zip(user.as_ref())
                        .is_none_or(|(device, user)| inner.app.devices.is_here(&call.tenant, user, device));
                    Ok((!is_here).then(|| inner.app_event(call.id, AppNews::Orphaned { side })))
                });
                if let Err(error) = made.await {
                    tracing::error!(%error, "app_call.not_waited_for");
                }
            }
        });
    }
}

fn seat(call: &Call, side: Side) -> Seat {
    call.app.as_ref().map(|app| app.seat(side).clone()).unwrap_or_default()
}

fn is_silenced(call: &Call, device: &DeviceId) -> bool {
    call.app.as_ref().is_some_and(|app| app.silenced.contains(device))
}

fn name(call: &Call, side: Side) -> String {
    call.app_user(side).map(|user| user.as_str().to_owned()).unwrap_or_default()
}

/// That a side is back, for one who makes a new offer or does not.
fn resumed(call: &Call, side: Side, ice_restart: bool) -> Told {
    Told::Resumed { call_id: call.id, user_id: name(call, side), ice_restart }
}
