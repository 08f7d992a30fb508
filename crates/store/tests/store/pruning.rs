//! Rows are looked at one by one, and what has had its time goes.

use crate::calls::*;
use jiff::SignedDuration;
use trunkline_core::call::{EndWord, Status};
use trunkline_core::id::{CallId, TenantId};
use trunkline_store::{Feeder, Position, Pruned, Pruning, Strays};

on_each_engine!(
    sound_rows_have_no_flaw,
    an_altered_column_and_a_missing_leg_are_flaws,
    counts_that_drift_are_found,
    rows_without_their_call_are_counted,
    asking_who_feeds_it_claims_nothing,
    a_pruning_takes_ended_calls_with_all_that_is_theirs_and_adjusts_the_counts,
    a_live_call_is_never_pruned,
    what_was_pruned_is_remembered_as_the_latest_time_of_each_status,
    a_tenants_old_calls_are_found_in_the_order_of_their_beginning,
    a_pruning_of_one_tenant_takes_and_remembers_no_others,
);

async fn filled(engine: Engine) -> (Place, Vec<Story>) {
    let place = Place::on(engine).await;
    let asked = |n, word| {
        let story = Story::new(n, i64::try_from(n).unwrap()).dialed().rings().answered();
        story.asked(0, "Who?", None).asked(1, "When?", None).ends(word)
    };
    let stories = vec![
        asked(1, EndWord::Completed),
        asked(2, EndWord::Completed),
        Story::new(3, 3).dialed().rings().ends(EndWord::Busy),
        Story::new(4, 4).dialed().rings(),
    ];
    place.project(100, &stories.iter().collect::<Vec<_>>()).await;
    (place, stories)
}

async fn flaws(place: &Place) -> Vec<String> {
    let mut flaws = Vec::new();
    let mut after = String::new();
    loop {
        let page = place.store.audit_after(&after, 3).await.unwrap();
        let Some(last) = page.last() else { return flaws };
        after.clone_from(&last.id);
        flaws.extend(page.into_iter().flat_map(|audited| audited.flaws));
    }
}

fn all() -> Pruning {
    Pruning { before: at(0) + SignedDuration::from_hours(1), status: None, tenant: None }
}

fn only(status: Status) -> Pruning {
    Pruning { status: Some(status), ..all() }
}

async fn ids(place: &Place, what: Pruning) -> Vec<CallId> {
    let page = place.store.prunable_after(&what, None, 100).await.unwrap();
    page.iter().map(|call| call.id).collect()
}

async fn sound_rows_have_no_flaw(engine: Engine) {
    let (place, stories) = filled(engine).await;
    assert_eq!(flaws(&place).await, Vec::<String>::new());
    assert_eq!(
        place.store.drift().await.unwrap(),
        (vec![], 3 + 5),
        "counts, and rollups of calls and questions"
    );
    assert_eq!(place.store.strays().await.unwrap(), Strays::default());
    let known = place.store.known(&[stories[0].call.id, CallId::from_bytes([9; 16])]).await.unwrap();
    assert_eq!(known, [stories[0].call.id]);
}

async fn an_altered_column_and_a_missing_leg_are_flaws(engine: Engine) {
    for (sql, expected) in [
        ("UPDATE calls SET to_number = '+15550000000' WHERE status = 'busy'", "column to_number is not"),
        ("UPDATE calls SET ended_at = NULL WHERE status = 'busy'", "column ended_at is not"),
        ("UPDATE turns SET digits = '5' WHERE step = 1", "column digits of turn 1"),
        ("UPDATE turns SET asks = asks + 1 WHERE step = 1", "column asks of turn 1"),
        ("UPDATE calls SET fold = 'x' WHERE status = 'busy'", "its fold can't be read"),
        ("UPDATE turns SET fold = 'x' WHERE step = 1", "a turn's fold can't be read"),
        ("UPDATE events SET body = 'x' WHERE kind = 'spoke'", "an event can't be read"),
        ("DELETE FROM legs WHERE carrier_call_id = 'CA3'", "1 of its legs can't be found"),
    ] {
        let (place, _) = filled(engine).await;
        place.sql(sql).await;
        let flaws = flaws(&place).await;
        assert!(flaws.iter().any(|flaw| flaw.contains(expected)), "{sql}: {flaws:?}");
    }
}

async fn counts_that_drift_are_found(engine: Engine) {
    let (place, _) = filled(engine).await;
    place.sql("UPDATE call_counts SET n = n + 2 WHERE status = 'busy'").await;
    place.sql("DELETE FROM call_counts WHERE status = 'completed'").await;
    let (drift, _) = place.store.drift().await.unwrap();
    let found: Vec<_> = drift.iter().map(|drift| (drift.of.as_str(), drift.by)).collect();
    assert_eq!(found, [("busy", 2), ("completed", -2)]);
}

async fn rows_without_their_call_are_counted(engine: Engine) {
    let (place, _) = filled(engine).await;
    place.sql("DELETE FROM calls WHERE status = 'completed'").await;
    assert_eq!(place.store.strays().await.unwrap(), Strays { turns: 4, legs: 2 });
}

