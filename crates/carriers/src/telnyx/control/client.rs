//! The account at Telnyx, asked by Call Control.

use super::command::{Command, Obeyed};
use super::mark::Mark;
use super::{calls, create};
use crate::carrier::{
    AccountStanding, AccountState, AskError, Carrier, CarrierNumber, Controls, Fetched, HangUpAnswer, Listed,
    NumberId, NumberUrls, Order, PostAnswer, RecordingBody, Soon,
};
use crate::guarded::LastLook;
use crate::http::{Reply, without_numbers};
use crate::telnyx::client::{Telnyx, failure};
use crate::telnyx::{account, is_call_id, is_uuid};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_core::call::RecordingFact;
use trunkline_core::id::{AccountId, CarrierCallId, RecordingId};
use trunkline_core::private::{Address, Private};

/// Where events are told, and the pages of TeXML that this stands for.
const EVENTS: &str = "/call-control";
const FIRST_PAGE: &str = "/answer";

/// One account at Telnyx whose calls are led by commands.
#[derive(Debug)]
pub struct CallControl {
    pub(super) telnyx: Telnyx,
}

impl CallControl {
    /// The same account, led so: its application is one of Call Control.
    pub fn new(telnyx: Telnyx) -> Self {
        Self { telnyx }
    }
}

#[derive(Deserialize)]
struct Wrapped<T> {
    data: T,
}

#[derive(Deserialize)]
struct Application {
    application_name: String,
    #[serde(default)]
    active: Option<bool>,
    #[serde(default)]
    webhook_event_url: Option<String>,
    #[serde(default)]
    webhook_event_failover_url: Option<String>,
}

#[derive(Deserialize)]
struct Recording {
    #[serde(default)]
    download_urls: Option<Urls>,
    #[serde(default)]
    status: Option<String>,
}

#[derive(Deserialize)]
struct Urls {
    #[serde(default)]
    wav: Option<String>,
    #[serde(default)]
    mp3: Option<String>,
}

impl Controls for CallControl {
    fn command<'a>(
        &'a self,
        leg: &'a CarrierCallId,
        command: &'a Command,
        mark: &'a Mark,
    ) -> Soon<'a, Result<Obeyed, AskError>> {
        Box::pin(self.obey(leg, command, mark))
    }

    fn is_alive<'a>(&'a self, leg: &'a CarrierCallId) -> Soon<'a, Result<Option<bool>, AskError>> {
        Box::pin(calls::is_alive(self, leg))
    }

    fn recordings<'a>(
        &'a self,
        leg: &'a CarrierCallId,
    ) -> Soon<'a, Result<Vec<(RecordingFact, Timestamp)>, AskError>> {
        Box::pin(calls::recordings(self, leg))
    }

    fn keys<'a>(
        &'a self,
        leg: &'a CarrierCallId,
        mark: &'a Mark,
    ) -> Soon<'a, Result<Option<Private<String>>, AskError>> {
        Box::pin(calls::keys(self, leg, mark))
    }

    fn is_ours(&self, connection: &str) -> bool {
        connection == self.telnyx.connection
    }
}

impl CallControl {
    /// Sends a command. Sent again it has the same name, so that Telnyx does it once.
    async fn obey(&self, leg: &CarrierCallId, command: &Command, mark: &Mark) -> Result<Obeyed, AskError> {
        if !is_call_id(leg.as_str()) {
            return Ok(Obeyed::Over);
        }
        let mut body = command.body(&self.telnyx.connection);
        let Mark { turn, verb, part, .. } = mark;
        // The name of a dialed leg holds for the account, that of all else for its leg.
        let name = match command {
            Command::Dial { child, .. } => child.token.as_deref().map_or_else(String::new, create::named),
            _ => format!("{turn}.{verb}.{part}.{}", command.word()),
        };
        body.insert("command_id".to_owned(), json!(name));
        body.entry("client_state").or_insert_with(|| json!(mark.to_client_state()));
        let url = match command {
            Command::Dial { .. } => self.telnyx.address("/calls"),
            _ => self.telnyx.address(&format!("/calls/{leg}/actions/{}", command.word())),
        };
        let reply = Reply::to(self.telnyx.commanding(&url, &Value::Object(body))).await?;
        if reply.status.is_success() {
            return Ok(Obeyed::Done(create::created(&reply.body)));
        }
        if calls::is_over(&reply).is_some() {
            return Ok(Obeyed::Over);
        }
        match reply.status.as_u16() {
            400..=499 if ![408, 409, 425, 429].contains(&reply.status.as_u16()) => {
                let words = failure(&reply.body).map_or_else(
                    || format!("http {}", reply.status.as_u16()),
                    |told| format!("{} {}", told.code, without_numbers(&told.message)),
                );
                Ok(Obeyed::Refused(words))
            }
            _ => Err(reply.error(failure)),
        }
    }

