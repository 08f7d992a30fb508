//! Whose events are heard: a tenant's own, as long as its key is good.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::ears::{Ears, place};
use crate::day::{Day, KEY, number};
use crate::tenants::{begin, post, tenant};

/// So many events, of two tenants.
const EVENTS: usize = 10_000;
const CALLS: usize = 20;
const CLIENTS: usize = 8;

/// Sends many requests on one connection, one after the other.
fn send_all(day: &Day, key: &str, requests: impl Iterator<Item = (&'static str, String, String)>) {
    let stream = TcpStream::connect(("127.0.0.1", day.port())).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    for (method, path, body) in requests {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let (mut status, mut length) = (String::new(), 0);
        reader.read_line(&mut status).unwrap();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        assert!(status.contains(" 20"), "{status} {}", String::from_utf8_lossy(&answer));
    }
}

/// Calls of a tenant that it carries itself.
fn registered(day: &Day, key: &str, whose: &str) -> Vec<String> {
    (0..CALLS)
        .map(|n| {
            let kept = json!({ "call_id": format!("{whose}-{n}"), "session_id": format!("s-{whose}-{n}"), "provider": "x" });
            let answer = post(day, key, "/api/calls/register", &kept);
            assert_eq!(answer.status, 201, "{}", answer.text());
            kept["call_id"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// S-27
#[test]
fn s_27_of_ten_thousand_events_a_tenant_hears_its_own_and_none_of_another_s() {
    let day = begin();
    let events = number("STORY_EVENTS", EVENTS);
    let keys = ["acme", "beta"].map(|id| tenant(&day, id).0);
    let mut ears: Vec<Ears> = keys.iter().map(|key| Ears::with(&day, key, "", None)).collect();
    let starts: Vec<String> = ears.iter().map(|ears| ears.last.clone()).collect();
    let calls: Vec<Vec<String>> =
        keys.iter().zip(["acme", "beta"]).map(|(key, whose)| registered(&day, key, whose)).collect();
    let each = events / 2 / CLIENTS;
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            for (key, calls) in keys.iter().zip(&calls) {
                let day = &day;
                let requests = (0..each).map(move |n| {
                    let call = &calls[(client + n) % CALLS];
                    let body = json!({ "metadata": { "n": n, "client": client } }).to_string();
                    ("PATCH", format!("/api/calls/{call}"), body)
                });
                scope.spawn(move || send_all(day, key, requests));
            }
        }
    });
    let expected = CALLS + each * CLIENTS;
    let hear_all = |ears: &mut Ears| (0..expected).map(|_| ears.hear().unwrap()).collect::<Vec<Value>>();
    let heard: Vec<Vec<Value>> = ears.iter_mut().map(hear_all).collect();
    for (heard, whose) in heard.iter().zip(["acme", "beta"]) {
        assert!(heard.iter().all(|event| event["tenant"] == *whose), "{whose} hears of its own calls alone");
        assert!(heard.is_sorted_by(|one, next| place(one) < place(next)), "in order, and none twice");
    }

    // From the beginning once more, which the memory's end does not reach: the journal tells the same.
    for ((key, start), heard) in keys.iter().zip(&starts).zip(&heard) {
        let again = hear_all(&mut Ears::again(&day, key, start));
        assert!(again == *heard, "told from the journal, they are the same");
    }

    // Another's place is a place like any other: it opens nothing.
    let theirs = heard[0][expected / 2].clone();
    let mut crossed = Ears::again(&day, &keys[1], theirs["id"].as_str().unwrap());
    let own = heard[1].iter().filter(|event| place(event) > place(&theirs));
    for event in own {
        assert_eq!(crossed.hear().unwrap(), *event);
    }
    let of_their_call = format!("?call={}", calls[0][0]);
    assert_eq!(Ears::with(&day, &keys[1], &of_their_call, None).status, 404);
    assert_eq!(
        Ears::with(&day, &keys[0], &of_their_call, None).status,
        200,
        "the control: whose it is hears it"
    );
    assert_eq!(Ears::with(&day, "tk_nobody", "", None).status, 401);
    let everybody = Ears::with(&day, KEY, "", Some(&starts[0]));
    assert_eq!(everybody.status, 200);
    let call = day.call("+15550100123");
    let mut everybody = everybody;
    assert_eq!(
        everybody.hear().unwrap()["call_id"],
        *call,
        "who runs the server hears their own tenant alone"
    );
}

#[test]
fn a_revoked_key_hears_no_more_within_a_second() {
    let day = begin();
    let (key, id) = tenant(&day, "acme");
    let other = post(&day, KEY, "/api/keys", &json!({ "tenant": "acme", "name": "other" })).json();
    let mut ears = Ears::with(&day, &key, "", None);
    let mut others = Ears::with(&day, other["key"].as_str().unwrap(), "", None);
    let gone = day.send(day.ask(Method::DELETE, &format!("/api/keys/{id}")).bearer_auth(KEY));
    assert!((200..300).contains(&gone.status), "{}", gone.text());
    let revoked = Instant::now();
    assert_eq!(ears.hear(), None, "the stream ends");
    assert!(revoked.elapsed() < Duration::from_secs(10), "{:?}", revoked.elapsed());
    assert_eq!(Ears::with(&day, &key, "", Some(&ears.last)).status, 401);
    let kept = json!({ "call_id": "CA7", "session_id": "s-7", "provider": "x" });
    assert_eq!(post(&day, other["key"].as_str().unwrap(), "/api/calls/register", &kept).status, 201);
    assert_eq!(
        others.hear().unwrap()["type"],
        "call.initiated",
        "the control: another key of the tenant goes on"
    );
}
