//! The documents of a live call beside its script: waiting, and being handed to somebody else.

use super::page::{prompts, said};
use super::{Dial, Document, Gather, Input, Loops, Method, OnEmpty, Play, Redirect, Verb};
use crate::callback::{Mint, Place};
use trunkline_core::call::{Transfer, TransferMode};
use trunkline_core::id::ActionNo;
use trunkline_core::script::{AudioUrl, Page};

/// Between two times that somebody on hold without music is told to wait, in seconds.
const SILENCE_SECS: u16 = 15;
/// How long somebody may think about whether they take a call, each of two times, in seconds.
const CONSENT_SECS: u16 = 10;

/// Somebody waits: with music, or with words and a silence between. It ends in itself, so that it never falls silent and
/// hangs up.
pub fn hold(words: &Page, music: Option<&AudioUrl>, again: Place, mint: &Mint<'_>) -> Document {
    let again = Verb::Redirect(Redirect { url: mint.voice(again), method: Method::Post });
    match music {
        Some(url) => {
            let music = Play { url: url.as_str().to_owned(), loops: Some(Loops::Endless) };
            Document::new(vec![Verb::Play(music), again])
        }
        None => Document::new(said(words).chain([Verb::Pause { secs: SILENCE_SECS }, again]).collect()),
    }
}

/// Somebody else is dialed, and the two talk. What comes after is asked of us.
pub fn transfer(
    words: &Page,
    to: &Transfer,
    time_limit_secs: u32,
    no: ActionNo,
    mint: &Mint<'_>,
) -> Document {
    let dial = dialed(to, time_limit_secs, no, mint);
    Document::new(said(words).chain([Verb::Dial(Box::new(dial))]).collect())
}

/// How somebody is dialed to whom a call is handed.
pub fn dialed(to: &Transfer, time_limit_secs: u32, no: ActionNo, mint: &Mint<'_>) -> Dial {
    Dial {
        number: to.to.as_str().to_owned(),
        caller_id: Some(to.from.as_str().to_owned()).filter(|number| !number.is_empty()),
        action: Some(mint.voice(Place::Transferred(no))),
        method: Method::Post,
        timeout_secs: u16::try_from(to.ring_timeout_secs).unwrap_or(600),
        time_limit_secs: Some(time_limit_secs),
        status_callback: Some(mint.child_status(no)),
        asked_first: match to.mode {
            TransferMode::Blind => None,
            TransferMode::Attended => Some(mint.voice(Place::Consult(no))),
        },
    }
}

/// Somebody is asked whether they take a call, twice. Who says nothing, as an answering machine does, is hung up on: the call
/// goes back to where it was.
pub fn consult(words: &Page, no: ActionNo, mint: &Mint<'_>) -> Document {
    let ask = |prompts| {
        Verb::Gather(Box::new(Gather {
            input: Input::Keys,
            action: mint.voice(Place::Consulted(no)),
            method: Method::Post,
            timeout_secs: CONSENT_SECS,
            num_digits: Some(1),
            finish_on_key: String::new(),
            language: None,
            hints: Vec::new(),
            on_empty: OnEmpty::FallsThrough,
            prompts,
        }))
    };
    let again = prompts(words);
    Document::new(vec![ask(again.clone()), ask(again), Verb::Hangup])
}

/// Whoever was asked takes the call: their page is over, and the carrier connects the two.
pub fn join() -> Document {
    Document::default()
}
