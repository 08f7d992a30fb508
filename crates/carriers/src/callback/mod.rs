//! The URLs at which a carrier calls us back, and the sealed state they carry.
//!
//! A URL minted here holds everything that is needed to answer it: which call, leg, fence, script version and question.
//! So any node, after any restart, with no database, can say the next sentence. The state is sealed ([`SecretKeys`]):
//! nobody can read a call's id from a proxy's log, or make a state of his own. The same state gives the same URL, so
//! that a page asked for twice is the same page, byte for byte.
//!
//! - `urls`: under which addresses the world knows us · `keys`: what seals · `state`: what is sealed · `mint`: the URLs
//!
//! Which carrier may call at all is its signature's matter (`twilio/signature.rs`), asked before a token is opened.

mod keys;
mod mint;
mod state;
mod urls;

pub use keys::{BadSecretKey, BadToken, SecretKeys};
pub use mint::{LegUrls, Mint};
pub use state::{CallbackState, Place};
pub use urls::{BadPublicUrl, PublicUrl, PublicUrls, Scheme};
