//! F-05: one flipped bit anywhere. Each place has one right answer, and silence is never one.

use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use trunkline_journal::{
    Cat, Damage, Journal, Lsn, OpenError, Options, Pending, Position, ReadError, Sync, repair, verify,
};
use trunkline_testkit::chance::Chance;

use crate::{
    Outcome, report,
    report::Row,
    workload::{self, Broken, Fold},
};

const RECORDS: u64 = 300;
const SEGMENT: u64 = 16 << 10;
/// Sizes of the headers before a batch's first record; see the journal's file format.
const BATCH_HEADER: u64 = 56;

/// What must come of a flip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Acknowledged and needed at start: refuse, naming file and offset.
    Refused,
    /// Covered by a checkpoint: start, and the scrub reports file and offset.
    Scrubbed,
    /// In the last bytes, that nothing vouches for: cut.
    Torn,
    /// In the newest checkpoint: the one before is used.
    FellBack,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Scrubbed => "scrubbed",
            Self::Torn => "torn",
            Self::FellBack => "fell back",
        }
    }
}

/// A journal as it was before the flip.
struct Sound {
    dir: tempfile::TempDir,
    fold: Fold,
    /// Covered by the newest checkpoint.
    covers: Lsn,
    /// The segment that recovery begins with.
    from: u64,
    /// From here on nothing vouches for what is written.
    unvouched: Position,
    /// How many records stand in the unvouched batch.
    at_risk: u64,
}

/// F-05.
pub fn bits_flipped(rounds: u64, seed: u64) -> Outcome<Row> {
    let mut row = Row::new("F-05", "one bit flipped", rounds, seed);
    let mut chance = Chance::from_seed(seed);
    // Closed: the watermark is the last batch. Killed: the last batch holds a record, and nothing stands behind it.
    let sound = [Sound::closed()?, Sound::killed()?];
    for sound in &sound {
        let copy = sound.copy()?;
        if !verify(copy.path())?.findings.is_empty() {
            return Err("a sound journal is reported as flawed".into());
        }
    }
    for round in 0..rounds {
        let sound = &sound[usize::try_from(round % 2)?];
        let flip = Flip::choose(sound, &mut chance)?;
        let class = flip.expected(sound)?;
        row.count(class.name(), 1);
        if let Err(error) = flip.check(sound, class, round % 20 < 2) {
            report::complain(&format!("round {round}: {flip:?} should be {class:?}: {error}"));
            row.lost += 1;
        }
    }
    row.control = unvouched_control(&mut chance)?;
    Ok(row)
}

fn options(sync: Sync, segment_bytes: u64) -> Options {
    // The watermark comes at the close or not at all, so that every run has the same bytes.
    Options { idle_watermark: Duration::from_secs(3600), ..workload::options(sync, segment_bytes) }
}

/// Writes the workload with two checkpoints on the way.
fn write(journal: &Journal, checkpoints: &[u64]) -> Outcome<Fold> {
    let mut fold = Fold(vec![0]);
    let mut chance = Chance::from_seed(5);
    while fold.0[0] < RECORDS {
        // The last batch has one record.
        let together = if fold.0[0] + 6 > RECORDS { 1 } else { chance.between(1, 5) };
        let numbers = fold.0[0]..fold.0[0] + together;
        let append = |number| journal.append(1, workload::payload(0, number), workload::class(number));
        let pending: Vec<_> = numbers.clone().map(append).collect::<Result<_, _>>()?;
        let last = pending.into_iter().map(Pending::wait_blocking).collect::<Result<Vec<_>, _>>()?;
        fold.0[0] = numbers.end;
        let due = checkpoints.iter().any(|at| numbers.contains(at));
        if let (true, Some(&covers)) = (due, last.last()) {
            journal.checkpoint(covers, &fold.encode())?;
        }
    }
    Ok(fold)
}

impl Sound {
    fn closed() -> Outcome<Self> {
        let dir = tempfile::tempdir()?;
        let (journal, _) = Journal::open(dir.path(), options(Sync::Fdatasync, SEGMENT))?;
        let fold = write(&journal, &[RECORDS / 3, RECORDS / 2])?;
        journal.close();
        Self::look(dir, fold, 0)
    }

