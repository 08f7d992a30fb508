//! The people who are called: whether they pick up and how they answer.
//!
//! # Numbers to play with by hand
//! The last four digits choose a habit, unless [`crate::Sim::set_person`] or the options say otherwise:
//!
//! | ends with | this person |
//! |---|---|
//! | `9000` | answers every question |
//! | `9001` | is busy |
//! | `9002` | lets it ring |
//! | `9003` | has a voicemail |
//! | `9004` | hangs up in the middle of the second question |
//! | `9005` | picks up and says nothing |
//! | `9006` | presses 9 at the first question |
//! | `9007` | declines while it rings |
//! | `9008` | cannot be reached (SIP 480) |
//! | `9009` | does not exist (SIP 404) |
//!
//! Anyone else gets a habit drawn from the seed and the number by [`Mix`]. Who was busy, away or a voicemail draws
//! again at the next call, so that a retry can succeed; who cannot be reached never can.

use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::spoken::Spoken;

/// What a person does when called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "habit", rename_all = "snake_case")]
pub enum Habit {
    /// Picks up and answers. The n-th question of a call, recorded or gathered, takes the n-th text or keys; an empty
    /// text means silence at that question; after the last one the person makes something up.
    Answers {
        /// Seconds of ringing before picking up; by default 2 to 9.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ring_secs: Option<u32>,
        /// What is said when a question is recorded or speech is gathered.
        #[serde(default)]
        said: Vec<String>,
        /// The keys pressed when keys are gathered.
        #[serde(default)]
        digits: Vec<String>,
    },
    /// The line is busy (SIP 486).
    Busy,
    /// Rings until the carrier gives up (SIP 487).
    NoAnswer,
    /// A machine picks up and says nothing of use.
    Voicemail,
    /// A fax picks up and whistles.
    Fax,
    /// Answers, then hangs up in the middle of the question with this number, counted from 1.
    HangsUpInMidQuestion {
        /// The question, from 1.
        question: u32,
    },
    /// Picks up and says nothing.
    Silent,
    /// Presses a key at every question, also while being recorded.
    PressesKey {
        /// One of `0`-`9`, `*`, `#`.
        key: char,
    },
    /// Talks with a bot, and speaks up while it speaks.
    Interrupts {
        /// What is said, sentence by sentence.
        said: Vec<String>,
        /// After the bot has spoken for so long, in milliseconds.
        after_ms: u32,
    },
    /// Talks with a bot, and hangs up once all is said and the bot has answered.
    HangsUpAfter {
        /// What is said, sentence by sentence.
        said: Vec<String>,
    },
    /// Talks with a bot, and hangs up while it waits for the answer to the last sentence: while the bot thinks, or does something.
    HangsUpWhileWaiting {
        /// What is said, sentence by sentence.
        said: Vec<String>,
        /// So long after the last word, in milliseconds.
        after_ms: u32,
    },
    /// Reads digits out to a bot, with a pause after each.
    ReadsDigits {
        /// The digits.
        digits: String,
    },
    /// Talks with a bot in a voice of their own: somebody made the sounds, for a model that has ears. What went over the line can be
    /// listened to (`GET /sim/calls/{CallSid}/line.wav`).
    Speaks {
        /// What is said, sentence by sentence.
        said: Vec<Spoken>,
    },
    /// Is where it is loud, and says nothing.
    Noisy,
    /// A machine that the carrier takes for somebody: it beeps once the bot has spoken, and is silent.
    Beeps,
    /// Declines while it rings (SIP 603).
    Refuses,
    /// Cannot be reached: no ringing, SIP 480.
    Unreachable,
    /// The number does not exist: no ringing, SIP 404.
    NotInService,
}

impl Habit {
    /// Picks up and makes the answers up.
    pub fn answers() -> Self {
        Self::Answers { ring_secs: None, said: Vec::new(), digits: Vec::new() }
    }

    /// Picks up and says these texts, one for each question.
    pub fn says<const N: usize>(said: [&str; N]) -> Self {
        Self::Answers { ring_secs: None, said: said.map(str::to_owned).into(), digits: Vec::new() }
    }

    /// Picks up and presses these keys, one group for each question.
    pub fn presses<const N: usize>(digits: [&str; N]) -> Self {
        Self::Answers { ring_secs: None, said: Vec::new(), digits: digits.map(str::to_owned).into() }
    }

    fn by_suffix(number: &str) -> Option<Self> {
        let suffix = number.get(number.len().checked_sub(4)?..)?;
        Some(match suffix {
            "9000" => Self::answers(),
            "9001" => Self::Busy,
            "9002" => Self::NoAnswer,
            "9003" => Self::Voicemail,
            "9004" => Self::HangsUpInMidQuestion { question: 2 },
            "9005" => Self::Silent,
            "9006" => Self::PressesKey { key: '9' },
            "9007" => Self::Refuses,
            "9008" => Self::Unreachable,
            "9009" => Self::NotInService,
            _ => return None,
        })
    }

