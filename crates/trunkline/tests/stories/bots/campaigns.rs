//! A campaign that names a bot: whom it calls, what comes of each, and who is called again.

use super::{OPENING, SPEED, Talk};
use crate::day::{Day, KEY};
use crate::queue::{campaign, enqueue, is_finished, is_settled, job};
use serde_json::{Value, json};
use trunkline_sim::{Habit, Heard, Misbehaves, ModelTurn};

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
pub fn who_has_confirmed_is_not_called_again_though_the_script_had_begun_to_ask() {
    let confirms = vec![
        ModelTurn::says(OPENING).and_asks("confirm", &json!({})),
        ModelTurn::says("All right. Goodbye.").and_asks("end_call", &json!({ "reason": "done" })),
    ];
    let talk = clinic(&[("Ann Lee", ANN, confirms)]);
    // The model is lost once the tool is answered, and she hangs up on the script that goes on.
    talk.model.set(|options| options.misbehaves = vec![(None, Misbehaves::StallsAt(1))]);
    let day = &talk.day;
    day.person(ANN, Habit::HangsUpInMidQuestion { question: 2 });
    let again = json!({ "retry": { "by_class": {}, "by_disposition": {}, "unfinished": [1] } });
    let (_, jobs) = campaign(day, "reminders", &by_bot(&again), &[ANN.to_owned()]);
    let settled = is_settled(day, &jobs[0]);
    let asked = |heard: &Heard| matches!(heard, Heard::Asked { .. });
    let sid = day.sid(ANN);
    assert!(day.sim.heard(&sid).iter().any(asked), "the control: {:?}", day.sim.heard(&sid));
    let attempts = settled["attempts"].as_array().unwrap();
    assert_eq!((attempts.len(), &attempts[0]["outcome"]), (1, &json!("confirmed")), "{settled}");
    assert_eq!((&settled["done"]["done"], day.dialed(ANN)), (&json!("reached"), 1), "{settled}");
}

#[test]
pub fn a_bots_campaign_goes_on_without_its_fallback_script() {
    let talk = clinic(&[("Ann Lee", ANN, ends(Some("confirm"), "done"))]);
    let day = &talk.day;
    day.person(ANN, Habit::says(["Yes, I will come."]));
    let gone = by_bot(&json!({ "script": "gone" }));
    let (_, jobs) = campaign(day, "reminders", &gone, &[ANN.to_owned()]);
    assert_eq!(is_settled(day, &jobs[0])["done"]["done"], "reached");
}

#[test]
pub fn a_models_outage_settles_nobody_as_reached() {
    let wrong = vec![(None, Misbehaves::Refuses(429))];
    let talk = Talk::misbehaving(ends(None, "done"), wrong);
    let day = &talk.day;
    day.person(ANN, Habit::says(["Hello?"]));
    // Nobody has written what goes on: she hears that the assistant can't, and that is all.
    let gone = by_bot(&json!({ "script": "gone" }));
    let (_, jobs) = campaign(day, "reminders", &gone, &[ANN.to_owned()]);
    let settled = is_settled(day, &jobs[0]);
    assert_eq!(settled["attempts"][0]["outcome"], "error", "{settled}");
    assert_eq!(settled["done"]["done"], "not_retried", "{settled}");
    let told = talk.told(&day.sid(ANN)).join(" ");
    assert!(told.contains("our assistant cannot go on") && !told.contains("after the tone"), "{told}");
}

#[test]
pub fn an_outage_is_tried_again_by_the_policy_for_our_own_failures() {
    let wrong = vec![(None, Misbehaves::Refuses(429))];
    let talk = Talk::prepared(SPEED, Day::with(), ends(None, "done"), wrong, |_| {});
    let day = &talk.day;
    day.person(ANN, Habit::says(["Yes, I will come."]));
    let again = json!({ "script": "gone",
        "retry": { "by_class": {}, "by_disposition": { "bot_failed": [1] }, "unfinished": [] } });
    let (_, jobs) = campaign(day, "reminders", &by_bot(&again), &[ANN.to_owned()]);
    day.until("the first call was an error", |day| {
        (job(day, &jobs[0])["attempts"][0]["outcome"] == "error").then_some(())
    });
    talk.model.set(|options| options.misbehaves = Vec::new());
    let settled = is_settled(day, &jobs[0]);
    assert!(settled["attempts"].as_array().unwrap().len() > 1, "{settled}");
}

#[test]
pub fn a_campaign_that_gets_another_bot_gets_its_script_too_unless_somebody_chose_one() {
    let talk = Talk::prepared(SPEED, Day::with(), ends(None, "done"), Vec::new(), |day| {
        for (name, script) in [("first", "alpha"), ("second", "beta")] {
            let file = day.questions_file().with_file_name("bots").join(format!("{name}.json"));
            let bot = json!({ "instructions": "Call.", "greeting": "Hello.", "fallback_script": script });
            std::fs::write(file, bot.to_string()).unwrap();
        }
    });
    let day = &talk.day;
    let made = day.post("/api/campaigns", &json!({ "name": "reminders", "bot": "first" }));
    assert_eq!(made.status, 201, "{}", made.text());
    let policy = &made.json()["policy"];
    assert_eq!((&policy["script"], &policy["machine"]), (&json!("alpha"), &json!({ "machine": "hang_up" })));
    let path = format!("/api/campaigns/{}", made.json()["id"].as_str().unwrap());
    let changed = |patch: Value| {
        let asked = day.ask(reqwest::Method::PATCH, &path).bearer_auth(KEY).json(&patch);
        let answer = day.send(asked);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["policy"].clone()
    };
    assert_eq!(changed(json!({ "bot": "second" }))["script"], "beta");
    assert_eq!(changed(json!({ "script": "own" }))["script"], "own");
    let policy = changed(json!({ "bot": "first", "machine": { "machine": "talk_first" } }));
    assert_eq!((&policy["bot"], &policy["script"]), (&json!("first"), &json!("own")), "{policy}");
    assert_eq!(changed(json!({ "bot": "second" }))["machine"], json!({ "machine": "talk_first" }));
}

#[test]
pub fn a_bot_goes_on_talking_to_a_machine_where_its_campaign_says_so() {
    for machine in ["talk_first", "hang_up"] {
        let talk = clinic(&[]);
        let day = &talk.day;
        day.person(MACHINE, Habit::Voicemail);
        let policy = by_bot(&json!({ "machine": { "machine": machine } }));
        let (_, jobs) = campaign(day, "reminders", &policy, &[MACHINE.to_owned()]);
        let settled = is_settled(day, &jobs[0]);
        assert_eq!(settled["attempts"][0]["outcome"], "voicemail", "the control, {machine}: {settled}");
        let over = talk.transcript()["over"].clone();
        assert_eq!(over == "finished", machine == "talk_first", "{machine}: {over}");
    }
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
