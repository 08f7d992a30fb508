//! Whose API the simulated carrier has. The people and the faults are the same behind each.
//!
//! Inside everything is in Twilio's words. [`Mouth::words`] says a webhook's parameters as Telnyx does (TeXML), ids are made
//! in its shape, and `rest/telnyx.rs` is its API.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::call::Form;
use crate::ids::uuid;

/// Whose API it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mouth {
    /// Twilio's REST API, signatures by HMAC.
    #[default]
    Twilio,
    /// Telnyx's TeXML, signatures by Ed25519.
    Telnyx,
}

impl fmt::Display for Mouth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
        })
    }
}

/// As Telnyx: what the account's numbers lead to. Both kinds of application are there, and calls out go through either.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Application {
    /// A TeXML application: voice documents are asked for.
    #[default]
    Texml,
    /// A Call Control application: events are told, and commands lead the call.
    CallControl,
}

/// How it is spoken with: a mouth and, as Telnyx, what its numbers lead to, under one name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// As Twilio.
    #[default]
    Twilio,
    /// As Telnyx, by TeXML.
    Telnyx,
    /// As Telnyx, by Call Control.
    TelnyxCallControl,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Twilio, Self::Telnyx, Self::TelnyxCallControl];

    /// Whose API it has.
    pub const fn mouth(self) -> Mouth {
        match self {
            Self::Twilio => Mouth::Twilio,
            Self::Telnyx | Self::TelnyxCallControl => Mouth::Telnyx,
        }
    }

    /// What the account's numbers lead to.
    pub const fn application(self) -> Application {
        match self {
            Self::Twilio | Self::Telnyx => Application::Texml,
            Self::TelnyxCallControl => Application::CallControl,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::TelnyxCallControl => "telnyx-call-control",
        }
    }
}

impl FromStr for Dialect {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|dialect| dialect.name() == text);
        named.ok_or("give twilio, telnyx or telnyx-call-control")
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What Twilio says and Telnyx does not.
const ONLY_TWILIOS: [&str; 8] = [
    "ApiVersion",
    "Caller",
    "Called",
    "Duration",
    "RecordingTrack",
    "RecordingStartTime",
    "ErrorUrl",
    "ErrorCode",
];

impl Mouth {
    /// An account's id in its shape.
    pub fn usual_account(self) -> &'static str {
        match self {
            Self::Twilio => "AC00000000000000000000000000000001",
            Self::Telnyx => "00000000-0000-4000-8000-000000000001",
        }
    }

    /// A call's id, from 32 hexadecimal digits.
    pub(crate) fn call_id(self, hex: &str) -> String {
        match self {
            Self::Twilio => format!("CA{hex}"),
            Self::Telnyx => {
                format!("v3:{}_{}-sim", hex.get(..16).unwrap_or(hex), hex.get(16..).unwrap_or_default())
            }
        }
    }

    /// A recording's id, from 32 hexadecimal digits.
    pub(crate) fn recording_id(self, hex: &str) -> String {
        match self {
            Self::Twilio => format!("RE{hex}"),
            Self::Telnyx => uuid(hex),
        }
    }

    /// A webhook's parameters as this carrier says them.
    pub(crate) fn words(self, form: Form, connection: &str) -> Form {
        match self {
            Self::Twilio => form,
            Self::Telnyx => telnyx(&form, connection),
        }
    }
}

fn telnyx(form: &Form, connection: &str) -> Form {
    let given =
        |name: &str| form.pairs().iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let is_place = |name: &str| ["City", "State", "Zip", "Country"].iter().any(|place| name.ends_with(place));
    let mut said = Form::default().with("ConnectionId", connection);
    for (name, value) in form.pairs() {
        match name.as_str() {
            name if is_place(name) || ONLY_TWILIOS.contains(&name) => {}
            "Direction" => {
                said = said.with("Direction", if value == "inbound" { "inbound" } else { "outbound" });
            }
            "Timestamp" => said = said.with("Timestamp", iso(value)),
            "CallSid" | "ParentCallSid" | "DialCallSid" => {
                said = said.with(name, value).with(format!("{name}Legacy"), value);
            }
            "StirVerstat" => said = said.and(vouched(value)),
            "SipResponseCode" => said = said.with("SipHangupCause", value),
            _ => said = said.with(name, value),
        }
    }
    // Only the last of the status callbacks tells why.
    if given("CallDuration").is_some() {
        let (cause, source) = cause(given("CallStatus").unwrap_or_default(), given("SipResponseCode"));
        said = said.with("HangupCause", cause);
        if given("HangupSource").is_none() {
            said = said.with("HangupSource", source);
        }
    }
    said
}

