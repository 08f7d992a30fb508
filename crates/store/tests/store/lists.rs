//! Pages and filters.

use crate::calls::*;
use serde_json::json;
use std::collections::BTreeMap;
use trunkline_core::call::*;
use trunkline_core::id::*;
use trunkline_core::private::{Address, Private};
use trunkline_core::search::Asked;
use trunkline_store::{CallFilter, Liveness, PageCursor, PageRequest, StoreError};

on_each_engine!(
    the_newest_call_comes_first,
    pages_neither_repeat_nor_lose_a_call_while_calls_come_in,
    the_last_page_says_so,
    a_cursor_reads_back_from_its_text_and_can_be_made_from_any_call,
    a_list_can_be_narrowed_by_each_filter,
    a_number_with_a_long_history_pages_like_any_list,
    a_row_prints_no_personal_data,
);

fn all() -> CallFilter {
    CallFilter::all_of(tenant())
}

async fn numbers(place: &Place, filter: &CallFilter) -> Vec<String> {
    let page = place.store.list(filter, &PageRequest::first(100)).await.unwrap();
    page.items.iter().map(|row| row.to.as_str()[8..].trim_start_matches('0').to_owned()).collect()
}

async fn the_newest_call_comes_first(engine: Engine) {
    let place = Place::on(engine).await;
    place.project(3, &[&Story::new(2, 20), &Story::new(1, 10), &Story::new(3, 30)]).await;
    assert_eq!(numbers(&place, &all()).await, ["3", "2", "1"]);
}

