//! Who is connected: the sockets of each user, and the one way to tell them anything. Nothing here waits: a device that
//! reads too slowly is cut, and slows nobody.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use trunkline_core::id::{AppUserId, DeviceId, TenantId};

/// So many frames may wait for one socket.
const WAITING: usize = 2_048;
/// And so many bytes.
const WAITING_BYTES: usize = 1024 * 1024;
/// So many devices of one user at once.
const MOST_DEVICES: usize = 16;

/// Why a socket is cut from this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// The same device has come again.
    Replaced,
    /// It reads too slowly.
    Slow,
}

/// What comes next on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineNews {
    /// The device is to be told this.
    Tell(String),
    /// It is to be cut.
    Cut(LineEnd),
}

/// Every device that is connected.
#[derive(Debug, Default)]
pub(super) struct Devices(Mutex<HashMap<(TenantId, AppUserId), Vec<Device>>>);

#[derive(Debug)]
struct Device {
    id: DeviceId,
    number: u64,
    frames: mpsc::Sender<String>,
    bytes: Arc<AtomicUsize>,
    cut: watch::Sender<Option<LineEnd>>,
}

/// The other end of a device's line.
#[derive(Debug)]
pub(super) struct Plugged {
    pub number: u64,
    frames: mpsc::Receiver<String>,
    bytes: Arc<AtomicUsize>,
    cut: watch::Receiver<Option<LineEnd>>,
}

impl Plugged {
    /// What comes next. Nothing is lost if it is given up while it waits.
    pub async fn next(&mut self) -> LineNews {
        loop {
            if let Some(end) = *self.cut.borrow_and_update() {
                return LineNews::Cut(end);
            }
            tokio::select! {
                biased;
                changed = self.cut.changed() => {
                    if changed.is_err() {
                        return LineNews::Cut(LineEnd::Replaced);
                    }
                }
                told = self.frames.recv() => {
                    let Some(text) = told else { return LineNews::Cut(LineEnd::Replaced) };
                    self.bytes.fetch_sub(text.len(), Ordering::Relaxed);
                    return LineNews::Tell(text);
                }
            }
        }
    }
}

impl Device {
    /// Gives it a frame, if there is room.
    fn tell(&self, text: &str) -> Result<(), TrySendError<()>> {
        if self.bytes.load(Ordering::Relaxed) + text.len() > WAITING_BYTES {
            return Err(TrySendError::Full(()));
        }
        self.bytes.fetch_add(text.len(), Ordering::Relaxed);
        self.frames.try_send(text.to_owned()).map_err(|error| {
            self.bytes.fetch_sub(text.len(), Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => TrySendError::Full(()),
                TrySendError::Closed(_) => TrySendError::Closed(()),
            }
        })
    }
}

/// Who is connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connected {
    /// Users with a device at least.
    pub users: u64,
    /// Their devices.
    pub devices: u64,
}

