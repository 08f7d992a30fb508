//! Who may open a media stream, and who may not.

use super::{Talk, short};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use trunkline_sim::{CallSid, Habit, Heard};

/// Opens a media socket and shows this token; whether it is let in.
async fn is_let_in(url: &str, call: &str, token: &str) -> bool {
    let (mut socket, _) = connect_async(url).await.unwrap();
    let start = json!({"event": "start", "streamSid": "MZ1", "start": {
        "callSid": call, "customParameters": {"token": token},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    }});
    socket.send(Message::text(start.to_string())).await.unwrap();
    matches!(socket.next().await, Some(Ok(Message::Text(_))))
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
    let talk = Talk::begin(short());
    let sid = talk.is_called(Habit::Silent);
    let url = stream_of(&talk, &sid);
    talk.day.block_on(talk.model.wait_for(|sessions| !sessions.is_empty()));
    // The carrier asks for the page once more, and is offered another stream.
    let hook = talk.day.sim.webhooks().into_iter().find(|hook| hook.url.contains("/voice")).unwrap();
    let page = talk.day.send(talk.day.again(&hook)).text();
    let token = page.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let opens = |call: &str| talk.day.block_on(is_let_in(&url, call, &token));
    assert!(!opens("CA00000000000000000000000000000bad"), "another leg");
    assert!(opens(sid.as_str()));
    assert!(!opens(sid.as_str()), "a second time");
}
