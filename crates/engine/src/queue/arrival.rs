//! Names for those who come into the queue, which stand in the order in which they came: people on a list are called in the list's
//! order, and hundreds of them come in one millisecond.

use crate::clock::chance;
use jiff::Timestamp;
use parking_lot::Mutex;
use trunkline_core::id::{JobId, LeadId};

/// The last who came.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    job: Mutex<Option<JobId>>,
    lead: Mutex<Option<LeadId>>,
}

impl Arrivals {
    pub(super) fn job(&self, now: Timestamp) -> Result<JobId, getrandom::Error> {
        let chance = chance()?;
        let mut last = self.job.lock();
        let id = last.map_or_else(|| JobId::minted(now, chance), |last| JobId::behind(last, now, chance));
        *last = Some(id);
        Ok(id)
    }

    pub(super) fn lead(&self, now: Timestamp) -> Result<LeadId, getrandom::Error> {
        let chance = chance()?;
        let mut last = self.lead.lock();
        let id = last.map_or_else(|| LeadId::minted(now, chance), |last| LeadId::behind(last, now, chance));
        *last = Some(id);
        Ok(id)
    }
}
