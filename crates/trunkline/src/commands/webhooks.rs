//! `trunkline webhook`: where events are sent, told to a running server.

use serde_json::{Value, json};

use super::calls::text;
use crate::cli::{Reach, Webhook};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, clean, say, say_json, table};

/// Adds an endpoint, lists them, tries one, or removes one.
pub(super) async fn run(command: Webhook) -> Result<Exit, Failure> {
    match command {
        Webhook::Add { address, types, description, reach } => {
            let asked = json!({ "url": address, "types": types, "description": description });
            let added = Client::find(&reach)?.post("/api/webhooks", &asked).await?;
            tell(&reach, &added, |added| {
                say(&format!("Secret  {}", text(added, "secret")));
                say(&format!(
                    "It is shown this once, and verifies what is sent. The webhook's id is {}.",
                    text(added, "id")
                ));
            });
            Ok(Exit::Fine)
        }
        Webhook::List(reach) => {
            let listed = Client::find(&reach)?.get("/api/webhooks").await?;
            tell(&reach, &listed, |listed| {
                let columns = ["id", "url", "disabled_by", "failing_since", "description"];
                let row = |row: &Value| columns.iter().map(|name| clean(text(row, name))).collect();
                let rows: Vec<Vec<String>> =
                    listed["webhooks"].as_array().into_iter().flatten().map(row).collect();
                if rows.is_empty() {
                    say("Nothing is sent anywhere.");
                } else {
                    table(&columns, &rows).iter().for_each(|line| say(line));
                }
            });
            Ok(Exit::Fine)
        }
        Webhook::Test { id, reach } => {
            let told = Client::find(&reach)?.post(&format!("{}/test", address(&id)), &json!({})).await?;
            tell(&reach, &told, |told| say(&came_of(told)));
            Ok(if told["taken"] == true { Exit::Fine } else { Exit::Failed })
        }
        Webhook::Remove { id, reach } => {
            Client::find(&reach)?.delete(&address(&id)).await?;
            tell(&reach, &json!({ "id": id, "removed": true }), |_| {
                say(&format!("Nothing is sent to {} any more.", clean(&id)));
            });
            Ok(Exit::Fine)
        }
    }
}

/// What a person writes is one part of a path, whatever is in it.
fn address(id: &str) -> String {
    let id: String = id.chars().filter(|char| char.is_ascii_alphanumeric() || *char == '-').collect();
    format!("/api/webhooks/{id}")
}

fn came_of(told: &Value) -> String {
    let took = &told["took_ms"];
    match (told["taken"] == true, told["status"].as_u64()) {
        (true, _) => format!("It was taken, after {took} ms."),
        (false, Some(status)) => format!("It was not taken: the answer was {status}, after {took} ms."),
        (false, None) => format!("It was not taken: {}.", text(told, "error_message")),
    }
}

fn tell(reach: &Reach, value: &Value, in_words: impl FnOnce(&Value)) {
    match Form::of(reach.json) {
        Form::Json => say_json(value),
        Form::Text => in_words(value),
    }
}