    fn killed() -> Outcome<Self> {
        let live = tempfile::tempdir()?;
        let (journal, _) = Journal::open(live.path(), options(Sync::Fdatasync, SEGMENT))?;
        let fold = write(&journal, &[RECORDS / 3, RECORDS / 2])?;
        let dir = tempfile::tempdir()?;
        copy(live.path(), dir.path())?;
        journal.close();
        Self::look(dir, fold, 1)
    }

    fn look(dir: tempfile::TempDir, fold: Fold, at_risk: u64) -> Outcome<Self> {
        let records = Cat::open(dir.path(), Lsn::ZERO)?.collect::<Result<Vec<_>, _>>()?;
        let last = records.last().ok_or("no records")?;
        let end = last.at.offset + 18 + last.payload.len() as u64;
        let covers = *verify(dir.path())?.checkpoints.last().ok_or("no checkpoint")?;
        let needed =
            records.iter().find(|record| record.lsn > covers).ok_or("nothing after the checkpoint")?;
        let from = needed.at.segment;
        let offset = if at_risk == 0 { end } else { last.at.offset - BATCH_HEADER };
        let unvouched = Position { segment: last.at.segment, offset };
        Ok(Self { dir, fold, covers, from, unvouched, at_risk })
    }

    fn copy(&self) -> Outcome<tempfile::TempDir> {
        let dir = tempfile::tempdir()?;
        copy(self.dir.path(), dir.path())?;
        Ok(dir)
    }
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// A place in a file.
#[derive(Debug)]
struct Flip {
    name: String,
    byte: u64,
    bit: u64,
}

impl Flip {
    /// Any byte of any segment, and now and then of a checkpoint or of the last batch, which are small.
    fn choose(sound: &Sound, chance: &mut Chance) -> Outcome<Self> {
        let mut files = Vec::new();
        for entry in fs::read_dir(sound.dir.path())? {
            let entry = entry?;
            files.push((entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.len()));
        }
        files.sort();
        let wanted = match chance.between(0, 9) {
            0 => "checkpoint-",
            1 => &format!("segment-{:08}-", sound.unvouched.segment),
            _ => "segment-",
        };
        let last_batch = wanted.len() > "checkpoint-".len();
        files.retain(|(name, length)| name.starts_with(wanted) && *length > 0);
        let from = if last_batch { sound.unvouched.offset } else { 0 };
        let total: u64 = files.iter().map(|(_, length)| length - from).sum();
        let mut place = chance.between(0, total - 1);
        let bit = chance.between(0, 7);
        for (name, length) in files {
            if place < length - from {
                return Ok(Self { name, byte: from + place, bit });
            }
            place -= length - from;
        }
        Err("nowhere to flip".into())
    }

    fn expected(&self, sound: &Sound) -> Outcome<Class> {
        if let Some(covers) = self.name.strip_prefix("checkpoint-") {
            let is_newest = covers.parse::<u64>()? == sound.covers.get();
            return Ok(if is_newest { Class::FellBack } else { Class::Scrubbed });
        }
        let segment = self.name.split('-').nth(1).ok_or("what file is that?")?.parse()?;
        let place = Position { segment, offset: self.byte };
        Ok(match place {
            place if place >= sound.unvouched => Class::Torn,
            place if place.segment < sound.from => Class::Scrubbed,
            _ => Class::Refused,
        })
    }

