//! Jobs that nobody can work on: they are set aside with a reason, after a few tries at most, and everybody else is called.
//! None of them loops. A job is its id: what is said of the person is looked up when it is their turn.

use serde_json::{Value, json};
use trunkline_sim::Habit;

use crate::day::{Day, Opening};
use crate::operator::{code, stdout, told, with};
use crate::queue::{
    campaign, dialed, does, draft, enqueue, gate_is, is_finished, is_settled, job, number, on_each_engine,
    people, standing,
};

on_each_engine!(
    a_job_that_cannot_be_read_is_set_aside_and_the_others_are_called,
    a_job_that_stays_unreadable_is_set_aside_again_and_never_loops,
    a_job_whose_earlier_call_cannot_be_read_is_given_up_after_some_tries,
    a_gate_that_another_version_wrote_is_no_reason_to_stop,
    a_campaign_that_cannot_be_read_is_set_aside_and_the_others_go_on,
    what_is_said_of_a_person_is_looked_up_when_it_is_their_turn,
);

fn is_parked(day: &Day, id: &str) -> Value {
    day.until("it is set aside", |day| Some(job(day, id)).filter(|job| job["state"] == "parked"))
}

/// What `trunkline jobs` prints.
fn jobs(day: &Day, words: &[&str]) -> String {
    let output = with(&day.folder(), &[&["jobs"], words].concat(), &[]);
    assert_eq!(code(&output), 0, "{words:?}: {}", stdout(&output));
    stdout(&output)
}

fn a_job_that_cannot_be_read_is_set_aside_and_the_others_are_called(opening: Opening) {
    let day = opening.begin();
    let people = people(5);
    let id = draft(&day, "spring", &json!({ "pacing": { "concurrency": 1 } }));
    let all = enqueue(&day, &id, &people);
    day.database().is_told("UPDATE jobs SET fold = '{\"v\":2}' WHERE number = '+15550100001'");
    does(&day, &id, "start");
    let parked = is_parked(&day, &all[1]);
    let why = parked["why"].as_str().unwrap();
    assert!(why.contains("column fold") && why.contains("can't read"), "{why}");
    day.until("the others are called", |day| (dialed(day, &people) == [1, 0, 1, 1, 1]).then_some(()));
    let progress = standing(&day, &id)["progress"].clone();
    assert_eq!(progress["parked"], 1, "{progress}");
    let listed = jobs(&day, &["parked"]);
    assert!(listed.contains(&all[1]) && listed.contains("can't read"), "{listed}");

    let again = jobs(&day, &["retry", "--all"]);
    assert!(again.contains(&format!("{}: waiting", all[1])), "{again}");
    let done = is_finished(&day, &id);
    assert_eq!(done["progress"]["completed"], 5, "{done}");
    assert_eq!(dialed(&day, &people), [1; 5]);
}

fn a_job_that_stays_unreadable_is_set_aside_again_and_never_loops(opening: Opening) {
    let day = opening.begin();
    let people = people(2);
    let id = draft(&day, "spring", &json!({}));
    let all = enqueue(&day, &id, &people);
    day.database().is_told("UPDATE jobs SET variables = 'none' WHERE number = '+15550100000'");
    does(&day, &id, "start");
    for _ in 0..2 {
        let why = is_parked(&day, &all[0])["why"].as_str().unwrap().to_owned();
        assert!(why.contains("column variables"), "{why}");
        jobs(&day, &["retry", &all[0]]);
    }
    is_parked(&day, &all[0]);
    is_settled(&day, &all[1]);
    assert_eq!(dialed(&day, &people), [0, 1]);
}

fn a_job_whose_earlier_call_cannot_be_read_is_given_up_after_some_tries(opening: Opening) {
    let day = opening.begin();
    let people = people(2);
    day.person(&people[0], Habit::Busy);
    let retry = json!({ "retry": { "by_disposition": { "busy": [600] } } });
    let (_, all) = campaign(&day, "spring", &retry, &people);
    gate_is(&day, &all[0], "retry_not_due");
    is_settled(&day, &all[1]);
    // The fold moves out of reach and back: so one text can break it and mend it.
    day.until("both calls are in the database", |day| {
        (day.get("/readyz").json()["lag_events"] == 0).then_some(())
    });
    day.database().is_told("UPDATE calls SET fold = 'x' || fold WHERE to_number = '+15550100000'");
    day.person(&people[0], Habit::answers());
    let why = is_parked(&day, &all[0])["why"].as_str().unwrap().to_owned();
    assert!(why.starts_with("5 tries came to nothing") && why.contains("earlier calls"), "{why}");
    assert_eq!(dialed(&day, &people), [1, 1]);
    day.database().is_told("UPDATE calls SET fold = substr(fold, 2) WHERE to_number = '+15550100000'");
    told(&with(&day.folder(), &["jobs", "retry", &all[0], "--json"], &[]));
    assert_eq!(is_settled(&day, &all[0])["done"]["done"], "reached");
    assert_eq!(dialed(&day, &people), [2, 1]);
}

