//! Two users of an app in a call, each with a socket, who tell each other candidates: through the server, or through the bare
//! relay, by the same frames. Every frame is counted: what does not arrive, or not in order, is an error.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::bare;
use crate::crowd::{Pace, Window};
use crate::http::Connection;
use crate::user::User;

/// Frames of each side that are under way where nobody waits for a schedule.
const AT_ONCE: u64 = 2;
/// A frame that has not come by then never will.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a browser says of a way to reach it.
const CANDIDATE: &str = "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0 rport 0 \
    generation 0 ufrag EsAw network-id 1 network-cost 10";

/// Who passes frames on.
#[derive(Clone, Copy, Debug)]
pub enum Relay {
    /// A server, in a call.
    Server(SocketAddr),
    /// Whoever passes on everything.
    Bare(SocketAddr),
}

/// One side of a pair.
pub struct Voice {
    socket: WebSocketStream<TcpStream>,
    /// What each of its frames begins with.
    begins: String,
    said: u64,
    heard: u64,
}

/// Pairs that are connected.
pub struct Pairs(Vec<Voice>);

impl Pairs {
    /// So many pairs, on a relay of their own.
    ///
    /// # Errors
    /// A socket is not opened, or a call not taken.
    pub async fn meet(relay: Relay, number: usize) -> Result<Self> {
        let mut voices = Vec::with_capacity(2 * number);
        match relay {
            Relay::Bare(address) => {
                for pair in 0..number {
                    for side in 0..2 {
                        let mut socket = open(address, &bare::path(pair, side), None).await?;
                        hear(&mut socket).await?;
                        voices.push(Voice::new(socket, &format!("{pair:036}")));
                    }
                }
            }
            Relay::Server(address) => {
                let mut connection = Connection::open(address).await?;
                for pair in 0..number {
                    voices.extend(call(address, &mut connection, pair).await?);
                }
            }
        }
        Ok(Self(voices))
    }

    /// Lets them all talk for a while; each frame is one of the window's, with the time it took.
    ///
    /// # Errors
    /// A frame did not arrive as it was said.
    pub async fn talk(&mut self, pace: Pace, time: Duration) -> Result<Window> {
        let begun = Instant::now();
        let sides = self.0.len();
        let mut tasks = JoinSet::new();
        for (place, mut voice) in self.0.drain(..).enumerate() {
            let rhythm = Rhythm { begun, end: begun + time, pace, place, sides };
            tasks.spawn(async move {
                let window = voice.talk(rhythm).await?;
                anyhow::Ok((place, voice, window))
            });
        }
        let (mut window, mut voices) =
            (Window { took: time, ..Window::default() }, Vec::with_capacity(sides));
        while let Some(done) = tasks.join_next().await {
            let (place, voice, theirs) = done.context("a voice's task died")??;
            window.voice.extend(&theirs.voice);
            voices.push((place, voice));
        }
        voices.sort_by_key(|(place, _)| *place);
        self.0.extend(voices.into_iter().map(|(_, voice)| voice));
        Ok(window)
    }
}

/// A user's socket that has been told that it is heard.
///
/// # Errors
/// It is not let in.
pub async fn device(address: SocketAddr, user: &User) -> Result<WebSocketStream<TcpStream>> {
    let mut socket = open(address, "/ws?device_id=d", Some(&user.bearer())).await?;
    let heard = hear(&mut socket).await?;
    ensure!(heard.contains("connection.ack"), "a device was told {heard}");
    Ok(socket)
}

/// Two who talk.
async fn call(address: SocketAddr, connection: &mut Connection, pair: usize) -> Result<[Voice; 2]> {
    let [ann, bob] = [User::new(format!("ann-{pair}"))?, User::new(format!("bob-{pair}"))?];
    let mut sockets = [device(address, &ann).await?, device(address, &bob).await?];
    let id = ann.calls(&bob, connection, address).await?;
    let answer = connection.exchange(&bob.accept(address, &id, "d")).await?;
    ensure!(answer.status == 200, "an accept was answered {}: {}", answer.status, answer.beginning());
    for socket in &mut sockets {
        while !hear(socket).await?.contains("call.accepted") {}
    }
    Ok(sockets.map(|socket| Voice::new(socket, &id)))
}

