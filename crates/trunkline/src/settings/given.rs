//! What was given, and by whom: all sources laid over each other, the strongest winning for each setting.
//!
//! Flags are stronger than the environment, the environment than `.env`, `.env` than `trunkline.toml`. Within one
//! environment, `TRUNKLINE_SECTION_NAME` is stronger than the names people already have, and an empty variable counts
//! as not set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::dotenv;
use super::error::{Origin, SettingError, Wrong, nearest, quoted};
use super::file;
use super::key::{Absent, Facts, Key, Raw, Section, Shown};

/// A file's text and the path it was read from.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// As errors name it.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// A variable with the place it was set.
#[derive(Debug, Clone)]
struct Variable {
    value: String,
    origin: Origin,
}

/// Raw values by setting, each with its origin.
#[derive(Debug)]
pub struct Given {
    values: BTreeMap<String, (Raw, Origin)>,
    /// Every variable, by its name: a setting may say which one holds its secret.
    variables: BTreeMap<String, String>,
}

impl Given {
    /// Lays the sources over each other. `flags` holds the flags that were given, `layers` the sets of variables, the
    /// strongest first.
    ///
    /// # Errors
    /// A `trunkline.toml` that is broken or has a name no setting has; a secret given twice, or whose file can't be
    /// read.
    pub fn collect(
        sections: &[Section],
        flags: &BTreeMap<&'static str, Raw>,
        layers: &[Layer],
        file: Option<&TextFile>,
    ) -> Result<Self, SettingError> {
        let mut values = match file {
            Some(file) => from_file(sections, file)?,
            None => BTreeMap::new(),
        };
        for facts in sections.iter().flat_map(|section| section.keys) {
            if let Some((flag, raw)) = facts.flag.and_then(|flag| flags.get_key_value(flag)) {
                values.insert(facts.path(), (raw.clone(), Origin::Flag(flag)));
                continue;
            }
            for layer in layers {
                if let Some(found) = layer.find(facts)? {
                    values.insert(facts.path(), (Raw::One(found.value), found.origin));
                    break;
                }
            }
        }
        let mut variables = BTreeMap::new();
        for layer in layers.iter().rev() {
            variables.extend(layer.variables.iter().map(|(name, found)| (name.clone(), found.value.clone())));
        }
        Ok(Self { values, variables })
    }

    /// What a variable holds that a setting names.
    ///
    /// # Errors
    /// It is not set.
    pub fn variable(&self, name: &str) -> Result<String, Wrong> {
        self.variables.get(name).cloned().ok_or_else(|| {
            Wrong::new(
                format_args!("the variable {} is not set", quoted(name)),
                "set it in the environment or in .env, or name the one that holds the secret",
            )
        })
    }

    /// The setting's value: given, or built in.
    ///
    /// # Errors
    /// The value is not one the setting can have, or there is none and it has none built in.
    pub fn read<T>(&self, key: &Key<T>) -> Result<T, SettingError> {
        match (self.read_given(key)?, key.facts.absent) {
            (Some(value), _) => Ok(value),
            (None, Absent::Default(text)) => file::parse_value(text)
                .and_then(|raw| (key.read)(&raw))
                .map_err(|wrong| wrong.at(key.facts.path(), Origin::Default)),
            (None, Absent::Unset(_)) => Err(self.missing(&key.facts)),
        }
    }

    /// The setting's value if somebody gave one.
    ///
    /// # Errors
    /// The value is not one the setting can have.
    pub fn read_given<T>(&self, key: &Key<T>) -> Result<Option<T>, SettingError> {
        let Some((raw, origin)) = self.values.get(&key.facts.path()) else { return Ok(None) };
        (key.read)(raw).map(Some).map_err(|wrong| wrong.at(key.facts.path(), origin.clone()))
    }

    /// Where the setting was given, or [`Origin::Default`].
    pub fn origin(&self, facts: &Facts) -> Origin {
        self.values.get(&facts.path()).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// Refuses a setting that must be given and is not.
    fn missing(&self, facts: &Facts) -> SettingError {
        let variable =
            facts.env.first().map_or_else(String::new, |name| format!(" or {name} in the environment"));
        Wrong::new("it is needed and missing", format_args!("set {}{variable}", facts.path()))
            .at(facts.path(), self.origin(facts))
    }
}

/// One set of variables: the process's environment, or a `.env` file.
#[derive(Debug)]
pub struct Layer {
    variables: BTreeMap<String, Variable>,
}

impl Layer {
    /// The process's environment.
    pub fn environment(environment: &BTreeMap<String, String>) -> Self {
        let variables = environment.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| {
            let origin = Origin::Environment(name.clone());
            (name.clone(), Variable { value: value.clone(), origin })
        });
        Self { variables: variables.collect() }
    }

