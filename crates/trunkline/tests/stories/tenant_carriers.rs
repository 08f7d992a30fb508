//! A tenant with a policy of its own: its calls go through the accounts that it may use and no other, and nobody is shown a number
//! of another tenant's.

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::{Fault, FaultKind, Habit};

use crate::day::{Answer, Day, KEY, OURS, OURS_TOO};
use crate::failover::{attempts, dialed, pairs};
use crate::queue::{campaign, gate_is, is_settled};
use crate::tenants::{knows_its_database, post, tenant, told};

const ANN: &str = "+15550106101";
const BEN: &str = "+15550106102";

fn answers_all() -> Habit {
    Habit::says(["Ann", "Tuesday", "no"])
}

/// Two accounts at one carrier, and a tenant with a key.
fn with_acme() -> (Day, String) {
    let day = Day::with().with_a_second_account("israel").begin();
    knows_its_database(&day);
    let (key, _) = tenant(&day, "acme");
    (day, key)
}

fn asks(day: &Day, key: &str, method: Method, path: &str, body: &Value) -> Answer {
    day.send(day.ask(method, path).bearer_auth(key).json(body))
}

/// It uses these accounts.
fn uses(day: &Day, policy: &Value) {
    let said = asks(day, KEY, Method::PUT, "/api/tenants/acme/carriers", policy);
    assert_eq!(said.status, 200, "{}", said.text());
}

fn owns(day: &Day, tenant: &str, number: &str) {
    let given = json!({ "script": "questions", "tenant": tenant });
    let given = asks(day, KEY, Method::PUT, &format!("/api/numbers/{number}"), &given);
    assert!([200, 201].contains(&given.status), "{}", given.text());
}

/// Places a call for whoever has this key, and gives what came of it.
fn called(day: &Day, key: &str, order: &Value) -> Value {
    let placed = post(day, key, "/api/calls", order);
    assert_eq!(placed.status, 202, "{}", placed.text());
    let path = format!("/api/calls/{}", placed.json()["id"].as_str().unwrap());
    day.until("the end of it", |day| {
        let call = crate::tenants::get(day, key, &path).json();
        (call["state"] == "ended").then_some(call)
    })
}

#[test]
fn a_tenants_calls_go_through_its_accounts_alone_and_fail_over_within_them() {
    let (mut day, acme) = with_acme();
    owns(&day, "acme", OURS_TOO);
    uses(&day, &json!({ "accounts": ["israel"] }));
    day.second().set_person(ANN, answers_all());
    let call = called(&day, &acme, &json!({ "to": ANN }));
    assert_eq!((attempts(&call), &call["from"]), (pairs([("israel", "-")]), &json!(OURS_TOO)), "{call}");

    // The other account could be asked, and is not.
    day.second().add_fault(Fault::new(FaultKind::CreateThrottled).on(BEN).times(1));
    day.second().set_person(BEN, answers_all());
    let call = called(&day, &acme, &json!({ "to": BEN }));
    assert_eq!(attempts(&call), pairs([("israel", "-"), ("israel", "-")]), "{call}");
    assert_eq!(dialed(&day, BEN), (0, 1));

    let refused = post(&day, &acme, "/api/calls", &json!({ "to": ANN, "carrier": "twilio" }));
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("your calls go through israel"), "{}", refused.text());

    // After a restart too.
    day.restarts();
    let call = called(&day, &acme, &json!({ "to": ANN }));
    assert_eq!(attempts(&call), pairs([("israel", "-")]), "{call}");
    // Whoever has no policy of its own goes by the server's.
    let call = called(&day, KEY, &json!({ "to": ANN }));
    assert_eq!(attempts(&call), pairs([("twilio", "-")]), "the control");
}

