//! The account at Twilio, and what all requests to it share: credentials, time limits, bounded answers, errors.

use super::{account, calls, create, is_sid, words};
use crate::carrier::{
    AccountStanding, AskError, Carrier, CarrierNumber, Fetched, HangUpAnswer, Listed, NumberId, NumberUrls,
    Order, PostAnswer, RecordingBody, Soon,
};
use crate::guarded::{GuardedBody, LastLook};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use reqwest::{Body, Client, ClientBuilder, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::fmt;
use std::time::Duration;
use thiserror::Error;
use trunkline_core::id::{AccountId, CarrierCallId, RecordingId};
use trunkline_core::private::Address;
use url::{Host, Url};

/// To open a connection. Shorter than the whole, so that a host that swallows packets is known as never reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For one piece of a recording.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// An answer of the API is a few kilobytes, a full page of a listing some hundred.
const MAX_ANSWER: usize = 2 * 1_024 * 1_024;

/// What opens the account.
#[derive(Clone, Debug)]
pub struct TwilioSettings {
    /// `AC` and 32 hex digits.
    pub account_sid: String,
    /// The account's token. It also signs webhooks.
    pub auth_token: SecretString,
    /// An API key (`SK…`) and its secret, to be used instead of the token in requests.
    pub api_key: Option<(String, SecretString)>,
    /// `https://api.twilio.com`, or whoever speaks its API; plain http is for the simulator.
    pub api_base: Url,
    /// How long one request may take in all.
    pub timeout: Duration,
}

impl TwilioSettings {
    /// The account with its token, at Twilio itself or at `api_base`, with 10 s for a request.
    pub fn new(account_sid: impl Into<String>, auth_token: SecretString, api_base: Url) -> Self {
        let account_sid = account_sid.into();
        Self { account_sid, auth_token, api_key: None, api_base, timeout: Duration::from_secs(10) }
    }
}

/// Why an account can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadSettings {
    /// Not an account's id.
    #[error("a Twilio account is AC and 32 hex digits")]
    AccountSid,
    /// Not an address of an API.
    #[error("the API's base is an http or https address without user, query or fragment")]
    ApiBase,
    /// No HTTP client can be had on this machine.
    #[error("the HTTP client can't be set up: {0}")]
    Client(&'static str),
}

/// One account at Twilio.
pub struct Twilio {
    id: AccountId,
    sid: String,
    user: String,
    password: SecretString,
    /// Without a slash at its end.
    base: String,
    posting: Client,
    asking: Client,
    loading: Client,
}

impl Twilio {
    /// The account. The process must have installed a rustls crypto provider before.
    ///
    /// # Errors
    /// [`BadSettings`] when it can't be used as it is written. Nothing is asked of the carrier.
    pub fn new(settings: TwilioSettings) -> Result<Self, BadSettings> {
        if !is_sid(&settings.account_sid, "AC") {
            return Err(BadSettings::AccountSid);
        }
        let base = base(&settings.api_base)?;
        let (user, password) =
            settings.api_key.unwrap_or_else(|| (settings.account_sid.clone(), settings.auth_token));
        // A connection of its own for each create request: on a kept one, a close by the far end could not be told
        // from a request that was read.
        let posting = client(&settings.api_base).timeout(settings.timeout).pool_max_idle_per_host(0);
        let asking = client(&settings.api_base).timeout(settings.timeout);
        let loading =
            client(&settings.api_base).read_timeout(READ_TIMEOUT).redirect(to_storage(&settings.api_base));
        let built =
            |builder: ClientBuilder| builder.build().map_err(|_| BadSettings::Client("it needs TLS roots"));
        Ok(Self {
            id: AccountId::new(format!("twilio:{}", settings.account_sid)),
            sid: settings.account_sid,
            user,
            password,
            base,
            posting: built(posting)?,
            asking: built(asking)?,
            loading: built(loading)?,
        })
    }

    /// The address of something of this account, such as `Calls.json`.
    pub(super) fn address(&self, what: &str) -> String {
        format!("{}/2010-04-01/Accounts/{}{what}", self.base, self.sid)
    }

    /// A page of a listing, by the path that the page before named.
    pub(super) fn page_address(&self, path: &str) -> Option<String> {
        path.starts_with('/').then(|| format!("{}{path}", self.base))
    }

    /// A request that is sent once, on its own connection, if it still may when that is open.
    pub(super) fn posting(&self, url: &str, form: GuardedBody) -> RequestBuilder {
        self.with_form(self.posting.post(url), Body::wrap(form))
    }

    /// A request that changes something and may be repeated.
    pub(super) fn changing(&self, url: &str, form: String) -> RequestBuilder {
        self.with_form(self.asking.post(url), form.into())
    }

    pub(super) fn asking(&self, url: &str) -> RequestBuilder {
        self.with_credentials(self.asking.get(url))
    }

    pub(super) fn loading(&self, url: &str) -> RequestBuilder {
        self.with_credentials(self.loading.get(url))
    }

    fn with_form(&self, request: RequestBuilder, form: Body) -> RequestBuilder {
        self.with_credentials(request).header("content-type", "application/x-www-form-urlencoded").body(form)
    }

    fn with_credentials(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .basic_auth(&self.user, Some(self.password.expose_secret()))
            .header("accept", "application/json")
    }
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio").field("account", &self.id).field("base", &self.base).finish_non_exhaustive()
    }
}

