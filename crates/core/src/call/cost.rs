//! What calls cost together: per currency, exactly, as carriers write it. A call of which no price is known is counted, not guessed.

use super::Price;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// What many calls cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cost {
    /// The sum of each currency, by its ISO 4217 letters.
    #[serde(rename = "cost")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub by_currency: BTreeMap<String, Amount>,
    /// Calls whose price is not known, or not yet.
    pub calls_without_price: u64,
}

/// What several legs cost together, as a carrier would write it; `None` if they can't be added.
pub(super) fn together(prices: &[&Price]) -> Option<Price> {
    let (first, more) = prices.split_first()?;
    if more.is_empty() {
        return Some(Price::clone(first));
    }
    let mut sum = 0_u128;
    for price in prices {
        if price.unit != first.unit {
            return None;
        }
        sum = sum.checked_add(Amount::read(&price.amount)?.0)?;
    }
    let sign = if first.amount.trim_start().starts_with('-') { "-" } else { "" };
    Some(Price { amount: format!("{sign}{}", Amount(sum)), unit: first.unit.clone() })
}

/// A decimal number from zero up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(u128);

/// An amount is kept in so many decimal places. No carrier prices finer.
const PLACES: usize = 9;
const ONE: u128 = 1_000_000_000;
/// It is written with so many at least.
const SHOWN: usize = 2;

impl Cost {
    /// Adds so many calls of this price. A price that is no number is not known.
    pub fn add(&mut self, price: Option<&Price>, calls: u64) {
        let each = price.and_then(|price| Some((&price.unit, Amount::read(&price.amount)?)));
        let sum = each.and_then(|(unit, each)| {
            let known = self.by_currency.get(unit).copied().unwrap_or_default();
            let all = each.0.checked_mul(u128::from(calls))?;
            Some((unit, Amount(known.0.checked_add(all)?)))
        });
        match sum {
            Some((unit, sum)) => drop(self.by_currency.insert(unit.clone(), sum)),
            None => self.calls_without_price = self.calls_without_price.saturating_add(calls),
        }
    }
}

impl Amount {
    /// Reads a decimal number. Carriers write what they take below zero: the sign says nothing.
    fn read(text: &str) -> Option<Self> {
        let digits = text.trim().trim_start_matches(['-', '+']);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > PLACES {
            return None;
        }
        let part: u128 = format!("{part:0<PLACES$}").parse().ok()?;
        Some(Self(whole.parse::<u128>().ok()?.checked_mul(ONE)?.checked_add(part)?))
    }
}

impl Amount {
    /// Together with another one; `None` if it is too large.
    pub(super) fn plus(self, more: Self) -> Option<Self> {
        self.0.checked_add(more.0).map(Self)
    }

    /// In billionths of its currency, for who keeps sums; the most a column holds where it is more.
    pub fn billionths(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// So many billionths of a currency; below zero there is nothing.
    pub fn of_billionths(billionths: i64) -> Self {
        Self(u128::try_from(billionths).unwrap_or(0))
    }

    /// So many parts of it, of which `all` are the whole; rounded down.
    pub(super) fn share(self, parts: u64, all: u128) -> Option<Self> {
        self.0.checked_mul(u128::from(parts)).map(|parts| Self(parts / all))
    }
}

/// Text that is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount is a decimal number, such as 32.00")]
pub struct BadAmount;

impl std::str::FromStr for Amount {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<Self, BadAmount> {
        if text.trim_start().starts_with('-') { Err(BadAmount) } else { Self::read(text).ok_or(BadAmount) }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = format!("{:0PLACES$}", self.0 % ONE);
        let part = part.trim_end_matches('0');
        write!(f, "{}.{part:0<SHOWN$}", self.0 / ONE)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(amount: &str, unit: &str) -> Price {
        Price { amount: amount.into(), unit: unit.into() }
    }

    #[test]
    fn prices_add_up_exactly_in_each_currency() {
        let mut cost = Cost::default();
        cost.add(Some(&price("-0.1", "USD")), 2);
        cost.add(Some(&price("-0.0085", "USD")), 3);
        cost.add(Some(&price("2", "EUR")), 1);
        cost.add(None, 4);
        let told = serde_json::to_value(&cost).unwrap();
        let expected = serde_json::json!({
            "cost": { "EUR": "2.00", "USD": "0.2255" },
            "calls_without_price": 4
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn what_legs_cost_together_is_known_in_one_currency_alone() {
        let (own, other) = (price("-0.0140", "USD"), price("-0.1", "USD"));
        assert_eq!(together(&[&own]), Some(own.clone()), "as the carrier wrote it");
        assert_eq!(together(&[&own, &other]), Some(price("-0.114", "USD")));
        assert_eq!(together(&[&own, &price("1", "EUR")]), None);
        assert_eq!(together(&[&own, &price("free", "USD")]), None);
        assert_eq!(together(&[]), None);
    }

    #[test]
    fn an_amount_is_the_same_in_billionths() {
        let amount: Amount = "12.000000001".parse().unwrap();
        assert_eq!(amount.billionths(), 12_000_000_001);
        assert_eq!(Amount::of_billionths(amount.billionths()), amount);
        assert_eq!(Amount::of_billionths(-1), Amount::default());
    }

    #[test]
    fn a_million_calls_of_a_tenth_are_a_hundred_thousand() {
        let mut cost = Cost::default();
        (0..1_000_000).for_each(|_| cost.add(Some(&price("0.1", "USD")), 1));
        assert_eq!(cost.by_currency["USD"].to_string(), "100000.00", "a float would be off");
    }

    #[test]
    fn what_is_no_price_is_counted_and_guessed_by_nobody() {
        let mut cost = Cost::default();
        for odd in ["", "-", "free", "1,5", "1e3", ".5", "0.1234567891", &"9".repeat(40)] {
            cost.add(Some(&price(odd, "USD")), 1);
        }
        assert_eq!((cost.by_currency.len(), cost.calls_without_price), (0, 8));
    }
}
