//! Who may open a media stream, and who may not.

use super::{Talk, short};
use crate::day::Day;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use trunkline_sim::{CallSid, Habit, Heard};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a media socket and shows this token; whether it is let in.
async fn is_let_in(url: &str, call: &str, token: &str) -> bool {
    open(url, call, token).await.is_some()
}

/// Opens a media socket and shows this token: the socket, if sound comes on it.
async fn open(url: &str, call: &str, token: &str) -> Option<Socket> {
    let (mut socket, _) = connect_async(url).await.unwrap();
    // Each carrier in its own spelling, whose legs are named in its own way.
    let start = if call.starts_with("v3:") {
        json!({"event": "start", "stream_id": "32de", "start": {
            "call_control_id": call, "custom_parameters": {"token": token},
            "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
        }})
    } else {
        json!({"event": "start", "streamSid": "MZ1", "start": {
            "callSid": call, "customParameters": {"token": token},
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        }})
    };
    socket.send(Message::text(start.to_string())).await.unwrap();
    matches!(socket.next().await, Some(Ok(Message::Text(_)))).then_some(socket)
}

/// The token of the stream that the call's page offers when it is asked for once more: another one, now that the first is known
/// to be open.
fn offered(talk: &Talk) -> String {
    talk.day.until("the first stream is known to be open", |day| {
        let call = day.get("/api/calls").json()["calls"][0]["id"].as_str()?.to_owned();
        day.get(&format!("/api/calls/{call}/events")).text().contains("\"news\":\"connected\"").then_some(())
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
        assert!(!talk.day.block_on(is_let_in(&url, sid.as_str(), token)), "{token}");
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
    let opens = |call: &str| talk.day.block_on(is_let_in(&url, call, &token));
    assert!(!opens("CA00000000000000000000000000000bad"), "another leg");
    // That a token lets in at all, and sound comes, the story below tells.
    opens(sid.as_str());
    assert!(!opens(sid.as_str()), "a second time");
}

#[test]
pub fn a_stream_that_was_replaced_is_lost_and_does_not_end_the_bot_of_the_one_after_it() {
    // Nobody who says nothing is asked again, or let go, before all of this is over.
    let talk = Talk::at_speed(1.0, Day::with(), short(), Vec::new());
    let sid = talk.is_called(Habit::Silent);
    let url = stream_of(&talk, &sid);
    talk.day.block_on(talk.model.wait_for(|sessions| !sessions.is_empty()));
    // The first stream says nothing of its end: the carrier opens the second while the first takes itself for alive.
    // Whoever was replaced is hung up on, and the simulator asks for a page of its own: it may be faster, and replace the second.
    let second = talk.day.until("it is let in", |day| {
        let token = offered(&talk);
        day.block_on(open(&url, sid.as_str(), &token))
    });
    talk.day.block_on(talk.model.wait_for(|sessions| sessions.len() > 1 && !sessions[0].is_open));
    let transcript = talk.transcript();
    assert!(transcript["media_lost"].as_u64() >= Some(1), "{transcript}");
    assert_eq!(transcript["over"], json!(null), "{transcript}");
    drop(second);
}
