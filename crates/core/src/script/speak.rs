//! Makes pages: what is said at a cursor, and what is then waited for. Same script, caller and cursor: same page.

use super::template::{fill, spoken_name, value};
use super::{
    Caller, Cursor, Key, Keys, Kind, Line, Next, Page, Prompt, Question, Record, Script, Then, Wanted,
};
use super::{Language, Texts};

impl Script {
    /// What is spoken at this cursor. A step that the script doesn't have gets a polite goodbye.
    #[must_use]
    pub fn open(&self, caller: &Caller, at: Cursor) -> Page {
        let Some(question) = self.question(at.step) else { return self.page(caller, Next::GoodBye) };
        let mut lines = if at == Cursor::START { self.greeting(caller) } else { Vec::new() };
        lines.extend(self.asking(question, caller, at));
        self.saying(lines, self.wait_for(question, at))
    }

    /// What is spoken first in a call that goes on where an earlier one was cut off: the greeting, then this question.
    #[must_use]
    pub fn reopen(&self, caller: &Caller, at: Cursor) -> Page {
        let mut page = self.open(caller, at);
        if at != Cursor::START && self.question(at.step).is_some() {
            let mut lines = self.greeting(caller);
            lines.append(&mut page.lines);
            return self.saying(lines, page.then);
        }
        page
    }

    /// What is spoken where the call goes next.
    #[must_use]
    pub fn page(&self, caller: &Caller, next: Next) -> Page {
        match next {
            Next::Ask(at) => self.open(caller, at),
            Next::GoodBye => self.last_words(caller, self.goodbye.as_ref(), self.texts().goodbye),
            Next::OptedOut => self.last_words(caller, None, self.texts().opted_out),
        }
    }

    /// What somebody on hold hears where there is no music.
    #[must_use]
    pub fn hold(&self) -> Page {
        self.saying(vec![Line::Say(self.texts().hold.to_owned())], Then::HangUp)
    }

    /// What is said before the call is handed to somebody else.
    #[must_use]
    pub fn transfer(&self) -> Page {
        self.saying(vec![Line::Say(self.texts().transfer.to_owned())], Then::HangUp)
    }

    /// What somebody hears to whom a call is to be handed, and how they say whether they take it.
    #[must_use]
    pub fn consult(&self, caller: &Caller) -> Page {
        let texts = self.texts();
        let named = caller.name.as_deref().and_then(spoken_name).is_some();
        let who = say(if named { texts.consult_by_name } else { texts.consult }, caller);
        self.saying(vec![who, Line::Say(texts.consult_keys.to_owned())], Then::HangUp)
    }

    /// What is spoken where the call goes on after nobody else could be reached.
    #[must_use]
    pub fn after_transfer(&self, caller: &Caller, next: Next) -> Page {
        let mut page = self.page(caller, next);
        page.lines.insert(0, Line::Say(self.texts().not_reached.to_owned()));
        page
    }

    /// What is spoken where the script goes on since a bot can't.
    #[must_use]
    pub fn instead_of_bot(&self, caller: &Caller, next: Next) -> Page {
        let mut page = self.page(caller, next);
        page.lines.insert(0, Line::Say(self.texts().instead_of_bot.to_owned()));
        page
    }

    /// What a person hears when something of ours breaks, before we hang up.
    #[must_use]
    pub fn apology(&self) -> Page {
        self.last_words(&Caller::default(), self.apology.as_ref(), self.texts().apology)
    }

