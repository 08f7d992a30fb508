//! `trunkline campaign plan`: what will become of a campaign, before anybody is called.

use serde_json::Value;

use super::calls::{text, time};
use super::campaign;
use crate::cli::PlanCampaign;
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, clean, say, say_json};

/// So many of those who are skipped are named; `--json` has more.
const NAMED: usize = 10;
/// A bar of the picture is so wide at most.
const BAR: u64 = 40;
/// So many hours are drawn.
const HOURS: usize = 48;

/// Asks for the plan and tells it.
pub(super) async fn run(args: PlanCampaign) -> Result<Exit, Failure> {
    let client = Client::find(&args.one.reach)?;
    let id = campaign::find(&client, &args.one.campaign).await?;
    let mut query: Vec<(&str, String)> = Vec::new();
    query.extend(args.start.map(|start| ("start", start.to_string())));
    query.extend(args.answered.map(|share| ("answered", share.to_string())));
    query.extend(args.machine.map(|share| ("machine", share.to_string())));
    query.extend(args.busy.map(|share| ("busy", share.to_string())));
    query.extend(args.talk_secs.map(|secs| ("talk_secs", secs.to_string())));
    let plan = client.list(&format!("/api/campaigns/{id}/plan"), &query).await?;
    match Form::of(args.one.reach.json) {
        Form::Json => say_json(&plan),
        Form::Text => tell(&plan),
    }
    Ok(Exit::Fine)
}

fn tell(plan: &Value) {
    let count = |name: &str| plan[name].as_u64().unwrap_or(0);
    let skipped: u64 =
        plan["skipped"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
    say(&format!("{} people, {skipped} of them never called", count("leads")));
    for (code, jobs) in plan["skipped"].as_object().into_iter().flatten() {
        let words = plan["skipped_words"][code].as_str().unwrap_or(code);
        say(&format!("  {:>8} {}", jobs, clean(words)));
    }
    let named: Vec<&Value> = plan["skipped_leads"].as_array().into_iter().flatten().collect();
    for lead in named.iter().take(NAMED) {
        say(&format!("           {}: {}", clean(text(lead, "to")), clean(text(&lead["gate"], "words"))));
    }
    if named.len() > NAMED {
        say("           and others; --json names them");
    }
    say(&format!(
        "{} calls: {} people reached, {} given up, {} still waiting after a year",
        count("attempts"),
        count("reached"),
        count("given_up"),
        count("left"),
    ));
    for (what, name) in [("first call", "first_call_at"), ("finished", "finishes_at")] {
        match time(plan, name).as_str() {
            "" => say(&format!("{what:12} never")),
            when => say(&format!("{what:12} {when} UTC")),
        }
    }
    say(&format!(
        "at most      {} calls at once, {} new calls in one second",
        count("peak_concurrency"),
        count("peak_cps")
    ));
    picture(plan);
}

/// Calls hour by hour.
fn picture(plan: &Value) {
    let hours: Vec<&Value> = plan["hours"].as_array().into_iter().flatten().collect();
    let attempts = |hour: &Value| hour["attempts"].as_u64().unwrap_or(0);
    let most = hours.iter().map(|hour| attempts(hour)).max().unwrap_or(0).max(1);
    for hour in hours.iter().take(HOURS) {
        let long = usize::try_from((attempts(hour) * BAR).div_ceil(most)).unwrap_or_default();
        let at = time(hour, "at");
        say(&format!("{}  {:>6}  {}", at.get(..16).unwrap_or(&at), attempts(hour), "█".repeat(long)));
    }
    if hours.len() > HOURS {
        say(&format!("and {} hours more", hours.len() - HOURS));
    }
}
