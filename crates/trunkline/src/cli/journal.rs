//! The words for the journal itself: to read, check and repair it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::settings::Flags;

#[derive(Debug, Subcommand)]
pub(crate) enum Journal {
    /// Print every record as a line of JSON, opening what the folder has keys for
    Cat {
        #[command(flatten)]
        at: JournalAt,
        /// Only records after this number
        #[arg(long, default_value_t = 0, value_name = "LSN")]
        after: u64,
        /// Leave what is sealed as it is
        #[arg(long)]
        sealed: bool,
    },
    /// Check every byte; the exit code says whether all is well
    Verify {
        #[command(flatten)]
        at: JournalAt,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Cut a damaged journal at the damage and set the rest aside
    Repair {
        #[command(flatten)]
        at: JournalAt,
        /// Do it; without this it is only told what would be done
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct JournalAt {
    /// The journal's folder, or the data folder it is in [default: the data folder of the settings]
    pub folder: Option<PathBuf>,
    #[command(flatten)]
    pub settings: Box<Flags>,
}
