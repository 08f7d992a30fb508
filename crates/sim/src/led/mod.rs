//! A call that commands lead, as Telnyx's Call Control does it: it tells what happens ([`told`]), and does what it is told
//! ([`command`]).
//!
//! The people are those who hear documents elsewhere. They listen to what plays until nothing more waits, and then answer what
//! was asked: keys that are gathered, or a recording that begins with a tone or ends with silence. Whoever hears nothing at all
//! for a minute, and for a webhook's time beside it, hangs up.
//!
//! One task is one leg. It keeps an agenda of what happens next by the clock, and between two of its steps takes commands.
//! `hearing` plays, `asking` gathers and records, `transcribing` tells what is said, `joining` brings legs together.

mod asking;
mod command;
mod hearing;
mod joining;
mod legs;
mod recognizers;
mod told;
mod transcribing;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::answer::Answerer;
use crate::call::{CallEvent, CallStatus, Direction};
use crate::faults::{FaultKind, Moment};
use crate::heard::Heard;
use crate::life::{self, MAILBOX_SECS, Wait};
use crate::line::{Ending, Line};
use crate::orders::{Order, Wish};
use crate::session::stream::Streaming;
use crate::talker::Talker;

use asking::{Gathering, OpenRecording};
use hearing::Playing;
use joining::Joined;
use transcribing::{Recognized, Transcribing};

pub(crate) use command::{
    Afterwards, BadArgument, Borne, Command, Dial, FromAnswer, Listens, Rejection, Wrong, borne, command,
    dial,
};
pub(crate) use legs::Legs;
pub(crate) use told::{Address, Told, iso, leg_id, recall, session_id};

/// Nobody listens to silence for longer, simulated.
const SILENCE_SECS: u64 = 60;
/// Nor for less than a webhook may take, real time.
const WEBHOOK_BUDGET: Duration = Duration::from_secs(15);

/// What is said to a leg.
#[derive(Debug)]
pub(crate) enum Message {
    /// By the product.
    Command { command: Command, borne: Borne },
    /// By another leg: the two are connected.
    Joined { with: crate::ids::CallSid, part: joining::Part },
    /// By another leg: it has gone.
    Left { was: crate::ids::CallSid },
}

/// How a leg begins.
pub(crate) struct Plan {
    pub(crate) ring_secs: u32,
    pub(crate) limit_secs: u32,
    pub(crate) listens: Option<Listens>,
    pub(crate) from_answer: FromAnswer,
    /// Connected with that leg when somebody picks up.
    pub(crate) joins: Option<crate::ids::CallSid>,
    pub(crate) after: Afterwards,
}

/// What happens next by the clock. A step of something that is over by then is none.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    ClipEnds(u64),
    PersonPresses(char),
    PersonHangsUp,
    /// With the count of keys for which it was set.
    KeysAreLate(u64, usize),
    RecordingEnds(u64),
    Recognized(Recognized),
    Verdict(Answerer),
    GreetingEnds,
    LimitReached,
    MailboxFull,
    /// Nothing was heard since this was set.
    Tired(u64),
}

/// Why a leg is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Over {
    ByProduct,
    ByPerson,
    ByOther,
    TimeLimit,
    Rejected(Rejection),
    /// The world ends.
    Cut,
}

/// One leg.
pub(crate) struct Leg {
    line: Line,
    told: Told,
    plan: Plan,
    agenda: Vec<(Duration, Step)>,
    /// Ids of clips, gatherings and recordings.
    count: u64,
    playing: Playing,
    gathering: Option<Gathering>,
    recordings: Vec<OpenRecording>,
    transcribing: Option<Transcribing>,
    stream: Option<(Streaming, String)>,
    streams: u32,
    talker: Option<Talker>,
    joined: Option<Joined>,
    /// A second leg that is being called.
    calling: Option<crate::ids::CallSid>,
    /// What was heard since the last answer.
    prompt: Vec<String>,
    /// How often anything has happened.
    happened: u64,
}

