//! A voice document, performed: which command comes next, told by what is heard of the one before.
//!
//! In: a document, and what happened, with the mark it came with; that a wait is over; that a command failed. Out: [`Step`]s
//! for whoever does the I/O. It knows no clock and asks nobody, so that events in any order, doubled or late can be told
//! over by tables: whatever bears another mark than that of the verb that is performed moves nothing.
//!
//! Nothing waits for ever: each verb has a longest time, after which it is taken for done (its event was lost). Only what
//! lasts as long as somebody listens has none: music, a talk with somebody else, a stream.

use super::command::Command;
use super::event::Happened;
use super::mark::{Mark, token_in};
use crate::voice::{Dial, Document, Gather, Loops, OnEmpty, Play, Prompt, Record, Say, Verb};
use jiff::Timestamp;
use std::time::Duration;
use trunkline_core::call::{CarrierEnd, EndWord, RecordingFact, Reported};
use trunkline_core::id::CarrierCallId;
use trunkline_core::private::Private;

/// More than this is spoken in pieces: Telnyx takes 3,000 characters.
const PIECE: usize = 2_500;
/// Beyond the time that a verb takes by itself.
const MARGIN: Duration = Duration::from_secs(15);
/// The slowest that anybody reads, in characters a second.
const SLOWEST: u64 = 6;
/// The longest file that is played once.
const LONGEST_FILE: Duration = Duration::from_secs(600);
/// How long the end of a recording may take to be told.
const SAVING: Duration = Duration::from_secs(15);
/// Between two times that somebody is told to wait while another is asked.
const WORDS_AGAIN: Duration = Duration::from_secs(20);
/// How often the other leg is looked at while two talk.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// After a file that could not be played: a page that leads back to itself must not turn in circles.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// What is to be done next, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Send this command.
    Send(Command, Mark),
    /// Say when so much time has passed, unless something happened before.
    Wait(Duration),
    /// Get the next page, with what was heard, and perform that.
    Ask(Box<Asked>),
    /// Find the recording that was made by this verb, which began then, if that was told.
    FindRecording(Option<Timestamp>),
    /// Find out whether the other leg is still there.
    LookAt(CarrierCallId),
    /// Connect this leg with the one that dialed it.
    Join,
}

/// The next page, and what goes along.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The page's address.
    pub url: String,
    /// What was heard.
    pub heard: Heard,
}

/// What a verb brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Keys.
    pub digits: Option<Private<String>>,
    /// A recording.
    pub recording: Option<RecordingFact>,
    /// How the other leg ended, if one was dialed.
    pub dial: Option<(Option<CarrierCallId>, Option<Box<CarrierEnd>>)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Doing {
    /// The call is to be taken.
    Answering,
    Speaking,
    Playing,
    Pausing,
    Gathering,
    Recording {
        stopped: bool,
    },
    Streaming,
    /// Somebody else is dialed, or talks with the person.
    Handing {
        child: Option<CarrierCallId>,
        joined: bool,
    },
    /// Nothing more comes of this performance.
    Over,
}

/// A document that is being performed on one leg.
#[derive(Clone, Debug, PartialEq)]
pub struct Performance {
    verbs: Vec<Verb>,
    turn: u64,
    /// The page's own state.
    token: Option<String>,
    at: usize,
    part: usize,
    doing: Doing,
    /// The key that ended the recording.
    ended_by: Option<char>,
}

impl Performance {
    /// Begins a document on a leg that is answered.
    pub fn begin(document: &Document, turn: u64, page: Option<String>) -> (Self, Vec<Step>) {
        let mut performance = Self::new(document, turn, page);
        let steps = match performance.verbs.is_empty() {
            true => performance.over(Step::Join),
            false => performance.perform(),
        };
        (performance, steps)
    }

    /// Begins a document on a leg that came in and waits to be taken, or turned away.
    pub fn take(document: &Document, turn: u64, page: Option<String>) -> (Self, Vec<Step>) {
        let mut performance = Self::new(document, turn, page);
        let steps = match performance.verbs.first() {
            Some(Verb::Reject(_)) => performance.perform(),
            Some(_) | None => {
                performance.doing = Doing::Answering;
                vec![performance.send(Command::Answer), Step::Wait(MARGIN)]
            }
        };
        (performance, steps)
    }

