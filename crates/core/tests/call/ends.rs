//! How a call ended: the carrier's end word, refined by codes, ring evidence, verdicts and what we did ourselves.

use crate::facts::*;
use trunkline_core::call::*;

/// What is known of one end. Every call of the table is made of real facts.
#[derive(Clone, Copy)]
struct Known {
    direction: Direction,
    rang: bool,
    answered: bool,
    verdict: Option<AnsweredBy>,
    hang_up: Option<HangUpReason>,
    word: EndWord,
    secs: Option<u32>,
    sip: Option<u16>,
    q850: Option<u16>,
    cause: Option<&'static str>,
}

fn outbound(word: EndWord) -> Known {
    Known {
        direction: Direction::Outbound,
        rang: false,
        answered: false,
        verdict: None,
        hang_up: None,
        word,
        secs: None,
        sip: None,
        q850: None,
        cause: None,
    }
}

impl Known {
    fn inbound(self) -> Self {
        Self { direction: Direction::Inbound, ..self }
    }
    fn rang(self) -> Self {
        Self { rang: true, ..self }
    }
    fn answered(self) -> Self {
        Self { answered: true, ..self }
    }
    fn by(self, verdict: AnsweredBy) -> Self {
        Self { verdict: Some(verdict), ..self }
    }
    fn hung_up(self, reason: HangUpReason) -> Self {
        Self { hang_up: Some(reason), ..self }
    }
    fn secs(self, secs: u32) -> Self {
        Self { secs: Some(secs), ..self }
    }
    fn sip(self, code: u16) -> Self {
        Self { sip: Some(code), ..self }
    }
    fn q850(self, cause: u16) -> Self {
        Self { q850: Some(cause), ..self }
    }

    fn cause(self, cause: &'static str) -> Self {
        Self { cause: Some(cause), ..self }
    }

    fn call(self) -> Call {
        let mut facts = match self.direction {
            Direction::Outbound => posted(),
            Direction::Inbound => vec![event(0, arrived(Direction::Inbound))],
        };
        let carrier_cause = self.cause.map(str::to_owned);
        let reported = Reported { sip: self.sip, q850: self.q850, carrier_cause, ..Reported::default() };
        facts.extend(self.rang.then(|| event(4, ringing())));
        facts.extend(self.answered.then(|| event(8, answered())));
        facts.extend(self.verdict.map(|verdict| event(9, amd(verdict))));
        facts.extend(self.hang_up.map(|reason| event(15, hang_up(reason))));
        facts.push(event(20, news(1, "CA1", end(self.word, self.secs, reported))));
        call_of(&facts)
    }

    #[track_caller]
    fn is(self, disposition: Disposition, status: Status) {
        let call = self.call();
        assert_eq!((call.disposition(), call.status()), (Some(disposition), status));
    }
}

use Disposition as D;
use EndWord::{Busy, Canceled, Completed, Failed, NoAnswer};
use Status as S;

#[test]
fn the_carriers_word_decides() {
    outbound(Completed).is(D::Completed, S::Completed);
    outbound(Completed).answered().secs(9).is(D::Completed, S::Completed);
    outbound(Busy).is(D::Busy, S::Busy);
    outbound(NoAnswer).is(D::NoAnswer, S::NoAnswer);
    outbound(Canceled).is(D::Canceled, S::Canceled);
    outbound(Failed).is(D::CarrierFailed, S::Failed);
}

#[test]
fn codes_never_refine_completed_no_answer_and_canceled() {
    for code in [403, 404, 480, 486, 487, 503, 603] {
        outbound(Completed).sip(code).q850(17).is(D::Completed, S::Completed);
        outbound(NoAnswer).sip(code).q850(17).is(D::NoAnswer, S::NoAnswer);
        outbound(Canceled).sip(code).q850(17).is(D::Canceled, S::Canceled);
    }
}

/// SIP codes: what they mean if it did not ring, and if it did.
const SIP: &[(&[u16], Disposition, Disposition)] = &[
    (&[486, 600], D::Busy, D::Busy),
    (&[403, 603], D::Blocked, D::Rejected),
    (&[607, 608], D::Blocked, D::Blocked),
    (&[408, 480], D::Unreachable, D::NoAnswer),
    (&[487], D::NoAnswer, D::NoAnswer),
    (&[404, 410, 484, 485, 604], D::InvalidNumber, D::InvalidNumber),
    (&[429], D::RateLimited, D::RateLimited),
    (&[401, 407, 488, 500, 502, 503, 504, 606], D::CarrierFailed, D::CarrierFailed),
];

