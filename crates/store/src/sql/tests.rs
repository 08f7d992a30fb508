//! Every statement is understood by a migrated database of each engine, and answers with the same columns.

use super::all;
use crate::migrate;
use crate::store::{Store, Target};
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgTypeInfo};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Executor, Row, SqlSafeStr, Statement};
use std::str::FromStr;
use trunkline_testkit::postgres::{Database, Server};

/// A migrated SQLite file.
pub(super) async fn sqlite(folder: &tempfile::TempDir) -> SqliteConnection {
    let path = folder.path().join("calls.db");
    Store::open(&Target::Sqlite(path.clone())).await.unwrap().close().await;
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

/// A migrated PostgreSQL database.
pub(super) async fn postgres() -> (Database<'static>, PgConnection) {
    let database = Server::shared().database().unwrap();
    let target = Target::Postgres(database.url().parse().unwrap());
    Store::open(&target).await.unwrap().close().await;
    let connection = PgConnectOptions::from_str(&database.url()).unwrap().connect().await.unwrap();
    (database, connection)
}

/// What the values of lists are bound as: where a value is only asked for being there, its type can't be guessed.
const LIST_TYPES: [u32; 14] =
    [TEXT, INT8, TEXT, INT8, INT8, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, INT8, TEXT];
const TEXT: u32 = 25;
const INT8: u32 = 20;

fn names<C: Column>(columns: &[C]) -> Vec<String> {
    columns.iter().map(|column| column.name().to_owned()).collect()
}

#[tokio::test]
async fn every_statement_is_understood_by_both_engines_and_answers_with_the_same_columns() {
    let folder = tempfile::tempdir().unwrap();
    let mut sqlite = sqlite(&folder).await;
    let (_database, mut postgres) = postgres().await;
    let mut described = 0;
    for statement in all() {
        let name = statement.name;
        let lite = (&mut sqlite).prepare(statement.sqlite.into_sql_str()).await;
        let lite = lite.unwrap_or_else(|error| panic!("{name} on SQLite: {error}\n{}", statement.sqlite));
        let lists = super::LISTS.iter().chain(super::SEARCHES).any(|list| list.name == name);
        let types =
            if lists { LIST_TYPES.map(|oid| PgTypeInfo::with_oid(Oid(oid))).to_vec() } else { vec![] };
        let pg = (&mut postgres).prepare_with(statement.postgres.into_sql_str(), &types).await;
        let pg = pg.unwrap_or_else(|error| panic!("{name} on PostgreSQL: {error}\n{}", statement.postgres));
        assert_eq!(names(lite.columns()), names(pg.columns()), "{name}");
        described += 1;
    }
    assert!(described > 20, "the registry lost its statements");
}

#[tokio::test]
async fn the_migrations_make_the_tables_that_a_check_looks_for() {
    let folder = tempfile::tempdir().unwrap();
    let rows = sqlx::query(super::TABLES.sqlite).fetch_all(&mut sqlite(&folder).await).await.unwrap();
    let tables: Vec<String> = rows.iter().map(|row| row.get("name")).collect();
    assert_eq!(tables, migrate::TABLES);
    let (_database, mut postgres) = postgres().await;
    let rows = sqlx::query(super::TABLES.postgres).fetch_all(&mut postgres).await.unwrap();
    let tables: Vec<String> = rows.iter().map(|row| row.get("name")).collect();
    assert_eq!(tables, migrate::TABLES);
}

#[tokio::test]
async fn both_engines_have_the_same_columns_and_every_table_of_users_data_carries_its_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let mut sqlite = sqlite(&folder).await;
    let (database, _) = postgres().await;
    for table in migrate::TABLES {
        let columns = format!("SELECT name FROM pragma_table_info('{table}') ORDER BY name");
        let rows = sqlx::query(AssertSqlSafe(columns)).fetch_all(&mut sqlite).await.unwrap();
        let lite: Vec<String> = rows.iter().map(|row| row.get("name")).collect();
        let pg = database.sql(&format!(
            "SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' \
             AND column_name <> 'month' ORDER BY column_name COLLATE \"C\""
        ));
        assert_eq!(lite, pg.unwrap().lines().collect::<Vec<_>>(), "{table}");
        assert!(
            ["cursors", "meta", "migrations", "nodes", "tenants"].contains(table)
                || lite.iter().any(|name| name == "tenant"),
            "{table}"
        );
    }
}
