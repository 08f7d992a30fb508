//! `trunkline restore`: a backup put back where nothing is, and checked.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;
use trunkline_engine::operating::{Inside, Places, Restored, adopt, inspect, restore};
use trunkline_store::{Store, Target};

use super::offline::{cannot_read, cannot_write, folder, hold, is_stream, of_store, open_store};
use super::settings;
use super::{backup, verify};
use crate::cli::Restore;
use crate::exit::{Exit, Failure, chain};
use crate::settings::Settings;
use crate::terminal::{Form, Progress, say, say_json};
use crate::wiring::make_folder;

/// Restores and verifies.
pub(super) async fn run(args: Restore) -> Result<Exit, Failure> {
    let settings = settings(args.offline.settings)?;
    let form = Form::of(args.offline.json);
    if args.dry_run {
        return only_look(&settings, &args.file, form);
    }
    // Asked before anything is done: whether its cursor fits can be told only then.
    let server = match &settings.store.database {
        Target::Postgres(_) => Some(open_store(&settings).await?),
        Target::Sqlite(_) | Target::Index(_) => None,
    };
    let restored = put_back(&settings, &args.file)?;
    let (report, turned_back) = check(&settings, &restored, server).await?;
    let is_sound = report.as_ref().is_none_or(trunkline_engine::operating::Report::is_sound);
    match form {
        Form::Json => say_json(&json!({
            "restored": restored, "verify": report, "sound": is_sound, "cursor_turned_back": turned_back,
        })),
        Form::Text => {
            say(&format!("Restored {} files of a backup made at {}.", restored.files, restored.at));
            if turned_back {
                say(
                    "The database knew more than this journal: what it has stays, and new events are taken in again.",
                );
            }
            match &report {
                Some(report) => verify::tell(report),
                None => say("There was no database in it; the next start makes it from the journal."),
            }
        }
    }
    Ok(if is_sound { Exit::Fine } else { Exit::Failed })
}

/// Checks the archive and puts nothing anywhere.
fn only_look(settings: &Settings, file: &Path, form: Form) -> Result<Exit, Failure> {
    let beside = beside(&settings.server.data_dir)?;
    let mut progress = Progress::new("files", None);
    let seen = inspect(&mut opened(file)?, beside.path(), &mut |done| progress.at(done));
    drop(progress);
    let seen = seen.map_err(|error| backup::failed(&error))?;
    match form {
        Form::Json => say_json(&json!({ "archive": seen, "dry_run": true })),
        Form::Text => {
            say(&format!("{} files of a backup made at {}, each as it was.", seen.files, seen.at));
            say("Nothing was put anywhere.");
        }
    }
    Ok(Exit::Fine)
}

/// An empty folder on the disk where the data folder goes.
fn beside(data: &Path) -> Result<TempDir, Failure> {
    let parent = data.parent().filter(|parent| !parent.as_os_str().is_empty()).map(Path::to_owned);
    let parent = parent.unwrap_or_else(|| PathBuf::from("."));
    make_folder(&parent).map_err(|error| Failure::new(Exit::Failed, chain(&error)))?;
    let beside = tempfile::Builder::new().prefix(".trunkline-restoring-").tempdir_in(&parent);
    beside.map_err(|error| cannot_write(&parent, &error))
}

fn opened(file: &Path) -> Result<Box<dyn Read>, Failure> {
    Ok(if is_stream(file) {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(|error| cannot_read(file, &error))?))
    })
}

fn put_back(settings: &Settings, file: &Path) -> Result<Restored, Failure> {
    let data = settings.server.data_dir.clone();
    let beside = beside(&data)?;
    let places = Places {
        data,
        recordings: settings.recordings.folder.clone(),
        database: match &settings.store.database {
            Target::Sqlite(path) => Some(path.clone()),
            Target::Postgres(_) | Target::Index(_) => None,
        },
    };
    let mut from = opened(file)?;
    let mut progress = Progress::new("files", None);
    restore(&mut from, &places, beside.path(), &mut |done| progress.at(done))
        .map_err(|error| backup::failed(&error))
}

/// Holds the folder and looks whether all is well.
async fn check(
    settings: &Settings,
    restored: &Restored,
    server: Option<Store>,
) -> Result<(Option<trunkline_engine::operating::Report>, bool), Failure> {
    let _held = hold(settings, "")?;
    let folder = folder(settings)?;
    let (store, turned_back) = match (server, restored.database) {
        (Some(server), _) => {
            let turned = adopt(&folder, &server).await.map_err(|error| backup::failed(&error))?;
            (server, turned)
        }
        (None, Inside::Archive) => {
            (Store::open(&settings.store.database).await.map_err(|error| of_store(&error))?, false)
        }
        (None, Inside::Server | Inside::Nowhere) => return Ok((None, false)),
    };
    let report = verify::look(&folder, &store).await;
    store.close().await;
    Ok((Some(report?), turned_back))
}
