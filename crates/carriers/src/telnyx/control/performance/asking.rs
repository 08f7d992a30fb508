//! Keys that are asked for, while one prompt after the other is heard.

use super::{Doing, Heard, LONGEST_FILE, MARGIN, Performance, Step, spoken_in};
use crate::telnyx::control::command::Command;
use crate::voice::{Gather, OnEmpty, Prompt, Verb};
use std::time::Duration;
use trunkline_core::private::Private;

impl Performance {
    /// Whether it waits for keys.
    pub fn gathers(&self) -> bool {
        self.doing == Doing::Gathering
    }

    /// Asks for keys while the prompt that it stands at is heard.
    pub(super) fn gather(&mut self, gather: &Gather) -> Vec<Step> {
        self.doing = Doing::Gathering;
        let prompt = gather.prompts.get(self.part).cloned();
        let goes_on = self.part + 1 < gather.prompts.len();
        let heard = match &prompt {
            Some(Prompt::Say(say)) => spoken_in(&say.text),
            Some(Prompt::Play(_)) => LONGEST_FILE,
            Some(Prompt::Pause { secs }) => Duration::from_secs((*secs).into()),
            None => Duration::ZERO,
        };
        let keys = u32::from(gather.num_digits.unwrap_or(12)) + 1;
        let wait = heard + Duration::from_secs(gather.timeout_secs.into()) * keys + MARGIN;
        let wanted = Box::new(Gather { prompts: Vec::new(), ..gather.clone() });
        vec![self.send(Command::Gather { wanted, prompt, goes_on }), Step::Wait(wait)]
    }

    pub(super) fn gathered(&mut self, digits: Option<Private<String>>) -> Vec<Step> {
        let Some(Verb::Gather(gather)) = self.verbs.get(self.at).cloned() else { return self.next() };
        if digits.is_some() {
            return self.ask(gather.action, Heard { digits, ..Heard::default() });
        }
        if self.part + 1 < gather.prompts.len() {
            self.part += 1;
            return self.gather(&gather);
        }
        match gather.on_empty {
            OnEmpty::FallsThrough => self.next(),
            OnEmpty::AsksAction => self.ask(gather.action, Heard::default()),
        }
    }
}
