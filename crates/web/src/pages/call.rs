//! The page of one call: facts, evidence, questions and answers, and everything that happened, in order.

use super::forgery::{self, Form};
use super::frame::{Frame, Section};
use super::legs::{self, LegView};
use super::show::{Pill, Time, duration, exchange, name_of, number_of};
use super::texts::Texts;
use super::timeline::{self, EntryView};
use super::transcript::{self, LineView};
use super::turns::{self, RecordingView, TurnView};
use super::{Reader, page};
use crate::api::{CallRef, Mine, Named, not_found, recordings};
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use std::sync::Arc;
use trunkline_core::call::{
    ActionKind, App, Call, Direction, Disposition, Side, State as CallState, TransferMode,
};
use trunkline_core::id::{CarrierCallId, ConversationId, DeviceId, SessionId};
use trunkline_core::private::Private;
use trunkline_engine::{ActionOrder, EndError, TransferOrder};

#[derive(Template)]
#[template(path = "call.html")]
struct CallPage {
    frame: Frame,
    t: Texts,
    id: String,
    name: Option<String>,
    number: String,
    pill: Pill,
    is_app: bool,
    is_over: bool,
    is_ending: bool,
    may_hold: bool,
    may_resume: bool,
    may_transfer: bool,
    facts: Vec<Fact>,
    times: Vec<TimeFact>,
    evidence: Vec<Fact>,
    legs: Vec<LegView>,
    turns: Vec<TurnView>,
    transcript: Vec<LineView>,
    talk_recordings: Vec<RecordingView>,
    timeline: Result<Vec<EntryView>, String>,
}

/// A fact with its name.
struct Fact {
    label: String,
    value: String,
}

struct TimeFact {
    label: String,
    at: Time,
}

/// `GET /calls/{id}`
pub(crate) async fn show(
    State(web): State<Arc<Web>>,
    reader: Reader,
    id: Result<Named<CallRef>, Problem>,
) -> Response {
    let found = match id {
        Ok(Named(id)) => view(&web, &reader, &id).await,
        Err(problem) => Err(problem),
    };
    match found {
        Ok(call) => page(StatusCode::OK, &call),
        Err(problem) => reader.trouble(&web, &problem).await,
    }
}

/// `POST /calls/{id}/end`
pub(crate) async fn end(
    State(web): State<Arc<Web>>,
    reader: Reader,
    Named(id): Named<CallRef>,
    request: Request,
) -> Response {
    if let Err(problem) = forgery::form(&web, &reader.session, request).await {
        return reader.trouble(&web, &problem).await;
    }
    match reader.desk.end(id.as_str()).await {
        // Over already is what was wanted.
        Ok(_) | Err(EndError::Over(_)) => Redirect::to(&format!("/calls/{}", id.as_str())).into_response(),
        Err(error) => reader.trouble(&web, &error.into()).await,
    }
}

/// `POST /calls/{id}/hold`
pub(crate) async fn hold(
    web: State<Arc<Web>>,
    reader: Reader,
    id: Named<CallRef>,
    request: Request,
) -> Response {
    act(web, reader, id, request, |_| ActionOrder::Hold).await
}

/// `POST /calls/{id}/resume`
pub(crate) async fn resume(
    web: State<Arc<Web>>,
    reader: Reader,
    id: Named<CallRef>,
    request: Request,
) -> Response {
    act(web, reader, id, request, |_| ActionOrder::Resume).await
}

/// `POST /calls/{id}/transfer`
pub(crate) async fn transfer(
    web: State<Arc<Web>>,
    reader: Reader,
    id: Named<CallRef>,
    request: Request,
) -> Response {
    let order = |form: &Form| {
        let to = Private::new(form.get("to").unwrap_or_default().trim().to_owned());
        let mode = match form.get("attended") {
            Some(_) => TransferMode::Attended,
            None => TransferMode::Blind,
        };
        ActionOrder::Transfer(TransferOrder { to, ring_timeout_secs: None, mode })
    };
    act(web, reader, id, request, order).await
}

async fn act(
    State(web): State<Arc<Web>>,
    reader: Reader,
    Named(id): Named<CallRef>,
    request: Request,
    order: impl FnOnce(&Form) -> ActionOrder,
) -> Response {
    let form = match forgery::form(&web, &reader.session, request).await {
        Ok(form) => form,
        Err(problem) => return reader.trouble(&web, &problem).await,
    };
    match reader.desk.act(id.as_str(), order(&form), None).await {
        Ok(_) => Redirect::to(&format!("/calls/{}", id.as_str())).into_response(),
        Err(error) => reader.trouble(&web, &error.into()).await,
    }
}

