//! How callers wait: for a record, for news, for the end.
#![expect(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::time::Duration;

use trunkline_journal::{AppendError, Class, Journal, Lsn, Options};

fn open() -> (tempfile::TempDir, Journal) {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(dir.path(), Options { reserve_bytes: 0, ..Options::default() }).unwrap();
    (dir, journal)
}

#[tokio::test]
async fn a_pending_append_resolves_to_its_number_when_it_is_durable() {
    let (_dir, journal) = open();
    let pending = journal.append(1, b"x".to_vec(), Class::Event).unwrap();
    let lsn = pending.lsn();
    assert_eq!(pending.await, Ok(lsn));
    assert!(journal.durable() >= lsn);
}

#[tokio::test]
async fn whoever_waits_for_a_number_is_woken_by_another_ones_append() {
    let (_dir, journal) = open();
    let waiter = tokio::spawn({
        let journal = journal.clone();
        async move { (journal.wait_durable(Lsn::new(3)).await, journal.changed(Lsn::ZERO).await) }
    });
    for _ in 0..3 {
        journal.append(1, b"x".to_vec(), Class::Event).unwrap().await.unwrap();
    }
    let (waited, changed) = waiter.await.unwrap();
    assert_eq!((waited, changed), (Ok(()), Lsn::new(3)));
}

#[tokio::test]
async fn thousands_of_appends_from_many_tasks_all_come_back_in_order() {
    let (_dir, journal) = open();
    let tasks: Vec<_> = (0..50u32)
        .map(|task| {
            let journal = journal.clone();
            tokio::spawn(async move {
                let mut last = Lsn::ZERO;
                for n in 0..100u32 {
                    let payload = [task.to_le_bytes(), n.to_le_bytes()].concat();
                    let lsn = journal.append(1, payload, Class::Event).unwrap().await.unwrap();
                    assert!(lsn > last);
                    last = lsn;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut next = [0u32; 50];
    let mut reader = journal.reader(Lsn::ZERO).unwrap();
    loop {
        let records = reader.next_batch(1000, 1 << 20).unwrap();
        if records.is_empty() {
            break;
        }
        for record in records {
            let (task, n) = record.payload.split_at(4);
            let task = u32::from_le_bytes(task.try_into().unwrap()) as usize;
            assert_eq!(u32::from_le_bytes(n.try_into().unwrap()), next[task]);
            next[task] += 1;
        }
    }
    assert_eq!(next, [100; 50]);
}

#[tokio::test]
async fn a_dropped_wait_costs_nothing_and_the_record_is_kept() {
    let (_dir, journal) = open();
    drop(journal.append(1, b"forgotten".to_vec(), Class::Event).unwrap());
    journal.wait_durable(Lsn::new(1)).await.unwrap();
    assert_eq!(journal.reader(Lsn::ZERO).unwrap().next_batch(1, 1).unwrap()[0].payload, b"forgotten");
}

#[tokio::test]
async fn a_sound_journal_has_no_fatal_news() {
    let (_dir, journal) = open();
    journal.append(1, b"x".to_vec(), Class::Event).unwrap().await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(20), journal.fatal()).await;
    assert!(waited.is_err());
}

#[tokio::test]
async fn a_closed_journal_lets_nobody_wait_for_ever() {
    let (_dir, journal) = open();
    let other = journal.clone();
    journal.close();
    assert!(matches!(other.append(1, vec![], Class::Ending), Err(AppendError::Closed)));
    let waited = tokio::time::timeout(Duration::from_secs(5), other.wait_durable(Lsn::new(9))).await;
    assert_eq!(waited, Ok(Err(AppendError::Closed)));
}
