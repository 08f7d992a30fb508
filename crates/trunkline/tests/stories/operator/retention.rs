//! Calls that have had their time go by themselves, wherever history is kept; and nothing else does.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::verify::recordings;
use super::{EVE, gone_by, is_projected, stdout, told, with};
use crate::day::{Day, Opening};

fn listed(day: &Day) -> Vec<Value> {
    day.get("/api/calls").json()["calls"].as_array().cloned().unwrap_or_default()
}

fn has_looked(day: &Day) {
    let later = day.now() + Duration::from_secs(300);
    day.until("somebody has looked", |day| (day.now() > later).then_some(()));
}

/// Three calls of four months ago, one of today, and a server that is told to keep them for a month.
fn a_month_is_kept(opening: Opening) -> (Day, String) {
    let mut day = gone_by(opening.long_ago().begin());
    assert_eq!(recordings(&day).len(), 6);
    day.set("TRUNKLINE_RETENTION_CALLS_DAYS", "30");
    day.four_months_pass().start();
    let young = day.call(EVE);
    day.ended(&young);
    day.until("the old calls are gone", |day| (listed(day).len() == 1).then_some(()));
    assert_eq!(listed(&day)[0]["id"], young.as_str());
    assert!(recordings(&day).is_empty());
    is_projected(&day);
    (day, young)
}

#[test]
fn after_its_days_a_call_goes_whole_and_counts_and_sums_follow() {
    let (mut day, _) = a_month_is_kept(Day::with());
    let since = (day.now() - jiff::SignedDuration::from_hours(200 * 24)).strftime("%Y-%m-%d").to_string();
    let totals = day.get(&format!("/api/analytics?since={since}")).json();
    assert_eq!(totals["total"]["calls"], 1, "as with prune, what it added up to goes too: {totals}");
    day.stops();
    let report = told(&super::run(&day, &["verify", "--json"]));
    assert_eq!((&report["sound"], &report["pruned"]), (&true.into(), &3.into()), "{report}");
    // The journal has them still, and a start brings nothing back.
    day.start();
    is_projected(&day);
    assert_eq!(listed(&day).len(), 1);
}

#[test]
fn on_postgresql_too() {
    let (day, young) = a_month_is_kept(Day::with().on_postgresql());
    assert_eq!(day.look_at(&young)["status"], "busy");
}

#[test]
fn without_a_database_the_journal_forgets_them_and_whom_they_were_of() {
    let (mut day, _) = a_month_is_kept(Day::with().set("DATABASE_URL", "none"));
    day.stops();
    let cat = stdout(&with(&day.folder(), &["journal", "cat"], &[("DATABASE_URL", "none")]));
    assert!(cat.contains("\"kind\":\"pruned\""), "{cat}");
    assert!(!cat.contains("Ben\"") && !cat.contains("Ben\\\"") && cat.contains(EVE), "{cat}");
    let report = told(&with(&day.folder(), &["verify", "--json"], &[("DATABASE_URL", "none")]));
    assert_eq!((&report["sound"], &report["pruned"]), (&true.into(), &3.into()), "{report}");
    fs::remove_file(day.folder().join("index.db")).unwrap();
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(day.folder().join(format!("index.db{end}")));
    }
    day.start();
    is_projected(&day);
    assert_eq!(listed(&day).len(), 1, "an index made anew says the same");
}

/// The control, and who has a time of their own.
#[test]
fn who_keeps_calls_for_ever_or_longer_has_them_still() {
    let mut day = gone_by(Day::with().long_ago().begin());
    day.four_months_pass().start();
    has_looked(&day);
    assert_eq!(listed(&day).len(), 3);
    day.set("TRUNKLINE_RETENTION_CALLS_DAYS", "30");
    day.set("TRUNKLINE_RETENTION_CALLS_DAYS_OF", "default:3000,acme:1");
    day.stops().start();
    has_looked(&day);
    assert_eq!(listed(&day).len(), 3);
    day.set("TRUNKLINE_RETENTION_CALLS_DAYS_OF", "default:60");
    day.stops().start();
    day.until("they are gone", |day| listed(day).is_empty().then_some(()));
}
