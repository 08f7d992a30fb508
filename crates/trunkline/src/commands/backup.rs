//! `trunkline backup`: the data folder and its database as one archive, also beside a running server.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use trunkline_engine::Clock;
use trunkline_engine::operating::{ArchiveError, Backup, Inside, backup};
use trunkline_store::Target;

use super::offline::{Whole, folder, is_stream, open_store};
use super::settings;
use crate::cli::Backup as Args;
use crate::exit::{Exit, Failure, chain};
use crate::settings::Settings;
use crate::terminal::{Form, Progress, note, say, say_json};

/// Makes a backup.
pub(super) async fn run(args: Args) -> Result<Exit, Failure> {
    let settings = settings(args.offline.settings)?;
    let form = Form::of(args.offline.json);
    if is_stream(&args.file) {
        let made = make(&settings, &mut BufWriter::with_capacity(1 << 16, io::stdout())).await?;
        words(&made, "standard output").iter().for_each(|line| note(line));
        return Ok(Exit::Fine);
    }
    let mut file = Whole::begin(&args.file)?;
    let made = make(&settings, file.writer()).await?;
    file.finish()?;
    match form {
        Form::Json => say_json(&json!({ "file": args.file, "backup": made })),
        Form::Text => words(&made, &args.file.display().to_string()).iter().for_each(|line| say(line)),
    }
    Ok(Exit::Fine)
}

async fn make(settings: &Settings, to: &mut (dyn Write + Send)) -> Result<Backup, Failure> {
    let folder = folder(settings)?;
    let (store, leave_out) = match &settings.store.database {
        Target::Sqlite(path) if !path.is_file() => (None, Vec::new()),
        // The journal and the folder can be backed up while the server's database is away.
        Target::Postgres(_) => (None, Vec::new()),
        // It is made anew from the journal.
        Target::Index(path) => (None, files_of(path)),
        Target::Sqlite(path) => (Some(open_store(settings).await?), files_of(path)),
    };
    let scratch = folder.data.join(format!("trunkline.db.part-{}", std::process::id()));
    let _clean = Gone(&scratch);
    let mut progress = Progress::new("files", None);
    let now = Clock::real().now();
    let tick = &mut |done| progress.at(done);
    let mut made = backup(&folder, store.as_ref(), &scratch, &leave_out, to, now, tick).await;
    if let Some(store) = store {
        store.close().await;
    }
    if let (Ok(made), Target::Postgres(_)) = (&mut made, &settings.store.database) {
        made.database = Inside::Server;
    }
    made.map_err(|error| failed(&error))
}

/// An SQLite file with what lies beside it.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    ["", "-wal", "-shm", "-journal"].map(beside).to_vec()
}

/// Takes the copy of the database away, whatever happens.
struct Gone<'a>(&'a Path);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.0);
    }
}

fn words(made: &Backup, file: &str) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{file}: {} files, {} MiB, of them {} recordings",
            made.files,
            made.bytes >> 20,
            made.recordings
        ),
        "It holds the keys of this server and of every person in it: keep it as you keep a secret."
            .to_owned(),
    ];
    match made.database {
        Inside::Archive => {}
        Inside::Server => lines.push(
            "The database is not in it: back it up with pg_dump, before this rather than after.".to_owned(),
        ),
        Inside::Nowhere => lines.push("There is no database yet; the next start makes it.".to_owned()),
    }
    if std::env::var_os("TRUNKLINE_SECRET_KEYS").is_some() {
        lines.push("TRUNKLINE_SECRET_KEYS is not in it: keep that too.".to_owned());
    }
    lines
}

pub(super) fn failed(error: &ArchiveError) -> Failure {
    Failure::new(Exit::Failed, chain(error))
}