    /// Takes up what an earlier process left: somebody else was dialed by it, and may talk with the person.
    pub fn resume_handing(
        dial: Box<Dial>,
        turn: u64,
        page: Option<String>,
        child: Option<CarrierCallId>,
        talks: bool,
    ) -> (Self, Vec<Step>) {
        let document = Document::new(vec![Verb::Dial(dial)]);
        let mut performance = Self::new(&document, turn, page);
        performance.doing = Doing::Handing { child, joined: talks };
        (performance, vec![Step::Wait(LOOK_AGAIN)])
    }

    fn new(document: &Document, turn: u64, token: Option<String>) -> Self {
        let verbs = document.verbs().iter().flat_map(pieces).collect();
        Self { verbs, turn, token, at: 0, part: 0, doing: Doing::Over, ended_by: None }
    }

    /// Something happened on the leg.
    pub fn hear(&mut self, mark: Option<&Mark>, what: &Happened) -> Vec<Step> {
        if self.doing == Doing::Answering && *what == Happened::Answered {
            return self.perform();
        }
        if !mark.is_some_and(|mark| mark.is_at(&self.mark())) {
            return Vec::new();
        }
        match (&self.doing, what) {
            (Doing::Speaking, Happened::SpeakEnded) => self.next(),
            (Doing::Playing, Happened::PlaybackEnded { heard: true }) => self.next(),
            (Doing::Playing, Happened::PlaybackEnded { heard: false }) => {
                self.doing = Doing::Pausing;
                vec![Step::Wait(AFTER_FAILURE)]
            }
            (Doing::Gathering, Happened::GatherEnded { digits }) => self.gathered(digits.clone()),
            (Doing::Recording { .. }, Happened::Key(key)) => self.keyed(*key),
            (Doing::Recording { .. }, Happened::RecordingSaved(saved)) => match &saved.recording {
                Some(recording) => self.recorded(Some(recording.clone())),
                None => vec![Step::FindRecording(saved.started_at)],
            },
            (Doing::Recording { .. }, Happened::RecordingFailed) => self.next(),
            (Doing::Streaming, Happened::StreamEnded) => self.next(),
            _ => Vec::new(),
        }
    }

    /// The wait is over and nothing was heard: what was waited for is taken for done.
    pub fn time_up(&mut self) -> Vec<Step> {
        match &self.doing {
            // Whoever is not connected yet refuses what comes.
            Doing::Answering => self.perform(),
            Doing::Speaking | Doing::Playing | Doing::Pausing | Doing::Streaming => self.next(),
            Doing::Gathering => self.gathered(None),
            Doing::Recording { stopped: false } => self.stop_recording(),
            Doing::Recording { stopped: true } => vec![Step::FindRecording(None)],
            Doing::Handing { joined: false, child } => {
                let look = child.clone().map(Step::LookAt);
                let words = self.words().map(|say| self.send(Command::Speak(say)));
                let mut steps: Vec<Step> = look.into_iter().chain(words).collect();
                steps.push(Step::Wait(WORDS_AGAIN));
                steps
            }
            Doing::Handing { child: Some(child), joined: true } => {
                vec![Step::LookAt(child.clone()), Step::Wait(LOOK_AGAIN)]
            }
            Doing::Handing { child: None, joined: true } => vec![Step::Wait(LOOK_AGAIN)],
            Doing::Over => Vec::new(),
        }
    }

    /// A command was refused for good.
    pub fn refused(&mut self, mark: &Mark) -> Vec<Step> {
        if !mark.is_at(&self.mark()) {
            return Vec::new();
        }
        match self.doing {
            Doing::Gathering => self.gathered(None),
            Doing::Recording { stopped: true } => vec![Step::FindRecording(None)],
            Doing::Handing { .. } => self.handed(None, None),
            Doing::Speaking | Doing::Playing | Doing::Recording { .. } | Doing::Streaming => {
                // At least a moment, so that what can't be done is not tried without end.
                self.doing = Doing::Pausing;
                vec![Step::Wait(AFTER_FAILURE)]
            }
            Doing::Answering | Doing::Pausing | Doing::Over => Vec::new(),
        }
    }

    /// The recording that was looked for, if there is one.
    pub fn found(&mut self, recording: Option<RecordingFact>) -> Vec<Step> {
        match self.doing {
            Doing::Recording { .. } => self.recorded(recording),
            _ => Vec::new(),
        }
    }

