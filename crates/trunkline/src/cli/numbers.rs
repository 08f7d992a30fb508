//! The words for numbers: ours, and those that are never called.

use clap::{Args, Subcommand};
use jiff::civil::Date;
use trunkline_core::window::{Hours, Zone};

use super::{ListArgs, Offline, OutFile, Reach};

#[derive(Debug, Subcommand)]
pub(crate) enum Numbers {
    /// Show each number with what answers it, and where the carrier sends its calls
    List(Offline),
    /// Say what answers a number, at the running server
    Set(Box<SetNumber>),
    /// Take a number back, at the running server
    Remove {
        /// The number
        number: String,
        #[command(flatten)]
        reach: Reach,
    },
    /// Tell the carrier to send the calls of our numbers to this server; without --apply, show what would change
    Sync {
        /// Change it
        #[arg(long)]
        apply: bool,
        #[command(flatten)]
        offline: Offline,
    },
}

/// What is to answer a number; what is left out is no more.
#[derive(Debug, Args)]
pub(crate) struct SetNumber {
    /// The number, such as +14155550100
    pub number: String,
    /// The script that answers
    #[arg(long, value_name = "NAME", required_unless_present = "forward")]
    pub script: Option<String>,
    /// The number that callers are put through to, instead of a script
    #[arg(long, value_name = "NUMBER", conflicts_with = "script")]
    pub forward: Option<String>,
    /// What people call it
    #[arg(long)]
    pub label: Option<String>,
    /// Whose it is; as it was, or that of the key, if not given
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Where the clock of the opening hours hangs, such as Europe/London
    #[arg(long, value_name = "ZONE", requires = "open")]
    pub zone: Option<Zone>,
    /// When it is open, such as "mon-fri 09:00-17:00"; may be given several times; always, if not given
    #[arg(long, value_name = "HOURS", requires = "zone")]
    pub open: Vec<Hours>,
    /// A day on which it is closed, such as 2026-12-25; may be given several times
    #[arg(long, value_name = "DAY", requires = "open")]
    pub holiday: Vec<Date>,
    /// What is said while it is closed, or where nobody takes a forwarded call
    #[arg(long, value_name = "TEXT")]
    pub after_hours: Option<String>,
    /// In which language, such as en-GB; that of the script, if not given
    #[arg(long, value_name = "TAG", requires = "after_hours")]
    pub after_hours_language: Option<String>,
    /// The script that answers then
    #[arg(long, value_name = "NAME")]
    pub after_hours_script: Option<String>,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Suppress {
    /// Never call this number again
    Add {
        /// The number
        number: String,
        /// Why
        #[arg(long, default_value = "asked by the operator")]
        reason: String,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show the numbers that are never called
    List(Reach),
    /// Never call any number of a file again: one a line, or a table with a column of numbers
    Import {
        #[command(flatten)]
        list: Box<ListArgs>,
        /// Why, where the file has no column "reason"
        #[arg(long, default_value = "from a list")]
        reason: String,
    },
    /// Write the numbers that are never called to a file
    Export {
        #[command(flatten)]
        out: OutFile,
        #[command(flatten)]
        reach: Reach,
    },
}