#[test]
fn a_tenant_chooses_otherwise_than_the_server_and_goes_back_to_it() {
    let (day, acme) = with_acme();
    owns(&day, "acme", OURS_TOO);
    owns(&day, "acme", OURS);
    let through =
        |day: &Day| called(day, &acme, &json!({ "to": ANN }))["carrier"].as_str().unwrap().to_owned();
    assert_eq!(through(&day), "twilio", "the server's first");
    uses(&day, &json!({ "accounts": ["israel", "twilio"] }));
    assert_eq!(through(&day), "israel", "its own first");
    let shares = json!([{ "name": "israel", "weight": 0 }, { "name": "twilio" }]);
    uses(&day, &json!({ "accounts": shares, "choice": "weighted" }));
    assert_eq!(through(&day), "twilio", "by its own shares");
    uses(&day, &json!({ "accounts": ["israel", "twilio"] }));
    // Its policy is its own: with one account at fault the next of its own is asked.
    day.second().add_fault(Fault::new(FaultKind::CreateThrottled).on(BEN));
    day.person(BEN, answers_all());
    let call = called(&day, &acme, &json!({ "to": BEN }));
    assert_eq!(attempts(&call), pairs([("israel", "-"), ("twilio", "too_many_requests")]), "{call}");
    let gone = asks(&day, KEY, Method::DELETE, "/api/tenants/acme/carriers", &Value::Null);
    assert_eq!(gone.status, 204);
    assert_eq!(through(&day), "twilio", "the server's again");
}

/// Neither at first nor where a call goes over to the account at which the other tenant's number is.
#[test]
fn a_number_of_one_tenant_is_never_shown_in_calls_of_another() {
    let (day, acme) = with_acme();
    owns(&day, "acme", OURS_TOO);
    let refused = post(&day, KEY, "/api/calls", &json!({ "to": ANN, "from": OURS_TOO }));
    assert!(refused.status == 400 && refused.text().contains("not yours"), "{}", refused.text());
    let refused = post(&day, KEY, "/api/calls", &json!({ "to": ANN, "carrier": "israel" }));
    assert_eq!(refused.status, 400, "{}", refused.text());
    day.sim.add_fault(Fault::new(FaultKind::CreateThrottled).on(ANN).times(1));
    day.person(ANN, answers_all());
    let call = called(&day, KEY, &json!({ "to": ANN }));
    assert_eq!(attempts(&call), pairs([("twilio", "-"), ("twilio", "-")]), "it waits where it is: {call}");
    assert_eq!(dialed(&day, ANN), (1, 0));
    // Another tenant has none of its own, and the server's number at that account is acme's now.
    let (beta, _) = tenant(&day, "beta");
    uses_of(&day, "beta", &json!({ "accounts": ["israel"] }));
    let refused = post(&day, &beta, "/api/calls", &json!({ "to": ANN }));
    assert_eq!(refused.status, 400, "{}", refused.text());
    let own = called(&day, &acme, &json!({ "to": BEN, "carrier": "israel" }));
    assert_eq!(own["from"], OURS_TOO, "the control");
}

#[test]
fn a_call_that_waits_while_its_number_is_given_to_another_tenant_is_not_shown_as_it() {
    let mut opening = Day::with().set("TRUNKLINE_LIMITS_QUEUE_EXPIRY_SECS", "120");
    opening = opening.with_a_second_account("israel");
    let day = opening.begin();
    knows_its_database(&day);
    let ((acme, _), _) = (tenant(&day, "acme"), tenant(&day, "beta"));
    owns(&day, "acme", OURS);
    owns(&day, "acme", OURS_TOO);
    day.person(ANN, answers_all());
    day.second().set_person(BEN, answers_all());
    let later = day.now() + jiff::SignedDuration::from_secs(120);
    let order = |to: &str, from: &str| json!({ "to": to, "from": from, "not_before": later.to_string() });
    let waits = |order: &Value| {
        let placed = post(&day, &acme, "/api/calls", order);
        assert_eq!(placed.status, 202, "{}", placed.text());
        format!("/api/calls/{}", placed.json()["id"].as_str().unwrap())
    };
    let (given_away, kept) = (waits(&order(ANN, OURS)), waits(&order(BEN, OURS_TOO)));
    owns(&day, "beta", OURS);
    let over = |path: &str| {
        day.until("the end of it", |day| {
            let call = crate::tenants::get(day, &acme, path).json();
            (call["state"] == "ended").then_some(call)
        })
    };
    let call = over(&given_away);
    assert_eq!((&call["disposition"], dialed(&day, ANN)), (&json!("expired"), (0, 0)), "{call}");
    let why = call["legs"][0]["error_message"].as_str().unwrap_or_default();
    assert!(why.contains("not its tenant's any more"), "{call}");
    assert_eq!(over(&kept)["disposition"], "completed", "the control");
}

fn uses_of(day: &Day, tenant: &str, policy: &Value) {
    let said = asks(day, KEY, Method::PUT, &format!("/api/tenants/{tenant}/carriers"), policy);
    assert_eq!(said.status, 200, "{}", said.text());
}

