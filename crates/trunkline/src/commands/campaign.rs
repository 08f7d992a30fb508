//! `trunkline campaign`: lists of people, from the draft to the results.

use serde_json::{Map, Value, json};

use super::calls::{text, time};
use super::{lists, plan};
use crate::cli::{Campaign, NewCampaign, OneCampaign, Reach};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, clean, say, say_json, table};

/// The figures of a campaign, in the order in which people ask.
const BUCKETS: [&str; 7] = ["waiting", "in_progress", "completed", "failed", "skipped", "canceled", "parked"];

/// Runs one of them.
pub(super) async fn run(command: Campaign) -> Result<Exit, Failure> {
    match command {
        Campaign::New(args) => new(*args).await,
        Campaign::List(reach) => list(&reach).await,
        Campaign::Import(args) => {
            let client = Client::find(&args.list.reach)?;
            let id = find(&client, &args.campaign).await?;
            lists::import(&client, &format!("/api/campaigns/{id}/import"), args.list, None).await
        }
        Campaign::Plan(args) => plan::run(args).await,
        Campaign::Start(one) => act(&one, "start").await,
        Campaign::Pause(one) => act(&one, "pause").await,
        Campaign::Resume(one) => act(&one, "resume").await,
        Campaign::Drain(one) => act(&one, "drain").await,
        Campaign::Cancel { one, force } => act(&one, if force { "force-cancel" } else { "cancel" }).await,
        Campaign::Status(one) => status(&one).await,
        Campaign::Export { one, out } => {
            let client = Client::find(&one.reach)?;
            let id = find(&client, &one.campaign).await?;
            lists::export(&one.reach, &format!("/api/campaigns/{id}/results"), &out).await
        }
    }
}

/// The id of a campaign that is named by its name or its id.
pub(super) async fn find(client: &Client, named: &str) -> Result<String, Failure> {
    let listed = client.get("/api/campaigns").await?;
    let all = ["campaigns", "set_aside"].iter().filter_map(|of| listed[*of].as_array()).flatten();
    let all: Vec<&Value> = all.collect();
    let by = |field: &str| all.iter().find(|one| name_or_id(one, field) == named);
    match by("id").or_else(|| by("name")) {
        Some(found) => Ok(text(found, "id").to_owned()),
        None => Err(Failure::new(
            Exit::Failed,
            format_args!("there is no campaign {named:?}; see `trunkline campaign list`"),
        )),
    }
}

fn name_or_id<'a>(campaign: &'a Value, field: &str) -> &'a str {
    if field == "name" { name(campaign) } else { text(campaign, field) }
}

/// A campaign's name, which its policy holds if that can be read.
pub(super) fn name(campaign: &Value) -> &str {
    match text(&campaign["policy"], "name") {
        "" => text(campaign, "name"),
        name => name,
    }
}

async fn new(args: NewCampaign) -> Result<Exit, Failure> {
    let client = Client::find(&args.reach)?;
    let made = client.post("/api/campaigns", &Value::Object(policy(&args)?)).await?;
    match Form::of(args.reach.json) {
        Form::Json => say_json(&made),
        Form::Text => {
            let name = clean(name(&made));
            say(&format!("Campaign {name} is a draft; its id is {}.", text(&made, "id")));
            say(&format!("Next: trunkline campaign import {name:?} people.csv"));
        }
    }
    Ok(Exit::Fine)
}

/// The file's policy, with the flags over it.
fn policy(args: &NewCampaign) -> Result<Map<String, Value>, Failure> {
    let mut policy = match &args.policy {
        None => Map::new(),
        Some(path) => {
            let doing = format!("cannot read {}", path.display());
            let bytes = std::fs::read(path).map_err(|error| Failure::while_doing(&doing, &error))?;
            serde_json::from_slice(&bytes).map_err(|error| Failure::while_doing(&doing, &error))?
        }
    };
    policy.insert("name".to_owned(), json!(args.name));
    for (field, value) in [("script", &args.script), ("bot", &args.bot)] {
        if let Some(value) = value {
            policy.insert(field.to_owned(), json!(value));
        }
    }
    if !args.from.is_empty() {
        policy.insert("caller_ids".to_owned(), json!({ "numbers": args.from }));
    }
    if args.hours.is_some() || !args.days.is_empty() || !args.holiday.is_empty() {
        let (from, to) = args.hours.clone().unwrap_or_else(|| ("09:00:00".to_owned(), "20:00:00".to_owned()));
        let mut hours = json!({ "from": from, "to": to });
        if !args.days.is_empty() {
            hours["days"] = json!(args.days);
        }
        policy.insert("window".to_owned(), json!({ "hours": [hours], "holidays": args.holiday }));
    }
    let mut within = |section: &str, field: &str, value: Option<Value>| {
        if let Some(value) = value {
            let section = policy.entry(section).or_insert_with(|| json!({}));
            section[field] = value;
        }
    };
    within("pacing", "concurrency", args.concurrency.map(Value::from));
    within("pacing", "cps", args.cps.map(Value::from));
    within("pacing", "per_hour", args.per_hour.map(Value::from));
    within("pacing", "daily_cap", args.daily_cap.map(Value::from));
    within("retry", "max_attempts", args.max_attempts.map(Value::from));
    if let Some(priority) = &args.priority {
        policy.insert("priority".to_owned(), json!(priority));
    }
    Ok(policy)
}

