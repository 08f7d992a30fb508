//! The caller's words: a line begins when the caller does, and its text comes when it comes.

use crate::call::{BotNews, EntryNo, Words, WordsState};
use crate::private::Private;
use jiff::Timestamp;

/// Parts of a line are written down no more often than this, in milliseconds.
const PART_MS: i64 = 400;

/// One thing that the caller said.
#[derive(Clone, Debug)]
pub(super) struct CallerLine {
    /// The model's name of it.
    pub(super) item: String,
    pub(super) entry: EntryNo,
    /// When the caller stopped, if that is known.
    pub(super) stopped_at: Option<Timestamp>,
    started_ms: Option<u32>,
    ms: u32,
    text: String,
    told_at: Option<Timestamp>,
    /// Whether its text is final.
    pub(super) is_final: bool,
}

impl CallerLine {
    pub(super) fn new(item: &str, entry: EntryNo) -> Self {
        Self {
            item: item.to_owned(),
            entry,
            stopped_at: None,
            started_ms: None,
            ms: 0,
            text: String::new(),
            told_at: None,
            is_final: false,
        }
    }

    pub(super) fn started(&mut self, at_ms: u32) {
        self.started_ms = Some(at_ms);
    }

    pub(super) fn stopped(&mut self, at_ms: u32, now: Timestamp) {
        self.stopped_at.get_or_insert(now);
        self.ms = self.started_ms.map_or(0, |started| at_ms.saturating_sub(started));
    }

    /// Some more words.
    pub(super) fn more(&mut self, words: &str, now: Timestamp) -> Option<BotNews> {
        if self.is_final {
            return None;
        }
        self.text.push_str(words);
        let is_due =
            self.told_at.is_none_or(|told| now.duration_since(told).as_millis() >= i128::from(PART_MS));
        (is_due && !self.text.trim().is_empty()).then(|| {
            self.told_at = Some(now);
            self.news(WordsState::Going)
        })
    }

    /// All of it; `None` if there is nothing to say.
    pub(super) fn whole(&mut self, text: &str) -> Option<BotNews> {
        if self.is_final {
            return None;
        }
        self.is_final = true;
        text.trim().clone_into(&mut self.text);
        // Noise that was taken for speech has no words.
        (!self.text.is_empty()).then(|| self.news(WordsState::Whole))
    }

    /// No more will be known of it.
    pub(super) fn given_up(&mut self) -> Option<BotNews> {
        if self.is_final {
            return None;
        }
        self.is_final = true;
        let state = if self.text.trim().is_empty() { WordsState::Lost } else { WordsState::Cut };
        Some(self.news(state))
    }

    /// The words, as far as they are known.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    fn news(&self, state: WordsState) -> BotNews {
        BotNews::Heard(Words {
            entry: self.entry,
            text: Private::new(self.text.trim().to_owned()),
            ms: self.ms,
            state,
            waited_ms: None,
        })
    }
}
