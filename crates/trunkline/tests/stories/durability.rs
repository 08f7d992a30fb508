//! What was acknowledged is there afterwards: P1, and of it F-01, F-12.

use crate::day::Day;
use trunkline_sim::Habit;

const ANN: &str = "+15550100123";

#[test]
fn answers_given_while_the_database_is_down_are_kept() {
    let day = Day::begin();
    day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
    let call = day.call(ANN);
    day.has_answered(ANN, 1);

    let outage = day.database().goes_down();
    day.has_answered(ANN, 3).is_quiet();
    assert_eq!(day.disposition(&call), "completed", "the call goes on without it");
    assert_eq!(day.answers(&call), ["Ann", "Tuesday", "no"], "and can be read");
    assert_eq!(day.database().disposition(&call), None, "the control: the database knows nothing of the end");
    outage.ends(&day);

    day.until("the database has caught up", |day| day.database().disposition(&call));
    assert_eq!(day.database().answers(&call), ["Ann", "Tuesday", "no"]);
}
