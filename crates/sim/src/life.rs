//! A call's life: dialed, rung, answered, led through documents, ended, with orders taken at every moment.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::answer::{Answerer, Pickup};
use crate::call::{CallEvent, CallStatus, Direction, Form};
use crate::courier::WebhookKind;
use crate::faults::{FaultKind, Moment};
use crate::heard::Heard;
use crate::line::{Ending, Line};
use crate::orders::{Order, Source, Wish};
use crate::recordings::{RecordingRecord, RecordingSource};
use crate::session::{Over, Session};
use crate::target::Target;
use crate::twiml::RejectReason;

/// A mailbox is full after this many seconds.
pub(crate) const MAILBOX_SECS: u32 = 120;

/// What was asked for when the call was made.
pub(crate) struct Plan {
    pub(crate) document: Source,
    pub(crate) fallback: Option<Target>,
    pub(crate) status: Option<Target>,
    pub(crate) events: Vec<CallEvent>,
    pub(crate) ring_secs: u32,
    pub(crate) limit_secs: u32,
    pub(crate) detection: Detection,
    pub(crate) recording: WholeCall,
    /// What the network vouches for of an inbound caller's number.
    pub(crate) verstat: Option<String>,
}

impl Plan {
    /// A plan with Twilio's defaults.
    pub(crate) fn new(document: Source) -> Self {
        Self {
            document,
            fallback: None,
            status: None,
            events: Vec::new(),
            ring_secs: 60,
            limit_secs: 14_400,
            detection: Detection::Off,
            recording: WholeCall::Unrecorded,
            verstat: None,
        }
    }
}

/// Whether the call is recorded from answer to end.
pub(crate) enum WholeCall {
    Unrecorded,
    Recorded { told: Option<Target> },
}

/// Whether and when human or machine is decided.
pub(crate) enum Detection {
    Off,
    /// Before the first document is asked for.
    First(Wait),
    /// While the call goes on.
    Beside {
        wait: Wait,
        told: Option<Target>,
    },
}

/// What the decision waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    Greeting,
    EndOfGreeting,
}

impl Wait {
    pub(crate) fn verdict(self, by: Answerer) -> (&'static str, u32) {
        match (by, self) {
            (Answerer::Human, _) => ("human", 3),
            (Answerer::Fax, _) => ("fax", 4),
            (Answerer::Machine, Self::Greeting) => ("machine_start", 4),
            (Answerer::Machine, Self::EndOfGreeting) => ("machine_end_beep", 8),
        }
    }
}

/// Lives one call from its first moment to its last callback.
pub(crate) async fn live(
    line: Line,
    direction: Direction,
    plan: Plan,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    let mut session = Session::new(line, plan.fallback.clone());
    let mut told = None;
    let ending = match direction {
        Direction::Inbound => talk(&mut session, &plan, None, &mut orders, &mut told).await,
        Direction::OutboundApi | Direction::OutboundDial => {
            let reached = tokio::select! {
                biased;
                (obeyed, ending) = taken_back(&mut orders) => {
                    told = Some(obeyed);
                    Err(ending)
                }
                reached = reach(&mut session.line, plan.ring_secs) => reached,
            };
            match reached {
                Ok(by) => {
                    session.line.answered();
                    talk(&mut session, &plan, Some(by), &mut orders, &mut told).await
                }
                Err(ending) => ending,
            }
        }
    };
    let recording = record_whole_call(&mut session.line, &plan, ending);
    session.line.end(ending, recording.as_ref());
    session.say_farewell();
    if let Some(told) = told {
        // Whoever asked may have gone away.
        let _ = told.send(());
    }
}

/// Dials and waits for somebody to pick up.
async fn reach(line: &mut Line, ring_timeout_secs: u32) -> Result<Answerer, Ending> {
    dial(line).await;
    ring(line, ring_timeout_secs).await
}

/// Waits for the call's turn, and begins to dial.
pub(crate) async fn dial(line: &mut Line) {
    let queued = line.exchange.wait_in_queue().await;
    let now = line.exchange.clock.now();
    line.report(CallEvent::Initiated, |call| {
        call.started_at = Some(now);
        call.queue_ms = u64::try_from(queued.as_millis()).unwrap_or(u64::MAX);
    });
}

/// Waits for somebody to pick up.
pub(crate) async fn ring(line: &mut Line, ring_timeout_secs: u32) -> Result<Answerer, Ending> {
    line.pass(1).await;
    let ending = |status, sip_code| Err(Ending { status, sip_code });
    let pickup = line.person.pickup();
    match pickup {
        Pickup::Fails { sip_code } => return ending(CallStatus::Failed, sip_code),
        Pickup::Busy => return ending(CallStatus::Busy, 486),
        Pickup::Answers { .. } | Pickup::RingsOn | Pickup::Declines { .. } => {
            line.report(CallEvent::Ringing, |call| call.status = CallStatus::Ringing);
        }
    }
    match pickup {
        Pickup::Answers { ring_secs, by } if ring_secs <= ring_timeout_secs => {
            line.pass(ring_secs).await;
            Ok(by)
        }
        Pickup::Declines { ring_secs } if ring_secs <= ring_timeout_secs => {
            line.pass(ring_secs).await;
            ending(CallStatus::Busy, 603)
        }
        _ => {
            line.pass(ring_timeout_secs).await;
            ending(CallStatus::NoAnswer, 487)
        }
    }
}

