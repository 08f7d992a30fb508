//! S-09 and its kin: who is not let in, and what an abuser does to others: nothing.

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::parties::{Device, ask, calls, in_secs, post, signed, talking, token, with};
use crate::tenants::{get, knows_its_database, tenant};

#[test]
fn s_09_a_stranger_is_told_that_there_is_no_such_call() {
    let day = with().begin();
    knows_its_database(&day);
    let (call, _) = calls(&day, "ann", "bob", "laptop");
    for wish in ["accept", "reject", "end"] {
        let answer = post(&day, "eve", &format!("/api/calls/{call}/{wish}"), &Value::Null);
        assert_eq!(answer.status, 404, "{wish}: {}", answer.text());
    }
    assert_eq!(ask(&day, "eve", Method::GET, &format!("/api/calls/{call}"), &Value::Null).status, 404);
    let (acme, _) = tenant(&day, "acme");
    assert_eq!(get(&day, &acme, &format!("/api/calls/{call}")).status, 404, "of another tenant");
    let bob_of_acme = signed(&json!({ "sub": "bob", "tenant": "acme", "exp": in_secs(&day, 3_600) }));
    let same_name = day.ask(Method::GET, &format!("/api/calls/{call}")).bearer_auth(&bob_of_acme);
    assert_eq!(day.send(same_name).status, 404, "another's bob");
    let mut eve = Device::open(&day, &format!("/ws/calls/{call}"), "", Some(&token("eve")), &[]).unwrap();
    assert_eq!(eve.closed(), 4404);
    assert_eq!(
        ask(&day, "bob", Method::GET, &format!("/api/calls/{call}"), &Value::Null).status,
        200,
        "the control"
    );
}

#[test]
fn s_09_without_a_good_token_there_is_no_socket_and_none_lives_long_in_an_address() {
    let day = with().begin();
    let exp = |secs| json!({ "sub": "ann", "exp": in_secs(&day, secs) });
    let forged = {
        let good = token("ann");
        format!("{}A", &good[..good.len() - 1])
    };
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJleHAiOjk5OTk5OTk5OTl9.".to_owned();
    let nobodys = signed(&json!({ "sub": "ann", "tenant": "nobody", "exp": in_secs(&day, 30) }));
    for wrong in [String::new(), "x".to_owned(), forged, none, nobodys, signed(&exp(-1)), signed(&exp(3_600))]
    {
        let mut socket = Device::open(&day, "/ws", &format!("token={wrong}"), None, &[]).unwrap();
        assert_eq!(socket.closed(), 4401, "{wrong}");
    }
    let mut brief = Device::open(&day, "/ws", &format!("token={}", signed(&exp(50))), None, &[]).unwrap();
    assert_eq!(brief.hear()["type"], "connection.ack");
    let ticket = post(&day, "ann", "/api/calls/ticket", &Value::Null);
    assert_eq!(ticket.status, 201, "{}", ticket.text());
    let query = format!("token={}", ticket.json()["ticket"].as_str().unwrap());
    let mut first = Device::open(&day, "/ws", &query, None, &[]).unwrap();
    assert_eq!(first.hear()["user_id"], "ann");
    assert_eq!(Device::open(&day, "/ws", &query, None, &[]).unwrap().closed(), 4401, "a ticket is good once");
    let unsigned =
        day.send(day.ask(Method::POST, "/api/calls/initiate").json(&json!({ "receiver_id": "bob" })));
    assert_eq!(unsigned.status, 401);
    assert!(!day.last_lines().contains(&query[6..]), "no token is logged");
}

#[test]
fn s_09_a_token_that_runs_out_in_mid_call_closes_its_socket_and_a_newer_one_keeps_it_open() {
    let day = with().begin();
    let brief = || signed(&json!({ "sub": "ann", "exp": in_secs(&day, 4) }));
    let mut ends = Device::open(&day, "/ws", "device_id=a", Some(&brief()), &[]).unwrap();
    let mut stays = Device::open(&day, "/ws", "device_id=b", Some(&brief()), &[]).unwrap();
    stays.say(&json!({ "type": "auth", "token": token("ann") }));
    assert_eq!(ends.closed(), 4401);
    assert_eq!(stays.hear()["type"], "connection.ack");
    stays.hears_nothing();
}

