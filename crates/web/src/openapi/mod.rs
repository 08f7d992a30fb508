//! The described surface: what each route takes and answers, said beside its handler and proven by it, written down as
//! one OpenAPI 3.1 document.
//!
//! - `table`: routes with what is said of them · `spec`: what is said of one · `field`: a field or parameter
//! - `document`: the whole, as OpenAPI writes it · `reference`: the same for people · `errors`: the list of problems, as a page in Markdown
//!
//! Answers are described by the types that are written (`schemars::JsonSchema`), bodies by the fields that are read.

mod document;
mod errors;
mod field;
mod reference;
mod spec;
mod table;

pub use errors::errors;
pub(crate) use field::{Field, Kind};
pub(crate) use reference::{REFERENCE, Reference};
pub(crate) use spec::{Body, CALL, CAMPAIGN, JOB, JOURNAL, QUEUE, Spec, TENANCY, WEBHOOKS, id};
pub(crate) use table::{Door, Operation, Table, Verb};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::Value;
use std::sync::LazyLock;

/// The document.
pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| document::document(&crate::router::operations()));

/// The OpenAPI document of the REST surface, as it is served at `/openapi.json`.
pub fn openapi() -> String {
    let mut text = serde_json::to_string_pretty(&*DOCUMENT).unwrap_or_default();
    text.push('\n');
    text
}

/// `GET /openapi.json`
pub(crate) async fn serve() -> Response {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(openapi()));
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], TEXT.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;
    use std::collections::BTreeSet;

    fn operations() -> impl Iterator<Item = (&'static String, &'static Value)> {
        let paths = DOCUMENT["paths"].as_object().unwrap();
        paths.iter().flat_map(|(path, at)| at.as_object().unwrap().values().map(move |one| (path, one)))
    }

    fn fresh(path: &str, text: &str) {
        let path = format!("{}/../../docs/{path}", env!("CARGO_MANIFEST_DIR"));
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "{path} is stale: run `cargo xtask generate`");
    }

    #[test]
    fn the_document_that_is_checked_in_is_fresh() {
        fresh("openapi.json", &openapi());
    }

    #[test]
    fn the_list_of_errors_that_is_checked_in_is_fresh() {
        fresh("errors.md", &errors());
    }

    #[test]
    fn every_part_of_every_path_is_told_and_nothing_else() {
        for (path, operation) in operations() {
            let named: BTreeSet<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let told = parameters
                .filter(|parameter| parameter["in"] == "path")
                .filter_map(|one| one["name"].as_str());
            assert_eq!(named, told.collect(), "{path}");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_a_chapter_and_a_good_answer() {
        let chapters: BTreeSet<&str> =
            DOCUMENT["tags"].as_array().unwrap().iter().filter_map(|tag| tag["name"].as_str()).collect();
        let mut names = BTreeSet::new();
        for (path, operation) in operations() {
            assert!(
                names.insert(operation["operationId"].as_str().unwrap()),
                "{path}: {}",
                operation["operationId"]
            );
            assert!(chapters.contains(operation["tags"][0].as_str().unwrap()), "{path}");
            let answers: &Map<String, Value> = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')), "{path}");
        }
    }

    #[test]
    fn whatever_is_referred_to_is_there() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(fields) => {
                    found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    fields.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        references(&DOCUMENT, &mut found);
        assert!(found.len() > 100, "the control");
        for reference in found {
            assert!(DOCUMENT.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }
}
