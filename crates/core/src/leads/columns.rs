//! Guessing what columns mean, from their names and their first values.

use crate::phone::{CountryCode, PhoneNumber};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// The number to call.
    Phone,
    /// The person's name.
    Name,
    /// The first part of it.
    FirstName,
    /// The last part of it.
    LastName,
    /// The person's time zone, by its IANA name.
    Zone,
    /// The country whose national numbers are meant, by its two letters.
    Country,
    /// A value for `{{this}}`.
    Variable(String),
    /// Nothing that is wanted.
    Ignore,
}

/// Whether the first row holds names of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Headed {
    /// It does.
    Yes,
    /// It is a lead already.
    No,
}

/// What each column of a file holds. Guessed, and then as a person corrects it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// Column by column.
    pub columns: Vec<Column>,
    /// Whether the first row holds names.
    pub headed: Headed,
}

/// Why a mapping can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MappingFault {
    /// No column holds numbers.
    #[error("no column holds phone numbers: say which one does")]
    NoPhone,
    /// Two columns hold the same thing.
    #[error("columns {first} and {second} both hold {what}: say which one counts")]
    Twice {
        /// The first, from 1.
        first: usize,
        /// The second, from 1.
        second: usize,
        /// What.
        what: String,
    },
}

/// Names that columns have in English and in Hebrew, without blanks and marks.
const NAMES: [(&[&str], Column); 6] = [
    (
        &[
            "phone",
            "phonenumber",
            "phoneno",
            "telephone",
            "telephonenumber",
            "tel",
            "mobile",
            "mobilephone",
            "mobilenumber",
            "cell",
            "cellphone",
            "cellular",
            "number",
            "msisdn",
            "to",
            "tonumber",
            "whatsapp",
            "טלפון",
            "מספרטלפון",
            "טלפוןנייד",
            "נייד",
            "מספרנייד",
            "סלולרי",
            "סלולארי",
            "פלאפון",
            "מספר",
            "טל",
        ],
        Column::Phone,
    ),
    (
        &[
            "name",
            "fullname",
            "leadname",
            "customer",
            "customername",
            "contact",
            "contactname",
            "client",
            "clientname",
            "patient",
            "שם",
            "שםמלא",
            "שםלקוח",
            "שםהלקוח",
            "לקוח",
            "אישקשר",
        ],
        Column::Name,
    ),
    (&["firstname", "givenname", "forename", "first", "שםפרטי", "פרטי"], Column::FirstName),
    (&["lastname", "surname", "familyname", "last", "שםמשפחה", "משפחה"], Column::LastName),
    (&["timezone", "tz", "zone", "timezonename", "אזורזמן"], Column::Zone),
    (&["country", "countrycode", "ארץ", "מדינה", "קודמדינה"], Column::Country),
];

impl Mapping {
    /// Guesses from the first rows of a file, the first of which may be a header. `country` is whose national numbers
    /// are understood.
    ///
    /// Names count first; where none says "phone", the column most of whose values are numbers does.
    pub fn guess(rows: &[Vec<String>], country: Option<CountryCode>) -> Self {
        let Some((first, rest)) = rows.split_first() else {
            return Self { columns: Vec::new(), headed: Headed::No };
        };
        let is_number = |cell: &String| PhoneNumber::parse(cell, country).is_ok();
        let headed = if first.iter().any(is_number) { Headed::No } else { Headed::Yes };
        let width = rows.iter().map(Vec::len).max().unwrap_or_default();
        let mut columns: Vec<Column> = (0..width)
            .map(|place| match (headed, first.get(place)) {
                (Headed::Yes, Some(name)) => by_name(name),
                (Headed::Yes, None) => Column::Ignore,
                (Headed::No, _) => Column::Variable(format!("column_{}", place + 1)),
            })
            .collect();
        keep_first_of_each(&mut columns, first);
        let values = if headed == Headed::Yes { rest } else { rows };
        if !columns.contains(&Column::Phone) {
            let numbers =
                |place: usize| values.iter().filter(|row| row.get(place).is_some_and(is_number)).count();
            let most = (0..width).rev().max_by_key(|place| numbers(*place));
            if let Some(place) = most.filter(|place| numbers(*place) * 2 > values.len()) {
                columns[place] = Column::Phone;
            }
        }
        if headed == Headed::No && !columns.contains(&Column::Name) {
            let lettered = |cell: &String| cell.chars().any(char::is_alphabetic);
            let is_name = |place: &usize| {
                columns[*place] != Column::Phone
                    && values.iter().all(|row| row.get(*place).is_some_and(lettered))
            };
            if let Some(place) = (0..width).find(is_name) {
                columns[place] = Column::Name;
            }
        }
        Self { columns, headed }
    }

    /// Whether rows can be read by it.
    ///
    /// # Errors
    /// What a person must say first.
    pub fn check(&self) -> Result<(), MappingFault> {
        for (place, column) in self.columns.iter().enumerate() {
            let earlier = self.columns.iter().take(place).position(|it| it == column);
            if let Some(earlier) = earlier.filter(|_| *column != Column::Ignore) {
                return Err(MappingFault::Twice {
                    first: earlier + 1,
                    second: place + 1,
                    what: column.word(),
                });
            }
        }
        if self.columns.contains(&Column::Phone) { Ok(()) } else { Err(MappingFault::NoPhone) }
    }

    /// The place of a column.
    pub(super) fn place(&self, column: &Column) -> Option<usize> {
        self.columns.iter().position(|it| it == column)
    }
}

impl Column {
    /// The column that a person calls so; a variable if it is none of ours.
    pub fn named(word: &str) -> Self {
        let ours = [
            Self::Phone,
            Self::Name,
            Self::FirstName,
            Self::LastName,
            Self::Zone,
            Self::Country,
            Self::Ignore,
        ];
        let found = ours.into_iter().find(|column| column.word() == word);
        found.unwrap_or_else(|| Self::Variable(word.to_owned()))
    }

    /// What it is called to a person.
    pub fn word(&self) -> String {
        match self {
            Self::Phone => "phone".to_owned(),
            Self::Name => "name".to_owned(),
            Self::FirstName => "first_name".to_owned(),
            Self::LastName => "last_name".to_owned(),
            Self::Zone => "time_zone".to_owned(),
            Self::Country => "country".to_owned(),
            Self::Variable(key) => key.clone(),
            Self::Ignore => "ignored".to_owned(),
        }
    }
}

/// What a column is by its name: one of ours, or a variable that is called so.
fn by_name(name: &str) -> Column {
    let plain: String =
        name.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if plain.is_empty() {
        return Column::Ignore;
    }
    let known = NAMES.iter().find(|(names, _)| names.contains(&plain.as_str()));
    known.map_or_else(|| Column::Variable(key(name)), |(_, column)| column.clone())
}

/// A name as the key of a placeholder: `Appointment date` becomes `appointment_date`.
fn key(name: &str) -> String {
    let words = name.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}

/// A second column of the same kind is a variable by its own name: the first is the one people fill in.
fn keep_first_of_each(columns: &mut [Column], names: &[String]) {
    for place in 1..columns.len() {
        if columns[place] == Column::Ignore || !columns[..place].contains(&columns[place]) {
            continue;
        }
        let name = names.get(place).map(|name| key(name)).unwrap_or_default();
        let renamed = Column::Variable(name);
        columns[place] = if columns[..place].contains(&renamed) { Column::Ignore } else { renamed };
    }
}
