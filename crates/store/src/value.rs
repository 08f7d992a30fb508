//! What stands for a `$n` of a statement, and how each engine takes it.

use crate::rows::Columns;
use crate::sql::{Insert, Statement};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Encode, Postgres, Sqlite, Type};
use std::sync::Arc;

/// A value. PostgreSQL wants to know the type of a missing one too.
#[derive(Clone)]
pub(crate) enum Value {
    /// Text, an id, JSON that is kept as it is. Shared, since SQLite's thread takes it over as it is.
    Text(Option<Arc<str>>),
    /// A number, a time in microseconds.
    Int(Option<i64>),
    /// Rows, as one JSON object.
    Rows(String),
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Arc::from))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(Arc::from))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl Value {
    fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => text.map(|text| text.to_string()),
            Self::Int(_) | Self::Rows(_) => None,
        }
    }

    fn into_int(self) -> Option<i64> {
        match self {
            Self::Int(number) => number,
            Self::Text(_) | Self::Rows(_) => None,
        }
    }
}

/// A statement as SQLite takes it.
pub(crate) fn for_sqlite(
    statement: &Statement,
    values: impl IntoIterator<Item = Value>,
) -> Query<'static, Sqlite, SqliteArguments> {
    values.into_iter().fold(sqlx::query(statement.sqlite), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Rows(rows) => query.bind(rows),
    })
}

/// Rows as SQLite takes them: value after value, in the order of the columns.
pub(crate) fn rows_for_sqlite(
    statement: &Statement,
    rows: impl Iterator<Item = Columns>,
) -> Query<'static, Sqlite, SqliteArguments> {
    let values = rows.flatten().map(|(_, value)| value);
    for_sqlite(statement, values)
}

/// Rows as PostgreSQL takes them: each column as one array.
pub(crate) fn rows_for_postgres(
    insert: &Insert,
    rows: Vec<Columns>,
) -> Query<'static, Postgres, PgArguments> {
    let mut rows: Vec<_> = rows.into_iter().map(Vec::into_iter).collect();
    let mut query = sqlx::query(insert.one.postgres);
    for _ in insert.texts {
        let column: Vec<Option<String>> = next_column(&mut rows).map(Value::into_text).collect();
        query = query.bind(column);
    }
    for _ in insert.numbers {
        let column: Vec<Option<i64>> = next_column(&mut rows).map(Value::into_int).collect();
        query = query.bind(column);
    }
    query
}

fn next_column(rows: &mut [std::vec::IntoIter<(&'static str, Value)>]) -> impl Iterator<Item = Value> {
    rows.iter_mut().filter_map(|row| row.next().map(|(_, value)| value))
}

/// A statement as PostgreSQL takes it.
pub(crate) fn for_postgres(
    statement: &Statement,
    values: Vec<Value>,
) -> Query<'static, Postgres, PgArguments> {
    values.into_iter().fold(sqlx::query(statement.postgres), |query, value| match value {
        // A search for the one character that no text of its can hold finds nothing, and is no error.
        Value::Text(text) => query.bind(text.map(|text| text.replace('\0', "\u{fffd}"))),
        Value::Int(number) => query.bind(number),
        Value::Rows(rows) => query.bind(Jsonb(rows)),
    })
}

/// JSON that PostgreSQL reads once, when it comes in.
pub(crate) struct Jsonb(pub(crate) String);

impl Type<Postgres> for Jsonb {
    fn type_info() -> PgTypeInfo {
        // Fixed in PostgreSQL's own catalog.
        PgTypeInfo::with_oid(Oid(3802))
    }
}

impl Encode<'_, Postgres> for Jsonb {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        const FORMAT: u8 = 1;
        buffer.push(FORMAT);
        buffer.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
}
