//! The address of a PostgreSQL database. It may hold a password, which nothing here ever shows.

use sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::str::FromStr;

/// What may follow the `?`. A word that the driver does not know would be written to the log with its value.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "statement-cache-capacity",
];

/// `postgres://user:password@host:port/database?sslmode=verify-full`. What is left out comes from the environment and
/// from `~/.pgpass`, as with every other program of PostgreSQL.
#[derive(Clone)]
pub struct PostgresUrl {
    text: String,
    options: Box<PgConnectOptions>,
}

/// Why an address is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPostgresUrl {
    /// It begins with something else.
    #[error("it does not begin with postgres://")]
    Scheme,
    /// It has a part that can't be read.
    #[error(
        "it can't be read as postgres://user:password@host:port/database; special characters of a password are \
             written as %40 and the like"
    )]
    Unreadable,
    /// It names no database.
    #[error("it names no database")]
    NoDatabase,
    /// It sets something that can't be set.
    #[error("after the ? it sets something that can't be set there; sslmode and sslrootcert can")]
    Parameter,
}

impl PostgresUrl {
    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.options
    }
}

impl FromStr for PostgresUrl {
    type Err = BadPostgresUrl;

    fn from_str(text: &str) -> Result<Self, BadPostgresUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(BadPostgresUrl::Scheme)?;
        if !["postgres", "postgresql"].contains(&&*scheme.to_ascii_lowercase()) {
            return Err(BadPostgresUrl::Scheme);
        }
        let parameters = rest.split_once('?').map_or("", |(_, parameters)| parameters);
        let mut names = parameters.split('&').filter_map(|pair| pair.split('=').next());
        if !names.all(|name| name.is_empty() || PARAMETERS.contains(&name)) {
            return Err(BadPostgresUrl::Parameter);
        }
        // The error of the driver may quote what it read: it stays here.
        let options = Box::new(PgConnectOptions::from_str(text).map_err(|_| BadPostgresUrl::Unreadable)?);
        if options.get_database().is_none_or(str::is_empty) {
            return Err(BadPostgresUrl::NoDatabase);
        }
        Ok(Self { text: text.to_owned(), options })
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        let database = options.get_database().unwrap_or_default();
        match options.get_socket() {
            Some(folder) => {
                write!(f, "postgres://{}@/{database}?host={}", options.get_username(), folder.display())
            }
            None => {
                let (user, host, port) = (options.get_username(), options.get_host(), options.get_port());
                write!(f, "postgres://{user}@{host}:{port}/{database}")
            }
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for PostgresUrl {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PostgresUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let table = [
            ("postgres://me:s3cret@db.example:6432/calls", "postgres://me@db.example:6432/calls"),
            (
                "postgresql://me:s%40cret@db/calls?sslmode=verify-full&sslrootcert=/ca.pem",
                "postgres://me@db:5432/calls",
            ),
            ("PostgreSQL://me@db/calls?password=s3cret", "postgres://me@db:5432/calls"),
            (
                "postgres:///calls?host=/run/postgresql&user=me&password=s3cret",
                "postgres://me@/calls?host=/run/postgresql",
            ),
        ];
        for (text, shown) in table {
            let url: PostgresUrl = text.parse().unwrap();
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.to_owned(), shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_quoting_it() {
        let table = [
            ("mysql://me:s3cret@db/calls", BadPostgresUrl::Scheme),
            ("postgres:me:s3cret@db/calls", BadPostgresUrl::Scheme),
            ("postgres://me:s3cret@db", BadPostgresUrl::NoDatabase),
            ("postgres://me:s3cret@db:port/calls", BadPostgresUrl::Unreadable),
            ("postgres://me:s3cret@db/calls?sslmode=s3cret", BadPostgresUrl::Unreadable),
            ("postgres://me@db/calls?passwort=s3cret", BadPostgresUrl::Parameter),
        ];
        for (text, expected) in table {
            let error = text.parse::<PostgresUrl>().unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("s3cret"));
        }
    }
}
