//! One socket of a device, as the web holds it. Dropping it is its end.

use super::devices::Plugged;
pub use super::devices::{LineEnd, LineNews};
use super::{AppDesk, AppUser};
use crate::engine::Engine;
use std::sync::Arc;
use trunkline_core::id::{AppUserId, CallId, DeviceId, TenantId};
use trunkline_core::signal::{Fault, FaultCode, Media, Signal};

/// One socket of a device.
pub struct DeviceLine {
    engine: Engine,
    user: AppUser,
    device: DeviceId,
    key: (TenantId, AppUserId),
    plugged: Plugged,
}

impl AppDesk {
    /// A device of the user has come. The same one that was there is cut; `None` if the user has too many.
    pub fn connect(&self, device: DeviceId) -> Option<DeviceLine> {
        let key = (self.user.tenant.clone(), self.user.id.clone());
        let number = self.inner().app.next_serial();
        let plugged = self.inner().app.devices.plug(key.clone(), device.clone(), number)?;
        Some(DeviceLine { engine: self.engine.clone(), user: self.user.clone(), device, key, plugged })
    }
}

impl DeviceLine {
    /// Which device it is.
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// Says what the device has missed. To be called once, when it has been told that it is heard.
    pub async fn greet(&self) {
        let (user, device) = (self.user.clone(), self.device.clone());
        let _ = self.engine.to_the_end(async move |inner| inner.device_came(&user, &device).await).await;
    }

    /// What the device is to be told next. Nothing is lost if it is given up while it waits.
    pub async fn next(&mut self) -> LineNews {
        self.plugged.next().await
    }

    /// Passes something on to the other device of a call.
    ///
    /// # Errors
    /// [`Fault`]: what the device is told instead.
    pub async fn signal(&self, call: CallId, signal: Signal) -> Result<(), Fault> {
        self.engine.inner.signal(&self.user, &self.device, call, signal).await
    }

    /// Hangs up.
    ///
    /// # Errors
    /// [`Fault`]: what the device is told instead.
    pub async fn end(&self, call: CallId) -> Result<(), Fault> {
        use super::AppCallError as E;
        let desk = AppDesk { engine: self.engine.clone(), user: self.user.clone() };
        let ended = desk.end(&call.to_string(), Some(self.device.clone())).await;
        let (code, message) = match ended {
            Ok(_) => return Ok(()),
            Err(E::Over(_)) => (FaultCode::CallOver, "the call is over"),
            Err(E::AnsweredElsewhere) => {
                (FaultCode::OtherDevice, "another device speaks for you in this call")
            }
            Err(E::NotFound) => (FaultCode::NoSuchCall, "there is no such call of yours"),
            Err(_) => (FaultCode::Unavailable, "it can't be done now"),
        };
        Err(Fault::new(code, message).of(call))
    }

    /// Comes back to a call. Whoever calls this has seen that the device speaks for its side.
    ///
    /// # Errors
    /// [`Fault`]: what the device is told instead.
    pub async fn resume(&self, call: CallId, media: Media) -> Result<(), Fault> {
        let (user, device) = (self.user.clone(), self.device.clone());
        let resumed =
            self.engine.to_the_end(async move |inner| inner.rejoin(&user, &device, call, media).await).await;
        resumed.unwrap_or_else(|_| Err(Fault::new(FaultCode::Unavailable, "it can't be done now").of(call)))
    }
}

impl Drop for DeviceLine {
    fn drop(&mut self) {
        let inner = Arc::clone(&self.engine.inner);
        if !inner.app.devices.unplug(&self.key, self.plugged.number) {
            return;
        }
        let (user, device) = (self.user.clone(), self.device.clone());
        let tasks = inner.tasks.clone();
        tasks.spawn(async move { inner.device_left(&user, &device).await });
    }
}