async fn asking_who_feeds_it_claims_nothing(engine: Engine) {
    let (place, _) = filled(engine).await;
    let feeder = Feeder { journal: journal(), position: Position(100) };
    assert_eq!(place.store.fed_by().await.unwrap(), [feeder]);
    place.sql("DELETE FROM cursors").await;
    assert!(place.store.fed_by().await.unwrap().is_empty());
    assert!(place.sql("SELECT node FROM cursors").await.is_empty());
}

async fn a_pruning_takes_ended_calls_with_all_that_is_theirs_and_adjusts_the_counts(engine: Engine) {
    let (place, stories) = filled(engine).await;
    let what = only(Status::Completed);
    let page = place.store.prunable_after(&what, None, 1).await.unwrap();
    assert_eq!(page, [stories[0].call.clone()]);
    let page = place.store.prunable_after(&what, Some(page[0].id), 100).await.unwrap();
    assert_eq!(page, [stories[1].call.clone()]);
    let expected = Pruned { calls: 2, events: 18, turns: 4, legs: 2 };
    let both: Vec<_> = stories[..2].iter().map(|story| story.call.clone()).collect();
    assert_eq!(place.store.weigh(&both).await.unwrap(), expected);
    assert_eq!(place.store.prune(&what, &ids(&place, what.clone()).await).await.unwrap(), expected);
    assert_eq!(place.store.calls_in_all().await.unwrap(), 2);
    assert_eq!(place.store.drift().await.unwrap().0, []);
    assert_eq!(place.store.strays().await.unwrap(), Strays::default());
    assert_eq!(place.store.counts(&tenant()).await.unwrap().total, 2);
    assert!(place.store.orphans_after(None, 9).await.unwrap().is_empty());
    assert!(ids(&place, what).await.is_empty());
}

async fn a_live_call_is_never_pruned(engine: Engine) {
    let (place, stories) = filled(engine).await;
    let all_there_are: Vec<_> = stories.iter().map(|story| story.call.id).collect();
    assert_eq!(ids(&place, all()).await, all_there_are[..3]);
    assert_eq!(place.store.prune(&all(), &all_there_are).await.unwrap().calls, 3, "whatever is asked for");
    assert_eq!(place.store.load_call(stories[3].call.id).await.unwrap(), Some(stories[3].call.clone()));
}

async fn what_was_pruned_is_remembered_as_the_latest_time_of_each_status(engine: Engine) {
    let (place, stories) = filled(engine).await;
    assert_eq!(place.store.prunings().await.unwrap(), []);
    let early = Pruning { before: at(-10), ..all() };
    place.store.prune(&all(), &[stories[0].call.id]).await.unwrap();
    place.store.prune(&early, &[stories[1].call.id]).await.unwrap();
    place.store.prune(&only(Status::Busy), &[stories[2].call.id]).await.unwrap();
    let known = place.store.prunings().await.unwrap();
    assert_eq!(known, [all(), only(Status::Busy)]);
    assert!(known[0].takes(&stories[1].call) && !known[0].takes(&stories[3].call));
    assert!(!known[1].takes(&stories[1].call));
}

async fn a_tenants_old_calls_are_found_in_the_order_of_their_beginning(engine: Engine) {
    let (place, stories) = filled(engine).await;
    let page = async |after, limit| {
        let old = place.store.outlived_after(&tenant(), all().before, after, limit).await.unwrap();
        old.into_iter().map(|call| (call.created_at, call.id)).collect::<Vec<_>>()
    };
    let named = |n: usize| (stories[n].call.created_at, stories[n].call.id);
    assert_eq!(page(None, 2).await, [named(0), named(1)]);
    assert_eq!(page(Some(named(1)), 2).await, [named(2)], "the fourth is not over");
    assert_eq!(page(Some(named(2)), 2).await, []);
    let stranger = TenantId::new("stranger");
    assert!(place.store.outlived_after(&stranger, all().before, None, 9).await.unwrap().is_empty());
    let young = place.store.outlived_after(&tenant(), at(-10), None, 9).await.unwrap();
    assert!(young.is_empty(), "they ended later");
}

async fn a_pruning_of_one_tenant_takes_and_remembers_no_others(engine: Engine) {
    let (place, stories) = filled(engine).await;
    let of = |tenant| Pruning { tenant: Some(tenant), ..all() };
    let everybody: Vec<_> = stories.iter().map(|story| story.call.id).collect();
    let strangers = of(TenantId::new("stranger"));
    assert_eq!(place.store.prune(&strangers, &everybody).await.unwrap().calls, 0);
    assert_eq!(place.store.prune(&of(tenant()), &everybody).await.unwrap().calls, 3);
    let known = place.store.prunings().await.unwrap();
    assert_eq!(known.len(), 2, "{known:?}");
    assert!(!strangers.takes(&stories[0].call), "whose call it is counts");
    assert!(known.iter().any(|known| known.takes(&stories[0].call)));
}