/// `GET /calls/{id}/recordings/{n}`: for the players of this page.
pub(crate) async fn recording(
    reader: Reader,
    named: Named<(CallRef, usize)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    recordings::recording(Mine(reader.desk), named, headers).await
}

async fn view(web: &Web, reader: &Reader, id: &CallRef) -> Result<CallPage, Problem> {
    let t = reader.t;
    let call = reader.desk.call(id.as_str()).await?.ok_or_else(not_found)?;
    let timeline = match reader.desk.history(id.as_str()).await {
        Ok(history) => Ok(timeline::of(t, &history.unwrap_or_default())),
        Err(away) => Err(away.reason),
    };
    Ok(CallPage {
        frame: Frame::of(web, reader, Section::Calls).await,
        t,
        id: call.id.to_string(),
        name: name_of(&call),
        number: number_of(&call),
        pill: Pill::of(t, call.status()),
        is_app: call.app.is_some(),
        is_over: call.is_over(),
        is_ending: call.state() == CallState::Ending,
        may_hold: call.may(&ActionKind::Hold).is_ok(),
        may_resume: call.may(&ActionKind::Resume).is_ok(),
        may_transfer: call.may(&ActionKind::Transfer(Box::default())).is_ok(),
        facts: facts(t, &call),
        times: times(t, &call),
        evidence: evidence(t, &call),
        legs: legs::of(t, &call),
        turns: turns::of(t, &call, web.engine.now()),
        transcript: transcript::of(t, &call),
        talk_recordings: RecordingView::of_talk(t, &call),
        timeline,
    })
}

/// Facts that are known, in the order in which they are looked for.
struct Facts(Vec<Fact>);

impl Facts {
    fn add(&mut self, label: String, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.0.push(Fact { label, value: value.into() });
        }
    }
}

fn facts(t: Texts, call: &Call) -> Vec<Fact> {
    let leg = call.leg();
    let direction = match call.direction {
        Direction::Inbound => t.get("direction-inbound"),
        Direction::Outbound => t.get("direction-outbound"),
    };
    let mut facts = Facts(Vec::new());
    let disposition = call.disposition().map(Disposition::as_str);
    facts.add(t.get("fact-disposition"), disposition.map(|word| t.or(&format!("disposition-{word}"), word)));
    facts.add(
        t.get("fact-outcome"),
        call.outcome().map(|outcome| t.get(&format!("outcome-{}", outcome.as_str()))),
    );
    facts.add(t.get("fact-duration"), call.duration_secs().map(duration));
    match &call.app {
        Some(app) => of_users(t, call, app, &mut facts),
        None => {
            facts.add(t.get("fact-direction"), Some(direction));
            facts.add(t.get("fact-from"), Some(call.party.from.as_str()));
            facts.add(t.get("fact-to"), Some(call.party.to.as_str()));
        }
    }
    facts.add(
        t.get("fact-attestation"),
        call.attestation.and_then(|vouched| word(t, "attestation", &vouched)),
    );
    for (_, action, _) in call.children() {
        facts.add(t.get("fact-transferred-to"), action.transfer().map(|to| to.to.as_str()));
    }
    facts.add(t.get("fact-script"), call.script.as_ref().map(|script| script.name.as_str()));
    facts.add(t.get("fact-session"), call.session.as_ref().map(SessionId::as_str));
    facts.add(t.get("fact-account"), Some(call.account.as_str()));
    facts.add(t.get("fact-carrier-id"), leg.carrier_call_id.as_ref().map(CarrierCallId::as_str));
    facts.add(t.get("fact-cost"), call.cost().map(|price| format!("{} {}", price.amount, price.unit)));
    if let Some(talk) = &call.bot {
        facts.add(t.get("fact-bot"), Some(talk.bot.name.as_str()));
        let used = talk.used();
        let tokens = used.as_ref().map(|used| used.tokens.0.values().sum::<u64>().to_string());
        facts.add(t.get("fact-tokens"), tokens);
        let cost = used.and_then(|used| used.cost);
        facts.add(t.get("fact-model-cost"), cost.map(|price| format!("{} {}", price.amount, price.unit)));
    }
    facts.0
}

/// What is known of a call because it is between two users of an app.
fn of_users(t: Texts, call: &Call, app: &App, facts: &mut Facts) {
    let user = |side| call.app_user(side).map(|user| user.as_str().to_owned());
    facts.add(t.get("fact-exchange"), Some(exchange(t, app.call_type)));
    facts.add(t.get("fact-caller"), user(Side::Caller));
    facts.add(t.get("fact-caller-device"), app.caller.device.as_ref().map(DeviceId::as_str));
    facts.add(t.get("fact-receiver"), user(Side::Receiver));
    facts.add(t.get("fact-receiver-device"), app.receiver.device.as_ref().map(DeviceId::as_str));
    facts.add(t.get("fact-conversation"), app.conversation.as_ref().map(ConversationId::as_str));
    if !app.found.hears_of_it() {
        facts.add(t.get("fact-reached"), Some(t.get("fact-reached-nobody")));
    }
}

