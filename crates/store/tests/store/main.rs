//! The store as its users meet it: one conformance suite on real SQLite files and a real PostgreSQL, and what only one
//! of them can suffer.

#[cfg(test)]
mod appointments;
#[cfg(test)]
mod bot_rollups;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod counts;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod importing;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod poison;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod projecting;
#[cfg(test)]
mod pruning;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod queue_rows;
#[cfg(test)]
mod results;
#[cfg(test)]
mod rollups;
#[cfg(test)]
mod rosters;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod search;
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod webhooks;
