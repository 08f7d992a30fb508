//! A whole call: ordered by REST, asked over webhooks, its answers heard in the page.

use crate::client::send;
use crate::house::{House, KEY, eventually};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_called_asked_and_heard() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    let placed = house.api("POST", "/api/calls", r#"{"to": "+15550109000", "name": "Ann"}"#).await;
    let id = placed.json()["id"].as_str().unwrap().to_owned();
    let call = eventually("the call ends", async || {
        let call = house.api("GET", &format!("/api/calls/{id}"), "").await.json();
        (call["state"] == "ended").then_some(call)
    })
    .await;
    assert_eq!((&call["disposition"], &call["answer_count"]), (&json!("completed"), &json!(2)), "{call}");
    let by_carrier = call["carrier_call_id"].as_str().unwrap();
    let same = house.api("GET", &format!("/api/calls/{by_carrier}"), "").await.json();
    assert_eq!(same["id"], call["id"]);

    let href = eventually("the recording is stored", async || {
        let turns = house.api("GET", &format!("/api/calls/{id}/turns"), "").await.json();
        let href = turns["turns"][0]["recordings"][0]["href"].as_str().map(str::to_owned);
        href.filter(|_| turns["turns"][1]["recordings"][0]["href"].is_string())
    })
    .await;
    hear(&house, &href).await;

    let page = house.get(&format!("/calls/{id}"), &[("cookie", &cookie)]).await;
    assert!(page.text().contains(&format!("src=\"/calls/{id}/recordings/0\"")), "{}", page.text());
    assert!(page.text().contains("Good-bye said"));
    let sound = house.get(&format!("/calls/{id}/recordings/1"), &[("cookie", &cookie)]).await;
    assert_eq!((sound.status, sound.header("content-type")), (200, Some("audio/wav")));
    assert_eq!(house.get(&format!("/calls/{id}/recordings/1"), &[]).await.status, 303);

    let events = house.api("GET", &format!("/api/calls/{id}/events"), "").await.json();
    let kinds: Vec<&Value> =
        events["events"].as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert!(kinds.contains(&&json!("requested")) && kinds.contains(&&json!("spoke")), "{kinds:?}");
}

/// Plays a recording as players do: whole, in part, again.
async fn hear(house: &House, href: &str) {
    let bearer = format!("Bearer {KEY}");
    let ask = async |method: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("authorization", &*bearer)];
        all.extend_from_slice(headers);
        send(house.server, method, href, &all, b"").await
    };
    let whole = ask("GET", &[]).await;
    assert!(whole.body.starts_with(b"RIFF"));
    let length = whole.body.len();
    let tag = whole.header("etag").unwrap();
    let part = ask("GET", &[("range", "bytes=4-7")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &whole.body[4..8]));
    assert_eq!(part.header("content-range"), Some(&*format!("bytes 4-7/{length}")));
    let tail = ask("GET", &[("range", "bytes=-10"), ("if-range", tag)]).await;
    assert_eq!((tail.status, &tail.body[..]), (206, &whole.body[length - 10..]));
    let other = ask("GET", &[("range", "bytes=0-1"), ("if-range", "\"another\"")]).await;
    assert_eq!((other.status, other.body.len()), (200, length));
    let beyond = ask("GET", &[("range", "bytes=99999999-")]).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some(&*format!("bytes */{length}"))));
    let head = ask("HEAD", &[]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(&*length.to_string()));
    assert_eq!(ask("GET", &[("if-none-match", tag)]).await.status, 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_hears_of_changes() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    let mut stream = TcpStream::connect(house.server).await.unwrap();
    let ask = format!("GET /events/stream HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    while lines.next_line().await.unwrap().unwrap() != "" {}
    let placed = house.api("POST", "/api/calls", r#"{"to": "+15550109001"}"#).await;
    let id = placed.json()["id"].as_str().unwrap().to_owned();
    let ended = format!(r#"data: {{"call":"{id}","status":"busy"}}"#);
    while lines.next_line().await.unwrap().unwrap() != ended {}
}
