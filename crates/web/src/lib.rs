//! Translates: carrier webhooks, the REST API and the dashboard.
//!
//! Bytes come in over HTTP/1.1 and become words of the engine ([`Order`], [`VoiceFetch`], a [`Query`]); what the engine
//! answers becomes bytes again: a voice document, JSON, a page. Nothing is decided and nothing is remembered here: no
//! state of a call lives in this room, and it never reads past the engine.
//!
//! - `server`: sockets, time limits, the end of service · `door`, `head`: what holds for every request · `router`: the table of routes
//! - `carrier`: webhooks, signature first · `api`: REST for key holders · `pages`: the dashboard for people
//! - `openapi`: what is said of each route, as one document · `code`: every problem there is
//! - `live`: events as they happen, over an endless answer or a WebSocket · `signaling`: sockets of app calls · `user_tokens`: who their users are
//! - `media`: the sockets on which carriers send a caller's sound
//! - `access`: keys and people · `asking`: how often · `proxies`, `cors`: from where · `body`: bounded reading · `problem`: errors as RFC 9457 says
//!
//! To add a route: a handler in the file of its group, a `spec` of the same name, a line in `router.rs`; then `cargo xtask generate`.
//!
//! [`Order`]: trunkline_engine::Order
//! [`VoiceFetch`]: trunkline_engine::VoiceFetch
//! [`Query`]: trunkline_engine::Query

mod access;
mod api;
mod app_calls;
mod asking;
mod body;
mod carrier;
mod code;
mod cors;
mod door;
mod gates;
mod head;
mod live;
mod media;
mod openapi;
mod pages;
mod problem;
mod proxies;
mod request_id;
mod router;
mod server;
mod signaling;
mod user_tokens;
mod web;

pub use access::{Access, SessionSecret};
pub use app_calls::{AppCalls, Turn};
pub use cors::{BadOrigin, Origin};
pub use openapi::{errors, openapi};
pub use pages::settings_check::{Finding, Verdict};
pub use proxies::{BadNetwork, Network};
pub use server::Limits;
/// The hash of a key, as [`Access`] takes it.
pub use trunkline_core::tenancy::KeyHash;
pub use user_tokens::{Signs, UserKey, UserTokens};
pub use web::{Parts, Web};
