//! A campaign that names a bot: whom it calls, what comes of each, and who is called again.

use super::{OPENING, Talk};
use crate::queue::{campaign, enqueue, is_finished, is_settled, job};
use serde_json::{Value, json};
use trunkline_sim::{Habit, ModelTurn};

const ANN: &str = "+15550107101";
const MACHINE: &str = "+15550107102";
const AWAY: &str = "+15550107103";
const BEN: &str = "+15550107104";

/// Says this, asks for that, and ends the call for this reason.
fn ends(tool: Option<&str>, reason: &str) -> Vec<ModelTurn> {
    let mut turns = vec![ModelTurn::says(OPENING)];
    turns.extend(tool.map(|tool| ModelTurn::asks(tool, &json!({}))));
    turns.push(ModelTurn::says("All right. Goodbye.").and_asks("end_call", &json!({ "reason": reason })));
    turns
}

/// A clinic whose bot confirms what people say, and in which these have an appointment the day after tomorrow.
fn clinic(people: &[(&str, &str, Vec<ModelTurn>)]) -> Talk {
    let talk = Talk::begin(ends(None, "done"));
    let to = people.iter().map(|(name, _, turns)| ((*name).to_owned(), turns.clone())).collect();
    talk.model.set(|options| options.to = to);
    let hours = json!({ "zone": "UTC", "hours": [{ "from": "00:00", "to": "00:00" }] });
    let made = talk.day.post("/api/practitioners", &json!({ "name": "Dr Levi", "hours": hours }));
    assert_eq!(made.status, 201, "{}", made.text());
    for (n, (name, phone, _)) in people.iter().enumerate() {
        let start = talk.day.now() + jiff::SignedDuration::from_hours(48 + i64::try_from(n).unwrap());
        let start = start.strftime("%Y-%m-%dT%H:00:00Z").to_string();
        let made = talk.day.post(
            "/api/appointments",
            &json!({ "customer": name, "phone": phone, "practitioner": "Dr Levi", "start": start }),
        );
        assert_eq!(made.status, 201, "{}", made.text());
    }
    talk
}

fn by_bot(more: &Value) -> Value {
    let mut policy =
        json!({ "bot": "reception", "retry": { "by_class": {}, "by_disposition": {}, "unfinished": [] } });
    policy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    policy
}

#[test]
pub fn a_campaigns_bot_talks_to_each_and_every_job_ends_by_what_came_of_it() {
    let talk =
        clinic(&[("Ann Lee", ANN, ends(Some("confirm"), "done")), ("Ben Roe", BEN, ends(None, "refused"))]);
    let day = &talk.day;
    for person in [ANN, BEN] {
        day.person(person, Habit::says(["It is about the appointment."]));
    }
    day.person(MACHINE, Habit::Voicemail);
    day.person(AWAY, Habit::NoAnswer);
    let people = [ANN, MACHINE, AWAY, BEN].map(str::to_owned);
    let (id, jobs) = campaign(day, "reminders", &by_bot(&json!({})), &people);
    is_finished(day, &id);
    let came_of = |number: &str| {
        let of_them = jobs.iter().map(|id| job(day, id)).find(|job| job["to"] == number).unwrap();
        let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        (word(&of_them["done"]["done"]), word(&of_them["attempts"][0]["outcome"]))
    };
    let all = [ANN, MACHINE, AWAY, BEN].map(came_of);
    let all = all.each_ref().map(|(result, outcome)| (result.as_str(), outcome.as_str()));
    assert_eq!(
        all,
        [
            ("reached", "confirmed"),
            ("not_retried", "voicemail"),
            ("not_retried", "no_answer"),
            ("declined", "refused")
        ]
    );
    let own = day.get(&format!("/api/appointments?phone={}", ANN.replace('+', "%2B"))).json();
    assert_eq!(own["appointments"][0]["status"], "confirmed", "{own}");
    let table = day.get(&format!("/api/results.csv?campaign={id}")).text();
    let row = table.lines().find(|row| row.contains(&ANN[1..])).unwrap_or_default();
    assert!(table.lines().next().unwrap().contains("outcome") && row.contains("confirmed"), "{table}");
}

#[test]
pub fn who_hangs_up_on_a_bot_in_mid_sentence_is_called_again_and_who_has_confirmed_is_not() {
    let talk = clinic(&[("Ann Lee", ANN, ends(Some("confirm"), "done"))]);
    let day = &talk.day;
    day.person(ANN, Habit::HangsUpInMidQuestion { question: 1 });
    let again = json!({ "retry": { "by_class": {}, "by_disposition": {}, "unfinished": [5] } });
    let (_, jobs) = campaign(day, "reminders", &by_bot(&again), &[ANN.to_owned()]);
    day.until("the first call has ended", |day| {
        (job(day, &jobs[0])["attempts"][0]["outcome"] == "interrupted").then_some(())
    });
    day.person(ANN, Habit::says(["Yes, I will come."]));
    let settled = is_settled(day, &jobs[0]);
    let attempts = settled["attempts"].as_array().unwrap();
    let outcomes: Vec<&Value> = attempts.iter().map(|attempt| &attempt["outcome"]).collect();
    assert_eq!(
        (settled["done"]["done"].as_str(), outcomes.last().unwrap()),
        (Some("reached"), &&json!("confirmed"))
    );
    assert!(outcomes.len() > 1 && outcomes[..outcomes.len() - 1].iter().all(|was| *was == "interrupted"));
}

#[test]
pub fn a_campaign_names_a_bot_that_is_there_or_is_refused() {
    let talk = clinic(&[]);
    let day = &talk.day;
    let asked = |body: Value| day.post("/api/campaigns", &body);
    let refused = asked(json!({ "name": "reminders", "bot": "nobody" }));
    assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("bot")), "{}", refused.text());
    let refused = asked(json!({ "name": "reminders" }));
    assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("script")), "{}", refused.text());
    let made = asked(json!({ "name": "reminders", "bot": "reception" }));
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["policy"]["bot"], "reception", "{}", made.text());
    let single = day.post("/api/queue/jobs", &json!({ "to": ANN, "bot": "reception" }));
    assert_eq!(single.status, 201, "{}", single.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    enqueue(day, &id, &[ANN.to_owned()]);
}
