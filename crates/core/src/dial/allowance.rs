//! What one tenant may use: calls, minutes and pace. A stolen key can't spend more than a day's allowance.

use super::gates::{Cap, CapOf, DialLimits, LimitOf, Pace};
use crate::queue::Weight;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What one tenant may use. What is left out is bounded by the system alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Allowance {
    /// Calls a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_a_day: Option<u32>,
    /// Connected minutes a day; calls that are open go on when they are used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes_a_day: Option<u32>,
    /// New calls per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cps: Option<f64>,
    /// Calls at once, both ways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<u32>,
    /// Calls at once that it placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_outbound: Option<u32>,
    /// Its part of the system beside other tenants.
    pub weight: Weight,
}

/// What a tenant has used since its day began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsedToday {
    /// Calls begun.
    pub calls: u32,
    /// Minutes connected, begun minutes counted whole.
    pub minutes: u32,
}

impl Allowance {
    /// What the gates look at.
    pub fn caps(&self, used: UsedToday, resets_at: Timestamp) -> impl Iterator<Item = Cap> {
        let cap = move |of, used, limit: Option<u32>| limit.map(|limit| Cap { of, used, limit, resets_at });
        let calls = cap(CapOf::TenantCalls, used.calls, self.calls_a_day);
        let minutes = cap(CapOf::TenantMinutes, used.minutes, self.minutes_a_day);
        calls.into_iter().chain(minutes)
    }

    /// The limits that hold for its calls, where those are everybody's.
    #[must_use]
    pub fn limits(&self, everybodys: &DialLimits) -> DialLimits {
        DialLimits {
            tenant: self.live.unwrap_or(everybodys.tenant),
            tenant_outbound: self.live_outbound.unwrap_or(everybodys.tenant_outbound),
            ..*everybodys
        }
    }

    /// The pace of its calls.
    pub fn pace(&self, last_dial_at: Option<Timestamp>) -> Option<Pace> {
        self.cps.map(|cps| Pace { of: LimitOf::Tenant, last_dial_at, cps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tenant_has_of_its_own_stands_for_everybodys() {
        let everybodys = DialLimits::default();
        assert_eq!(Allowance::default().limits(&everybodys), everybodys);
        let own = Allowance { live: Some(9), live_outbound: Some(7), ..Allowance::default() };
        assert_eq!(own.limits(&everybodys), DialLimits { tenant: 9, tenant_outbound: 7, ..everybodys });
    }

    #[test]
    fn only_what_is_limited_is_a_cap() {
        let allowance = Allowance { minutes_a_day: Some(60), ..Allowance::default() };
        let used = UsedToday { calls: 10_000, minutes: 59 };
        let caps: Vec<Cap> = allowance.caps(used, Timestamp::UNIX_EPOCH).collect();
        let resets_at = Timestamp::UNIX_EPOCH;
        assert_eq!(caps, [Cap { of: CapOf::TenantMinutes, used: 59, limit: 60, resets_at }]);
        assert!(allowance.pace(None).is_none());
        let again: Allowance = serde_json::from_str(&serde_json::to_string(&allowance).unwrap()).unwrap();
        assert_eq!(again, allowance);
    }
}
