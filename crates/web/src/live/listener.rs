//! What holds for every listener, however it is told: who it is, what comes next, and when it is to end.

use super::asked::Asked;
use super::seats::Seat;
use crate::access::Admitted;
use crate::problem::Problem;
use crate::web::Web;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};
use trunkline_core::tenancy::Caller;
use trunkline_engine::{Cursor, LiveEvent, Lost, Subscription};

/// A revoked key hears no more within this time.
const LOOK: Duration = Duration::from_millis(500);
/// So many looks without news, and the listener is told that it is still heard: 15 seconds.
const QUIET_LOOKS: u32 = 30;

/// Somebody who listens.
pub(super) struct Listener {
    web: Arc<Web>,
    by: Admitted,
    pub(super) subscription: Subscription,
    looks: Interval,
    quiet: u32,
    _seat: Seat,
}

/// What a listener is to be told.
pub(super) enum Told {
    Events(Vec<Arc<LiveEvent>>),
    /// What came next is lost; it stood here, and goes on from now.
    Lost(Lost, Cursor),
    /// Nothing has happened for a while.
    Quiet,
    /// The key opens nothing any more.
    Revoked,
    /// The server ends.
    End,
}

impl Listener {
    /// Seats a listener. It hears what happens from now on.
    pub(super) async fn seat(web: &Arc<Web>, by: Admitted, asked: &Asked) -> Result<Self, Problem> {
        let desk = web.engine.of(&by.caller.tenant);
        let about = asked.about(&desk).await?;
        let seat = web.seats.take(&by.caller.tenant)?;
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let subscription = desk.listen(about);
        Ok(Self { web: Arc::clone(web), by, subscription, looks, quiet: 0, _seat: seat })
    }

    /// What is to be told next. Nothing is lost if it is given up while it waits.
    pub(super) async fn next(&mut self) -> Told {
        loop {
            tokio::select! {
                biased;
                () = self.web.shutdown.cancelled() => return Told::End,
                _ = self.looks.tick() => {
                    if !self.is_admitted() {
                        return Told::Revoked;
                    }
                    self.quiet += 1;
                    if self.quiet > QUIET_LOOKS {
                        self.quiet = 0;
                        return Told::Quiet;
                    }
                }
                events = self.subscription.next() => {
                    if !self.is_admitted() {
                        return Told::Revoked;
                    }
                    self.quiet = 0;
                    return match events {
                        Ok(events) => Told::Events(events),
                        Err(lost) => {
                            let stood = self.subscription.cursor();
                            self.subscription.skip();
                            Told::Lost(lost, stood)
                        }
                    };
                }
            }
        }
    }

    /// Whether the key still opens this tenant's calls.
    fn is_admitted(&self) -> bool {
        let tenant = |caller: Caller| caller.tenant;
        self.web.admitted(&self.by.mark).map(tenant).as_ref() == Some(&self.by.caller.tenant)
    }
}
