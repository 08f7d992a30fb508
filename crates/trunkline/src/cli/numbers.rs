//! The words for numbers: ours, and those that are never called.

use clap::Subcommand;

use super::{ListArgs, Offline, OutFile, Reach};

#[derive(Debug, Subcommand)]
pub(crate) enum Numbers {
    /// Show each number with its script, and where the carrier sends its calls
    List(Offline),
    /// Tell the carrier to send the calls of our numbers to this server
    Sync(Offline),
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
