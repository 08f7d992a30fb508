//! The words for what is sent to other software.

use clap::Subcommand;

use super::Reach;

#[derive(Debug, Subcommand)]
pub(crate) enum Webhook {
    /// Have events sent to an address; its secret is shown this once
    Add {
        /// Where to, such as https://example.com/hooks
        #[arg(value_name = "URL")]
        address: String,
        /// Only events of these types, parted by commas; all, if not given
        #[arg(long, value_name = "TYPES", value_delimiter = ',')]
        types: Vec<String>,
        /// What it is for
        #[arg(long, value_name = "WORDS")]
        description: Option<String>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show where events are sent
    List(Reach),
    /// Send an event that did not happen, and tell what came of it; exit code 1 if it was not taken
    Test {
        /// Its id, as the list shows it
        id: String,
        #[command(flatten)]
        reach: Reach,
    },
    /// Send nothing there any more
    Remove {
        /// Its id, as the list shows it
        id: String,
        #[command(flatten)]
        reach: Reach,
    },
}
