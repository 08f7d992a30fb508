//! Where recordings are kept, for how long, and what is written of them.

mod bucket;
pub mod hook;
mod retention;
mod transcription;

use reqwest::Method;

use crate::day::{Answer, Day, KEY};

/// How many whole recordings lie in the folder.
fn in_folder(day: &Day) -> usize {
    let is_whole = |file: &std::fs::DirEntry| file.path().extension().is_some_and(|end| end == "wav");
    let files = std::fs::read_dir(day.folder().join("recordings"));
    files.map_or(0, |files| files.map_while(Result::ok).filter(is_whole).count())
}

/// The first recording of a call, in part.
fn part(day: &Day, call: &str, range: &str) -> Answer {
    let path = format!("/api/calls/{call}/recordings/0");
    day.send(day.ask(Method::GET, &path).bearer_auth(KEY).header("Range", range))
}
