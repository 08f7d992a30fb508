//! The words for what an operator does to settings, folder and database.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::SignedDuration;
use trunkline_core::call::Status;

use super::Offline;

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Describe {
    /// The OpenAPI document, as a server has it at /openapi.json
    Openapi,
    /// Every error there is, as Markdown
    Errors,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Tell what is wrong or doubtful in the settings, and what would be right
    Check {
        #[command(flatten)]
        offline: Box<Offline>,
        /// Ask the carrier too, whether the credentials open the account
        #[arg(long)]
        online: bool,
    },
    /// Print a trunkline.toml with every setting and its built-in value
    Example,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bot {
    /// Tell what is wrong in a bot's file, and where
    Check {
        /// The file
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub offline: Offline,
    /// Only show which migrations the database has, and which it lacks
    #[arg(long, visible_alias = "dry-run")]
    pub list: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The file to write; standard output if absent or -
    pub file: Option<PathBuf>,
    /// jsonl has everything, csv and xlsx have a row for each call [default: by the file's ending, else jsonl]
    #[arg(long, value_enum)]
    pub format: Option<ExportFormat>,
    #[command(flatten)]
    pub offline: Offline,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// JSON lines: calls with their turns and events, suppressions, people and campaigns with their jobs
    Jsonl,
    /// One row a call, safe to open in a spreadsheet
    Csv,
    /// The same as a workbook
    Xlsx,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file, or - for standard input
    #[arg(required_unless_present = "from_redis", conflicts_with = "from_redis")]
    pub file: Option<PathBuf>,
    /// Instead of a file: a Redis with a hash for each call, which is only read; the server must run
    #[arg(long, value_name = "URL")]
    pub from_redis: Option<String>,
    /// Under which names the hashes are
    #[arg(long, value_name = "PATTERN", default_value = "call:*", requires = "from_redis")]
    pub pattern: String,
    /// Address of the server that takes them [default: the one that runs on the data folder]
    #[arg(long, env = "TRUNKLINE_URL", value_name = "URL")]
    pub url: Option<String>,
    /// Only look through it and count
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub offline: Offline,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The archive to write (tar), or - for standard output
    pub file: PathBuf,
    #[command(flatten)]
    pub offline: Offline,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The archive, or - for standard input
    pub file: PathBuf,
    /// Only unpack it beside the place and check every byte
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub offline: Offline,
}

#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// How long ago they ended at least, such as 90d or 52w; not less than a day
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub older_than: SignedDuration,
    /// Only with this status, such as busy; may be given again
    #[arg(long, value_parser = status)]
    pub status: Vec<Status>,
    /// Only count them
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub offline: Offline,
}

#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// Their number, such as +15550100123
    #[arg(required_unless_present = "user", conflicts_with = "user")]
    pub number: Option<String>,
    /// A user of your app instead: the sub of their tokens
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
    /// Whose user it is
    #[arg(long, requires = "user", default_value = "default")]
    pub tenant: String,
    /// Only count what would be forgotten
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub offline: Offline,
}

/// A day is the least: for as long a repeated request must find its call.
fn age(text: &str) -> Result<SignedDuration, String> {
    let hours = match text.trim().split_at_checked(text.trim().len().saturating_sub(1)) {
        Some((number, "h")) => number.parse::<i64>().ok(),
        Some((number, "d")) => number.parse::<i64>().ok().and_then(|days| days.checked_mul(24)),
        Some((number, "w")) => number.parse::<i64>().ok().and_then(|weeks| weeks.checked_mul(7 * 24)),
        _ => None,
    };
    match hours {
        Some(hours @ 24..=8_760_000) => Ok(SignedDuration::from_hours(hours)),
        Some(..24) => Err("give a day at least: 1d".to_owned()),
        _ => Err("write 90d, 52w or 2160h".to_owned()),
    }
}

fn status(word: &str) -> Result<Status, String> {
    let value = serde_json::Value::String(word.replace('-', "_"));
    serde_json::from_value(value)
        .map_err(|_| "it is no status; write completed, busy, no_answer, failed, canceled…".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_day_at_least() {
        let hours = |text| age(text).map(|age| age.as_hours());
        for (text, expected) in [("90d", 2_160), ("1d", 24), ("2w", 336), ("36h", 36)] {
            assert_eq!(hours(text), Ok(expected), "{text}");
        }
        for text in ["0d", "23h", "-5d", "", "d", "90", "90m", "9999999w", "d90", "9223372036854775807w"] {
            assert!(hours(text).is_err(), "{text}");
        }
    }
}
