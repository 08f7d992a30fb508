//! History walked through in one database and written into another.

use crate::calls::*;
use jiff::SignedDuration;
use trunkline_core::call::EndWord;
use trunkline_core::id::CallId;
use trunkline_core::private::Address;
use trunkline_store::{Import, Imported, Projection, Store, Suppression};

on_each_engine!(
    a_walk_meets_every_call_once_with_its_turns_and_events,
    an_import_gives_the_same_rows_as_the_projection_did,
    a_repeated_import_changes_nothing,
    an_older_fold_does_not_replace_a_newer_one,
    an_import_moves_no_cursor,
    events_without_their_call_are_found,
    suppressions_are_walked_through_with_those_that_were_lifted,
);

fn stories() -> Vec<Story> {
    let asked = |n| {
        let story = Story::new(n, i64::try_from(n).unwrap()).dialed().rings().answered();
        story.asked(0, "Who?", None).asked(1, "When?", None).ends(EndWord::Completed)
    };
    let mut all: Vec<Story> = (1..=5).map(asked).collect();
    all.push(Story::new(6, 6).dialed().rings());
    all
}

fn suppressed(number: &str, lifted: bool) -> Suppression {
    Suppression {
        tenant: None,
        number: Address::new(number),
        reason: "asked".to_owned(),
        since: at(0),
        lifted_at: lifted.then(|| at(0) + SignedDuration::from_secs(5)),
    }
}

async fn all(store: &Store, page: u16) -> Import {
    let mut found = Import::default();
    let mut after = None;
    loop {
        let page = store.histories_after(after, page).await.unwrap();
        let Some(last) = page.last() else { return found };
        after = Some(last.call.id);
        for history in page {
            found.events.extend(history.events);
            found.calls.push(history.call);
        }
    }
}

async fn filled(engine: Engine) -> (Place, Vec<Story>) {
    let (place, stories) = (Place::on(engine).await, stories());
    place.project(100, &stories.iter().collect::<Vec<_>>()).await;
    (place, stories)
}

async fn a_walk_meets_every_call_once_with_its_turns_and_events(engine: Engine) {
    let (place, stories) = filled(engine).await;
    for size in [1, 2, 100] {
        let found = all(&place.store, size).await;
        let expected: Vec<_> = stories.iter().map(|story| story.call.clone()).collect();
        assert_eq!(found.calls, expected, "in pages of {size}");
        let keys = |events: &[trunkline_store::EventRow]| {
            events.iter().map(|event| (event.call, event.key.clone())).collect::<Vec<_>>()
        };
        let expected: Vec<_> = stories.iter().flat_map(|story| story.events.clone()).collect();
        assert_eq!(keys(&found.events), keys(&expected));
    }
    assert_eq!(place.store.calls_in_all().await.unwrap(), 6);
}

const ROWS: [&str; 5] = [
    "SELECT id || status || to_number || fold || created_at || COALESCE(ended_at, 0) FROM calls ORDER BY id",
    "SELECT call || key || position || kind || applied || body FROM events ORDER BY call, key",
    "SELECT call || step || question || asks || fold FROM turns ORDER BY call, step",
    "SELECT account || carrier_call_id || call || leg FROM legs ORDER BY account, carrier_call_id",
    "SELECT tenant || day || status || n FROM call_counts ORDER BY tenant, day, status",
];

async fn an_import_gives_the_same_rows_as_the_projection_did(engine: Engine) {
    let (place, _) = filled(engine).await;
    let found = all(&place.store, 100).await;
    for other in [Engine::Sqlite, Engine::Postgres] {
        let copy = Place::on(other).await;
        let events = u64::try_from(found.events.len()).unwrap();
        let imported = copy.store.import(&found).await.unwrap();
        assert_eq!(imported, Imported { calls: 6, events, ..Imported::default() });
        for rows in ROWS {
            assert_eq!(copy.sql(rows).await, place.sql(rows).await, "{rows}");
        }
    }
}

async fn a_repeated_import_changes_nothing(engine: Engine) {
    let (place, _) = filled(engine).await;
    let found = all(&place.store, 100).await;
    let before: Vec<_> = place.sql(ROWS[4]).await;
    assert_eq!(place.store.import(&found).await.unwrap(), Imported::default());
    assert_eq!(place.sql(ROWS[4]).await, before);
}

async fn an_older_fold_does_not_replace_a_newer_one(engine: Engine) {
    let place = Place::on(engine).await;
    let newer = Story::completed(1, 1);
    place.project(10, &[&newer]).await;
    let older = Story::new(1, 1).dialed();
    let import = Import { calls: vec![older.call], events: older.events, ..Import::default() };
    place.store.import(&import).await.unwrap();
    assert_eq!(place.store.load_call(newer.call.id).await.unwrap(), Some(newer.call));
}

async fn an_import_moves_no_cursor(engine: Engine) {
    let place = Place::on(engine).await;
    place.store.project(&Projection::empty(journal(), trunkline_store::Position(7))).await.unwrap();
    let story = Story::completed(1, 1);
    let import = Import { calls: vec![story.call], events: story.events, ..Import::default() };
    place.store.import(&import).await.unwrap();
    assert_eq!(place.store.cursor(&journal()).await.unwrap().position.0, 7);
}

async fn events_without_their_call_are_found(engine: Engine) {
    let (place, _) = filled(engine).await;
    assert!(place.store.orphans_after(None, 10).await.unwrap().is_empty());
    let lone = [Story::completed(8, 8), Story::completed(9, 9)];
    let events = lone.iter().flat_map(|story| story.events.clone()).collect();
    place.store.import(&Import { events, ..Import::default() }).await.unwrap();
    let first = place.store.orphans_after(None, 1).await.unwrap();
    assert_eq!(first.keys().copied().collect::<Vec<CallId>>(), [lone[0].call.id]);
    assert_eq!(first[&lone[0].call.id].len(), lone[0].events.len());
    let second = place.store.orphans_after(Some(lone[0].call.id), 10).await.unwrap();
    assert_eq!(second.keys().copied().collect::<Vec<CallId>>(), [lone[1].call.id]);
}

async fn suppressions_are_walked_through_with_those_that_were_lifted(engine: Engine) {
    let place = Place::on(engine).await;
    let wanted = vec![suppressed("+15550100001", false), suppressed("+15550100002", true)];
    let import = Import { suppressions: wanted.clone(), ..Import::default() };
    assert_eq!(place.store.import(&import).await.unwrap().suppressions, 2);
    let first = place.store.suppressions_after(None, 1).await.unwrap();
    let second = place.store.suppressions_after(first.last(), 1).await.unwrap();
    assert_eq!([first, second.clone()].concat(), wanted);
    assert!(place.store.suppressions_after(second.last(), 1).await.unwrap().is_empty());
}
