//! `trunkline queue`, `jobs`: why somebody is not being called, how the queue is, what was set aside, and call-backs.

use serde_json::{Value, json};

use super::calls::{text, time};
use super::campaign;
use crate::cli::{Jobs, Queue, Reach};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, clean, say, say_json, table};

/// So many jobs are asked for at once.
const PAGE: &str = "500";

/// Tells why, or how.
pub(super) async fn queue(command: Queue) -> Result<Exit, Failure> {
    match command {
        Queue::Why { job, reach } => {
            let found = Client::find(&reach)?.get(&format!("/api/jobs/{job}/why")).await?;
            tell(&reach, &found, why)
        }
        Queue::Stats(reach) => {
            let found = Client::find(&reach)?.get("/api/queue/stats").await?;
            tell(&reach, &found, stats)
        }
    }
}

/// Shows what was set aside, lets it go on, or promises a call-back.
pub(super) async fn jobs(command: Jobs) -> Result<Exit, Failure> {
    match command {
        Jobs::Parked(reach) => {
            let parked = parked(&Client::find(&reach)?).await?;
            tell(&reach, &json!({ "jobs": parked }), list)
        }
        Jobs::CallBack { job, at, reach } => {
            let path = format!("/api/jobs/{job}/call-back");
            let told = Client::find(&reach)?.post(&path, &json!({ "at": at })).await?;
            tell(&reach, &told, why)
        }
        Jobs::Retry { jobs, all, reach } => {
            let client = Client::find(&reach)?;
            let ids = match all {
                false => jobs,
                true => parked(&client).await?.iter().map(|job| text(job, "id").to_owned()).collect(),
            };
            let mut told = Vec::new();
            for id in ids {
                told.push(client.post(&format!("/api/jobs/{id}/retry"), &json!({})).await?);
            }
            tell(&reach, &json!({ "jobs": told }), |told| {
                for job in told["jobs"].as_array().into_iter().flatten() {
                    say(&format!("{}: {}", text(job, "id"), text(job, "state")));
                }
            })
        }
    }
}

/// All jobs that were set aside, of all campaigns.
async fn parked(client: &Client) -> Result<Vec<Value>, Failure> {
    let campaigns = client.get("/api/campaigns").await?;
    let mut all = Vec::new();
    for one in campaigns["campaigns"].as_array().into_iter().flatten() {
        if one["progress"]["parked"].as_u64().unwrap_or(0) == 0 {
            continue;
        }
        let path = format!("/api/campaigns/{}/jobs", text(one, "id"));
        let mut query = vec![("bucket", "parked".to_owned()), ("limit", PAGE.to_owned())];
        loop {
            let mut page = client.list(&path, &query).await?;
            if let Some(jobs) = page["jobs"].as_array_mut() {
                for job in jobs.iter_mut() {
                    job["campaign"] = Value::from(campaign::name(one));
                }
                all.append(jobs);
            }
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            query.truncate(2);
            query.push(("cursor", cursor.to_owned()));
        }
    }
    Ok(all)
}

fn list(found: &Value) {
    let row =
        |job: &Value| ["id", "campaign", "to", "at", "why"].map(|name| text(job, name).to_owned()).to_vec();
    let rows: Vec<Vec<String>> = found["jobs"].as_array().into_iter().flatten().map(row).collect();
    match rows.is_empty() {
        true => say("No job was set aside."),
        false => {
            table(&["job", "campaign", "to", "since", "why"], &rows).iter().for_each(|line| say(line));
            say("Let them wait for their turn again with: trunkline jobs retry JOB, or --all");
        }
    }
}

fn why(job: &Value) {
    let name = match text(job, "name") {
        "" => String::new(),
        name => format!("{}, ", clean(name)),
    };
    say(&format!("{name}{}: {}", text(job, "to"), text(job, "state")));
    let gate = &job["gate"];
    match (text(job, "state"), gate.is_null()) {
        (_, false) => {
            say(&format!("  {}", clean(text(gate, "words"))));
            let when = time(gate, "opens_at");
            match when.is_empty() {
                true => say(&format!("  gate: {}", text(gate, "code"))),
                false => say(&format!("  gate: {}; it opens at {when} UTC", text(gate, "code"))),
            }
        }
        ("waiting", true) => say("  No gate is closed: it is next when its turn comes."),
        ("parked", true) => say(&format!("  {}", clean(text(job, "why")))),
        ("settled", true) => say(&format!("  {}", text(&job["done"], "done").replace('_', " "))),
        (_, true) => say("  Its call is under way."),
    }
    let call_back = time(job, "call_back");
    if !call_back.is_empty() {
        say(&format!("  Called back at {call_back} UTC, as they asked, when this call is over."));
    }
    for attempt in job["attempts"].as_array().into_iter().flatten() {
        let how = ["carrier", "status", "disposition", "error_code"].map(|name| text(attempt, name));
        let how: Vec<&str> = how.into_iter().filter(|word| !word.is_empty()).collect();
        say(&format!(
            "  call {}: {}, {}, {}",
            attempt["no"].as_u64().unwrap_or(0),
            time(attempt, "claimed_at"),
            text(attempt, "call_id"),
            clean(&how.join(", "))
        ));
    }
}

fn stats(stats: &Value) {
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    say(&format!(
        "{} waiting, {} being called, {} set aside",
        count(&stats["depth"]),
        count(&stats["in_progress"]),
        count(&stats["parked"])
    ));
    let oldest = &stats["oldest"];
    if !oldest.is_null() {
        say(&format!("oldest       {} s, {}", count(&oldest["age_secs"]), text(oldest, "job_id")));
    }
    let rate = &stats["rate"];
    say(&format!(
        "calls begun  {} in the last minute, {} in five, {} in fifteen",
        count(&rate["last_minute"]),
        count(&rate["last_5_minutes"]),
        count(&rate["last_15_minutes"])
    ));
    for gate in stats["gates"].as_array().into_iter().flatten() {
        say(&format!("  {:>8} {}", count(&gate["jobs"]), clean(text(gate, "words"))));
    }
    if count(&stats["in_line"]) > 0 {
        say(&format!("  {:>8} stand in line behind others", count(&stats["in_line"])));
    }
}

fn tell(reach: &Reach, value: &Value, in_words: impl FnOnce(&Value)) -> Result<Exit, Failure> {
    match Form::of(reach.json) {
        Form::Json => say_json(value),
        Form::Text => in_words(value),
    }
    Ok(Exit::Fine)
}
