//! What can go wrong between a database and a file.

use crate::operating::HeldError;
use trunkline_core::id::CampaignId;
use trunkline_store::StoreError;

/// Why an export or import stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal of a folder without a database.
    #[error(transparent)]
    Held(#[from] HeldError),
    /// The file could not be read or written.
    #[error("reading or writing the file: {0}")]
    File(#[from] std::io::Error),
    /// Something can't be written as JSON.
    #[error("{what} can't be written as JSON")]
    Json {
        /// Which row.
        what: String,
    },
    /// The workbook could not be made.
    #[error("making the workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// It has a queue, and there is no database to keep it in.
    #[error("it has {campaigns} campaigns, and the queue needs a database: DATABASE_URL is none")]
    NoQueue {
        /// How many campaigns.
        campaigns: u64,
    },
    /// It has appointments, and there is no database to keep them in.
    #[error("it has {appointments} appointments, and they need a database: DATABASE_URL is none")]
    NoCalendar {
        /// How many appointments.
        appointments: u64,
    },
    /// Another campaign has the name of one in it.
    #[error(
        "its campaign {campaign} has the name of campaign {known}, which is there; rename one of the two"
    )]
    Taken {
        /// The one in the file.
        campaign: CampaignId,
        /// The one that is there.
        known: CampaignId,
    },
    /// The file is not one of ours, or is damaged.
    #[error("line {line}: {why}")]
    Bad {
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        why: BadLine,
    },
}

/// What is wrong with a line of a file. Nothing of the line is quoted: it may hold a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// It is no JSON, or lacks something, or has something that is not known.
    #[error("not a line of an export: {0}")]
    Unreadable(String),
    /// It is a roster of nobody, or of what can't be users.
    #[error("a roster needs a kind that is known, an owner and users")]
    NoRoster,
    /// It does not begin with the first line of an export.
    #[error("an export begins with a line {{\"export\":…}}")]
    NoHead,
    /// The first line comes again.
    #[error("the first line of an export, in the midst of one")]
    Head,
    /// It was written by a newer program.
    #[error("written in form {found}, and this program knows {known}: use the newer version")]
    Newer {
        /// The form it is written in.
        found: u32,
        /// The last one that is known here.
        known: u32,
    },
    /// The file ends before its last line.
    #[error("the file ends before its last line {{\"end\":…}}: it was cut off")]
    CutOff,
    /// Something follows the last line.
    #[error("something follows the last line")]
    AfterTheEnd,
    /// The end line counts something else.
    #[error("the last line counts {counted}, and {found} were found: the file was changed")]
    Count {
        /// What it says, in words.
        counted: String,
        /// What was there.
        found: String,
    },
    /// The checksum is another.
    #[error(
        "the checksum is another: the file was changed (take \"sha256\" out of the last line to import it so)"
    )]
    Checksum,
    /// A call without an attempt.
    #[error("call {0} has no leg")]
    NoLeg(String),
    /// A tenant without a name.
    #[error("the tenant has no name")]
    NoTenant,
    /// A number that is none.
    #[error("a suppression, or a number of ours, names no number")]
    NoNumber,
    /// A position that no database takes.
    #[error("an event's position is beyond 63 bits")]
    Position,
    /// It is longer than a line may be.
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
}
