//! Locked, gone, full, read-only, poisoned: told at once, and over when it is over.

use crate::calls::*;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode};
use sqlx::{ConnectOptions, Connection, Executor};
use std::time::{Duration, Instant};
use trunkline_core::id::*;
use trunkline_core::private::Private;
use trunkline_store::{Away, Store, StoreError, Target};

fn away(error: &StoreError) -> Option<Away> {
    match error {
        StoreError::Unavailable { why, .. } => Some(*why),
        _ => None,
    }
}

async fn another_process(place: &Place) -> SqliteConnection {
    SqliteConnectOptions::new().filename(place.file()).connect().await.unwrap()
}

#[tokio::test]
async fn a_locked_database_is_told_at_once_and_works_when_it_is_free() {
    let place = Place::new().await;
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
    let place = Place::new().await;
    place.store.close().await;
    let mut other = SqliteConnectOptions::new()
        .filename(place.file())
        .journal_mode(SqliteJournalMode::Delete)
        .locking_mode(SqliteLockingMode::Exclusive)
        .connect()
        .await
        .unwrap();
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let begun = Instant::now();
    let error = Store::open(&Target::Sqlite(place.file())).await.err().unwrap();
    assert_eq!(away(&error), Some(Away::Locked), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3), "it waited for {:?}", begun.elapsed());

    other.close().await.unwrap();
    assert_eq!(place.reopened().await.counts(&tenant()).await.unwrap().total, 0);
}

#[tokio::test]
async fn a_deleted_file_is_noticed_and_a_new_one_is_filled_again() {
    let place = Place::new().await;
    let story = Story::completed(1, 0);
    place.project(7, &[&story]).await;
    let name = place.store.cursor(&journal()).await.unwrap().store;
    assert!(!place.store.moved());

    for file in ["calls.db", "calls.db-wal", "calls.db-shm"] {
        std::fs::remove_file(place.folder.path().join(file)).unwrap();
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
    let (place, other) = (Place::new().await, Place::new().await);
    other.store.close().await;
    std::fs::rename(other.file(), place.file()).unwrap();
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
async fn poison_is_told_from_a_sick_database_and_leaves_nothing() {
    let place = Place::new().await;
    let good = Story::new(1, 0);
    let bad = Story::with(2, 0, |request| {
        request.tenant = TenantId::new("");
        request.party.name = Some(Private::new("Zelda".to_owned()));
    });
    let error = place.store.project(&batch(2, &[&good, &bad])).await.unwrap_err();
    assert!(error.is_poison() && !error.is_transient(), "{error}");
    let told = format!("{error} {error:?}");
    assert!(!told.contains("Zelda") && !told.contains("+1555"), "{told}");
    assert_eq!(place.store.load_call(good.call.id).await.unwrap(), None);
    assert_eq!(place.store.cursor(&journal()).await.unwrap().position.0, 0);

    place.project(2, &[&good]).await;
    assert_eq!(place.store.load_call(good.call.id).await.unwrap(), Some(good.call));
}

#[tokio::test]
async fn a_position_beyond_what_sql_can_hold_is_poison() {
    let place = Place::new().await;
    assert!(place.store.project(&batch(u64::MAX, &[])).await.unwrap_err().is_poison());
}

#[tokio::test]
async fn a_fold_that_cannot_be_read_is_told_without_quoting_it() {
    let place = Place::new().await;
    let story = Story::new(1, 0);
    place.project(1, &[&story]).await;
    let spoil = "UPDATE calls SET fold = '{\"id\":\"Zelda\"}'";
    another_process(&place).await.execute(spoil).await.unwrap();
    let error = place.store.load_call(story.call.id).await.unwrap_err();
    assert!(matches!(error, StoreError::Broken { .. }));
    assert!(!format!("{error} {error:?}").contains("Zelda"));
}

#[tokio::test]
async fn a_request_that_is_dropped_halfway_leaves_the_store_usable() {
    let place = Place::new().await;
    let stories: Vec<Story> = (0..300).map(|n| Story::completed(n, 0)).collect();
    let all: Vec<&Story> = stories.iter().collect();
    for polls in 1..12 {
        let batch = batch(1, &all);
        let mut project = Box::pin(place.store.project(&batch));
        for _ in 0..polls {
            let waker = std::task::Waker::noop();
            let _ = project.as_mut().poll(&mut std::task::Context::from_waker(waker));
            tokio::task::yield_now().await;
        }
        drop(project);
    }
    place.project(2, &all).await;
    assert_eq!(place.store.counts(&tenant()).await.unwrap().total, 300);
}
