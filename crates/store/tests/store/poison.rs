//! What can never go in, what can't be read, and who went away halfway: told from a sick database, and nothing is left.

use crate::calls::*;
use trunkline_core::id::*;
use trunkline_core::private::Private;
use trunkline_store::StoreError;

on_each_engine!(
    poison_is_told_from_a_sick_database_and_leaves_nothing,
    a_position_beyond_what_sql_can_hold_is_poison,
    a_fold_that_cannot_be_read_is_told_without_quoting_it,
    a_request_that_is_dropped_halfway_leaves_the_store_usable,
);

async fn poison_is_told_from_a_sick_database_and_leaves_nothing(engine: Engine) {
    let place = Place::on(engine).await;
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

async fn a_position_beyond_what_sql_can_hold_is_poison(engine: Engine) {
    let place = Place::on(engine).await;
    assert!(place.store.project(&batch(u64::MAX, &[])).await.unwrap_err().is_poison());
}

async fn a_fold_that_cannot_be_read_is_told_without_quoting_it(engine: Engine) {
    let place = Place::on(engine).await;
    let story = Story::new(1, 0);
    place.project(1, &[&story]).await;
    let spoil = "UPDATE calls SET fold = '{\"id\":\"Zelda\"}'";
    place.sql(spoil).await;
    let error = place.store.load_call(story.call.id).await.unwrap_err();
    assert!(matches!(error, StoreError::Broken { .. }));
    assert!(!format!("{error} {error:?}").contains("Zelda"));
}

async fn a_request_that_is_dropped_halfway_leaves_the_store_usable(engine: Engine) {
    let place = Place::on(engine).await;
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
