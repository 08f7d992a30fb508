//! The fields of a JSON body, taken one by one; what is left over was not meant for us, and is named.

use crate::problem::{Code, Problem};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// A JSON object whose fields are taken out as they are understood.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the body as one JSON object. Depth, numbers and text are bounded by the parser; NUL is refused, because
    /// no database keeps it.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Problem> {
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            Problem::new(Code::BadRequest).detail(format!("the body is not valid JSON: {error}"))
        })?;
        Self::of(value)
    }

    /// Takes a value that must be an object.
    pub(crate) fn of(value: Value) -> Result<Self, Problem> {
        let Value::Object(fields) = value else {
            return Err(Problem::new(Code::BadRequest).detail("this must be a JSON object"));
        };
        match fields.iter().find(|(name, value)| name.contains('\0') || has_nul(value)) {
            Some((name, _)) => Err(Problem::field(&name.replace('\0', ""), "must not contain NUL")),
            None => Ok(Self(fields)),
        }
    }

    /// A field by its name or one of its older names; null counts as absent.
    pub(crate) fn take(&mut self, names: &[&str]) -> Option<Value> {
        let mut taken = None;
        for name in names {
            if let Some(value) = self.0.remove(*name).filter(|value| !value.is_null()) {
                taken.get_or_insert(value);
            }
        }
        taken
    }

    pub(crate) fn text(&mut self, names: &[&str]) -> Result<Option<String>, Problem> {
        let mut taken = None;
        for name in names {
            match self.0.remove(*name) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => {
                    taken.get_or_insert(text);
                }
                // Whichever of its names counts.
                Some(_) => return Err(Problem::field(names[0], "must be a string")),
            }
        }
        Ok(taken)
    }

    pub(crate) fn whole(&mut self, name: &str) -> Result<Option<u32>, Problem> {
        let Some(value) = self.take(&[name]) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.map(Some).ok_or_else(|| Problem::field(name, "must be a whole number"))
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Map<String, Value>, Problem> {
        match self.take(&[name]) {
            None => Ok(Map::new()),
            Some(Value::Object(object)) => Ok(object),
            Some(_) => Err(Problem::field(name, "must be an object")),
        }
    }

    pub(crate) fn time(&mut self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.text(&[name])? else { return Ok(None) };
        let time =
            text.parse().map_err(|_| Problem::field(name, "must be a time such as 2026-01-31T12:00:00Z"));
        time.map(Some)
    }

    /// What was not taken.
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.0
    }

    /// Whoever sends a field that we do not know believes that it does something.
    pub(crate) fn none_left(self) -> Result<(), Problem> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(Problem::new(Code::UnknownField)
                .detail(format!("there is no field `{name}` here"))
                .with("field", name)),
        }
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
