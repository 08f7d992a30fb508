//! Everything a handler may reach: the engine, the keys, and a few settings. Nothing here changes while it serves, but
//! for the counters and the short memory of who asked how often.

use crate::access::Access;
use crate::app_calls::AppCalls;
use crate::asking::Asking;
use crate::carrier::{Refused, Timing};
use crate::live::{Seats, Tickets};
use crate::pages::settings_check::Finding;
use crate::server::Limits;
use crate::signaling::Closed;
use crate::user_tokens::UserToken;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_carriers::Verifiers;
use trunkline_carriers::callback::Scheme;
use trunkline_engine::Engine;
use url::Url;

/// How many browsers may follow live changes at once.
const STREAMS_MAX: usize = 256;

/// What the web room is made of.
pub struct Parts {
    /// Who answers and who does.
    pub engine: Engine,
    /// Who may come in.
    pub access: Access,
    /// Who tells the carriers' requests from a stranger's.
    pub verifiers: Verifiers,
    /// What the check of the settings found, for its page.
    pub findings: Vec<Finding>,
    /// Who the users of apps are, and how they reach each other.
    pub app_calls: AppCalls,
    /// How much and how long.
    pub limits: Limits,
}

/// The web room, ready to serve.
pub struct Web {
    pub(crate) engine: Engine,
    pub(crate) access: Access,
    pub(crate) verifiers: Verifiers,
    pub(crate) refused: Refused,
    pub(crate) timing: Timing,
    /// How browsers reach this server: its origin, such as `https://calls.example.com`.
    pub(crate) origin: String,
    pub(crate) findings: Vec<Finding>,
    pub(crate) limits: Limits,
    pub(crate) asking: Asking,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) seats: Arc<Seats>,
    pub(crate) tickets: Tickets,
    pub(crate) app_calls: AppCalls,
    /// The seats of users' devices.
    pub(crate) devices: Arc<Seats>,
    pub(crate) user_tickets: Tickets<UserToken>,
    /// How often and why sockets of users' devices ended.
    pub(crate) closed_sockets: Closed,
    /// Media sockets that have shown no token yet.
    pub(crate) unshown: Arc<Semaphore>,
    /// Sockets that are open: they outlive their connections.
    pub(crate) sockets: TaskTracker,
    pub(crate) shutdown: CancellationToken,
    serial: AtomicU64,
}

impl Web {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        // Serial numbers name requests, sessions and forms. Beginning at the time of the start keeps them unique over
        // restarts without chance.
        let start = u64::try_from(parts.engine.now().as_microsecond()).unwrap_or(0);
        let origin = origin(&parts.engine);
        let asking = Asking::new(&parts.limits);
        let sockets = parts.app_calls.sockets;
        let seats = Seats::new(parts.limits.event_streams, parts.limits.tenant_event_streams);
        Self {
            engine: parts.engine,
            access: parts.access,
            verifiers: parts.verifiers,
            refused: Refused::default(),
            timing: Timing::default(),
            origin,
            findings: parts.findings,
            limits: parts.limits,
            asking,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            seats: Arc::new(seats),
            tickets: Tickets::of("ticket"),
            app_calls: parts.app_calls,
            devices: Arc::new(Seats::new(sockets, sockets)),
            user_tickets: Tickets::of("user ticket"),
            closed_sockets: Closed::default(),
            unshown: Arc::new(Semaphore::new(crate::media::WAITING)),
            sockets: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            serial: AtomicU64::new(start),
        }
    }

    /// Serves until `shutdown` is cancelled: then no new connection is taken, requests in work are finished, and what
    /// is not finished after [`Limits::drain`] is cut.
    pub async fn serve(mut self, listener: TcpListener, shutdown: CancellationToken) {
        self.shutdown = shutdown;
        crate::server::serve(Arc::new(self), listener).await;
    }

    /// A number no other request, session or form of this server has.
    pub(crate) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether browsers reach this server over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

fn origin(engine: &Engine) -> String {
    let address = engine.config().urls.minting().address(Scheme::Http, "/");
    Url::parse(&address).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}
