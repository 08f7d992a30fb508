//! `CALLS_DATA_FILE`: calls that another program kept in a JSON file, taken over once.
//!
//! The file is read and never written. Its rows go in as anybody's would, through `POST /api/calls/import`, which knows the
//! names that people have and takes the same row twice for one. When all are durable a mark with the file's hash is left
//! in the data folder: the same file is not taken again, a changed one is.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::folder;

const MARK: &str = "calls-data-file.sha256";
/// Rows of one request.
const ROWS: usize = 1_000;
/// Between two tries while the database is away: whether a row is known can't be told without it.
const RETRY: Duration = Duration::from_secs(5);
/// So many refused rows are named in the log, and the others counted.
const NAMED: usize = 10;

/// What is taken over, and by whom.
pub(super) struct CallsFile {
    pub file: PathBuf,
    pub data_dir: PathBuf,
    /// The running server.
    pub url: String,
    /// A key that it takes.
    pub key: SecretString,
}

/// Why a file was not taken over. It stays as it is.
#[derive(Debug, Error)]
enum NotTaken {
    #[error(transparent)]
    Folder(#[from] folder::FolderError),
    #[error(
        "it is neither a JSON object of calls by their ids nor a call on each line: line {line}, column {column}"
    )]
    NotCalls { line: usize, column: usize },
    #[error("the server did not take it: {0}")]
    Server(String),
    /// Worth another try.
    #[error("the database is away")]
    Away,
}

impl CallsFile {
    /// Takes the file over, whenever the database is there to do it with.
    pub async fn take_over(self) {
        loop {
            match self.try_to().await {
                Ok(()) => return,
                Err(NotTaken::Away) => tokio::time::sleep(RETRY).await,
                Err(why) => {
                    let file = self.file.display();
                    tracing::error!(%file, %why, "calls_file.not_taken: it is left as it is; mend it and start again");
                    return;
                }
            }
        }
    }

    async fn try_to(&self) -> Result<(), NotTaken> {
        let (file, mark) = (self.file.display(), self.data_dir.join(MARK));
        let Some(text) = folder::read(&self.file)? else {
            tracing::warn!(%file, "calls_file.absent: there is nothing to take over");
            return Ok(());
        };
        let hash = hex(&Sha256::digest(text.as_bytes()));
        if folder::read(&mark)?.as_deref() == Some(&*hash) {
            return Ok(());
        }
        let rows = rows(&text)?;
        tracing::info!(%file, calls = rows.len(), "calls_file.taking_over");
        let mut taken = Taken::default();
        for rows in rows.chunks(ROWS) {
            taken.add(&self.send(rows).await?)?;
        }
        folder::replace(&mark, &hash)?;
        let Taken { new, known, refused } = taken;
        tracing::info!(%file, new, known, refused, "calls_file.taken_over: the file itself is left as it is");
        Ok(())
    }

    async fn send(&self, rows: &[Value]) -> Result<Value, NotTaken> {
        let failed = |error: reqwest::Error| NotTaken::Server(error.without_url().to_string());
        let client = reqwest::Client::builder().no_proxy().build().map_err(failed)?;
        let request = client.post(format!("{}/api/calls/import", self.url)).json(&json!({ "calls": rows }));
        let answer = request.bearer_auth(self.key.expose_secret()).send().await.map_err(failed)?;
        match answer.status().as_u16() {
            200 => answer.json().await.map_err(failed),
            503 => Err(NotTaken::Away),
            other => Err(NotTaken::Server(format!("it answered {other}"))),
        }
    }
}

/// How many rows became what.
#[derive(Default)]
struct Taken {
    new: u64,
    known: u64,
    refused: u64,
}

impl Taken {
    fn add(&mut self, answer: &Value) -> Result<(), NotTaken> {
        let count = |name: &str| answer[name].as_u64().unwrap_or(0);
        let problems =
            answer["calls"].as_array().into_iter().flatten().filter(|row| !row["problem"].is_null());
        for row in problems {
            if row["problem"]["status"] == 503 {
                return Err(NotTaken::Away);
            }
            self.refused += 1;
            if self.refused <= NAMED as u64 {
                let (call, why) = (&row["call_id"], &row["problem"]["detail"]);
                tracing::warn!(%call, %why, "calls_file.row_refused");
            }
        }
        self.new += count("new");
        self.known += count("known");
        Ok(())
    }
}

/// The calls of a file: a JSON object of call id → call, as programs dump a dictionary, or one call on each line.
fn rows(text: &str) -> Result<Vec<Value>, NotTaken> {
    let whole = match serde_json::from_str::<Map<String, Value>>(text) {
        // A single line with a single call is an object too, and its members are no calls.
        Ok(calls) if calls.values().all(Value::is_object) => {
            return Ok(calls.into_iter().map(|(id, call)| with_id(call, id)).collect());
        }
        Ok(_) => None,
        Err(error) => Some(error),
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let calls = lines.map(|(at, line)| {
        let call: Map<String, Value> = serde_json::from_str(line).map_err(|error| (at, error))?;
        Ok(Value::Object(call))
    });
    calls.collect::<Result<_, (usize, serde_json::Error)>>().map_err(|(at, error)| match whole {
        // It does not even begin as lines: it was meant to be one object.
        Some(whole) if at == 0 => NotTaken::NotCalls { line: whole.line(), column: whole.column() },
        _ => NotTaken::NotCalls { line: at + 1, column: error.column() },
    })
}

fn with_id(mut call: Value, id: String) -> Value {
    if let Some(call) = call.as_object_mut() {
        call.entry("call_id").or_insert(Value::String(id));
    }
    call
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_of_calls_and_a_call_on_each_line_are_both_read() {
        let call = json!({"session_id": "s", "provider": "twilio"});
        let dictionary = rows(&json!({"CA1": call, "CA2": call}).to_string()).unwrap();
        assert_eq!(dictionary[0]["call_id"], "CA1");
        assert_eq!(dictionary[1]["call_id"], "CA2");
        let lines = rows("{\"call_id\":\"CA1\"}\n\n{\"call_id\":\"CA2\"}\n").unwrap();
        assert_eq!(lines, [json!({"call_id": "CA1"}), json!({"call_id": "CA2"})]);
        assert_eq!(rows("{\"call_id\":\"CA1\"}").unwrap(), [json!({"call_id": "CA1"})]);
        assert_eq!(rows("{}").unwrap(), Vec::<Value>::new());
    }

    #[test]
    fn a_broken_file_is_told_with_its_place() {
        let place = |text: &str| rows(text).unwrap_err().to_string();
        assert!(
            place("{\"CA1\": {\"session_id\": \"s\"},\n \"CA2\": {").ends_with("line 2, column 9"),
            "{}",
            place("{\"CA1\": {\"session_id\": \"s\"},\n \"CA2\": {")
        );
        assert!(place("{\"call_id\":\"CA1\"}\nnonsense").contains("line 2"));
        assert!(place("[1, 2]").contains("line 1"));
    }
}
