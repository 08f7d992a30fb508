//! The sockets of a stand-in, and what was seen on them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::mind::{Act, Mind};
use super::script::{Misbehaves, ModelOptions};

/// What was seen of a session.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// The key it was opened with.
    pub key: Option<String>,
    /// What the caller said in it.
    pub caller: Vec<String>,
    /// What it complained of.
    pub complaints: Vec<String>,
    /// Whether it is open.
    pub is_open: bool,
}

struct Room {
    options: Mutex<ModelOptions>,
    seen: watch::Sender<Vec<Seen>>,
}

/// A running stand-in. Dropping it stops it.
pub struct Model {
    room: Arc<Room>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Model {
    /// Serves on the listener.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn start(listener: TcpListener, options: ModelOptions) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let room = Arc::new(Room { options: Mutex::new(options), seen: watch::Sender::new(Vec::new()) });
        let app = Router::new().route("/v1/realtime", get(open)).with_state(Arc::clone(&room));
        let server = tokio::spawn(async move {
            // Serving ends only when the task is aborted.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { room, address, server })
    }

    /// Where it is, as the product is told.
    pub fn url(&self) -> String {
        format!("ws://{}/v1/realtime", self.address)
    }

    /// Changes what it says and does wrong, from the next session on.
    pub fn set(&self, change: impl FnOnce(&mut ModelOptions)) {
        change(&mut self.room.options.lock());
    }

    /// Every session there was, the first one first.
    pub fn sessions(&self) -> Vec<Seen> {
        self.room.seen.borrow().clone()
    }

    /// How many sessions are open.
    pub fn open(&self) -> usize {
        self.room.seen.borrow().iter().filter(|session| session.is_open).count()
    }

    /// Waits until this holds of its sessions.
    pub async fn wait_for(&self, mut holds: impl FnMut(&[Seen]) -> bool) {
        let mut seen = self.room.seen.subscribe();
        // The sender is held here: it does not go away.
        let _ = seen.wait_for(|seen| holds(seen)).await;
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn open(State(room): State<Arc<Room>>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let mut no = 0;
    let key = headers.get("authorization").and_then(|key| key.to_str().ok()).map(str::to_owned);
    room.seen.send_modify(|seen| {
        no = seen.len();
        seen.push(Seen { key, is_open: true, ..Seen::default() });
    });
    let options = room.options.lock().clone();
    let wrongs = options.wrongs(no);
    let refused = wrongs.iter().find_map(|wrong| match wrong {
        Misbehaves::Refuses(status) => StatusCode::from_u16(*status).ok(),
        _ => None,
    });
    if let Some(status) = refused {
        room.closed(no);
        return status.into_response();
    }
    let speed = options.speed;
    let mind = Mind::new(format!("sess{no}"), options, wrongs);
    upgrade.on_upgrade(async move |socket| {
        talk(&room, no, mind, socket, speed).await;
        room.closed(no);
    })
}

async fn talk(room: &Room, no: usize, mut mind: Mind, mut socket: WebSocket, speed: f64) {
    let mut late = FuturesUnordered::new();
    let mut acts = mind.greet();
    loop {
        for act in std::mem::take(&mut acts) {
            let sent = match act {
                Act::Send(event) => socket.send(Message::Text(event.to_string().into())).await,
                Act::SendLate(event, ms) => {
                    let span = Duration::from_millis(ms.into()).div_f64(speed);
                    late.push(async move {
                        tokio::time::sleep(span).await;
                        event
                    });
                    Ok(())
                }
                Act::SendGarbage => socket.send(Message::Text("<html>502</html>".into())).await,
                Act::Close => return close(socket).await,
            };
            if sent.is_err() {
                return;
            }
        }
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    let event: Value = serde_json::from_str(&text).unwrap_or_default();
                    acts = mind.take(&event);
                    if !acts.is_empty() {
                        room.seen.send_modify(|seen| {
                            if let Some(seen) = seen.get_mut(no) {
                                seen.caller.clone_from(&mind.caller);
                                seen.complaints.clone_from(&mind.complaints);
                            }
                        });
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            Some(event) = late.next() => acts = vec![Act::Send(event)],
        }
    }
}

/// Says that it is over, and reads on until the other side knows: what was sent before would be lost otherwise.
async fn close(mut socket: WebSocket) {
    if socket.send(Message::Close(None)).await.is_ok() {
        let rest = async { while let Some(Ok(_)) = socket.recv().await {} };
        // Whoever does not answer is left alone.
        let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
    }
}

impl Room {
    fn closed(&self, no: usize) {
        self.seen.send_modify(|seen| {
            if let Some(seen) = seen.get_mut(no) {
                seen.is_open = false;
            }
        });
    }
}
