//! `trunkline config`: what the settings say, and what is wrong with them.

use serde_json::json;
use trunkline_carriers::callback::{PublicUrls, Scheme};
use trunkline_carriers::{AccountState, CarrierNumber};
use trunkline_core::private::Address;
use trunkline_engine::Bucket;

use super::settings;
use crate::cli::Offline;
use crate::exit::{Exit, Failure};
use crate::settings::{Account, Finding, Level, Line, Said, Settings};
use crate::terminal::{Form, say, say_json};
use crate::wiring::client;

/// Prints a settings file that changes nothing.
pub(super) fn example() -> Exit {
    say(Settings::example().trim_end());
    Exit::Fine
}

/// Who is asked about the settings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nobody: it is told what the settings say.
    Nobody,
    /// The carrier too.
    Carrier,
}

/// Tells what is wrong or doubtful, and shows the addresses that the carrier would be told.
pub(super) async fn check(offline: Offline, asked: Asked) -> Result<Exit, Failure> {
    let settings = settings(offline.settings)?;
    let mut findings = settings.check();
    if asked == Asked::Carrier {
        findings.extend(ask_carriers(&settings).await);
        findings.extend(ask_bucket(&settings).await);
    }
    let addresses = addresses(&settings);
    let is_wrong = findings.iter().any(|finding| finding.level == Level::Error);
    match Form::of(offline.json) {
        Form::Json => say_json(&json!({
            "ok": !is_wrong,
            "database": settings.store.database.to_string(),
            "cache": settings.cache.address.as_ref().map(ToString::to_string),
            "findings": findings.iter().map(as_json).collect::<Vec<_>>(),
            "addresses": addresses.iter().map(|(name, url)| json!({ "for": name, "url": url })).collect::<Vec<_>>(),
        })),
        Form::Text => tell(&settings, &findings, &addresses, asked),
    }
    Ok(if is_wrong { Exit::Usage } else { Exit::Fine })
}

fn tell(settings: &Settings, findings: &[Finding], addresses: &[(&str, String)], asked: Asked) {
    for finding in findings {
        say(&finding.to_string());
    }
    match settings.carrier.is_simulated() {
        true => say("Calls are simulated: nobody's phone will ring."),
        false => {
            settings.carrier.lines().for_each(|line| say(&through(line)));
            if !settings.carrier.others.is_empty() {
                let accounts = settings.carrier.others.len() + 1;
                say(&format!("{accounts} accounts: choice and fail-over as in docs/carriers.md."));
            }
            if !addresses.is_empty() {
                say("The carrier will be told these addresses, and must reach them from the open internet:");
            }
            for (name, url) in addresses {
                say(&format!("  {name:12}{url}"));
            }
            if asked == Asked::Nobody {
                say("Whether the credentials open the account is asked with --online.");
            }
        }
    }
    say(&format!("Calls are kept in {}.", settings.store.database));
    if let Some(bucket) = &settings.recordings.bucket {
        say(&format!("Recordings go to {bucket}."));
    }
    if let Some(cache) = &settings.cache.address {
        say(&format!("Copies of them are cached in {cache}."));
    }
    let wrong = findings.iter().filter(|finding| finding.level == Level::Error).count();
    match wrong {
        0 => say("The settings can be used."),
        1 => say("1 setting must be changed."),
        more => say(&format!("{more} settings must be changed.")),
    }
}

/// Through which account calls go, in a sentence.
fn through(line: &Line) -> String {
    let called = match line.said {
        Said::ByItsKind => String::new(),
        Said::InTheTable => format!(", called {}", line.name),
    };
    match &line.account {
        Account::Telnyx { account, connection, .. } => {
            format!("Calls go through Telnyx's account {account} and its application {connection}{called}.")
        }
        Account::Twilio { account_sid, .. } => {
            format!("Calls go through Twilio's account {account_sid}{called}.")
        }
        Account::Simulator { .. } => String::new(),
    }
}

/// What the carrier is told when a call is placed, without the sealed state.
fn addresses(settings: &Settings) -> Vec<(&'static str, String)> {
    let urls: Vec<String> = settings.server.public_urls.iter().map(ToString::to_string).collect();
    let Ok(urls) = urls.join(",").parse::<PublicUrls>() else { return Vec::new() };
    let fallback = settings.server.fallback_url.as_ref().and_then(|url| url.to_string().parse().ok());
    let urls = urls.with_fallback(fallback);
    let minted = |path| urls.minting().address(Scheme::Http, path);
    let pages = [
        ("voice", minted("/voice?q=0&s=…")),
        ("fallback", urls.fallback().address(Scheme::Http, "/fallback?s=…")),
        ("status", minted("/status?s=…")),
        ("recording", minted("/recording?s=…")),
        ("inbound", minted("/answer")),
    ];
    let (led, by_pages): (Vec<&Line>, Vec<&Line>) =
        settings.carrier.lines().partition(|line| line.account.is_led_by_commands());
    let pages = pages.into_iter().filter(|_| !by_pages.is_empty());
    pages.chain((!led.is_empty()).then(|| ("events", urls.call_control()))).collect()
}

