//! What is measured, one file for each thing that needs a server of its own.

pub mod accepts;
pub mod backlog;
pub mod bots;
pub mod callbacks;
pub mod ceilings;
pub mod dashboard;
pub mod events;
pub mod history;
pub mod lookups;
pub mod memory;
pub mod outage;
pub mod placing;
pub mod population;
pub mod projection;
pub mod recovery;
pub mod restart;
pub mod signals;
pub mod sockets;
pub mod sustained;
pub mod webhooks;
