//! What people answered, as a table or as JSON, from the running server.

use std::path::Path;

use serde_json::{Value, json};

use super::campaign;
use super::lists::put;
use crate::cli::{Results, ResultsFormat};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::terminal::say_json;

/// Fetches them.
pub(super) async fn run(args: Results) -> Result<Exit, Failure> {
    let client = Client::find(&args.reach)?;
    let of = match (&args.script, &args.campaign) {
        (_, Some(named)) => ("campaign".to_owned(), campaign::find(&client, named).await?),
        (script, None) => ("script".to_owned(), script.clone().unwrap_or_default()),
    };
    if args.reach.json {
        return pages(&client, of).await;
    }
    let file = args.file.as_deref().filter(|file| *file != Path::new("-"));
    let is_workbook = file.is_some_and(|file| file.extension().is_some_and(|ending| ending == "xlsx"));
    let path = match args.format {
        Some(ResultsFormat::Xlsx) => "/api/results.xlsx",
        None if is_workbook => "/api/results.xlsx",
        Some(ResultsFormat::Csv) | None => "/api/results.csv",
    };
    put(file, &client.download(path, &[of]).await?)
}

/// All pages as one.
async fn pages(client: &Client, (name, value): (String, String)) -> Result<Exit, Failure> {
    let (mut people, mut questions, mut cursor) = (Vec::new(), Value::Null, None::<String>);
    loop {
        let mut query = vec![(name.as_str(), value.clone()), ("limit", "500".to_owned())];
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let mut page = client.list("/api/results", &query).await?;
        if let Some(Value::Array(more)) = page.get_mut("people").map(Value::take) {
            people.extend(more);
        }
        let asked = page["questions"].take();
        let len = |value: &Value| value.as_array().map_or(0, Vec::len);
        if len(&asked) >= len(&questions) {
            questions = asked;
        }
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    say_json(&json!({ "questions": questions, "people": people }));
    Ok(Exit::Fine)
}