impl Leg {
    pub(crate) fn new(line: Line, told: Told, plan: Plan) -> Self {
        Self {
            line,
            told,
            plan,
            agenda: Vec::new(),
            count: 0,
            playing: Playing::default(),
            gathering: None,
            recordings: Vec::new(),
            transcribing: None,
            stream: None,
            streams: 0,
            talker: None,
            joined: None,
            calling: None,
            prompt: Vec::new(),
            happened: 0,
        }
    }

    /// Lives the leg from its first event to its last.
    pub(crate) async fn live(mut self, direction: Direction, mut orders: mpsc::UnboundedReceiver<Order>) {
        let mut obeyed = None;
        if direction == Direction::Inbound {
            self.told.initiated();
        } else if let Err((ending, who)) = self.reach(&mut orders).await {
            self.leave();
            self.line.end(ending, None);
            self.told.over(None);
            Self::obey(who);
            return;
        }
        let over = self.talk(&mut orders, &mut obeyed).await;
        self.finish(over);
        if let Some(obeyed) = obeyed {
            Self::obey(Some(obeyed));
        }
    }

    /// Whoever asked may have gone away.
    fn obey(obeyed: Option<oneshot::Sender<()>>) {
        if let Some(obeyed) = obeyed {
            let _ = obeyed.send(());
        }
    }

    /// Dials, tells so, and waits for somebody to pick up.
    async fn reach(
        &mut self,
        orders: &mut mpsc::UnboundedReceiver<Order>,
    ) -> Result<(), (Ending, Option<oneshot::Sender<()>>)> {
        let ring_secs = self.plan.ring_secs;
        let (line, told) = (&mut self.line, &self.told);
        let reached = tokio::select! {
            biased;
            (obeyed, ending) = taken_back(orders) => return Err((ending, Some(obeyed))),
            reached = async {
                life::dial(line).await;
                told.initiated();
                life::ring(line, ring_secs).await
            } => reached,
        };
        let by = reached.map_err(|ending| (ending, None))?;
        self.answer().await;
        if matches!(by, Answerer::Machine | Answerer::Fax) {
            self.after(Duration::from_secs(MAILBOX_SECS.into()), Step::MailboxFull);
        }
        self.listen_who(by);
        if let Some(with) = self.plan.joins.clone() {
            self.join_as_called(with);
        }
        Ok(())
    }

    /// Somebody picked up, or the product did: what runs from the answer on begins.
    async fn answer(&mut self) {
        self.line.answered();
        self.told.answered();
        self.after(Duration::from_secs(self.plan.limit_secs.into()), Step::LimitReached);
        let FromAnswer { record, stream } = std::mem::take(&mut self.plan.from_answer);
        if let Some(record) = record {
            self.record(record, crate::recordings::RecordingSource::OutboundAPI);
        }
        if let Some(stream) = stream {
            self.start_stream(stream).await;
        }
    }

    /// Sets the verdict on who picked up, if it was asked for.
    fn listen_who(&mut self, by: Answerer) {
        let Some(listens) = self.plan.listens else { return };
        let (_, mut secs) = Wait::Greeting.verdict(by);
        let person = self.line.record().map(|call| call.person().to_owned()).unwrap_or_default();
        match self.line.exchange.faults.strike(Moment::Verdict, &person, None) {
            Some(FaultKind::VerdictLost) => return,
            Some(FaultKind::VerdictLate { secs: more }) => secs += more,
            _ => {}
        }
        self.after(Duration::from_secs(secs.into()), Step::Verdict(by));
        if by == Answerer::Machine && listens != Listens::Detects {
            let (_, end) = Wait::EndOfGreeting.verdict(by);
            self.after(Duration::from_secs(end.max(secs + 1).into()), Step::GreetingEnds);
        }
    }

