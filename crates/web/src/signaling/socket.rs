//! `/ws` and its kin: one socket of one device of one user. All addresses are one socket: `/ws/chat/…` and `/ws/notifications` are
//! where older clients look for it, and on `/ws/calls/{id}` a frame may leave the call's id out.

use super::asked::Asked;
use super::pace::Pace;
use super::resuming;
use crate::api::{CallRef, Named, bearer, not_found};
use crate::asking;
use crate::cors;
use crate::door::Peer;
use crate::live::Seat;
use crate::problem::{Code, Problem};
use crate::user_tokens::{UserToken, UserTokens};
use crate::web::Web;
use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::ORIGIN;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, timeout};
use trunkline_core::id::{CallId, ConversationId, DeviceId};
use trunkline_core::signal::{Fault, FaultCode, Said, Told};
use trunkline_engine::{AppDesk, DeviceLine, LineEnd, LineNews};

/// A larger frame ends its socket.
const FRAME_BYTES: usize = 64 * 1024;
/// What is read of one that is too large, before it is known to be.
const READ_BYTES: usize = 128 * 1024;
const BUFFER_BYTES: usize = 4 * 1024;
/// A token in an address lives no longer than this; clocks differ a little.
const IN_ADDRESS: SignedDuration = SignedDuration::from_secs(65);
/// A token that has run out, and a tenant that was revoked, hear no more within this time.
const LOOK: Duration = Duration::from_secs(1);
/// After so many looks a device is asked whether it is still there; one that has not answered until the next time is gone.
const HEARTBEAT_LOOKS: u64 = 10;
/// How long a device may leave a write waiting.
const WRITE: Duration = Duration::from_secs(10);
/// How long a client may take to agree that it is over.
const FAREWELL: Duration = Duration::from_secs(2);
/// Whoever comes back to a call says so once; each time the other side is told.
const RESUMES_PER_SECOND: u32 = 1;

/// Why a socket is closed.
#[derive(Clone, Copy, Debug)]
enum End {
    ServerEnds,
    TooLarge,
    TooFast,
    TooSlow,
    NoToken,
    NoSuchCall,
    NotInConversation,
    Replaced,
    TooManyDevices,
    /// Nothing is left to be said: the client has gone, or broke the protocol.
    Gone,
}

impl End {
    /// Its word in counts.
    fn word(self) -> &'static str {
        match self {
            Self::ServerEnds => "server_ends",
            Self::TooLarge => "too_large",
            Self::TooFast => "too_fast",
            Self::TooSlow => "too_slow",
            Self::NoToken => "no_token",
            Self::NoSuchCall => "no_such_call",
            Self::NotInConversation => "not_in_conversation",
            Self::Replaced => "replaced",
            Self::TooManyDevices => "too_many_devices",
            Self::Gone => "gone",
        }
    }

    fn frame(self) -> Option<(u16, &'static str)> {
        match self {
            Self::ServerEnds => Some((1001, "the server ends")),
            Self::TooLarge => Some((1009, "a frame has 64 KiB at most")),
            Self::TooFast => Some((1008, "too many frames")),
            Self::TooSlow => Some((1008, "too much waits to be read")),
            Self::NoToken => Some((4401, "a token is needed that is good now; in an address, a ticket")),
            Self::NoSuchCall => Some((4404, "there is no such call of yours")),
            Self::NotInConversation => Some((4404, "there is no such conversation of yours")),
            Self::Replaced => Some((4409, "this device has come again")),
            Self::TooManyDevices => Some((4429, "this user has too many devices")),
            Self::Gone => None,
        }
    }
}

/// A socket that is open.
struct Talk {
    web: Arc<Web>,
    socket: WebSocket,
    line: DeviceLine,
    token: UserToken,
    /// The one call that it is about, if it was opened for one.
    on: Option<CallId>,
    /// The conversation that it was opened for.
    conversation: Option<ConversationId>,
    pace: Pace,
    /// How often it may come back to calls.
    resumes: Pace,
    _seat: Seat,
}

/// What a socket is opened for.
enum For {
    Everything,
    Conversation(ConversationId),
    Call(CallRef),
}

/// `GET /ws`, `/ws/notifications`
pub(crate) async fn everywhere(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    Extension(Peer(peer)): Extension<Peer>,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    open(web, &headers, peer, query.as_deref().unwrap_or_default(), upgrade, For::Everything).await
}

/// `GET /ws/chat/{conversation}`: the same, for who is in it.
pub(crate) async fn of_conversation(
    State(web): State<Arc<Web>>,
    Named(conversation): Named<String>,
    headers: HeaderMap,
    Extension(Peer(peer)): Extension<Peer>,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let conversation = ConversationId::parse(&conversation).ok_or_else(not_found)?;
    let what = For::Conversation(conversation);
    open(web, &headers, peer, query.as_deref().unwrap_or_default(), upgrade, what).await
}

