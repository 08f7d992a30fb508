//! Where records wait for the disk: producers push bytes, the writer takes all of them at once.
//!
//! A push is a lock, a copy and no allocation: all records of a batch share one buffer and one outcome.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

use crate::{
    error::AppendError,
    frame::{BATCH_HEADER, MAX_PAYLOAD, push_record},
    lsn::{Class, Lsn},
};

/// Which classes are taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intake {
    Open,
    /// The backlog is long: new dials wait.
    NoDials,
    /// The backlog is at its bound.
    EndingsByBacklog,
    /// The disk is full.
    EndingsByFull,
}

impl Intake {
    fn check(self, class: Class) -> Result<(), AppendError> {
        match (self, class) {
            (Self::Open, _) | (_, Class::Ending) | (Self::NoDials, Class::Event) => Ok(()),
            (Self::NoDials, Class::Dial) | (Self::EndingsByBacklog, Class::Dial | Class::Event) => {
                Err(AppendError::Backlog)
            }
            (Self::EndingsByFull, Class::Dial | Class::Event) => Err(AppendError::Full),
        }
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Durable,
    /// The disk was full: only endings went in.
    EndingsOnly,
    /// The disk was full, and the reserve did not suffice.
    Full,
    Poisoned,
}

impl Outcome {
    fn of(self, class: Class, lsn: Lsn) -> Result<Lsn, AppendError> {
        match (self, class) {
            (Self::Durable, _) | (Self::EndingsOnly, Class::Ending) => Ok(lsn),
            (Self::EndingsOnly, Class::Dial | Class::Event) | (Self::Full, _) => Err(AppendError::Full),
            (Self::Poisoned, _) => Err(AppendError::Poisoned),
        }
    }
}

/// The fate that all records of one group commit share.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    state: Mutex<FateState>,
}

#[derive(Debug, Default)]
struct FateState {
    outcome: Option<Outcome>,
    wakers: Vec<Waker>,
}

impl Fate {
    pub fn settle(&self, outcome: Outcome) {
        let wakers = {
            let mut state = self.state.lock();
            state.outcome = Some(outcome);
            std::mem::take(&mut state.wakers)
        };
        for waker in wakers {
            waker.wake();
        }
    }
}

/// A record on its way to the disk. Resolves to its sequence number when it is durable.
///
/// Dropping it changes nothing: the record is written all the same.
#[derive(Debug)]
#[must_use = "an append is acknowledged only when this resolves"]
pub struct Pending {
    lsn: Lsn,
    class: Class,
    /// Where our waker stands among the batch's, once we were polled.
    place: Option<usize>,
    fate: Arc<Fate>,
}

impl Pending {
    /// The record's sequence number, known before it is durable.
    #[must_use]
    pub fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// Waits on this thread until the record is durable or refused.
    ///
    /// # Errors
    /// [`AppendError::Full`] or [`AppendError::Poisoned`].
    pub fn wait_blocking(mut self) -> Result<Lsn, AppendError> {
        // Parked threads are woken one by one by the writer. On a condition variable they would wake each other in a chain.
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match Pin::new(&mut self).poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(outcome) => return outcome,
                Poll::Pending => thread::park(),
            }
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Future for Pending {
    type Output = Result<Lsn, AppendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let fate = Arc::clone(&self.fate);
        let mut state = fate.state.lock();
        if let Some(outcome) = state.outcome {
            return Poll::Ready(outcome.of(self.class, self.lsn));
        }
        match self.place.and_then(|place| state.wakers.get_mut(place)) {
            Some(waker) => waker.clone_from(context.waker()),
            None => {
                self.place = Some(state.wakers.len());
                state.wakers.push(context.waker().clone());
            }
        }
        Poll::Pending
    }
}

/// All that waited, taken for one group commit.
#[derive(Debug)]
pub(crate) struct Taken {
    /// Room for a batch header, then records without checksums.
    pub bytes: Vec<u8>,
    pub count: u32,
    pub first: Lsn,
    pub last: Lsn,
    pub fate: Arc<Fate>,
}

/// What the writer has to do next.
#[derive(Debug)]
pub(crate) enum Work {
    Batch(Taken),
    /// Nothing came for as long as the writer wanted to wait.
    Idle,
    Close,
}

