//! `[transcription]`: who turns recorded answers into text.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use trunkline_carriers::outgoing::{BadUrl, Plain, Reach, Secret};
use trunkline_core::outgoing::Network;
use trunkline_engine::{Transcribing, TranscriptionHook};
use url::{Host, Url};

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const TRANSCRIPTION: &str = "transcription";
/// Shorter ones could be guessed.
const SECRET_BYTES: usize = 24;

static BY: Key<By> = Key::new(
    TRANSCRIPTION,
    "by",
    by,
    Absent::Default("\"carrier\""),
    "Who transcribes: carrier (where a script says transcribe), hook (an engine of your own at url, every recorded answer) or \
     off.",
);
static URL: Key<String> = Key::new(
    TRANSCRIPTION,
    "url",
    read::text,
    Absent::Unset("\"https://transcribe.example.com/calls\""),
    "Where your engine is asked, by POST: docs/recordings.md.",
);
static SECRET: Key<SecretString> = Key::new(
    TRANSCRIPTION,
    "secret",
    read::secret,
    Absent::Unset("\"whsec_(the output of: openssl rand -base64 32)\""),
    "Signs what is sent to it, as Standard Webhooks has it.",
)
.secret();
static INSIDE: Key<Inside> = Key::new(
    TRANSCRIPTION,
    "inside",
    inside,
    Absent::Default("\"deny\""),
    "Whether url may lead into your own network, and may be http: deny or allow.",
);
static TIMEOUT: Key<Duration> = Key::new(
    TRANSCRIPTION,
    "timeout_secs",
    read::seconds::<1, 300>,
    Absent::Default("60"),
    "How long your engine may take to answer. One that takes longer answers 202, and sends the text later.",
);

static KEYS: [&Facts; 5] = [&BY.facts, &URL.facts, &SECRET.facts, &INSIDE.facts, &TIMEOUT.facts];

/// The section as declared.
pub static SECTION: Section =
    Section { name: TRANSCRIPTION, about: "Text of recorded answers.", keys: &KEYS };

#[derive(Debug, Clone, Copy)]
enum By {
    Carrier,
    Hook,
    Off,
}

/// Whether an address may lead into one's own network.
#[derive(Debug, Clone, Copy)]
pub(super) enum Inside {
    Denied,
    Allowed,
}

/// Reads the section.
///
/// # Errors
/// The first setting of it that can't be used; never with the secret.
pub fn read(given: &Given) -> Result<Transcribing, SettingError> {
    match given.read(&BY)? {
        By::Carrier => Ok(Transcribing::Carrier),
        By::Off => Ok(Transcribing::Off),
        By::Hook => hook(given).map(|hook| Transcribing::Hook(Box::new(hook))),
    }
}

fn hook(given: &Given) -> Result<TranscriptionHook, SettingError> {
    let url = given.read(&URL)?;
    let reach = reach(&url, given.read(&INSIDE)?)
        .map_err(|wrong| wrong.at(URL.facts.path(), given.origin(&URL.facts)))?;
    let secret = secret(&given.read(&SECRET)?)
        .map_err(|wrong| wrong.at(SECRET.facts.path(), given.origin(&SECRET.facts)))?;
    Ok(TranscriptionHook { url, reach, secret: Arc::new(secret), timeout: given.read(&TIMEOUT)? })
}

/// To where such an address leads, and to nowhere else.
pub(super) fn reach(url: &str, inside: Inside) -> Result<Reach, Wrong> {
    let reach = match inside {
        Inside::Denied => Reach::default(),
        Inside::Allowed => named(url),
    };
    match reach.check(url) {
        Ok(_) => Ok(reach),
        Err(wrong) => {
            let wrong = match wrong {
                BadUrl::Plain | BadUrl::Inside => "it is http, or leads into your own network".to_owned(),
                other => format!("it {other}"),
            };
            let right = "give an address such as https://transcribe.example.com/calls, or say inside = \"allow\" if it is one of yours";
            Err(Wrong::new(wrong, right))
        }
    }
}

/// Whoever names a host of their own means it, and no other.
fn named(url: &str) -> Reach {
    let mut reach = Reach { plain: Plain::Allowed, ..Reach::default() };
    let parsed = Url::parse(url).ok();
    match parsed.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => reach.hosts.push(name.to_owned()),
        Some(address) => {
            let address = address.to_string();
            reach.networks.extend(address.trim_matches(['[', ']']).parse::<Network>());
        }
        None => {}
    }
    reach
}

pub(super) fn secret(given: &SecretString) -> Result<Secret, Wrong> {
    let encoded = given.expose_secret().strip_prefix("whsec_");
    let bytes =
        encoded.and_then(|text| STANDARD.decode(text).ok()).filter(|bytes| bytes.len() >= SECRET_BYTES);
    bytes.map(|bytes| Secret::kept(SecretBox::new(Box::new(bytes)))).ok_or_else(|| {
        Wrong::new(
            "it is not whsec_ and 24 bytes or more in base64",
            "give whsec_ and the output of: openssl rand -base64 32",
        )
    })
}

fn by(raw: &Raw) -> Result<By, Wrong> {
    match read::one(raw)? {
        "carrier" => Ok(By::Carrier),
        "hook" => Ok(By::Hook),
        "off" => Ok(By::Off),
        other => Err(Wrong::new(quoted(other), "give carrier, hook or off")),
    }
}

pub(super) fn inside(raw: &Raw) -> Result<Inside, Wrong> {
    match read::one(raw)? {
        "deny" => Ok(Inside::Denied),
        "allow" => Ok(Inside::Allowed),
        other => Err(Wrong::new(quoted(other), "give deny or allow")),
    }
}
