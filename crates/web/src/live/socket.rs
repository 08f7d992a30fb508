//! `GET /ws/events`: the same events over a WebSocket, one in each text frame.

use super::asked::{Asked, gone};
use super::json;
use super::listener::{Listener, Told};
use crate::access::Admitted;
use crate::api::admitted;
use crate::asking;
use crate::door::Peer;
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use futures_util::SinkExt;
use http::HeaderMap;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use trunkline_core::tenancy::Act;
use trunkline_engine::{Cursor, Lost};

/// A client has little to say.
const MESSAGE_BYTES: usize = 4 * 1024;
const BUFFER_BYTES: usize = 4 * 1024;
/// How long a client may take to agree that it is over.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why a socket is closed.
#[derive(Clone, Copy, Debug)]
enum End {
    ServerEnds,
    NotText,
    Nonsense,
    NoKey,
    /// Nothing is left to be said: the client has gone, or broke the protocol.
    Gone,
}

impl End {
    fn frame(self) -> Option<(u16, &'static str)> {
        match self {
            Self::ServerEnds => Some((1001, "the server ends")),
            Self::NotText => Some((1003, "text is understood here, and nothing else")),
            Self::Nonsense => Some((1008, "the one thing to say here is {\"resume\": \"ID\"}")),
            Self::NoKey => Some((4401, "a key is needed that opens something")),
            Self::Gone => None,
        }
    }
}

/// What a client may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// After which event it goes on.
    resume: String,
}

/// `GET /ws/events`
pub(crate) async fn follow(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    Extension(Peer(peer)): Extension<Peer>,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade
        .map_err(|_| Problem::new(Code::BadRequest).detail("this address speaks WebSocket (RFC 6455)"))?
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES)
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES);
    let asked = Asked::parse(query.as_deref().unwrap_or_default())?;
    let held = web.sockets.token();
    let by = let_in(&web, &headers, &asked).filter(|by| by.caller.may(Act::Look).is_ok());
    let Some(by) = by else {
        let standing = web.asking.without_key(peer, web.engine.now());
        if let Some(wait) = standing.wait {
            return Err(asking::too_often(&standing, wait));
        }
        // Browsers tell a page nothing of an answer that is no socket.
        return Ok(upgrade.on_upgrade(async move |socket| {
            let _held = held;
            close(socket, End::NoKey).await;
        }));
    };
    let mut listener = Listener::seat(&web, by, &asked).await?;
    if let Some(after) = asked.after {
        listener.subscription.resume(after).map_err(gone)?;
    }
    Ok(upgrade
        .on_upgrade(async move |socket| {
            let _held = held;
            converse(socket, listener).await;
        })
        .into_response())
}

/// Who opens a socket: by a key in the header, or a ticket in the address.
fn let_in(web: &Web, headers: &HeaderMap, asked: &Asked) -> Option<Admitted> {
    let Some(ticket) = &asked.ticket else { return admitted(web, headers) };
    let mark = web.tickets.redeem(&web.access, ticket, web.engine.now())?;
    Some(Admitted { caller: web.admitted(&mark)?, mark })
}

/// Talks until one of the two ends it.
async fn converse(mut socket: WebSocket, mut listener: Listener) {
    let end = match talk(&mut socket, &mut listener).await {
        Ok(end) => end,
        // A client that goes away or writes nonsense is its own affair.
        Err(error) => {
            tracing::debug!(%error, "a socket ended early");
            End::Gone
        }
    };
    drop(listener);
    close(socket, end).await;
}

async fn talk(socket: &mut WebSocket, listener: &mut Listener) -> Result<End, axum::Error> {
    // Whether the last ping was answered.
    let mut answers = true;
    say(socket, json::stands("ready", listener.subscription.cursor())).await?;
    loop {
        let told = tokio::select! {
            said = socket.recv() => {
                match said.transpose()? {
                    None | Some(Message::Close(_)) => return Ok(End::Gone),
                    Some(Message::Binary(_)) => return Ok(End::NotText),
                    Some(Message::Ping(_)) => {}
                    Some(Message::Pong(_)) => answers = true,
                    Some(Message::Text(text)) => match serde_json::from_str(&text) {
                        Ok(said) => resume(socket, listener, said).await?,
                        Err(_) => return Ok(End::Nonsense),
                    },
                }
                continue;
            }
            told = listener.next() => told,
        };
        match told {
            Told::Events(events) => {
                for event in events {
                    socket.feed(Message::Text(event.to_json().into())).await?;
                }
                socket.flush().await?;
            }
            Told::Lost(lost, stood) => {
                say(socket, json::resync(listener.subscription.cursor(), lost, &stood.to_string())).await?;
            }
            Told::Quiet if answers => {
                answers = false;
                socket.send(Message::Ping(Default::default())).await?;
                say(socket, json::stands("heartbeat", listener.subscription.cursor())).await?;
            }
            Told::Quiet => return Ok(End::Gone),
            Told::Revoked => return Ok(End::NoKey),
            Told::End => return Ok(End::ServerEnds),
        }
    }
}

/// Goes on where the client says, and says so before anything else; or says that it can't.
async fn resume(socket: &mut WebSocket, listener: &mut Listener, said: Said) -> Result<(), axum::Error> {
    let resumed = match said.resume.parse::<Cursor>() {
        Ok(after) => listener.subscription.resume(after),
        Err(_) => Err(Lost::Foreign),
    };
    let at = listener.subscription.cursor();
    match resumed {
        Ok(()) => say(socket, json::stands("ready", at)).await,
        Err(lost) => {
            let after: String = said.resume.chars().take(64).collect();
            say(socket, json::resync(at, lost, &after)).await
        }
    }
}

async fn say(socket: &mut WebSocket, text: String) -> Result<(), axum::Error> {
    socket.send(Message::Text(text.into())).await
}

/// Says why, and waits a moment for the client to agree.
async fn close(mut socket: WebSocket, end: End) {
    let Some((code, reason)) = end.frame() else { return };
    let farewell = async {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    if timeout(FAREWELL, farewell).await.is_err() {
        tracing::debug!("a socket did not close in time");
    }
}
