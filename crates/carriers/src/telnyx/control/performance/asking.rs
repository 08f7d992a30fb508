//! A question that is answered by keys, and by speech where that is taken: whichever comes first ends it.
//!
//! The ears open before the first word of the question and close with its answer, so that nothing of it reaches the next
//! one. Who begins to speak is not spoken to any further: keys are taken one by one from then on. What was told in parts
//! counts if the rest of it never comes. Where Telnyx won't listen the question goes on by keys.

use super::{Doing, Heard, LONGEST_FILE, MARGIN, Performance, Step, spoken_in};
use crate::telnyx::control::command::Command;
use crate::telnyx::control::listening::Listening;
use crate::voice::{Gather, OnEmpty, Prompt, Verb};
use std::time::Duration;
use trunkline_core::private::Private;

/// Beyond a question's time for silence: whoever began to speak within it is told of a little later.
const TOLD_WITHIN: Duration = Duration::from_secs(2);
/// Beyond the same: from a part of what somebody says to the next one, or to the whole.
const PART: Duration = Duration::from_secs(5);

/// Where a question stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gathering {
    speech: Speech,
    keys: Keys,
}

/// What was heard of an answer that is spoken.
#[derive(Clone, Debug, PartialEq)]
enum Speech {
    /// Nobody listens.
    NotTaken,
    /// Nothing.
    Awaited,
    /// This, so far.
    Begun(Private<String>),
}

/// How keys are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    /// By Telnyx, which tells of all at once.
    Gathered,
    /// By ourselves, as they are pressed: it gathers no more.
    OneByOne,
}

impl Gathering {
    /// What must be stopped when it ends here.
    pub(super) fn stops(&self) -> Vec<Command> {
        let hears = (self.speech != Speech::NotTaken).then_some(Command::StopListening);
        let gathers = (self.keys == Keys::Gathered).then_some(Command::StopGather);
        hears.into_iter().chain(gathers).collect()
    }

    /// Whether an event is missing if nothing comes: who has said nothing until now is silent, and nothing is told of that.
    pub(super) fn awaits_event(&self) -> bool {
        self.keys == Keys::Gathered || matches!(self.speech, Speech::Begun(_))
    }
}

impl Performance {
    /// Whether it waits for an answer of which nothing was told yet.
    pub fn gathers(&self) -> bool {
        matches!(&self.doing, Doing::Gathering(gathering) if !matches!(gathering.speech, Speech::Begun(_)))
    }

    /// Begins a question.
    pub(super) fn question(&mut self, gather: &Gather) -> Vec<Step> {
        let listening = Listening::to(gather).map(Box::new);
        let speech = if listening.is_some() { Speech::Awaited } else { Speech::NotTaken };
        self.doing = Doing::Gathering(Gathering { speech, keys: Keys::Gathered });
        let listen = listening.map(|listening| self.send(Command::Listen(listening)));
        listen.into_iter().chain(self.prompt(gather)).collect()
    }

    /// Asks for keys while the prompt that it stands at is heard.
    fn prompt(&self, gather: &Gather) -> Vec<Step> {
        let prompt = gather.prompts.get(self.part).cloned();
        let goes_on = self.part + 1 < gather.prompts.len();
        let heard = match &prompt {
            Some(Prompt::Say(say)) => spoken_in(&say.text),
            Some(Prompt::Play(_)) => LONGEST_FILE,
            Some(Prompt::Pause { secs }) => Duration::from_secs((*secs).into()),
            None => Duration::ZERO,
        };
        let keys = u32::from(gather.num_digits.unwrap_or(12)) + 1;
        let wait = heard + silence_of(gather) * keys + MARGIN;
        let wanted = Box::new(Gather { prompts: Vec::new(), ..gather.clone() });
        vec![self.send(Command::Gather { wanted, prompt, goes_on }), Step::Wait(wait)]
    }

    /// Telnyx gathers keys no more.
    pub(super) fn gathered(&mut self, digits: Option<Private<String>>) -> Vec<Step> {
        let Some(Verb::Gather(gather)) = self.verbs.get(self.at).cloned() else { return self.next() };
        let Doing::Gathering(gathering) = &mut self.doing else { return Vec::new() };
        let was = std::mem::replace(&mut gathering.keys, Keys::OneByOne);
        if digits.is_some() {
            return self.answered(&gather, Heard { digits, ..Heard::default() });
        }
        match gathering.speech {
            // It was stopped for who speaks, or is told of twice.
            _ if was == Keys::OneByOne => Vec::new(),
            Speech::Begun(_) => Vec::new(),
            Speech::Awaited | Speech::NotTaken if self.part + 1 < gather.prompts.len() => {
                gathering.keys = Keys::Gathered;
                self.part += 1;
                self.prompt(&gather)
            }
            Speech::Awaited => vec![Step::Wait(TOLD_WITHIN)],
            Speech::NotTaken => self.unanswered(&gather),
        }
    }

