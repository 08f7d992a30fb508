//! Texts of others than scripts that hold `{{placeholders}}`, such as a message for a machine.

use super::template::{fill, fill_in, placeholders, unclosed, value};
use super::{Caller, Script};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// A text with `{{placeholders}}` that has been checked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template(String);

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadTemplate {
    /// A `{{` without its `}}`.
    #[error("a placeholder is not closed: write {{{{name}}}}")]
    Unclosed,
    /// A key that no column could have.
    #[error("{0:?} is no name of a variable: letters, digits and _ alone")]
    BadKey(String),
}

impl Template {
    /// Checks a text.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadTemplate> {
        let text = text.into();
        if unclosed(&text).is_some() {
            return Err(BadTemplate::Unclosed);
        }
        let is_odd =
            |key: &String| key.is_empty() || !key.chars().all(|char| char.is_alphanumeric() || char == '_');
        match placeholders(&text).into_iter().find(is_odd) {
            Some(key) => Err(BadTemplate::BadKey(key)),
            None => Ok(Self(text)),
        }
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The keys of its placeholders.
    pub fn variables(&self) -> BTreeSet<String> {
        placeholders(&self.0)
    }

    /// The text with the caller's values: one line, fit to be spoken; a value is filled in once and never expanded again.
    pub fn render(&self, caller: &Caller) -> String {
        fill(&self.0, |key| value(caller, key))
    }

    /// The text with the caller's values as it is written, line by line: for whoever reads it and does not speak it.
    pub fn render_whole(&self, caller: &Caller) -> String {
        fill_in(&self.0, |key| value(caller, key))
    }
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Template({:?})", self.0)
    }
}

impl TryFrom<String> for Template {
    type Error = BadTemplate;

    fn try_from(text: String) -> Result<Self, BadTemplate> {
        Self::parse(text)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.0
    }
}

impl Caller {
    /// Which of these variables nobody gave a value to that can be spoken.
    pub fn lacks(&self, variables: &BTreeSet<String>) -> BTreeSet<String> {
        let missing = |key: &&String| value(self, key).is_none_or(|value| value.is_empty());
        variables.iter().filter(missing).cloned().collect()
    }
}

impl Script {
    /// The keys of all placeholders in its texts.
    pub fn variables(&self) -> BTreeSet<String> {
        let questions =
            self.questions.iter().flat_map(|question| [Some(&question.prompt), question.reprompt.as_ref()]);
        let prompts = questions.chain([self.greeting.as_ref(), self.goodbye.as_ref(), self.apology.as_ref()]);
        let opt_out = self.opt_out.iter().filter_map(|opt_out| opt_out.say.as_deref());
        prompts.flatten().map(|prompt| prompt.text.as_str()).chain(opt_out).flat_map(placeholders).collect()
    }
}
