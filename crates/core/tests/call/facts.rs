//! The facts a call can have, short enough to read in a table. Seconds are counted from the request.

use jiff::{SignedDuration, Timestamp};
use trunkline_core::call::*;
use trunkline_core::id::*;
use trunkline_core::private::Address;

/// The time `secs` after the request.
pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(secs)
}

/// A fact heard at `secs`, at the moment it happened.
pub fn event(secs: i64, what: What) -> Event {
    Event {
        call: CallId::new(at(0), [1; 10]),
        key: EventKey::new(format!("{secs}:{what:?}")),
        received_at: at(secs),
        occurred_at: None,
        source: Source::Carrier,
        what,
    }
}

/// A fact that happened at `happened` and was heard of at `heard`.
pub fn late(happened: i64, heard: i64, what: What) -> Event {
    Event { occurred_at: Some(at(happened)), ..event(heard, what) }
}

pub fn leg(no: u16) -> OnLeg {
    OnLeg::first(LegNo(no))
}

pub fn sid(name: &str) -> CarrierCallId {
    CarrierCallId::new(name)
}

pub fn account() -> AccountId {
    AccountId::new("sim:AC1")
}

pub fn party() -> Party {
    Party { to: Address::new("+15550100001"), from: Address::new("+15550100002"), ..Party::default() }
}

pub fn requested() -> What {
    What::Requested(Box::new(Request {
        tenant: TenantId::default_tenant(),
        account: account(),
        party: party(),
        script: ScriptRef { name: "three_questions".into(), version: "v1".into() },
        bot: None,
        limits: Limits::default(),
        not_before: None,
        session: None,
        idempotency: None,
        job: None,
    }))
}

pub fn arrived(direction: Direction) -> What {
    What::Arrived(Box::new(Arrival {
        tenant: TenantId::default_tenant(),
        account: account(),
        carrier_call_id: sid("CA1"),
        direction,
        party: party(),
        script: None,
        bot: None,
        route: None,
        attestation: None,
        limits: Limits::default(),
    }))
}

/// A client registers a call that it carries itself.
pub fn registered() -> What {
    let tenant = TenantId::default_tenant();
    What::Registered(Box::new(Registration {
        account: AccountId::registered("twilio", &tenant),
        tenant,
        call_id: sid("CA7"),
        session: SessionId::new("s-1"),
        direction: Direction::Inbound,
        party: party(),
    }))
}

/// Its client says where it is, in these words, with this metadata.
pub fn says_with<const N: usize>(word: &str, patch: [(&str, i64); N]) -> What {
    let patch = patch.map(|(name, value)| (name.to_owned(), value.into()));
    What::StatusReported(Box::new(StatusReport {
        status: Status::parse(word).unwrap(),
        word: word.to_owned(),
        patch: Metadata::from(patch).into(),
    }))
}

/// Its client says where it is.
pub fn says(word: &str) -> What {
    says_with(word, [])
}

pub fn dial_started(no: u16) -> What {
    What::DialStarted(leg(no))
}

pub fn post_begun(no: u16) -> What {
    What::PostBegun(leg(no))
}

pub fn unclear() -> What {
    What::PostUnclear { on: leg(1), why: "timeout".into() }
}

pub fn refused(class: RefusalClass) -> What {
    let refusal = Refusal { class, code: Some("21211".into()), http: Some(400), message: "no".into() };
    What::PostRefused { on: leg(1), refusal }
}

/// News of leg `no` under the carrier's id `name`.
pub fn news(no: u16, name: &str, news: News) -> What {
    What::Progress(Progress { on: leg(no), carrier_call_id: sid(name), news })
}

pub fn accepted() -> What {
    news(1, "CA1", News::Accepted)
}

pub fn ringing() -> What {
    news(1, "CA1", News::Ringing)
}

pub fn answered() -> What {
    news(1, "CA1", News::Answered)
}

pub fn end(word: EndWord, duration_secs: Option<u32>, reported: Reported) -> News {
    News::Ended(Box::new(CarrierEnd { word, duration_secs, reported }))
}

pub fn ended(word: EndWord) -> What {
    news(1, "CA1", end(word, None, Reported::default()))
}

pub fn ended_after(word: EndWord, duration_secs: u32) -> What {
    news(1, "CA1", end(word, Some(duration_secs), Reported::default()))
}

pub fn hang_up(reason: HangUpReason) -> What {
    What::HangUpAsked { reason }
}

