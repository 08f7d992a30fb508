//! Reads from the cache what this node can't answer otherwise, and believes nothing that it can't prove.
//!
//! Memory is asked first, then the store, and the cache only where the store is away or slow. What the cache says is
//! told only if [`Vouched`](crate::vouched::Vouched) knows it for the last writing of a call that is over: then it is
//! what the store would say.

use crate::caching::Caching;
use crate::engine::Inner;
use crate::reader::Unavailable;
use crate::vouched::Name;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::timeout;
use trunkline_core::call::Call;
use trunkline_core::id::{CarrierCallId, SessionId, TenantId};
use trunkline_store::cache::{Cached, Found, Link};

/// No reader waits longer than this for the cache.
const PATIENCE: Duration = Duration::from_millis(50);
/// A store that has not answered for so long is slow: the cache is asked beside it.
const STORE_FIRST: Duration = Duration::from_millis(250);

/// What a reader asks for.
#[derive(Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// A call by our id or the carrier's.
    Call(&'a str),
    /// The newest call of a session.
    Session(&'a SessionId),
}

impl Caching {
    /// The connection, unless it is away or in doubt.
    fn link(&self) -> Option<Link> {
        if self.is_doubted.load(Ordering::Acquire) { None } else { self.link.read().clone() }
    }

    fn doubt(&self) {
        self.is_doubted.store(true, Ordering::Release);
        self.doubted.notify_one();
    }

    /// The call that was found, if it is the last that we wrote of it.
    fn believed(&self, found: Found) -> Option<Arc<Call>> {
        match found {
            Found::Nothing => None,
            Found::Refused => {
                if self.refused.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::warn!("cache.foreign_value: it is ignored, and others are only counted");
                }
                None
            }
            Found::Call(cached) => {
                let Cached { call, edition } = *cached;
                let is_ours = edition.life == self.life;
                (is_ours && self.vouched.is_last(call.id, edition.number)).then(|| Arc::new(call))
            }
        }
    }
}

impl Inner {
    /// A reader's answer from the store, or from the cache while the store is away or slow. What the cache can't vouch for
    /// is answered as without it.
    pub(crate) async fn or_cached(
        &self,
        tenant: &TenantId,
        asked: Asked<'_>,
        store: impl Future<Output = Result<Option<Arc<Call>>, Unavailable>>,
    ) -> Result<Option<Arc<Call>>, Unavailable> {
        let Some(caching) = &self.caching else { return store.await };
        let mut store = pin!(store);
        match timeout(STORE_FIRST, &mut store).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(away)) => self.cached(caching, tenant, asked).await.map(Some).ok_or(away),
            Err(_) => match self.cached(caching, tenant, asked).await {
                Some(call) => Ok(Some(call)),
                None => store.await,
            },
        }
    }

    async fn cached(&self, caching: &Caching, tenant: &TenantId, asked: Asked<'_>) -> Option<Arc<Call>> {
        let (vouched, link) = (&caching.vouched, caching.link()?);
        let asking = async {
            match asked {
                Asked::Call(id) => {
                    let ours = id.parse().ok().filter(|ours| vouched.has(*ours));
                    let theirs = CarrierCallId::new(id);
                    match ours.or_else(|| vouched.newest(tenant, Name::Carrier(&theirs))) {
                        Some(call) => link.call(call).await,
                        None => Ok(Found::Nothing),
                    }
                }
                Asked::Session(session) => match vouched.newest(tenant, Name::Session(session)) {
                    Some(_) => link.call_of_session(tenant, session).await,
                    None => Ok(Found::Nothing),
                },
            }
        };
        let Ok(Ok(found)) = timeout(PATIENCE, asking).await else {
            caching.doubt();
            return None;
        };
        let call = caching.believed(found)?;
        // The hashes of two names may be the same, and a pointer may be older than the call it leads to.
        let is_asked_for = match asked {
            Asked::Call(id) => {
                let theirs = CarrierCallId::new(id);
                id.parse() == Ok(call.id)
                    || call.legs.iter().any(|leg| leg.carrier_call_id.as_ref() == Some(&theirs))
            }
            Asked::Session(session) => {
                call.session.as_ref() == Some(session)
                    && vouched.newest(tenant, Name::Session(session)) == Some(call.id)
            }
        };
        (is_asked_for && call.tenant == *tenant).then_some(call)
    }
}
