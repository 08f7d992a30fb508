//! Users and their devices, as stories have them.

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{SinkExt, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::day::{Answer, Day, Opening};

/// Signs users' tokens.
pub const SECRET: &str = "story-jwt-secret-0123456789abcdefghijklmn";
const PATIENCE: Duration = Duration::from_secs(40);

/// A day with an app, at the speed of real life.
pub fn with() -> Opening {
    Day::with().at_speed(1.0).set("TRUNKLINE_JWT_SECRET", SECRET)
}

/// A token with these claims.
pub fn signed(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(claims));
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(&text).finalize();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.into_bytes()))
}

/// When something is, from now on.
pub fn in_secs(day: &Day, secs: i64) -> i64 {
    day.now().as_second() + secs
}

/// A token of a user that is good for a month.
pub fn token(user: &str) -> String {
    let exp = (trunkline_engine::Clock::real().now() + SignedDuration::from_hours(24 * 30)).as_second();
    signed(&json!({ "sub": user, "name": format!("{user} the user"), "exp": exp }))
}

/// What a user asks over REST.
pub fn ask(day: &Day, user: &str, method: Method, path: &str, body: &Value) -> Answer {
    let request = day.ask(method, path).bearer_auth(token(user));
    day.send(if body.is_null() { request } else { request.json(body) })
}

pub fn post(day: &Day, user: &str, path: &str, body: &Value) -> Answer {
    ask(day, user, Method::POST, path, body)
}

/// What a user sees of a call.
pub fn seen(day: &Day, user: &str, call: &str) -> Value {
    let answer = ask(day, user, Method::GET, &format!("/api/calls/{call}"), &Value::Null);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// One user calls another, and gets the call's id and the caller's token to come back.
pub fn calls(day: &Day, from: &str, to: &str, device: &str) -> (String, String) {
    let order = json!({ "receiver_id": to, "call_type": "voice", "device_id": device });
    let answer = post(day, from, "/api/calls/initiate", &order);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
    (text("id"), text("resume_token"))
}

/// A user takes a call with a device, and gets their token to come back.
pub fn takes(day: &Day, user: &str, call: &str, device: &str) -> String {
    let answer = post(day, user, &format!("/api/calls/{call}/accept"), &json!({ "device_id": device }));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["resume_token"].as_str().unwrap().to_owned()
}

/// A call that two talk in: its id, the caller's and the receiver's tokens to come back.
pub fn talking(day: &Day, from: &mut Device, to: &mut Device) -> (String, String, String) {
    let (call, caller) = calls(day, &from.user, &to.user, &from.device);
    assert_eq!(to.hear_of("call.incoming")["call_id"], *call);
    let receiver = takes(day, &to.user, &call, &to.device);
    from.hear_of("call.accepted");
    to.hear_of("call.accepted");
    (call, caller, receiver)
}

/// A socket of a device.
pub struct Device {
    pub user: String,
    pub device: String,
    runtime: Runtime,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What it was told before anybody listened.
    early: VecDeque<Value>,
}

impl Device {
    /// A device that is let in, and has heard so.
    pub fn of(day: &Day, user: &str, device: &str) -> Self {
        Self::at(day, "/ws", user, device)
    }

    /// The same, at one of the other addresses.
    pub fn at(day: &Day, path: &str, user: &str, device: &str) -> Self {
        let mut device =
            Self::open(day, path, &format!("device_id={device}"), Some(&token(user)), &[]).unwrap();
        let ack = device.hear();
        assert_eq!((&ack["type"], &ack["user_id"]), (&json!("connection.ack"), &json!(user)));
        (device.user, device.device) = (user.to_owned(), ack["device_id"].as_str().unwrap().to_owned());
        // Whoever is answered has been told of all that rings already: of what begins from now on they hear once.
        device.say(&json!({ "type": "ping" }));
        let mut early = VecDeque::new();
        loop {
            match device.hear() {
                heard if heard["type"] == "pong" => break,
                heard => early.push_back(heard),
            }
        }
        device.early = early;
        device
    }

    /// A socket, whatever comes of it.
    pub fn open(
        day: &Day,
        path: &str,
        query: &str,
        bearer: Option<&str>,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let address = format!("ws://127.0.0.1:{}{path}?{query}", day.port());
        let mut request = address.into_client_request().unwrap();
        if let Some(token) = bearer {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let opening = async { tokio::time::timeout(PATIENCE, connect_async(request)).await };
        let (socket, _) = runtime.block_on(opening).expect("a socket is opened or refused")?;
        Ok(Self { user: String::new(), device: String::new(), runtime, socket, early: VecDeque::new() })
    }

    pub fn say(&mut self, frame: &Value) {
        self.send(Message::text(frame.to_string())).unwrap();
    }

    pub fn send(&mut self, message: Message) -> Result<(), Error> {
        let sending = async { tokio::time::timeout(PATIENCE, self.socket.send(message)).await };
        self.runtime.block_on(sending).expect("somebody reads")
    }

    /// The next frame.
    pub fn hear(&mut self) -> Value {
        if let Some(early) = self.early.pop_front() {
            return early;
        }
        loop {
            match self.next() {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{} {}: {other:?}", self.user, self.device),
            }
        }
    }

    /// The next frame of this type; others are let pass.
    pub fn hear_of(&mut self, kind: &str) -> Value {
        loop {
            let heard = self.hear();
            if heard["type"] == kind {
                return heard;
            }
        }
    }

    /// Nothing was said to it but the answer to this.
    pub fn hears_nothing(&mut self) {
        self.say(&json!({ "type": "ping" }));
        assert_eq!(self.hear(), json!({ "type": "pong" }));
    }

    /// With which code it is closed.
    pub fn closed(&mut self) -> u16 {
        loop {
            match self.next() {
                Some(Ok(Message::Close(frame))) => return frame.map_or(1005, |frame| frame.code.into()),
                Some(Ok(_)) => {}
                // The other end has stopped reading: what it had said may be lost.
                Some(Err(_)) | None => return 1006,
            }
        }
    }

    fn next(&mut self) -> Option<Result<Message, Error>> {
        let next = async { tokio::time::timeout(PATIENCE, self.socket.next()).await };
        self.runtime.block_on(next).expect("something is said")
    }
}
