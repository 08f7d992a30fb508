//! A call in JSON: every name is always there, and what does not apply is null.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;
use trunkline_core::call::{
    AnsweredBy, Attestation, Call, CallType, CarrierFault, Cause, Direction, Disposition, EndSource, EndWord,
    HangUpBy, Leg, Metadata, Outcome, Rang, State, Status, TransferMode,
};
use trunkline_core::id::{CallId, CampaignId, CarrierCallId, ConversationId, JobId, LeadId, SessionId};
use trunkline_core::numbers::Route;
use trunkline_core::private::Address;
use trunkline_engine::{Novelty, Placed};

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Consent {
    Granted,
    Denied,
}

/// A call, as clients read it. Numbers and names in full: who holds a key may see them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Call")]
pub(crate) struct CallJson<'a> {
    id: CallId,
    /// The name that software with its own call logic has for the call.
    call_id: CallName<'a>,
    carrier_call_id: Option<&'a str>,
    session_id: Option<&'a str>,
    carrier: &'a str,
    /// The name that other software has for `carrier`.
    provider: &'a str,
    direction: Direction,
    kind: &'static str,
    call_type: CallType,
    status: Status,
    state: State,
    disposition: Option<Disposition>,
    outcome: Option<Outcome>,
    from: &'a str,
    to: &'a str,
    name: Option<&'a str>,
    script: Option<&'a str>,
    /// Which way the number sent it that was called; null for a call of ours.
    route: Option<Route>,
    /// What the network vouches for of the number of somebody who called us (STIR/SHAKEN); null where the carrier says
    /// nothing, and for a call of ours. Nothing is decided by it.
    attestation: Option<Attestation>,
    campaign_id: Option<CampaignId>,
    lead_id: Option<LeadId>,
    job_id: Option<JobId>,
    attempt: u32,
    question: Option<u16>,
    answer_count: usize,
    metadata: &'a Metadata,
    evidence: Evidence<'a>,
    error_code: Option<Cow<'a, str>>,
    error_message: Option<Cow<'a, str>>,
    created_at: Timestamp,
    ringing_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    updated_at: Timestamp,
    duration_seconds: Option<u32>,
    cost: Option<Cost>,
    legs: Vec<LegJson<'a>>,
    conversation_id: Option<&'a str>,
    caller_id: Option<&'a str>,
    receiver_id: Option<&'a str>,
    /// Whether the person agreed to be recorded; null where nobody asked, or no answer came.
    consent: Option<Consent>,
    hangup_by: Option<HangUpBy>,
    is_duplicate: bool,
    tenant: &'a str,
    /// Whether a client carries the call itself and has it kept here; null for a call of this server.
    registration: Option<Registration>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

/// The name by which its client knows a call: the one it registered, else ours.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum CallName<'a> {
    Ours(CallId),
    Clients(&'a str),
}

impl<'a> CallName<'a> {
    pub fn of(call: &'a Call) -> Self {
        let theirs = call.registered.and(call.leg().carrier_call_id.as_ref());
        theirs.map_or(Self::Ours(call.id), |id| Self::Clients(id.as_str()))
    }
}

/// How a client that carries a call itself has it kept here.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Registration {
    Registered,
    Unregistered,
}

/// What was said about the call, each part as it came.
#[derive(Debug, Serialize, JsonSchema)]
struct Evidence<'a> {
    carrier_status: Option<&'a str>,
    carrier_code: Option<&'a str>,
    carrier_cause: Option<&'a str>,
    sip_code: Option<u16>,
    q850: Option<u16>,
    hangup_by: Option<HangUpBy>,
    rang: Rang,
    ring_ms: Option<u64>,
    amd: Option<AnsweredBy>,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
    /// Whether the end was seen or inferred.
    source: Option<EndSource>,
    /// What closed it.
    cause: Option<Cause>,
    /// A second end that differs from the first.
    conflict: Option<Cause>,
    /// Whether a request may be out whose answer never came.
    unclear: bool,
}

/// What the carrier charged, as a decimal number above zero.
#[derive(Debug, Serialize, JsonSchema)]
struct Cost {
    amount: String,
    currency: String,
}

/// Whose phone a leg connects.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Role {
    /// The person's whom the call is with: one attempt to connect it.
    Person,
    /// Of the one it was handed to.
    Transfer,
}

/// One leg: an attempt to connect the person, or somebody the call was handed to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Leg")]
struct LegJson<'a> {
    no: u16,
    role: Role,
    /// The leg that was handed on; null for one of the person.
    parent: Option<u16>,
    /// Whom it calls, if that is not whom the call is with.
    to: Option<&'a str>,
    /// How it ended, in the carrier's word.
    end: Option<EndWord>,
    /// Whether whoever it calls is asked first; null for one of the person.
    mode: Option<TransferMode>,
    /// Since when it is connected to its parent; null for one of the person, and as long as it is not.
    joined_at: Option<Timestamp>,
    /// When whoever was asked first declined.
    declined_at: Option<Timestamp>,
    carrier: &'a str,
    /// The number of ours that it is shown as, if that is another than the call's.
    from: Option<&'a str>,
    /// What was wrong with the carrier of the leg before, if another carrier is asked for it.
    instead_for: Option<CarrierFault>,
    carrier_call_id: Option<&'a str>,
    state: State,
    queued_at: Timestamp,
    not_before: Option<Timestamp>,
    dialed_at: Option<Timestamp>,
    accepted_at: Option<Timestamp>,
    ringing_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    duration_seconds: Option<u32>,
    /// The carrier's code of what went wrong.
    error_code: Option<&'a str>,
    /// What went wrong in the carrier's words; in ours where nothing was sent.
    error_message: Option<&'a str>,
}