    fn verdict(&mut self, by: Answerer) {
        let (word, _) = Wait::Greeting.verdict(by);
        self.line.update(|call| call.answered_by = Some(word.into()));
        let (event, result) = match (self.plan.listens, by) {
            (Some(Listens::Premium), Answerer::Human) => {
                (CallEvent::PremiumDetectionEnded, "human_residence")
            }
            (Some(Listens::Premium), Answerer::Machine) => (CallEvent::PremiumDetectionEnded, "machine"),
            (Some(Listens::Premium), Answerer::Fax) => (CallEvent::PremiumDetectionEnded, "fax_detected"),
            (_, Answerer::Human) => (CallEvent::DetectionEnded, "human"),
            (_, Answerer::Machine) => (CallEvent::DetectionEnded, "machine"),
            // The standard detection has no word for it.
            (_, Answerer::Fax) => (CallEvent::DetectionEnded, "not_sure"),
        };
        self.told.tell_with_parties(event, json!({ "result": result }));
    }

    fn greeting_ended(&mut self) {
        self.line.update(|call| call.answered_by = Some("machine_end_beep".into()));
        let event = match self.plan.listens {
            Some(Listens::Premium) => CallEvent::PremiumGreetingEnded,
            _ => CallEvent::GreetingEnded,
        };
        self.told.tell_with_parties(event, json!({ "result": "beep_detected" }));
    }