/// Q.850 causes, the same.
const Q850: &[(&[u16], Disposition, Disposition)] = &[
    (&[1, 22, 23, 28], D::InvalidNumber, D::InvalidNumber),
    (&[17], D::Busy, D::Busy),
    (&[18, 20, 27], D::Unreachable, D::Unreachable),
    (&[19], D::NoAnswer, D::NoAnswer),
    (&[21], D::Blocked, D::Rejected),
    (
        &[2, 3, 25, 29, 34, 38, 41, 42, 44, 50, 52, 54, 57, 58, 65, 69, 79, 88, 102],
        D::CarrierFailed,
        D::CarrierFailed,
    ),
];

#[test]
fn codes_refine_failed_and_busy_by_ring_evidence() {
    for word in [Failed, Busy] {
        for (codes, silent, rang) in SIP {
            for code in *codes {
                assert_eq!(outbound(word).sip(*code).call().disposition(), Some(*silent), "{word:?} {code}");
                assert_eq!(
                    outbound(word).rang().sip(*code).call().disposition(),
                    Some(*rang),
                    "{word:?} {code}"
                );
            }
        }
        for (causes, silent, rang) in Q850 {
            for cause in *causes {
                assert_eq!(
                    outbound(word).q850(*cause).call().disposition(),
                    Some(*silent),
                    "{word:?} {cause}"
                );
                assert_eq!(
                    outbound(word).rang().q850(*cause).call().disposition(),
                    Some(*rang),
                    "{word:?} {cause}"
                );
            }
        }
    }
}

#[test]
fn a_code_that_says_nothing_leaves_the_word() {
    for (sip, q850) in
        [(Some(200), None), (Some(999), None), (None, Some(16)), (None, Some(127)), (None, Some(31))]
    {
        assert_eq!(Known { sip, q850, ..outbound(Failed) }.call().disposition(), Some(D::CarrierFailed));
        assert_eq!(Known { sip, q850, ..outbound(Busy) }.call().disposition(), Some(D::Busy));
    }
    outbound(Failed).q850(127).sip(404).is(D::InvalidNumber, S::Failed);
}

#[test]
fn a_carriers_cause_in_words_refines_what_no_code_does() {
    // Cause, what it is without ring evidence, what with it.
    let table = [
        ("user_busy", D::Busy, D::Busy),
        ("call_rejected", D::Blocked, D::Rejected),
        ("not_found", D::InvalidNumber, D::InvalidNumber),
        ("no_answer", D::NoAnswer, D::NoAnswer),
        ("timeout", D::NoAnswer, D::NoAnswer),
        ("originator_cancel", D::NoAnswer, D::NoAnswer),
    ];
    for word in [Failed, Busy] {
        for (cause, silent, rang) in table {
            assert_eq!(outbound(word).cause(cause).call().disposition(), Some(silent), "{word:?} {cause}");
            assert_eq!(
                outbound(word).rang().cause(cause).call().disposition(),
                Some(rang),
                "{word:?} {cause}"
            );
        }
    }
    for says_nothing in ["unspecified", "normal_clearing", "time_limit", "something new"] {
        outbound(Failed).cause(says_nothing).is(D::CarrierFailed, S::Failed);
    }
    outbound(Failed).cause("originator_cancel").hung_up(HangUpReason::Asked).is(D::Canceled, S::Canceled);
    outbound(Completed).answered().cause("call_rejected").is(D::Completed, S::Completed);
    outbound(NoAnswer).cause("user_busy").is(D::NoAnswer, S::NoAnswer);
    outbound(Busy).sip(486).cause("call_rejected").is(D::Busy, S::Busy);
    outbound(Failed).sip(999).cause("not_found").is(D::InvalidNumber, S::Failed);
}

#[test]
fn a_q850_cause_is_preferred_to_a_sip_status() {
    outbound(Failed).sip(503).q850(17).is(D::Busy, S::Busy);
}

