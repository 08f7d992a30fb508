//! What devices are told when a call's status has moved, once that is durable.

use super::devices::Which;
use crate::engine::Inner;
use crate::live::Handle;
use std::sync::Arc;
use trunkline_core::call::{AppEnd, Call, Side, State, Status};
use trunkline_core::id::{ConversationId, DeviceId};
use trunkline_core::signal::{Caller, Told};

impl Inner {
    /// Tells both users what became of their call. Whoever is not connected learns it when they come.
    pub(crate) fn tell_devices(&self, handle: &Handle, status: Status) {
        let call = {
            let live = handle.lock();
            if live.call.app.is_none() {
                return;
            }
            live.call.clone()
        };
        // It has moved on since: what came of it is told by what moved it.
        if !status.is_over() && call.status() != status {
            return;
        }
        match status {
            Status::Ringing => {
                self.tell_user(&call, Side::Receiver, Which::All, &Told::Incoming(caller(&call)));
                self.tell_user(&call, Side::Caller, Which::All, &ringing(&call));
            }
            Status::Answered => {
                self.tell_taken(&call);
                self.replay(handle, Side::Receiver);
            }
            status if status.is_over() => self.tell_over(&call),
            _ => {}
        }
    }

    fn tell_taken(&self, call: &Arc<Call>) {
        let device = call.app.as_ref().and_then(|app| app.receiver.device.clone());
        let accepted = accepted(call);
        self.tell_user(call, Side::Caller, Which::All, &accepted);
        if let Some(device) = &device {
            let elsewhere =
                Told::Ended { call_id: call.id, reason: "answered_elsewhere", duration_seconds: None };
            self.tell_user(call, Side::Receiver, Which::One(device), &accepted);
            self.tell_user(call, Side::Receiver, Which::Others(device), &elsewhere);
        } else {
            self.tell_user(call, Side::Receiver, Which::All, &accepted);
        }
    }

    fn tell_over(&self, call: &Arc<Call>) {
        self.app.signals.forget(call.id);
        match call.app_end() {
            Some(AppEnd::Declined) => {
                self.tell_user(call, Side::Caller, Which::All, &Told::Rejected { call_id: call.id });
            }
            Some(AppEnd::Missed) => {
                for side in Side::ALL {
                    self.tell_user(call, side, Which::All, &Told::Missed(caller(call)));
                }
            }
            // It never rang.
            Some(AppEnd::Busy) => return self.tell_user(call, Side::Caller, Which::All, &ended(call)),
            _ => {}
        }
        for side in Side::ALL {
            self.tell_user(call, side, Which::All, &ended(call));
        }
    }

    /// Tells a device that it is not to ring any more, though the call goes on.
    pub(super) fn tell_silenced(&self, handle: &Handle, device: Option<&DeviceId>) {
        let call = handle.lock().call.clone();
        let silenced = |device: &&DeviceId| {
            call.state() == State::Ringing
                && call.app.as_ref().is_some_and(|app| app.silenced.contains(*device))
        };
        if let Some(device) = device.filter(silenced) {
            let ended = Told::Ended { call_id: call.id, reason: "silenced", duration_seconds: None };
            self.tell_user(&call, Side::Receiver, Which::One(device), &ended);
        }
    }

    /// Tells devices of one side something. Who is not to hear of a call hears nothing of it.
    pub(super) fn tell_user(&self, call: &Call, side: Side, which: Which<'_>, told: &Told) {
        let Some(user) = call.hearer(side) else { return };
        match serde_json::to_string(told) {
            Ok(text) => {
                self.app.devices.tell(&call.tenant, &user, which, &text);
            }
            Err(error) => tracing::error!(call = %call.id, %error, "a frame could not be written"),
        }
    }

    /// Tells the device of one side something; all of the user's, while any may speak for it.
    pub(super) fn tell_seat(&self, call: &Call, side: Side, told: &Told) {
        let device: Option<&DeviceId> = call.app.as_ref().and_then(|app| app.seat(side).device.as_ref());
        self.tell_user(call, side, device.map_or(Which::All, Which::One), told);
    }
}

/// Who calls, and what about.
pub(super) fn caller(call: &Call) -> Caller {
    let user = |side| call.app_user(side).map(|user| user.as_str().to_owned()).unwrap_or_default();
    let app = call.app.as_ref();
    Caller {
        call_id: call.id,
        caller_id: user(Side::Caller),
        caller_username: call.party.name.as_ref().map(|name| name.reveal().clone()),
        receiver_id: user(Side::Receiver),
        call_type: app.map_or(trunkline_core::call::CallType::Voice, |app| app.call_type),
        conversation_id: app
            .and_then(|app| app.conversation.as_ref())
            .map(ConversationId::as_str)
            .map(str::to_owned),
    }
}

fn ringing(call: &Call) -> Told {
    let Caller { call_id, receiver_id, call_type, .. } = caller(call);
    Told::Ringing { call_id, receiver_id, call_type }
}

/// That a call was taken, by whom, and with which device.
pub(super) fn accepted(call: &Call) -> Told {
    let by = call.app_user(Side::Receiver).map(|user| user.as_str().to_owned()).unwrap_or_default();
    let device_id = call.app.as_ref().and_then(|app| app.receiver.device.clone());
    Told::Accepted { call_id: call.id, by, device_id }
}

/// That a call is over, and why.
pub(super) fn ended(call: &Call) -> Told {
    let reason = call.app_end().map_or("unknown", AppEnd::as_str);
    Told::Ended { call_id: call.id, reason, duration_seconds: call.duration_secs() }
}
