//! Asks the carrier what calls cost, once it can know: minutes after their end, then hours. What is due is read from rows by the
//! clock, so that a restart goes on where it was; a price becomes an event of its call like any other news.

use crate::engine::Inner;
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::call::{PriceLook, Source, What, price_looks};
use trunkline_core::id::{CallId, CarrierCallId};

/// How often somebody looks.
const EVERY: Duration = Duration::from_secs(60);
/// A server that was down so long asks about what it missed; about what is older at its next look.
const MISSED: SignedDuration = SignedDuration::from_hours(1);
/// So many calls are asked about at each look.
const AT_ONCE: u16 = 200;

impl Inner {
    /// Looks for prices until the server stops.
    pub(crate) async fn look_for_prices(self: Arc<Self>) {
        let now = self.clock.now();
        let mut since = now.checked_sub(MISSED).unwrap_or(now);
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.clock.really(EVERY)) => {}
                () = self.stop.cancelled() => return,
            }
            let now = self.clock.now();
            for look in price_looks(since, now) {
                self.look_once(look).await;
            }
            since = since.max(now);
        }
    }

    async fn look_once(self: &Arc<Self>, look: PriceLook) {
        let node = self.ident.node.as_str();
        let ask = self.ask_store(async |store| store.unpriced(&self.account, node, look, AT_ONCE).await);
        let due = ask.await;
        // While the database is away nothing is asked: there is another look later.
        for (call, id) in due.unwrap_or_default() {
            if self.stop.is_cancelled() {
                return;
            }
            self.ask_price(call, &id).await;
        }
    }

    async fn ask_price(self: &Arc<Self>, call: CallId, id: &CarrierCallId) {
        let fetched = {
            let Ok(_turn) = self.asking.acquire().await else { return };
            self.carrier.fetch(id).await
        };
        let price = match fetched {
            Ok(fetched) => fetched.and_then(|fetched| fetched.price),
            Err(error) => return tracing::debug!(%call, %error, "call.not_priced: asked again later"),
        };
        let Some(price) = price else { return };
        let key = format!("{}:{id}:price:{}{}", self.account, price.amount, price.unit);
        let what = What::Priced { price: price.amount, unit: price.unit };
        let event = self.own_event(call, key, Source::Reconciler, what);
        if let Err(error) = self.observe(event).await {
            tracing::warn!(%call, %error, "call.price_not_journaled: the carrier is asked again later");
        }
    }
}
