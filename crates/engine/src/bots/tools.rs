//! What a bot may ask for: the one door between what a model wants and what is done.
//!
//! The asking is durable before it comes here, and the answer before the model has it. A model has no authority: what it may
//! have done is decided from the call, never from its words.

use crate::engine::Inner;
use crate::live::Handle;
use std::sync::Arc;
use trunkline_core::bridge::{Then, ToolAnswer};
use trunkline_core::call::EntryNo;

/// A tool that was asked for.
pub(crate) struct AskedTool {
    /// Where the asking stands in the call's transcript.
    pub entry: EntryNo,
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
        let call = handle.lock().call.id;
        tracing::info!(%call, entry = asked.entry.0, bytes = asked.arguments.len(), "bot.tool");
        let answer =
            |output: &str, then| ToolAnswer { id: asked.id.clone(), output: output.to_owned(), then };
        match asked.name.as_str() {
            "end_call" => answer(r#"{"ok":true}"#, Then::HangUp),
            _ => answer(r#"{"error":"unknown_tool"}"#, Then::GoOn),
        }
    }
}