async fn pages_neither_repeat_nor_lose_a_call_while_calls_come_in(engine: Engine) {
    let place = Place::on(engine).await;
    // Several calls of one instant: the id decides among them.
    let old: Vec<Story> = (0..25).map(|n| Story::new(n, i64::try_from(n / 5).unwrap())).collect();
    place.project(25, &old.iter().collect::<Vec<_>>()).await;
    let mut request = PageRequest::first(4);
    let mut seen = Vec::new();
    for turn in 0.. {
        let page = place.store.list(&all(), &request).await.unwrap();
        assert!(page.items.len() <= 4);
        seen.extend(page.items.iter().map(|row| row.id));
        place.project(100 + turn, &[&Story::new(100 + turn, 1_000)]).await;
        match page.next {
            Some(next) => request.after = Some(next),
            None => break,
        }
    }
    let mut expected: Vec<_> = old.iter().map(|story| (story.call.created_at, story.call.id)).collect();
    expected.sort_by(|a, b| b.cmp(a));
    assert_eq!(seen, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
}

async fn the_last_page_says_so(engine: Engine) {
    let place = Place::on(engine).await;
    place.project(2, &[&Story::new(1, 0), &Story::new(2, 1)]).await;
    let page = place.store.list(&all(), &PageRequest::first(2)).await.unwrap();
    assert_eq!((page.items.len(), page.next), (2, None));
}

#[test]
fn a_cursor_that_is_none_of_ours_is_refused() {
    for cursor in ["", "x", "12.34", "zz.0190b6e0-0000-7000-8000-000000000000", "' OR 1=1 --"] {
        assert!(matches!(cursor.parse::<PageCursor>(), Err(StoreError::PageCursor)), "{cursor}");
    }
}

async fn a_cursor_reads_back_from_its_text_and_can_be_made_from_any_call(engine: Engine) {
    let place = Place::on(engine).await;
    let stories: Vec<Story> = (1..=3).map(|n| Story::new(n, 0)).collect();
    place.project(3, &stories.iter().collect::<Vec<_>>()).await;
    let first = place.store.list(&all(), &PageRequest::first(1)).await.unwrap();
    let next = first.next.unwrap();
    assert_eq!(next.to_string().parse::<PageCursor>().unwrap(), next);
    assert_eq!(PageCursor::after(first.items[0].created_at, first.items[0].id), next);
    let rest = place.store.list(&all(), &PageRequest { after: Some(next), limit: 9 }).await.unwrap();
    assert_eq!(
        rest.items.iter().map(|row| row.id).collect::<Vec<_>>(),
        [stories[1].call.id, stories[0].call.id]
    );
}

async fn mixed(engine: Engine) -> Place {
    let place = Place::on(engine).await;
    let with = |n: u64, key: &str, value: serde_json::Value| {
        let key = key.to_owned();
        Story::with(n, i64::try_from(n).unwrap() * 100, |request| {
            request.party.metadata = Private::new([(key, value)].into());
        })
    };
    let stories = [
        with(1, "order", json!("A-1")).dialed().answered().ends(EndWord::Completed),
        with(2, "order", json!(17)).dialed().ends(EndWord::Busy),
        with(3, "vip", json!(true)).dialed().rings(),
        with(4, "$.odd \"key\"", json!("100% _sure_ \"yes\"")).dialed().answered(),
        Story::with(5, 500, |request| {
            request.account = AccountId::new("telnyx:T1");
            request.script.name = "reminder".to_owned();
            request.party.from = Address::new("+15550100001");
            request.party.name = Some(Private::new("דנה כהן-O'Brien".to_owned()));
        }),
    ];
    place.project(50, &stories.iter().collect::<Vec<_>>()).await;
    place
}

async fn a_list_can_be_narrowed_by_each_filter(engine: Engine) {
    let place = mixed(engine).await;
    let meta = |key: &str, value: &str| CallFilter {
        metadata: Private::new(BTreeMap::from([(key.to_owned(), value.to_owned())])),
        ..all()
    };
    let cases: Vec<(&str, CallFilter, &[&str])> = vec![
        ("active", CallFilter { activity: Some(Liveness::Active), ..all() }, &["5", "4", "3"]),
        ("ended", CallFilter { activity: Some(Liveness::Ended), ..all() }, &["2", "1"]),
        ("status", CallFilter { status: Some(Status::Busy), ..all() }, &["2"]),
        (
            "active and status",
            CallFilter { activity: Some(Liveness::Active), status: Some(Status::Ringing), ..all() },
            &["3"],
        ),
        (
            "outbound",
            CallFilter { direction: Some(Direction::Outbound), ..all() },
            &["5", "4", "3", "2", "1"],
        ),
        ("inbound", CallFilter { direction: Some(Direction::Inbound), ..all() }, &[]),
        ("carrier", CallFilter { carrier: Some("telnyx".to_owned()), ..all() }, &["5"]),
        ("script", CallFilter { script: Some("reminder".to_owned()), ..all() }, &["5"]),
        (
            "number on either side",
            CallFilter { number: Some(Address::new("+15550100001")), ..all() },
            &["5", "1"],
        ),
        (
            "number and status",
            CallFilter {
                number: Some(Address::new("+15550100001")),
                status: Some(Status::Completed),
                ..all()
            },
            &["1"],
        ),
        (
            "a piece of a number is no number",
            CallFilter { number: Some(Address::new("0100001")), ..all() },
            &[],
        ),
        ("since", CallFilter { since: Some(at(300)), ..all() }, &["5", "4", "3"]),
        ("until", CallFilter { until: Some(at(300)), ..all() }, &["2", "1"]),
        ("since and until", CallFilter { since: Some(at(200)), until: Some(at(400)), ..all() }, &["3", "2"]),
        ("metadata text", meta("order", "A-1"), &["1"]),
        ("metadata number", meta("order", "17"), &["2"]),
        ("metadata truth", meta("vip", "true"), &["3"]),
        ("metadata of another value", meta("order", "A-2"), &[]),
        ("a key that looks like a path", meta("$.odd \"key\"", "100% _sure_ \"yes\""), &["4"]),
    ];
    for (what, filter, expected) in cases {
        assert_eq!(numbers(&place, &filter).await, expected, "{what}");
    }
}

async fn a_number_with_a_long_history_pages_like_any_list(engine: Engine) {
    let place = Place::on(engine).await;
    // All of them show the same caller; one is called by it and shows itself.
    let stories: Vec<Story> = (1..=30).map(|n| Story::new(n, i64::try_from(n).unwrap())).collect();
    place.project(30, &stories.iter().collect::<Vec<_>>()).await;
    let filter = CallFilter { number: Some(Address::new("+15550009999")), ..all() };
    let first = place.store.list(&filter, &PageRequest::first(20)).await.unwrap();
    let second = place.store.list(&filter, &PageRequest { after: first.next, limit: 20 }).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next), (20, 10, None));
    assert!(first.items.last().unwrap().created_at > second.items[0].created_at);
}

async fn a_row_prints_no_personal_data(engine: Engine) {
    let place = mixed(engine).await;
    let page = place.store.list(&all(), &PageRequest::first(9)).await.unwrap();
    let printed = format!("{page:?} {:?}", CallFilter { search: Some(Asked::read("דנה")), ..all() });
    for personal in ["דנה", "Person", "+15550100001", "A-1"] {
        assert!(!printed.contains(personal), "{personal} is printed");
    }
}
