//! `trunkline verify`: whether the journal, the database and the recordings say the same.

use trunkline_engine::operating::{Beside, Folder, Report, Share, VerifyError, verify};
use trunkline_store::Store;

use super::offline::{folder, hold, open_store};
use super::settings;
use crate::cli::Offline;
use crate::exit::{Exit, Failure, chain};
use crate::terminal::{Form, Progress, say, say_json};

/// Checks. Beside a running server too.
pub(super) async fn run(args: Offline) -> Result<Exit, Failure> {
    let settings = settings(args.settings)?;
    let folder = folder(&settings)?;
    let store = open_store(&settings).await?;
    // Held to the end, if it is free: no server starts meanwhile.
    let held = hold(&settings, "").ok();
    let beside = if held.is_some() { Beside::Nobody } else { Beside::Server };
    let mut progress = Progress::new("records and calls", None);
    let report = verify(&folder, &store, beside, &mut |done| progress.at(done)).await;
    drop(progress);
    store.close().await;
    let report = report.map_err(|error| failed(&error))?;
    match Form::of(args.json) {
        Form::Json => say_json(&report_json(&report)),
        Form::Text => tell(&report),
    }
    Ok(if report.is_sound() { Exit::Fine } else { Exit::Failed })
}

/// Checks a folder that nobody else uses; for who has just put it there.
pub(super) async fn look(folder: &Folder, store: &Store) -> Result<Report, Failure> {
    let mut progress = Progress::new("records and calls", None);
    verify(folder, store, Beside::Nobody, &mut |done| progress.at(done)).await.map_err(|error| failed(&error))
}

/// The report, line by line.
pub(super) fn tell(report: &Report) {
    let lines: [(Share, &str); 9] = [
        (report.calls, "calls of the journal are in the database"),
        (report.events, "events of the journal are in the database as they were written"),
        (report.folds, "calls in the database are what their events make them"),
        (report.counts, "counts are right"),
        (report.recordings, "recordings are there, with their checksum"),
        (report.jobs, "jobs of the queue agree with their attempts and calls"),
        (report.attempts, "attempts have their job"),
        (report.numbers, "numbers are whose the journal says, with a tenant that is there"),
        (report.appointments, "appointments hold their own time"),
    ];
    for (share, what) in lines {
        say(&format!("{}/{} {what}", share.good, share.of));
    }
    let loose = &report.loose;
    say(&format!(
        "belonging to no call: {} events, {} turns, {} legs, {} recordings",
        loose.events, loose.turns, loose.legs, loose.recordings
    ));
    let asides = [
        (report.waiting, "records of the journal wait for the database: the next start brings them in"),
        (report.unplaced, "attempts have no call: nothing was sent, or the call was pruned"),
        (report.pruned, "calls of the journal were pruned"),
        (report.erased, "calls are of persons who were erased"),
        (report.incomplete, "calls came without their beginning, and can't be made again from their events"),
    ];
    for (n, what) in asides.iter().filter(|(n, _)| *n > 0) {
        say(&format!("{n} {what}"));
    }
    for fault in &report.faults {
        say(&format!("WRONG: {}: {}", fault.of, fault.what));
    }
    if report.more_faults > 0 {
        say(&format!("WRONG: and {} more", report.more_faults));
    }
    say(if report.is_sound() { "OK: nothing is wrong." } else { "Not all is well." });
}

fn report_json(report: &Report) -> serde_json::Value {
    let mut value = serde_json::to_value(report).unwrap_or_default();
    value["sound"] = report.is_sound().into();
    value
}

fn failed(error: &VerifyError) -> Failure {
    Failure::new(Exit::Failed, chain(error))
}
