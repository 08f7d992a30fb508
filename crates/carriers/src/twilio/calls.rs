//! What Twilio knows of calls: one, a listing, and the wish that one be over.

use super::client::{Twilio, failure};
use super::{is_sid, words};
use crate::carrier::{AskError, Fetched, HangUpAnswer, Listed};
use crate::http::Reply;
use crate::words::UnknownWord;
use form_urlencoded::Serializer;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use serde::Deserialize;
use std::collections::BTreeMap;
use trunkline_core::call::{CarrierEnd, EndWord, News, Price, Reported};
use trunkline_core::id::CarrierCallId;
use trunkline_core::private::Address;

/// Twilio's largest page holds a thousand; a pair of numbers hardly has a hundred calls in two days.
const PAGE_SIZE: &str = "200";
const MAX_PAGES: usize = 10;
/// Clocks differ, and the day turns.
const SLACK: SignedDuration = SignedDuration::from_mins(5);
/// "Call is not in-progress": it was over before we asked.
const NOT_IN_PROGRESS: &str = "21220";

/// A call, as far as we look at it. Everything in it is a string, and nearly everything may be null.
#[derive(Deserialize)]
struct Call {
    sid: String,
    status: String,
    #[serde(default)]
    date_created: Option<String>,
    #[serde(default)]
    end_time: Option<String>,
    #[serde(default)]
    duration: Option<String>,
    #[serde(default)]
    price: Option<String>,
    #[serde(default)]
    price_unit: Option<String>,
    #[serde(default)]
    answered_by: Option<String>,
    #[serde(default)]
    parent_call_sid: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    calls: Vec<Call>,
    #[serde(default)]
    next_page_uri: Option<String>,
}

impl Call {
    fn news(&self) -> Option<News> {
        words::news(&self.status, |word| self.end(word)).ok()
    }

    fn end(&self, word: EndWord) -> CarrierEnd {
        CarrierEnd {
            word,
            duration_secs: self.duration.as_deref().and_then(|secs| secs.parse().ok()),
            reported: Reported { carrier_status: Some(self.status.clone()), ..Reported::default() },
        }
    }

    fn price(&self) -> Option<Price> {
        let amount = self.price.as_deref().filter(|amount| is_decimal(amount))?;
        let unit = self.price_unit.as_deref().filter(|unit| unit.len() == 3)?;
        Some(Price { amount: amount.to_owned(), unit: unit.to_owned() })
    }
}

fn is_decimal(text: &str) -> bool {
    text.len() <= 20 && text.parse::<f64>().is_ok_and(f64::is_finite)
}

pub(super) async fn fetch(twilio: &Twilio, id: &CarrierCallId) -> Result<Option<Fetched>, AskError> {
    if !is_sid(id.as_str(), "CA") {
        return Ok(None);
    }
    let reply = Reply::to(twilio.asking(&twilio.address(&format!("/Calls/{id}.json")))).await?;
    if reply.status == StatusCode::NOT_FOUND && failure(&reply.body).is_some() {
        return Ok(None);
    }
    let reply = reply.success(failure)?;
    let call: Call = reply.json()?;
    let news = call.news();
    let is_over = matches!(news, Some(News::Ended(_)));
    Ok(Some(Fetched {
        news,
        occurred_at: call.end_time.as_deref().filter(|_| is_over).and_then(words::time),
        answered_by: call.answered_by.as_deref().and_then(|word| words::answered_by(word).ok()),
        price: call.price(),
        word: UnknownWord::new(&call.status).as_str().to_owned(),
    }))
}

