//! Answers questions: the SQL schema, migrations, projections and queries.
//!
//! The journal is the truth of what happens in a call; this room makes it askable. In goes a [`Projection`]: folds of
//! calls, their events, and how far the journal has been eaten, all in one transaction. Out come calls by any of their
//! names, pages of calls, their history, and counts. Every row bears its tenant, and whatever is shown to people is
//! asked for with one. Nothing here decides, keeps time or draws chance; nothing here knows the journal's format.
//!
//! - [`Store`]: open, migrate, cursor, sync, close (`store`), `check` (`health`)
//! - `project`: batches in · `load`, `list`, `count`, `event`, `suppression`: answers out
//! - `rollup`: what is counted by day, `bot_rollup`: of bots' talks · `search`: calls by their words · `results`: what people answered
//! - `decision`: tenants, keys and users · `roster`: who may call whom in an app · `cache`: calls in Redis, which may be gone or lie
//! - `queue`: campaigns, leads and jobs, whose truth is here
//! - `appointments`: who comes to whom, and whose time is taken
//! - `webhooks`: what is sent to tenants' software, and to where
//! - `walk`: all history, page by page · `import`: history that comes from elsewhere
//! - `audit`: whether rows are what they should be · `prune`: history that has had its time
//! - `forget`: a person's calls, blanked · `retention`: calls whose recordings may be due to go
//! - `sql`: every statement · `db`: both engines behind one face · `sqlite`, `postgres`: their connections · `migrate`:
//!   their schema
//! - [`StoreError`]: what went wrong, sorted by what to do next (`refusal`)
//!
//! A database that is locked, full, read-only or gone answers at once with [`StoreError::Unavailable`], and works
//! again when it does; only a file that was deleted, replaced ([`Store::moved`]) or write-protected must be opened
//! anew. Personal data is kept in clear, as lists and searches need it, and reaches neither an error nor a log.

mod appointments;
mod audit;
mod bot_rollup;
pub mod cache;
mod count;
mod db;
mod decision;
mod error;
mod event;
mod forget;
mod health;
mod import;
mod list;
mod load;
mod migrate;
mod nodes;
mod position;
mod postgres;
mod postgres_url;
mod project;
mod prune;
mod queue;
mod refusal;
mod results;
mod retention;
mod rollup;
mod roster;
mod row;
mod rows;
mod search;
mod sql;
mod sqlite;
mod store;
mod suppression;
mod value;
mod walk;
mod webhooks;

pub use appointments::{
    AppointmentCursor, AppointmentFilter, AppointmentNews, AppointmentRows, AppointmentsCounted, Changed,
    HeldTime, Kept, Made, PractitionerSaved,
};
pub use audit::{AuditedCall, Drift, Feeder, Strays};
pub use bot_rollup::{TalkCounts, TalkRollup, TalkSpan, TalksApart};
pub use count::{Counts, DayCount};
pub use decision::{Added, DecisionsStand};
pub use error::{Away, StoreError};
pub use event::EventRow;
pub use forget::{Blanked, Forgotten, Unlisted};
pub use health::Health;
pub use import::{Import, Imported, WhoseCount};
pub use list::{CallFilter, CallRow, Liveness, MAX_PAGE, Page, PageCursor, PageRequest};
pub use migrate::Migration;
pub use nodes::{Heard, HeldJob, Life};
pub use position::{Cursor, JournalIdent, Position};
pub use postgres_url::{BadPostgresUrl, PostgresUrl};
pub use project::{Leads, Projected, Projection, Turns};
pub use prune::{Pruned, Pruning};
pub use queue::{
    Answer, Attempt, AttemptOf, AttemptRecord, AttemptsCounted, AuditedJob, Campaigns, CappedBy, Claiming,
    DayCap, EarlierCall, GateCount, InMinute, JobNews, JobRecord, Lead, LeadRecord, Line, NewJob, NewLead,
    Planned, QueueCount, QueueRows, QueuedJob, Retired, Saved, StoredCampaign, UnreadableCampaign,
};
pub use results::PersonCalls;
pub use rollup::{Apart, QuestionCount, Rollup, Span, Sums, TALK_BOUNDS};
pub use store::{Copied, Store, Target};
pub use suppression::Suppression;
pub use walk::CallHistory;
pub use webhooks::{
    AttemptMade, Became, Delivery, DeliveryCount, DeliveryPage, DueEndpoint, Held, Line as WebhookLine,
    NewDelivery, Replay, StoredEndpoint, Waiting,
};
