//! For how long calls and their recordings are kept, and what is due to go. The time is an argument; who removes files is the engine.

use super::Call;
use super::turn::{Recording, RecordingOf, RecordingState};
use crate::id::TenantId;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// For how long something of a call, or all of it, is kept after its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeepFor {
    /// For how long, unless a tenant has its own time; for ever if absent.
    pub usually: Option<SignedDuration>,
    /// For how long this tenant's.
    pub each: BTreeMap<TenantId, SignedDuration>,
}

impl KeepFor {
    /// What is kept of calls of this tenant that ended before this is due to go; `None` if it is kept for ever.
    pub fn before(&self, tenant: &TenantId, now: Timestamp) -> Option<Timestamp> {
        let kept = self.each.get(tenant).copied().or(self.usually)?;
        now.checked_sub(kept).ok()
    }

    /// Whether anything is ever due.
    pub fn is_for_ever(&self) -> bool {
        self.usually.is_none() && self.each.is_empty()
    }
}

/// What is to be done about a call's recordings.
#[derive(Clone, Debug, PartialEq)]
pub enum DueRecordings<'a> {
    /// Nothing, now or ever: none is kept, and none will be.
    Never,
    /// Nothing yet.
    Later,
    /// These go.
    Now(Vec<(RecordingOf, &'a Recording)>),
}

impl Call {
    /// What of this call's recordings is due to go if those of calls that ended before a time are.
    pub fn recordings_due(&self, before: Timestamp) -> DueRecordings<'_> {
        let is_stored = |(_, recording): &(RecordingOf, &Recording)| {
            matches!(recording.state, RecordingState::Stored { .. })
        };
        let stored: Vec<_> = self.recordings().filter(is_stored).collect();
        let is_to_come =
            self.recordings_to_fetch().next().is_some() || self.recordings_to_end().next().is_some();
        match self.ended_at() {
            Some(_) if stored.is_empty() && !is_to_come => DueRecordings::Never,
            Some(ended) if ended < before && !stored.is_empty() => DueRecordings::Now(stored),
            // One that a client carries has none, and may last for ever.
            None if self.registered.is_some() => DueRecordings::Never,
            Some(_) | None => DueRecordings::Later,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_may_have_a_time_of_its_own() {
        let acme = TenantId::new("acme");
        let now = Timestamp::from_second(10_000_000).unwrap();
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        let keep = KeepFor { usually: Some(days(30)), each: [(acme.clone(), days(7))].into() };
        assert_eq!(keep.before(&acme, now), Some(now - days(7)));
        assert_eq!(keep.before(&TenantId::default_tenant(), now), Some(now - days(30)));
        let only = KeepFor { usually: None, ..keep };
        assert_eq!(only.before(&TenantId::default_tenant(), now), None, "for ever");
        assert!(!only.is_for_ever() && KeepFor::default().is_for_ever());
    }
}
