//! Software of a client's that talks in a call by itself: the carrier streams to it and not by us, and the call stays ours.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use trunkline_sim::Habit;

use crate::day::Day;
use crate::hold::{is_taken, slow};

const ANN: &str = "+15550104401";

/// A client's software: it listens to so many frames of sound, and closes the stream; or stays.
struct Software {
    url: String,
    /// What carriers handed over as they opened a stream.
    opened: mpsc::UnboundedReceiver<Value>,
    _world: Runtime,
}

impl Software {
    fn leaves_after(frames: usize) -> Self {
        let world = Runtime::new().unwrap();
        let (tell, opened) = mpsc::unbounded_channel();
        let listener = world.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("ws://{}/in", listener.local_addr().unwrap());
        world.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let tell = tell.clone();
                tokio::spawn(async move {
                    let mut socket = accept_async(connection).await.unwrap();
                    let mut heard = 0;
                    while let Some(Ok(Message::Text(text))) = socket.next().await {
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        match frame["event"].as_str().unwrap() {
                            "start" => tell.send(frame["start"].clone()).unwrap(),
                            "media" => heard += 1,
                            _ => {}
                        }
                        if heard == frames {
                            break;
                        }
                    }
                    let _ = socket.close(None).await;
                });
            }
        });
        Self { url, opened, _world: world }
    }

    fn stays() -> Self {
        Self::leaves_after(usize::MAX)
    }

    /// What was handed over with the next stream that is opened.
    fn is_opened(&mut self, day: &Day) -> Value {
        let start = day.until("a stream", |_| self.opened.try_recv().ok());
        let spelled = ["customParameters", "custom_parameters"].into_iter().find_map(|name| start.get(name));
        spelled.cloned().unwrap_or_else(|| panic!("{start}"))
    }
}

fn answers() -> Habit {
    Habit::says(["Ann", "Tuesday", "no"])
}

pub fn a_person_talks_with_the_clients_software_and_the_call_ends_with_the_stream() {
    let day = slow().begin();
    let mut software = Software::leaves_after(50);
    day.person(ANN, answers());
    let call = day.call_with(&json!({ "to": ANN, "stream_url": software.url }));
    assert_eq!(software.is_opened(&day), json!({ "call_id": call }));
    let over = day.ended(&call);
    assert_eq!((&over["disposition"], &over["answer_count"]), (&json!("completed"), &json!(0)), "{over}");
    assert_eq!(day.heard_by(ANN), Vec::<String>::new(), "nothing of ours");
    assert_eq!(day.dialed(ANN), 1);
}

pub fn a_script_that_is_named_beside_the_stream_goes_on_after_it() {
    let day = slow().begin();
    let script = day.get("/api/scripts").json()["scripts"][0]["name"].clone();
    let mut software = Software::leaves_after(50);
    day.person(ANN, answers());
    let call = day.call_with(&json!({ "to": ANN, "stream_url": software.url, "script": script }));
    software.is_opened(&day);
    let over = day.ended(&call);
    assert_eq!((&over["outcome"], &over["answer_count"]), (&json!("finished"), &json!(3)), "{over}");
}

pub fn where_nobody_takes_the_stream_the_script_goes_on_at_once() {
    let day = slow().begin();
    let script = day.get("/api/scripts").json()["scripts"][0]["name"].clone();
    day.person(ANN, answers());
    let nobody = "ws://127.0.0.1:9/in";
    let call = day.call_with(&json!({ "to": ANN, "stream_url": nobody, "script": script }));
    let over = day.ended(&call);
    assert_eq!((&over["outcome"], &over["answer_count"]), (&json!("finished"), &json!(3)), "{over}");
}

pub fn after_a_hold_a_new_stream_is_opened() {
    let day = slow().begin();
    let mut software = Software::stays();
    day.person(ANN, answers());
    let call = day.call_with(&json!({ "to": ANN, "stream_url": software.url }));
    software.is_opened(&day);
    is_taken(&day, &call, "hold");
    day.is(&call, "on_hold");
    is_taken(&day, &call, "resume");
    assert_eq!(software.is_opened(&day), json!({ "call_id": call }));
    assert_eq!(day.end(&call).status, 202);
    assert_eq!(day.ended(&call)["disposition"], "completed");
}

macro_rules! on_each_carrier {
    ($($story:ident),* $(,)?) => {
        mod twilio {
            $(#[test] fn $story() { super::$story(); })*
        }
        mod telnyx {
            $(#[test] fn $story() { crate::day::through(trunkline_sim::Mouth::Telnyx, super::$story); })*
        }
        mod telnyx_led {
            $(#[test] fn $story() { crate::day::led_by_commands(super::$story); })*
        }
    };
}

on_each_carrier!(
    a_person_talks_with_the_clients_software_and_the_call_ends_with_the_stream,
    a_script_that_is_named_beside_the_stream_goes_on_after_it,
    where_nobody_takes_the_stream_the_script_goes_on_at_once,
    after_a_hold_a_new_stream_is_opened,
);

#[test]
fn no_carrier_is_sent_without_tls_to_another_machine_and_no_bot_talks_beside_the_software() {
    let day = Day::begin();
    for (order, field) in [
        (json!({ "to": ANN, "stream_url": "ws://example.com/in" }), "stream_url"),
        (json!({ "to": ANN, "stream_url": "https://example.com/in" }), "stream_url"),
        (json!({ "to": ANN, "stream_url": "wss://example.com/in", "bot": "clinic" }), "bot"),
    ] {
        let refused = day.post("/api/calls", &order);
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(refused.text().contains(field), "{}", refused.text());
    }
    assert_eq!(day.dialed(ANN), 0);
}
