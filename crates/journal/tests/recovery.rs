//! What a start makes of files that are not as they were left: cut what is torn, refuse what is damaged, and say which.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can not go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use trunkline_journal::{
    Cat, Class, Damage, Flaw, Journal, Lsn, OpenError, Options, Recovered, TornTail, Verdict, repair, verify,
};

const FIRST_SEGMENT: &str = "segment-00000001-00000000000000000001";

/// The watermark comes at a close, never in between.
fn options() -> Options {
    Options {
        segment_bytes: 4 << 10,
        reserve_bytes: 0,
        idle_watermark: Duration::from_secs(3600),
        ..Options::default()
    }
}

fn open(dir: &Path) -> (Journal, Recovered) {
    Journal::open(dir, options()).unwrap()
}

fn append(journal: &Journal, payload: &[u8]) -> Lsn {
    journal.append(1, payload.to_vec(), Class::Event).unwrap().wait_blocking().unwrap()
}

/// As if the process had been killed now: a copy of the folder.
fn killed(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

fn payloads(dir: &Path) -> Vec<Vec<u8>> {
    Cat::open(dir, Lsn::ZERO).unwrap().map(|record| record.unwrap().payload).collect()
}

fn refusal(dir: &Path) -> Damage {
    match Journal::open(dir, options()) {
        Err(OpenError::Damaged { damage, .. }) => damage,
        other => panic!("opened, or failed otherwise: {:?}", other.map(|(_, recovered)| recovered)),
    }
}

fn flip(file: &Path, byte: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[byte] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// A journal of three batches, killed: one record each.
fn three_batches() -> (tempfile::TempDir, PathBuf) {
    let live = tempfile::tempdir().unwrap();
    let (journal, _) = open(live.path());
    for payload in [b"one", b"two", b"six"] {
        append(&journal, payload);
    }
    let dir = killed(live.path());
    let file = dir.path().join(FIRST_SEGMENT);
    (dir, file)
}

/// Header, then batches of 56 + 18 + 3 bytes.
const fn batch(n: usize) -> usize {
    48 + n * 77
}

#[test]
fn a_torn_tail_is_cut_and_reported() {
    let (dir, file) = three_batches();
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 2]).unwrap();
    let (journal, recovered) = open(dir.path());
    let torn = TornTail { file: file.clone(), offset: batch(2) as u64, bytes: 75 };
    assert_eq!((recovered.torn, recovered.last), (Some(torn), Lsn::new(2)));
    assert_eq!(append(&journal, b"new"), Lsn::new(3));
    journal.close();
    assert_eq!(payloads(dir.path()), [b"one", b"two", b"new"]);
    assert_eq!(open(dir.path()).1.torn, None);
}

#[test]
fn garbage_behind_the_last_batch_is_cut() {
    let (dir, file) = three_batches();
    let mut bytes = fs::read(&file).unwrap();
    bytes.extend([0xAB; 3000]);
    fs::write(&file, bytes).unwrap();
    let (_journal, recovered) = open(dir.path());
    assert_eq!((recovered.torn.unwrap().bytes, recovered.last), (3000, Lsn::new(3)));
}

#[test]
fn a_damaged_record_with_a_later_batch_is_refused_by_file_and_offset_and_nothing_is_changed() {
    let (dir, file) = three_batches();
    flip(&file, batch(1) + 56 + 18);
    let before = fs::read(&file).unwrap();
    let damage = Damage { file: file.clone(), offset: batch(1) as u64, flaw: Flaw::Checksum };
    assert_eq!(refusal(dir.path()), damage);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn the_limit_damage_in_the_very_last_batch_looks_like_a_torn_tail() {
    let (dir, file) = three_batches();
    flip(&file, batch(2) + 56 + 18);
    assert_eq!(open(dir.path()).1.last, Lsn::new(2));
}

#[test]
fn a_watermark_closes_that_gap() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path());
    append(&journal, b"one");
    journal.close();
    let file = dir.path().join(FIRST_SEGMENT);
    flip(&file, batch(0) + 56 + 18);
    assert_eq!(refusal(dir.path()).offset, batch(0) as u64);
}

#[test]
fn an_idle_writer_writes_the_watermark_by_itself() {
    let live = tempfile::tempdir().unwrap();
    let options = Options { idle_watermark: Duration::from_millis(1), ..options() };
    let (journal, _) = Journal::open(live.path(), options).unwrap();
    append(&journal, b"one");
    let file = live.path().join(FIRST_SEGMENT);
    while fs::metadata(&file).unwrap().len() < batch(1) as u64 + 56 {
        std::thread::yield_now();
    }
    let dir = killed(live.path());
    flip(&dir.path().join(FIRST_SEGMENT), batch(0) + 56 + 18);
    assert_eq!(refusal(dir.path()).offset, batch(0) as u64);
}

