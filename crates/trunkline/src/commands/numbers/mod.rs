//! `trunkline numbers`: our phone numbers, what answers them, and where the carrier sends their calls.

mod setting;
mod sync;

use std::sync::Arc;

use serde_json::{Value, json};
use trunkline_carriers::callback::{PublicUrls, Scheme};
use trunkline_carriers::{AskError, CarrierNumber, NumberUrls};
use trunkline_engine::Target;

use super::calls::text;
use super::settings;
use super::trust::Trust;
use crate::cli::{Numbers, Offline, Reach};
use crate::exit::{Exit, Failure};
use crate::settings::{Carrier, Flags, NumberRoute, Settings};
use crate::terminal::{Form, clean, say, say_json, table};
use crate::wiring::{Beside, client};

/// A number with what is said of it here and at the carrier.
struct Row {
    /// As the server tells it; of a number that is only the carrier's, nothing but the number.
    ours: Value,
    at_carrier: Option<CarrierNumber>,
    /// What its account is called.
    account: Option<String>,
    leads: Leads,
}

/// One of our accounts, and its numbers.
struct AtCarrier {
    asked: Arc<dyn trunkline_carriers::Carrier>,
    numbers: Vec<CarrierNumber>,
}

impl AtCarrier {
    fn name(&self) -> &str {
        self.asked.account().carrier()
    }

    fn has(&self, number: &str) -> Option<&CarrierNumber> {
        self.numbers.iter().find(|known| known.number.as_str() == number)
    }
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

impl Row {
    fn number(&self) -> &str {
        text(&self.ours, "number")
    }

    /// The script that answers, or the number it forwards to; nothing of a number that is not ours.
    fn answer(&self) -> &str {
        self.ours["script"].as_str().or(self.ours["forward"].as_str()).unwrap_or_default()
    }

    fn is_ours(&self) -> bool {
        !self.answer().is_empty()
    }
}

/// Lists the numbers, says what answers them, or points them here.
pub(super) async fn run(command: Numbers) -> Result<Exit, Failure> {
    match command {
        Numbers::List(offline) => list(offline).await,
        Numbers::Set(asked) => setting::set(*asked).await,
        Numbers::Remove { number, reach } => setting::remove(&number, &reach).await,
        Numbers::Sync { apply, offline } => {
            let doing = if apply { sync::Doing::Apply } else { sync::Doing::Show };
            sync::run(offline, doing).await
        }
    }
}

async fn list(offline: Offline) -> Result<Exit, Failure> {
    let form = Form::of(offline.json);
    let (settings, known) = known(offline).await?;
    let rows = if settings.carrier.is_simulated() {
        let rows = routed(&known, &[], None).into_iter();
        rows.map(|row| Row { leads: Leads::Here, ..row }).collect()
    } else {
        let wanted = wanted(&settings).ok();
        let at = at_carriers(&settings.carrier).await?;
        let mut rows = routed(&known, &at, wanted.as_ref());
        rows.extend(others(&rows, &at, wanted.as_ref()));
        rows
    };
    tell(&rows, form);
    Ok(Exit::Fine)
}

/// The settings, and the numbers there are: by the running server's word, else the database's and that of the settings.
async fn known(offline: Offline) -> Result<(Settings, Vec<Value>), Failure> {
    let Flags { config, data_dir, .. } = &offline.settings;
    let reach = Reach { url: None, config: config.clone(), data_dir: data_dir.clone(), json: offline.json };
    let settings = settings(offline.settings)?;
    let set = &settings.scripts.numbers;
    let beside = Beside::find(&settings.server.data_dir);
    let beside = beside.map_err(|error| Failure::while_doing("cannot find the server", &error))?;
    // Looking makes no database.
    let is_new = match &settings.store.database {
        Target::Sqlite(path) => !path.exists(),
        target => target.is_index() && !settings.server.data_dir.exists(),
    };
    let known = if beside.is_none() && is_new {
        of_settings(set)
    } else {
        let trust = Trust::find(&reach).await?;
        let known = trust.numbers(&of_settings(set)).await;
        trust.close().await;
        known?
    };
    Ok((settings, known))
}

fn of_settings(set: &[NumberRoute]) -> Vec<Value> {
    let told = |route: &NumberRoute| {
        let tenant = route.tenant.as_ref().map_or("default", |tenant| tenant.as_str());
        json!({ "number": route.number, "script": route.script, "tenant": tenant, "source": "settings" })
    };
    set.iter().map(told).collect()
}

/// The numbers of each of our accounts, with whom to ask about them.
async fn at_carriers(carrier: &Carrier) -> Result<Vec<AtCarrier>, Failure> {
    let mut all = Vec::new();
    for line in carrier.lines() {
        let asked = client(line).map_err(|error| wrong(&error))?;
        let numbers = asked.numbers().await.map_err(|error| unasked(&error))?;
        all.push(AtCarrier { asked, numbers });
    }
    Ok(all)
}

/// Our numbers, with what the carrier says of them.
fn routed(known: &[Value], all: &[AtCarrier], wanted: Option<&NumberUrls>) -> Vec<Row> {
    let row = |ours: &Value| {
        let at = all.iter().find_map(|at| Some((at, at.has(text(ours, "number"))?)));
        let at_carrier = at.map(|(_, number)| number);
        Row {
            ours: ours.clone(),
            at_carrier: at_carrier.cloned(),
            account: at.map(|(at, _)| at.name().to_owned()),
            leads: Leads::of(at_carrier, wanted),
        }
    };
    known.iter().map(row).collect()
}

/// The accounts' other numbers.
fn others(rows: &[Row], all: &[AtCarrier], wanted: Option<&NumberUrls>) -> Vec<Row> {
    let is_listed = |known: &CarrierNumber| rows.iter().any(|row| row.number() == known.number.as_str());
    let of_all = all.iter().flat_map(|at| at.numbers.iter().map(move |known| (at, known)));
    of_all
        .filter(|(_, known)| !is_listed(known))
        .map(|(at, known)| Row {
            ours: json!({ "number": known.number.as_str() }),
            at_carrier: Some(known.clone()),
            account: Some(at.name().to_owned()),
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
        for row in rows {
            let mut told = row.ours.clone();
            told["script"] = json!(row.ours["script"].as_str());
            told["carrier"] = json!(row.account);
            told["leads"] = row.leads.word().into();
            told["voice_url"] = json!(row.at_carrier.as_ref().map(|known| known.urls.voice.as_str()));
            say_json(&told);
        }
        return;
    }
    if rows.is_empty() {
        return say("No number has a script; calls to any number run the default script.");
    }
    let line = |row: &Row| {
        let of = |name: &str| clean(text(&row.ours, name));
        let account = row.account.clone().unwrap_or_default();
        let own = [row.number().to_owned(), clean(row.answer()), row.leads.word().to_owned(), account];
        own.into_iter().chain([of("tenant"), of("source"), of("label")]).collect::<Vec<_>>()
    };
    let lines: Vec<Vec<String>> = rows.iter().map(line).collect();
    let columns = ["number", "script", "calls lead", "carrier", "tenant", "said in", "label"];
    table(&columns, &lines).iter().for_each(|line| say(line));
    if rows.iter().any(|row| row.leads != Leads::Here && row.is_ours()) {
        say("To have them lead here: trunkline numbers sync --apply");
    }
}

fn wrong(error: &crate::wiring::CarrierError) -> Failure {
    Failure::new(Exit::Usage, error)
}

fn unasked(error: &AskError) -> Failure {
    Failure::while_doing("the carrier's numbers", error)
}
