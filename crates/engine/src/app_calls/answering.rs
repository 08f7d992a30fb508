//! Taking a call between users, refusing it, ending it. What a wish meets is looked at under the call's lock, in one step with
//! journaling it: of a thousand accepts one wins.

use super::{AppCallError, AppDesk, AppUser};
use crate::engine::Inner;
use std::sync::Arc;
use trunkline_core::call::{AppNews, AppProgress, Call, Event, Side, Source, State, What};
use trunkline_core::id::{CallId, DeviceId};

impl AppDesk {
    /// Takes a call that rings. The device that has taken it may say so again.
    ///
    /// # Errors
    /// `NotFound`, `NotReceiver`, `AnsweredElsewhere`, `Over`, `History`, `Journal`.
    pub async fn accept(&self, id: &str, device: Option<DeviceId>) -> Result<Arc<Call>, AppCallError> {
        let (user, id) = (self.user.clone(), id.to_owned());
        self.engine
            .to_the_end(async move |inner| inner.accept(&user, &id, device).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }

    /// Refuses a call that rings.
    ///
    /// # Errors
    /// `NotFound`, `NotReceiver`, `NotNow`, `Over`, `History`, `Journal`.
    pub async fn reject(&self, id: &str) -> Result<Arc<Call>, AppCallError> {
        let (user, id) = (self.user.clone(), id.to_owned());
        self.engine
            .to_the_end(async move |inner| inner.reject(&user, &id).await)
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

impl Inner {
    pub(super) async fn accept(
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
            State::Ringing => Ok(Some(self.app_event(call, AppNews::Taken { device: device.clone() }))),
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

    async fn reject(self: &Arc<Self>, user: &AppUser, id: &str) -> Result<Arc<Call>, AppCallError> {
        let (handle, call, side) = self.their_call(user, id).await?;
        if side != Side::Receiver {
            return Err(AppCallError::NotReceiver);
        }
        self.observe_made(&handle, |standing| match standing.state() {
            State::Ringing => Ok(Some(self.app_event(call, AppNews::Declined))),
            State::Ended => Err(AppCallError::Over(standing.status())),
            _ => Err(AppCallError::NotNow(standing.status())),
        })
        .await?;
        Ok(self.settled(&handle).await)
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
            Ok(Some(self.app_event(call, AppNews::HungUp { by: side })))
        })
        .await?;
        Ok(self.settled(&handle).await)
    }

    /// News of an app call, of which no two are one.
    pub(super) fn app_event(&self, call: CallId, news: AppNews) -> Event {
        let source = match &news {
            AppNews::Taken { .. } | AppNews::Declined | AppNews::HungUp { .. } | AppNews::Joined { .. } => {
                Source::Api
            }
            AppNews::RangOut | AppNews::Lost { .. } | AppNews::Gone { .. } | AppNews::Orphaned { .. } => {
                Source::Engine
            }
        };
        let key = format!("{}:{}:{}", news.as_str(), self.clock.now(), self.app.next_serial());
        self.own_event(call, key, source, What::App(Box::new(AppProgress { news })))
    }
}