#[test]
fn a_checkpoint_vouches_for_what_it_covers() {
    let live = tempfile::tempdir().unwrap();
    let (journal, _) = open(live.path());
    append(&journal, b"one");
    append(&journal, b"two");
    journal.checkpoint(Lsn::new(1), b"").unwrap();
    let dir = killed(live.path());
    flip(&dir.path().join(FIRST_SEGMENT), batch(1) + 56 + 18);
    assert_eq!(refusal(dir.path()).offset, batch(1) as u64);
}

#[test]
fn a_missing_segment_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path());
    for _ in 0..40 {
        append(&journal, &[7; 300]);
    }
    journal.close();
    let mut segments: Vec<_> =
        verify(dir.path()).unwrap().segments.into_iter().map(|segment| segment.file).collect();
    let gone = segments.remove(1);
    fs::remove_file(&gone).unwrap();
    assert_eq!(refusal(dir.path()), Damage { file: gone, offset: 0, flaw: Flaw::Missing });
}

#[test]
fn a_segment_that_was_never_finished_is_made_anew_and_goes_on_from_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path());
    append(&journal, b"one");
    journal.checkpoint(Lsn::new(1), b"").unwrap();
    journal.close();
    let unborn = dir.path().join("segment-00000002-00000000000000000002");
    fs::write(&unborn, [0; 20]).unwrap();
    let (journal, recovered) = open(dir.path());
    assert_eq!(recovered.torn.unwrap().file, unborn);
    append(&journal, b"two");
    journal.close();
    assert!(verify(dir.path()).unwrap().findings.is_empty());
    assert_eq!(payloads(dir.path()), [b"one", b"two"]);
}

#[test]
fn a_payload_that_imitates_a_batch_header_is_not_taken_for_one() {
    let live = tempfile::tempdir().unwrap();
    let (journal, _) = open(live.path());
    append(&journal, b"one");
    // What an attacker may know of: a true header of this very segment, copied into a payload behind it.
    let header = fs::read(live.path().join(FIRST_SEGMENT)).unwrap()[batch(0)..batch(0) + 56].to_vec();
    append(&journal, &header);
    let dir = killed(live.path());
    let file = dir.path().join(FIRST_SEGMENT);
    flip(&file, batch(1) + 5);
    // The last batch is torn, and its payload vouches for nothing.
    assert_eq!(open(dir.path()).1.last, Lsn::new(1));
}

#[test]
fn verify_tells_damage_from_a_torn_tail() {
    let (dir, file) = three_batches();
    assert!(verify(dir.path()).unwrap().findings.is_empty());
    flip(&file, batch(2) + 60);
    assert_eq!(verify(dir.path()).unwrap().findings[0].verdict, Verdict::Torn);
    flip(&file, batch(0) + 60);
    let report = verify(dir.path()).unwrap();
    assert_eq!((report.findings[0].verdict, report.is_sound()), (Verdict::Damaged, false));
}

#[test]
fn a_repair_keeps_what_was_before_sets_the_rest_aside_and_uses_no_number_twice() {
    let (dir, file) = three_batches();
    flip(&file, batch(1) + 56 + 18);
    let repaired = repair(dir.path(), &options()).unwrap().unwrap();
    assert_eq!((repaired.last, repaired.bytes), (Lsn::new(1), 2 * 77));
    assert_eq!(fs::read(&repaired.set_aside[0]).unwrap().len(), 2 * 77);

    let (journal, recovered) = open(dir.path());
    assert!(recovered.last.get() >= 3, "2 and 3 may be known elsewhere");
    assert_eq!(append(&journal, b"new"), repaired.next);
    journal.close();
    assert_eq!(payloads(dir.path()), [b"one", b"new"]);
    assert!(repair(dir.path(), &options()).unwrap().is_none(), "there is nothing left to repair");
}

#[test]
fn a_scrub_finds_damage_in_what_was_retired_from_memory_but_not_from_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path());
    for _ in 0..40 {
        append(&journal, &[7; 300]);
    }
    assert!(journal.scrub().unwrap().findings.is_empty());
    flip(&dir.path().join(FIRST_SEGMENT), 500);
    let found = journal.scrub().unwrap().findings;
    assert_eq!((found.len(), found[0].verdict), (1, Verdict::Damaged));
}
