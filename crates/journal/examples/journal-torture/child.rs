//! The process under test: opens a journal, lets writers append, says on its standard output what was acknowledged, and does
//! its upkeep as an engine would, until it is killed or the journal is poisoned.

use std::{
    collections::VecDeque,
    future::Future,
    io::Write,
    path::Path,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake},
    thread,
    time::{Duration, SystemTime},
};

use trunkline_journal::{Journal, Lsn, Pending, Sync};

use crate::{
    Args, Outcome, report,
    workload::{self, Fold},
};

/// Exit code of a poisoned journal.
pub const POISONED: i32 = 3;
/// Appends that a writer has under way at once.
const WINDOW: usize = 3;

/// Runs until the journal is poisoned, or for ever.
pub fn run(args: &Args) -> Outcome<()> {
    let sync = if args.word("sync")? == "off" { Sync::Off } else { Sync::Fdatasync };
    let options = workload::options(sync, args.number("segment-bytes", 64 << 10)?);
    let (journal, recovered, fold) = workload::open(Path::new(args.word("dir")?), options)?;
    say("ready");
    let writers = usize::try_from(args.number("writers", 8)?)?;
    for writer in 0..writers {
        let journal = journal.clone();
        let next = fold.0.get(writer).copied().unwrap_or(0);
        thread::spawn(move || write(&journal, writer, next));
    }
    let keeper = journal.clone();
    let upkeep = args.number("upkeep", 1)? > 0;
    thread::spawn(move || {
        if !upkeep {
            return;
        }
        if let Err(error) = keep_up(&keeper, recovered.last, fold) {
            report::complain(&format!("upkeep: {error}"));
        }
    });
    let why = block_on(journal.fatal());
    report::complain(&why);
    std::process::exit(POISONED)
}

/// One line, one write: what a parent has read was said before the kill.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A parent that is gone needs no news.
    let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
}

fn write(journal: &Journal, writer: usize, first: u64) {
    let mut number = first;
    let mut waiting: VecDeque<(u64, Pending)> = VecDeque::new();
    loop {
        while waiting.len() < WINDOW {
            match journal.append(1, workload::payload(writer, number), workload::class(number)) {
                Ok(pending) => waiting.push_back((number, pending)),
                Err(_) => return,
            }
            number += 1;
        }
        let Some((number, pending)) = waiting.pop_front() else { return };
        match pending.wait_blocking() {
            Ok(_) => say(&format!("{writer} {number}")),
            Err(_) => return,
        }
    }
}

/// Checkpoints and retires, over and over, from what a second reader sees.
fn keep_up(journal: &Journal, mut covers: Lsn, mut fold: Fold) -> Outcome<()> {
    let mut reader = journal.reader(covers)?;
    loop {
        thread::sleep(Duration::from_millis(7));
        while let records = reader.next_batch(500, 1 << 20)?
            && !records.is_empty()
        {
            records.iter().try_for_each(|record| fold.apply(record))?;
        }
        if reader.position() > covers {
            covers = reader.position();
            journal.checkpoint(covers, &fold.encode())?;
            let end_of_time = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
            journal.retire(covers, end_of_time, Duration::ZERO)?;
        }
    }
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Arc::new(Unpark(thread::current())).into();
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
