//! One person on one call: how the phone is picked up and how each question is answered.

use crate::chance::Chance;
use crate::person::Habit;
use crate::twiml::{Digits, Gather};

/// What happens when the phone should ring. Times are simulated seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pickup {
    Answers { ring_secs: u32, by: Answerer },
    RingsOn,
    Declines { ring_secs: u32 },
    Busy,
    Fails { sip_code: u16 },
}

/// Who or what picked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answerer {
    Human,
    Machine,
    Fax,
}

/// What comes back at a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reply {
    Speaks {
        said: String,
        secs: u32,
    },
    Presses {
        keys: String,
    },
    Silence,
    /// Hangs up after some seconds of the question.
    HangsUp {
        secs: u32,
    },
}

const SAYINGS: [&str; 12] = [
    "Yes, that is right.",
    "No, not this time.",
    "Tuesday in the morning would be best.",
    "I would rather be called in the evening.",
    "It has been fine, thank you.",
    "Could be better, to be honest.",
    "My name is Ann Example.",
    "About two weeks ago.",
    "I am not sure, maybe next month.",
    "The one on Main Street.",
    "Very satisfied.",
    "Nothing else, goodbye.",
];

/// A person during one call.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    habit: Habit,
    chance: Chance,
    questions: u32,
}

impl Person {
    pub(crate) fn new(habit: Habit, chance: Chance) -> Self {
        Self { habit, chance, questions: 0 }
    }

    pub(crate) fn pickup(&mut self) -> Pickup {
        let ring_secs = self.chance.within(2..=9);
        match self.habit {
            Habit::Answers { ring_secs: chosen, .. } => {
                Pickup::Answers { ring_secs: chosen.unwrap_or(ring_secs), by: Answerer::Human }
            }
            Habit::HangsUpInMidQuestion { .. }
            | Habit::Silent
            | Habit::PressesKey { .. }
            | Habit::Interrupts { .. }
            | Habit::HangsUpAfter { .. }
            | Habit::ReadsDigits { .. }
            | Habit::Speaks { .. }
            | Habit::HangsUpWhileWaiting { .. }
            | Habit::Beeps
            | Habit::Noisy => Pickup::Answers { ring_secs, by: Answerer::Human },
            Habit::Voicemail => Pickup::Answers { ring_secs: 20, by: Answerer::Machine },
            Habit::Fax => Pickup::Answers { ring_secs, by: Answerer::Fax },
            Habit::Busy => Pickup::Busy,
            Habit::NoAnswer => Pickup::RingsOn,
            Habit::Refuses => Pickup::Declines { ring_secs },
            Habit::Unreachable => Pickup::Fails { sip_code: 480 },
            Habit::NotInService => Pickup::Fails { sip_code: 404 },
        }
    }

    /// How the person is.
    pub(crate) fn habit(&self) -> &Habit {
        &self.habit
    }

    /// The number of the question asked last, from 1.
    pub(crate) fn question(&self) -> u32 {
        self.questions
    }

    /// Answers a `<Record>`.
    pub(crate) fn reply_to_recording(&mut self) -> Reply {
        self.reply(None, "")
    }

    /// Answers a `<Gather>`; `prompt` is what was heard, where a person finds the keys on offer. Who may choose
    /// presses keys, but for one whose answers are all spoken.
    pub(crate) fn reply_to_gather(&mut self, gather: &Gather, prompt: &str) -> Reply {
        let rather_speaks = gather.takes_speech.is_some()
            && matches!(&self.habit, Habit::Answers { said, digits, .. } if digits.is_empty() && !said.is_empty());
        let keys = gather.takes_digits.as_ref().filter(|_| !rather_speaks);
        self.reply(keys, prompt)
    }

