//! What is said of campaigns.

use super::CampaignsJson;
use crate::code::Code;
use crate::openapi::{Body, CAMPAIGN, Field, Kind, QUEUE, Spec};
use http::StatusCode;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use trunkline_core::campaign::Campaign;
use trunkline_engine::Standing;

const EXAMPLE: &str = r#"{"name": "May survey", "script": "survey", "from": "+15550100100"}"#;

const MOVES: Field = Field::new(
    "move",
    Kind::Word(&["start", "pause", "resume", "drain", "cancel", "force-cancel"]),
    "What to do with it.",
)
.needed()
.such_as("\"start\"");

pub(crate) fn list() -> Spec {
    Spec::of("List campaigns")
        .answers::<CampaignsJson>(StatusCode::OK, "Campaigns, newest first.")
        .fails(QUEUE)
}

pub(crate) fn add() -> Spec {
    Spec::of("Make a campaign")
        .says("It is a draft until it is started. It names a script, or a bot: then the script is what goes on when the bot can't, the bot's own if left out.")
        .takes(Body::Made(policy, EXAMPLE))
        .answers::<Standing>(StatusCode::CREATED, "The campaign.")
        .fails(QUEUE)
        .fails(&[Code::Taken])
}

pub(crate) fn show() -> Spec {
    Spec::of("Read a campaign")
        .path(&[CAMPAIGN])
        .answers::<Standing>(StatusCode::OK, "The campaign.")
        .fails(QUEUE)
        .fails(&[Code::NotNow])
}

pub(crate) fn change() -> Spec {
    Spec::of("Change a campaign")
        .says("The fields that are given are changed, whole.")
        .path(&[CAMPAIGN])
        .takes(Body::Made(patch, r#"{"pacing": {"concurrency": 5}}"#))
        .answers::<Standing>(StatusCode::OK, "The campaign.")
        .fails(QUEUE)
        .fails(&[Code::Taken, Code::Conflict, Code::NotNow])
}

pub(crate) fn act() -> Spec {
    Spec::of("Start, pause, resume, drain or cancel a campaign")
        .says("`drain` lets open calls end and begins none; `cancel` also settles who waits; `force-cancel` also hangs up.")
        .path(&[CAMPAIGN, MOVES])
        .answers::<Standing>(StatusCode::OK, "The campaign.")
        .fails(QUEUE)
        .fails(&[Code::NotNow, Code::Conflict, Code::InvalidField])
}

/// A campaign as it is read: `caller_ids`, or `from` for one number, or neither for the server's own.
fn policy(_: &mut SchemaGenerator) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema =
        settings.for_deserialize().into_generator().into_root_schema_for::<Campaign>().to_value();
    schema["additionalProperties"] = Value::Bool(false);
    schema["required"] = json!(["name"]);
    schema["properties"]["from"] =
        json!({ "type": "string", "description": "The one number that is shown, instead of `caller_ids`." });
    schema["properties"]["state"] =
        json!({ "description": "Taken and not used: so that what was read can be sent." });
    schema
}

/// Any of its fields.
fn patch(schemas: &mut SchemaGenerator) -> Value {
    let mut schema = policy(schemas);
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("required");
    }
    schema
}
