//! Putting a live call on hold, letting it go on, and handing it to somebody else.

pub(crate) mod spec;

use super::call_json::CallJson;
use super::fields::Fields;
use super::orders::{hash, idempotency_key};
use super::{CallRef, Mine, Named, json, read};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use std::sync::Arc;
use trunkline_core::call::{Idempotency, TransferMode};
use trunkline_core::private::Private;
use trunkline_engine::{ActionOrder, Desk, TransferOrder};

/// `POST /api/calls/{id}/hold`
pub(crate) async fn hold(
    Mine(desk): Mine,
    Named(id): Named<CallRef>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    act(&desk, &id, ActionOrder::Hold, &headers, b"hold").await
}

/// `POST /api/calls/{id}/resume`
pub(crate) async fn resume(
    Mine(desk): Mine,
    Named(id): Named<CallRef>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    act(&desk, &id, ActionOrder::Resume, &headers, b"resume").await
}

/// `POST /api/calls/{id}/transfer`
pub(crate) async fn transfer(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named(id): Named<CallRef>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let body = read(&web, request).await?;
    act(&desk, &id, ActionOrder::Transfer(order(&body)?), &headers, &body).await
}

/// Asks for it. The same key is the same wish only with the same words, which `said` are.
async fn act(
    desk: &Desk,
    id: &CallRef,
    order: ActionOrder,
    headers: &HeaderMap,
    said: &[u8],
) -> Result<Response, Problem> {
    let idempotency = idempotency_key(headers)?.map(|key| Idempotency { key, body: hash(said) });
    let call = desk.act(id.as_str(), order, idempotency).await?;
    Ok(json(StatusCode::ACCEPTED, &CallJson::of(&call)))
}

fn order(body: &[u8]) -> Result<TransferOrder, Problem> {
    let mut fields = Fields::read(body)?;
    let to = fields.text(&["to", "to_number"])?.ok_or_else(|| Problem::field("to", "is missing"))?;
    let mode = match fields.text(&["mode"])?.as_deref() {
        None | Some("blind") => TransferMode::Blind,
        Some("attended") => TransferMode::Attended,
        Some(_) => return Err(Problem::field("mode", "is neither blind nor attended")),
    };
    let ring_timeout_secs = fields.whole("ring_timeout_secs")?;
    let order = TransferOrder { to: Private::new(to), ring_timeout_secs, mode };
    fields.none_left()?;
    Ok(order)
}

#[cfg(test)]
mod tests {
    use trunkline_core::call::TransferMode;

    #[test]
    fn a_transfer_says_to_whom_and_nothing_that_means_nothing() {
        let order = |body: &str| super::order(body.as_bytes());
        let read = order(r#"{"to": "+15550100123", "ring_timeout_secs": 20}"#).unwrap();
        assert_eq!((read.to.reveal().as_str(), read.ring_timeout_secs), ("+15550100123", Some(20)));
        assert_eq!(read.mode, TransferMode::Blind);
        let attended = order(r#"{"to": "+15550100123", "mode": "attended"}"#).unwrap();
        assert_eq!(attended.mode, TransferMode::Attended);
        for bad in [
            r#"{"to": "+1", "mode": "warm"}"#,
            "",
            "{}",
            r#"{"to": 1}"#,
            r#"{"to": "+1", "when": "now"}"#,
            r#"{"to": "+1", "ring_timeout_secs": -1}"#,
        ] {
            assert!(order(bad).is_err(), "{bad}");
        }
    }
}
