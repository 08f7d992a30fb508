//! The talking part of a call: documents are fetched and followed, verb by verb, until somebody hangs up.
//!
//! `ask` puts questions (`<Record>`, `<Gather>`), `dial` brings in a second person, `screen` asks them first; everything else is here. A session
//! can be dropped at any moment, since the product may hang up at any moment: what was open then is closed by
//! [`Session::cut_off`] or [`Session::turn_away`].

mod ask;
mod dial;
mod screen;
pub(crate) mod stream;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::call::{CallStatus, Form};
use crate::courier::{Answer, Failure, WebhookKind};
use crate::faults::{FaultKind, Moment};
use crate::heard::Heard;
use crate::line::Line;
use crate::orders::Source;
use crate::session::ask::OpenRecording;
use crate::session::dial::SecondLeg;
use crate::session::stream::Streaming;
use crate::talker::Talker;
use crate::target::{FailureKind, Method, Target};
use crate::twiml::{self, Document, RejectReason, Verb};

/// Real time between two attempts to reach a product that a patient person waits for.
const PATIENT_PAUSE: Duration = Duration::from_millis(200);
/// Spoken characters a second.
pub(crate) const SPEECH_RATE: usize = 15;
const APOLOGY_SECS: u32 = 5;
/// A call whose documents only send it to other documents takes no time and would never end.
const DOCUMENT_LIMIT: u32 = 2_000;

/// Why the talk is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Over {
    /// The document ended, or said so, or an application error did.
    HungUp,
    PersonHungUp,
    Rejected(RejectReason),
    /// By order or by the time limit.
    CutOff,
}

/// A document to ask for: where, and what the request adds to the standard parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ask {
    target: Target,
    more: Form,
}

/// What follows a verb.
enum Next {
    Verb,
    Document(Ask),
    Over(Over),
}

/// Why a document could not be followed, in the terms of the carrier's debugger.
struct Trouble {
    code: u32,
    message: String,
    url: String,
}

/// A call's talk.
pub(crate) struct Session {
    pub(crate) line: Line,
    fallback: Option<Target>,
    /// What relative URLs are relative to, and what an absent action means.
    document: Option<Target>,
    /// What was heard since the last answer.
    prompt: Vec<String>,
    recording: Option<OpenRecording>,
    second_leg: Option<SecondLeg>,
    media: Option<Streaming>,
    streams: u32,
    /// The person, between two streams.
    talker: Option<Talker>,
    /// The action of a recording or a dial that a hang-up ended, to be requested when the call is over.
    farewell: Option<Ask>,
}

impl Session {
    pub(crate) fn new(line: Line, fallback: Option<Target>) -> Self {
        Self {
            line,
            fallback,
            document: None,
            prompt: Vec::new(),
            recording: None,
            second_leg: None,
            media: None,
            streams: 0,
            talker: None,
            farewell: None,
        }
    }

    /// Follows documents from the first to the end of the talk.
    pub(crate) async fn follow(&mut self, source: Source) -> Over {
        let mut document = match source {
            Source::Fetch(target) => self.fetch(Ask { target, more: Form::default() }).await,
            Source::Twiml(text) => self.read(&text, ""),
        };
        for _ in 0..DOCUMENT_LIMIT {
            let verbs = match document {
                Ok(document) => document.verbs,
                Err(trouble) => match self.fall_back(trouble).await {
                    Some(document) => document.verbs,
                    None => return self.apologize().await,
                },
            };
            match self.perform_all(verbs).await {
                Next::Verb => return Over::HungUp,
                Next::Over(over) => return over,
                Next::Document(ask) => document = self.fetch(ask).await,
            }
        }
        Over::CutOff
    }

    /// Somebody hung up: an open recording or a dial ends here, and its action is told so.
    pub(crate) fn cut_off(&mut self) {
        self.line.wake();
        self.stop_stream();
        if let Some(open) = self.recording.take() {
            let secs = self.secs_since(&open);
            self.farewell = self.finish_recording(open, secs, "hangup");
        }
        if let Some(leg) = self.second_leg.take() {
            self.farewell = self.leave(leg);
        }
    }

    /// The product sent the call elsewhere: an open recording ends and nobody asks its action.
    pub(crate) fn turn_away(&mut self) {
        self.line.wake();
        self.stop_stream();
        if let Some(open) = self.recording.take() {
            let secs = self.secs_since(&open);
            self.finish_recording(open, secs, "");
        }
        if let Some(leg) = self.second_leg.take() {
            self.leave(leg);
        }
    }

    /// Requests, after the end, what a hang-up left to request. Nobody hears the answer.
    pub(crate) fn say_farewell(&mut self) {
        if let Some(Ask { target, more }) = self.farewell.take() {
            self.line.send(WebhookKind::Voice, &target, more);
        }
    }

    async fn perform_all(&mut self, verbs: Vec<Verb>) -> Next {
        for verb in verbs {
            match self.perform(verb).await {
                Next::Verb => {}
                next => return next,
            }
        }
        Next::Verb
    }

    async fn perform(&mut self, verb: Verb) -> Next {
        if !matches!(verb, Verb::Reject { .. } | Verb::Pause { .. } | Verb::Redirect { .. } | Verb::Hangup) {
            self.pick_up();
        }
        match verb {
            Verb::Say { .. } | Verb::Play { .. } | Verb::Pause { .. } => {
                self.listen(verb).await;
                Next::Verb
            }
            Verb::Record(record) => self.record(record).await,
            Verb::Gather(gather) => self.gather(gather).await,
            Verb::Dial(dial) => self.dial(dial).await,
            Verb::Redirect { url, method } => match self.resolve(&url, method) {
                Some(target) => Next::Document(Ask { target, more: Form::default() }),
                None => self.give_up(11_100, "a redirect's URL is not valid", url).await,
            },
            Verb::Reject { reason } => {
                let waiting = self.line.record().is_some_and(|call| call.status == CallStatus::Ringing);
                Next::Over(if waiting { Over::Rejected(reason) } else { Over::HungUp })
            }
            Verb::Hangup => Next::Over(Over::HungUp),
            Verb::Stream(stream) => self.stream(stream).await,
            Verb::NotSimulated { name } => {
                self.line.hear(Heard::Skipped { verb: name });
                Next::Verb
            }
        }
    }

