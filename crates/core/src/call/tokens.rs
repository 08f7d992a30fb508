//! What a model's answers used up, and what that costs by prices that somebody has set. What is not known is not guessed: a model
//! that does not say what it used leaves the cost empty, and so does a kind of token without a price.

use super::{Amount, Price};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::str::FromStr;

/// So many tokens have the price that is set.
const PRICED: u128 = 1_000_000;

/// A kind of token, as models charge for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Words that the model was told for the first time.
    TextIn,
    /// Words that it still had.
    TextCached,
    /// Sound that the model heard for the first time.
    AudioIn,
    /// Sound that it still had.
    AudioCached,
    /// Words that it made.
    TextOut,
    /// Sound that it made.
    AudioOut,
}

impl TokenKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::TextIn, Self::TextCached, Self::AudioIn, Self::AudioCached, Self::TextOut, Self::AudioOut];

    /// The word in JSON, settings and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TextIn => "text_in",
            Self::TextCached => "text_cached",
            Self::AudioIn => "audio_in",
            Self::AudioCached => "audio_cached",
            Self::TextOut => "text_out",
            Self::AudioOut => "audio_out",
        }
    }
}

impl FromStr for TokenKind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(())
    }
}

/// Tokens, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Tokens(pub BTreeMap<TokenKind, u64>);

impl Tokens {
    /// These and those.
    pub fn add(&mut self, more: &Self) {
        for (kind, tokens) in &more.0 {
            let known = self.0.entry(*kind).or_default();
            *known = known.saturating_add(*tokens);
        }
    }
}

/// What the answers of one media stream, or of one call, have used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Answers that were begun.
    pub answers: u32,
    /// Of those, the ones of which the model has said what they used.
    pub counted: u32,
    /// What these used.
    #[serde(default)]
    pub tokens: Tokens,
    /// What they cost, by the prices of that time; `None` if it is not known of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Price>,
}

impl Used {
    /// Whether it is known of every answer.
    pub fn is_known(&self) -> bool {
        self.counted >= self.answers
    }

    /// What two streams have used together.
    pub fn and(&self, other: &Self) -> Self {
        let mut tokens = self.tokens.clone();
        tokens.add(&other.tokens);
        let cost = match (&self.cost, &other.cost) {
            (Some(one), Some(more)) => super::cost::together(&[one, more]),
            (None, Some(one)) if self.answers == 0 => Some(one.clone()),
            (Some(one), None) if other.answers == 0 => Some(one.clone()),
            _ => None,
        };
        Self { answers: self.answers + other.answers, counted: self.counted + other.counted, tokens, cost }
    }
}

/// What a model charges for a million tokens of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenPrices {
    /// ISO 4217.
    pub unit: String,
    /// By kind; of a kind that is not here the price is not known.
    pub of_a_million: BTreeMap<TokenKind, Amount>,
}

impl TokenPrices {
    /// What this costs; `None` if a price is missing, or it is not known what was used.
    pub fn cost(&self, used: &Used) -> Option<Price> {
        let mut sum = Amount::default();
        for (kind, tokens) in used.tokens.0.iter().filter(|(_, tokens)| **tokens > 0) {
            sum = sum.plus(self.of_a_million.get(kind)?.share(*tokens, PRICED)?)?;
        }
        let is_known = used.is_known() && !self.of_a_million.is_empty();
        is_known.then(|| Price { amount: sum.to_string(), unit: self.unit.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(of: &[(TokenKind, &str)]) -> TokenPrices {
        let of_a_million = of.iter().map(|(kind, amount)| (*kind, amount.parse().unwrap())).collect();
        TokenPrices { unit: "USD".to_owned(), of_a_million }
    }

    fn used(answers: u32, counted: u32, tokens: &[(TokenKind, u64)]) -> Used {
        Used { answers, counted, tokens: Tokens(tokens.iter().copied().collect()), cost: None }
    }

    #[test]
    fn tokens_cost_what_a_million_of_their_kind_costs() {
        let prices = prices(&[(TokenKind::AudioIn, "32"), (TokenKind::AudioOut, "64.00")]);
        let used = used(2, 2, &[(TokenKind::AudioIn, 1_000), (TokenKind::AudioOut, 500)]);
        assert_eq!(prices.cost(&used).unwrap(), Price { amount: "0.064".into(), unit: "USD".into() });
    }

    #[test]
    fn what_is_not_known_of_every_answer_and_every_kind_costs_nothing_that_is_known() {
        let all = prices(&[(TokenKind::AudioIn, "32")]);
        assert_eq!(all.cost(&used(2, 1, &[(TokenKind::AudioIn, 1_000)])), None, "an answer was not counted");
        assert_eq!(all.cost(&used(1, 1, &[(TokenKind::TextIn, 1)])), None, "a kind has no price");
        assert_eq!(TokenPrices::default().cost(&used(1, 1, &[])), None, "there are no prices");
    }

    #[test]
    fn streams_add_up_and_one_that_is_not_known_leaves_the_sum_unknown() {
        let prices = prices(&[(TokenKind::TextOut, "10")]);
        let priced = |tokens| {
            let used = used(1, 1, &[(TokenKind::TextOut, tokens)]);
            Used { cost: prices.cost(&used), ..used }
        };
        let both = priced(100_000).and(&priced(50_000));
        assert_eq!((both.answers, both.cost.unwrap().amount.as_str()), (2, "1.50"));
        assert_eq!(priced(1).and(&used(1, 0, &[])).cost, None);
        assert_eq!(Used::default().and(&priced(100_000)).cost.unwrap().amount, "1.00");
    }
}
