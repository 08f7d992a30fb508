//! `trunkline export` and `import`: history out of one database, and into another.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};
use std::path::Path;

use serde_json::{Value, json};
use trunkline_engine::Clock;
use trunkline_engine::exchange::{
    Checked, ExchangeError, Keeper, Kind, check, export_csv, export_lines, export_xlsx, fits,
    import as take_in,
};
use trunkline_engine::operating::Held;
use trunkline_journal::FolderLock;
use trunkline_store::{AppointmentsCounted, Imported, QueueCount, Store, Target, WhoseCount};

use super::offline::{Whole, cannot_read, hold, is_stream, make_store, of_held, open_store, place};
use super::{from_redis, settings};
use crate::cli::{Export, ExportFormat, Import};
use crate::exit::{Exit, Failure, chain};
use crate::settings::Settings;
use crate::terminal::{Form, Progress, note, say, say_json};
use crate::wiring::{journal_options, make_folder};

/// Writes everything to a file.
pub(super) async fn export(args: Export) -> Result<Exit, Failure> {
    let settings = settings(args.offline.settings)?;
    let store = open_store(&settings).await?;
    let format = args.format.unwrap_or_else(|| by_ending(args.file.as_deref()));
    let kind = if settings.store.database.is_index() { Kind::Index } else { Kind::Database };
    let written = match args.file.as_deref().filter(|file| !is_stream(file)) {
        Some(path) => to_file(&store, kind, path, format).await,
        None => to_stdout(&store, kind, format).await.map(|told| (told, None)),
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
    kind: Kind,
    path: &'a Path,
    format: ExportFormat,
) -> Result<(Value, Option<&'a Path>), Failure> {
    let mut file = Whole::begin(path)?;
    let told = match format {
        ExportFormat::Xlsx => workbook(store, file.writer()).await,
        _ => stream(store, kind, file.writer(), format).await,
    };
    let told = told.map_err(|error| failed(path, &error))?;
    file.finish()?;
    Ok((told, Some(path)))
}

async fn to_stdout(store: &Store, kind: Kind, format: ExportFormat) -> Result<Value, Failure> {
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
        _ => stream(store, kind, &mut to, format).await,
    };
    told.map_err(|error| failed(place, &error))
}

async fn stream(
    store: &Store,
    kind: Kind,
    to: &mut (dyn Write + Send),
    format: ExportFormat,
) -> Result<Value, ExchangeError> {
    let mut progress = Progress::new("calls", Some(store.calls_in_all().await?));
    let mut tick = |done| progress.at(done);
    match format {
        ExportFormat::Csv => export_csv(store, to, &mut tick).await.map(|calls| json!({ "calls": calls })),
        _ => {
            let done = export_lines(store, kind, to, Clock::real().now(), &mut tick).await?;
            Ok(serde_json::to_value(&done).unwrap_or_default())
        }
    }
}

async fn workbook(store: &Store, to: &mut (impl Write + Seek + Send)) -> Result<Value, ExchangeError> {
    let mut progress = Progress::new("calls", Some(store.calls_in_all().await?));
    export_xlsx(store, to, &mut |done| progress.at(done)).await.map(|calls| json!({ "calls": calls }))
}

/// What an export counts.
const ROWS: [&str; 11] = [
    "calls",
    "events",
    "suppressions",
    "campaigns",
    "leads",
    "jobs",
    "attempts",
    "tenants",
    "numbers",
    "practitioners",
    "appointments",
];

fn words(told: &Value) -> String {
    let number = |name: &str| told[name].as_u64().unwrap_or(0);
    let rows: Vec<String> = ROWS.iter().map(|rows| format!("{} {rows}", number(rows))).collect();
    let rows = rows.join(", ");
    match told["sha256"].as_str() {
        Some(sha256) => format!("{rows}, sha256 {sha256}"),
        // A table has calls alone; what came in has no checksum.
        None if told["events"].is_null() => format!("{} calls", number("calls")),
        None => rows,
    }
}

/// Takes a file in: looked through first, then written.
pub(super) async fn import(args: Import) -> Result<Exit, Failure> {
    let Some(path) = args.file else { return from_redis::import(args).await };
    let settings = settings(args.offline.settings)?;
    let (name, mut file) = opened(&path)?;
    let name = Path::new(&name);
    let form = Form::of(args.offline.json);
    if args.dry_run {
        tell(&look(name, &file)?, None, form);
        return Ok(Exit::Fine);
    }
    // Held to the end: a server that starts meanwhile would project beside us.
    let keeping = Keeping::open(&settings).await?;
    let found = look(name, &file)?;
    file.rewind().map_err(|error| cannot_read(name, &error))?;
    let new = keeping.take_in(&settings, name, &file, &found).await;
    let new = new?;
    tell(&found, Some(&new), form);
    if form == Form::Text && !settings.store.database.is_index() {
        say("What was imported is in the database alone, and in no journal: it is lost with the database.");
    }
    Ok(Exit::Fine)
}

