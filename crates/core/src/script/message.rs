//! Scripts that are made of a message: what a number says while it is closed, or to who is put through to nobody.

use super::{Language, Limits, Prompt, Question, Script, ScriptName, ScriptVersion};

impl Script {
    /// A script that says one message, asks nothing and ends. Without words of its own it says goodbye.
    #[must_use]
    pub fn message(words: Option<&str>, language: Language) -> Self {
        Self {
            name: ScriptName::message(),
            version: ScriptVersion::of(
                format!("message {} {}", language.as_str(), words.unwrap_or_default()).as_bytes(),
            ),
            title: "Message".to_owned(),
            language,
            voice: None,
            greeting: None,
            questions: Vec::new(),
            goodbye: words.map(Prompt::say),
            apology: None,
            opt_out: None,
            limits: Limits::default(),
        }
    }

    /// A script that asks for one thing, which is recorded: what the caller wants to leave behind.
    #[must_use]
    pub fn taking_message(language: Language) -> Self {
        let asked = Question::recorded(Prompt::say(language.texts().leave_message));
        let version = ScriptVersion::of(format!("taking a message {}", language.as_str()).as_bytes());
        Self { version, questions: vec![asked], ..Self::message(None, language) }
    }

    /// Whether nobody has written what it asks: it is the one that is built in, or asks nothing.
    #[must_use]
    pub fn is_nobodys(&self) -> bool {
        self.questions.is_empty() || self.name == ScriptName::builtin()
    }

    /// The same, with this message for its greeting. Another text, so another version.
    #[must_use]
    pub fn beginning_with(self, words: &str) -> Self {
        let version = ScriptVersion::of(format!("{} beginning with {words}", self.version).as_bytes());
        Self { version, greeting: Some(Prompt::say(words)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Caller, Cursor, Line, Next, Then};
    use super::*;

    #[test]
    fn a_message_is_said_and_the_call_ends() {
        let script = Script::message(Some("We open on Monday."), Language::english());
        for page in
            [script.page(&Caller::default(), Next::GoodBye), script.open(&Caller::default(), Cursor::START)]
        {
            assert_eq!(page.lines, [Line::Say("We open on Monday.".to_owned())]);
            assert_eq!(page.then, Then::HangUp);
        }
        let own = Script::message(None, Language::hebrew()).page(&Caller::default(), Next::GoodBye);
        assert_eq!(own.lines, [Line::Say(Language::hebrew().texts().goodbye.to_owned())]);
    }

    #[test]
    fn each_message_in_each_language_is_a_version_of_its_own() {
        let version = |words, language| Script::message(Some(words), language).version;
        let one = version("a", Language::english());
        assert_eq!(one, version("a", Language::english()));
        assert_ne!(one, version("b", Language::english()));
        assert_ne!(one, version("a", Language::hebrew()));
        let script = Script::builtin();
        assert_ne!(script.clone().beginning_with("Closed.").version, script.version);
    }
}
