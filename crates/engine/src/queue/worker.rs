//! The loop that works the queue: fill the heads, ask the gates, claim, dial. One per node; what two nodes could both want is
//! decided by the store's claim.

use super::dialing::{Picked, Unfit};
use super::heads::Heads;
use crate::engine::Inner;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use trunkline_core::campaign::{CampaignState, Move};
use trunkline_core::dial::gates::{Closed, Server};
use trunkline_core::id::CampaignId;
use trunkline_core::queue::{Head, Shares};
use trunkline_store::{Store, StoreError, StoredCampaign};

/// So many jobs are claimed at once.
const ROUND: usize = 256;
/// How often the store is looked at when nothing wakes.
const LOOK: Duration = Duration::from_millis(500);
/// Sooner is not looked again when it is the pace that keeps everybody: more can be claimed at once then.
const BREATH: Duration = Duration::from_millis(25);
/// How often is looked for claims that nothing came of, and for campaigns that are done.
const SWEEP: SignedDuration = SignedDuration::from_secs(5);

/// What wakes the worker: a slot that is free again, new jobs, a campaign that goes on.
#[derive(Debug, Default)]
pub(crate) struct Wakes(Notify);

impl Wakes {
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// What one worker remembers between its rounds. Nothing here is truth: a new one begins with nothing.
pub(super) struct Worker {
    pub shares: Shares,
    pub heads: Heads,
    /// When each campaign last began a call, for its pace.
    pub paces: BTreeMap<CampaignId, Timestamp>,
    /// How many calls each campaign has begun, so that each of its numbers has its turn.
    pub turns: BTreeMap<CampaignId, u64>,
    swept_at: Option<Timestamp>,
}

/// When the next round is worth it.
pub(super) enum Again {
    AtOnce,
    At(Timestamp),
    WhenWoken,
}

impl Inner {
    /// Works the queue until the server stops.
    pub(crate) async fn work_queue(self: Arc<Self>) {
        if self.config.database.is_index() {
            return;
        }
        let mut worker = Worker {
            shares: Shares::new(self.config.queue.ageing),
            heads: Heads::default(),
            paces: BTreeMap::new(),
            turns: BTreeMap::new(),
            swept_at: None,
        };
        loop {
            let wait = match self.work(&mut worker).await {
                Ok(Again::AtOnce) => continue,
                Ok(Again::At(at)) => self.clock.until(at).clamp(BREATH, LOOK),
                Ok(Again::WhenWoken) => LOOK,
                Err(error) => {
                    match error {
                        // Said by who watches over the database.
                        StoreError::Unavailable { .. } => {
                            tracing::debug!(%error, "queue.stands_still: tried again");
                        }
                        _ => tracing::warn!(%error, "queue.stands_still: tried again"),
                    }
                    worker.heads.clear();
                    worker.swept_at = None;
                    self.projection.is_doubted();
                    LOOK
                }
            };
            tokio::select! {
                () = self.queue_wakes.0.notified() => {}
                () = tokio::time::sleep(wait) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// One round.
    async fn work(self: &Arc<Self>, worker: &mut Worker) -> Result<Again, StoreError> {
        let Some(store) = self.projection.store() else { return Ok(Again::WhenWoken) };
        if self.queue_gate(self.clock.now()) != Server::Dialing {
            return Ok(Again::WhenWoken);
        }
        let began = Instant::now();
        self.campaigns.look(&store).await?;
        let now = self.clock.now();
        if worker.swept_at.is_none_or(|swept| now.duration_since(swept) >= SWEEP) {
            self.sweep(&store).await?;
            self.finish_campaigns(&store).await?;
            self.persons.forget_before(now - super::heads::FRESH * 2);
            worker.swept_at = Some(now);
        }
        let campaigns = self.campaigns.all();
        self.spent.look(&store, &campaigns, &self.config.queue, now).await?;
        self.fitness.look(&store, &campaigns, now).await?;
        for campaign in campaigns.iter().filter(|one| one.state == CampaignState::Running) {
            worker.shares.set_weight(&campaign.tenant, self.config.queue.allowance(&campaign.tenant).weight);
        }
        worker.heads.fill(&store, &campaigns, now).await?;
        let (picked, again) = self.pick(worker);
        let deferred = worker.heads.take_deferred();
        if !deferred.is_empty() {
            store.defer(&deferred).await?;
        }
        let skipped = worker.heads.take_skipped();
        if !skipped.is_empty() {
            self.skip(&store, skipped).await?;
        }
        let expired = worker.heads.take_expired();
        if !expired.is_empty() {
            self.expire(&store, expired).await?;
        }
        if picked.is_empty() {
            return Ok(again);
        }
        let dialed = self.dial(&store, picked).await;
        self.under_way.round_took(began.elapsed());
        if dialed.is_err() {
            // Which claims were made is not known: the next sweep gives back what no call came of.
            worker.swept_at = None;
        }
        dialed.map(|()| Again::AtOnce)
    }

    /// Asks the gates about the heads until nobody may go.
    fn pick(&self, worker: &mut Worker) -> (Vec<Picked>, Again) {
        let (mut picked, mut again) = (Vec::new(), Again::WhenWoken);
        while picked.len() < ROUND {
            let now = self.clock.now();
            let heads = worker.heads.first_of_each();
            let mut judged: Vec<(Head, Closed)> = Vec::new();
            let (mut is_stale, mut is_held) = (false, false);
            let mut accounts = Vec::new();
            let next = worker
                .shares
                .pick(&heads, now, |head| {
                    // A gate that holds everybody may open while others are asked about: whose turn it is would lose it.
                    if is_held {
                        return false;
                    }
                    match self.gate_of_head(&worker.heads, head, &worker.paces, now) {
                        Ok(open) => {
                            accounts = open;
                            // Whose turn it is goes first, also if it has to be looked at again; and then all are who are
                            // next in line, so that a round is not made for each of them.
                            is_stale |= worker.heads.is_stale(head, now);
                            !is_stale
                        }
                        Err(closed) => {
                            is_held = closed.holds_everybody();
                            judged.push((head.clone(), closed));
                            false
                        }
                    }
                })
                .cloned();
            let mut is_worth_another_look = false;
            for (head, closed) in judged {
                let opens_at = closed.opens_at();
                is_worth_another_look |= worker.heads.was_closed(&head, closed, now);
                if let Some(at) = opens_at {
                    again = again.sooner(at);
                }
            }
            match next.and_then(|head| worker.heads.take(&head)) {
                Some(ready) => {
                    let campaign = ready.campaign.id;
                    match self.fit_out(worker, ready, &accounts, now) {
                        Ok(one) => {
                            self.spent.one_more(&one.ready.campaign, one.begins_at);
                            worker.paces.insert(campaign, one.begins_at);
                            picked.push(one);
                        }
                        Err(Unfit::Campaign) => worker.heads.block(campaign),
                    }
                }
                None if is_stale => {
                    again = Again::AtOnce;
                    break;
                }
                None if is_worth_another_look => {}
                None => break,
            }
        }
        if picked.len() == ROUND {
            again = Again::AtOnce;
        }
        (picked, again)
    }

    /// Campaigns that have nothing left to dial.
    async fn finish_campaigns(&self, store: &Store) -> Result<(), StoreError> {
        let may_end =
            |one: &Arc<StoredCampaign>| matches!(one.state, CampaignState::Running | CampaignState::Draining);
        let campaigns: Vec<_> = self.campaigns.all().into_iter().filter(may_end).collect();
        let ids: Vec<CampaignId> = campaigns.iter().map(|campaign| campaign.id).collect();
        let unfinished = store.unfinished(&ids).await?;
        for campaign in campaigns {
            if campaign.state == CampaignState::Running && unfinished.contains(&campaign.id) {
                continue;
            }
            if self.waits_for_more(&campaign) {
                continue;
            }
            let progress = store.progress(campaign.id).await?;
            let is_drained = campaign.state == CampaignState::Draining && progress.in_progress == 0;
            if progress.total() > 0 && (progress.is_finished() || is_drained) {
                let finish = |one: &mut StoredCampaign| {
                    one.state = one.state.after(Move::Finish)?;
                    Ok(())
                };
                match self.change_campaign(&campaign.tenant, campaign.id, finish).await {
                    Ok(_) => tracing::info!(campaign = %campaign.id, "campaign.finished"),
                    Err(error) => {
                        tracing::debug!(campaign = %campaign.id, %error, "campaign.not_finished_yet");
                    }
                }
            }
        }
        Ok(())
    }
}

impl Again {
    fn sooner(self, at: Timestamp) -> Self {
        match self {
            Self::AtOnce => Self::AtOnce,
            Self::At(known) => Self::At(known.min(at)),
            Self::WhenWoken => Self::At(at),
        }
    }
}
