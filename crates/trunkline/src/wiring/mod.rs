//! Puts the rooms together: settings in, one running [`Server`] out.
//!
//! - `server`: start and stop · `config`: settings → engine · `carrier`: settings → Twilio, Telnyx or simulator
//! - `keys`: what opens and what seals · `beside`: what the server leaves for the command line · `folder`: private files
//! - `calls_file`: calls of another program, taken over once
//! - `recovering`: a sweep without a server
//! - `log`: where the log goes · `traces`: where spans go · `panics`: what it tells of a panic

mod beside;
mod calls_file;
mod carrier;
mod config;
mod folder;
mod hand_over;
mod keys;
pub mod log;
pub mod panics;
mod recovering;
mod server;
mod traces;

pub(crate) use beside::Beside;
pub(crate) use carrier::client;
pub use carrier::{CarrierError, Population};
pub(crate) use config::journal as journal_options;
pub use folder::FolderError;
pub(crate) use folder::{make as make_folder, read as read_private, replace as replace_private};
pub use keys::KeysError;
pub(crate) use keys::api_key;
pub(crate) use recovering::sweep_alone;
pub use server::{NotStarted, Plan, Server};
pub use traces::Sender;
