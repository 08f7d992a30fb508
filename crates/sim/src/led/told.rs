//! The events of a call that commands lead, as the published specification has them: told in JSON, in their order as far as no
//! fault disturbs it, and tried again as the call's policy says.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::call::{CallEvent, CallRecord, Direction};
use crate::chance::Chance;
use crate::courier::{Body, Event, Hook, WebhookKind};
use crate::exchange::Exchange;
use crate::ids::{CallSid, uuid};
use crate::mouth::{cause, vouched};
use crate::progress::send_in_order;
use crate::recordings::RecordingRecord;
use crate::target::{Overrides, Target};

/// Without a policy an event is tried twice more.
const USUAL_RETRIES: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(500)];
/// All attempts at one address together, real time: longer than any policy.
const TOTAL: Duration = Duration::from_secs(180);

/// Where a call's events go.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Address {
    pub(crate) primary: Target,
    pub(crate) failover: Option<Target>,
    /// For a type of event, how long is waited before each retry.
    pub(crate) policies: HashMap<String, Vec<Duration>>,
}

impl Address {
    /// An address, with Telnyx's budgets in place of those that Twilio reads from it.
    pub(crate) fn new(primary: Target, failover: Option<Target>) -> Self {
        let patient = |mut target: Target| {
            target.overrides = Overrides::default();
            target.overrides.total = TOTAL;
            target
        };
        Self { primary: patient(primary), failover: failover.map(patient), policies: HashMap::new() }
    }
}

/// Who is told of a call. All clones are one line of events.
#[derive(Clone)]
pub(crate) struct Told {
    exchange: Arc<Exchange>,
    call: CallSid,
    address: Arc<Address>,
    count: Arc<AtomicU32>,
    queue: mpsc::UnboundedSender<(Hook, String)>,
}

impl Told {
    pub(crate) fn new(exchange: &Arc<Exchange>, call: CallSid, address: Address) -> Self {
        let (queue, due) = mpsc::unbounded_channel();
        exchange.spawn(send_in_order(Arc::clone(exchange), due));
        Self {
            exchange: Arc::clone(exchange),
            call,
            address: Arc::new(address),
            count: Arc::default(),
            queue,
        }
    }

    /// The same line of events, to another address from now on.
    pub(crate) fn elsewhere(&self, address: Address) -> Self {
        Self { address: Arc::new(address), ..self.clone() }
    }

    /// Where this call's events go: a call that comes of it tells its own there.
    pub(crate) fn address(&self) -> Address {
        (*self.address).clone()
    }

    /// Dialing begins, or somebody calls.
    pub(crate) fn initiated(&self) {
        if let Some(call) = self.record() {
            self.send(&call, CallEvent::Initiated, beginning(&call));
        }
    }

    /// Somebody picked up, or the product did.
    pub(crate) fn answered(&self) {
        let Some(call) = self.record() else { return };
        let mut more = with_parties(&call);
        more.insert("state".into(), "answered".into());
        self.send(&call, CallEvent::Answered, more);
    }

    /// The call is over. What is not said of the end follows from how it stands in the record.
    pub(crate) fn over(&self, said: Option<(&'static str, &'static str)>) {
        if let Some(call) = self.record() {
            self.send(&call, CallEvent::Completed, end(&call, said));
        }
    }

    /// Something that says nothing of who talks to whom.
    pub(crate) fn tell(&self, event: CallEvent, more: Value) {
        if let Some(call) = self.record() {
            self.send(&call, event, object(more));
        }
    }

    /// Something that says who talks to whom.
    pub(crate) fn tell_with_parties(&self, event: CallEvent, more: Value) {
        if let Some(call) = self.record() {
            let mut all = object(more);
            all.insert("from".into(), call.from.clone().into());
            all.insert("to".into(), call.to.clone().into());
            self.send(&call, event, all);
        }
    }

    /// A recording can be had: at its address for ten minutes from now.
    pub(crate) fn saved(&self, recording: &RecordingRecord) {
        let Some(call) = self.record() else { return };
        let ended =
            recording.started_at.saturating_add(jiff::SignedDuration::from_secs(recording.secs.into()));
        let more = json!({
            "channels": "single",
            "recording_started_at": iso(recording.started_at),
            "recording_ended_at": iso(ended.unwrap_or(recording.started_at)),
            "recording_urls": { "wav": self.exchange.media_url(&recording.sid) },
            "public_recording_urls": {},
        });
        self.send(&call, CallEvent::RecordingSaved, object(more));
    }

    fn record(&self) -> Option<CallRecord> {
        self.exchange.register.get(&self.call)
    }