    async fn end(&self, id: &CarrierCallId) -> Result<HangUpAnswer, AskError> {
        if !is_call_id(id.as_str()) {
            return Ok(HangUpAnswer::Gone);
        }
        let url = self.telnyx.address(&format!("/calls/{id}/actions/hangup"));
        let reply = Reply::to(self.telnyx.commanding(&url, &json!({}))).await?;
        if reply.status.is_success() {
            return Ok(HangUpAnswer::Asked);
        }
        match calls::is_over(&reply) {
            Some(answer) => Ok(answer),
            None => Err(reply.error(failure)),
        }
    }

    fn application_address(&self) -> String {
        self.telnyx.address(&format!("/call_control_applications/{}", self.telnyx.connection))
    }

    async fn application(&self) -> Result<Application, AskError> {
        let reply = Reply::to(self.telnyx.asking(&self.application_address())).await?.success(failure)?;
        let Wrapped { data } = reply.json()?;
        Ok(data)
    }

    async fn sound(&self, id: &RecordingId) -> Result<Option<RecordingBody>, AskError> {
        if !is_uuid(id.as_str()) {
            return Ok(None);
        }
        let url = self.telnyx.address(&format!("/recordings/{id}"));
        let reply = Reply::to(self.telnyx.asking(&url)).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let Wrapped { data: Recording { download_urls, status } } = reply.success(failure)?.json()?;
        let is_ready = status.as_deref().is_none_or(|status| status == "completed");
        let url =
            download_urls.and_then(|urls| urls.wav.or(urls.mp3)).filter(|url| is_ready && !url.is_empty());
        match url {
            Some(url) => account::download(&self.telnyx, &url).await,
            None => Ok(None),
        }
    }

    async fn all_numbers(&self) -> Result<Vec<CarrierNumber>, AskError> {
        let ours = self.application().await?;
        let told_at = ours.webhook_event_url.unwrap_or_default();
        let page = |path: &str| told_at.strip_suffix(EVENTS).map(|base| format!("{base}{path}"));
        let urls = NumberUrls {
            voice: page(FIRST_PAGE).unwrap_or_else(|| told_at.clone()),
            fallback: page("/fallback").unwrap_or(ours.webhook_event_failover_url.unwrap_or_default()),
            status: page("/status").unwrap_or_default(),
        };
        account::numbers_with(&self.telnyx, urls).await
    }

    /// Events are told where the pages would be asked for: of what a number is pointed at, only the base counts.
    async fn point(&self, id: &NumberId, urls: &NumberUrls) -> Result<(), AskError> {
        let ours = self.application().await?;
        let change = json!({
            "application_name": ours.application_name,
            "webhook_event_url": events_instead_of(&urls.voice),
            "webhook_api_version": "2",
        });
        let url = self.application_address();
        Reply::to(self.telnyx.patching(&url, &change)).await?.success(failure)?;
        account::lead_number(&self.telnyx, id).await
    }

    async fn standing(&self) -> Result<AccountStanding, AskError> {
        let ours = self.application().await?;
        let state = if ours.active == Some(false) { AccountState::Closed } else { AccountState::Active };
        let word = if state == AccountState::Active { "active" } else { "switched off" };
        Ok(AccountStanding {
            state,
            words: format!("{word}, Call Control application {}", ours.application_name),
        })
    }
}

fn events_instead_of(page: &str) -> String {
    let page = page.split(['?', '#']).next().unwrap_or_default();
    page.strip_suffix(FIRST_PAGE).map_or_else(|| page.to_owned(), |base| format!("{base}{EVENTS}"))
}

impl Carrier for CallControl {
    fn account(&self) -> &AccountId {
        self.telnyx.account()
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

    /// None are known: nothing that can be asked names them by the leg that dialed them. Their events do.
    fn children<'a>(&'a self, _: &'a CarrierCallId) -> Soon<'a, Result<Vec<Listed>, AskError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn hang_up<'a>(&'a self, id: &'a CarrierCallId) -> Soon<'a, Result<HangUpAnswer, AskError>> {
        Box::pin(self.end(id))
    }

    /// Pages are performed by us, so it is never asked for one: only whether there is somebody to perform it for.
    fn redirect<'a>(&'a self, id: &'a CarrierCallId, _: &'a str) -> Soon<'a, Result<HangUpAnswer, AskError>> {
        Box::pin(async move {
            Ok(match calls::is_alive(self, id).await? {
                Some(true) => HangUpAnswer::Asked,
                Some(false) => HangUpAnswer::AlreadyOver,
                None => HangUpAnswer::Gone,
            })
        })
    }

    fn fetch_recording<'a>(
        &'a self,
        id: &'a RecordingId,
    ) -> Soon<'a, Result<Option<RecordingBody>, AskError>> {
        Box::pin(self.sound(id))
    }

    fn numbers(&self) -> Soon<'_, Result<Vec<CarrierNumber>, AskError>> {
        Box::pin(self.all_numbers())
    }

    fn point_number<'a>(&'a self, id: &'a NumberId, urls: &'a NumberUrls) -> Soon<'a, Result<(), AskError>> {
        Box::pin(self.point(id, urls))
    }

    fn check(&self) -> Soon<'_, Result<AccountStanding, AskError>> {
        Box::pin(self.standing())
    }

    fn controls(&self) -> Option<&dyn Controls> {
        Some(self)
    }
}
