//! JSON lists: objects become rows under the names that any of them has.

use super::{BadList, ListRow, Rows};
use serde_json::{Deserializer, Map, Value};
use std::collections::HashMap;

/// What a list may stand under.
const WHOLES: [&str; 3] = ["people", "leads", "appointments"];

/// Reads an array of objects, `{"people": [...]}` or `{"leads": [...]}`, or one object a line.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<ListRow>, BadList> {
    let mut people = Vec::new();
    for value in Deserializer::from_slice(bytes).into_iter::<Value>() {
        // The words of the parser name line and column, and nothing of the text.
        gather(value.map_err(|error| BadList::Json(error.to_string()))?, &mut people)?;
    }
    let mut names: Vec<String> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for person in &people {
        for name in person.keys() {
            if !places.contains_key(name) {
                places.insert(name.clone(), names.len());
                names.push(name.clone());
            }
        }
    }
    let mut rows = Rows::default();
    rows.add(0, names.clone())?;
    for (number, person) in (1..).zip(people) {
        let mut cells = vec![String::new(); names.len()];
        for (name, value) in person {
            if let Some(place) = places.get(&name) {
                cells[*place] = text(value, number)?;
            }
        }
        rows.add(number, cells)?;
    }
    Ok(rows.0)
}

fn gather(value: Value, people: &mut Vec<Map<String, Value>>) -> Result<(), BadList> {
    match value {
        Value::Array(all) => all.into_iter().try_for_each(|one| person(one, people)),
        Value::Object(mut fields) => match WHOLES.iter().find_map(|name| fields.remove(*name)) {
            Some(Value::Array(all)) => all.into_iter().try_for_each(|one| person(one, people)),
            Some(_) => Err(BadList::Json("\"people\" must be a list".to_owned())),
            None => person(Value::Object(fields), people),
        },
        _ => Err(BadList::Json("give a list of objects".to_owned())),
    }
}

/// One person; what stands under `variables` stands beside the name and the number.
fn person(value: Value, people: &mut Vec<Map<String, Value>>) -> Result<(), BadList> {
    let mut fields = match value {
        Value::Object(fields) => fields,
        Value::String(number) => Map::from_iter([("phone".to_owned(), Value::String(number))]),
        _ => return Err(BadList::Json(format!("person {} is no object", people.len() + 1))),
    };
    if let Some(Value::Object(variables)) = fields.remove("variables") {
        for (name, value) in variables {
            fields.entry(name).or_insert(value);
        }
    }
    people.push(fields);
    Ok(())
}

fn text(value: Value, number: u64) -> Result<String, BadList> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(yes) => Ok(yes.to_string()),
        Value::Array(_) | Value::Object(_) => {
            Err(BadList::Json(format!("person {number} has a value that is neither text nor number")))
        }
    }
}