    fn check(&self, sound: &Sound, class: Class, and_repair: bool) -> Outcome<()> {
        let dir = sound.copy()?;
        let file = dir.path().join(&self.name);
        self.apply(&file)?;
        let report = verify(dir.path())?;
        if !report.findings.iter().any(|finding| self.is_at(&finding.damage, &file)) {
            return Err(format!("not reported: {:?}", report.findings).into());
        }
        if report.is_sound() != (class == Class::Torn) {
            return Err(format!("wrongly judged: {:?}", report.findings).into());
        }
        let opened = workload::open(dir.path(), options(Sync::Fdatasync, SEGMENT));
        match (class, opened) {
            (Class::Refused, Err(Broken::Open(OpenError::Damaged { damage, .. }))) => {
                if !self.is_at(&damage, &file) {
                    return Err(format!("elsewhere: {damage}").into());
                }
                if and_repair { self.check_repair(sound, dir.path()) } else { Ok(()) }
            }
            (Class::Torn, Ok((_, recovered, fold))) => match recovered.torn {
                Some(torn) if torn.file == file && fold.lacks(&sound.fold) == sound.at_risk => Ok(()),
                torn => Err(format!("{torn:?}, {} gone", fold.lacks(&sound.fold)).into()),
            },
            (Class::FellBack, Ok((_, recovered, fold))) => {
                let told = recovered.damaged_checkpoints.iter().any(|damage| damage.file == file);
                if told && fold == sound.fold { Ok(()) } else { Err("not told, or not whole".into()) }
            }
            (Class::Scrubbed, Ok((journal, _, fold))) => {
                if fold != sound.fold {
                    return Err("not whole".into());
                }
                if self.name.starts_with("segment-") { self.check_reader(&journal, &file) } else { Ok(()) }
            }
            (_, Ok((_, recovered, fold))) => {
                Err(format!("opened, {} gone, torn {:?}", fold.lacks(&sound.fold), recovered.torn).into())
            }
            (_, Err(error)) => Err(error.into()),
        }
    }

    fn apply(&self, file: &Path) -> Outcome<()> {
        let file = fs::OpenOptions::new().read(true).write(true).open(file)?;
        let mut byte = [0];
        file.read_exact_at(&mut byte, self.byte)?;
        byte[0] ^= 1 << self.bit;
        Ok(file.write_all_at(&byte, self.byte)?)
    }

    /// The right file, and a batch that begins at or before the flip.
    fn is_at(&self, damage: &Damage, file: &PathBuf) -> bool {
        damage.file == *file && damage.offset <= self.byte && self.byte - damage.offset < SEGMENT
    }

    fn check_reader(&self, journal: &Journal, file: &PathBuf) -> Outcome<()> {
        let mut reader = journal.reader(Lsn::ZERO)?;
        loop {
            match reader.next_batch(100, 1 << 20) {
                Err(ReadError::Damaged(damage)) if self.is_at(&damage, file) => return Ok(()),
                Ok(records) if !records.is_empty() => {}
                other => return Err(format!("a reader passed over it: {:?}", other.map(|_| ())).into()),
            }
        }
    }

    /// After a repair the journal opens, has everything before the damage, and uses no number twice.
    fn check_repair(&self, sound: &Sound, dir: &Path) -> Outcome<()> {
        let repaired = repair(dir, &options(Sync::Fdatasync, SEGMENT))?.ok_or("nothing repaired")?;
        let (journal, recovered) = Journal::open(dir, options(Sync::Fdatasync, SEGMENT))?;
        let lsn = journal.append(1, b"after".to_vec(), trunkline_journal::Class::Event)?.wait_blocking()?;
        let all = Lsn::new(sound.fold.0[0]);
        if repaired.set_aside.is_empty() || lsn <= all || recovered.last >= lsn {
            return Err(format!("repaired to {repaired:?}, then {lsn}").into());
        }
        let before = Cat::open(dir, Lsn::ZERO)?.collect::<Result<Vec<_>, _>>()?.len() as u64;
        let kept = repaired.last.get();
        if before == kept + 1 { Ok(()) } else { Err(format!("{before} records, {kept} were kept").into()) }
    }
}

/// Without the note of what was durable, and without checkpoints, a flip in the middle is cut like a torn tail: data is lost
/// in silence. How much, over a few flips.
fn unvouched_control(chance: &mut Chance) -> Outcome<u64> {
    let mut lost = 0;
    for _ in 0..5 {
        let dir = tempfile::tempdir()?;
        let (journal, _) = Journal::open(dir.path(), options(Sync::Off, 64 << 20))?;
        let fold = write(&journal, &[])?;
        journal.close();
        let name = "segment-00000001-00000000000000000001".to_owned();
        let byte = chance.between(1000, 20_000);
        Flip { byte, bit: 0, name: name.clone() }.apply(&dir.path().join(name))?;
        let (_, _, left) = workload::open(dir.path(), options(Sync::Off, 64 << 20))?;
        lost += left.lacks(&fold);
    }
    Ok(lost)
}
