//! What is said of scripts.

use super::ScriptsJson;
use crate::openapi::Spec;
use http::StatusCode;

pub(crate) fn list() -> Spec {
    Spec::of("List what can be asked").answers::<ScriptsJson>(StatusCode::OK, "Scripts.")
}
