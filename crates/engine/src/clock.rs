//! The one clock, and the one source of chance.
//!
//! Time runs on the machine's boot clock, which nobody steps and which goes on while the machine sleeps; the wall is
//! looked at once, at the start. With a speed factor a minute of ring time passes in a second, for the demo and the
//! torture runs: every process that is told the same epoch and speed reads the same time, also after a restart.

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// The engine's clock. Cheap to copy; all copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The time at the boot clock's `started`.
    base: Timestamp,
    started: Duration,
    speed: f64,
}

/// How fast time runs, and since when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// From this moment on it runs faster.
    pub epoch: Timestamp,
    /// So many times.
    pub speed: f64,
}

impl Clock {
    /// A clock that shows the time.
    pub fn real() -> Self {
        Self { base: wall(), started: boot(), speed: 1.0 }
    }

    /// A clock that runs faster from an epoch on.
    pub fn paced(pace: Pace) -> Self {
        let past = wall().duration_since(pace.epoch).as_secs_f64();
        let base = add(pace.epoch, past * pace.speed);
        Self { base, started: boot(), speed: pace.speed }
    }

    /// Now, in whole microseconds (the store's unit).
    pub fn now(&self) -> Timestamp {
        let past = boot().saturating_sub(self.started).as_secs_f64();
        let now = add(self.base, past * self.speed);
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// How long a span of this clock really takes.
    pub fn really(&self, span: Duration) -> Duration {
        span.div_f64(self.speed)
    }

    /// How much of this clock's time passes in a real span.
    pub fn in_a(&self, real: Duration) -> Duration {
        real.mul_f64(self.speed)
    }

    /// How long it really is until `at`; zero if it is past.
    pub fn until(&self, at: Timestamp) -> Duration {
        let span = at.duration_since(self.now());
        Duration::try_from(span).map_or(Duration::ZERO, |span| self.really(span))
    }
}

fn add(at: Timestamp, secs: f64) -> Timestamp {
    SignedDuration::try_from_secs_f64(secs).ok().and_then(|span| at.checked_add(span).ok()).unwrap_or(at)
}

#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
fn wall() -> Timestamp {
    Timestamp::now()
}

/// The time that files are stamped with, whatever pace calls run at.
#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
pub(crate) fn system_now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// The time as others know it, whatever pace calls run at.
pub(crate) fn wall_now() -> Timestamp {
    wall()
}

/// How long the machine has been on, by a clock that nobody steps and that goes on while a process is stopped.
pub(crate) fn uptime() -> Duration {
    boot()
}

fn boot() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Random bytes, such as ten for a new call's id, from the operating system.
pub(crate) fn chance<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Thirty-two random bytes for a new key, from the operating system.
pub(crate) fn secret() -> Result<[u8; 32], getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clocks_of_one_pace_agree_whenever_they_were_started() {
        let pace = Pace { epoch: wall() - SignedDuration::from_secs(100), speed: 60.0 };
        let (one, other) = (Clock::paced(pace), Clock::paced(pace));
        assert!(one.now().duration_since(other.now()).abs() < SignedDuration::from_secs(5));
        assert!(one.now().duration_since(pace.epoch) >= SignedDuration::from_secs(6_000));
    }

    #[test]
    fn a_past_time_takes_no_waiting() {
        let clock = Clock::real();
        assert_eq!(clock.until(clock.now() - SignedDuration::from_secs(1)), Duration::ZERO);
    }
}
