//! The document, as a page can show it: chapters, operations, tables of fields. Nothing is said here that the document
//! does not say.

use super::DOCUMENT;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// The document as it is read by people.
pub(crate) static REFERENCE: LazyLock<Reference> = LazyLock::new(|| Reference::of(&DOCUMENT));

/// Everything, in the order of reading.
pub(crate) struct Reference {
    pub(crate) about: String,
    pub(crate) chapters: Vec<Chapter>,
    pub(crate) shapes: Vec<Shape>,
}

/// Operations that belong together.
pub(crate) struct Chapter {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) operations: Vec<Described>,
}

/// One operation.
pub(crate) struct Described {
    pub(crate) id: String,
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) details: String,
    pub(crate) parameters: Vec<Line>,
    /// The forms a body may have; empty if there is none.
    pub(crate) forms: Vec<String>,
    pub(crate) fields: Vec<Line>,
    pub(crate) answers: Vec<Told>,
    /// How to try it.
    pub(crate) curl: String,
}

/// A parameter or a field.
pub(crate) struct Line {
    pub(crate) name: String,
    /// Where a parameter stands; empty for a field.
    pub(crate) place: String,
    pub(crate) kind: Vec<Kind>,
    pub(crate) is_needed: bool,
    pub(crate) says: String,
}

/// A word for what a value is, and the shape it names.
pub(crate) struct Kind {
    pub(crate) word: String,
    pub(crate) shape: Option<String>,
}

/// One answer.
pub(crate) struct Told {
    pub(crate) status: String,
    pub(crate) says: String,
    pub(crate) kind: Vec<Kind>,
}

/// An object or a word list that answers are made of.
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) fields: Vec<Line>,
    /// The words it may be, if it is one of a list.
    pub(crate) words: Vec<(String, String)>,
}

impl Reference {
    fn of(document: &Value) -> Self {
        let chapters = items(&document["tags"]).map(|tag| Chapter::of(document, tag)).collect();
        let shapes = fields(&document["components"]["schemas"]);
        let about = text(&document["info"]["description"]);
        Self { about, chapters, shapes: shapes.map(|(name, schema)| Shape::of(name, schema)).collect() }
    }
}

impl Chapter {
    fn of(document: &Value, tag: &Value) -> Self {
        let of_path = |(path, at): (&String, &Value)| {
            let at = at.as_object().cloned().unwrap_or_default();
            let belongs = at.into_iter().filter(|(_, one)| one["tags"][0] == tag["name"]);
            belongs.map(|(verb, one)| Described::of(document, path, &verb, &one)).collect::<Vec<_>>()
        };
        let name = text(&tag["name"]);
        Self {
            id: name.replace(' ', "-"),
            name,
            about: text(&tag["description"]),
            operations: fields(&document["paths"]).flat_map(of_path).collect(),
        }
    }
}

impl Described {
    fn of(document: &Value, path: &str, verb: &str, one: &Value) -> Self {
        let content = &one["requestBody"]["content"];
        let schema = &content["application/json"]["schema"];
        Self {
            id: text(&one["operationId"]),
            verb: verb.to_uppercase(),
            path: path.to_owned(),
            summary: text(&one["summary"]),
            details: text(&one["description"]),
            parameters: items(&one["parameters"]).map(Line::of_parameter).collect(),
            forms: fields(content).map(|(form, _)| form.clone()).collect(),
            fields: lines(schema),
            answers: fields(&one["responses"])
                .map(|(status, answer)| Told::of(document, status, answer))
                .collect(),
            curl: curl(path, verb, one),
        }
    }
}

impl Line {
    fn of_parameter(parameter: &Value) -> Self {
        Self {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            kind: kinds(&parameter["schema"]),
            is_needed: parameter["required"] == true,
            says: text(&parameter["description"]),
        }
    }
}

impl Told {
    fn of(document: &Value, status: &str, answer: &Value) -> Self {
        let answer = answer["$ref"]
            .as_str()
            .and_then(|at| document.pointer(at.trim_start_matches('#')))
            .unwrap_or(answer);
        let kind = fields(&answer["content"]).flat_map(|(form, content)| match &content["schema"] {
            schema if schema["$ref"].is_string() => kinds(schema),
            _ => vec![Kind { word: form.clone(), shape: None }],
        });
        Self { status: status.to_owned(), says: text(&answer["description"]), kind: kind.collect() }
    }
}

