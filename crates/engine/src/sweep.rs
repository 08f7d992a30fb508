//! A sweep: the carrier is asked about every live call now, instead of when its deadline comes, and the operator is told
//! what came of it.

use crate::carriers::Carriers;
use crate::config::Config;
use crate::engine::{Engine, Inner, StartError};
use crate::live::Handle;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use trunkline_core::call::News;
use trunkline_core::id::{CarrierCallId, LegNo};

/// What a sweep does with what it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweeping {
    /// Journals it: a call that is dead at the carrier ends here.
    Closing,
    /// Nothing: it only counts what would come of it.
    Looking,
}

/// What a sweep found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Swept {
    /// Calls that were not over before.
    pub recovered: u64,
    /// Of these, ended by the carrier's word: closed now, or to be closed.
    pub ended: u64,
    /// Of these, still live by the carrier's word.
    pub still_live: u64,
    /// Of these, without a carrier's name: they wait for their turn, or their request is not settled yet.
    pub waiting: u64,
    /// Of these, carried by clients of ours: nobody can be asked about them.
    pub registered: u64,
    /// Of these, nothing could be learned about: the carrier does not know them or does not answer. They are asked about
    /// again, and closed when that has lasted an hour.
    pub unanswered: u64,
}

/// What is known of one call after it was asked about.
enum Verdict {
    Ended,
    Live,
    Waiting,
    Registered,
    Unanswered,
}

/// What can be asked about a call.
enum Question {
    /// Its leg, by the carrier's name of it.
    Leg(LegNo, CarrierCallId),
    /// An attempt whose answer never came.
    Listing(LegNo),
    /// Nothing.
    None(Verdict),
}

impl Engine {
    /// Reads a folder's live calls and does nothing with them: no call is begun, and nothing that is owed is done. For
    /// [`Engine::sweep`] while no server runs; end it with [`Engine::stop`].
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub async fn open(config: Config, carriers: impl Into<Carriers>) -> Result<Self, StartError> {
        Self::fold(config, carriers.into()).await
    }

    /// Asks the carrier about every live call.
    pub async fn sweep(&self, how: Sweeping) -> Swept {
        let asked = self.inner.live.all().into_iter().filter(|handle| !handle.lock().call.is_over());
        let mut verdicts = tokio::task::JoinSet::new();
        for handle in asked {
            let inner = self.inner.clone();
            verdicts.spawn(async move { inner.learn(&handle, how).await });
        }
        let mut swept = Swept::default();
        while let Some(verdict) = verdicts.join_next().await {
            swept.count(&verdict.unwrap_or(Verdict::Unanswered));
        }
        tracing::info!(
            recovered = swept.recovered,
            ended = swept.ended,
            still_live = swept.still_live,
            unanswered = swept.unanswered,
            ?how,
            "recovery.swept"
        );
        swept
    }

    /// Waits until the store has what the journal has; whether it has.
    pub async fn project_once(&self) -> bool {
        self.inner.project_once().await
    }
}

impl Inner {
    async fn learn(self: &Arc<Self>, handle: &Handle, how: Sweeping) -> Verdict {
        let question = question(handle);
        let Ok(_turn) = self.asking.acquire().await else { return Verdict::Unanswered };
        match (question, how) {
            (Question::None(verdict), _) => verdict,
            (Question::Listing(_), Sweeping::Looking) => Verdict::Unanswered,
            (Question::Listing(leg), Sweeping::Closing) => {
                self.list_now(handle, leg).await;
                match question_after(handle) {
                    Some(Question::Listing(_)) => Verdict::Unanswered,
                    Some(_) => Verdict::Live,
                    None => Verdict::Ended,
                }
            }
            (Question::Leg(leg, id), Sweeping::Looking) => match self.fetch(handle, leg, &id).await {
                Ok(Some(fetched)) if matches!(fetched.news, Some(News::Ended(_))) => Verdict::Ended,
                Ok(Some(_)) => Verdict::Live,
                Ok(None) | Err(_) => Verdict::Unanswered,
            },
            (Question::Leg(leg, _), Sweeping::Closing) => {
                let before = handle.lock().heard_at;
                self.ask_now(handle, leg).await;
                let live = handle.lock();
                match live.call.is_over() {
                    true => Verdict::Ended,
                    false if live.heard_at == before => Verdict::Unanswered,
                    false => Verdict::Live,
                }
            }
        }
    }
}

fn question(handle: &Handle) -> Question {
    let live = handle.lock();
    let leg = live.call.leg();
    match &leg.carrier_call_id {
        _ if !live.call.has_carrier() => Question::None(Verdict::Registered),
        Some(id) => Question::Leg(leg.no, id.clone()),
        None if leg.is_unclear() => Question::Listing(leg.no),
        None => Question::None(Verdict::Waiting),
    }
}

/// What there is still to ask; `None` if the call is over.
fn question_after(handle: &Handle) -> Option<Question> {
    let is_over = handle.lock().call.is_over();
    (!is_over).then(|| question(handle))
}

impl Swept {
    fn count(&mut self, verdict: &Verdict) {
        self.recovered += 1;
        *match verdict {
            Verdict::Ended => &mut self.ended,
            Verdict::Live => &mut self.still_live,
            Verdict::Waiting => &mut self.waiting,
            Verdict::Registered => &mut self.registered,
            Verdict::Unanswered => &mut self.unanswered,
        } += 1;
    }
}