    /// The leg that was dialed has this name.
    pub fn dialed(&mut self, leg: &CarrierCallId) {
        if let Doing::Handing { child, .. } = &mut self.doing {
            child.get_or_insert_with(|| leg.clone());
        }
    }

    /// Whoever was dialed picked up, and the two talk.
    pub fn talks(&mut self, leg: &CarrierCallId) -> Vec<Step> {
        let is_blind =
            matches!(self.verbs.get(self.at), Some(Verb::Dial(dial)) if dial.asked_first.is_none());
        match &mut self.doing {
            Doing::Handing { child, joined } if is_blind && !*joined => {
                child.get_or_insert_with(|| leg.clone());
                *joined = true;
                vec![Step::Wait(LOOK_AGAIN)]
            }
            _ => Vec::new(),
        }
    }

    /// Whoever was asked takes the call.
    pub fn join(&mut self, leg: &CarrierCallId) -> Vec<Step> {
        match &mut self.doing {
            Doing::Handing { child, joined } if child.as_ref().is_none_or(|child| child == leg) => {
                if *joined {
                    return Vec::new();
                }
                *child = Some(leg.clone());
                *joined = true;
                let hush = self.send(Command::Hush);
                vec![hush, self.send(Command::Bridge(leg.clone())), Step::Wait(LOOK_AGAIN)]
            }
            _ => Vec::new(),
        }
    }

    /// The leg that was dialed is over.
    pub fn left(&mut self, leg: &CarrierCallId, end: Option<Box<CarrierEnd>>) -> Vec<Step> {
        match &self.doing {
            Doing::Handing { child, .. } if child.as_ref().is_none_or(|child| child == leg) => {
                self.handed(Some(leg.clone()), end)
            }
            _ => Vec::new(),
        }
    }

    /// It is broken off, since the call goes on elsewhere: what must be stopped.
    pub fn break_off(&mut self) -> Vec<(Command, Mark)> {
        let mark = self.mark();
        let commands = match &self.doing {
            Doing::Speaking | Doing::Playing => vec![Command::Hush],
            Doing::Handing { joined: false, .. } => vec![Command::Hush],
            Doing::Gathering => vec![Command::StopGather],
            Doing::Recording { stopped: false } => vec![Command::StopRecording],
            Doing::Streaming => vec![Command::StopStream],
            Doing::Handing { .. }
            | Doing::Answering
            | Doing::Pausing
            | Doing::Recording { .. }
            | Doing::Over => Vec::new(),
        };
        self.doing = Doing::Over;
        commands.into_iter().map(|command| (command, mark.clone())).collect()
    }

    /// The leg that was dialed from here and is not connected yet, or is.
    pub fn child(&self) -> Option<&CarrierCallId> {
        match &self.doing {
            Doing::Handing { child, .. } => child.as_ref(),
            _ => None,
        }
    }

    /// Whether it waits for a recording, of which may be told after the end of the call.
    pub fn records(&self) -> bool {
        matches!(self.doing, Doing::Recording { .. })
    }

    /// Whether it waits for the end of a media stream.
    pub fn streams(&self) -> bool {
        self.doing == Doing::Streaming
    }

    /// Whether it waits for keys.
    pub fn gathers(&self) -> bool {
        self.doing == Doing::Gathering
    }

    /// Whether what it waits for is told by an event, and by nothing else.
    pub fn awaits_event(&self) -> bool {
        match self.doing {
            Doing::Answering
            | Doing::Speaking
            | Doing::Playing
            | Doing::Gathering
            | Doing::Recording { .. }
            | Doing::Streaming => true,
            Doing::Pausing | Doing::Handing { .. } | Doing::Over => false,
        }
    }

    /// Whether nothing more comes of it.
    pub fn is_over(&self) -> bool {
        self.doing == Doing::Over
    }

    /// The mark of the verb that is performed.
    pub fn mark(&self) -> Mark {
        // What a question brings is asked with its own address, also by a process that knows nothing else of it.
        let brings = match self.verbs.get(self.at) {
            Some(Verb::Gather(gather)) => token_in(&gather.action),
            Some(Verb::Record(record)) => token_in(&record.action),
            _ => None,
        };
        let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        Mark {
            turn: self.turn,
            verb: short(self.at),
            part: short(self.part),
            token: brings.or_else(|| self.token.clone()),
        }
    }

