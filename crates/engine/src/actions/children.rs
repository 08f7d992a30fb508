//! The other leg of a transfer: what the carrier tells of it, and asking about it. It belongs to its call, and is never one by
//! itself.

use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::live::Handle;
use crate::webhook::StatusReport;
use std::sync::Arc;
use trunkline_core::call::{ActionNews, Call, Event, Handover, News, Source, What};
use trunkline_core::id::{ActionNo, CallId, CarrierCallId, EventKey};

impl Inner {
    /// A status of the leg that was dialed for this action.
    pub(crate) async fn child_status(
        self: &Arc<Self>,
        call: CallId,
        no: ActionNo,
        report: StatusReport,
    ) -> Result<(), IntakeError> {
        let what = match report.news {
            Ok(news) => {
                What::ActionNews(Box::new(ActionNews { no, carrier_call_id: report.carrier_call_id, news }))
            }
            Err(word) => {
                self.unknown_words.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                tracing::warn!(%call, word, "carrier.unknown_word: kept, without effect");
                What::UnknownWord { word }
            }
        };
        let event = Event {
            call,
            key: EventKey::new(report.key),
            received_at: self.clock.now(),
            occurred_at: report.occurred_at,
            source: Source::Carrier,
            what,
        };
        self.observe(event).await.map(drop)
    }

    /// Asks the carrier about the other leg of a transfer that should be answered or over by now, off the caller's path and
    /// paced.
    pub(crate) fn ask_child(self: &Arc<Self>, handle: Handle) {
        let inner = self.clone();
        self.tasks.spawn(async move {
            let Ok(_turn) = inner.asking.acquire().await else { return };
            inner.ask_child_now(&handle).await;
        });
    }

    async fn ask_child_now(self: &Arc<Self>, handle: &Handle) {
        let account = handle.lock().call.account.clone();
        let Some((call, no, parent)) = ringing_transfer(&handle.lock().call) else { return };
        if self.led_child_goes_on(handle, no).await {
            return;
        }
        let children = match self.carriers.of(&account) {
            Ok(carrier) => carrier.children(&parent).await,
            Err(error) => Err(error),
        };
        let listed = match children {
            Ok(listed) => listed,
            Err(error) => {
                tracing::warn!(%call, %error, "call.child_unknown: the carrier is asked again");
                return;
            }
        };
        for child in listed {
            let word = match child.news {
                News::Accepted => "accepted",
                News::Ringing => "ringing",
                News::Answered => "answered",
                News::Ended(_) => "ended",
            };
            let key = format!("{account}:{}:asked:{word}", child.id);
            let what =
                What::ActionNews(Box::new(ActionNews { no, carrier_call_id: child.id, news: child.news }));
            if let Err(error) =
                self.observe_on(handle, self.own_event(call, key, Source::Reconciler, what)).await
            {
                tracing::error!(%call, %error, "call.answer_not_journaled: the carrier will be asked again");
                return;
            }
        }
        // Nobody took it, and the carrier does not come back by itself: the person must not wait for ever.
        self.go_on(handle, no).await;
    }
}

/// The transfer that is neither answered nor over, with the carrier's id of the leg that dials it.
fn ringing_transfer(call: &Call) -> Option<(CallId, ActionNo, CarrierCallId)> {
    let (no, action) = call.standing_action()?;
    action.transfer().filter(|_| action.handover() == Handover::Dialing)?;
    Some((call.id, no, call.leg().carrier_call_id.clone()?))
}