    /// An inbound call is answered by the first verb that needs it to be.
    fn pick_up(&mut self) {
        if self.line.record().is_some_and(|call| call.status == CallStatus::Ringing) {
            self.line.answered();
        }
    }

    async fn listen(&mut self, verb: Verb) {
        match verb {
            Verb::Say { text, times } => {
                let secs = u32::try_from(text.len().div_ceil(SPEECH_RATE)).unwrap_or(u32::MAX).max(1);
                self.prompt.push(text.clone());
                self.line.hears_sound();
                self.line.hear(Heard::Said { text });
                self.line.pass(secs.saturating_mul(times)).await;
            }
            Verb::Play { url, times } => {
                self.line.hears_sound();
                self.line.hear(Heard::Played { url });
                self.line.pass(times.saturating_mul(3)).await;
            }
            Verb::Pause { secs } => self.line.pass(secs).await,
            _ => {}
        }
    }

    fn resolve(&self, url: &str, method: Method) -> Option<Target> {
        match &self.document {
            Some(document) => document.relative(url, method),
            None => Target::parse(url, method),
        }
    }

    /// Where an action goes: the given URL, or the current document again.
    fn action(&self, url: Option<&str>, method: Method) -> Option<Target> {
        match url {
            Some(url) => self.resolve(url, method),
            None => self.document.clone().map(|document| Target { method, ..document }),
        }
    }

    async fn fetch(&mut self, ask: Ask) -> Result<Document, Trouble> {
        let hook = self.line.hook(WebhookKind::Voice, &ask.target, ask.more);
        let url = ask.target.url.to_string();
        let person = self.line.record().map(|call| call.person().to_owned()).unwrap_or_default();
        let exchange = Arc::clone(&self.line.exchange);
        if let Some(FaultKind::VoiceFetchDoubled) = exchange.faults.strike(Moment::VoiceFetch, &person, None)
        {
            let (copy, courier) = (hook.clone(), Arc::clone(&exchange));
            exchange.spawn(async move {
                let _ = courier.courier.deliver(copy).await;
            });
        }
        let begun = Instant::now();
        loop {
            match exchange.courier.deliver(hook.clone()).await {
                Ok(answer) => {
                    self.document = Some(ask.target);
                    return self.understand(&answer, &url);
                }
                Err(failure) if is_away(&failure) && begun.elapsed() < exchange.patience => {
                    tokio::time::sleep(PATIENT_PAUSE).await;
                }
                Err(failure) => return Err(trouble_of(&failure, url)),
            }
        }
    }

    fn understand(&mut self, answer: &Answer, url: &str) -> Result<Document, Trouble> {
        if answer.content_type.starts_with("audio/") {
            let verbs = vec![Verb::Play { url: url.to_owned(), times: 1 }];
            return Ok(Document { verbs, warnings: Vec::new() });
        }
        if answer.content_type.starts_with("text/plain") {
            let verbs = vec![Verb::Say { text: answer.body.clone(), times: 1 }];
            return Ok(Document { verbs, warnings: Vec::new() });
        }
        let readable = ["text/xml", "application/xml", "text/html"];
        if !readable.iter().any(|kind| answer.content_type.starts_with(kind)) {
            let message = format!("content type {:?} is not XML", answer.content_type);
            return Err(Trouble { code: 12_300, message, url: url.to_owned() });
        }
        self.read(&answer.body, url)
    }

    fn read(&mut self, text: &str, url: &str) -> Result<Document, Trouble> {
        let document = twiml::parse(text, self.line.exchange.mouth).map_err(|bad| Trouble {
            code: bad.code(),
            message: bad.to_string(),
            url: url.to_owned(),
        })?;
        for message in &document.warnings {
            self.line.hear(Heard::Warning { message: message.clone() });
        }
        Ok(document)
    }

    /// Notes the trouble and asks the fallback URL, once.
    async fn fall_back(&mut self, trouble: Trouble) -> Option<Document> {
        let more = Form::default().with("ErrorCode", trouble.code.to_string()).with("ErrorUrl", &trouble.url);
        self.note(trouble);
        let target = self.fallback.clone()?;
        match self.fetch(Ask { target, more }).await {
            Ok(document) => Some(document),
            Err(trouble) => {
                self.note(trouble);
                None
            }
        }
    }

    fn note(&self, Trouble { code, message, url }: Trouble) {
        self.line.hear(Heard::Problem { code, message, url });
    }

    async fn give_up(&mut self, code: u32, message: &str, url: String) -> Next {
        self.note(Trouble { code, message: message.to_owned(), url });
        Next::Over(self.apologize().await)
    }

    async fn apologize(&mut self) -> Over {
        self.pick_up();
        self.line.hear(Heard::ApplicationError);
        self.line.pass(APOLOGY_SECS).await;
        Over::HungUp
    }
}

/// True when nobody is there to answer, as opposed to somebody who answers badly.
fn is_away(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Connect | FailureKind::Read)
}

fn trouble_of(failure: &Failure, url: String) -> Trouble {
    let code = match failure.kind {
        FailureKind::Connect => 11_205,
        FailureKind::Read | FailureKind::Status4xx | FailureKind::Status5xx => 11_200,
    };
    Trouble { code, message: failure.what.clone(), url }
}
