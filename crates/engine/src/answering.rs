//! What a person hears next: the script's page for where the call stands, journaled before it is spoken.
//!
//! The fold decides where a call stands; the sealed token in the URL decides where the fold can't be reached, so that
//! any node, after any restart, with no database, answers the next step. Whatever goes wrong here, a person is
//! listening: the answer is always a voice document.

use crate::actions::{action_of, aside, consultation_of};
use crate::engine::Inner;
use crate::intake::{IntakeError, Taken};
use crate::live::Handle;
use crate::numbers::{Routed, ours};
use crate::transcription::Transcribing;
use crate::webhook::{Line, VoiceFetch};
use std::sync::Arc;
use trunkline_carriers::callback::{CallbackState, Mint, Place};
use trunkline_carriers::voice::{Document, page};
use trunkline_core::call::{
    AnswerValue, Arrival, Call, Direction, Event, Gate, Heard as HeardFact, OnLeg, Party, Says, Source,
    Spoke, State, What,
};
use trunkline_core::dial::gates::{Closed, admit_inbound};
use trunkline_core::id::{CallId, CarrierCallId, EventKey};
use trunkline_core::private::Private;
use trunkline_core::script::{
    Answer, Caller, Cursor, Heard, Kind, Language, Next, Page, Prompt, Script, ScriptVersion,
};

impl Inner {
    /// What to say to whoever is on the line.
    pub(crate) async fn voice(self: &Arc<Self>, fetch: VoiceFetch) -> Document {
        match self.speak(&fetch).await {
            Ok(document) => document,
            Err(error) => {
                tracing::error!(%error, "voice.failed");
                self.apology()
            }
        }
    }

    /// Something of ours broke while a person listens.
    pub(crate) fn apology(&self) -> Document {
        self.apologies.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        tracing::error!("voice.apology: a person heard that something broke");
        let language =
            self.scripts.current(None).map_or_else(Language::english, |script| script.language.clone());
        page::closing(&Page::apology(&language))
    }

    async fn speak(self: &Arc<Self>, fetch: &VoiceFetch) -> Result<Document, IntakeError> {
        let (handle, mut token) = match self.find_call(fetch).await? {
            Found::Live(handle, token) => (handle, token),
            Found::NoRoom(language) => return Ok(page::closing(&Page::capacity(&language))),
            Found::Foreign => return Ok(page::closing(&Page::goodbye(&Language::english()))),
            Found::OnlyToken(token) => return self.speak_by_token(fetch, token).await,
        };
        if let Some(no) = consultation_of(token.place) {
            return self.speak_consult(&handle, &token, fetch, no).await;
        }
        let (script, over, caller) = {
            let live = handle.lock();
            let over = is_over(&live.call, &token) || is_foreign(&live.call, &token, &fetch.carrier_call_id);
            (self.script_of(&live.call, &token), over, caller(&live.call, fetch))
        };
        if fetch.token.is_none() {
            token.place = after_consent(&script, &handle.lock().call, token.place);
        }
        if !over
            && fetch.line == Line::Open
            && let Some(document) = self.instead_of_script(&handle, &token, fetch, &script, &caller).await?
        {
            return Ok(document);
        }
        if !over && fetch.line == Line::Open {
            self.put_through(&handle).await?;
            let call = handle.lock().call.clone();
            if self.hears_busy(&call) {
                return Ok(page::closing(&Page::capacity(&script.language)));
            }
        }
        let is_here = !over && fetch.line == Line::Open && aside(&handle.lock().call).is_none();
        let asks = (&*script, &caller);
        if is_here && let Some(document) = self.speak_client(&handle, &token, fetch, asks).await? {
            return Ok(document);
        }
        if is_here && let Some(document) = self.speak_bot(&handle, &token, fetch, asks).await? {
            return Ok(document);
        }
        if let Some(no) = action_of(token.place) {
            return self.speak_action(&handle, &token, fetch, no, (&script, &caller)).await;
        }
        let (call, script, turn, over, aside) = {
            let live = handle.lock();
            let over = over || is_over(&live.call, &token);
            // What was said while the carrier was asked to go elsewhere is heard, and nothing is asked that nobody hears.
            let aside = aside(&live.call).filter(|_| !over && fetch.line == Line::Open);
            let line = if over || aside.is_some() { Line::Closed } else { fetch.line };
            let mut turn = self.as_transcribed(Turn::take(&script, &caller, token.place, fetch, line));
            if let Some(at) = resumes(&live.call, token.place) {
                turn.page = script.reopen(&caller, at);
            }
            (live.call.id, script.version, turn, over, aside)
        };
        if turn.next == Next::OptedOut {
            let call = handle.lock().call.clone();
            // Before anything else, and even where nothing else is taken: "never call me again" is not forgotten.
            self.suppress_number(&call.tenant, call.party.person(call.direction).clone(), "asked in a call")
                .await?;
        }
        let taken = self.observe_on(&handle, self.spoke(call, &token, fetch, &turn)).await?;
        tracing::debug!(%call, %script, ?taken, "voice.step");
        let live = handle.lock();
        if over || is_stray(&live.call, &token, &fetch.carrier_call_id) {
            return Ok(Document::hang_up());
        }
        let mint = self.mint(&live.call, token.on());
        Ok(match aside {
            Some(place) => Document::redirect(mint.voice(place)),
            None => page::document(&turn.page, &mint),
        })
    }

