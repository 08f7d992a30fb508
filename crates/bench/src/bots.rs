//! Calls in which a bot talks, as the carrier and as the model at once: frames of 20 ms both ways, at their time, through the server
//! or through the bare relay. Every two seconds the caller speaks up.
//!
//! `phone` is the caller's end, `model` the bot's; both know only frames. What is lost or overtakes is an error.

mod model;
mod phone;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::StreamExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

use crate::bare;
use crate::call::Call;
use crate::delays::Delays;
use crate::http::Connection;
use crate::twiml;
use crate::webhook::{About, Kind, Writer};

/// One end of what is measured.
type Socket = WebSocketStream<TcpStream>;

/// How long a frame lasts.
const FRAME: Duration = Duration::from_millis(20);
/// A call in which the bot has not spoken by then is none.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who passes sound on.
#[derive(Clone, Copy, Debug)]
enum Bridge {
    /// A server whose number is answered by a bot.
    Server(SocketAddr),
    /// Whoever passes on everything.
    Bare(SocketAddr),
}

/// Calls that go on, until this is dropped.
pub struct Bots {
    bridge: Bridge,
    delays: Arc<Delays>,
    calls: u32,
    tasks: JoinSet<()>,
    /// Calls whose bot has begun to talk.
    begun: UnboundedReceiver<u32>,
    begins: UnboundedSender<u32>,
}

impl Bots {
    /// No call yet, through a server that finds its model at this listener.
    pub fn of_server(server: SocketAddr, model: TcpListener) -> Self {
        let mut bots = Self::new(Bridge::Server(server));
        bots.tasks.spawn(answer(model, Arc::clone(&bots.delays)));
        bots
    }

    /// No call yet, through the bare relay.
    pub fn bare(relay: SocketAddr) -> Self {
        Self::new(Bridge::Bare(relay))
    }

    fn new(bridge: Bridge) -> Self {
        let (begins, begun) = unbounded_channel();
        Self { bridge, delays: Arc::new(Delays::new()), calls: 0, tasks: JoinSet::new(), begun, begins }
    }

    /// The delays of what they say.
    pub fn delays(&self) -> &Delays {
        &self.delays
    }

    /// Lets people call until so many talk.
    ///
    /// # Errors
    /// A call did not come about.
    pub async fn gather(&mut self, calls: usize) -> Result<()> {
        while (self.calls as usize) < calls {
            let call = self.calls;
            let socket = match self.bridge {
                Bridge::Server(address) => called(address, call).await?,
                Bridge::Bare(address) => {
                    let model = open(address, &bare::path(call as usize, 1)).await?;
                    let delays = Arc::clone(&self.delays);
                    self.tasks.spawn(model::talk_at_once(heard_of(model).await?, call, delays));
                    heard_of(open(address, &bare::path(call as usize, 0)).await?).await?
                }
            };
            self.tasks.spawn(phone::talk(socket, call, Arc::clone(&self.delays), self.begins.clone()));
            let Ok(begun) = timeout(PATIENCE, self.begun.recv()).await else {
                let why = self.delays.first_wrong().unwrap_or_else(|| "nothing was heard of it".to_owned());
                bail!("the bot of call {call} does not talk: {why}");
            };
            ensure!(begun == Some(call), "call {begun:?} began to talk instead of {call}");
            self.calls += 1;
        }
        Ok(())
    }
}

/// The model takes every connection.
async fn answer(listener: TcpListener, delays: Arc<Delays>) {
    let mut sessions = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let delays = Arc::clone(&delays);
        sessions.spawn(async move {
            let _ = stream.set_nodelay(true);
            match accept_async(stream).await {
                Ok(socket) => model::talk(socket, delays).await,
                Err(error) => delays.wrong(format!("a session of the model: {error}")),
            }
        });
    }
}

/// Somebody calls, and the server asks for their sound: the media stream's socket, begun.
async fn called(address: SocketAddr, call: u32) -> Result<Socket> {
    let (sid, caller) = (Call::sid(u64::from(call)), format!("+1415556{call:04}"));
    let mut writer = Writer::new(address.to_string())?;
    let about = About { call_sid: &sid, caller: &caller, digits: "", sequence: "0" };
    let mut connection = Connection::open(address).await?;
    let answer = connection.exchange(writer.write(Kind::Arrival, "/voice?q=0", about)).await?;
    let page = String::from_utf8_lossy(answer.body).into_owned();
    let Some((url, token)) = twiml::stream(&page) else { bail!("instead of a media stream came {page}") };
    let path = url.strip_prefix(&format!("ws://{address}")).context("the stream goes elsewhere")?;
    let mut socket = open(address, path).await?;
    phone::begin(&mut socket, &sid, &token).await?;
    Ok(socket)
}

async fn open(address: SocketAddr, path: &str) -> Result<Socket> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("can't connect to {address}"))?;
    stream.set_nodelay(true)?;
    let opened = client_async(format!("ws://{address}{path}"), stream).await;
    Ok(opened.context("a socket was not opened")?.0)
}

/// A socket of the bare relay, once that hears it.
async fn heard_of(mut socket: Socket) -> Result<Socket> {
    match timeout(PATIENCE, socket.next()).await.context("the relay says nothing")? {
        Some(Ok(Message::Text(_))) => Ok(socket),
        other => bail!("the relay said {other:?}"),
    }
}
