//! The web room over real sockets, with a real engine behind it and the simulator as the carrier.

mod abuse;
mod client;
mod house;
mod pages;
mod rest;
mod service;
mod story;
mod webhooks;
