mod parse;
mod progress;
mod spoken;
mod understood;

use super::{Caller, Cursor, Heard, Line, Page, Script, Then};

fn script(json: &str) -> Script {
    Script::parse(json.as_bytes(), "test".parse().unwrap()).unwrap()
}

fn named(name: &str) -> Caller {
    Caller { name: Some(name.to_owned()), ..Caller::default() }
}

/// What a person hears of a page.
fn words(page: &Page) -> String {
    let word = |line: &Line| match line {
        Line::Say(text) => text.clone(),
        Line::Play(url) => format!("♪{}", url.as_str()),
        Line::Pause(secs) => format!("({secs} s)"),
    };
    page.lines.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn spoken(script: &Script, step: u16, ask: u8) -> String {
    words(&script.open(&Caller::default(), Cursor { step, ask, repeat: 0 }))
}

fn keys(digits: &str) -> Heard {
    Heard { digits: Some(digits.to_owned()), ..Heard::default() }
}

fn says(speech: &str) -> Heard {
    Heard { speech: Some(speech.to_owned()), ..Heard::default() }
}

fn recording() -> Heard {
    Heard { recording: true, ..Heard::default() }
}

fn on_silence(page: &Page) -> Option<super::Next> {
    match &page.then {
        Then::Record(record) => Some(record.on_silence),
        Then::Keys(keys) => Some(keys.on_silence),
        Then::HangUp => None,
    }
}