/// `GET /ws/calls/{id}`
pub(crate) async fn of_call(
    State(web): State<Arc<Web>>,
    Named(call): Named<CallRef>,
    headers: HeaderMap,
    Extension(Peer(peer)): Extension<Peer>,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    open(web, &headers, peer, query.as_deref().unwrap_or_default(), upgrade, For::Call(call)).await
}

async fn open(
    web: Arc<Web>,
    headers: &HeaderMap,
    peer: std::net::IpAddr,
    query: &str,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    what: For,
) -> Result<Response, Problem> {
    let upgrade = upgrade
        .map_err(|_| Problem::new(Code::BadRequest).detail("this address speaks WebSocket (RFC 6455)"))?
        .max_message_size(READ_BYTES)
        .max_frame_size(READ_BYTES)
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES);
    if is_foreign(&web, headers) {
        return Err(Problem::new(Code::Forbidden).detail("pages of this origin may not open sockets here"));
    }
    let asked = Asked::parse(query)?;
    let held = web.sockets.token();
    let admitted = match let_in(&web, headers, &asked) {
        Some(token) => admit(&web, token, asked, what).await?,
        None => {
            let standing = web.asking.without_key(peer, web.engine.now());
            if let Some(wait) = standing.wait {
                return Err(asking::too_often(&standing, wait));
            }
            Err(End::NoToken)
        }
    };
    Ok(upgrade
        .on_upgrade(async move |socket| {
            let _held = held;
            match admitted {
                Ok(admitted) => admitted.talk(web, socket).await,
                // Browsers tell a page nothing of an answer that is no socket.
                Err(end) => close(&web, socket, end).await,
            }
        })
        .into_response())
}

/// Whether a page of another origin opens the socket that no setting names. Apps that are no pages send no origin.
fn is_foreign(web: &Web, headers: &HeaderMap) -> bool {
    let own = |origin: &[u8]| origin == web.origin.as_bytes();
    headers
        .get(ORIGIN)
        .is_some_and(|origin| !own(origin.as_bytes()) && cors::reader(&web.access.origins, headers).is_none())
}

/// Who opens a socket: by a token in the header, or in the address a ticket or a token that runs out within a minute.
fn let_in(web: &Web, headers: &HeaderMap, asked: &Asked) -> Option<UserToken> {
    let now = web.engine.now();
    let token = match &asked.token {
        Some(token) if UserTokens::is_one(token) => {
            let read = web.app_calls.tokens.read(token, now)?;
            let is_brief = now.checked_add(IN_ADDRESS).is_ok_and(|longest| read.expires <= longest);
            is_brief.then_some(read)?
        }
        Some(ticket) => web.user_tickets.redeem(&web.access, ticket, now)?,
        None => web.app_calls.tokens.read(bearer(headers)?, now)?,
    };
    is_good(web, &token, now).then_some(token)
}

fn is_good(web: &Web, token: &UserToken, now: Timestamp) -> bool {
    now < token.expires && web.engine.has_tenant(&token.user.tenant)
}

/// Who has been let in, before the socket is there.
struct Admission {
    token: UserToken,
    desk: AppDesk,
    device: DeviceId,
    on: Option<CallId>,
    conversation: Option<ConversationId>,
    seat: Seat,
}

async fn admit(
    web: &Arc<Web>,
    token: UserToken,
    asked: Asked,
    what: For,
) -> Result<Result<Admission, End>, Problem> {
    let desk = web.engine.app_desk(token.user.clone());
    let (on, conversation) = match what {
        For::Everything => (None, None),
        For::Conversation(conversation) if !desk.may_listen(&conversation) => {
            return Ok(Err(End::NotInConversation));
        }
        For::Conversation(conversation) => (None, Some(conversation)),
        For::Call(call) => match desk.call(call.as_str()).await? {
            Some(call) => (Some(call.id), None),
            None => return Ok(Err(End::NoSuchCall)),
        },
    };
    let seat = web.devices.take(&token.user.tenant)?;
    let device = asked.device.unwrap_or_else(|| DeviceId::new(format!("d{:x}", web.next_serial())));
    Ok(Ok(Admission { token, desk, device, on, conversation, seat }))
}

impl Admission {
    async fn talk(self, web: Arc<Web>, socket: WebSocket) {
        let Some(line) = self.desk.connect(self.device) else {
            return close(&web, socket, End::TooManyDevices).await;
        };
        let pace = Pace::new(web.app_calls.frames_per_second, Instant::now());
        let resumes = Pace::new(RESUMES_PER_SECOND, Instant::now());
        let (token, on, conversation) = (self.token, self.on, self.conversation);
        let mut talk = Talk { web, socket, line, token, on, conversation, pace, resumes, _seat: self.seat };
        let end = talk.until_it_ends().await;
        let Talk { web, socket, line, .. } = talk;
        // Whoever waits for this device is told before it is let go of.
        drop(line);
        close(&web, socket, end).await;
    }
}

