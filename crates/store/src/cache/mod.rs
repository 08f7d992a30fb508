//! A cache of calls in Redis: bulk memory outside of the process, which may be gone, emptied, slow or full of lies.
//!
//! In go calls, each under its id, with a pointer from its session; out comes what is there, if it was sealed by one of our
//! keys for the very name it stands under. What was not is refused, never believed. Nothing personal is in clear: values
//! are sealed, and the names hold ids and keyed hashes only.
//!
//! That a value is ours does not make it true: it may be an older one. Each bears its [`Edition`], and whoever reads it
//! must know which edition is the last (`engine/caching` does, for the calls of its own node). Connecting again,
//! patience and logging are the reader's affair too.
//!
//! - `address`: where Redis is · `seal`: the keys · `link`: one connection, what is asked over it
//! - `hashes`: what older systems kept in a Redis of theirs, read to be taken over

mod address;
mod hashes;
mod link;
mod seal;

pub use address::{BadCacheAddress, CacheAddress};
pub use hashes::{Hash, Hashes, NoHash};
pub use link::{CacheError, Cached, Edition, Entry, Found, Link, Pointing};
pub use seal::CacheKeys;