/// Waits for the order to end a call that nobody has picked up; other orders cannot be obeyed yet.
pub(crate) async fn taken_back(orders: &mut mpsc::UnboundedReceiver<Order>) -> (oneshot::Sender<()>, Ending) {
    loop {
        match orders.recv().await {
            Some(Order { wish: Wish::End, obeyed }) => {
                return (obeyed, Ending { status: CallStatus::Canceled, sip_code: 487 });
            }
            Some(Order { wish: Wish::PersonHangsUp, obeyed }) => {
                return (obeyed, Ending { status: CallStatus::Busy, sip_code: 603 });
            }
            Some(Order { wish: Wish::Follow(_) | Wish::Led(_), .. }) => {}
            None => std::future::pending().await,
        }
    }
}

/// Follows documents until somebody hangs up. `by` is none for an inbound call, which the document answers.
async fn talk(
    session: &mut Session,
    plan: &Plan,
    by: Option<Answerer>,
    orders: &mut mpsc::UnboundedReceiver<Order>,
    told: &mut Option<oneshot::Sender<()>>,
) -> Ending {
    let limit_secs = match by {
        Some(Answerer::Machine | Answerer::Fax) => plan.limit_secs.min(MAILBOX_SECS),
        Some(Answerer::Human) | None => plan.limit_secs,
    };
    session.line.limit(limit_secs);
    let exhausted = session.line.exhausted();
    let mut source = plan.document.clone();
    let mut undecided = by;
    loop {
        let over = tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(Order { wish: Wish::Follow(other), obeyed }) => {
                    session.turn_away();
                    source = other;
                    let _ = obeyed.send(());
                    continue;
                }
                Some(Order { wish: Wish::End, obeyed }) => {
                    *told = Some(obeyed);
                    Over::CutOff
                }
                Some(Order { wish: Wish::PersonHangsUp, .. }) => {
                    session.line.hear(Heard::PersonHungUp);
                    session.cut_off();
                    Over::PersonHungUp
                }
                // Nobody commands a call that documents lead.
                Some(Order { wish: Wish::Led(_), .. }) => continue,
                None => Over::CutOff,
            },
            () = exhausted.cancelled() => Over::CutOff,
            over = converse(session, &plan.detection, &mut undecided, source.clone()) => over,
        };
        if over == Over::CutOff {
            session.cut_off();
        }
        return match over {
            Over::Rejected(RejectReason::Busy) => Ending { status: CallStatus::Busy, sip_code: 486 },
            Over::Rejected(RejectReason::Rejected) => Ending { status: CallStatus::NoAnswer, sip_code: 603 },
            Over::CutOff | Over::HungUp | Over::PersonHungUp => closing(session, by),
        };
    }
}

/// An inbound call that ends before any document answered it was never picked up.
fn closing(session: &Session, by: Option<Answerer>) -> Ending {
    let answered = by.is_some() || session.line.record().is_some_and(|call| call.answered_at.is_some());
    if answered {
        Ending { status: CallStatus::Completed, sip_code: 200 }
    } else {
        Ending { status: CallStatus::NoAnswer, sip_code: 487 }
    }
}

async fn converse(
    session: &mut Session,
    detection: &Detection,
    undecided: &mut Option<Answerer>,
    source: Source,
) -> Over {
    if let Some(by) = undecided.take() {
        detect(&mut session.line, detection, by).await;
    }
    session.follow(source).await
}

/// Decides human or machine, if that was asked for.
async fn detect(line: &mut Line, detection: &Detection, by: Answerer) {
    match detection {
        Detection::Off => {}
        Detection::First(wait) => {
            let (verdict, secs) = wait.verdict(by);
            line.pass(secs).await;
            line.update(|call| call.answered_by = Some(verdict.into()));
        }
        Detection::Beside { wait, told } => {
            let (verdict, mut secs) = wait.verdict(by);
            let person = line.record().map(|call| call.person().to_owned()).unwrap_or_default();
            match line.exchange.faults.strike(Moment::Verdict, &person, None) {
                Some(FaultKind::VerdictLost) => return,
                Some(FaultKind::VerdictLate { secs: more }) => secs += more,
                _ => {}
            }
            let exchange = Arc::clone(&line.exchange);
            let sid = line.sid.clone();
            let hook = told.as_ref().map(|target| {
                let form = Form::default()
                    .with("AnsweredBy", verdict)
                    .with("MachineDetectionDuration", (secs * 1_000).to_string());
                line.hook(WebhookKind::Detection, target, form)
            });
            line.exchange.spawn(async move {
                exchange.clock.sleep(Duration::from_secs(secs.into())).await;
                exchange.register.update(&sid, |call| call.answered_by = Some(verdict.into()));
                if let Some(hook) = hook {
                    let _ = exchange.courier.deliver(hook).await;
                }
            });
        }
    }
}

fn record_whole_call(line: &mut Line, plan: &Plan, ending: Ending) -> Option<RecordingRecord> {
    let WholeCall::Recorded { told } = &plan.recording else { return None };
    if ending.status != CallStatus::Completed {
        return None;
    }
    line.wake();
    let sid = line.next_recording_sid();
    let secs = line.talked_secs();
    Some(line.keep_recording(&sid, secs, RecordingSource::OutboundAPI, told.as_ref()))
}
