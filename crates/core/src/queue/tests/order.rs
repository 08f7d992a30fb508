//! Whom next.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::num::NonZeroU16;

fn head(tenant: usize, priority: Priority, since: i64) -> Head {
    let place = u8::try_from(tenant).unwrap();
    Head {
        tenant: TenantId::new(format!("t{tenant:02}")),
        priority,
        since: at(since),
        job: JobId::minted(at(since), [place; 10]),
    }
}

fn weight(weight: u16) -> Weight {
    Weight(NonZeroU16::new(weight).unwrap())
}

fn shares() -> Shares {
    Shares::new(SignedDuration::from_secs(60))
}

/// How many of these picks each tenant gets, when all always have work.
fn served(shares: &mut Shares, heads: &[Head], picks: usize) -> BTreeMap<TenantId, usize> {
    let mut served = BTreeMap::new();
    for _ in 0..picks {
        let head = shares.pick(heads, at(0), |_| true).unwrap();
        *served.entry(head.tenant.clone()).or_default() += 1;
    }
    served
}

#[test]
fn a_higher_level_overtakes() {
    let mut shares = shares();
    let heads = [head(1, Priority::Low, 0), head(1, Priority::High, 10), head(1, Priority::Default, 0)];
    let picked = shares.pick(&heads, at(20), |_| true).unwrap();
    assert_eq!(picked.priority, Priority::High);
}

#[test]
fn a_level_that_has_waited_long_enough_goes_first_once() {
    let mut shares = shares();
    let heads = [head(1, Priority::Low, 0), head(1, Priority::High, 0), head(1, Priority::Default, 30)];
    let order: Vec<Priority> =
        (0..6).map(|minute| shares.pick(&heads, at(minute * 20 + 59), |_| true).unwrap().priority).collect();
    use Priority::{Default, High, Low};
    // Low waits since 0 and passes at 79; default since 30 and passes at 99; each waits a minute again.
    assert_eq!(order, [High, Low, Default, High, Low, Default]);
}

#[test]
fn a_backlog_of_old_jobs_does_not_hold_up_what_is_urgent() {
    let mut shares = shares();
    let heads = [head(1, Priority::Default, -1_000_000), head(1, Priority::High, 0)];
    let urgent = (0..100)
        .filter(|second| shares.pick(&heads, at(*second), |_| true).unwrap().priority == Priority::High)
        .count();
    assert!(urgent >= 98, "{urgent} of 100");
}

#[test]
fn who_was_idle_has_saved_nothing_up() {
    let mut shares = shares();
    let (first, second) = (head(1, Priority::Default, 0), head(2, Priority::Default, 0));
    served(&mut shares, &[first.clone(), second.clone()], 10);
    served(&mut shares, std::slice::from_ref(&first), 1_000);
    let after = served(&mut shares, &[first, second], 100);
    assert_eq!(after.values().copied().collect::<Vec<_>>(), [50, 50]);
}

#[test]
fn who_may_not_go_holds_nobody_up_and_is_next_when_it_may() {
    let mut shares = shares();
    let heads = [head(1, Priority::Default, 0), head(2, Priority::Default, 0)];
    for _ in 0..100 {
        let picked = shares.pick(&heads, at(0), |head| head.tenant.as_str() != "t01").unwrap();
        assert_eq!(picked.tenant.as_str(), "t02");
    }
    assert!(shares.pick(&heads, at(0), |_| false).is_none());
    assert_eq!(shares.pick(&heads, at(0), |_| true).unwrap().tenant.as_str(), "t01");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, ..ProptestConfig::default() })]

    #[test]
    fn long_runs_share_by_weight_and_nobody_starves(weights in prop::collection::vec(1u16..20, 2..12)) {
        let mut shares = shares();
        let heads: Vec<Head> = (0..weights.len()).map(|tenant| head(tenant, Priority::Default, 0)).collect();
        for (head, of) in heads.iter().zip(&weights) {
            shares.set_weight(&head.tenant, weight(*of));
        }
        let total: usize = weights.iter().map(|of| usize::from(*of)).sum();
        // As many picks as let the lightest be served thirty times.
        let picks = total * 30;
        let served = served(&mut shares, &heads, picks);
        for (head, of) in heads.iter().zip(&weights) {
            let fair = picks as f64 * f64::from(*of) / total as f64;
            let got = served.get(&head.tenant).copied().unwrap_or_default() as f64;
            prop_assert!((got - fair).abs() <= fair * 0.1, "weight {of} of {total}: {got}, fair {fair}");
        }
    }

    #[test]
    fn a_tenant_waits_no_longer_than_its_weight_says(weights in prop::collection::vec(1u16..20, 2..12)) {
        let mut shares = shares();
        let heads: Vec<Head> = (0..weights.len()).map(|tenant| head(tenant, Priority::Default, 0)).collect();
        let mut waits = vec![0usize; weights.len()];
        for (head, of) in heads.iter().zip(&weights) {
            shares.set_weight(&head.tenant, weight(*of));
        }
        let total: usize = weights.iter().map(|of| usize::from(*of)).sum();
        for _ in 0..total * 10 {
            let picked = shares.pick(&heads, at(0), |_| true).unwrap();
            for (place, head) in heads.iter().enumerate() {
                if head.tenant == picked.tenant { waits[place] = 0 } else { waits[place] += 1 }
                let turn = total.div_ceil(usize::from(weights[place])) + weights.len();
                prop_assert!(waits[place] <= turn, "weight {} waited {} picks", weights[place], waits[place]);
            }
        }
    }
}
