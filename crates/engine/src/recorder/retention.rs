//! Recordings that have had their time: the audio goes, and the call says so.
//!
//! The audio first, then the word in the journal: a crash in between is made good by the next round, and a recording that is
//! said to be removed is. Each node goes through the calls of all tenants in the order of their beginning and remembers how
//! far it has come, so a round costs what is new. Two nodes that meet at one call do the same, and the event is one.

use crate::engine::Inner;
use crate::reader::Unavailable;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::call::{
    Call, DueRecordings, Recording, RecordingNews, RecordingOf, RecordingState, Removal, Source, What,
};
use trunkline_core::id::TenantId;
use trunkline_core::tenancy::Decision;
use trunkline_media::RecordingName;

/// How often somebody looks.
const EVERY: Duration = Duration::from_secs(900);
/// After a start, when the database is there as a rule.
const FIRST: Duration = Duration::from_secs(60);
/// So many calls are looked at before others have a turn.
const PAGE: u16 = 100;
/// Between two pages: whoever answers calls comes first. In real time.
const BREATH: Duration = Duration::from_millis(50);

/// How far one page came.
enum Page {
    /// To its end, and there may be more.
    Whole(Timestamp),
    /// To a call that is not due yet, or to the last there is.
    Last(Option<Timestamp>),
}

impl Inner {
    /// Removes recordings that have had their time, until the server stops.
    pub(crate) async fn retire_recordings(self: Arc<Self>) {
        if self.config.keep_recordings.is_for_ever() {
            return;
        }
        let mut wait = FIRST;
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.clock.really(wait)) => {}
                () = self.stop.cancelled() => return,
            }
            wait = EVERY;
            for tenant in self.all_tenants() {
                // While the database is away nobody knows what is old: there is another round.
                if self.retire_of(&tenant).await.is_err() || self.stop.is_cancelled() {
                    break;
                }
            }
        }
    }

    pub(crate) fn all_tenants(&self) -> BTreeSet<TenantId> {
        let known = self.trust.rows().into_iter().filter_map(|row| match row {
            Decision::Tenant(tenant) => Some(tenant.id),
            Decision::Key(_) | Decision::User(_) | Decision::Number(_) => None,
        });
        known.chain([TenantId::default_tenant()]).collect()
    }

    async fn retire_of(self: &Arc<Self>, tenant: &TenantId) -> Result<(), Unavailable> {
        let node = self.ident.node.as_str();
        let mark = self.ask_store(async |store| store.recordings_mark(node, tenant).await).await?;
        let mut from = mark.unwrap_or(Timestamp::UNIX_EPOCH);
        while let Some(before) = self.config.keep_recordings.before(tenant, self.clock.now()) {
            let (upto, is_last) = match self.retire_page(tenant, from, before).await? {
                Page::Whole(upto) => (Some(upto), false),
                Page::Last(upto) => (upto, true),
            };
            if let Some(upto) = upto.filter(|upto| *upto > from) {
                self.ask_store(async |store| store.mark_recordings(node, tenant, upto).await).await?;
                from = upto;
            }
            if is_last || self.stop.is_cancelled() {
                return Ok(());
            }
            tokio::time::sleep(BREATH).await;
        }
        Ok(())
    }

    async fn retire_page(
        self: &Arc<Self>,
        tenant: &TenantId,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<Page, Unavailable> {
        let calls = self.ask_store(async |store| store.calls_from(tenant, from, before, PAGE).await).await?;
        let mut upto = None;
        for call in &calls {
            match call.recordings_due(before) {
                DueRecordings::Never => {}
                DueRecordings::Later => return Ok(Page::Last(upto)),
                DueRecordings::Now(due) => {
                    for (of, recording) in due {
                        if !self.retire_one(call, of, recording).await {
                            return Ok(Page::Last(upto));
                        }
                    }
                }
            }
            // Others may have begun in the same microsecond: the next round looks at this one once more.
            upto = Some(call.created_at);
        }
        let is_whole = calls.len() >= usize::from(PAGE);
        Ok(match upto.filter(|upto| is_whole && *upto > from) {
            Some(upto) => Page::Whole(upto),
            None => Page::Last(upto),
        })
    }

    /// Removes one; whether nothing more is to be done about it here.
    async fn retire_one(self: &Arc<Self>, call: &Call, of: RecordingOf, recording: &Recording) -> bool {
        let Some(name) = RecordingName::new(&call.id.to_string(), recording.id.as_str()) else { return true };
        match self.recordings.remove(&name).await {
            Ok(Some(_)) => {}
            // It may be in the folder of another node, which removes it.
            Ok(None) if self.recordings.bucket().is_none() && self.config.database.is_shared() => {
                return true;
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(call = %call.id, %error, "recordings.not_removed: tried again in the next round");
                return false;
            }
        }
        let at = self.clock.now();
        let what = What::Recording(Box::new(RecordingNews {
            id: recording.id.clone(),
            step: of.step(),
            stream: of.stream(),
            ask: recording.ask,
            url: None,
            duration_secs: None,
            state: RecordingState::Removed { at, why: Removal::Retention },
        }));
        let key = format!("recording:{}:removed", recording.id);
        match self.observe(self.own_event(call.id, key, Source::Engine, what)).await {
            Ok(_) => {
                self.moving.removed();
                true
            }
            Err(error) => {
                tracing::warn!(call = %call.id, %error, "recording.not_journaled: it is said in the next round");
                false
            }
        }
    }
}
