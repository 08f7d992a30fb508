//! After the whole run: no secret and no whole phone number stands in what the servers of all stories logged, measured and
//! answered. Stories leave it in a folder (`stories/day/left.rs`), beside the numbers that they had called.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell;

/// Where stories find the folder.
pub const FOLDER: &str = "TRUNKLINE_STORY_LEFTOVERS";
/// Keys and tokens that all stories share.
const SECRETS: [&str; 2] = ["tk_story-key-0123456789", "story-auth-token-0123456789"];
/// What begins a secret that a server made, and at least so many letters of it.
const BEGINNINGS: [&str; 2] = ["tk_", "whsec_"];
const SECRET_LETTERS: usize = 20;
/// A number has so many digits at least.
const DIGITS: usize = 10;
/// Fewer used numbers than these, and hardly a story was told.
const LEAST_USED: usize = 30;
const TOLD: usize = 20;

/// An empty folder for what this run leaves.
///
/// # Errors
/// It can't be made.
pub fn begin() -> Result<PathBuf> {
    let folder = shell::target().join("stories-left");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("can't empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    Ok(folder)
}

/// Looks through the folder.
///
/// # Errors
/// Something stands there that must not; or the look itself is worth nothing: what is planted is not found, or hardly
/// anything was left.
pub fn look(folder: &Path) -> Result<()> {
    let (mut used, mut files) = (BTreeSet::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        match path.extension().and_then(|kind| kind.to_str()) {
            Some("used") => used.extend(text.lines().filter_map(digits_of)),
            _ => files.push((path, text)),
        }
    }
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let kinds: BTreeSet<_> = files.iter().filter_map(|(path, _)| path.extension()?.to_str()).collect();
    if used.len() < LEAST_USED || !["log", "stderr", "answers"].iter().all(|kind| kinds.contains(kind)) {
        bail!("the canaries: {} numbers were used, and {kinds:?} left: hardly a story was told", used.len());
    }
    // The control: what would be told is found.
    let number = used.first().map_or("", String::as_str);
    for planted in [
        format!("to=+{number}"),
        format!("{{\"to\":\"{number}\"}}"),
        format!("key={}9", SECRETS[0]),
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".to_owned(),
    ] {
        if found(&planted, &used, Channel::Log).is_none() {
            bail!("the canaries: what was planted is not found");
        }
    }
    let mut hits = Vec::new();
    for (path, text) in &files {
        let channel = if path.extension().is_some_and(|kind| kind == "stdout") {
            Channel::Operator
        } else {
            Channel::Log
        };
        for (line, text) in (1..).zip(text.lines()) {
            hits.extend(found(text, &used, channel).map(|what| format!("{}:{line}: {what}", path.display())));
        }
    }
    if hits.is_empty() {
        println!(
            "\nthe canaries: none of {} numbers and no secret in {bytes} bytes of {} files",
            used.len(),
            files.len()
        );
        return Ok(());
    }
    hits.iter().take(TOLD).for_each(|hit| println!("{hit}"));
    bail!("the canaries: {} lines tell what they must not", hits.len())
}

/// Who reads what a server writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Channel {
    /// Whoever keeps logs.
    Log,
    /// Who starts it: there it prints its first key, once.
    Operator,
}

/// What of a line must not be there, without a word of it.
fn found(line: &str, used: &BTreeSet<String>, channel: Channel) -> Option<&'static str> {
    // As addresses write it.
    let line = &line.replace("%2B", "+").replace("%2b", "+");
    if SECRETS.iter().any(|secret| line.contains(secret)) {
        return Some("a secret");
    }
    let is_made = |beginning: &str| {
        line.match_indices(beginning).any(|(at, _)| {
            let letters = line[at + beginning.len()..].bytes();
            letters.take_while(|letter| letter.is_ascii_alphanumeric() || b"+/_-".contains(letter)).count()
                >= SECRET_LETTERS
        })
    };
    if channel == Channel::Log && BEGINNINGS.iter().any(|beginning| is_made(beginning)) {
        return Some("a secret");
    }
    let after_plus =
        line.split('+').skip(1).any(|rest| rest.bytes().take_while(u8::is_ascii_digit).count() >= DIGITS);
    let words = line.split(|letter: char| !letter.is_ascii_alphanumeric());
    if after_plus || words.filter(|word| word.len() >= DIGITS).any(|word| used.contains(word)) {
        return Some("a phone number");
    }
    None
}

/// The digits of a number, if it has enough of them.
fn digits_of(number: &str) -> Option<String> {
    let digits = number.strip_prefix('+')?;
    (digits.len() >= DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_and_secrets_are_found_and_what_is_masked_is_not() {
        let used: BTreeSet<String> = ["15550100123".to_owned()].into();
        for line in [
            "number=+15550100123",
            "number=+972541234567 gone",
            "to=15550100123,",
            "url=/x?to=%2B15550100123",
            "key=tk_story-key-0123456789abc",
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "secret tk_0123456789abcdefghijklmnop",
        ] {
            assert!(found(line, &used, Channel::Log).is_some(), "{line}");
        }
        for line in [
            "number=+1555…23",
            "call=019c1a2b-15550100123abc",
            "at=2026-03-01T00:00:00+00:00 took=15550100124",
            "whsec_…",
            "tk_short",
        ] {
            assert!(found(line, &used, Channel::Log).is_none(), "{line}");
        }
        assert!(found("key: tk_0123456789abcdefghijklmnop", &used, Channel::Operator).is_none());
    }
}
