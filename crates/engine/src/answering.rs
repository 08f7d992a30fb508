//! What a person hears next: the script's page for where the call stands, journaled before it is spoken.
//!
//! The fold decides where a call stands; the sealed token in the URL decides where the fold can't be reached, so that
//! any node, after any restart, with no database, answers the next step. Whatever goes wrong here, a person is
//! listening: the answer is always a voice document.

use crate::engine::Inner;
use crate::live::Handle;
use crate::webhook::{Bearing, VoiceFetch};
use std::sync::Arc;
use trunkline_carriers::callback::Mint;
use trunkline_carriers::voice::{Document, page};
use trunkline_core::call::{
    AnswerValue, Arrival, Call, Direction, Event, Gate, Heard as HeardFact, OnLeg, Says, Source, Spoke, State, What,
};
use trunkline_core::dial::gates::admit_inbound;
use trunkline_core::id::{CallId, CarrierCallId, EventKey, Fence, LegNo, TenantId};
use trunkline_core::private::Private;
use trunkline_core::script::{Answer, Caller, Cursor, Heard, Language, Next, Page, Prompt, Script};

impl Inner {
    /// What to say to whoever is on the line.
    pub(crate) async fn voice(self: &Arc<Self>, fetch: VoiceFetch) -> Document {
        match self.speak(&fetch).await {
            Ok(document) => document,
            Err(error) => {
                self.apologies.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                tracing::error!(%error, "voice.apology: a person heard that something broke");
                page::closing(&Page::apology(&Language::english()))
            }
        }
    }

    async fn speak(self: &Arc<Self>, fetch: &VoiceFetch) -> Result<Document, crate::IntakeError> {
        let (handle, bearing) = match self.find_call(fetch).await? {
            Found::Live(handle, bearing) => (handle, bearing),
            Found::NoRoom(language) => return Ok(page::closing(&Page::capacity(&language))),
            Found::OnlyToken(bearing) => return self.speak_by_token(fetch, &bearing).await,
        };
        let (call, over) = {
            let live = handle.lock();
            let leg = live.call.leg_no(bearing.leg);
            // Known to be over, or to be hung up, or nobody's: nothing more is said.
            let over = leg.is_none_or(|leg| matches!(leg.state(), State::Ended | State::Ending) && !leg.is_ruled_not_placed());
            (live.call.clone(), over)
        };
        let script = self.script_of(&call, &bearing);
        let turn = Turn::take(&script, &caller(&call, fetch), &bearing, fetch);
        let event = self.spoke(call.id, &bearing, fetch, &turn);
        let taken = self.observe_on(&handle, event).await?;
        tracing::debug!(call = %call.id, step = bearing.at.step, ?taken, "voice.step");
        if over || self.is_stray(&handle, &bearing, &fetch.carrier_call_id) {
            return Ok(Document::hang_up());
        }
        if turn.next == Next::OptedOut {
            self.opt_out(&call).await?;
        }
        Ok(self.document(&call, &bearing, &script, &turn))
    }

    /// The fold can't be reached (the call is only in a store that is away): the token alone answers.
    async fn speak_by_token(
        self: &Arc<Self>,
        fetch: &VoiceFetch,
        bearing: &Bearing,
    ) -> Result<Document, crate::IntakeError> {
        let script = self.scripts.version(bearing.script).or_else(|| self.scripts.current(None));
        let Some(script) = script else { return Ok(page::closing(&Page::goodbye(&Language::english()))) };
        let caller = Caller { name: fetch.name.as_ref().map(|name| name.reveal().clone()), ..Caller::default() };
        let turn = Turn::take(&script, &caller, bearing, fetch);
        self.observe(self.spoke(bearing.call, bearing, fetch, &turn)).await?;
        let mint = Mint::new(
            &self.config.urls,
            &self.config.secrets,
            &fetch.account,
            bearing.call,
            (bearing.leg, bearing.fence),
            Some(bearing.script.to_bytes()),
        );
        Ok(page::document(&turn.page, &mint, turn.onward))
    }

    async fn find_call(self: &Arc<Self>, fetch: &VoiceFetch) -> Result<Found, crate::IntakeError> {
        if let Some(bearing) = &fetch.bearing {
            return Ok(match self.reach(bearing.call).await {
                Some(handle) => Found::Live(handle, bearing.clone()),
                None => Found::OnlyToken(bearing.clone()),
            });
        }
        let known = self.live.by_carrier(&fetch.account, &fetch.carrier_call_id);
        let id = known.unwrap_or_else(|| CallId::derived(&fetch.account, &fetch.carrier_call_id));
        if let Some(handle) = self.reach(id).await {
            let bearing = self.clear_bearing(&handle.lock().call, fetch.q);
            return Ok(Found::Live(handle, bearing));
        }
        self.arrive(id, fetch).await
    }

