//! What the engine is told when it starts. Reading settings is the binary's affair.

use crate::app_calls::AppCalls;
use crate::bots::Bots;
use crate::clock::Clock;
use crate::numbers::Number;
use crate::outgoing::Webhooks;
use crate::queue::QueueConfig;
use crate::scripts::AskConsent;
use crate::transcription::Transcribing;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use trunkline_carriers::callback::{PublicUrls, SecretKeys};
use trunkline_core::call::{KeepFor, Limits, Timing};
use trunkline_core::dial::gates::DialLimits;
use trunkline_core::phone::CountryCode;
use trunkline_core::private::Address;
use trunkline_core::script::AudioUrl;
use trunkline_media::BucketAddress;
use trunkline_store::Target;
use trunkline_store::cache::CacheAddress;

/// The engine's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder that holds the journal, the keys and the recordings.
    pub data_dir: PathBuf,
    /// This server's name among those that feed the same database.
    pub node: String,
    /// The database behind history.
    pub database: Target,
    /// The cache, if there is one.
    pub cache: Option<CacheAddress>,
    /// How the journal is kept.
    pub journal: trunkline_journal::Options,
    /// How long projected segments are kept.
    pub journal_retention: Duration,
    /// The folder of recordings.
    pub recordings: PathBuf,
    /// The bucket that recordings go to from there, if there is one.
    pub bucket: Option<BucketAddress>,
    /// For how long recordings are kept.
    pub keep_recordings: KeepFor,
    /// For how long calls are kept.
    pub keep_calls: KeepFor,
    /// The longest recording, in bytes.
    pub recording_max_bytes: u64,
    /// A questions file, or a folder of them.
    pub questions: PathBuf,
    /// The script of calls that name none; the file's own name if absent.
    pub default_script: Option<String>,
    /// A bot's file, or a folder of them.
    pub bot_files: Option<PathBuf>,
    /// What somebody on hold hears; words if absent.
    pub hold_music: Option<AudioUrl>,
    /// Whether people are asked before their answers are recorded.
    pub consent: AskConsent,
    /// Who turns recorded answers into text.
    pub transcribing: Transcribing,
    /// Our numbers: whose they are, and which script answers them.
    pub numbers: Vec<Number>,
    /// Our own caller id.
    pub from: Option<Address>,
    /// The country of numbers written without one.
    pub default_country: Option<CountryCode>,
    /// How long calls may take, unless their order says otherwise.
    pub call_limits: Limits,
    /// How many calls, how fast.
    pub dial_limits: DialLimits,
    /// How the queue is worked.
    pub queue: QueueConfig,
    /// What is sent to tenants' software.
    pub webhooks: Webhooks,
    /// How users of apps call each other.
    pub app_calls: AppCalls,
    /// Bots that talk, and the model behind them.
    pub bots: Bots,
    /// When to look again.
    pub timing: Timing,
    /// How long one create request may take.
    pub post_timeout: Duration,
    /// Where carriers reach us.
    pub urls: PublicUrls,
    /// What seals the state in callback URLs.
    pub secrets: Arc<SecretKeys>,
    /// The clock.
    pub clock: Clock,
}
