//! What an operator wants to know of the database.

use crate::error::StoreError;
use crate::migrate;
use crate::sql;
use crate::store::Store;

/// How a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Which one it is, without any password.
    pub target: String,
    /// Its own name.
    pub store: Option<String>,
    /// The number of its last migration.
    pub schema: u32,
    /// The number of the last migration this program knows.
    pub known_schema: u32,
    /// The tables it has.
    pub tables: Vec<String>,
    /// The tables it should have and has not.
    pub missing: Vec<&'static str>,
    /// How many bytes it takes on the disk.
    pub bytes: u64,
}

impl Health {
    /// Whether nothing is missing.
    pub fn is_healthy(&self) -> bool {
        self.missing.is_empty() && self.store.is_some() && self.schema == self.known_schema
    }
}

impl Store {
    /// Looks at the database. What is missing is told, not an error.
    ///
    /// # Errors
    /// `Unavailable` if it can't be read.
    pub async fn check(&self) -> Result<Health, StoreError> {
        const DOING: &str = "checking it";
        let mut tables = Vec::new();
        for row in self.db.read(DOING, &sql::TABLES, vec![]).await? {
            tables.push(row.text("name")?);
        }
        let missing: Vec<_> = migrate::TABLES
            .iter()
            .copied()
            .filter(|table| !tables.iter().any(|found| found == table))
            .collect();
        let store = match missing.contains(&"meta") {
            true => None,
            false => self.db.read(DOING, &sql::STORE_ID, vec![]).await?.first().map(|row| row.text("value")),
        };
        let schema = match missing.contains(&"migrations") {
            true => 0,
            false => self.migrations().await?.last().map_or(0, |last| last.number),
        };
        let bytes = self.db.read(DOING, &sql::SIZE, vec![]).await?;
        Ok(Health {
            target: self.db.target(),
            store: store.transpose()?,
            schema,
            known_schema: migrate::known(),
            tables,
            missing,
            bytes: bytes.first().map_or(Ok(0), |row| row.number("bytes"))?,
        })
    }
}
