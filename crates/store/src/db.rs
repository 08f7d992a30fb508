//! One database, whichever engine it is: statements in, rows out.
//!
//! Everything above this file is written once; an engine is one arm in the enums here and one file with its
//! connections. Statements come from the registry ([`crate::sql`]) and nowhere else. What asks a server is boxed: its
//! deadlines make it large, and whoever awaits a store would carry that.

use crate::error::StoreError;
use crate::postgres::{self, Postgres};
use crate::row::Row;
use crate::rows::Columns;
use crate::sql::{Insert, MANY, Statement};
use crate::sqlite::Sqlite;
use crate::value::{Value, for_sqlite, rows_for_sqlite};
use sqlx::sqlite::SqliteRow;

/// A connected engine.
pub(crate) enum Db {
    /// One file.
    Sqlite(Sqlite),
    /// A server.
    Postgres(Postgres),
}

/// How sure a commit must be when it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The journal holds it: a power cut may take it back, and it is projected again.
    Projection,
    /// Nobody else holds it: it is on the disk before the commit returns.
    Decision,
    /// A decision that one process makes at a time, and that may take its time: what the schema is, and whose.
    Exclusive,
}

impl Db {
    /// Which one it is, without any password.
    pub(crate) fn target(&self) -> String {
        match self {
            Self::Sqlite(sqlite) => format!("sqlite://{}", sqlite.path().display()),
            Self::Postgres(postgres) => postgres.url().to_string(),
        }
    }

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
                let rows = for_sqlite(statement, values).fetch_all(&mut *connection).await;
                rows_of_sqlite(doing, rows)
            }
            Self::Postgres(postgres) => Box::pin(postgres.read(doing, statement, values)).await,
        }
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self, doing: &'static str, durability: Durability) -> Result<Tx, StoreError> {
        let on = match self {
            Self::Sqlite(sqlite) => OnEngine::Sqlite(sqlite.begin(doing, durability).await?),
            Self::Postgres(postgres) => {
                OnEngine::Postgres(Box::pin(postgres.begin(doing, durability)).await?)
            }
        };
        Ok(Tx { doing, on })
    }

    /// Begins a transaction that only reads, and sees one state of the database however long it takes.
    pub(crate) async fn snapshot(&self, doing: &'static str) -> Result<Tx, StoreError> {
        let on = match self {
            Self::Sqlite(sqlite) => OnEngine::Sqlite(sqlite.snapshot(doing).await?),
            Self::Postgres(postgres) => OnEngine::Postgres(Box::pin(postgres.snapshot(doing)).await?),
        };
        Ok(Tx { doing, on })
    }

    /// Says so if the database is no longer the one that was opened.
    pub(crate) fn in_place(&self, doing: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.in_place(doing),
            // Another database at the same address is told by its cursor.
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Waits for what runs, and closes.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.close().await,
        }
    }
}

/// A transaction; dropped without a commit, it leaves nothing.
pub(crate) struct Tx {
    doing: &'static str,
    on: OnEngine,
}

enum OnEngine {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(postgres::Tx),
}

impl Tx {
    /// Runs a statement; how many rows it touched.
    pub(crate) async fn run(&mut self, statement: &Statement, values: Vec<Value>) -> Result<u64, StoreError> {
        match &mut self.on {
            OnEngine::Sqlite(tx) => match for_sqlite(statement, values).execute(&mut **tx).await {
                Ok(done) => Ok(done.rows_affected()),
                Err(error) => Err(StoreError::from_sqlx(self.doing, &error)),
            },
            OnEngine::Postgres(tx) => Box::pin(tx.run(statement, values)).await,
        }
    }

    /// Puts rows into a table; how many were new or changed.
    pub(crate) async fn insert(&mut self, insert: &Insert, rows: Vec<Columns>) -> Result<u64, StoreError> {
        debug_assert!(
            rows.iter().all(|row| row.iter().map(|(name, _)| *name).eq(insert.columns())),
            "{}: a row names other columns than its statement",
            insert.one.name
        );
        if rows.is_empty() {
            return Ok(0);
        }
        match &mut self.on {
            OnEngine::Sqlite(tx) => {
                let (mut rows, mut touched) = (rows.into_iter(), 0);
                while rows.len() > 0 {
                    let (statement, n) =
                        if rows.len() < MANY { (&insert.one, 1) } else { (&insert.many, MANY) };
                    let these = rows_for_sqlite(statement, rows.by_ref().take(n));
                    match these.execute(&mut **tx).await {
                        Ok(done) => touched += done.rows_affected(),
                        Err(error) => return Err(StoreError::from_sqlx(self.doing, &error)),
                    }
                }
                Ok(touched)
            }
            OnEngine::Postgres(tx) => Box::pin(tx.insert(insert, rows)).await,
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
                let rows = for_sqlite(statement, values).fetch_all(&mut **tx).await;
                rows_of_sqlite(self.doing, rows)
            }
            OnEngine::Postgres(tx) => Box::pin(tx.rows(statement, values)).await,
        }
    }

    /// Runs a migration: several statements, as they stand in the file.
    pub(crate) async fn script(&mut self, script: &'static str) -> Result<(), StoreError> {
        match &mut self.on {
            OnEngine::Sqlite(tx) => match sqlx::raw_sql(script).execute(&mut **tx).await {
                Ok(_) => Ok(()),
                Err(error) => Err(StoreError::from_sqlx(self.doing, &error)),
            },
            OnEngine::Postgres(tx) => Box::pin(tx.script(script)).await,
        }
    }

    /// Makes it so.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self.on {
            OnEngine::Sqlite(tx) => {
                tx.commit().await.map_err(|error| StoreError::from_sqlx(self.doing, &error))
            }
            OnEngine::Postgres(tx) => Box::pin(tx.commit()).await,
        }
    }
}

fn rows_of_sqlite(
    doing: &'static str,
    rows: Result<Vec<SqliteRow>, sqlx::Error>,
) -> Result<Vec<Row>, StoreError> {
    match rows {
        Ok(rows) => Ok(rows.into_iter().map(|row| Row::sqlite(doing, row)).collect()),
        Err(error) => Err(StoreError::from_sqlx(doing, &error)),
    }
}
