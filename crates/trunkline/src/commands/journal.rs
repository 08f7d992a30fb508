//! `trunkline journal`: the journal as people read it, its check, and its repair, which is a person's decision.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;
use trunkline_engine::RecordReader;
use trunkline_journal::keys::KeyRing;
use trunkline_journal::{Cat, FileError, Lsn, OpenError, Options, Verdict, Verification, repair, verify};

use super::settings;
use crate::cli::{Journal, JournalAt};
use crate::exit::{Exit, Failure, chain};
use crate::terminal::{Form, complain, say, say_json};
use crate::wiring::journal_options;

const KEYS: &str = "persons.keys";

/// Reads, checks or repairs.
pub(super) fn run(command: Journal) -> Result<Exit, Failure> {
    match command {
        Journal::Cat { at, after, sealed } => {
            let personal = if sealed { Personal::Sealed } else { Personal::Opened };
            cat(&Place::of(at)?, Lsn::new(after), personal)
        }
        Journal::Verify { at, json } => check(&Place::of(at)?, Form::of(json)),
        Journal::Repair { at, yes: false } => plan_repair(&Place::of(at)?),
        Journal::Repair { at, yes: true } => mend(&Place::of(at)?),
    }
}

/// How personal fields are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Personal {
    /// Opened, where there is a key.
    Opened,
    /// As they stand in the file.
    Sealed,
}

/// Where a journal is, and how it is kept.
struct Place {
    journal: PathBuf,
    options: Options,
}

impl Place {
    fn of(at: JournalAt) -> Result<Self, Failure> {
        let settings = settings(*at.settings)?;
        let folder = at.folder.unwrap_or_else(|| settings.server.data_dir.clone());
        let inner = folder.join("journal");
        let journal = if inner.is_dir() { inner } else { folder };
        if !journal.is_dir() {
            let message = format_args!("there is no journal in {}", journal.display());
            return Err(Failure::new(Exit::Failed, message));
        }
        Ok(Self { journal, options: journal_options(&settings) })
    }

    /// The keys beside the journal, as they are now. A server may be writing them: a copy is opened, since opening
    /// mends a torn end.
    fn keys(&self) -> Result<Option<(KeyRing, TempDir)>, Failure> {
        let Some(path) = self.journal.parent().map(|folder| folder.join(KEYS)).filter(|path| path.is_file())
        else {
            return Ok(None);
        };
        let failed = |error: std::io::Error| Failure::while_doing("cannot read the keys", &error);
        let copies = tempfile::tempdir().map_err(failed)?;
        let copy = copies.path().join(KEYS);
        fs::copy(&path, &copy).map_err(failed)?;
        let keys = KeyRing::open(&copy).map_err(|error| Failure::new(Exit::Damaged, chain(&error)))?;
        Ok(Some((keys, copies)))
    }
}

fn cat(place: &Place, after: Lsn, personal: Personal) -> Result<Exit, Failure> {
    let keys = match personal {
        Personal::Opened => place.keys()?,
        Personal::Sealed => None,
    };
    // The copy of the keys lives as long as they are used.
    let (keys, _copies) = keys.map_or((None, None), |(keys, copies)| (Some(keys), Some(copies)));
    let reader = RecordReader::new(keys);
    let mut exit = Exit::Fine;
    for record in Cat::open(&place.journal, after).map_err(|error| unreadable(&error))? {
        match record {
            Ok(record) => say_json(&reader.read(&record)),
            Err(error) => {
                complain(&chain(&error));
                exit = Exit::Damaged;
            }
        }
    }
    Ok(exit)
}

fn check(place: &Place, form: Form) -> Result<Exit, Failure> {
    let found = verify(&place.journal).map_err(|error| unreadable(&error))?;
    match form {
        Form::Json => say_json(&as_json(&found)),
        Form::Text => tell(&found, &place.journal),
    }
    Ok(if found.is_sound() { Exit::Fine } else { Exit::Damaged })
}

fn tell(found: &Verification, journal: &Path) {
    for segment in &found.segments {
        say(&format!("{}: {} records, {} bytes", segment.file.display(), segment.records, segment.bytes));
    }
    for finding in &found.findings {
        match finding.verdict {
            Verdict::Damaged => say(&format!("DAMAGED: {}", finding.damage)),
            Verdict::Torn => say(&format!("torn end, which the next start cuts: {}", finding.damage)),
        }
    }
    let segments = found.segments.len();
    match found.is_sound() {
        true => say(&format!("{segments}/{segments} segments are sound, {} records.", found.records())),
        false => say(&format!(
            "The journal is damaged. To cut it there: trunkline journal repair {}",
            journal.display()
        )),
    }
}

fn as_json(found: &Verification) -> serde_json::Value {
    let findings: Vec<_> = found
        .findings
        .iter()
        .map(|finding| {
            let damage = &finding.damage;
            json!({
                "verdict": finding.verdict, "file": damage.file, "offset": damage.offset,
                "flaw": damage.flaw.to_string(),
            })
        })
        .collect();
    json!({
        "sound": found.is_sound(), "records": found.records(), "segments": found.segments,
        "checkpoints": found.checkpoints, "findings": findings,
    })
}

/// Tells what a repair would do.
fn plan_repair(place: &Place) -> Result<Exit, Failure> {
    let found = verify(&place.journal).map_err(|error| unreadable(&error))?;
    tell(&found, &place.journal);
    if found.is_sound() {
        say("Nothing is to be repaired.");
        return Ok(Exit::Fine);
    }
    say("What was acknowledged behind the damage would be lost to the server; it is set aside, not deleted.");
    say("Make a copy of the folder first. Then, to do it, run the same with --yes.");
    Ok(Exit::Damaged)
}

/// Repairs.
fn mend(place: &Place) -> Result<Exit, Failure> {
    let repaired = repair(&place.journal, &place.options).map_err(|error| match &error {
        OpenError::Locked(_) => Failure::new(Exit::Failed, format_args!("{error}; stop the server first")),
        _ => Failure::new(Exit::Damaged, chain(&error)),
    })?;
    let Some(repaired) = repaired else {
        say("Nothing is damaged; nothing was changed.");
        return Ok(Exit::Fine);
    };
    say(&format!("Cut: {}. The last record that is kept is {}.", repaired.damage, repaired.last));
    for file in &repaired.set_aside {
        say(&format!("Set aside: {}", file.display()));
    }
    say(&format!(
        "{} bytes in all. The next start goes on from there and asks the carrier about live calls.",
        repaired.bytes
    ));
    Ok(Exit::Fine)
}

fn unreadable(error: &FileError) -> Failure {
    Failure::new(Exit::Failed, chain(error))
}
