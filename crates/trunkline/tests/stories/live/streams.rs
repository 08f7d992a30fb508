//! `GET /api/events`: order, going on after a cut, a kill or a long absence, filters and limits.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::Habit;

use super::ears::{Ears, is_the_history_of, types};
use crate::day::{Day, KEY, Opening};

const ANN: &str = "+15550100123";
const BEN: &str = "+15550100124";

fn ends(call: &str) -> impl FnMut(&Value) -> bool {
    let call = call.to_owned();
    move |event| event["type"] == "call.ended" && event["call_id"] == *call
}

fn a_call_is_heard_in_order(opening: Opening) {
    let day = opening.begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let mut ears = Ears::open(&day, "");
    let call = day.call(ANN);
    let heard = ears.until(ends(&call));
    let words = types(&heard);
    let first = |word: &str| {
        words.iter().position(|other| *other == word).unwrap_or_else(|| panic!("{word}: {words:?}"))
    };
    assert_eq!(words[0], "call.initiated");
    assert!(first("call.answered") < first("question.asked"), "{words:?}");
    assert!(first("question.asked") < first("answer.recorded"), "{words:?}");
    let answers: Vec<&Value> = heard
        .iter()
        .filter(|event| event["type"] == "answer.recorded")
        .map(|event| &event["question"])
        .collect();
    assert_eq!(answers, [&json!(0), &json!(1), &json!(2)]);
    let end = heard.last().unwrap();
    assert_eq!(
        (&end["call"]["status"], &end["call"]["disposition"], &end["tenant"]),
        (&json!("completed"), &json!("completed"), &json!("default"))
    );
    assert!(heard[0]["call"]["disposition"].is_null(), "an event shows the call as it was then");
    let text = serde_json::to_string(&heard).unwrap();
    assert!(!text.contains(ANN) && !text.contains("Tuesday") && !text.contains("Ann"), "{text}");

    // What comes after the end (a price, a recording in the folder) is heard too.
    day.is_quiet();
    let mut late = Ears::again(&day, KEY, heard[0]["id"].as_str().unwrap());
    let marker = day.call(BEN);
    let mut rest = late.until(|event| event["call_id"] == *marker);
    rest.pop();
    is_the_history_of(&day, &[&heard[..1], &rest[..]].concat(), &[call]);
    assert_eq!(rest[..heard.len() - 1], heard[1..], "heard again, they are the same");
}

#[test]
fn a_call_is_heard_in_order_as_it_happens() {
    a_call_is_heard_in_order(Day::with());
}

#[test]
fn a_call_is_heard_in_order_as_it_happens_on_postgresql() {
    a_call_is_heard_in_order(Day::with().on_postgresql());
}

fn nothing_is_lost_or_doubled_by_a_kill(opening: Opening) {
    let mut day = opening.in_its_own_process().begin();
    let people: Vec<String> = (0..6).map(|n| format!("+1555010020{n}")).collect();
    for number in &people {
        day.person(number, Habit::says(["Ann", "Tuesday", "no"]));
    }
    let mut ears = Ears::open(&day, "");
    let calls: Vec<String> = people.iter().map(|number| day.call(number)).collect();
    let mut answers = 0;
    let mut heard = ears.until(|event| {
        answers += usize::from(event["type"] == "answer.recorded");
        answers == 2
    });
    day.power_fails().start();
    // The control: who only listens from now on does not hear what it missed.
    let mut deaf = Ears::open(&day, "");
    let mut again = Ears::again(&day, KEY, &ears.last);
    let mut open: BTreeSet<&String> = calls.iter().collect();
    let was_over = |heard: &[Value], call: &str| {
        heard.iter().any(|event| event["type"] == "call.ended" && event["call_id"] == *call)
    };
    open.retain(|call| !was_over(&heard, call));
    heard.extend(again.until(|event| {
        if event["type"] == "call.ended" {
            open.retain(|call| event["call_id"] != **call);
        }
        open.is_empty()
    }));
    day.is_quiet();
    let marker = day.call(ANN);
    heard.extend(again.until(|event| event["call_id"] == *marker));
    heard.pop();
    is_the_history_of(&day, &heard, &calls);
    let ids = |events: &[Value]| events.iter().map(|event| event["id"].to_string()).collect::<BTreeSet<_>>();
    let deafly = ids(&deaf.until(|event| event["call_id"] == *marker));
    assert!(!ids(&heard).is_subset(&deafly), "the control: something was missed");
}

#[test]
fn nothing_is_lost_or_doubled_over_a_kill() {
    nothing_is_lost_or_doubled_by_a_kill(Day::with());
}

#[test]
fn nothing_is_lost_or_doubled_over_a_kill_on_postgresql() {
    nothing_is_lost_or_doubled_by_a_kill(Day::with().on_postgresql());
}

