//! Settings → the carrier account that calls go through: Twilio, or people who were never there.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use trunkline_carriers::twilio::{BadSettings, Twilio, TwilioSettings};
use trunkline_core::private::Address;
use trunkline_engine::Pace;
use trunkline_sim::{Habit, OwnNumber, Pattern, Sim, SimOptions};
use url::Url;

use crate::settings::{Account, Carrier};

/// The simulator's only number, if no setting names one.
const OUR_NUMBER: &str = "+15005550006";
const SIMULATED_ACCOUNT: &str = "AC00000000000000000000000000000001";
const STATE_FILE: &str = "simulator.jsonl";

/// Who lives in the simulated world.
#[derive(Clone, Debug)]
pub struct Population {
    /// All chance comes from here.
    pub seed: u64,
    /// People with a habit of their own; all others are drawn.
    pub people: Vec<(Pattern, Habit)>,
}

impl Default for Population {
    fn default() -> Self {
        Self { seed: 1, people: Vec::new() }
    }
}

/// An account that calls can go through.
pub(crate) struct Connected {
    /// How it is asked.
    pub twilio: Twilio,
    /// Signs its webhooks.
    pub token: SecretString,
    /// The caller id of calls that name none.
    pub from: Option<Address>,
    /// The carrier itself, where it is to live in this process.
    pub simulator: Option<Unstarted>,
}

/// A simulator that has an address and does not answer yet: its memory belongs to whoever holds the folder's lock.
pub(crate) struct Unstarted {
    listener: TcpListener,
    options: SimOptions,
}

impl Unstarted {
    /// Answers from here on.
    pub async fn start(self) -> Result<Sim, CarrierError> {
        Ok(Sim::start(self.listener, self.options).await?)
    }
}

/// Why the carrier can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// Its settings.
    #[error("carrier: {0}")]
    Settings(#[from] BadSettings),
    /// The simulator.
    #[error("the simulator: {0}")]
    Simulator(#[from] trunkline_sim::SimError),
    /// Its port.
    #[error("the simulator can't listen on this machine: {0}")]
    Listen(#[from] std::io::Error),
    /// Its address.
    #[error("the simulator has no address: {0}")]
    Address(#[from] url::ParseError),
}

/// What the simulator needs to know of the server it calls back.
pub(crate) struct Simulated<'a> {
    pub population: &'a Population,
    pub pace: Option<Pace>,
    pub data_dir: PathBuf,
    /// Signs its webhooks.
    pub token: String,
    /// Where the server is reached on this machine, without a slash at its end.
    pub public_url: &'a str,
    /// All our numbers.
    pub numbers: Vec<String>,
}

/// Connects to the account; the simulator only gets its address.
pub(crate) async fn connect(carrier: &Carrier, simulated: Simulated<'_>) -> Result<Connected, CarrierError> {
    let from = carrier.from.as_deref();
    match &carrier.account {
        Account::Twilio { .. } => {
            let (twilio, token) = twilio(&carrier.account)?;
            Ok(Connected { twilio, token, from: from.map(Address::new), simulator: None })
        }
        Account::Simulator => simulate(from.unwrap_or(OUR_NUMBER), simulated).await,
    }
}

/// A client of Twilio by its settings. The simulator has no address before it runs.
pub(crate) fn twilio(account: &Account) -> Result<(Twilio, SecretString), CarrierError> {
    let Account::Twilio { account_sid, auth_token, api_base } = account else {
        return Err(BadSettings::AccountSid.into());
    };
    let settings = TwilioSettings::new(account_sid, auth_token.clone(), api_base.clone());
    Ok((Twilio::new(settings)?, auth_token.clone()))
}

async fn simulate(from: &str, simulated: Simulated<'_>) -> Result<Connected, CarrierError> {
    let Simulated { population, pace, data_dir, token, public_url, mut numbers } = simulated;
    if !numbers.iter().any(|number| number == from) {
        numbers.insert(0, from.to_owned());
    }
    let answer = format!("{public_url}/answer");
    let options = SimOptions {
        account_sid: SIMULATED_ACCOUNT.to_owned(),
        auth_token: token.clone(),
        numbers: numbers
            .iter()
            .map(|number| OwnNumber::from(number.as_str()).with_voice_url(&answer))
            .collect(),
        seed: population.seed,
        speed: pace.map_or(1.0, |pace| pace.speed),
        epoch: pace.map(|pace| pace.epoch),
        people: population.people.clone(),
        // A restart of the server beside it takes a moment, and the people of the demo are patient.
        patience: Duration::from_secs(10),
        state_file: Some(data_dir.join(STATE_FILE)),
        ..SimOptions::default()
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let api_base = Url::parse(&format!("http://{}", listener.local_addr()?))?;
    let token = SecretString::from(token);
    let settings = TwilioSettings::new(SIMULATED_ACCOUNT, token.clone(), api_base);
    Ok(Connected {
        twilio: Twilio::new(settings)?,
        token,
        from: Some(Address::new(from)),
        simulator: Some(Unstarted { listener, options }),
    })
}
