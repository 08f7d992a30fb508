//! `trunkline numbers`: our phone numbers, which script answers them, and where the carrier sends their calls.

use serde_json::json;
use trunkline_carriers::callback::{PublicUrls, Scheme};
use trunkline_carriers::{AskError, Carrier, CarrierNumber, NumberUrls};

use super::settings;
use crate::cli::{Numbers, Offline};
use crate::exit::{Exit, Failure};
use crate::settings::{Account, Settings};
use crate::terminal::{Form, say, say_json, table};
use crate::wiring::twilio;

/// A number with what the settings and the carrier say of it.
struct Row {
    number: String,
    script: String,
    /// Where its calls go; `None` if the carrier has no such number.
    at_carrier: Option<CarrierNumber>,
}

/// Lists the numbers, or points them here.
pub(super) async fn run(command: Numbers) -> Result<Exit, Failure> {
    match command {
        Numbers::List(offline) => list(offline).await,
        Numbers::Sync(offline) => sync(offline).await,
    }
}

async fn list(offline: Offline) -> Result<Exit, Failure> {
    let settings = settings(offline.settings)?;
    let rows = match &settings.carrier.account {
        Account::Simulator => routes(&settings, &[], Everything::Routed),
        Account::Twilio { .. } => {
            let (carrier, _) = twilio(&settings.carrier.account).map_err(|error| wrong(&error))?;
            let numbers = carrier.numbers().await.map_err(|error| unasked(&error))?;
            routes(&settings, &numbers, Everything::OfTheAccount)
        }
    };
    let wanted = wanted(&settings).ok();
    tell(&rows, wanted.as_ref(), Form::of(offline.json), is_simulated(&settings));
    Ok(Exit::Fine)
}

async fn sync(offline: Offline) -> Result<Exit, Failure> {
    let settings = settings(offline.settings)?;
    let form = Form::of(offline.json);
    if is_simulated(&settings) {
        say("The simulator's numbers always lead to the server it runs in: nothing is to be done.");
        return Ok(Exit::Fine);
    }
    if settings.scripts.numbers.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "no number has a script: set scripts.numbers = [{ number = \"+14155550100\", script = \"survey\" }]",
        ));
    }
    let urls = wanted(&settings)?;
    let (carrier, _) = twilio(&settings.carrier.account).map_err(|error| wrong(&error))?;
    let numbers = carrier.numbers().await.map_err(|error| unasked(&error))?;
    let mut exit = Exit::Fine;
    for row in routes(&settings, &numbers, Everything::Routed) {
        let done = match row.at_carrier {
            None => {
                exit = Exit::Failed;
                "the account has no such number"
            }
            Some(known) if known.urls == urls => "was right already",
            Some(known) => {
                carrier.point_number(&known.id, &urls).await.map_err(|error| unasked(&error))?;
                "leads here now"
            }
        };
        match form {
            Form::Json => say_json(&json!({ "number": row.number, "script": row.script, "done": done })),
            Form::Text => say(&format!("{}  {}: {done}", row.number, row.script)),
        }
    }
    Ok(exit)
}

/// Which numbers are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Everything {
    /// Those that have a script.
    Routed,
    /// Those of the account too.
    OfTheAccount,
}

fn routes(settings: &Settings, numbers: &[CarrierNumber], everything: Everything) -> Vec<Row> {
    let at_carrier = |number: &str| numbers.iter().find(|known| known.number.as_str() == number).cloned();
    let routed = settings.scripts.numbers.iter();
    let mut rows: Vec<Row> = routed
        .map(|route| Row {
            number: route.number.clone(),
            script: route.script.clone(),
            at_carrier: at_carrier(&route.number),
        })
        .collect();
    if everything == Everything::OfTheAccount {
        for known in numbers {
            if !rows.iter().any(|row| row.number == known.number.as_str()) {
                rows.push(Row {
                    number: known.number.as_str().to_owned(),
                    script: String::new(),
                    at_carrier: Some(known.clone()),
                });
            }
        }
    }
    rows
}

/// Where calls to our numbers must go.
fn wanted(settings: &Settings) -> Result<NumberUrls, Failure> {
    let urls: Vec<String> = settings.server.public_urls.iter().map(ToString::to_string).collect();
    let urls: PublicUrls = urls.join(",").parse().map_err(|_| {
        Failure::new(Exit::Usage, "server.public_url (not set): the carrier must know it; set PUBLIC_URL")
    })?;
    let fallback = settings.server.fallback_url.as_ref().and_then(|url| url.to_string().parse().ok());
    let urls = urls.with_fallback(fallback);
    Ok(NumberUrls {
        voice: urls.minting().address(Scheme::Http, "/answer"),
        fallback: urls.fallback().address(Scheme::Http, "/fallback"),
        status: urls.minting().address(Scheme::Http, "/status"),
    })
}

fn tell(rows: &[Row], wanted: Option<&NumberUrls>, form: Form, simulated: bool) {
    let leads = |row: &Row| match (&row.at_carrier, wanted) {
        _ if simulated => "here",
        (None, _) => "the account has no such number",
        (Some(known), Some(wanted)) if known.urls == *wanted => "here",
        (Some(known), _) if known.urls.voice.is_empty() => "nowhere",
        (Some(_), _) => "elsewhere",
    };
    if form == Form::Json {
        for row in rows {
            let voice = row.at_carrier.as_ref().map(|known| known.urls.voice.as_str());
            say_json(
                &json!({ "number": row.number, "script": row.script, "leads": leads(row), "voice_url": voice }),
            );
        }
        return;
    }
    if rows.is_empty() {
        return say("No number has a script; calls to any number run the default script.");
    }
    let lines: Vec<Vec<String>> =
        rows.iter().map(|row| vec![row.number.clone(), row.script.clone(), leads(row).to_owned()]).collect();
    table(&["number", "script", "calls lead"], &lines).iter().for_each(|line| say(line));
    if rows.iter().any(|row| leads(row) != "here" && !row.script.is_empty()) {
        say("To have them lead here: trunkline numbers sync");
    }
}

fn is_simulated(settings: &Settings) -> bool {
    matches!(settings.carrier.account, Account::Simulator)
}

fn wrong(error: &crate::wiring::CarrierError) -> Failure {
    Failure::new(Exit::Usage, error)
}

fn unasked(error: &AskError) -> Failure {
    Failure::while_doing("the carrier's numbers", error)
}