#[test]
fn a_machine_that_answers_is_not_a_person() {
    use AnsweredBy as By;
    let verdicts = [
        (By::Human, D::Completed),
        (By::Silence, D::Completed),
        (By::Unknown, D::Completed),
        (By::Machine, D::Voicemail),
        (By::MachineReady, D::Voicemail),
        (By::Fax, D::Fax),
    ];
    for (verdict, disposition) in verdicts {
        outbound(Completed).answered().by(verdict).is(disposition, S::Completed);
        outbound(NoAnswer).by(verdict).is(D::NoAnswer, S::NoAnswer);
    }
}

#[test]
fn a_call_cut_at_its_length_says_so() {
    outbound(Completed).answered().hung_up(HangUpReason::TimeLimit).is(D::TimeLimit, S::Completed);
    outbound(Completed).answered().secs(3_600).is(D::TimeLimit, S::Completed);
    outbound(Completed).answered().secs(3_599).is(D::Completed, S::Completed);
    outbound(Completed).answered().by(AnsweredBy::Machine).secs(3_600).is(D::Voicemail, S::Completed);
}

#[test]
fn what_we_hung_up_before_the_answer_is_canceled() {
    outbound(Canceled).hung_up(HangUpReason::Asked).is(D::Canceled, S::Canceled);
    outbound(Failed).sip(487).hung_up(HangUpReason::Asked).is(D::Canceled, S::Canceled);
    outbound(Completed).answered().hung_up(HangUpReason::Asked).is(D::Completed, S::Completed);
}

#[test]
fn an_inbound_caller_who_left_before_the_answer_gave_up() {
    for word in [Completed, NoAnswer, Canceled, Busy] {
        outbound(word).inbound().is(D::CallerGaveUp, S::Canceled);
    }
    outbound(Failed).inbound().is(D::CarrierFailed, S::Failed);
    outbound(Completed).inbound().answered().is(D::Completed, S::Completed);
    outbound(Completed).inbound().secs(5).is(D::Completed, S::Completed);
}

#[test]
fn an_inbound_call_that_we_hung_up_did_not_give_up() {
    outbound(Canceled).inbound().hung_up(HangUpReason::Asked).is(D::Canceled, S::Canceled);
    outbound(NoAnswer).inbound().hung_up(HangUpReason::Capacity).is(D::RejectedCapacity, S::Failed);
    outbound(Completed)
        .inbound()
        .answered()
        .hung_up(HangUpReason::Capacity)
        .is(D::RejectedCapacity, S::Failed);
}

#[test]
fn a_refused_request_ends_by_its_class() {
    let classes = [
        (RefusalClass::InvalidNumber, D::InvalidNumber, S::Failed),
        (RefusalClass::Blocked, D::Blocked, S::Failed),
        (RefusalClass::Unreachable, D::Unreachable, S::Failed),
        (RefusalClass::Configuration, D::CarrierFailed, S::Failed),
        (RefusalClass::TooMany, D::RateLimited, S::Failed),
        (RefusalClass::NotSent, D::CarrierFailed, S::Failed),
    ];
    for (class, disposition, status) in classes {
        let mut facts = posted();
        facts.push(event(3, refused(class)));
        let call = call_of(&facts);
        assert_eq!((call.disposition(), call.status()), (Some(disposition), status), "{class:?}");
        assert_eq!((call.leg().rang(), call.hang_up_by()), (Rang::No, HangUpBy::Carrier));
    }
}

#[test]
fn who_hung_up_is_told_from_the_evidence() {
    let callee_says = Reported { hangup_by: Some(HangUpBy::Callee), ..Reported::default() };
    let cases = [
        (outbound(Completed).answered().call(), HangUpBy::Callee),
        (outbound(Completed).inbound().answered().call(), HangUpBy::Caller),
        (outbound(Completed).answered().hung_up(HangUpReason::Asked).call(), HangUpBy::Us),
        (outbound(NoAnswer).rang().call(), HangUpBy::Unknown),
    ];
    for (call, by) in cases {
        assert_eq!(call.hang_up_by(), by);
    }
    let mut facts = posted();
    facts.push(event(5, spoke(None, Says::Goodbye)));
    facts.push(event(9, ended(Completed)));
    assert_eq!(call_of(&facts).hang_up_by(), HangUpBy::Us, "good-bye closes the line");
    facts.push(event(10, news(1, "CA1", end(Completed, None, callee_says))));
    assert_eq!(call_of(&facts).hang_up_by(), HangUpBy::Callee, "the carrier knows better");
}

