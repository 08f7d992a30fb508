//! How a call ended: a closed set, derived from the facts of the end and never stored apart from them.

use super::app::AppEnd;
use super::event::{Direction, EndWord, HangUpReason, RefusalClass};
use super::evidence::{AnsweredBy, HangUpBy, Rang, Reported};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why and how a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Answered, talked, hung up by either side.
    Completed,
    /// Answered by an answering machine.
    Voicemail,
    /// Answered by a fax machine.
    Fax,
    /// A person answered and nobody of ours spoke in time.
    Abandoned,
    /// User busy.
    Busy,
    /// It rang and nobody took it.
    NoAnswer,
    /// A person declined.
    Rejected,
    /// Refused without ringing: a sign that our caller id is distrusted.
    Blocked,
    /// Not reachable now.
    Unreachable,
    /// The number cannot be called.
    InvalidNumber,
    /// The carrier's or the network's own fault.
    CarrierFailed,
    /// Too many calls for the carrier.
    RateLimited,
    /// By us, before the answer.
    Canceled,
    /// The caller left before the answer.
    CallerGaveUp,
    /// App call: it rang out.
    Missed,
    /// App call: the callee said no.
    Declined,
    /// App call: another device took it.
    AnsweredElsewhere,
    /// App call: both called each other, and the older call stayed.
    GlareMerged,
    /// Cut at the maximum length.
    TimeLimit,
    /// The bot broke and the caller heard an apology.
    BotFailed,
    /// Inbound, and no room for it.
    RejectedCapacity,
    /// The number is on a suppression list.
    Suppressed,
    /// Outside the callee's calling window.
    OutOfWindow,
    /// The same person was called a moment ago.
    Duplicate,
    /// Waited too long for its turn.
    Expired,
    /// Reconciled: the carrier never got the request.
    NotPlaced,
    /// No truth even after reconciliation.
    Unknown,
}

/// What a disposition means for the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The person was reached.
    Reached,
    /// A machine was reached.
    Machine,
    /// Our own fault: try again.
    Ours,
    /// Try again after minutes or hours.
    Temporary,
    /// The person decided: do not try again.
    Decision,
    /// Caller-id health: alarm.
    CallerId,
    /// Never again.
    Permanent,
    /// The carrier's fault: the next carrier, else back off.
    Technical,
    /// By the clock; uses up no attempt.
    ByTheClock,
    /// As the policy or the gate says.
    Policy,
    /// A missed call.
    MissedCall,
    /// Needs a person's eye.
    Alarm,
}

impl Class {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Machine => "machine",
            Self::Ours => "ours",
            Self::Temporary => "temporary",
            Self::Decision => "decision",
            Self::CallerId => "caller_id",
            Self::Permanent => "permanent",
            Self::Technical => "technical",
            Self::ByTheClock => "by_the_clock",
            Self::Policy => "policy",
            Self::MissedCall => "missed_call",
            Self::Alarm => "alarm",
        }
    }
}

impl Disposition {
    /// What it means for the next attempt.
    pub fn class(self) -> Class {
        match self {
            Self::Completed | Self::TimeLimit => Class::Reached,
            Self::Voicemail | Self::Fax => Class::Machine,
            Self::Abandoned | Self::BotFailed | Self::RejectedCapacity | Self::NotPlaced => Class::Ours,
            Self::Busy | Self::NoAnswer | Self::Unreachable => Class::Temporary,
            Self::Rejected | Self::Declined => Class::Decision,
            Self::Blocked => Class::CallerId,
            Self::InvalidNumber => Class::Permanent,
            Self::CarrierFailed => Class::Technical,
            Self::RateLimited => Class::ByTheClock,
            Self::CallerGaveUp | Self::Missed => Class::MissedCall,
            Self::Canceled
            | Self::AnsweredElsewhere
            | Self::GlareMerged
            | Self::Suppressed
            | Self::OutOfWindow
            | Self::Duplicate
            | Self::Expired => Class::Policy,
            Self::Unknown => Class::Alarm,
        }
    }

