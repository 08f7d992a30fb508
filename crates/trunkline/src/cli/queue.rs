//! The words for lists of people: campaigns, the queue, leads.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::Reach;

#[derive(Debug, Subcommand)]
pub(crate) enum Campaign {
    /// Make a campaign: a draft, until it is started
    New(Box<NewCampaign>),
    /// Show the campaigns there are, and how far each is
    List(Reach),
    /// Take people in from a CSV, XLSX or JSON file
    Import(Box<ImportPeople>),
    /// Tell what will become of it: who is skipped and why, when it is finished, how many calls at once
    Plan(PlanCampaign),
    /// Begin calling
    Start(OneCampaign),
    /// Begin no more calls; those under way go on
    Pause(OneCampaign),
    /// Go on
    Resume(OneCampaign),
    /// Finish the calls under way and begin no more; the campaign is finished then
    Drain(OneCampaign),
    /// Call nobody any more
    Cancel {
        #[command(flatten)]
        one: OneCampaign,
        /// Hang up on the calls under way too
        #[arg(long)]
        force: bool,
    },
    /// Show how far it is, and what holds it up
    Status(OneCampaign),
    /// Write what came of it to a file: one row a person, with the answers
    Export {
        #[command(flatten)]
        one: OneCampaign,
        #[command(flatten)]
        out: OutFile,
    },
}

#[derive(Debug, Args)]
pub(crate) struct OneCampaign {
    /// The campaign, by its name or id
    pub campaign: String,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct NewCampaign {
    /// What people call it
    pub name: String,
    /// Which script asks; with a bot, what goes on when that can't
    #[arg(long, value_name = "NAME", required_unless_present = "bot")]
    pub script: Option<String>,
    /// Which bot talks, instead of a script
    #[arg(long, value_name = "NAME")]
    pub bot: Option<String>,
    /// Which number people see; may be given again for a pool. The server's own, if not given
    #[arg(long, value_name = "NUMBER")]
    pub from: Vec<String>,
    /// Calling hours by the clock of whoever is called, such as 09:00-20:00 [default: 09:00-20:00]
    #[arg(long, value_name = "FROM-TO", value_parser = hours)]
    pub hours: Option<(String, String)>,
    /// Days of calling, such as sun,mon,tue [default: each day]
    #[arg(long, value_name = "DAYS", value_delimiter = ',')]
    pub days: Vec<String>,
    /// A day on which nobody is called, such as 2026-12-25; may be given again
    #[arg(long, value_name = "DATE")]
    pub holiday: Vec<String>,
    /// Calls at once
    #[arg(long, value_name = "N")]
    pub concurrency: Option<u32>,
    /// New calls per second
    #[arg(long, value_name = "N")]
    pub cps: Option<f64>,
    /// New calls per hour, spread evenly
    #[arg(long, value_name = "N")]
    pub per_hour: Option<u32>,
    /// New calls per day
    #[arg(long, value_name = "N")]
    pub daily_cap: Option<u32>,
    /// Calls to one person at most [default: 4]
    #[arg(long, value_name = "N")]
    pub max_attempts: Option<u16>,
    /// How urgent: high, default or low
    #[arg(long)]
    pub priority: Option<String>,
    /// Everything else: a JSON file of the policy, as POST /api/campaigns takes it; flags count more
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    #[command(flatten)]
    pub reach: Reach,
}

fn hours(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.split_once('-').ok_or("write FROM-TO, such as 09:00-20:00")?;
    let time = |text: &str| {
        let time = text.trim().parse::<jiff::civil::Time>();
        time.map(|time| time.to_string()).map_err(|_| format!("{text} is no time of day; write 09:00"))
    };
    Ok((time(from)?, time(to)?))
}

/// How a list is meant.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The file: .csv, .xlsx, .json or .jsonl; or - for CSV on standard input
    pub file: PathBuf,
    /// Only tell what would be taken, row by row
    #[arg(long)]
    pub dry_run: bool,
    /// Whose national numbers are meant, such as IL; the server's default country, if not given
    #[arg(long, value_name = "LETTERS")]
    pub country: Option<String>,
    /// What the text of a CSV file is written in that is not UTF-8: windows-1255 or windows-1252
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// What a column holds, if it was guessed wrong, such as phone=Mobile; may be given again
    #[arg(long = "column", value_name = "WHAT=HEADING", value_parser = super::calls::pair)]
    pub columns: Vec<(String, String)>,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct ImportPeople {
    /// The campaign, by its name or id
    pub campaign: String,
    #[command(flatten)]
    pub list: ListArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PlanCampaign {
    #[command(flatten)]
    pub one: OneCampaign,
    /// When it starts; now, if not given
    #[arg(long, value_name = "TIME")]
    pub start: Option<Timestamp>,
    /// Share of calls that a person answers [default: 0.4]
    #[arg(long, value_name = "SHARE")]
    pub answered: Option<f64>,
    /// Share of calls that a machine answers [default: 0.2]
    #[arg(long, value_name = "SHARE")]
    pub machine: Option<f64>,
    /// Share of calls that find the line busy [default: 0.05]
    #[arg(long, value_name = "SHARE")]
    pub busy: Option<f64>,
    /// Seconds a conversation takes [default: 90]
    #[arg(long, value_name = "SECONDS")]
    pub talk_secs: Option<u32>,
}

/// Where a table is written.
#[derive(Debug, Args)]
pub(crate) struct OutFile {
    /// The file to write; standard output if absent or -
    pub file: Option<PathBuf>,
    /// What it is written in [default: by the file's ending, else csv]
    #[arg(long, value_enum)]
    pub format: Option<SheetFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SheetFormat {
    /// Safe to open in a spreadsheet
    Csv,
    /// A workbook
    Xlsx,
    /// An array of objects
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Queue {
    /// Tell why somebody is not being called now, and when they will be
    Why {
        /// The job, by its id
        job: String,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show how deep the queue is, how old, how fast, and what holds it up
    Stats(Reach),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Jobs {
    /// Show the jobs that were set aside, and why
    Parked(Reach),
    /// Promise a person a call at a time they asked for, whatever the retries say
    CallBack {
        /// The job, by its id
        job: String,
        /// When, such as 2026-12-01T09:00:00Z
        at: Timestamp,
        #[command(flatten)]
        reach: Reach,
    },
    /// Let jobs that were set aside wait for their turn again
    Retry {
        /// The jobs, by their ids
        #[arg(required_unless_present = "all")]
        jobs: Vec<String>,
        /// All that were set aside
        #[arg(long, conflicts_with = "jobs")]
        all: bool,
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Leads {
    /// Take people in from a CSV, XLSX or JSON file, without calling them
    Import(Box<ListArgs>),
    /// Write all leads to a file
    Export {
        #[command(flatten)]
        out: OutFile,
        #[command(flatten)]
        reach: Reach,
    },
}
