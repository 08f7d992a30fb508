//! Through which of several carrier accounts a call goes. Health and chance are arguments.
//!
//! Accounts whose circuit is open are passed over while another can be asked; if none can, the order is that of the policy
//! again, and the gates say when it opens.

use super::gates::Circuit;
use crate::id::AccountId;
use crate::phone::CountryCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How the accounts are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CarrierChoice")]
pub enum Policy {
    /// The first of them that can be asked.
    #[default]
    First,
    /// Each its share of the calls.
    Weighted,
    /// Whichever is named for the callee's country; else the first that is named for none.
    ByCountry,
}

impl Policy {
    /// All words for it.
    pub const WORDS: [&str; 3] = ["first", "weighted", "by_country"];
}

/// One account that a call may go through: it has a number that the call can be shown as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which.
    pub account: AccountId,
    /// Its share, beside those of the others.
    pub weight: u32,
    /// The countries it is named for.
    pub countries: BTreeSet<CountryCode>,
    /// Whether it may be asked.
    pub circuit: Circuit,
}

impl Offer {
    fn is_fit(&self, now: Timestamp) -> bool {
        match self.circuit {
            Circuit::Fit => true,
            Circuit::OpenUntil(until) => until <= now,
        }
    }
}

/// The account to ask. `draw` is any number: with weights, all numbers together give each account its share. `None` if
/// nothing is offered.
pub fn choose(
    policy: Policy,
    offers: &[Offer],
    to: Option<CountryCode>,
    draw: u64,
    now: Timestamp,
) -> Option<&Offer> {
    let fit: Vec<&Offer> = offers.iter().filter(|offer| offer.is_fit(now)).collect();
    let offered = if fit.is_empty() { offers.iter().collect() } else { fit };
    match policy {
        Policy::First => offered.first().copied(),
        Policy::Weighted => by_weight(&offered, draw),
        // The sort is stable: among equals the first stands.
        Policy::ByCountry => offered.into_iter().min_by_key(|offer| match to {
            Some(country) if offer.countries.contains(&country) => 0,
            _ if offer.countries.is_empty() => 1,
            _ => 2,
        }),
    }
}

fn by_weight<'a>(offered: &[&'a Offer], draw: u64) -> Option<&'a Offer> {
    let all: u64 = offered.iter().map(|offer| u64::from(offer.weight)).sum();
    let Some(mut left) = draw.checked_rem(all) else { return offered.first().copied() };
    offered.iter().copied().find(|offer| match left.checked_sub(u64::from(offer.weight)) {
        None => true,
        Some(less) => {
            left = less;
            false
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + secs).unwrap()
    }

    fn offer(account: &str, weight: u32, countries: &[&str], open_until: Option<i64>) -> Offer {
        Offer {
            account: AccountId::new(account),
            weight,
            countries: countries.iter().map(|code| code.parse().unwrap()).collect(),
            circuit: open_until.map_or(Circuit::Fit, |secs| Circuit::OpenUntil(at(secs))),
        }
    }

    fn chosen(policy: Policy, offers: &[Offer], to: &str, draw: u64) -> String {
        let to = to.parse().ok();
        choose(policy, offers, to, draw, at(0)).map_or("none".to_owned(), |offer| offer.account.to_string())
    }

    #[test]
    fn the_first_is_asked_unless_its_circuit_is_open_and_another_can_be_asked() {
        let table = [
            ([None, None], "a:1"),
            ([Some(10), None], "b:2"),
            ([None, Some(10)], "a:1"),
            ([Some(0), None], "a:1"),
            ([Some(10), Some(20)], "a:1"),
        ];
        for ([one, other], expected) in table {
            let offers = [offer("a:1", 1, &[], one), offer("b:2", 1, &[], other)];
            assert_eq!(chosen(Policy::First, &offers, "US", 0), expected, "{one:?} {other:?}");
        }
        assert_eq!(chosen(Policy::First, &[], "US", 0), "none");
    }

    #[test]
    fn the_country_decides_then_whoever_is_named_for_none_then_whoever_is_there() {
        let offers =
            [offer("a:1", 1, &["US"], None), offer("b:2", 1, &[], None), offer("c:3", 1, &["IL"], None)];
        for (to, expected) in [("US", "a:1"), ("IL", "c:3"), ("FR", "b:2"), ("?", "b:2")] {
            assert_eq!(chosen(Policy::ByCountry, &offers, to, 0), expected, "{to}");
        }
        assert_eq!(chosen(Policy::ByCountry, &offers[..1], "IL", 0), "a:1", "better than nobody");
        let open = [offer("c:3", 1, &["IL"], Some(10)), offer("a:1", 1, &["US"], None)];
        assert_eq!(chosen(Policy::ByCountry, &open, "IL", 0), "a:1", "its own carrier can't be asked");
    }

    #[test]
    fn each_has_its_share_and_those_that_cannot_be_asked_leave_theirs_to_the_others() {
        let shares = |offers: &[Offer]| {
            let count = |name: &str| {
                (0..100).filter(|draw| chosen(Policy::Weighted, offers, "US", *draw) == name).count()
            };
            [count("a:1"), count("b:2"), count("c:3")]
        };
        let all = [offer("a:1", 3, &[], None), offer("b:2", 1, &[], None), offer("c:3", 0, &[], None)];
        assert_eq!(shares(&all), [75, 25, 0]);
        let one_less =
            [offer("a:1", 3, &[], Some(10)), offer("b:2", 1, &[], None), offer("c:3", 1, &[], None)];
        assert_eq!(shares(&one_less), [0, 50, 50]);
        let none = [offer("a:1", 0, &[], None), offer("b:2", 0, &[], None)];
        assert_eq!(shares(&none), [100, 0, 0], "no shares: the first");
    }
}
