//! The account at Telnyx, and what all requests to it share: its key and its addresses.

use super::{NAME, account, calls, create, is_uuid};
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
pub struct TelnyxSettings {
    /// What people call the account.
    pub name: String,
    /// The account's id, a UUID: `AccountSid` in every webhook.
    pub account: String,
    /// The API key.
    pub api_key: SecretString,
    /// The TeXML application that calls go through, a number.
    pub connection: String,
    /// `https://api.telnyx.com`, or whoever speaks its API; plain http is for the simulator.
    pub api_base: Url,
    /// How long one request may take in all.
    pub timeout: Duration,
}

impl TelnyxSettings {
    /// The account with its key and application, with 10 s for a request.
    pub fn new(
        account: impl Into<String>,
        api_key: SecretString,
        connection: impl Into<String>,
        api_base: Url,
    ) -> Self {
        let (name, timeout) = (NAME.to_owned(), Duration::from_secs(10));
        Self { name, account: account.into(), api_key, connection: connection.into(), api_base, timeout }
    }

    /// The same, called so: of several accounts at Telnyx each has a name of its own.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

/// One account at Telnyx.
pub struct Telnyx {
    id: AccountId,
    account: String,
    pub(super) connection: String,
    api_key: SecretString,
    /// Without a slash at its end.
    base: String,
    clients: Clients,
}

impl Telnyx {
    /// The account. The process must have installed a rustls crypto provider before.
    ///
    /// # Errors
    /// [`BadSettings`] when it can't be used as it is written. Nothing is asked of the carrier.
    pub fn new(settings: TelnyxSettings) -> Result<Self, BadSettings> {
        if !is_uuid(&settings.account) {
            return Err(BadSettings::TelnyxAccount);
        }
        let is_number = (1..=20).contains(&settings.connection.len())
            && settings.connection.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            return Err(BadSettings::Connection);
        }
        Ok(Self {
            id: AccountId::at(NAME, &settings.name, &settings.account),
            base: base(&settings.api_base)?,
            clients: Clients::new(&settings.api_base, settings.timeout)?,
            account: settings.account,
            connection: settings.connection,
            api_key: settings.api_key,
        })
    }

    /// The address of something of the API, such as `/phone_numbers`.
    pub(super) fn address(&self, what: &str) -> String {
        format!("{}/v2{what}", self.base)
    }

    /// The address of something of this account in TeXML's part of the API, such as `/Calls`.
    pub(super) fn texml(&self, what: &str) -> String {
        self.address(&format!("/texml/Accounts/{}{what}", self.account))
    }

    /// A page of a listing, by the path that the page before named.
    pub(super) fn page_address(&self, path: &str) -> Option<String> {
        path.starts_with("/v2/texml/").then(|| format!("{}{path}", self.base))
    }

    /// A request that is sent once, on its own connection, if it still may when that is open.
    pub(super) fn posting(&self, url: &str, json: Body) -> RequestBuilder {
        self.with_key(self.clients.posting.post(url)).header("content-type", "application/json").body(json)
    }

    /// A request with a form that changes something and may be repeated.
    pub(super) fn changing(&self, url: &str, form: String) -> RequestBuilder {
        let kind = "application/x-www-form-urlencoded";
        self.with_key(self.clients.asking.post(url)).header("content-type", kind).body(form)
    }

    /// A command, with JSON; it bears a name by which a repeated one is known.
    pub(super) fn commanding(&self, url: &str, json: &serde_json::Value) -> RequestBuilder {
        self.with_key(self.clients.asking.post(url)).json(json)
    }

    /// A request with JSON that changes something and may be repeated.
    pub(super) fn patching(&self, url: &str, json: &serde_json::Value) -> RequestBuilder {
        self.with_key(self.clients.asking.patch(url)).json(json)
    }

    pub(super) fn asking(&self, url: &str) -> RequestBuilder {
        self.with_key(self.clients.asking.get(url))
    }

    /// A download: without our key, since the address that Telnyx gives is signed in itself and may be a storage's.
    pub(super) fn loading(&self, url: &str) -> RequestBuilder {
        self.clients.loading.get(url)
    }

    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.api_key.expose_secret()).header("accept", "application/json")
    }
}

impl fmt::Debug for Telnyx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telnyx").field("account", &self.id).field("base", &self.base).finish_non_exhaustive()
    }
}

impl Carrier for Telnyx {
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

    /// None are known: Telnyx's listing does not tell which leg dialed which. Their callbacks do.
    fn children<'a>(&'a self, _: &'a CarrierCallId) -> Soon<'a, Result<Vec<Listed>, AskError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
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

/// Telnyx's words for a failure: the first of its errors.
pub(super) fn failure(body: &[u8]) -> Option<Failure> {
    #[derive(Deserialize)]
    struct Written {
        errors: Vec<Error>,
    }
    #[derive(Deserialize)]
    struct Error {
        code: Code,
        #[serde(default)]
        title: Option<String>,
        #[serde(default)]
        detail: Option<String>,
        #[serde(default)]
        source: Option<Source>,
    }
    #[derive(Deserialize)]
    struct Source {
        #[serde(default)]
        pointer: Option<String>,
    }
    /// Written as a string; some of its gateways write a number.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Code {
        Text(String),
        Number(u32),
    }
    let written: Written = serde_json::from_slice(body).ok()?;
    let first = written.errors.into_iter().next()?;
    let code = match first.code {
        Code::Text(text) => text.chars().filter(|char| !char.is_control()).take(16).collect(),
        Code::Number(number) => number.to_string(),
    };
    let field = first.source.and_then(|source| source.pointer);
    Some(Failure { code, message: first.detail.or(first.title).unwrap_or_default(), field })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_its_first_error_in_its_own_words() {
        let body = br#"{"errors":[{"code":"10015","title":"Bad Request","detail":"The To is no number",
            "source":{"pointer":"/To"}},{"code":"2"}]}"#;
        let read = failure(body).unwrap();
        assert_eq!((read.code.as_str(), read.message.as_str()), ("10015", "The To is no number"));
        assert_eq!(read.field.as_deref(), Some("/To"));
        assert_eq!(failure(br#"{"errors":[{"code":90018}]}"#).unwrap().code, "90018");
        for nobodys in ["", "{}", "[]", r#"{"errors":[]}"#, "<html>502</html>"] {
            assert!(failure(nobodys.as_bytes()).is_none(), "{nobodys}");
        }
    }
}
