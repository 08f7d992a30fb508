//! What a call's model asks for, and what comes of it.
//!
//! The bridge journals that the model asked, calls [`Inner::rule_on`], journals the answer, and tells the model. Confirming and cancelling are facts of the call: the projector writes them into the
//! calendar with the call's rows, so they need no database. A time that others may want is asked of the store first; asked again after a
//! crash it is the same appointment, by the call that booked it and by the time that it is at.

use super::{AppointmentError, LOOKS_UP_FOR, no_chance};
use crate::clock::chance;
use crate::engine::Inner;
use trunkline_core::appointment::{Appointment, AppointmentStatus, Change};
use trunkline_core::bot::{
    Answered, Asked, Bot, Calendar, Case, Claim, ClaimKind, Ruling, Settled, Sight, Spent, Tools, brief,
    decide, is_somebodys, settle,
};
use trunkline_core::bridge::Brief;
use trunkline_core::id::{AppointmentId, CallId, TenantId};
use trunkline_core::private::{Address, Private};
use trunkline_core::script::Caller;
use trunkline_store::{Changed, Made};

/// A change that somebody else was faster with is tried again so often.
const TRIES: usize = 3;

/// A call in which a bot talks, as far as its tools are concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToolsOf<'a> {
    /// The call.
    pub call: CallId,
    /// Whose it is.
    pub tenant: &'a TenantId,
    /// The bot, in the version the call began with.
    pub bot: &'a Bot,
    /// The number of whom the bot talks to, by the carrier's word.
    pub phone: &'a Address,
    /// What they are called, if the order said so.
    pub name: Option<&'a Private<String>>,
    /// The appointment the call is about, as it was when the call began.
    pub about: Option<&'a Appointment>,
    /// What the tools have done so far.
    pub tools: &'a Tools,
    /// What the call has used.
    pub spent: Spent,
}

impl Inner {
    /// The appointment that a call is about: the one that is named, if it is this person's, else the next one of their number. `None`
    /// too if nobody can say now.
    pub(crate) async fn appointment_about(
        &self,
        tenant: &TenantId,
        phone: &Address,
        named: Option<AppointmentId>,
    ) -> Option<Appointment> {
        if !is_somebodys(phone) {
            return None;
        }
        let now = self.clock.now();
        let found = self.ask_calendar(async |store| match named {
            Some(id) => Ok(store.appointment(tenant, id).await?.filter(|named| named.phone == *phone)),
            None => store.next_appointment(tenant, phone, now).await,
        });
        match found.await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "bot.no_calendar: the call begins without its appointment");
                None
            }
        }
    }

    /// What a session of the model begins with.
    pub(crate) async fn brief_for(&self, talk: &ToolsOf<'_>, caller: &Caller) -> Brief {
        let sight = tokio::time::timeout(LOOKS_UP_FOR, self.sight(talk)).await.unwrap_or_else(|_| {
            let about = talk.about.cloned();
            let name = talk.name.cloned().or_else(|| about.as_ref().map(|own| own.customer.clone()));
            let phone = talk.phone.clone();
            Sight { phone, name, own: about, booked: talk.tools.booked(), calendar: Calendar::Away }
                .after(talk.tools)
        });
        brief(talk.bot, caller, &sight, self.clock.now())
    }

    /// Rules on a tool that the model asked for, and does what is the store's to do.
    pub(crate) async fn rule_on(&self, talk: &ToolsOf<'_>, asked: &Asked) -> Answered {
        let sight = self.sight(talk).await;
        let ToolsOf { bot, tools, spent, .. } = *talk;
        let case = Case { bot, tools, sight: &sight, spent, now: self.clock.now() };
        let answered = match decide(&case, asked) {
            Ruling::Answered(answered) => answered,
            Ruling::Ask(claim) => {
                let settled = self.claim_time(talk, &claim).await;
                settle(&case, asked, &claim, &settled)
            }
        };
        tracing::info!(call = %talk.call, tool = answered.tool.map(trunkline_core::bot::Tool::as_str), "bot.tool_answered");
        answered
    }

    /// What a call may see: its caller's own appointment as it is now, or as it was when nobody can say; and which times are free.
    pub(crate) async fn sight(&self, talk: &ToolsOf<'_>) -> Sight {
        let calendar = match self.diaries_for_bots(talk.tenant).await {
            Ok(diaries) => Calendar::Known(diaries),
            Err(_) => Calendar::Away,
        };
        let booked = match talk.tools.booked() {
            Some(booked) => Some(booked),
            None => {
                let found =
                    self.ask_calendar(async |store| store.appointment_booked_in(talk.call).await).await;
                found.ok().flatten().map(|found| found.id)
            }
        };
        let own = booked.or_else(|| talk.about.map(|about| about.id));
        let found = match own {
            None => None,
            Some(id) => self
                .ask_calendar(async |store| store.appointment(talk.tenant, id).await)
                .await
                .unwrap_or_else(|_| talk.about.filter(|about| about.id == id).cloned()),
        };
        let name = talk.name.cloned().or_else(|| found.as_ref().map(|own| own.customer.clone()));
        Sight { phone: talk.phone.clone(), name, own: found, booked, calendar }.after(talk.tools)
    }

    async fn claim_time(&self, talk: &ToolsOf<'_>, claim: &Claim) -> Settled {
        let settled = match &claim.kind {
            ClaimKind::Book { customer, phone } => self.book_for(talk, claim, customer, phone).await,
            ClaimKind::Move { appointment } => self.move_for(talk, claim, *appointment).await,
        };
        settled.unwrap_or_else(|error| {
            tracing::warn!(call = %talk.call, %error, "bot.calendar_away: nothing was promised");
            Settled::Away
        })
    }

    async fn book_for(
        &self,
        talk: &ToolsOf<'_>,
        claim: &Claim,
        customer: &Private<String>,
        phone: &Address,
    ) -> Result<Settled, AppointmentError> {
        let now = self.clock.now();
        let chance = chance().map_err(no_chance)?;
        let new = Appointment {
            id: AppointmentId::minted(now, chance),
            tenant: talk.tenant.clone(),
            customer: customer.clone(),
            phone: phone.clone(),
            practitioner: claim.practitioner.clone(),
            start: claim.start,
            zone: claim.zone.clone(),
            minutes: claim.minutes,
            status: AppointmentStatus::Scheduled,
            notes: None,
            booked_by: Some(talk.call),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        Ok(match self.ask_calendar(async |store| store.make_appointment(&new).await).await? {
            Made::Yes => Settled::Is(Box::new(new)),
            Made::Before(before) => Settled::Is(before),
            Made::Taken => Settled::Taken,
        })
    }

    async fn move_for(
        &self,
        talk: &ToolsOf<'_>,
        claim: &Claim,
        id: AppointmentId,
    ) -> Result<Settled, AppointmentError> {
        let to = Change::Move {
            start: claim.start,
            zone: Some(claim.zone.clone()),
            practitioner: Some(claim.practitioner.clone()),
            minutes: Some(claim.minutes),
        };
        for _ in 0..TRIES {
            let was = self.ask_calendar(async |store| store.appointment(talk.tenant, id).await).await?;
            let Some(was) = was else { return Ok(Settled::Over) };
            let Ok(new) = was.apply(&to, self.clock.now()) else { return Ok(Settled::Over) };
            match self.ask_calendar(async |store| store.change_appointment(&new, was.version).await).await? {
                Changed::Yes => return Ok(Settled::Is(Box::new(new))),
                Changed::Taken => return Ok(Settled::Taken),
                Changed::Conflict => {}
            }
        }
        Err(AppointmentError::Conflict)
    }
}
