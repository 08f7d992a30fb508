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
    at_carrier: Option<CarrierNumber>,
    leads: Leads,
}

/// Where the carrier sends the calls of a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leads {
    Here,
    Elsewhere,
    Nowhere,
    /// It is not one of the account's.
    NotThere,
}

impl Leads {
    fn of(known: Option<&CarrierNumber>, wanted: Option<&NumberUrls>) -> Self {
        match known {
            None => Self::NotThere,
            Some(known) if Some(&known.urls) == wanted => Self::Here,
            Some(known) if known.urls.voice.is_empty() => Self::Nowhere,
            Some(_) => Self::Elsewhere,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Elsewhere => "elsewhere",
            Self::Nowhere => "nowhere",
            Self::NotThere => "the account has no such number",
        }
    }
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
        Account::Simulator => {
            let rows = routed(&settings, &[], None).into_iter();
            rows.map(|row| Row { leads: Leads::Here, ..row }).collect()
        }
        Account::Twilio { .. } => {
            let wanted = wanted(&settings).ok();
            let (carrier, _) = twilio(&settings.carrier.account).map_err(|error| wrong(&error))?;
            let numbers = carrier.numbers().await.map_err(|error| unasked(&error))?;
            let mut rows = routed(&settings, &numbers, wanted.as_ref());
            rows.extend(others(&rows, &numbers, wanted.as_ref()));
            rows
        }
    };
    tell(&rows, Form::of(offline.json));
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
    for row in routed(&settings, &numbers, Some(&urls)) {
        let done = match &row.at_carrier {
            None => {
                exit = Exit::Failed;
                row.leads.word()
            }
            Some(_) if row.leads == Leads::Here => "was right already",
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

/// The numbers that have a script.
fn routed(settings: &Settings, numbers: &[CarrierNumber], wanted: Option<&NumberUrls>) -> Vec<Row> {
    let routes = settings.scripts.numbers.iter();
    routes
        .map(|route| {
            let known = numbers.iter().find(|known| known.number.as_str() == route.number);
            Row {
                number: route.number.clone(),
                script: route.script.clone(),
                at_carrier: known.cloned(),
                leads: Leads::of(known, wanted),
            }
        })
        .collect()
}

/// The account's other numbers.
fn others(rows: &[Row], numbers: &[CarrierNumber], wanted: Option<&NumberUrls>) -> Vec<Row> {
    let is_listed = |known: &&CarrierNumber| rows.iter().any(|row| row.number == known.number.as_str());
    numbers
        .iter()
        .filter(|known| !is_listed(known))
        .map(|known| Row {
            number: known.number.as_str().to_owned(),
            script: String::new(),
            at_carrier: Some(known.clone()),
            leads: Leads::of(Some(known), wanted),
        })
        .collect()
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

fn tell(rows: &[Row], form: Form) {
    if form == Form::Json {
        for Row { number, script, at_carrier, leads } in rows {
            let voice = at_carrier.as_ref().map(|known| known.urls.voice.as_str());
            say_json(
                &json!({ "number": number, "script": script, "leads": leads.word(), "voice_url": voice }),
            );
        }
        return;
    }
    if rows.is_empty() {
        return say("No number has a script; calls to any number run the default script.");
    }
    let lines =
        rows.iter().map(|row| vec![row.number.clone(), row.script.clone(), row.leads.word().to_owned()]);
    let lines: Vec<Vec<String>> = lines.collect();
    table(&["number", "script", "calls lead"], &lines).iter().for_each(|line| say(line));
    if rows.iter().any(|row| row.leads != Leads::Here && !row.script.is_empty()) {
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
