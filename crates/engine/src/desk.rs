//! The engine as one tenant sees it: their calls and nobody else's. Another tenant's call is answered as one that never
//! was.

use crate::engine::{AskedRecording, Engine, Inner};
use crate::intake::IntakeError;
use crate::order::{EndError, Order, PlaceError, Placed};
use crate::reader::{BadQuery, Unavailable};
use crate::reading::{Counts, Entry, History, Listing, Query};
use jiff::Timestamp;
use std::sync::Arc;
use trunkline_core::call::Call;
use trunkline_core::id::TenantId;
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::{Address, Private};

/// What one tenant may ask of the engine. Whoever holds one has said whose calls they mean.
#[derive(Clone)]
pub struct Desk {
    engine: Engine,
    tenant: TenantId,
}

impl Engine {
    /// The desk of a tenant.
    pub fn of(&self, tenant: &TenantId) -> Desk {
        Desk { engine: self.clone(), tenant: tenant.clone() }
    }

    /// The desk of the tenant that is always there.
    pub fn desk(&self) -> Desk {
        self.of(&TenantId::default_tenant())
    }
}

impl Desk {
    /// Whose it is.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The time by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.inner().clock.now()
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.engine.inner
    }

    /// Runs something for this tenant to its end, even if whoever asked for it hangs up meanwhile.
    pub(crate) async fn to_the_end<T, F>(
        &self,
        run: impl FnOnce(Arc<Inner>, TenantId) -> F,
    ) -> Result<T, IntakeError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let tenant = self.tenant.clone();
        self.engine.to_the_end(|inner| run(inner, tenant)).await
    }

    /// What the accounts are called that this tenant's calls may go through, the first choice first.
    pub fn carriers(&self) -> Vec<String> {
        self.inner().choice_of(&self.tenant).names().into_iter().map(str::to_owned).collect()
    }

    /// Takes on an order to call somebody.
    pub async fn place(&self, order: Order) -> Result<Placed, PlaceError> {
        self.to_the_end(async move |inner, tenant| inner.place(&tenant, order).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }

    /// Ends a call, named by our id or the carrier's.
    pub async fn end(&self, id: &str) -> Result<Arc<Call>, EndError> {
        let id = id.to_owned();
        self.to_the_end(async move |inner, tenant| inner.end(&tenant, &id).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }

    /// A call, by our id or the carrier's.
    pub async fn call(&self, id: &str) -> Result<Option<Arc<Call>>, Unavailable> {
        self.inner().call(&self.tenant, id).await
    }

    /// A page of calls.
    pub async fn calls(&self, query: &Query) -> Result<Listing, BadQuery> {
        self.inner().calls(&self.tenant, query).await
    }

    /// A call's history.
    pub async fn history(&self, id: &str) -> Result<Option<Vec<Entry>>, Unavailable> {
        self.inner().history(&self.tenant, id).await
    }

    /// Counts, and whether history could be counted.
    pub async fn counts(&self) -> (Counts, History) {
        self.inner().counts(&self.tenant).await
    }

    /// The `n`-th recording of a call, from 0 in the order of questions, if it is or was kept.
    pub async fn recording(&self, id: &str, n: usize) -> Result<Option<AskedRecording>, Unavailable> {
        let call = self.call(id).await?;
        Ok(call.and_then(|call| self.inner().recording_file(&call, n)))
    }

    /// Suppresses a number: this tenant never dials it again.
    pub async fn suppress(&self, number: &str, reason: &str) -> Result<(), PlaceError> {
        let parsed = PhoneNumber::parse(number, self.inner().config.default_country);
        let parsed = parsed.map_err(|bad| PlaceError::Invalid { field: "number", why: bad.to_string() })?;
        let number = Address::new(parsed.number.as_str());
        Ok(self.inner().suppress_number(&self.tenant, number, reason).await?)
    }

    /// The numbers that this tenant never dials, with the reasons.
    pub fn suppressions(&self) -> Vec<(Private<String>, String, Timestamp)> {
        let all = self.inner().suppressed.of(&self.tenant);
        all.into_iter()
            .map(|entry| (Private::new(entry.number.to_string()), entry.reason, entry.since))
            .collect()
    }
}
