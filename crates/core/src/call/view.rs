//! What users read off a call: derived, never stored apart.

use super::action::{Action, Handover};
use super::cost::together;
use super::disposition::{Disposition, EndFacts};
use super::evidence::HangUpBy;
use super::leg::EndSource;
use super::state::{State, Status};
use super::turn::{AnswerValue, Recording, RecordingOf, RecordingState};
use super::{BotOver, Call, Price, Stray};
use crate::bot;
use crate::id::{AccountId, ActionNo, CampaignId, CarrierCallId};
use crate::script::ScriptName;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a script achieved. Carriers never set it, and it never overwrites the disposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The good-bye was reached.
    Finished,
    /// Some questions were answered, and the line was closed before the good-bye.
    Partial,
    /// Somebody else took the call over: what the script still had to ask is theirs.
    Transferred,
    /// A bot's: the appointment was confirmed.
    Confirmed,
    /// A bot's: the appointment was moved to another time.
    Rescheduled,
    /// A bot's: the appointment was cancelled.
    Cancelled,
    /// A bot's: an appointment was made.
    Booked,
    /// A bot's: the person did not want to talk.
    Refused,
    /// A bot's: nobody took the call.
    NoAnswer,
    /// A bot's: a machine took the call.
    Voicemail,
    /// A bot's: the line was closed in the middle of the conversation.
    Interrupted,
    /// A bot's: something broke.
    Error,
    /// A bot's: it ended, and nothing was done.
    Unknown,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Finished,
        Self::Partial,
        Self::Transferred,
        Self::Confirmed,
        Self::Rescheduled,
        Self::Cancelled,
        Self::Booked,
        Self::Refused,
        Self::NoAnswer,
        Self::Voicemail,
        Self::Interrupted,
        Self::Error,
        Self::Unknown,
    ];

    /// The word in JSON and columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Partial => "partial",
            Self::Transferred => "transferred",
            Self::Confirmed => "confirmed",
            Self::Rescheduled => "rescheduled",
            Self::Cancelled => "cancelled",
            Self::Booked => "booked",
            Self::Refused => "refused",
            Self::NoAnswer => "no_answer",
            Self::Voicemail => "voicemail",
            Self::Interrupted => "interrupted",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }
}

impl Call {
    /// The call without its turns, for who keeps those apart: a call that goes on changes one turn of many.
    pub fn without_turns(&self) -> Self {
        Self {
            id: self.id,
            tenant: self.tenant.clone(),
            direction: self.direction,
            account: self.account.clone(),
            party: self.party.clone(),
            script: self.script.clone(),
            route: self.route,
            attestation: self.attestation,
            limits: self.limits,
            session: self.session.clone(),
            idempotency: self.idempotency.clone(),
            job: self.job.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            legs: self.legs.clone(),
            strays: self.strays.clone(),
            stray_accounts: self.stray_accounts.clone(),
            turns: BTreeMap::new(),
            registered: self.registered,
            app: self.app.clone(),
            bot: self.bot.clone(),
            actions: self.actions.clone(),
            price: self.price.clone(),
        }
    }

    /// The flat view of state and disposition.
    pub fn status(&self) -> Status {
        match self.disposition() {
            Some(disposition) => Status::ended(disposition),
            None => Status::live(self.state(), self.activity()),
        }
    }

    /// How it ended; `None` while it lives.
    pub fn disposition(&self) -> Option<Disposition> {
        let leg = self.leg();
        let nothing = super::Reported::default();
        Some(
            EndFacts {
                cause: leg.cause()?,
                direction: self.direction,
                answered: leg.answered.is_some(),
                rang: leg.rang(),
                answered_by: leg.answered_by,
                hung_up_for: leg.hung_up_for(),
                over_time: self.is_over_time(),
                reported: leg.end.as_ref().map_or(&nothing, |end| &end.reported),
            }
            .disposition(),
        )
    }

    /// Whether the carrier cut it: it is asked to at the time limit, and says no more than that the call is over.
    fn is_over_time(&self) -> bool {
        let limit = self.limits.time_limit_secs;
        let connected = self.leg().end.as_ref().and_then(|end| end.duration_secs);
        limit > 0 && connected.is_some_and(|secs| secs >= limit)
    }

    /// Who closed the line, as far as the facts tell.
    pub fn hang_up_by(&self) -> HangUpBy {
        self.leg().hang_up_by(self.direction)
    }

    /// Whether the end was seen or inferred.
    pub fn end_source(&self) -> Option<EndSource> {
        self.leg().cause()?;
        Some(self.leg().end.as_ref().map_or(EndSource::Inferred, |end| end.source))
    }

    /// What the script or the bot achieved. Where the bot failed, and had done nothing yet, it is the script's that went on.
    pub fn outcome(&self) -> Option<Outcome> {
        let Some(talk) = &self.bot else { return self.outcome_of_script() };
        let ended = self.disposition().map(|disposition| bot::Ending {
            disposition,
            talked: talk.has_words(),
            over: talk.why_over(),
        });
        let of_bot = bot::outcome(&talk.tools(), ended);
        // Where nobody has written a script, all that went on was an apology, or a message.
        let is_written =
            self.script.as_ref().is_some_and(|script| script.name != ScriptName::builtin().as_str());
        let failed = is_written
            && talk.why_over() == Some(BotOver::Failed)
            && matches!(of_bot, None | Some(Outcome::Error));
        if failed { self.outcome_of_script().or(of_bot) } else { of_bot }
    }

