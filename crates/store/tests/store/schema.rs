//! Migrations, the cursor, and what a check tells.

use crate::calls::*;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use trunkline_store::{JournalIdent, Position, Projection, Store, StoreError, Target};

async fn by_hand(place: &Place) -> SqliteConnection {
    SqliteConnectOptions::new().filename(place.file()).connect().await.unwrap()
}

#[tokio::test]
async fn opening_twice_changes_nothing() {
    let place = Place::new().await;
    place.project(3, &[&Story::completed(1, 0)]).await;
    let before = (place.store.migrations().await.unwrap(), place.store.cursor(&journal()).await.unwrap());
    place.store.close().await;
    let store = place.reopened().await;
    assert_eq!((store.migrations().await.unwrap(), store.cursor(&journal()).await.unwrap()), before);
    assert_eq!(store.counts(&tenant()).await.unwrap().total, 1);
}

#[tokio::test]
async fn migrations_are_numbered_named_and_dated() {
    let place = Place::new().await;
    let migrations = place.store.migrations().await.unwrap();
    assert_eq!((migrations[0].number, migrations[0].name.as_str()), (1, "calls"));
    assert!(migrations.iter().zip(1..).all(|(migration, number)| migration.number == number));
}

#[tokio::test]
async fn two_processes_may_open_an_empty_database_together() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Sqlite(folder.path().join("calls.db"));
    let opened = |target: Target| async move {
        // Who comes second may meet the lock, and is told so at once.
        loop {
            match Store::open(&target).await {
                Ok(store) => return store.migrations().await.unwrap().len(),
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
        }
    };
    let first = tokio::spawn(opened(target.clone()));
    let second = tokio::spawn(opened(target));
    assert_eq!(first.await.unwrap(), second.await.unwrap());
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_both_numbers() {
    let place = Place::new().await;
    place.store.close().await;
    by_hand(&place).await.execute("INSERT INTO migrations VALUES (900, 'later', 0)").await.unwrap();
    let error = Store::open(&Target::Sqlite(place.file())).await.err().unwrap();
    assert!(matches!(error, StoreError::SchemaNewer { found: 900, .. }));
    assert!(error.to_string().contains("schema 900"), "{error}");
    assert!(!error.is_transient() && !error.is_poison());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.db");
    let text = "this is a shopping list, and not a database at all. ".repeat(40);
    std::fs::write(&path, &text).unwrap();
    let error = Store::open(&Target::Sqlite(path.clone())).await.err().unwrap();
    assert!(matches!(error, StoreError::Broken { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn another_journals_database_is_refused_until_it_is_adopted() {
    let place = Place::new().await;
    place.project(40, &[&Story::new(1, 0)]).await;
    let other = JournalIdent { node: "one".to_owned(), journal: "j2".to_owned() };

    let error = place.store.cursor(&other).await.unwrap_err();
    assert!(matches!(&error, StoreError::Foreign { found, .. } if found == "j1"), "{error}");
    assert!(error.to_string().contains("j1") && error.to_string().contains("j2"), "{error}");
    let refused = place.store.project(&Projection::empty(other.clone(), Position(3))).await.unwrap_err();
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");

    place.store.reset_cursor(&other, Position(0)).await.unwrap();
    assert_eq!(place.store.cursor(&other).await.unwrap().position, Position(0));
    place.store.project(&Projection::empty(other.clone(), Position(3))).await.unwrap();
    assert_eq!(place.store.cursor(&other).await.unwrap().position, Position(3));
    assert!(place.store.cursor(&journal()).await.is_err());
}

#[tokio::test]
async fn another_nodes_journal_is_foreign_too() {
    let place = Place::new().await;
    let other = JournalIdent { node: "two".to_owned(), journal: "j1".to_owned() };
    assert!(matches!(place.store.cursor(&other).await, Err(StoreError::Foreign { .. })));
    place.store.reset_cursor(&other, Position(7)).await.unwrap();
    assert_eq!(place.store.cursor(&other).await.unwrap().position, Position(7));
}

#[tokio::test]
async fn a_database_keeps_its_name_and_no_two_have_one() {
    let (one, two) = (Place::new().await, Place::new().await);
    let name = one.store.cursor(&journal()).await.unwrap().store;
    assert_eq!(one.reopened().await.cursor(&journal()).await.unwrap().store, name);
    assert_ne!(two.store.cursor(&journal()).await.unwrap().store, name);
}

#[tokio::test]
async fn what_is_synced_is_known_apart_from_what_is_projected() {
    let place = Place::new().await;
    place.project(5, &[&Story::new(1, 0)]).await;
    assert_eq!(place.store.cursor(&journal()).await.unwrap().synced, Position(0));
    assert_eq!(place.store.sync(&journal()).await.unwrap(), Position(5));
    place.project(8, &[&Story::new(2, 0)]).await;
    let cursor = place.store.cursor(&journal()).await.unwrap();
    assert_eq!((cursor.position, cursor.synced), (Position(8), Position(5)));
}

#[tokio::test]
async fn a_check_names_what_is_there() {
    let place = Place::new().await;
    let health = place.store.check().await.unwrap();
    assert!(health.is_healthy());
    assert!(health.target.starts_with("sqlite://") && health.target.ends_with("calls.db"));
    assert_eq!(health.schema, health.known_schema);
    assert!(health.tables.iter().any(|table| table == "calls"));
    assert!(health.bytes > 0);
}

#[tokio::test]
async fn a_check_names_what_is_missing() {
    let place = Place::new().await;
    for table in ["turns", "meta", "migrations"] {
        by_hand(&place).await.execute(AssertSqlSafe(format!("DROP TABLE {table}"))).await.unwrap();
    }
    let health = place.store.check().await.unwrap();
    assert!(!health.is_healthy());
    assert_eq!(health.missing, ["meta", "migrations", "turns"]);
}

#[tokio::test]
async fn a_missing_table_blames_the_database_and_not_the_data() {
    let place = Place::new().await;
    by_hand(&place).await.execute("DROP TABLE events").await.unwrap();
    let error = place.store.project(&batch(2, &[&Story::new(1, 0)])).await.unwrap_err();
    assert!(matches!(&error, StoreError::Broken { why, .. } if why.contains("events")), "{error}");
    assert!(error.is_transient() && !error.is_poison());
    assert_eq!(place.store.counts(&tenant()).await.unwrap().total, 0, "half a batch went in");
}