    /// Takes commands and goes by the agenda, until somebody hangs up.
    async fn talk(
        &mut self,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        told: &mut Option<oneshot::Sender<()>>,
    ) -> Over {
        let exchange = Arc::clone(&self.line.exchange);
        loop {
            self.settle();
            let due = self.agenda.iter().map(|(at, _)| *at).min();
            let frame = self.stream.as_ref().map(|(stream, _)| stream.next());
            let over = tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(Order { wish: Wish::Led(message), obeyed }) => match self.hear_of(*message).await {
                        Some(over) => {
                            *told = Some(obeyed);
                            Some(over)
                        }
                        None => {
                            Self::obey(Some(obeyed));
                            None
                        }
                    },
                    Some(Order { wish: Wish::End, obeyed }) => {
                        *told = Some(obeyed);
                        Some(Over::ByProduct)
                    }
                    Some(Order { wish: Wish::PersonHangsUp, .. }) => Some(Over::ByPerson),
                    // No document leads this call.
                    Some(Order { wish: Wish::Follow(_), .. }) => None,
                    None => Some(Over::Cut),
                },
                frame = received(&mut self.stream) => {
                    self.streamed(frame);
                    None
                }
                () = until(&exchange, due) => self.step(),
                () = until(&exchange, frame) => self.frame(),
            };
            if let Some(over) = over {
                return over;
            }
        }
    }

    /// The first step that is due.
    fn step(&mut self) -> Option<Over> {
        let first = self.agenda.iter().enumerate().min_by_key(|(_, (at, _))| *at).map(|(index, _)| index)?;
        let (_, step) = self.agenda.remove(first);
        match step {
            Step::ClipEnds(id) => self.clip_ends(id),
            Step::PersonPresses(key) => self.pressed(key),
            Step::PersonHangsUp => return Some(Over::ByPerson),
            Step::KeysAreLate(id, keys) => self.keys_are_late(id, keys),
            Step::RecordingEnds(id) => self.recording_ends(id),
            Step::Recognized(recognized) => self.recognized(&recognized),
            Step::Verdict(by) => self.verdict(by),
            Step::GreetingEnds => self.greeting_ended(),
            Step::LimitReached => return Some(Over::TimeLimit),
            Step::MailboxFull => return Some(Over::ByPerson),
            Step::Tired(happened) if happened == self.happened => return Some(Over::ByPerson),
            // Nothing that anybody could hear: it is as quiet as before.
            Step::Tired(_) => return None,
        }
        self.happened += 1;
        None
    }

    async fn hear_of(&mut self, message: Message) -> Option<Over> {
        self.happened += 1;
        match message {
            Message::Command { command, borne } => {
                self.line.exchange.legs.bear(&self.line.sid, borne.client_state);
                return self.command(command).await;
            }
            Message::Joined { with, part } => self.join(with, part),
            Message::Left { was } => return self.left_by(&was),
        }
        None
    }

    async fn command(&mut self, command: Command) -> Option<Over> {
        match command {
            Command::Answer(answer) => {
                if let Some(address) = answer.webhook {
                    self.told = self.told.elsewhere(address);
                }
                self.plan.from_answer = answer.from_answer;
                self.answer().await;
            }
            Command::HangUp => return Some(Over::ByProduct),
            Command::Reject(cause) => return Some(Over::Rejected(cause)),
            Command::Play { clip, stops } => {
                if let Some(stops) = stops {
                    self.stop_playing(stops);
                }
                self.play(clip);
            }
            Command::StopPlaying(stops) => self.stop_playing(stops),
            Command::Gather(gathers) => self.gather(*gathers),
            Command::StopGathering => self.end_gathering("cancelled"),
            Command::Transcribe(transcribes) => self.transcribe(transcribes),
            Command::StopTranscribing => self.transcribing = None,
            Command::Record(records) => {
                self.record(records, crate::recordings::RecordingSource::StartCallRecordingAPI);
            }
            Command::StopRecording { recording } => self.stop_recording(recording.as_deref()),
            Command::Stream(streams) => self.start_stream(streams).await,
            Command::StopStreaming { stream } => {
                let is_meant = |open: &Streaming| stream.as_deref().is_none_or(|id| id == open.id());
                if self.stream.as_ref().is_some_and(|(open, _)| is_meant(open)) {
                    self.stop_stream();
                }
            }
            Command::Transfer(transfer) => self.transfer(*transfer),
            Command::Bridge { with, after } => self.bridge(with, after),
            Command::SendDigits(digits) => self.line.hear(Heard::Played { url: format!("digits:{digits}") }),
        }
        None
    }

    /// What nobody commanded: the next clip begins, the person answers what was asked, or begins to wait for something to hear.
    fn settle(&mut self) {
        self.next_clip();
        if self.playing.is_heard() {
            self.speak_up();
        } else {
            self.answer_what_was_asked();
        }
        let is_quiet = !self.playing.is_heard()
            && self.gathering.is_none()
            && !self.recordings.iter().any(OpenRecording::is_question)
            && self.joined.is_none()
            && self.calling.is_none()
            && self.stream.is_none();
        let waits = Step::Tired(self.happened);
        if is_quiet && !self.agenda.iter().any(|(_, step)| *step == waits) {
            self.agenda.retain(|(_, step)| !matches!(step, Step::Tired(_)));
            let exchange = &self.line.exchange;
            let real = exchange.clock.simulated(WEBHOOK_BUDGET + exchange.patience);
            self.after(real.max(Duration::from_secs(SILENCE_SECS)), waits);
        }
    }

    fn after(&mut self, span: Duration, step: Step) {
        self.agenda.push((self.line.exchange.clock.elapsed() + span, step));
    }

    fn next_id(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    async fn start_stream(&mut self, wanted: command::Streams) {
        self.stop_stream();
        self.streams += 1;
        let habit = self.line.person.habit().clone();
        let talker = self.talker.take().unwrap_or_else(|| Talker::new(habit));
        let command::Streams { stream, track } = wanted;
        let url = stream.url.clone();
        match Streaming::open(&mut self.line, stream, self.streams, talker).await {
            Ok(open) => {
                self.told.tell(CallEvent::StreamingStarted, json!({ "stream_url": url }));
                self.stream = Some((open, track));
            }
            Err(talker) => {
                self.talker = Some(talker);
                let more = json!({
                    "failure_reason": "connection_failed",
                    "stream_params": { "stream_url": url, "track": track },
                    "stream_type": "websocket",
                });
                self.told.tell(CallEvent::StreamingFailed, more);
            }
        }
    }

    fn streamed(&mut self, frame: Option<serde_json::Value>) {
        match (frame, self.stream.take()) {
            (Some(frame), Some((mut stream, track))) => {
                stream.obey(&self.line, &frame);
                self.stream = Some((stream, track));
            }
            (None, Some((stream, _))) => {
                let url = stream.url().to_owned();
                self.talker = Some(stream.end(&self.line));
                self.happened += 1;
                self.told.tell(CallEvent::StreamingStopped, json!({ "stream_url": url }));
            }
            (_, None) => {}
        }
    }

    fn stop_stream(&mut self) {
        if let Some((stream, _)) = self.stream.take() {
            let url = stream.url().to_owned();
            self.talker = Some(stream.stop(&self.line));
            self.told.tell(CallEvent::StreamingStopped, json!({ "stream_url": url }));
        }
    }

    /// 20 ms of a stream pass.
    fn frame(&mut self) -> Option<Over> {
        let (stream, _) = self.stream.as_mut()?;
        let does = stream.frame(&mut self.line);
        if let Some(digit) = does.digit {
            self.pressed(digit);
        }
        does.hangs_up.then_some(Over::ByPerson)
    }

    /// It is over: what was under way ends with it, is told, and then the end is.
    fn finish(&mut self, over: Over) {
        if over == Over::ByPerson
            && !self
                .line
                .exchange
                .register
                .heard(&self.line.sid)
                .is_some_and(|heard| heard.last().is_some_and(|heard| matches!(heard, Heard::PersonHungUp)))
        {
            self.line.hear(Heard::PersonHungUp);
        }
        self.hush();
        self.end_gathering("call_hangup");
        self.stop_stream();
        self.stop_recording(None);
        self.leave();
        self.line.talked_by_clock();
        let Some(call) = self.line.record() else { return };
        let called_us = call.direction == Direction::Inbound;
        let (product, person) = if called_us { ("callee", "caller") } else { ("caller", "callee") };
        let answered = call.answered_at.is_some();
        let (status, sip_code, said) = match (over, answered) {
            (Over::ByProduct, true) => (CallStatus::Completed, 200, ("normal_clearing", product)),
            (Over::ByPerson | Over::Rejected(_), true) => {
                (CallStatus::Completed, 200, ("normal_clearing", person))
            }
            (Over::ByOther | Over::Cut, true) => (CallStatus::Completed, 200, ("normal_clearing", "unknown")),
            (Over::TimeLimit, true) => (CallStatus::Completed, 200, ("time_limit", "unknown")),
            (Over::ByProduct, false) => (CallStatus::NoAnswer, 603, ("call_rejected", "callee")),
            (Over::Rejected(cause), false) => match cause {
                Rejection::Rejected => (CallStatus::NoAnswer, 603, ("call_rejected", "callee")),
                Rejection::Busy => (CallStatus::Busy, 486, ("user_busy", "callee")),
                Rejection::NotFound => (CallStatus::Failed, 404, ("not_found", "callee")),
                Rejection::Unavailable => (CallStatus::Failed, 480, ("unspecified", "callee")),
            },
            (Over::ByPerson | Over::ByOther | Over::TimeLimit | Over::Cut, false) => {
                (CallStatus::NoAnswer, 487, ("originator_cancel", "caller"))
            }
        };
        self.line.end(Ending { status, sip_code }, None);
        self.told.over(Some(said));
    }
}

/// Waits for the order to end a call that nobody has picked up; other orders cannot be obeyed yet.
async fn taken_back(orders: &mut mpsc::UnboundedReceiver<Order>) -> (oneshot::Sender<()>, Ending) {
    let canceled = Ending { status: CallStatus::Canceled, sip_code: 487 };
    loop {
        match orders.recv().await {
            Some(Order { wish: Wish::End, obeyed }) => return (obeyed, canceled),
            Some(Order { wish: Wish::PersonHangsUp, obeyed }) => {
                return (obeyed, Ending { status: CallStatus::Busy, sip_code: 603 });
            }
            Some(Order { wish: Wish::Led(message), obeyed }) => {
                if let Message::Command { command: Command::HangUp, .. } = *message {
                    return (obeyed, canceled);
                }
            }
            Some(Order { wish: Wish::Follow(_), .. }) => {}
            None => std::future::pending().await,
        }
    }
}

async fn received(stream: &mut Option<(Streaming, String)>) -> Option<serde_json::Value> {
    match stream {
        Some((stream, _)) => stream.received().await,
        None => std::future::pending().await,
    }
}

async fn until(exchange: &crate::exchange::Exchange, at: Option<Duration>) {
    match at {
        Some(at) => exchange.clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}