async fn open(address: SocketAddr, path: &str, bearer: Option<&str>) -> Result<WebSocketStream<TcpStream>> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("can't connect to {address}"))?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{address}{path}").into_client_request()?;
    if let Some(bearer) = bearer {
        request.headers_mut().insert("authorization", bearer.parse()?);
    }
    let (socket, _) = client_async(request, stream).await.context("a socket was not opened")?;
    Ok(socket)
}

/// The next frame.
async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Result<String> {
    loop {
        match timeout(PATIENCE, socket.next()).await.context("a socket hears nothing")? {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            other => bail!("a socket was closed: {other:?}"),
        }
    }
}

/// When one of many talks.
#[derive(Clone, Copy)]
struct Rhythm {
    begun: Instant,
    end: Instant,
    pace: Pace,
    place: usize,
    sides: usize,
}

impl Rhythm {
    /// When its `n`-th frame is due, where there is a schedule: they take turns.
    fn due(self, n: u64) -> Option<Instant> {
        match self.pace {
            Pace::Closed => None,
            Pace::Open { per_second } => {
                let before = self.place as f64 + n as f64 * self.sides as f64;
                Some(self.begun + Duration::from_secs_f64(before / per_second)).filter(|due| *due < self.end)
            }
        }
    }
}

impl Voice {
    fn new(socket: WebSocketStream<TcpStream>, call: &str) -> Self {
        let begins = format!(
            r#"{{"type":"call.ice-candidate","call_id":"{call}","candidate":{{"candidate":"{CANDIDATE}","sdpMid":"0","sdpMLineIndex":0,"#
        );
        Self { socket, begins, said: 0, heard: 0 }
    }

    /// Talks until it is time, then says that it was the last word, and listens until the other has said so too.
    async fn talk(&mut self, rhythm: Rhythm) -> Result<Window> {
        let mut window = Window::default();
        let (mut turn, mut is_last_said, mut is_last_heard) = (0, false, false);
        if rhythm.due(0).is_none() && matches!(rhythm.pace, Pace::Closed) {
            for _ in 0..AT_ONCE {
                self.say(rhythm.begun, Word::More).await?;
            }
        }
        while !(is_last_said && is_last_heard) {
            let due = rhythm.due(turn);
            tokio::select! {
                () = sleep_until(due.unwrap_or(rhythm.end)), if !is_last_said => {
                    is_last_said = due.is_none();
                    let word = if is_last_said { Word::Last } else { Word::More };
                    self.say(rhythm.begun, word).await?;
                    turn += 1;
                }
                heard = hear(&mut self.socket) => {
                    let (at, word) = self.understand(&heard?)?;
                    is_last_heard |= word == Word::Last;
                    let now = Instant::now();
                    if word == Word::More && now < rhythm.end {
                        window.voice.add(now.saturating_duration_since(rhythm.begun + Duration::from_nanos(at)));
                        if matches!(rhythm.pace, Pace::Closed) {
                            self.say(rhythm.begun, Word::More).await?;
                        }
                    }
                }
            }
        }
        Ok(window)
    }

    async fn say(&mut self, since: Instant, word: Word) -> Result<()> {
        let at = since.elapsed().as_nanos();
        let (begins, number, last) = (&self.begins, self.said, word == Word::Last);
        let text = format!(r#"{begins}"last":{last},"number":{number},"at":{at}}}}}"#);
        self.said += 1;
        self.socket.send(Message::text(text)).await.context("a frame could not be sent")
    }

    /// When the other said this, and whether it was their last word; nothing is lost and nothing overtakes.
    fn understand(&mut self, text: &str) -> Result<(u64, Word)> {
        let own = text.rfind(r#""last":"#).map(|place| format!("{{{}", &text[place..text.len() - 1]));
        let own: Value = own.and_then(|own| serde_json::from_str(&own).ok()).unwrap_or_default();
        let (Some(number), Some(at)) = (own["number"].as_u64(), own["at"].as_u64()) else {
            bail!("instead of a candidate came {text}");
        };
        ensure!(number == self.heard, "after {} frames came number {number}", self.heard);
        self.heard += 1;
        Ok((at, if own["last"] == true { Word::Last } else { Word::More }))
    }
}

/// Whether more is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    More,
    Last,
}
