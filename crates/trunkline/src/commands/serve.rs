//! `trunkline serve`: the server, until it is told to stop or can't trust its journal any more.

use tokio::signal::unix::{Signal, SignalKind, signal};
use trunkline_engine::{Clock, Pace};

use super::settings;
use crate::cli::{self, Serve};
use crate::exit::{Exit, Failure};
use crate::settings::{Account, Finding, Level, Settings};
use crate::terminal::say;
use crate::wiring::{NotStarted, Plan, Population, Server, log, panics};

/// Serves.
pub(super) async fn run(args: Serve) -> Result<Exit, Failure> {
    let settings = settings(args.settings)?;
    let _spans = log::start_with(&settings.log, &settings.traces);
    panics::start();
    settings.check().iter().for_each(note);
    let pace = pace(&args.pace, &settings)?;
    let population = Population { seed: args.seed, ..Population::default() };
    let signals = Signals::new()?;
    let server = Server::start(Plan { settings, pace, population }).await?;
    greet(&server);
    serve_until_told(server, signals).await
}

fn note(finding: &Finding) {
    match finding.level {
        Level::Note => {
            tracing::info!(setting = finding.setting, "settings: {}; {}", finding.text, finding.fix);
        }
        Level::Warning | Level::Error => {
            tracing::warn!(setting = finding.setting, "settings: {}; {}", finding.text, finding.fix);
        }
    }
}

/// Serves until a signal comes or the journal fails.
pub(super) async fn serve_until_told(server: Server, mut signals: Signals) -> Result<Exit, Failure> {
    let engine = server.engine().clone();
    tokio::select! {
        name = signals.next() => {
            tracing::info!(signal = name, "server.stopping: answers in flight are finished; again to stop at once");
            tokio::select! {
                () = server.stop() => Ok(Exit::Fine),
                name = signals.next() => {
                    tracing::warn!(signal = name, "server.stopped_at_once");
                    Ok(Exit::Failed)
                }
            }
        }
        why = engine.fatal() => Err(Failure::new(
            Exit::Failed,
            format_args!("the journal can't be trusted any more ({why}); what was acknowledged is safe: start again"),
        )),
    }
}

/// What the one who started it must know.
fn greet(server: &Server) {
    if let Some(key) = server.fresh_key() {
        say(&format!("API key, shown only now: {key}"));
        say(
            "Keep it. It opens the API and the dashboard; to get another, delete access.json in the data folder.",
        );
    }
    if let Some(simulator) = server.simulator() {
        say(&format!(
            "Calls are simulated: nobody's phone rings. The simulated carrier is at {}",
            simulator.base_url()
        ));
    }
    say(&format!("Dashboard: {}/", server.url()));
}

fn pace(args: &cli::Pace, settings: &Settings) -> Result<Option<Pace>, Failure> {
    let is_simulated = |account: &Account| match account {
        Account::Simulator { .. } => true,
        Account::Twilio { api_base, .. } | Account::Telnyx { api_base, .. } => {
            api_base.host_str().is_some_and(|host| host == "127.0.0.1")
        }
    };
    let simulated = settings.carrier.lines().all(|line| is_simulated(&line.account));
    match args.speed {
        1.0 => Ok(None),
        _ if !simulated => Err(Failure::new(
            Exit::Usage,
            "--speed: real people can't be called faster; use it with the simulator",
        )),
        speed => Ok(Some(Pace { epoch: args.epoch.unwrap_or_else(|| Clock::real().now()), speed })),
    }
}

/// The wish to stop, by Ctrl-C or by the system.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from here on.
    pub fn new() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::while_doing("cannot hear signals", &error));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// The next one's name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

impl From<NotStarted> for Failure {
    fn from(error: NotStarted) -> Self {
        match error {
            NotStarted::Engine(error) => error.into(),
            NotStarted::Setting(finding) => Self::new(Exit::Usage, finding),
            NotStarted::Keys(_) => Self::new(Exit::Damaged, crate::exit::chain(&error)),
            NotStarted::Carrier(crate::wiring::CarrierError::Settings(_)) | NotStarted::PublicUrl(_) => {
                Self::new(Exit::Usage, crate::exit::chain(&error))
            }
            NotStarted::Listen { .. } | NotStarted::Folder(_) | NotStarted::Carrier(_) => {
                Self::new(Exit::Failed, crate::exit::chain(&error))
            }
        }
    }
}