impl Shape {
    fn of(name: &str, schema: &Value) -> Self {
        let words = items(&schema["enum"]).map(|word| (text(word), String::new()));
        let choices = items(&schema["oneOf"]).filter(|choice| choice["const"].is_string());
        let choices = choices.map(|choice| (text(&choice["const"]), text(&choice["description"])));
        Self {
            name: name.to_owned(),
            about: text(&schema["description"]),
            fields: lines(schema),
            words: words.chain(choices).collect(),
        }
    }
}

/// The fields of an object, and those that it has in some of its forms only.
fn lines(schema: &Value) -> Vec<Line> {
    let needed: Vec<&Value> = items(&schema["required"]).collect();
    let line = |(name, field): (&String, &Value), is_needed| Line {
        name: name.clone(),
        place: String::new(),
        kind: kinds(field),
        is_needed,
        says: text(&field["description"]),
    };
    let own = fields(&schema["properties"]).map(|one| line(one, needed.iter().any(|name| *name == one.0)));
    let forms = ["oneOf", "anyOf"].into_iter().flat_map(|word| items(&schema[word]));
    let in_forms = forms.flat_map(|form| fields(&form["properties"])).map(|one| line(one, false));
    let mut lines: Vec<Line> = own.collect();
    for one in in_forms {
        match lines.iter_mut().find(|line| line.name == one.name) {
            Some(known) => known.kind.extend(one.kind),
            None => lines.push(one),
        }
    }
    lines
}

/// What a value may be, in words.
fn kinds(schema: &Value) -> Vec<Kind> {
    let word = |word: String| vec![Kind { word, shape: None }];
    if let Some(shape) = schema["$ref"].as_str().and_then(|at| at.rsplit('/').next()) {
        return vec![Kind { word: shape.to_owned(), shape: Some(shape.to_owned()) }];
    }
    if let Some(constant) = schema.get("const") {
        return word(constant.to_string());
    }
    if schema["enum"].is_array() {
        return items(&schema["enum"]).flat_map(|one| word(one.to_string())).collect();
    }
    for choice in ["anyOf", "oneOf"] {
        if schema[choice].is_array() {
            return items(&schema[choice]).flat_map(kinds).collect();
        }
    }
    let types: Vec<String> = match &schema["type"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().map(text).collect(),
        _ => vec!["anything".to_owned()],
    };
    types.into_iter().flat_map(|one| of_type(schema, one)).collect()
}

fn of_type(schema: &Value, one: String) -> Vec<Kind> {
    match (one.as_str(), schema["format"].as_str()) {
        ("array", _) => {
            let items = kinds(&schema["items"]);
            let many = items.into_iter().map(|kind| Kind { word: format!("[{}]", kind.word), ..kind });
            many.collect()
        }
        ("string", Some(format)) => vec![Kind { word: format.to_owned(), shape: None }],
        _ => vec![Kind { word: one, shape: None }],
    }
}

/// A line for a terminal, with the examples of the document.
fn curl(path: &str, verb: &str, one: &Value) -> String {
    let placed =
        |place: &'static str| items(&one["parameters"]).filter(move |parameter| parameter["in"] == place);
    let path = placed("path").fold(path.to_owned(), |path, parameter| {
        let shown = plain(&parameter["example"]);
        path.replace(&format!("{{{}}}", plain(&parameter["name"])), &shown)
    });
    let mut line = "curl".to_owned();
    if verb != "get" {
        line.push_str(&format!(" -X {}", verb.to_uppercase()));
    }
    line.push_str(&format!(" \"$TRUNKLINE_URL{path}\""));
    if one.get("security").is_none() {
        line.push_str(" \\\n  -H \"Authorization: Bearer $TRUNKLINE_API_KEY\"");
    }
    for parameter in placed("header").filter(|parameter| parameter["example"].is_string()) {
        line.push_str(&format!(
            " \\\n  -H \"{}: {}\"",
            plain(&parameter["name"]),
            plain(&parameter["example"])
        ));
    }
    let content = &one["requestBody"]["content"];
    if let Some(example) = content["application/json"].get("example") {
        line.push_str(&format!(" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{example}'"));
    } else if content["text/csv"].is_object() {
        line.push_str(" \\\n  -H \"Content-Type: text/csv\" \\\n  --data-binary @list.csv");
    }
    line
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A value as it stands in an address or a header.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}
