//! Settings → the carrier account that calls go through: Twilio, Telnyx, or people who were never there.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use trunkline_carriers::callback::PublicUrls;
use trunkline_carriers::telnyx::control::CallControl;
use trunkline_carriers::telnyx::{self, Telnyx, TelnyxSettings};
use trunkline_carriers::twilio::{self, Twilio, TwilioSettings};
use trunkline_carriers::{BadSettings, Verifier};
use trunkline_core::dial::choice::Policy;
use trunkline_core::id::AccountId;
use trunkline_core::private::Address;
use trunkline_engine::{CarrierLine, Carriers, Pace};
use trunkline_sim::{Dialect, Habit, Mouth, OwnNumber, Pattern, Sim, SimOptions, public_key};
use url::Url;

use crate::settings::{Account, Application, Carrier, Line, Said};

/// The simulator's only number, if no setting names one.
const OUR_NUMBER: &str = "+15005550006";
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

/// The accounts that calls can go through.
pub(crate) struct Connected {
    /// How they are asked.
    pub carriers: Carriers,
    /// What the webhooks of each account are signed with.
    pub signs: Vec<(AccountId, Signs)>,
    /// The caller id of calls that name none.
    pub from: Option<Address>,
    /// The carrier itself, where it is to live in this process.
    pub simulator: Option<Unstarted>,
}

/// What tells a carrier's webhooks from a stranger's.
pub(crate) enum Signs {
    /// Twilio's token.
    Token(SecretString),
    /// The public half of Telnyx's key.
    PublicKey(String),
}

impl Signs {
    /// The check of webhooks that come to these addresses.
    pub fn verifier(self, urls: &PublicUrls) -> Result<Verifier, CarrierError> {
        Ok(match self {
            Self::Token(token) => Verifier::Twilio(twilio::signature::Verifier::new(urls.clone(), token)),
            Self::PublicKey(key) => Verifier::Telnyx(telnyx::signature::Verifier::new(&key)?),
        })
    }
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

/// Connects to the accounts; the simulator only gets its address.
pub(crate) async fn connect(carrier: &Carrier, simulated: Simulated<'_>) -> Result<Connected, CarrierError> {
    let from = carrier.first.from.as_deref();
    match &carrier.first.account {
        Account::Simulator { speaks } => simulate(*speaks, from.unwrap_or(OUR_NUMBER), simulated).await,
        Account::Twilio { .. } | Account::Telnyx { .. } => {
            let mut signs = Vec::new();
            for line in carrier.lines() {
                signs.push((client(line)?.account().clone(), signs_of(&line.account)?));
            }
            Ok(Connected {
                carriers: clients(carrier)?,
                signs,
                from: from.map(Address::new),
                simulator: None,
            })
        }
    }
}

fn signs_of(account: &Account) -> Result<Signs, CarrierError> {
    match account {
        Account::Telnyx { public_key, .. } => Ok(Signs::PublicKey(public_key.clone())),
        Account::Twilio { auth_token, .. } => Ok(Signs::Token(auth_token.clone())),
        Account::Simulator { .. } => Err(BadSettings::AccountSid.into()),
    }
}

/// Clients of all accounts by their settings, in the order of preference.
pub(crate) fn clients(carrier: &Carrier) -> Result<Carriers, CarrierError> {
    let first = connected(&carrier.first)?;
    let others = carrier.others.iter().map(connected).collect::<Result<Vec<_>, _>>()?;
    let accounts = std::iter::once(&first).chain(&others).map(|line| line.carrier.account().clone());
    let numbers: Vec<_> = accounts
        .zip(carrier.lines())
        .flat_map(|(account, line)| {
            line.numbers.iter().map(move |number| (Address::new(number.as_str()), account.clone()))
        })
        .collect();
    Ok(Carriers::new(first, others, carrier.choice, numbers))
}

fn connected(line: &Line) -> Result<CarrierLine, CarrierError> {
    let from = line.from.as_deref().map(Address::new);
    let connected = CarrierLine::of(client(line)?, from);
    Ok(CarrierLine { weight: line.weight, countries: line.countries.clone(), ..connected })
}

/// A client of the carrier by its settings. The simulator has no address before it runs.
pub(crate) fn client(line: &Line) -> Result<Arc<dyn trunkline_carriers::Carrier>, CarrierError> {
    match &line.account {
        Account::Simulator { .. } => Err(BadSettings::AccountSid.into()),
        Account::Twilio { account_sid, auth_token, api_base } => {
            let settings = TwilioSettings::new(account_sid, auth_token.clone(), api_base.clone());
            Ok(Arc::new(Twilio::new(settings.named(&line.name))?))
        }
        Account::Telnyx { account, api_key, connection, application, api_base, .. } => {
            let settings = TelnyxSettings::new(account, api_key.clone(), connection, api_base.clone());
            let telnyx = Telnyx::new(settings.named(&line.name))?;
            Ok(match application {
                Application::Texml => Arc::new(telnyx),
                Application::CallControl => Arc::new(CallControl::new(telnyx)),
            })
        }
    }
}

async fn simulate(speaks: Dialect, from: &str, simulated: Simulated<'_>) -> Result<Connected, CarrierError> {
    let mouth = speaks.mouth();
    let Simulated { population, pace, data_dir, token, public_url, mut numbers } = simulated;
    if !numbers.iter().any(|number| number == from) {
        numbers.insert(0, from.to_owned());
    }
    // Where a call that comes in is told of.
    let (page, application) = match speaks {
        Dialect::Twilio | Dialect::Telnyx => ("answer", Application::Texml),
        Dialect::TelnyxCallControl => ("call-control", Application::CallControl),
    };
    let answer = format!("{public_url}/{page}");
    let options = SimOptions {
        mouth,
        application: speaks.application(),
        account_sid: mouth.usual_account().to_owned(),
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
    let account = match mouth {
        Mouth::Twilio => Account::Twilio {
            account_sid: options.account_sid.clone(),
            auth_token: token.clone().into(),
            api_base,
        },
        Mouth::Telnyx => Account::Telnyx {
            account: options.account_sid.clone(),
            api_key: token.clone().into(),
            public_key: public_key(&token),
            connection: match application {
                Application::Texml => options.connection.clone(),
                Application::CallControl => options.call_control.clone(),
            },
            application,
            api_base,
        },
    };
    let client = client(&Line {
        name: mouth.to_string(),
        said: Said::ByItsKind,
        from: None,
        account,
        weight: 1,
        countries: BTreeSet::new(),
        numbers: Vec::new(),
    })?;
    let signs = match mouth {
        Mouth::Twilio => Signs::Token(token.into()),
        Mouth::Telnyx => Signs::PublicKey(public_key(options.auth_token.as_str())),
    };
    let from = Some(Address::new(from));
    Ok(Connected {
        signs: vec![(client.account().clone(), signs)],
        carriers: Carriers::new(CarrierLine::of(client, from.clone()), Vec::new(), Policy::First, Vec::new()),
        from,
        simulator: Some(Unstarted { listener, options }),
    })
}
