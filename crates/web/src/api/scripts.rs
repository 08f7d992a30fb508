//! What can be asked.

pub(crate) mod spec;

use super::json;
use crate::web::Web;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Script")]
struct ScriptJson {
    name: String,
    title: String,
    language: String,
    questions: usize,
    /// Why its file can't be read as it stands, and which version is asked instead.
    problem: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Scripts")]
struct ScriptsJson {
    scripts: Vec<ScriptJson>,
}

/// `GET /api/scripts`
pub(crate) async fn list(State(web): State<Arc<Web>>) -> Response {
    let scripts = web.engine.scripts().into_iter().map(|script| ScriptJson {
        name: script.name,
        title: script.title,
        language: script.language,
        questions: script.questions,
        problem: script.problem,
    });
    json(StatusCode::OK, &ScriptsJson { scripts: scripts.collect() })
}
