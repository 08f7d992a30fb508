//! Callbacks of the carrier: progress, recordings, machine verdicts, transcripts. Each becomes one event, or nothing.

use crate::engine::Inner;
use crate::intake::{IntakeError, Taken};
use crate::numbers::ours;
use crate::webhook::{MachineReport, RecordingReport, StatusReport, TranscriptReport};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use trunkline_carriers::callback::{CallbackState, Place};
use trunkline_core::call::{Arrival, Direction, Event, OnLeg, Party, Progress, RecordingNews, Source, What};
use trunkline_core::id::{AccountId, CallId, CarrierCallId, EventKey};

impl Inner {
    pub(crate) async fn status(self: &Arc<Self>, report: StatusReport) -> Result<(), IntakeError> {
        let Some((call, on)) = self.whose(&report.account, &report.carrier_call_id, report.token.as_ref())
        else {
            return self.status_of_unknown(report).await;
        };
        if let Some(Place::Transfer(no)) = report.token.as_ref().map(|token| token.place) {
            return self.child_status(call, no, report).await;
        }
        let what = match &report.news {
            Ok(news) => What::Progress(Progress {
                on,
                carrier_call_id: report.carrier_call_id.clone(),
                news: news.clone(),
            }),
            Err(word) => {
                self.unknown_words.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%call, word, "carrier.unknown_word: kept, without effect");
                What::UnknownWord { word: word.clone() }
            }
        };
        let event = Event { occurred_at: report.occurred_at, ..self.carrier_event(call, &report.key, what) };
        self.observe(event).await?;
        if let Some(verdict) = report.answered_by {
            let what = What::AnsweredBy { on, verdict };
            self.observe(self.carrier_event(call, &format!("{}:amd", report.key), what)).await?;
        }
        Ok(())
    }

    /// A status of a call we have never heard of. An inbound call whose voice fetch never reached us is a missed call;
    /// anything else belongs to other software on the account.
    async fn status_of_unknown(self: &Arc<Self>, report: StatusReport) -> Result<(), IntakeError> {
        let id = CallId::derived(&report.account, &report.carrier_call_id);
        let known = self.reach(id).await;
        if known.is_none() && report.direction == Direction::Outbound {
            tracing::debug!("carrier.foreign_status: not a call of ours");
            return Ok(());
        }
        let handle = match known {
            Some(handle) => handle,
            None => {
                let number = ours(report.direction, &report.from, &report.to);
                let Some(tenant) = self.tenant_of_number(number) else {
                    tracing::debug!("carrier.status_of_nobody: the number belongs to no tenant");
                    return Ok(());
                };
                let party = Party { to: report.to.clone(), from: report.from.clone(), ..Party::default() };
                let arrival = Arrival {
                    tenant,
                    account: report.account.clone(),
                    carrier_call_id: report.carrier_call_id.clone(),
                    direction: report.direction,
                    party,
                    script: None,
                    bot: None,
                    route: None,
                    attestation: report.attestation,
                    limits: self.config.call_limits,
                };
                let key = format!("{}:{}:arrived", report.account, report.carrier_call_id);
                let what = What::Arrived(Box::new(arrival));
                self.begin(self.own_event(id, key, Source::Carrier, what)).await?.0
            }
        };
        let on = {
            let live = handle.lock();
            OnLeg { leg: live.call.leg().no, fence: live.call.leg().fence }
        };
        if let Ok(news) = report.news {
            let what = What::Progress(Progress { on, carrier_call_id: report.carrier_call_id, news });
            let event =
                Event { occurred_at: report.occurred_at, ..self.carrier_event(id, &report.key, what) };
            self.observe_on(&handle, event).await?;
        }
        Ok(())
    }

    pub(crate) async fn recording(self: &Arc<Self>, report: RecordingReport) -> Result<(), IntakeError> {
        let Some((call, _)) = self.whose(&report.account, &report.carrier_call_id, report.token.as_ref())
        else {
            return Ok(());
        };
        let answers = report.token.and_then(|token| token.place.answers());
        let what = What::Recording(Box::new(RecordingNews {
            stream: None,
            id: report.id,
            step: answers.map(|at| at.step),
            ask: answers.map_or(0, |at| at.ask.saturating_add(at.repeat)),
            url: report.url,
            duration_secs: report.duration_secs,
            state: report.state,
        }));
        self.observe(self.carrier_event(call, &report.key, what)).await?;
        Ok(())
    }

    pub(crate) async fn machine(self: &Arc<Self>, report: MachineReport) -> Result<(), IntakeError> {
        let Some((call, on)) = self.whose(&report.account, &report.carrier_call_id, report.token.as_ref())
        else {
            return Ok(());
        };
        let what = What::AnsweredBy { on, verdict: report.verdict };
        match self.observe(self.carrier_event(call, &report.key, what)).await? {
            Taken::Applied => self.on_verdict(call, on).await,
            Taken::Refused(_) | Taken::Repeated | Taken::Unmerged => Ok(()),
        }
    }

    pub(crate) async fn transcript(self: &Arc<Self>, report: TranscriptReport) -> Result<(), IntakeError> {
        let Some((call, _)) = self.whose(&report.account, &report.carrier_call_id, report.token.as_ref())
        else {
            return Ok(());
        };
        let Some(at) = report.token.and_then(|token| token.place.answers()) else { return Ok(()) };
        let what = What::Transcribed { step: at.step, text: report.text };
        let taken = self.observe(self.carrier_event(call, &report.key, what)).await?;
        if taken == Taken::Unmerged {
            tracing::debug!(%call, "call.transcript_kept: merged when the store is back");
        }
        Ok(())
    }

    /// Which call and leg a callback is about: by its token, else by the carrier's id.
    fn whose(
        &self,
        account: &AccountId,
        id: &CarrierCallId,
        token: Option<&CallbackState>,
    ) -> Option<(CallId, OnLeg)> {
        if let Some(token) = token {
            return Some((token.call, token.on()));
        }
        let call = self.live.by_carrier(account, id)?;
        let handle = self.live.get(call)?;
        let live = handle.lock();
        let leg = live.call.legs.iter().find(|leg| leg.carrier_call_id.as_ref() == Some(id))?;
        Some((call, OnLeg { leg: leg.no, fence: leg.fence }))
    }

    fn carrier_event(&self, call: CallId, key: &str, what: What) -> Event {
        Event {
            call,
            key: EventKey::new(key),
            received_at: self.clock.now(),
            occurred_at: None,
            source: Source::Carrier,
            what,
        }
    }
}
