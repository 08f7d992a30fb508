//! Calls are found by their words, the same on every engine, and by nothing else.

use crate::calls::*;
use serde_json::json;
use trunkline_core::call::*;
use trunkline_core::id::TenantId;
use trunkline_core::private::{Address, Private};
use trunkline_core::search::Asked;
use trunkline_store::{CallFilter, PageRequest, Pruning};

on_each_engine!(
    a_call_is_found_by_the_beginnings_of_its_words_in_any_order,
    what_is_typed_is_never_a_query,
    nobody_finds_a_call_of_another_tenant,
    what_many_have_and_what_only_the_oldest_has_are_both_found_page_by_page,
    a_search_is_narrowed_by_the_other_filters,
    what_was_said_is_found_once_the_call_is_over,
    a_person_who_is_erased_is_found_by_nothing,
    a_pruned_call_is_not_found,
    calls_without_words_get_them,
);

fn looking_for(typed: &str) -> CallFilter {
    CallFilter { search: Some(Asked::read(typed)), ..CallFilter::all_of(tenant()) }
}

async fn found(place: &Place, filter: &CallFilter) -> Vec<u64> {
    let page = place.store.list(filter, &PageRequest::first(100)).await.unwrap();
    page.items.iter().map(|row| row.to.as_str()[8..].parse().unwrap()).collect()
}

fn named(n: u64, name: &str) -> Story {
    Story::with(n, i64::try_from(n).unwrap(), |request| {
        request.party.name = Some(Private::new(name.to_owned()));
    })
}

async fn mixed(engine: Engine) -> Place {
    let place = Place::on(engine).await;
    let with_metadata = Story::with(4, 4, |request| {
        let metadata =
            json!({ "order": "A-4711", "note": "100% \"sure\"", "deep": { "city": ["Łódź"] }, "n": 5 });
        request.party.metadata = Private::new(metadata.as_object().unwrap().clone().into_iter().collect());
    });
    let stories =
        [named(1, "Ann Lee"), named(2, "Annabel Lee-Smith"), named(3, "דנה O'Brien"), with_metadata];
    place.project(4, &stories.iter().collect::<Vec<_>>()).await;
    place
}

async fn a_call_is_found_by_the_beginnings_of_its_words_in_any_order(engine: Engine) {
    let place = mixed(engine).await;
    let cases: &[(&str, &[u64])] = &[
        ("ann", &[2, 1]),
        ("LEE ann", &[2, 1]),
        ("smith lee", &[2]),
        ("ann smith", &[2]),
        ("nn", &[]),
        ("דנ", &[3]),
        ("brien", &[3]),
        ("4711", &[4]),
        ("a 4711 sure", &[4]),
        ("łódź", &[4]),
        // Any three digits of a number, however it is written.
        ("+1 (555) 010-0003", &[3]),
        ("0100003", &[3]),
        ("0003", &[3]),
        ("10000", &[4, 3, 2, 1]),
        ("77777", &[]),
    ];
    for (typed, expected) in cases {
        assert_eq!(found(&place, &looking_for(typed)).await, *expected, "{typed}");
    }
}

async fn what_is_typed_is_never_a_query(engine: Engine) {
    let place = mixed(engine).await;
    let cases: &[(&str, &[u64])] = &[
        ("ann*", &[2, 1]),
        ("\"ann", &[2, 1]),
        ("ann)(", &[2, 1]),
        ("ann' | 'x", &[]),
        ("ann OR brien", &[]),
        ("-ann", &[2, 1]),
        ("words:ann", &[]),
        ("ann NEAR/2 lee", &[]),
        ("'; DROP TABLE calls; --", &[]),
        ("%", &[]),
        ("_", &[]),
        ("\\", &[]),
        ("100% sure", &[4]),
        ("ann\u{0}lee", &[2, 1]),
        ("", &[]),
        ("§acme", &[]),
    ];
    for (typed, expected) in cases {
        assert_eq!(found(&place, &looking_for(typed)).await, *expected, "{typed:?}");
    }
}

async fn nobody_finds_a_call_of_another_tenant(engine: Engine) {
    let place = mixed(engine).await;
    let theirs = Story::with(9, 9, |request| {
        request.tenant = TenantId::new("ac-me");
        request.party.name = Some(Private::new("Ann acme".to_owned()));
    });
    place.project(9, &[&theirs]).await;
    assert_eq!(found(&place, &looking_for("ann")).await, [2, 1]);
    let filter = CallFilter { tenant: TenantId::new("ac-me"), ..looking_for("ann") };
    assert_eq!(found(&place, &filter).await, [9], "the control");
}

