//! What a bot and its caller said, as the call's page shows it.

use super::show::Time;
use super::texts::Texts;
use trunkline_core::call::{Call, EntryKind, Spoken, WordsState};

/// One entry.
pub(super) struct LineView {
    pub(super) id: u32,
    pub(super) at: Time,
    pub(super) who: String,
    pub(super) text: String,
    pub(super) note: Option<String>,
}

/// The transcript of a call, in the order in which it was said.
pub(super) fn of(t: Texts, call: &Call) -> Vec<LineView> {
    let entries = call.bot.iter().flat_map(|talk| &talk.entries);
    let lines = entries.map(|(no, entry)| {
        let (who, text, note) = match &entry.what {
            EntryKind::Bot(spoken) => ("said-bot", spoken.text.reveal().clone(), note(t, spoken)),
            EntryKind::Caller(spoken) => ("said-caller", spoken.text.reveal().clone(), note(t, spoken)),
            EntryKind::Keys { digits } => ("said-keys", digits.reveal().clone(), None),
            EntryKind::Tool(tool) => {
                let output = tool.output.as_ref().map(|output| output.reveal().clone());
                ("said-tool", format!("{} {}", tool.name, tool.arguments.reveal()), output)
            }
        };
        LineView { id: no.0, at: Time::new(entry.at), who: t.get(who), text, note }
    });
    lines.collect()
}

fn note(t: Texts, spoken: &Spoken) -> Option<String> {
    let state = match spoken.state {
        WordsState::Going => Some(t.get("said-going")),
        WordsState::Cut => Some(t.get("said-cut")),
        WordsState::Lost => Some(t.get("said-lost")),
        WordsState::Whole => None,
    };
    let waited = spoken.waited_ms.map(|ms| t.with("said-waited", "ms", &ms.to_string()));
    let notes: Vec<String> = [state, waited].into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join(" · "))
}
