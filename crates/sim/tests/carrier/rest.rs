//! The REST API and the control API as a client sees them.

use std::time::Duration;

use crate::product::{Client, OURS, Product, options, over, sim};
use serde_json::{Value, json};
use trunkline_sim::{Habit, Heard, SimOptions};

const ANN: &str = "+15125550100";

#[tokio::test]
async fn credentials_are_needed_everywhere_and_the_account_must_be_theirs() {
    let sim = sim(options()).await;
    let base = sim.base_url();
    let account = SimOptions::default().account_sid;
    let http = reqwest::Client::new();
    for path in ["/Calls.json", "/Recordings/RE1", "/IncomingPhoneNumbers.json"] {
        let url = format!("{base}/2010-04-01/Accounts/{account}{path}");
        let response = http.get(&url).basic_auth(&account, Some("wrong")).send().await.unwrap();
        assert_eq!(response.status(), 401, "{path}");
        let body: Value = response.json().await.unwrap();
        assert_eq!((body["code"].as_u64(), body["status"].as_u64()), (Some(20_003), Some(401)));
        assert_eq!(body["more_info"], "https://www.twilio.com/docs/errors/20003");
        assert_eq!(http.get(&url).send().await.unwrap().status(), 401, "{path}");
    }
    assert_eq!(Client::of(&sim).get(".json").await.0, 200);
    let other = format!("{base}/2010-04-01/Accounts/ACother/Calls.json");
    let token = SimOptions::default().auth_token;
    assert_eq!(http.get(other).basic_auth(&account, Some(token)).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_created_call_has_no_dates_yet_and_a_finished_one_has_all() {
    let product = Product::with_documents([("/voice", "<Pause length='61'/>")]).await;
    let sim = sim(options()).await;
    let client = Client::of(&sim);
    let (status, body) = client.try_create(&product, ANN, &[]).await.unwrap();
    let created: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &created["status"], &created["direction"]),
        (201, &json!("queued"), &json!("outbound-api"))
    );
    for field in ["start_time", "end_time", "duration", "price", "date_created"] {
        assert_eq!(created[field], Value::Null, "{field}");
    }
    let sid = created["sid"].as_str().unwrap();
    assert!(sid.starts_with("CA") && sid.len() == 34, "{sid}");

    over(&sim, &sid.into()).await;
    let call = client.json(&format!("/Calls/{sid}.json")).await;
    assert_eq!(
        (&call["status"], &call["duration"], &call["price"]),
        (&json!("completed"), &json!("61"), &Value::Null),
        "the price comes some minutes later"
    );
    let priced = async {
        loop {
            let call = client.json(&format!("/Calls/{sid}.json")).await;
            if !call["price"].is_null() {
                return call["price"].clone();
            }
        }
    };
    let price = tokio::time::timeout(std::time::Duration::from_secs(20), priced).await.unwrap();
    assert_eq!(price, "-0.0280");
    assert_eq!(call["to_formatted"], "(512) 555-0100");
    for field in ["start_time", "end_time", "date_created", "date_updated"] {
        assert!(call[field].as_str().unwrap().ends_with(" +0000"), "{field}");
    }
    assert_eq!(client.get("/Calls/CA00000000000000000000000000000000.json").await.0, 404);
}

#[tokio::test]
async fn a_refused_request_says_why() {
    let product = Product::with_documents([]).await;
    let sim = sim(options()).await;
    let (status, body) = Client::of(&sim).try_create(&product, "12345", &[]).await.unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, body["code"].as_u64(), body["status"].as_u64()), (400, Some(21_211), Some(400)));
    assert!(sim.dialed().is_empty());
}

