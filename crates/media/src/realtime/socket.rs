//! The connection to a model.

use super::{FAREWELL, ModelAddress, read, refused, write};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use trunkline_core::bridge::{ModelDoes, ModelSays, WhyLost};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A model that leaves so many frames unread is as good as gone: ten seconds of a caller's sound.
const UNREAD: usize = 500;
/// The longest event that is read.
const EVENT_BYTES: usize = 4 << 20;

/// What a model says.
pub struct Ears(SplitStream<Socket>);

/// What is said to a model. The connection is closed when this is dropped.
pub struct Mouth {
    frames: mpsc::Sender<String>,
    address: ModelAddress,
}

/// Connects to a model. How long that may take is up to the caller.
///
/// # Errors
/// There is no connection to be had, or it was refused.
pub async fn connect(address: &ModelAddress) -> Result<(Mouth, Ears), WhyLost> {
    let mut url = address.url.clone();
    url.query_pairs_mut().append_pair("model", &address.model);
    let mut request = url.as_str().into_client_request().map_err(|_| WhyLost::NotReached)?;
    if let Some(key) = &address.key {
        let bearer = format!("Bearer {}", key.expose_secret());
        let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| WhyLost::NotReached)?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
    let config =
        WebSocketConfig::default().max_message_size(Some(EVENT_BYTES)).max_frame_size(Some(EVENT_BYTES));
    // Frames are small and somebody waits for each: they are not gathered.
    let connected = connect_async_with_config(request, Some(config), true).await;
    let (socket, _) = connected.map_err(|error| match error {
        Error::Http(answer) => refused(answer.status().as_u16()),
        _ => WhyLost::NotReached,
    })?;
    let (sink, stream) = socket.split();
    let (frames, queue) = mpsc::channel(UNREAD);
    tokio::spawn(speak(sink, queue));
    Ok((Mouth { frames, address: address.clone() }, Ears(stream)))
}

/// Sends frame after frame, and closes the connection when no more will come. A model that does not read keeps it open no
/// longer than a second.
async fn speak(mut sink: SplitSink<Socket, Message>, mut queue: mpsc::Receiver<String>) {
    while let Some(frame) = queue.recv().await {
        if !matches!(timeout(FAREWELL, sink.send(Message::text(frame))).await, Ok(Ok(()))) {
            return;
        }
    }
    let _ = timeout(FAREWELL, sink.close()).await;
}

impl Mouth {
    /// Asks the model for something. Nobody waits: what it can't take any more means that it is gone.
    ///
    /// # Errors
    /// It reads no more, or the connection is gone.
    pub fn say(&self, does: &ModelDoes) -> Result<(), WhyLost> {
        for frame in write(does, &self.address) {
            self.frames.try_send(frame).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => WhyLost::Stalled,
                mpsc::error::TrySendError::Closed(_) => WhyLost::Closed,
            })?;
        }
        Ok(())
    }
}

impl Ears {
    /// What the model says next. It may be dropped while it waits, and loses nothing.
    pub async fn next(&mut self) -> Vec<ModelSays> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    return read(&text).unwrap_or_else(|_| vec![ModelSays::Lost(WhyLost::Garbage)]);
                }
                Some(Ok(Message::Binary(_))) => return vec![ModelSays::Lost(WhyLost::Garbage)],
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    return vec![ModelSays::Lost(WhyLost::Closed)];
                }
            }
        }
    }
}
