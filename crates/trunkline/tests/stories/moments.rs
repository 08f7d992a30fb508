//! Hold, resume, and both kinds of transfer, and somebody hangs up: the person, or whoever they are handed to, at every moment
//! from before it was asked for until all is over. Whenever it is, the call ends, so do its legs, each told as long as it lasted, and
//! nothing is stuck. Told of each carrier.
//!
//! A moment is a time since the action was asked for. That these are in fact the moments there are, from a phone that is not yet
//! called to a talk that is over, the stories make sure of themselves.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trunkline_sim::{CallRecord, CallSid, CallStatus, Habit};

use crate::day::{Day, in_each_way};
use crate::hold::{ask, is_taken};

/// Between two moments, in milliseconds of the simulated world.
const STEP_MS: i64 = 2_000;

/// What is done with a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Hold,
    Resume,
    Transfer(&'static str),
}

/// Who hangs up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Person,
    Other,
}

/// One call in which one of them hangs up at one moment.
struct Line {
    person: String,
    other: String,
    who: Who,
    after: SignedDuration,
    call: String,
    due: Timestamp,
}

fn crowded() -> Day {
    // So many that nobody is done before their moment comes, however busy the machine is.
    let questions: Vec<String> = (1..=12).map(|n| format!("Question {n}?")).collect();
    // Nothing is fetched while music plays.
    let mut opening = Day::with()
        .at_speed(10.0)
        .questions(&json!(questions).to_string())
        .at_most(150)
        .set("TRUNKLINE_LIMITS_CPS", "1000")
        .set("HOLD_MUSIC_URL", "https://example.com/music.mp3");
    for limit in ["SYSTEM", "CARRIER", "TENANT"] {
        opening = opening.set(&format!("TRUNKLINE_LIMITS_{limit}_CALLS"), "300");
    }
    opening.begin()
}

/// A call for each moment of each who can hang up, in which the second question is asked.
fn lines(day: &Day, who: &[Who], until_secs: i64, other: &Habit) -> Vec<Line> {
    let moments = (until_secs * 1_000) / STEP_MS;
    let each = who.iter().flat_map(|who| (-1..moments).map(move |nth| (*who, nth)));
    let lines: Vec<Line> = each
        .enumerate()
        .map(|(n, (who, nth))| {
            let (person, number) = (format!("+155501041{n:02}"), format!("+155501042{n:02}"));
            day.person(&person, Habit::says(["Ann", "Tuesday", "no", "no", "no"]));
            day.person(&number, other.clone());
            let after = SignedDuration::from_millis(nth * STEP_MS);
            Line { call: day.call(&person), person, other: number, who, after, due: day.now() }
        })
        .collect();
    assert!(lines.len() < 100, "numbers of two digits");
    lines
}

/// Does this with each as soon as it is answered.
fn as_they_answer(day: &Day, lines: &[Line], does: impl Fn(&Line)) {
    let mut waiting: Vec<&Line> = lines.iter().collect();
    day.until("they are answered", |day| {
        waiting.retain(|line| {
            let is_answered = day.look_at(&line.call)["status"] == "answered";
            if is_answered {
                does(line);
            }
            !is_answered
        });
        waiting.is_empty().then_some(())
    });
}

/// The same, and all of them wait on hold: the moments are of what comes then, and not of the script.
fn held(day: &Day, who: &[Who], until_secs: i64, other: &Habit) -> Vec<Line> {
    let lines = lines(day, who, until_secs, other);
    as_they_answer(day, &lines, |line| is_taken(day, &line.call, "hold"));
    lines.iter().for_each(|line| day.is(&line.call, "on_hold"));
    lines
}

/// The last call to a number.
fn last(day: &Day, number: &str) -> Option<CallRecord> {
    day.sim.calls_to(number).pop()
}

/// Asks for the action in each call, and somebody hangs up at their moment. Where the other's phone stood then.
fn are_hung_up(day: &Day, action: Action, lines: &mut [Line]) -> BTreeSet<&'static str> {
    let mut met = BTreeSet::new();
    for line in lines.iter_mut() {
        line.due = day.now() + line.after;
        if line.after.is_negative() {
            hangs_up(day, line, &mut met);
        }
        let answer = match action {
            Action::Hold => ask(day, &line.call, "hold"),
            Action::Resume => ask(day, &line.call, "resume"),
            Action::Transfer(mode) => {
                let order = json!({ "to": line.other, "ring_timeout_secs": 20, "mode": mode });
                day.post(&format!("/api/calls/{}/transfer", line.call), &order)
            }
        };
        let is_gone = line.after.is_negative() && line.who == Who::Person;
        assert!(answer.status == 202 || is_gone && answer.status == 409, "{}", answer.text());
    }
    let mut due: Vec<&mut Line> = lines.iter_mut().filter(|line| !line.after.is_negative()).collect();
    due.sort_by_key(|line| line.due);
    for line in due {
        day.until("its moment", |day| (day.now() >= line.due).then_some(()));
        hangs_up(day, line, &mut met);
    }
    met
}

fn hangs_up(day: &Day, line: &mut Line, met: &mut BTreeSet<&'static str>) {
    let other = last(day, &line.other);
    met.insert(match other.as_ref().map(|call| call.status) {
        None => "not called",
        Some(CallStatus::Queued | CallStatus::Ringing) => "ringing",
        Some(CallStatus::InProgress) => "talking",
        Some(_) => "over",
    });
    let sid: Option<CallSid> = match line.who {
        Who::Person => last(day, &line.person).map(|call| call.sid),
        Who::Other => other.map(|call| call.sid),
    };
    // Who is gone already is gone.
    if let Some(sid) = sid {
        day.sim.hang_up(&sid);
    }
}

