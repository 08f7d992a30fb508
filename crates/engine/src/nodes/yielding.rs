//! From a live call to somebody else's: what another node has taken over is given up, and said so in the journal.

use crate::engine::Inner;
use crate::live::{Handle, Health, Origin};
use crate::live_events::Became;
use crate::record::CameTo;
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_core::call::{Source, What};
use trunkline_core::id::{CallId, NodeId};
use trunkline_store::{Store, StoreError};

impl Inner {
    /// Gives up every call in memory that the database says another node carries, or carried to its end.
    pub(super) async fn yield_taken(self: &Arc<Self>, store: &Store) -> Result<(), StoreError> {
        let ids: Vec<CallId> = self
            .live
            .all()
            .iter()
            .map(|handle| handle.lock())
            // One that came back from the tables after its end is nobody's more than ours.
            .filter(|live| live.origin == Origin::Journal)
            .map(|live| live.call.id)
            .collect();
        let taken = store.carried_elsewhere(&self.node(), &ids).await?;
        self.give_up_all(taken).await;
        Ok(())
    }

    /// Gives up these calls: each is another node's.
    pub(crate) async fn give_up_all(self: &Arc<Self>, taken: BTreeMap<CallId, NodeId>) {
        for (id, by) in taken {
            if let Some(handle) = self.live.get(id) {
                self.give_up(&handle, by).await;
            }
        }
    }

    async fn give_up(self: &Arc<Self>, handle: &Handle, by: NodeId) {
        let pending = {
            let mut live = handle.lock();
            live.health = Health::GivenUp;
            let id = live.call.id;
            tracing::warn!(call = %id, %by, "call.given_up: another node has taken it over");
            let key = format!("given_up:{by}:{}", self.clock.now());
            let event =
                self.own_event(id, key, Source::Engine, What::TakenOver { by, on: None, since: None });
            let gone = CameTo::Change(Became::first(&live.call));
            let pending = self.journal_event(&live.call, &event, gone);
            self.forget(&mut live);
            self.cache_gone(id);
            pending
        };
        let written = match pending {
            Ok(pending) => pending.await.map(drop).map_err(Into::into),
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::warn!(%error, "call.given_up: the journal does not say so, and the next start asks again");
        }
    }
}
