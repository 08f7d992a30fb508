//! Everybody who is on the line: a fixed number of live calls, shared among connections for a window of time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::call::{Acknowledged, Call, Done, FETCHES, QUESTIONS};
use crate::http::Connection;
use crate::stats::Latencies;
use crate::webhook::Writer;

/// Connections that a crowd gathers over.
const GATHERING: usize = 64;

/// Live calls of one server.
pub struct Crowd {
    address: SocketAddr,
    calls: Vec<Call>,
    over: Vec<u64>,
    serials: Arc<AtomicU64>,
}

/// How fast webhooks come.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// Each connection makes the next as soon as it has the answer to the one before.
    Closed,
    /// So many per second over all connections, whether or not the server keeps up.
    Open {
        /// Webhooks per second.
        per_second: f64,
    },
}

/// What a window of time saw.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// How long it was.
    pub took: Duration,
    /// Voice webhooks, or what else was asked.
    pub voice: Latencies,
    /// Reports of an end.
    pub ends: usize,
}

impl Window {
    /// All webhooks of it.
    pub fn webhooks(&self) -> usize {
        self.voice.len() + self.ends
    }

    /// Voice webhooks per second.
    pub fn rate(&self) -> f64 {
        self.voice.per_second(self.took)
    }
}

impl Crowd {
    /// Nobody is on the line yet.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, calls: Vec::new(), over: Vec::new(), serials: Arc::new(AtomicU64::new(1)) }
    }

    /// Lets people call until there are `calls` of them, spread evenly over the questions.
    ///
    /// # Errors
    /// A webhook was not answered as it should be.
    pub async fn gather(&mut self, calls: usize) -> Result<()> {
        self.gather_so(calls, spread).await
    }

    /// Lets people call until there are `calls` of them, who have all heard so many pages.
    ///
    /// # Errors
    /// A webhook was not answered as it should be.
    pub async fn gather_upto(&mut self, calls: usize, pages: u8) -> Result<()> {
        self.gather_so(calls, move |_| pages).await
    }

    async fn gather_so(
        &mut self,
        calls: usize,
        pages: impl Fn(u64) -> u8 + Copy + Send + 'static,
    ) -> Result<()> {
        let missing = calls.saturating_sub(self.calls.len());
        let serials = Arc::clone(&self.serials);
        self.calls.extend((0..missing).map(|_| Call::new(serials.fetch_add(1, Ordering::Relaxed))));
        self.share(GATHERING, move |line| line.gather(pages)).await?;
        Ok(())
    }

    /// Lets them go on for a while.
    ///
    /// # Errors
    /// A webhook was not answered as it should be.
    pub async fn talk(&mut self, connections: usize, pace: Pace, time: Duration) -> Result<Window> {
        let begun = Instant::now();
        let talk = Talk { begun, end: begun + time, pace, connections, serials: Arc::clone(&self.serials) };
        let windows = self.share(connections, |line| line.talk(talk.clone())).await?;
        let mut whole = Window { took: begun.elapsed(), ..Window::default() };
        for window in windows {
            whole.voice.extend(&window.voice);
            whole.ends += window.ends;
        }
        Ok(whole)
    }

    /// Reports of them for a while that they go on, by status callbacks.
    ///
    /// # Errors
    /// A callback was not answered as it should be.
    pub async fn report(&mut self, connections: usize, time: Duration) -> Result<Window> {
        let begun = Instant::now();
        let windows = self.share(connections, |line| line.report(begun + time)).await?;
        let mut whole = Window { took: begun.elapsed(), ..Window::default() };
        windows.iter().for_each(|window| whole.voice.extend(&window.voice));
        Ok(whole)
    }

    /// What the server has acknowledged, by the carrier's id of the call.
    pub fn acknowledged(&self) -> HashMap<String, Acknowledged> {
        let over = self.over.iter().map(|serial| (*serial, Acknowledged { fetches: FETCHES, ended: true }));
        let live = self.calls.iter().map(|call| (call.serial(), call.acknowledged()));
        over.chain(live)
            .filter(|(_, acknowledged)| acknowledged.fetches > 0)
            .map(|(serial, acknowledged)| (Call::sid(serial), acknowledged))
            .collect()
    }

    /// Gives each of `connections` its share of the calls, and takes them back when it is done.
    async fn share<F>(&mut self, connections: usize, work: impl Fn(Line) -> F) -> Result<Vec<Window>>
    where
        F: Future<Output = Result<Line>> + Send + 'static,
    {
        let mut shares: Vec<Vec<Call>> = (0..connections).map(|_| Vec::new()).collect();
        for (index, call) in self.calls.drain(..).enumerate() {
            shares[index % connections].push(call);
        }
        let mut lines = JoinSet::new();
        let writer = Writer::new(self.address.to_string())?;
        for (number, calls) in shares.into_iter().enumerate() {
            let connection = Connection::open(self.address).await?;
            let (over, window) = (Vec::new(), Window::default());
            lines.spawn(work(Line { number, connection, writer: writer.clone(), calls, over, window }));
        }
        let mut windows = Vec::new();
        while let Some(line) = lines.join_next().await {
            let line = line.context("a connection's task died")??;
            self.calls.extend(line.calls);
            self.over.extend(line.over);
            windows.push(line.window);
        }
        Ok(windows)
    }
}