/// What holds whatever was asked for, whoever hung up, and whenever.
fn ends_well(day: &Day, line: &Line) -> Value {
    let over = day.ended(&line.call);
    let told = format!("{:?} after {}: {over}", line.who, line.after);
    assert_eq!((&over["status"], &over["disposition"]), (&json!("completed"), &json!("completed")), "{told}");
    let theirs = last(day, &line.person).unwrap();
    assert_eq!(day.sim.calls_to(&line.person).len(), 1, "{told}");
    let ours = over["duration_seconds"].as_u64().unwrap();
    assert!(ours + 2 >= u64::from(theirs.duration_secs.unwrap()), "{theirs:?} {told}");
    let time = |of: &Value, name: &str| of[name].as_str().map(|time| time.parse::<Timestamp>().unwrap());
    assert!(time(&over, "answered_at") <= time(&over, "ended_at"), "{told}");
    let dialed = day.sim.calls_to(&line.other);
    assert!(dialed.len() <= 1, "{told}");
    let Some(theirs) = dialed.first() else { return over };
    let child = day.until("the other leg is over", |day| {
        let legs = day.look_at(&line.call)["legs"].as_array().cloned().unwrap_or_default();
        legs.into_iter().find(|leg| leg["role"] == "transfer" && !leg["ended_at"].is_null())
    });
    let told = format!("{theirs:?} {child} {told}");
    assert_eq!(child["carrier_call_id"], theirs.sid.as_str(), "{told}");
    assert_eq!(child["answered_at"].is_string(), theirs.answered_at.is_some(), "{told}");
    let lasted = child["duration_seconds"].as_u64().unwrap_or(0);
    assert!(lasted.abs_diff(u64::from(theirs.duration_secs.unwrap_or(0))) <= 2, "{told}");
    // Carriers tell times in whole seconds.
    let second = |name| time(&child, name).map(Timestamp::as_second);
    let times = ["started_at", "answered_at", "joined_at", "ended_at"].map(second);
    assert!(times.iter().flatten().is_sorted(), "{told}");
    over
}

/// Who was handed on has been; who could not be is asked on, unless they are gone.
fn came_out(line: &Line, over: &Value, is_handed_on: bool) {
    let is_transferred = over["outcome"] == "transferred";
    let is_finished = over["outcome"] == "finished";
    let told = format!("{:?} after {}: {over}", line.who, line.after);
    assert_eq!(is_transferred, is_handed_on, "{told}");
    assert!(is_handed_on || is_finished || line.who == Who::Person, "{told}");
}

fn nothing_is_left(day: &Day) {
    day.is_quiet();
    assert_eq!(day.sim.live(), 0);
    assert_eq!(day.get("/health").json()["active_calls"], 0);
}

fn whoever_hangs_up_while_they_are_put_on_hold() {
    let day = crowded();
    let mut lines = lines(&day, &[Who::Person], 12, &Habit::Busy);
    as_they_answer(&day, &lines, |_| {});
    are_hung_up(&day, Action::Hold, &mut lines);
    lines.iter().for_each(|line| drop(ends_well(&day, line)));
    nothing_is_left(&day);
}

fn whoever_hangs_up_while_they_are_taken_back() {
    let day = crowded();
    let mut lines = held(&day, &[Who::Person], 8, &Habit::Busy);
    are_hung_up(&day, Action::Resume, &mut lines);
    lines.iter().for_each(|line| drop(ends_well(&day, line)));
    nothing_is_left(&day);
}

fn presses_one() -> Habit {
    Habit::Answers { ring_secs: Some(8), said: vec![], digits: vec!["1".to_owned()] }
}

/// From a phone that nobody has called yet to a talk that is over.
fn all_moments() -> BTreeSet<&'static str> {
    ["not called", "ringing", "talking", "over"].into()
}

fn whoever_hangs_up_while_they_are_handed_on() {
    let day = crowded();
    let mut lines = held(&day, &[Who::Person, Who::Other], 33, &presses_one());
    let met = are_hung_up(&day, Action::Transfer("blind"), &mut lines);
    assert!(met.is_subset(&all_moments()) && met.len() > 2, "the control: {met:?}");
    for line in &lines {
        let over = ends_well(&day, line);
        let has_talked = last(&day, &line.other).is_some_and(|call| call.answered_at.is_some());
        came_out(line, &over, has_talked);
    }
    nothing_is_left(&day);
}

fn whoever_hangs_up_while_they_are_handed_on_by_consent() {
    let day = crowded();
    let mut lines = held(&day, &[Who::Person, Who::Other], 45, &presses_one());
    let met = are_hung_up(&day, Action::Transfer("attended"), &mut lines);
    assert!(met.is_subset(&all_moments()) && met.len() > 2, "the control: {met:?}");
    let mut joined = BTreeSet::new();
    for line in &lines {
        let over = ends_well(&day, line);
        let legs = day.look_at(&line.call)["legs"].as_array().cloned().unwrap_or_default();
        let is_joined = legs.iter().any(|leg| leg["joined_at"].is_string());
        came_out(line, &over, is_joined);
        joined.insert(is_joined);
    }
    assert_eq!(joined.len(), 2, "the control: some have talked and some have not");
    nothing_is_left(&day);
}

in_each_way! {
    whoever_hangs_up_while_they_are_put_on_hold,
    whoever_hangs_up_while_they_are_taken_back,
    whoever_hangs_up_while_they_are_handed_on,
    whoever_hangs_up_while_they_are_handed_on_by_consent,
}