#[test]
fn a_campaign_of_a_tenant_goes_through_its_accounts_and_says_why_it_can_t() {
    let (day, acme) = with_acme();
    let mut day = day;
    owns(&day, "acme", OURS_TOO);
    owns(&day, "acme", OURS);
    uses(&day, &json!({ "accounts": ["israel"] }));
    day.second().set_person(ANN, answers_all());
    day.second().set_person(BEN, answers_all());
    day.speaks_with(&acme);
    let both = json!({ "caller_ids": { "numbers": [OURS, OURS_TOO] } });
    let (_, jobs) = campaign(&day, "both", &both, &[ANN.to_owned()]);
    is_settled(&day, &jobs[0]);
    assert_eq!(dialed(&day, ANN), (0, 1), "the first account is none of its own");
    let other = json!({ "caller_ids": { "numbers": [OURS] } });
    let (_, jobs) = campaign(&day, "other", &other, &[BEN.to_owned()]);
    gate_is(&day, &jobs[0], "campaign_lacks");
    assert_eq!(dialed(&day, BEN), (0, 0));
    // With the account it goes.
    uses(&day, &json!({ "accounts": ["israel", "twilio"] }));
    is_settled(&day, &jobs[0]);
    assert_eq!(dialed(&day, BEN), (1, 0));
}

#[test]
fn what_is_no_policy_is_refused_by_name() {
    let (day, acme) = with_acme();
    owns(&day, "acme", OURS_TOO);
    let put = |tenant: &str, policy: &Value| {
        let answer = asks(&day, KEY, Method::PUT, &format!("/api/tenants/{tenant}/carriers"), policy);
        (answer.status, answer.text())
    };
    for (policy, why) in [
        (json!({}), "accounts"),
        (json!({ "accounts": [] }), "name one account or more"),
        (json!({ "accounts": ["france"] }), "no account is called france; there are twilio, israel"),
        (json!({ "accounts": ["israel", "israel"] }), "israel is named twice"),
        (json!({ "accounts": ["israel"], "choice": "best" }), "first, weighted, by_country"),
        (json!({ "accounts": [{ "name": "israel", "weight": 5000 }] }), "from 0 to 1000"),
        (json!({ "accounts": [{ "name": "israel", "countries": ["Israel"] }] }), "not a country"),
        (json!({ "accounts": [{ "name": "israel", "wait": 1 }] }), "wait"),
        (json!({ "accounts": [{ "name": "israel", "from": OURS }] }), "is not a number of acme"),
        (json!({ "accounts": [{ "name": "twilio", "from": OURS_TOO }] }), "is not at twilio"),
        (json!({ "accounts": ["israel"], "weights": [] }), "weights"),
    ] {
        let (status, said) = put("acme", &policy);
        assert!(status == 400 && said.contains(why), "{policy}: {status} {said}");
    }
    assert_eq!(put("default", &json!({ "accounts": ["israel"] })).0, 400);
    assert_eq!(put("nobody", &json!({ "accounts": ["israel"] })).0, 404);
    let own =
        asks(&day, &acme, Method::PUT, "/api/tenants/acme/carriers", &json!({ "accounts": ["israel"] }));
    assert_eq!(own.status, 403, "whoever runs the server says it");
    let good =
        json!({ "accounts": [{ "name": "israel", "from": OURS_TOO, "countries": ["IL"], "weight": 0 }] });
    assert_eq!(put("acme", &good).0, 200, "the control");
}

#[test]
fn the_command_line_says_which_carriers_a_tenant_uses() {
    let (day, _) = with_acme();
    owns(&day, "acme", OURS_TOO);
    let from = format!("israel={OURS_TOO}");
    let words = [
        "tenant",
        "carriers",
        "acme",
        "--account",
        "israel",
        "--account",
        "twilio",
        "--choice",
        "by_country",
        "--country",
        "israel=IL",
        "--from",
        &from,
    ];
    let said = told(&day, &words);
    let accounts = &said["carriers"]["accounts"];
    assert_eq!(
        (&accounts[0]["from"], &accounts[0]["countries"]),
        (&json!(OURS_TOO), &json!(["IL"])),
        "{said}"
    );
    let listed = told(&day, &["tenant", "list"]);
    assert_eq!(listed["tenants"][0]["carriers"]["choice"], "by_country", "{listed}");
    let back = told(&day, &["tenant", "carriers", "acme"]);
    assert!(back["carriers"].is_null(), "{back}");
}
