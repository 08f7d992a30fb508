//! A tenant's own policy of carriers: which of the server's accounts its calls go through, and how one of them is chosen.
//! Without one a tenant goes by the server's. Which accounts there are, and whose numbers, is an argument.

use crate::dial::choice::Policy;
use crate::phone::{CountryCode, PhoneNumber};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// An account's greatest share.
const MOST_WEIGHT: u32 = 1_000;

/// Which of the server's accounts a tenant's calls go through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarrierPolicy {
    /// These, the first choice first; no call of the tenant goes through another.
    pub accounts: Vec<OwnAccount>,
    /// How one of several is chosen.
    #[serde(default)]
    pub choice: Policy,
}

/// An account that a tenant may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnAccount {
    /// What it is called.
    pub name: String,
    /// The number that the tenant's calls through it are shown as, one of its own; without it the first of its numbers there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PhoneNumber>,
    /// Its share of the calls, where they are shared out.
    #[serde(default = "one")]
    pub weight: u32,
    /// The countries it is named for, where countries decide.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub countries: BTreeSet<CountryCode>,
}

fn one() -> u32 {
    1
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadPolicy {
    /// No call could go anywhere.
    #[error("name one account or more")]
    Empty,
    /// There is no such account.
    #[error("no account is called {name}; there are {}", .known.join(", "))]
    Unknown {
        /// As it was given.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// One is named twice.
    #[error("{0} is named twice")]
    Twice(String),
    /// Its share is too great.
    #[error("the weight of {0} is from 0 to {MOST_WEIGHT}")]
    Weight(String),
}

impl CarrierPolicy {
    /// Whether it can be followed by a server that has these accounts.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(&self, known: &[&str]) -> Result<(), BadPolicy> {
        if self.accounts.is_empty() {
            return Err(BadPolicy::Empty);
        }
        let mut seen = BTreeSet::new();
        for account in &self.accounts {
            if !known.contains(&account.name.as_str()) {
                let known = known.iter().map(|name| (*name).to_owned()).collect();
                return Err(BadPolicy::Unknown { name: account.name.chars().take(32).collect(), known });
            }
            if !seen.insert(account.name.as_str()) {
                return Err(BadPolicy::Twice(account.name.clone()));
            }
            if account.weight > MOST_WEIGHT {
                return Err(BadPolicy::Weight(account.name.clone()));
            }
        }
        Ok(())
    }

    /// What is said of an account, if it may be used.
    pub fn of(&self, name: &str) -> Option<&OwnAccount> {
        self.accounts.iter().find(|account| account.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> CarrierPolicy {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_policy_names_accounts_that_are_there_each_once() {
        let known = ["twilio", "israel"];
        for (text, refused) in [
            (r#"{"accounts": [{"name": "israel"}]}"#, None),
            (
                r#"{"accounts": [{"name": "israel", "weight": 0, "countries": ["IL"], "from": "+97235550100"},
                    {"name": "twilio"}], "choice": "by_country"}"#,
                None,
            ),
            (r#"{"accounts": []}"#, Some("name one account or more")),
            (
                r#"{"accounts": [{"name": "france"}]}"#,
                Some("no account is called france; there are twilio, israel"),
            ),
            (r#"{"accounts": [{"name": "twilio"}, {"name": "twilio"}]}"#, Some("twilio is named twice")),
            (
                r#"{"accounts": [{"name": "twilio", "weight": 1001}]}"#,
                Some("the weight of twilio is from 0 to 1000"),
            ),
        ] {
            let said = policy(text).check(&known).err().map(|bad| bad.to_string());
            assert_eq!(said.as_deref(), refused, "{text}");
        }
        let plain = policy(r#"{"accounts": [{"name": "israel"}]}"#);
        assert_eq!((plain.choice, plain.accounts[0].weight), (Policy::First, 1));
        assert!(plain.of("israel").is_some() && plain.of("twilio").is_none());
        let unknown = serde_json::from_str::<CarrierPolicy>(r#"{"accounts": [{"nam": "israel"}]}"#);
        assert!(unknown.is_err(), "a slip of the finger is told of");
    }
}