    /// A key was pressed: it is told of again with all others, unless nobody gathers them.
    pub(super) fn pressed(&mut self, key: char) -> Vec<Step> {
        let Some(Verb::Gather(gather)) = self.verbs.get(self.at).cloned() else { return Vec::new() };
        let counts = matches!(&self.doing, Doing::Gathering(gathering) if gathering.keys == Keys::OneByOne)
            && gather.num_digits == Some(1)
            && !gather.finish_on_key.contains(key);
        if !counts {
            return Vec::new();
        }
        let digits = Some(Private::new(key.to_string()));
        self.answered(&gather, Heard { digits, ..Heard::default() })
    }

    /// Somebody speaks.
    pub(super) fn said(&mut self, words: &Private<String>, is_final: bool) -> Vec<Step> {
        let Some(Verb::Gather(gather)) = self.verbs.get(self.at).cloned() else { return Vec::new() };
        let Doing::Gathering(gathering) = &mut self.doing else { return Vec::new() };
        let length = |words: &Private<String>| words.reveal().chars().count();
        match &gathering.speech {
            Speech::NotTaken => return Vec::new(),
            Speech::Awaited | Speech::Begun(_) if is_final => {
                return self.answered(&gather, Heard { speech: Some(words.clone()), ..Heard::default() });
            }
            // Told of out of its turn.
            Speech::Begun(known) if length(known) > length(words) => {}
            Speech::Awaited | Speech::Begun(_) => gathering.speech = Speech::Begun(words.clone()),
        }
        // Several keys can't be taken one by one: there the question is heard to its end.
        let hushes = gathering.keys == Keys::Gathered && gather.num_digits == Some(1);
        if hushes {
            gathering.keys = Keys::OneByOne;
        }
        let hush = hushes.then(|| self.send(Command::StopGather));
        hush.into_iter().chain([Step::Wait(silence_of(&gather) + PART)]).collect()
    }

    /// Its time is up.
    pub(super) fn nothing_more(&mut self) -> Vec<Step> {
        let Some(Verb::Gather(gather)) = self.verbs.get(self.at).cloned() else { return self.next() };
        match &self.doing {
            Doing::Gathering(Gathering { speech: Speech::Begun(words), .. }) => {
                let speech = Some(words.clone());
                self.answered(&gather, Heard { speech, ..Heard::default() })
            }
            Doing::Gathering(Gathering { keys: Keys::OneByOne, .. }) => self.unanswered(&gather),
            _ => self.gathered(None),
        }
    }

    /// Telnyx does not listen.
    pub(super) fn keys_alone(&mut self) -> Vec<Step> {
        let Some(Verb::Gather(gather)) = self.verbs.get(self.at).cloned() else { return Vec::new() };
        match &mut self.doing {
            Doing::Gathering(gathering) => {
                gathering.speech = Speech::NotTaken;
                match gathering.keys {
                    Keys::Gathered => Vec::new(),
                    Keys::OneByOne => self.unanswered(&gather),
                }
            }
            _ => Vec::new(),
        }
    }

    fn answered(&mut self, gather: &Gather, heard: Heard) -> Vec<Step> {
        let stops = self.stops();
        stops.into_iter().chain(self.ask(gather.action.clone(), heard)).collect()
    }

    fn unanswered(&mut self, gather: &Gather) -> Vec<Step> {
        let stops = self.stops();
        let then = match gather.on_empty {
            OnEmpty::FallsThrough => self.next(),
            OnEmpty::AsksAction => self.ask(gather.action.clone(), Heard::default()),
        };
        stops.into_iter().chain(then).collect()
    }

    fn stops(&self) -> Vec<Step> {
        match &self.doing {
            Doing::Gathering(gathering) => {
                gathering.stops().into_iter().map(|command| self.send(command)).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn silence_of(gather: &Gather) -> Duration {
    Duration::from_secs(gather.timeout_secs.into())
}