impl Carrier for Twilio {
    fn account(&self) -> &AccountId {
        &self.id
    }

    fn place<'a>(&'a self, order: &'a Order, look: LastLook) -> Soon<'a, PostAnswer> {
        Box::pin(create::place(self, order, look))
    }

    fn fetch<'a>(&'a self, id: &'a CarrierCallId) -> Soon<'a, Result<Option<Fetched>, AskError>> {
        Box::pin(calls::fetch(self, id))
    }

    fn list<'a>(
        &'a self,
        to: &'a Address,
        from: &'a Address,
        since: Timestamp,
    ) -> Soon<'a, Result<Vec<Listed>, AskError>> {
        Box::pin(calls::list(self, to, from, since))
    }

    fn children<'a>(&'a self, parent: &'a CarrierCallId) -> Soon<'a, Result<Vec<Listed>, AskError>> {
        Box::pin(calls::children(self, parent))
    }

    fn hang_up<'a>(&'a self, id: &'a CarrierCallId) -> Soon<'a, Result<HangUpAnswer, AskError>> {
        Box::pin(calls::hang_up(self, id))
    }

    fn redirect<'a>(
        &'a self,
        id: &'a CarrierCallId,
        voice: &'a str,
    ) -> Soon<'a, Result<HangUpAnswer, AskError>> {
        Box::pin(calls::redirect(self, id, voice))
    }

    fn fetch_recording<'a>(
        &'a self,
        id: &'a RecordingId,
    ) -> Soon<'a, Result<Option<RecordingBody>, AskError>> {
        Box::pin(account::fetch_recording(self, id))
    }

    fn numbers(&self) -> Soon<'_, Result<Vec<CarrierNumber>, AskError>> {
        Box::pin(account::numbers(self))
    }

    fn point_number<'a>(&'a self, id: &'a NumberId, urls: &'a NumberUrls) -> Soon<'a, Result<(), AskError>> {
        Box::pin(account::point_number(self, id, urls))
    }

    fn check(&self) -> Soon<'_, Result<AccountStanding, AskError>> {
        Box::pin(account::check(self))
    }
}

fn base(url: &Url) -> Result<String, BadSettings> {
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
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// The carrier's own words for a failure.
#[derive(Deserialize)]
pub(super) struct Failure {
    pub(super) code: u32,
    #[serde(default)]
    pub(super) message: String,
}

impl Reply {
    /// Sends a request that may be repeated and reads its answer.
    pub(super) async fn to(request: RequestBuilder) -> Result<Self, AskError> {
        let mut response = request.send().await.map_err(|error| ask_error(&error))?;
        let status = response.status();
        let body = bounded(&mut response, MAX_ANSWER).await.map_err(|error| match error {
            Cut::Net(error) => ask_error(&error),
            Cut::TooLarge => AskError::TooLarge("a page of the API"),
        })?;
        Ok(Self { status, body })
    }

    /// The answer's content.
    pub(super) fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, AskError> {
        serde_json::from_slice(&self.body).map_err(|_| AskError::Unreadable("it is not the expected JSON"))
    }

    /// The carrier's own words for its failure, if it is the carrier's.
    pub(super) fn failure(&self) -> Option<Failure> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The answer, if it is a success; else why not.
    pub(super) fn success(self) -> Result<Self, AskError> {
        if self.status.is_success() { Ok(self) } else { Err(self.error()) }
    }

    pub(super) fn error(&self) -> AskError {
        let http = self.status.as_u16();
        let failure = self.failure();
        match http {
            408 => AskError::TimedOut,
            429 => AskError::TooMany,
            500.. => AskError::Fault { http },
            _ => AskError::Refused {
                http,
                code: failure.as_ref().map(|failure| failure.code.to_string()),
                message: words::without_numbers(&failure.map(|failure| failure.message).unwrap_or_default()),
            },
        }
    }
}

/// Why an answer was not read to its end.
pub(super) enum Cut {
    Net(reqwest::Error),
    TooLarge,
}

pub(super) async fn bounded(response: &mut Response, max: usize) -> Result<Vec<u8>, Cut> {
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
