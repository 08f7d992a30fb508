//! The words of the command line. What they do is in `commands/`.

mod queue;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::{SignedDuration, Timestamp};
use trunkline_core::call::Status;
use trunkline_core::tenancy::Role;

use crate::settings::Flags;

pub(crate) use queue::{
    Campaign, Jobs, Leads, ListArgs, NewCampaign, OneCampaign, OutFile, PlanCampaign, Queue, SheetFormat,
};

const EXIT_CODES: &str = "Exit codes: 0 done and well, 1 failed or not well, 2 a wrong setting or command line, 3 the \
                          data folder is damaged, 4 no server answers.";

/// A call server that owns every phone call from intent to outcome and never loses one.
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server. Without any setting: SQLite in ./trunkline-data, simulated calls, this machine only
    Serve(Box<Serve>),
    /// Watch a small survey: a server, a simulated carrier and people who never existed, all on this machine
    Demo(Demo),
    /// Call somebody
    Call(Call),
    /// List calls, newest first
    Calls(Calls),
    /// Show a call: its time line, its questions and answers, how it ended
    Show(OneCall),
    /// End a call
    End(OneCall),
    /// Call a list of people: make a campaign, import the list, look at the plan, start it
    #[command(subcommand)]
    Campaign(Campaign),
    /// Why somebody is not being called now, and how the queue is
    #[command(subcommand)]
    Queue(Queue),
    /// Jobs that were set aside
    #[command(subcommand)]
    Jobs(Jobs),
    /// The people we know
    #[command(subcommand)]
    Leads(Leads),
    /// Tell how the server is; the exit code says whether all is well
    Status(Reach),
    /// Let the server begin no more calls; those there are go on
    Drain(Reach),
    /// Our phone numbers: which script answers, and where the carrier sends their calls
    #[command(subcommand)]
    Numbers(Numbers),
    /// Numbers never to call
    #[command(subcommand)]
    Suppress(Suppress),
    /// Whose calls are nobody else's: make tenants, list them, shut them out
    #[command(subcommand)]
    Tenant(Tenant),
    /// API keys: make, list, revoke
    #[command(subcommand)]
    Key(Key),
    /// People who work for a tenant: add, list, revoke
    #[command(subcommand)]
    User(User),
    /// Check the settings, or print an example of them
    #[command(subcommand)]
    Config(Config),
    /// Bring the database to this program's schema and check it; safe to repeat
    Migrate(Migrate),
    /// Read, check or repair the journal
    #[command(subcommand)]
    Journal(Journal),
    /// Write everything the database holds to a file: JSON lines for `import`, CSV or XLSX for people
    Export(Box<Export>),
    /// Take in what `export` wrote as JSON lines, or calls that an older system kept in Redis; safe to repeat
    Import(Box<Import>),
    /// Check the journal against the database, and the recordings; the exit code says whether all is well
    Verify(Box<Offline>),
    /// Write the data folder and its database to one archive, also while the server runs
    Backup(Box<Backup>),
    /// Put a backup back, where nothing is yet
    Restore(Box<Restore>),
    /// Ask the carrier about every live call now, and close what is dead; with a server, it does that
    Recover(Box<Recover>),
    /// Delete calls that ended long ago, with their recordings
    Prune(Box<Prune>),
    /// Forget a person: name, number, answers, transcripts and recordings, in database and journal. The server must be down
    Erase(Box<Erase>),
    /// Run the simulated carrier alone
    Sim(Box<Sim>),
    /// Play a carrier against a whole server in a temporary folder, without network
    Selftest(Selftest),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub settings: Flags,
    #[command(flatten)]
    pub pace: Pace,
    /// What chance the simulated people are drawn from
    #[arg(long, value_name = "N", default_value_t = 1, hide = true)]
    pub seed: u64,
}

/// Time that runs faster: beside a simulator only.
#[derive(Debug, Args)]
pub(crate) struct Pace {
    /// How many times as fast as real time runs; only with a simulated carrier
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed, hide = true)]
    pub speed: f64,
    /// Since when it runs faster; the start, if not given
    #[arg(long, value_name = "TIME", hide = true)]
    pub epoch: Option<Timestamp>,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if (1.0..=1_000.0).contains(&speed) { Ok(speed) } else { Err("give 1 to 1000".to_owned()) }
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep everything in this folder; run again on it, a survey that was cut off goes on
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Go on serving when everybody has been called
    #[arg(long)]
    pub keep: bool,
    /// How many times as fast as real time runs [default: 20]
    #[arg(long, value_name = "N", value_parser = speed)]
    pub speed: Option<f64>,
    /// How many people are called [default: 12]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=5_000))]
    pub people: Option<u16>,
    /// What they are asked [default: four questions about a library]
    #[arg(long, value_name = "FILE")]
    pub questions: Option<PathBuf>,
    /// What all chance comes from [default: 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Port to listen on, 0 for any free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Print JSON lines
    #[arg(long)]
    pub json: bool,
    /// What is logged to standard error
    #[arg(long, value_name = "FILTER", default_value = "error")]
    pub log: String,
}

