//! The web room over real sockets, with a real engine behind it and the simulator as the carrier.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test builds on must be there")]

mod client;
mod forgery;
mod hostile;
mod house;
mod live;
mod pages;
mod people;
mod rates;
mod rest;
mod service;
mod story;
mod webhooks;
