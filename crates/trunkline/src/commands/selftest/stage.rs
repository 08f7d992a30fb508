//! The stage of the self test: a server on a temporary folder, and a carrier that outlives it.

use std::collections::BTreeMap;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use trunkline_core::call::{Call, RecordingState};
use trunkline_core::private::Private;
use trunkline_engine::{Clock, Order, Pace};
use trunkline_sim::{Habit, Sim, SimOptions};

use crate::exit::Failure;
use crate::settings::{Flags, Settings, Sources};
use crate::wiring::{Plan, Population, Server};

/// How many questions are asked.
pub(super) const QUESTIONS: usize = 3;
const SURVEY: &str = r#"["What is your name?", "When would it suit you?", "Anything else?"]"#;
const OUR_NUMBER: &str = "+15005550006";
/// A minute passes in a second.
const SPEED: f64 = 60.0;
/// Real time in which anything must have happened.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// Where the self test plays.
pub(super) struct Stage {
    sim: Sim,
    plan: Plan,
    server: Option<Server>,
    http: reqwest::Client,
    _folder: TempDir,
}

impl Stage {
    /// Starts a carrier and a server.
    pub async fn set() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("trunkline-selftest-").tempdir();
        let folder =
            folder.map_err(|error| Failure::while_doing("cannot make a temporary folder", &error))?;
        let questions = folder.path().join("questions.json");
        std::fs::write(&questions, SURVEY)
            .map_err(|error| Failure::while_doing("cannot write to the temporary folder", &error))?;
        let pace = Pace { epoch: Clock::real().now(), speed: SPEED };
        let sim = simulator(pace).await?;
        let settings = settings(&folder, &questions.to_string_lossy(), &sim.base_url())?;
        let plan = Plan { settings, pace: Some(pace), population: Population::default() };
        let server = Server::start(plan.clone()).await?;
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
        let http = http.map_err(|error| Failure::while_doing("cannot set up the HTTP client", &error))?;
        Ok(Self { sim, plan, server: Some(server), http, _folder: folder })
    }

    /// Stops the server and starts it again on its folder; the carrier goes on meanwhile.
    pub async fn restart(&mut self) -> Result<(), String> {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
        self.server = Some(Server::start(self.plan.clone()).await.map_err(|error| error.to_string())?);
        Ok(())
    }

    /// Takes it all down.
    pub async fn strike(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
        self.sim.stop().await;
    }

    /// Gives a number a habit.
    pub fn person(&self, number: &str, habit: Habit) {
        self.sim.set_person(number, habit);
    }

    /// Places a call, and waits until nothing is owed for it.
    pub async fn call(&self, number: &str, habit: Habit) -> Result<Arc<Call>, String> {
        self.person(number, habit);
        let placed = self.place(number).await?;
        self.until(&placed, Call::is_settled).await
    }

    /// Places a call.
    pub async fn place(&self, number: &str) -> Result<Arc<Call>, String> {
        let order = Order { to: Private::new(number.to_owned()), ..Order::default() };
        let placed = self.server()?.engine().desk().place(order).await;
        placed.map(|placed| placed.call).map_err(|error| error.to_string())
    }

    /// Waits until something holds of a call.
    pub async fn until(&self, call: &Call, holds: impl Fn(&Call) -> bool) -> Result<Arc<Call>, String> {
        let id = call.id.to_string();
        let look = async {
            loop {
                if let Ok(Some(call)) = self.server()?.engine().desk().call(&id).await
                    && holds(&call)
                {
                    return Ok(call);
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, look)
            .await
            .unwrap_or_else(|_| Err("it did not happen in time".to_owned()))
    }

    /// How often the carrier was asked to call a number.
    pub fn times_called(&self, number: &str) -> u64 {
        self.sim.dialed().get(number).copied().unwrap_or(0)
    }

    /// Whether each answer's recording is in the folder.
    pub fn is_recorded(&self, call: &Call) -> bool {
        call.turns.values().all(|turn| {
            turn.recording_of_answer().is_some_and(|it| matches!(it.state, RecordingState::Stored { .. }))
        })
    }

    /// The last record of the journal.
    pub async fn journaled(&self) -> Option<u64> {
        let server = self.server.as_ref()?;
        let calls = server.engine().desk().calls(&trunkline_engine::Query::default()).await.ok()?;
        let mut last = None;
        for call in calls.calls {
            let entries = server.engine().desk().history(&call.id.to_string()).await.ok()??;
            last = last.max(entries.iter().map(|entry| entry.lsn).max());
        }
        last
    }

    /// The status of an answer.
    pub async fn get(&self, path: &str) -> Result<u16, String> {
        let answer = self.http.get(format!("{}{path}", self.server()?.url())).send().await;
        answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
    }

    /// Sends a form as the carrier would, signed by somebody who does not know the token.
    pub async fn forge(&self, path: &str, form: &str) -> Result<u16, String> {
        let url = format!("{}{path}", self.server()?.url());
        let pairs: Vec<(String, String)> = form
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let signature = trunkline_sim::sign("another-token", &url, &pairs);
        let request = self.http.post(&url).header("x-twilio-signature", signature);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(form.to_owned()).send().await;
        answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
    }

    fn server(&self) -> Result<&Server, String> {
        self.server.as_ref().ok_or_else(|| "the server is not running".to_owned())
    }
}

async fn simulator(pace: Pace) -> Result<Sim, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.map_err(|error| Failure::while_doing("cannot listen on this machine", &error))?;
    let options = SimOptions {
        speed: pace.speed,
        epoch: Some(pace.epoch),
        numbers: vec![OUR_NUMBER.into()],
        // A restart of the server takes real time, however fast the world runs.
        patience: Duration::from_secs(15),
        ..SimOptions::default()
    };
    Sim::start(listener, options).await.map_err(|error| Failure::while_doing("the simulator", &error))
}

fn settings(folder: &TempDir, questions: &str, api_base: &str) -> Result<Settings, Failure> {
    let account = SimOptions::default();
    let port = free_port().map_err(|error| Failure::while_doing("cannot listen on this machine", &error))?;
    let environment: BTreeMap<String, String> = [
        ("TWILIO_ACCOUNT_SID", account.account_sid.as_str()),
        ("TWILIO_AUTH_TOKEN", account.auth_token.as_str()),
        ("TWILIO_PHONE_NUMBER", OUR_NUMBER),
        ("TWILIO_API_BASE", api_base),
        ("PUBLIC_URL", &format!("http://127.0.0.1:{port}")),
        ("PORT", &port.to_string()),
        ("DATA_DIR", &folder.path().join("data").to_string_lossy()),
        ("QUESTIONS", questions),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    Ok(Settings::load(&Sources { flags: Flags::default(), environment, ..Sources::default() })?)
}

/// A port that was free a moment ago; the server must have the same one after its restart.
fn free_port() -> std::io::Result<u16> {
    Ok(StdListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
