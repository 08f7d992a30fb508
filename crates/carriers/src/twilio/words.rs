//! Twilio's words, each with what it means to us.
//!
//! The sets are closed, and a word outside them is kept as text: it is never an error, and never an end.

use crate::form::Form;
use crate::http::{Failure, without_numbers};
use crate::webhook::number;
use crate::words::UnknownWord;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use trunkline_core::call::{
    AnsweredBy, Attestation, CarrierEnd, Direction, EndWord, News, RecordingState, RefusalClass, Reported,
};

/// A call's status; `end` tells the rest, if it is an end.
pub(crate) fn news(status: &str, end: impl FnOnce(EndWord) -> CarrierEnd) -> Result<News, UnknownWord> {
    let word = match status {
        "queued" | "initiated" => return Ok(News::Accepted),
        "ringing" => return Ok(News::Ringing),
        "in-progress" => return Ok(News::Answered),
        "completed" => EndWord::Completed,
        "busy" => EndWord::Busy,
        "no-answer" => EndWord::NoAnswer,
        "failed" => EndWord::Failed,
        "canceled" => EndWord::Canceled,
        other => return Err(UnknownWord::new(other)),
    };
    Ok(News::Ended(Box::new(end(word))))
}

/// Who took a call.
pub(crate) fn answered_by(word: &str) -> Result<AnsweredBy, UnknownWord> {
    Ok(match word {
        "human" => AnsweredBy::Human,
        "machine_start" => AnsweredBy::Machine,
        "machine_end_beep" | "machine_end_silence" | "machine_end_other" => AnsweredBy::MachineReady,
        "fax" => AnsweredBy::Fax,
        "unknown" => AnsweredBy::Unknown,
        other => return Err(UnknownWord::new(other)),
    })
}

/// What the network vouches for: `TN-Validation-Passed-A`, also of a call that was passed on (`TN-Validation-Passed-A-Diverted`).
/// Without its letter the least is believed.
pub(crate) fn attestation(verstat: &str) -> Option<Attestation> {
    if verstat == "No-TN-Validation" {
        return Some(Attestation::Unsigned);
    }
    if verstat.starts_with("TN-Validation-Failed") {
        return Some(Attestation::Failed);
    }
    match verstat.strip_prefix("TN-Validation-Passed")?.split('-').nth(1) {
        Some(level) => Attestation::of_level(level),
        None => Some(Attestation::Gateway),
    }
}

/// Where a recording stands.
pub(crate) fn recording(status: &str, error: Option<&str>) -> Result<RecordingState, UnknownWord> {
    Ok(match status {
        "in-progress" | "paused" | "stopped" | "processing" => RecordingState::Named,
        "completed" => RecordingState::Ready,
        "absent" | "deleted" => RecordingState::Absent,
        "failed" => {
            RecordingState::Failed { why: format!("the carrier failed, code {}", error.unwrap_or("none")) }
        }
        other => return Err(UnknownWord::new(other)),
    })
}

/// Which way a call goes. Whatever does not say that we called is somebody calling us.
pub(crate) fn direction(word: &str) -> Direction {
    match word {
        "outbound-api" | "outbound-dial" | "trunking-terminating" => Direction::Outbound,
        _ => Direction::Inbound,
    }
}

/// The end as Twilio tells it. `Duration` is in minutes, rounded up, and of no use.
pub(crate) fn end(end: EndWord, word: &str, form: &Form) -> CarrierEnd {
    let error = form.get("ErrorCode").map(|code| UnknownWord::new(code).as_str().to_owned());
    CarrierEnd {
        word: end,
        duration_secs: number(form, "CallDuration"),
        reported: Reported {
            carrier_status: Some(word.to_owned()),
            carrier_code: error.clone(),
            sip: number(form, "SipResponseCode").filter(|code| (100..700).contains(code)),
            error_code: error,
            error_message: form.get("ErrorMessage").map(without_numbers),
            ..Reported::default()
        },
    }
}

/// A time as Twilio writes it, `Tue, 31 Aug 2010 20:36:28 +0000`.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    const PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    PARSER.parse_timestamp(text.trim()).ok()
}

/// What a refused request means. A code that we do not know is our own fault or the account's: nothing says that the
/// person can't be called.
pub(crate) fn refusal(failure: &Failure) -> RefusalClass {
    match failure.code.parse().unwrap_or(0_u32) {
        // No To, not a number, not a number that exists, no carrier reaches it.
        21_201 | 21_211 | 21_217 | 21_214 | 13_223 | 13_224 => RefusalClass::InvalidNumber,
        // No permission for this part of the world, or a number that Twilio blocks.
        21_203 | 21_215 | 21_216 | 13_227 | 32_205 => RefusalClass::Blocked,
        // Too many requests, too many calls at once, too many waiting.
        20_429 | 10_004 | 22_005 => RefusalClass::TooMany,
        _ => RefusalClass::Configuration,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_nobody_knows_is_kept_and_ends_nothing() {
        let end = |word| CarrierEnd { word, duration_secs: None, reported: Default::default() };
        assert_eq!(news("no-answer", end).unwrap(), News::Ended(Box::new(end(EndWord::NoAnswer))));
        assert_eq!(news("noanswer", end).unwrap_err().as_str(), "noanswer");
        assert_eq!(news("Completed", end).unwrap_err().as_str(), "Completed");
        assert_eq!(news(&"x\n".repeat(900), end).unwrap_err().as_str(), "x".repeat(64));
    }

    #[test]
    fn every_verdict_of_theirs_is_one_of_ours() {
        for (word, ours) in [
            ("human", AnsweredBy::Human),
            ("machine_start", AnsweredBy::Machine),
            ("machine_end_beep", AnsweredBy::MachineReady),
            ("machine_end_silence", AnsweredBy::MachineReady),
            ("machine_end_other", AnsweredBy::MachineReady),
            ("fax", AnsweredBy::Fax),
            ("unknown", AnsweredBy::Unknown),
        ] {
            assert_eq!(answered_by(word), Ok(ours), "{word}");
        }
        for other in ["machine", "Human", "machine_end", ""] {
            assert_eq!(answered_by(other).unwrap_err().as_str(), other);
        }
    }

    #[test]
    fn what_the_network_vouches_for_is_read_and_a_word_nobody_knows_says_nothing() {
        for (verstat, ours) in [
            ("TN-Validation-Passed-A", Some(Attestation::Full)),
            ("TN-Validation-Passed-A-Diverted", Some(Attestation::Full)),
            ("TN-Validation-Passed-B-Passthrough", Some(Attestation::Partial)),
            ("TN-Validation-Passed-C", Some(Attestation::Gateway)),
            ("TN-Validation-Passed", Some(Attestation::Gateway)),
            ("TN-Validation-Passed-D", None),
            ("TN-Validation-Failed", Some(Attestation::Failed)),
            ("TN-Validation-Failed-A", Some(Attestation::Failed)),
            ("No-TN-Validation", Some(Attestation::Unsigned)),
            ("tn-validation-passed-a", None),
            ("NULL", None),
            ("", None),
        ] {
            assert_eq!(attestation(verstat), ours, "{verstat}");
        }
    }

    #[test]
    fn twilios_time_is_read() {
        let time = time("Tue, 31 Aug 2010 20:36:28 +0000").unwrap();
        assert_eq!(time.to_string(), "2010-08-31T20:36:28Z");
        assert_eq!(super::time("yesterday"), None);
    }
}
