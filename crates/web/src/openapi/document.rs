//! The OpenAPI document, written from the table of routes.

use super::spec::Shared;
use super::table::{Door, Operation};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// What the document says of everything together.
const ABOUT: &str = "Every phone call from intent to outcome. Send your key as `Authorization: Bearer KEY`; a key sees \
    the calls of its own tenant, and what is another's is answered as if it were not there. Errors are \
    `application/problem+json` with a stable `code`: docs/errors.md lists them. Answers that list may be paged: send \
    what came as `next` or `next_cursor` back as `cursor`. A trailing slash means nothing. Fields and words may be added \
    to answers at any time, and are never renamed. `x-role` and `x-scope` say which role an operation takes at least, and \
    which scope of a key; `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` how often the key may still ask.";

/// The chapters, in the order of reading.
const TAGS: [(&str, &str); 17] = [
    ("calls", "Place calls, end them, and read what became of them."),
    ("app calls", "Calls between users of your app, by the users' own tokens."),
    ("registered calls", "Calls that a client carries itself and wants only kept."),
    ("live events", "What happens in calls, as it happens."),
    ("webhooks", "What happens, sent to your software, signed."),
    ("scripts", "What can be asked."),
    ("bots", "Voice bots: what they say, and what they may do."),
    ("appointments", "Who comes to whom and when, and which times are free."),
    ("numbers", "Our own numbers: what answers them, and when."),
    ("campaigns", "Whom to reach and how, and how far it is."),
    ("results", "What people answered, and what calls came to."),
    ("queue", "Jobs: one person to reach, and why that is not being done now."),
    ("leads", "The people of all campaigns."),
    ("suppressions", "Numbers never to call."),
    ("tenants", "Who may come in: tenants, keys and users."),
    ("server", "For who runs the server."),
    ("probes", "How the server is. No key is needed."),
];

/// Writes the document.
pub(crate) fn document(operations: &[Operation]) -> Value {
    let schemas = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .for_serialize()
        .into_generator();
    let mut shared = Shared { schemas, responses: Map::new() };
    let mut paths = Map::new();
    for operation in operations {
        let at = paths.entry(operation.path).or_insert_with(|| json!({}));
        at[operation.verb.word()] = written(operation, &mut shared);
    }
    let schemas = shared.schemas.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Trunkline",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": TAGS.iter().map(|(name, about)| json!({ "name": name, "description": about })).collect::<Vec<_>>(),
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": shared.responses,
            "headers": headers(),
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer", "description": "An API key." } },
        },
    })
}

fn written(operation: &Operation, shared: &mut Shared) -> Value {
    let mut written = operation.spec.write(shared);
    written["tags"] = json!([operation.tag]);
    written["operationId"] = Value::from(name(operation));
    if operation.door == Door::Open {
        written["security"] = json!([{}, { "key": [] }]);
    } else {
        if operation.door == Door::KeyedOrUser {
            written["x-user-token"] = Value::from(true);
        }
        let (role, scope) = operation.act.needs();
        written["x-role"] = Value::from(role.as_str());
        written["x-scope"] = Value::from(scope.as_str());
    }
    written
}

/// A name for programs that make clients: the method and the words of the path.
fn name(operation: &Operation) -> String {
    let path = operation.path.trim_start_matches("/api");
    let words = path.split(['/', '.']).filter(|word| !word.is_empty());
    words.fold(operation.verb.word().to_owned(), |name, word| {
        let word = word.replace(['{', '}'], "");
        let mut letters = word.chars();
        match letters.next() {
            Some(first) => format!("{name}{}{}", first.to_ascii_uppercase(), letters.as_str()),
            None => name,
        }
    })
}

fn headers() -> Value {
    let text = |says: &str| json!({ "description": says, "schema": { "type": "string" } });
    json!({
        "X-Request-Id": text("The request's name in the server's log: the one that was sent, or a new one."),
        "Location": text("Where it can be read from now on."),
        "ETag": text("The version of what was read: send it as `If-None-Match`."),
        "Retry-After": { "description": "Seconds after which to come again.", "schema": { "type": "integer" } },
        "Content-Range": text("Which bytes of how many."),
        "Content-Disposition": text("The file's name."),
    })
}
