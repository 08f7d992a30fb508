//! One event as listeners hear it.

use super::cursor::{Cursor, Place};
use super::name::{EventName, names};
use crate::intake::kind_of;
use crate::record::Heard;
use jiff::Timestamp;
use trunkline_core::call::{Disposition, Says, Source, State, Status, What};
use trunkline_core::id::{CallId, CampaignId, TenantId};
use trunkline_journal::Lsn;

/// One event of one call, with what the call was when it had happened. Nothing in it is a person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveEvent {
    /// Its id: whoever has heard of it goes on after it.
    pub id: Cursor,
    /// What happened.
    pub name: EventName,
    /// Whose call it is.
    pub tenant: TenantId,
    /// Which call.
    pub call: CallId,
    /// The campaign whose attempt the call is.
    pub campaign: Option<CampaignId>,
    /// The call's status then.
    pub status: Status,
    /// Its state then.
    pub state: State,
    /// How it had ended, if it had.
    pub disposition: Option<Disposition>,
    /// When the server heard of it.
    pub at: Timestamp,
    /// When it happened, by the carrier's word.
    pub occurred_at: Option<Timestamp>,
    /// Who told the server.
    pub source: Source,
    /// The event's word in the call's history. That list grows.
    pub kind: &'static str,
    /// The index of the question that it is about.
    pub question: Option<u16>,
}

impl LiveEvent {
    /// What a record tells of, in order.
    pub(super) fn told(journal: u32, lsn: Lsn, heard: &Heard) -> impl Iterator<Item = Self> {
        let Heard { tenant, event, became } = heard;
        let (first, last) = names(&event.what, became);
        let one = move |place: Place, name: EventName| Self {
            id: Cursor { journal, place },
            name,
            tenant: tenant.clone(),
            call: event.call,
            campaign: became.campaign,
            status: became.status,
            state: became.state,
            disposition: became.disposition,
            at: event.received_at,
            occurred_at: event.occurred_at,
            source: event.source,
            kind: kind_of(&event.what),
            question: question(&event.what),
        };
        let first = first.map(|name| one(Place::within(lsn), name));
        let last = last.map(|name| one(Place::after(lsn), name));
        first.into_iter().chain(last)
    }
}

/// The question that was answered, or else is asked.
fn question(what: &What) -> Option<u16> {
    match what {
        What::Spoke(spoke) => match (&spoke.heard, &spoke.says) {
            (Some(heard), _) => Some(heard.step),
            (None, Says::Question { step, .. }) => Some(*step),
            (None, Says::Goodbye | Says::Apology | Says::Bot { .. } | Says::Client | Says::Nothing) => None,
        },
        What::Recording(news) => news.step,
        What::Transcribed { step, .. } => Some(*step),
        What::Transcription(news) => Some(news.step),
        _ => None,
    }
}
