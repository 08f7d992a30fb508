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
use trunkline_engine::{About, EventName, LiveEvent, Subscription};

/// A stream is closed after this time, and the browser comes again: so a session that has ended is noticed.
const STREAM: Duration = Duration::from_secs(600);
/// What a page shows differently: a call's status.
const SHOWN: [EventName; 8] = [
    EventName::CallInitiated,
    EventName::CallRinging,
    EventName::CallAnswered,
    EventName::CallHeld,
    EventName::CallResumed,
    EventName::CallTransferring,
    EventName::CallEnded,
    EventName::CallReopened,
];

/// What a page wants to hear of.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    /// One call; all if absent.
    call: Option<String>,
}

/// `GET /events/stream`
pub(crate) async fn follow(
    State(web): State<Arc<Web>>,
    reader: Reader,
    Query(wanted): Query<Wanted>,
) -> Response {
    let Ok(slot) = Arc::clone(&web.streams).try_acquire_owned() else {
        return Problem::new(Code::TooManyStreams).retry_after(30).into_response();
    };
    let call = wanted.call.and_then(|call| call.parse().ok());
    let about = About { call, names: SHOWN.into(), ..About::default() };
    let end = web.shutdown.clone().cancelled_owned();
    let news = news(reader.desk.listen(about), slot)
        .take_until(Box::pin(end))
        .take_until(Box::pin(tokio::time::sleep(STREAM)));
    Sse::new(news).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

/// Changes of a tenant's calls as events. Who falls behind is told so, once, and looks at everything again.
fn news(
    subscription: Subscription,
    slot: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let pieces = stream::unfold((subscription, slot), |(mut subscription, slot)| async move {
        let piece: Vec<Event> = match subscription.next().await {
            Ok(events) => events.iter().map(|event| changed(event)).collect(),
            Err(_) => {
                subscription.skip();
                vec![Event::default().event("missed").data("{}")]
            }
        };
        Some((piece, (subscription, slot)))
    });
    pieces.flat_map(|piece| stream::iter(piece.into_iter().map(Ok)))
}

fn changed(event: &LiveEvent) -> Event {
    let data = format!(r#"{{"call":"{}","status":"{}"}}"#, event.call, event.status.as_str());
    Event::default().event("change").data(data)
}
