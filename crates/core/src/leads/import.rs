//! Row by row: a draft of a lead, or what is wrong.

use super::columns::{Column, Mapping, MappingFault};
use crate::phone::{BadNumber, CountryCode, PhoneNumber, Unassigned};
use crate::private::Private;
use crate::script::{Caller, clean};
use crate::window::Zone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

const MAX_NAME_CHARS: usize = 200;
const MAX_VALUE_CHARS: usize = 2_000;

/// A lead as a row describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Whom to call.
    pub number: PhoneNumber,
    /// The number as the file has it.
    pub raw: Private<String>,
    /// The name and the values of the script's placeholders.
    pub caller: Caller,
    /// The person's own time zone, if the row says one.
    pub zone: Option<Zone>,
    /// Set when the number lies in a range that nobody was given.
    pub warning: Option<Unassigned>,
}

/// What a row is.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A lead.
    Lead(Box<Draft>),
    /// Nothing: all its cells are blank.
    Blank,
    /// Not imported.
    Skipped(RowFault),
}

/// A row that is not imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowFault {
    /// Which, as a spreadsheet counts: the first row of the file is 1.
    pub row: u64,
    /// In which column, by what it holds.
    pub column: String,
    /// Why, in words. Never repeats the number.
    pub why: String,
    /// Why, as a stable word.
    pub code: String,
}

/// Why a row is not imported.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RowError {
    /// No number.
    #[error("there is no number")]
    NoNumber,
    /// Something that is no number.
    #[error("{0}")]
    BadNumber(BadNumber),
    /// The same number as in an earlier row.
    #[error("the same number is in row {0}")]
    Duplicate(u64),
    /// Not a time zone.
    #[error("no time zone is called so: give its IANA name, such as Europe/London")]
    UnknownZone,
    /// Not a country.
    #[error("not a country: give its two letters, such as US or IL")]
    UnknownCountry,
    /// Too long.
    #[error("it is longer than {0} characters")]
    TooLong(usize),
    /// The script speaks of something that the row doesn't say.
    #[error("the script says {{{{{0}}}}}, and this row has nothing for it")]
    Missing(String),
}

impl RowError {
    /// The stable word for it: in JSON and locales.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoNumber => "no_number",
            Self::BadNumber(_) => "bad_number",
            Self::Duplicate(_) => "duplicate",
            Self::UnknownZone => "unknown_zone",
            Self::UnknownCountry => "unknown_country",
            Self::TooLong(_) => "too_long",
            Self::Missing(_) => "missing_variable",
        }
    }
}

/// How many rows came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Leads.
    pub leads: u64,
    /// Rows that were skipped.
    pub skipped: u64,
    /// Of the leads, those whose number nobody was given that we know of.
    pub doubtful: u64,
}

/// An import under way.
#[derive(Clone, Debug)]
pub struct Import {
    mapping: Mapping,
    country: Option<CountryCode>,
    required: BTreeSet<String>,
    /// The digits of each number, and in which row it was first: sixteen bytes a row.
    seen: BTreeMap<u64, u64>,
    tally: Tally,
}

impl Import {
    /// An import by this mapping. `country` is whose national numbers are understood where a row names none; `required`
    /// are the variables that the script and the machine's message speak of.
    ///
    /// # Errors
    /// What is wrong with the mapping.
    pub fn new(
        mapping: Mapping,
        country: Option<CountryCode>,
        required: BTreeSet<String>,
    ) -> Result<Self, MappingFault> {
        mapping.check()?;
        Ok(Self { mapping, country, required, seen: BTreeMap::new(), tally: Tally::default() })
    }

    /// What the row with this number (the file's first is 1) becomes.
    pub fn row(&mut self, row: u64, cells: &[String]) -> Row {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Row::Blank;
        }
        match self.draft(row, cells) {
            Ok(draft) => {
                self.tally.leads += 1;
                self.tally.doubtful += u64::from(draft.warning.is_some());
                Row::Lead(Box::new(draft))
            }
            Err((column, error)) => {
                self.tally.skipped += 1;
                let (why, code) = (error.to_string(), error.code().to_owned());
                Row::Skipped(RowFault { row, column: column.word(), why, code })
            }
        }
    }

    /// How far it has come.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn draft(&mut self, row: u64, cells: &[String]) -> Result<Draft, (Column, RowError)> {
        let mapping = &self.mapping;
        let cell = |column: &Column| {
            let place = mapping.place(column)?;
            cells.get(place).map(String::as_str).filter(|text| !text.trim().is_empty())
        };
        let at = |column: Column| move |error: RowError| (column, error);
        let country = match cell(&Column::Country) {
            Some(letters) => {
                Some(letters.trim().parse().map_err(|_| (Column::Country, RowError::UnknownCountry))?)
            }
            None => self.country,
        };
        let raw = cell(&Column::Phone).ok_or((Column::Phone, RowError::NoNumber))?;
        let parsed =
            PhoneNumber::parse(raw, country).map_err(RowError::BadNumber).map_err(at(Column::Phone))?;
        let zone = match cell(&Column::Zone) {
            Some(name) => Some(name.parse().map_err(|_| (Column::Zone, RowError::UnknownZone))?),
            None => None,
        };
        let caller = caller(mapping, cells)?;
        if let Some(missing) = caller.lacks(&self.required).pop_first() {
            return Err((Column::Variable(missing.clone()), RowError::Missing(missing)));
        }
        let digits = parsed.number.as_str().trim_start_matches('+').parse().unwrap_or(u64::MAX);
        if let Some(earlier) = self.seen.get(&digits) {
            return Err((Column::Phone, RowError::Duplicate(*earlier)));
        }
        let raw = Private::new(raw.to_owned());
        self.seen.insert(digits, row);
        Ok(Draft { number: parsed.number, raw, caller, zone, warning: parsed.warning })
    }
}

/// The name and the variables of a row.
fn caller(mapping: &Mapping, cells: &[String]) -> Result<Caller, (Column, RowError)> {
    let mut caller = Caller::default();
    let mut parts: [Option<String>; 3] = [None, None, None];
    for (column, cell) in mapping.columns.iter().zip(cells) {
        let limit = match column {
            Column::Name | Column::FirstName | Column::LastName => MAX_NAME_CHARS,
            Column::Variable(_) => MAX_VALUE_CHARS,
            Column::Phone | Column::Zone | Column::Country | Column::Ignore => continue,
        };
        let value = clean(cell, limit + 1);
        if value.chars().count() > limit {
            return Err((column.clone(), RowError::TooLong(limit)));
        }
        if value.is_empty() {
            continue;
        }
        match column {
            Column::Name => parts[0] = Some(value),
            Column::FirstName => {
                caller.variables.insert("first_name".to_owned(), value.clone());
                parts[1] = Some(value);
            }
            Column::LastName => {
                caller.variables.insert("last_name".to_owned(), value.clone());
                parts[2] = Some(value);
            }
            Column::Variable(key) => {
                caller.variables.insert(key.clone(), value);
            }
            Column::Phone | Column::Zone | Column::Country | Column::Ignore => {}
        }
    }
    let [whole, first, last] = parts;
    let joined: Vec<String> = [first, last].into_iter().flatten().collect();
    caller.name = whole.or_else(|| (!joined.is_empty()).then(|| joined.join(" ")));
    Ok(caller)
}
