//! Who is connected: the sockets of each user, and the one way to tell them anything. Nothing here waits: a device that
//! reads too slowly is cut, and slows nobody.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
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

/// Every device that is connected, by tenant and user.
#[derive(Debug, Default)]
pub(super) struct Devices(Mutex<HashMap<TenantId, HashMap<AppUserId, Vec<Device>>>>);

#[derive(Debug)]
struct Device {
    id: DeviceId,
    number: u64,
    /// Gone as soon as it is cut.
    frames: Option<mpsc::Sender<String>>,
    bytes: Arc<AtomicUsize>,
    cut: Arc<OnceLock<LineEnd>>,
}

/// The other end of a device's line.
#[derive(Debug)]
pub(super) struct Plugged {
    pub number: u64,
    frames: mpsc::Receiver<String>,
    bytes: Arc<AtomicUsize>,
    cut: Arc<OnceLock<LineEnd>>,
}

impl Plugged {
    /// What comes next. Nothing is lost if it is given up while it waits.
    pub async fn next(&mut self) -> LineNews {
        // Who is cut hears nothing more of what waits: nobody sends any more then, and that wakes whoever listens.
        let told = match self.cut.get() {
            Some(_) => None,
            None => self.frames.recv().await,
        };
        match (self.cut.get(), told) {
            (None, Some(text)) => {
                self.bytes.fetch_sub(text.len(), Ordering::Relaxed);
                LineNews::Tell(text)
            }
            (end, _) => LineNews::Cut(end.copied().unwrap_or(LineEnd::Replaced)),
        }
    }
}

impl Device {
    /// Gives it a frame, if there is room.
    fn tell(&self, text: &str) -> Result<(), TrySendError<()>> {
        let Some(frames) = &self.frames else { return Err(TrySendError::Closed(())) };
        if self.bytes.load(Ordering::Relaxed) + text.len() > WAITING_BYTES {
            return Err(TrySendError::Full(()));
        }
        self.bytes.fetch_add(text.len(), Ordering::Relaxed);
        frames.try_send(text.to_owned()).map_err(|error| {
            self.bytes.fetch_sub(text.len(), Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => TrySendError::Full(()),
                TrySendError::Closed(_) => TrySendError::Closed(()),
            }
        })
    }

    /// Nothing more is said to it; its socket is closed for this.
    fn cut(&mut self, end: LineEnd) {
        // Whatever was said first stands.
        let _ = self.cut.set(end);
        self.frames = None;
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
        let (bytes, cut) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let mut all = self.0.lock();
        let (tenant, user) = user;
        let theirs = all.entry(tenant).or_default().entry(user).or_default();
        if let Some(place) = theirs.iter().position(|device| device.id == id) {
            theirs.swap_remove(place).cut(LineEnd::Replaced);
        }
        if theirs.len() >= MOST_DEVICES {
            return None;
        }
        let plugged = Plugged { number, frames: heard, bytes: Arc::clone(&bytes), cut: Arc::clone(&cut) };
        theirs.push(Device { id, number, frames: Some(frames), bytes, cut });
        Some(plugged)
    }

    /// A socket is gone; `true` if no newer one of its device is there.
    pub fn unplug(&self, user: &(TenantId, AppUserId), number: u64) -> bool {
        let mut all = self.0.lock();
        let (tenant, user) = user;
        let Some(users) = all.get_mut(tenant) else { return false };
        let Some(theirs) = users.get_mut(user) else { return false };
        let before = theirs.len();
        theirs.retain(|device| device.number != number);
        let is_gone = theirs.len() < before;
        if theirs.is_empty() {
            users.remove(user);
        }
        if users.is_empty() {
            all.remove(tenant);
        }
        is_gone
    }

    /// Who is connected, of one tenant or of all.
    pub fn connected(&self, tenant: Option<&TenantId>) -> Connected {
        let all = self.0.lock();
        let theirs = all.iter().filter(|(of, _)| tenant.is_none_or(|tenant| *of == tenant));
        theirs.flat_map(|(_, users)| users.values()).fold(Connected::default(), |sum, devices| Connected {
            users: sum.users + 1,
            devices: sum.devices + u64::try_from(devices.len()).unwrap_or(u64::MAX),
        })
    }

    /// Whether a device is connected.
    pub fn is_here(&self, tenant: &TenantId, user: &AppUserId, id: &DeviceId) -> bool {
        let all = self.0.lock();
        let theirs = all.get(tenant).and_then(|users| users.get(user));
        theirs.is_some_and(|theirs| theirs.iter().any(|device| device.id == *id))
    }

    /// Tells devices of a user something; how many there were to tell.
    pub fn tell(&self, tenant: &TenantId, user: &AppUserId, which: Which<'_>, text: &str) -> usize {
        let mut all = self.0.lock();
        let Some(theirs) = all.get_mut(tenant).and_then(|users| users.get_mut(user)) else { return 0 };
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
                Err(TrySendError::Full(_)) => device.cut(LineEnd::Slow),
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
        assert_eq!(first.cut.get(), Some(&LineEnd::Replaced));
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
        assert_eq!(slow.cut.get(), Some(&LineEnd::Slow));
        assert_eq!(quick.cut.get(), None);
    }

    #[tokio::test]
    async fn who_is_cut_hears_so_and_nothing_of_what_waits() {
        let devices = Devices::default();
        let id = DeviceId::new("phone");
        let mut first = devices.plug(user(), id.clone(), 1).unwrap();
        devices.tell(&user().0, &user().1, Which::All, "one");
        assert_eq!(first.next().await, LineNews::Tell("one".to_owned()));
        let (news, ()) = tokio::join!(first.next(), async { drop(devices.plug(user(), id.clone(), 2)) });
        assert_eq!(news, LineNews::Cut(LineEnd::Replaced), "it listened when that happened");
        let mut slow = devices.plug(user(), id, 3).unwrap();
        for _ in 0..=WAITING {
            devices.tell(&user().0, &user().1, Which::All, "x");
        }
        assert_eq!(slow.next().await, LineNews::Cut(LineEnd::Slow));
        assert_eq!(devices.tell(&user().0, &user().1, Which::All, "x"), 0);
        assert!(devices.unplug(&user(), 3));
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
