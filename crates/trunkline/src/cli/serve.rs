//! The words for what runs by itself: the server, the demo, the simulated carrier, the self-test.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use trunkline_sim::Dialect;

use crate::settings::Flags;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub settings: Flags,
    #[command(flatten)]
    pub pace: Pace,
    /// What chance the simulated people are drawn from
    #[arg(long, value_name = "N", default_value_t = 1, hide = true)]
    pub seed: u64,
}

/// Time that runs faster: beside a simulator only.
#[derive(Debug, Args)]
pub(crate) struct Pace {
    /// How many times as fast as real time runs; only with a simulated carrier
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed, hide = true)]
    pub speed: f64,
    /// Since when it runs faster; the start, if not given
    #[arg(long, value_name = "TIME", hide = true)]
    pub epoch: Option<Timestamp>,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if (1.0..=1_000.0).contains(&speed) { Ok(speed) } else { Err("give 1 to 1000".to_owned()) }
}

fn dialect(text: &str) -> Result<Dialect, &'static str> {
    text.parse()
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep everything in this folder; run again on it, a survey that was cut off goes on
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// A clinic's bot calls people about their appointments, with a stand-in for the model
    #[arg(long, conflicts_with_all = ["folder", "people", "questions", "speaks"])]
    pub bot: bool,
    /// Go on serving when everybody has been called
    #[arg(long)]
    pub keep: bool,
    /// How many times as fast as real time runs [default: 20]
    #[arg(long, value_name = "N", value_parser = speed)]
    pub speed: Option<f64>,
    /// How many people are called [default: 12]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=5_000))]
    pub people: Option<u16>,
    /// What they are asked [default: four questions about a library]
    #[arg(long, value_name = "FILE")]
    pub questions: Option<PathBuf>,
    /// What all chance comes from [default: 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Whose API the simulated carrier has: twilio, telnyx, or telnyx-call-control [default: twilio]
    #[arg(long, value_name = "CARRIER", value_parser = dialect)]
    pub speaks: Option<Dialect>,
    /// Port to listen on, 0 for any free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Print JSON lines
    #[arg(long)]
    pub json: bool,
    /// What is logged to standard error
    #[arg(long, value_name = "FILTER", default_value = "error")]
    pub log: String,
}

#[derive(Debug, Args)]
pub(crate) struct Sim {
    /// Port to listen on, on this machine only
    #[arg(long, default_value_t = 4010)]
    pub port: u16,
    /// How many times as fast as real time its world runs
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// At this moment simulated and real time agree; the start, if not given
    #[arg(long, value_name = "TIME")]
    pub epoch: Option<Timestamp>,
    /// What all chance comes from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// A number of the account, or NUMBER=VOICE_URL; may be given again
    #[arg(long = "number", value_name = "NUMBER", default_value = "+15005550006")]
    pub numbers: Vec<String>,
    /// Whose API it has: twilio, telnyx, or telnyx-call-control, where the numbers lead to its Call Control
    #[arg(long, value_name = "CARRIER", default_value = "twilio", value_parser = dialect)]
    pub speaks: Dialect,
    /// The account's id [default: AC00000000000000000000000000000001 or, as Telnyx, 00000000-0000-4000-8000-000000000001]
    #[arg(long)]
    pub account_sid: Option<String>,
    /// The account's token; as Telnyx, its API key
    #[arg(long, default_value = "simulator-auth-token", env = "TWILIO_AUTH_TOKEN", hide_env_values = true)]
    pub auth_token: String,
    /// New calls per second; more wait
    #[arg(long, value_name = "N")]
    pub cps: Option<f64>,
    /// A fault in JSON, such as '{"kind":"create_fails","count":3}'; may be given again
    #[arg(long = "fault", value_name = "JSON")]
    pub faults: Vec<String>,
    /// Remember calls in this file
    #[arg(long, value_name = "FILE")]
    pub state_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Selftest {
    /// Settings file: whether there is a bucket that is to be looked at
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON lines
    #[arg(long)]
    pub json: bool,
    /// What is logged to standard error
    #[arg(long, value_name = "FILTER", default_value = "error")]
    pub log: String,
}
