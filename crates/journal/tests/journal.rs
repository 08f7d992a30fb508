//! What the journal does when nothing breaks: append, read, rotate, checkpoint, retire.
#![expect(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use trunkline_journal::{
    AppendError, CheckpointError, Class, Journal, Lsn, OpenError, Options, ReadError, Taking,
};

fn small() -> Options {
    Options { segment_bytes: 4 << 10, reserve_bytes: 8 << 10, ..Options::default() }
}

fn open(dir: &Path) -> Journal {
    Journal::open(dir, small()).unwrap().0
}

fn append(journal: &Journal, payload: &[u8]) -> Lsn {
    journal.append(1, payload.to_vec(), Class::Event).unwrap().wait_blocking().unwrap()
}

fn append_all(journal: &Journal, records: &[Vec<u8>]) {
    for record in records {
        append(journal, record);
    }
}

fn read_all(journal: &Journal, after: Lsn) -> Vec<Vec<u8>> {
    let mut reader = journal.reader(after).unwrap();
    let mut payloads = Vec::new();
    loop {
        let records = reader.next_batch(7, 1 << 20).unwrap();
        if records.is_empty() {
            return payloads;
        }
        payloads.extend(records.into_iter().map(|record| record.payload));
    }
}

fn numbered(count: u32) -> Vec<Vec<u8>> {
    (0..count).map(|n| [&n.to_le_bytes()[..], &[b'x'; 96]].concat()).collect()
}

/// The end of time, as far as retention is concerned.
fn later() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40)
}

#[test]
fn records_come_back_in_order_with_their_numbers_across_segments_and_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let records = numbered(200);
    let journal = open(dir.path());
    for (n, record) in records.iter().enumerate() {
        assert_eq!(append(&journal, record), Lsn::new(n as u64 + 1));
    }
    assert!(journal.status().segments > 3);
    assert_eq!(read_all(&journal, Lsn::ZERO), records);
    journal.close();

    let (journal, recovered) = Journal::open(dir.path(), small()).unwrap();
    assert_eq!((recovered.last, recovered.records, recovered.torn), (Lsn::new(200), 200, None));
    assert_eq!(read_all(&journal, Lsn::new(150)), records[150..]);
    assert_eq!(append(&journal, b"more"), Lsn::new(201));
}

#[test]
fn a_tailing_reader_sees_each_record_once_through_rotations() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let mut reader = journal.reader(Lsn::ZERO).unwrap();
    assert!(reader.next_batch(10, 1 << 20).unwrap().is_empty());
    for record in numbered(120) {
        append(&journal, &record);
        let seen = reader.next_batch(10, 1 << 20).unwrap();
        assert_eq!(seen.into_iter().map(|record| record.payload).collect::<Vec<_>>(), [record]);
    }
    assert!(reader.next_batch(10, 1 << 20).unwrap().is_empty());
}

#[test]
fn a_record_says_where_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    append(&journal, b"findme");
    let record = journal.reader(Lsn::ZERO).unwrap().next_batch(1, 1).unwrap().remove(0);
    let file = dir.path().join("segment-00000001-00000000000000000001");
    let bytes = std::fs::read(file).unwrap();
    let start = record.at.offset as usize + 18;
    assert_eq!((record.at.segment, &bytes[start..start + 6]), (1, &b"findme"[..]));
}

#[test]
fn a_checkpoint_stands_for_everything_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let records = numbered(100);
    append_all(&journal, &records);
    journal.checkpoint(Lsn::new(60), b"sixty").unwrap();
    journal.close();

    let (journal, recovered) = Journal::open(dir.path(), small()).unwrap();
    let checkpoint = recovered.checkpoint.unwrap();
    assert_eq!((checkpoint.covers, checkpoint.payload.as_slice()), (Lsn::new(60), &b"sixty"[..]));
    assert_eq!(recovered.records, 40);
    assert_eq!(read_all(&journal, checkpoint.covers), records[60..]);
}

#[test]
fn a_checkpoint_never_covers_what_is_not_durable_and_never_goes_back() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    append(&journal, b"one");
    append(&journal, b"two");
    assert!(matches!(journal.checkpoint(Lsn::new(3), b""), Err(CheckpointError::NotDurable { .. })));
    journal.checkpoint(Lsn::new(2), b"").unwrap();
    assert!(matches!(journal.checkpoint(Lsn::new(1), b""), Err(CheckpointError::Older { .. })));
}

#[test]
fn a_damaged_newest_checkpoint_costs_a_longer_replay_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let records = numbered(100);
    append_all(&journal, &records);
    journal.checkpoint(Lsn::new(40), b"forty").unwrap();
    journal.checkpoint(Lsn::new(80), b"eighty").unwrap();
    journal.retire(Lsn::new(100), later(), Duration::ZERO).unwrap();
    journal.close();
    let newest = dir.path().join("checkpoint-00000000000000000080");
    let mut bytes = std::fs::read(&newest).unwrap();
    bytes[60] ^= 4;
    std::fs::write(&newest, bytes).unwrap();

    let (journal, recovered) = Journal::open(dir.path(), small()).unwrap();
    assert_eq!(recovered.checkpoint.unwrap().payload, b"forty");
    assert_eq!(recovered.damaged_checkpoints[0].file, newest);
    assert_eq!(read_all(&journal, Lsn::new(40)), records[40..]);
}