/// Two listings in one: calls that began since that day, and calls that still wait at Twilio, which have no beginning
/// and so fall through a filter by day.
pub(super) async fn list(
    twilio: &Twilio,
    to: &Address,
    from: &Address,
    since: Timestamp,
) -> Result<Vec<Listed>, AskError> {
    let day = since.checked_sub(SLACK).unwrap_or(since).to_zoned(TimeZone::UTC).date().to_string();
    let mut found = BTreeMap::new();
    for filter in [("StartTime>", day.as_str()), ("Status", "queued")] {
        pages(twilio, &[("To", to.as_str()), ("From", from.as_str()), filter], &mut found).await?;
    }
    // Whoever a call was handed to belongs to that call, and is never an attempt of ours.
    Ok(found.into_values().filter(|call| call.parent_call_sid.is_none()).map(listed).collect())
}

/// The legs that this leg dialed.
pub(super) async fn children(twilio: &Twilio, parent: &CarrierCallId) -> Result<Vec<Listed>, AskError> {
    if !is_sid(parent.as_str(), "CA") {
        return Ok(Vec::new());
    }
    let mut found = BTreeMap::new();
    pages(twilio, &[("ParentCallSid", parent.as_str())], &mut found).await?;
    let is_its = |call: &Call| call.parent_call_sid.as_deref() == Some(parent.as_str());
    Ok(found.into_values().filter(is_its).map(listed).collect())
}

async fn pages(
    twilio: &Twilio,
    filters: &[(&str, &str)],
    found: &mut BTreeMap<String, Call>,
) -> Result<(), AskError> {
    let query =
        Serializer::new(String::new()).extend_pairs(filters).append_pair("PageSize", PAGE_SIZE).finish();
    let mut next = Some(format!("{}?{query}", twilio.address("/Calls.json")));
    for _ in 0..MAX_PAGES {
        let Some(url) = next else { return Ok(()) };
        let reply = Reply::to(twilio.asking(&url)).await?.success(failure)?;
        let page: Page = reply.json()?;
        found.extend(page.calls.into_iter().map(|call| (call.sid.clone(), call)));
        next = match page.next_page_uri {
            Some(path) if !path.is_empty() => Some(
                twilio.page_address(&path).ok_or(AskError::Unreadable("its next page is somewhere else"))?,
            ),
            _ => None,
        };
    }
    // A listing that was not read to its end must never count as one that shows nothing.
    if next.is_some() { Err(AskError::TooLarge("a listing of calls")) } else { Ok(()) }
}

fn listed(call: Call) -> Listed {
    Listed {
        token: None,
        news: call.news().unwrap_or(News::Accepted),
        created_at: call.date_created.as_deref().and_then(words::time),
        id: CarrierCallId::new(call.sid),
    }
}

pub(super) async fn hang_up(twilio: &Twilio, id: &CarrierCallId) -> Result<HangUpAnswer, AskError> {
    if !is_sid(id.as_str(), "CA") {
        return Ok(HangUpAnswer::Gone);
    }
    // `completed` ends a call in any state; `canceled` would spare one that was answered meanwhile.
    change(twilio, id, "Status=completed".to_owned()).await
}

pub(super) async fn redirect(
    twilio: &Twilio,
    id: &CarrierCallId,
    voice: &str,
) -> Result<HangUpAnswer, AskError> {
    if !is_sid(id.as_str(), "CA") {
        return Ok(HangUpAnswer::Gone);
    }
    let form =
        Serializer::new(String::new()).append_pair("Url", voice).append_pair("Method", "POST").finish();
    change(twilio, id, form).await
}

async fn change(twilio: &Twilio, id: &CarrierCallId, form: String) -> Result<HangUpAnswer, AskError> {
    let url = twilio.address(&format!("/Calls/{id}.json"));
    let reply = Reply::to(twilio.changing(&url, form)).await?;
    if reply.status.is_success() {
        return Ok(HangUpAnswer::Asked);
    }
    match (reply.status, failure(&reply.body)) {
        (StatusCode::NOT_FOUND, Some(_)) => Ok(HangUpAnswer::Gone),
        (_, Some(failure)) if failure.code == NOT_IN_PROGRESS => Ok(HangUpAnswer::AlreadyOver),
        _ => Err(reply.error(failure)),
    }
}