    /// A `.env` file.
    ///
    /// # Errors
    /// A line that can't be read.
    pub fn dotenv(file: &TextFile) -> Result<Self, SettingError> {
        let at = |line| Origin::File { path: file.path.clone(), line };
        let lines = dotenv::parse(&file.text).map_err(|(line, wrong)| wrong.at(".env", at(line)))?;
        let variables = lines.into_iter().filter(|line| !line.value.is_empty()).map(|line| {
            let origin = at(line.number);
            (line.name, Variable { value: line.value, origin })
        });
        Ok(Self { variables: variables.collect() })
    }

    /// Every variable's name and where it was set.
    pub fn names(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), &variable.origin))
    }

    fn find(&self, facts: &Facts) -> Result<Option<Variable>, SettingError> {
        for name in facts.variables() {
            let found = match facts.shown {
                Shown::Openly => self.variables.get(&name).cloned(),
                Shown::Never => self.find_secret(facts, &name)?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn find_secret(&self, facts: &Facts, name: &str) -> Result<Option<Variable>, SettingError> {
        let file_name = format!("{name}_FILE");
        match (self.variables.get(name), self.variables.get(&file_name)) {
            (None, None) => Ok(None),
            (Some(value), None) => Ok(Some(value.clone())),
            (Some(_), Some(file)) => {
                Err(Wrong::new(format_args!("both {name} and {file_name} are set"), "keep one of the two")
                    .at(facts.path(), file.origin.clone()))
            }
            (None, Some(file)) => {
                let value = read_secret(Path::new(&file.value))
                    .map_err(|wrong| wrong.at(facts.path(), file.origin.clone()))?;
                Ok(Some(Variable { value, origin: file.origin.clone() }))
            }
        }
    }
}

/// The secret that a file holds.
pub(super) fn read_secret(path: &Path) -> Result<String, Wrong> {
    let right = "name a readable file that holds the secret and nothing else";
    let text = std::fs::read_to_string(path)
        .map_err(|error| Wrong::new(format_args!("{} can't be read: {error}", path.display()), right))?;
    match text.trim() {
        "" => Err(Wrong::new(format_args!("{} is empty", path.display()), right)),
        secret => Ok(secret.to_owned()),
    }
}

fn from_file(sections: &[Section], file: &TextFile) -> Result<BTreeMap<String, (Raw, Origin)>, SettingError> {
    let at = |line| Origin::File { path: file.path.clone(), line };
    let entries = file::parse(&file.text).map_err(|broken| {
        let setting = if broken.setting.is_empty() { "trunkline.toml".to_owned() } else { broken.setting };
        broken.wrong.at(setting, at(broken.line))
    })?;
    let mut values = BTreeMap::new();
    for entry in entries {
        let path = known(sections, &entry.section, &entry.name)
            .map_err(|wrong| wrong.at(shown_name(&entry.section, &entry.name), at(entry.line)))?;
        values.insert(path, (entry.value, at(entry.line)));
    }
    Ok(values)
}

fn shown_name(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// The setting's path, or what was probably meant.
fn known(sections: &[Section], section: &str, name: &str) -> Result<String, Wrong> {
    let Some(found) = sections.iter().find(|known| known.name == section) else {
        return Err(unknown_section(sections, section, name));
    };
    if let Some(facts) = found.keys.iter().find(|facts| facts.name == name) {
        return Ok(facts.path());
    }
    let right = nearest(name, found.keys.iter().map(|facts| facts.name))
        .map(|meant| format!("did you mean {section}.{meant}?"))
        .or_else(|| elsewhere(sections, name))
        .unwrap_or_else(|| {
            let names: Vec<_> = found.keys.iter().map(|facts| facts.name).collect();
            format!("[{section}] knows {}", names.join(", "))
        });
    Err(Wrong::new("no such setting", right))
}

fn unknown_section(sections: &[Section], section: &str, name: &str) -> Wrong {
    let names: Vec<_> = sections.iter().map(|known| known.name).collect();
    let right = nearest(section, names.iter().copied())
        .map(|meant| format!("did you mean [{meant}]?"))
        .or_else(|| elsewhere(sections, name))
        .unwrap_or_else(|| format!("the sections are {}", names.join(", ")));
    match section {
        "" => Wrong::new("it stands outside of any section", right),
        section => Wrong::new(format_args!("there is no section {}", quoted(section)), right),
    }
}

/// The right name in the wrong section.
fn elsewhere(sections: &[Section], name: &str) -> Option<String> {
    let facts = sections.iter().flat_map(|section| section.keys).find(|facts| facts.name == name)?;
    Some(format!("did you mean {}, in the section [{}]?", facts.path(), facts.section))
}
