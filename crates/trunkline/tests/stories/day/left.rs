//! What the servers of all stories of a run leave: their logs, what they measured and refused, and whom they were told to call.
//! `cargo xtask test` names the folder, and looks through it for secrets and whole phone numbers when everything has been told.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The folder, if somebody wants to look.
fn folder() -> Option<PathBuf> {
    std::env::var_os("TRUNKLINE_STORY_LEFTOVERS").map(PathBuf::from)
}

fn append(folder: &Path, kind: &str) -> File {
    let path = folder.join(format!("{}.{kind}", std::process::id()));
    File::options().create(true).append(true).open(path).unwrap()
}

/// Where servers of this process log.
pub fn log() -> Option<File> {
    folder().map(|folder| append(&folder, "log"))
}

/// Keeps what a process has written until now; of one day the last copy holds all.
pub fn written(by: &Path) {
    let Some(folder) = folder() else { return };
    let day = by.file_name().unwrap().to_string_lossy();
    for channel in ["stdout", "stderr"] {
        // A day that is over may have taken its folder along.
        let _ = fs::copy(by.join(channel), folder.join(format!("{}-{day}.{channel}", std::process::id())));
    }
}

/// Keeps what was measured, and what was refused in which words.
pub fn answered(body: &[u8]) {
    line("answers", &String::from_utf8_lossy(body));
}

/// Keeps a number that a server was told to call: it must be found nowhere else.
pub fn used(number: &str) {
    line("used", number);
}

fn line(kind: &str, text: &str) {
    // One line of one story is not torn by another's.
    static TURN: Mutex<()> = Mutex::new(());
    let Some(folder) = folder() else { return };
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    writeln!(append(&folder, kind), "{text}").unwrap();
}
