//! The account at Twilio, and what all requests to it share: its credentials and its addresses.

use super::{NAME, account, calls, create, is_sid};
use crate::carrier::{
    AccountStanding, AskError, Carrier, CarrierNumber, Fetched, HangUpAnswer, Listed, NumberId, NumberUrls,
    Order, PostAnswer, RecordingBody, Soon,
};
use crate::guarded::LastLook;
use crate::http::{BadSettings, Clients, Failure, base};
use jiff::Timestamp;
use reqwest::{Body, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::fmt;
use std::time::Duration;
use trunkline_core::id::{AccountId, CarrierCallId, RecordingId};
use trunkline_core::private::Address;
use url::Url;

/// What opens the account.
#[derive(Clone, Debug)]
pub struct TwilioSettings {
    /// What people call the account.
    pub name: String,
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
        let (name, timeout) = (NAME.to_owned(), Duration::from_secs(10));
        Self { name, account_sid, auth_token, api_key: None, api_base, timeout }
    }

    /// The same, called so: of several accounts at Twilio each has a name of its own.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

/// One account at Twilio.
pub struct Twilio {
    id: AccountId,
    sid: String,
    user: String,
    password: SecretString,
    /// Without a slash at its end.
    base: String,
    clients: Clients,
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
        let clients = Clients::new(&settings.api_base, settings.timeout)?;
        Ok(Self {
            id: AccountId::at(NAME, &settings.name, &settings.account_sid),
            sid: settings.account_sid,
            user,
            password,
            base,
            clients,
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
    pub(super) fn posting(&self, url: &str, form: Body) -> RequestBuilder {
        self.with_form(self.clients.posting.post(url), form)
    }

    /// A request that changes something and may be repeated.
    pub(super) fn changing(&self, url: &str, form: String) -> RequestBuilder {
        self.with_form(self.clients.asking.post(url), form.into())
    }

    pub(super) fn asking(&self, url: &str) -> RequestBuilder {
        self.with_credentials(self.clients.asking.get(url))
    }

    pub(super) fn loading(&self, url: &str) -> RequestBuilder {
        self.with_credentials(self.clients.loading.get(url))
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

/// Twilio's words for a failure.
pub(super) fn failure(body: &[u8]) -> Option<Failure> {
    #[derive(Deserialize)]
    struct Written {
        code: u32,
        #[serde(default)]
        message: String,
    }
    let written: Written = serde_json::from_slice(body).ok()?;
    Some(Failure { code: written.code.to_string(), message: written.message, field: None })
}
