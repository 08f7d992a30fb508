//! A voice bot: what it is, what its model is told, what it may do in a call, and what came of it.
//!
//! In go a bot's file ([`Bot::parse`]), what the call is about ([`Sight`]), and each tool that the model asks for
//! ([`Asked`]); out come the words that a session begins with ([`brief`]), one decision for each tool ([`decide`]), and the
//! call's outcome ([`outcome`]). The model has no authority of its own: it asks, and this room rules. What it says it is
//! allowed to do, or whose appointment it says it means, is never looked at.
//!
//! ```text
//!   model asks ──► Asked ──► decide(case) ──► Ruling::Answered ────────────────────────► back to the model
//!                                        └──► Ruling::Ask(claim) ──► store ──► settle ──┘
//! ```
//!
//! Promises: the caller's own appointment and nobody else's; one booking a call; free times alone; numbers of the list
//! alone; the same tool call twice is answered once; nothing after the limits but the end. The outcome is folded from what tools did and how
//! the call ended, never from words.
//!
//! Left to others: wires, sound and time limits of silence (the bridge), rows (store), which bot answers what (engine).
//!
//! To add a tool: a variant of [`Tool`], its arguments and schema in `tool.rs`, its arm in `decide.rs`, what it means for
//! the outcome in `outcome.rs`. The compiler names the places.

mod answer;
mod brief;
mod decide;
mod file;
mod name;
mod outcome;
mod said;
#[cfg(test)]
mod tests;
mod tool;

pub use answer::{Answered, Effect, Refusal, Tools};
pub use brief::brief;
pub use decide::{
    Calendar, Case, Claim, ClaimKind, Diary, Ruling, Settled, Sight, Spent, decide, is_somebodys, settle,
};
pub use name::{BadBotName, BotName, BotVersion};
pub use outcome::{Ending, outcome};
pub use tool::{Asked, AtTime, EndReason, Tool, Wish};

use crate::bridge::ToolSpec;
use crate::id::TenantId;
use crate::phone::PhoneNumber;
use crate::script::{Caller, Language, ScriptName, Template};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A bot, complete: what its file left open is filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bot {
    /// What it is called when a call is placed.
    pub name: BotName,
    /// Which text of it: a live call goes on with the version it began with.
    pub version: BotVersion,
    /// Whose it is; everybody's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// For pages and lists; never spoken.
    pub title: String,
    /// What it speaks.
    pub language: Language,
    /// The model's name of a voice; the model's own choice if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// What it is to do, in words for the model.
    pub instructions: Template,
    /// Said first, so that nobody takes it for a person.
    pub disclosure: String,
    /// Said after that, to somebody whose appointment is known.
    pub greeting: Template,
    /// Said to anybody else; the greeting if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting_unknown: Option<Template>,
    /// What it may ask for.
    pub tools: BTreeSet<Tool>,
    /// To whom it may hand a call.
    #[serde(default)]
    pub transfer_to: Vec<Person>,
    /// How much of everything.
    pub limits: Limits,
    /// Whether its talks are recorded, as they are heard. Its disclosure says so.
    #[serde(default)]
    pub records: bool,
    /// What is asked when the model is lost; the server's default script if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_script: Option<ScriptName>,
}

/// Somebody to whom calls may be handed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Person {
    /// What the model calls them.
    pub name: String,
    /// Their number, in E.164.
    pub number: PhoneNumber,
}

/// How much of everything a call may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// How long the bot talks, in seconds.
    pub seconds: u32,
    /// How often it speaks.
    pub turns: u32,
    /// How often it asks for a tool.
    pub tool_calls: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seconds: 600, turns: 60, tool_calls: 20 }
    }
}

impl Bot {
    /// What is said first: that it is a bot, then the greeting.
    pub fn opening(&self, caller: &Caller, is_known: bool) -> String {
        let other = self.greeting_unknown.as_ref().filter(|_| !is_known);
        let greeting = other.unwrap_or(&self.greeting).render(caller);
        format!("{} {greeting}", self.disclosure).trim().to_owned()
    }

    /// The variables that its words speak of: what a list must have for everybody in it.
    pub fn variables(&self) -> BTreeSet<String> {
        let words = [Some(&self.instructions), Some(&self.greeting), self.greeting_unknown.as_ref()];
        words.into_iter().flatten().flat_map(Template::variables).collect()
    }

    /// Whether a tenant may use it.
    pub fn is_for(&self, tenant: &TenantId) -> bool {
        self.tenant.as_ref().is_none_or(|own| own == tenant)
    }

    /// The tools as the model is told of them.
    pub fn functions(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|tool| tool.spec(&self.transfer_to)).collect()
    }
}
