//! The doors of clients that carry their calls themselves and want only the state kept: register, report, take back, and
//! look up by conversation.
//!
//! A registered call is a call like any other: journaled before anybody is told, held in memory while it lives,
//! recovered after a crash, projected for history. Its id derives from the client's, so that a repeat finds it.

use crate::cached::Asked;
use crate::desk::Desk;
use crate::engine::Inner;
use crate::intake::{Taken, key_hash};
use crate::live::Handle;
use crate::order::{Novelty, Placed};
use crate::placing::MAX_METADATA_BYTES;
use crate::reader::Unavailable;
use crate::registration::{RegisterError, Registration, Report, ReportId, Reported};
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::call::{
    Call, Event, Metadata, Party, Refused, Registration as Fact, Source, Status, StatusReport, What,
};
use trunkline_core::id::{AccountId, CallId, CarrierCallId, EventKey, SessionId, TenantId};
use trunkline_core::private::{Address, Private};

/// Longer ones are no telephone numbers and no SIP addresses.
const MAX_ADDRESS_CHARS: usize = 256;
/// Who asks for a session that has a live call waits no longer than this for an older truth.
const OVERLAY_PATIENCE: Duration = Duration::from_millis(40);

impl Desk {
    /// Keeps a call that its client carries itself. A repeat is answered with the call that there is.
    ///
    /// # Errors
    /// `Invalid`; `RegisteredOtherwise` if the same id came with another session or provider; `NotRegistered` if it is
    /// a call of this server; `Closed` at the limit of live calls; `History` if it may be a call of an earlier day and
    /// history can't be read; `Journal`.
    pub async fn register(&self, registration: Registration) -> Result<Placed, RegisterError> {
        self.to_the_end(async move |inner, tenant| inner.register(&tenant, &registration).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }

    /// Keeps a call that began before it was registered, and takes in what is known of it since, in order. A repeat
    /// changes nothing.
    ///
    /// # Errors
    /// As [`Desk::register`] and [`Desk::report`].
    pub async fn import(
        &self,
        registration: Registration,
        reports: Vec<Report>,
    ) -> Result<Placed, RegisterError> {
        self.to_the_end(async move |inner, tenant| inner.import(&tenant, &registration, reports).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }

    /// Takes in a client's word on where its call is, named by our id or its own.
    ///
    /// # Errors
    /// `NotFound`; `NotRegistered`; `Invalid` if the metadata would grow too large; `History`; `Journal`.
    pub async fn report(&self, id: &str, report: Report) -> Result<Reported, RegisterError> {
        let id = id.to_owned();
        self.to_the_end(async move |inner, tenant| inner.report(&tenant, &id, report).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }

    /// Merges keys into the metadata of any call; a null removes its key. `event` is the client's own name of this
    /// change: a second one of that name changes nothing.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` if the metadata would grow too large; `History`; `Journal`.
    pub async fn merge_metadata(
        &self,
        id: &str,
        patch: Private<Metadata>,
        event: Option<String>,
    ) -> Result<Arc<Call>, RegisterError> {
        let id = id.to_owned();
        self.to_the_end(async move |inner, tenant| inner.merge_metadata(&tenant, &id, patch, event).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }

    /// Takes a registered call back: a live one ends as completed, and its row stays. A call that is not known, or
    /// was taken back before, is fine.
    ///
    /// # Errors
    /// `NotRegistered`; `History`; `Journal`.
    pub async fn unregister(&self, id: &str) -> Result<(), RegisterError> {
        let id = id.to_owned();
        self.to_the_end(async move |inner, tenant| inner.unregister(&tenant, &id).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }

    /// Takes back every live registered call of a session, and its newest one. Calls of this server are left alone.
    ///
    /// # Errors
    /// `History` if no call of it is in memory and history can't be read; `Journal`.
    pub async fn unregister_session(&self, session: &str) -> Result<(), RegisterError> {
        let session = SessionId::new(session);
        self.to_the_end(async move |inner, tenant| inner.unregister_session(&tenant, &session).await)
            .await
            .unwrap_or_else(|died| Err(died.into()))
    }

    /// The newest call of a session, whoever carries it.
    ///
    /// # Errors
    /// [`Unavailable`] if no call of it is in memory and history can't be read.
    pub async fn call_of_session(&self, session: &str) -> Result<Option<Arc<Call>>, Unavailable> {
        self.inner().call_of_session(self.tenant(), &SessionId::new(session)).await
    }
}

impl Inner {
    async fn register(
        self: &Arc<Self>,
        tenant: &TenantId,
        asked: &Registration,
    ) -> Result<Placed, RegisterError> {
        let fact = fact(tenant, asked)?;
        let id = CallId::registered(&fact.tenant, &fact.call_id);
        if let Some(known) = self.known(id, &fact).await? {
            return repeated(known, &fact);
        }
        let limit = self.config.dial_limits.max_live;
        if self.live.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(RegisterError::Closed(format!("{limit} calls are live, which is the limit")));
        }
        let what = What::Registered(Box::new(fact.clone()));
        let event = self.own_event(id, "registered".to_owned(), Source::Api, what);
        let (handle, taken) = self.begin(Event { occurred_at: asked.began_at, ..event }).await?;
        let call = handle.lock().call.clone();
        match taken {
            Taken::Applied => {
                tracing::info!(call = %id, "call.registered");
                Ok(Placed { call, novelty: Novelty::New, warnings: Vec::new() })
            }
            _ => repeated(call, &fact),
        }
    }

    /// The call of this id, if there is one. A database that is away keeps no new call out: only one that was here within
    /// a day, and has left memory, must be looked up.
    async fn known(self: &Arc<Self>, id: CallId, fact: &Fact) -> Result<Option<Arc<Call>>, RegisterError> {
        if let Some(handle) = self.live.get(id) {
            return Ok(Some(self.seen(&handle).await?));
        }
        let carriers = self.by_carriers_name(&fact.call_id);
        if let Some(call) = carriers.filter(|call| self.live_of(&fact.tenant, *call).is_some()) {
            return Err(RegisterError::NotRegistered { call });
        }
        match self.ask_store(async |store| store.load_call(id).await).await {
            Ok(call) => Ok(call.map(Arc::new)),
            Err(away) if self.bound.contains(&fact.account, &fact.call_id) => Err(away.into()),
            Err(_) => Ok(None),
        }
    }

    async fn import(
        self: &Arc<Self>,
        tenant: &TenantId,
        asked: &Registration,
        reports: Vec<Report>,
    ) -> Result<Placed, RegisterError> {
        let mut placed = self.register(tenant, asked).await?;
        // What was imported before, and has ended here since, is not brought back into memory for nothing.
        if placed.call.is_over() {
            return Ok(placed);
        }
        let id = placed.call.id.to_string();
        for report in reports {
            placed.call = self.report(tenant, &id, report).await?.call;
        }
        Ok(placed)
    }

    async fn report(
        self: &Arc<Self>,
        tenant: &TenantId,
        id: &str,
        mut report: Report,
    ) -> Result<Reported, RegisterError> {
        let handle = self.named(tenant, id).await?;
        let (call, key) = {
            let live = handle.lock();
            if live.call.registered.is_none() {
                return Err(RegisterError::NotRegistered { call: live.call.id });
            }
            has_room(&live.call, &report.metadata)?;
            let key = report_key(&live.call, report.status, &report.id);
            let is_repeat = live.seen.contains(&key_hash(&EventKey::new(key.as_str())));
            if is_repeat && is_late(&live.call, &report) {
                // Said before, and said again when the call is past it: one more late word for the history. What it
                // brought along was merged the first time, and may have changed since.
                report.metadata = Private::default();
                (live.call.id, format!("{key}:in:{}", live.call.state().as_str()))
            } else {
                (live.call.id, key)
            }
        };
        let what = What::StatusReported(Box::new(StatusReport {
            status: report.status,
            word: report.word,
            patch: report.metadata,
        }));
        let event = Event { occurred_at: report.at, ..self.own_event(call, key, Source::Api, what) };
        let refused = match self.observe_on(&handle, event).await? {
            Taken::Applied | Taken::Unmerged => None,
            Taken::Refused(refused) => Some(refused),
            Taken::Repeated => Some(Refused::Same),
        };
        Ok(Reported { call: self.seen(&handle).await?, refused })
    }

    async fn merge_metadata(
        self: &Arc<Self>,
        tenant: &TenantId,
        id: &str,
        patch: Private<Metadata>,
        event: Option<String>,
    ) -> Result<Arc<Call>, RegisterError> {
        let handle = self.named(tenant, id).await?;
        let (call, changes) = {
            let live = handle.lock();
            (live.call.id, has_room(&live.call, &patch)?)
        };
        // Without a name, a patch is known by what it does: one that changes nothing is no event.
        let key = match event {
            Some(event) => Some(format!("metadata:{event}")),
            None => (changes == Changes::Some).then(|| self.patch_key(&patch)),
        };
        if let Some(key) = key {
            let event = self.own_event(call, key, Source::Api, What::MetadataMerged { patch });
            self.observe_on(&handle, event).await?;
        }
        self.seen(&handle).await
    }

    /// The key of a patch without a name: two of one moment are one only if they say the same.
    fn patch_key(&self, patch: &Private<Metadata>) -> String {
        let said = EventKey::new(serde_json::to_string(patch).unwrap_or_default());
        format!("metadata:{}:{:016x}", self.clock.now(), key_hash(&said))
    }

    async fn unregister(self: &Arc<Self>, tenant: &TenantId, id: &str) -> Result<(), RegisterError> {
        let handle = match self.named(tenant, id).await {
            Ok(handle) => handle,
            Err(RegisterError::NotFound) => return Ok(()),
            Err(error) => return Err(error),
        };
        let (call, is_registered) = {
            let live = handle.lock();
            (live.call.id, live.call.registered.is_some())
        };
        if !is_registered {
            return Err(RegisterError::NotRegistered { call });
        }
        self.take_back(&handle).await
    }

    async fn unregister_session(
        self: &Arc<Self>,
        tenant: &TenantId,
        session: &SessionId,
    ) -> Result<(), RegisterError> {
        let mut calls = self.sessions.of(tenant, session);
        match self.ask_store(async |store| store.call_by_session(tenant, session).await).await {
            Ok(newest) => calls.extend(newest.map(|call| call.id)),
            Err(away) if calls.is_empty() => return Err(away.into()),
            Err(_) => {}
        }
        for call in calls {
            if let Some(handle) = self.reach(call).await {
                self.take_back(&handle).await?;
            }
        }
        Ok(())
    }

    /// Takes a call back that is registered and was not taken back yet.
    async fn take_back(self: &Arc<Self>, handle: &Handle) -> Result<(), RegisterError> {
        let (call, is_kept) = {
            let live = handle.lock();
            (live.call.id, live.call.registered.is_some_and(|kept| kept.unregistered_at.is_none()))
        };
        if !is_kept {
            self.seen(handle).await?;
            return Ok(());
        }
        let event = self.own_event(call, "unregistered".to_owned(), Source::Api, What::Unregistered);
        self.observe_on(handle, event).await?;
        tracing::info!(%call, "call.unregistered");
        Ok(())
    }

    async fn call_of_session(
        &self,
        tenant: &TenantId,
        session: &SessionId,
    ) -> Result<Option<Arc<Call>>, Unavailable> {
        let live = self.sessions.of(tenant, session).pop().and_then(|call| self.live.get(call));
        let stored =
            self.ask_store(async |store| Ok(store.call_by_session(tenant, session).await?.map(Arc::new)));
        let asking = self.or_cached(tenant, Asked::Session(session), stored);
        let Some(handle) = live else { return asking.await };
        let live = self.settled(&handle).await;
        // Other servers on the same database may have a newer one.
        if !self.config.database.is_shared() && self.sessions.knows_the_newest(tenant, session) {
            return Ok(Some(live));
        }
        // A newer call of the session may have ended and left memory.
        let stored = tokio::time::timeout(OVERLAY_PATIENCE, asking).await;
        let newer = stored.ok().and_then(Result::ok).flatten();
        let place = |call: &Call| (call.created_at, call.id);
        Ok(newer.filter(|stored| place(stored) > place(&live)).or(Some(live)))
    }

    /// A call in memory by any of its names; brought back from history if it is there.
    async fn named(self: &Arc<Self>, tenant: &TenantId, id: &str) -> Result<Handle, RegisterError> {
        if let Some(handle) = self.in_memory(tenant, id) {
            return Ok(handle);
        }
        let call = self.stored(tenant, id).await?.ok_or(RegisterError::NotFound)?;
        if self.is_a_neighbours(&call).await {
            return Err(self.elsewhere().into());
        }
        let reached = self.reach(call.id).await;
        reached.ok_or_else(|| self.unavailable("it does not answer in time").into())
    }

    /// A call in memory as it is now, once that is durable.
    async fn seen(&self, handle: &Handle) -> Result<Arc<Call>, RegisterError> {
        let (call, last) = {
            let live = handle.lock();
            (live.call.clone(), live.last)
        };
        self.journal.wait_durable(last).await.map_err(crate::IntakeError::from)?;
        Ok(call)
    }
}

/// A second registration of a call: the same, or another one under its name?
fn repeated(call: Arc<Call>, fact: &Fact) -> Result<Placed, RegisterError> {
    let otherwise = |field| Err(RegisterError::RegisteredOtherwise { call: call.id, field });
    if call.session.as_ref() != Some(&fact.session) {
        return otherwise("session_id");
    }
    if call.account != fact.account {
        return otherwise("provider");
    }
    let (kept, asked) = (&call.party, &fact.party);
    let differs = [
        ("direction", call.direction != fact.direction),
        ("from_number", kept.from != asked.from),
        ("to_number", kept.to != asked.to),
        ("metadata", merged(&call, &asked.metadata) != *kept.metadata.reveal()),
    ];
    let warning = |(field, _)| format!("{field}: stays as it is, the call was registered before");
    let warnings = differs.into_iter().filter(|(_, differs)| *differs).map(warning).collect();
    Ok(Placed { call, novelty: Novelty::Repeated, warnings })
}

/// Checks what came in, whole, before anything is written.
fn fact(tenant: &TenantId, asked: &Registration) -> Result<Fact, RegisterError> {
    let invalid = |field, why: &str| Err(RegisterError::Invalid { field, why: why.to_owned() });
    let is_visible = |word: &str| word.bytes().all(|byte| byte.is_ascii_graphic());
    if !(1..=128).contains(&asked.call_id.len()) || !is_visible(&asked.call_id) {
        return invalid("call_id", "give 1 to 128 visible ASCII characters");
    }
    if !is_session(&asked.session_id) {
        return invalid("session_id", "give 1 to 255 characters, none of them a control character");
    }
    if asked.provider.eq_ignore_ascii_case(AccountId::APP) {
        return invalid("provider", "calls between users of an app are not registered");
    }
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !(1..=64).contains(&asked.provider.len()) || !asked.provider.bytes().all(is_word) {
        return invalid(
            "provider",
            "give a word of at most 64 letters, digits, dots and dashes, such as twilio",
        );
    }
    for (field, number) in [("from_number", &asked.from), ("to_number", &asked.to)] {
        let number = number.reveal();
        if number.chars().count() > MAX_ADDRESS_CHARS || number.chars().any(char::is_control) {
            return invalid(field, "give at most 256 characters, none of them a control character");
        }
    }
    if let Err(why) = fits(asked.metadata.reveal()) {
        return invalid("metadata", &why);
    }
    Ok(Fact {
        account: AccountId::registered(&asked.provider.to_ascii_lowercase(), tenant),
        tenant: tenant.clone(),
        call_id: CarrierCallId::new(asked.call_id.as_str()),
        session: SessionId::new(asked.session_id.as_str()),
        direction: asked.direction,
        party: Party {
            to: Address::new(asked.to.reveal().trim()),
            from: Address::new(asked.from.reveal().trim()),
            metadata: asked.metadata.clone(),
            ..Party::default()
        },
    })
}

/// Whether this can be the name of a session.
pub(crate) fn is_session(word: &str) -> bool {
    (1..=255).contains(&word.chars().count()) && !word.chars().any(char::is_control)
}

fn report_key(call: &Call, status: Status, id: &ReportId) -> String {
    match id {
        ReportId::Event(event) => format!("status:{}:event:{event}", status.as_str()),
        ReportId::Body(hash) => format!("status:{}:{}:{hash}", status.as_str(), call.move_of(status)),
    }
}

/// Whether a word that bears no name of its own is one that the call is past.
fn is_late(call: &Call, report: &Report) -> bool {
    matches!(report.id, ReportId::Body(_)) && report.status.live_parts().0 < call.state()
}

/// Whether a patch would change a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changes {
    None,
    Some,
}

fn has_room(call: &Call, patch: &Private<Metadata>) -> Result<Changes, RegisterError> {
    let after = merged(call, patch);
    if after == *call.party.metadata.reveal() {
        return Ok(Changes::None);
    }
    match fits(&after) {
        Ok(()) => Ok(Changes::Some),
        Err(why) => Err(RegisterError::Invalid { field: "metadata", why }),
    }
}

/// The metadata of a call with a patch merged into it.
fn merged(call: &Call, patch: &Private<Metadata>) -> Metadata {
    let mut after = call.party.metadata.reveal().clone();
    after.extend(patch.reveal().clone());
    after.retain(|_, value| !value.is_null());
    after
}

fn fits(metadata: &Metadata) -> Result<(), String> {
    let bytes = serde_json::to_vec(metadata).unwrap_or_default().len();
    if bytes <= MAX_METADATA_BYTES {
        return Ok(());
    }
    Err(format!("{bytes} bytes of JSON; at most {MAX_METADATA_BYTES} are kept"))
}
