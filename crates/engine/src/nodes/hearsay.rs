//! What other nodes heard of calls that this one carries: a webhook lands where the call was begun, or wherever a balancer
//! sends it. It is journaled there and its row says so; here it is merged like any other event, with its own key.

use crate::engine::Inner;
use crate::intake::key_hash;
use crate::live::Handle;
use crate::operating::replay::event;
use std::sync::Arc;
use trunkline_core::call::{Call, Event, What};
use trunkline_store::{Heard, Store, StoreError};

impl Inner {
    /// Merges what others heard since the last look.
    pub(super) async fn listens(self: &Arc<Self>, store: &Store) -> Result<(), StoreError> {
        let mut heard = Vec::new();
        for id in store.unheard(&self.node()).await? {
            // One that has left memory was over, or is about to be taken up: whoever hears of it goes on from its rows.
            let Some(handle) = self.live.get(id) else {
                heard.push(Heard { id, n: None });
                continue;
            };
            let tenant = handle.lock().call.tenant.clone();
            let rows = store.events(&tenant, id).await?;
            heard.push(Heard { id, n: Some(rows.len()) });
            for event in rows.iter().filter_map(event) {
                self.merges(&handle, event).await;
            }
        }
        // Not before it is journaled here: a process that dies in between is told again.
        store.has_heard(&self.node(), &heard).await
    }

    /// Merges an event that another node journaled.
    pub(super) async fn merges(self: &Arc<Self>, handle: &Handle, event: Event) {
        let is_known = handle.lock().seen.contains(&key_hash(&event.key));
        if is_known || is_of_owners(&event) {
            return;
        }
        let call = event.call;
        if let Err(error) = self.observe_on(handle, event).await {
            tracing::warn!(%call, %error, "call.hearsay_not_merged: the carrier is asked instead");
        }
    }
}

/// Whether this is an owner's own word, that nobody merges but those who carry the call from then on.
pub(super) fn is_of_owners(event: &Event) -> bool {
    matches!(event.what, What::TakenOver { .. }) || Call::begin(event).is_some()
}