    /// The fold can't be reached (the call is only in a store that is away): the token alone answers.
    async fn speak_by_token(
        self: &Arc<Self>,
        fetch: &VoiceFetch,
        token: CallbackState,
    ) -> Result<Document, IntakeError> {
        let known = token.script.and_then(|version| self.scripts.version(version));
        let Some(script) = known.or_else(|| self.scripts.current(None)) else {
            return Ok(page::closing(&Page::goodbye(&Language::english())));
        };
        let caller =
            Caller { name: fetch.name.as_ref().map(|name| name.reveal().clone()), ..Caller::default() };
        if consultation_of(token.place).is_some() {
            // Whether they may be joined only the call itself can say.
            return Ok(Document::hang_up());
        }
        if action_of(token.place).is_some() {
            return Ok(self.action_by_token(&script, token));
        }
        let turn = self.as_transcribed(Turn::take(&script, &caller, token.place, fetch, fetch.line));
        self.observe(self.spoke(token.call, &token, fetch, &turn)).await?;
        Ok(page::document(&turn.page, &Mint::of(&self.config.urls, &self.config.secrets, token)))
    }

    async fn find_call(self: &Arc<Self>, fetch: &VoiceFetch) -> Result<Found, IntakeError> {
        if let Some(token) = &fetch.token {
            if token.account != fetch.account || !self.carriers.has(&token.account) {
                return Ok(Found::Foreign);
            }
            return Ok(match self.reach(token.call).await {
                Some(handle) => Found::Live(handle, token.clone()),
                None => Found::OnlyToken(token.clone()),
            });
        }
        let (account, sid) = (&fetch.account, &fetch.carrier_call_id);
        let known = self.live.by_carrier(account, sid);
        let id = known.unwrap_or_else(|| CallId::derived(account, sid));
        // A call that has left memory has a tombstone; without one it is a first word, and no database is asked.
        if (known.is_some() || self.bound.contains(account, sid))
            && let Some(handle) = self.reach(id).await
        {
            let token = clear_state(&handle.lock().call, fetch);
            return Ok(Found::Live(handle, token));
        }
        self.arrive(id, fetch).await
    }

    /// A call that began at the carrier: inbound, or placed by other software that sends its people here.
    async fn arrive(self: &Arc<Self>, id: CallId, fetch: &VoiceFetch) -> Result<Found, IntakeError> {
        let Some(tenant) = self.tenant_of_number(ours(fetch.direction, &fetch.from, &fetch.to)) else {
            tracing::warn!("call.of_nobody: the number belongs to no tenant; the caller hears a goodbye");
            return Ok(Found::Foreign);
        };
        let Routed { script, bot, route } = self.routed(fetch);
        let bot = match bot {
            Some(name) => self.bot_for(&tenant, name.as_str()).await?,
            None => None,
        };
        let party = Party {
            to: fetch.to.clone(),
            from: fetch.from.clone(),
            name: fetch.name.clone(),
            ..Party::default()
        };
        let arrival = Arrival {
            tenant,
            account: fetch.account.clone(),
            carrier_call_id: fetch.carrier_call_id.clone(),
            direction: fetch.direction,
            party,
            script: Some(self.use_script(&script).await?),
            bot,
            route,
            attestation: fetch.attestation,
            limits: self.config.call_limits,
        };
        let key = format!("{}:{}:arrived", fetch.account, fetch.carrier_call_id);
        let event = self.own_event(id, key, Source::Carrier, What::Arrived(Box::new(arrival)));
        let (handle, taken) = self.begin(event).await?;
        let is_new_inbound = taken == Taken::Applied && fetch.direction == Direction::Inbound;
        if is_new_inbound && let Err(closed) = self.admit_arrival(&handle) {
            tracing::warn!(call = %id, gate = ?closed, "call.no_room: the caller hears the capacity message");
            let what = What::Gated { gate: Gate::Capacity };
            self.observe_on(&handle, self.own_event(id, "gated:capacity".to_owned(), Source::Engine, what))
                .await?;
            return Ok(Found::NoRoom(script.language.clone()));
        }
        let token = clear_state(&handle.lock().call, fetch);
        Ok(Found::Live(handle, token))
    }

