//! `GET Calls.json`: listings, newest first, a page at a time.
//!
//! A date filter leaves out calls without that date: a call that is still queued has no start time. A bare date means
//! midnight UTC of that day in `StartTime>` and `StartTime<`, and the whole day in `StartTime`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::faults::Moment;
use crate::ids::CallSid;
use crate::register::{Page, Query, Span};
use crate::rest::API_VERSION;
use crate::rest::calls::{self, View};
use crate::rest::error::RestError;
use crate::rest::form::Params;

const USUAL_PAGE: usize = 50;
const LARGEST_PAGE: usize = 1_000;

pub(super) async fn calls(
    State(exchange): State<Arc<Exchange>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, RestError> {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let (place, page) = found(&exchange, &params)?;
    Ok(Json(body(&exchange, &params, place, &page)))
}

/// The page that is asked for.
pub(super) fn found(exchange: &Exchange, params: &Params) -> Result<(Place, Page), RestError> {
    let number = params.get("To").unwrap_or("*");
    if exchange.faults.strike(Moment::Lookup, number, None).is_some() {
        return Err(RestError::unavailable());
    }
    let place = place(params)?;
    let query = Query {
        to: params.owned("To"),
        from: params.owned("From"),
        parent: params.owned("ParentCallSid"),
        status: params.owned("Status"),
        started: span(params, "StartTime")?,
        ended: span(params, "EndTime")?,
        before: params.get("PageToken").and_then(|token| token.strip_prefix("PA")).map(CallSid::from),
        // A token says where the page begins; without one the pages before are counted.
        skip: if params.get("PageToken").is_some() { 0 } else { place.page * place.size },
        limit: place.size,
    };
    let page = match exchange.faults.strike(Moment::List, number, None) {
        Some(_) => Page { calls: Vec::new(), more: false },
        None => exchange.register.list(&query, exchange.clock.now()),
    };
    Ok((place, page))
}

#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) page: usize,
    pub(super) size: usize,
}

fn place(params: &Params) -> Result<Place, RestError> {
    let number = |name: &str, usual: usize| match params.number(name) {
        None => Ok(usual),
        Some(Ok(number)) => Ok(number as usize),
        Some(Err(text)) => Err(RestError::bad(20_006, format!("{name} is not a number: {text}"))),
    };
    Ok(Place { page: number("Page", 0)?, size: number("PageSize", USUAL_PAGE)?.clamp(1, LARGEST_PAGE) })
}

fn body(exchange: &Exchange, params: &Params, place: Place, page: &Page) -> Value {
    let path = format!("/{API_VERSION}/Accounts/{}/Calls.json", exchange.account_sid);
    let filters = params.query_without(&["Page", "PageSize", "PageToken"]);
    let and_filters = if filters.is_empty() { String::new() } else { format!("&{filters}") };
    let uri = |number: usize, token: &str| {
        format!("{path}?PageSize={}&Page={number}{token}{and_filters}", place.size)
    };
    let last = page.calls.last().filter(|_| page.more);
    let start = place.page * place.size;
    json!({
        "calls": page.calls.iter().map(|call| calls::json(exchange, call, View::AsItIs)).collect::<Vec<_>>(),
        "first_page_uri": uri(0, ""),
        "next_page_uri": last.map(|call| uri(place.page + 1, &format!("&PageToken=PA{}", call.sid))),
        "previous_page_uri": place.page.checked_sub(1).map(|number| uri(number, "")),
        "uri": uri(place.page, ""),
        "page": place.page,
        "page_size": place.size,
        "start": start,
        "end": (start + page.calls.len()).saturating_sub(1),
    })
}

fn span(params: &Params, name: &str) -> Result<Span, RestError> {
    let mut span = Span::default();
    if let Some(day) = params.get(name) {
        let (from, to) = day_of(day)?;
        span = Span { from: Some(from), to: Some(to) };
    }
    // `StartTime>=2026-01-01` arrives as a parameter called `StartTime>`.
    if let Some(text) = params.get(&format!("{name}>")) {
        span.from = Some(moment(text)?);
    }
    if let Some(text) = params.get(&format!("{name}<")) {
        span.to = Some(moment(text)?);
    }
    Ok(span)
}

fn day_of(text: &str) -> Result<(Timestamp, Timestamp), RestError> {
    let from = moment(text)?;
    if text.contains('T') {
        return Ok((from, from + SignedDuration::from_millis(999)));
    }
    Ok((from, from + SignedDuration::from_secs(86_399)))
}

fn moment(text: &str) -> Result<Timestamp, RestError> {
    let bad = || RestError::bad(20_001, format!("{text} is neither a date nor a time"));
    if text.contains('T') {
        return text.parse().map_err(|_| bad());
    }
    let date: Date = text.parse().map_err(|_| bad())?;
    let zoned = date.to_zoned(TimeZone::UTC).map_err(|_| bad())?;
    Ok(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_both_understood() {
        let span = |text: &str| span(&Params::parse(text), "StartTime").unwrap();
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(span("StartTime%3E=2026-11-20").from, at("2026-11-20T00:00:00Z"));
        assert_eq!(span("StartTime%3C=2026-11-20T10:00:00Z").to, at("2026-11-20T10:00:00Z"));
        let day = span("StartTime=2026-11-20");
        assert_eq!((day.from, day.to), (at("2026-11-20T00:00:00Z"), at("2026-11-20T23:59:59Z")));
        assert_eq!(moment("yesterday").unwrap_err().code, 20_001);
    }
}
