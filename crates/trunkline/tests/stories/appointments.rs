//! Appointments by REST: made, moved, cancelled, imported; free times; whose they are; and what an operator does with them.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};

use crate::day::{Answer, Day, KEY};
use crate::operator::{run, spoil, told};
use crate::tenants::{knows_its_database, post};

/// A week from Monday, far ahead.
const DAY: &str = "2036-03-03";

fn hours() -> Value {
    json!({ "zone": "Asia/Jerusalem", "hours": [{ "from": "09:00", "to": "11:00" }], "holidays": ["2036-03-04"] })
}

fn clinic() -> Day {
    let day = Day::begin();
    knows_its_database(&day);
    let made = day.post("/api/practitioners", &json!({ "name": "Dr Levi", "hours": hours() }));
    assert_eq!(made.status, 201, "{}", made.text());
    day
}

fn wanted(start: &str) -> Value {
    json!({ "customer": "Ann Lee", "phone": "+15550100123", "practitioner": "dr levi", "start": start })
}

fn change(day: &Day, id: &str, change: &Value) -> Answer {
    let path = format!("/api/appointments/{id}");
    day.send(day.ask(Method::PATCH, &path).bearer_auth(KEY).json(change))
}

fn free(day: &Day) -> Vec<String> {
    let path = format!("/api/appointments/slots?practitioner=Dr+Levi&since={DAY}&until=2036-03-05");
    let slots = day.get(&path).json()["practitioners"][0]["slots"].clone();
    let local = |slot: &Value| slot["start_local"].as_str().unwrap().to_owned();
    slots.as_array().unwrap().iter().map(local).collect()
}

#[test]
fn s4_21_an_appointment_is_made_at_a_free_time_moved_to_another_and_cancelled() {
    let day = clinic();
    let all = ["09:00", "09:30", "10:00", "10:30"].map(|time| format!("{DAY}T{time}+02:00"));
    assert_eq!(free(&day), all, "and none on the holiday");
    let made = day.post("/api/appointments", &wanted(&format!("{DAY}T09:30")));
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    assert_eq!(made["start"], format!("{DAY}T07:30:00Z"));
    assert_eq!(
        (&made["practitioner"], &made["zone"], &made["minutes"]),
        (&json!("Dr Levi"), &json!("Asia/Jerusalem"), &json!(30))
    );
    assert_eq!(free(&day), [&*all[0], &all[2], &all[3]]);
    let second = day.post("/api/appointments", &wanted(&format!("{DAY}T09:45")));
    assert_eq!((second.status, second.json()["code"].clone()), (409, json!("slot_taken")));
    let id = made["id"].as_str().unwrap();
    let moved = change(&day, id, &json!({ "start": format!("{DAY}T10:30:00+02:00"), "notes": "by phone" }));
    assert_eq!((moved.status, moved.json()["status"].clone()), (200, json!("rescheduled")));
    assert_eq!(free(&day), all[..3]);
    assert_eq!(change(&day, id, &json!({ "status": "confirmed" })).json()["status"], "confirmed");
    let cancelled = day.post(&format!("/api/appointments/{id}/cancel"), &json!({}));
    assert_eq!((cancelled.status, cancelled.json()["status"].clone()), (200, json!("cancelled")));
    assert_eq!(free(&day), all);
    let late = change(&day, id, &json!({ "start": format!("{DAY}T09:00") }));
    assert_eq!(
        (late.status, late.json()["code"].clone(), late.json()["state"].clone()),
        (409, json!("not_now"), json!("cancelled"))
    );
}