/// How a carrier's settings are called, and where its words for them are found.
struct Words {
    account: String,
    secret: String,
    credentials: &'static str,
    console: &'static str,
}

impl Words {
    fn of(line: &Line) -> Self {
        match &line.account {
            Account::Telnyx { .. } => Self {
                account: line.setting("telnyx_account", "account"),
                secret: line.setting("telnyx_api_key", "api_key"),
                credentials: "the API key and the application's id",
                console: "Telnyx's portal",
            },
            Account::Twilio { .. } | Account::Simulator { .. } => Self {
                account: line.setting("account_sid", "account_sid"),
                secret: line.setting("auth_token", "auth_token"),
                credentials: "Account SID and Auth Token",
                console: "Twilio's console",
            },
        }
    }
}

/// What all carriers say.
async fn ask_carriers(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut asked = Vec::new();
    for line in settings.carrier.lines() {
        let (found, numbers) = ask_carrier(line).await;
        findings.extend(found);
        asked.push((line, numbers));
    }
    findings.extend(whose(settings, &asked));
    findings
}

/// At which account each number is that the settings name, where it is not the one that it is taken for.
fn whose(settings: &Settings, asked: &[(&Line, Vec<CarrierNumber>)]) -> Vec<Finding> {
    let wrongly = |number: &String| {
        let has = |numbers: &[CarrierNumber]| numbers.iter().any(|own| own.number.as_str() == number);
        let (owner, _) = asked.iter().find(|(_, numbers)| has(numbers))?;
        let taken_for = settings.carrier.owner(number);
        let number = Address::new(number.as_str());
        (taken_for.name != owner.name).then(|| {
            Finding::error(
                "carrier.numbers",
                format!(
                    "{} is at {}, and is taken for one of {}",
                    number.masked(),
                    owner.name,
                    taken_for.name
                ),
                format!("name it there: {}:{}…", owner.name, number.as_str().get(..3).unwrap_or("+")),
            )
        })
    };
    settings.numbers().iter().filter_map(wrongly).collect()
}

/// Whether the credentials open the account, and whether our number is one of its numbers.
async fn ask_carrier(line: &Line) -> (Vec<Finding>, Vec<CarrierNumber>) {
    if matches!(line.account, Account::Simulator { .. }) {
        let note = Finding::note("carrier", "the simulator needs no credentials", "nothing is to be done");
        return (vec![note], Vec::new());
    }
    let words = Words::of(line);
    let subject = match line.said {
        Said::ByItsKind => "carrier".to_owned(),
        Said::InTheTable => format!("carrier.accounts.{}", line.name),
    };
    let carrier = match client(line) {
        Ok(carrier) => carrier,
        Err(error) => {
            let fix = format!("copy it from {}", words.console);
            return (vec![Finding::error(words.account, error.to_string(), fix)], Vec::new());
        }
    };
    let mut findings = match carrier.check().await {
        Ok(standing) => vec![match standing.state {
            AccountState::Active => {
                Finding::note(subject, format!("the account is {}", standing.words), "good")
            }
            AccountState::Trial => Finding::warning(
                subject,
                format!("the account is {}: it calls only numbers that were verified", standing.words),
                format!("verify the numbers in {}, or upgrade the account", words.console),
            ),
            AccountState::Closed => Finding::error(
                subject,
                format!("the account is {}", standing.words),
                format!("open it again in {}", words.console),
            ),
        }],
        Err(error) => {
            let found = Finding::error(
                words.secret,
                format!("the account can't be asked: {error}"),
                format!("compare {} with {}, and look at the network", words.credentials, words.console),
            );
            return (vec![found], Vec::new());
        }
    };
    let Ok(numbers) = carrier.numbers().await else { return (findings, Vec::new()) };
    if let Some(from) = &line.from
        && !numbers.iter().any(|number| number.number.as_str() == from)
    {
        findings.push(Finding::warning(
            line.setting("from", "from"),
            format!("{from} is not one of the account's {} numbers", numbers.len()),
            format!("use one of them, or verify it as a caller id in {}", words.console),
        ));
    }
    (findings, numbers)
}

/// Whether the bucket of recordings is there and opens.
async fn ask_bucket(settings: &Settings) -> Option<Finding> {
    let address = settings.recordings.bucket.as_ref()?;
    let asked = match Bucket::open(address) {
        Ok(bucket) => bucket.check().await,
        Err(error) => Err(error),
    };
    Some(match asked {
        Ok(()) => Finding::note("recordings.store", format!("{address} opens"), "good"),
        Err(error) => Finding::error(
            "recordings.store",
            format!("{address}: {error}"),
            "compare bucket, region and key, and see that the key may list, read, write and delete in it",
        ),
    })
}

fn as_json(finding: &Finding) -> serde_json::Value {
    json!({
        "level": finding.level.to_string(), "setting": finding.setting, "text": finding.text, "fix": finding.fix,
    })
}
