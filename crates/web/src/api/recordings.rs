//! Recordings as files: whole or in part, known by their checksum.

pub(crate) mod link;
pub(crate) mod spec;

use super::range::{Wanted, wanted};
use super::{CallRef, Mine, Named, etag, not_found};
use crate::problem::{Code, Problem};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use trunkline_engine::{AskedRecording, Desk, ReadError, RecordingFile};

/// When to ask again for a recording whose bucket is away.
const RETRY_SECS: u32 = 5;

/// `GET /api/calls/{id}/recordings/{n}`
pub(crate) async fn recording(
    Mine(desk): Mine,
    Named((id, n)): Named<(CallRef, usize)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    send_recording(&desk, id.as_str(), n, &headers).await
}

async fn send_recording(desk: &Desk, id: &str, n: usize, headers: &HeaderMap) -> Result<Response, Problem> {
    play(&kept(desk.recording(id, n).await?)?, headers).await
}

/// A recording, in whole or in part.
pub(crate) async fn play(file: &RecordingFile, headers: &HeaderMap) -> Result<Response, Problem> {
    let tag =
        HeaderValue::from_str(&format!("\"{}\"", file.sha256)).unwrap_or(HeaderValue::from_static("\"\""));
    if etag::is_known(headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let mut response = match part(headers, &tag, file.bytes) {
        Wanted::Whole => send(file, 0, file.bytes).await.map(|body| (StatusCode::OK, body).into_response()),
        Wanted::Part(range) => {
            let span = format!("bytes {}-{}/{}", range.start(), range.end(), file.bytes);
            let length = range.end() - range.start() + 1;
            send(file, *range.start(), length)
                .await
                .map(|body| (StatusCode::PARTIAL_CONTENT, [(CONTENT_RANGE, span)], body).into_response())
        }
        Wanted::Beyond => return Err(beyond(file.bytes)),
    }
    .map_err(|error| unreadable(file, &error))?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(ETAG, tag);
    Ok(response)
}

/// The wanted part; a client that holds a part of another file gets the whole of this one.
fn part(headers: &HeaderMap, tag: &HeaderValue, length: u64) -> Wanted {
    if headers.get(IF_RANGE).is_some_and(|held| held != tag) {
        return Wanted::Whole;
    }
    headers
        .get(RANGE)
        .and_then(|range| range.to_str().ok())
        .map_or(Wanted::Whole, |range| wanted(range, length))
}

fn beyond(length: u64) -> Problem {
    let span =
        HeaderValue::from_str(&format!("bytes */{length}")).unwrap_or(HeaderValue::from_static("bytes */*"));
    Problem::new(Code::RangeNotSatisfiable).header(CONTENT_RANGE, span)
}

/// The recording, if it is kept.
pub(crate) fn kept(asked: Option<AskedRecording>) -> Result<RecordingFile, Problem> {
    match asked {
        Some(AskedRecording::Kept(file)) => Ok(file),
        Some(AskedRecording::Removed(at)) => {
            let detail = format!("it was removed at {at}");
            Err(Problem::new(Code::RecordingRemoved).detail(detail))
        }
        None => Err(not_found().detail("there is no such recording, or not yet")),
    }
}

async fn send(recording: &RecordingFile, from: u64, length: u64) -> Result<Response, ReadError> {
    let audio = recording.read(from..from + length).await?;
    Ok(([(CONTENT_LENGTH, length)], Body::from_stream(audio)).into_response())
}

fn unreadable(file: &RecordingFile, error: &ReadError) -> Problem {
    match error {
        ReadError::Bucket(error) => {
            tracing::debug!(file = file.name(), %error, "recording.unreadable: the bucket is away");
            Problem::new(Code::RecordingsAway).retry_after(RETRY_SECS)
        }
        ReadError::Missing | ReadError::File(_) => {
            tracing::warn!(file = file.name(), %error, "a recording could not be read");
            not_found().detail("the recording's file can't be read")
        }
    }
}