#[test]
fn a_listener_hears_what_it_asked_for_and_no_more() {
    let day = Day::begin();
    let (ann, ben) = (day.call(ANN), day.call(BEN));
    let mut of_ann = Ears::open(&day, &format!("?call={ann}&after={}", begin_of(&day)));
    let mut ended = Ears::open(&day, &format!("?types=call.ended&after={}", begin_of(&day)));
    let heard = of_ann.until(ends(&ann));
    assert!(heard.iter().all(|event| event["call_id"] == *ann), "{heard:#?}");
    assert!(types(&heard).contains(&"call.initiated"));
    let both = [ended.hear().unwrap(), ended.hear().unwrap()];
    assert_eq!(types(&both), ["call.ended", "call.ended"]);
    assert_eq!(
        both.iter().map(|event| event["call_id"].as_str().unwrap()).collect::<BTreeSet<_>>(),
        BTreeSet::from([&*ann, &*ben])
    );
    for (query, status) in [
        ("?types=call.exploded", 400),
        ("?calls=1", 400),
        ("?after=17", 400),
        ("?call=CA00000000000000000000000000000000", 404),
    ] {
        assert_eq!(Ears::with(&day, KEY, query, None).status, status, "{query}");
    }
}

/// The id before everything that happened on a day.
fn begin_of(day: &Day) -> String {
    let now = Ears::open(day, "").last;
    format!("{}{:016x}", &now[..8], 1)
}

#[test]
fn who_can_not_go_on_where_it_stood_is_told_so_and_goes_on_from_now() {
    let day = Day::begin();
    let now = Ears::open(&day, "").last;
    let ahead = format!("{}{:016x}", &now[..8], u64::MAX >> 2);
    let foreign = format!("ffffffff{}", &now[8..]);
    for (cursor, reason) in [(&*ahead, "unknown"), (&*foreign, "foreign")] {
        let refused = Ears::with(&day, KEY, &format!("?after={cursor}"), None);
        assert_eq!(refused.status, 410);
        let problem = refused.problem();
        assert_eq!((&problem["code"], &problem["reason"]), (&json!("events_gone"), &json!(reason)));
    }
    for (cursor, reason) in [(&*ahead, "unknown"), (&*foreign, "foreign"), ("of something else", "foreign")] {
        let mut ears = Ears::again(&day, KEY, cursor);
        let call = day.call(ANN);
        let resync = ears.hear().unwrap();
        assert_eq!((&resync["type"], &resync["reason"]), (&json!("resync"), &json!(reason)));
        assert_eq!(resync["after"], cursor);
        // What came late of the call before may be told meanwhile.
        let mut heard = std::iter::repeat_with(|| ears.hear().unwrap());
        heard.find(|event| event["call_id"] == *call).expect("it goes on");
        day.ended(&call);
        day.is_quiet();
    }
}

#[test]
fn a_tenant_has_its_share_of_listeners_and_who_leaves_makes_room() {
    let day = Day::with().set("TRUNKLINE_LIMITS_TENANT_EVENT_STREAMS", "2").begin();
    let first = Ears::open(&day, "");
    let _second = Ears::open(&day, "");
    let third = Ears::with(&day, KEY, "", None);
    assert_eq!(third.status, 429);
    let problem = third.problem();
    assert_eq!((&problem["code"], &problem["limit"]), (&json!("too_many_streams"), &json!(2)));
    drop(first);
    day.until("there is room again", |day| (Ears::with(day, KEY, "", None).status == 200).then_some(()));
}

#[test]
fn who_was_away_for_longer_than_the_journal_keeps_its_files_is_told_so() {
    let mut day = Day::with().set("TRUNKLINE_JOURNAL_SEGMENT_BYTES", "1MiB").begin();
    let long_ago = Ears::open(&day, "").last;
    let kept = json!({ "call_id": "CA7", "session_id": "s-7", "provider": "x" });
    assert_eq!(day.post("/api/calls/register", &kept).status, 201);
    let bulk = "x".repeat(12_000);
    for n in 0..250 {
        let patch = json!({ "status": "ringing", "metadata": { "bulk": bulk, "n": n } });
        let request = day.ask(Method::PUT, "/api/calls/CA7/status").bearer_auth(KEY).json(&patch);
        assert_eq!(day.send(request).status, 200);
    }
    assert_eq!(Ears::again(&day, KEY, &long_ago).hear().unwrap()["type"], "call.initiated", "the control");
    day.until("all is in the database", |day| (day.get("/readyz").json()["lag_events"] == 0).then_some(()));
    // Two checkpoints cover it, each made when the server stopped.
    day.stops().start();
    day.ended(&day.call(BEN));
    day.stops();
    #[expect(clippy::disallowed_methods, reason = "files bear the system's time")]
    let days_ago = SystemTime::now() - Duration::from_secs(3 * 86_400);
    for file in fs::read_dir(day.folder().join("journal")).unwrap() {
        File::options().write(true).open(file.unwrap().path()).unwrap().set_modified(days_ago).unwrap();
    }
    day.start();
    let refused = day.until("the old files are gone", |day| {
        Some(Ears::with(day, KEY, &format!("?after={long_ago}"), None)).filter(|ears| ears.status == 410)
    });
    assert_eq!(refused.problem()["reason"], "too_old");
    let mut ears = Ears::again(&day, KEY, &long_ago);
    let resync = ears.hear().unwrap();
    assert_eq!((&resync["type"], &resync["reason"]), (&json!("resync"), &json!("too_old")));
    let call = day.call(ANN);
    assert_eq!(ears.hear().unwrap()["call_id"], *call, "and it goes on from now");
}
