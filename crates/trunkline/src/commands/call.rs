//! `trunkline call`, `end`, `hold`, `resume`, `transfer`: one call is begun, changed or ended by the running server.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::calls::text;
use crate::cli::{Call, OneCall, Reach, Transfer};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, say, say_json};

/// Between two looks at a call that is waited for.
const LOOK: Duration = Duration::from_millis(500);

/// Places a call.
pub(super) async fn place(args: Call) -> Result<Exit, Failure> {
    let client = Client::find(&args.reach)?;
    let form = Form::of(args.reach.json);
    let body = order(&args);
    let mut call = match &args.idempotency_key {
        Some(key) => client.post_once("/api/calls", &body, key).await?,
        None => client.post("/api/calls", &body).await?,
    };
    let id = text(&call, "id").to_owned();
    if !args.wait {
        tell_placed(&call, form);
        return Ok(Exit::Fine);
    }
    while call["ended_at"].is_null() {
        tokio::time::sleep(LOOK).await;
        call = client.get(&format!("/api/calls/{id}")).await?;
    }
    tell_ended(&call, form);
    Ok(if text(&call, "disposition") == "completed" { Exit::Fine } else { Exit::Failed })
}

/// Ends a call.
pub(super) async fn end(args: OneCall) -> Result<Exit, Failure> {
    act(&args.reach, &args.call, "end", &json!({}), "is being ended").await
}

/// Puts a call on hold.
pub(super) async fn hold(args: OneCall) -> Result<Exit, Failure> {
    act(&args.reach, &args.call, "hold", &json!({}), "is being put on hold").await
}

/// Lets a call on hold go on.
pub(super) async fn resume(args: OneCall) -> Result<Exit, Failure> {
    act(&args.reach, &args.call, "resume", &json!({}), "goes on").await
}

/// Hands a call to somebody else.
pub(super) async fn transfer(args: Transfer) -> Result<Exit, Failure> {
    let mode = if args.attended { "attended" } else { "blind" };
    let body = json!({ "to": args.to, "ring_timeout_secs": args.ring_timeout, "mode": mode });
    act(&args.reach, &args.call, "transfer", &body, "is being transferred").await
}

async fn act(reach: &Reach, call: &str, what: &str, body: &Value, told: &str) -> Result<Exit, Failure> {
    let client = Client::find(reach)?;
    let call = client.post(&format!("/api/calls/{call}/{what}"), body).await?;
    match Form::of(reach.json) {
        Form::Json => say_json(&call),
        Form::Text => say(&format!("{} {told}.", text(&call, "id"))),
    }
    Ok(Exit::Fine)
}

fn order(args: &Call) -> Value {
    let mut order = Map::new();
    order.insert("to".to_owned(), json!(args.to));
    for (name, value) in [
        ("script", &args.script),
        ("bot", &args.bot),
        ("stream_url", &args.stream_url),
        ("name", &args.name),
        ("from", &args.from),
    ] {
        if let Some(value) = value {
            order.insert(name.to_owned(), json!(value));
        }
    }
    if !args.variables.is_empty() {
        let variables: BTreeMap<_, _> = args.variables.iter().cloned().collect();
        order.insert("variables".to_owned(), json!(variables));
    }
    Value::Object(order)
}

fn tell_placed(call: &Value, form: Form) {
    if form == Form::Json {
        return say_json(call);
    }
    for warning in call["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        say(&format!("Note: {warning}"));
    }
    let id = text(call, "id");
    match call["is_duplicate"].as_bool() {
        Some(true) => say(&format!("That call is there already: {id}")),
        _ => say(&format!("Call initiated: {id}")),
    }
    say(&format!("Follow it with: trunkline show {id}"));
}

fn tell_ended(call: &Value, form: Form) {
    match form {
        Form::Json => say_json(call),
        Form::Text => say(&format!(
            "{}: {}, {} answers.",
            text(call, "id"),
            text(call, "disposition"),
            call["answer_count"].as_u64().unwrap_or(0)
        )),
    }
}
