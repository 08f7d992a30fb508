//! May a job go now? Gathers what the core's gates look at.

use super::heads::{Heads, Ready, WEEK, merged};
use super::under_way::Ahead;
use crate::engine::Inner;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;
use trunkline_core::campaign::Campaign;
use trunkline_core::dial::destination::Denied;
use trunkline_core::dial::earlier::Earlier;
use trunkline_core::dial::gates::{
    Candidate, Closed, Database, Lacking, LimitOf, Pace, Promised, Queued, SamePair, Server, Slots, Snapshot,
    Suppressed, admit_job, cps_opens_at, gap,
};
use trunkline_core::dial::pace;
use trunkline_core::id::{AccountId, AttemptNo, CampaignId, TenantId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::Address;
use trunkline_core::queue::{Head, JobState};

/// A store that is further behind, really, may not yet know that somebody is being called.
const MOST_LAG: Duration = Duration::from_secs(2);

impl Inner {
    /// Whether the job at a head may go, beside those that are on their way.
    pub(super) fn gate_of_head(
        &self,
        heads: &Heads,
        head: &Head,
        paces: &BTreeMap<CampaignId, Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<AccountId>, Closed> {
        let Some(ready) = heads.get(head) else { return Err(Closed::CatchingUp) };
        // A new worker knows of no pace: the store does.
        let dialed_at = paces.get(&ready.campaign.id).copied().max(self.spent.begun_at(ready.campaign.id));
        self.gate(ready, dialed_at, now)
    }

    /// Whether a job may go: through which of the accounts that could show one of its campaign's numbers.
    pub(super) fn gate(
        &self,
        ready: &Ready,
        campaign_dialed_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<AccountId>, Closed> {
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
        // Before the first attempt it is the time that the list said, and no retry.
        let is_first = job.attempt == AttemptNo::NONE && job.promised.is_none();
        let ahead = self.under_way.ahead_of(&job.tenant, campaign.id, &queued.number);
        let open = self.slots.of_campaign(campaign.id) + ahead.of_campaign;
        let campaign_slots = policy.pacing.concurrency.map(|limit| Slots { open, limit });
        let config = &self.config.queue;
        let paces: Vec<Pace> =
            self.paces_of(ready, campaign_dialed_at).map(|pace| self.sooner(pace)).collect();
        let caps = self.spent.caps(campaign, config);
        let zones = ready.zones().unwrap_or_default();
        // Each has limits and a pace of its own.
        let accounts = self.accounts_of_pool(&job.tenant, &policy.caller_ids.numbers, now);
        let queued_facts = Queued {
            destination: self.config.queue.destinations.permit(&to),
            database: Database::Here,
            campaign: Some(campaign.state.gate()),
            lacks: self.lacks(&campaign.tenant, policy),
            due: not_before.filter(|_| !is_first),
            promised: if job.promised.is_some() { Promised::Yes } else { Promised::No },
            window: ready.window(now),
            zones: &zones,
            by_others: &by_others,
            dedup_window: SignedDuration::from_secs(i64::from(policy.dedup_window_secs)),
            to_person: &to_person,
            budget: self.config.queue.budget,
            caps: &caps,
            circuit: self.circuit_of_pool(&job.tenant, &policy.caller_ids.numbers, now),
            campaign_slots,
            inbound_reserve: self.config.queue.inbound_reserve,
            paces: &paces,
        };
        let mut open = Vec::new();
        let mut first_closed = None;
        for account in accounts {
            let candidate =
                Candidate { account: account.clone(), not_before: not_before.filter(|_| is_first) };
            let snapshot = self.snapshot_for_job(ready, &account, &ahead, now);
            match admit_job(&candidate, &snapshot, &self.limits_of(&job.tenant), &queued_facts, now) {
                Ok(()) => open.push(account),
                Err(closed) => drop(first_closed.get_or_insert(closed)),
            }
        }
        match first_closed {
            Some(closed) if open.is_empty() => Err(closed),
            _ => Ok(open),
        }
    }

    /// What no call of the campaign can do without.
    fn lacks(&self, tenant: &TenantId, policy: &Campaign) -> Option<Lacking> {
        // A bot's campaign needs its script only where the bot can't go on, and then does with the one that is built in.
        if policy.bot.is_none() && self.scripts.current(Some(policy.script.as_str())).is_none() {
            return Some(Lacking::Script);
        }
        if policy.bot.is_some() && self.bot_of(tenant, policy).is_none() {
            return Some(Lacking::Bot);
        }
        self.shown_of_pool(tenant, &policy.caller_ids.numbers).is_empty().then_some(Lacking::CallerId)
    }

    /// Whether jobs are claimed at all. Nothing is before what was found at the start is in the store, or while it is far
    /// behind: it may not yet know that somebody is being called.
    pub(super) fn queue_gate(&self, now: Timestamp) -> Server {
        let lag = Duration::from_millis(self.projection.lag_ms(self.journal.durable(), now));
        match self.server_gate() {
            Server::Dialing if self.clock.really(lag) > MOST_LAG || !self.holds_lease() => Server::CatchingUp,
            gate => gate,
        }
    }

    /// The campaign's pace and the tenant's.
    fn paces_of(&self, ready: &Ready, campaign_dialed_at: Option<Timestamp>) -> impl Iterator<Item = Pace> {
        let pace = ready.campaign.policy.pacing.pace().map(|cps| Pace {
            of: LimitOf::Campaign,
            last_dial_at: campaign_dialed_at,
            cps,
        });
        pace.into_iter().chain(self.spent.pace(&ready.queued.job.tenant, &self.config.queue))
    }

    /// When a job that is picked now may begin, by the paces of its campaign and its tenant.
    pub(super) fn may_begin_at(
        &self,
        ready: &Ready,
        campaign_dialed_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Timestamp {
        let opens = |pace: Pace| cps_opens_at(pace.last_dial_at, pace.cps);
        self.paces_of(ready, campaign_dialed_at).filter_map(opens).fold(now, Timestamp::max)
    }

    /// A pace as it looks to those who pick ahead of it.
    fn sooner(&self, pace: Pace) -> Pace {
        let last_dial_at = pace.last_dial_at.map(|last| last.checked_sub(self.ahead_by()).unwrap_or(last));
        Pace { last_dial_at, ..pace }
    }

    /// So long before its turn a job may be picked and claimed.
    fn ahead_by(&self) -> SignedDuration {
        SignedDuration::try_from(self.clock.in_a(self.under_way.sets_out_before()))
            .unwrap_or(SignedDuration::ZERO)
    }

    /// When an attempt on the carrier account would have to have begun for the next one to be picked as soon as its turn, behind
    /// those on their way, is near. None if it is near now.
    fn last_dial_at(&self, account: &AccountId, now: Timestamp) -> Option<Timestamp> {
        let (last, cps) = (self.paces.lock().get(account).copied(), self.config.dial_limits.cps);
        let turn = pace::expected(last, cps, self.under_way.to_account(account), now);
        let opens_at = turn.checked_sub(self.ahead_by()).unwrap_or(turn);
        (opens_at > now).then(|| opens_at.checked_sub(gap(cps)).unwrap_or(opens_at))
    }

    /// What the gates look at, with those counted that are on their way.
    fn snapshot_for_job(
        &self,
        ready: &Ready,
        account: &AccountId,
        ahead: &Ahead,
        now: Timestamp,
    ) -> Snapshot {
        let (tenant, to) = (&ready.queued.job.tenant, &ready.queued.number);
        let from =
            ready.campaign.policy.caller_ids.numbers.iter().map(|number| Address::new(number.as_str()));
        let open = self.slots.count_of(tenant, account);
        let (all, mine) = (ahead.all, ahead.of_tenant);
        let is_open = from.into_iter().any(|from| self.slots.is_open(self.carriers.owner(&from), &from, to));
        Snapshot {
            system: open.system + all,
            carrier: open.account + self.under_way.to_account(account),
            tenant: open.tenant + mine,
            tenant_outbound: open.tenant_outbound + mine,
            live: u32::try_from(self.live.len()).unwrap_or(u32::MAX),
            last_dial_at: self.last_dial_at(account, now),
            suppressed: if self.suppressed.contains(tenant, to) { Suppressed::Yes } else { Suppressed::No },
            same_pair: if is_open || ahead.to_number > 0 { SamePair::Open } else { SamePair::None },
            server: self.server_gate(),
        }
    }
}
