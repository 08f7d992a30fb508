//! `trunkline tenant carriers`: which accounts a tenant's calls go through, said at the running server: it knows the accounts.

use serde_json::{Map, Value, json};

use crate::cli::Reach;
use crate::client::Client;
use crate::commands::calls::text;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, clean, say, say_json};

/// What is to hold.
pub(super) struct Asked {
    pub accounts: Vec<String>,
    pub choice: Option<String>,
    pub weights: Vec<String>,
    pub countries: Vec<String>,
    pub from: Vec<String>,
}

/// Says it.
pub(super) async fn set(id: &str, asked: &Asked, reach: &Reach) -> Result<Exit, Failure> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(Failure::new(Exit::Usage, "there is no such tenant"));
    }
    let address = format!("/api/tenants/{id}/carriers");
    let client = Client::find(reach)?;
    let told = if asked.accounts.is_empty() {
        client.delete(&address).await?;
        json!({ "id": id, "carriers": null })
    } else {
        client.put(&address, &asked.body()?).await?
    };
    match Form::of(reach.json) {
        Form::Json => say_json(&told),
        Form::Text => say(&match told["carriers"].is_null() {
            true => format!("Calls of {} go through whichever account the server chooses.", clean(id)),
            false => format!("Calls of {} go through {}.", clean(id), in_short(&told["carriers"])),
        }),
    }
    Ok(Exit::Fine)
}

/// A tenant's accounts in a line; nothing, if it goes by the server's.
pub(super) fn in_short(policy: &Value) -> String {
    let Some(accounts) = policy["accounts"].as_array() else { return String::new() };
    let names: Vec<String> = accounts.iter().map(|account| clean(text(account, "name"))).collect();
    match names.as_slice() {
        [one] => one.clone(),
        all => format!("{} ({})", all.join(", "), clean(text(policy, "choice"))),
    }
}

impl Asked {
    fn body(&self) -> Result<Value, Failure> {
        let mut accounts: Vec<Map<String, Value>> = Vec::new();
        for name in &self.accounts {
            accounts.push([("name".to_owned(), json!(name))].into_iter().collect());
        }
        for (said, field) in [(&self.weights, "weight"), (&self.countries, "countries"), (&self.from, "from")]
        {
            for word in said {
                let (name, value) = of_one(word)?;
                let account = accounts.iter_mut().find(|account| account["name"] == name);
                let account = account.ok_or_else(|| {
                    Failure::new(Exit::Usage, format_args!("{}: no --account is called so", clean(name)))
                })?;
                match field {
                    "countries" => {
                        let list = account.entry(field).or_insert_with(|| json!([]));
                        if let Some(list) = list.as_array_mut() {
                            list.push(json!(value));
                        }
                    }
                    "weight" => {
                        let share: u32 = value.parse().map_err(|_| {
                            Failure::new(Exit::Usage, format_args!("{}: give a share such as 3", clean(word)))
                        })?;
                        account.insert(field.to_owned(), json!(share));
                    }
                    _ => drop(account.insert(field.to_owned(), json!(value))),
                }
            }
        }
        let mut body = json!({ "accounts": accounts });
        if let Some(choice) = &self.choice {
            body["choice"] = json!(choice);
        }
        Ok(body)
    }
}

fn of_one(word: &str) -> Result<(&str, &str), Failure> {
    word.split_once('=').ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format_args!("{}: give an account and a value, such as israel=IL", clean(word)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_accounts_stands_beside_their_names() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let asked = Asked {
            accounts: words(&["israel", "spare"]),
            choice: Some("weighted".to_owned()),
            weights: words(&["israel=3"]),
            countries: words(&["israel=IL", "israel=CY"]),
            from: words(&["spare=+14155550100"]),
        };
        let expected = json!({ "choice": "weighted", "accounts": [
            { "name": "israel", "weight": 3, "countries": ["IL", "CY"] },
            { "name": "spare", "from": "+14155550100" },
        ]});
        assert_eq!(asked.body().unwrap(), expected);
        for wrong in ["france=3", "israel", "israel=much"] {
            let asked = Asked { weights: words(&[wrong]), accounts: words(&["israel"]), ..empty() };
            assert!(asked.body().is_err(), "{wrong}");
        }
        assert_eq!(in_short(&expected), "israel, spare (weighted)");
        assert_eq!(in_short(&Value::Null), "");
    }

    fn empty() -> Asked {
        Asked { accounts: vec![], choice: None, weights: vec![], countries: vec![], from: vec![] }
    }
}
