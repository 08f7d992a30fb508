//! What bots' calls came to: outcomes, waits, tokens and their cost, day by day, as the store keeps it added up.

use crate::analytics::at_most;
use crate::desk::Desk;
use crate::reader::Unavailable;
use std::collections::BTreeMap;
use trunkline_core::call::{Amount, TokenKind, WAIT_BOUNDS_MS};
use trunkline_store::{TalkCounts, TalkRollup, TalkSpan, TalksApart};

/// Sums of a tenant's calls with bots, in the order of keys and outcomes.
#[derive(Clone, Debug)]
pub struct BotAnalytics(Vec<TalkRollup>);

impl Desk {
    /// What the calls with bots of some days came to.
    ///
    /// # Errors
    /// The store can't be read now.
    pub async fn bot_analytics(&self, of: &TalkSpan, by: TalksApart) -> Result<BotAnalytics, Unavailable> {
        let tenant = self.tenant();
        self.inner()
            .ask_store(async |store| store.talks_counted(tenant, of, by).await)
            .await
            .map(BotAnalytics)
    }
}

/// Sums of the calls of one key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BotFigures {
    /// What they are told apart by; empty: there is none.
    pub key: String,
    /// The sums. What they cost is in `cost`.
    counts: TalkCounts,
    /// How many came to what.
    pub outcomes: BTreeMap<String, u64>,
    /// What those cost together of which it is known, by currency.
    pub cost: BTreeMap<String, Amount>,
}

impl BotAnalytics {
    /// One for each key, in their order.
    pub fn figures(&self) -> Vec<BotFigures> {
        let mut all: Vec<BotFigures> = Vec::new();
        for one in &self.0 {
            if all.last().is_none_or(|last| last.key != one.key) {
                all.push(BotFigures { key: one.key.clone(), ..BotFigures::default() });
            }
            if let Some(last) = all.last_mut() {
                last.add(one);
            }
        }
        all
    }

    /// All together.
    pub fn total(&self) -> BotFigures {
        let mut total = BotFigures::default();
        self.0.iter().for_each(|one| total.add(one));
        total
    }
}

impl BotFigures {
    fn add(&mut self, one: &TalkRollup) {
        let known = self.cost.get(&one.unit).copied().unwrap_or_default();
        if one.counts.priced > 0 {
            let sum = known.billionths().saturating_add(one.cost().billionths());
            self.cost.insert(one.unit.clone(), Amount::of_billionths(sum));
        }
        self.counts += one.counts;
        if !one.outcome.is_empty() {
            *self.outcomes.entry(one.outcome.clone()).or_default() += count(one.counts.calls);
        }
    }

    /// Calls with a bot, and those of them in which it was connected with somebody.
    pub fn calls(&self) -> [u64; 2] {
        [self.counts.calls, self.counts.talked].map(count)
    }

    /// Answers of models, and those of them of which it is known what they used.
    pub fn answers(&self) -> [u64; 2] {
        [self.counts.answers, self.counts.counted].map(count)
    }

    /// What these used, by kind; kinds of which there is none are left out.
    pub fn tokens(&self) -> BTreeMap<TokenKind, u64> {
        let all = TokenKind::ALL.into_iter().zip(self.counts.tokens.map(count));
        all.filter(|(_, n)| *n > 0).collect()
    }

    /// Calls that used a model and of which the cost is not known.
    pub fn calls_without_cost(&self) -> u64 {
        count(self.counts.unpriced)
    }

    /// How many answers somebody waited for, by [`WAIT_BOUNDS_MS`]; the last one: longer.
    pub fn waits(&self) -> [u64; WAIT_BOUNDS_MS.len() + 1] {
        self.counts.waits.map(count)
    }

    /// How long they waited on average, in milliseconds.
    pub fn mean_wait_ms(&self) -> Option<u64> {
        count(self.counts.wait_ms).checked_div(self.waits().iter().sum())
    }

    /// How long they waited at most, of this many hundredths of all, in milliseconds: as near as the bounds allow.
    pub fn wait_ms_of(&self, percent: u8) -> Option<u32> {
        at_most(&self.counts.waits, &WAIT_BOUNDS_MS, percent)
    }
}

fn count(sum: i64) -> u64 {
    u64::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollup(key: &str, outcome: &str, unit: &str, counts: TalkCounts) -> TalkRollup {
        TalkRollup { key: key.to_owned(), outcome: outcome.to_owned(), unit: unit.to_owned(), counts }
    }

    #[test]
    fn outcomes_and_costs_are_gathered_by_key_and_an_unknown_cost_is_none() {
        let priced = TalkCounts { calls: 2, priced: 2, cost: 30_000_000, ..TalkCounts::default() };
        let unknown = TalkCounts { calls: 1, unpriced: 1, ..TalkCounts::default() };
        let analytics = BotAnalytics(vec![
            rollup("clinic", "confirmed", "USD", priced),
            rollup("clinic", "error", "", unknown),
            rollup("garage", "error", "", unknown),
        ]);
        let figures = analytics.figures();
        let costs = |one: &BotFigures| -> Vec<String> {
            one.cost.iter().map(|(unit, sum)| format!("{unit} {sum}")).collect()
        };
        assert_eq!((costs(&figures[0]), figures[0].calls_without_cost()), (vec!["USD 0.03".to_owned()], 1));
        assert_eq!((costs(&figures[1]), figures[1].calls_without_cost()), (vec![], 1), "not 0.00");
        assert_eq!(analytics.total().outcomes, [("confirmed".to_owned(), 2), ("error".to_owned(), 2)].into());
    }

    #[test]
    fn how_long_most_waited_is_read_off_the_bounds() {
        let counts =
            TalkCounts { wait_ms: 61_500, waits: [0, 90, 0, 0, 0, 0, 10, 0, 0], ..TalkCounts::default() };
        let analytics = BotAnalytics(vec![rollup("", "", "", counts)]);
        let total = analytics.total();
        assert_eq!([50, 95].map(|percent| total.wait_ms_of(percent)), [Some(388), Some(2_500)]);
        assert_eq!(total.mean_wait_ms(), Some(615));
        assert_eq!(BotFigures::default().wait_ms_of(95), None);
        assert_eq!(BotFigures::default().mean_wait_ms(), None);
    }
}