    /// The habit of a number that nobody described, at its n-th call (from 0).
    pub(crate) fn of_stranger(mix: &Mix, seed: u64, number: &str, nth: u64) -> Self {
        Self::by_suffix(number).unwrap_or_else(|| {
            let first = mix.draw(&mut Chance::of(seed, &["habit", number]));
            let lasting = !matches!(first, Self::Busy | Self::NoAnswer | Self::Voicemail);
            if nth == 0 || lasting {
                return first;
            }
            let again = mix.draw(&mut Chance::of(seed, &["habit", number, &nth.to_string()]));
            // Somebody who was merely away has not changed the number meanwhile.
            if matches!(again, Self::Unreachable | Self::NotInService) { Self::answers() } else { again }
        })
    }
}

/// How common each habit is among people that nobody described, as weights.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Mix {
    /// Pick up and answer.
    pub answers: u32,
    /// Are busy.
    pub busy: u32,
    /// Let it ring.
    pub no_answer: u32,
    /// Have a voicemail.
    pub voicemail: u32,
    /// Hang up in the middle of a question.
    pub hangs_up: u32,
    /// Say nothing.
    pub silent: u32,
    /// Decline while it rings.
    pub refuses: u32,
    /// Cannot be reached.
    pub unreachable: u32,
    /// Do not exist.
    pub not_in_service: u32,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            answers: 66,
            busy: 6,
            no_answer: 10,
            voicemail: 8,
            hangs_up: 4,
            silent: 2,
            refuses: 2,
            unreachable: 1,
            not_in_service: 1,
        }
    }
}

impl Mix {
    /// Everybody picks up and answers.
    pub fn everybody_answers() -> Self {
        Self {
            answers: 1,
            busy: 0,
            no_answer: 0,
            voicemail: 0,
            hangs_up: 0,
            silent: 0,
            refuses: 0,
            unreachable: 0,
            not_in_service: 0,
        }
    }

    fn draw(&self, chance: &mut Chance) -> Habit {
        let question = chance.within(1..=3);
        let weighted = [
            (self.answers, Habit::answers()),
            (self.busy, Habit::Busy),
            (self.no_answer, Habit::NoAnswer),
            (self.voicemail, Habit::Voicemail),
            (self.hangs_up, Habit::HangsUpInMidQuestion { question }),
            (self.silent, Habit::Silent),
            (self.refuses, Habit::Refuses),
            (self.unreachable, Habit::Unreachable),
            (self.not_in_service, Habit::NotInService),
        ];
        let total: u32 = weighted.iter().map(|(weight, _)| weight).sum();
        let mut at = chance.within(1..=total.max(1));
        for (weight, habit) in weighted {
            if at <= weight {
                return habit;
            }
            at -= weight;
        }
        Habit::answers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_the_same_person_for_the_same_seed() {
        let of = |seed| -> Vec<Habit> {
            (0..200).map(|n| Habit::of_stranger(&Mix::default(), seed, &format!("+1555{n:04}"), 0)).collect()
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn strangers_are_as_mixed_as_the_weights_say() {
        let mix = Mix::default();
        let people = 5_000;
        let answering = (0..people)
            .filter(|n| Habit::of_stranger(&mix, 7, &format!("+4930{n:06}"), 0) == Habit::answers())
            .count();
        let share = answering * 100 / people;
        assert!((60..=72).contains(&share), "{share} % answer");
    }

    #[test]
    fn a_number_that_does_not_exist_never_comes_to_exist() {
        let mix = Mix { not_in_service: 1, ..Mix { answers: 0, ..Mix::everybody_answers() } };
        for nth in 0..20 {
            assert_eq!(Habit::of_stranger(&mix, 1, "+15550100", nth), Habit::NotInService);
        }
    }

    #[test]
    fn the_last_four_digits_choose_a_habit() {
        assert_eq!(Habit::of_stranger(&Mix::default(), 1, "+15125559001", 3), Habit::Busy);
        assert_eq!(Habit::of_stranger(&Mix::default(), 1, "+15125559006", 0), Habit::PressesKey { key: '9' });
    }

    #[test]
    fn habits_are_written_in_plain_json() {
        let habit: Habit = serde_json::from_str(r#"{"habit":"answers","said":["Ann"]}"#).unwrap();
        assert_eq!(habit, Habit::says(["Ann"]));
        let habit: Habit = serde_json::from_str(r#"{"habit":"presses_key","key":"9"}"#).unwrap();
        assert_eq!(habit, Habit::PressesKey { key: '9' });
    }
}
