//! The page about the log names every tag that a line can begin with, and no other.
#![allow(clippy::unwrap_used, reason = "a test that can't read the sources has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// `part.what`, as a line of the log begins.
fn tag(text: &str) -> Option<&str> {
    let tag = text.split(':').next()?;
    let words: Vec<&str> = tag.split('.').collect();
    let is_word =
        |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (words.len() == 2 && words.iter().all(is_word)).then_some(tag)
}

/// The tags of every `tracing` macro in a source: the last text of its arguments is the line.
fn logged(source: &str) -> BTreeSet<String> {
    let mut tags = BTreeSet::new();
    for level in ["error", "warn", "info", "debug"] {
        for (at, start) in source.match_indices(&format!("tracing::{level}!(")) {
            let rest = &source[at + start.len()..];
            let arguments = &rest[..rest.find(");").unwrap_or(rest.len())];
            tags.extend(arguments.split('"').skip(1).step_by(2).filter_map(tag).map(str::to_owned));
        }
    }
    tags
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_page_about_the_log_names_every_tag_and_no_other() {
    let mut files = Vec::new();
    for krate in std::fs::read_dir(root().join("crates")).unwrap() {
        sources(&krate.unwrap().path().join("src"), &mut files);
    }
    let logged: BTreeSet<String> =
        files.iter().flat_map(|file| logged(&std::fs::read_to_string(file).unwrap())).collect();
    let page = std::fs::read_to_string(root().join("docs/logs.md")).unwrap();
    let named: BTreeSet<String> =
        page.split('`').skip(1).step_by(2).filter_map(tag).map(str::to_owned).collect();
    assert!(logged.len() > 60, "the sources are not where they were");
    assert_eq!(logged.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new(), "not on the page");
    assert_eq!(named.difference(&logged).collect::<Vec<_>>(), Vec::<&String>::new(), "in no source");
}
