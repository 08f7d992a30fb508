//! Call-backs that people asked for: made when they said, instead of the retry that would come sooner or later, once, and only
//! to whom may be called and at an hour at which they may.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trunkline_sim::Habit;

use crate::day::{Answer, Day, KEY, Opening};
use crate::operator::{code, stderr, stdout, with};
use crate::queue::{
    campaign, dialed, does, draft, enqueue, gate_is, is_finished, is_settled, job, number, on_each_engine,
    people, standing,
};

on_each_engine!(
    who_asked_is_called_at_that_time_and_not_when_the_retry_is_due,
    what_is_asked_during_a_call_counts_when_it_is_over,
    who_was_reached_is_called_once_more_and_the_campaign_goes_on,
    a_promise_is_kept_at_an_hour_for_calls,
    nothing_is_promised_to_whom_is_not_called_or_for_a_time_that_makes_no_sense,
);

fn in_secs(day: &Day, secs: i64) -> Timestamp {
    day.now() + SignedDuration::from_secs(secs)
}

fn asks(day: &Day, job: &str, at: &impl ToString) -> Answer {
    day.post(&format!("/api/jobs/{job}/call-back"), &json!({ "at": at.to_string() }))
}

/// It is promised.
fn is_promised(day: &Day, job: &str, at: Timestamp) -> Value {
    let answer = asks(day, job, &at);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// What `trunkline` prints.
fn says(day: &Day, words: &[&str], language: &str) -> String {
    let output = with(&day.folder(), words, &[("LANG", language)]);
    assert_eq!(code(&output), 0, "{words:?}: {}", stderr(&output));
    stdout(&output)
}

fn time(of: &Value) -> Timestamp {
    of.as_str().unwrap_or_else(|| panic!("{of}")).parse().unwrap()
}

fn who_asked_is_called_at_that_time_and_not_when_the_retry_is_due(opening: Opening) {
    let day = opening.begin();
    let people = people(2);
    for number in &people {
        day.person(number, Habit::Busy);
    }
    let retry = json!({ "retry": { "by_disposition": { "busy": [1_000] } } });
    let (id, jobs) = campaign(&day, "again", &retry, &people);
    let retries =
        jobs.iter().map(|job| time(&gate_is(&day, job, "retry_not_due")["opens_at"])).collect::<Vec<_>>();
    for number in &people {
        day.person(number, Habit::answers());
    }

    let (sooner, later) = (in_secs(&day, 200), in_secs(&day, 1_300));
    is_promised(&day, &jobs[1], later);
    is_promised(&day, &jobs[1], later);
    let closed = gate_is(&day, &jobs[1], "call_back");
    assert_eq!(time(&closed["opens_at"]), later);
    let minute = later.strftime("%Y-%m-%d %H:%M").to_string();
    let english = says(&day, &["queue", "why", &jobs[1]], "en_US.UTF-8");
    assert!(english.contains(&format!("called back at {minute} UTC")), "{english}");
    let hebrew = says(&day, &["queue", "why", &jobs[1]], "he_IL.UTF-8");
    assert!(hebrew.contains("חוזרים") && hebrew.contains(&minute), "{hebrew}");
    let said = says(&day, &["jobs", "call-back", &jobs[0], &sooner.to_string()], "en_US.UTF-8");
    assert!(said.contains("called back at"), "{said}");

    is_finished(&day, &id);
    assert_eq!(dialed(&day, &people), [2, 2], "once each, however often it was asked");
    let again = |number| day.sim.calls_to(number).iter().map(|call| call.created_at).max().unwrap();
    let (first, second) = (again(&people[0]), again(&people[1]));
    assert!(
        sooner <= first && first < retries[0],
        "{first}: asked for {sooner}, the retry at {}",
        retries[0]
    );
    assert!(
        retries[1] < later && later <= second,
        "{second}: asked for {later}, the retry at {}",
        retries[1]
    );
}

fn what_is_asked_during_a_call_counts_when_it_is_over(opening: Opening) {
    let day = opening.begin();
    let who = number(0);
    day.person(&who, Habit::Answers { ring_secs: Some(25), said: vec![], digits: vec![] });
    let (id, jobs) = campaign(&day, "spring", &json!({}), &people(1));
    day.until("they are being called", |day| (job(day, &jobs[0])["state"] == "live").then_some(()));
    let at = in_secs(&day, 900);
    let told = is_promised(&day, &jobs[0], at);
    assert_eq!((time(&told["call_back"]), &told["state"]), (at, &json!("live")), "the call goes on");
    let said = says(&day, &["queue", "why", &jobs[0]], "en_US.UTF-8");
    assert!(said.contains("when this call is over") || said.contains("They are called back"), "{said}");

    gate_is(&day, &jobs[0], "call_back");
    let first = job(&day, &jobs[0])["attempts"][0].clone();
    assert_eq!(first["disposition"], "completed", "everything was answered, and yet: {first}");
    is_finished(&day, &id);
    assert_eq!(dialed(&day, &people(1)), [2]);
    let last = job(&day, &jobs[0]);
    assert_eq!((&last["done"]["done"], &last["promised"]), (&json!("reached"), &Value::Null), "{last}");
}

fn who_was_reached_is_called_once_more_and_the_campaign_goes_on(opening: Opening) {
    let day = opening.begin();
    let (id, jobs) = campaign(&day, "spring", &json!({}), &people(2));
    is_finished(&day, &id);
    let at = in_secs(&day, 300);
    is_promised(&day, &jobs[0], at);
    assert_eq!(standing(&day, &id)["state"], "running");
    gate_is(&day, &jobs[0], "call_back");
    is_finished(&day, &id);
    assert_eq!(dialed(&day, &people(2)), [2, 1]);
    let second = day.sim.calls_to(&number(0)).iter().map(|call| call.created_at).max().unwrap();
    assert!(second >= at, "{second} is before {at}");
}

fn a_promise_is_kept_at_an_hour_for_calls(opening: Opening) {
    let day = opening.begins_at("2026-03-02T19:45:00Z").begin();
    let hours = json!({ "hours": [{ "from": "09:00:00", "to": "20:00:00" }] });
    let (_, jobs) = campaign(&day, "day", &json!({ "window": hours }), &people(1));
    is_settled(&day, &jobs[0]);
    is_promised(&day, &jobs[0], "2026-03-02T20:05:00Z".parse().unwrap());
    let closed = gate_is(&day, &jobs[0], "out_of_window");
    assert_eq!(time(&closed["opens_at"]), "2026-03-03T09:00:00Z".parse().unwrap());
    assert!(day.now() >= "2026-03-02T20:05:00Z".parse().unwrap(), "the control: it is time");
    assert_eq!(dialed(&day, &people(1)), [1]);
}

fn nothing_is_promised_to_whom_is_not_called_or_for_a_time_that_makes_no_sense(opening: Opening) {
    let day = opening.questions(r#"{"questions": ["One?", "Two?"], "opt_out": {"key": "9"}}"#).begin();
    day.person(&number(0), Habit::PressesKey { key: '9' });
    let (_, jobs) = campaign(&day, "spring", &json!({ "dedup_window_secs": 0 }), &people(3));
    jobs.iter().for_each(|job| drop(is_settled(&day, job)));
    let later = in_secs(&day, 3_600);
    let opted_out = asks(&day, &jobs[0], &later);
    assert_eq!(opted_out.status, 409, "{}", opted_out.text());
    assert!(day.post("/api/suppressions", &json!({ "number": number(1) })).status < 300);
    let suppressed = asks(&day, &jobs[1], &later);
    assert_eq!((suppressed.status, &suppressed.json()["code"]), (409, &json!("suppressed")));

    for at in [in_secs(&day, -60).to_string(), in_secs(&day, 400 * 86_400).to_string(), "tomorrow".into()] {
        let refused = asks(&day, &jobs[2], &at);
        assert_eq!(
            (refused.status, &refused.json()["field"]),
            (400, &json!("at")),
            "{at}: {}",
            refused.text()
        );
    }
    let nobody = asks(&day, "0199aaaa-0000-7000-8000-000000000001", &later);
    assert_eq!(nobody.status, 404, "{}", nobody.text());

    let canceled = draft(&day, "canceled", &json!({}));
    let job_there = enqueue(&day, &canceled, &[number(5)]).remove(0);
    does(&day, &canceled, "cancel");
    let over = asks(&day, &job_there, &later);
    assert_eq!(over.status, 409, "{}", over.text());
    let again = day.ask(reqwest::Method::POST, &format!("/api/jobs/{}/call-back", jobs[2])).bearer_auth(KEY);
    assert_eq!(day.send(again.body("{}")).status, 400, "no time at all");
    is_promised(&day, &jobs[2], later);
    assert_eq!(dialed(&day, &people(3)), [1, 1, 1]);
}