    fn outcome_of_script(&self) -> Option<Outcome> {
        self.script.as_ref()?;
        if self.legs.iter().any(|leg| leg.goodbye_at.is_some()) {
            Some(Outcome::Finished)
        } else if self.is_handed_over() {
            Some(Outcome::Transferred)
        } else if self.is_over() && self.answer_count() > 0 {
            Some(Outcome::Partial)
        } else {
            None
        }
    }

    /// How many questions have an answer.
    pub fn answer_count(&self) -> usize {
        self.turns.values().filter(|turn| turn.answer.is_some()).count()
    }

    /// Whether the person agreed to be recorded; `None` if nobody asked, or no answer came.
    pub fn consent(&self) -> Option<bool> {
        let answers = self.turns.values().rev().filter_map(|turn| turn.answer.as_ref());
        let mut consents = answers.filter_map(|answer| match answer.value {
            AnswerValue::Consent(yes) => Some(yes),
            _ => None,
        });
        consents.next()
    }

    /// The campaign whose attempt it is.
    pub fn campaign(&self) -> Option<CampaignId> {
        self.job.as_ref().and_then(|of| of.campaign)
    }

    /// The question that was asked last, as its index.
    pub fn question(&self) -> Option<u16> {
        self.turns.values().filter(|turn| turn.asks > 0).map(|turn| turn.step).max()
    }

    /// When the far end rang.
    pub fn ringing_at(&self) -> Option<Timestamp> {
        self.leg().ringing_at
    }

    /// When it was answered.
    pub fn answered_at(&self) -> Option<Timestamp> {
        self.leg().answered_at()
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.leg().ended_at()
    }

    /// How long it was connected, in whole seconds: the server's figure, from its own times.
    pub fn duration_secs(&self) -> Option<u32> {
        self.leg().duration_secs()
    }

    /// Whether it takes up a slot at the carrier: from the intent to the end. A call without a carrier of
    /// ours never does.
    pub fn holds_slot(&self) -> bool {
        self.has_carrier() && self.legs.iter().any(|leg| !matches!(leg.state(), State::Queued | State::Ended))
    }

    /// Whether it takes up one more slot: somebody to whom it is handed is to be dialed, is dialed, or talks.
    pub fn holds_second_slot(&self) -> bool {
        let is_open = |(_, action): (ActionNo, &Action)| {
            action.transfer().is_some() && matches!(action.handover(), Handover::Dialing | Handover::Talking)
        };
        self.holds_slot()
            && (self.pending_action().is_some_and(is_open) || self.standing_action().is_some_and(is_open))
    }

    /// What the carrier charged for all of its legs: its own, and those of whom it was handed to. Not known as long as the
    /// price of one is not known that was connected.
    pub fn cost(&self) -> Option<Price> {
        let mut prices = vec![self.price.as_ref()?];
        for action in self.actions.values().filter(|action| action.transfer().is_some()) {
            if action.children.is_empty() && matches!(action.handover(), Handover::Talking | Handover::Done) {
                return None;
            }
        }
        for (_, _, leg) in self.children() {
            match &leg.price {
                Some(price) => prices.push(price),
                None if leg.was_connected() => return None,
                None => {}
            }
        }
        together(&prices)
    }

    /// The legs of others of which the carrier can be asked what they cost.
    pub fn unpriced_children(&self) -> impl Iterator<Item = &CarrierCallId> {
        let unpriced = self.children().filter(|(_, _, leg)| leg.price.is_none());
        unpriced.filter_map(|(_, _, leg)| leg.carrier_call_id.as_ref())
    }

    /// Recordings that are at the carrier and not yet in our folder.
    pub fn recordings_to_fetch(&self) -> impl Iterator<Item = (u16, &Recording)> {
        self.turns
            .values()
            .flat_map(|turn| turn.recordings.iter().map(move |recording| (turn.step, recording)))
            .filter(|(_, recording)| matches!(recording.state, RecordingState::Named | RecordingState::Ready))
    }

    /// All its recordings: those of a bot's talk, then those of answers. A recording's place among them is its number, and never
    /// changes: where a bot has failed its script goes on, and the bot does not come back.
    pub fn recordings(&self) -> impl Iterator<Item = (RecordingOf, &Recording)> {
        let answers = self.turns.values().flat_map(|turn| {
            turn.recordings.iter().map(|recording| (RecordingOf::Answer(turn.step), recording))
        });
        self.recordings_of_talk()
            .map(|(stream, recording)| (RecordingOf::Talk(stream), recording))
            .chain(answers)
    }

    /// The recordings of a bot's talk, each with its media stream.
    pub fn recordings_of_talk(&self) -> impl Iterator<Item = (u16, &Recording)> {
        let streams = self.bot.iter().flat_map(|talk| &talk.streams);
        streams.filter_map(|(no, stream)| Some((*no, stream.recording.as_ref()?)))
    }

    /// The media streams whose recordings were begun here and not ended.
    pub fn recordings_to_end(&self) -> impl Iterator<Item = u16> {
        let begun = self.recordings_of_talk().filter(|(_, one)| one.state == RecordingState::Named);
        begun.map(|(stream, _)| stream)
    }

    /// At which account a stray is; the call's own where that was not kept.
    pub fn account_of_stray(&self, id: &CarrierCallId) -> &AccountId {
        self.stray_accounts.get(id).unwrap_or(&self.account)
    }

    /// Whether nothing more is owed: it is over, no stray is left, and every recording is fetched, ended or given up.
    pub fn is_settled(&self) -> bool {
        self.is_over()
            && !self.strays.values().any(|stray| *stray == Stray::Found)
            && self.recordings_to_fetch().next().is_none()
            && self.recordings_to_end().next().is_none()
    }
}