    fn reply(&mut self, keys: Option<&Digits>, prompt: &str) -> Reply {
        self.questions += 1;
        // Drawn in any case, so that one habit's choice does not shift the next question's chance.
        let secs = self.chance.within(1..=4);
        let saying = self.chance.pick(&SAYINGS).copied().unwrap_or_default();
        let made_up = made_up_keys(keys, prompt, &mut self.chance);
        let index = self.questions as usize - 1;
        match &self.habit {
            Habit::Answers { digits, .. } if keys.is_some() => {
                presses(digits.get(index).cloned().unwrap_or(made_up))
            }
            Habit::Answers { said, .. }
            | Habit::Interrupts { said, .. }
            | Habit::HangsUpAfter { said }
            | Habit::HangsUpWhileWaiting { said, .. } => {
                speaks(said.get(index).map_or(saying, String::as_str), secs)
            }
            Habit::ReadsDigits { digits } => speaks(digits, secs),
            Habit::Speaks { said } => {
                speaks(said.get(index).map_or(saying, |spoken| spoken.text.as_str()), secs)
            }
            Habit::PressesKey { key } => presses(key.to_string()),
            Habit::HangsUpInMidQuestion { question } if *question <= self.questions => {
                Reply::HangsUp { secs }
            }
            Habit::HangsUpInMidQuestion { .. } if keys.is_some() => presses(made_up),
            Habit::HangsUpInMidQuestion { .. } => speaks(saying, secs),
            Habit::Silent
            | Habit::Noisy
            | Habit::Beeps
            | Habit::Voicemail
            | Habit::Fax
            | Habit::Busy
            | Habit::NoAnswer
            | Habit::Refuses
            | Habit::Unreachable
            | Habit::NotInService => Reply::Silence,
        }
    }
}

fn speaks(said: &str, secs: u32) -> Reply {
    if said.is_empty() { Reply::Silence } else { Reply::Speaks { said: said.to_owned(), secs } }
}

fn presses(keys: String) -> Reply {
    if keys.is_empty() { Reply::Silence } else { Reply::Presses { keys } }
}

/// Keys that fit the question: one of those the prompt names, else any. 9 and 0 are left alone when there is another
/// choice, since they usually mean "never call again" and "speak to somebody".
fn made_up_keys(digits: Option<&Digits>, prompt: &str, chance: &mut Chance) -> String {
    let count = digits.and_then(|digits| digits.count).unwrap_or(1).min(20);
    if count > 1 {
        return (0..count).map(|_| key(chance.within(0..=9))).collect();
    }
    let named: Vec<u32> = prompt
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|word| word.len() == 1)
        .filter_map(|word| word.parse().ok())
        .collect();
    let usual: Vec<u32> = named.iter().copied().filter(|key| (1..=8).contains(key)).collect();
    let offered = if usual.is_empty() { named } else { usual };
    let drawn = chance.within(1..=5);
    key(chance.pick(&offered).copied().unwrap_or(drawn)).into()
}

fn key(digit: u32) -> char {
    char::from_digit(digit, 10).unwrap_or('1')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mouth::Mouth;
    use crate::twiml::{self, Verb};

    fn person(habit: Habit) -> Person {
        Person::new(habit, Chance::of(1, &["test"]))
    }

    fn gather(attributes: &str) -> Gather {
        let document =
            twiml::parse(&format!("<Response><Gather {attributes}/></Response>"), Mouth::Twilio).unwrap();
        match document.verbs.into_iter().next() {
            Some(Verb::Gather(gather)) => gather,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_nth_question_takes_the_nth_text_and_an_empty_one_is_silence() {
        let mut ann = person(Habit::says(["Ann", "", "no"]));
        let said = |reply| match reply {
            Reply::Speaks { said, secs } => {
                assert!((1..=4).contains(&secs));
                said
            }
            Reply::Silence => "-".into(),
            other => panic!("{other:?}"),
        };
        let heard: Vec<String> = (0..3).map(|_| said(ann.reply_to_recording())).collect();
        assert_eq!(heard, ["Ann", "-", "no"]);
        assert!(!said(ann.reply_to_recording()).is_empty(), "made up after the last");
    }

    #[test]
    fn keys_made_up_are_among_those_the_prompt_names() {
        let mut ann = person(Habit::answers());
        for _ in 0..50 {
            let prompt = "For yes press 1, for no 2, to opt out 9.";
            let Reply::Presses { keys } = ann.reply_to_gather(&gather("numDigits='1'"), prompt) else {
                panic!("no keys")
            };
            assert!(["1", "2"].contains(&keys.as_str()), "{keys}");
        }
    }

    #[test]
    fn as_many_keys_as_wanted_are_pressed() {
        let wanted = gather("numDigits='4'");
        let Reply::Presses { keys } = person(Habit::answers()).reply_to_gather(&wanted, "Your code?") else {
            panic!("no keys")
        };
        assert_eq!(keys.len(), 4);
    }

    #[test]
    fn hangs_up_in_the_second_question_and_not_before() {
        let mut person = person(Habit::HangsUpInMidQuestion { question: 2 });
        assert!(matches!(person.reply_to_recording(), Reply::Speaks { .. }));
        assert!(matches!(person.reply_to_recording(), Reply::HangsUp { .. }));
    }
}
