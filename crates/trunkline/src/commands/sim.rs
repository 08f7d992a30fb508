//! `trunkline sim`: the simulated carrier alone, for whoever wants to try a server, this one or another, against it.

use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use trunkline_sim::{Fault, OwnNumber, Sim, SimOptions};

use super::serve::Signals;
use crate::cli;
use crate::exit::{Exit, Failure};
use crate::terminal::say;

/// Serves until told to stop.
pub(super) async fn run(args: cli::Sim) -> Result<Exit, Failure> {
    let mut signals = Signals::new()?;
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await;
    let listener = listener.map_err(|error| {
        Failure::while_doing(format_args!("cannot listen on 127.0.0.1:{}", args.port), &error)
    })?;
    let faults: Vec<Fault> =
        args.faults.iter().map(|text| from_json("--fault", text)).collect::<Result<_, _>>()?;
    let options = SimOptions {
        account_sid: args.account_sid.clone(),
        auth_token: args.auth_token.clone(),
        numbers: args.numbers.iter().map(|number| own(number)).collect(),
        seed: args.seed,
        speed: args.speed,
        epoch: args.epoch,
        faults,
        calls_per_second: args.cps,
        state_file: args.state_file.clone(),
        ..SimOptions::default()
    };
    let sim = Sim::start(listener, options).await;
    let sim = sim.map_err(|error| Failure::while_doing("the simulator", &error))?;
    say(&format!("The simulated carrier is at {}; its own API is under /sim.", sim.base_url()));
    say("To call through it, start a server with");
    say(&format!("  TWILIO_API_BASE={}", sim.base_url()));
    say(&format!("  TWILIO_ACCOUNT_SID={}", args.account_sid));
    say(&format!(
        "  TWILIO_AUTH_TOKEN={}",
        if args.auth_token == "simulator-auth-token" { &args.auth_token } else { "(yours)" }
    ));
    say(&format!(
        "  TWILIO_PHONE_NUMBER={}",
        args.numbers.first().map_or("", |number| number.split('=').next().unwrap_or(number))
    ));
    say("  PUBLIC_URL=http://127.0.0.1:8080");
    signals.next().await;
    sim.stop().await;
    Ok(Exit::Fine)
}

fn own(number: &str) -> OwnNumber {
    match number.split_once('=') {
        Some((number, url)) => OwnNumber::from(number).with_voice_url(url),
        None => OwnNumber::from(number),
    }
}

fn from_json<T: DeserializeOwned>(flag: &str, text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::new(Exit::Usage, format_args!("{flag}: {error}")))
}
