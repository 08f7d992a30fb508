//! One row of an answer, whichever engine gave it: its columns by name, each in the type it must have.

use crate::error::StoreError;
use jiff::Timestamp;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

/// A row.
pub(crate) struct Row {
    doing: &'static str,
    of: OfEngine,
}

enum OfEngine {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// A row of SQLite's.
    pub(crate) fn sqlite(doing: &'static str, row: SqliteRow) -> Self {
        Self { doing, of: OfEngine::Sqlite(row) }
    }

    /// A row of PostgreSQL's.
    pub(crate) fn postgres(doing: &'static str, row: PgRow) -> Self {
        Self { doing, of: OfEngine::Postgres(row) }
    }

    /// A text that may be missing.
    pub(crate) fn opt_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        let value = match &self.of {
            OfEngine::Sqlite(row) => row.try_get(column),
            OfEngine::Postgres(row) => row.try_get(column),
        };
        value.map_err(|error| StoreError::from_sqlx(self.doing, &error))
    }

    /// A text.
    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.opt_text(column)?.ok_or_else(|| self.unreadable(column))
    }

    /// A number that may be missing.
    pub(crate) fn opt_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        let value = match &self.of {
            OfEngine::Sqlite(row) => row.try_get(column),
            OfEngine::Postgres(row) => row.try_get(column),
        };
        value.map_err(|error| StoreError::from_sqlx(self.doing, &error))
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
