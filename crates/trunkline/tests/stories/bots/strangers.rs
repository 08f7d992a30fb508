//! Who may open a media stream, and who may not.

use super::{Talk, short};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use trunkline_sim::{Habit, Heard};

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

#[test]
pub fn a_stranger_opens_no_media_stream() {
    let talk = Talk::begin(short());
    let sid = talk.is_called(Habit::Silent);
    let url = talk.day.until("the stream", |day| {
        day.sim.heard(&sid).into_iter().find_map(|heard| match heard {
            Heard::StreamAsked { url } => Some(url),
            _ => None,
        })
    });
    talk.day.block_on(talk.model.wait_for(|sessions| !sessions.is_empty()));
    for token in ["", "nonsense", &"A".repeat(4_000)] {
        assert!(!talk.day.block_on(is_let_in(&url, sid.as_str(), token)), "{token}");
    }
    assert_eq!(talk.model.sessions().len(), 1, "the caller's own");
}
