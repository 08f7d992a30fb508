//! What is said to a listener beside events, whose JSON is the engine's. Names are only ever added.

use serde::Serialize;
use trunkline_engine::{Cursor, Lost};

/// A listener has missed something, and goes on from `id`.
#[derive(Serialize)]
struct ResyncJson<'a> {
    id: Text<Cursor>,
    r#type: &'static str,
    reason: &'static str,
    detail: String,
    /// After which event it wanted to go on.
    after: &'a str,
}

/// Where a listener stands.
#[derive(Serialize)]
struct StandsJson {
    id: Text<Cursor>,
    r#type: &'static str,
}

/// Something that is written as its text.
struct Text<T>(T);

impl<T: std::fmt::Display> Serialize for Text<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

pub(super) fn resync(now: Cursor, lost: Lost, after: &str) -> String {
    let (reason, detail) = (lost.as_str(), lost.to_string());
    written(&ResyncJson { id: Text(now), r#type: "resync", reason, detail, after })
}

/// What is said to a listener that hears nothing else: `ready` or `heartbeat`.
pub(super) fn stands(word: &'static str, at: Cursor) -> String {
    written(&StandsJson { id: Text(at), r#type: word })
}

fn written(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_else(|error| {
        tracing::error!(%error, "an event could not be written as JSON");
        "{}".to_owned()
    })
}
