//! A script is a voice questionnaire: a greeting, questions, a goodbye. This room says what is spoken next.
//!
//! In: the bytes of a questions file ([`Script::parse`]), who is being called ([`Caller`]), where the call stands
//! ([`Cursor`]) and what was heard there ([`Heard`]). Out: a [`Page`] of things to say and one thing to wait for, and
//! a [`Verdict`] on what was heard. Progress is a pure function of these: any node, after any restart, with no
//! database, answers the next step from the cursor alone.
//!
//! ```text
//!   open(cursor) ──► page ──► person speaks, presses keys ──► hear(cursor, heard) ──► verdict.next ──► page(next)
//!                      └───► silence ──────────────────────────────► then.on_silence ───────┘
//! ```
//!
//! Promises: every cursor has a page, also one that no script ever had; each question is asked, the last one included,
//! at most `asks` times and a bounded number of repeats; every way through a script ends in a goodbye; names and
//! variables are data, whatever they hold, and are spoken once, never expanded again.
//!
//! Left to others: voice documents and their escaping (carriers), reading and watching files (engine), which carrier
//! voice fits a language (carriers).
//!
//! To add a type of question: a variant of [`Kind`] in `question.rs`, its words in `file.rs`, what is said and waited for in
//! `speak.rs` and `texts.rs`, how it is understood in `answer.rs`. The compiler names the places.

mod answer;
mod file;
mod filled;
pub(crate) mod json;
mod key;
mod language;
mod message;
mod name;
mod page;
mod progress;
mod prompt;
mod question;
mod speak;
mod template;
#[cfg(test)]
mod tests;
mod texts;

use serde::{Deserialize, Serialize};

pub use answer::{Answer, Heard, Verdict};
pub use filled::{BadTemplate, Template};
pub use json::ScriptError;
pub use key::{BadKey, Key};
pub use language::{BadLanguage, Language};
pub use name::{BadScriptName, BadScriptVersion, ScriptName, ScriptVersion};
pub use page::{Caller, Cursor, Keys, Line, Next, Page, Record, Then, Wanted};
pub use prompt::{AudioUrl, BadAudioUrl, Prompt};
pub use question::{Choice, Goto, Kind, Limits, OptOut, Question, Skip, SkipIf};
pub use template::{clean, spoken_name};
pub use texts::Texts;

/// A questionnaire, complete: what the file left open is filled with the defaults of its language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// What it is called when a call is placed.
    pub name: ScriptName,
    /// Which text of it: a live call goes on with the version it began with.
    pub version: ScriptVersion,
    /// For pages and lists; never spoken.
    pub title: String,
    /// What it is spoken in.
    pub language: Language,
    /// The carrier's name of a voice, such as `Polly.Amy`; `None`: the carrier's choice for the language.
    pub voice: Option<String>,
    /// Said before the first question. `None`: the language's greeting, with the name when there is one.
    pub greeting: Option<Prompt>,
    /// Asked in order.
    pub questions: Vec<Question>,
    /// Said after the last question. `None`: the language's.
    pub goodbye: Option<Prompt>,
    /// Said when something of ours breaks. `None`: the language's.
    pub apology: Option<Prompt>,
    /// The key that means "never call me again", if there is one.
    pub opt_out: Option<OptOut>,
    /// How long and how often.
    pub limits: Limits,
}

impl Script {
    /// What is asked when the file is missing or broken: a call still asks.
    #[must_use]
    pub fn builtin() -> Self {
        let language = Language::english();
        let questions: Vec<Question> =
            texts::BUILTIN_QUESTIONS.iter().map(|text| Question::recorded(Prompt::say(*text))).collect();
        Self {
            name: ScriptName::builtin(),
            version: ScriptVersion::of(texts::BUILTIN_QUESTIONS.join("\n").as_bytes()),
            title: "Built-in questions".to_owned(),
            language,
            voice: None,
            greeting: None,
            questions,
            goodbye: None,
            apology: None,
            opt_out: None,
            limits: Limits::default(),
        }
    }

    /// The same, asking first whether answers may be recorded, in the language's words: if it records answers, and does not
    /// ask by itself. Another text, so another version: a live call goes on with what it began with.
    #[must_use]
    pub fn with_consent(self) -> Self {
        let has = |kind: &Kind| self.questions.iter().any(|question| question.kind == *kind);
        if !has(&Kind::Text) || has(&Kind::Consent) {
            return self;
        }
        let asked = Prompt::say(self.language.texts().consent);
        let consent = Question { kind: Kind::Consent, ..Question::recorded(asked) };
        let moved = self.questions.into_iter().map(Question::one_later);
        let version = ScriptVersion::of(format!("{} with consent", self.version).as_bytes());
        Self { version, questions: std::iter::once(consent).chain(moved).collect(), ..self }
    }

    /// The question of a step (zero-based), if there is one.
    #[must_use]
    pub fn question(&self, step: u16) -> Option<&Question> {
        self.questions.get(usize::from(step))
    }
}
