//! What an end that nobody wanted is told as: always a code and always words. The carrier's own where it gave them; else
//! what the evidence says. The evidence itself stands beside it, as it came (`evidence`).

use super::{Call, Disposition, Status};
use std::borrow::Cow;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure<'call> {
    /// The carrier's code, such as `21211`; else `sip_486`, `q850_17`, or the word of the disposition. At most 64 characters.
    pub code: Cow<'call, str>,
    /// In words.
    pub message: Cow<'call, str>,
}

const LONGEST_CODE: usize = 64;

impl Call {
    /// Why it failed; `None` while it lives, and for an end that somebody chose.
    pub fn failure(&self) -> Option<Failure<'_>> {
        let disposition = self.disposition()?;
        match Status::ended(disposition) {
            Status::Failed | Status::Busy | Status::NoAnswer | Status::Rejected | Status::Missed => {}
            _ => return None,
        }
        let reported = self.leg().end.as_ref().map(|end| &end.reported);
        let told = reported.and_then(|told| told.error_code.as_deref());
        let by_network = || {
            let told = reported?;
            let q850 = || told.q850.map(|cause| format!("q850_{cause}"));
            told.sip.map(|code| format!("sip_{code}")).or_else(q850)
        };
        let code = match told {
            Some(code) => Cow::Borrowed(cut(code)),
            None => by_network().map_or(Cow::Borrowed(disposition.as_str()), Cow::Owned),
        };
        let message = reported.and_then(|told| told.error_message.as_deref()).unwrap_or(words(disposition));
        Some(Failure { code, message: Cow::Borrowed(message) })
    }
}

fn cut(code: &str) -> &str {
    code.char_indices().nth(LONGEST_CODE).map_or(code, |(end, _)| &code[..end])
}

fn words(disposition: Disposition) -> &'static str {
    use Disposition as D;
    match disposition {
        D::Busy => "the line was busy",
        D::NoAnswer => "it rang and nobody answered",
        D::Rejected | D::Declined => "the person declined the call",
        D::Blocked => "the network refused the call before it rang",
        D::Unreachable => "the phone could not be reached",
        D::InvalidNumber => "there is no such number",
        D::CarrierFailed => "the carrier could not put the call through",
        D::RateLimited => "the carrier took no more calls",
        D::BotFailed => "our own speech failed",
        D::RejectedCapacity => "all lines were taken",
        D::Expired => "it waited too long to be dialed",
        D::NotPlaced => "the carrier never got the call",
        D::Missed => "nobody answered",
        D::Unknown => "what became of it could not be learned",
        D::Completed | D::Voicemail | D::Fax | D::Abandoned | D::TimeLimit => "it was answered",
        D::Canceled
        | D::CallerGaveUp
        | D::AnsweredElsewhere
        | D::GlareMerged
        | D::Suppressed
        | D::OutOfWindow
        | D::Duplicate => "it was withdrawn",
    }
}
