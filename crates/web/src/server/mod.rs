//! Sockets: takes connections within bounds, gives each request to the door, and ends in an orderly way.
//!
//! Own loop instead of a framework's: a bound on connections, on the time a request's head may take, on the time a
//! client may leave us waiting while we write, and a hard end to a soft shutdown.

mod patience;

use crate::door::Door;
use crate::web::Web;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use patience::Patience;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_core::throttle::Rate;

/// How much and how long.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once; further ones wait to be taken.
    pub connections: usize,
    /// How long a request's head may take, which is also how long an idle connection is kept.
    pub head: Duration,
    /// How many bytes a request's head may have.
    pub head_bytes: usize,
    /// How long a request's body may take.
    pub body: Duration,
    /// How many bytes the body of an API request may have.
    pub api_bytes: usize,
    /// How many bytes the body of a carrier's webhook may have.
    pub carrier_bytes: usize,
    /// How long a client may leave a write waiting.
    pub write: Duration,
    /// How many may listen to events at once.
    pub event_streams: usize,
    /// How many of one tenant.
    pub tenant_event_streams: usize,
    /// How often one key may ask.
    pub key_rate: Rate,
    /// How often one address may ask whose keys open nothing.
    pub stranger_rate: Rate,
    /// How long requests in work may take once the end of service has begun.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            head: Duration::from_secs(30),
            head_bytes: 32 * 1024,
            body: Duration::from_secs(15),
            api_bytes: 256 * 1024,
            carrier_bytes: 64 * 1024,
            write: Duration::from_secs(30),
            event_streams: 2_000,
            tenant_event_streams: 1_000,
            key_rate: Rate::per_second(200),
            stranger_rate: Rate::per_second(50),
            drain: Duration::from_secs(10),
        }
    }
}

/// Serves until the web's shutdown is cancelled.
pub(crate) async fn serve(web: Arc<Web>, listener: TcpListener) {
    let limits = web.limits.clone();
    let shutdown = web.shutdown.clone();
    let slots = Arc::new(Semaphore::new(limits.connections));
    let http = http(&limits);
    let sockets = web.sockets.clone();
    let door = Door::new(web);
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((slot, accept(&listener).await))
        };
        let (slot, (stream, peer)) = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            next = next => match next { Some(next) => next, None => break },
        };
        let connection = Connection {
            door: door.clone(),
            http: http.clone(),
            shutdown: shutdown.clone(),
            write: limits.write,
        };
        let cut = cut.clone();
        connections.spawn(async move {
            let _slot = slot;
            tokio::select! {
                () = connection.serve(stream, peer) => {}
                () = cut.cancelled() => {}
            }
        });
    }
    drop(listener);
    connections.close();
    sockets.close();
    let ended = async {
        connections.wait().await;
        sockets.wait().await;
    };
    if tokio::time::timeout(limits.drain, ended).await.is_err() {
        let (connections, sockets) = (connections.len(), sockets.len());
        tracing::warn!(connections, sockets, "requests were cut at the end of service");
        cut.cancel();
    }
    connections.wait().await;
}

fn http(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes.max(16 * 1024));
    http
}

/// Takes the next connection. Out of file handles is no reason to end: it waits for some to come back.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// One client's connection.
struct Connection {
    door: Door,
    http: http1::Builder,
    shutdown: CancellationToken,
    write: Duration,
}

impl Connection {
    async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection ended before it began");
            return;
        }
        let door = self.door;
        let service = service_fn(move |request| {
            let door = door.clone();
            async move { Ok::<_, Infallible>(door.answer(request, peer).await) }
        });
        let mut serving = pin!(
            self.http
                .serve_connection(TokioIo::new(Patience::new(stream, self.write)), service)
                .with_upgrades()
        );
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = self.shutdown.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            // A client that goes away, dawdles or writes nonsense is its own affair.
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