/// How many pages the call with this number has heard, where they are spread over all questions.
fn spread(serial: u64) -> u8 {
    u8::try_from(serial % u64::from(QUESTIONS)).unwrap_or(0) + 1
}

/// One connection with its share of the calls.
struct Line {
    number: usize,
    connection: Connection,
    writer: Writer,
    calls: Vec<Call>,
    over: Vec<u64>,
    window: Window,
}

/// What all connections of a window have in common.
#[derive(Clone)]
struct Talk {
    begun: Instant,
    end: Instant,
    pace: Pace,
    connections: usize,
    serials: Arc<AtomicU64>,
}

impl Talk {
    /// When a connection's `n`-th webhook is due, where there is a schedule: connections take turns.
    fn due(&self, number: usize, n: usize) -> Option<Instant> {
        match self.pace {
            Pace::Closed => None,
            Pace::Open { per_second } => {
                let before = (number + n * self.connections) as f64;
                Some(self.begun + Duration::from_secs_f64(before / per_second))
            }
        }
    }
}

impl Line {
    async fn gather(mut self, pages: impl Fn(u64) -> u8) -> Result<Self> {
        for call in &mut self.calls {
            while call.acknowledged().fetches < pages(call.serial()) {
                call.go_on(&mut self.connection, &mut self.writer, None).await?;
            }
        }
        Ok(self)
    }

    /// One report after the other, of each call in turn.
    async fn report(mut self, end: Instant) -> Result<Self> {
        let calls = self.calls.len();
        for n in 0.. {
            if Instant::now() >= end || calls == 0 {
                break;
            }
            self.window
                .voice
                .add(self.calls[n % calls].report(&mut self.connection, &mut self.writer).await?);
        }
        Ok(self)
    }

    async fn talk(mut self, talk: Talk) -> Result<Self> {
        for n in 0.. {
            let due = talk.due(self.number, n);
            if due.unwrap_or_else(Instant::now).max(Instant::now()) >= talk.end || self.calls.is_empty() {
                break;
            }
            // Only lateness of the answer before is the server's: that of our own timer is not.
            let late = match due {
                Some(due) if due > Instant::now() => {
                    tokio::time::sleep_until(due).await;
                    None
                }
                due => due,
            };
            let whose = n % self.calls.len();
            let call = &mut self.calls[whose];
            match call.go_on(&mut self.connection, &mut self.writer, late).await? {
                Done::Page { took } => self.window.voice.add(took),
                Done::Over => {
                    self.window.ends += 1;
                    self.over.push(call.serial());
                    *call = Call::new(talk.serials.fetch_add(1, Ordering::Relaxed));
                }
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_take_turns_on_an_open_schedule() {
        let begun = Instant::now();
        let pace = Pace::Open { per_second: 100.0 };
        let talk = Talk { begun, end: begun, pace, connections: 4, serials: Arc::default() };
        let mut due: Vec<_> = (0..8).map(|at| talk.due(at % 4, at / 4)).collect();
        due.sort_unstable();
        let even: Vec<_> = (0..8).map(|at| Some(begun + Duration::from_millis(10 * at))).collect();
        assert_eq!(due, even);
    }
}
