//! Tells open pages which call changed, so that they ask for themselves again.

use super::Reader;
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use trunkline_core::id::{CallId, TenantId};
use trunkline_engine::Change;

/// A stream is closed after this time, and the browser comes again: so a session that has ended is noticed.
const STREAM: Duration = Duration::from_secs(600);

/// What a page wants to hear of.
#[derive(Deserialize)]
pub(crate) struct About {
    /// One call; all if absent.
    call: Option<String>,
}

/// `GET /events/stream`
pub(crate) async fn follow(
    State(web): State<Arc<Web>>,
    reader: Reader,
    Query(about): Query<About>,
) -> Response {
    let Ok(slot) = Arc::clone(&web.streams).try_acquire_owned() else {
        return Problem::new(Code::TooManyStreams).retry_after(30).into_response();
    };
    let only = about.call.and_then(|call| call.parse().ok());
    let end = web.shutdown.clone().cancelled_owned();
    let news = news(web.engine.changes(), reader.caller.tenant, only, slot)
        .take_until(Box::pin(end))
        .take_until(Box::pin(tokio::time::sleep(STREAM)));
    Sse::new(news).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

/// Changes of a tenant's calls as events. Who falls behind is told so, once, and looks at everything again.
fn news(
    changes: Receiver<Change>,
    tenant: TenantId,
    only: Option<CallId>,
    slot: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((changes, tenant, slot), move |(mut changes, tenant, slot)| async move {
        loop {
            let event = match changes.recv().await {
                Ok(change) if change.tenant == tenant && only.is_none_or(|only| only == change.call) => {
                    changed(&change)
                }
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => Event::default().event("missed").data("{}"),
                Err(RecvError::Closed) => return None,
            };
            return Some((Ok(event), (changes, tenant, slot)));
        }
    })
}

fn changed(change: &Change) -> Event {
    let data = format!(r#"{{"call":"{}","status":"{}"}}"#, change.call, change.status.as_str());
    Event::default().event("change").data(data)
}
