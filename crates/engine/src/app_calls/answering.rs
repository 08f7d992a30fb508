//! Taking a call between users, refusing it, ending it. What a wish meets is looked at under the call's lock, in one step with
//! journaling it: of a thousand accepts one wins.

use super::{AppCallError, AppDesk, AppUser, WhenRejected};
use crate::engine::Inner;
use std::sync::Arc;
use trunkline_core::call::{
    AppNews, AppProgress, Call, Event, Idempotency, SILENCED_MAX, Side, Source, State, What,
};
use trunkline_core::id::{CallId, DeviceId};

impl AppDesk {
    /// Takes a call that rings. The device that has taken it may say so again.
    ///
    /// # Errors
    /// `NotFound`, `NotReceiver`, `AnsweredElsewhere`, `Over`, `History`, `Journal`.
    pub async fn accept(&self, id: &str, device: Option<DeviceId>) -> Result<Arc<Call>, AppCallError> {
        let (user, id) = (self.user.clone(), id.to_owned());
        self.engine
            .to_the_end(async move |inner| inner.accept(&user, &id, device, None).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }

    /// Refuses a call that rings: for all devices of the receiver, or for the one that is named, as the tenant's rule has it.
    ///
    /// # Errors
    /// `NotFound`, `NotReceiver`, `NotNow`, `Over`, `History`, `Journal`.
    pub async fn reject(&self, id: &str, device: Option<DeviceId>) -> Result<Arc<Call>, AppCallError> {
        let (user, id) = (self.user.clone(), id.to_owned());
        self.engine
            .to_the_end(async move |inner| inner.reject(&user, &id, device).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }

    /// Ends a call: hangs up, gives up, or refuses it.
    ///
    /// # Errors
    /// `NotFound`, `AnsweredElsewhere` if the device that is named is not the one that talks, `Over`, `History`, `Journal`.
    pub async fn end(&self, id: &str, device: Option<DeviceId>) -> Result<Arc<Call>, AppCallError> {
        let (user, id) = (self.user.clone(), id.to_owned());
        self.engine
            .to_the_end(async move |inner| inner.end_app_call(&user, &id, device).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }
}

/// What becomes of a call that rings when a device of the receiver says no.
enum SayingNo {
    /// It is over.
    Ends,
    /// That device stops ringing.
    Silences(DeviceId),
    /// It had stopped before.
    Nothing,
}

impl Inner {
    pub(super) async fn accept(
        self: &Arc<Self>,
        user: &AppUser,
        id: &str,
        device: Option<DeviceId>,
        asked_with: Option<Idempotency>,
    ) -> Result<Arc<Call>, AppCallError> {
        let (handle, call, side) = self.their_call(user, id).await?;
        if side != Side::Receiver {
            return Err(AppCallError::NotReceiver);
        }
        self.observe_made(&handle, |standing| match standing.state() {
            State::Ringing => {
                let (device, asked_with) = (device.clone(), asked_with.clone());
                Ok(Some(self.app_event(call, AppNews::Taken { device, asked_with })))
            }
            State::Ended => Err(AppCallError::Over(standing.status())),
            _ => {
                let known = standing.app.as_ref().and_then(|app| app.receiver.device.as_ref());
                let is_same = device.is_some() && known == device.as_ref();
                if is_same { Ok(None) } else { Err(AppCallError::AnsweredElsewhere) }
            }
        })
        .await?;
        // Whose device has no socket, or had none when it took the call, has the time to come that any side has.
        for side in Side::ALL {
            self.away_unless_here(&handle, side).await;
        }
        Ok(self.settled(&handle).await)
    }

    async fn reject(
        self: &Arc<Self>,
        user: &AppUser,
        id: &str,
        device: Option<DeviceId>,
    ) -> Result<Arc<Call>, AppCallError> {
        let (handle, call, side) = self.their_call(user, id).await?;
        if side != Side::Receiver {
            return Err(AppCallError::NotReceiver);
        }
        self.observe_made(&handle, |standing| match standing.state() {
            State::Ringing => {
                let news = match self.saying_no(standing, device.as_ref()) {
                    SayingNo::Ends => Some(AppNews::Declined),
                    SayingNo::Silences(device) => Some(AppNews::Silenced { device }),
                    SayingNo::Nothing => None,
                };
                Ok(news.map(|news| self.app_event(call, news)))
            }
            State::Ended => Err(AppCallError::Over(standing.status())),
            _ => Err(AppCallError::NotNow(standing.status())),
        })
        .await?;
        self.tell_silenced(&handle, device.as_ref());
        Ok(self.settled(&handle).await)
    }

    /// What a device of the receiver does to a call that rings by saying no, as its tenant's rule has it.
    fn saying_no(&self, call: &Call, device: Option<&DeviceId>) -> SayingNo {
        let silences = self.config.app_calls.of(&call.tenant).when_rejected == WhenRejected::Silence;
        match (device.filter(|_| silences), &call.app) {
            (Some(device), Some(app)) if app.silenced.contains(device) => SayingNo::Nothing,
            // Whoever names ever new devices has said no often enough.
            (Some(device), Some(app)) if app.silenced.len() < SILENCED_MAX => {
                SayingNo::Silences(device.clone())
            }
            _ => SayingNo::Ends,
        }
    }

    pub(super) async fn end_app_call(
        self: &Arc<Self>,
        user: &AppUser,
        id: &str,
        device: Option<DeviceId>,
    ) -> Result<Arc<Call>, AppCallError> {
        let (handle, call, side) = self.their_call(user, id).await?;
        self.observe_made(&handle, |standing| {
            if standing.is_over() {
                return Err(AppCallError::Over(standing.status()));
            }
            let known = standing.app.as_ref().and_then(|app| app.seat(side).device.as_ref());
            let talks = standing.state() == State::Answered;
            // The word of a device that lost the race, or whose place another has taken, is too late.
            if talks && device.is_some() && known.is_some() && known != device.as_ref() {
                return Err(AppCallError::AnsweredElsewhere);
            }
            let no = match (standing.state(), side) {
                (State::Ringing, Side::Receiver) => self.saying_no(standing, device.as_ref()),
                _ => SayingNo::Ends,
            };
            let news = match no {
                SayingNo::Ends => Some(AppNews::HungUp { by: side }),
                SayingNo::Silences(device) => Some(AppNews::Silenced { device }),
                SayingNo::Nothing => None,
            };
            Ok(news.map(|news| self.app_event(call, news)))
        })
        .await?;
        if side == Side::Receiver {
            self.tell_silenced(&handle, device.as_ref());
        }
        Ok(self.settled(&handle).await)
    }

    /// News of an app call, of which no two are one.
    pub(super) fn app_event(&self, call: CallId, news: AppNews) -> Event {
        let source = match &news {
            AppNews::Taken { .. }
            | AppNews::AskedAgain { .. }
            | AppNews::Silenced { .. }
            | AppNews::Declined
            | AppNews::HungUp { .. }
            | AppNews::Joined { .. } => Source::Api,
            AppNews::RangOut | AppNews::Lost { .. } | AppNews::Gone { .. } | AppNews::Orphaned { .. } => {
                Source::Engine
            }
        };
        let key = format!("{}:{}:{}", news.as_str(), self.clock.now(), self.app.next_serial());
        self.own_event(call, key, source, What::App(Box::new(AppProgress { news })))
    }
}