impl Talk {
    /// Talks until one of the two ends it.
    async fn until_it_ends(&mut self) -> End {
        let ack = Told::Ack {
            user_id: self.token.user.id.as_str().to_owned(),
            device_id: self.line.device().clone(),
            heartbeat_secs: HEARTBEAT_LOOKS,
        };
        if let Err(end) = self.tell(&ack).await {
            return end;
        }
        self.line.greet().await;
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut looked, mut answers) = (0_u64, true);
        let shutdown = self.web.shutdown.clone();
        // One waiting for all frames: to line up again for each of them, all sockets would meet at one lock.
        let mut ends = std::pin::pin!(shutdown.cancelled());
        loop {
            let went = tokio::select! {
                () = &mut ends => return End::ServerEnds,
                _ = looks.tick() => {
                    looked += 1;
                    if !is_good(&self.web, &self.token, self.web.engine.now()) {
                        return End::NoToken;
                    }
                    if !self.is_in_conversation() {
                        return End::NotInConversation;
                    }
                    match looked.is_multiple_of(HEARTBEAT_LOOKS) {
                        true if !answers => return End::Gone,
                        true => {
                            answers = false;
                            self.send(Message::Ping(Default::default())).await
                        }
                        false => Ok(()),
                    }
                }
                news = self.line.next() => match news {
                    LineNews::Tell(text) => self.send(Message::Text(text.into())).await,
                    LineNews::Cut(LineEnd::Replaced) => return End::Replaced,
                    LineNews::Cut(LineEnd::Slow) => return End::TooSlow,
                },
                heard = self.socket.recv() => {
                    answers = true;
                    match heard {
                        None | Some(Ok(Message::Close(_))) => return End::Gone,
                        Some(Err(error)) => return broken(&error),
                        Some(Ok(message)) => self.hear(message).await,
                    }
                }
            };
            if let Err(end) = went {
                return end;
            }
        }
    }

    /// Whether the user is in the conversation that the socket was opened for still.
    fn is_in_conversation(&self) -> bool {
        let Some(conversation) = &self.conversation else { return true };
        self.web.engine.app_desk(self.token.user.clone()).may_listen(conversation)
    }

    /// Takes in one frame.
    async fn hear(&mut self, message: Message) -> Result<(), End> {
        if !self.pace.allows(Instant::now()) {
            return Err(End::TooFast);
        }
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(bytes) if bytes.len() > FRAME_BYTES => return Err(End::TooLarge),
            Message::Binary(_) => {
                let fault = Fault::new(FaultCode::BadFrame, "text is understood here, and nothing else");
                return self.tell(&fault.into()).await;
            }
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => return Ok(()),
        };
        if text.len() > FRAME_BYTES {
            return Err(End::TooLarge);
        }
        let done = match Said::read(&text, self.on) {
            Ok(said) => self.act(said).await,
            Err(fault) => Err(fault),
        };
        match done {
            Ok(Some(told)) => self.tell(&told).await,
            Ok(None) => Ok(()),
            Err(fault) => self.tell(&fault.into()).await,
        }
    }

    async fn act(&mut self, said: Said) -> Result<Option<Told>, Fault> {
        match said {
            Said::Ping => return Ok(Some(Told::Pong)),
            Said::Signal(call, signal) => self.line.signal(call, signal).await?,
            Said::End(call) => self.line.end(call).await?,
            Said::Resume { call, token, media } => {
                if !self.resumes.allows(Instant::now()) {
                    return Err(
                        Fault::new(FaultCode::Unavailable, "resume once, and not all the time").of(call)
                    );
                }
                if !resuming::opens(&self.web.access, &self.token.user, call, &token) {
                    // Whether there is such a call is told to nobody.
                    return Err(Fault::new(FaultCode::NoSuchCall, "there is no such call of yours").of(call));
                }
                self.line.resume(call, media).await?;
            }
            Said::Renew(token) => {
                let now = self.web.engine.now();
                let newer = self.web.app_calls.tokens.read(&token, now);
                let own = &self.token.user;
                let newer = newer.filter(|newer| newer.user.id == own.id && newer.user.tenant == own.tenant);
                self.token = newer.ok_or(Fault::new(FaultCode::BadToken, "this token opens nothing here"))?;
            }
        }
        Ok(None)
    }

    async fn tell(&mut self, told: &Told) -> Result<(), End> {
        match serde_json::to_string(told) {
            Ok(text) => self.send(Message::Text(text.into())).await,
            Err(error) => {
                tracing::error!(%error, "a frame could not be written");
                Ok(())
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(WRITE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}

/// What a client has done whose frame could not be read.
fn broken(error: &axum::Error) -> End {
    tracing::debug!(%error, "a socket ended early");
    // The reader has no other way to say that a frame was larger than it takes.
    if error.to_string().contains("too long") { End::TooLarge } else { End::Gone }
}

/// Says why, and waits a moment for the client to agree.
async fn close(web: &Web, mut socket: WebSocket, end: End) {
    web.closed_sockets.count(end.word());
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
