//! Lists as files: sent to the server with what is said of each row, or fetched from it.

use std::io::{Read, Write};
use std::path::Path;

use serde_json::Value;

use super::calls::text;
use crate::cli::{Leads, ListArgs, OutFile, Reach, SheetFormat};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, clean, note, say, say_json};
use trunkline_engine::exchange::people::ListForm;

/// So many rows that were left out are shown; `--json` has all.
const SHOWN: usize = 50;

/// Takes leads in, or writes them out.
pub(super) async fn leads(command: Leads) -> Result<Exit, Failure> {
    match command {
        Leads::Import(list) => {
            let client = Client::find(&list.reach)?;
            import(&client, "/api/leads/import", *list, None).await
        }
        Leads::Export { out, reach } => export(&reach, "/api/leads/export", &out).await,
    }
}

/// Suppresses all numbers of a file.
pub(super) async fn suppress(list: ListArgs, reason: &str) -> Result<Exit, Failure> {
    let client = Client::find(&list.reach)?;
    import(&client, "/api/suppressions/import", list, Some(reason)).await
}

/// Sends a list and tells what came of it. The exit code says whether every row was good.
pub(super) async fn import(
    client: &Client,
    path: &str,
    list: ListArgs,
    reason: Option<&str>,
) -> Result<Exit, Failure> {
    let (bytes, form) = read(&list.file)?;
    let mut query: Vec<(String, String)> = Vec::new();
    let mut ask = |name: &str, value: String| query.push((name.to_owned(), value));
    if list.dry_run {
        ask("dry_run", "true".to_owned());
    }
    if let Some(country) = list.country {
        ask("country", country);
    }
    if let Some(encoding) = list.encoding {
        ask("encoding", encoding);
    }
    if let Some(reason) = reason {
        ask("reason", reason.to_owned());
    }
    for (what, heading) in list.columns {
        ask(&format!("column.{what}"), heading);
    }
    let report = client.upload(path, &query, form.content_type(), bytes).await?;
    match Form::of(list.reach.json) {
        Form::Json => say_json(&report),
        Form::Text => tell(&report),
    }
    let is_whole = report["skipped"].as_array().is_none_or(Vec::is_empty);
    Ok(if is_whole { Exit::Fine } else { Exit::Failed })
}

fn read(path: &Path) -> Result<(Vec<u8>, ListForm), Failure> {
    let failed =
        |error: std::io::Error| Failure::while_doing(format_args!("cannot read {}", path.display()), &error);
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
        return Ok((bytes, ListForm::Csv));
    }
    let form = ListForm::of_name(&path.to_string_lossy()).ok_or_else(|| {
        let what = format_args!("{}: give a .csv, .xlsx, .json or .jsonl file", path.display());
        Failure::new(Exit::Usage, what)
    })?;
    Ok((std::fs::read(path).map_err(failed)?, form))
}

fn tell(report: &Value) {
    let count = |name: &str| report[name].as_u64().unwrap_or(0);
    let skipped: Vec<&Value> = report["skipped"].as_array().into_iter().flatten().collect();
    let columns: Vec<&str> =
        report["columns"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    say(&format!("columns: {}", clean(&columns.join(", "))));
    let encoding = text(report, "encoding");
    if !["", "utf-8"].contains(&encoding) {
        say(&format!("read as {encoding}"));
    }
    let is_trial = report["dry_run"].as_bool().unwrap_or(false);
    let taken = if is_trial { "would be taken; nothing was written" } else { "taken" };
    say(&format!("{} rows: {} {taken}, {} skipped", count("rows"), count("added"), skipped.len()));
    if count("doubtful") > 0 {
        say(&format!("{} of the numbers lie in ranges that nobody was given", count("doubtful")));
    }
    for row in skipped.iter().take(SHOWN) {
        let (column, why) = (clean(text(row, "column")), clean(text(row, "why")));
        say(&format!("  row {}, {column}: {why}", row["row"].as_u64().unwrap_or(0)));
    }
    if skipped.len() > SHOWN {
        say(&format!("  and {} more; --json has all", skipped.len() - SHOWN));
    }
}

/// Fetches a table and writes it.
pub(super) async fn export(reach: &Reach, path: &str, out: &OutFile) -> Result<Exit, Failure> {
    let file = out.file.as_deref().filter(|file| *file != Path::new("-"));
    let by_name = || file.and_then(|file| ListForm::of_name(&file.to_string_lossy()));
    let form = match out.format {
        Some(SheetFormat::Csv) => ListForm::Csv,
        Some(SheetFormat::Xlsx) => ListForm::Xlsx,
        Some(SheetFormat::Json) => ListForm::Json,
        None => by_name().unwrap_or(ListForm::Csv),
    };
    let word = match form {
        ListForm::Csv => "csv",
        ListForm::Xlsx => "xlsx",
        ListForm::Json => "json",
    };
    let query = [("format".to_owned(), word.to_owned())];
    let bytes = Client::find(reach)?.download(path, &query).await?;
    put(file, &bytes)
}

/// Writes a fetched table to a file, or to standard output.
pub(super) fn put(file: Option<&Path>, bytes: &[u8]) -> Result<Exit, Failure> {
    match file {
        Some(file) => {
            let failed =
                |error| Failure::while_doing(format_args!("cannot write {}", file.display()), &error);
            std::fs::write(file, bytes).map_err(failed)?;
            note(&format!("{}: {} bytes", file.display(), bytes.len()));
        }
        None => {
            let written = std::io::stdout().lock().write_all(bytes);
            written.map_err(|error| Failure::while_doing("cannot write", &error))?;
        }
    }
    Ok(Exit::Fine)
}
