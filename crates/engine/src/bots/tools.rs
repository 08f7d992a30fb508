//! What a bot may ask for: the one door between what a model wants and what is done.
//!
//! The asking is durable before it comes here, and the answer before the model has it. A model has no authority: what it may
//! have done is decided from the call, never from its words.

use crate::appointments::ToolsOf;
use crate::engine::Inner;
use crate::live::Handle;
use std::sync::Arc;
use trunkline_core::appointment::Appointment;
use trunkline_core::bot::{Asked, Bot, Effect, Spent, Tools};
use trunkline_core::bridge::{Then, ToolAnswer};
use trunkline_core::call::{Call, EntryKind};
use trunkline_core::id::ToolCallId;
use trunkline_core::private::Private;

/// A tool that was asked for.
pub(crate) struct AskedTool {
    /// The model's name of it.
    pub id: String,
    /// Which tool, as the model wrote it.
    pub name: String,
    /// With what, as the model wrote it.
    pub arguments: String,
}

impl Inner {
    /// Does what a bot asks for in this call, as far as it may, and says what the model is told.
    pub(super) async fn use_tool(self: &Arc<Self>, handle: &Handle, asked: AskedTool) -> ToolAnswer {
        let call = handle.lock().call.clone();
        let asked = Asked {
            id: ToolCallId::new(asked.id),
            name: asked.name,
            arguments: Private::new(asked.arguments),
        };
        let (Some(talk), Some(bot)) = (&call.bot, self.bot_in(&call)) else {
            let output = r#"{"done":false,"why":"failed"}"#.to_owned();
            return ToolAnswer { id: asked.id.to_string(), output, did: None, then: Then::GoOn };
        };
        let (tools, about) = (talk.tools(), talk.appointment());
        let answered = self.rule_on(&self.tools_of(&call, &bot, &tools, about.as_ref()), &asked).await;
        let then = match &answered.did {
            Effect::End { .. } => Then::HangUp,
            Effect::Transfer { .. } => Then::HandOver,
            _ => Then::GoOn,
        };
        let output = answered.says.reveal().clone();
        ToolAnswer { id: asked.id.to_string(), output, did: Some(Box::new(answered.did)), then }
    }

    /// The call as its tools see it.
    pub(super) fn tools_of<'a>(
        &self,
        call: &'a Call,
        bot: &'a Bot,
        tools: &'a Tools,
        about: Option<&'a Appointment>,
    ) -> ToolsOf<'a> {
        let (now, talk) = (self.clock.now(), call.bot.as_ref());
        let began =
            talk.and_then(|talk| talk.streams.values().filter_map(|stream| stream.connected_at).min());
        let seconds = began.map_or(0, |began| now.duration_since(began).as_secs().max(0));
        let turns = talk.map_or(0, |talk| {
            talk.entries.values().filter(|entry| matches!(entry.what, EntryKind::Bot(_))).count()
        });
        let spent = Spent {
            seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
            turns: u32::try_from(turns).unwrap_or(u32::MAX),
        };
        ToolsOf {
            call: call.id,
            tenant: &call.tenant,
            bot,
            phone: call.party.person(call.direction),
            name: call.party.name.as_ref(),
            about,
            tools,
            spent,
        }
    }
}
