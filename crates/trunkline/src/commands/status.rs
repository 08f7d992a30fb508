//! `trunkline status`, `drain`, `suppress`: the running server as a whole.

use serde_json::{Value, json};

use super::calls::text;
use super::lists;
use crate::cli::{Reach, Suppress};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, clean, say, say_json, table};

/// Tells how the server is, part by part.
pub(super) async fn status(args: Reach) -> Result<Exit, Failure> {
    let client = Client::find(&args)?;
    let health = client.get("/health").await?;
    let ready = client.get("/readyz").await?;
    let is_well = text(&ready, "status") == "ok";
    match Form::of(args.json) {
        Form::Json => say_json(&json!({ "health": health, "ready": ready })),
        Form::Text => tell(&health, &ready),
    }
    Ok(if is_well { Exit::Fine } else { Exit::Failed })
}

fn tell(health: &Value, ready: &Value) {
    say(&format!(
        "{}: {} active calls, {} recovered at the start, {} events behind in the database",
        text(ready, "status"),
        health["active_calls"].as_u64().unwrap_or(0),
        health["recovered_calls"].as_u64().unwrap_or(0),
        ready["lag_events"].as_u64().unwrap_or(0),
    ));
    if let Some(parked @ 1..) = ready["parked_calls"].as_u64() {
        say(&format!("  {parked} calls are set aside: the database refuses them, and the log says why"));
    }
    for (name, part) in ready["parts"].as_object().into_iter().flatten() {
        let detail = match text(part, "state") {
            "ok" => text(part, "detail").to_owned(),
            _ => format!("{}, since {}", text(part, "reason"), text(part, "since")),
        };
        say(&format!("  {name:10}{:10}{}", text(part, "state"), clean(&detail)));
    }
    if ready["parts"]["cache"].is_null() {
        say("  cache     none      REDIS_URL is not set");
    }
}

/// Lets the server begin no more calls.
pub(super) async fn drain(args: Reach) -> Result<Exit, Failure> {
    let client = Client::find(&args)?;
    let answer = client.post("/api/drain", &json!({})).await?;
    match Form::of(args.json) {
        Form::Json => say_json(&answer),
        Form::Text => say("The server begins no more calls; those there are go on. A restart ends this."),
    }
    Ok(Exit::Fine)
}

/// Adds a number that is never called, or lists them.
pub(super) async fn suppress(command: Suppress) -> Result<Exit, Failure> {
    match command {
        Suppress::Add { number, reason, reach } => {
            let client = Client::find(&reach)?;
            let added =
                client.post("/api/suppressions", &json!({ "number": number, "reason": reason })).await?;
            match Form::of(reach.json) {
                Form::Json => say_json(&added),
                Form::Text => say(&format!("{} is never called again.", text(&added, "number"))),
            }
        }
        Suppress::Import { list, reason } => return lists::suppress(*list, &reason).await,
        Suppress::Export { out, reach } => {
            return lists::export(&reach, "/api/suppressions/export", &out).await;
        }
        Suppress::List(reach) => {
            let listed = Client::find(&reach)?.get("/api/suppressions").await?;
            match Form::of(reach.json) {
                Form::Json => say_json(&listed),
                Form::Text => list(&listed),
            }
        }
    }
    Ok(Exit::Fine)
}

fn list(listed: &Value) {
    let entries = listed["suppressions"].as_array().or(listed.as_array());
    let rows: Vec<Vec<String>> = entries
        .into_iter()
        .flatten()
        .map(|entry| ["number", "since", "reason"].map(|name| text(entry, name).to_owned()).to_vec())
        .collect();
    match rows.is_empty() {
        true => say("No number is suppressed."),
        false => table(&["number", "since", "reason"], &rows).iter().for_each(|line| say(line)),
    }
}
