//! `trunkline recover`: every live call is asked about at the carrier now, and what is dead is closed. A running server
//! does it, who does the same by itself at its start and when a call is silent for too long; without one, this does.

use serde_json::{Value, json};
use trunkline_engine::Sweeping;

use super::offline::place;
use super::settings;
use crate::cli::Recover;
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::settings::Settings;
use crate::terminal::{Form, note, say, say_json};
use crate::wiring::{Beside, sweep_alone};

/// Recovers, or counts what it would.
pub(super) async fn run(args: Recover) -> Result<Exit, Failure> {
    let swept = match server(&args).await? {
        Some(client) => client.post_patiently("/api/recover", &json!({ "dry_run": args.dry_run })).await?,
        None => {
            let settings = settings(flags(&args))?;
            alone(&settings, args.dry_run).await?
        }
    };
    match Form::of(args.reach.json) {
        Form::Json => say_json(&told(&swept, args.dry_run)),
        Form::Text => tell(&swept, args.dry_run),
    }
    // Who could not be asked about is looked at again by the server; somebody should know.
    Ok(if number(&swept, "unanswered") == 0 { Exit::Fine } else { Exit::Failed })
}

fn flags(args: &Recover) -> crate::settings::Flags {
    crate::settings::Flags {
        config: args.reach.config.clone(),
        data_dir: args.reach.data_dir.clone(),
        ..crate::settings::Flags::default()
    }
}

/// The running server, if there is one.
async fn server(args: &Recover) -> Result<Option<Client>, Failure> {
    if args.reach.url.is_some() {
        return Ok(Some(Client::find(&args.reach)?));
    }
    let settings = settings(flags(args))?;
    let beside = Beside::find(&settings.server.data_dir);
    if beside.map_err(|error| Failure::while_doing("cannot find the server", &error))?.is_none() {
        return Ok(None);
    }
    let client = Client::find(&args.reach)?;
    match client.get("/healthz").await {
        // A server that was killed has left its address.
        Err(gone) if gone.exit == Exit::Unreachable => Ok(None),
        _ => Ok(Some(client)),
    }
}

async fn alone(settings: &Settings, is_dry: bool) -> Result<Value, Failure> {
    let folder = place(settings)?;
    if !folder.data.is_dir() {
        let gone = folder.data.display();
        return Err(Failure::new(Exit::Failed, format_args!("there is no data folder {gone}")));
    }
    let how = if is_dry { Sweeping::Looking } else { Sweeping::Closing };
    let (swept, is_projected) = Box::pin(sweep_alone(settings, how)).await?;
    if !is_projected {
        note("The database could not be told: the next start of the server brings in what the journal has.");
    }
    serde_json::to_value(swept).map_err(|error| Failure::while_doing("cannot tell", &error))
}

fn number(swept: &Value, name: &str) -> u64 {
    swept[name].as_u64().unwrap_or(0)
}

fn told(swept: &Value, is_dry: bool) -> Value {
    let mut told = swept.clone();
    told["dry_run"] = is_dry.into();
    told
}

fn tell(swept: &Value, is_dry: bool) {
    let (recovered, ended) = (number(swept, "recovered"), number(swept, "ended"));
    let words =
        format!("recovered {recovered}, ended {ended}, still live {}", recovered - ended.min(recovered));
    match is_dry {
        true => say(&format!("{words}. Nothing was changed.")),
        false => say(&words),
    }
    let asides = [
        (
            "waiting",
            "have no name at the carrier yet: they wait for their turn, or their request is not settled",
        ),
        ("registered", "are carried by clients: nobody can be asked about them"),
        (
            "unanswered",
            "could not be learned about: they are asked about again, and closed after an hour of that",
        ),
    ];
    for (name, what) in asides.iter().filter(|(name, _)| number(swept, name) > 0) {
        say(&format!("  {} {what}", number(swept, name)));
    }
}
