//! What Telnyx knows of calls: one, a listing, and the wish that one be over or go on elsewhere.
//!
//! Its resources are those of Twilio with less in them: no parent, and no word for a call that still waits.

use super::client::{Telnyx, failure};
use super::{is_call_id, words};
use crate::carrier::{AskError, Fetched, HangUpAnswer, Listed};
use crate::http::Reply;
use crate::twilio::words::news;
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

const PAGE_SIZE: &str = "100";
const MAX_PAGES: usize = 10;
/// Clocks differ, and the day turns.
const SLACK: SignedDuration = SignedDuration::from_mins(5);
/// "This call is no longer active": it was over before we asked.
const OVER: &str = "90018";
/// "The resource can't be found", among others of the same kind.
const NOT_FOUND: &str = "10005";

/// A call, as far as we look at it. Anything may be missing.
#[derive(Deserialize)]
struct Call {
    sid: String,
    status: String,
    #[serde(default)]
    direction: Option<String>,
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
}

#[derive(Deserialize)]
struct Page {
    calls: Vec<Call>,
    #[serde(default)]
    next_page_uri: Option<String>,
}

impl Call {
    fn news(&self) -> Option<News> {
        news(&self.status, |word| self.end(word)).ok()
    }

    fn end(&self, word: EndWord) -> CarrierEnd {
        CarrierEnd {
            word,
            duration_secs: self.duration.as_deref().and_then(|secs| secs.parse().ok()),
            reported: Reported { carrier_status: Some(self.status.clone()), ..Reported::default() },
        }
    }

    fn price(&self) -> Option<Price> {
        let is_decimal = |text: &&str| text.len() <= 20 && text.parse::<f64>().is_ok_and(f64::is_finite);
        let amount = self.price.as_deref().filter(is_decimal)?;
        let unit = self.price_unit.as_deref().filter(|unit| unit.len() == 3)?;
        Some(Price { amount: amount.to_owned(), unit: unit.to_owned() })
    }
}

pub(super) async fn fetch(telnyx: &Telnyx, id: &CarrierCallId) -> Result<Option<Fetched>, AskError> {
    if !is_call_id(id.as_str()) {
        return Ok(None);
    }
    let reply = Reply::to(telnyx.asking(&telnyx.texml(&format!("/Calls/{id}")))).await?;
    if is_unknown(&reply) {
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

/// A 404 that is Telnyx's own: another could be a proxy's, and would prove nothing.
fn is_unknown(reply: &Reply) -> bool {
    reply.status == StatusCode::NOT_FOUND && failure(&reply.body).is_some()
}

/// Calls between these two that began since that day.
pub(super) async fn list(
    telnyx: &Telnyx,
    to: &Address,
    from: &Address,
    since: Timestamp,
) -> Result<Vec<Listed>, AskError> {
    let day = since.checked_sub(SLACK).unwrap_or(since).to_zoned(TimeZone::UTC).date();
    // The filter is said to mean "after": the day before is surely before.
    let before = day.yesterday().unwrap_or(day).to_string();
    let filters = [("To", to.as_str()), ("From", from.as_str()), ("StartTime>", before.as_str())];
    let found = pages(telnyx, &filters).await?;
    Ok(found.into_values().filter(|call| call.direction.as_deref() != Some("inbound")).map(listed).collect())
}

async fn pages(telnyx: &Telnyx, filters: &[(&str, &str)]) -> Result<BTreeMap<String, Call>, AskError> {
    let query =
        Serializer::new(String::new()).extend_pairs(filters).append_pair("PageSize", PAGE_SIZE).finish();
    let mut found = BTreeMap::new();
    let mut next = Some(format!("{}?{query}", telnyx.texml("/Calls")));
    for _ in 0..MAX_PAGES {
        let Some(url) = next else { return Ok(found) };
        let reply = Reply::to(telnyx.asking(&url)).await?.success(failure)?;
        let page: Page = reply.json()?;
        found.extend(page.calls.into_iter().map(|call| (call.sid.clone(), call)));
        next = match page.next_page_uri {
            Some(path) if !path.is_empty() => Some(
                telnyx.page_address(&path).ok_or(AskError::Unreadable("its next page is somewhere else"))?,
            ),
            _ => None,
        };
    }
    // A listing that was not read to its end must never count as one that shows nothing.
    if next.is_some() { Err(AskError::TooLarge("a listing of calls")) } else { Ok(found) }
}

fn listed(call: Call) -> Listed {
    Listed {
        news: call.news().unwrap_or(News::Accepted),
        created_at: call.date_created.as_deref().and_then(words::time),
        token: None,
        id: CarrierCallId::new(call.sid),
    }
}

pub(super) async fn hang_up(telnyx: &Telnyx, id: &CarrierCallId) -> Result<HangUpAnswer, AskError> {
    change(telnyx, id, "Status=completed".to_owned()).await
}

pub(super) async fn redirect(
    telnyx: &Telnyx,
    id: &CarrierCallId,
    voice: &str,
) -> Result<HangUpAnswer, AskError> {
    let form =
        Serializer::new(String::new()).append_pair("Url", voice).append_pair("Method", "POST").finish();
    change(telnyx, id, form).await
}

async fn change(telnyx: &Telnyx, id: &CarrierCallId, form: String) -> Result<HangUpAnswer, AskError> {
    if !is_call_id(id.as_str()) {
        return Ok(HangUpAnswer::Gone);
    }
    let url = telnyx.texml(&format!("/Calls/{id}"));
    let reply = Reply::to(telnyx.changing(&url, form)).await?;
    if reply.status.is_success() {
        return Ok(HangUpAnswer::Asked);
    }
    match failure(&reply.body) {
        Some(told) if told.code == OVER => Ok(HangUpAnswer::AlreadyOver),
        Some(told) if reply.status == StatusCode::NOT_FOUND || told.code == NOT_FOUND => {
            Ok(HangUpAnswer::Gone)
        }
        _ => Err(reply.error(failure)),
    }
}
