//! An endpoint: where a tenant's events go, which of them, and whether they go at all.

use crate::id::{TenantId, WebhookId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where a tenant's events are sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Our name of it.
    pub id: WebhookId,
    /// Whose events.
    pub tenant: TenantId,
    /// Where to.
    pub url: String,
    /// What it is for, in words.
    pub description: String,
    /// Only events of these types; all if it is empty.
    pub types: BTreeSet<String>,
    /// Whether anything is sent.
    pub standing: Standing,
    /// What signs, the newest first.
    pub secrets: Vec<SealedSecret>,
    /// Since when. Nothing that happened before is sent.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A secret that signs, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// The secret, readable with the server's keys only.
    pub sealed: String,
    /// Until when it signs; `None`: for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Whether anything is sent to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// It is.
    Enabled,
    /// Events wait.
    Disabled {
        /// Who says so.
        by: DisabledBy,
        /// Since when.
        since: Timestamp,
    },
}

/// Why nothing is sent to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum DisabledBy {
    /// Its owner wants it so.
    Owner,
    /// It answered 410: it wants nothing any more.
    Gone,
    /// It took nothing for days.
    Failing,
}

impl Endpoint {
    /// Whether events are sent to it now.
    pub fn is_enabled(&self) -> bool {
        self.standing == Standing::Enabled
    }

    /// Whether it is to hear of an event of this tenant and type that happened then.
    pub fn wants(&self, tenant: &TenantId, kind: &str, at: Timestamp) -> bool {
        self.tenant == *tenant
            && self.created_at <= at
            && (self.types.is_empty() || self.types.contains(kind))
    }

    /// Nothing is sent to it from now on.
    pub fn disable(&mut self, by: DisabledBy, now: Timestamp) {
        self.standing = Standing::Disabled { by, since: now };
        self.updated_at = now;
    }

    /// A new secret signs from now on; those before it sign as well until `old_until`, so that a receiver can change over.
    pub fn rotate(&mut self, sealed: String, old_until: Timestamp, now: Timestamp) {
        self.secrets.retain(|old| old.until.is_none_or(|until| now < until));
        for old in &mut self.secrets {
            old.until = Some(old.until.map_or(old_until, |until| until.min(old_until)));
        }
        self.secrets.insert(0, SealedSecret { sealed, until: None });
        // More than two at once nobody needs, and headers have bounds.
        self.secrets.truncate(3);
        self.updated_at = now;
    }

    /// What signs at this time, the newest first.
    pub fn signing(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let is_good = move |secret: &&SealedSecret| secret.until.is_none_or(|until| now < until);
        self.secrets.iter().filter(is_good).map(|secret| secret.sealed.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    fn endpoint(types: &[&str]) -> Endpoint {
        Endpoint {
            id: WebhookId::minted(at(10), [1; 10]),
            tenant: TenantId::new("acme"),
            url: "https://example.com/hook".to_owned(),
            description: String::new(),
            types: types.iter().map(|word| (*word).to_owned()).collect(),
            standing: Standing::Enabled,
            secrets: vec![SealedSecret { sealed: "one".to_owned(), until: None }],
            created_at: at(10),
            updated_at: at(10),
        }
    }

    #[test]
    fn it_hears_of_its_tenant_and_its_types_and_of_nothing_before_it_was_made() {
        let (acme, beta) = (TenantId::new("acme"), TenantId::new("beta"));
        let all = endpoint(&[]);
        assert!(all.wants(&acme, "call.ended", at(10)));
        assert!(!all.wants(&beta, "call.ended", at(10)));
        assert!(!all.wants(&acme, "call.ended", at(9)));
        let some = endpoint(&["call.ended"]);
        assert!(some.wants(&acme, "call.ended", at(11)) && !some.wants(&acme, "call.ringing", at(11)));
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign_and_then_the_new_one_alone() {
        let mut endpoint = endpoint(&[]);
        endpoint.rotate("two".to_owned(), at(100), at(50));
        let signing =
            |endpoint: &Endpoint, secs| endpoint.signing(at(secs)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(signing(&endpoint, 99), ["two", "one"]);
        assert_eq!(signing(&endpoint, 100), ["two"]);
        endpoint.rotate("three".to_owned(), at(120), at(110));
        assert_eq!(signing(&endpoint, 111), ["three", "two"], "what has run out is forgotten");
        assert_eq!(endpoint.secrets.len(), 2);
    }
}