fn a_gate_that_another_version_wrote_is_no_reason_to_stop(opening: Opening) {
    let day = opening.begin();
    let people = people(2);
    let id = draft(&day, "spring", &json!({}));
    enqueue(&day, &id, &people);
    day.database().is_told(r#"UPDATE jobs SET gate = '{"gate":"moon_is_full"}'"#);
    assert_eq!(day.get(&format!("/api/campaigns/{id}/jobs")).json()["jobs"].as_array().unwrap().len(), 2);
    does(&day, &id, "start");
    is_finished(&day, &id);
    assert_eq!(dialed(&day, &people), [1, 1]);
}

/// S2.9, of campaigns: whether it runs already when its row breaks, or the server finds it so at its start.
fn a_campaign_that_cannot_be_read_is_set_aside_and_the_others_go_on(opening: Opening) {
    let mut day = opening.begin();
    let (broken, theirs) = campaign(&day, "broken", &json!({ "pacing": { "concurrency": 1 } }), &people(1));
    is_finished(&day, &broken);
    let others: Vec<String> = (10..14).map(number).collect();
    let more: Vec<String> = (1..3).map(number).collect();
    let waiting = enqueue(&day, &broken, &more);
    // The fold moves out of reach and back: so one text can break it and mend it.
    day.database().is_told("UPDATE campaigns SET fold = 'x' || fold WHERE name = 'broken'");
    let (id, _) = campaign(&day, "others", &json!({}), &others[..2]);
    is_finished(&day, &id);

    let listed = day.get("/api/campaigns").json();
    let names: Vec<&Value> =
        listed["campaigns"].as_array().unwrap().iter().map(|one| &one["policy"]["name"]).collect();
    assert_eq!(names, ["others"], "the control: it can't be read");
    let aside = &listed["set_aside"][0];
    assert_eq!((&aside["id"], &aside["name"]), (&json!(broken), &json!("broken")), "{listed}");
    assert!(aside["why"].as_str().unwrap().contains("column fold"), "{listed}");
    let shown = day.get(&format!("/api/campaigns/{broken}"));
    assert!(shown.status == 409 && shown.text().contains("column fold"), "{}", shown.text());
    let said = with(&day.folder(), &["campaign", "list"], &[]);
    assert!(stdout(&said).contains("broken was set aside"), "{}", stdout(&said));
    let said = with(&day.folder(), &["campaign", "status", "broken"], &[]);
    assert_ne!(code(&said), 0, "{}", stdout(&said));
    let closed = gate_is(&day, &waiting[0], "campaign_lacks");
    assert_eq!(closed["what"], "policy", "{closed}");
    let stats = day.get("/api/queue/stats").json();
    let at_the_gate = stats["gates"].as_array().unwrap().iter().find(|gate| gate["code"] == "campaign_lacks");
    assert_eq!(at_the_gate.unwrap()["jobs"], 2, "{stats}");
    assert_eq!(job(&day, &theirs[0])["done"]["done"], "reached", "what was done stays done");

    day.power_fails();
    day.start();
    let (id, _) = campaign(&day, "after it", &json!({}), &others[2..]);
    is_finished(&day, &id);
    assert_eq!(dialed(&day, &more), [0, 0]);
    day.database().is_told("UPDATE campaigns SET fold = substr(fold, 2) WHERE name = 'broken'");
    draft(&day, "a change", &json!({}));
    does(&day, &broken, "resume");
    is_finished(&day, &broken);
    assert_eq!(dialed(&day, &more), [1, 1]);
    assert_eq!(dialed(&day, &others), [1; 4]);
}

/// S2.1: what was put into the queue is an id; name, zone and the rest are those of the lead when the call is made.
fn what_is_said_of_a_person_is_looked_up_when_it_is_their_turn(opening: Opening) {
    let script = r#"{"greeting": "Hello {{name}}", "questions": ["One?"]}"#;
    let day = opening.questions(script).begin();
    let id = draft(&day, "spring", &json!({}));
    let answer = day.post(
        &format!("/api/campaigns/{id}/jobs"),
        &json!({ "people": [{ "to": number(0), "name": "Ann", "zone": "UTC" }] }),
    );
    assert_eq!(answer.status, 201, "{}", answer.text());
    let renamed = day.ask(reqwest::Method::POST, "/api/leads/import").bearer_auth(crate::day::KEY);
    let renamed =
        renamed.header("content-type", "text/csv").body(format!("phone,name\n{},Dr Ann Lee\n", number(0)));
    let renamed = day.send(renamed);
    assert!(renamed.status < 300, "{}", renamed.text());
    does(&day, &id, "start");
    is_finished(&day, &id);
    assert_eq!(day.is_quiet().heard_by(&number(0))[0], "Hello Dr Ann Lee");
}