pub fn spoke(heard: Option<Heard>, says: Says) -> What {
    What::Spoke(Box::new(Spoke { on: leg(1), carrier_call_id: sid("CA1"), heard, says }))
}

pub fn question(step: u16, ask: u8) -> Says {
    Says::Question { step, ask, text: format!("question {step}, asked {ask} times before") }
}

/// A spoken answer, with its recording.
pub fn recorded(step: u16, ask: u8, id: &str) -> Option<Heard> {
    Some(Heard {
        step,
        ask,
        value: AnswerValue::Recorded,
        digits: None,
        speech: None,
        recording: Some(RecordingFact {
            id: RecordingId::new(id),
            url: format!("https://sim/{id}"),
            duration_secs: Some(4),
        }),
    })
}

/// An answer on the keys.
pub fn keyed(step: u16, ask: u8, digits: &str) -> Option<Heard> {
    Some(Heard {
        step,
        ask,
        value: AnswerValue::Number(digits.to_owned().into()),
        digits: Some(digits.to_owned().into()),
        speech: None,
        recording: None,
    })
}

pub fn recording(id: &str, step: Option<u16>, ask: u8, state: RecordingState) -> What {
    What::Recording(Box::new(RecordingNews {
        stream: None,
        id: RecordingId::new(id),
        step,
        ask,
        url: Some(format!("https://sim/{id}")),
        duration_secs: Some(4),
        state,
    }))
}

pub fn stored() -> RecordingState {
    RecordingState::Stored { bytes: 9, sha256: "00".into() }
}

pub fn amd(verdict: AnsweredBy) -> What {
    What::AnsweredBy { on: leg(1), verdict }
}

pub fn priced() -> What {
    What::Priced { price: "-0.013".into(), unit: "USD".into(), leg: None }
}

/// The call that these facts make, whatever it says of each.
pub fn call_of(events: &[Event]) -> Call {
    let (mut call, _) = Call::begin(&events[0]).expect("begins a call");
    for event in &events[1..] {
        let _ = call.apply(event);
    }
    call
}

/// An outbound call whose one request is out.
pub fn posted() -> Vec<Event> {
    vec![event(0, requested()), event(1, dial_started(1)), event(2, post_begun(1))]
}

pub fn requeued(no: u16, not_before: i64) -> What {
    What::Requeued { leg: LegNo(no), not_before: at(not_before), over: None }
}

pub fn hold(no: u16) -> What {
    What::HoldAsked(Box::new(ActionAsked { no: ActionNo(no), idempotency: None }))
}

pub fn resume(no: u16) -> What {
    What::ResumeAsked(Box::new(ActionAsked { no: ActionNo(no), idempotency: None }))
}

pub fn asked_for(no: u16) -> TransferAsked {
    let to = Address::new("+15550100009");
    let from = Address::new("+15550100002");
    let transfer = Transfer { to, from, ring_timeout_secs: 20, mode: TransferMode::Blind };
    TransferAsked { no: ActionNo(no), transfer, idempotency: None }
}

/// Somebody else shall be asked whether they take the call.
pub fn attended(no: u16) -> What {
    let mut asked = asked_for(no);
    asked.transfer.mode = TransferMode::Attended;
    What::TransferAsked(Box::new(asked))
}

/// What they say.
pub fn consulted(no: u16, said: Consent) -> What {
    What::Consulted(Box::new(Consulted { no: ActionNo(no), carrier_call_id: sid("CA5"), said }))
}

pub fn transfer(no: u16) -> What {
    What::TransferAsked(Box::new(asked_for(no)))
}

pub fn begun(no: u16) -> What {
    What::ActionBegun(Box::new(ActionBegun { on: leg(1), carrier_call_id: sid("CA1"), no: ActionNo(no) }))
}

pub fn not_done(no: u16) -> What {
    What::ActionRefused { no: ActionNo(no), why: "it did not".into() }
}

/// News of the leg that was dialed for a transfer.
pub fn child(no: u16, news: News) -> What {
    What::ActionNews(Box::new(ActionNews { no: ActionNo(no), carrier_call_id: sid("CA5"), news }))
}

/// The carrier is done dialing, with this leg ended so.
pub fn transfer_over(no: u16, ended: Option<(&str, EndWord)>) -> What {
    let reported = Reported::default();
    What::TransferOver(Box::new(TransferOver {
        on: leg(1),
        carrier_call_id: sid("CA1"),
        no: ActionNo(no),
        child: ended.map(|(id, _)| sid(id)),
        end: ended.map(|(_, word)| CarrierEnd { word, duration_secs: None, reported }),
    }))
}
