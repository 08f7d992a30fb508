//! Answering machines: what a campaign wants done when one answers, brought together with what the carrier says of who did.
//!
//! The verdict comes as a callback, beside the call, when it comes. What is decided by it is the core's (`campaign::Machine`);
//! here a page is held back, a message is left, a machine is hung up on.

use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::live::Handle;
use crate::webhook::VoiceFetch;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use trunkline_carriers::callback::{CallbackState, Place};
use trunkline_carriers::voice::{Document, Method, Redirect, Verb, page};
use trunkline_carriers::{MachineDetection, Until};
use trunkline_core::call::{Call, Event, HangUpReason, OnLeg, Says, Source, State, What};
use trunkline_core::campaign::{Act, Machine};
use trunkline_core::id::{CallId, LegNo};
use trunkline_core::script::{Caller, Line, Page, Script, Template, Then};

/// When the carrier gives up listening, in seconds.
const LISTENS_SECS: u8 = 30;
/// A machine whose greeting has no end hears the message all the same.
const LONGEST_GREETING: SignedDuration = SignedDuration::from_secs(30);

/// What the carrier is asked to listen for.
pub(crate) fn detection(call: &Call) -> MachineDetection {
    match call.job.as_ref().map(|of| &of.machine) {
        Some(machine) if machine.wants_verdict() => {
            let is_message = matches!(machine, Machine::LeaveMessage { .. });
            let until = if is_message { Until::GreetingEnds } else { Until::Verdict };
            MachineDetection::Beside { until, timeout_secs: LISTENS_SECS }
        }
        // A bot talks to whoever is there: what a machine costs is worth being told.
        Some(_) | None if call.bot.is_some() => {
            MachineDetection::Beside { until: Until::Verdict, timeout_secs: LISTENS_SECS }
        }
        Some(_) | None => MachineDetection::Off,
    }
}

/// What to do on this leg now.
pub(crate) fn act(call: &Call, leg: LegNo, now: Timestamp) -> Act {
    let (Some(of), Some(leg)) = (&call.job, call.leg_no(leg)) else { return Act::Talk };
    let heard_nothing = leg.answered_at().map_or(SignedDuration::ZERO, |at| now.duration_since(at));
    match (of.machine.on(leg.answered_by), &of.machine) {
        (Act::Wait, Machine::WaitForVerdict { at_most_ms })
            if heard_nothing >= SignedDuration::from_millis(i64::from(*at_most_ms)) =>
        {
            Act::Talk
        }
        (Act::Wait, Machine::LeaveMessage { .. }) if heard_nothing >= LONGEST_GREETING => Act::LeaveMessage,
        (act, _) => act,
    }
}

impl Inner {
    /// The page of a leg that is not to hear the script now; `None` if it is.
    pub(crate) async fn instead_of_script(
        self: &Arc<Self>,
        handle: &Handle,
        token: &CallbackState,
        fetch: &VoiceFetch,
        script: &Script,
        caller: &Caller,
    ) -> Result<Option<Document>, IntakeError> {
        let (call, act) = {
            let live = handle.lock();
            (live.call.id, act(&live.call, token.leg, self.clock.now()))
        };
        match act {
            Act::Talk => Ok(None),
            Act::Wait => {
                // That somebody listens is known from the first time on.
                self.observe_on(handle, self.said_nothing(call, token, fetch)).await?;
                let url = self.mint(&handle.lock().call, token.on()).voice(token.place);
                let again = Verb::Redirect(Redirect { url, method: Method::Post });
                Ok(Some(Document::new(vec![Verb::Pause { secs: 1 }, again])))
            }
            Act::LeaveMessage => {
                self.observe_on(handle, self.said_nothing(call, token, fetch)).await?;
                Ok(Some(message(&handle.lock().call, script, caller)))
            }
            Act::HangUp => {
                self.observe_on(handle, self.said_nothing(call, token, fetch)).await?;
                self.hang_up_on_machine(handle, call).await?;
                Ok(Some(Document::hang_up()))
            }
        }
    }

    fn said_nothing(&self, call: CallId, token: &CallbackState, fetch: &VoiceFetch) -> Event {
        self.spoke_besides(call, token, fetch, "silent", Says::Nothing)
    }

    /// The carrier has said who answered: acts on it where the script speaks already.
    pub(crate) async fn on_verdict(self: &Arc<Self>, call: CallId, on: OnLeg) -> Result<(), IntakeError> {
        let Some(handle) = self.live.get(call) else { return Ok(()) };
        let (act, redirected) = {
            let live = handle.lock();
            let leg = live.call.leg_no(on.leg).filter(|leg| leg.state() == State::Answered);
            let Some(leg) = leg else { return Ok(()) };
            let url = self.mint(&live.call, on).voice(Place::START);
            let account = leg.account.clone();
            let asked = leg.carrier_call_id.clone().map(|id| (account, id, url));
            (act(&live.call, on.leg, self.clock.now()), asked)
        };
        match (act, redirected) {
            (Act::HangUp, _) => self.hang_up_on_machine(&handle, call).await?,
            (Act::LeaveMessage, Some((account, id, url))) => {
                let inner = self.clone();
                self.tasks.spawn(async move {
                    if let Err(error) = inner.send_elsewhere(&account, &id, &url).await {
                        tracing::warn!(%call, %error, "call.no_message_left: the machine hears the script");
                    }
                });
            }
            (Act::Talk | Act::Wait | Act::LeaveMessage, _) => {}
        }
        Ok(())
    }

    async fn hang_up_on_machine(self: &Arc<Self>, handle: &Handle, call: CallId) -> Result<(), IntakeError> {
        let what = What::HangUpAsked { reason: HangUpReason::Asked };
        self.observe_on(handle, self.own_event(call, "end:machine".to_owned(), Source::Engine, what))
            .await
            .map(drop)
    }
}

/// What a machine hears.
fn message(call: &Call, script: &Script, caller: &Caller) -> Document {
    let text = match call.job.as_ref().map(|of| &of.machine) {
        Some(Machine::LeaveMessage { text }) => {
            Template::parse(text.as_str()).map(|text| text.render(caller)).unwrap_or_default()
        }
        _ => String::new(),
    };
    if text.is_empty() {
        return Document::hang_up();
    }
    let (language, voice) = (script.language.clone(), script.voice.clone());
    page::closing(&Page { language, voice, lines: vec![Line::Say(text)], then: Then::HangUp })
}