/// A carrier names the two sides of the line. Who called and who was called depends on the direction, and one of them is us.
#[test]
fn the_side_that_is_ours_is_called_by_our_name() {
    use HangUpBy::{Callee, Caller, Unknown, Us};
    let direct = |direction| match direction {
        Direction::Outbound => posted(),
        Direction::Inbound => vec![event(0, arrived(Direction::Inbound))],
    };
    // Direction, whether it was answered, which side the carrier names, who that is.
    for (direction, is_answered, named, who) in [
        (Direction::Outbound, true, Caller, Us),
        (Direction::Outbound, true, Callee, Callee),
        (Direction::Outbound, false, Caller, Unknown),
        (Direction::Outbound, false, Callee, Callee),
        (Direction::Inbound, true, Callee, Us),
        (Direction::Inbound, true, Caller, Caller),
        (Direction::Inbound, false, Caller, Caller),
    ] {
        let mut facts = direct(direction);
        facts.extend(is_answered.then(|| event(8, answered())));
        let told = Reported { hangup_by: Some(named), ..Reported::default() };
        let word = if is_answered { Completed } else { NoAnswer };
        facts.push(event(9, news(1, "CA1", end(word, None, told))));
        assert_eq!(call_of(&facts).hang_up_by(), who, "{direction:?} {is_answered} {named:?}");
    }
}

#[test]
fn ring_evidence_is_yes_no_or_unknown() {
    assert_eq!(outbound(NoAnswer).rang().call().leg().rang(), Rang::Yes);
    assert_eq!(outbound(Completed).answered().call().leg().rang(), Rang::Yes);
    assert_eq!(outbound(Failed).call().leg().rang(), Rang::Unknown);
    assert_eq!(call_of(&posted()[..1]).leg().rang(), Rang::No);
    assert_eq!(outbound(NoAnswer).rang().call().leg().ring_ms(), Some(16_000));
}

#[test]
fn every_disposition_has_its_flat_status() {
    for (status, dispositions) in [
        (S::Completed, vec![D::Completed, D::Voicemail, D::Fax, D::TimeLimit, D::Abandoned]),
        (S::Busy, vec![D::Busy]),
        (S::NoAnswer, vec![D::NoAnswer]),
        (S::Rejected, vec![D::Rejected, D::Declined]),
        (S::Canceled, vec![D::Canceled, D::CallerGaveUp, D::AnsweredElsewhere, D::GlareMerged]),
        (S::Canceled, vec![D::Suppressed, D::OutOfWindow, D::Duplicate]),
        (S::Missed, vec![D::Missed]),
        (S::Failed, vec![D::Blocked, D::Unreachable, D::InvalidNumber, D::CarrierFailed, D::RateLimited]),
        (S::Failed, vec![D::BotFailed, D::RejectedCapacity, D::Expired, D::NotPlaced, D::Unknown]),
    ] {
        for disposition in dispositions {
            assert_eq!(Status::ended(disposition), status, "{disposition:?}");
            assert!(status.is_over());
        }
    }
}

#[test]
fn every_live_state_has_its_flat_status() {
    for (state, status) in [
        (State::Queued, S::Initiated),
        (State::Dialing, S::Initiated),
        (State::Initiated, S::Initiated),
        (State::Ringing, S::Ringing),
        (State::Answered, S::Answered),
        (State::Ending, S::Answered),
    ] {
        assert_eq!(Status::live(state, Activity::Talking), status);
        assert!(!status.is_over());
    }
    assert_eq!(Status::live(State::Answered, Activity::OnHold), S::OnHold);
    assert_eq!(Status::live(State::Answered, Activity::Transferring), S::Transferring);
}

#[test]
fn statuses_are_read_as_people_and_carriers_write_them() {
    for status in Status::ALL {
        assert_eq!(Status::parse(status.as_str()), Some(status));
    }
    for (word, status) in [
        ("in-progress", S::Answered),
        ("no-answer", S::NoAnswer),
        ("on-hold", S::OnHold),
        ("cancelled", S::Canceled),
        ("canceled", S::Canceled),
        ("active", S::Answered),
        ("queued", S::Initiated),
        (" Busy ", S::Busy),
    ] {
        assert_eq!(Status::parse(word), Some(status), "{word}");
    }
    assert_eq!(Status::parse("paused"), None);
}
