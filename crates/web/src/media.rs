//! `GET /media`: the socket on which a carrier and we exchange a caller's sound.
//!
//! There is no key: the single-use token in the stream's first frame is the authority, and nothing is done before it was
//! opened. A socket that does not show one within [`START`] is closed, and only [`WAITING`] may be without one at once.

use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use trunkline_carriers::Dialect;
use trunkline_carriers::streams::{self, Started, Told, Writer};
use trunkline_carriers::voice::stream::TOKEN;
use trunkline_core::bridge::{CarrierSays, Shuffled};
use trunkline_engine::{MediaLine, StreamOpened};

/// How long a carrier may take to show its token.
const START: Duration = Duration::from_secs(5);
/// So many sockets may be without one at once.
pub(crate) const WAITING: usize = 256;
/// A frame of 20 ms has some 300 bytes; those that begin a stream are longer.
const FRAME_BYTES: usize = 64 * 1024;
/// How long a carrier may leave a frame unread before it is taken for gone.
const WRITE: Duration = Duration::from_secs(5);
/// How long it may take to agree that it is over.
const FAREWELL: Duration = Duration::from_secs(1);

/// `GET /media`
pub(crate) async fn stream(
    State(web): State<Arc<Web>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade
        .map_err(|_| Problem::new(Code::BadRequest).detail("this address speaks WebSocket (RFC 6455)"))?
        .max_message_size(FRAME_BYTES)
        .max_frame_size(FRAME_BYTES);
    let Ok(waits) = web.unshown.clone().try_acquire_owned() else {
        return Err(Problem::new(Code::TooManyStreams).detail("too many media streams have shown no token"));
    };
    let held = web.sockets.token();
    Ok(upgrade
        .on_upgrade(async move |mut socket| {
            let _held = held;
            let started = timeout(START, begin(&mut socket)).await.ok().flatten();
            let opened = match started {
                Some(started) => open(&web, *started).await,
                None => {
                    tracing::warn!("media.no_start: a socket for sound that no stream began on");
                    None
                }
            };
            drop(waits);
            if let Some((dialect, line, writer)) = opened {
                carry(&web, dialect, &mut socket, line, &writer).await;
            }
            let _ = timeout(FAREWELL, socket.send(Message::Close(None))).await;
        })
        .into_response())
}

/// Waits for the frame that begins a stream.
async fn begin(socket: &mut WebSocket) -> Option<Box<Started>> {
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { continue };
        // All begin a stream alike; whose it is, its token says.
        match streams::read(Dialect::Twilio, &text) {
            Ok(Told::Started(started)) => return Some(started),
            Ok(Told::Connected) => {}
            Ok(_) | Err(_) => return None,
        }
    }
    None
}

async fn open(web: &Web, started: Started) -> Option<(Dialect, MediaLine, Writer)> {
    if !started.is_mulaw {
        tracing::error!("media.other_sound: the carrier sends something else than mu-law at 8 kHz");
        return None;
    }
    let token = started.parameters.get(TOKEN).and_then(|token| web.engine.config().secrets.open(token).ok());
    let Some(token) = token else {
        tracing::warn!("media.bad_token: a media stream without a token of ours");
        return None;
    };
    let call = token.call;
    let dialect = Dialect::of(&token.account);
    let writer = Writer::new(dialect, &started.stream);
    let opened = StreamOpened { token, carrier_call_id: started.call, carrier_stream: started.stream };
    match web.engine.open_stream(opened).await {
        Ok(line) => Some((dialect, line, writer)),
        Err(error) => {
            tracing::warn!(%call, %error, "media.refused");
            None
        }
    }
}

/// Carries frames until one of the two ends it. What the carrier says last is told before the line is let go of.
async fn carry(web: &Web, dialect: Dialect, socket: &mut WebSocket, mut line: MediaLine, writer: &Writer) {
    let mut in_order = Shuffled::default();
    loop {
        tokio::select! {
            does = line.does.recv() => {
                let Some(does) = does else { return };
                let frame = Message::Text(writer.frame(&does).into());
                if !matches!(timeout(WRITE, socket.send(frame)).await, Ok(Ok(()))) {
                    return;
                }
            }
            message = socket.recv() => {
                let text = match message {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => continue,
                };
                let says = match streams::read(dialect, &text) {
                    Ok(Told::Says { no: Some(no), says }) => in_order.take(no, says),
                    Ok(Told::Says { no: None, says }) => vec![says],
                    Ok(Told::Complains(code)) => {
                        tracing::warn!(code, "media.carrier_complains");
                        continue;
                    }
                    Ok(Told::Connected | Told::Started(_) | Told::Nothing) => continue,
                    Err(error) => {
                        tracing::warn!(%error, "media.bad_frame");
                        return;
                    }
                };
                for says in says {
                    let is_last = says == CarrierSays::Stopped;
                    if line.says.send(says).await.is_err() || is_last {
                        return;
                    }
                }
            }
            () = web.shutdown.cancelled() => return,
        }
    }
}
