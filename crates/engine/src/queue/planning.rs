//! `campaign plan`: whom a campaign would call, played through in virtual time before anybody is called.

use super::campaigns::CampaignError;
use super::jobs::LeftOut;
use crate::desk::Desk;
use crate::engine::Inner;
use crate::intake::IntakeError;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_core::campaign::Campaign;
use trunkline_core::dial::gates::Closed;
use trunkline_core::id::{CampaignId, JobId, TenantId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::plan::{Assumptions, Plan, PlannedLead, Question, plan};
use trunkline_core::private::Address;
use trunkline_core::window::{NeverOpens, Opening, Zones};
use trunkline_store::Planned;

/// So many jobs are read at once.
const PAGE: u32 = 5_000;
/// So many who are skipped are named; the others are counted.
const NAMED: usize = 1_000;

/// A plan, and who is left out.
#[derive(Clone, Debug)]
pub struct Foreseen {
    /// What will become of the campaign.
    pub plan: Plan,
    /// Who will never be called and why; of many the first.
    pub skipped: Vec<(JobId, Address, Closed)>,
}

impl Desk {
    /// Plays a campaign through from a moment on: from now if none is given.
    ///
    /// # Errors
    /// `NotFound`; `Away`; `NoDatabase`.
    pub async fn plan_campaign(
        &self,
        id: CampaignId,
        assume: Assumptions,
        start: Option<Timestamp>,
    ) -> Result<Foreseen, CampaignError> {
        self.to_the_end(async move |inner, tenant| inner.plan_campaign(&tenant, id, assume, start).await)
            .await?
    }
}

impl Inner {
    async fn plan_campaign(
        self: Arc<Self>,
        tenant: &TenantId,
        id: CampaignId,
        assume: Assumptions,
        start: Option<Timestamp>,
    ) -> Result<Foreseen, CampaignError> {
        self.look_at_campaigns().await?;
        let campaign = self.campaign_of(tenant, id)?;
        let start = start.unwrap_or_else(|| self.clock.now());
        let (mut leads, mut skipped) = (Vec::new(), Vec::new());
        let mut openings = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.ask_queue(async |store| store.planned(id, after, PAGE).await).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.job);
            for one in page {
                let lead = self.planned(tenant, &campaign.policy, &one, start, &mut openings);
                if let Some(closed) = lead.closed.clone().filter(|_| skipped.len() < NAMED) {
                    skipped.push((one.job, one.number, closed));
                }
                leads.push(lead);
            }
        }
        let (this, limits) = (Arc::clone(&self), self.limits_of(tenant));
        let played = tokio::task::spawn_blocking(move || {
            let slots = limits.system.saturating_sub(this.config.queue.inbound_reserve);
            let question = Question {
                campaign: &campaign.policy,
                slots: slots.min(limits.carrier).min(limits.tenant).min(limits.tenant_outbound),
                cps: limits.cps,
                budget: this.config.queue.budget,
                assume,
                start,
            };
            plan(&question, leads)
        });
        let plan = played.await.map_err(|error| IntakeError::Failed(error.to_string()))?;
        Ok(Foreseen { plan, skipped })
    }

    fn planned(
        &self,
        tenant: &TenantId,
        policy: &Campaign,
        one: &Planned,
        start: Timestamp,
        openings: &mut BTreeMap<Zones, Option<NeverOpens>>,
    ) -> PlannedLead {
        let Ok(number) = PhoneNumber::from_e164(one.number.as_str()) else {
            let closed = Some(Closed::WindowNeverOpens { why: NeverOpens::UnknownZone });
            return PlannedLead { zones: Zones::default(), closed };
        };
        let zones = Zones::of_lead(&number, one.zone.as_ref());
        let never = *openings.entry(zones.clone()).or_insert_with_key(|zones| {
            match policy.window.open_at(zones, start) {
                Opening::Never(why) => Some(why),
                Opening::Open { .. } | Opening::OpensAt(_) => None,
            }
        });
        let closed = match self.may_call(tenant, &number) {
            Err(LeftOut::NotAllowed(why)) => Some(Closed::NotAllowed { why }),
            Err(_) => Some(Closed::Suppressed),
            Ok(()) => never.map(|why| Closed::WindowNeverOpens { why }),
        };
        PlannedLead { zones, closed }
    }
}
