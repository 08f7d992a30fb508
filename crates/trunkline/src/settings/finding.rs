//! What `config check` says of settings that can be used, but may not do what their owner wants.

use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Note,
    /// Works, and probably not as wanted.
    Warning,
    /// Calls won't work like this.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing that `config check` found. Prints as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// Which setting, as `trunkline.toml` spells it, or the variable's name.
    pub setting: String,
    /// What was found.
    pub text: String,
    /// What to do about it.
    pub fix: String,
}

impl Finding {
    /// Something good to know.
    pub fn note(setting: impl Into<String>, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Note, setting: setting.into(), text: text.into(), fix: fix.into() }
    }

    /// Something that probably isn't as wanted.
    pub fn warning(setting: impl Into<String>, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::note(setting, text, fix) }
    }

    /// Something with which calls won't work.
    pub fn error(setting: impl Into<String>, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Error, ..Self::note(setting, text, fix) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}; {}", self.level, self.setting, self.text, self.fix)
    }
}
