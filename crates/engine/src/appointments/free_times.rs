//! Which times are free, for people and for bots alike.

use super::{AppointmentError, invalid};
use crate::desk::Desk;
use crate::engine::Inner;
use jiff::{SignedDuration, Timestamp};
use trunkline_core::appointment::{FreeTimes, Practitioner, cells};
use trunkline_core::bot::Diary;
use trunkline_core::id::TenantId;

/// Nobody is told more at once.
const MOST: usize = 500;
/// How far people look ahead unless they say it, and how far bots do.
const AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);
const BOTS_AHEAD: SignedDuration = SignedDuration::from_hours(60 * 24);

/// Whose free times, and when.
#[derive(Clone, Debug, Default)]
pub struct FreeTimesOf {
    /// By name; everybody's if absent.
    pub practitioner: Option<String>,
    /// From then on; from now on if absent or past.
    pub since: Option<Timestamp>,
    /// Before then; two weeks if absent.
    pub until: Option<Timestamp>,
    /// So many of each at most.
    pub most: Option<usize>,
}

impl Desk {
    /// The free times, by practitioner in the order of their names.
    ///
    /// # Errors
    /// `NotFound` if there is no such practitioner; `Invalid`; `NoDatabase`; `Away`.
    pub async fn free_times(&self, of: FreeTimesOf) -> Result<Vec<Diary>, AppointmentError> {
        let now = self.now();
        let since = of.since.unwrap_or(now).max(now);
        let until = of.until.unwrap_or_else(|| since.checked_add(AHEAD).unwrap_or(Timestamp::MAX));
        if until < since && of.until.is_some() {
            return Err(invalid("until", "this is before `since`, or past"));
        }
        let most = of.most.unwrap_or(MOST).min(MOST);
        let asked = FreeTimes { since, until, most };
        let wanted = |whom: &Practitioner| {
            of.practitioner
                .as_deref()
                .is_none_or(|name| whom.name.to_lowercase() == name.trim().to_lowercase())
        };
        let diaries = self.inner().diaries(self.tenant(), asked, wanted).await?;
        if diaries.is_empty() && of.practitioner.is_some() {
            return Err(AppointmentError::NotFound("practitioner"));
        }
        Ok(diaries)
    }
}

impl Inner {
    /// What bots offer.
    pub(crate) async fn diaries_for_bots(&self, tenant: &TenantId) -> Result<Vec<Diary>, AppointmentError> {
        let since = self.clock.now();
        let until = since.checked_add(BOTS_AHEAD).unwrap_or(Timestamp::MAX);
        self.diaries(tenant, FreeTimes { since, until, most: usize::MAX }, |_| true).await
    }

    async fn diaries(
        &self,
        tenant: &TenantId,
        asked: FreeTimes,
        wanted: impl Fn(&Practitioner) -> bool,
    ) -> Result<Vec<Diary>, AppointmentError> {
        // One that begins before reaches into it: an appointment has a day at most.
        let day = SignedDuration::from_hours(24);
        let first = asked.since.checked_sub(day).unwrap_or(Timestamp::MIN);
        let last = asked.until.checked_add(day).unwrap_or(Timestamp::MAX);
        let span = (*cells(first, 1).start(), *cells(last, 1).end());
        self.ask_calendar(async |store| {
            let mut diaries = Vec::new();
            for practitioner in store.practitioners(tenant).await? {
                if wanted(&practitioner) {
                    let taken = store.taken_cells(tenant, &practitioner.name, span).await?;
                    diaries.push(Diary { free: practitioner.free(&taken, asked), practitioner });
                }
            }
            Ok(diaries)
        })
        .await
    }
}
