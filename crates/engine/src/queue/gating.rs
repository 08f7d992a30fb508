//! May a job go now? Gathers what the core's gates look at.

use super::dialing::Picked;
use super::heads::{Heads, Ready, WEEK, merged};
use crate::engine::Inner;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use trunkline_core::campaign::Campaign;
use trunkline_core::dial::destination::Denied;
use trunkline_core::dial::earlier::Earlier;
use trunkline_core::dial::gates::{
    Candidate, Closed, Database, Lacking, LimitOf, Pace, Promised, Queued, SamePair, Server, Slots, Snapshot,
    Suppressed, admit_job,
};
use trunkline_core::id::{AttemptNo, CampaignId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::Address;
use trunkline_core::queue::{Head, JobState};

/// A store that is further behind may not yet know that somebody is being called.
const MOST_LAG_MS: u64 = 2_000;

impl Inner {
    /// Whether the job at a head may go, beside those that were picked already in this round.
    pub(super) fn gate_of_head(
        &self,
        heads: &Heads,
        head: &Head,
        picked: &[Picked],
        paces: &BTreeMap<CampaignId, Timestamp>,
        now: Timestamp,
    ) -> Result<(), Closed> {
        let Some(ready) = heads.get(head) else { return Err(Closed::CatchingUp) };
        // A new worker knows of no pace: the store does.
        let dialed_at = paces.get(&ready.campaign.id).copied().max(self.spent.begun_at(ready.campaign.id));
        self.gate(ready, picked, dialed_at, now)
    }

    /// Whether a job may go.
    pub(super) fn gate(
        &self,
        ready: &Ready,
        picked: &[Picked],
        campaign_dialed_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), Closed> {
        let Ready { queued, campaign, .. } = ready;
        let (job, policy) = (&queued.job, &campaign.policy);
        let Ok(parsed) = PhoneNumber::parse(queued.number.as_str(), None) else {
            return Err(Closed::NotAllowed { why: Denied::Prefix });
        };
        let to = parsed.number;
        let earlier = merged(&ready.earlier, self.persons.of(&job.tenant, &queued.number));
        let within = |since: Timestamp| move |one: &&trunkline_store::EarlierCall| one.earlier.at >= since;
        let week_ago = now.checked_sub(WEEK).unwrap_or(Timestamp::MIN);
        let to_person: Vec<Earlier> =
            earlier.iter().filter(within(week_ago)).map(|one| one.earlier).collect();
        let by_others: Vec<Earlier> =
            earlier.iter().filter(|one| one.job != Some(job.id)).map(|one| one.earlier).collect();
        let not_before = match &job.state {
            JobState::Waiting { not_before, .. } => *not_before,
            _ => None,
        };
        // Before the first attempt it is the time that was asked for, and no retry.
        let is_first = job.attempt == AttemptNo::NONE;
        let of_campaign = |one: &&Picked| one.ready.campaign.id == campaign.id;
        let planned = u32::try_from(picked.iter().filter(of_campaign).count()).unwrap_or(u32::MAX);
        let campaign_slots = policy
            .pacing
            .concurrency
            .map(|limit| Slots { open: self.slots.of_campaign(campaign.id) + planned, limit });
        let pace = policy.pacing.pace().map(|cps| Pace {
            of: LimitOf::Campaign,
            last_dial_at: campaign_dialed_at,
            cps,
        });
        let config = &self.config.queue;
        let paces: Vec<Pace> = pace.into_iter().chain(self.spent.pace(&job.tenant, config)).collect();
        let caps = self.spent.caps(campaign, config);
        let queued_facts = Queued {
            destination: self.config.queue.destinations.permit(&to),
            database: Database::Here,
            campaign: Some(campaign.state.gate()),
            lacks: self.lacks(policy),
            due: not_before.filter(|_| !is_first),
            promised: if job.promised.is_some() { Promised::Yes } else { Promised::No },
            window: ready.window(now),
            by_others: &by_others,
            dedup_window: SignedDuration::from_secs(i64::from(policy.dedup_window_secs)),
            to_person: &to_person,
            budget: self.config.queue.budget,
            caps: &caps,
            circuit: self.fitness.circuit(),
            campaign_slots,
            inbound_reserve: self.config.queue.inbound_reserve,
            paces: &paces,
        };
        let candidate =
            Candidate { account: self.account.clone(), not_before: not_before.filter(|_| is_first) };
        let snapshot = self.snapshot_for_job(ready, picked);
        admit_job(&candidate, &snapshot, &self.config.dial_limits, &queued_facts, now)
    }

    /// What no call of the campaign can do without.
    fn lacks(&self, policy: &Campaign) -> Option<Lacking> {
        if self.scripts.current(Some(policy.script.as_str())).is_none() {
            return Some(Lacking::Script);
        }
        policy.caller_ids.numbers.is_empty().then_some(Lacking::CallerId)
    }

    /// Whether jobs are claimed at all. Nothing is before what was found at the start is in the store, or while it is far
    /// behind: it may not yet know that somebody is being called.
    pub(super) fn queue_gate(&self, now: Timestamp) -> Server {
        match self.server_gate() {
            Server::Dialing if self.projection.lag_ms(self.journal.durable(), now) > MOST_LAG_MS => {
                Server::CatchingUp
            }
            gate => gate,
        }
    }

    /// What the gates look at, with those counted that were picked already in this round.
    fn snapshot_for_job(&self, ready: &Ready, picked: &[Picked]) -> Snapshot {
        let (tenant, to) = (&ready.queued.job.tenant, &ready.queued.number);
        let from =
            ready.campaign.policy.caller_ids.numbers.iter().map(|number| Address::new(number.as_str()));
        let open = self.slots.count_of(tenant, &self.account);
        let all = u32::try_from(picked.len()).unwrap_or(u32::MAX);
        let mine = picked.iter().filter(|one| one.ready.queued.job.tenant == *tenant).count();
        let mine = u32::try_from(mine).unwrap_or(u32::MAX);
        let is_picked = picked.iter().any(|one| one.ready.queued.number == *to);
        let is_open = from.into_iter().any(|from| self.slots.is_open(&self.account, &from, to));
        Snapshot {
            system: open.system + all,
            carrier: open.account + all,
            tenant: open.tenant + mine,
            tenant_outbound: open.tenant_outbound + mine,
            live: u32::try_from(self.live.len()).unwrap_or(u32::MAX),
            last_dial_at: self.paces.lock().get(&self.account).copied(),
            suppressed: if self.suppressed.contains(tenant, to) { Suppressed::Yes } else { Suppressed::No },
            same_pair: if is_open || is_picked { SamePair::Open } else { SamePair::None },
            server: self.server_gate(),
        }
    }
}
