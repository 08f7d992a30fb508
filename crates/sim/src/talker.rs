//! One person in a conversation, 20 ms at a time: what they hear, and when they speak.

use std::collections::VecDeque;

use crate::heard::Heard;
use crate::person::Habit;
use crate::voice::{Ear, FRAME, NOISE, SILENCE, is_sound, sound};

const FRAME_MS: u32 = 20;
/// Somebody polite waits so long after the other has stopped.
const POLITE_MS: u32 = 700;
/// A sentence is over after so much silence.
const SENTENCE_MS: u32 = 300;
/// Somebody who reads digits out slowly pauses so long between them: longer than a model waits.
const BETWEEN_DIGITS_MS: u32 = 900;

/// What a person does in one frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Does {
    /// What is sent: 160 bytes.
    pub(crate) frame: Vec<u8>,
    /// A key that is pressed.
    pub(crate) digit: Option<char>,
    /// Whether the person hangs up.
    pub(crate) hangs_up: bool,
}

/// A person in a conversation.
#[derive(Debug)]
pub(crate) struct Talker {
    habit: Habit,
    /// What is still to be said, sentence by sentence.
    to_say: VecDeque<String>,
    saying: VecDeque<u8>,
    said: Ear,
    bot: Ear,
    /// How long the bot has spoken without a pause.
    bot_speaks_ms: u32,
    bot_silent_ms: u32,
    /// How often the bot has begun to speak.
    bot_turns: u32,
    /// The bot has spoken since the person did.
    may_answer: bool,
    /// How long the bot has gone on since the person spoke up.
    went_on_ms: Option<u32>,
}

impl Talker {
    pub(crate) fn new(habit: Habit) -> Self {
        let to_say = match &habit {
            Habit::Answers { said, .. } | Habit::Interrupts { said, .. } | Habit::HangsUpAfter { said } => {
                said.clone()
            }
            Habit::ReadsDigits { digits } => vec![digits.clone()],
            _ => Vec::new(),
        };
        Self {
            habit,
            to_say: to_say.into(),
            saying: VecDeque::new(),
            said: Ear::default(),
            bot: Ear::default(),
            bot_speaks_ms: 0,
            bot_silent_ms: 0,
            bot_turns: 0,
            may_answer: false,
            went_on_ms: None,
        }
    }

    /// One frame is heard, and one is said.
    pub(crate) fn frame(&mut self, heard: &[u8], notes: &mut Vec<Heard>) -> Does {
        self.hear(heard, notes);
        let mut digit = None;
        let is_idle = self.saying.is_empty();
        let is_polite_moment = self.may_answer && self.bot_silent_ms >= POLITE_MS;
        let is_interrupting = matches!(&self.habit, Habit::Interrupts { after_ms, .. }
            if self.may_answer && self.bot_speaks_ms >= *after_ms);
        if is_idle && (is_polite_moment || is_interrupting) {
            self.may_answer = false;
            match &self.habit {
                Habit::PressesKey { key } => digit = Some(*key),
                Habit::HangsUpAfter { .. } if self.to_say.is_empty() => {
                    notes.push(Heard::PersonHungUp);
                    return Does { frame: vec![SILENCE; FRAME], digit: None, hangs_up: true };
                }
                _ => self.begin(),
            }
            if is_interrupting && !self.saying.is_empty() {
                self.went_on_ms = Some(0);
            }
        }
        if let Some(key) = digit {
            notes.push(Heard::Pressed { question: self.bot_turns, keys: key.to_string() });
        }
        let hangs_up = matches!(self.habit, Habit::HangsUpInMidQuestion { question }
            if question <= self.bot_turns && self.bot_speaks_ms >= 1_000);
        if hangs_up {
            notes.push(Heard::PersonHungUp);
        }
        Does { frame: self.say(notes), digit, hangs_up }
    }

    fn hear(&mut self, heard: &[u8], notes: &mut Vec<Heard>) {
        if is_sound(heard) {
            self.bot.hear(heard);
            if self.bot_speaks_ms == 0 {
                self.bot_turns += 1;
                self.may_answer = true;
            }
            self.bot_speaks_ms += FRAME_MS;
            self.bot_silent_ms = 0;
            if let Some(ms) = &mut self.went_on_ms {
                *ms += FRAME_MS;
            }
            return;
        }
        self.bot_silent_ms = self.bot_silent_ms.saturating_add(FRAME_MS);
        if self.bot_silent_ms >= SENTENCE_MS && self.bot_speaks_ms > 0 {
            self.bot_speaks_ms = 0;
            let text = self.bot.take();
            notes.push(Heard::BotSaid { text, went_on_ms: self.went_on_ms.take() });
        }
    }

    /// The call is over: what the bot was saying is what was heard of it.
    pub(crate) fn end(&mut self, notes: &mut Vec<Heard>) {
        if self.bot_speaks_ms > 0 {
            self.bot_speaks_ms = 0;
            let text = self.bot.take();
            notes.push(Heard::BotSaid { text, went_on_ms: self.went_on_ms.take() });
        }
        let said = self.said.take();
        if !said.is_empty() {
            notes.push(Heard::CallerSaid { text: said });
        }
    }

    fn begin(&mut self) {
        let Some(text) = self.to_say.pop_front() else { return };
        if matches!(self.habit, Habit::ReadsDigits { .. }) {
            for digit in text.chars() {
                self.saying.extend(sound(&format!("{digit} ")));
                let pause = usize::try_from(BETWEEN_DIGITS_MS / FRAME_MS).unwrap_or(0) * FRAME;
                self.saying.extend(std::iter::repeat_n(SILENCE, pause));
            }
        } else {
            self.saying.extend(sound(&text));
        }
    }

    fn say(&mut self, notes: &mut Vec<Heard>) -> Vec<u8> {
        if self.saying.is_empty() {
            let byte = if matches!(self.habit, Habit::Noisy) { NOISE } else { SILENCE };
            return vec![byte; FRAME];
        }
        let length = FRAME.min(self.saying.len());
        let mut frame: Vec<u8> = self.saying.drain(..length).collect();
        self.said.hear(&frame);
        frame.resize(FRAME, SILENCE);
        if self.saying.is_empty() {
            notes.push(Heard::CallerSaid { text: self.said.take() });
        }
        frame
    }
}
