//! What is said of one operation, beside its handler: a sentence, what goes in, and everything that can come out.

use super::field::{self, Field};
use crate::code::Code;
use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What is said of one operation.
#[derive(Debug)]
pub(crate) struct Spec {
    summary: &'static str,
    details: &'static str,
    path: &'static [Field],
    query: &'static [Field],
    head: Vec<Field>,
    body: Body,
    answers: Vec<Answer>,
    codes: BTreeSet<Code>,
}

/// What a body may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    /// There is none.
    None,
    /// An object of these fields.
    Fields(&'static [Field]),
    /// The same, or nothing at all.
    Optional(&'static [Field]),
    /// What this makes, with an example.
    Made(fn(&mut SchemaGenerator) -> Value, &'static str),
    /// A file in one of these forms.
    File(&'static [&'static str]),
}

/// One good answer.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    says: &'static str,
    content: Content,
    headers: &'static [&'static str],
}

/// What is in an answer.
#[derive(Clone, Copy, Debug)]
enum Content {
    Nothing,
    Json(fn(&mut SchemaGenerator) -> Schema),
    Bytes(&'static [&'static str]),
}

/// A call, in an address.
pub(crate) const CALL: Field =
    id("id", "The call: our id or the carrier's.", "\"0199b2a4-7c6e-7000-8000-000000000001\"");
/// A campaign, in an address.
pub(crate) const CAMPAIGN: Field = Field::new("id", super::Kind::Id, "The campaign.")
    .needed()
    .such_as("\"0199b2a4-7c6e-7000-8000-000000000002\"");
/// A job, in an address.
pub(crate) const JOB: Field = Field::new("id", super::Kind::Id, "The job.")
    .needed()
    .such_as("\"0199b2a4-7c6e-7000-8000-000000000003\"");
/// The head of a request that may be repeated.
const IDEMPOTENCY_KEY: Field = Field::new(
    "Idempotency-Key",
    super::Kind::Short(255),
    "Chosen by the client: the same request with the same key, within 24 hours, is done once.",
)
.such_as("\"order-4711\"");

/// A needed part of a path that is a word of somebody's.
pub(crate) const fn id(name: &'static str, says: &'static str, example: &'static str) -> Field {
    Field::new(name, super::Kind::Short(128), says).needed().such_as(example)
}

impl Spec {
    /// In a few words, what it does.
    pub(crate) fn of(summary: &'static str) -> Self {
        Self {
            summary,
            details: "",
            path: &[],
            query: &[],
            head: Vec::new(),
            body: Body::None,
            answers: Vec::new(),
            codes: BTreeSet::new(),
        }
    }

    /// What else is to know.
    pub(crate) fn says(self, details: &'static str) -> Self {
        Self { details, ..self }
    }

    /// What stands in the path.
    pub(crate) fn path(self, path: &'static [Field]) -> Self {
        Self { path, ..self }.fails(&[Code::NotFound])
    }

    /// What may stand behind `?`.
    pub(crate) fn query(self, query: &'static [Field]) -> Self {
        Self { query, ..self }.fails(&[Code::InvalidQuery])
    }

    /// It may be sent twice with one key.
    pub(crate) fn idempotent(mut self) -> Self {
        self.head.push(IDEMPOTENCY_KEY);
        self.fails(&[Code::BadRequest])
    }

    /// A header that means something here.
    pub(crate) fn head(mut self, field: Field) -> Self {
        self.head.push(field);
        self
    }

    /// What is sent.
    pub(crate) fn takes(self, body: Body) -> Self {
        use Code::{
            BadRequest, InvalidField, PayloadTooLarge, RequestTimeout, UnknownField, UnsupportedMediaType,
        };
        let with_body =
            Self { body, ..self }.fails(&[BadRequest, PayloadTooLarge, RequestTimeout, UnsupportedMediaType]);
        match body {
            Body::Fields(_) | Body::Optional(_) | Body::Made(..) => {
                with_body.fails(&[InvalidField, UnknownField])
            }
            Body::None | Body::File(_) => with_body,
        }
    }

    /// An answer in JSON.
    pub(crate) fn answers<T: JsonSchema>(self, status: StatusCode, says: &'static str) -> Self {
        self.answer(status, says, Content::Json(SchemaGenerator::subschema_for::<T>))
    }

    /// An answer without a body.
    pub(crate) fn answers_nothing(self, status: StatusCode, says: &'static str) -> Self {
        self.answer(status, says, Content::Nothing)
    }

