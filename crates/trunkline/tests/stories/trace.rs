//! Limits, judged by the carrier's own account: how many calls are open at every moment, how many begin in any stretch of
//! time, over two campaigns and single calls, while the server is killed again and again and no Redis is there.
//!
//! `TRUNKLINE_SEED=7` tells the same story again.

use jiff::Timestamp;
use serde_json::json;
use trunkline_sim::{CallRecord, Habit};
use trunkline_testkit::chance::Chance;

use crate::day::{Opening, number as told};
use crate::queue::{campaign, dialed, dialed_in_all, is_finished, on_each_engine, people};

on_each_engine!(however_often_the_server_dies_no_limit_is_passed, a_campaigns_own_pace_holds_over_restarts,);

const OUTBOUND: usize = 3;
const CPS: f64 = 2.0;

/// The most of these calls that were open at once.
fn most_open<'a>(calls: impl Iterator<Item = &'a CallRecord>) -> usize {
    let mut moments: Vec<(Timestamp, i32)> = Vec::new();
    for call in calls {
        moments.push((call.created_at, 1));
        moments.push((call.ended_at.unwrap_or(Timestamp::MAX), -1));
    }
    // At one moment ends come first: the slot of a call that has ended is free.
    moments.sort();
    let mut open = 0;
    let counts = moments.into_iter().map(|(_, change)| {
        open += change;
        open
    });
    usize::try_from(counts.max().unwrap_or(0)).unwrap()
}

/// The most calls that began within so many seconds.
fn most_begun(calls: &[CallRecord], secs: f64) -> usize {
    let begun_after = |first: Timestamp| {
        let ages = calls.iter().map(move |call| call.created_at.duration_since(first).as_secs_f64());
        ages.filter(|age| (0.0..secs).contains(age)).count()
    };
    calls.iter().map(|first| begun_after(first.created_at)).max().unwrap_or(0)
}

#[allow(clippy::print_stderr, reason = "a seed that the story can be told from again")]
fn tell(seed: u64) {
    eprintln!("TRUNKLINE_SEED={seed}");
}

fn however_often_the_server_dies_no_limit_is_passed(opening: Opening) {
    let seed: u64 = told("TRUNKLINE_SEED", 4);
    tell(seed);
    let mut chance = Chance::from_seed(seed);
    let opening = opening.set("REDIS_URL", "redis://127.0.0.1:1").at_most(3).at_speed(10.0);
    let mut day = opening.set("TRUNKLINE_LIMITS_CPS", "2").in_its_own_process().begin();
    let people = people(36);
    for number in &people {
        day.person(number, Habit::Refuses);
    }
    let (first, second) = people.split_at(18);
    // Who declines while the server is dead is told as busy afterwards: the carrier's account has no code of the network.
    let retry = json!({ "by_class": {}, "by_disposition": {} });
    let policy = json!({ "pacing": { "concurrency": 2 }, "retry": retry });
    let (one, _) = campaign(&day, "one", &policy, first);
    let (two, _) = campaign(&day, "two", &json!({ "retry": retry }), second);
    let mut singles = Vec::new();
    for round in 0..5 {
        let single = format!("+1555010990{round}");
        day.person(&single, Habit::Refuses);
        day.call(&single);
        singles.push(single);
        let (before, enough) = (dialed_in_all(&day, &people), chance.between(2, 6));
        day.until("some are called", |day| {
            (dialed_in_all(day, &people) >= (before + enough).min(36)).then_some(())
        });
        day.restarts();
    }
    is_finished(&day, &one);
    is_finished(&day, &two);
    day.until("single calls too", |day| (dialed(day, &singles) == [1; 5]).then_some(()));
    day.is_quiet();
    assert_eq!(dialed(&day, &people), [1; 36], "{:#?}", day.sim.calls());
    let calls = day.sim.calls();
    assert_eq!(most_open(calls.iter()), OUTBOUND, "never more, and the control: never fewer");
    let of_one = most_open(calls.iter().filter(|call| first.contains(&call.to)));
    assert!(of_one <= 2, "the campaign's own limit: {of_one}");
    // A request may be a moment longer on its way than the one before it.
    for secs in [5.0, 10.0, 20.0] {
        let begun = most_begun(&calls, secs);
        let allowed = (CPS * secs).ceil() as usize + 2;
        assert!(begun <= allowed, "{begun} calls within {secs} s");
    }
}

fn a_campaigns_own_pace_holds_over_restarts(opening: Opening) {
    let mut day = opening.in_its_own_process().begin();
    let people = people(6);
    let (id, _) = campaign(&day, "slow", &json!({ "pacing": { "per_hour": 20 } }), &people);
    for enough in [1, 2, 4] {
        day.until("some are called", |day| (dialed_in_all(day, &people) >= enough).then_some(()));
        day.restarts();
    }
    is_finished(&day, &id);
    assert_eq!(dialed(&day, &people), [1; 6]);
    for pair in day.sim.calls().windows(2) {
        let waited = pair[1].created_at.duration_since(pair[0].created_at).as_secs_f64();
        // A call that was claimed before a kill is sent after it, so much later than its turn.
        assert!(waited > 100.0, "three minutes between two calls, and not {waited} s");
    }
}
