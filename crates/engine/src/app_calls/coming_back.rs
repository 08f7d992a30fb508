//! Sockets that are lost and come back. A call goes on without them for as long as the settings say: the sound goes from browser
//! to browser.

use super::devices::Which;
use super::signaling::no_such_call;
use super::telling::{caller, ended};
use super::{AppCallError, AppUser};
use crate::engine::Inner;
use crate::intake::Taken;
use crate::live::Handle;
use std::sync::Arc;
use trunkline_core::call::{AppNews, Call, Joining, Refused, Side, State, Why};
use trunkline_core::id::{CallId, DeviceId};
use trunkline_core::signal::{Fault, FaultCode, Media, Told};

impl Inner {
    /// A device has come: it hears of the calls that ring for its user, and of what was said to it meanwhile.
    pub(super) async fn device_came(self: &Arc<Self>, user: &AppUser, device: &DeviceId) {
        for (handle, call, side) in self.live_calls_of(user) {
            let seat = call.app.as_ref().map(|app| app.seat(side).clone()).unwrap_or_default();
            match call.state() {
                State::Ringing if side == Side::Receiver => {
                    let incoming = Told::Incoming(caller(&call));
                    self.tell_user(&call, side, Which::One(device), &incoming);
                }
                // Nothing has been lost yet but a socket.
                State::Ringing if seat.device.as_ref() == Some(device) => {
                    let news = AppNews::Joined { side, device: device.clone(), how: Joining::Again };
                    let _ = self.observe_on(&handle, self.app_event(call.id, news)).await;
                }
                State::Answered if seat.device.is_none() => self.replay(&call, side, Media::Kept),
                _ => {}
            }
        }
    }

    /// A device's socket is gone.
    pub(super) async fn device_left(self: &Arc<Self>, user: &AppUser, device: &DeviceId) {
        for (handle, call, side) in self.live_calls_of(user) {
            if call.app.as_ref().and_then(|app| app.seat(side).device.as_ref()) != Some(device) {
                continue;
            }
            let news = AppNews::Lost { side, device: device.clone() };
            match self.observe_on(&handle, self.app_event(call.id, news)).await {
                Ok(Taken::Applied) if call.state() == State::Answered => {
                    let reconnecting = Told::Reconnecting {
                        call_id: call.id,
                        user_id: user.id.as_str().to_owned(),
                        grace_seconds: self.config.timing.away_secs,
                    };
                    self.tell_seat(&call, side.other(), &reconnecting);
                }
                Ok(_) => {}
                Err(error) => tracing::error!(call = %call.id, %error, "app_call.loss_not_journaled"),
            }
        }
    }

    fn live_calls_of(&self, user: &AppUser) -> Vec<(Handle, Arc<Call>, Side)> {
        let handles = self.app.index.of(&user.tenant, &user.id).into_iter();
        let seen = handles.filter_map(|call| {
            let handle = self.live.get(call)?;
            let call = handle.lock().call.clone();
            let side = call.side_of(&user.id)?;
            Some((handle, call, side))
        });
        seen.collect()
    }

    /// A device speaks for its side again. Whoever lost everything waits for the other side's new offer.
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
        let news = AppNews::Joined { side, device: device.clone(), how: Joining::Again };
        let taken = self.observe_on(&handle, self.app_event(id, news)).await;
        let call = self.settled(&handle).await;
        match taken {
            Ok(Taken::Applied | Taken::Refused(Refused::Same)) => {}
            Ok(_) if call.is_over() => return Err(over(&call)),
            Ok(_) => return Err(Fault::new(FaultCode::NotAccepted, "accept the call first").of(id)),
            Err(_) => {
                return Err(Fault::new(FaultCode::Unavailable, "nothing can be written down now").of(id));
            }
        }
        self.replay(&call, side, media);
        let user_id = user.id.as_str().to_owned();
        let resumed = |ice_restart| Told::Resumed { call_id: id, user_id: user_id.clone(), ice_restart };
        self.tell_user(&call, side, Which::One(device), &resumed(false));
        if call.state() == State::Answered {
            self.tell_seat(&call, side.other(), &resumed(media == Media::Lost));
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
