//! Tools that the model asks for: each is answered once, and no caller waits for one without end.

use super::{Bridge, Ending, GOOD_BYE, Model, Phase, Tool, past};
use crate::bridge::frames::{Act, ModelDoes, Then, ToolAnswer};
use crate::bridge::memory::Remembered;
use crate::call::{BotNews, BotOver};
use crate::private::Private;
use jiff::Timestamp;

impl Bridge {
    pub(super) fn tool_asked(
        &mut self,
        id: String,
        name: String,
        arguments: String,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        // Asked twice in the same words, it is answered once.
        if self.tools.contains_key(&id) || self.phase != Phase::Talking {
            return;
        }
        let entry = self.next_entry();
        self.tools.insert(id.clone(), Tool { entry, asked_at: now, answered: false });
        self.memory.keep(
            entry,
            Remembered::Tool {
                id: id.clone(),
                name: name.clone(),
                arguments: arguments.clone(),
                output: None,
            },
        );
        acts.push(Act::Journal(BotNews::ToolAsked {
            entry,
            id: id.clone(),
            name: name.clone(),
            arguments: Private::new(arguments.clone()),
        }));
        // That it ends the call is all that it may always do.
        let is_end = name == crate::bot::Tool::EndCall.as_str();
        if !is_end && self.tools.len() > usize::try_from(self.patience().tools).unwrap_or(usize::MAX) {
            let output = "{\"error\":\"too_many_tools\",\"say\":\"No more can be done in this call.\"}";
            self.tool_answered(
                ToolAnswer { id, output: output.to_owned(), did: None, then: Then::GoOn },
                now,
                acts,
            );
            return;
        }
        acts.push(Act::AskTool { entry, id, name, arguments });
    }

    pub(super) fn tool_answered(&mut self, answer: ToolAnswer, now: Timestamp, acts: &mut Vec<Act>) {
        let Some(tool) = self.tools.get_mut(&answer.id).filter(|tool| !tool.answered) else { return };
        tool.answered = true;
        self.untold = true;
        let entry = tool.entry;
        self.memory.tool_answered(entry, &answer.output);
        let output = Private::new(answer.output.clone());
        acts.push(Act::Journal(BotNews::ToolAnswered { entry, output, did: answer.did }));
        if self.phase != Phase::Talking {
            return;
        }
        if self.model == Model::Ready {
            acts.push(Act::Model(ModelDoes::ToolAnswered { id: answer.id, output: answer.output }));
        }
        let why = match answer.then {
            Then::GoOn => None,
            Then::HangUp => Some(BotOver::Finished),
            Then::HandOver => Some(BotOver::HandedOver),
        };
        if let Some(why) = why {
            let has_sound = self.response.as_ref().is_some_and(|response| response.has_sound);
            let goodbye = has_sound || self.playing.is_playing();
            self.ending.get_or_insert(Ending { why, since: now, goodbye });
        }
        if self.response.is_none() {
            self.go_on(false, now, acts);
        }
    }

    /// An answer is over, or a tool's: what comes next.
    pub(super) fn go_on(&mut self, had_sound: bool, now: Timestamp, acts: &mut Vec<Act>) {
        if self.tools.values().any(|tool| !tool.answered) || self.expects.is_some() {
            return;
        }
        match &mut self.ending {
            Some(ending) if ending.goodbye || had_sound => ending.goodbye = true,
            Some(ending) => {
                ending.goodbye = true;
                self.ask(Some(GOOD_BYE.to_owned()), now, acts);
            }
            // The model answers what the tools have answered, and waits for the caller else.
            None if std::mem::take(&mut self.untold) => self.ask(None, now, acts),
            None => {}
        }
    }

    pub(super) fn look_at_tools(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        let span = self.patience().tool_ms;
        let is_late = |tool: &Tool| !tool.answered && past(now, tool.asked_at, span);
        let late: Vec<String> =
            self.tools.iter().filter(|(_, tool)| is_late(tool)).map(|(id, _)| id.clone()).collect();
        for id in late {
            let output =
                "{\"error\":\"unavailable\",\"say\":\"This can't be done at the moment.\"}".to_owned();
            self.tool_answered(ToolAnswer { id, output, did: None, then: Then::GoOn }, now, acts);
        }
    }
}
