//! `trunkline import --from-redis`: calls that an older system kept in Redis, one hash a call. They go into the running
//! server as anybody's would, by `POST /api/calls/import`, which knows the names that people give to fields and takes a
//! row twice for one. Redis is only read.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};
use trunkline_store::cache::{CacheAddress, CacheError, Hash, Hashes};

use crate::cli::{Import, Reach};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, Progress, clean, say, say_json};

/// A request has at most so many rows, and about so many bytes.
const ROWS: usize = 500;
const BYTES: usize = 256 << 10;
/// So many hashes that were not taken are named, and the others counted.
const NAMED: usize = 50;
const TIMES: [&str; 5] = ["created_at", "started_at", "answered_at", "ended_at", "updated_at"];

/// Takes them in, or counts them.
pub(super) async fn import(args: Import) -> Result<Exit, Failure> {
    let Some(address) = &args.from_redis else {
        return Err(Failure::new(Exit::Usage, "name a file, or give --from-redis"));
    };
    let address: CacheAddress =
        address.parse().map_err(|bad| Failure::new(Exit::Usage, format_args!("--from-redis: {bad}")))?;
    let flags = &args.offline.settings;
    let reach = Reach {
        url: args.url.clone(),
        config: flags.config.clone(),
        data_dir: flags.data_dir.clone(),
        json: args.offline.json,
    };
    let mut taking = Taking {
        server: if args.dry_run { None } else { Some(Client::find(&reach)?) },
        rows: Vec::new(),
        bytes: 0,
        taken: Taken::default(),
        progress: Progress::new("hashes", None),
    };
    let failed = |error: CacheError| Failure::new(Exit::Failed, format_args!("{address}: {error}"));
    let mut hashes = Hashes::open(&address, &args.pattern).await.map_err(failed)?;
    while let Some(page) = hashes.next().await.map_err(failed)? {
        for hash in page {
            taking.take(hash).await?;
        }
    }
    taking.send().await?;
    let Taking { taken, progress, .. } = taking;
    drop(progress);
    tell(&taken, args.dry_run, Form::of(args.offline.json));
    Ok(if taken.refused == 0 { Exit::Fine } else { Exit::Failed })
}

struct Taking {
    /// `None`: nothing is sent.
    server: Option<Client>,
    rows: Vec<(String, Value)>,
    bytes: usize,
    taken: Taken,
    progress: Progress,
}

/// What became of them.
#[derive(Default)]
struct Taken {
    hashes: u64,
    new: u64,
    known: u64,
    refused: u64,
    why: Vec<(String, String)>,
}

impl Taking {
    async fn take(&mut self, hash: Hash) -> Result<(), Failure> {
        self.taken.hashes += 1;
        self.progress.at(self.taken.hashes);
        match hash.fields {
            Ok(fields) => {
                let row = row(&hash.name, fields);
                self.bytes += row.to_string().len();
                self.rows.push((hash.name, row));
            }
            Err(why) => self.taken.refuse(&hash.name, &why.to_string()),
        }
        match self.rows.len() >= ROWS || self.bytes >= BYTES {
            true => self.send().await,
            false => Ok(()),
        }
    }

    async fn send(&mut self) -> Result<(), Failure> {
        self.bytes = 0;
        let (names, rows): (Vec<String>, Vec<Value>) = std::mem::take(&mut self.rows).into_iter().unzip();
        let Some(server) = self.server.as_ref().filter(|_| !rows.is_empty()) else { return Ok(()) };
        let answer = server.post("/api/calls/import", &json!({ "calls": rows })).await?;
        for (name, result) in names.iter().zip(answer["calls"].as_array().into_iter().flatten()) {
            match (result["result"].as_str(), result["problem"]["status"].as_u64()) {
                (Some("new"), _) => self.taken.new += 1,
                (Some("known"), _) => self.taken.known += 1,
                (_, Some(503)) => {
                    let why =
                        "the server's database is away: nobody can tell what is known; run it again later";
                    return Err(Failure::new(Exit::Failed, why));
                }
                _ => {
                    let problem = &result["problem"];
                    let why = problem["detail"].as_str().or(problem["title"].as_str());
                    self.taken.refuse(name, why.unwrap_or("the server refused it"));
                }
            }
        }
        Ok(())
    }
}

impl Taken {
    fn refuse(&mut self, name: &str, why: &str) {
        self.refused += 1;
        if self.why.len() < NAMED {
            self.why.push((name.to_owned(), why.to_owned()));
        }
    }
}

/// The call of a hash: its fields, and its name if they have none of their own.
fn row(name: &str, fields: BTreeMap<String, String>) -> Value {
    let mut row: Map<String, Value> =
        fields.into_iter().filter_map(|(field, text)| Some((field.clone(), value(&field, text)?))).collect();
    let id = name.rsplit(':').next().unwrap_or(name);
    if !["call_id", "call_sid", "id"].iter().any(|field| row.contains_key(*field)) {
        row.insert("call_id".to_owned(), id.into());
    }
    Value::Object(row)
}

/// A hash knows texts only: a time is a number again, and what was written as JSON is JSON. What was nothing is nothing.
fn value(field: &str, text: String) -> Option<Value> {
    if matches!(text.as_str(), "" | "None" | "null") {
        return None;
    }
    if TIMES.contains(&field)
        && let Some(number) = text.parse().ok().and_then(Number::from_f64)
    {
        return Some(Value::Number(number));
    }
    let is_json = text.starts_with(['{', '[']);
    let json = is_json.then(|| serde_json::from_str(&text).ok()).flatten();
    Some(json.unwrap_or(Value::String(text)))
}

fn tell(taken: &Taken, is_dry: bool, form: Form) {
    let Taken { hashes, new, known, refused, why } = taken;
    if form == Form::Json {
        let why: Vec<Value> = why.iter().map(|(name, why)| json!({ "name": name, "why": why })).collect();
        return say_json(&json!({
            "hashes": hashes, "new": new, "known": known, "refused": refused, "refusals": why, "dry_run": is_dry,
        }));
    }
    say(&match is_dry {
        true => format!("{hashes} hashes, {refused} of them can't be read. Nothing was written."),
        false => format!(
            "{hashes} hashes: {new} calls are new here, {known} were here before, {refused} were not taken."
        ),
    });
    for (name, why) in why {
        say(&format!("  {}: {}", clean(name), clean(why)));
    }
    if *refused > why.len() as u64 {
        say(&format!("  and {} more", refused - why.len() as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, fields: &[(&str, &str)]) -> Value {
        row(name, fields.iter().map(|(field, text)| ((*field).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn a_hash_is_a_call_under_its_name_with_its_times_and_its_json() {
        let fields = [
            ("session_id", "s-1"),
            ("created_at", "1738324800.5"),
            ("ended_at", "2025-01-31T12:01:00Z"),
            ("answered_at", "None"),
            ("metadata", r#"{"team":"blue"}"#),
            ("note", "{not json"),
            ("to_number", "15550100123"),
        ];
        assert_eq!(
            made("call:CA1", &fields),
            json!({
                "call_id": "CA1", "session_id": "s-1", "created_at": 1_738_324_800.5,
                "ended_at": "2025-01-31T12:01:00Z", "metadata": {"team": "blue"}, "note": "{not json",
                "to_number": "15550100123",
            })
        );
        assert_eq!(
            made("call:x", &[("call_sid", "CA2")]),
            json!({ "call_sid": "CA2" }),
            "its own name stands"
        );
    }
}
