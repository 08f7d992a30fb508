//! Whoever transcribes: it fetches the audio and brings the text, by addresses that it was told and that open nothing else.
//! They need no key, and are in no list of routes.

use super::recordings::{kept, play};
use super::{Named, not_found, read};
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Request, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use trunkline_core::private::Private;
use trunkline_engine::TextError;

#[derive(Deserialize)]
struct TextJson {
    text: Private<String>,
}

/// `GET /transcription/audio/{token}`
pub(crate) async fn audio(
    State(web): State<Arc<Web>>,
    Named(token): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = kept(web.engine.audio_to_transcribe(&token).await?)?;
    play(&file, &headers).await
}

/// `POST /transcription/text/{token}`
pub(crate) async fn text(
    State(web): State<Arc<Web>>,
    Named(token): Named<String>,
    request: Request<Body>,
) -> Result<StatusCode, Problem> {
    let body = read(&web, request).await?;
    let wrong = || Problem::new(Code::BadRequest).detail("the body is not {\"text\": \"…\"}");
    let TextJson { text } = serde_json::from_slice(&body).map_err(|_| wrong())?;
    match web.engine.take_transcript(&token, text).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(TextError::NoSuchLink) => Err(not_found()),
        Err(error @ TextError::TooLong) => Err(Problem::new(Code::PayloadTooLarge).detail(error.to_string())),
        Err(TextError::Intake(error)) => Err(error.into()),
    }
}
