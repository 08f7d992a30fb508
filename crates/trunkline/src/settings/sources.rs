//! Where settings come from: the one place that reads files for them. The environment is an argument.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::{Origin, SettingError, Wrong};
use super::flags::Flags;
use super::given::TextFile;

/// Everything that may hold settings, the strongest first.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The command line.
    pub flags: Flags,
    /// The process's environment.
    pub environment: BTreeMap<String, String>,
    /// The `.env` file.
    pub dotenv: Option<TextFile>,
    /// The settings file, `trunkline.toml`.
    pub file: Option<TextFile>,
}

impl Sources {
    /// Reads `.env` and the settings file: the one named by `--config` or `TRUNKLINE_CONFIG`, else `trunkline.toml` in
    /// `folder` if there is one.
    ///
    /// # Errors
    /// A file that is there, or was named, and can't be read.
    pub fn gather(
        flags: Flags,
        environment: BTreeMap<String, String>,
        folder: &Path,
    ) -> Result<Self, SettingError> {
        let named = match (&flags.config, environment.get("TRUNKLINE_CONFIG").filter(|path| !path.is_empty()))
        {
            (Some(path), _) => Some((path.clone(), Origin::Flag("--config"))),
            (None, Some(path)) => Some((path.into(), Origin::Environment("TRUNKLINE_CONFIG".to_owned()))),
            (None, None) => None,
        };
        let file = match named {
            Some((path, origin)) => Some(read_named(folder.join(path), origin)?),
            None => read_if_there(folder.join("trunkline.toml"))?,
        };
        Ok(Self { flags, environment, dotenv: read_if_there(folder.join(".env"))?, file })
    }
}

fn read_named(path: PathBuf, origin: Origin) -> Result<TextFile, SettingError> {
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Wrong::new(
            format_args!("{} can't be read: {error}", path.display()),
            "name a settings file; `trunkline config example` prints one",
        )
        .at("config", origin)
    })?;
    Ok(TextFile { path, text })
}

fn read_if_there(path: PathBuf) -> Result<Option<TextFile>, SettingError> {
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(TextFile { path, text })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            let wrong = Wrong::new(
                format_args!("{} can't be read: {error}", path.display()),
                "make it a readable UTF-8 text file, or take it away",
            );
            Err(wrong.at(name, Origin::Default))
        }
    }
}
