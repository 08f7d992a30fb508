//! Processes that die: F-01 (kill -9), F-02 (power cut), F-03 (a sync fails), F-06 (the folder was not synced).

use std::{
    path::Path,
    time::{Duration, Instant},
};

use trunkline_journal::{OpenError, Sync, verify};
use trunkline_testkit::{
    chance::Chance,
    powercut::{Fault, FolderChanges, PowerCut, Shim},
};

use crate::{
    Outcome, child, report,
    report::Row,
    victim::{Death, Life, Upkeep},
    workload::{self, Broken, Fold},
};

/// One folder dies this often before a new one is taken.
const LIVES: u64 = 10;
const SEGMENT: u64 = 64 << 10;
/// So small that segments are made all the time.
const TINY_SEGMENT: u64 = 4 << 10;

/// What a journal was like after its death.
struct Autopsy {
    lost: u64,
    torn: bool,
    refused: bool,
    open_millis: u64,
}

/// F-01.
pub fn killed(rounds: u64, seed: u64) -> Outcome<Row> {
    let mut row = Row::new("F-01", "kill -9 under 8 writers", rounds, seed);
    let mut chance = Chance::from_seed(seed);
    in_lives(rounds, |dir, acked| {
        let life =
            Life { dir, sync: Sync::Fdatasync, segment_bytes: SEGMENT, upkeep: Upkeep::Steady, shim: None };
        life.live(Death::Kill(Duration::from_millis(chance.between(20, 150))), acked)?;
        let autopsy = examine(dir, SEGMENT, acked)?;
        row.note(&autopsy);
        Ok(autopsy.lost == 0)
    })?;
    // What kill -9 can't show is shown by taking away the end of the file, as if the last bytes had not been written.
    in_lives(1, |dir, acked| {
        let life = Life { dir, sync: Sync::Off, segment_bytes: 64 << 20, upkeep: Upkeep::Steady, shim: None };
        life.live(Death::Kill(Duration::from_millis(300)), acked)?;
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("segment-") {
                let file = std::fs::OpenOptions::new().write(true).open(entry.path())?;
                file.set_len(file.metadata()?.len() / 2)?;
            } else if name.starts_with("checkpoint-") {
                std::fs::remove_file(entry.path())?;
            }
        }
        row.control += examine(dir, 64 << 20, acked)?.lost;
        Ok(false)
    })?;
    Ok(row)
}

/// F-02.
pub fn power_cut(rounds: u64, seed: u64) -> Outcome<Row> {
    let place = tempfile::tempdir()?;
    let shim = Shim::compile(place.path())?;
    let mut row = Row::new("F-02", "power cut", rounds, seed);
    let mut chance = Chance::from_seed(seed);
    for (sync, rounds) in [(Sync::Fdatasync, rounds), (Sync::Off, rounds.div_ceil(10))] {
        in_lives(rounds, |dir, acked| {
            let power = PowerCut::new(&shim, dir, &dir.with_extension("shim"))?;
            let life = Life {
                dir,
                sync,
                segment_bytes: SEGMENT,
                upkeep: Upkeep::Steady,
                shim: Some((&power, Fault::None)),
            };
            let autopsy = cut_power(&power, &life, FolderChanges::UndoSome, &mut chance, acked)?;
            Ok(row.settle(&autopsy, sync == Sync::Off))
        })?;
    }
    Ok(row)
}

/// F-06.
pub fn folder_not_synced(rounds: u64, seed: u64) -> Outcome<Row> {
    let place = tempfile::tempdir()?;
    let shim = Shim::compile(place.path())?;
    let mut row = Row::new("F-06", "unsynced folder changes vanish", rounds, seed);
    let mut chance = Chance::from_seed(seed);
    for (fault, rounds) in [(Fault::None, rounds), (Fault::IgnoreFolderSyncs, rounds.div_ceil(10))] {
        in_lives(rounds, |dir, acked| {
            let power = PowerCut::new(&shim, dir, &dir.with_extension("shim"))?;
            let sync = Sync::Fdatasync;
            let life = Life {
                dir,
                sync,
                segment_bytes: TINY_SEGMENT,
                upkeep: Upkeep::Steady,
                shim: Some((&power, fault)),
            };
            let autopsy = cut_power(&power, &life, FolderChanges::Undo, &mut chance, acked)?;
            Ok(row.settle(&autopsy, fault == Fault::IgnoreFolderSyncs))
        })?;
    }
    Ok(row)
}

