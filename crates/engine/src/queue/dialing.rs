//! From a job that may go to the call that is placed: the claim, which binds the job to its call; then the call's intent, in
//! the journal; from there on the call is like any other.

use super::heads::Ready;
use super::worker::Worker;
use crate::admission::Turn;
use crate::clock::chance;
use crate::engine::Inner;
use crate::intake::IntakeError;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_core::call::{ForJob, HangUpReason, Metadata, Party, Request, Source, What};
use trunkline_core::campaign::resume;
use trunkline_core::dial::gates::Closed;
use trunkline_core::id::{AttemptNo, CallId, JobId, NodeId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::{Address, Private};
use trunkline_core::queue::{Claim, HandedBack, Happened, Job, JobState, News};
use trunkline_core::script::{Cursor, Script};
use trunkline_store::{Claiming, JobNews, QueuedJob, Store, StoreError};

/// A job that may go, with all that its call needs.
pub(super) struct Picked {
    pub ready: Ready,
    pub call: CallId,
    pub from: Address,
    pub script: Arc<Script>,
}

/// Why a job can't be dialed although its gates are open.
pub(super) enum Unfit {
    /// Its campaign lacks something.
    Campaign,
}

/// Why a claimed job's call was not placed.
enum Unplaced {
    /// By what is over by itself: the next sweep gives it back.
    Later(IntakeError),
    /// By the job itself: it is tried again only a few times.
    Broken(String),
}

impl From<StoreError> for Unplaced {
    fn from(error: StoreError) -> Self {
        let words = format!("its earlier calls can't be read: {error}");
        match error {
            StoreError::Unavailable { .. } => Self::Later(IntakeError::Failed(words)),
            _ => Self::Broken(words),
        }
    }
}

impl Inner {
    /// This node, as others know it.
    pub(crate) fn node(&self) -> NodeId {
        NodeId::new(self.ident.node.clone())
    }

    /// Looks up what the call needs.
    pub(super) fn fit_out(&self, worker: &mut Worker, ready: Ready, now: Timestamp) -> Result<Picked, Unfit> {
        let policy = &ready.campaign.policy;
        let Some(script) = self.scripts.current(Some(policy.script.as_str())) else {
            tracing::warn!(campaign = %ready.campaign.id, script = policy.script.as_str(),
                "campaign.stands_still: its script is not there");
            return Err(Unfit::Campaign);
        };
        let turn = worker.turns.entry(ready.campaign.id).or_default();
        let to = PhoneNumber::parse(ready.queued.number.as_str(), None).map_err(|_| Unfit::Campaign)?;
        let Some(from) =
            policy.caller_ids.pick(&to.number, *turn, &self.fitness.of_late(&policy.caller_ids.numbers))
        else {
            return Err(Unfit::Campaign);
        };
        let Ok(chance) = chance() else { return Err(Unfit::Campaign) };
        *turn += 1;
        Ok(Picked { call: CallId::new(now, chance), from: Address::new(from.as_str()), script, ready })
    }

    /// Claims these jobs and places their calls. Those that somebody else was faster to claim are left to them.
    pub(super) async fn dial(self: &Arc<Self>, store: &Store, picked: Vec<Picked>) -> Result<(), StoreError> {
        let wanted: Vec<Claiming> = picked
            .iter()
            .map(|one| Claiming { job: one.ready.queued.job.id, call: one.call, pair: self.pair(one) })
            .collect();
        let claimed = store.claim(&self.node(), &wanted, self.clock.now()).await?;
        let claims: BTreeMap<JobId, Claim> = claimed.iter().map(|job| (job.id, job.claim())).collect();
        let placing = picked.into_iter().filter_map(|one| {
            let claim = *claims.get(&one.ready.queued.job.id)?;
            Some(self.place_attempt(store, one, claim))
        });
        for placed in futures_util::future::join_all(placing).await {
            if let Err((job, error)) = placed {
                tracing::warn!(%job, %error, "queue.not_dialed: it is given back");
            }
        }
        Ok(())
    }

    fn pair(&self, one: &Picked) -> String {
        let (from, to) = (one.from.as_str(), one.ready.queued.number.as_str());
        format!("{} {from} {to}", self.account)
    }

    async fn place_attempt(
        self: &Arc<Self>,
        store: &Store,
        one: Picked,
        on: Claim,
    ) -> Result<(), (JobId, IntakeError)> {
        let job = one.ready.queued.job.clone();
        let event = match self.attempt(store, one, on).await {
            Ok(event) => event,
            Err(Unplaced::Later(error)) => return Err((job.id, error)),
            Err(Unplaced::Broken(what)) => {
                let why = HandedBack::Broken { what: what.clone() };
                let news = self.news(&job, News::Fact(Happened::GivenBack { on, why }), self.clock.now());
                let told = store.change_jobs(&[news]).await;
                let what = told.map_or_else(|error| error.to_string(), |_| what);
                return Err((job.id, IntakeError::Failed(what)));
            }
        };
        let (handle, _) = self.begin(event).await.map_err(|error| (job.id, error))?;
        // A gate that has closed since is asked again by those who watch over waiting calls.
        let _ = self.try_admit(&handle, Turn::Kept).await;
        Ok(())
    }

    async fn attempt(
        self: &Arc<Self>,
        store: &Store,
        one: Picked,
        on: Claim,
    ) -> Result<trunkline_core::call::Event, Unplaced> {
        let machine = one.ready.campaign.policy.machine.clone();
        let hours_end = one.ready.hours_end(self.clock.now());
        let QueuedJob { job, number, name, variables, .. } = one.ready.queued;
        let resumed = self.resumed(store, &job).await?;
        let (script, resume) = match resumed {
            Some((script, at)) => (script, Some(at)),
            None => (one.script, None),
        };
        let request = Request {
            tenant: job.tenant,
            account: self.account.clone(),
            party: Party {
                to: number,
                from: one.from,
                name,
                variables,
                metadata: Private::new(Metadata::default()),
            },
            script: self.use_script(&script).await.map_err(Unplaced::Later)?,
            limits: self.config.call_limits,
            not_before: None,
            session: None,
            idempotency: None,
            job: Some(ForJob {
                job: job.id,
                campaign: job.campaign,
                node: self.node(),
                on,
                resume,
                machine,
                hours_end,
            }),
        };
        Ok(self.own_event(
            one.call,
            "requested".to_owned(),
            Source::Engine,
            What::Requested(Box::new(request)),
        ))
    }

    /// Where a questionnaire goes on that an earlier call of the job left unfinished, and the script as it was then.
    async fn resumed(&self, store: &Store, job: &Job) -> Result<Option<(Arc<Script>, Cursor)>, StoreError> {
        if job.attempt == AttemptNo::NONE {
            return Ok(None);
        }
        let ids: Vec<CallId> =
            store.attempts(job.id).await?.into_iter().map(|attempt| attempt.call).collect();
        let mut calls = store.load_folds(&ids).await?;
        // Memory may know of an answer that is still on its way to the store.
        for call in &mut calls {
            if let Some(handle) = self.live.get(call.id) {
                *call = handle.lock().call.clone();
            }
        }
        calls.sort_by_key(|call| call.created_at);
        let ran =
            calls.iter().rev().find(|call| call.question().is_some()).and_then(|call| call.script.as_ref());
        let script = ran.and_then(|ran| self.scripts.version(ran.version.parse().ok()?));
        let Some(script) = script else { return Ok(None) };
        let at = resume(&script, &calls.iter().collect::<Vec<_>>()).map(|resumed| resumed.at);
        Ok(at.map(|at| (script, at)))
    }

    /// Settles jobs that have waited too long for their first attempt.
    pub(super) async fn expire(&self, store: &Store, expired: Vec<QueuedJob>) -> Result<(), StoreError> {
        let at = self.clock.now();
        let news: Vec<JobNews> =
            expired.iter().map(|queued| self.news(&queued.job, News::Fact(Happened::Expired), at)).collect();
        store.change_jobs(&news).await.map(drop)
    }

    /// Settles jobs whose gate will never open.
    pub(super) async fn skip(
        &self,
        store: &Store,
        skipped: Vec<(QueuedJob, Closed)>,
    ) -> Result<(), StoreError> {
        let at = self.clock.now();
        let news: Vec<JobNews> = skipped
            .into_iter()
            .map(|(queued, gate)| self.news(&queued.job, News::Fact(Happened::Skipped { gate }), at))
            .collect();
        store.change_jobs(&news).await.map(drop)
    }

    fn news(&self, job: &Job, news: News, at: Timestamp) -> JobNews {
        JobNews { job: job.id, call: None, news, policy: self.campaigns.policy(job.campaign), at }
    }

    /// Gives back claims of this node that no call came of: a process died in between, or the journal took no more. Called
    /// by the one task that claims, so that no claim is under way meanwhile.
    pub(super) async fn sweep(self: &Arc<Self>, store: &Store) -> Result<(), StoreError> {
        let (node, at) = (self.node(), self.clock.now());
        let mut news = Vec::new();
        for job in store.open_jobs().await? {
            let (JobState::Dialing { on, .. } | JobState::Live { on, .. }) = &job.state else { continue };
            if on.node != node || self.live.get(on.call).is_some() {
                continue;
            }
            let said = match store.load_call(on.call).await? {
                None => {
                    tracing::info!(job = %job.id, "queue.given_back: nothing was sent");
                    let on = job.claim();
                    Some(News::Fact(Happened::GivenBack { on, why: HandedBack::Restart }))
                }
                Some(call) => self.end_news(&call),
            };
            news.extend(said.map(|said| self.news(&job, said, at)));
        }
        if !news.is_empty() {
            store.change_jobs(&news).await?;
        }
        Ok(())
    }

    /// Asks for a call of the queue to be hung up.
    pub(crate) async fn hang_up_for_queue(self: &Arc<Self>, call: CallId) {
        let Some(handle) = self.live.get(call) else { return };
        let what = What::HangUpAsked { reason: HangUpReason::Asked };
        let event = self.own_event(call, "end:queue".to_owned(), Source::Api, what);
        if let Err(error) = self.observe_on(&handle, event).await {
            tracing::warn!(%call, %error, "queue.not_hung_up");
        }
    }
}
