//! A bridge, its time, and everything that it ever did.

use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use trunkline_core::bridge::{
    Act, Bridge, Brief, CarrierDoes, CarrierSays, Input, ModelDoes, ModelSays, Patience, ResponseEnd,
};
use trunkline_core::call::{BotNews, BotOver, BotRef, Talk, WordsState};

/// A bridge on a stage.
pub struct Stage {
    pub bridge: Bridge,
    pub now: Timestamp,
    pub acts: Vec<Act>,
    /// Marks that the carrier holds.
    pub marks: Vec<String>,
}

pub fn brief() -> Arc<Brief> {
    Arc::new(Brief {
        instructions: "You are a bot.".to_owned(),
        voice: None,
        language: None,
        opening: Some("Hello.".to_owned()),
        tools: Vec::new(),
        patience: Patience::default(),
    })
}

pub fn talk() -> Talk {
    Talk::of(BotRef { name: "reception".to_owned(), version: "1".to_owned() })
}

/// So many milliseconds of sound.
pub fn sound(ms: usize) -> String {
    // 3 bytes are 4 characters.
    let bytes = ms * 8;
    let mut text = "A".repeat(bytes / 3 * 4);
    text.push_str(match bytes % 3 {
        0 => "",
        1 => "AA==",
        _ => "AAA=",
    });
    text
}

impl Stage {
    pub fn begin() -> Self {
        Self::going_on(&talk(), 1)
    }

    pub fn going_on(talk: &Talk, stream: u16) -> Self {
        let now = "2026-03-01T09:00:00Z".parse().unwrap();
        let (bridge, acts) = Bridge::begin(brief(), stream, talk, now);
        Self { bridge, now, acts, marks: Vec::new() }
    }

    /// The model is there, and has been asked to speak.
    pub fn ready() -> Self {
        let mut stage = Self::begin();
        stage.model(ModelSays::Opened);
        stage.model(ModelSays::Configured);
        stage
    }

    pub fn take(&mut self, input: Input) -> Vec<Act> {
        let acts = self.bridge.take(self.now, input);
        for act in &acts {
            match act {
                Act::Carrier(CarrierDoes::Mark(name)) => self.marks.push(name.clone()),
                Act::Carrier(CarrierDoes::Clear) => {}
                _ => {}
            }
        }
        self.acts.extend(acts.clone());
        acts
    }

    pub fn model(&mut self, says: ModelSays) -> Vec<Act> {
        self.take(Input::Model(says))
    }

    pub fn carrier(&mut self, says: CarrierSays) -> Vec<Act> {
        self.take(Input::Carrier(says))
    }

    pub fn passes(&mut self, ms: i64) -> Vec<Act> {
        self.now += SignedDuration::from_millis(ms);
        self.take(Input::Tick)
    }

    /// The bot makes an answer of one item: these words, so much sound.
    pub fn bot_says(&mut self, response: &str, item: &str, text: &str, ms: usize) {
        self.bot_begins(response, item, text, ms);
        self.bot_ends(response, item, text);
    }

    pub fn bot_begins(&mut self, response: &str, item: &str, text: &str, ms: usize) {
        self.model(ModelSays::ResponseBegan { response: response.into() });
        self.model(ModelSays::BotWords { item: item.into(), words: text.into() });
        self.model(ModelSays::Audio { response: response.into(), item: item.into(), sound: sound(ms) });
    }

    pub fn bot_ends(&mut self, response: &str, item: &str, text: &str) {
        self.model(ModelSays::AudioOver { item: item.into() });
        self.model(ModelSays::BotLine { item: item.into(), text: text.into() });
        self.model(ModelSays::ResponseOver { response: response.into(), end: ResponseEnd::Completed });
    }

    /// The carrier plays so many pieces.
    pub fn plays(&mut self, pieces: usize) {
        for _ in 0..pieces {
            if self.marks.is_empty() {
                return;
            }
            let name = self.marks.remove(0);
            self.now += SignedDuration::from_millis(240);
            self.carrier(CarrierSays::Mark(name));
        }
    }

    /// Everything is played.
    pub fn plays_all(&mut self) {
        self.plays(usize::MAX);
    }

    /// The caller begins to speak.
    pub fn speaks(&mut self, item: &str) -> Vec<Act> {
        self.model(ModelSays::SpeechStarted { item: item.into(), at_ms: 0 })
    }

    /// The caller stops, and the text comes.
    pub fn said(&mut self, item: &str, text: &str) {
        self.model(ModelSays::SpeechStopped { item: item.into(), at_ms: 800 });
        self.model(ModelSays::Committed { item: item.into() });
        self.model(ModelSays::CallerLine { item: item.into(), text: text.into() });
    }

    /// What the transcript holds, line by line, as the core folds it.
    pub fn transcript(&self) -> Vec<(u32, String, WordsState)> {
        let mut lines = std::collections::BTreeMap::new();
        for act in &self.acts {
            if let Act::Journal(BotNews::Said(words) | BotNews::Heard(words)) = act {
                let known =
                    lines.get(&words.entry.0).cloned().unwrap_or((String::new(), WordsState::Going, 0));
                if (words.state, words.ms) >= (known.1, known.2) {
                    lines.insert(words.entry.0, (words.text.reveal().clone(), words.state, words.ms));
                }
            }
        }
        lines.into_iter().map(|(no, (text, state, _))| (no, text, state)).collect()
    }

    pub fn texts(&self) -> Vec<String> {
        self.transcript().into_iter().map(|(_, text, _)| text).collect()
    }

    pub fn over(&self) -> Option<BotOver> {
        self.acts.iter().find_map(|act| match act {
            Act::Finish(why) => Some(*why),
            _ => None,
        })
    }

    pub fn count(&self, of: impl Fn(&Act) -> bool) -> usize {
        self.acts.iter().filter(|act| of(act)).count()
    }
}

pub fn is_clear(act: &Act) -> bool {
    *act == Act::Carrier(CarrierDoes::Clear)
}

pub fn is_play(act: &Act) -> bool {
    matches!(act, Act::Carrier(CarrierDoes::Play(_)))
}

pub fn truncated(acts: &[Act]) -> Option<u32> {
    acts.iter().find_map(|act| match act {
        Act::Model(ModelDoes::Truncate { heard_ms, .. }) => Some(*heard_ms),
        _ => None,
    })
}