impl<'a> CallJson<'a> {
    pub fn of(call: &'a Call) -> Self {
        let leg = call.leg();
        let of = call.job.as_ref();
        let (error_code, error_message) =
            call.failure().map(|failure| (failure.code, failure.message)).unzip();
        let carrier = call.account.carrier();
        Self {
            id: call.id,
            call_id: CallName::of(call),
            carrier_call_id: leg.carrier_call_id.as_ref().map(CarrierCallId::as_str),
            session_id: call.session.as_ref().map(SessionId::as_str),
            carrier,
            provider: carrier,
            direction: call.direction,
            kind: if call.app.is_some() { "app" } else { "phone" },
            call_type: call.app.as_ref().map_or(CallType::Voice, |app| app.call_type),
            status: call.status(),
            state: call.state(),
            disposition: call.disposition(),
            outcome: call.outcome(),
            from: call.party.from.as_str(),
            to: call.party.to.as_str(),
            name: call.party.name.as_ref().map(|name| name.reveal().as_str()),
            script: call.script.as_ref().map(|script| script.name.as_str()),
            route: call.route,
            attestation: call.attestation,
            campaign_id: of.and_then(|of| of.campaign),
            lead_id: of.and_then(|of| of.lead),
            job_id: of.map(|of| of.job),
            // A job may need several calls; a call by itself, several legs.
            attempt: of.map_or(u32::from(leg.no.0), |of| of.on.attempt.0),
            question: call.question(),
            answer_count: call.answer_count(),
            metadata: call.party.metadata.reveal(),
            evidence: Evidence::of(call),
            error_code,
            error_message,
            created_at: call.created_at,
            ringing_at: call.ringing_at(),
            answered_at: call.answered_at(),
            ended_at: call.ended_at(),
            updated_at: call.updated_at,
            duration_seconds: call.duration_secs(),
            cost: call.cost().map(|price| Cost {
                amount: price.amount.trim_start_matches('-').to_owned(),
                currency: price.unit,
            }),
            legs: legs(call),
            conversation_id: call
                .app
                .as_ref()
                .and_then(|app| app.conversation.as_ref())
                .map(ConversationId::as_str),
            caller_id: user(call, &call.party.from),
            receiver_id: user(call, &call.party.to),
            consent: call.consent().map(|yes| if yes { Consent::Granted } else { Consent::Denied }),
            hangup_by: call.is_over().then(|| call.hang_up_by()),
            is_duplicate: false,
            tenant: call.tenant.as_str(),
            registration: call.registered.map(|kept| match kept.unregistered_at {
                None => Registration::Registered,
                Some(_) => Registration::Unregistered,
            }),
            warnings: &[],
        }
    }
}

impl<'a> From<&'a Placed> for CallJson<'a> {
    fn from(placed: &'a Placed) -> Self {
        Self {
            is_duplicate: placed.novelty == Novelty::Repeated,
            warnings: &placed.warnings,
            ..Self::of(&placed.call)
        }
    }
}

impl<'a> Evidence<'a> {
    fn of(call: &'a Call) -> Self {
        let leg = call.leg();
        let reported = leg.end.as_ref().map(|end| &end.reported);
        Self {
            carrier_status: reported.and_then(|reported| reported.carrier_status.as_deref()),
            carrier_code: reported.and_then(|reported| reported.carrier_code.as_deref()),
            carrier_cause: reported.and_then(|reported| reported.carrier_cause.as_deref()),
            sip_code: reported.and_then(|reported| reported.sip),
            q850: reported.and_then(|reported| reported.q850),
            hangup_by: call.is_over().then(|| call.hang_up_by()),
            rang: leg.rang(),
            ring_ms: leg.ring_ms(),
            amd: leg.answered_by,
            error_code: reported.and_then(|reported| reported.error_code.as_deref()),
            error_message: reported.and_then(|reported| reported.error_message.as_deref()),
            source: call.end_source(),
            cause: leg.cause(),
            conflict: leg.conflict,
            unclear: leg.is_unclear(),
        }
    }
}

/// The user behind an address of a call between users of an app; `None` if their part was erased.
fn user<'a>(call: &Call, address: &'a Address) -> Option<&'a str> {
    call.app.as_ref().map(|_| address.as_str()).filter(|id| !id.is_empty())
}