/// Which devices of a user.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which<'a> {
    All,
    One(&'a DeviceId),
    Others(&'a DeviceId),
}

impl Devices {
    /// A device has come; the same one that was there is cut. `None` if the user has too many.
    pub fn plug(&self, user: (TenantId, AppUserId), id: DeviceId, number: u64) -> Option<Plugged> {
        let (frames, heard) = mpsc::channel(WAITING);
        let (cut, is_cut) = watch::channel(None);
        let mut all = self.0.lock();
        let theirs = all.entry(user).or_default();
        if let Some(place) = theirs.iter().position(|device| device.id == id) {
            theirs.swap_remove(place).cut.send_replace(Some(LineEnd::Replaced));
        }
        if theirs.len() >= MOST_DEVICES {
            return None;
        }
        let bytes = Arc::new(AtomicUsize::new(0));
        theirs.push(Device { id, number, frames, bytes: Arc::clone(&bytes), cut });
        Some(Plugged { number, frames: heard, bytes, cut: is_cut })
    }

    /// A socket is gone; `true` if no newer one of its device is there.
    pub fn unplug(&self, user: &(TenantId, AppUserId), number: u64) -> bool {
        let mut all = self.0.lock();
        let Some(theirs) = all.get_mut(user) else { return false };
        let before = theirs.len();
        theirs.retain(|device| device.number != number);
        let is_gone = theirs.len() < before;
        if theirs.is_empty() {
            all.remove(user);
        }
        is_gone
    }

    /// Who is connected, of one tenant or of all.
    pub fn connected(&self, tenant: Option<&TenantId>) -> Connected {
        let all = self.0.lock();
        let theirs = all.iter().filter(|((of, _), _)| tenant.is_none_or(|tenant| of == tenant));
        theirs.fold(Connected::default(), |sum, (_, devices)| Connected {
            users: sum.users + 1,
            devices: sum.devices + u64::try_from(devices.len()).unwrap_or(u64::MAX),
        })
    }

    /// Whether a device is connected.
    pub fn is_here(&self, tenant: &TenantId, user: &AppUserId, id: &DeviceId) -> bool {
        let all = self.0.lock();
        let theirs = all.get(&(tenant.clone(), user.clone()));
        theirs.is_some_and(|theirs| theirs.iter().any(|device| device.id == *id))
    }

    /// Tells devices of a user something; how many there were to tell.
    pub fn tell(&self, tenant: &TenantId, user: &AppUserId, which: Which<'_>, text: &str) -> usize {
        let mut all = self.0.lock();
        let key = (tenant.clone(), user.clone());
        let Some(theirs) = all.get_mut(&key) else { return 0 };
        let mut told = 0;
        for device in theirs {
            let is_meant = match which {
                Which::All => true,
                Which::One(id) => device.id == *id,
                Which::Others(id) => device.id != *id,
            };
            if !is_meant {
                continue;
            }
            match device.tell(text) {
                Ok(()) => told += 1,
                // It is taken out when its socket has ended.
                Err(TrySendError::Full(_)) => {
                    device.cut.send_replace(Some(LineEnd::Slow));
                }
                Err(TrySendError::Closed(_)) => {}
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> (TenantId, AppUserId) {
        (TenantId::new("acme"), AppUserId::parse("ann").unwrap())
    }

    #[test]
    fn a_device_that_comes_again_takes_its_own_place() {
        let devices = Devices::default();
        let id = DeviceId::new("phone");
        let first = devices.plug(user(), id.clone(), 1).unwrap();
        let mut second = devices.plug(user(), id.clone(), 2).unwrap();
        assert_eq!(*first.cut.borrow(), Some(LineEnd::Replaced));
        assert!(!devices.unplug(&user(), first.number), "it is there still");
        assert_eq!(devices.tell(&user().0, &user().1, Which::One(&id), "x"), 1);
        assert_eq!(second.frames.try_recv().unwrap(), "x");
        assert!(devices.unplug(&user(), second.number));
    }

    #[test]
    fn who_does_not_read_is_cut_and_nobody_else() {
        let devices = Devices::default();
        let slow = devices.plug(user(), DeviceId::new("slow"), 1).unwrap();
        let mut quick = devices.plug(user(), DeviceId::new("quick"), 2).unwrap();
        for n in 0..=WAITING {
            devices.tell(&user().0, &user().1, Which::All, &n.to_string());
            quick.frames.try_recv().unwrap();
        }
        assert_eq!(*slow.cut.borrow(), Some(LineEnd::Slow));
        assert_eq!(*quick.cut.borrow(), None);
    }

    #[test]
    fn a_user_has_no_more_devices_than_anybody_has() {
        let devices = Devices::default();
        let plug = |n: usize| devices.plug(user(), DeviceId::new(n.to_string()), n as u64);
        let kept: Vec<_> = (0..MOST_DEVICES).map(|n| plug(n).unwrap()).collect();
        assert!(plug(MOST_DEVICES).is_none());
        assert!(plug(0).is_some(), "one that is there may come again");
        drop(kept);
    }
}
