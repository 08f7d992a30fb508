//! Whole-server stories: a server on a folder, a simulated carrier as the outside world, people with habits, and days
//! that go wrong. Each story is a promise of the design, told once; `day` is the language they are told in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story fails by panicking")]

mod day;

mod asking;
mod attempts;
mod beneath;
mod cache;
mod call_backs;
mod callbacks;
mod campaign_commands;
mod campaign_import;
mod campaigns;
mod durability;
mod ends;
mod hours;
mod inbound;
mod journal_alone;
mod killed;
mod limits;
mod live;
mod lost;
mod machines;
mod measures;
mod nodes;
mod odd_lists;
mod operator;
mod orders;
mod outage;
mod outgoing;
mod package;
mod pages;
mod parked;
mod privacy;
mod queue;
mod quickstart;
mod reconcile;
mod recordings;
mod refused;
mod restored;
mod results;
mod scripts;
mod sequence;
mod shares;
mod singles;
mod surface;
mod takeover;
mod tenants;
mod thirds;
mod trace;
mod two_tenants;
mod webhooks;
mod why;
