//! What was sent to an endpoint, and sending it once more.

use super::endpoints::WebhookError;
use crate::engine::Engine;
use trunkline_core::id::WebhookId;
use trunkline_core::tenancy::Caller;
use trunkline_store::{AttemptMade, Delivery, DeliveryPage, Replay};

impl Engine {
    /// A page of an endpoint's deliveries, the newest first.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Away`.
    pub async fn deliveries_of(
        &self,
        by: &Caller,
        id: WebhookId,
        page: DeliveryPage,
    ) -> Result<Vec<Delivery>, WebhookError> {
        self.stored_webhook(by, id).await?;
        Ok(self.inner.ask_store(async |store| store.deliveries(id, page).await).await?)
    }

    /// Sends everything once more, from a place on; how many events.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Invalid` if there is no such event; `Away`.
    pub async fn replay(&self, by: &Caller, id: WebhookId, from: Replay<'_>) -> Result<u64, WebhookError> {
        self.stored_webhook(by, id).await?;
        let now = self.now();
        let replayed = self.inner.ask_store(async |store| store.replay(id, from, now).await).await?;
        self.inner.outgoing.wakes();
        replayed.ok_or_else(|| WebhookError::Invalid {
            field: "after",
            why: "no such event was sent to this endpoint".to_owned(),
        })
    }

    /// Sends one event once more.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Away`.
    pub async fn retry_delivery(&self, by: &Caller, id: WebhookId, event: &str) -> Result<(), WebhookError> {
        self.stored_webhook(by, id).await?;
        let now = self.now();
        let found = self.inner.ask_store(async |store| store.retry_delivery(id, event, now).await).await?;
        self.inner.outgoing.wakes();
        if found { Ok(()) } else { Err(WebhookError::NotFound("delivery")) }
    }

    /// Sends an event that did not happen, at once, and says what came of it. It is in no history.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Away`; `Failed`.
    pub async fn test_webhook(&self, by: &Caller, id: WebhookId) -> Result<AttemptMade, WebhookError> {
        let endpoint = self.stored_webhook(by, id).await?.endpoint;
        let event = format!("test_{}", super::endpoints::minted(self.now())?);
        let body = serde_json::json!({
            "id": &event, "type": "webhook.test", "at": self.now(), "tenant": endpoint.tenant.as_str(),
        });
        let body = body.to_string();
        Ok(self.to_the_end(async move |inner| inner.send_webhook(&endpoint, &event, &body).await).await?)
    }
}
