//! One database, whichever engine it is: statements in, rows out.
//!
//! Everything above this file is written once; an engine is one arm in the enums here and one file with its
//! connections. Statements come from the registry ([`crate::sql`]) and nowhere else.

use crate::error::StoreError;
use crate::sql::Statement;
use crate::sqlite::Sqlite;
use jiff::Timestamp;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteArguments, SqliteRow};

/// A connected engine.
pub(crate) enum Db {
    /// One file.
    Sqlite(Sqlite),
}

/// How sure a commit must be when it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The journal holds it: a power cut may take it back, and it is projected again.
    Projection,
    /// Nobody else holds it: it is on the disk before the commit returns.
    Decision,
}

/// A value for a `$n` of a statement.
#[derive(Clone)]
pub(crate) enum Value {
    /// Text, an id, JSON.
    Text(String),
    /// A number, a time in microseconds.
    Int(i64),
    /// Nothing.
    Null,
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Db {
    /// Rows of a statement that only reads.
    pub(crate) async fn read(
        &self,
        doing: &'static str,
        statement: &Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => {
                let mut connection = sqlite.reader(doing).await?;
                let rows = bound(statement, values).fetch_all(&mut *connection).await;
                rows_of(doing, rows)
            }
        }
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self, doing: &'static str, durability: Durability) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite(sqlite) => {
                Ok(Tx { doing, on: OnEngine::Sqlite(sqlite.begin(doing, durability).await?) })
            }
        }
    }

    /// Says so if the database is no longer the one that was opened.
    pub(crate) fn in_place(&self, doing: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.in_place(doing),
        }
    }

    /// Waits for what runs, and closes.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
        }
    }
}

/// A transaction that writes; dropped without a commit, it leaves nothing.
pub(crate) struct Tx {
    doing: &'static str,
    on: OnEngine,
}

enum OnEngine {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
}

impl Tx {
    /// Runs a statement; how many rows it touched.
    pub(crate) async fn run(&mut self, statement: &Statement, values: Vec<Value>) -> Result<u64, StoreError> {
        match &mut self.on {
            OnEngine::Sqlite(tx) => match bound(statement, values).execute(&mut **tx).await {
                Ok(done) => Ok(done.rows_affected()),
                Err(error) => Err(StoreError::from_sqlx(self.doing, &error)),
            },
        }
    }

    /// Rows of a statement, seen from inside the transaction.
    pub(crate) async fn rows(
        &mut self,
        statement: &Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match &mut self.on {
            OnEngine::Sqlite(tx) => {
                let rows = bound(statement, values).fetch_all(&mut **tx).await;
                rows_of(self.doing, rows)
            }
        }
    }

    /// Runs a migration: several statements, as they stand in the file.
    pub(crate) async fn script(&mut self, script: &'static str) -> Result<(), StoreError> {
        match &mut self.on {
            OnEngine::Sqlite(tx) => match sqlx::raw_sql(script).execute(&mut **tx).await {
                Ok(_) => Ok(()),
                Err(error) => Err(StoreError::from_sqlx(self.doing, &error)),
            },
        }
    }

    /// Makes it so.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self.on {
            OnEngine::Sqlite(tx) => {
                tx.commit().await.map_err(|error| StoreError::from_sqlx(self.doing, &error))
            }
        }
    }
}

fn bound(
    statement: &Statement,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments> {
    values.into_iter().fold(sqlx::query(statement.text), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Null => query.bind(None::<String>),
    })
}

fn rows_of(doing: &'static str, rows: Result<Vec<SqliteRow>, sqlx::Error>) -> Result<Vec<Row>, StoreError> {
    match rows {
        Ok(rows) => Ok(rows.into_iter().map(|row| Row { doing, on: row }).collect()),
        Err(error) => Err(StoreError::from_sqlx(doing, &error)),
    }
}

/// One row of an answer: its columns by name, each in the type it must have.
pub(crate) struct Row {
    doing: &'static str,
    on: SqliteRow,
}

impl Row {
    /// A text that may be missing.
    pub(crate) fn opt_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.on.try_get(column).map_err(|error| StoreError::from_sqlx(self.doing, &error))
    }

    /// A text.
    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.opt_text(column)?.ok_or_else(|| self.unreadable(column))
    }

    /// A number that may be missing.
    pub(crate) fn opt_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        self.on.try_get(column).map_err(|error| StoreError::from_sqlx(self.doing, &error))
    }

    /// A number.
    pub(crate) fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        self.opt_int(column)?.ok_or_else(|| self.unreadable(column))
    }

    /// A number that is not negative, or what fits into `T`.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        T::try_from(self.int(column)?).map_err(|_| self.unreadable(column))
    }

    /// The same, where it may be missing.
    pub(crate) fn opt_number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let number = self.opt_int(column)?;
        number.map(|number| T::try_from(number).map_err(|_| self.unreadable(column))).transpose()
    }

    /// A time that may be missing.
    pub(crate) fn opt_time(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let micros = self.opt_int(column)?;
        micros
            .map(|micros| Timestamp::from_microsecond(micros).map_err(|_| self.unreadable(column)))
            .transpose()
    }

    /// A time.
    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.opt_time(column)?.ok_or_else(|| self.unreadable(column))
    }

    /// A word of a closed set that may be missing.
    pub(crate) fn opt_word<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let Some(text) = self.opt_text(column)? else { return Ok(None) };
        let word: StrDeserializer<'_, WordError> = text.as_str().into_deserializer();
        T::deserialize(word).map(Some).map_err(|_| self.unreadable(column))
    }

    /// A word of a closed set.
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        self.opt_word(column)?.ok_or_else(|| self.unreadable(column))
    }

    /// A value kept as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        // The error of the JSON reader quotes what it read: it stays here.
        serde_json::from_str(&self.text(column)?).map_err(|_| self.unreadable(column))
    }

    fn unreadable(&self, column: &'static str) -> StoreError {
        StoreError::broken(self.doing, format!("column {column} holds what this program can't read"))
    }
}
