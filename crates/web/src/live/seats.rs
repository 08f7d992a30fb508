//! How many may listen at once: in all, and of one tenant, so that none takes every seat.

use crate::problem::{Code, Problem};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use trunkline_core::id::TenantId;

/// Everybody who listens.
#[derive(Debug)]
pub(crate) struct Seats {
    all: usize,
    tenant: usize,
    taken: Mutex<HashMap<TenantId, usize>>,
}

/// A listener's seat, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    tenant: TenantId,
}

impl Seats {
    pub(crate) fn new(all: usize, tenant: usize) -> Self {
        Self { all, tenant, taken: Mutex::default() }
    }

    pub(crate) fn take(self: &Arc<Self>, tenant: &TenantId) -> Result<Seat, Problem> {
        let full = |whose: &str, most: usize| {
            let detail = format!("{whose} has {most} streams open, and may have no more");
            Err(Problem::new(Code::TooManyStreams).detail(detail).with("limit", most).retry_after(5))
        };
        let mut taken = self.taken.lock();
        if taken.values().sum::<usize>() >= self.all {
            return full("the server", self.all);
        }
        let theirs = taken.entry(tenant.clone()).or_default();
        if *theirs >= self.tenant {
            return full("the tenant", self.tenant);
        }
        *theirs += 1;
        Ok(Seat { seats: Arc::clone(self), tenant: tenant.clone() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        if let Some(theirs) = taken.get_mut(&self.tenant) {
            *theirs -= 1;
            if *theirs == 0 {
                taken.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_its_share_all_have_theirs_and_a_seat_that_is_left_is_free() {
        let seats = Arc::new(Seats::new(3, 2));
        let [acme, beta] = ["acme", "beta"].map(TenantId::new);
        let theirs = [seats.take(&acme).unwrap(), seats.take(&acme).unwrap()];
        assert_eq!(seats.take(&acme).unwrap_err().status().as_u16(), 429, "its share is taken");
        let other = seats.take(&beta).unwrap();
        assert_eq!(seats.take(&beta).unwrap_err().status().as_u16(), 429, "all are taken");
        drop(theirs);
        drop(other);
        assert!(seats.taken.lock().is_empty());
        assert!(seats.take(&acme).is_ok());
    }
}
