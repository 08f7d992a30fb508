//! Media streams of a call that commands lead: a product in miniature that talks over a socket.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

/// A socket that takes one stream: its address, what it hears, and what it is told to send; told nothing more it closes.
pub async fn socket() -> (String, mpsc::UnboundedReceiver<Value>, mpsc::UnboundedSender<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/media", listener.local_addr().unwrap());
    let (heard, hears) = mpsc::unbounded_channel();
    let (says, mut to_say) = mpsc::unbounded_channel::<Value>();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = accept_async(stream).await.unwrap();
        loop {
            tokio::select! {
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        let _ = heard.send(serde_json::from_str(&text).unwrap());
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
                said = to_say.recv() => match said {
                    Some(said) => socket.send(Message::text(said.to_string())).await.unwrap(),
                    None => {
                        let _ = socket.close(None).await;
                        return;
                    }
                },
            }
        }
    });
    (url, hears, says)
}

/// The next frame of a kind.
pub async fn next(hears: &mut mpsc::UnboundedReceiver<Value>, event: &str) -> Value {
    loop {
        let frame = hears.recv().await.unwrap_or_else(|| panic!("the socket was closed before {event}"));
        if frame["event"] == event {
            return frame;
        }
    }
}

/// A tenth of a second of somebody's voice.
pub fn voice() -> Value {
    use base64::Engine as _;
    let payload = base64::engine::general_purpose::STANDARD.encode([0x20_u8; 800]);
    json!({"event": "media", "media": {"payload": payload}})
}
