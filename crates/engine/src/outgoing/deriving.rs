//! What a piece of the journal means for endpoints: the same events that listeners hear, for each endpoint that wants them.

use crate::engine::Inner;
use trunkline_journal::Record;
use trunkline_store::{NewDelivery, Store, StoreError};

impl Inner {
    /// What is to be sent of these records, in their order. Costs one small question where nobody wants anything.
    pub(crate) async fn deliveries(
        &self,
        store: &Store,
        records: &[Record],
    ) -> Result<Vec<NewDelivery>, StoreError> {
        // An index is made anew at any time, and everything would be sent again.
        if self.config.database.is_index() {
            return Ok(Vec::new());
        }
        let endpoints = store.webhook_endpoints().await?;
        if endpoints.is_empty() {
            return Ok(Vec::new());
        }
        let mut deliveries = Vec::new();
        for event in records.iter().flat_map(|record| self.told(record)) {
            let kind = event.name.as_str();
            let wanting = endpoints.iter().filter(|one| one.endpoint.wants(&event.tenant, kind, event.at));
            for one in wanting {
                deliveries.push(NewDelivery {
                    endpoint: one.endpoint.id,
                    tenant: event.tenant.clone(),
                    call: event.call,
                    event: event.id.to_string(),
                    kind,
                    at: event.at,
                    body: event.to_json(),
                });
            }
        }
        Ok(deliveries)
    }
}
