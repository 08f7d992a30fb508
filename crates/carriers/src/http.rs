//! What requests to any carrier share: clients that never try twice, bounded answers, and errors without addresses.
//!
//! What a carrier's failure looks like is its own: whoever asks hands over how it is read.

use crate::carrier::AskError;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use std::time::Duration;
use thiserror::Error;
use url::{Host, Url};

/// To open a connection. Shorter than the whole, so that a host that swallows packets is known as never reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For one piece of a recording.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// An answer of an API is a few kilobytes, a full page of a listing some hundred.
const MAX_ANSWER: usize = 2 * 1_024 * 1_024;

/// Why an account can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadSettings {
    /// Not an account's id at Twilio.
    #[error("a Twilio account is AC and 32 hex digits")]
    AccountSid,
    /// Not an account's id at Telnyx.
    #[error("a Telnyx account is a UUID, as the portal shows it")]
    TelnyxAccount,
    /// Not an application's id at Telnyx.
    #[error("a Telnyx application is a number of up to 20 digits")]
    Connection,
    /// Not a public key.
    #[error("Telnyx's public key is base64 of 32 bytes")]
    PublicKey,
    /// Not an address of an API.
    #[error("the API's base is an http or https address without user, query or fragment")]
    ApiBase,
    /// No HTTP client can be had on this machine.
    #[error("the HTTP client can't be set up: {0}")]
    Client(&'static str),
}

/// The three clients of an account.
pub(crate) struct Clients {
    /// A connection of its own for each create request: on a kept one, a close by the far end could not be told from a
    /// request that was read.
    pub(crate) posting: Client,
    pub(crate) asking: Client,
    pub(crate) loading: Client,
}

impl Clients {
    /// Clients for the API at `base`; a request may take so long in all.
    ///
    /// # Errors
    /// [`BadSettings::Client`] where this machine can have none.
    pub(crate) fn new(base: &Url, timeout: Duration) -> Result<Self, BadSettings> {
        let built =
            |builder: ClientBuilder| builder.build().map_err(|_| BadSettings::Client("it needs TLS roots"));
        Ok(Self {
            posting: built(client(base).timeout(timeout).pool_max_idle_per_host(0))?,
            asking: built(client(base).timeout(timeout))?,
            loading: built(client(base).read_timeout(READ_TIMEOUT).redirect(to_storage(base)))?,
        })
    }
}

/// The base as it begins every address: without a slash at its end.
///
/// # Errors
/// [`BadSettings::ApiBase`].
pub(crate) fn base(url: &Url) -> Result<String, BadSettings> {
    let fine = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if fine { Ok(url.as_str().trim_end_matches('/').to_owned()) } else { Err(BadSettings::ApiBase) }
}

/// No redirects (a moved API is a change of settings) and no retries (asking again is the engine's to say).
fn client(base: &Url) -> ClientBuilder {
    let builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")));
    // A proxy of the machine is for the outside world, not for a simulator beside us.
    if is_this_machine(base) { builder.no_proxy() } else { builder }
}

fn is_this_machine(base: &Url) -> bool {
    match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Recordings may live in a storage elsewhere. Credentials stay behind on the way there, and TLS must not.
fn to_storage(base: &Url) -> Policy {
    let tls = base.scheme() == "https";
    Policy::custom(move |attempt| {
        if attempt.previous().len() > 3 || (tls && attempt.url().scheme() != "https") {
            attempt.stop()
        } else {
            attempt.follow()
        }
    })
}

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// The carrier's own words for a failure.
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
    /// The field that is wrong, where the carrier says so.
    pub(crate) field: Option<String>,
}

/// Reads a carrier's failure out of a body; `None` if the body is nothing of the carrier's.
pub(crate) type ReadFailure = fn(&[u8]) -> Option<Failure>;

impl Reply {
    /// Sends a request that may be repeated and reads its answer.
    pub(crate) async fn to(request: RequestBuilder) -> Result<Self, AskError> {
        let mut response = request.send().await.map_err(|error| ask_error(&error))?;
        let status = response.status();
        let body = bounded(&mut response, MAX_ANSWER).await.map_err(|error| match error {
            Cut::Net(error) => ask_error(&error),
            Cut::TooLarge => AskError::TooLarge("a page of the API"),
        })?;
        Ok(Self { status, body })
    }

    /// The answer's content.
    pub(crate) fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, AskError> {
        serde_json::from_slice(&self.body).map_err(|_| AskError::Unreadable("it is not the expected JSON"))
    }

    /// The answer, if it is a success; else why not.
    pub(crate) fn success(self, read: ReadFailure) -> Result<Self, AskError> {
        if self.status.is_success() { Ok(self) } else { Err(self.error(read)) }
    }

    pub(crate) fn error(&self, read: ReadFailure) -> AskError {
        let http = self.status.as_u16();
        match http {
            408 => AskError::TimedOut,
            429 => AskError::TooMany,
            500.. => AskError::Fault { http },
            _ => {
                let (code, message) = read(&self.body)
                    .map_or((None, String::new()), |failure| (Some(failure.code), failure.message));
                AskError::Refused { http, code, message: without_numbers(&message) }
            }
        }
    }
}

/// Why an answer was not read to its end.
pub(crate) enum Cut {
    Net(reqwest::Error),
    TooLarge,
}

pub(crate) async fn bounded(response: &mut Response, max: usize) -> Result<Vec<u8>, Cut> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(Cut::Net)? {
        if body.len() + piece.len() > max {
            return Err(Cut::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// What went wrong on the way, without the address (its query names people).
pub(crate) fn ask_error(error: &reqwest::Error) -> AskError {
    if error.is_connect() {
        AskError::Unreachable("no connection")
    } else if error.is_timeout() {
        AskError::TimedOut
    } else {
        AskError::Unreachable("the connection broke")
    }
}

/// The carrier's own words, fit for a journal and a log: they quote the number that was dialed.
pub(crate) fn without_numbers(message: &str) -> String {
    let mut clean = String::new();
    let mut digits = String::new();
    let flush = |digits: &mut String, clean: &mut String| {
        clean.push_str(if digits.len() > 5 { "•••" } else { digits });
        digits.clear();
    };
    for char in message.chars().filter(|char| !char.is_control()).take(300) {
        if char.is_ascii_digit() {
            digits.push(char);
        } else {
            flush(&mut digits, &mut clean);
            clean.push(char);
        }
    }
    flush(&mut digits, &mut clean);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carriers_words_lose_the_persons_number_and_keep_their_codes() {
        let words = without_numbers("The 'To' number +15551234567 is not a valid phone number. See 21211\n");
        assert_eq!(words, "The 'To' number +••• is not a valid phone number. See 21211");
    }
}