    fn admit_arrival(&self, handle: &Handle) -> Result<(), Closed> {
        let live = handle.lock();
        let mut snapshot = self.snapshot(&live.call);
        // The call itself is counted by now.
        for open in [&mut snapshot.system, &mut snapshot.carrier, &mut snapshot.tenant] {
            *open = open.saturating_sub(1);
        }
        admit_inbound(&snapshot, &self.limits_of(&live.call.tenant))
    }

    /// The script a call runs, by content; its file as it is now, if that content was never seen here.
    pub(crate) fn script_of(&self, call: &Call, token: &CallbackState) -> Arc<Script> {
        let version = version(call).or(token.script);
        let script = version
            .and_then(|version| self.scripts.version(version))
            .or_else(|| self.scripts.current(call.script.as_ref().map(|script| script.name.as_str())))
            .or_else(|| self.scripts.current(None))
            .unwrap_or_else(|| Arc::new(Script::builtin()));
        self.after_bot(call, script)
    }

    /// What the script says.
    pub(crate) fn spoke(
        &self,
        call: CallId,
        token: &CallbackState,
        fetch: &VoiceFetch,
        turn: &Turn,
    ) -> Event {
        let says = (turn.heard.clone(), turn.says.clone());
        self.given_out(call, token, fetch, fetch.key.clone(), says)
    }

    /// What is not the script's: a bot, a client's own software, nothing. `which` tells it from all else that one fetch may bring.
    pub(crate) fn spoke_besides(
        &self,
        call: CallId,
        token: &CallbackState,
        fetch: &VoiceFetch,
        which: &str,
        says: Says,
    ) -> Event {
        self.given_out(call, token, fetch, format!("{}:{which}", fetch.key), (None, says))
    }

    fn given_out(
        &self,
        call: CallId,
        token: &CallbackState,
        fetch: &VoiceFetch,
        key: String,
        (heard, says): (Option<HeardFact>, Says),
    ) -> Event {
        Event {
            call,
            key: EventKey::new(key),
            received_at: self.clock.now(),
            occurred_at: None,
            source: Source::Carrier,
            what: What::Spoke(Box::new(Spoke {
                on: token.on(),
                carrier_call_id: fetch.carrier_call_id.clone(),
                heard,
                says,
            })),
        }
    }

    /// The callback URLs of a leg.
    pub(crate) fn mint(&self, call: &Call, on: OnLeg) -> Mint<'_> {
        Mint::new(&self.config.urls, &self.config.secrets, &call.account, call.id, on, version(call))
    }
}

/// Where a voice fetch leads.
enum Found {
    Live(Handle, CallbackState),
    OnlyToken(CallbackState),
    NoRoom(Language),
    /// The token is of another account.
    Foreign,
}

fn version(call: &Call) -> Option<ScriptVersion> {
    call.script.as_ref().and_then(|script| script.version.parse().ok())
}

/// Where a call without a token stands: at the step its URL names, which brings the answer to the step before.
fn clear_state(call: &Call, fetch: &VoiceFetch) -> CallbackState {
    let leg = call.leg();
    // Out of range means good-bye: a step that no script has.
    let step = u16::try_from(fetch.q.unwrap_or(0)).unwrap_or(u16::MAX);
    let brings = fetch.recording.is_some() || fetch.digits.is_some() || fetch.speech.is_some();
    let place = match step.checked_sub(1).filter(|_| brings && step != u16::MAX) {
        Some(answered) => Place::Hear(Cursor::first(answered)),
        None => Place::Open(Next::Ask(Cursor::first(step))),
    };
    let account = call.account.clone();
    CallbackState { account, call: call.id, leg: leg.no, fence: leg.fence, script: version(call), place }
}

/// A step that a clear URL names is not believed before the person has agreed to be recorded, where the script asks for it.
fn after_consent(script: &Script, call: &Call, place: Place) -> Place {
    let asked = script.questions.iter().position(|question| question.kind == Kind::Consent);
    let step = match place {
        Place::Hear(at) | Place::Open(Next::Ask(at)) => usize::from(at.step),
        Place::Open(Next::GoodBye | Next::OptedOut)
        | Place::Hold(_)
        | Place::Resume(_)
        | Place::Transfer(_)
        | Place::Transferred(_)
        | Place::Consult(_)
        | Place::Consulted(_)
        | Place::AfterStream(_)
        | Place::Stream(_) => return place,
    };
    match asked.and_then(|asked| u16::try_from(asked).ok()) {
        Some(asked) if step > usize::from(asked) && call.consent() != Some(true) => {
            Place::Open(Next::Ask(Cursor::first(asked)))
        }
        _ => place,
    }
}