    fn send(&self, command: Command) -> Step {
        Step::Send(command, self.mark())
    }

    fn over(&mut self, last: Step) -> Vec<Step> {
        self.doing = Doing::Over;
        vec![last]
    }

    fn next(&mut self) -> Vec<Step> {
        self.at += 1;
        self.part = 0;
        self.perform()
    }

    /// Does the verb that it stands at.
    fn perform(&mut self) -> Vec<Step> {
        let Some(verb) = self.verbs.get(self.at).cloned() else {
            // The document is done, and so is the call.
            let hang_up = self.send(Command::HangUp);
            return self.over(hang_up);
        };
        let (doing, command, wait) = match verb {
            Verb::Say(say) => {
                let wait = spoken_in(&say.text) * u32::from(say.loops.unwrap_or(1).max(1));
                (Doing::Speaking, Some(Command::Speak(say)), Some(wait + MARGIN))
            }
            Verb::Play(play) => {
                let wait = (play.loops != Some(Loops::Endless)).then_some(LONGEST_FILE);
                (Doing::Playing, Some(Command::Play(play)), wait)
            }
            Verb::Pause { secs } => (Doing::Pausing, None, Some(Duration::from_secs(secs.into()))),
            Verb::Gather(gather) => return self.gather(&gather),
            Verb::Record(record) => {
                let wait = Duration::from_secs(record.max_length_secs.into()) + MARGIN;
                (Doing::Recording { stopped: false }, Some(Command::Record(record)), Some(wait))
            }
            Verb::Redirect(redirect) => return self.ask(redirect.url, Heard::default()),
            Verb::Hangup => {
                let hang_up = self.send(Command::HangUp);
                return self.over(hang_up);
            }
            Verb::Reject(reason) => {
                let reject = self.send(Command::Reject(reason));
                return self.over(reject);
            }
            Verb::Dial(dial) => return self.dial(dial),
            Verb::Connect(stream) => (Doing::Streaming, Some(Command::Stream(stream)), None),
        };
        self.doing = doing;
        let command = command.map(|command| self.send(command));
        command.into_iter().chain(wait.map(Step::Wait)).collect()
    }

    fn ask(&mut self, url: String, heard: Heard) -> Vec<Step> {
        self.over(Step::Ask(Box::new(Asked { url, heard })))
    }

    /// Asks for keys while the prompt that it stands at is heard.
    fn gather(&mut self, gather: &Gather) -> Vec<Step> {
        self.doing = Doing::Gathering;
        let prompt = gather.prompts.get(self.part).cloned();
        let goes_on = self.part + 1 < gather.prompts.len();
        let heard = match &prompt {
            Some(Prompt::Say(say)) => spoken_in(&say.text),
            Some(Prompt::Play(_)) => LONGEST_FILE,
            Some(Prompt::Pause { secs }) => Duration::from_secs((*secs).into()),
            None => Duration::ZERO,
        };
        let keys = u32::from(gather.num_digits.unwrap_or(12)) + 1;
        let wait = heard + Duration::from_secs(gather.timeout_secs.into()) * keys + MARGIN;
        let wanted = Box::new(Gather { prompts: Vec::new(), ..gather.clone() });
        vec![self.send(Command::Gather { wanted, prompt, goes_on }), Step::Wait(wait)]
    }

    fn gathered(&mut self, digits: Option<Private<String>>) -> Vec<Step> {
        let Some(Verb::Gather(gather)) = self.verbs.get(self.at).cloned() else { return self.next() };
        if digits.is_some() {
            return self.ask(gather.action, Heard { digits, ..Heard::default() });
        }
        if self.part + 1 < gather.prompts.len() {
            self.part += 1;
            return self.gather(&gather);
        }
        match gather.on_empty {
            OnEmpty::FallsThrough => self.next(),
            OnEmpty::AsksAction => self.ask(gather.action, Heard::default()),
        }
    }

    /// A key ends a recording, if it is one of those that do.
    fn keyed(&mut self, key: char) -> Vec<Step> {
        let ends = match self.verbs.get(self.at) {
            Some(Verb::Record(record)) => {
                record.finish_on_key.is_empty() || record.finish_on_key.contains(key)
            }
            _ => false,
        };
        if !ends || self.doing != (Doing::Recording { stopped: false }) {
            return Vec::new();
        }
        self.ended_by = Some(key);
        self.stop_recording()
    }