/// F-03.
pub fn sync_fails(rounds: u64, seed: u64) -> Outcome<Row> {
    let place = tempfile::tempdir()?;
    let shim = Shim::compile(place.path())?;
    let mut row = Row::new("F-03", "a sync fails once", rounds, seed);
    let mut chance = Chance::from_seed(seed);
    in_lives(rounds, |dir, acked| {
        let power = PowerCut::new(&shim, dir, &dir.with_extension("shim"))?;
        let fault = Fault::FailSync(chance.between(1, 80));
        let life = Life {
            dir,
            sync: Sync::Fdatasync,
            segment_bytes: SEGMENT,
            upkeep: Upkeep::Steady,
            shim: Some((&power, fault)),
        };
        match life.live(Death::Itself(Duration::from_secs(20)), acked)?.and_then(|status| status.code()) {
            Some(child::POISONED) => row.count("poisoned", 1),
            Some(2) => row.count("refused to open", 1),
            other => {
                report::complain(&format!("{fault:?}: the process ended with {other:?}"));
                row.lost += 1;
            }
        }
        // The restart must not believe what the failed sync left in the page cache. So: live again, then lose the power.
        let life = Life { shim: Some((&power, Fault::None)), upkeep: Upkeep::None, ..life };
        life.live(Death::Kill(Duration::from_millis(chance.between(20, 100))), acked)?;
        power.strike(&mut chance, FolderChanges::UndoSome)?;
        let autopsy = examine(dir, SEGMENT, acked)?;
        Ok(row.settle(&autopsy, false))
    })?;
    // Without syncs there is nothing to fail: the process lives on, and the power cut takes what it acknowledged.
    in_lives(rounds.div_ceil(20), |dir, acked| {
        let power = PowerCut::new(&shim, dir, &dir.with_extension("shim"))?;
        let life = Life {
            dir,
            sync: Sync::Off,
            segment_bytes: SEGMENT,
            upkeep: Upkeep::Steady,
            shim: Some((&power, Fault::FailSync(1))),
        };
        if life.live(Death::Itself(Duration::from_millis(200)), acked)?.is_none() {
            row.count("control lived on", 1);
        }
        power.strike(&mut chance, FolderChanges::UndoSome)?;
        row.settle(&examine(dir, SEGMENT, acked)?, true);
        Ok(false)
    })?;
    Ok(row)
}

impl Row {
    fn note(&mut self, autopsy: &Autopsy) {
        self.lost += autopsy.lost;
        self.count("torn", u64::from(autopsy.torn));
        self.count("refused", u64::from(autopsy.refused));
        self.at_most("slowest open ms", autopsy.open_millis);
        self.count("over 2 s", u64::from(autopsy.open_millis > 2000));
        self.lost += u64::from(autopsy.open_millis > 2000);
    }

    /// Counts it as a result or as a control. Whether the folder is good for another life.
    fn settle(&mut self, autopsy: &Autopsy, is_control: bool) -> bool {
        if is_control {
            self.control += autopsy.lost;
        } else {
            self.note(autopsy);
        }
        autopsy.lost == 0
    }
}

/// Lets a process live in `dir` under the shim, kills it, and cuts the power.
fn cut_power(
    power: &PowerCut,
    life: &Life,
    changes: FolderChanges,
    chance: &mut Chance,
    acked: &mut Fold,
) -> Outcome<Autopsy> {
    life.live(Death::Kill(Duration::from_millis(chance.between(20, 150))), acked)?;
    power.strike(chance, changes)?;
    examine(life.dir, life.segment_bytes, acked)
}

/// Opens what is left, and looks for everything that was acknowledged.
fn examine(dir: &Path, segment_bytes: u64, acked: &Fold) -> Outcome<Autopsy> {
    let started = Instant::now();
    let opened = workload::open(dir, workload::options(Sync::Fdatasync, segment_bytes));
    let open_millis = u64::try_from(started.elapsed().as_millis())?;
    match opened {
        Ok((journal, recovered, fold)) => {
            journal.close();
            let findings = verify(dir)?.findings;
            if !findings.is_empty() {
                report::complain(&format!("after recovery there is still: {findings:?}"));
            }
            let lost = fold.lacks(acked) + findings.len() as u64;
            Ok(Autopsy { lost, torn: recovered.torn.is_some(), refused: false, open_millis })
        }
        Err(Broken::Open(error @ (OpenError::Damaged { .. } | OpenError::NoCheckpoint { .. }))) => {
            report::complain(&error.to_string());
            if let Some(to) = std::env::var_os("TORTURE_KEEP") {
                let kept = std::process::Command::new("cp").arg("-a").arg(dir).arg(to).status()?;
                report::complain(&format!("kept: {kept}"));
            }
            // Nothing was damaged but by the power cut: to refuse is as bad as to lose.
            Ok(Autopsy { lost: acked.0.iter().sum::<u64>().max(1), torn: false, refused: true, open_millis })
        }
        Err(Broken::Wrong(why)) => {
            report::complain(&why);
            Ok(Autopsy { lost: 1, torn: false, refused: false, open_millis })
        }
        Err(error) => Err(error.into()),
    }
}

/// Runs `round` in one folder over and over, and in a new one now and then, or when it says that the folder is spoiled.
fn in_lives(rounds: u64, mut round: impl FnMut(&Path, &mut Fold) -> Outcome<bool>) -> Outcome<()> {
    let mut left = rounds;
    while left > 0 {
        let work =
            tempfile::tempdir_in(std::env::var_os("TORTURE_DIR").unwrap_or_else(|| "/var/tmp".into()))?;
        let dir = work.path().join("journal");
        std::fs::create_dir(&dir)?;
        let mut acked = Fold::default();
        for _ in 0..left.min(LIVES) {
            left -= 1;
            if !round(&dir, &mut acked)? {
                break;
            }
        }
    }
    Ok(())
}
