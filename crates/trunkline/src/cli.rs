//! The words of the command line. What they do is in `commands/`.

mod calls;
mod journal;
mod numbers;
mod operating;
mod queue;
mod reach;
mod results;
mod serve;
mod tenancy;
mod webhooks;

use clap::{Parser, Subcommand};

pub(crate) use calls::{Call, Calls, OneCall, Recover, Transfer};
pub(crate) use journal::{Journal, JournalAt};
pub(crate) use numbers::{Numbers, SetNumber, Suppress};
pub(crate) use operating::{
    Backup, Bot, Config, Describe, Erase, Export, ExportFormat, Import, Migrate, Prune, Restore,
};
pub(crate) use queue::{
    Campaign, Jobs, Leads, ListArgs, NewCampaign, OneCampaign, OutFile, PlanCampaign, Queue, SheetFormat,
};
pub(crate) use reach::{Offline, Reach};
pub(crate) use results::{Results, ResultsFormat};
pub(crate) use serve::{Demo, Pace, Selftest, Serve, Sim};
pub(crate) use tenancy::{Key, OfTenant, Tenant, User};
pub(crate) use webhooks::Webhook;

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
    /// Put a call on hold: the person waits and hears music
    Hold(OneCall),
    /// Let a call on hold go on where its script stood
    Resume(OneCall),
    /// Hand a call to somebody else: the two talk
    Transfer(Transfer),
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
    /// What people answered: one row a person, one column a question
    Results(Box<Results>),
    /// Tell how the server is; the exit code says whether all is well
    Status(Reach),
    /// Let the server begin no more calls; those there are go on
    Drain(Reach),
    /// Our phone numbers: what answers them and when, and where the carrier sends their calls
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
    /// Events sent to other software: where to, and whether they arrive
    #[command(subcommand)]
    Webhook(Webhook),
    /// Check the settings, or print an example of them
    #[command(subcommand)]
    Config(Config),
    /// Voice bots: check a bot's file
    #[command(subcommand)]
    Bot(Bot),
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
    /// Print how the API is described: the OpenAPI document, or the list of errors
    #[command(subcommand)]
    Describe(Describe),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
