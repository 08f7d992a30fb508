//! `GET /api/events`: an answer that does not end (server-sent events).

use super::asked::{Asked, gone};
use super::json;
use super::listener::{Listener, Told};
use crate::api::admitted;
use crate::problem::Problem;
use crate::web::Web;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use trunkline_engine::{Cursor, Lost};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells proxies of one kind to pass on what comes when it comes.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
/// How long a client waits before it comes again.
const RETRY_MS: u32 = 1_000;

/// `GET /api/events`
pub(crate) async fn follow(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let by = admitted(&web, &headers).ok_or_else(Problem::unauthorized)?;
    let asked = Asked::parse(query.as_deref().unwrap_or_default())?;
    let mut listener = Listener::seat(&web, by, &asked).await?;
    let first = match (headers.get(LAST_EVENT_ID), asked.after) {
        // A client that comes again by itself can't be told with a status: browsers would give up for good.
        (Some(last), _) => resumed(&mut listener, last),
        (None, Some(after)) => {
            listener.subscription.resume(after).map_err(gone)?;
            begin(&listener)
        }
        (None, None) => begin(&listener),
    };
    let mut response = Body::from_stream(frames(listener, first)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.headers_mut().insert(UNBUFFERED.0, UNBUFFERED.1);
    Ok(response)
}

/// Goes on where the client stopped, or tells it that it can't.
fn resumed(listener: &mut Listener, last: &HeaderValue) -> String {
    let last = last.to_str().unwrap_or_default();
    let resumed = match last.parse::<Cursor>() {
        Ok(cursor) => listener.subscription.resume(cursor),
        Err(_) => Err(Lost::Foreign),
    };
    let mut frames = begin(listener);
    if let Err(lost) = resumed {
        // What it says goes back to it as JSON, and no longer than an id is.
        let after: String = last.chars().take(64).collect();
        resync(&mut frames, listener.subscription.cursor(), lost, &after);
    }
    frames
}

/// Says where the client stands, before anything has happened.
fn begin(listener: &Listener) -> String {
    format!("retry: {RETRY_MS}\nid: {}\n\n", listener.subscription.cursor())
}

fn resync(frames: &mut String, now: Cursor, lost: Lost, after: &str) {
    frame(frames, now, "resync", &json::resync(now, lost, after));
}

fn frame(frames: &mut String, id: Cursor, name: &str, data: &str) {
    // Writing to a string does not fail.
    let _ = write!(frames, "id: {id}\nevent: {name}\ndata: {data}\n\n");
}

fn frames(listener: Listener, first: String) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold((listener, Some(first)), |(mut listener, first)| async move {
        let frames = match first {
            Some(first) => first,
            None => next(&mut listener).await?,
        };
        Some((Ok(Bytes::from(frames)), (listener, None)))
    })
}

/// What is to be said next; `None` at the end.
async fn next(listener: &mut Listener) -> Option<String> {
    let mut frames = String::new();
    match listener.next().await {
        Told::Events(events) => {
            for event in events {
                frame(&mut frames, event.id, event.name.as_str(), &event.to_json());
            }
        }
        Told::Lost(lost, stood) => {
            resync(&mut frames, listener.subscription.cursor(), lost, &stood.to_string());
        }
        // An id without data is no event, and moves the place where the client would go on.
        Told::Quiet => frames = format!(": heartbeat\nid: {}\n\n", listener.subscription.cursor()),
        Told::Revoked | Told::End => return None,
    }
    Some(frames)
}
