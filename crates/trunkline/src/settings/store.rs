//! `[store]`: which database holds history and decision data.

use std::path::{Path, PathBuf};

use trunkline_store::Target;

use super::error::{Origin, SettingError, Wrong};
use super::finding::Finding;
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const STORE: &str = "store";

static DATABASE_URL: Key<Named> = Key::new(
    STORE,
    "database_url",
    database,
    Absent::Unset("\"sqlite:///var/lib/trunkline/trunkline.db\""),
    "Database: sqlite://PATH, or postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full. Without it trunkline.db \
     in data_dir. With none the journal keeps everything: single calls, lists and lookups, for as long as you keep it.",
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

static CALLS_DATA_FILE: Key<PathBuf> = Key::new(
    STORE,
    "calls_data_file",
    read::path,
    Absent::Unset("\"calls.json\""),
    "Calls that another program kept, as a JSON object of call id to call or as JSON lines: taken over once, at the start.",
)
.env(&["CALLS_DATA_FILE"]);

static KEYS: [&Facts; 3] = [&DATABASE_URL.facts, &DB_FILE.facts, &CALLS_DATA_FILE.facts];

/// The section as declared.
pub static SECTION: Section =
    Section { name: STORE, about: "The database behind history, search and decisions.", keys: &KEYS };

/// The database behind history, search and decisions. It is never on a call's path.
#[derive(Debug, Clone)]
pub struct Store {
    /// Which database.
    pub database: Target,
    /// Calls that another program kept, to be taken over once.
    pub calls_data_file: Option<PathBuf>,
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
        let database = match url {
            Some(Named::Target(target)) => target,
            Some(Named::None) => Target::Index(data_dir.join("index.db")),
            None => Target::Sqlite(file.unwrap_or_else(|| data_dir.join("trunkline.db"))),
        };
        Ok(Self { database, calls_data_file: given.read_given(&CALLS_DATA_FILE)? })
    }
}

/// What the setting names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Target(Target),
    /// No database: the journal is the store.
    None,
}

fn database(raw: &Raw) -> Result<Named, Wrong> {
    let text = read::one(raw)?;
    if text.eq_ignore_ascii_case("none") {
        return Ok(Named::None);
    }
    target(text).map(Named::Target)
}

fn target(text: &str) -> Result<Target, Wrong> {
    let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
    match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => text
            .parse()
            .map(Target::Postgres)
            .map_err(|wrong| Wrong::new(wrong, "write postgres://USER:PASSWORD@HOST:PORT/DATABASE")),
        "sqlite" => sqlite(rest),
        // Nothing of it is quoted: it may hold a password.
        _ => {
            Err(Wrong::new("it is no kind of database we know", "write sqlite://PATH, postgres://… or none"))
        }
    }
}

/// Two slashes are the URL's, a third begins an absolute path. What follows a `?` are options of other programs.
fn sqlite(rest: &str) -> Result<Target, Wrong> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    match path {
        "" | "/" => Err(Wrong::new("it names no file", "write sqlite://PATH")),
        ":memory:" => {
            Err(Wrong::new("a database in memory would forget every call", "name a file: sqlite://PATH"))
        }
        path => Ok(Target::Sqlite(PathBuf::from(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Target, Wrong> {
        match database(&Raw::One(text.to_owned()))? {
            Named::Target(target) => Ok(target),
            Named::None => panic!("it names none"),
        }
    }

    #[test]
    fn none_is_a_choice_too() {
        assert_eq!(database(&Raw::One("None".to_owned())), Ok(Named::None));
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
            assert_eq!(read(text), Ok(Target::Sqlite(path.into())), "{text}");
        }
    }

    #[test]
    fn a_postgresql_address_names_a_database_and_hides_its_password() {
        let Ok(Target::Postgres(url)) = read("postgres://me:pw@db.example/calls?sslmode=require") else {
            panic!("it is none")
        };
        assert_eq!(format!("{url} {url:?}"), ["postgres://me@db.example:5432/calls"; 2].join(" "));
    }

    #[test]
    fn what_this_version_cannot_do_is_said_and_passwords_are_not() {
        let table = [
            ("postgres://me:pw@db", "names no database"),
            ("postgresql://me:pw@db:x/calls", "it can't be read as"),
            ("postgres://me@db/calls?pwd=pw", "something that can't be set there"),
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