#[test]
fn what_is_no_appointment_is_refused_by_the_field() {
    let day = clinic();
    let with = |field: &str, value: Value| {
        let mut body = wanted(&format!("{DAY}T09:00"));
        body[field] = value;
        day.post("/api/appointments", &body)
    };
    for (field, value) in [
        ("customer", json!(" ")),
        ("phone", json!("12")),
        ("start", json!("tomorrow")),
        ("start", json!(DAY)),
        ("zone", json!("Mars/Phobos")),
        ("minutes", json!(4)),
        ("status", json!("gone")),
    ] {
        let refused = with(field, value.clone());
        assert_eq!((refused.status, &refused.json()["field"]), (400, &json!(field)), "{field}: {value}");
    }
    let unknown = with("practitioner", json!("Dr Who"));
    assert_eq!(
        (unknown.status, &unknown.json()["field"]),
        (400, &json!("zone")),
        "by whose clock is not known"
    );
    assert_eq!(with("doctor", json!("x")).json()["code"], "unknown_field");
    assert_eq!(with("notes", json!("first visit")).status, 201, "the control");
    let odd = day.post("/api/practitioners", &json!({ "name": "DR LEVI", "hours": hours() }));
    assert_eq!((odd.status, odd.json()["code"].clone()), (409, json!("taken")));
}

#[test]
fn a_list_of_appointments_is_taken_and_each_row_that_is_not_is_named() {
    let day = clinic();
    let list = format!(
        "Patient;Phone;Doctor;Date;Time;Status\nAnn;+15550100123;Dr Levi;{DAY};09:00;scheduled\nBen;+15550100124;Dr Levi;\
         {DAY};09:15;\nCleo;12;Dr Levi;{DAY};10:00;\nDan;+15550100125;Dr Levi;{DAY};10:30;confirmed\n\
         Eve;+15550100126;Dr Levi;{DAY};25:00;\n"
    );
    let send = |query: &str| {
        let path = format!("/api/appointments/import{query}");
        day.send(
            day.ask(Method::POST, &path)
                .bearer_auth(KEY)
                .header("content-type", "text/csv")
                .body(list.clone()),
        )
    };
    let tried = send("?dry_run=true");
    assert_eq!((tried.status, &tried.json()["added"]), (200, &json!(3)), "{}", tried.text());
    assert!(day.get("/api/appointments").json()["appointments"].as_array().unwrap().is_empty());
    let taken = send("");
    let told = taken.json();
    assert_eq!((taken.status, &told["rows"], &told["added"]), (201, &json!(5), &json!(2)), "{told}");
    let skipped: Vec<(u64, &str, &str)> = told["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (row["row"].as_u64().unwrap(), row["column"].as_str().unwrap(), row["code"].as_str().unwrap())
        })
        .collect();
    assert_eq!(skipped, [(3, "start", "taken"), (4, "phone", "invalid"), (6, "start", "invalid")]);
    assert!(!taken.text().contains("Cleo") && !taken.text().contains("+1555"), "{}", taken.text());
    assert_eq!(send("").json()["added"], 0, "the same list once more");
    let confirmed = day.get("/api/appointments?status=confirmed").json();
    assert_eq!(confirmed["appointments"][0]["customer"], "Dan");
    let page = day.get("/api/appointments?limit=1").json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = day.get(&format!("/api/appointments?limit=1&cursor={cursor}")).json();
    assert_eq!(
        (&page["appointments"][0]["customer"], &next["appointments"][0]["customer"]),
        (&json!("Ann"), &json!("Dan"))
    );
    let json_list = json!({ "appointments": [{ "name": "Fay", "phone": "+15550100127", "with": "Dr Levi", "start": format!("{DAY}T10:00") }] });
    let sent = day.post("/api/appointments/import", &json_list);
    assert_eq!((sent.status, &sent.json()["added"]), (201, &json!(1)), "{}", sent.text());
}

#[test]
fn an_appointment_is_its_tenants_and_nobody_elses() {
    let day = clinic();
    for tenant in ["acme", "beta"] {
        assert_eq!(post(&day, KEY, "/api/tenants", &json!({ "id": tenant })).status, 201);
    }
    let key = |tenant: &str| {
        let made =
            post(&day, KEY, "/api/keys", &json!({ "tenant": tenant, "name": tenant, "role": "owner" }));
        made.json()["key"].as_str().unwrap().to_owned()
    };
    let (acme, beta) = (key("acme"), key("beta"));
    let own = json!({ "name": "Dr Levi", "hours": hours() });
    assert_eq!(
        post(&day, &acme, "/api/practitioners", &own).status,
        201,
        "another tenant's of that name is another one"
    );
    let made = post(&day, &acme, "/api/appointments", &wanted(&format!("{DAY}T09:00")));
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("/api/appointments/{}", made.json()["id"].as_str().unwrap());
    let read = |key: &str, path: &str| day.send(day.ask(Method::GET, path).bearer_auth(key));
    assert_eq!((read(&acme, &path).status, read(&beta, &path).status), (200, 404));
    assert_eq!(read(&beta, "/api/appointments").json()["appointments"], json!([]));
    assert_eq!(read(&beta, "/api/appointments/slots").json()["practitioners"], json!([]));
    let change = day.ask(Method::PATCH, &path).bearer_auth(&beta).json(&json!({ "status": "cancelled" }));
    assert_eq!(day.send(change).status, 404);
    assert_eq!(read(&acme, &path).json()["status"], "scheduled");
}