#[tokio::test]
async fn a_listing_is_followed_page_by_page() {
    let product = Product::with_documents([("/voice", "<Hangup/>")]).await;
    let sim = sim(options()).await;
    let client = Client::of(&sim);
    for n in 0..5 {
        client.create(&product, &format!("+1512555010{n}"), &[]).await;
    }
    client.create(&product, "+15125550100", &[]).await;
    sim.wait_until_idle().await;

    let prefix = format!("/2010-04-01/Accounts/{}", SimOptions::default().account_sid);
    let mut uri = "/Calls.json?PageSize=4".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = client.json(&uri).await;
        seen.extend(
            page["calls"].as_array().unwrap().iter().map(|call| call["to"].as_str().unwrap().to_owned()),
        );
        match page["next_page_uri"].as_str() {
            Some(next) => uri = next.strip_prefix(&prefix).unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 6);
    assert_eq!((seen[0].as_str(), seen[1].as_str()), ("+15125550100", "+15125550104"));
    let count = async |query: &str| {
        client.json(&format!("/Calls.json?{query}")).await["calls"].as_array().unwrap().len()
    };
    assert_eq!(count("To=%2B15125550100").await, 2);
    assert_eq!(count("From=%2B15005550006&Status=completed").await, 6);
    assert_eq!(count("Status=busy").await, 0);
    assert_eq!(count("StartTime%3E=2026-01-01").await, 6);
    assert_eq!(count("StartTime%3C=2020-01-01").await, 0);
}

#[tokio::test]
async fn a_call_that_the_carrier_still_queues_has_no_start_and_is_in_no_span_of_starts() {
    let product = Product::with_documents([("/voice", "<Hangup/>")]).await;
    let sim = sim(SimOptions { calls_per_second: Some(0.01), ..options() }).await;
    let client = Client::of(&sim);
    let first = client.create(&product, ANN, &[]).await;
    let second = client.create(&product, ANN, &[]).await;
    sim.wait_for(|sim| sim.call(&first).unwrap().started_at.is_some()).await;
    let call = client.json(&format!("/Calls/{second}.json")).await;
    assert_eq!((&call["status"], &call["start_time"]), (&json!("queued"), &Value::Null));
    let listed = client.json("/Calls.json?To=%2B15125550100&StartTime%3E=2020-01-01").await;
    assert_eq!(listed["calls"].as_array().unwrap().len(), 1);
    over(&sim, &second).await;
    assert!(sim.call(&second).unwrap().queue_ms >= 50_000);
}

#[tokio::test]
async fn the_accounts_numbers_are_listed_and_pointed_elsewhere() {
    let product = Product::with_documents([("/voice", "<Say>Hi.</Say>")]).await;
    let sim = sim(options()).await;
    let client = Client::of(&sim);
    let listed = client.json("/IncomingPhoneNumbers.json?PhoneNumber=%2B15005550006").await;
    let sid = listed["incoming_phone_numbers"][0]["sid"].as_str().unwrap().to_owned();
    assert!(sim.call_in(ANN, OURS, None).is_err(), "it goes nowhere yet");
    let path = format!("/IncomingPhoneNumbers/{sid}.json");
    let (status, _) = client.post(&path, &[("VoiceUrl", &product.url("/voice"))]).await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(client.json(&path).await["voice_url"], product.url("/voice"));
    let call = sim.call_in(ANN, OURS, None).unwrap();
    over(&sim, &call).await;
    assert_eq!(sim.heard(&call), [Heard::Said { text: "Hi.".into() }]);
    assert_eq!(client.post(&path, &[("VoiceUrl", "nowhere")]).await.unwrap().0, 400);
}

#[tokio::test]
async fn a_calls_recordings_are_listed_and_need_credentials() {
    let product =
        Product::with_documents([("/voice", "<Record action='/got'/>"), ("/got", "<Hangup/>")]).await;
    let sim = sim(SimOptions { recording_lag: Duration::ZERO, ..options() }).await;
    let client = Client::of(&sim);
    let call = client.create(&product, ANN, &[]).await;
    over(&sim, &call).await;
    let listed = client.json(&format!("/Calls/{call}/Recordings.json")).await;
    let recording = &listed["recordings"][0];
    assert_eq!((&recording["status"], &recording["source"]), (&json!("completed"), &json!("RecordVerb")));
    let url = recording["media_url"].as_str().unwrap();
    assert_eq!(reqwest::get(url).await.unwrap().status(), 401);
    let sid = recording["sid"].as_str().unwrap();
    assert_eq!(client.json(&format!("/Recordings/{sid}.json")).await["duration"], recording["duration"]);
    assert_eq!(client.get(&format!("/Recordings/{sid}")).await.0, 200);
}