async fn list(reach: &Reach) -> Result<Exit, Failure> {
    let listed = Client::find(reach)?.get("/api/campaigns").await?;
    if Form::of(reach.json) == Form::Json {
        say_json(&listed);
        return Ok(Exit::Fine);
    }
    let row = |one: &Value| {
        let figures = BUCKETS.iter().map(|bucket| one["progress"][bucket].as_u64().unwrap_or(0).to_string());
        [name(one).to_owned(), text(one, "state").to_owned()].into_iter().chain(figures).collect()
    };
    let rows: Vec<Vec<String>> = listed["campaigns"].as_array().into_iter().flatten().map(row).collect();
    match rows.is_empty() {
        true => say("No campaigns. Make one with: trunkline campaign new NAME --script SCRIPT"),
        false => {
            let headings: Vec<&str> = ["campaign", "state"].into_iter().chain(BUCKETS).collect();
            table(&headings, &rows).iter().for_each(|line| say(line));
        }
    }
    for one in listed["set_aside"].as_array().into_iter().flatten() {
        say(&format!("{} was set aside and calls nobody: {}", clean(name(one)), clean(text(one, "why"))));
    }
    Ok(Exit::Fine)
}

async fn act(one: &OneCampaign, word: &str) -> Result<Exit, Failure> {
    let client = Client::find(&one.reach)?;
    let id = find(&client, &one.campaign).await?;
    let moved = client.post(&format!("/api/campaigns/{id}/{word}"), &json!({})).await?;
    match Form::of(one.reach.json) {
        Form::Json => say_json(&moved),
        Form::Text => tell(&moved),
    }
    Ok(Exit::Fine)
}

async fn status(one: &OneCampaign) -> Result<Exit, Failure> {
    let client = Client::find(&one.reach)?;
    let id = find(&client, &one.campaign).await?;
    let standing = client.get(&format!("/api/campaigns/{id}")).await?;
    // The first of those who wait stand for what holds it up.
    let query = [("bucket", "waiting".to_owned()), ("limit", "20".to_owned())];
    let waiting = client.list(&format!("/api/campaigns/{id}/jobs"), &query).await?;
    if Form::of(one.reach.json) == Form::Json {
        say_json(&json!({ "campaign": standing, "waiting": waiting["jobs"] }));
        return Ok(Exit::Fine);
    }
    tell(&standing);
    let first = waiting["jobs"].as_array().into_iter().flatten().find(|job| !job["gate"].is_null());
    if let Some(job) = first {
        let when = match time(&job["gate"], "opens_at").as_str() {
            "" => String::new(),
            when => format!(" It opens at {when} UTC."),
        };
        say(&format!("  first in line: {}{when}", clean(text(&job["gate"], "words"))));
        say(&format!("  more with: trunkline queue why {}", text(job, "id")));
    }
    Ok(Exit::Fine)
}

/// A campaign in a few lines; the figures add up to the whole.
fn tell(standing: &Value) {
    say(&format!("{}: {}", clean(name(standing)), text(standing, "state")));
    let figure = |bucket: &&str| standing["progress"][*bucket].as_u64().unwrap_or(0);
    let all: u64 = BUCKETS.iter().map(figure).sum();
    say(&format!("  {all} people"));
    for bucket in BUCKETS.iter().filter(|bucket| figure(bucket) > 0) {
        say(&format!("  {:>8} {}", figure(bucket), bucket.replace('_', " ")));
    }
    for (currency, sum) in standing["cost"].as_object().into_iter().flatten() {
        say(&format!("  cost     {} {currency}", sum.as_str().unwrap_or_default()));
    }
    let without = standing["calls_without_price"].as_u64().unwrap_or(0);
    if without > 0 {
        say(&format!("  {without:>8} calls without a price so far"));
    }
}
