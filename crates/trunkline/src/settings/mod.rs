//! Settings: what the operator decides, from flags, the environment, `.env` and `trunkline.toml`, in that order.
//!
//! In: [`Sources`], gathered once at start; the environment is an argument, so that tests are a table. Out:
//! [`Settings`], one documented type per section, checked; or one [`SettingError`] of one line, on which the caller
//! ends with exit code 2. [`Settings::check`] finds what is right by itself and wrong together,
//! [`Settings::example`] prints every setting with its built-in value.
//!
//! A setting is declared once, in its section (`server.rs`, `limits.rs`, …), as a `Key` of `key.rs`; how to add one is said
//! there. Opening sockets, files and databases is left to whoever is given the settings.

mod access;
mod accounts;
mod app_calls;
mod cache;
mod carrier;
mod check;
mod dotenv;
mod error;
mod example;
mod file;
mod finding;
mod flags;
mod given;
mod journal;
mod key;
mod limits;
mod log;
mod names;
mod public_url;
mod queue;
mod read;
mod realtime;
mod recordings;
mod retention;
mod scripts;
mod server;
mod sources;
mod store;
mod tenants;
#[cfg(test)]
mod tests;
mod traces;
mod transcription;
mod webhooks;

pub use access::Access;
pub use app_calls::AppCalls;
pub use cache::Cache;
pub use carrier::{Account, Application, Carrier, Line, Said};
pub use error::{Origin, SettingError};
pub use finding::{Finding, Level};
pub use flags::Flags;
pub use given::TextFile;
pub use journal::Journal;
pub use limits::Limits;
pub use log::{Format, Log};
pub use public_url::{PublicUrl, Reach};
pub use queue::{Expensive, Queue};
pub use realtime::Realtime;
pub use recordings::Recordings;
pub use scripts::{NumberRoute, Scripts};
pub use server::Server;
pub use sources::Sources;
pub use store::Store;
pub use tenants::Tenants;
pub use traces::Traces;
pub use webhooks::Webhooks;

use std::collections::BTreeSet;

use given::{Given, Layer};
use key::Section;
use trunkline_core::call::KeepFor;
use trunkline_engine::Transcribing;

/// Every section, in the order of the example file.
static SECTIONS: [Section; 18] = [
    server::SECTION,
    access::SECTION,
    carrier::SECTION,
    scripts::SECTION,
    limits::SECTION,
    queue::SECTION,
    tenants::SECTION,
    store::SECTION,
    cache::SECTION,
    journal::SECTION,
    recordings::SECTION,
    retention::SECTION,
    transcription::SECTION,
    webhooks::SECTION,
    app_calls::SECTION,
    realtime::SECTION,
    log::SECTION,
    traces::SECTION,
];

/// Everything the operator decides. Its secrets don't print.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the server listens and how the world reaches it.
    pub server: Server,
    /// Secrets that open the server and seal what travels.
    pub access: Access,
    /// Who connects calls to the phone network.
    pub carrier: Carrier,
    /// The questionnaires.
    pub scripts: Scripts,
    /// How much, how fast, how long.
    pub limits: Limits,
    /// Campaigns.
    pub queue: Queue,
    /// What each tenant may use.
    pub tenants: Tenants,
    /// The database.
    pub store: Store,
    /// The cache.
    pub cache: Cache,
    /// The journal's size and age.
    pub journal: Journal,
    /// For how long calls are kept.
    pub keep_calls: KeepFor,
    /// Recordings kept here.
    pub recordings: Recordings,
    /// Who turns them into text.
    pub transcribing: Transcribing,
    /// What is sent to tenants' software.
    pub webhooks: Webhooks,
    /// Calls between users of tenants' apps.
    pub app_calls: AppCalls,
    /// The model behind bots that talk.
    pub realtime: Realtime,
    /// The log.
    pub log: Log,
    /// Where traces are sent.
    pub traces: Traces,
    /// What was noticed while loading: names that do nothing. [`Settings::check`] has it too.
    pub noticed: Vec<Finding>,
}

impl Settings {
    /// Lays the sources over each other and reads every setting.
    ///
    /// # Errors
    /// The first setting that can't be used, as one line: which, from where, what is wrong, what would be right.
    pub fn load(sources: &Sources) -> Result<Self, SettingError> {
        let mut layers = vec![Layer::environment(&sources.environment)];
        if let Some(dotenv) = &sources.dotenv {
            layers.push(Layer::dotenv(dotenv)?);
        }
        let mut noticed = names::findings(&SECTIONS, &layers);
        let given = Given::collect(&SECTIONS, &sources.flags.given(), &layers, sources.file.as_ref())?;
        let server = Server::read(&given)?;
        let store = Store::read(&given, &server.data_dir, &mut noticed)?;
        let cache = Cache::read(&given, &mut noticed)?;
        let recordings = Recordings::read(&given, &server.data_dir)?;
        Ok(Self {
            access: Access::read(&given)?,
            carrier: Carrier::read(&given)?,
            scripts: Scripts::read(&given)?,
            limits: Limits::read(&given)?,
            queue: Queue::read(&given)?,
            tenants: Tenants::read(&given)?,
            transcribing: transcription::read(&given)?,
            journal: Journal::read(&given)?,
            keep_calls: retention::read(&given)?,
            webhooks: Webhooks::read(&given)?,
            app_calls: AppCalls::read(&given)?,
            realtime: Realtime::read(&given)?,
            log: Log::read(&given)?,
            traces: Traces::read(&given)?,
            server,
            store,
            cache,
            recordings,
            noticed,
        })
    }

    /// Our numbers, as far as the settings name them.
    pub fn numbers(&self) -> BTreeSet<String> {
        let routed = self.scripts.numbers.iter().map(|route| &route.number);
        let at_accounts = self.carrier.lines().flat_map(|line| line.from.iter().chain(&line.numbers));
        routed.chain(at_accounts).cloned().collect()
    }

    /// What can be used and may not do what its owner wants, the worst first. Asks nobody.
    pub fn check(&self) -> Vec<Finding> {
        check::check(self)
    }

    /// A commented `trunkline.toml` with every setting and its built-in value.
    pub fn example() -> String {
        example::example(&SECTIONS)
    }
}