    /// The word in JSON, columns and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Voicemail => "voicemail",
            Self::Fax => "fax",
            Self::Abandoned => "abandoned",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Rejected => "rejected",
            Self::Blocked => "blocked",
            Self::Unreachable => "unreachable",
            Self::InvalidNumber => "invalid_number",
            Self::CarrierFailed => "carrier_failed",
            Self::RateLimited => "rate_limited",
            Self::Canceled => "canceled",
            Self::CallerGaveUp => "caller_gave_up",
            Self::Missed => "missed",
            Self::Declined => "declined",
            Self::AnsweredElsewhere => "answered_elsewhere",
            Self::GlareMerged => "glare_merged",
            Self::TimeLimit => "time_limit",
            Self::BotFailed => "bot_failed",
            Self::RejectedCapacity => "rejected_capacity",
            Self::Suppressed => "suppressed",
            Self::OutOfWindow => "out_of_window",
            Self::Duplicate => "duplicate",
            Self::Expired => "expired",
            Self::NotPlaced => "not_placed",
            Self::Unknown => "unknown",
        }
    }
}

/// A gate that refuses a call for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// The number is suppressed.
    Suppressed,
    /// Outside the calling window, and it will not open in time.
    OutOfWindow,
    /// The same person was called within the dedup window.
    Duplicate,
    /// Inbound, and no room.
    Capacity,
}

/// What closed a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The carrier's own end.
    Carrier(EndWord),
    /// The carrier's answer to the create request.
    Refused(RefusalClass),
    /// We withdrew it before anything was sent.
    Withdrawn,
    /// It waited too long.
    Expired,
    /// The carrier never got it.
    NotPlaced,
    /// A gate.
    Gated(Gate),
    /// The word of the client that carries the call itself.
    Reported(Disposition),
    /// What the two users of an app did, or did not do in time.
    App(AppEnd),
    /// Nobody knows.
    Unknown,
}

/// Everything a disposition depends on.
pub(super) struct EndFacts<'a> {
    pub cause: Cause,
    pub direction: Direction,
    pub answered: bool,
    pub rang: Rang,
    pub answered_by: Option<AnsweredBy>,
    pub hung_up_for: Option<HangUpReason>,
    pub over_time: bool,
    pub reported: &'a Reported,
}

