//! What happened, as the carrier tells it: 204 once it is durable, or of no use; 503 if it could not be written down,
//! so that the carrier tells it again.

use super::signed::{Signed, Token, signed};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{Request, State};
use http::StatusCode;
use std::sync::Arc;
use trunkline_carriers::callback::CallbackState;
use trunkline_carriers::form::Form;
use trunkline_carriers::telnyx::control;
use trunkline_carriers::webhook::{self, BadWebhook};
use trunkline_core::id::AccountId;
use trunkline_engine::{MachineReport, RecordingReport, StatusReport, TranscriptReport};

/// Nobody listens to what we say to a callback.
const THANKS: StatusCode = StatusCode::NO_CONTENT;

/// A callback whose address and form both made sense; `None` if one of them did not.
type Told<T> = Option<(T, Option<CallbackState>)>;

fn told<T>(asked: Signed, read: impl FnOnce(&AccountId, &Form) -> Result<T, BadWebhook>) -> Told<T> {
    let token = match asked.address.token {
        Token::Absent => None,
        Token::Sealed(state) => Some(state),
        Token::Bad => return None,
    };
    match read(&asked.account, &asked.form) {
        Ok(callback) => Some((callback, token)),
        Err(error) => {
            tracing::warn!(%error, "carrier.bad_form: signed, and of no use");
            None
        }
    }
}

/// `POST /status`
pub(crate) async fn status(State(web): State<Arc<Web>>, request: Request) -> Result<StatusCode, Problem> {
    let asked = signed(&web, request).await?;
    let Some((callback, token)) = told(asked, webhook::status) else { return Ok(THANKS) };
    let report = StatusReport {
        account: callback.about.account,
        carrier_call_id: callback.about.carrier_call_id,
        token,
        direction: callback.about.direction,
        from: callback.about.from,
        to: callback.about.to,
        attestation: callback.about.attestation,
        news: callback.news.map_err(|word| word.as_str().to_owned()),
        occurred_at: callback.occurred_at,
        answered_by: callback.answered_by,
        key: callback.key.as_str().to_owned(),
    };
    web.engine.status(report).await?;
    Ok(THANKS)
}

/// `POST /recording`
pub(crate) async fn recording(State(web): State<Arc<Web>>, request: Request) -> Result<StatusCode, Problem> {
    let asked = signed(&web, request).await?;
    let Some((callback, token)) = told(asked, webhook::recording) else { return Ok(THANKS) };
    match callback.state {
        Ok(state) => {
            let report = RecordingReport {
                account: callback.account,
                carrier_call_id: callback.carrier_call_id,
                token,
                id: callback.id,
                url: callback.url,
                duration_secs: callback.duration_secs,
                state,
                key: callback.key.as_str().to_owned(),
            };
            web.engine.recording_report(report).await?;
        }
        Err(word) => unknown(word.as_str()),
    }
    Ok(THANKS)
}

/// `POST /amd`
pub(crate) async fn machine(State(web): State<Arc<Web>>, request: Request) -> Result<StatusCode, Problem> {
    let asked = signed(&web, request).await?;
    let Some((callback, token)) = told(asked, webhook::machine) else { return Ok(THANKS) };
    match callback.verdict {
        Ok(verdict) => {
            let report = MachineReport {
                account: callback.account,
                carrier_call_id: callback.carrier_call_id,
                token,
                verdict,
                key: callback.key.as_str().to_owned(),
            };
            web.engine.machine(report).await?;
        }
        Err(word) => unknown(word.as_str()),
    }
    Ok(THANKS)
}

/// `POST /transcription`
pub(crate) async fn transcription(
    State(web): State<Arc<Web>>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let asked = signed(&web, request).await?;
    let Some((callback, token)) = told(asked, webhook::transcription) else { return Ok(THANKS) };
    if let Some(text) = callback.text {
        let report = TranscriptReport {
            account: callback.account,
            carrier_call_id: callback.carrier_call_id,
            token,
            text,
            key: callback.key.as_str().to_owned(),
        };
        web.engine.transcript(report).await?;
    }
    Ok(THANKS)
}

/// `POST /call-control`: an event of a call that is led by commands.
pub(crate) async fn event(State(web): State<Arc<Web>>, request: Request) -> Result<StatusCode, Problem> {
    let asked = signed(&web, request).await?;
    match control::read(&asked.body) {
        Some(told) => web.engine.led_event(asked.account, told).await?,
        None => tracing::warn!("carrier.bad_event: signed, and of no use"),
    }
    Ok(THANKS)
}

fn unknown(word: &str) {
    tracing::warn!(word, "carrier.unknown_word: without effect");
}
