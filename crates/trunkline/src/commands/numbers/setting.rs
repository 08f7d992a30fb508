//! What answers a number, said at the running server: it knows the scripts.

use serde_json::{Value, json};

use super::super::calls::text;
use crate::cli::{Reach, SetNumber};
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, clean, say, say_json};

/// Says what answers a number.
pub(super) async fn set(asked: SetNumber) -> Result<Exit, Failure> {
    let form = Form::of(asked.reach.json);
    let address = address(&asked.number)?;
    let hours = asked.zone.as_ref().map(|zone| {
        let zone = zone.as_str();
        json!({ "zone": zone, "hours": asked.open, "holidays": asked.holiday })
    });
    let SetNumber { after_hours, after_hours_language, after_hours_script, .. } = &asked;
    let after = (after_hours.is_some() || after_hours_script.is_some()).then(
        || json!({ "message": after_hours, "language": after_hours_language, "script": after_hours_script }),
    );
    let body = json!({
        "script": asked.script, "label": asked.label, "tenant": asked.tenant,
        "opening_hours": hours, "after_hours": after,
    });
    let told = Client::find(&asked.reach)?.put(&address, &body).await?;
    match form {
        Form::Json => say_json(&told),
        Form::Text => say(&in_words(&told)),
    }
    Ok(Exit::Fine)
}

/// Takes a number back.
pub(super) async fn remove(number: &str, reach: &Reach) -> Result<Exit, Failure> {
    Client::find(reach)?.delete(&address(number)?).await?;
    match Form::of(reach.json) {
        Form::Json => say_json(&json!({ "number": number, "removed": true })),
        Form::Text => say(&format!("{} is taken back.", clean(number))),
    }
    Ok(Exit::Fine)
}

fn in_words(told: &Value) -> String {
    let number = text(told, "number");
    let tenant = text(told, "tenant");
    let answer = match told["forward"].as_str() {
        Some(to) => format!("{number} of {tenant} forwards to {to}"),
        None => format!("{number} of {tenant} is answered by {}", clean(text(told, "script"))),
    };
    match (told["opening_hours"].is_object(), told["open"].as_bool()) {
        (false, _) => format!("{answer}."),
        (true, Some(true)) => format!("{answer} while it is open; it is open now."),
        (true, _) => format!("{answer} while it is open; it is closed now."),
    }
}

/// The address of a number. What no number is made of would be another address.
fn address(number: &str) -> Result<String, Failure> {
    let is_filling = |char: char| char.is_whitespace() || matches!(char, '-' | '(' | ')' | '.');
    let plain: String = number.chars().filter(|char| !is_filling(*char)).collect();
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::new(Exit::Usage, "give a number such as +14155550100"));
    }
    Ok(format!("/api/numbers/{plain}"))
}
