//! What belongs to the account: recordings, phone numbers, its standing.

use super::client::{Twilio, failure};
use super::is_sid;
use crate::carrier::{
    AccountStanding, AccountState, AskError, CarrierNumber, NumberId, NumberUrls, RecordingBody,
};
use crate::http::{Reply, ask_error, bounded};
use form_urlencoded::Serializer;
use reqwest::StatusCode;
use serde::Deserialize;
use trunkline_core::id::RecordingId;
use trunkline_core::private::Address;

/// Four hours of sound at Twilio's best quality have half of it.
const MAX_RECORDING: u64 = 512 * 1_024 * 1_024;
const MAX_PAGES: usize = 100;

#[derive(Deserialize)]
struct Numbers {
    incoming_phone_numbers: Vec<Number>,
    #[serde(default)]
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Number {
    sid: String,
    phone_number: String,
    #[serde(default)]
    voice_url: Option<String>,
    #[serde(default)]
    voice_fallback_url: Option<String>,
    #[serde(default)]
    status_callback: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    status: String,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

/// From our own base and the recording's id, never from an address in a webhook: our credentials go along.
pub(super) async fn fetch_recording(
    twilio: &Twilio,
    id: &RecordingId,
) -> Result<Option<RecordingBody>, AskError> {
    if !is_sid(id.as_str(), "RE") {
        return Ok(None);
    }
    let url = twilio.address(&format!("/Recordings/{id}.wav"));
    let mut response = twilio.loading(&url).send().await.map_err(|error| ask_error(&error))?;
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

pub(super) async fn numbers(twilio: &Twilio) -> Result<Vec<CarrierNumber>, AskError> {
    let mut found = Vec::new();
    let mut next = Some(twilio.address("/IncomingPhoneNumbers.json?PageSize=200"));
    for _ in 0..MAX_PAGES {
        let Some(url) = next else { return Ok(found) };
        let reply = Reply::to(twilio.asking(&url)).await?.success(failure)?;
        let page: Numbers = reply.json()?;
        found.extend(page.incoming_phone_numbers.into_iter().map(number));
        next = page.next_page_uri.filter(|path| !path.is_empty()).and_then(|path| twilio.page_address(&path));
    }
    if next.is_some() { Err(AskError::TooLarge("the list of numbers")) } else { Ok(found) }
}

fn number(number: Number) -> CarrierNumber {
    CarrierNumber {
        id: NumberId(number.sid),
        number: Address::new(number.phone_number),
        urls: NumberUrls {
            voice: number.voice_url.unwrap_or_default(),
            fallback: number.voice_fallback_url.unwrap_or_default(),
            status: number.status_callback.unwrap_or_default(),
        },
    }
}

pub(super) async fn point_number(twilio: &Twilio, id: &NumberId, urls: &NumberUrls) -> Result<(), AskError> {
    if !is_sid(&id.0, "PN") {
        return Err(AskError::Refused { http: 404, code: None, message: "no such number".to_owned() });
    }
    let form = Serializer::new(String::new())
        .append_pair("VoiceUrl", &urls.voice)
        .append_pair("VoiceMethod", "POST")
        .append_pair("VoiceFallbackUrl", &urls.fallback)
        .append_pair("VoiceFallbackMethod", "POST")
        .append_pair("StatusCallback", &urls.status)
        .append_pair("StatusCallbackMethod", "POST")
        .finish();
    let url = twilio.address(&format!("/IncomingPhoneNumbers/{}.json", id.0));
    Reply::to(twilio.changing(&url, form)).await?.success(failure).map(|_| ())
}

pub(super) async fn check(twilio: &Twilio) -> Result<AccountStanding, AskError> {
    let reply = Reply::to(twilio.asking(&twilio.address(".json"))).await?.success(failure)?;
    let account: Account = reply.json()?;
    let kind = account.kind.unwrap_or_default();
    let state = match (account.status.as_str(), kind.as_str()) {
        ("active", "Trial") => AccountState::Trial,
        ("active", _) => AccountState::Active,
        _ => AccountState::Closed,
    };
    Ok(AccountStanding { state, words: format!("{}, {kind}", account.status) })
}