#[test]
fn a_segment_goes_only_when_covered_twice_projected_and_old() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    append_all(&journal, &numbered(200));
    let before = journal.status().segments;
    let retire =
        |projected, retention| journal.retire(Lsn::new(projected), later(), retention).unwrap().segments;

    assert_eq!(retire(200, Duration::ZERO), 0, "no checkpoint covers anything");
    journal.checkpoint(Lsn::new(100), b"").unwrap();
    assert_eq!(retire(200, Duration::ZERO), 0, "a single checkpoint might be damaged");
    journal.checkpoint(Lsn::new(150), b"").unwrap();
    assert_eq!(retire(200, Duration::from_secs(1 << 41)), 0, "too young");
    let gone = retire(200, Duration::ZERO);
    assert!(gone > 0 && gone < before);
    let oldest = journal.status().oldest;
    assert!(oldest <= Lsn::new(101), "what the older checkpoint does not cover stays");
    assert!(matches!(journal.reader(Lsn::ZERO), Err(ReadError::Gone { .. })));
    assert_eq!(read_all(&journal, Lsn::new(oldest.get() - 1)).len() as u64, 200 - oldest.get() + 1);
}

#[test]
fn a_segment_that_is_not_projected_stays() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    append_all(&journal, &numbered(200));
    journal.checkpoint(Lsn::new(190), b"").unwrap();
    journal.checkpoint(Lsn::new(200), b"").unwrap();
    journal.retire(Lsn::new(90), later(), Duration::ZERO).unwrap();
    assert!(journal.status().oldest <= Lsn::new(91));
    assert_eq!(read_all(&journal, Lsn::new(90)).len(), 110);
}

#[test]
fn what_nobody_wants_any_more_goes_whatever_its_age_and_nothing_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    append_all(&journal, &numbered(200));
    let segments = journal.segments();
    let third = segments[2];
    assert_eq!(journal.let_go(third.before()).unwrap().segments, 0, "no checkpoint covers anything");
    journal.checkpoint(Lsn::new(190), b"").unwrap();
    journal.checkpoint(Lsn::new(200), b"").unwrap();
    assert_eq!(journal.let_go(third.before().before()).unwrap().segments, 1, "a segment goes whole or stays");
    assert_eq!(journal.would_let_go(third.before()), 1);
    assert_eq!(journal.let_go(third.before()).unwrap().segments, 1);
    assert_eq!(journal.segments(), segments[2..]);
    assert_eq!(read_all(&journal, third.before()).len() as u64, 201 - third.get());
}

#[test]
fn a_second_process_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    assert!(matches!(Journal::open(dir.path(), small()), Err(OpenError::Locked(_))));
    journal.close();
    drop(open(dir.path()));
}

#[test]
fn a_long_backlog_refuses_dials_first_and_endings_never() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { backlog_bytes: 40 << 10, ..small() };
    let (journal, _) = Journal::open(dir.path(), options).unwrap();
    let take = |class| {
        journal.append(1, vec![0; 400], class).and_then(|pending| pending.wait_blocking().map(|_| ()))
    };
    while journal.status().taking == Taking::All {
        take(Class::Dial).unwrap();
    }
    assert_eq!(journal.status().taking, Taking::NoDials);
    assert_eq!(take(Class::Dial), Err(AppendError::Backlog));
    while journal.status().taking == Taking::NoDials {
        take(Class::Event).unwrap();
    }
    assert_eq!(take(Class::Event), Err(AppendError::Backlog));
    assert_eq!(take(Class::Ending), Ok(()));

    journal.retire(journal.durable(), later(), Duration::ZERO).unwrap();
    assert_eq!(take(Class::Dial), Ok(()), "projected: the doors are open again");
}

#[test]
fn what_is_closed_takes_nothing_and_keeps_what_it_took() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let other = journal.clone();
    let pending = journal.append(1, b"last".to_vec(), Class::Event).unwrap();
    journal.close();
    assert_eq!(pending.wait_blocking(), Ok(Lsn::new(1)));
    assert!(matches!(other.append(1, vec![], Class::Ending), Err(AppendError::Closed)));
}

#[test]
fn an_oversized_record_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let long = vec![0; trunkline_journal::MAX_PAYLOAD + 1];
    assert!(matches!(journal.append(1, long, Class::Ending), Err(AppendError::TooLarge(_))));
    let longest = vec![7; trunkline_journal::MAX_PAYLOAD];
    append(&journal, &longest);
    assert_eq!(read_all(&journal, Lsn::ZERO), [longest]);
}
