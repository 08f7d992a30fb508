//! `[traces]`: where it is told what the server does and how long that takes, by OpenTelemetry's protocol over HTTP.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const TRACES: &str = "traces";

static ENDPOINT: Key<Url> = Key::new(
    TRACES,
    "endpoint",
    endpoint,
    Absent::Unset("\"http://127.0.0.1:4318\""),
    "The collector (OTLP over HTTP); spans go to /v1/traces below it. Without it nothing is traced.",
)
.env(&["OTEL_EXPORTER_OTLP_ENDPOINT"]);

static HEADERS: Key<SecretString> = Key::new(
    TRACES,
    "headers",
    headers,
    Absent::Unset("\"authorization=Bearer%20KEY\""),
    "Headers that the collector wants: name=value, parted by commas.",
)
.env(&["OTEL_EXPORTER_OTLP_HEADERS"])
.secret();

static SHARE: Key<f64> = Key::new(
    TRACES,
    "share",
    share,
    Absent::Default("1.0"),
    "The share of requests that is traced, 0 to 1. One that comes with a trace of its own is as its sender says.",
);

static KEYS: [&Facts; 3] = [&ENDPOINT.facts, &HEADERS.facts, &SHARE.facts];

/// The section as declared.
pub static SECTION: Section = Section { name: TRACES, about: "Traces, sent to a collector.", keys: &KEYS };

/// Where traces are sent.
#[derive(Debug, Clone)]
pub struct Traces {
    /// The collector's address; without one nothing is traced.
    pub endpoint: Option<Url>,
    /// What it wants to be told: names and values.
    pub headers: Option<SecretString>,
    /// How much is traced, 0 to 1.
    pub share: f64,
}

impl Traces {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        Ok(Self {
            endpoint: given.read_given(&ENDPOINT)?,
            headers: given.read_given(&HEADERS)?,
            share: given.read(&SHARE)?,
        })
    }

    /// The headers, parted.
    pub fn named_headers(&self) -> impl Iterator<Item = (String, String)> {
        let text = self.headers.as_ref().map(|text| text.expose_secret().to_owned()).unwrap_or_default();
        parted(&text).unwrap_or_default().into_iter()
    }
}

fn endpoint(raw: &Raw) -> Result<Url, Wrong> {
    let text = read::one(raw)?;
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| Wrong::new(quoted(text), "give the collector's address, such as http://127.0.0.1:4318"))
}

fn headers(raw: &Raw) -> Result<SecretString, Wrong> {
    let text = read::text(raw)?;
    match parted(&text) {
        Some(_) => Ok(SecretString::from(text)),
        None => Err(Wrong::new("(hidden)", "give name=value pairs, parted by commas")),
    }
}

/// As OpenTelemetry's own variable has them; values may be percent-encoded.
fn parted(text: &str) -> Option<Vec<(String, String)>> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let name = name.trim();
            let is_name =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            let decoded: String =
                url::form_urlencoded::parse(format!("v={}", value.trim().replace('+', "%2B")).as_bytes())
                    .map(|(_, value)| value.into_owned())
                    .collect();
            let is_value = decoded.bytes().all(|b| (0x20..0x7f).contains(&b));
            (is_name && is_value).then(|| (name.to_ascii_lowercase(), decoded))
        })
        .collect()
}

fn share(raw: &Raw) -> Result<f64, Wrong> {
    let text = read::one(raw)?;
    let share = text.parse().ok().filter(|share: &f64| (0.0..=1.0).contains(share));
    share.ok_or_else(|| Wrong::new(quoted(text), "give a number from 0 to 1, such as 0.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_names_and_values() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            parted("Authorization=Bearer%20a+b=c, x-team = calls"),
            Some(vec![pair("authorization", "Bearer a+b=c"), pair("x-team", "calls")])
        );
        for wrong in ["authorization", "=x", "a b=c", "a=b%0Ac"] {
            assert_eq!(parted(wrong), None, "{wrong}");
        }
    }
}
