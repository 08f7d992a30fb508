//! F-04: a disk of 1 MiB that fills up while writers append, gets space back, and must have kept what it acknowledged.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use trunkline_journal::{AppendError, Class, Journal, Lsn, Options, Taking};
use trunkline_testkit::chance::Chance;

use crate::{Outcome, report, report::Row};

const DISK: u64 = 1 << 20;
const RESERVE: u64 = 64 << 10;
const WRITERS: u64 = 4;
/// As many small endings must go into the reserve.
const ENDINGS: u64 = 40;

/// F-04; whether it is good. Needs to mount a tmpfs; runs itself again in a mount namespace of its own, so that nothing is left behind.
pub fn disk_full(rounds: u64, seed: u64) -> Outcome<bool> {
    if std::env::var_os("TORTURE_INSIDE").is_none() {
        return outside(rounds, seed);
    }
    let mut row = Row::new("F-04", "disk full", rounds, seed);
    let mut chance = Chance::from_seed(seed);
    for _ in 0..rounds {
        let seen = fill_and_free(RESERVE, &mut chance)?;
        row.lost += seen.wrong;
        row.count("refused", seen.refused);
        row.count("endings taken on a full disk", seen.endings);
        row.count("recovered", u64::from(seen.recovered));
        if seen.endings < ENDINGS || !seen.recovered {
            report::complain(&format!("{} endings taken, recovered: {}", seen.endings, seen.recovered));
            row.lost += 1;
        }
    }
    for _ in 0..rounds.div_ceil(10) {
        row.control += ENDINGS.saturating_sub(fill_and_free(0, &mut chance)?.endings);
    }
    Ok(row.show())
}

