//! Migrations, the cursor, and what a check tells.

use crate::calls::*;
use trunkline_store::{JournalIdent, Position, Projection, Store, StoreError, Target};

on_each_engine!(
    opening_twice_changes_nothing,
    two_processes_may_open_an_empty_database_together,
    migrations_are_numbered_named_and_dated,
    a_newer_schema_is_refused_with_both_numbers,
    another_journals_database_is_refused_until_it_is_adopted,
    another_node_has_a_cursor_of_its_own_on_a_server_and_no_place_in_a_file,
    a_node_that_is_renamed_goes_on_where_it_was,
    a_database_keeps_its_name_and_no_two_have_one,
    what_is_synced_is_known_apart_from_what_is_projected,
    a_check_names_what_is_there,
    a_check_names_what_is_missing,
    a_missing_table_blames_the_database_and_not_the_data,
);

async fn opening_twice_changes_nothing(engine: Engine) {
    let place = Place::on(engine).await;
    place.project(3, &[&Story::completed(1, 0)]).await;
    let before = (place.store.migrations().await.unwrap(), place.store.cursor(&journal()).await.unwrap());
    place.store.close().await;
    let store = place.reopened().await;
    assert_eq!((store.migrations().await.unwrap(), store.cursor(&journal()).await.unwrap()), before);
    assert_eq!(store.counts(&tenant()).await.unwrap().total, 1);
}

async fn migrations_are_numbered_named_and_dated(engine: Engine) {
    let place = Place::on(engine).await;
    let migrations = place.store.migrations().await.unwrap();
    assert_eq!((migrations[0].number, migrations[0].name.as_str()), (1, "calls"));
    assert!(migrations.iter().zip(1..).all(|(migration, number)| migration.number == number));
}

async fn two_processes_may_open_an_empty_database_together(engine: Engine) {
    let made_of = MadeOf::new(engine);
    let target = made_of.target();
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

async fn a_newer_schema_is_refused_with_both_numbers(engine: Engine) {
    let place = Place::on(engine).await;
    place.store.close().await;
    place.sql("INSERT INTO migrations VALUES (900, 'later', 0)").await;
    let error = Store::open(&place.target()).await.err().unwrap();
    assert!(matches!(error, StoreError::SchemaNewer { found: 900, .. }));
    assert!(error.to_string().contains("schema 900"), "{error}");
    assert!(!error.is_transient() && !error.is_poison());
}

async fn another_journals_database_is_refused_until_it_is_adopted(engine: Engine) {
    let place = Place::on(engine).await;
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

async fn another_node_has_a_cursor_of_its_own_on_a_server_and_no_place_in_a_file(engine: Engine) {
    let place = Place::on(engine).await;
    place.project(40, &[&Story::new(1, 0)]).await;
    let other = JournalIdent { node: "two".to_owned(), journal: "j2".to_owned() };
    match engine {
        Engine::Sqlite => {
            assert!(matches!(place.store.cursor(&other).await, Err(StoreError::Foreign { .. })));
        }
        Engine::Postgres => {
            let beside = place.reopened().await;
            assert_eq!(beside.cursor(&other).await.unwrap().position, Position(0));
            beside.project(&Projection::empty(other.clone(), Position(3))).await.unwrap();
            assert_eq!(beside.cursor(&other).await.unwrap().position, Position(3));
            assert_eq!(place.store.cursor(&journal()).await.unwrap().position, Position(40), "untouched");
            let swapped = JournalIdent { journal: "j3".to_owned(), ..other };
            assert!(matches!(beside.cursor(&swapped).await, Err(StoreError::Foreign { .. })), "the control");
        }
    }
}

async fn a_node_that_is_renamed_goes_on_where_it_was(engine: Engine) {
    let place = Place::on(engine).await;
    place.project(40, &[&Story::new(1, 0)]).await;
    let renamed = JournalIdent { node: "anna".to_owned(), ..journal() };
    assert_eq!(place.store.cursor(&renamed).await.unwrap().position, Position(40));
    assert_eq!(place.store.fed_by().await.unwrap().len(), 1);
}

async fn a_database_keeps_its_name_and_no_two_have_one(engine: Engine) {
    let (one, two) = (Place::on(engine).await, Place::on(engine).await);
    let name = one.store.cursor(&journal()).await.unwrap().store;
    assert_eq!(one.reopened().await.cursor(&journal()).await.unwrap().store, name);
    assert_ne!(two.store.cursor(&journal()).await.unwrap().store, name);
}

async fn what_is_synced_is_known_apart_from_what_is_projected(engine: Engine) {
    let place = Place::on(engine).await;
    place.project(5, &[&Story::new(1, 0)]).await;
    assert_eq!(place.store.cursor(&journal()).await.unwrap().synced, Position(0));
    assert_eq!(place.store.sync(&journal()).await.unwrap(), Position(5));
    place.project(8, &[&Story::new(2, 0)]).await;
    let cursor = place.store.cursor(&journal()).await.unwrap();
    assert_eq!((cursor.position, cursor.synced), (Position(8), Position(5)));
}

async fn a_check_names_what_is_there(engine: Engine) {
    let place = Place::on(engine).await;
    let health = place.store.check().await.unwrap();
    assert!(health.is_healthy());
    match engine {
        Engine::Sqlite => {
            assert!(health.target.starts_with("sqlite://") && health.target.ends_with("calls.db"));
        }
        Engine::Postgres => {
            assert!(health.target.starts_with("postgres://trunkline@127.0.0.1:"), "{}", health.target);
        }
    }
    assert_eq!(health.schema, health.known_schema);
    assert!(health.tables.iter().any(|table| table == "calls"));
    assert!(health.bytes > 0);
}

async fn a_check_names_what_is_missing(engine: Engine) {
    let place = Place::on(engine).await;
    for table in ["turns", "meta", "migrations"] {
        place.sql(&format!("DROP TABLE {table}")).await;
    }
    let health = place.store.check().await.unwrap();
    assert!(!health.is_healthy());
    assert_eq!(health.missing, ["meta", "migrations", "turns"]);
}

async fn a_missing_table_blames_the_database_and_not_the_data(engine: Engine) {
    let place = Place::on(engine).await;
    place.sql("DROP TABLE events").await;
    let error = place.store.project(&batch(2, &[&Story::new(1, 0)])).await.unwrap_err();
    assert!(matches!(&error, StoreError::Broken { why, .. } if why.contains("events")), "{error}");
    assert!(error.is_transient() && !error.is_poison());
    assert_eq!(place.store.counts(&tenant()).await.unwrap().total, 0, "half a batch went in");
}
