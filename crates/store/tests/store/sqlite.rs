//! What can happen to a file: locked, deleted, replaced, none of ours. Told at once, and over when it is over.

use crate::calls::*;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode};
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use trunkline_store::{Away, Store, StoreError, Target};

fn away(error: &StoreError) -> Option<Away> {
    match error {
        StoreError::Unavailable { why, .. } => Some(*why),
        _ => None,
    }
}

fn file(place: &Place) -> PathBuf {
    match place.target() {
        Target::Sqlite(path) => path,
        Target::Postgres(_) | Target::Index(_) => unreachable!("it was made as a file of its own"),
    }
}

async fn another_process(place: &Place) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file(place)).connect().await.unwrap()
}

#[tokio::test]
async fn a_locked_database_is_told_at_once_and_works_when_it_is_free() {
    let place = Place::on(Engine::Sqlite).await;
    place.project(1, &[&Story::new(1, 0)]).await;
    let mut other = another_process(&place).await;
    other.execute("BEGIN EXCLUSIVE").await.unwrap();

    let begun = Instant::now();
    let error = place.store.project(&batch(2, &[&Story::new(2, 0)])).await.unwrap_err();
    assert_eq!(away(&error), Some(Away::Locked), "{error}");
    assert!(error.is_transient());
    assert!(begun.elapsed() < Duration::from_secs(2), "it waited for {:?}", begun.elapsed());
    assert_eq!(place.store.counts(&tenant()).await.unwrap().total, 1, "reading goes on");

    other.execute("ROLLBACK").await.unwrap();
    place.project(2, &[&Story::new(2, 0)]).await;
    assert_eq!(place.store.counts(&tenant()).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_database_locked_for_reading_too_can_neither_be_opened_nor_wait() {
    let place = Place::on(Engine::Sqlite).await;
    place.store.close().await;
    let mut other = SqliteConnectOptions::new()
        .filename(file(&place))
        .journal_mode(SqliteJournalMode::Delete)
        .locking_mode(SqliteLockingMode::Exclusive)
        .connect()
        .await
        .unwrap();
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let begun = Instant::now();
    let error = Store::open(&place.target()).await.err().unwrap();
    assert_eq!(away(&error), Some(Away::Locked), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3), "it waited for {:?}", begun.elapsed());

    other.close().await.unwrap();
    assert_eq!(place.reopened().await.counts(&tenant()).await.unwrap().total, 0);
}

#[tokio::test]
async fn a_deleted_file_is_noticed_and_a_new_one_is_filled_again() {
    let place = Place::on(Engine::Sqlite).await;
    let story = Story::completed(1, 0);
    place.project(7, &[&story]).await;
    let name = place.store.cursor(&journal()).await.unwrap().store;
    assert!(!place.store.moved());

    for name in ["calls.db", "calls.db-wal", "calls.db-shm"] {
        std::fs::remove_file(file(&place).with_file_name(name)).unwrap();
    }
    assert!(place.store.moved());
    let error = place.store.project(&batch(8, &[&Story::new(2, 0)])).await.unwrap_err();
    assert_eq!(away(&error), Some(Away::Moved), "{error}");
    assert_eq!(away(&place.store.load_call(story.call.id).await.unwrap_err()), Some(Away::Moved));

    let store = place.reopened().await;
    let cursor = store.cursor(&journal()).await.unwrap();
    assert_eq!(cursor.position.0, 0);
    assert_ne!(cursor.store, name);
    store.project(&batch(7, &[&story])).await.unwrap();
    assert_eq!(store.load_call(story.call.id).await.unwrap(), Some(story.call));
}

#[tokio::test]
async fn a_replaced_file_is_noticed() {
    let (place, other) = (Place::on(Engine::Sqlite).await, Place::on(Engine::Sqlite).await);
    other.store.close().await;
    std::fs::rename(file(&other), file(&place)).unwrap();
    assert!(place.store.moved());
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_not_reachable() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Sqlite(folder.path().join("nowhere").join("calls.db"));
    let error = Store::open(&target).await.err().unwrap();
    assert_eq!(away(&error), Some(Away::Unreachable), "{error}");
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
