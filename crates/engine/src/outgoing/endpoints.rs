//! The doors of those who manage endpoints. What changes is decided in the store, in full; without it nothing changes.

use crate::clock::chance;
use crate::engine::Engine;
use crate::intake::IntakeError;
use crate::live_events::EventName;
use crate::reader::Unavailable;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use trunkline_core::id::WebhookId;
use trunkline_core::outgoing::{DisabledBy, Endpoint, SealedSecret, Standing};
use trunkline_core::tenancy::{Caller, NAME_CHARS};
use trunkline_store::{DeliveryCount, Saved, StoredEndpoint};

/// So many endpoints a tenant may have.
const OF_TENANT: usize = 20;

/// An endpoint that somebody wants.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Where events are to go.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// Only these types; all if it is empty.
    pub types: Vec<String>,
}

/// What is to be changed of an endpoint; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Where events are to go.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Only these types; all if it is empty.
    pub types: Option<Vec<String>>,
    /// Whether anything is sent.
    pub enabled: Option<bool>,
}

/// An endpoint, and how it stands with what is for it.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The endpoint.
    pub stored: StoredEndpoint,
    /// How many deliveries stand how.
    pub counts: Vec<DeliveryCount>,
}

/// Why an endpoint stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The caller's key is not for this.
    #[error("this needs a key of the role admin or above")]
    Forbidden,
    /// There is none, as far as the caller can tell.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A field is wrong.
    #[error("{field}: {why}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, in words for the reader.
        why: String,
    },
    /// Somebody else changed it at the same time.
    #[error("somebody else changed it at the same time; look at it and try again")]
    Conflict,
    /// There is no database to keep it in.
    #[error("webhooks need a database: DATABASE_URL is none")]
    NoDatabase,
    /// The store can't be reached.
    #[error("webhooks can't be read or changed now: {0}")]
    Away(#[from] Unavailable),
    /// It failed.
    #[error(transparent)]
    Failed(#[from] IntakeError),
}

impl Engine {
    /// The endpoints of the caller's tenant, the oldest first.
    ///
    /// # Errors
    /// `Forbidden`; `NoDatabase`; `Away`.
    pub async fn webhooks(&self, by: &Caller) -> Result<Vec<StoredEndpoint>, WebhookError> {
        self.manages_webhooks(by)?;
        Ok(self.inner.ask_store(async |store| store.webhook_endpoints_of(&by.tenant).await).await?)
    }

    /// An endpoint of the caller's tenant.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `NoDatabase`; `Away`.
    pub async fn webhook(&self, by: &Caller, id: WebhookId) -> Result<Webhook, WebhookError> {
        let stored = self.stored_webhook(by, id).await?;
        let counts = self.inner.ask_store(async |store| store.count_deliveries(id).await).await?;
        Ok(Webhook { stored, counts })
    }

    /// Makes an endpoint, and a secret that is told here and nowhere else. What happens from now on is sent to it.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid`; `NoDatabase`; `Away`.
    pub async fn add_webhook(
        &self,
        by: &Caller,
        asked: NewWebhook,
    ) -> Result<(StoredEndpoint, String), WebhookError> {
        if self.webhooks(by).await?.len() >= OF_TENANT {
            let why = format!("there are {OF_TENANT} endpoints, which is as many as a tenant may have");
            return Err(WebhookError::Invalid { field: "url", why });
        }
        let now = self.now();
        let (sealed, secret) = self.inner.new_secret().map_err(failed)?;
        let endpoint = Endpoint {
            id: minted(now)?,
            tenant: by.tenant.clone(),
            url: self.good_url(&asked.url)?,
            description: description(&asked.description)?,
            types: types(asked.types)?,
            standing: Standing::Enabled,
            secrets: vec![SealedSecret { sealed, until: None }],
            created_at: now,
            updated_at: now,
        };
        let added = endpoint.clone();
        let saved = self.to_the_end(async move |inner| {
            inner.ask_store(async |store| store.add_webhook_endpoint(&added).await).await
        });
        is_saved(saved.await??)?;
        tracing::info!(webhook = %endpoint.id, tenant = %endpoint.tenant, "webhook.added");
        Ok((StoredEndpoint { endpoint, failing_since: None, version: 1 }, secret))
    }

    /// Changes an endpoint.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Invalid`; `Conflict`; `NoDatabase`; `Away`.
    pub async fn change_webhook(
        &self,
        by: &Caller,
        id: WebhookId,
        change: WebhookChange,
    ) -> Result<StoredEndpoint, WebhookError> {
        let mut stored = self.stored_webhook(by, id).await?;
        let now = self.now();
        let endpoint = &mut stored.endpoint;
        if let Some(url) = change.url {
            endpoint.url = self.good_url(&url)?;
        }
        if let Some(words) = change.description {
            endpoint.description = description(&words)?;
        }
        if let Some(words) = change.types {
            endpoint.types = types(words)?;
        }
        match change.enabled {
            Some(true) => endpoint.standing = Standing::Enabled,
            Some(false) if endpoint.is_enabled() => endpoint.disable(DisabledBy::Owner, now),
            Some(false) | None => {}
        }
        endpoint.updated_at = now;
        self.save_webhook(stored).await
    }

    /// Gives an endpoint a new secret, told here and nowhere else. The old one signs as well for as long as it is said.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Conflict`; `NoDatabase`; `Away`.
    pub async fn rotate_webhook(
        &self,
        by: &Caller,
        id: WebhookId,
        keep: SignedDuration,
    ) -> Result<(StoredEndpoint, String), WebhookError> {
        let mut stored = self.stored_webhook(by, id).await?;
        let now = self.now();
        let (sealed, secret) = self.inner.new_secret().map_err(failed)?;
        stored.endpoint.rotate(sealed, now.checked_add(keep).unwrap_or(Timestamp::MAX), now);
        Ok((self.save_webhook(stored).await?, secret))
    }

    /// Removes an endpoint: nothing is sent to it any more.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `NoDatabase`; `Away`.
    pub async fn remove_webhook(&self, by: &Caller, id: WebhookId) -> Result<(), WebhookError> {
        self.manages_webhooks(by)?;
        let tenant = by.tenant.clone();
        let removed = self.to_the_end(async move |inner| {
            inner.ask_store(async |store| store.remove_webhook_endpoint(&tenant, id).await).await
        });
        if removed.await?? { Ok(()) } else { Err(WebhookError::NotFound("webhook")) }
    }

    pub(super) async fn stored_webhook(
        &self,
        by: &Caller,
        id: WebhookId,
    ) -> Result<StoredEndpoint, WebhookError> {
        self.manages_webhooks(by)?;
        let found = self.inner.ask_store(async |store| store.webhook_endpoint(&by.tenant, id).await).await?;
        found.ok_or(WebhookError::NotFound("webhook"))
    }

    async fn save_webhook(&self, stored: StoredEndpoint) -> Result<StoredEndpoint, WebhookError> {
        let changed = stored.clone();
        let saved = self.to_the_end(async move |inner| {
            inner.ask_store(async |store| store.change_webhook_endpoint(&changed).await).await
        });
        is_saved(saved.await??)?;
        self.inner.outgoing.wakes();
        Ok(StoredEndpoint { version: stored.version + 1, ..stored })
    }

    fn manages_webhooks(&self, by: &Caller) -> Result<(), WebhookError> {
        if !by.manages_access() {
            return Err(WebhookError::Forbidden);
        }
        if self.inner.config.database.is_index() { Err(WebhookError::NoDatabase) } else { Ok(()) }
    }

    fn good_url(&self, text: &str) -> Result<String, WebhookError> {
        let url = self.inner.outgoing.poster.reach().check(text.trim());
        url.map(String::from).map_err(|bad| WebhookError::Invalid { field: "url", why: bad.to_string() })
    }
}

fn description(words: &str) -> Result<String, WebhookError> {
    let words = words.trim();
    if words.chars().count() > NAME_CHARS || words.chars().any(char::is_control) {
        let why = format!("give at most {NAME_CHARS} characters, none of them a control character");
        return Err(WebhookError::Invalid { field: "description", why });
    }
    Ok(words.to_owned())
}

fn types(words: Vec<String>) -> Result<BTreeSet<String>, WebhookError> {
    match words.iter().find(|word| EventName::parse(word).is_none()) {
        None => Ok(words.into_iter().collect()),
        Some(odd) => {
            let odd: String = odd.chars().filter(|char| !char.is_control()).take(40).collect();
            let why = format!("there is no type {odd:?}; give some of {}", EventName::WORDS.join(", "));
            Err(WebhookError::Invalid { field: "types", why })
        }
    }
}

pub(super) fn minted(now: Timestamp) -> Result<WebhookId, WebhookError> {
    Ok(WebhookId::minted(now, chance().map_err(failed)?))
}

fn is_saved(saved: Saved) -> Result<(), WebhookError> {
    match saved {
        Saved::Yes => Ok(()),
        Saved::Conflict => Err(WebhookError::Conflict),
    }
}

fn failed(error: getrandom::Error) -> WebhookError {
    WebhookError::Failed(IntakeError::Failed(error.to_string()))
}
