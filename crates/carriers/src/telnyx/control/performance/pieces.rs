//! Long texts in pieces that Telnyx speaks, and how long each takes.

use crate::voice::{Gather, Play, Prompt, Record, Say, Verb};
use std::time::Duration;

/// More than this is spoken in pieces: Telnyx takes 3,000 characters.
const PIECE: usize = 2_500;
/// The slowest that anybody reads, in characters a second.
const SLOWEST: u64 = 6;

/// How long a text takes at most.
pub(super) fn spoken_in(text: &str) -> Duration {
    Duration::from_secs(u64::try_from(text.chars().count()).unwrap_or(u64::MAX) / SLOWEST)
}

/// The verb; a long text in pieces, cut between words.
pub(super) fn pieces(verb: &Verb) -> Vec<Verb> {
    match verb {
        Verb::Say(say) => {
            cut(&say.text).into_iter().map(|text| Verb::Say(Say { text, ..say.clone() })).collect()
        }
        Verb::Gather(gather) => {
            let prompts = gather.prompts.iter().flat_map(|prompt| match prompt {
                Prompt::Say(say) => {
                    let said = cut(&say.text).into_iter();
                    said.map(|text| Prompt::Say(Say { text, ..say.clone() })).collect()
                }
                Prompt::Play(Play { .. }) | Prompt::Pause { .. } => vec![prompt.clone()],
            });
            vec![Verb::Gather(Box::new(Gather { prompts: prompts.collect(), ..Gather::clone(gather) }))]
        }
        Verb::Record(record) => vec![Verb::Record(Box::new(Record::clone(record)))],
        other => vec![other.clone()],
    }
}

fn cut(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut length = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let chars = word.chars().count();
        if length > 0 && length + chars > PIECE {
            pieces.push(String::new());
            length = 0;
        }
        length += chars;
        if let Some(last) = pieces.last_mut() {
            last.push_str(word);
        }
    }
    pieces
}
