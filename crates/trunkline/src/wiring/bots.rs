//! Bots that stand in a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use trunkline_core::bridge::{Brief, Patience, ToolSpec};
use trunkline_core::call::BotRef;
use trunkline_core::private::Address;
use trunkline_engine::{Bots, OneBot};

use crate::settings::Settings;

/// Why a bot's file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BotFileError {
    /// It can't be read.
    #[error("realtime.bot: {path} can't be read ({source})", path = .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no bot.
    #[error("realtime.bot: {path} is no bot ({why})", path = .path.display())]
    NoBot {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BotFile {
    name: String,
    numbers: Vec<String>,
    instructions: String,
    #[serde(default)]
    opening: Option<String>,
    #[serde(default)]
    voice: Option<String>,
    #[serde(default)]
    language: Option<String>,
}

/// The settings of bots.
///
/// # Errors
/// The file of the bot can't be used.
pub(crate) fn bots(settings: &Settings) -> Result<Bots, BotFileError> {
    let standing = settings.realtime.bot.as_deref().map(read).transpose()?;
    Ok(Bots { model: settings.realtime.model.clone(), standing: standing.into_iter().collect() })
}

fn read(path: &Path) -> Result<OneBot, BotFileError> {
    let path = path.to_owned();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(BotFileError::Unreadable { path, source }),
    };
    let file: BotFile = match serde_json::from_str(&text) {
        Ok(file) => file,
        Err(error) => return Err(BotFileError::NoBot { path, why: error.to_string() }),
    };
    let version = Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let end_call = ToolSpec {
        name: "end_call".to_owned(),
        description: "Ends the call. Say good-bye first.".to_owned(),
        parameters: serde_json::json!({"type": "object", "properties": {}}),
    };
    let brief = Brief {
        instructions: file.instructions,
        voice: file.voice,
        language: file.language,
        opening: file.opening,
        tools: vec![end_call],
        patience: Patience::default(),
    };
    Ok(OneBot {
        bot: BotRef { name: file.name, version },
        numbers: file.numbers.into_iter().map(Address::new).collect(),
        brief: Arc::new(brief),
    })
}
