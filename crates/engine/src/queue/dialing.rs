//! From a job that may go to the call that is placed: the claim, which binds the job to its call; its turn; then the call's
//! intent, in the journal; from there on the call is like any other.

use super::heads::{Ready, merged};
use super::under_way::Place;
use super::worker::Worker;
use crate::admission::Turn;
use crate::carriers::After;
use crate::clock::chance;
use crate::engine::Inner;
use crate::intake::IntakeError;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_core::bot::BotName;
use trunkline_core::call::{
    Call, Disposition, Event, ForJob, HangUpReason, Metadata, Outcome, Party, Request, Source, What,
};
use trunkline_core::campaign::{CallerIds, CampaignState, left_to_ask, resume};
use trunkline_core::dial::gates::Closed;
use trunkline_core::id::{AccountId, AttemptNo, CallId, JobId, NodeId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::{Address, Private};
use trunkline_core::queue::{
    Claim, Done, HandedBack, Happened, Job, JobState, News, Next, Request as Posted,
};
use trunkline_core::script::{Cursor, Script};
use trunkline_core::window::Opening;
use trunkline_store::{Claiming, HeldJob, JobNews, QueuedJob, Store, StoreError};

/// A job that may go, with all that its call needs.
pub(super) struct Picked {
    pub ready: Ready,
    pub call: CallId,
    pub account: AccountId,
    pub from: Address,
    pub script: Arc<Script>,
    /// The bot that talks, by its name now.
    pub bot: Option<BotName>,
    /// Not sooner: the paces of its campaign and its tenant.
    pub begins_at: Timestamp,
    /// Counted by the gates until the call is.
    pub place: Place,
}

/// Where the questions of a job's next call begin.
enum Questions {
    FromTheStart,
    /// Where an earlier call left them, in the script as it was then.
    At(Arc<Script>, Cursor),
    /// All are answered. The last answer came when its call was over already, and another had been planned.
    NoneLeft,
}

/// Why a job can't be dialed although its gates are open.
pub(super) enum Unfit {
    /// Its campaign lacks something.
    Campaign,
}

impl Inner {
    /// This node, as others know it.
    pub(crate) fn node(&self) -> NodeId {
        NodeId::new(self.ident.node.clone())
    }

    /// Looks up what the call needs, which goes through one of these accounts.
    pub(super) fn fit_out(
        &self,
        worker: &mut Worker,
        ready: Ready,
        accounts: &[AccountId],
        now: Timestamp,
    ) -> Result<Picked, Unfit> {
        let campaign = ready.campaign.id;
        let policy = &ready.campaign.policy;
        let instead = || policy.bot.is_some().then(|| Arc::new(Script::builtin()));
        let Some(script) = self.scripts.current(Some(policy.script.as_str())).or_else(instead) else {
            tracing::warn!(campaign = %ready.campaign.id, script = policy.script.as_str(),
                "campaign.stands_still: its script is not there");
            return Err(Unfit::Campaign);
        };
        let turn = worker.turns.entry(ready.campaign.id).or_default();
        let to = PhoneNumber::parse(ready.queued.number.as_str(), None).map_err(|_| Unfit::Campaign)?;
        let fault_of = self.fault_of_last_attempt(&ready);
        let after = match &fault_of {
            _ if ready.queued.job.attempt == AttemptNo::NONE => After::Nothing,
            Some(account) => After::FaultOf(account),
            None => After::Attempt,
        };
        let tenant = &ready.queued.job.tenant;
        let (account, numbers) =
            self.pool_for(tenant, &ready.queued.number, &policy.caller_ids.numbers, accounts, after);
        let of_late = self.fitness.of_late(&numbers);
        let pool = CallerIds { numbers, choose: policy.caller_ids.choose };
        let Some(from) = pool.pick(&to.number, *turn, &of_late) else {
            return Err(Unfit::Campaign);
        };
        let Ok(chance) = chance() else { return Err(Unfit::Campaign) };
        *turn += 1;
        let begins_at = self.may_begin_at(&ready, worker.paces.get(&campaign).copied(), now);
        let (call, from) = (CallId::new(now, chance), Address::new(from.as_str()));
        let tenant = ready.queued.job.tenant.clone();
        let number = ready.queued.number.clone();
        let place = self.under_way.add(call, account.clone(), tenant, campaign, number);
        let bot = ready.campaign.policy.bot.clone();
        Ok(Picked { call, account, from, script, bot, begins_at, place, ready })
    }

    /// The account that was at fault for a job's last attempt.
    fn fault_of_last_attempt(&self, ready: &Ready) -> Option<AccountId> {
        let (job, number) = (&ready.queued.job, &ready.queued.number);
        let calls = merged(&ready.earlier, self.persons.of(&job.tenant, number));
        let own = calls.into_iter().filter(|call| call.job == Some(job.id));
        own.max_by_key(|call| (call.earlier.at, call.earlier.call))?.fault_of
    }

    /// Claims these jobs, and lets their calls be placed when each has its turn. Those that somebody else was faster to claim
    /// are left to them.
    pub(super) async fn dial(self: &Arc<Self>, store: &Store, picked: Vec<Picked>) -> Result<(), StoreError> {
        let wanted: Vec<Claiming> = picked
            .iter()
            .map(|one| Claiming {
                job: one.ready.queued.job.id,
                call: one.call,
                pair: self.pair(one),
                caps: self.spent.day_caps(&one.ready.campaign, &self.config.queue),
            })
            .collect();
        let claimed = store.claim(&self.node(), &wanted, self.clock.now()).await?;
        let claims: BTreeMap<JobId, Claim> = claimed.iter().map(|job| (job.id, job.claim())).collect();
        for one in picked {
            let job = one.ready.queued.job.id;
            let Some(claim) = claims.get(&job).copied() else { continue };
            let (inner, store) = (self.clone(), store.clone());
            self.tasks.spawn(async move {
                if let Err(error) = inner.place_attempt(&store, one, claim).await {
                    tracing::warn!(%job, %error, "queue.not_dialed: it is given back");
                }
            });
        }
        Ok(())
    }

    fn pair(&self, one: &Picked) -> String {
        let (from, to) = (one.from.as_str(), one.ready.queued.number.as_str());
        format!("{} {from} {to}", one.account)
    }

    /// Waits for the turn of a claimed job, and begins its call.
    async fn place_attempt(
        self: &Arc<Self>,
        store: &Store,
        one: Picked,
        on: Claim,
    ) -> Result<(), IntakeError> {
        tokio::select! {
            () = async { tokio::time::sleep(self.clock.until(one.begins_at)).await; self.take_turn(&one.account).await } => {}
            // Nothing was sent: the next start finds the claim without a call.
            () = self.stop.cancelled() => return Ok(()),
        }
        let job = one.ready.queued.job.clone();
        if let Some(gate) = self.closed_meanwhile(&one.ready) {
            let back = Happened::GivenBack { on, why: HandedBack::Gate { gate } };
            return self.tell_claimed(store, &job, back).await;
        }
        let questions = match self.questions(store, &job, one.bot.as_ref()).await {
            Ok(Questions::NoneLeft) => {
                let next = Next::Done { done: Done::Reached };
                let reached =
                    Happened::Ended { attempt: on.attempt, disposition: Disposition::Completed, next };
                return self.tell_claimed(store, &job, reached).await;
            }
            Ok(questions) => questions,
            // It is over by itself: the next sweep gives the job back.
            Err(error @ StoreError::Unavailable { .. }) => return Err(failed(&error)),
            // By the job itself: it is tried again only a few times.
            Err(error) => {
                let what = format!("its earlier calls can't be read: {error}");
                let why = HandedBack::Broken { what: what.clone() };
                self.tell_claimed(store, &job, Happened::GivenBack { on, why }).await?;
                return Err(IntakeError::Failed(what));
            }
        };
        let (event, place) = self.attempt(one, on, questions).await?;
        let (handle, _) = self.begin(event).await?;
        let admitted = self.try_admit(&handle, Turn::Kept).await;
        drop(place);
        if let Err(closed) = admitted {
            // A gate that has closed since is asked again by those who watch over waiting calls.
            handle.lock().gate = Some(closed);
            self.waiting.wake();
        }
        Ok(())
    }

    async fn tell_claimed(&self, store: &Store, job: &Job, happened: Happened) -> Result<(), IntakeError> {
        let news = [self.news(job, News::Fact(happened), self.clock.now())];
        store.change_jobs(&news).await.map(drop).map_err(|error| failed(&error))
    }

    /// Whether a gate has closed since a job was picked that its call is not asked at again.
    fn closed_meanwhile(&self, ready: &Ready) -> Option<Closed> {
        let campaign = self.campaigns.get(ready.campaign.id)?;
        match campaign.state {
            CampaignState::Running => {}
            CampaignState::Draft => return Some(Closed::CampaignNotStarted),
            CampaignState::Paused => return Some(Closed::CampaignPaused),
            CampaignState::Draining => return Some(Closed::CampaignDraining),
            CampaignState::Finished | CampaignState::Cancelled => return Some(Closed::CampaignOver),
        }
        match ready.window(self.clock.now()) {
            Opening::Open { .. } => None,
            Opening::OpensAt(opens_at) => {
                let zone = ready.zones().and_then(|zones| zones.last_to_open(opens_at).cloned());
                Some(Closed::OutOfWindow { opens_at, zone })
            }
            Opening::Never(why) => Some(Closed::WindowNeverOpens { why }),
        }
    }

    async fn attempt(
        self: &Arc<Self>,
        one: Picked,
        on: Claim,
        questions: Questions,
    ) -> Result<(Event, Place), IntakeError> {
        let machine = one.ready.campaign.policy.machine.clone();
        let hours_end = one.ready.hours_end(self.clock.now());
        let QueuedJob { job, number, name, variables, .. } = one.ready.queued;
        let bot = match &one.bot {
            Some(name) => self.bot_for(&job.tenant, name.as_str()).await?,
            None => None,
        };
        let (script, resume) = match questions {
            Questions::At(script, at) => (script, Some(at)),
            Questions::FromTheStart | Questions::NoneLeft => (one.script, None),
        };
        let request = Request {
            tenant: job.tenant,
            account: one.account,
            party: Party {
                to: number,
                from: one.from,
                name,
                variables,
                metadata: Private::new(Metadata::default()),
                stream: None,
            },
            script: self.use_script(&script).await?,
            bot,
            limits: self.config.call_limits,
            not_before: None,
            session: None,
            idempotency: None,
            job: Some(ForJob {
                job: job.id,
                campaign: job.campaign,
                lead: Some(job.lead),
                node: self.node(),
                on,
                resume,
                machine,
                hours_end,
            }),
        };
        let what = What::Requested(Box::new(request));
        Ok((self.own_event(one.call, "requested".to_owned(), Source::Engine, what), one.place))
    }

    /// What the call of an attempt began with whose node is gone before it told anybody; `None` if its campaign or its numbers
    /// are not known.
    pub(crate) async fn intent_of(
        self: &Arc<Self>,
        store: &Store,
        held: &HeldJob,
    ) -> Result<Option<Event>, StoreError> {
        self.campaigns.look(store).await?;
        let queued = held.queued.clone();
        let on = queued.job.claim();
        let campaign = queued.job.campaign.and_then(|id| self.campaigns.get(id));
        let mut pair = held.pair.as_deref().unwrap_or_default().splitn(3, ' ');
        let (account, from) = (pair.next().filter(|account| !account.is_empty()), pair.next());
        let (Some(campaign), Some(account), Some(from)) = (campaign, account, from) else { return Ok(None) };
        let script = self.scripts.current(Some(campaign.policy.script.as_str()));
        let script = script.unwrap_or_else(|| Arc::new(Script::builtin()));
        let questions = self.questions(store, &queued.job, campaign.policy.bot.as_ref()).await?;
        let (tenant, number) = (queued.job.tenant.clone(), queued.number.clone());
        let one = Picked {
            call: held.call,
            account: AccountId::new(account),
            from: Address::new(from),
            script,
            bot: campaign.policy.bot.clone(),
            begins_at: held.claimed_at,
            place: self.under_way.add(held.call, AccountId::new(account), tenant, campaign.id, number),
            ready: Ready { queued, campaign, earlier: Vec::new() },
        };
        match self.attempt(one, on, questions).await {
            // Its request may have gone out as early as this.
            Ok((event, _)) => Ok(Some(Event { received_at: held.claimed_at, ..event })),
            Err(error) => {
                tracing::warn!(job = %held.queued.job.id, %error, "call.not_taken_over: tried again");
                Ok(None)
            }
        }
    }

    /// Where a questionnaire goes on that an earlier call of the job left unfinished. A bot begins each conversation anew: what
    /// it is about is in the calendar.
    async fn questions(
        &self,
        store: &Store,
        job: &Job,
        bot: Option<&BotName>,
    ) -> Result<Questions, StoreError> {
        if job.attempt == AttemptNo::NONE || bot.is_some() {
            return Ok(Questions::FromTheStart);
        }
        let ids: Vec<CallId> =
            store.attempts(job.id).await?.into_iter().map(|attempt| attempt.call).collect();
        let mut calls: Vec<Arc<Call>> = store.load_folds(&ids).await?.into_iter().map(Arc::new).collect();
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
        let Some(script) = script else { return Ok(Questions::FromTheStart) };
        let is_done = calls.iter().any(|call| left_to_ask(&script, call) == Some(Outcome::Finished));
        Ok(match resume(&script, &calls.iter().map(Arc::as_ref).collect::<Vec<_>>()) {
            Some(resumed) => Questions::At(script, resumed.at),
            // Whoever asked to be called is called all the same.
            None if is_done && job.promised.is_none() => Questions::NoneLeft,
            None => Questions::FromTheStart,
        })
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

    /// Gives back claims of this node that no call came of: a process died in between, or the journal took no more. Those
    /// that are on their way are left alone.
    pub(super) async fn sweep(self: &Arc<Self>, store: &Store) -> Result<(), StoreError> {
        let (node, at) = (self.node(), self.clock.now());
        let mut news = Vec::new();
        for job in store.open_jobs().await? {
            let (JobState::Dialing { on, .. } | JobState::Live { on, .. }) = &job.state else { continue };
            // Only the journal of the node that claimed it could prove that nothing was sent: it is taken up instead.
            let is_proof = !matches!(job.state, JobState::Dialing { request: Posted::Unclear, .. });
            // In this order: whoever is not on its way any more is live, or has been.
            if on.node != node || self.under_way.has(on.call) || self.live.get(on.call).is_some() {
                continue;
            }
            let said = match store.load_call(on.call).await? {
                None if !is_proof => {
                    self.lease.looks_again();
                    None
                }
                // Nobody here carries it on.
                Some(call) if !call.is_over() => {
                    self.lease.looks_again();
                    None
                }
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

fn failed(error: &StoreError) -> IntakeError {
    IntakeError::Failed(format!("its row or its earlier calls can't be reached: {error}"))
}
