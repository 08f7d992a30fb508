//! Does. Owns the live calls: admission, effects, dialing, the projector loop (journal → store), recovery, deadlines;
//! and lays live calls over history for whoever reads.
//!
//! ```text
//! webhook, order, deadline → intake: core.apply → journal.append → durable → answer, effects
//!                                                      └────────── projector → store
//! ```
//!
//! The promise it keeps: nothing is believed, shown or done before it is durable; what is owed is done again after a
//! crash; and the one create request of an attempt is never sent twice. What a call is and what may happen to it is the
//! core's; bytes on disk are the journal's; how carriers write things is theirs.
//!
//! - `engine`: start, stop, the doors of carriers · `desk`: what a tenant may ask · `intake`: the one way in · `live`, `slots`, `waiting`: what is in memory
//! - `registration`, `registering`: calls that clients carry themselves · `sessions`: lookups by conversation
//! - `placing`: orders · `admission`: gates · `dialer`: the one request, hang-ups · `reconcile`: asking the carrier
//! - `app_calls`: calls between users of an app: who is told, who may signal
//! - `bots`: calls in which a bot talks: pages, media streams, the model, tools
//! - `actions`: hold, resume and transfer of a live call
//! - `performing`: voice documents performed by us, where the carrier's calls are led by commands
//! - `answering`: what is said next · `reports`: callbacks · `recorder`: recordings brought home · `transcription`: their text
//! - `queue`: campaigns and their jobs · `suppressions`, `suppression_lists`: numbers never to dial
//! - `numbers`: whose numbers there are, what answers them · `trust`, `mirror`, `step`: whom to trust, also without the store
//! - `rosters`: who is in a conversation, who blocks whom
//! - `tenancy`: who changes that · `sign_in`, `passwords`: how people come in · [`exchange`]: history out of a store and into one, as files
//! - [`operating`]: what is done to a folder and its database from outside: checking, pruning, erasing
//! - `live_events`: what happens, told to whoever listens · `outgoing`: and sent to tenants' software
//! - `outlived`: calls that have had their time
//! - `timers`: deadlines · `recovery`, `checkpoint`: the restart · `projector`: the store · `reader`: one truth for readers
//! - `caching`: feeds a cache that may be gone or lie · `cached`: reads it · `vouched`: what of it can be believed

mod actions;
mod admission;
mod analytics;
mod answering;
mod app_calls;
mod appointments;
mod batch;
mod bot_analytics;
mod bot_files;
mod bots;
mod bound;
mod cached;
mod caching;
mod carriers;
mod checkpoint;
mod client_stream;
mod clock;
mod config;
mod desk;
mod dialer;
mod engine;
pub mod exchange;
mod history;
mod identity;
mod imported;
mod intake;
mod keys_used;
mod live;
mod live_events;
mod machines;
mod mirror;
mod nodes;
mod numbers;
mod opened;
pub mod operating;
mod order;
mod outgoing;
mod outlived;
mod parked;
mod passwords;
mod patience;
mod performing;
mod placing;
mod pricing;
mod projector;
mod queue;
mod reader;
mod reading;
mod reconcile;
mod record;
mod recorder;
mod recovery;
mod registering;
mod registration;
mod reports;
mod results;
mod rosters;
mod scripts;
mod sessions;
mod sign_in;
mod slots;
mod spans;
mod step;
mod suppression_lists;
mod suppressions;
mod sweep;
mod tally;
mod tenancy;
mod timers;
mod transcription;
mod trust;
mod vouched;
mod webhook;

pub use actions::{ActionError, ActionOrder, TransferOrder};
pub use analytics::{Analytics, Figures};
pub use app_calls::{
    AppCallError, AppCalls, AppDesk, AppOrder, AppPolicy, AppUser, Connected, DeviceLine, LineEnd, LineNews,
    MayCall, PermissionHook, WhenBusy, WhenRejected,
};
pub use appointments::{
    AppointmentChange, AppointmentError, AppointmentPage, AppointmentQuery, AppointmentsOrder,
    AppointmentsReport, FreeTimesOf, NewAppointment, NewPractitioner, PractitionerChange,
};
pub use bot_analytics::{BotAnalytics, BotFigures};
pub use bot_files::BotInfo;
pub use bots::{Bots, MediaLine, OpenError, StreamOpened};
pub use carriers::{Carriers, Line as CarrierLine};
pub use clock::{Clock, Pace};
pub use config::Config;
pub use desk::Desk;
pub use engine::{AskedRecording, Engine, RecordingFile, StartError};
pub use identity::IdentityError;
pub use intake::{IntakeError, Shortage};
pub use live_events::{About, BadCursor, Cursor, EventName, LiveEvent, Lost, Subscription};
pub use numbers::{NewAnswering, Number, NumberNovelty, NumberSource, OurNumber};
pub use opened::RecordReader;
pub use order::{EndError, Novelty, Order, PlaceError, Placed};
pub use outgoing::{NewWebhook, Webhook, WebhookChange, WebhookError, Webhooks};
pub use passwords::{HashError, hashed};
pub use performing::WaysOfLeading;
pub use queue::{
    CallBackError, CampaignError, Enqueued, Foreseen, GateShare, JobView, LeftOut, ListError, ListOrder,
    ListReport, OldestJob, Person, QueueConfig, QueueStats, Rate, Sheet, Single, SingleError, SingleOf,
    SkippedPerson, Standing, Taken, Trial,
};
pub use reader::{BadQuery, Unavailable};
pub use reading::{Counts, Entry, Health, History, Listing, Part, Query, Scope};
pub use record::RecordError;
pub use recovery::RecoverError;
pub use registration::{RegisterError, Registration, Report, ReportId, Reported};
pub use results::{LastCall, PersonResult, ResultsOf, ResultsPage};
pub use rosters::RosterError;
pub use scripts::{AskConsent, ScriptInfo};
pub use sign_in::{PasswordSet, SignedIn};
pub use sweep::{Sweeping, Swept};
pub use tally::{Counted, Measured, Waits};
pub use tenancy::{NewKey, NewUser, TenancyError, in_words};
pub use transcription::{TextError, Transcribing, TranscriptionHook};
pub use trunkline_media::realtime::ModelAddress;
pub use trunkline_media::{
    Addressing, Audio, BadBucket, Bucket, BucketAddress, BucketError, ReadError, RecordingName,
};
/// Which database, as [`Config`] names it.
pub use trunkline_store::Target;
/// Where the cache is, as [`Config`] names it.
pub use trunkline_store::cache::CacheAddress;
/// What calls add up to.
pub use trunkline_store::{Apart, QuestionCount, Rollup, Span, Sums, TALK_BOUNDS, TalkSpan, TalksApart};
/// Which appointments, as their doors ask for them.
pub use trunkline_store::{AppointmentCursor, AppointmentFilter};
/// Rows of the queue, as its doors give them.
pub use trunkline_store::{Attempt, InMinute, Lead, QueuedJob, StoredCampaign, UnreadableCampaign};
/// Rows of outgoing webhooks, as their doors give them.
pub use trunkline_store::{AttemptMade, Delivery, DeliveryCount, DeliveryPage, Replay, StoredEndpoint};
pub use trust::Holder;
pub use webhook::{
    DialReport, Line, MachineReport, RecordingReport, StatusReport, TranscriptReport, VoiceFetch,
};
