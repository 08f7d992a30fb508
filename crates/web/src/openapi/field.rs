//! One field of a body or one parameter, as it is told to clients: its name, what it holds, whether it must be there.

use serde_json::{Map, Value, json};

/// A field of a body, or a parameter of a path, a query or the head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it holds.
    kind: Kind,
    /// Whether it must be there.
    pub(crate) need: Need,
    /// What it means.
    pub(crate) says: &'static str,
    /// Other names that mean the same; used by people who come from other software.
    also: &'static [&'static str],
    /// A good value, as JSON.
    example: Option<&'static str>,
    /// Whether a parameter may be there and empty, as forms send it, and then means nothing.
    blank: bool,
}

/// Whether a field must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It must.
    Needed,
    /// It may be left out, or null.
    Optional,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Any text without NUL.
    Text,
    /// A text of so many characters at most, and one at least.
    Short(u32),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Words out of these, parted by commas.
    Words(&'static [&'static str]),
    /// A list of one or more of these words.
    Some(&'static [&'static str]),
    /// A whole number within these bounds.
    Whole(u64, u64),
    /// A number from 0 to 1.
    Share,
    /// Any number.
    Number,
    /// True or false.
    Flag,
    /// Only true.
    Yes,
    /// A time in UTC.
    Time,
    /// A time, or a day.
    Day,
    /// One of our ids.
    Id,
    /// Any object.
    Object,
    /// An object of texts, numbers and truth values.
    Texts,
    /// So many letters.
    Letters(u32),
    /// A list of these words.
    Several(&'static [&'static str]),
    /// A list of anything, at most so many: each is judged by itself.
    Rows(u64),
    /// A list of people: each a number, or what these fields say; at most so many.
    People(&'static [Field], u64),
}

impl Field {
    pub(crate) const fn new(name: &'static str, kind: Kind, says: &'static str) -> Self {
        Self { name, kind, need: Need::Optional, says, also: &[], example: None, blank: false }
    }

    /// It must be there.
    pub(crate) const fn needed(self) -> Self {
        Self { need: Need::Needed, ..self }
    }

    /// It is also understood under these names.
    pub(crate) const fn or(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// A good value, as JSON.
    pub(crate) const fn such_as(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }

    /// It may be there and empty, as forms send it, and then means nothing.
    pub(crate) const fn or_blank(self) -> Self {
        Self { blank: true, ..self }
    }

    pub(crate) fn example(&self) -> Option<Value> {
        self.example.and_then(|example| serde_json::from_str(example).ok())
    }

    /// What it holds, as JSON Schema; `None` of an optional field of a body may also be null.
    fn schema_in_body(&self) -> Value {
        let mut schema = self.schema();
        if self.need == Need::Optional
            && let Some(word) = schema.get("type").and_then(Value::as_str).map(str::to_owned)
        {
            schema["type"] = json!([word, "null"]);
            if let Some(Value::Array(words)) = schema.get_mut("enum") {
                words.push(Value::Null);
            }
        }
        schema["description"] = Value::from(self.told());
        if let Some(example) = self.example() {
            schema["examples"] = json!([example]);
        }
        schema
    }

    /// What it means, with its other names.
    fn told(&self) -> String {
        if self.also.is_empty() {
            return self.says.to_owned();
        }
        format!("{} Also understood as `{}`.", self.says, self.also.join("`, `"))
    }

    /// What it holds, as JSON Schema.
    fn schema(&self) -> Value {
        match self.kind {
            Kind::Text => json!({ "type": "string", "pattern": NO_NUL }),
            Kind::Short(chars) => {
                json!({ "type": "string", "minLength": 1, "maxLength": chars, "pattern": NO_NUL })
            }
            Kind::Word(words) => json!({ "type": "string", "enum": words }),
            Kind::Words(words) => {
                let one = words.join("|");
                json!({ "type": "string", "pattern": format!("^({one})(,({one}))*$") })
            }
            Kind::Some(words) => {
                json!({ "type": "array", "minItems": 1, "items": { "type": "string", "enum": words } })
            }
            Kind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Kind::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
            Kind::Number => json!({ "type": "number" }),
            Kind::Flag => json!({ "type": "boolean" }),
            Kind::Yes => json!({ "type": "boolean", "const": true }),
            Kind::Time => json!({ "type": "string", "format": "date-time" }),
            Kind::Day => json!({
                "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "string", "format": "date" }]
            }),
            Kind::Id => json!({ "type": "string", "format": "uuid" }),
            Kind::Object => json!({ "type": "object", "additionalProperties": true }),
            Kind::Texts => json!({
                "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] }
            }),
            Kind::Letters(count) => json!({ "type": "string", "pattern": format!("^[A-Za-z]{{{count}}}$") }),
            Kind::Several(words) => json!({ "type": "array", "items": { "type": "string", "enum": words } }),
            Kind::Rows(most) => json!({ "type": "array", "items": {}, "maxItems": most }),
            Kind::People(fields, most) => {
                let one =
                    json!({ "anyOf": [object(fields), { "type": "string", "description": "A number." }] });
                json!({ "type": "array", "items": one, "maxItems": most })
            }
        }
    }

    /// The parameter of an operation that this is.
    pub(crate) fn parameter(&self, place: &'static str) -> Value {
        let schema = match self.schema() {
            _ if matches!(self.kind, Kind::Flag) && self.blank => {
                json!({ "enum": ["true", "false", "1", "0", ""] })
            }
            _ if matches!(self.kind, Kind::Flag) => json!({ "enum": ["true", "false", "1", "0"] }),
            schema if self.blank => json!({ "anyOf": [schema, { "const": "" }] }),
            schema => schema,
        };
        let mut parameter = json!({
            "name": self.name,
            "in": place,
            "required": self.need == Need::Needed,
            "description": self.told(),
            "schema": schema,
        });
        if let Some(example) = self.example() {
            parameter["example"] = example;
        }
        parameter
    }
}

/// NUL is refused everywhere, because no database keeps it.
const NO_NUL: &str = "^[^\\u0000]*$";

/// The schema of an object with these fields and no others.
pub(crate) fn object(fields: &[Field]) -> Value {
    let mut properties = Map::new();
    for field in fields {
        properties.insert(field.name.to_owned(), field.schema_in_body());
        for name in field.also {
            let said = format!("Another name of `{}`.", field.name);
            let mut schema = field.schema_in_body();
            schema["description"] = Value::from(said);
            properties.insert((*name).to_owned(), schema);
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    let needed = fields.iter().filter(|field| field.need == Need::Needed);
    let (plain, renamed): (Vec<&Field>, Vec<&Field>) = needed.partition(|field| field.also.is_empty());
    if !plain.is_empty() {
        schema["required"] = plain.iter().map(|field| Value::from(field.name)).collect();
    }
    let choices: Vec<Value> = renamed.iter().map(|field| under_one_name(field)).collect();
    if !choices.is_empty() {
        schema["allOf"] = Value::Array(choices);
    }
    schema
}

/// It must be there, under one of its names.
fn under_one_name(field: &Field) -> Value {
    let names = [field.name].into_iter().chain(field.also.iter().copied());
    json!({ "anyOf": names.map(|name| json!({ "required": [name] })).collect::<Vec<_>>() })
}

/// A body with the examples of its fields.
pub(crate) fn example(fields: &[Field]) -> Value {
    let shown = fields.iter().filter_map(|field| Some((field.name.to_owned(), field.example()?)));
    Value::Object(shown.collect())
}