/// Runs this very fault in a namespace where mounting is allowed. The inner process prints its row.
fn outside(rounds: u64, seed: u64) -> Outcome<bool> {
    let ways: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let works = |way: &&&[&str]| {
        let check = "d=$(mktemp -d) && mount -t tmpfs -o size=1m none $d";
        let tried =
            Command::new("unshare").args(**way).args(["sh", "-c", check]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let way = ways
        .iter()
        .find(works)
        .ok_or("F-04 needs a mount namespace (unshare --mount), and may not have one")?;
    let status = Command::new("unshare")
        .args(*way)
        .arg(std::env::current_exe()?)
        .args(["f04", "--rounds", &rounds.to_string(), "--seed", &seed.to_string()])
        .env("TORTURE_INSIDE", "1")
        .status()?;
    Ok(status.success())
}

/// What one filling of the disk showed.
#[derive(Default)]
struct Seen {
    /// Acknowledged and gone, or refused and there.
    wrong: u64,
    refused: u64,
    endings: u64,
    recovered: bool,
}

/// Ids of records, by what their writers were told.
#[derive(Default)]
struct Told {
    acked: Mutex<HashSet<u64>>,
    refused: Mutex<HashSet<u64>>,
}

impl Told {
    fn append(&self, journal: &Journal, id: u64, class: Class, length: usize) -> Outcome<bool> {
        let mut payload = vec![0x55; length.max(8)];
        payload[..8].copy_from_slice(&id.to_le_bytes());
        let told = journal.append(2, payload, class).and_then(trunkline_journal::Pending::wait_blocking);
        let list = match told {
            Ok(_) => &self.acked,
            Err(AppendError::Full) => &self.refused,
            Err(error) => return Err(error.into()),
        };
        list.lock().map_err(|_| "a writer panicked")?.insert(id);
        Ok(told.is_ok())
    }
}

fn fill_and_free(reserve: u64, chance: &mut Chance) -> Outcome<Seen> {
    let disk = Disk::mount()?;
    let ballast = disk.path.join("ballast");
    let left = chance.between(2 * reserve + (64 << 10), 500 << 10);
    fs::write(&ballast, vec![1; usize::try_from(DISK - left)?])?;
    let options = Options {
        segment_bytes: chance.between(16 << 10, 128 << 10),
        reserve_bytes: reserve,
        full_probe: Duration::from_millis(5),
        idle_watermark: Duration::from_millis(5),
        ..Options::default()
    };
    let dir = disk.path.join("journal");
    let (journal, _) = Journal::open(&dir, options.clone())?;
    let reserve_in_place = || journal.status().reserve_held;
    wait_for(Duration::from_secs(5), reserve_in_place)?;
    let told = Told::default();
    fill(&journal, &told, chance.bits())?;

    let mut seen = Seen::default();
    if journal.status().taking != Taking::EndingsByFullDisk && reserve > 0 {
        report::complain("the disk is full, and the journal does not say so");
        seen.wrong += 1;
    }
    for id in 0..ENDINGS {
        seen.endings += u64::from(told.append(&journal, 1 << 40 | id, Class::Ending, 100)?);
    }
    // Now and then until the reserve is used up as well: refused then, and never a hang.
    if chance.percent(50) {
        let mut id = 1 << 41;
        while told.append(&journal, id, Class::Ending, 2000)? {
            id += 1;
        }
    }
    seen.wrong += look_inside(&dir, &options, &told)?;
    fs::remove_file(&ballast)?;
    let mut id = 1 << 42;
    seen.recovered = wait_for(Duration::from_secs(10), || {
        id += 1;
        told.append(&journal, id, Class::Event, 100).unwrap_or(false)
    })
    .is_ok();
    for id in 0..50 {
        seen.recovered &= told.append(&journal, 1 << 43 | id, Class::Dial, 300)?;
    }
    journal.close();
    seen.refused = told.refused.lock().map_err(|_| "a writer panicked")?.len() as u64;
    seen.wrong += compare(&dir, options, &told)?;
    Ok(seen)
}

/// Had the process died on the full disk: everything acknowledged is there, and the failed writes left no trace.
fn look_inside(dir: &Path, options: &Options, told: &Told) -> Outcome<u64> {
    let elsewhere = tempfile::tempdir_in("/dev/shm")?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        fs::copy(entry.path(), elsewhere.path().join(entry.file_name()))?;
    }
    compare(elsewhere.path(), options.clone(), told)
}

/// Writers append until each was refused.
fn fill(journal: &Journal, told: &Told, seed: u64) -> Outcome<()> {
    thread::scope(|scope| {
        let writer = |writer: u64| {
            scope.spawn(move || {
                let mut chance = Chance::from_seed(seed ^ writer);
                let mut id = writer << 32;
                loop {
                    let class = if chance.percent(50) { Class::Dial } else { Class::Event };
                    let length = usize::try_from(chance.between(8, 3000)).unwrap_or(8);
                    match told.append(journal, id, class, length) {
                        Ok(true) => id += 1,
                        Ok(false) => return Ok(()),
                        Err(error) => return Err(error.to_string()),
                    }
                }
            })
        };
        let writers: Vec<_> = (0..WRITERS).map(writer).collect();
        writers
            .into_iter()
            .try_for_each(|writer| writer.join().map_err(|_| "a writer panicked")?.map_err(Into::into))
    })
}

fn wait_for(patience: Duration, mut done: impl FnMut() -> bool) -> Outcome<()> {
    let started = Instant::now();
    while !done() {
        if started.elapsed() > patience {
            return Err("waited in vain".into());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// How many acknowledged records are gone, and how many refused ones are there.
fn compare(dir: &Path, options: Options, told: &Told) -> Outcome<u64> {
    let (journal, recovered) = Journal::open(dir, options)?;
    let traces = usize::from(recovered.torn.is_some());
    let mut reader = journal.reader(Lsn::ZERO)?;
    let mut found = HashSet::new();
    while let records = reader.next_batch(1000, 1 << 20)?
        && !records.is_empty()
    {
        let ids = records.iter().filter_map(|record| record.payload.first_chunk::<8>());
        found.extend(ids.map(|id| u64::from_le_bytes(*id)));
    }
    let gone = told.acked.lock().map_err(|_| "a writer panicked")?.difference(&found).count();
    let ghosts = told.refused.lock().map_err(|_| "a writer panicked")?.intersection(&found).count();
    let wrong = gone + ghosts + traces;
    if wrong > 0 {
        let torn = recovered.torn;
        report::complain(&format!(
            "{gone} acknowledged records are gone, {ghosts} refused ones are there, {torn:?}"
        ));
    }
    Ok(wrong as u64)
}

/// A small disk, for as long as this lives.
struct Disk {
    path: PathBuf,
    _place: tempfile::TempDir,
}

impl Disk {
    fn mount() -> Outcome<Self> {
        let place = tempfile::tempdir()?;
        let size = format!("size={DISK}");
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(place.path()).status()?;
        if !status.success() {
            return Err("could not mount a tmpfs".into());
        }
        Ok(Self { path: place.path().to_owned(), _place: place })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if !Command::new("umount").arg("--lazy").arg(&self.path).status().is_ok_and(|status| status.success())
        {
            report::complain("could not unmount the small disk");
        }
    }
}
