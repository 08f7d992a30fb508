//! The simulator's own time, which runs `speed` times as fast as the wall clock.
//!
//! Every ring, pause and spoken sentence is slept on this clock, and every date that the REST API shows is read from
//! it. Webhook budgets are real time and do not come here: a product needs its real milliseconds at any speed.
#![expect(clippy::disallowed_methods, reason = "the simulator is a world of its own; this is its one clock")]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};
use tokio::time::Instant;

/// Time in the simulated world.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Timestamp,
    started: Instant,
    speed: f64,
}

impl Clock {
    /// Starts a clock. At `epoch` simulated and real time agree; without one they agree now.
    pub(crate) fn start(speed: f64, epoch: Option<Timestamp>) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        let real = Timestamp::now();
        let origin = epoch.map_or(real, |epoch| {
            let ahead = real.duration_since(epoch).as_secs_f64() * speed;
            SignedDuration::try_from_secs_f64(ahead)
                .map_or(real, |ahead| epoch.saturating_add(ahead).unwrap_or(real))
        });
        Self { origin, started: Instant::now(), speed }
    }

    /// The simulated present.
    pub(crate) fn now(&self) -> Timestamp {
        self.at(self.elapsed())
    }

    /// Simulated time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed().mul_f64(self.speed)
    }

    fn at(&self, elapsed: Duration) -> Timestamp {
        let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::ZERO);
        self.origin.saturating_add(elapsed).unwrap_or(self.origin)
    }

    /// A span of real time, as simulated time.
    pub(crate) fn simulated(&self, real: Duration) -> Duration {
        real.mul_f64(self.speed)
    }

    /// Sleeps for a span of simulated time.
    pub(crate) async fn sleep(&self, simulated: Duration) {
        tokio::time::sleep(simulated.div_f64(self.speed)).await;
    }

    /// Sleeps until a moment of simulated time, given as time since the start.
    pub(crate) async fn sleep_until(&self, elapsed: Duration) {
        tokio::time::sleep_until(self.started + elapsed.div_f64(self.speed)).await;
    }
}

/// The real present, in seconds since 1970: what a webhook is signed with, since its way is real too.
pub(crate) fn real_second() -> i64 {
    Timestamp::now().as_second()
}

/// A date the way Twilio writes it: `Tue, 31 Aug 2010 20:36:28 +0000`.
pub(crate) fn rfc2822(at: Timestamp) -> String {
    let zoned: Zoned = at.to_zoned(TimeZone::UTC);
    zoned.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_twilio_writes_them() {
        let at: Timestamp = "2010-08-31T20:36:28Z".parse().unwrap();
        assert_eq!(rfc2822(at), "Tue, 31 Aug 2010 20:36:28 +0000");
    }

    #[tokio::test]
    async fn a_fast_clock_makes_a_minute_short() {
        let clock = Clock::start(1_200.0, None);
        let real = Instant::now();
        clock.sleep(Duration::from_secs(60)).await;
        assert!(real.elapsed() < Duration::from_secs(30));
        assert!(clock.elapsed() >= Duration::from_secs(60));
    }

    #[test]
    fn a_clock_with_an_epoch_goes_on_where_an_earlier_one_stopped() {
        let epoch = Timestamp::now() - SignedDuration::from_secs(10);
        let ahead = Clock::start(60.0, Some(epoch)).now().duration_since(epoch);
        assert!(ahead >= SignedDuration::from_secs(600) && ahead < SignedDuration::from_secs(700));
    }
}
