//! The store as its users meet it, on real SQLite files.

mod calls;
mod counts;
mod faults;
mod lists;
mod projecting;
mod schema;
