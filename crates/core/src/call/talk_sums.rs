//! What one talk of a bot counts where many are added up: tokens, what they cost, how long its caller waited.
//!
//! Everything in here is a number that can be summed. What a talk costs is known, unknown, or nothing at all, and these are
//! three things: an unknown cost is counted as unknown and never as none.

use super::cost::Amount;
use super::talk::Talk;
use super::tokens::Tokens;
use jiff::Timestamp;

/// Where waits of different lengths are counted apart, in milliseconds: each of these at most, and longer than the one before.
pub const WAIT_BOUNDS_MS: [u32; 8] = [250, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000];

/// What one talk counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TalkSums {
    /// Whether the bot and the caller were ever connected.
    pub has_talked: bool,
    /// Answers of the model that were begun.
    pub answers: u64,
    /// Of those, the ones of which the model has said what they used.
    pub counted: u64,
    /// What these used.
    pub tokens: Tokens,
    /// What the talk cost.
    pub cost: ModelCost,
    /// How many of the bot's answers the caller waited for how long, by [`WAIT_BOUNDS_MS`]; the last one: longer.
    pub waits: [u64; WAIT_BOUNDS_MS.len() + 1],
    /// How long all these waits were together, in milliseconds.
    pub waited_ms: u64,
}

/// What a talk cost, as far as its model is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ModelCost {
    /// No model was ever ready.
    #[default]
    Nothing,
    /// It is not known, or not of every answer.
    Unknown,
    /// So much, in this currency (ISO 4217).
    Known(Amount, String),
}

impl Talk {
    /// What it counts.
    pub fn sums(&self) -> TalkSums {
        let used = self.used();
        let mut sums = TalkSums {
            has_talked: self.streams.values().any(|stream| stream.connected_at.is_some()),
            cost: self.model_cost(),
            ..TalkSums::default()
        };
        if let Some(used) = used {
            (sums.answers, sums.counted) = (used.answers.into(), used.counted.into());
            sums.tokens = used.tokens;
        }
        for ms in self.waits_ms() {
            let place = WAIT_BOUNDS_MS.iter().position(|bound| ms <= *bound);
            sums.waits[place.unwrap_or(WAIT_BOUNDS_MS.len())] += 1;
            sums.waited_ms += u64::from(ms);
        }
        sums
    }

    /// Nobody has asked a model that was never ready for anything; of one that was, somebody has to say what it used.
    fn model_cost(&self) -> ModelCost {
        let ready = |at: &Option<Timestamp>| at.is_some();
        let has_model = self.streams.values().any(|stream| ready(&stream.ready_at) || stream.used.is_some());
        if !has_model {
            return ModelCost::Nothing;
        }
        let cost = self.used().and_then(|used| used.cost);
        let known = cost.and_then(|price| Some((price.amount.parse().ok()?, price.unit)));
        known.map_or(ModelCost::Unknown, |(amount, unit)| ModelCost::Known(amount, unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{BotNews, BotRef, EntryNo, Price, TokenKind, Used, Words, WordsState};
    use crate::private::Private;

    fn talk(told: &[BotNews]) -> Talk {
        let mut talk = Talk::of(BotRef { name: "clinic".to_owned(), version: "v1".to_owned() });
        talk.replay(told, Timestamp::UNIX_EPOCH);
        talk
    }

    fn said(no: u32, waited_ms: Option<u32>) -> BotNews {
        let text = Private::new("Hello.".to_owned());
        BotNews::Said(Words { entry: EntryNo::of(1, no), text, ms: 500, state: WordsState::Whole, waited_ms })
    }

    fn used(stream: u16, tokens: u64, cost: Option<&str>) -> BotNews {
        let cost = cost.map(|amount| Price { amount: amount.to_owned(), unit: "USD".to_owned() });
        let tokens = Tokens([(TokenKind::AudioOut, tokens)].into());
        BotNews::Used { stream, used: Used { answers: 2, counted: 2, tokens, cost } }
    }

    #[test]
    fn waits_are_counted_by_their_length_and_a_bound_belongs_to_what_is_below_it() {
        let sums =
            talk(&[said(1, None), said(2, Some(250)), said(3, Some(251)), said(4, Some(9_000))]).sums();
        assert_eq!(sums.waits, [1, 1, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(sums.waited_ms, 9_501);
    }

    #[test]
    fn a_talk_whose_model_was_never_ready_costs_nothing() {
        let sums = talk(&[BotNews::Connected { stream: 1, carrier_stream: "MZ1".to_owned() }]).sums();
        assert_eq!((sums.has_talked, sums.cost), (true, ModelCost::Nothing));
        assert!(!talk(&[]).sums().has_talked, "nobody picked up");
    }

    #[test]
    fn a_cost_that_is_not_known_of_every_stream_is_unknown_and_its_tokens_count_all_the_same() {
        let known = talk(&[used(1, 100, Some("0.02")), used(2, 50, Some("0.01"))]).sums();
        assert_eq!(known.cost, ModelCost::Known("0.03".parse().unwrap(), "USD".to_owned()));
        assert_eq!((known.answers, known.tokens.0[&TokenKind::AudioOut]), (4, 150));
        let half = talk(&[used(1, 100, Some("0.02")), used(2, 50, None)]).sums();
        assert_eq!((half.cost, half.tokens), (ModelCost::Unknown, known.tokens));
        let silent = talk(&[BotNews::ModelReady { stream: 1 }]).sums();
        assert_eq!(silent.cost, ModelCost::Unknown, "it was ready, and has said nothing of what it used");
    }
}
