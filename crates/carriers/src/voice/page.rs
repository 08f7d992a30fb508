//! From a script's page to a voice document.
//!
//! Whatever is waited for, another verb follows: an empty recording makes no request at all, and an empty gather none
//! either, so silence would fall off the end of the document and hang up on the person.

use super::{
    Beep, Document, Gather, Input, Method, OnEmpty, Play, Prompt, Record, Redirect, Say, Trim, Verb,
};
use crate::callback::{Mint, Place};
use trunkline_core::script::{Keys, Line, Next, Page, Record as Recorded, Then, Wanted};

/// The document that performs this page on the leg whose URLs `mint` makes.
pub fn document(page: &Page, mint: &Mint<'_>) -> Document {
    let lines = page.lines.iter().map(|line| prompt(page, line));
    let verbs = match &page.then {
        Then::Record(recorded) => {
            lines.map(spoken).chain([record(recorded, mint), redirect(mint, recorded.on_silence)]).collect()
        }
        Then::Keys(keys) => vec![gather(page, keys, mint, lines.collect()), redirect(mint, keys.on_silence)],
        Then::HangUp => return closing(page),
    };
    Document::new(verbs)
}

/// The document that says this page's lines and hangs up, whatever the page would wait for: an apology, a goodbye.
pub fn closing(page: &Page) -> Document {
    Document::new(said(page).chain([Verb::Hangup]).collect())
}

/// What this page says, without what it waits for.
pub(super) fn said(page: &Page) -> impl Iterator<Item = Verb> {
    page.lines.iter().map(|line| spoken(prompt(page, line)))
}

/// The same, where keys are already taken meanwhile.
pub(super) fn prompts(page: &Page) -> Vec<Prompt> {
    page.lines.iter().map(|line| prompt(page, line)).collect()
}

fn prompt(page: &Page, line: &Line) -> Prompt {
    match line {
        Line::Say(text) => Prompt::Say(Say {
            text: text.clone(),
            voice: page.voice.clone(),
            language: Some(page.language.as_str().to_owned()),
            loops: None,
        }),
        Line::Play(url) => Prompt::Play(Play { url: url.as_str().to_owned(), loops: None }),
        Line::Pause(secs) => Prompt::Pause { secs: u16::from(*secs).max(1) },
    }
}

fn spoken(prompt: Prompt) -> Verb {
    match prompt {
        Prompt::Say(say) => Verb::Say(say),
        Prompt::Play(play) => Verb::Play(play),
        Prompt::Pause { secs } => Verb::Pause { secs },
    }
}

fn redirect(mint: &Mint<'_>, on_silence: Next) -> Verb {
    Verb::Redirect(Redirect { url: mint.voice(Place::Open(on_silence)), method: Method::Post })
}

fn record(recorded: &Recorded, mint: &Mint<'_>) -> Verb {
    Verb::Record(Box::new(Record {
        action: mint.voice(Place::Hear(recorded.at)),
        method: Method::Post,
        timeout_secs: u16::from(recorded.silence_secs).max(1),
        // The carrier wants more than one second.
        max_length_secs: recorded.max_secs.max(2),
        finish_on_key: recorded.finish_on_keys.iter().map(|key| key.as_char()).collect(),
        beep: if recorded.beep { Beep::Played } else { Beep::Omitted },
        trim: if recorded.trim { Trim::Silence } else { Trim::Nothing },
        status_callback: Some(mint.recording(recorded.at)),
        transcribe_callback: recorded.transcribe.then(|| mint.transcription(recorded.at)),
    }))
}

fn gather(page: &Page, keys: &Keys, mint: &Mint<'_>, prompts: Vec<Prompt>) -> Verb {
    Verb::Gather(Box::new(Gather {
        input: if keys.speech { Input::Both } else { Input::Keys },
        action: mint.voice(Place::Hear(keys.at)),
        method: Method::Post,
        timeout_secs: u16::from(keys.timeout_secs).max(1),
        num_digits: match keys.wanted {
            Wanted::Exactly(count) => Some(count.max(1)),
            Wanted::Any => None,
        },
        finish_on_key: keys.finish_on_key.map(|key| key.as_char().to_string()).unwrap_or_default(),
        language: Some(page.language.as_str().to_owned()),
        hints: keys.hints.clone(),
        on_empty: OnEmpty::FallsThrough,
        prompts,
    }))
}
