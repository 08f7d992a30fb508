//! Which way a number sends a call: to its script, on to another number, or, while it is closed, to what answers then.

use super::{OurNumber, ours};
use crate::engine::Inner;
use crate::webhook::VoiceFetch;
use std::sync::Arc;
use trunkline_core::bot::BotName;
use trunkline_core::call::Direction;
use trunkline_core::numbers::{AfterHours, Answer, Route};
use trunkline_core::script::{Script, ScriptName};

/// What a call hears, and which way its number sent it.
pub(crate) struct Routed {
    pub script: Arc<Script>,
    /// The bot that talks, if one does; the script is then what is asked when it can't.
    pub bot: Option<BotName>,
    /// `None` if nobody called us, or no number says anything.
    pub route: Option<Route>,
}

/// What is said where a number has no words of its own.
#[derive(Clone, Copy)]
enum Otherwise {
    WeAreClosed,
    Goodbye,
}

impl Inner {
    /// What answers the number that was called; what the number that calls would have, where other software calls.
    pub(crate) fn routed(&self, fetch: &VoiceFetch) -> Routed {
        let Some(number) = self.number_of(ours(fetch.direction, &fetch.from, &fetch.to)) else {
            return Routed { script: self.script_or_default(None), bot: None, route: None };
        };
        let route = match fetch.direction {
            Direction::Inbound => Some(number.answering.at(self.clock.now())),
            Direction::Outbound => None,
        };
        let script = match route {
            Some(Route::AfterHours) => self.after_hours(&number, Otherwise::WeAreClosed),
            Some(Route::Forward) => self.after_hours(&number, Otherwise::Goodbye),
            Some(Route::Script | Route::Bot) | None => self.answering(&number),
        };
        let bot = match (route, &number.answering.answer) {
            (Some(Route::Bot), Answer::Bot(bot)) => Some(bot.clone()),
            _ => None,
        };
        Routed { script, bot, route }
    }

    fn answering(&self, number: &OurNumber) -> Arc<Script> {
        match &number.answering.answer {
            Answer::Script(script) => self.script_or_default(Some(script)),
            Answer::Forward(_) => self.script_or_default(None),
            Answer::Bot(bot) => {
                let bot = self.bot_files.current(&number.tenant, bot.as_str());
                self.script_or_default(bot.as_ref().and_then(|bot| bot.fallback_script.as_ref()))
            }
        }
    }

    fn after_hours(&self, number: &OurNumber, otherwise: Otherwise) -> Arc<Script> {
        let AfterHours { message, language, script } =
            number.answering.after_hours.clone().unwrap_or_default();
        match (script, message) {
            (Some(script), None) => self.script_or_default(Some(&script)),
            (Some(script), Some(message)) => {
                let script = self.script_or_default(Some(&script));
                self.made(Script::clone(&script).beginning_with(&message))
            }
            (None, message) => {
                let language = language.unwrap_or_else(|| self.answering(number).language.clone());
                let words = match otherwise {
                    Otherwise::WeAreClosed => Some(message.as_deref().unwrap_or(language.texts().closed)),
                    Otherwise::Goodbye => message.as_deref(),
                };
                self.made(Script::message(words, language.clone()))
            }
        }
    }

    /// A script that is in no file, known by its content from now on.
    fn made(&self, script: Script) -> Arc<Script> {
        self.scripts.version(script.version).unwrap_or_else(|| self.scripts.take_in(script))
    }

    fn script_or_default(&self, name: Option<&ScriptName>) -> Arc<Script> {
        let current =
            self.scripts.current(name.map(ScriptName::as_str)).or_else(|| self.scripts.current(None));
        current.unwrap_or_else(|| Arc::new(Script::builtin()))
    }
}
