//! The same WebSocket stack with nothing behind it: what one of two sockets says, the other hears, whatever it is. In a process of
//! its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// As the server has it for its own sockets.
const BUFFER_BYTES: usize = 4 * 1024;

/// Who listens, by pair and side.
type Ears = Arc<Mutex<HashMap<(usize, usize), UnboundedSender<Utf8Bytes>>>>;

/// Where one side of a pair opens its socket.
pub fn path(pair: usize, side: usize) -> String {
    format!("/pair/{pair}/{side}")
}

/// Relays until it is killed.
///
/// # Errors
/// The address is taken.
pub async fn serve(address: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("can't listen on {address}"))?;
    let router = Router::new().route("/pair/{pair}/{side}", get(open)).with_state(Ears::default());
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // A stream that is gone already is noticed by who reads it.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

async fn open(
    State(ears): State<Ears>,
    Path((pair, side)): Path<(usize, usize)>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let upgrade = upgrade.read_buffer_size(BUFFER_BYTES).write_buffer_size(BUFFER_BYTES);
    upgrade.on_upgrade(async move |socket| relay(socket, &ears, (pair, side)).await)
}

async fn relay(mut socket: WebSocket, ears: &Ears, (pair, side): (usize, usize)) {
    let (tell, mut told) = unbounded_channel();
    let all = || ears.lock().unwrap_or_else(PoisonError::into_inner);
    all().insert((pair, side), tell);
    // It is heard from now on.
    if socket.send(Message::Text("{}".into())).await.is_err() {
        return;
    }
    let mut other = None;
    loop {
        tokio::select! {
            text = told.recv() => {
                let Some(text) = text else { return };
                if socket.send(Message::Text(text)).await.is_err() {
                    return;
                }
            }
            heard = socket.recv() => {
                let Some(Ok(Message::Text(text))) = heard else { return };
                if other.is_none() {
                    other = all().get(&(pair, 1 - side)).cloned();
                }
                if let Some(other) = &other {
                    let _ = other.send(text);
                }
            }
        }
    }
}
