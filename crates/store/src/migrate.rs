//! Brings a database to the schema this program knows: numbered files, embedded, run at start.
//!
//! All that is missing runs in one transaction that commits in full: a database is at one number or at another, never
//! between, and two processes that start together take turns. A database with nothing missing is not even locked.
//!
//! To add one: a file `migrations/<engine>/NNNN_name.sql` in every engine's folder, and its line here. A file that has
//! been released never changes.

use crate::db::{Db, Durability};
use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use jiff::Timestamp;

const DOING: &str = "migrating it";

/// A change of the schema that a database has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Migration {
    /// Its number, from 1.
    pub number: u32,
    /// What it brings.
    pub name: String,
    /// When it was made, by the database's clock.
    pub applied_at: Timestamp,
}

struct File {
    number: u32,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const FILES: &[File] = &[
    File {
        number: 1,
        name: "calls",
        sqlite: include_str!("../migrations/sqlite/0001_calls.sql"),
        postgres: include_str!("../migrations/postgres/0001_calls.sql"),
    },
    File {
        number: 2,
        name: "tenants",
        sqlite: include_str!("../migrations/sqlite/0002_tenants.sql"),
        postgres: include_str!("../migrations/postgres/0002_tenants.sql"),
    },
    File {
        number: 3,
        name: "queue",
        sqlite: include_str!("../migrations/sqlite/0003_queue.sql"),
        postgres: include_str!("../migrations/postgres/0003_queue.sql"),
    },
    File {
        number: 4,
        name: "nodes",
        sqlite: include_str!("../migrations/sqlite/0004_nodes.sql"),
        postgres: include_str!("../migrations/postgres/0004_nodes.sql"),
    },
    File {
        number: 5,
        name: "webhooks",
        sqlite: include_str!("../migrations/sqlite/0005_webhooks.sql"),
        postgres: include_str!("../migrations/postgres/0005_webhooks.sql"),
    },
    File {
        number: 6,
        name: "users_passwords",
        sqlite: include_str!("../migrations/sqlite/0006_users_passwords.sql"),
        postgres: include_str!("../migrations/postgres/0006_users_passwords.sql"),
    },
    File {
        number: 7,
        name: "rollups",
        sqlite: include_str!("../migrations/sqlite/0007_rollups.sql"),
        postgres: include_str!("../migrations/postgres/0007_rollups.sql"),
    },
    File {
        number: 8,
        name: "numbers",
        sqlite: include_str!("../migrations/sqlite/0008_numbers.sql"),
        postgres: include_str!("../migrations/postgres/0008_numbers.sql"),
    },
    File {
        number: 9,
        name: "taken_at",
        sqlite: include_str!("../migrations/sqlite/0009_taken_at.sql"),
        postgres: include_str!("../migrations/postgres/0009_taken_at.sql"),
    },
    File {
        number: 10,
        name: "rosters",
        sqlite: include_str!("../migrations/sqlite/0010_rosters.sql"),
        postgres: include_str!("../migrations/postgres/0010_rosters.sql"),
    },
    File {
        number: 11,
        name: "appointments",
        sqlite: include_str!("../migrations/sqlite/0011_appointments.sql"),
        postgres: include_str!("../migrations/postgres/0011_appointments.sql"),
    },
    File {
        number: 12,
        name: "bot_rollups",
        sqlite: include_str!("../migrations/sqlite/0012_bot_rollups.sql"),
        postgres: include_str!("../migrations/postgres/0012_bot_rollups.sql"),
    },
    File {
        number: 13,
        name: "tenant_carriers",
        sqlite: include_str!("../migrations/sqlite/0013_tenant_carriers.sql"),
        postgres: include_str!("../migrations/postgres/0013_tenant_carriers.sql"),
    },
];

/// The number of the last migration this program knows.
pub(crate) fn known() -> u32 {
    FILES.last().map_or(0, |file| file.number)
}

/// Every table this program's migrations make.
pub(crate) const TABLES: &[&str] = &[
    "api_keys",
    "appointment_cells",
    "appointments",
    "attempts",
    "bot_calls",
    "bot_rollups",
    "call_counts",
    "call_rollups",
    "calls",
    "campaigns",
    "cursors",
    "events",
    "jobs",
    "leads",
    "legs",
    "meta",
    "migrations",
    "nodes",
    "numbers",
    "practitioners",
    "question_rollups",
    "rosters",
    "search",
    "suppressions",
    "tenants",
    "turns",
    "users",
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_endpoints",
    "webhook_lines",
];

/// Runs what is missing.
pub(crate) async fn migrate(db: &Db) -> Result<(), StoreError> {
    let mut tx = match found(db).await? {
        Some(found) if found == known() => return Ok(()),
        Some(_) | None => db.begin(DOING, Durability::Exclusive).await?,
    };
    tx.run(&sql::CREATE_MIGRATIONS, vec![]).await?;
    // Asked again under the lock: another process may have been faster.
    let found = checked(last(&tx.rows(&sql::MIGRATIONS, vec![]).await?)?)?;
    for file in FILES.iter().filter(|file| file.number > found) {
        tx.script(match db {
            Db::Sqlite(_) => file.sqlite,
            Db::Postgres(_) => file.postgres,
        })
        .await?;
        tx.run(&sql::RECORD_MIGRATION, vec![i64::from(file.number).into(), file.name.into()]).await?;
    }
    tx.commit().await
}

/// What a database has, in order; nothing if it has never seen one.
pub(crate) async fn applied(db: &Db) -> Result<Vec<Migration>, StoreError> {
    if !has_migrations(db).await? {
        return Ok(Vec::new());
    }
    let rows = db.read("reading its migrations", &sql::MIGRATIONS, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Migration {
                number: row.number("number")?,
                name: row.text("name")?,
                applied_at: row.time("applied_at")?,
            })
        })
        .collect()
}

/// The last migration of a database; `None` if it has never seen one.
async fn found(db: &Db) -> Result<Option<u32>, StoreError> {
    if !has_migrations(db).await? {
        return Ok(None);
    }
    checked(last(&db.read(DOING, &sql::MIGRATIONS, vec![]).await?)?).map(Some)
}

async fn has_migrations(db: &Db) -> Result<bool, StoreError> {
    for table in &db.read(DOING, &sql::TABLES, vec![]).await? {
        if table.text("name")? == "migrations" {
            return Ok(true);
        }
    }
    Ok(false)
}

fn last(rows: &[Row]) -> Result<u32, StoreError> {
    rows.last().map_or(Ok(0), |row| row.number("number"))
}

fn checked(found: u32) -> Result<u32, StoreError> {
    let known = known();
    if found > known { Err(StoreError::SchemaNewer { found, known }) } else { Ok(found) }
}