fn legs(call: &Call) -> Vec<LegJson<'_>> {
    let children = call.children().map(|(no, action, leg)| LegJson {
        no: no.0,
        role: Role::Transfer,
        parent: Some(call.leg().no.0),
        to: action.transfer().map(|transfer| transfer.to.as_str()),
        mode: action.transfer().map(|transfer| transfer.mode),
        joined_at: action.joined_at(),
        declined_at: action.declined_at,
        ..LegJson::from(leg)
    });
    call.legs.iter().map(LegJson::from).chain(children).collect()
}

impl<'a> From<&'a Leg> for LegJson<'a> {
    fn from(leg: &'a Leg) -> Self {
        let reported = leg.end.as_ref().map(|end| &end.reported);
        Self {
            no: leg.no.0,
            role: Role::Person,
            parent: None,
            to: None,
            mode: None,
            joined_at: None,
            declined_at: None,
            end: leg.cause().and_then(|cause| match cause {
                Cause::Carrier(word) => Some(word),
                _ => None,
            }),
            carrier: leg.account.carrier(),
            from: leg.from.as_ref().map(trunkline_core::private::Address::as_str),
            instead_for: leg.instead_for,
            carrier_call_id: leg.carrier_call_id.as_ref().map(CarrierCallId::as_str),
            state: leg.state(),
            queued_at: leg.queued_at,
            not_before: leg.not_before,
            dialed_at: leg.post_begun_at,
            accepted_at: leg.accepted_at,
            ringing_at: leg.ringing_at,
            answered_at: leg.answered_at(),
            ended_at: leg.ended_at(),
            duration_seconds: leg.duration_secs(),
            error_code: reported.and_then(|reported| reported.error_code.as_deref()),
            error_message: reported.and_then(|reported| reported.error_message.as_deref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use trunkline_core::call::{
        CarrierEnd, Event, Limits, News, OnLeg, Party, Progress, Reported, Request, ScriptRef, Source, What,
    };
    use trunkline_core::id::{AccountId, EventKey, LegNo, TenantId};
    use trunkline_core::private::{Address, Private};

    const SID: &str = "CA00000000000000000000000000000001";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + second).unwrap()
    }

    fn event(second: i64, what: What) -> Event {
        Event {
            call: CallId::new(at(0), [7; 10]),
            key: EventKey::new(format!("{second}")),
            received_at: at(second),
            occurred_at: None,
            source: Source::Carrier,
            what,
        }
    }

    fn requested() -> Event {
        let request = Request {
            tenant: TenantId::default_tenant(),
            account: AccountId::new("twilio:AC1"),
            party: Party {
                to: Address::new("+15550100123"),
                from: Address::new("+15550109999"),
                name: Some(Private::new("Ann".to_owned())),
                metadata: Private::new([("crm".to_owned(), serde_json::json!(7))].into()),
                ..Party::default()
            },
            script: ScriptRef { name: "survey".into(), version: "0011223344556677".into() },
            bot: None,
            limits: Limits::default(),
            not_before: None,
            session: Some(SessionId::new("s1")),
            idempotency: None,
            job: None,
        };
        event(0, What::Requested(Box::new(request)))
    }

    fn progress(second: i64, news: News) -> Event {
        let on = OnLeg::first(LegNo::FIRST);
        event(second, What::Progress(Progress { on, carrier_call_id: CarrierCallId::new(SID), news }))
    }

    fn ended_call() -> Call {
        let on = OnLeg::first(LegNo::FIRST);
        let end = CarrierEnd {
            word: EndWord::Completed,
            duration_secs: Some(40),
            reported: Reported {
                carrier_status: Some("completed".into()),
                sip: Some(200),
                ..Reported::default()
            },
        };
        let (mut call, _) = Call::begin(&requested()).unwrap();
        for event in [
            event(1, What::DialStarted(on)),
            event(2, What::PostBegun(on)),
            progress(3, News::Accepted),
            progress(5, News::Ringing),
            progress(10, News::Answered),
            progress(50, News::Ended(Box::new(end))),
            event(60, What::Priced { price: "-0.0130".into(), unit: "USD".into(), leg: None }),
        ] {
            call.apply(&event).unwrap();
        }
        call
    }

    #[test]
    fn an_ended_call_shows_everything_that_is_known() {
        insta::assert_json_snapshot!(CallJson::of(&ended_call()));
    }

    #[test]
    fn a_queued_call_has_every_name_too() {
        let (call, _) = Call::begin(&requested()).unwrap();
        let queued = serde_json::to_value(CallJson::of(&call)).unwrap();
        let ended = serde_json::to_value(CallJson::of(&ended_call())).unwrap();
        let names = |call: &Value| call.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&queued), names(&ended));
        assert_eq!(queued["carrier_call_id"], Value::Null);
        assert_eq!(queued["status"], "initiated");
    }

    #[test]
    fn a_repeated_order_says_so() {
        let (call, _) = Call::begin(&requested()).unwrap();
        let placed =
            Placed { call: call.into(), novelty: Novelty::Repeated, warnings: vec!["unassigned".into()] };
        let json = serde_json::to_value(CallJson::from(&placed)).unwrap();
        assert_eq!(json["is_duplicate"], true);
        assert_eq!(json["warnings"][0], "unassigned");
    }
}