#[test]
fn without_a_database_appointments_are_refused_and_say_so() {
    let day = Day::with().set("DATABASE_URL", "none").begin();
    for path in ["/api/appointments", "/api/appointments/slots", "/api/practitioners"] {
        let refused = day.get(path);
        assert_eq!((refused.status, refused.json()["code"].clone()), (409, json!("no_database")), "{path}");
    }
}

#[test]
fn bots_are_read_from_their_folder_shown_to_whose_they_are_and_a_slip_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let good = r#"{"instructions": "Be kind.", "greeting": "Is this {{name}}?", "tools": ["confirm"]}"#;
    fs::write(file("clinic.json"), good).unwrap();
    fs::write(file("own.json"), good.replacen('{', r#"{"tenant": "acme", "#, 1)).unwrap();
    let day = Day::with().set("BOTS", folder.path().to_str().unwrap()).begin();
    let bots = day.get("/api/bots").json()["bots"].clone();
    assert_eq!(bots.as_array().unwrap().len(), 1, "{bots}");
    let definition = &bots[0]["definition"];
    assert_eq!((&bots[0]["name"], &definition["tools"]), (&json!("clinic"), &json!(["confirm", "end_call"])));
    assert_eq!(definition["disclosure"], "Hello, I am an automated assistant.");
    assert_eq!(day.get("/api/bots/own").status, 404, "another tenant's");
    fs::write(file("clinic.json"), "{\"greeting\": \"Hello.\",\n \"tool\": []}").unwrap();
    day.until("the slip is told", |day| {
        (day.get("/readyz").json()["parts"]["scripts"]["state"] == "degraded").then_some(())
    });
    let broken = day.get("/api/bots/clinic").json();
    assert!(broken["problem"].as_str().unwrap().contains("clinic.json: line 2"), "{broken}");
    assert_eq!(broken["definition"]["version"], definition["version"], "the last good one");
}

#[test]
fn appointments_of_long_ago_are_pruned_with_their_time_and_the_check_finds_time_that_is_lost() {
    let day = clinic();
    let make = |start: &str| {
        let made = day.post("/api/appointments", &wanted(start));
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["id"].as_str().unwrap().to_owned()
    };
    let (old, ahead) = (make("2020-03-02T09:00"), make(&format!("{DAY}T09:30")));
    let checked = || {
        let output = run(&day, &["verify", "--json"]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let sound = checked();
    assert_eq!((&sound["appointments"], &sound["sound"]), (&json!({ "good": 2, "of": 2 }), &json!(true)));
    let kept = told(&run(&day, &["prune", "--json", "--older-than", "90d", "--status", "completed"]));
    assert_eq!(kept["removed"]["appointments"], 0, "by status they are kept: {kept}");
    let gone = told(&run(&day, &["prune", "--json", "--older-than", "90d"]));
    assert_eq!(gone["removed"]["appointments"], 1, "{gone}");
    assert_eq!(day.get(&format!("/api/appointments/{old}")).status, 404);
    assert_eq!(day.get(&format!("/api/appointments/{ahead}")).status, 200);
    make("2020-03-02T09:00");
    assert_eq!(checked()["appointments"], json!({ "good": 2, "of": 2 }));
    spoil(&day, "DELETE FROM appointment_cells");
    let wrong = checked();
    assert_eq!((&wrong["appointments"], &wrong["sound"]), (&json!({ "good": 0, "of": 2 }), &json!(false)));
}
