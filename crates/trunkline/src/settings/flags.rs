//! The settings that `serve` takes as flags. They stay text here, so that a wrong one is refused in the same words as
//! a wrong line of `trunkline.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::key::Raw;

/// Settings as flags; each is stronger than the environment and the files.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// Settings file [default: trunkline.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port to listen on, 0 for any free one [default: 8080]
    #[arg(long)]
    pub port: Option<String>,
    /// Folder of the journal, the database, recordings and keys [default: ./trunkline-data]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Address by which the carrier reaches this server
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Database [default: an SQLite file in the data folder]
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// simulator, twilio or telnyx [default: the one whose credentials are set, else simulator]
    #[arg(long, value_name = "NAME")]
    pub carrier: Option<String>,
    /// A questions.json, or a folder of scripts [default: questions.json]
    #[arg(long, value_name = "PATH")]
    pub questions: Option<String>,
    /// Country of numbers that are written without +, such as US
    #[arg(long, value_name = "CC")]
    pub default_country: Option<String>,
    /// What is logged [default: info]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
}

impl Flags {
    /// The flags that were given, by their names with dashes.
    pub(super) fn given(&self) -> BTreeMap<&'static str, Raw> {
        let all = [
            ("--host", &self.host),
            ("--port", &self.port),
            ("--data-dir", &self.data_dir),
            ("--public-url", &self.public_url),
            ("--database-url", &self.database_url),
            ("--carrier", &self.carrier),
            ("--questions", &self.questions),
            ("--default-country", &self.default_country),
            ("--log", &self.log),
            ("--log-format", &self.log_format),
        ];
        all.into_iter().filter_map(|(flag, value)| Some((flag, Raw::One(value.clone()?)))).collect()
    }
}
