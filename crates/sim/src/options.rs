//! Everything that can be chosen about the simulated carrier.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::faults::Fault;
use crate::mouth::{Application, Mouth};
use crate::numbers::OwnNumber;
use crate::pattern::Pattern;
use crate::person::{Habit, Mix};

/// What kind of carrier, account and population there is. The defaults are an honest carrier at real speed.
#[derive(Clone)]
pub struct SimOptions {
    /// Whose API it has.
    pub mouth: Mouth,
    /// As Telnyx: the TeXML application.
    pub connection: String,
    /// As Telnyx: the Call Control application.
    pub call_control: String,
    /// As Telnyx: which of the two the account's numbers lead to.
    pub application: Application,
    /// The account: `AC` and 32 hexadecimal digits, or, as Telnyx, a UUID.
    pub account_sid: String,
    /// The account's secret: HTTP Basic password and webhook signing key. As Telnyx it is the API key, and the key that
    /// signs webhooks follows from it ([`public_key`](crate::public_key)).
    pub auth_token: String,
    /// The account's numbers: who may call out, and where inbound calls go.
    pub numbers: Vec<OwnNumber>,
    /// All chance comes from here. One seed gives the same call ids again: give a simulator that is restarted
    /// beside a product that remembers either a `state_file` or another seed.
    pub seed: u64,
    /// How many times as fast as real the simulated world is. Webhook budgets stay real.
    pub speed: f64,
    /// A moment at which simulated and real time agree; by default the start. Give a product that runs its own fast
    /// clock the same moment, so that both mean the same by a date.
    pub epoch: Option<Timestamp>,
    /// The simulator's own mercy, real time: how long a person waits on the line while a voice document cannot be
    /// fetched because the product is not reachable or died while answering. Zero, the default, is Twilio's way:
    /// fallback URL, then an application error.
    pub patience: Duration,
    /// How common each habit is among people that nobody described.
    pub mix: Mix,
    /// Habits of certain numbers. Exact numbers first, else the last pattern that fits.
    pub people: Vec<(Pattern, Habit)>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// New calls per simulated second; more wait in the carrier's queue, they are not refused. None is no limit.
    pub calls_per_second: Option<f64>,
    /// Simulated time from the end of a recording until its audio can be downloaded and its callback is sent.
    pub recording_lag: Duration,
    /// How many webhooks the log keeps.
    pub webhook_log: usize,
    /// What the REST API calls itself in recording URLs; by default `http://` and the listener's address.
    pub base_url: Option<String>,
    /// A file of JSON lines that remembers calls over restarts of the simulator.
    pub state_file: Option<PathBuf>,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            mouth: Mouth::default(),
            connection: "2811212257810187875".into(),
            call_control: "2811212257810187999".into(),
            application: Application::default(),
            account_sid: "AC00000000000000000000000000000001".into(),
            auth_token: "simulator-auth-token".into(),
            numbers: vec!["+15005550006".into()],
            seed: 1,
            speed: 1.0,
            epoch: None,
            patience: Duration::ZERO,
            mix: Mix::default(),
            people: Vec::new(),
            faults: Vec::new(),
            calls_per_second: None,
            recording_lag: Duration::from_secs(1),
            webhook_log: 10_000,
            base_url: None,
            state_file: None,
        }
    }
}
