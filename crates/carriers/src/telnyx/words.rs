//! Telnyx's words, where they are not Twilio's.
//!
//! A call's status is told in Twilio's words; beside the end stands Telnyx's own cause, which is kept as it came and
//! refines a bare `failed` or `busy` (`core/src/call/disposition.rs`).

use crate::form::Form;
use crate::http::{Failure, without_numbers};
use crate::twilio;
use crate::webhook::number;
use crate::words::UnknownWord;
use jiff::Timestamp;
use trunkline_core::call::{
    AnsweredBy, Attestation, CarrierEnd, Direction, EndWord, HangUpBy, RefusalClass, Reported,
};

/// Who took a call: TeXML's words, those of the plain detection, and those of the premium one.
pub(crate) fn answered_by(word: &str) -> Result<AnsweredBy, UnknownWord> {
    Ok(match word {
        "human" | "human_residence" | "human_business" => AnsweredBy::Human,
        "machine" | "machine_start" => AnsweredBy::Machine,
        // The greeting is over: with a beep, without one in all the time it was listened to, or with the end of its words.
        "machine_end_beep"
        | "machine_end_silence"
        | "machine_end_other"
        | "beep_detected"
        | "no_beep_detected"
        | "prompt_ended"
        | "ended" => AnsweredBy::MachineReady,
        "fax" | "fax_detected" => AnsweredBy::Fax,
        "silence" => AnsweredBy::Silence,
        "unknown" | "not_sure" => AnsweredBy::Unknown,
        other => return Err(UnknownWord::new(other)),
    })
}

/// What the network vouches for: TeXML tells a level, and apart from it whether its signature held. A level that nobody
/// verified is worth no more than none.
pub(crate) fn attestation(form: &Form) -> Option<Attestation> {
    let level = form.get("ShakenStirAttestation").filter(|level| !level.is_empty());
    match (form.get("ShakenStirValidated")?, level) {
        ("true" | "True" | "1", Some(level)) => Attestation::of_level(level),
        ("true" | "True" | "1", None) => Some(Attestation::Gateway),
        ("false" | "False" | "0", Some(_)) => Some(Attestation::Failed),
        ("false" | "False" | "0", None) => Some(Attestation::Unsigned),
        _ => None,
    }
}

/// Which way a call goes. Whatever does not say that we called is somebody calling us.
pub(crate) fn direction(word: &str) -> Direction {
    match word {
        "outbound" | "outgoing" | "outbound-api" | "outbound-dial" => Direction::Outbound,
        _ => Direction::Inbound,
    }
}

/// A time as Telnyx writes it: `2024-01-15T10:30:00Z`, `2021-04-28 21:51:18.731479Z`, and in some resources as Twilio does.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    text.trim().parse().ok().or_else(|| twilio::words::time(text))
}

/// When it happened; where only that is told, when it was sent.
pub(crate) fn occurred_at(form: &Form) -> Option<Timestamp> {
    form.get("OccurredAt").and_then(time).or_else(|| form.get("Timestamp").and_then(time))
}

/// The end as Telnyx tells it.
pub(crate) fn end(end: EndWord, word: &str, form: &Form) -> CarrierEnd {
    let kept = |name| form.get(name).map(|text| UnknownWord::new(text).as_str().to_owned());
    let sip = |name| number(form, name).filter(|code| (100..700).contains(code));
    CarrierEnd {
        word: end,
        duration_secs: number(form, "CallDuration"),
        reported: Reported {
            carrier_status: Some(word.to_owned()),
            carrier_cause: kept("HangupCause"),
            carrier_code: kept("ErrorCode"),
            sip: sip("SipHangupCause").or_else(|| sip("SipResponseCode")),
            hangup_by: match form.get("HangupSource") {
                Some("caller") => Some(HangUpBy::Caller),
                Some("callee") => Some(HangUpBy::Callee),
                _ => None,
            },
            error_code: kept("ErrorCode"),
            error_message: form.get("ErrorMessage").map(without_numbers),
            ..Reported::default()
        },
    }
}

/// What a refused request means. A code that we do not know is our own fault or the account's: nothing says that the
/// person can't be called. Nor does a wrong number in another field than the one that names the person.
pub(crate) fn refusal(failure: &Failure) -> RefusalClass {
    let field = failure.field.as_deref().map(|pointer| pointer.trim_start_matches('/').to_ascii_lowercase());
    match failure.code.as_str() {
        // Not a phone number; not one in international form.
        "10002" | "10016" if field.as_deref() == Some("to") => RefusalClass::InvalidNumber,
        // Too many requests.
        "10011" => RefusalClass::TooMany,
        _ => RefusalClass::Configuration,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_of_theirs_is_one_of_ours() {
        for (word, ours) in [
            ("human", AnsweredBy::Human),
            ("human_residence", AnsweredBy::Human),
            ("human_business", AnsweredBy::Human),
            ("machine", AnsweredBy::Machine),
            ("machine_start", AnsweredBy::Machine),
            ("machine_end_beep", AnsweredBy::MachineReady),
            ("machine_end_silence", AnsweredBy::MachineReady),
            ("machine_end_other", AnsweredBy::MachineReady),
            ("beep_detected", AnsweredBy::MachineReady),
            ("no_beep_detected", AnsweredBy::MachineReady),
            ("prompt_ended", AnsweredBy::MachineReady),
            ("ended", AnsweredBy::MachineReady),
            ("fax", AnsweredBy::Fax),
            ("fax_detected", AnsweredBy::Fax),
            ("silence", AnsweredBy::Silence),
            ("unknown", AnsweredBy::Unknown),
            ("not_sure", AnsweredBy::Unknown),
        ] {
            assert_eq!(answered_by(word), Ok(ours), "{word}");
        }
        assert_eq!(answered_by("Human").unwrap_err().as_str(), "Human");
    }

    #[test]
    fn what_the_network_vouches_for_counts_only_where_its_signature_held() {
        for (form, ours) in [
            ("ShakenStirAttestation=A&ShakenStirValidated=true", Some(Attestation::Full)),
            ("ShakenStirAttestation=B&ShakenStirValidated=true", Some(Attestation::Partial)),
            ("ShakenStirAttestation=C&ShakenStirValidated=true", Some(Attestation::Gateway)),
            ("ShakenStirValidated=true", Some(Attestation::Gateway)),
            ("ShakenStirAttestation=A&ShakenStirValidated=false", Some(Attestation::Failed)),
            ("ShakenStirValidated=false", Some(Attestation::Unsigned)),
            ("ShakenStirAttestation=&ShakenStirValidated=false", Some(Attestation::Unsigned)),
            ("ShakenStirAttestation=A", None),
            ("ShakenStirAttestation=X&ShakenStirValidated=true", None),
            ("ShakenStirAttestation=A&ShakenStirValidated=perhaps", None),
            ("", None),
        ] {
            assert_eq!(attestation(&Form::parse(form.as_bytes()).unwrap()), ours, "{form}");
        }
    }

    #[test]
    fn every_way_in_which_it_writes_a_time_is_read() {
        for (text, at) in [
            ("2024-01-15T10:30:00Z", "2024-01-15T10:30:00Z"),
            ("2024-01-15T10:30:26.028Z", "2024-01-15T10:30:26.028Z"),
            ("2021-04-28 21:51:18.731479Z", "2021-04-28T21:51:18.731479Z"),
            ("Tue, 31 Aug 2010 20:36:28 +0000", "2010-08-31T20:36:28Z"),
        ] {
            assert_eq!(time(text).unwrap().to_string(), at);
        }
        assert_eq!(time("yesterday"), None);
    }
}
