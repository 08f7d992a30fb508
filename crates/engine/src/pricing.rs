//! Asks the carrier what calls cost, once it can know: minutes after their end, then hours. What is due is read from rows by the
//! clock, so that a restart goes on where it was; a price becomes an event of its call like any other news.

use crate::engine::Inner;
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::call::{Call, PriceLook, Source, What, price_looks};
use trunkline_core::id::{AccountId, CallId, CarrierCallId};

/// How often somebody looks.
const EVERY: Duration = Duration::from_secs(60);
/// A server that was down so long asks about what it missed; about what is older at its next look.
const MISSED: SignedDuration = SignedDuration::from_hours(1);
/// So many calls are asked about at each look.
const AT_ONCE: u16 = 200;

/// Which leg of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Its own.
    Own,
    /// Of somebody whom it was handed to.
    Others,
}

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
        for account in self.carriers.accounts() {
            self.look_at(account, look).await;
        }
    }

    async fn look_at(self: &Arc<Self>, account: &AccountId, look: PriceLook) {
        let node = self.ident.node.as_str();
        let ask = self.ask_store(async |store| store.unpriced(account, node, look, AT_ONCE).await);
        let due = ask.await;
        // While the database is away nothing is asked: there is another look later.
        let due = due.unwrap_or_default();
        let ids: Vec<CallId> = due.iter().map(|(call, _)| *call).collect();
        let folds = self.ask_store(async |store| store.load_folds(&ids).await).await.unwrap_or_default();
        for (call, id) in due {
            let fold = folds.iter().find(|fold| fold.id == call);
            let is_known = fold.is_some_and(|fold| fold.price.is_some());
            let own = (!is_known).then_some(id);
            let others = fold.into_iter().flat_map(Call::unpriced_children).cloned();
            let legs: Vec<_> = own
                .map(|id| (id, Whose::Own))
                .into_iter()
                .chain(others.map(|id| (id, Whose::Others)))
                .collect();
            for (id, whose) in legs {
                if self.stop.is_cancelled() {
                    return;
                }
                self.ask_price(account, call, &id, whose).await;
            }
        }
    }

    async fn ask_price(
        self: &Arc<Self>,
        account: &AccountId,
        call: CallId,
        id: &CarrierCallId,
        whose: Whose,
    ) {
        let fetched = {
            let Ok(_turn) = self.asking.acquire().await else { return };
            match self.carriers.of(account) {
                Ok(carrier) => carrier.fetch(id).await,
                Err(error) => Err(error),
            }
        };
        let price = match fetched {
            Ok(fetched) => fetched.and_then(|fetched| fetched.price),
            Err(error) => return tracing::debug!(%call, %error, "call.not_priced: asked again later"),
        };
        let Some(price) = price else { return };
        let key = format!("{account}:{id}:price:{}{}", price.amount, price.unit);
        let leg = (whose == Whose::Others).then(|| id.clone());
        let what = What::Priced { price: price.amount, unit: price.unit, leg };
        let event = self.own_event(call, key, Source::Reconciler, what);
        if let Err(error) = self.observe(event).await {
            tracing::warn!(%call, %error, "call.price_not_journaled: the carrier is asked again later");
        }
    }
}
