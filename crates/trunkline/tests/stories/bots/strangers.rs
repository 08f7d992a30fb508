//! Who may open a media stream, and who may not.

use super::{Talk, short};
use crate::day::Day;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use trunkline_sim::{CallSid, Habit, Heard};

/// What the carrier calls a stream that a story opens in its place.
const STREAM: &str = "MZ0000000000000000000000000000story";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a media socket and shows this token for a stream of this name.
async fn shows(url: &str, call: &str, token: &str, stream: &str) -> Socket {
    let (mut socket, _) = connect_async(url).await.unwrap();
    // Each carrier in its own spelling, whose legs are named in its own way.
    let start = if call.starts_with("v3:") {
        json!({"event": "start", "stream_id": stream, "start": {
            "call_control_id": call, "custom_parameters": {"token": token},
            "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
        }})
    } else {
        json!({"event": "start", "streamSid": stream, "start": {
            "callSid": call, "customParameters": {"token": token},
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        }})
    };
    socket.send(Message::text(start.to_string())).await.unwrap();
    socket
}

/// Shows a token that opens nothing: the socket is closed, and not a sound came on it.
fn is_shut_out(talk: &Talk, url: &str, call: &str, token: &str) {
    let stream = "MZ00000000000000000000000000stranger";
    let heard = talk.day.block_on(async {
        let mut socket = shows(url, call, token, stream).await;
        socket.next().await
    });
    assert!(!matches!(heard, Some(Ok(Message::Text(_)))), "{token} of {call}: {heard:?}");
    assert!(!events(&talk.day).contains(stream), "{token} of {call}");
}

/// Shows a token that opens a stream: the call knows it by this name. Sound need not come on it: the simulated carrier knows
/// nothing of this stream and opens another as soon as its own is closed.
fn is_let_in(talk: &Talk, url: &str, call: &str, token: &str, stream: &str) -> Socket {
    let socket = talk.day.block_on(shows(url, call, token, stream));
    talk.day.until("the stream is known to be open", |day| events(day).contains(stream).then_some(()));
    socket
}

/// What happened in the one call there is, as it is told.
fn events(day: &Day) -> String {
    let calls = day.get("/api/calls").json()["calls"].clone();
    let call = calls[0]["id"].as_str().unwrap_or("none").to_owned();
    day.get(&format!("/api/calls/{call}/events")).text()
}

/// The token of the stream that the call's page offers when it is asked for once more: another one, now that the first is known
/// to be open.
fn offered(talk: &Talk) -> String {
    talk.day.until("the first stream is known to be open", |day| {
        events(day).contains("\"news\":\"connected\"").then_some(())
    });
    let hook = talk.day.sim.webhooks().into_iter().find(|hook| hook.url.contains("/voice")).unwrap();
    let page = talk.day.send(talk.day.tells(&hook)).text();
    page.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned()
}

fn stream_of(talk: &Talk, sid: &CallSid) -> String {
    talk.day.until("the stream", |day| {
        day.sim.heard(sid).into_iter().find_map(|heard| match heard {
            Heard::StreamAsked { url } => Some(url),
            _ => None,
        })
    })
}

#[test]
pub fn a_stranger_opens_no_media_stream() {
    let talk = Talk::begin(short());
    let sid = talk.is_called(Habit::Silent);
    let url = stream_of(&talk, &sid);
    talk.day.block_on(talk.model.wait_for(|sessions| !sessions.is_empty()));
    for token in ["", "nonsense", &"A".repeat(4_000)] {
        is_shut_out(&talk, &url, sid.as_str(), token);
    }
    assert_eq!(talk.model.sessions().len(), 1, "the caller's own");
}

#[test]
pub fn a_token_opens_one_stream_of_its_own_call_once() {
    let talk = Talk::at_speed(1.0, Day::with(), short(), Vec::new());
    let sid = talk.is_called(Habit::Silent);
    let url = stream_of(&talk, &sid);
    talk.day.block_on(talk.model.wait_for(|sessions| !sessions.is_empty()));
    // The carrier asks for the page once more, and is offered another stream.
    let token = offered(&talk);
    is_shut_out(&talk, &url, "CA00000000000000000000000000000bad", &token);
    let first = is_let_in(&talk, &url, sid.as_str(), &token, STREAM);
    is_shut_out(&talk, &url, sid.as_str(), &token);
    drop(first);
}

#[test]
pub fn a_stream_that_was_replaced_is_lost_and_does_not_end_the_bot_of_the_one_after_it() {
    // Nobody who says nothing is asked again, or let go, before all of this is over.
    let talk = Talk::at_speed(1.0, Day::with(), short(), Vec::new());
    let sid = talk.is_called(Habit::Silent);
    let url = stream_of(&talk, &sid);
    talk.day.block_on(talk.model.wait_for(|sessions| !sessions.is_empty()));
    // The first stream says nothing of its end: the carrier opens the second while the first takes itself for alive.
    let token = offered(&talk);
    let second = is_let_in(&talk, &url, sid.as_str(), &token, STREAM);
    talk.day.block_on(talk.model.wait_for(|sessions| sessions.len() > 1 && !sessions[0].is_open));
    let transcript = talk.transcript();
    // The carrier may have opened a third by now, which replaces the second alike.
    assert!(transcript["media_lost"].as_u64() >= Some(1), "{transcript}");
    assert_eq!(transcript["over"], json!(null), "{transcript}");
    drop(second);
}
