//! The policy of a campaign, as it is stored.

use super::caller_id::CallerIds;
use super::check::Fault;
use super::machine::Machine;
use super::retry::RetryPolicy;
use crate::bot::{Bot, BotName};
use crate::queue::Priority;
use crate::script::{Script, ScriptName, Template};
use crate::window::{CallingWindow, Zone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whom to reach and how. Whose it is, its id and its [`CampaignState`](super::CampaignState) are columns beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Campaign {
    /// What people call it.
    pub name: String,
    /// What is asked; where a bot talks, what goes on when its model is lost.
    pub script: ScriptName,
    /// Which bot talks, instead of the script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<BotName>,
    /// As which caller the calls are shown.
    pub caller_ids: CallerIds,
    /// At which hours people are called, by their own clock.
    #[serde(default)]
    pub window: CallingWindow,
    /// What comes after which end.
    #[serde(default)]
    pub retry: RetryPolicy,
    /// How urgent its jobs are.
    #[serde(default)]
    pub priority: Priority,
    /// How many calls at once, and how fast.
    #[serde(default)]
    pub pacing: Pacing,
    /// What happens when a machine answers.
    #[serde(default)]
    pub machine: Machine,
    /// Nobody is called whom another job or a single call reached within so many seconds.
    #[serde(default = "a_day")]
    pub dedup_window_secs: u32,
    /// Whether it is over when everybody was reached.
    #[serde(default, skip_serializing_if = "People::is_list")]
    pub people: People,
    /// A job that has waited so long for its first attempt is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub give_up_after_secs: Option<u32>,
    /// Whose midnight begins a day of the daily cap.
    #[serde(default = "Zone::utc")]
    pub zone: Zone,
}

/// Where a campaign's people come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum People {
    /// From a list: it is over when each was reached or given up.
    #[default]
    List,
    /// One at a time, as somebody asks for them: it goes on when everybody so far was reached.
    Singles,
}

impl People {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_list(&self) -> bool {
        *self == Self::List
    }
}

fn a_day() -> u32 {
    24 * 3_600
}

impl Campaign {
    /// A campaign of which nothing else is said.
    pub fn standard(name: String, script: ScriptName, caller_ids: CallerIds) -> Self {
        Self {
            name,
            script,
            bot: None,
            caller_ids,
            window: CallingWindow::default(),
            retry: RetryPolicy::default(),
            priority: Priority::default(),
            pacing: Pacing::default(),
            machine: Machine::default(),
            dedup_window_secs: a_day(),
            people: People::default(),
            give_up_after_secs: None,
            zone: Zone::utc(),
        }
    }

    /// The variables that its script, its bot and its message for machines speak of: what an import must find for each lead.
    pub fn variables(&self, script: Option<&Script>, bot: Option<&Bot>) -> BTreeSet<String> {
        let mut variables = script.map(Script::variables).unwrap_or_default();
        variables.extend(bot.iter().flat_map(|bot| bot.variables()));
        if let Machine::LeaveMessage { text } = &self.machine
            && let Ok(message) = Template::parse(text.as_str())
        {
            variables.extend(message.variables());
        }
        variables
    }
}

/// How many calls at once, and how fast. What is left out is bounded by the tenant's and the system's limits alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Pacing {
    /// Open calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// New calls per second; 0.1 is one in ten seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cps: Option<f64>,
    /// New calls per hour, spread evenly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
    /// New calls per day of the campaign's zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_cap: Option<u32>,
}

impl Pacing {
    /// New calls per second, by the slower of both paces.
    pub fn pace(&self) -> Option<f64> {
        let hourly = self.per_hour.map(|calls| f64::from(calls) / 3_600.0);
        match (self.cps, hourly) {
            (Some(cps), Some(hourly)) => Some(cps.min(hourly)),
            (cps, hourly) => cps.or(hourly),
        }
    }

    pub(super) fn check(&self, faults: &mut Vec<Fault>) {
        let counts = [
            ("pacing.concurrency", self.concurrency),
            ("pacing.per_hour", self.per_hour),
            ("pacing.daily_cap", self.daily_cap),
        ];
        for (field, count) in counts {
            if count == Some(0) {
                faults.push(Fault::new(
                    field,
                    "it is 0, so nobody would be called",
                    "1 or more, or leave it out",
                ));
            }
        }
        if self.cps.is_some_and(|cps| !(cps > 0.0 && cps <= 1_000.0)) {
            faults.push(Fault::new(
                "pacing.cps",
                "it is not a pace",
                "more than 0, at most 1000 calls per second",
            ));
        }
    }
}
