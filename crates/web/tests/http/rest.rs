//! The REST API for key holders.

use crate::client::send;
use crate::house::House;
use serde_json::json;

const NOBODY: &str = "0199b2a4-7c6e-7000-8000-000000000001";

#[tokio::test(flavor = "multi_thread")]
async fn without_a_valid_key_nothing_is_told() {
    let house = House::open().await;
    for headers in [vec![], vec![("authorization", "Bearer wrong")], vec![("authorization", "Basic YTpi")]] {
        for target in ["/api/calls", "/api/calls/active", "/api/scripts", "/api/suppressions"] {
            let answer = house.get(target, &headers).await;
            assert_eq!(answer.status, 401, "{target}");
            assert_eq!(answer.json()["code"], "unauthorized");
        }
        let order = br#"{"to": "+15550100123"}"#;
        assert_eq!(send(house.server, "POST", "/api/calls", &headers, order).await.status, 401);
    }
    assert!(house.sim.dialed().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_becomes_a_call_that_can_be_read() {
    let house = House::open().await;
    let order = json!({"to": "+15550109000", "name": "Ann", "metadata": {"crm": 7}, "session_id": "s1"});
    let placed = house.api("POST", "/api/calls", &order.to_string()).await;
    assert_eq!(placed.status, 202, "{}", placed.text());
    let id = placed.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(placed.header("location"), Some(&*format!("/api/calls/{id}")));
    let call = house.api("GET", &format!("/api/calls/{id}/"), "").await.json();
    assert_eq!(
        (&call["to"], &call["name"], &call["metadata"]["crm"]),
        (&json!("+15550109000"), &json!("Ann"), &json!(7))
    );
    let list = house.api("GET", "/api/calls?search=Ann", "").await.json();
    assert_eq!(list["calls"][0]["id"], call["id"]);
    let none = house.api("GET", "/api/calls?carrier=telnyx", "").await.json();
    assert_eq!(none["calls"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_and_body_place_one_call() {
    let house = House::open().await;
    let bearer = format!("Bearer {}", crate::house::KEY);
    let headers = [("authorization", &*bearer), ("idempotency-key", "order-1")];
    let order = br#"{"to": "+15550109002"}"#;
    let first = send(house.server, "POST", "/api/calls", &headers, order).await;
    let again = send(house.server, "POST", "/api/calls", &headers, order).await;
    let other = send(house.server, "POST", "/api/calls", &headers, br#"{"to": "+15550109001"}"#).await;
    assert_eq!((first.status, again.status, other.status), (202, 202, 422));
    assert_eq!(first.json()["id"], again.json()["id"]);
    assert_eq!((&first.json()["is_duplicate"], &again.json()["is_duplicate"]), (&json!(false), &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_order_is_refused_with_its_field() {
    let house = House::open().await;
    for (order, field) in [
        (json!({"to": "+1555"}), "to"),
        (json!({"to": "+15550100123", "scrpt": "x"}), "scrpt"),
        (json!({"to": "+15550100123", "script": "nowhere"}), "script"),
        (json!({"to": "+15550100123", "ring_timeout_secs": 1}), "ring_timeout_secs"),
        (json!({}), "to"),
    ] {
        let answer = house.api("POST", "/api/calls", &order.to_string()).await;
        assert_eq!(answer.status, 400, "{order}");
        assert_eq!(answer.json()["field"], field, "{order}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    assert!(house.sim.dialed().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_once_and_then_says_how_it_had_ended() {
    let house = House::open().await;
    let later = json!({"to": "+15550109000", "not_before": "2999-01-01T00:00:00Z"});
    let placed = house.api("POST", "/api/calls", &later.to_string()).await;
    assert_eq!(placed.status, 202, "{}", placed.text());
    let end = format!("/api/calls/{}/end", placed.json()["id"].as_str().unwrap());
    assert_eq!(house.api("POST", &end, "").await.status, 202);
    let again = house.api("POST", &end, "").await;
    assert_eq!(again.status, 409);
    assert_eq!((&again.json()["state"], &again.json()["call_status"]), (&json!("ended"), &json!("canceled")));
    assert_eq!(house.api("POST", &format!("/api/calls/{NOBODY}/end"), "").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_has_answered_is_not_held_nor_handed_over_and_says_where_it_is() {
    let house = House::open().await;
    let later = json!({"to": "+15550109000", "not_before": "2999-01-01T00:00:00Z"});
    let placed = house.api("POST", "/api/calls", &later.to_string()).await.json();
    let to = json!({"to": "+15550109001"}).to_string();
    for (action, body) in [("hold", ""), ("resume", ""), ("transfer", &*to)] {
        let path = format!("/api/calls/{}/{action}", placed["id"].as_str().unwrap());
        let answer = house.api("POST", &path, body).await;
        assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("not_now")), "{}", answer.text());
        assert_eq!(answer.json()["state"], "initiated");
        assert_eq!(house.api("POST", &format!("/api/calls/{NOBODY}/{action}"), body).await.status, 404);
    }
    let path = format!("/api/calls/{}/transfer", placed["id"].as_str().unwrap());
    for (body, code) in
        [("", "bad_request"), ("{}", "invalid_field"), (r#"{"to": "+1", "at": 1}"#, "unknown_field")]
    {
        let answer = house.api("POST", &path, body).await;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(code)), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_found_and_never_guessed() {
    let house = House::open().await;
    for target in [
        &format!("/api/calls/{NOBODY}"),
        &format!("/api/calls/{NOBODY}/turns"),
        &format!("/api/calls/{NOBODY}/events"),
        &format!("/api/calls/{NOBODY}/recordings/0"),
        &format!("/api/calls/{NOBODY}/recordings/-1"),
        &format!("/api/calls/{NOBODY}/recordings/..%2f..%2fetc%2fpasswd"),
        "/api/calls/%00",
        "/api/calls/%ff",
        "/api/nowhere",
        "/nowhere",
        "/assets/..%2fCargo.toml",
    ] {
        let answer = house.api("GET", target, "").await;
        assert_eq!(answer.status, 404, "{target}");
        assert_eq!(answer.json()["code"], "not_found", "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_told_the_right_ones() {
    let house = House::open().await;
    for (method, target) in
        [("DELETE", "/api/calls"), ("PUT", "/voice"), ("GET", "/status"), ("POST", "/health")]
    {
        let answer = house.api(method, target, "").await;
        assert_eq!(answer.status, 405, "{method} {target}");
        assert_eq!(answer.json()["code"], "method_not_allowed");
        assert!(answer.header("allow").is_some(), "{method} {target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_query_is_refused_not_ignored() {
    let house = House::open().await;
    for query in ["status=done", "limit=0", "cursor=nonsense", "since=soon", "sttus=busy"] {
        let answer = house.api("GET", &format!("/api/calls?{query}"), "").await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.json()["code"], "invalid_query", "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suppressed_number_is_never_called() {
    let house = House::open().await;
    let added =
        house.api("POST", "/api/suppressions", r#"{"number": "+15550109000", "reason": "asked"}"#).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let listed = house.api("GET", "/api/suppressions", "").await.json();
    assert_eq!(listed["suppressions"][0]["number"], "+15550109000");
    let refused = house.api("POST", "/api/calls", r#"{"to": "+15550109000"}"#).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("suppressed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_need_no_key_and_tell_strangers_no_reasons() {
    let house = House::open().await;
    let health = house.get("/health", &[]).await;
    assert_eq!((health.status, &health.json()["active_calls"]), (200, &json!(0)));
    assert_eq!(house.get("/healthz", &[]).await.status, 200);
    let ready = house.get("/readyz", &[]).await;
    assert_eq!(ready.status, 200);
    assert!(ready.json()["parts"]["journal"].get("detail").is_none());
    let ready = house.api("GET", "/readyz", "").await;
    assert!(ready.json()["parts"]["journal"].get("detail").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_server_is_not_ready_and_takes_no_calls() {
    let house = House::open().await;
    assert_eq!(house.api("POST", "/api/drain", "").await.status, 202);
    assert_eq!(house.get("/readyz", &[]).await.status, 503);
    assert_eq!(house.get("/health", &[]).await.status, 200);
    assert_eq!(house.api("POST", "/api/calls", r#"{"to": "+15550109000"}"#).await.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_are_listed() {
    let house = House::open().await;
    let scripts = house.api("GET", "/api/scripts", "").await.json();
    assert_eq!(
        (&scripts["scripts"][0]["name"], &scripts["scripts"][0]["questions"]),
        (&json!("questions"), &json!(2))
    );
}