    fn texts(&self) -> &'static Texts {
        self.language.texts()
    }

    fn last_words(&self, caller: &Caller, own: Option<&Prompt>, default: &str) -> Page {
        let line = own.map_or_else(|| Line::Say(default.to_owned()), |prompt| line(prompt, caller));
        self.saying(vec![line], Then::HangUp)
    }

    /// A page in the script's language and voice, without lines that would be silent.
    fn saying(&self, mut lines: Vec<Line>, then: Then) -> Page {
        lines.retain(|line| !matches!(line, Line::Say(text) if text.is_empty()));
        Page { language: self.language.clone(), voice: self.voice.clone(), lines, then }
    }

    fn greeting(&self, caller: &Caller) -> Vec<Line> {
        let texts = self.texts();
        let named = caller.name.as_deref().and_then(spoken_name).is_some();
        let default = if named { texts.greeting_by_name } else { texts.greeting };
        let greeting = match &self.greeting {
            Some(prompt) => line(prompt, caller),
            None => say(default, caller),
        };
        let opt_out = self.opt_out.as_ref().map(|opt_out| match &opt_out.say {
            Some(text) => say(text, caller),
            None => Line::Say(with_key(texts, texts.opt_out, opt_out.key, "")),
        });
        [Some(greeting), opt_out, Some(Line::Pause(1))].into_iter().flatten().collect()
    }

    /// The question itself, in the form that fits the cursor.
    fn asking(&self, question: &Question, caller: &Caller, at: Cursor) -> Vec<Line> {
        let texts = self.texts();
        if at.ask > 0
            && let Some(reprompt) = &question.reprompt
        {
            return vec![line(reprompt, caller)];
        }
        let mut lines = Vec::new();
        if at.ask > 0 {
            lines.push(Line::Say(texts.reprompt.to_owned()));
        }
        lines.push(line(&question.prompt, caller));
        lines.extend(self.instructions(question, caller, at));
        lines
    }

    /// How to answer. Audio says it itself, and so does a text that names its keys, unless that was not understood.
    fn instructions(&self, question: &Question, caller: &Caller, at: Cursor) -> Vec<Line> {
        let texts = self.texts();
        let text = question.prompt.text.to_lowercase();
        let explained = question.prompt.audio.is_some()
            || (at.ask == 0 && texts.key_words.iter().any(|word| text.contains(word)));
        let own = |text: &'static str| if explained { Vec::new() } else { vec![Line::Say(text.to_owned())] };
        let mut lines = match &question.kind {
            Kind::Text => Vec::new(),
            Kind::YesNo | Kind::Consent => own(texts.yes_no),
            Kind::Numeric { digits: None } if !explained => vec![match self.limits.finish_on_key {
                Some(key) => Line::Say(with_key(texts, texts.number, key, "")),
                None => Line::Say(texts.digits.to_owned()),
            }],
            Kind::Numeric { .. } => own(texts.digits),
            Kind::Choice { choices } => choices
                .iter()
                .filter_map(|choice| match &choice.say {
                    Some(text) => Some(say(text, caller)),
                    None if explained => None,
                    None => Some(Line::Say(with_key(texts, texts.choice, choice.key, &choice.label))),
                })
                .collect(),
        };
        let repeat = question.repeat_key.filter(|_| !explained);
        lines.extend(repeat.map(|key| Line::Say(with_key(texts, texts.repeat, key, ""))));
        lines
    }

    fn wait_for(&self, question: &Question, at: Cursor) -> Then {
        let limits = &self.limits;
        let texts = self.texts();
        let keys = |wanted, speech, hints| {
            let finish_on_key = limits.finish_on_key.filter(|_| wanted == Wanted::Any);
            let timeout_secs = limits.silence_secs;
            Then::Keys(Keys {
                at,
                wanted,
                finish_on_key,
                timeout_secs,
                speech,
                hints,
                on_silence: self.again(at),
            })
        };
        match &question.kind {
            Kind::Text => Then::Record(Record {
                at,
                max_secs: limits.answer_max_secs,
                silence_secs: limits.silence_secs,
                beep: limits.beep,
                trim: limits.trim,
                finish_on_keys: self.finishing_keys(question),
                transcribe: limits.transcribe,
                on_silence: self.again(at),
            }),
            Kind::YesNo | Kind::Consent => {
                let hints =
                    texts.yes_words.iter().chain(texts.no_words).map(|word| (*word).to_owned()).collect();
                keys(Wanted::Exactly(1), limits.speech, hints)
            }
            Kind::Numeric { digits } => {
                let wanted = digits.map_or(Wanted::Any, |digits| Wanted::Exactly(digits.max(1)));
                keys(wanted, false, Vec::new())
            }
            Kind::Choice { choices } => {
                let hints = choices.iter().map(|choice| fill(&choice.label, |_| None)).collect();
                keys(Wanted::Exactly(1), limits.speech, hints)
            }
        }
    }

    fn finishing_keys(&self, question: &Question) -> Vec<Key> {
        let opt_out = self.opt_out.as_ref().map(|opt_out| opt_out.key);
        let mut keys: Vec<Key> =
            [self.limits.finish_on_key, question.repeat_key, opt_out].into_iter().flatten().collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl Page {
    /// What an inbound caller hears when no line is free, before we hang up.
    #[must_use]
    pub fn capacity(language: &Language) -> Self {
        Self::parting(language, language.texts().capacity)
    }

    /// An apology where no script is at hand.
    #[must_use]
    pub fn apology(language: &Language) -> Self {
        Self::parting(language, language.texts().apology)
    }

    /// A goodbye where no script is at hand: a token that isn't ours, a script we never had.
    #[must_use]
    pub fn goodbye(language: &Language) -> Self {
        Self::parting(language, language.texts().goodbye)
    }

    fn parting(language: &Language, text: &str) -> Self {
        Self {
            language: language.clone(),
            voice: None,
            lines: vec![Line::Say(text.to_owned())],
            then: Then::HangUp,
        }
    }
}

fn line(prompt: &Prompt, caller: &Caller) -> Line {
    prompt.audio.clone().map_or_else(|| say(&prompt.text, caller), Line::Play)
}

fn say(text: &str, caller: &Caller) -> Line {
    Line::Say(fill(text, |key| value(caller, key)))
}

fn with_key(texts: &Texts, text: &str, key: Key, label: &str) -> String {
    fill(text, |placeholder| match placeholder {
        "key" => Some(texts.key(key)),
        "label" => Some(label.to_owned()),
        _ => None,
    })
}
