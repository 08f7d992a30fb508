//! One whole server: started in the order of the design, stopped in order.
//!
//! listen (so that the address is known) → keys → lock, scan and fold → serve. Store, owed commands and dialing follow by
//! themselves. The simulator, where it stands in for a carrier, lives and dies with the server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trunkline_carriers::Verifiers;
use trunkline_carriers::callback::PublicUrls;
use trunkline_core::throttle::Rate;
use trunkline_engine::{Clock, Engine, Pace, StartError};
use trunkline_sim::Sim;
use trunkline_web::{Access, KeyHash, Parts, Web};

use super::beside::{Beside, Stands};
use super::calls_file::CallsFile;
use super::carrier::{self, CarrierError, Connected, Population, Simulated};
use super::config::config;
use super::folder::{self, FolderError};
use super::hand_over;
use super::keys::{self, Keys, KeysError};
use crate::settings::{Finding, Level, Settings};

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the operator decided.
    pub settings: Settings,
    /// Time that runs faster, for a simulated world.
    pub pace: Option<Pace>,
    /// Who lives in it.
    pub population: Population,
}

impl Plan {
    /// A server by its settings, at the pace of the world.
    pub fn new(settings: Settings) -> Self {
        Self { settings, pace: None, population: Population::default() }
    }
}

/// Why a server did not start. Nothing was changed but what recovery may change.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// A setting with which calls can't work.
    #[error("{0}")]
    Setting(Finding),
    /// Its address.
    #[error("cannot listen on {address}: {source}; another one is chosen with --port")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A public address.
    #[error("server.public_url: {0}")]
    PublicUrl(#[from] trunkline_carriers::callback::BadPublicUrl),
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The carrier.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] StartError),
}

/// A running server.
pub struct Server {
    engine: Engine,
    simulator: Option<Sim>,
    local: String,
    fresh_key: Option<String>,
    data_dir: std::path::PathBuf,
    web: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Server {
    /// Starts a server; when this returns, it answers.
    ///
    /// # Errors
    /// [`NotStarted`] says why not.
    pub async fn start(plan: Plan) -> Result<Self, NotStarted> {
        let settings = &plan.settings;
        let findings = settings.check();
        if let Some(wrong) = findings.iter().find(|finding| finding.level == Level::Error) {
            return Err(NotStarted::Setting(wrong.clone()));
        }
        let data_dir = settings.server.data_dir.clone();
        folder::make(&data_dir)?;
        hand_over::wait(&data_dir).await;
        let listener = listen(settings).await?;
        let local = local_url(&listener)?;
        let keys = Keys::open(&settings.access, &data_dir)?;
        let urls = public_urls(settings, &local)?;
        let connected = connect(&plan, &keys, &local).await?;
        let verifiers =
            connected.signs.into_iter().map(|(account, signs)| Ok((account, signs.verifier(&urls)?)));
        let verifiers = Verifiers::new(verifiers.collect::<Result<Vec<_>, CarrierError>>()?);
        let clock = plan.pace.map_or_else(Clock::real, Clock::paced);
        let config = config(settings, urls, Arc::new(keys.sealing), connected.from, clock);
        let engine = Engine::start(config, connected.carriers).await?;

        let simulator = match connected.simulator {
            Some(simulator) => Some(simulator.start().await?),
            None => None,
        };

        let beside = Beside {
            url: local.clone(),
            key: keys::api_key().map_err(KeysError::from)?,
            pid: std::process::id(),
            stands: Stands::Serving,
        };
        beside.leave(&data_dir)?;
        let mut api = keys.api;
        api.push(KeyHash::of(&beside.key));
        let web = Web::new(Parts {
            engine: engine.clone(),
            access: Access {
                trusted_proxies: settings.server.trusted_proxies.clone(),
                origins: settings.server.cors_origins.clone(),
                ..Access::new(api, keys.session)
            },
            verifiers,
            findings: findings.iter().map(shown).collect(),
            app_calls: app_calls(settings),
            limits: web_limits(settings),
        });
        let shutdown = CancellationToken::new();
        let web = tokio::spawn(web.serve(listener, shutdown.clone()));
        if let Some(file) = settings.store.calls_data_file.clone() {
            let key = beside.key.clone().into();
            let calls = CallsFile { file, data_dir: data_dir.clone(), url: local.clone(), key };
            let stopped = shutdown.clone();
            // Rows that went in before a stop are known at the next start.
            tokio::spawn(async move { stopped.run_until_cancelled(calls.take_over()).await });
        }
        tracing::info!(url = local, "server.ready: serving");
        Ok(Self { engine, simulator, local, fresh_key: keys.fresh, data_dir, web, shutdown })
    }

    /// The engine, as everybody who holds the server may use it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Where it is reached on this machine, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.local
    }

