//! Two tenants on one server: what cleans up after one of them (rulings, recoveries, cancellations) touches no live call,
//! and nothing that is the other's.

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::{FaultKind, Habit};

use crate::day::{Day, KEY, Opening};
use crate::queue::{asks, campaign, does, is_at_rest, is_settled, job, number, on_each_engine, standing};

on_each_engine!(
    what_cleans_up_after_one_tenant_touches_nothing_of_the_other,
    no_route_of_the_queue_tells_a_tenant_anything_of_anothers,
);

/// A tenant with a key of its own.
fn tenant(day: &Day, id: &str) -> String {
    let made = day.until("tenants are taken", |day| {
        Some(day.post("/api/tenants", &json!({ "id": id, "name": id }))).filter(|made| made.status != 503)
    });
    assert_eq!(made.status, 201, "{}", made.text());
    let key = day.post("/api/keys", &json!({ "tenant": id, "name": "queue", "role": "owner" }));
    assert_eq!(key.status, 201, "{}", key.text());
    key.json()["key"].as_str().unwrap().to_owned()
}

fn rings_on() -> Habit {
    Habit::Answers { ring_secs: Some(580), said: vec![], digits: vec![] }
}

fn what_cleans_up_after_one_tenant_touches_nothing_of_the_other(opening: Opening) {
    let mut day = opening.set("TRUNKLINE_LIMITS_RING_TIMEOUT_SECS", "600").begin();
    let (acme, beta) = (tenant(&day, "acme"), tenant(&day, "beta"));
    let (theirs, mine): (Vec<_>, Vec<_>) = ((0..2).map(number).collect(), (10..14).map(number).collect());

    // Beta: a call that rings for ten minutes and of which nobody hears anything, and somebody who waits.
    day.person(&theirs[0], rings_on()).fault(FaultKind::CallbackLost, &theirs[0]);
    day.speaks_with(&beta);
    let (calm, jobs) = campaign(&day, "calm", &json!({ "pacing": { "concurrency": 1 } }), &theirs);
    let live = day.sid(&theirs[0]);
    let attempt = day.until("its call is known", |day| {
        Some(job(day, &jobs[0])["attempts"][0]["call_id"].clone()).filter(Value::is_string)
    });
    let history = |day: &Day, call: &Value| {
        let events = day.get(&format!("/api/calls/{}/events", call.as_str().unwrap())).json();
        let kinds = events["events"].as_array().unwrap().iter().map(|event| event["kind"].clone());
        kinds.filter(|kind| kind.as_str().unwrap().contains("hang_up") || kind == "ended").collect::<Vec<_>>()
    };

    // Acme of the same names: requests that are lost, ends that nobody tells, a force-cancel, a recovery.
    day.speaks_with(&acme);
    day.fault(FaultKind::CreateFails, &mine[0]).fault(FaultKind::CallbackLost, &mine[1]);
    day.person(&mine[3], rings_on());
    let policy = json!({ "retry": { "by_class": {} } });
    let (id, jobs_of_acme) = campaign(&day, "calm", &policy, &mine);
    for id in &jobs_of_acme[..3] {
        let settled = is_settled(&day, id);
        let attempt = &settled["attempts"][0];
        let failed = attempt["status"] != "completed";
        assert_eq!(
            failed,
            attempt["error_code"].is_string() && attempt["error_message"].is_string(),
            "{attempt}"
        );
    }
    day.until("the last one rings", |day| (day.dialed(&mine[3]) == 1).then_some(()));
    assert_eq!(asks(&day, &id, "force-cancel").status, 200);
    assert_eq!(is_at_rest(&day, &id)["canceled"], 1);
    day.speaks_with(KEY);
    assert_eq!(day.post("/api/recover", &json!({})).status, 200);

    // Beta's call rings on, by the carrier's word and by ours, and whoever waits still does.
    day.speaks_with(&beta);
    let call = day.sim.call(&live).unwrap();
    assert!(call.ended_at.is_none(), "it was touched: {call:?}");
    assert_eq!(job(&day, &jobs[0])["bucket"], "in_progress");
    assert_eq!(history(&day, &attempt), Vec::<Value>::new());
    assert_eq!(job(&day, &jobs[1])["state"], "waiting");
    assert_eq!(standing(&day, &calm)["state"], "running");
    does(&day, &calm, "force-cancel");
    is_at_rest(&day, &calm);
    assert_eq!(history(&day, &attempt).len(), 2, "the control: a hang-up stands in the history");
}

fn no_route_of_the_queue_tells_a_tenant_anything_of_anothers(opening: Opening) {
    let mut day = opening.begin();
    let (acme, beta) = (tenant(&day, "acme"), tenant(&day, "beta"));
    day.speaks_with(&acme);
    let (id, jobs) = campaign(&day, "ours", &json!({}), &[number(0)]);
    is_settled(&day, &jobs[0]);
    let nobody = "0199b2a4-7c6e-7000-8000-000000000001";
    let of_campaign = [
        (Method::GET, ""),
        (Method::PATCH, ""),
        (Method::POST, "/start"),
        (Method::POST, "/pause"),
        (Method::POST, "/resume"),
        (Method::POST, "/drain"),
        (Method::POST, "/cancel"),
        (Method::POST, "/force-cancel"),
        (Method::POST, "/jobs"),
        (Method::GET, "/jobs"),
        (Method::GET, "/plan"),
        (Method::GET, "/results"),
    ];
    let of_job = [
        (Method::GET, ""),
        (Method::GET, "/why"),
        (Method::POST, "/cancel"),
        (Method::POST, "/retry"),
        (Method::POST, "/call-back"),
    ];
    let routes = of_campaign.into_iter().map(|(method, rest)| (method, "campaigns", &id, rest));
    for (method, kind, id, rest) in
        routes.chain(of_job.into_iter().map(|(method, rest)| (method, "jobs", &jobs[0], rest)))
    {
        let ask = |id: &str| {
            let request = day.ask(method.clone(), &format!("/api/{kind}/{id}{rest}")).bearer_auth(&beta);
            let body = match rest {
                "/jobs" => json!({ "people": [number(5)] }),
                "/call-back" => json!({ "at": day.now() + jiff::SignedDuration::from_hours(1) }),
                _ => json!({}),
            };
            day.send(if method == Method::GET { request } else { request.json(&body) })
        };
        let (theirs, absent) = (ask(id), ask(nobody));
        assert_eq!(theirs.status, 404, "{method} {kind}{rest}: {}", theirs.text());
        assert_eq!(theirs.text(), absent.text(), "{method} {kind}{rest}");
    }
    day.speaks_with(&beta);
    assert_eq!(day.get("/api/campaigns").json()["campaigns"], json!([]));
    assert_eq!(day.get("/api/leads").json()["leads"], json!([]));
    assert_eq!(day.get("/api/queue/stats").json()["rate"]["last_15_minutes"], 0);
    day.speaks_with(&acme);
    assert_eq!(day.get("/api/campaigns").json()["campaigns"].as_array().unwrap().len(), 1, "the control");
    assert_eq!(day.get("/api/leads").json()["leads"].as_array().unwrap().len(), 1, "the control");
}
