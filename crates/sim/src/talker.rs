//! One person in a conversation, 20 ms at a time: what they hear, and when they speak.

use std::collections::VecDeque;

use crate::heard::Heard;
use crate::person::Habit;
use crate::tape::Tape;
use crate::voice::{BYTES_PER_MS, Ear, FRAME, NOISE, SILENCE, is_sound, sound};

const FRAME_MS: u32 = 20;
/// Somebody polite waits so long after the other has stopped.
const POLITE_MS: u32 = 700;
/// A sentence is over after so much silence.
const SENTENCE_MS: u32 = 300;
/// Somebody who reads digits out slowly pauses so long between them: longer than a model waits.
const BETWEEN_DIGITS_MS: u32 = 900;

/// So long is the tone of a machine.
const BEEP: usize = 800 * BYTES_PER_MS;

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

/// What is said in one go.
#[derive(Debug)]
struct Sentence {
    sound: Vec<u8>,
    /// The words of a voice that somebody made; a sound of ours tells its own.
    words: Option<String>,
}

/// A person in a conversation.
#[derive(Debug)]
pub(crate) struct Talker {
    habit: Habit,
    /// What is still to be said.
    to_say: VecDeque<Sentence>,
    saying: VecDeque<u8>,
    /// The words of what is being said, where the sound does not tell them.
    words: Option<String>,
    /// What went over the line, where the voices are real ones.
    tape: Option<Tape>,
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
    /// How long it is since the person has said all.
    waited_ms: Option<u32>,
}

impl Talker {
    pub(crate) fn new(habit: Habit) -> Self {
        let to_say = sentences(&habit).into();
        let tape = matches!(habit, Habit::Speaks { .. }).then(Tape::default);
        Self {
            habit,
            to_say,
            words: None,
            tape,
            saying: VecDeque::new(),
            said: Ear::default(),
            bot: Ear::default(),
            bot_speaks_ms: 0,
            bot_silent_ms: 0,
            bot_turns: 0,
            may_answer: false,
            went_on_ms: None,
            waited_ms: None,
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
        let hangs_up = match self.habit {
            Habit::HangsUpInMidQuestion { question } => {
                question <= self.bot_turns && self.bot_speaks_ms >= 1_000
            }
            Habit::HangsUpWhileWaiting { after_ms, .. } => {
                self.waited_ms.is_some_and(|waited| waited >= after_ms)
            }
            _ => false,
        };
        if hangs_up {
            notes.push(Heard::PersonHungUp);
        }
        let frame = self.say(notes);
        if let Some(tape) = &mut self.tape {
            tape.frame(&frame, heard);
        }
        Does { frame, digit, hangs_up }
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
            let text = self.words_of_bot();
            notes.push(Heard::BotSaid { text, went_on_ms: self.went_on_ms.take() });
        }
    }

    /// The call is over: what the bot was saying is what was heard of it.
    pub(crate) fn end(&mut self, notes: &mut Vec<Heard>) {
        if self.bot_speaks_ms > 0 {
            self.bot_speaks_ms = 0;
            let text = self.words_of_bot();
            notes.push(Heard::BotSaid { text, went_on_ms: self.went_on_ms.take() });
        }
        let said = self.words_said();
        if !said.is_empty() {
            notes.push(Heard::CallerSaid { text: said });
        }
    }

    fn begin(&mut self) {
        let Some(Sentence { sound, words }) = self.to_say.pop_front() else { return };
        self.saying.extend(sound);
        self.words = words;
    }

    /// The words that were said, as far as they go.
    fn words_said(&mut self) -> String {
        let heard = self.said.take();
        self.words.take().unwrap_or(heard)
    }

    /// The bot's words; there are none that we understood where it has a real voice.
    fn words_of_bot(&mut self) -> String {
        let heard = self.bot.take();
        if self.tape.is_some() { String::new() } else { heard }
    }

    /// What went over the line, if that is kept.
    pub(crate) fn tape(&self) -> Option<&Tape> {
        self.tape.as_ref()
    }

    fn say(&mut self, notes: &mut Vec<Heard>) -> Vec<u8> {
        if let Some(waited) = &mut self.waited_ms {
            *waited += FRAME_MS;
        }
        if self.saying.is_empty() {
            let byte = if matches!(self.habit, Habit::Noisy) { NOISE } else { SILENCE };
            return vec![byte; FRAME];
        }
        let length = FRAME.min(self.saying.len());
        let mut frame: Vec<u8> = self.saying.drain(..length).collect();
        self.said.hear(&frame);
        frame.resize(FRAME, SILENCE);
        if self.saying.is_empty() {
            self.waited_ms = self.to_say.is_empty().then_some(0);
            let text = self.words_said();
            // A tone has no words.
            if !text.is_empty() {
                notes.push(Heard::CallerSaid { text });
            }
        }
        frame
    }
}

/// Everything that somebody has to say.
fn sentences(habit: &Habit) -> Vec<Sentence> {
    let ours = |text: &String| Sentence { sound: sound(text), words: None };
    match habit {
        Habit::Answers { said, .. }
        | Habit::Interrupts { said, .. }
        | Habit::HangsUpAfter { said }
        | Habit::HangsUpWhileWaiting { said, .. } => said.iter().map(ours).collect(),
        Habit::Beeps => vec![Sentence { sound: vec![NOISE; BEEP], words: None }],
        Habit::ReadsDigits { digits } => vec![Sentence { sound: read_out(digits), words: None }],
        Habit::Speaks { said } => said
            .iter()
            .map(|spoken| Sentence { sound: spoken.sound.0.clone(), words: Some(spoken.text.clone()) })
            .collect(),
        _ => Vec::new(),
    }
}

/// Digits with a pause after each.
fn read_out(digits: &str) -> Vec<u8> {
    let pause = usize::try_from(BETWEEN_DIGITS_MS / FRAME_MS).unwrap_or(0) * FRAME;
    let digit = |digit: char| {
        let mut sound = sound(&format!("{digit} "));
        sound.resize(sound.len() + pause, SILENCE);
        sound
    };
    digits.chars().flat_map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spoken::{Spoken, Voice};

    #[test]
    fn a_voice_of_ones_own_goes_over_the_line_as_it_is_once_the_bot_has_spoken() {
        let sound: Vec<u8> = (0..330).map(|n| n as u8 % 200).collect();
        let said = vec![Spoken { text: "Yes.".to_owned(), sound: Voice(sound.clone()) }];
        let (mut ann, mut notes, mut line) = (Talker::new(Habit::Speaks { said }), Vec::new(), Vec::new());
        let bot = std::iter::repeat_n([0x20; FRAME], 10).chain(std::iter::repeat_n([SILENCE; FRAME], 40));
        for heard in bot {
            line.extend(ann.frame(&heard, &mut notes).frame);
        }
        let begins = line.iter().position(|byte| *byte != SILENCE).unwrap();
        assert!(begins >= (10 + 35 - 1) * FRAME, "politely, after {begins} bytes");
        assert_eq!(line[begins..begins + sound.len()], sound);
        assert!(line[begins + sound.len()..].iter().all(|byte| *byte == SILENCE));
        // Of the bot's voice no words are known; of the person's those that came with the sound.
        let bot_said = Heard::BotSaid { text: String::new(), went_on_ms: None };
        assert_eq!(notes, [bot_said, Heard::CallerSaid { text: "Yes.".to_owned() }]);
        assert_eq!(ann.tape().unwrap().wav().unwrap().len(), 44 + 4 * line.len());
    }
}