/// How the queue was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Closed,
    Poisoned,
}

/// The queue between producers and the writer.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    bound: usize,
}

#[derive(Debug)]
struct State {
    bytes: Vec<u8>,
    count: u32,
    next: Lsn,
    fate: Arc<Fate>,
    intake: Intake,
    end: End,
}

impl State {
    fn takes(&self, class: Class) -> Result<(), AppendError> {
        match self.end {
            End::Open => self.intake.check(class),
            End::Closed => Err(AppendError::Closed),
            End::Poisoned => Err(AppendError::Poisoned),
        }
    }
}

impl Queue {
    pub fn new(next: Lsn, bound: usize) -> Self {
        let state = State {
            bytes: vec![0; BATCH_HEADER],
            count: 0,
            next,
            fate: Arc::default(),
            intake: Intake::Open,
            end: End::Open,
        };
        // A batch says its length in 32 bits; endings may use the bound twice.
        Self { state: Mutex::new(state), filled: Condvar::new(), bound: bound.min(1 << 30) }
    }

    /// Whether records of this class are taken now.
    pub fn takes(&self, class: Class) -> Result<(), AppendError> {
        self.state.lock().takes(class)
    }

    pub fn push(&self, kind: u8, payload: &[u8], class: Class) -> Result<Pending, AppendError> {
        if payload.len() > MAX_PAYLOAD {
            return Err(AppendError::TooLarge(payload.len()));
        }
        let mut state = self.state.lock();
        state.takes(class)?;
        // Endings free what others wait for: they may use the queue twice over.
        let bound = if class == Class::Ending { self.bound.saturating_mul(2) } else { self.bound };
        if state.bytes.len().saturating_add(payload.len()) > bound.max(MAX_PAYLOAD) {
            return Err(AppendError::Queue);
        }
        let lsn = state.next;
        state.next = lsn.next();
        state.count += 1;
        push_record(&mut state.bytes, lsn, kind, class, payload);
        let fate = Arc::clone(&state.fate);
        let was_empty = state.count == 1;
        drop(state);
        if was_empty {
            self.filled.notify_one();
        }
        Ok(Pending { lsn, class, place: None, fate })
    }

    /// Takes all that waits, or waits for something to do, at most for `patience`. `spare` is the buffer to fill next.
    pub fn take(&self, spare: &mut Vec<u8>, patience: Option<Duration>) -> Work {
        let mut state = self.state.lock();
        while state.count == 0 {
            if state.end != End::Open {
                return Work::Close;
            }
            match patience {
                None => self.filled.wait(&mut state),
                Some(patience) => {
                    if self.filled.wait_for(&mut state, patience).timed_out() && state.count == 0 {
                        return Work::Idle;
                    }
                }
            }
        }
        spare.clear();
        spare.resize(BATCH_HEADER, 0);
        let last = state.next.before();
        let count = std::mem::take(&mut state.count);
        Work::Batch(Taken {
            bytes: std::mem::replace(&mut state.bytes, std::mem::take(spare)),
            count,
            first: Lsn::new(last.get() + 1 - u64::from(count)),
            last,
            fate: std::mem::take(&mut state.fate),
        })
    }

    pub fn set_intake(&self, intake: Intake) {
        self.state.lock().intake = intake;
    }

    pub fn intake(&self) -> Intake {
        self.state.lock().intake
    }

    /// Bytes that wait for the disk.
    pub fn waiting(&self) -> usize {
        self.state.lock().bytes.len() - BATCH_HEADER
    }

    /// No more records; what waits is still written.
    pub fn close(&self) {
        let mut state = self.state.lock();
        if state.end == End::Open {
            state.end = End::Closed;
        }
        drop(state);
        self.filled.notify_all();
    }

    /// No more records, and those that wait fail.
    pub fn poison(&self) {
        let fate = {
            let mut state = self.state.lock();
            state.end = End::Poisoned;
            state.count = 0;
            state.bytes.truncate(BATCH_HEADER);
            std::mem::take(&mut state.fate)
        };
        fate.settle(Outcome::Poisoned);
        self.filled.notify_all();
    }
}
