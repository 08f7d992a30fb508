//! `trunkline sim`: the simulated carrier alone, for whoever wants to try a server, this one or another, against it.

use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use trunkline_sim::{Application, Fault, Mouth, OwnNumber, Sim, SimOptions, public_key};

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
    let (mouth, application) = (args.speaks.mouth(), args.speaks.application());
    let account = args.account_sid.clone().unwrap_or_else(|| mouth.usual_account().to_owned());
    let options = SimOptions {
        mouth,
        application,
        account_sid: account.clone(),
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
    let connection = match application {
        Application::Texml => options.connection.clone(),
        Application::CallControl => options.call_control.clone(),
    };
    let sim = Sim::start(listener, options).await;
    let sim = sim.map_err(|error| Failure::while_doing("the simulator", &error))?;
    say(&format!("The simulated carrier is at {}; its own API is under /sim.", sim.base_url()));
    say("To call through it, start a server with");
    let secret = if args.auth_token == "simulator-auth-token" { &args.auth_token } else { "(yours)" };
    let number = args.numbers.first().map_or("", |number| number.split('=').next().unwrap_or(number));
    let mut settings = match mouth {
        Mouth::Twilio => vec![
            ("TWILIO_API_BASE", sim.base_url()),
            ("TWILIO_ACCOUNT_SID", account),
            ("TWILIO_AUTH_TOKEN", secret.to_owned()),
            ("TWILIO_PHONE_NUMBER", number.to_owned()),
        ],
        Mouth::Telnyx => vec![
            ("TELNYX_API_BASE", sim.base_url()),
            ("TELNYX_ACCOUNT_SID", account),
            ("TELNYX_API_KEY", secret.to_owned()),
            ("TELNYX_PUBLIC_KEY", public_key(&args.auth_token)),
            ("TELNYX_CONNECTION_ID", connection),
            ("TELNYX_PHONE_NUMBER", number.to_owned()),
        ],
    };
    if application == Application::CallControl {
        settings.push(("TELNYX_APPLICATION", "call_control".to_owned()));
    }
    for (name, value) in settings {
        say(&format!("  {name}={value}"));
    }
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
