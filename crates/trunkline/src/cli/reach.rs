//! How a command reaches what it works on: a running server, or the folder and the database themselves.

use std::path::PathBuf;

use clap::Args;

use crate::settings::Flags;

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

/// Settings, for commands that need no server.
#[derive(Debug, Args)]
pub(crate) struct Offline {
    #[command(flatten)]
    pub settings: Flags,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
