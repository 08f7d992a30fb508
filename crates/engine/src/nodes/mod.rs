//! Several nodes on one database: this node's lease, and what becomes of the calls of a node that is gone.
//!
//! A node says every few seconds that it is alive. While the database confirms that in time it holds its lease; without it
//! no attempt of the queue is posted and nothing is claimed, since another node may have taken over what this one carried.
//! Of a node that stays silent another takes the open calls and jobs: it journals each as its own and reconciles it, as it
//! would its own after a restart; it sends nothing. The old node learns what it has lost before it does anything with it.
//!
//! - `hearsay`: what other nodes heard of calls that this one carries
//! - `lease`: the heartbeat, by a clock that a stopped process can't stop
//! - `takeover`: from a row to a live call of this node · `yielding`: from a live call to somebody else's
//!
//! Left to others: who is silent, and who of several takes over (store); what an attempt of which nothing is known is (core);
//! the asking, listing and ruling (`reconcile`, `timers`). On a database that is one server's own nothing here runs.

mod hearsay;
mod lease;
mod takeover;
mod yielding;

pub(crate) use lease::Lease;
