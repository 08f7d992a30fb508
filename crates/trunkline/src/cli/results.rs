//! Words about what people answered.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Reach;

/// What people answered: one row a person, one column a question
#[derive(Debug, Args)]
pub(crate) struct Results {
    /// The file to write; standard output if absent or -
    pub file: Option<PathBuf>,
    /// Everybody who was asked by this script
    #[arg(long, value_name = "NAME", required_unless_present = "campaign", conflicts_with = "campaign")]
    pub script: Option<String>,
    /// Everybody in this campaign, by its name or id
    #[arg(long, value_name = "NAME")]
    pub campaign: Option<String>,
    /// What it is written in [default: by the file's ending, else csv; with --json, pages of JSON]
    #[arg(long, value_enum)]
    pub format: Option<ResultsFormat>,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultsFormat {
    /// Safe to open in a spreadsheet
    Csv,
    /// A workbook
    Xlsx,
}