    /// An answer that is a file in one of these forms.
    pub(crate) fn answers_file(
        self,
        status: StatusCode,
        says: &'static str,
        forms: &'static [&'static str],
    ) -> Self {
        self.answer(status, says, Content::Bytes(forms))
    }

    fn answer(mut self, status: StatusCode, says: &'static str, content: Content) -> Self {
        self.answers.push(Answer { status, says, content, headers: &[] });
        self
    }

    /// Headers of the last answer that was told.
    pub(crate) fn with_headers(mut self, headers: &'static [&'static str]) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers = headers;
        }
        self
    }

    /// Problems that can come.
    pub(crate) fn fails(mut self, codes: &[Code]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// The operation as OpenAPI writes it.
    pub(crate) fn write(&self, shared: &mut Shared) -> Value {
        let mut operation = json!({ "summary": self.summary, "responses": self.responses(shared) });
        if !self.details.is_empty() {
            operation["description"] = Value::from(self.details);
        }
        let placed =
            |fields: &[Field], place| fields.iter().map(|field| field.parameter(place)).collect::<Vec<_>>();
        let parameters =
            [placed(self.path, "path"), placed(self.query, "query"), placed(&self.head, "header")].concat();
        if !parameters.is_empty() {
            operation["parameters"] = Value::Array(parameters);
        }
        if let Some(body) = self.request_body(&mut shared.schemas) {
            operation["requestBody"] = body;
        }
        operation
    }

    fn request_body(&self, schemas: &mut SchemaGenerator) -> Option<Value> {
        let content = match self.body {
            Body::None => return None,
            Body::Fields(fields) | Body::Optional(fields) => json!({
                "application/json": { "schema": field::object(fields), "example": field::example(fields) }
            }),
            Body::Made(schema, example) => {
                let example: Value = serde_json::from_str(example).unwrap_or_default();
                json!({ "application/json": { "schema": schema(schemas), "example": example } })
            }
            Body::File(forms) => Value::Object(bytes(forms)),
        };
        let required = !matches!(self.body, Body::Optional(_));
        Some(json!({ "required": required, "content": content }))
    }

    fn responses(&self, shared: &mut Shared) -> Value {
        let mut responses = Map::new();
        for answer in &self.answers {
            responses.insert(answer.status.as_str().to_owned(), answer.write(&mut shared.schemas));
        }
        let statuses: BTreeSet<StatusCode> = self.codes.iter().map(|code| code.status()).collect();
        for status in statuses {
            let codes: Vec<Code> =
                self.codes.iter().copied().filter(|code| code.status() == status).collect();
            // A status that both an answer and problems have comes in two forms, which the content type tells apart.
            let failure = match responses.get(status.as_str()) {
                Some(answer) => {
                    let mut failure = failure(&codes, &mut shared.schemas);
                    failure["description"] = answer["description"].clone();
                    failure["content"]["application/json"] = answer["content"]["application/json"].clone();
                    failure
                }
                None => shared.failure(&codes),
            };
            responses.insert(status.as_str().to_owned(), failure);
        }
        Value::Object(responses)
    }
}

/// What operations share: schemas, and the answers that say what went wrong.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) schemas: SchemaGenerator,
    pub(crate) responses: Map<String, Value>,
}

impl Shared {
    /// A reference to the answer of these problems, which have one status.
    fn failure(&mut self, codes: &[Code]) -> Value {
        let words: Vec<&str> = codes.iter().map(|code| code.word()).collect();
        let name = words.join("-");
        if !self.responses.contains_key(&name) {
            self.responses.insert(name.clone(), failure(codes, &mut self.schemas));
        }
        json!({ "$ref": format!("#/components/responses/{name}") })
    }
}

/// The answer of these problems, which have one status.
fn failure(codes: &[Code], schemas: &mut SchemaGenerator) -> Value {
    let told: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}.", code.word(), code.title())).collect();
    let schema = schemas.subschema_for::<crate::problem::ProblemJson<'_>>();
    let mut headers = header_list(&["X-Request-Id"]);
    if codes.iter().any(|code| code.status() == StatusCode::SERVICE_UNAVAILABLE) {
        headers.extend(header_list(&["Retry-After"]));
    }
    json!({
        "description": told.join(" "),
        "headers": headers,
        "content": { "application/problem+json": { "schema": schema } },
    })
}

impl Answer {
    fn write(&self, schemas: &mut SchemaGenerator) -> Value {
        let mut headers = header_list(&["X-Request-Id"]);
        headers.extend(header_list(self.headers));
        let mut response = json!({ "description": self.says, "headers": headers });
        match self.content {
            Content::Nothing => {}
            Content::Json(schema) => {
                response["content"] = json!({ "application/json": { "schema": schema(schemas) } });
            }
            Content::Bytes(forms) => response["content"] = Value::Object(bytes(forms)),
        }
        response
    }
}

/// A file in one of these forms: what is in it, the form says.
fn bytes(forms: &[&str]) -> Map<String, Value> {
    forms.iter().map(|form| ((*form).to_owned(), json!({ "schema": {} }))).collect()
}

fn header_list(names: &[&str]) -> Map<String, Value> {
    let reference = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    names.iter().map(|name| ((*name).to_owned(), reference(name))).collect()
}

/// What can be wrong with the journal when something new is to be kept.
pub(crate) const JOURNAL: &[Code] = &[Code::JournalFull, Code::JournalFailed];
/// What can be in the way of the queue: it lives in the database.
pub(crate) const QUEUE: &[Code] =
    &[Code::NoDatabase, Code::DatabaseAway, Code::JournalFull, Code::JournalFailed];
/// What can be in the way of reading and changing webhooks.
pub(crate) const WEBHOOKS: &[Code] =
    &[Code::Forbidden, Code::NoDatabase, Code::DatabaseAway, Code::JournalFull, Code::JournalFailed];
/// What can be in the way of a change of tenants, keys and users.
pub(crate) const TENANCY: &[Code] =
    &[Code::Forbidden, Code::DatabaseAway, Code::JournalFull, Code::JournalFailed];