/// How a running server is found: by its address and key, else by what it left in its data folder.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// Address of the server [default: the one that runs on the data folder]
    #[arg(long, env = "TRUNKLINE_URL", value_name = "URL")]
    pub url: Option<String>,
    /// Settings file, to find the data folder
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder of the server
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Call {
    /// Whom to call, such as +15550100123
    pub to: String,
    /// Which script asks; the default one if not given
    #[arg(long, value_name = "NAME")]
    pub script: Option<String>,
    /// The person's name
    #[arg(long)]
    pub name: Option<String>,
    /// A value for the script's {{…}}; may be given again
    #[arg(long = "var", value_name = "KEY=VALUE", value_parser = pair)]
    pub variables: Vec<(String, String)>,
    /// Which number they see
    #[arg(long, value_name = "NUMBER")]
    pub from: Option<String>,
    /// Repeated with the same key, the same call is meant
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Wait until the call is over; the exit code says whether it was completed
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub reach: Reach,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    if key.is_empty() { Err("write KEY=VALUE".to_owned()) } else { Ok((key.to_owned(), value.to_owned())) }
}

#[derive(Debug, Args)]
pub(crate) struct Calls {
    /// Only calls that are not over
    #[arg(long)]
    pub active: bool,
    /// Words in numbers, name or metadata
    #[arg(long, value_name = "WORDS")]
    pub search: Option<String>,
    /// Only with this status, such as busy; may be given again
    #[arg(long)]
    pub status: Vec<String>,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Go on after the page that ended with this
    #[arg(long)]
    pub cursor: Option<String>,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct OneCall {
    /// The call, by our id or the carrier's
    pub call: String,
    #[command(flatten)]
    pub reach: Reach,
}

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

#[derive(Debug, Subcommand)]
pub(crate) enum Tenant {
    /// Make a tenant
    Add {
        /// Its id: small letters, digits and dashes, such as acme; never given twice
        id: String,
        /// What people call it; the id, if not given
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show the tenants there are and were
    List(Reach),
    /// Shut a tenant out: none of its keys opens anything any more; its calls under way go on to their end
    Revoke {
        /// Its id
        id: String,
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key; it is shown this once
    Add {
        /// What it is for, such as "CRM"
        name: String,
        /// Whose calls it opens; the default tenant's, if not given
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// What it may do: agent, admin, owner or system_admin
        #[arg(long, default_value = "agent", value_parser = role)]
        role: Role,
        /// Until when it opens anything; for ever, if not given
        #[arg(long, value_name = "TIME")]
        expires_at: Option<Timestamp>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show the keys there are and were, without the keys themselves
    List(OfTenant),
    /// Shut a key out, within a second
    Revoke {
        /// Its id, as the list shows it
        id: String,
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add somebody who works for a tenant
    Add {
        /// Their name
        name: String,
        /// For whom they work; the default tenant, if not given
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// What they may do: agent, admin, owner or system_admin
        #[arg(long, default_value = "agent", value_parser = role)]
        role: Role,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show the users there are and were
    List(OfTenant),
    /// Shut a user out
    Revoke {
        /// Their id, as the list shows it
        id: String,
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Args)]
pub(crate) struct OfTenant {
    /// Only those of this tenant
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    #[command(flatten)]
    pub reach: Reach,
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| format!("give one of {}", Role::WORDS.join(", ")))
}

/// Settings, for commands that need no server.
#[derive(Debug, Args)]
pub(crate) struct Offline {
    #[command(flatten)]
    pub settings: Flags,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// JSON lines: calls with their turns and events, and suppressions
    Jsonl,
    /// One row a call, safe to open in a spreadsheet
    Csv,
    /// The same as a workbook
    Xlsx,
}

#[derive(Debug, Args)]
pub(crate) struct Recover {
    /// Only ask and count
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub reach: Reach,
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
    pub number: String,
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

#[derive(Debug, Args)]
pub(crate) struct Sim {
    /// Port to listen on, on this machine only
    #[arg(long, default_value_t = 4010)]
    pub port: u16,
    /// How many times as fast as real time its world runs
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// At this moment simulated and real time agree; the start, if not given
    #[arg(long, value_name = "TIME")]
    pub epoch: Option<Timestamp>,
    /// What all chance comes from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// A number of the account, or NUMBER=VOICE_URL; may be given again
    #[arg(long = "number", value_name = "NUMBER", default_value = "+15005550006")]
    pub numbers: Vec<String>,
    /// The account's id
    #[arg(long, default_value = "AC00000000000000000000000000000001")]
    pub account_sid: String,
    /// The account's token
    #[arg(long, default_value = "simulator-auth-token", env = "TWILIO_AUTH_TOKEN", hide_env_values = true)]
    pub auth_token: String,
    /// New calls per second; more wait
    #[arg(long, value_name = "N")]
    pub cps: Option<f64>,
    /// A fault in JSON, such as '{"kind":"create_fails","count":3}'; may be given again
    #[arg(long = "fault", value_name = "JSON")]
    pub faults: Vec<String>,
    /// Remember calls in this file
    #[arg(long, value_name = "FILE")]
    pub state_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Selftest {
    /// Print JSON lines
    #[arg(long)]
    pub json: bool,
    /// What is logged to standard error
    #[arg(long, value_name = "FILTER", default_value = "error")]
    pub log: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

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

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