fn look(name: &Path, file: &File) -> Result<Checked, Failure> {
    check(&mut BufReader::with_capacity(1 << 20, file)).map_err(|error| failed(name, &error))
}

/// Who keeps what is imported, and what keeps others away meanwhile.
enum Keeping {
    /// A server's database, which serves many at once.
    Server,
    /// A file, of a folder that nobody may use.
    File { _held: FolderLock },
    /// The journal.
    Journal(Box<Held>),
}

impl Keeping {
    async fn open(settings: &Settings) -> Result<Self, Failure> {
        Ok(match &settings.store.database {
            Target::Postgres(_) => Self::Server,
            Target::Sqlite(_) => Self::File {
                _held: hold(settings, ", or import into PostgreSQL, which serves both at once")?,
            },
            Target::Index(_) => {
                let folder = place(settings)?;
                make_folder(&folder.data).map_err(|error| Failure::new(Exit::Failed, chain(&error)))?;
                let held = Held::open(&folder, journal_options(settings));
                Self::Journal(Box::new(held.map_err(|error| of_held(&error))?))
            }
        })
    }

    async fn take_in(
        self,
        settings: &Settings,
        name: &Path,
        file: &File,
        found: &Checked,
    ) -> Result<Imported, Failure> {
        let store = match &self {
            Self::Server | Self::File { .. } => make_store(settings).await?,
            Self::Journal(held) => {
                let mut progress = Progress::new("records of the journal", None);
                let tick = &mut |done| progress.at(done);
                let index = Box::pin(held.index(&settings.store.database, tick)).await;
                index.map_err(|error| of_held(&error))?
            }
        };
        let keeper = match &self {
            Self::Server | Self::File { .. } => Keeper::Database(&store),
            Self::Journal(held) => Keeper::Journal(held, &store),
        };
        let mut progress = Progress::new("calls", Some(found.calls));
        let from = &mut BufReader::with_capacity(1 << 20, file);
        let new = match fits(found, keeper).await {
            Ok(()) => Box::pin(take_in(keeper, found, from, &mut |done| progress.at(done))).await,
            Err(error) => Err(error),
        };
        drop(progress);
        store.close().await;
        if let Self::Journal(held) = self {
            held.close();
        }
        new.map_err(|error| {
            let failure = failed(name, &error);
            match error {
                // Said before anything was written.
                ExchangeError::NoQueue { .. } | ExchangeError::Taken { .. } => failure,
                _ => Failure::new(
                    failure.exit,
                    format_args!("{failure}; what was written stays, and a second run completes it"),
                ),
            }
        })
    }
}

/// What is in the file, and what of it is new here; nothing was written if that is not known.
fn tell(found: &Checked, new: Option<&Imported>, form: Form) {
    let there =
        counts(found.calls, found.events, found.suppressions, found.queue, found.whose, found.calendar);
    let counted = |new: &Imported| {
        counts(new.calls, new.events, new.suppressions, new.queue, new.whose, new.appointments)
    };
    let new = new.map(counted);
    if form == Form::Json {
        let mut told = there;
        told["not_ended"] = found.not_ended.into();
        told["running"] = found.running.into();
        told["dry_run"] = new.is_none().into();
        told["new"] = new.unwrap_or_default();
        return say_json(&told);
    }
    let there = format!("{} in the file", words(&there));
    match new {
        Some(new) => say(&format!("{there}; new here: {}.", words(&new))),
        None => say(&format!("{there}, which is whole. Nothing was written.")),
    }
    if found.running > 0 {
        say(&format!(
            "{} of the campaigns were running: a server on this database goes on with them. Stop the server they come from, \
             or people are called by both.",
            found.running
        ));
    }
    if found.not_ended > 0 {
        say(&format!(
            "{} of the calls were not over when the file was written. They are history here: nobody goes on with them.",
            found.not_ended
        ));
    }
}

fn counts(
    calls: u64,
    events: u64,
    suppressions: u64,
    queue: QueueCount,
    whose: WhoseCount,
    calendar: AppointmentsCounted,
) -> Value {
    let AppointmentsCounted { practitioners, appointments } = calendar;
    let WhoseCount { tenants, numbers, rosters } = whose;
    let QueueCount { leads, jobs, attempts, campaigns } = queue;
    json!({ "calls": calls, "events": events, "suppressions": suppressions, "campaigns": campaigns, "leads": leads,
        "jobs": jobs, "attempts": attempts, "tenants": tenants, "numbers": numbers, "rosters": rosters,
        "practitioners": practitioners, "appointments": appointments })
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
        ExchangeError::Held(error) => return of_held(error),
        error => format!("{}, {}", path.display(), chain(error)),
    };
    Failure::new(Exit::Failed, text)
}
