//! How long sound and silence took on their way, noted by whoever hears them, in one window of time after the other.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

use crate::stats::Latencies;

/// What was under way when a window ended is still waited for.
const LAST: Duration = Duration::from_millis(500);

/// What takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Sound of a caller, to the model.
    Caller,
    /// Sound of the bot, to the caller.
    Bot,
    /// From the model's word that the caller speaks until the carrier is told to be silent.
    Silence,
}

/// The delays of one window.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Sound of callers.
    pub to_model: Latencies,
    /// Sound of the model.
    pub to_caller: Latencies,
    /// Interruptions.
    pub to_silence: Latencies,
}

/// Notes delays.
pub struct Delays {
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The window, in nanoseconds since the beginning.
    since: u64,
    until: u64,
    heard: Heard,
    /// When the model said of a call that its caller speaks, as long as nobody was told to be silent.
    spoken: HashMap<u32, u64>,
    /// What went wrong first.
    wrong: Option<String>,
}

impl Delays {
    /// No window yet.
    pub fn new() -> Self {
        Self { begun: Instant::now(), state: Mutex::default() }
    }

    /// Now, in nanoseconds since the beginning.
    pub fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Something that began at `at` has arrived.
    pub fn note(&self, way: Way, at: u64) {
        let took = Duration::from_nanos(self.now().saturating_sub(at));
        let mut state = self.state();
        if at < state.since || at >= state.until {
            return;
        }
        let heard = &mut state.heard;
        match way {
            Way::Caller => heard.to_model.add(took),
            Way::Bot => heard.to_caller.add(took),
            Way::Silence => heard.to_silence.add(took),
        }
    }

    /// The model says that the caller of this call speaks.
    pub fn speaks(&self, call: u32) {
        let now = self.now();
        self.state().spoken.insert(call, now);
    }

    /// The carrier of this call is told to be silent.
    pub fn silenced(&self, call: u32) {
        let spoken = self.state().spoken.remove(&call);
        match spoken {
            Some(at) => self.note(Way::Silence, at),
            None => self.wrong(format!("call {call} was told to be silent, and nobody spoke")),
        }
    }

    /// Something is not as it should be.
    pub fn wrong(&self, what: String) {
        self.state().wrong.get_or_insert(what);
    }

    /// What was wrong first, if anything was.
    pub fn first_wrong(&self) -> Option<String> {
        self.state().wrong.take()
    }

    /// The delays of what begins in the time from now on.
    ///
    /// # Errors
    /// Something was wrong.
    pub async fn measure(&self, time: Duration) -> Result<Heard> {
        let since = self.now();
        {
            let mut state = self.state();
            state.heard = Heard::default();
            (state.since, state.until) = (since, since.saturating_add(u64::try_from(time.as_nanos())?));
        }
        sleep(time + LAST).await;
        if let Some(wrong) = self.first_wrong() {
            bail!("{wrong}");
        }
        let mut state = self.state();
        state.until = 0;
        Ok(std::mem::take(&mut state.heard))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