async fn what_many_have_and_what_only_the_oldest_has_are_both_found_page_by_page(engine: Engine) {
    let place = Place::on(engine).await;
    let name = |n: u64| if n < 3 { format!("Rare {n}") } else { format!("Common {n}") };
    let stories: Vec<Story> = (0..2_100).map(|n| named(n, &name(n))).collect();
    for piece in stories.chunks(700) {
        place.project(2_100, &piece.iter().collect::<Vec<_>>()).await;
    }
    assert_eq!(found(&place, &looking_for("rare")).await, [2, 1, 0]);
    assert_eq!(found(&place, &looking_for("common")).await.len(), 100);

    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let request = PageRequest { after, limit: 500 };
        let page = place.store.list(&looking_for("common"), &request).await.unwrap();
        seen.extend(page.items.iter().map(|row| row.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut expected: Vec<_> = stories[3..].iter().map(|story| story.call.id).collect();
    expected.reverse();
    assert_eq!(seen, expected);
}

async fn a_search_is_narrowed_by_the_other_filters(engine: Engine) {
    let place = mixed(engine).await;
    place.project(9, &[&named(5, "Ann Lee").dialed().rings().ends(EndWord::Busy)]).await;
    assert_eq!(found(&place, &CallFilter { status: Some(Status::Busy), ..looking_for("ann") }).await, [5]);
    let number = Some(Address::new("+15550100001"));
    assert_eq!(found(&place, &CallFilter { number, ..looking_for("ann") }).await, [1]);
    assert_eq!(found(&place, &CallFilter { until: Some(at(2)), ..looking_for("ann") }).await, [1]);
}

async fn what_was_said_is_found_once_the_call_is_over(engine: Engine) {
    let place = Place::on(engine).await;
    let mut story = named(1, "Ann").dialed().rings().answered().asked(0, "Where?", None);
    story = story.ends(EndWord::Completed);
    let mut said = story.clone();
    said.call.turns.get_mut(&0).unwrap().transcript = Some(Private::new("In Timbuktu, of course".to_owned()));
    place.project(9, &[&story]).await;
    assert_eq!(found(&place, &looking_for("timbuktu")).await, [0; 0]);
    // The transcript comes later.
    place.project(10, &[&said]).await;
    assert_eq!(found(&place, &looking_for("timbuktu ann")).await, [1]);
}

async fn a_person_who_is_erased_is_found_by_nothing(engine: Engine) {
    let place = mixed(engine).await;
    let mut erased = named(1, "Ann Lee").call;
    erased.party.name = None;
    erased.party.to = Address::new("erased");
    place.store.forget(&[erased], &[], &[]).await.unwrap();
    place.store.scrub().await.unwrap();
    assert_eq!(found(&place, &looking_for("ann")).await, [2]);
    assert_eq!(found(&place, &looking_for("0100001")).await, [0; 0]);
    assert!(place.store.drift().await.unwrap().0.is_empty());
}

async fn a_pruned_call_is_not_found(engine: Engine) {
    let place = mixed(engine).await;
    let ended = named(7, "Zoe").dialed().rings().ends(EndWord::Busy);
    place.project(9, &[&ended]).await;
    assert_eq!(found(&place, &looking_for("zoe")).await, [7], "the control");
    place
        .store
        .prune(&Pruning { before: at(1_000), status: None, tenant: None }, &[ended.call.id])
        .await
        .unwrap();
    assert_eq!(found(&place, &looking_for("zoe")).await, [0; 0]);
    assert_eq!(place.sql("SELECT call FROM search").await.len(), 4);
}

/// As after a migration of a database that had calls before.
async fn calls_without_words_get_them(engine: Engine) {
    let place = mixed(engine).await;
    place.sql("DELETE FROM search").await;
    assert_eq!(found(&place, &looking_for("ann")).await, [0; 0], "the control");
    let mut after = None;
    loop {
        after = place.store.keep_words_after(after, 3).await.unwrap();
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found(&place, &looking_for("ann")).await, [2, 1]);
    place.sql("DELETE FROM search").await;
    assert_eq!(place.store.keep_words_after(None, 3).await.unwrap(), None, "that was done for good");
}