/// A level, and apart from it whether its signature held.
pub(crate) fn vouched(verstat: &str) -> Form {
    let level = verstat.rsplit('-').next().filter(|level| level.len() == 1);
    let form = level.map_or_else(Form::default, |level| Form::default().with("ShakenStirAttestation", level));
    form.with("ShakenStirValidated", verstat.starts_with("TN-Validation-Passed").to_string())
}

/// `HangupCause` and `HangupSource` of an end, in Twilio's words and by its SIP response.
pub(crate) fn cause(status: &str, sip: Option<&str>) -> (&'static str, &'static str) {
    match (status, sip) {
        ("completed", _) => ("normal_clearing", "callee"),
        ("busy", Some("603")) => ("call_rejected", "callee"),
        ("busy", _) => ("user_busy", "callee"),
        ("no-answer", _) => ("timeout", "caller"),
        ("canceled", _) => ("originator_cancel", "caller"),
        (_, Some("404")) => ("not_found", "unknown"),
        _ => ("unspecified", "unknown"),
    }
}

/// `2024-01-15T10:30:00Z`, from the way Twilio writes it.
fn iso(text: &str) -> String {
    const PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(text).map_or_else(|_| text.to_owned(), |at: Timestamp| at.to_string())
}

/// The key that Telnyx's webhooks are signed with. It follows from the account's secret, so that who knows the one can
/// tell the public half of the other.
pub(crate) fn key_pair(secret: &str) -> Option<Ed25519KeyPair> {
    let mut hash = Sha256::new();
    hash.update(b"the simulator's signing key\0");
    hash.update(secret.as_bytes());
    Ed25519KeyPair::from_seed_unchecked(&hash.finalize()).ok()
}

/// The public half of the key that signs the webhooks of an account with this secret, in base64.
pub fn public_key(secret: &str) -> String {
    key_pair(secret).map(|pair| STANDARD.encode(pair.public_key())).unwrap_or_default()
}

/// `telnyx-signature-ed25519` of a body that is sent at this second.
pub fn sign_telnyx(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let mut text = format!("{timestamp}|").into_bytes();
    text.extend_from_slice(body);
    key_pair(secret).map(|pair| STANDARD.encode(pair.sign(&text))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_said_as_telnyx_says_it() {
        let form = Form::default()
            .with("CallSid", "v3:1")
            .with("ApiVersion", "2010-04-01")
            .with("FromCity", "")
            .with("CallStatus", "busy")
            .with("Direction", "outbound-api")
            .with("Timestamp", "Tue, 31 Aug 2010 20:36:28 +0000")
            .with("CallDuration", "0")
            .with("SipResponseCode", "486");
        let said = Mouth::Telnyx.words(form, "17");
        let pairs: Vec<_> =
            said.pairs().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("ConnectionId", "17"),
                ("CallSid", "v3:1"),
                ("CallSidLegacy", "v3:1"),
                ("CallStatus", "busy"),
                ("Direction", "outbound"),
                ("Timestamp", "2010-08-31T20:36:28Z"),
                ("CallDuration", "0"),
                ("SipHangupCause", "486"),
                ("HangupCause", "user_busy"),
                ("HangupSource", "callee"),
            ]
        );
    }

    #[test]
    fn a_secret_has_one_key_and_another_secret_another() {
        assert_eq!(public_key("a"), public_key("a"));
        assert_ne!(public_key("a"), public_key("b"));
        assert_eq!(STANDARD.decode(public_key("a")).unwrap().len(), 32);
        assert_ne!(sign_telnyx("a", 1, b"x"), sign_telnyx("a", 2, b"x"));
    }
}