    /// A call that began at the carrier: inbound, or placed by other software that sends its people here.
    async fn arrive(self: &Arc<Self>, id: CallId, fetch: &VoiceFetch) -> Result<Found, crate::IntakeError> {
        let script = self.script_for(fetch);
        let mut party = trunkline_core::call::Party {
            to: fetch.to.clone(),
            from: fetch.from.clone(),
            ..trunkline_core::call::Party::default()
        };
        party.name.clone_from(&fetch.name);
        let arrival = Arrival {
            tenant: TenantId::default_tenant(),
            account: fetch.account.clone(),
            carrier_call_id: fetch.carrier_call_id.clone(),
            direction: fetch.direction,
            party,
            script: Some(self.use_script(&script).await?),
            limits: self.config.call_limits,
        };
        let key = format!("{}:{}:arrived", fetch.account, fetch.carrier_call_id);
        let event = self.own_event(id, key, Source::Carrier, What::Arrived(Box::new(arrival)));
        let (handle, taken) = self.begin(event).await?;
        let refused = {
            let live = handle.lock();
            let mut snapshot = self.snapshot(&live.call);
            // The call itself is counted by now.
            for open in [&mut snapshot.system, &mut snapshot.carrier, &mut snapshot.tenant] {
                *open = open.saturating_sub(1);
            }
            let fresh = taken == crate::intake::Taken::Applied && fetch.direction == Direction::Inbound;
            if fresh { admit_inbound(&snapshot, &self.config.dial_limits).err() } else { None }
        };
        if let Some(closed) = refused {
            tracing::warn!(call = %id, gate = ?closed, "call.no_room: the caller hears the capacity message");
            let what = What::Gated { gate: Gate::Capacity };
            self.observe_on(&handle, self.own_event(id, "gated:capacity".to_owned(), Source::Engine, what)).await?;
            return Ok(Found::NoRoom(script.language.clone()));
        }
        let bearing = self.clear_bearing(&handle.lock().call, fetch.q);
        Ok(Found::Live(handle, bearing))
    }

    fn script_for(&self, fetch: &VoiceFetch) -> Arc<Script> {
        let ours = match fetch.direction {
            Direction::Inbound => &fetch.to,
            Direction::Outbound => &fetch.from,
        };
        let named = self.config.numbers.iter().find(|(number, _)| number == ours).map(|(_, script)| script.as_str());
        self.scripts
            .current(named)
            .or_else(|| self.scripts.current(None))
            .unwrap_or_else(|| Arc::new(Script::builtin()))
    }

    /// Where a call without a token stands: the step its URL names, answering the step before.
    fn clear_bearing(&self, call: &Call, q: Option<i64>) -> Bearing {
        let leg = call.leg();
        let version = call.script.as_ref().and_then(|script| script.version.parse().ok());
        let step = q.unwrap_or(0);
        // Out of range means good-bye: a step no script has.
        let step = u16::try_from(step).unwrap_or(u16::MAX);
        Bearing {
            call: call.id,
            leg: leg.no,
            fence: leg.fence,
            script: version.unwrap_or_else(|| Script::builtin().version),
            at: Cursor::first(step),
            answers: step.checked_sub(1).filter(|_| step != u16::MAX).map(Cursor::first),
        }
    }

    fn script_of(&self, call: &Call, bearing: &Bearing) -> Arc<Script> {
        let version = call.script.as_ref().and_then(|script| script.version.parse().ok()).unwrap_or(bearing.script);
        self.scripts
            .version(version)
            .or_else(|| self.scripts.current(call.script.as_ref().map(|script| script.name.as_str())))
            .or_else(|| self.scripts.current(None))
            .unwrap_or_else(|| Arc::new(Script::builtin()))
    }

    fn spoke(&self, call: CallId, bearing: &Bearing, fetch: &VoiceFetch, turn: &Turn) -> Event {
        Event {
            call,
            key: EventKey::new(fetch.key.clone()),
            received_at: self.clock.now(),
            occurred_at: None,
            source: Source::Carrier,
            what: What::Spoke(Box::new(Spoke {
                on: OnLeg { leg: bearing.leg, fence: bearing.fence },
                carrier_call_id: fetch.carrier_call_id.clone(),
                heard: turn.heard.clone(),
                says: turn.says.clone(),
            })),
        }
    }

