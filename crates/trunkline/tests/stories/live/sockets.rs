//! `GET /ws/events`: the same events over a WebSocket, and what a socket may do to others: nothing.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::ears::{Ears, types};
use crate::day::{Day, KEY};
use crate::tenants::{begin, tenant};

const ANN: &str = "+15550100123";
const PATIENCE: Duration = Duration::from_secs(40);

/// A client on a socket.
struct Socket {
    runtime: Runtime,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    fn open(day: &Day, query: &str, key: Option<&str>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut request =
            format!("ws://127.0.0.1:{}/ws/events{query}", day.port()).into_client_request().unwrap();
        if let Some(key) = key {
            request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        }
        let (socket, _) = runtime.block_on(connect_async(request)).unwrap();
        Self { runtime, socket }
    }

    fn say(&mut self, message: Message) {
        self.runtime.block_on(self.socket.send(message)).unwrap();
    }

    fn next(&mut self) -> Message {
        let next = async { tokio::time::timeout(PATIENCE, self.socket.next()).await };
        self.runtime.block_on(next).expect("something is said").expect("it goes on").unwrap()
    }

    /// The next thing that is told.
    fn hear(&mut self) -> Value {
        loop {
            match self.next() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// With which code it is closed.
    fn closed(&mut self) -> u16 {
        loop {
            match self.next() {
                Message::Close(frame) => return frame.map_or(1005, |frame| frame.code.into()),
                Message::Text(_) | Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_socket_tells_what_a_stream_tells_and_goes_on_where_its_client_says() {
    let day = Day::begin();
    let mut ears = Ears::open(&day, "");
    let mut socket = Socket::open(&day, "", Some(KEY));
    let ready = socket.hear();
    assert_eq!(ready["type"], "ready");
    let call = day.call(ANN);
    let heard = ears.until(|event| event["type"] == "call.ended");
    let told: Vec<Value> = heard.iter().map(|_| socket.hear()).collect();
    assert_eq!(told, heard);

    // Everything once more, asked for on the way.
    socket.say(Message::text(json!({ "resume": ready["id"] }).to_string()));
    let mut again = Vec::new();
    while again.last().is_none_or(|event: &Value| event["type"] != "ready") {
        again.push(socket.hear());
    }
    assert!(again.iter().all(|event| event["type"] == "ready" || event["call_id"] == *call), "{again:#?}");
    let again: Vec<Value> = heard.iter().map(|_| socket.hear()).collect();
    assert_eq!(types(&again), types(&heard));
    assert_eq!(again, heard);
    let mut resumed = Socket::open(&day, &format!("?after={}", heard[1]["id"].as_str().unwrap()), Some(KEY));
    assert_eq!(resumed.hear()["id"], heard[1]["id"]);
    assert_eq!(resumed.hear(), heard[2]);
    socket.say(Message::text(r#"{"resume":"of another server"}"#));
    let resync = loop {
        let told = socket.hear();
        if told["type"] == "resync" {
            break told;
        }
    };
    assert_eq!((&resync["reason"], &resync["after"]), (&json!("foreign"), &json!("of another server")));
}

#[test]
fn a_ticket_opens_one_socket_once_and_a_bad_one_none() {
    let day = Day::begin();
    let ticket = || {
        let sold = day.post("/api/events/ticket", &json!({}));
        assert_eq!(sold.status, 201, "{}", sold.text());
        sold.json()["ticket"].as_str().unwrap().to_owned()
    };
    let good = ticket();
    let mut socket = Socket::open(&day, &format!("?token={good}"), None);
    assert_eq!(socket.hear()["type"], "ready");
    for query in
        [format!("?token={good}"), "?token=5.AAAA".to_owned(), format!("?token={KEY}"), String::new()]
    {
        assert_eq!(Socket::open(&day, &query, None).closed(), 4401, "{query}");
    }
    assert_eq!(Socket::open(&day, "", Some("tk_nobody")).closed(), 4401);
    let stranger = day.send(day.ask(Method::POST, "/api/events/ticket"));
    assert_eq!(stranger.status, 401);
    let call = day.call(ANN);
    assert_eq!(socket.hear()["call_id"], *call, "the control: the one with the ticket hears");
}

#[test]
fn what_a_client_should_not_say_closes_its_own_socket_alone() {
    let day = Day::begin();
    let mut good = Socket::open(&day, "", Some(KEY));
    assert_eq!(good.hear()["type"], "ready");
    for (said, code) in [
        (Message::text("hello"), 1008),
        (Message::text(r#"{"resume":1}"#), 1008),
        (Message::text(r#"{"subscribe":"all"}"#), 1008),
        (Message::binary(vec![0, 1, 2]), 1003),
    ] {
        let mut silly = Socket::open(&day, "", Some(KEY));
        silly.say(said.clone());
        assert_eq!(silly.closed(), code, "{said:?}");
    }
    let mut oversize = Socket::open(&day, "", Some(KEY));
    oversize.say(Message::text("x".repeat(8 * 1024)));
    let ends = async { while let Some(Ok(_)) = oversize.socket.next().await {} };
    oversize.runtime.block_on(async { tokio::time::timeout(PATIENCE, ends).await }).expect("it is closed");
    good.say(Message::Ping(vec![7].into()));
    assert_eq!(good.next(), Message::Pong(vec![7].into()));
    let call = day.call(ANN);
    assert_eq!(good.hear()["call_id"], *call, "the control: another socket goes on");
}

#[test]
fn a_socket_is_closed_when_its_key_is_revoked_and_when_the_server_ends() {
    let mut day = begin();
    let (key, id) = tenant(&day, "acme");
    let mut revoked = Socket::open(&day, "", Some(&key));
    let mut stays = Socket::open(&day, "", Some(KEY));
    assert_eq!(stays.hear()["type"], "ready");
    day.send(day.ask(Method::DELETE, &format!("/api/keys/{id}")).bearer_auth(KEY));
    assert_eq!(revoked.closed(), 4401);
    let closing = std::thread::spawn(move || stays.closed());
    day.stops();
    assert_eq!(closing.join().unwrap(), 1001);
}
