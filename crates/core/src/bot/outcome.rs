//! What a bot's call achieved: folded from what tools did and from how the call ended, and from no word that anybody said.

use super::answer::{Effect, Tools};
use super::tool::EndReason;
use crate::call::{BotOver, Disposition, Outcome};

/// How a bot's call ended, as far as the outcome asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How the carrier says it ended.
    pub disposition: Disposition,
    /// Whether the bot had begun to talk to somebody.
    pub talked: bool,
    /// Why the bot had done with it, if it had.
    pub over: Option<BotOver>,
}

/// The outcome so far; `None` while nothing has come of a call that goes on.
///
/// What was last done about an appointment comes first: whoever confirms and then hangs up has confirmed. Then that the
/// call was handed over, then what the model said of its end, then how it ended by itself.
pub fn outcome(tools: &Tools, ended: Option<Ending>) -> Option<Outcome> {
    let done = tools.effects().rev().find_map(|effect| match effect {
        Effect::Confirmed { .. } => Some(Outcome::Confirmed),
        Effect::Cancelled { .. } => Some(Outcome::Cancelled),
        Effect::Rescheduled { .. } => Some(Outcome::Rescheduled),
        Effect::Booked { .. } => Some(Outcome::Booked),
        Effect::Refused { .. } | Effect::Told | Effect::Transfer { .. } | Effect::End { .. } => None,
    });
    let handed = || tools.effects().any(|effect| matches!(effect, Effect::Transfer { .. }));
    done.or_else(|| handed().then_some(Outcome::Transferred))
        .or_else(|| ended.map(|ended| by_end(tools, ended)))
}

fn by_end(tools: &Tools, ended: Ending) -> Outcome {
    match ended.disposition {
        Disposition::Completed | Disposition::TimeLimit | Disposition::Abandoned => by_reason(tools, ended),
        Disposition::Voicemail | Disposition::Fax => Outcome::Voicemail,
        Disposition::Rejected | Disposition::Declined => Outcome::Refused,
        Disposition::BotFailed
        | Disposition::CarrierFailed
        | Disposition::RateLimited
        | Disposition::RejectedCapacity
        | Disposition::NotPlaced => Outcome::Error,
        Disposition::Busy
        | Disposition::NoAnswer
        | Disposition::Blocked
        | Disposition::Unreachable
        | Disposition::InvalidNumber
        | Disposition::CallerGaveUp
        | Disposition::Missed => Outcome::NoAnswer,
        Disposition::Canceled
        | Disposition::AnsweredElsewhere
        | Disposition::GlareMerged
        | Disposition::Suppressed
        | Disposition::OutOfWindow
        | Disposition::Duplicate
        | Disposition::Expired
        | Disposition::Unknown => Outcome::Unknown,
    }
}

fn by_reason(tools: &Tools, ended: Ending) -> Outcome {
    if let Some(BotOver::Machine | BotOver::Fax) = ended.over {
        return Outcome::Voicemail;
    }
    let reason = tools.effects().rev().find_map(|effect| match effect {
        Effect::End { reason } => Some(*reason),
        _ => None,
    });
    match reason {
        Some(EndReason::Voicemail) => Outcome::Voicemail,
        Some(EndReason::Refused) => Outcome::Refused,
        Some(EndReason::Done | EndReason::WrongPerson) => Outcome::Unknown,
        None if ended.over == Some(BotOver::Failed) => Outcome::Error,
        None if ended.talked || ended.over.is_none() => Outcome::Interrupted,
        None => Outcome::Unknown,
    }
}
