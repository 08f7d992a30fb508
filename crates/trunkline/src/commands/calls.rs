//! `trunkline calls`, `show`: what the running server knows of its calls.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::{Calls, OneCall};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, clean, say, say_json, table};

/// Lists calls.
pub(super) async fn list(args: Calls) -> Result<Exit, Failure> {
    let client = Client::find(&args.reach)?;
    let mut query = vec![("limit", args.limit.to_string())];
    if !args.status.is_empty() {
        query.push(("status", args.status.join(",")));
    }
    query.extend(args.search.map(|words| ("search", words)));
    query.extend(args.cursor.map(|cursor| ("cursor", cursor)));
    let path = if args.active { "/api/calls/active" } else { "/api/calls" };
    let page = client.list(path, &query).await?;
    if args.reach.json {
        say_json(&page);
        return Ok(Exit::Fine);
    }
    let rows: Vec<Vec<String>> = page["calls"].as_array().into_iter().flatten().map(row).collect();
    match rows.is_empty() {
        true => say("No calls."),
        false => table(&["call", "to", "name", "status", "created", "answers"], &rows)
            .iter()
            .for_each(|line| say(line)),
    }
    if page["history"].as_str() == Some("unavailable")
        || page["history"]["history"].as_str() == Some("unavailable")
    {
        let reason =
            page["history"]["reason"].as_str().or(page["reason"].as_str()).unwrap_or("it does not answer");
        say(&format!("History is not available ({}): only live calls are shown.", clean(reason)));
    }
    if let Some(cursor) = page["next"].as_str().or(page["next_cursor"].as_str()) {
        say(&format!("More with: --cursor {cursor}"));
    }
    Ok(Exit::Fine)
}

fn row(call: &Value) -> Vec<String> {
    vec![
        text(call, "id").to_owned(),
        text(call, "to").to_owned(),
        text(call, "name").to_owned(),
        text(call, "status").to_owned(),
        time(call, "created_at"),
        call["answer_count"].as_u64().unwrap_or(0).to_string(),
    ]
}

/// Shows one call.
pub(super) async fn show(args: OneCall) -> Result<Exit, Failure> {
    let client = Client::find(&args.reach)?;
    let path = format!("/api/calls/{}", args.call);
    let call = client.get(&path).await?;
    let turns = client.get(&format!("{path}/turns")).await?;
    let events = client.get(&format!("{path}/events")).await?;
    if Form::of(args.reach.json) == Form::Json {
        say_json(&json!({ "call": call, "turns": turns["turns"], "events": events["events"] }));
        return Ok(Exit::Fine);
    }
    show_call(&call);
    show_turns(&turns);
    show_events(&events);
    Ok(Exit::Fine)
}

fn show_call(call: &Value) {
    let name = text(call, "name");
    let to =
        if name.is_empty() { text(call, "to").to_owned() } else { format!("{name}, {}", text(call, "to")) };
    let mut facts = vec![
        ("call", text(call, "id").to_owned()),
        ("carrier's id", text(call, "carrier_call_id").to_owned()),
        ("to", to),
        ("from", text(call, "from").to_owned()),
        ("script", text(call, "script").to_owned()),
        ("status", text(call, "status").to_owned()),
        ("disposition", text(call, "disposition").to_owned()),
        ("outcome", text(call, "outcome").to_owned()),
        ("created", time(call, "created_at")),
        ("answered", time(call, "answered_at")),
        ("ended", time(call, "ended_at")),
    ];
    if let Some(secs) = call["duration_seconds"].as_u64() {
        facts.push(("duration", format!("{secs} s")));
    }
    // Whatever evidence there is, in the carrier's own words.
    for (name, value) in call["evidence"].as_object().into_iter().flatten() {
        match value {
            Value::Null | Value::Bool(false) => {}
            Value::String(word) => facts.push((name, word.clone())),
            other => facts.push((name, other.to_string())),
        }
    }
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        say(&format!("{name:16}{}", clean(value)));
    }
}

fn show_turns(turns: &Value) {
    let turns = turns["turns"].as_array().cloned().unwrap_or_default();
    if turns.is_empty() {
        return;
    }
    say("\nQuestions");
    for turn in &turns {
        let number = turn["step"].as_u64().unwrap_or(0) + 1;
        say(&format!("{number:3}. {}", clean(text(turn, "question"))));
        say(&format!("     {}", clean(&answered(turn))));
        for recording in turn["recordings"].as_array().into_iter().flatten() {
            let place = recording["href"].as_str().unwrap_or("not fetched");
            let secs =
                recording["duration_secs"].as_u64().map_or(String::new(), |secs| format!(", {secs} s"));
            say(&format!("     recording: {}{secs}, {place}", text(recording, "state")));
        }
    }
}

fn answered(turn: &Value) -> String {
    let answer = &turn["answer"];
    let value = match &answer["value"] {
        Value::Null => text(answer, "type").to_owned(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(choice) => choice.get("label").and_then(Value::as_str).unwrap_or_default().to_owned(),
        other => other.to_string(),
    };
    match (value.is_empty(), text(turn, "transcript")) {
        (true, _) => "no answer".to_owned(),
        (false, "") => value,
        (false, said) => format!("{value}: “{said}”"),
    }
}

fn show_events(events: &Value) {
    say("\nTime line");
    for event in events["events"].as_array().into_iter().flatten() {
        let reason =
            event["reason"].as_str().map_or(String::new(), |why| format!(" (changed nothing: {why})"));
        let source = text(event, "source");
        say(&clean(&format!("{}  {source:10}  {}{reason}", time(event, "received_at"), happened(event))));
    }
}

/// What an event says, in words.
fn happened(event: &Value) -> String {
    let body = &event["event"];
    match text(event, "kind") {
        "progress" => text(&body["news"], "news").to_owned(),
        "spoke" => {
            let heard = if body["heard"].is_null() { "" } else { "hears an answer, " };
            match body["says"]["step"].as_u64() {
                Some(step) => format!("{heard}asks question {}", step + 1),
                None if body["says"]["says"] == "nothing" => format!("{heard}says nothing"),
                None => format!("{heard}says goodbye"),
            }
        }
        "recording" => {
            let state = body["state"].as_str().unwrap_or_else(|| text(&body["state"], "state"));
            format!("recording {state}")
        }
        "status_reported" => format!("its client says {}", text(body, "status").replace('_', " ")),
        "action_news" => format!("the other phone: {}", text(body, "news")),
        kind => kind.replace('_', " "),
    }
}

/// A text of an answer; empty if it is null.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A time in whole seconds; empty if it is null.
pub(super) fn time(value: &Value, name: &str) -> String {
    let at: Option<Timestamp> = value[name].as_str().and_then(|text| text.parse().ok());
    at.map_or(String::new(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_answer_reads_as_a_person_would_say_it() {
        let told = |answer: Value| answered(&json!({ "answer": answer, "transcript": null }));
        assert_eq!(told(json!(null)), "no answer");
        assert_eq!(told(json!({"type": "recorded"})), "recorded");
        assert_eq!(told(json!({"type": "yes_no", "value": true})), "yes");
        assert_eq!(told(json!({"type": "choice", "value": {"key": "1", "label": "Morning"}})), "Morning");
        assert_eq!(told(json!({"type": "number", "value": "7"})), "7");
        let turn = json!({ "answer": {"type": "recorded"}, "transcript": "Fine." });
        assert_eq!(answered(&turn), "recorded: “Fine.”");
    }
}