#[test]
fn s_09_pages_of_other_origins_open_no_socket_unless_a_setting_names_them() {
    let day = with().set("TRUNKLINE_SERVER_CORS_ORIGINS", "https://app.example.com").begin();
    let from = |origin: &str| Device::open(&day, "/ws", "", Some(&token("ann")), &[("origin", origin)]);
    for foreign in ["https://evil.example", "null", "https://app.example.com.evil.example"] {
        match from(foreign) {
            Err(Error::Http(response)) => assert_eq!(response.status().as_u16(), 403, "{foreign}"),
            Err(other) => panic!("{foreign}: {other}"),
            Ok(_) => panic!("{foreign}: it is open"),
        }
    }
    for own in ["https://app.example.com".to_owned(), format!("http://127.0.0.1:{}", day.port())] {
        assert_eq!(from(&own).unwrap().hear()["type"], "connection.ack", "{own}");
    }
}

#[test]
fn s_09_a_flood_or_a_frame_too_large_closes_its_sender_s_own_socket_alone() {
    let day = with().begin();
    let mut bob = Device::of(&day, "bob", "phone");
    let mut ann = Device::of(&day, "ann", "laptop");
    let (call, _, _) = talking(&day, &mut ann, &mut bob);
    for (size, code) in [(70 * 1024, 1009), (1024 * 1024, 1009)] {
        let mut eve = Device::of(&day, "eve", "laptop");
        // The other end may have closed before all of it is sent.
        let _ = eve.send(Message::text("x".repeat(size)));
        let closed = eve.closed();
        assert!(closed == code || (size > 128 * 1024 && closed == 1006), "{size}: {closed}");
    }
    let mut eve = Device::of(&day, "eve", "flood");
    let frame = json!({ "type": "call.ice-candidate", "call_id": call, "candidate": "x" }).to_string();
    let sent = (0..10_000).take_while(|_| eve.send(Message::text(frame.clone())).is_ok()).count();
    let closed = eve.closed();
    assert!(closed == 1008 || sent < 10_000, "{sent} frames, closed with {closed}");
    ann.hears_nothing();
    bob.hears_nothing();
    ann.say(&json!({ "type": "call.ice-candidate", "call_id": call, "candidate": "y" }));
    assert_eq!(bob.hear()["candidate"], "y", "the control");
}

#[test]
fn users_may_do_what_is_theirs_and_nothing_that_needs_a_key() {
    let day = with().begin();
    for (method, path) in [
        (Method::POST, "/api/calls"),
        (Method::GET, "/api/calls/active"),
        (Method::GET, "/api/keys"),
        (Method::GET, "/api/events"),
        (Method::GET, "/api/suppressions"),
    ] {
        let answer = ask(&day, "ann", method.clone(), path, &Value::Null);
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
    }
    let key = day.post("/api/calls/initiate", &json!({ "receiver_id": "bob" }));
    assert_eq!((key.status, &key.json()["code"]), (403, &json!("forbidden")));
    for bad in
        [json!({}), json!({ "receiver_id": "ann" }), json!({ "receiver_id": "bob", "call_type": "fax" })]
    {
        assert_eq!(post(&day, "ann", "/api/calls/initiate", &bad).status, 400, "{bad}");
    }
}

#[test]
fn relays_are_told_with_credentials_that_run_out() {
    let day = with()
        .set("TRUNKLINE_APP_CALLS_STUN", "stun:stun.example.com:3478")
        .set("TRUNKLINE_APP_CALLS_TURN", "turn:turn.example.com:3478?transport=udp")
        .set("TRUNKLINE_APP_CALLS_TURN_SECRET", "north-0123456789abcdef0123456789abcdef")
        .begin();
    let told = ask(&day, "ann", Method::GET, "/api/ice-servers", &Value::Null);
    assert_eq!(told.status, 200);
    let told = told.json();
    assert_eq!(told["ice_servers"][0], json!({ "urls": ["stun:stun.example.com:3478"] }));
    let username = told["ice_servers"][1]["username"].as_str().unwrap();
    let (until, user) = username.split_once(':').unwrap();
    assert_eq!(user, "ann");
    let left = until.parse::<i64>().unwrap() - day.now().as_second();
    assert!((3_500..=3_600).contains(&left), "{left}");
    assert_eq!(day.send(day.ask(Method::GET, "/api/ice-servers")).status, 401);
}