    fn send(&self, call: &CallRecord, event: CallEvent, more: Map<String, Value>) {
        let Some(event_type) = event.event_type() else { return };
        let nth = self.count.fetch_add(1, Ordering::AcqRel).to_string();
        let id = uuid(&Chance::of(self.exchange.seed, &["event", call.sid.as_str(), &nth]).hex32());
        let data = data(&self.exchange, call, event, (&id, self.exchange.clock.now()), more);
        self.exchange.legs.keep(&call.sid, data.clone());
        let retries = self.address.policies.get(event_type);
        let retries = retries.cloned().unwrap_or_else(|| USUAL_RETRIES.to_vec());
        let failover = self.address.failover.clone();
        let hook = Hook {
            call: call.sid.clone(),
            kind: kind(event),
            event: Some(event),
            target: self.address.primary.clone(),
            body: Body::Event(Box::new(Event { data, retries, failover })),
            token: id,
        };
        // The queue is closed only when the simulator stops.
        let _ = self.queue.send((hook, call.person().to_owned()));
    }
}

/// A call of an earlier life of this simulator, which is over: what stands in its record was told of it.
pub(crate) fn recall(exchange: &Exchange, call: &CallRecord) {
    exchange.legs.lead(&call.sid, None);
    let ended = call.ended_at.unwrap_or(call.created_at);
    for (event, at, more) in [
        (CallEvent::Initiated, call.created_at, beginning(call)),
        (CallEvent::Completed, ended, end(call, None)),
    ] {
        let words = ["recalled", call.sid.as_str(), event.event_type().unwrap_or_default()];
        let id = uuid(&Chance::of(exchange.seed, &words).hex32());
        exchange.legs.keep(&call.sid, data(exchange, call, event, (&id, at), more));
    }
}

/// An event's `data`.
fn data(
    exchange: &Exchange,
    call: &CallRecord,
    event: CallEvent,
    (id, at): (&str, Timestamp),
    more: Map<String, Value>,
) -> Value {
    let mut payload = object(json!({
        "call_control_id": call.sid,
        "call_leg_id": leg_id(exchange, call),
        "call_session_id": session_id(exchange, call),
        "connection_id": exchange.call_control,
        "client_state": exchange.legs.state(&call.sid),
    }));
    if event == CallEvent::RecordingSaved {
        // The published event has none.
        payload.remove("call_control_id");
    }
    payload.extend(more);
    json!({
        "record_type": "event",
        "event_type": event.event_type(),
        "id": id,
        "occurred_at": iso(at),
        "payload": payload,
    })
}

fn beginning(call: &CallRecord) -> Map<String, Value> {
    let incoming = call.direction == Direction::Inbound;
    let mut more = with_parties(call);
    more.insert("direction".into(), if incoming { "incoming" } else { "outgoing" }.into());
    more.insert("state".into(), if incoming { "parked" } else { "bridging" }.into());
    let vouched = call.verstat.as_deref().map(vouched).unwrap_or_default();
    for (name, value) in vouched.pairs() {
        match name.as_str() {
            "ShakenStirAttestation" => more.insert("shaken_stir_attestation".into(), value.clone().into()),
            _ => more.insert("shaken_stir_validated".into(), (value == "true").into()),
        };
    }
    more
}

/// What is not said of the end follows from how it stands in the record.
fn end(call: &CallRecord, said: Option<(&'static str, &'static str)>) -> Map<String, Value> {
    let code = call.sip_code.map(|code| code.to_string());
    let (cause, source) = said.unwrap_or_else(|| cause(call.status.as_str(), code.as_deref()));
    let response = code.filter(|_| call.direction != Direction::Inbound);
    let mut more = with_parties(call);
    more.insert("state".into(), "hangup".into());
    more.insert("hangup_cause".into(), cause.into());
    more.insert("hangup_source".into(), source.into());
    more.insert("sip_hangup_cause".into(), response.unwrap_or_else(|| "unspecified".into()).into());
    more
}

fn kind(event: CallEvent) -> WebhookKind {
    match event {
        CallEvent::RecordingSaved => WebhookKind::Recording,
        CallEvent::DetectionEnded
        | CallEvent::GreetingEnded
        | CallEvent::PremiumDetectionEnded
        | CallEvent::PremiumGreetingEnded => WebhookKind::Detection,
        _ => WebhookKind::Status,
    }
}

fn with_parties(call: &CallRecord) -> Map<String, Value> {
    object(json!({
        "from": call.from,
        "to": call.to,
        "start_time": iso(call.started_at.unwrap_or(call.created_at)),
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// `call_leg_id`: a leg's own.
pub(crate) fn leg_id(exchange: &Exchange, call: &CallRecord) -> String {
    uuid(&Chance::of(exchange.seed, &["leg", call.sid.as_str()]).hex32())
}

/// `call_session_id`: one for all legs that came of the same call.
pub(crate) fn session_id(exchange: &Exchange, call: &CallRecord) -> String {
    let mut first = call.sid.clone();
    let mut parent = call.parent.clone();
    while let Some(sid) = parent {
        parent = exchange.register.get(&sid).and_then(|call| call.parent);
        first = sid;
    }
    uuid(&Chance::of(exchange.seed, &["session", first.as_str()]).hex32())
}

/// `2018-02-02T22:25:27.521992Z`.
pub(crate) fn iso(at: Timestamp) -> String {
    format!("{at:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_to_the_microsecond() {
        let at: Timestamp = "2018-02-02T22:25:27.5Z".parse().unwrap();
        assert_eq!(iso(at), "2018-02-02T22:25:27.500000Z");
    }
}