    fn is_stray(&self, handle: &Handle, bearing: &Bearing, id: &CarrierCallId) -> bool {
        let live = handle.lock();
        live.call.strays.contains_key(id)
            || live.call.leg_no(bearing.leg).is_none_or(|leg| leg.carrier_call_id.as_ref() != Some(id))
    }

    fn document(&self, call: &Call, bearing: &Bearing, script: &Script, turn: &Turn) -> Document {
        let _ = script;
        page::document(&turn.page, &self.mint(call, bearing.leg, bearing.fence), turn.onward)
    }

    /// The callback URLs of a leg.
    pub(crate) fn mint(&self, call: &Call, leg: LegNo, fence: Fence) -> Mint<'_> {
        let version: Option<trunkline_core::script::ScriptVersion> =
            call.script.as_ref().and_then(|script| script.version.parse().ok());
        let account = &call.account;
        Mint::new(
            &self.config.urls,
            &self.config.secrets,
            account,
            call.id,
            (leg, fence),
            version.map(trunkline_core::script::ScriptVersion::to_bytes),
        )
    }

    /// "Never call me again": durable before the good-bye is spoken.
    async fn opt_out(self: &Arc<Self>, call: &Call) -> Result<(), crate::IntakeError> {
        let number = call.party.person(call.direction).clone();
        self.suppress_number(&call.tenant, number, "asked in a call").await
    }
}

/// Where a voice fetch leads.
enum Found {
    Live(Handle, Bearing),
    OnlyToken(Bearing),
    NoRoom(Language),
}

/// What was heard, and what is said now.
struct Turn {
    heard: Option<HeardFact>,
    says: Says,
    page: Page,
    next: Next,
    /// Where an answer to this page leads, unless the script says otherwise when it is heard.
    onward: Cursor,
}

impl Turn {
    fn take(script: &Script, caller: &Caller, bearing: &Bearing, fetch: &VoiceFetch) -> Self {
        let heard = Heard {
            digits: fetch.digits.as_ref().map(|digits| digits.reveal().clone()),
            speech: fetch.speech.as_ref().map(|speech| speech.reveal().clone()),
            recording: fetch.recording.is_some(),
        };
        let brings = heard != Heard::default();
        let verdict = bearing.answers.filter(|_| brings).map(|at| (at, script.hear(at, &heard)));
        let next = match &verdict {
            Some((_, verdict)) => verdict.next,
            None => Next::Ask(bearing.at),
        };
        let next = match next {
            Next::Ask(cursor) if script.question(cursor.step).is_none() => Next::GoodBye,
            next => next,
        };
        let page = script.page(caller, next);
        let says = match next {
            Next::Ask(cursor) => Says::Question {
                step: cursor.step,
                ask: cursor.ask.saturating_add(cursor.repeat),
                text: script.question(cursor.step).map(|question| text(&question.prompt)).unwrap_or_default(),
            },
            Next::GoodBye | Next::OptedOut => Says::Goodbye,
        };
        let onward = match next {
            Next::Ask(cursor) => Cursor::first(cursor.step.saturating_add(1)),
            Next::GoodBye | Next::OptedOut => bearing.at,
        };
        let heard = verdict.and_then(|(at, verdict)| fact(at, verdict.answer, fetch));
        Self { heard, says, page, next, onward }
    }
}

/// What was heard as a fact of the call; silence and "once more" are none.
fn fact(at: Cursor, answer: Answer, fetch: &VoiceFetch) -> Option<HeardFact> {
    let value = match answer {
        Answer::Recorded => AnswerValue::Recorded,
        Answer::YesNo(yes) => AnswerValue::YesNo(yes),
        Answer::Number(digits) => AnswerValue::Number(Private::new(digits)),
        Answer::Choice { key, label } => AnswerValue::Choice { key: key.to_string(), label },
        Answer::Invalid => AnswerValue::Invalid,
        Answer::Silence | Answer::Repeat | Answer::OptOut if fetch.recording.is_some() => AnswerValue::Invalid,
        Answer::Silence | Answer::Repeat | Answer::OptOut => return None,
    };
    Some(HeardFact {
        step: at.step,
        ask: at.ask.saturating_add(at.repeat),
        value,
        digits: fetch.digits.clone(),
        speech: fetch.speech.clone(),
        recording: fetch.recording.clone(),
    })
}

fn caller(call: &Call, fetch: &VoiceFetch) -> Caller {
    let name = call.party.name.as_ref().or(fetch.name.as_ref());
    Caller {
        name: name.map(|name| name.reveal().clone()),
        variables: call.party.variables.reveal().clone(),
    }
}

fn text(prompt: &Prompt) -> String {
    prompt.audio.as_ref().map_or_else(|| prompt.text.clone(), |audio| audio.as_str().to_owned())
}
