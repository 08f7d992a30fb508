//! Every statement is understood by a migrated database, and the ones that must be fast use their index.

use super::{Statement, all};
use crate::migrate;
use crate::store::{Store, Target};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row, SqlSafeStr};

async fn migrated(folder: &tempfile::TempDir) -> SqliteConnection {
    let path = folder.path().join("calls.db");
    Store::open(&Target::Sqlite(path.clone())).await.unwrap().close().await;
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

/// The steps of a statement's plan, one a line.
async fn plan(connection: &mut SqliteConnection, statement: &Statement) -> String {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.sqlite));
    let steps = sqlx::query(explain).fetch_all(connection).await.unwrap();
    steps.iter().map(|step| step.get::<String, _>("detail") + "\n").collect()
}

#[tokio::test]
async fn every_statement_is_understood_by_a_migrated_database() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = migrated(&folder).await;
    let mut described = 0;
    for statement in all() {
        let text = statement.sqlite.into_sql_str();
        if let Err(error) = (&mut connection).prepare(text).await {
            panic!("{}: {error}\n{}", statement.name, statement.sqlite);
        }
        described += 1;
    }
    assert!(described > 20, "the registry lost its statements");
}

#[tokio::test]
async fn the_migrations_make_the_tables_that_a_check_looks_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = migrated(&folder).await;
    let rows = sqlx::query(super::TABLES.sqlite).fetch_all(&mut connection).await.unwrap();
    let tables: Vec<String> = rows.iter().map(|row| row.get("name")).collect();
    assert_eq!(tables, migrate::TABLES);
}

#[tokio::test]
async fn every_table_of_users_data_carries_its_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = migrated(&folder).await;
    for table in migrate::TABLES.iter().filter(|table| !["cursors", "meta", "migrations"].contains(table)) {
        let columns =
            AssertSqlSafe(format!("SELECT 1 FROM pragma_table_info('{table}') WHERE name = 'tenant'"));
        assert!(sqlx::query(columns).fetch_optional(&mut connection).await.unwrap().is_some(), "{table}");
    }
}

#[tokio::test]
async fn what_must_not_grow_with_history_uses_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = migrated(&folder).await;
    let expected: &[(&Statement, &[&str])] = &[
        (
            &super::LIST_NEWEST,
            &["SEARCH calls USING INDEX calls_newest (tenant=? AND created_at>? AND (created_at,id)<(?,?))"],
        ),
        (
            &super::LIST_STATUS,
            &[
                "SEARCH calls USING INDEX calls_status (tenant=? AND status=? AND created_at>? AND (created_at,id)<(?,?))",
            ],
        ),
        (
            &super::LIST_ACTIVE,
            &["SEARCH calls USING INDEX calls_active (tenant=? AND created_at>? AND (created_at,id)<(?,?))"],
        ),
        (
            &super::LIST_NUMBER,
            &[
                "calls_from (tenant=? AND from_number=? AND created_at>?",
                "calls_to (tenant=? AND to_number=?",
            ],
        ),
        (&super::FOLD_BY_SESSION, &["calls_session (tenant=? AND session_id=?)"]),
        (&super::FOLD_BY_LEG, &["SEARCH legs USING PRIMARY KEY (account=? AND carrier_call_id=?)"]),
        (&super::FOLD_BY_CARRIER_ID, &["legs_carrier_call_id (tenant=? AND carrier_call_id=?)"]),
        (&super::FOLDS, &["SEARCH calls USING INDEX sqlite_autoindex_calls_1 (id=?)"]),
        (&super::KNOWN_CALLS, &["SEARCH calls USING INDEX sqlite_autoindex_calls_1 (id=?)"]),
        (&super::EVENTS, &["SEARCH events USING INDEX events_key (call=?)"]),
        (&super::COUNTS, &["SEARCH call_counts USING PRIMARY KEY (tenant=?)"]),
        (&super::DAILY_COUNTS, &["SEARCH call_counts USING PRIMARY KEY (tenant=? AND day>? AND day<?)"]),
        (&super::SUPPRESSIONS, &["SEARCH suppressions USING PRIMARY KEY (tenant=?)"]),
    ];
    for (statement, steps) in expected {
        let plan = plan(&mut connection, statement).await;
        for step in *steps {
            assert!(plan.contains(step), "{} should {step}, and does\n{plan}", statement.name);
        }
        assert!(!plan.contains("SCAN calls"), "{} walks through all calls:\n{plan}", statement.name);
    }
    for statement in [&super::LIST_NEWEST, &super::LIST_STATUS, &super::LIST_ACTIVE] {
        let plan = plan(&mut connection, statement).await;
        assert!(
            !plan.contains("TEMP B-TREE"),
            "{} sorts what the index has in order:\n{plan}",
            statement.name
        );
    }
}

/// The control of the test above: without its index, the list of active calls is found out.
#[tokio::test]
async fn a_missing_index_shows_in_the_plan() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = migrated(&folder).await;
    connection.execute("DROP INDEX calls_active").await.unwrap();
    assert!(!plan(&mut connection, &super::LIST_ACTIVE).await.contains("calls_active"));
}
