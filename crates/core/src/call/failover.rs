//! When another carrier is asked instead: only where it was the carrier's own doing, and it is certain that no person can
//! have been reached.
//!
//! An answer that is not clear is no reason before it is ruled on, and neither is anything that a person or a network said
//! of the number: busy, no answer, a refusal. Those are told by the carrier as ends of a call that it had taken.

use super::disposition::Cause;
use super::event::RefusalClass;
use super::{Call, Direction, Leg};
use crate::id::AccountId;
use crate::private::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was wrong with the carrier that was asked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarrierFault {
    /// It could not be reached: nothing was sent.
    NotReached,
    /// It takes no more calls now.
    TooManyRequests,
    /// It refuses us: our credentials, our number, our settings there.
    Refused,
    /// It gave no clear answer, and it was ruled that it never made the call.
    NotPlaced,
}

impl CarrierFault {
    /// The word in JSON and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotReached => "not_reached",
            Self::TooManyRequests => "too_many_requests",
            Self::Refused => "refused",
            Self::NotPlaced => "not_placed",
        }
    }
}

/// The next attempt goes through another carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailOver {
    /// Through this account.
    pub account: AccountId,
    /// Shown as this number of ours, which is that account's.
    pub from: Address,
    /// What was wrong with the one before.
    pub why: CarrierFault,
}

impl CarrierFault {
    /// What an answer says of the carrier, if it says nothing of the person.
    pub fn of(refusal: RefusalClass) -> Option<Self> {
        match refusal {
            RefusalClass::NotSent => Some(Self::NotReached),
            RefusalClass::TooMany => Some(Self::TooManyRequests),
            RefusalClass::Configuration => Some(Self::Refused),
            RefusalClass::InvalidNumber | RefusalClass::Blocked | RefusalClass::Unreachable => None,
        }
    }
}

impl Leg {
    /// What its carrier did wrong, if that is all that happened to it.
    pub fn carrier_fault(&self) -> Option<CarrierFault> {
        match self.cause()? {
            Cause::Refused(class) => CarrierFault::of(class),
            Cause::NotPlaced => Some(CarrierFault::NotPlaced),
            Cause::Carrier(_)
            | Cause::Withdrawn
            | Cause::Expired
            | Cause::Gated(_)
            | Cause::Reported(_)
            | Cause::App(_)
            | Cause::Unknown => None,
        }
    }
}

impl Call {
    /// Why another carrier may be asked now; `None` if none may. An attempt of a job goes back to the queue instead, and
    /// through every gate again. Of one that was taken over nobody can tell whether its first owner has asked another already.
    pub fn may_fail_over(&self) -> Option<CarrierFault> {
        let is_ours = self.direction == Direction::Outbound && self.has_carrier() && self.job.is_none();
        let leg = self.leg();
        leg.carrier_fault().filter(|_| is_ours && !leg.taken_over && leg.hang_up.is_none())
    }

    /// Whether an account was asked for this call already, whatever it was called then.
    pub fn was_asked(&self, account: &AccountId) -> bool {
        self.legs.iter().any(|leg| leg.account.is_same(account))
    }

    /// The number of ours that an attempt is shown as, or that was called.
    pub fn shown_as<'a>(&'a self, leg: &'a Leg) -> &'a Address {
        leg.from.as_ref().unwrap_or(&self.party.from)
    }
}
