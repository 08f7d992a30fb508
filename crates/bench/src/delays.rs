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
    ToModel,
    /// Sound of the model, to the caller.
    ToCaller,
    /// From the model's word that the caller speaks until the carrier is told to be silent.
    ToSilence,
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
            Way::ToModel => heard.to_model.add(took),
            Way::ToCaller => heard.to_caller.add(took),
            Way::ToSilence => heard.to_silence.add(took),
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
            Some(at) => self.note(Way::ToSilence, at),
            None => self.wrong(format!("call {call} was told to be silent, and nobody spoke")),
        }
    }

    /// Something is not as it should be.
    pub fn wrong(&self, what: String) {
        self.state().wrong.get_or_insert(what);
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
        let mut state = self.state();
        state.until = 0;
        match state.wrong.take() {
            Some(wrong) => bail!("{wrong}"),
            None => Ok(std::mem::take(&mut state.heard)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