/// Over, or about to be: nothing more is said on this leg.
pub(crate) fn is_over(call: &Call, token: &CallbackState) -> bool {
    call.leg_no(token.leg).is_none_or(|leg| match leg.state() {
        // One that turns up after its ruling is taken back, unless another was asked meanwhile.
        State::Ended => !leg.is_ruled_not_placed() || call.leg().no != leg.no,
        State::Ending => true,
        _ => false,
    })
}

/// Where an earlier call of the job was cut off, if this is the first page of the call that goes on there.
fn resumes(call: &Call, place: Place) -> Option<Cursor> {
    let at = call.job.as_ref()?.resume?;
    (place == Place::Open(Next::Ask(at))).then_some(at)
}

/// Whether another call of the carrier's is bound to this leg.
fn is_foreign(call: &Call, token: &CallbackState, id: &CarrierCallId) -> bool {
    call.strays.contains_key(id)
        || call.leg_no(token.leg).and_then(|leg| leg.carrier_call_id.as_ref()).is_some_and(|own| own != id)
}

/// Whether the carrier's call is not the one this leg is bound to: it is being hung up.
pub(crate) fn is_stray(call: &Call, token: &CallbackState, id: &CarrierCallId) -> bool {
    call.strays.contains_key(id)
        || call.leg_no(token.leg).is_none_or(|leg| leg.carrier_call_id.as_ref() != Some(id))
}

/// What was heard, and what is said now.
pub(crate) struct Turn {
    heard: Option<HeardFact>,
    says: Says,
    pub page: Page,
    next: Next,
}

impl Inner {
    /// A turn as the carrier is told it: it does not transcribe what another does.
    pub(crate) fn as_transcribed(&self, turn: Turn) -> Turn {
        match &self.config.transcribing {
            Transcribing::Carrier => turn,
            Transcribing::Hook(_) | Transcribing::Off => {
                Turn { page: turn.page.without_transcript(), ..turn }
            }
        }
    }
}

impl Turn {
    fn take(script: &Script, caller: &Caller, place: Place, fetch: &VoiceFetch, line: Line) -> Self {
        let heard = Heard {
            digits: fetch.digits.as_ref().map(|digits| digits.reveal().clone()),
            speech: fetch.speech.as_ref().map(|speech| speech.reveal().clone()),
            recording: fetch.recording.is_some(),
        };
        let (next, heard) = match place {
            Place::Open(next) => (next, None),
            Place::Hear(at) => {
                let verdict = script.hear(at, &heard);
                (verdict.next, fact(at, verdict.answer, fetch))
            }
            // Pages of their own, which never come here.
            Place::Hold(_)
            | Place::Resume(_)
            | Place::Transfer(_)
            | Place::Transferred(_)
            | Place::Consult(_)
            | Place::Consulted(_)
            | Place::AfterStream(_)
            | Place::Stream(_) => (Next::GoodBye, None),
        };
        Self::said(script, caller, next, heard, line)
    }

    /// The script goes on here.
    pub(crate) fn going_on(script: &Script, caller: &Caller, next: Next) -> Self {
        Self::said(script, caller, next, None, Line::Open)
    }

    fn said(script: &Script, caller: &Caller, next: Next, heard: Option<HeardFact>, line: Line) -> Self {
        let next = match next {
            Next::Ask(at) if script.question(at.step).is_none() => Next::GoodBye,
            next => next,
        };
        let says = match next {
            // A question that nobody hears is not asked.
            _ if line == Line::Closed => Says::Nothing,
            Next::Ask(at) => Says::Question {
                step: at.step,
                ask: at.ask.saturating_add(at.repeat),
                text: script.question(at.step).map(|question| text(&question.prompt)).unwrap_or_default(),
            },
            Next::GoodBye | Next::OptedOut => Says::Goodbye,
        };
        Self { heard, says, page: script.page(caller, next), next }
    }
}

/// What was heard as a fact of the call; silence and "once more" are none.
fn fact(at: Cursor, answer: Answer, fetch: &VoiceFetch) -> Option<HeardFact> {
    let value = match answer {
        Answer::Recorded => AnswerValue::Recorded,
        Answer::YesNo(yes) => AnswerValue::YesNo(yes),
        Answer::Consent(yes) => AnswerValue::Consent(yes),
        Answer::Number(digits) => AnswerValue::Number(Private::new(digits)),
        Answer::Choice { key, label } => AnswerValue::Choice { key: key.to_string(), label },
        Answer::Invalid => AnswerValue::Invalid,
        Answer::Silence | Answer::Repeat | Answer::OptOut if fetch.recording.is_some() => {
            AnswerValue::Invalid
        }
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
    Caller { name: name.map(|name| name.reveal().clone()), variables: call.party.variables.reveal().clone() }
}

fn text(prompt: &Prompt) -> String {
    prompt.audio.as_ref().map_or_else(|| prompt.text.clone(), |audio| audio.as_str().to_owned())
}