fn times(t: Texts, call: &Call) -> Vec<TimeFact> {
    [
        (t.get("time-created"), Some(call.created_at)),
        (t.get("time-ringing"), call.ringing_at()),
        (t.get("time-answered"), call.answered_at()),
        (t.get("time-ended"), call.ended_at()),
    ]
    .into_iter()
    .filter_map(|(label, at)| Some(TimeFact { label, at: Time::new(at?) }))
    .collect()
}

/// What was said about the end, as it came.
fn evidence(t: Texts, call: &Call) -> Vec<Fact> {
    let leg = call.leg();
    let mut facts = Facts(Vec::new());
    if let Some(end) = &leg.end {
        let reported = &end.reported;
        facts.add(t.get("evidence-status"), reported.carrier_status.as_deref());
        facts.add(t.get("evidence-code"), reported.carrier_code.as_deref());
        facts.add(t.get("evidence-cause"), reported.carrier_cause.as_deref());
        facts.add(t.get("evidence-sip"), reported.sip.map(|code| code.to_string()));
        facts.add(t.get("evidence-q850"), reported.q850.map(|cause| cause.to_string()));
        facts.add(t.get("evidence-error"), reported.error_message.as_deref());
    }
    if call.is_over() {
        facts.add(t.get("evidence-hangup"), word(t, "hangup", &call.hang_up_by()));
        facts.add(
            t.get("evidence-source"),
            call.end_source().and_then(|source| word(t, "source-of-end", &source)),
        );
    }
    facts.add(t.get("evidence-rang"), word(t, "rang", &leg.rang()));
    facts.add(
        t.get("evidence-ring-time"),
        leg.ring_ms().map(|ms| format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)),
    );
    facts.add(t.get("evidence-machine"), leg.answered_by.and_then(|verdict| word(t, "machine", &verdict)));
    if leg.is_unclear() {
        facts.add(t.get("evidence-unclear"), Some(t.get("evidence-unclear-why")));
    }
    if leg.conflict.is_some() {
        facts.add(t.get("evidence-conflict"), Some(t.get("evidence-conflict-why")));
    }
    facts.0
}

/// A word of a closed set, by the name it has in JSON.
fn word(t: Texts, set: &str, value: &impl serde::Serialize) -> Option<String> {
    let name = serde_json::to_value(value).ok()?.as_str()?.to_owned();
    Some(t.or(&format!("{set}-{name}"), &name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::texts::Language;
    use trunkline_core::call::{AnsweredBy, Attestation, EndSource, HangUpBy, Outcome, Rang};

    const DISPOSITIONS: &str = "completed voicemail fax abandoned busy no_answer rejected blocked unreachable \
        invalid_number carrier_failed rate_limited canceled caller_gave_up missed declined answered_elsewhere \
        glare_merged time_limit bot_failed rejected_capacity suppressed out_of_window duplicate expired not_placed \
        unknown";

    #[test]
    fn every_word_of_a_closed_set_is_in_every_language() {
        for t in Language::ALL.map(|language| Texts { language }) {
            let has = |key: &str| assert_ne!(t.get(key), key);
            for disposition in DISPOSITIONS.split_whitespace() {
                has(&format!("disposition-{disposition}"));
            }
            for outcome in Outcome::ALL {
                has(&format!("outcome-{}", outcome.as_str()));
            }
            let worded =
                |set: &str, name: serde_json::Value| has(&format!("{set}-{}", name.as_str().unwrap()));
            use HangUpBy as By;
            for by in [By::Caller, By::Callee, By::Us, By::Carrier, By::Unknown] {
                worded("hangup", serde_json::to_value(by).unwrap());
            }
            for rang in [Rang::Yes, Rang::No, Rang::Unknown] {
                worded("rang", serde_json::to_value(rang).unwrap());
            }
            for vouched in Attestation::ALL {
                worded("attestation", serde_json::to_value(vouched).unwrap());
            }
            for source in [EndSource::Observed, EndSource::Inferred] {
                worded("source-of-end", serde_json::to_value(source).unwrap());
            }
            use AnsweredBy as Who;
            for who in [Who::Human, Who::Machine, Who::MachineReady, Who::Fax, Who::Silence, Who::Unknown] {
                worded("machine", serde_json::to_value(who).unwrap());
            }
        }
    }
}
