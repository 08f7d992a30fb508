//! `[store]`: which database holds history and decision data.

use std::path::{Path, PathBuf};

use super::error::{Origin, SettingError, Wrong};
use super::finding::Finding;
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const STORE: &str = "store";

static DATABASE_URL: Key<Database> = Key::new(
    STORE,
    "database_url",
    database,
    Absent::Unset("\"sqlite:///var/lib/trunkline/trunkline.db\""),
    "Database: sqlite://PATH. Without it trunkline.db in data_dir. PostgreSQL and none come with the next release.",
)
.env(&["DATABASE_URL"])
.flag("--database-url")
.secret();

static DB_FILE: Key<PathBuf> = Key::new(
    STORE,
    "db_file",
    read::path,
    Absent::Unset("\"/var/lib/trunkline/trunkline.db\""),
    "The same as a path of an SQLite file; database_url is stronger.",
)
.env(&["DB_FILE"]);

static KEYS: [&Facts; 2] = [&DATABASE_URL.facts, &DB_FILE.facts];

/// The section as declared.
pub static SECTION: Section =
    Section { name: STORE, about: "The database behind history, search and decisions.", keys: &KEYS };

/// The database behind history, search and decisions. It is never on a call's path.
#[derive(Debug, Clone)]
pub struct Store {
    /// Which database.
    pub database: Database,
}

/// A database that this version can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// An SQLite file, made if it isn't there.
    Sqlite(PathBuf),
}

impl Store {
    /// Reads the section; `data_dir` is where the SQLite file goes without a setting.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given, data_dir: &Path, findings: &mut Vec<Finding>) -> Result<Self, SettingError> {
        let url = given.read_given(&DATABASE_URL)?;
        let file = given.read_given(&DB_FILE)?;
        if url.is_some() && given.origin(&DB_FILE.facts) != Origin::Default {
            findings.push(Finding::note(
                DB_FILE.facts.path(),
                "it is not used: database_url is set too",
                "take one of the two out",
            ));
        }
        let database = url
            .or_else(|| file.map(Database::Sqlite))
            .unwrap_or_else(|| Database::Sqlite(data_dir.join("trunkline.db")));
        Ok(Self { database })
    }
}

fn database(raw: &Raw) -> Result<Database, Wrong> {
    let text = read::one(raw)?;
    let later = |what: &str| {
        Wrong::new(
            format_args!("{what} comes with the next release"),
            "use sqlite://PATH, or take the setting out",
        )
    };
    if text.eq_ignore_ascii_case("none") {
        return Err(later("running without a database"));
    }
    let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
    match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => Err(later("PostgreSQL")),
        "sqlite" => sqlite(rest),
        // Nothing of it is quoted: it may hold a password.
        _ => Err(Wrong::new("it is no kind of database we know", "write sqlite://PATH")),
    }
}

/// Two slashes are the URL's, a third begins an absolute path. What follows a `?` are options of other programs.
fn sqlite(rest: &str) -> Result<Database, Wrong> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    match path {
        "" | "/" => Err(Wrong::new("it names no file", "write sqlite://PATH")),
        ":memory:" => {
            Err(Wrong::new("a database in memory would forget every call", "name a file: sqlite://PATH"))
        }
        path => Ok(Database::Sqlite(PathBuf::from(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Database, Wrong> {
        database(&Raw::One(text.to_owned()))
    }

    #[test]
    fn an_sqlite_address_names_a_file() {
        let table = [
            ("sqlite://calls.db", "calls.db"),
            ("sqlite:///var/lib/calls.db", "/var/lib/calls.db"),
            ("sqlite:calls.db", "calls.db"),
            ("SQLite://calls.db?mode=rwc", "calls.db"),
        ];
        for (text, path) in table {
            assert_eq!(read(text), Ok(Database::Sqlite(path.into())), "{text}");
        }
    }

    #[test]
    fn what_this_version_cannot_do_is_said_and_passwords_are_not() {
        let table = [
            ("postgres://me:pw@db/calls", "PostgreSQL comes with the next release"),
            ("postgresql://me:pw@db/calls", "PostgreSQL comes with the next release"),
            ("none", "running without a database comes with the next release"),
            ("mysql://me:pw@db/calls", "no kind of database"),
            ("sqlite://", "names no file"),
            ("sqlite::memory:", "forget every call"),
        ];
        for (text, expected) in table {
            let wrong = read(text).unwrap_err();
            assert!(wrong.what.contains(expected), "{text}: {}", wrong.what);
            assert!(!format!("{wrong:?}").contains("pw"), "{text}");
        }
    }
}
