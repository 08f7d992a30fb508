//! What belongs to the account: recordings, phone numbers, its standing.
//!
//! At Telnyx a number leads to an application, and the application has the addresses. So all our numbers lead to the
//! same pages, which is what we want of them.

use super::client::{Telnyx, failure};
use super::is_uuid;
use crate::carrier::{
    AccountStanding, AccountState, AskError, CarrierNumber, NumberId, NumberUrls, RecordingBody,
};
use crate::http::{Reply, ask_error, bounded};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use trunkline_core::id::RecordingId;
use trunkline_core::private::Address;
use url::Url;

/// Four hours of sound have half of it.
const MAX_RECORDING: u64 = 512 * 1_024 * 1_024;
const MAX_PAGES: usize = 100;
const PAGE_SIZE: usize = 250;

#[derive(Deserialize)]
struct Recording {
    #[serde(default)]
    media_url: Option<String>,
    #[serde(default)]
    status: Option<String>,
}

#[derive(Deserialize)]
struct Numbers {
    data: Vec<Number>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    total_pages: usize,
}

#[derive(Deserialize)]
struct Number {
    id: String,
    phone_number: String,
    #[serde(default)]
    connection_id: Option<String>,
}

#[derive(Deserialize)]
struct Wrapped<T> {
    data: T,
}

#[derive(Deserialize)]
struct Application {
    friendly_name: String,
    #[serde(default)]
    active: Option<bool>,
    #[serde(default)]
    voice_url: Option<String>,
    #[serde(default)]
    voice_fallback_url: Option<String>,
    #[serde(default)]
    status_callback: Option<String>,
}

/// An address for the sound holds for ten minutes only, so a new one is asked for at each download, by the recording's id
/// and never from an address in a webhook.
pub(super) async fn fetch_recording(
    telnyx: &Telnyx,
    id: &RecordingId,
) -> Result<Option<RecordingBody>, AskError> {
    if !is_uuid(id.as_str()) {
        return Ok(None);
    }
    let reply = Reply::to(telnyx.asking(&telnyx.texml(&format!("/Recordings/{id}.json")))).await?;
    if reply.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let recording: Recording = reply.success(failure)?.json()?;
    let is_ready = recording.status.as_deref().is_none_or(|status| status == "completed");
    match recording.media_url.filter(|url| is_ready && !url.is_empty()) {
        Some(url) => download(telnyx, &url).await,
        None => Ok(None),
    }
}

/// The sound at an address that Telnyx has just named.
pub(super) async fn download(telnyx: &Telnyx, url: &str) -> Result<Option<RecordingBody>, AskError> {
    let is_ours = |url: &Url| url.scheme() == "https" || telnyx.address("/").starts_with("http://");
    let url = Url::parse(url).ok().filter(is_ours);
    let url = url.ok_or(AskError::Unreadable("the sound's address is none"))?;
    let mut response = telnyx.loading(url.as_str()).send().await.map_err(|error| ask_error(&error))?;
    let status = response.status();
    if status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    if !status.is_success() {
        let body = bounded(&mut response, 64 * 1_024).await.unwrap_or_default();
        return Err(Reply { status, body }.error(failure));
    }
    Ok(Some(RecordingBody::from_net(response, MAX_RECORDING)))
}

pub(super) async fn numbers(telnyx: &Telnyx) -> Result<Vec<CarrierNumber>, AskError> {
    let ours = application(telnyx).await?;
    let urls = NumberUrls {
        voice: ours.voice_url.unwrap_or_default(),
        fallback: ours.voice_fallback_url.unwrap_or_default(),
        status: ours.status_callback.unwrap_or_default(),
    };
    numbers_with(telnyx, urls).await
}

/// All numbers; those of our application have these addresses.
pub(super) async fn numbers_with(telnyx: &Telnyx, urls: NumberUrls) -> Result<Vec<CarrierNumber>, AskError> {
    let mut found = Vec::new();
    for page in 1..=MAX_PAGES {
        let query = format!("/phone_numbers?page[number]={page}&page[size]={PAGE_SIZE}");
        let reply = Reply::to(telnyx.asking(&telnyx.address(&query))).await?.success(failure)?;
        let numbers: Numbers = reply.json()?;
        let pages = numbers.meta.map_or(1, |meta| meta.total_pages);
        found.extend(numbers.data.into_iter().map(|number| {
            let is_ours = number.connection_id.as_deref() == Some(telnyx.connection.as_str());
            CarrierNumber {
                id: NumberId(number.id),
                number: Address::new(number.phone_number),
                urls: if is_ours { urls.clone() } else { NumberUrls::default() },
            }
        }));
        if page >= pages {
            return Ok(found);
        }
    }
    Err(AskError::TooLarge("the list of numbers"))
}

/// Points the application at these addresses, and the number at the application.
pub(super) async fn point_number(telnyx: &Telnyx, id: &NumberId, urls: &NumberUrls) -> Result<(), AskError> {
    is_number(id)?;
    // Its name has to be said whenever it is changed.
    let ours = application(telnyx).await?;
    let change = json!({
        "friendly_name": ours.friendly_name,
        "voice_url": urls.voice,
        "voice_method": "post",
        "voice_fallback_url": urls.fallback,
        "status_callback": urls.status,
        "status_callback_method": "post",
    });
    Reply::to(telnyx.patching(&application_address(telnyx), &change)).await?.success(failure)?;
    lead_number(telnyx, id).await
}

/// It becomes a part of an address.
fn is_number(id: &NumberId) -> Result<(), AskError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !id.0.is_empty() && id.0.bytes().all(is_plain) {
        return Ok(());
    }
    Err(AskError::Refused { http: 404, code: None, message: "no such number".to_owned() })
}

/// Leads a number to our application.
pub(super) async fn lead_number(telnyx: &Telnyx, id: &NumberId) -> Result<(), AskError> {
    is_number(id)?;
    let number = telnyx.address(&format!("/phone_numbers/{}", id.0));
    let change = json!({ "connection_id": telnyx.connection });
    Reply::to(telnyx.patching(&number, &change)).await?.success(failure).map(|_| ())
}

pub(super) async fn check(telnyx: &Telnyx) -> Result<AccountStanding, AskError> {
    let ours = application(telnyx).await?;
    let state = if ours.active == Some(false) { AccountState::Closed } else { AccountState::Active };
    let word = if state == AccountState::Active { "active" } else { "switched off" };
    Ok(AccountStanding { state, words: format!("{word}, application {}", ours.friendly_name) })
}

fn application_address(telnyx: &Telnyx) -> String {
    telnyx.address(&format!("/texml_applications/{}", telnyx.connection))
}

async fn application(telnyx: &Telnyx) -> Result<Application, AskError> {
    let reply = Reply::to(telnyx.asking(&application_address(telnyx))).await?.success(failure)?;
    let Wrapped { data } = reply.json()?;
    Ok(data)
}
