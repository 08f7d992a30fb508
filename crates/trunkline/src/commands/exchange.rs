//! `trunkline export` and `import`: history out of one database, and into another.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};
use std::path::Path;

use serde_json::{Value, json};
use trunkline_engine::Clock;
use trunkline_engine::exchange::{
    Checked, ExchangeError, check, export_csv, export_lines, export_xlsx, import as take_in,
};
use trunkline_store::{Imported, Store};

use super::offline::{Whole, cannot_read, hold, is_stream, make_store, needs_database, open_store};
use super::settings;
use crate::cli::{Export, ExportFormat, Import};
use crate::exit::{Exit, Failure, chain};
use crate::terminal::{Form, Progress, note, say, say_json};

/// Writes everything to a file.
pub(super) async fn export(args: Export) -> Result<Exit, Failure> {
    let settings = settings(args.offline.settings)?;
    let store = open_store(&settings).await?;
    let format = args.format.unwrap_or_else(|| by_ending(args.file.as_deref()));
    let written = match args.file.as_deref().filter(|file| !is_stream(file)) {
        Some(path) => to_file(&store, path, format).await,
        None => to_stdout(&store, format).await.map(|told| (told, None)),
    };
    store.close().await;
    let (told, path) = written?;
    match (path, Form::of(args.offline.json)) {
        // What was exported stands on standard output already.
        (None, _) => note(&words(&told)),
        (Some(_), Form::Json) => say_json(&told),
        (Some(path), Form::Text) => say(&format!("{}: {}", path.display(), words(&told))),
    }
    Ok(Exit::Fine)
}

fn by_ending(file: Option<&Path>) -> ExportFormat {
    match file.and_then(Path::extension).and_then(|ending| ending.to_str()) {
        Some("csv") => ExportFormat::Csv,
        Some("xlsx") => ExportFormat::Xlsx,
        _ => ExportFormat::Jsonl,
    }
}

async fn to_file<'a>(
    store: &Store,
    path: &'a Path,
    format: ExportFormat,
) -> Result<(Value, Option<&'a Path>), Failure> {
    let mut file = Whole::begin(path)?;
    let told = match format {
        ExportFormat::Xlsx => workbook(store, file.writer()).await,
        _ => stream(store, file.writer(), format).await,
    };
    let told = told.map_err(|error| failed(path, &error))?;
    file.finish()?;
    Ok((told, Some(path)))
}

async fn to_stdout(store: &Store, format: ExportFormat) -> Result<Value, Failure> {
    let place = Path::new("standard output");
    let mut to = BufWriter::with_capacity(1 << 16, io::stdout());
    let told = match format {
        // A workbook is written back and forth.
        ExportFormat::Xlsx => {
            async {
                let mut whole = tempfile::tempfile()?;
                let told = workbook(store, &mut whole).await?;
                whole.rewind()?;
                io::copy(&mut whole, &mut to)?;
                to.flush()?;
                Ok(told)
            }
            .await
        }
        _ => stream(store, &mut to, format).await,
    };
    told.map_err(|error| failed(place, &error))
}

async fn stream(
    store: &Store,
    to: &mut (dyn Write + Send),
    format: ExportFormat,
) -> Result<Value, ExchangeError> {
    let mut progress = Progress::new("calls", Some(store.calls_in_all().await?));
    let mut tick = |done| progress.at(done);
    match format {
        ExportFormat::Csv => export_csv(store, to, &mut tick).await.map(|calls| json!({ "calls": calls })),
        _ => {
            let done = export_lines(store, to, Clock::real().now(), &mut tick).await?;
            Ok(json!({ "calls": done.calls, "events": done.events, "suppressions": done.suppressions,
                "sha256": done.sha256 }))
        }
    }
}

async fn workbook(store: &Store, to: &mut (impl Write + Seek + Send)) -> Result<Value, ExchangeError> {
    let mut progress = Progress::new("calls", Some(store.calls_in_all().await?));
    export_xlsx(store, to, &mut |done| progress.at(done)).await.map(|calls| json!({ "calls": calls }))
}

fn words(told: &Value) -> String {
    let number = |name: &str| told[name].as_u64().unwrap_or(0);
    match told["sha256"].as_str() {
        Some(sha256) => format!(
            "{} calls, {} events, {} suppressions, sha256 {sha256}",
            number("calls"),
            number("events"),
            number("suppressions")
        ),
        None => format!("{} calls", number("calls")),
    }
}

/// Takes a file in: looked through first, then written.
pub(super) async fn import(args: Import) -> Result<Exit, Failure> {
    let settings = settings(args.offline.settings)?;
    // Held to the end: a server that starts meanwhile would project beside us.
    needs_database(
        &settings,
        "calls go into the journal through `POST /api/calls/import` or CALLS_DATA_FILE",
    )?;
    let _held = match settings.store.database.file() {
        Some(_) => Some(hold(&settings, ", or import into PostgreSQL, which serves both at once")?),
        None => None,
    };
    let (name, mut file) = opened(&args.file)?;
    let name = Path::new(&name);
    let found = check(&mut BufReader::with_capacity(1 << 20, &file)).map_err(|error| failed(name, &error))?;
    file.rewind().map_err(|error| cannot_read(name, &error))?;
    let store = make_store(&settings).await?;
    let mut progress = Progress::new("calls", Some(found.calls));
    let from = &mut BufReader::with_capacity(1 << 20, &file);
    let new = take_in(&store, from, &mut |done| progress.at(done)).await;
    drop(progress);
    store.close().await;
    let new = new.map_err(|error| {
        let error = failed(name, &error);
        Failure::new(
            error.exit,
            format_args!("{error}; what was written stays, and a second run completes it"),
        )
    })?;
    match Form::of(args.offline.json) {
        Form::Json => say_json(&json!({
            "calls": found.calls, "events": found.events, "suppressions": found.suppressions,
            "not_ended": found.not_ended,
            "new": { "calls": new.calls, "events": new.events, "suppressions": new.suppressions },
        })),
        Form::Text => tell(&found, &new),
    }
    Ok(Exit::Fine)
}

fn tell(found: &Checked, new: &Imported) {
    say(&format!(
        "{} calls, {} events, {} suppressions in the file; new here: {}, {}, {}.",
        found.calls, found.events, found.suppressions, new.calls, new.events, new.suppressions
    ));
    if found.not_ended > 0 {
        say(&format!(
            "{} of the calls were not over when the file was written. They are history here: nobody goes on with them.",
            found.not_ended
        ));
    }
    say("What was imported is in the database alone, and in no journal: it is lost with the database.");
}

/// A file that can be read twice.
fn opened(path: &Path) -> Result<(String, File), Failure> {
    if !is_stream(path) {
        let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
        return Ok((path.display().to_string(), file));
    }
    let name = "standard input";
    let copied = || -> io::Result<File> {
        let mut copy = tempfile::tempfile()?;
        io::copy(&mut io::stdin().lock(), &mut copy)?;
        copy.rewind()?;
        Ok(copy)
    };
    Ok((name.to_owned(), copied().map_err(|error| cannot_read(Path::new(name), &error))?))
}

fn failed(path: &Path, error: &ExchangeError) -> Failure {
    if let ExchangeError::File(error) = error
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        // Whoever read it has had enough.
        std::process::exit(0);
    }
    let text = match error {
        ExchangeError::Store(error) => format!("the database: {}", chain(error)),
        error => format!("{}, {}", path.display(), chain(error)),
    };
    Failure::new(Exit::Failed, text)
}