    fn stop_recording(&mut self) -> Vec<Step> {
        self.doing = Doing::Recording { stopped: true };
        vec![self.send(Command::StopRecording), Step::Wait(SAVING)]
    }

    fn recorded(&mut self, recording: Option<RecordingFact>) -> Vec<Step> {
        // One of no length is one in which nobody spoke.
        let recording = recording.filter(|recording| recording.duration_secs != Some(0));
        let digits = self.ended_by.take().map(|key| Private::new(key.to_string()));
        match self.verbs.get(self.at).cloned() {
            // A key says something even where nothing was spoken.
            Some(Verb::Record(record)) if recording.is_some() || digits.is_some() => {
                self.ask(record.action, Heard { digits, recording, ..Heard::default() })
            }
            _ => self.next(),
        }
    }

    fn dial(&mut self, dial: Box<Dial>) -> Vec<Step> {
        self.doing = Doing::Handing { child: None, joined: false };
        let child = Mark { token: dial.status_callback.as_deref().and_then(token_in), ..Mark::default() };
        let wait = match dial.asked_first {
            Some(_) => WORDS_AGAIN,
            None => Duration::from_secs(dial.timeout_secs.into()) + MARGIN,
        };
        let command = match dial.asked_first {
            // Where its events are told is whose sends it to say.
            Some(_) => Command::Dial { to: dial, child, events: String::new() },
            None => Command::Transfer { to: dial, child },
        };
        vec![self.send(command), Step::Wait(wait)]
    }

    fn handed(&mut self, leg: Option<CarrierCallId>, end: Option<Box<CarrierEnd>>) -> Vec<Step> {
        let Some(Verb::Dial(dial)) = self.verbs.get(self.at).cloned() else { return self.next() };
        let end = end.or_else(|| Some(Box::new(failed())));
        match dial.action {
            Some(action) => self.ask(action, Heard { dial: Some((leg, end)), ..Heard::default() }),
            None => self.next(),
        }
    }

    /// What somebody hears again who waits for another to be asked.
    fn words(&self) -> Option<Say> {
        let is_asked =
            matches!(self.verbs.get(self.at), Some(Verb::Dial(dial)) if dial.asked_first.is_some());
        let say = |verb: &Verb| match verb {
            Verb::Say(say) => Some(say.clone()),
            _ => None,
        };
        self.verbs.iter().take(self.at).rev().find_map(say).filter(|_| is_asked)
    }
}

fn failed() -> CarrierEnd {
    let reported = Reported { carrier_status: Some("hangup".to_owned()), ..Reported::default() };
    CarrierEnd { word: EndWord::Failed, duration_secs: None, reported }
}

/// How long a text takes at most.
fn spoken_in(text: &str) -> Duration {
    Duration::from_secs(u64::try_from(text.chars().count()).unwrap_or(u64::MAX) / SLOWEST)
}

/// The verb; a long text in pieces, cut between words.
fn pieces(verb: &Verb) -> Vec<Verb> {
    match verb {
        Verb::Say(say) => {
            cut(&say.text).into_iter().map(|text| Verb::Say(Say { text, ..say.clone() })).collect()
        }
        Verb::Gather(gather) => {
            let prompts = gather.prompts.iter().flat_map(|prompt| match prompt {
                Prompt::Say(say) => {
                    let said = cut(&say.text).into_iter();
                    said.map(|text| Prompt::Say(Say { text, ..say.clone() })).collect()
                }
                Prompt::Play(Play { .. }) | Prompt::Pause { .. } => vec![prompt.clone()],
            });
            vec![Verb::Gather(Box::new(Gather { prompts: prompts.collect(), ..Gather::clone(gather) }))]
        }
        Verb::Record(record) => vec![Verb::Record(Box::new(Record::clone(record)))],
        other => vec![other.clone()],
    }
}

fn cut(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut length = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let chars = word.chars().count();
        if length > 0 && length + chars > PIECE {
            pieces.push(String::new());
            length = 0;
        }
        length += chars;
        if let Some(last) = pieces.last_mut() {
            last.push_str(word);
        }
    }
    pieces
}
