//! What a setting is: its name, its comment, its built-in value, where else it may be given and how it is read.
//!
//! Each section declares its keys as [`Key`]s and nothing else knows a setting's name: the loader, the did-you-mean,
//! the example file and the errors are all made from the same declaration. To add a setting: declare its key in its
//! section, list it in that section's `SECTION`, read it into the section's type, refresh the example file.

use super::error::Wrong;

/// A value before it is understood. Everything a source can say fits these three shapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// A word, number or switch.
    One(String),
    /// A list of words.
    Many(Vec<String>),
    /// A list of small tables.
    Rows(Vec<Vec<(String, String)>>),
}

/// What holds when nobody gives the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// This TOML value.
    Default(&'static str),
    /// Nothing; the TOML value shows in the example file how one would look.
    Unset(&'static str),
}

/// Whether a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// In errors and listings.
    Openly,
    /// Never; it may also be given as a file's path, by the same variable with `_FILE` at its end.
    Never,
}

/// A setting, but for its type.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// The table of `trunkline.toml` it stands in.
    pub section: &'static str,
    /// Its name in that table.
    pub name: &'static str,
    /// One comment for people.
    pub about: &'static str,
    /// What holds without it.
    pub absent: Absent,
    /// Environment variables that people already have for it, the stronger first.
    pub env: &'static [&'static str],
    /// Its command line flag.
    pub flag: Option<&'static str>,
    /// Whether its value may be shown.
    pub shown: Shown,
}

impl Facts {
    /// `section.name`, as errors and findings call it.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// Every environment variable it can be given by, the strongest first: `TRUNKLINE_SECTION_NAME`, then the names
    /// people already have.
    pub fn variables(&self) -> impl Iterator<Item = String> {
        let own = format!("TRUNKLINE_{}_{}", self.section, self.name).to_uppercase();
        std::iter::once(own).chain(self.env.iter().map(|name| (*name).to_owned()))
    }
}

/// A setting with its type.
#[derive(Debug, Clone, Copy)]
pub struct Key<T> {
    /// Everything but the type.
    pub facts: Facts,
    /// Understands a raw value, or says what would be right.
    pub read: fn(&Raw) -> Result<T, Wrong>,
}

impl<T> Key<T> {
    /// Declares a setting by section, name, reader, what holds without it, and its comment.
    pub const fn new(
        section: &'static str,
        name: &'static str,
        read: fn(&Raw) -> Result<T, Wrong>,
        absent: Absent,
        about: &'static str,
    ) -> Self {
        let facts = Facts { section, name, about, absent, env: &[], flag: None, shown: Shown::Openly };
        Self { facts, read }
    }

    /// Adds the environment variables that people already have.
    pub const fn env(mut self, names: &'static [&'static str]) -> Self {
        self.facts.env = names;
        self
    }

    /// Adds a command line flag.
    pub const fn flag(mut self, flag: &'static str) -> Self {
        self.facts.flag = Some(flag);
        self
    }

    /// Marks the value as one that is never shown.
    pub const fn secret(mut self) -> Self {
        self.facts.shown = Shown::Never;
        self
    }
}

/// A table of `trunkline.toml`.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The table's name.
    pub name: &'static str,
    /// One comment for people.
    pub about: &'static str,
    /// Its settings in the order of the example file.
    pub keys: &'static [&'static Facts],
}
