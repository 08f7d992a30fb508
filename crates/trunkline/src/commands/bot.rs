//! `trunkline bot check`: whether a bot's file can be used, and if not, what is wrong and where.

use std::fs;
use std::path::Path;

use serde_json::json;
use trunkline_core::bot::{Bot, Tool};

use crate::exit::{Exit, Failure};
use crate::terminal::{Form, say, say_json};

/// Reads a bot's file as a server does. Asks nobody.
pub(super) fn check(file: &Path, as_json: bool) -> Result<Exit, Failure> {
    let read = read(file);
    let form = Form::of(as_json);
    match (&read, form) {
        (Ok(bot), Form::Json) => {
            say_json(&json!({ "ok": true, "name": bot.name.as_str(), "version": bot.version.to_string() }));
        }
        (Ok(bot), Form::Text) => tell(bot),
        (Err(problem), Form::Json) => say_json(&json!({ "ok": false, "problem": problem })),
        (Err(problem), Form::Text) => return Err(Failure::new(Exit::Usage, problem)),
    }
    Ok(if read.is_ok() { Exit::Fine } else { Exit::Usage })
}

fn tell(bot: &Bot) {
    let tools: Vec<&str> = bot.tools.iter().map(|tool| Tool::as_str(*tool)).collect();
    let people: Vec<&str> = bot.transfer_to.iter().map(|person| person.name.as_str()).collect();
    say(&format!("The bot {} (version {}) can be used. It speaks {}.", bot.name, bot.version, bot.language));
    say(&format!("It says first: {}", bot.opening(&trunkline_core::script::Caller::default(), true)));
    say(&format!("It may: {}.", tools.join(", ")));
    if !people.is_empty() {
        say(&format!("It may hand a call to: {}.", people.join(", ")));
    }
    match &bot.fallback_script {
        Some(script) => say(&format!("When the model is lost, the script {script} goes on.")),
        None => {
            say(
                "When the model is lost, the server's default script goes on: there is no “fallback_script”.",
            );
        }
    }
}

fn read(file: &Path) -> Result<Bot, String> {
    let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let place = file.display();
    let name = name.parse().map_err(|bad| format!("{place}: {bad}"))?;
    let bytes = fs::read(file).map_err(|error| format!("cannot read {place}: {error}"))?;
    Bot::parse(&bytes, name).map_err(|wrong| format!("{place}: {wrong}"))
}