impl EndFacts<'_> {
    /// Derives the disposition. Facts that come later (a ring, a machine's verdict) may refine it; the cause never moves.
    pub fn disposition(&self) -> Disposition {
        match self.cause {
            Cause::Carrier(word) => self.by_carrier(word),
            Cause::Refused(class) => match class {
                RefusalClass::InvalidNumber => Disposition::InvalidNumber,
                RefusalClass::Blocked => Disposition::Blocked,
                RefusalClass::Unreachable => Disposition::Unreachable,
                RefusalClass::Configuration | RefusalClass::NotSent => Disposition::CarrierFailed,
                RefusalClass::TooMany => Disposition::RateLimited,
            },
            Cause::Withdrawn => Disposition::Canceled,
            Cause::Expired => Disposition::Expired,
            Cause::NotPlaced => Disposition::NotPlaced,
            Cause::Gated(gate) => match gate {
                Gate::Suppressed => Disposition::Suppressed,
                Gate::OutOfWindow => Disposition::OutOfWindow,
                Gate::Duplicate => Disposition::Duplicate,
                Gate::Capacity => Disposition::RejectedCapacity,
            },
            Cause::Reported(disposition) => disposition,
            Cause::App(end) => end.disposition(self.answered),
            Cause::Unknown => Disposition::Unknown,
        }
    }

    fn by_carrier(&self, word: EndWord) -> Disposition {
        if self.direction == Direction::Inbound && word != EndWord::Failed {
            match self.hung_up_for {
                Some(HangUpReason::Capacity) => return Disposition::RejectedCapacity,
                Some(_) if !self.answered => return Disposition::Canceled,
                None if !self.answered => return Disposition::CallerGaveUp,
                _ => {}
            }
        }
        match word {
            EndWord::Completed => match self.answered_by {
                Some(AnsweredBy::Fax) => Disposition::Fax,
                Some(AnsweredBy::Machine | AnsweredBy::MachineReady) => Disposition::Voicemail,
                _ if self.over_time
                    || self.hung_up_for == Some(HangUpReason::TimeLimit)
                    || self.reported.carrier_cause.as_deref() == Some("time_limit") =>
                {
                    Disposition::TimeLimit
                }
                _ => Disposition::Completed,
            },
            EndWord::Busy => self.refined().unwrap_or(Disposition::Busy),
            EndWord::NoAnswer => Disposition::NoAnswer,
            EndWord::Canceled => Disposition::Canceled,
            EndWord::Failed => self.refined().unwrap_or(Disposition::CarrierFailed),
        }
    }

    /// Codes refine `busy` and `failed` only. A Q.850 cause is preferred to a SIP status (RFC 6432), and both to the
    /// carrier's own cause in words.
    fn refined(&self) -> Option<Disposition> {
        if self.was_declined() {
            return Some(Disposition::Rejected);
        }
        self.reported
            .q850
            .and_then(|cause| self.by_q850(cause))
            .or_else(|| self.reported.sip.and_then(|code| self.by_sip(code)))
            .or_else(|| self.reported.carrier_cause.as_deref().and_then(|cause| self.by_cause(cause)))
    }

    /// Where events lead a call (Telnyx's Call Control, whose word for an end is `hangup`) nobody ever tells that it rang: that the
    /// callee refused has to do.
    fn was_declined(&self) -> bool {
        let Reported { carrier_status, carrier_cause, hangup_by, .. } = self.reported;
        carrier_status.as_deref() == Some("hangup")
            && carrier_cause.as_deref() == Some("call_rejected")
            && *hangup_by == Some(HangUpBy::Callee)
    }

    /// The causes in words of the carrier reference (§4.3). The others say nothing that the end word does not.
    fn by_cause(&self, cause: &str) -> Option<Disposition> {
        Some(match cause {
            "user_busy" => Disposition::Busy,
            "call_rejected" if self.rang == Rang::Yes => Disposition::Rejected,
            "call_rejected" => Disposition::Blocked,
            "not_found" => Disposition::InvalidNumber,
            "no_answer" | "timeout" => Disposition::NoAnswer,
            "originator_cancel" if self.hung_up_for.is_some() => Disposition::Canceled,
            "originator_cancel" => Disposition::NoAnswer,
            _ => return None,
        })
    }

    /// The SIP table of the carrier reference (§4.5): the columns of the vendors disagree on 403, 408 and 480, where
    /// ring evidence decides.
    fn by_sip(&self, code: u16) -> Option<Disposition> {
        let rang = self.rang == Rang::Yes;
        Some(match code {
            486 | 600 => Disposition::Busy,
            // "Request terminated": the call was withdrawn while it rang, by us or by the ring timeout.
            487 if self.hung_up_for.is_some() => Disposition::Canceled,
            487 => Disposition::NoAnswer,
            403 | 603 if rang => Disposition::Rejected,
            403 | 603 | 607 | 608 => Disposition::Blocked,
            408 | 480 if rang => Disposition::NoAnswer,
            408 | 480 => Disposition::Unreachable,
            404 | 410 | 484 | 485 | 604 => Disposition::InvalidNumber,
            429 => Disposition::RateLimited,
            401 | 407 | 488 | 606 | 500..=599 => Disposition::CarrierFailed,
            _ => return None,
        })
    }

    /// The Q.850 table of the carrier reference (§4.6).
    fn by_q850(&self, cause: u16) -> Option<Disposition> {
        let rang = self.rang == Rang::Yes;
        Some(match cause {
            1 | 22 | 23 | 28 => Disposition::InvalidNumber,
            17 => Disposition::Busy,
            18 | 20 | 27 => Disposition::Unreachable,
            19 => Disposition::NoAnswer,
            21 if rang => Disposition::Rejected,
            21 => Disposition::Blocked,
            2 | 3 | 25 | 29 | 34 | 38 | 41 | 42 | 44 | 50 | 52 | 54 | 57 | 58 | 65 | 69 | 79 | 88 | 102 => {
                Disposition::CarrierFailed
            }
            _ => return None,
        })
    }
}
