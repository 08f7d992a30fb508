//! Live events: what happens is heard in order, once, by who may hear it, and by nobody else.

mod clients;
pub mod ears;
mod sockets;
mod streams;
mod tenants;