#[tokio::test]
async fn the_control_api_steers_and_judges() {
    let product =
        Product::with_documents([("/voice", "<Gather numDigits='1' action='/got'/>"), ("/got", "<Hangup/>")])
            .await;
    let sim = sim(options()).await;
    sim.set_voice_url(OURS, &product.url("/voice"));
    let http = reqwest::Client::new();
    let at = |path: &str| format!("{}/sim{path}", sim.base_url());
    let get = async |path: &str| -> Value { http.get(at(path)).send().await.unwrap().json().await.unwrap() };

    let habit = json!({ "habit": "presses_key", "key": "4" });
    assert_eq!(http.put(at("/people/+15125550100")).json(&habit).send().await.unwrap().status(), 204);
    let fault = json!({ "kind": "create_fails", "on": "+1512*", "count": 1 });
    assert_eq!(http.post(at("/faults")).json(&fault).send().await.unwrap().status(), 204);
    let client = Client::of(&sim);
    assert_eq!(client.try_create(&product, ANN, &[]).await.unwrap().0, 500);
    assert_eq!(get("/faults").await[0]["struck"], 1);
    assert_eq!(http.delete(at("/faults")).send().await.unwrap().status(), 204);
    let call = client.create(&product, ANN, &[]).await;

    let inbound = json!({ "from": "+15125550777", "to": OURS, "habit": Habit::PressesKey { key: '7' } });
    let response = http.post(at("/inbound")).json(&inbound).send().await.unwrap();
    assert_eq!(response.status(), 201);
    let inbound: Value = response.json().await.unwrap();

    assert_eq!(http.get(at("/wait")).send().await.unwrap().status(), 204);
    assert_eq!(get("/dialed").await, json!({ ANN: 1 }));
    assert_eq!(get("/calls?to=+15125550100").await[0]["sid"], call.as_str());
    let digits: Vec<String> =
        product.asked_at("/got").iter().map(|asked| asked.get("Digits").to_owned()).collect();
    assert!(digits.contains(&"4".into()) && digits.contains(&"7".into()), "{digits:?}");
    let heard = get(&format!("/heard/{}", inbound["sid"].as_str().unwrap())).await;
    assert_eq!(heard[1], json!({ "what": "pressed", "question": 1, "keys": "7" }));
    assert!(get("/webhooks").await.as_array().unwrap().len() >= 6);
    assert_eq!(get("/stats").await["live"], 0);
}

#[tokio::test]
async fn a_stopped_simulator_answers_nobody_and_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let with_file = || SimOptions { state_file: Some(folder.path().join("calls.jsonl")), ..options() };
    let product = Product::with_documents([("/voice", "<Pause length='36000'/>")]).await;
    let one = sim(with_file()).await;
    let client = Client::of(&one);
    let call = client.create(&product, ANN, &[]).await;
    one.wait_for(|sim| sim.call(&call).unwrap().answered_at.is_some()).await;
    one.stop().await;
    assert!(client.try_create(&product, ANN, &[]).await.is_err());

    let two = sim(with_file()).await;
    assert_eq!(two.dialed()[ANN], 1);
    let record = Client::of(&two).json(&format!("/Calls/{call}.json")).await;
    assert_eq!(record["status"], "failed");
    let again = Client::of(&two).create(&product, ANN, &[]).await;
    assert_ne!(again, call);
    assert_eq!(two.dialed()[ANN], 2);
}
