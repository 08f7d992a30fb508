//! The server's database as somebody else meets it: locks it, and copies its rows as fast as the engine can.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row};
use tokio::time::Instant;

/// What a projection fills.
const TABLES: [&str; 3] = ["calls", "events", "turns"];

/// Where it is.
pub enum Database {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database, by its address.
    Server(String),
}

/// A lock on everything in it, until it is released.
pub struct Lock(Connection);

enum Connection {
    Sqlite(SqliteConnection),
    Postgres(Box<PgConnection>),
}

impl Database {
    /// Keeps everybody from writing.
    ///
    /// # Errors
    /// It can't be locked.
    pub async fn lock(&self) -> Result<Lock> {
        let mut connection = self.connect().await?;
        let lock = match connection {
            Connection::Sqlite(_) => "BEGIN EXCLUSIVE",
            Connection::Postgres(_) => "BEGIN; LOCK TABLE calls, events, turns IN ACCESS EXCLUSIVE MODE",
        };
        connection.run(lock).await.context("can't lock the database")?;
        Ok(Lock(connection))
    }

    /// How many events per second it takes when it copies them itself, with their calls and turns, into tables with the
    /// same indexes, table by table in one statement.
    ///
    /// # Errors
    /// It can't be copied.
    pub async fn copied(&self) -> Result<f64> {
        let mut connection = self.connect().await?;
        let events = connection.number("SELECT COUNT(*) FROM events").await?;
        match self {
            Self::File(path) => {
                let copy = path.with_extension("copy");
                // A connection that makes no files attaches only what is there.
                std::fs::File::create(&copy)?;
                connection.run(&format!("ATTACH '{}' AS copy", copy.display())).await?;
                connection.run("PRAGMA copy.journal_mode = WAL; PRAGMA copy.synchronous = NORMAL").await?;
                for made in connection.made().await? {
                    connection.run(&made).await?;
                }
            }
            Self::Server(_) => {
                connection.run("CREATE SCHEMA copy; SET synchronous_commit = off").await?;
                for table in TABLES {
                    let made = format!("CREATE TABLE copy.{table} (LIKE public.{table} INCLUDING ALL)");
                    connection.run(&made).await?;
                }
            }
        }
        let begun = Instant::now();
        for table in TABLES {
            connection.run(&format!("INSERT INTO copy.{table} SELECT * FROM {table}")).await?;
        }
        let took = begun.elapsed();
        match self {
            Self::File(path) => {
                connection.run("DETACH copy").await?;
                std::fs::remove_file(path.with_extension("copy"))?;
            }
            Self::Server(_) => connection.run("DROP SCHEMA copy CASCADE").await?,
        }
        Ok(events as f64 / took.as_secs_f64())
    }

    async fn connect(&self) -> Result<Connection> {
        Ok(match self {
            Self::File(path) => {
                let options =
                    SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10));
                Connection::Sqlite(options.connect().await.context("can't open the store's file")?)
            }
            Self::Server(url) => Connection::Postgres(Box::new(
                PgConnectOptions::from_str(url)?.connect().await.context("can't reach the database")?,
            )),
        })
    }
}

impl Lock {
    /// Lets everybody go on.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn release(mut self) -> Result<()> {
        self.0.run("ROLLBACK").await
    }
}

impl Connection {
    async fn run(&mut self, sql: &str) -> Result<()> {
        let statements = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(connection) => {
                connection.execute(statements).await?;
            }
            Self::Postgres(connection) => {
                connection.execute(statements).await?;
            }
        }
        Ok(())
    }

    async fn number(&mut self, sql: &'static str) -> Result<i64> {
        Ok(match self {
            Self::Sqlite(connection) => connection.fetch_one(sql).await?.try_get(0)?,
            Self::Postgres(connection) => connection.fetch_one(sql).await?.try_get(0)?,
        })
    }

    /// What made SQLite's tables and their indexes, to be said again for the copy.
    async fn made(&mut self) -> Result<Vec<String>> {
        let Self::Sqlite(connection) = self else { return Ok(Vec::new()) };
        let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL \
            AND tbl_name IN ('calls', 'events', 'turns') ORDER BY type = 'index'";
        let mut made = Vec::new();
        for row in connection.fetch_all(sql).await? {
            let text: String = row.try_get(0)?;
            let words = [
                ("CREATE TABLE ", "CREATE TABLE copy."),
                ("CREATE INDEX ", "CREATE INDEX copy."),
                ("CREATE UNIQUE INDEX ", "CREATE UNIQUE INDEX copy."),
            ];
            let copy = words.iter().find_map(|(from, to)| Some(format!("{to}{}", text.strip_prefix(from)?)));
            made.push(copy.with_context(|| format!("what is this? {text}"))?);
        }
        Ok(made)
    }
}