    /// The simulator, if calls go through it.
    pub fn simulator(&self) -> Option<&Sim> {
        self.simulator.as_ref()
    }

    /// The API key, if it was made at this start: to be shown once.
    pub fn fresh_key(&self) -> Option<&str> {
        self.fresh_key.as_deref()
    }

    /// Stops in order: no new calls, answers in flight are finished, the journal is closed. Calls that are live go on at
    /// the carrier, and the next start adopts them.
    pub async fn stop(self) {
        Beside::say_leaving(&self.data_dir, std::process::id());
        self.engine.drain().await;
        self.shutdown.cancel();
        // It was not aborted, and a panic in it was logged.
        let _ = self.web.await;
        self.engine.stop().await;
        Beside::take_away(&self.data_dir, std::process::id());
        if let Some(simulator) = self.simulator {
            simulator.stop().await;
        }
    }
}

async fn listen(settings: &Settings) -> Result<TcpListener, NotStarted> {
    let address = SocketAddr::new(settings.server.host, settings.server.port);
    TcpListener::bind(address).await.map_err(|source| NotStarted::Listen { address, source })
}

/// The address for whoever is on this machine.
fn local_url(listener: &TcpListener) -> Result<String, NotStarted> {
    let address = listener
        .local_addr()
        .map_err(|source| NotStarted::Listen { address: (Ipv4Addr::UNSPECIFIED, 0).into(), source })?;
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(format!("http://{}", SocketAddr::new(ip, address.port())))
}

/// Under which addresses the carrier knows us. The simulator lives beside us and takes no way round through a proxy.
fn public_urls(settings: &Settings, local: &str) -> Result<PublicUrls, NotStarted> {
    let mut urls: Vec<String> = settings.server.public_urls.iter().map(ToString::to_string).collect();
    if settings.carrier.is_simulated() {
        urls.insert(0, local.to_owned());
    }
    let fallback = settings.server.fallback_url.as_ref().map(|url| url.to_string().parse()).transpose()?;
    Ok(urls.join(",").parse::<PublicUrls>()?.with_fallback(fallback))
}

async fn connect(plan: &Plan, keys: &Keys, local: &str) -> Result<Connected, CarrierError> {
    let settings = &plan.settings;
    let simulated = Simulated {
        population: &plan.population,
        pace: plan.pace,
        data_dir: settings.server.data_dir.clone(),
        // Not to be guessed by a page in a browser of this machine, and the same after a restart.
        token: keys.sealing.tag(b"simulator"),
        public_url: local,
        numbers: settings.scripts.numbers.iter().map(|route| route.number.clone()).collect(),
    };
    carrier::connect(&settings.carrier, simulated).await
}

fn app_calls(settings: &Settings) -> trunkline_web::AppCalls {
    let app_calls = &settings.app_calls;
    trunkline_web::AppCalls {
        tokens: app_calls.tokens.clone(),
        stun: app_calls.stun.clone(),
        turn: app_calls.turn.clone(),
        sockets: usize::try_from(app_calls.sockets).unwrap_or(usize::MAX),
        frames_per_second: u32::try_from(app_calls.frames).unwrap_or(u32::MAX),
    }
}

fn web_limits(settings: &Settings) -> trunkline_web::Limits {
    let size = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
    let rate = |rate: u64| Rate::per_second(u32::try_from(rate).unwrap_or(u32::MAX));
    trunkline_web::Limits {
        api_bytes: size(settings.server.max_request_bytes),
        carrier_bytes: size(settings.server.max_webhook_bytes),
        event_streams: size(settings.limits.event_streams),
        tenant_event_streams: size(settings.limits.tenant_event_streams),
        key_rate: rate(settings.limits.key_requests),
        stranger_rate: rate(settings.limits.stranger_requests),
        ..trunkline_web::Limits::default()
    }
}

fn shown(finding: &Finding) -> trunkline_web::Finding {
    trunkline_web::Finding {
        subject: finding.setting.clone(),
        verdict: match finding.level {
            Level::Note => trunkline_web::Verdict::Good,
            Level::Warning => trunkline_web::Verdict::Doubtful,
            Level::Error => trunkline_web::Verdict::Wrong,
        },
        detail: format!("{}; {}", finding.text, finding.fix),
    }
}
