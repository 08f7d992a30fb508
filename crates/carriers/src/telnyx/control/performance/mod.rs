//! A voice document, performed: which command comes next, told by what is heard of the one before.
//!
//! In: a document, and what happened, with the mark it came with; that a wait is over; that a command failed. Out: [`Step`]s
//! for whoever does the I/O. It knows no clock and asks nobody, so that events in any order, doubled or late can be told
//! over by tables: whatever bears another mark than that of the verb that is performed moves nothing.
//!
//! Nothing waits for ever: each verb has a longest time, after which it is taken for done (its event was lost). Only what
//! lasts as long as somebody listens has none: music, a talk with somebody else, a stream.
//!
//! - this file: where a performance stands, and what each verb does first
//! - `asking`: keys, and speech beside them · `recording`: a recording · `handing`: somebody else who is dialed · `pieces`: long texts

mod asking;
mod handing;
mod pieces;
mod recording;

use super::command::Command;
use super::event::Happened;
use super::mark::{Mark, token_in};
use crate::voice::{Document, Loops, Verb};
use asking::Gathering;
use jiff::Timestamp;
use pieces::{pieces, spoken_in};
use std::time::Duration;
use trunkline_core::call::{CarrierEnd, RecordingFact};
use trunkline_core::id::CarrierCallId;
use trunkline_core::private::Private;

/// Beyond the time that a verb takes by itself.
const MARGIN: Duration = Duration::from_secs(15);
/// The longest file that is played once.
const LONGEST_FILE: Duration = Duration::from_secs(600);
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
    /// What was said, as Telnyx understood it.
    pub speech: Option<Private<String>>,
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
    Gathering(Gathering),
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

    fn new(document: &Document, turn: u64, token: Option<String>) -> Self {
        let verbs = document.verbs().iter().flat_map(pieces).collect();
        Self { verbs, turn, token, at: 0, part: 0, doing: Doing::Over, ended_by: None }
    }

    /// Something happened on the leg.
    pub fn hear(&mut self, mark: Option<&Mark>, what: &Happened) -> Vec<Step> {
        if self.doing == Doing::Answering && *what == Happened::Answered {
            return self.perform();
        }
        if let Happened::Said { words, is_final } = what {
            let is_here = mark.is_some_and(|mark| mark.is_of_verb(&self.mark()));
            return if is_here { self.said(words, *is_final) } else { Vec::new() };
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
            (Doing::Gathering(_), Happened::GatherEnded { digits }) => self.gathered(digits.clone()),
            (Doing::Gathering(_), Happened::Key(key)) => self.pressed(*key),
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
            Doing::Gathering(_) => self.nothing_more(),
            Doing::Recording { stopped: false } => self.stop_recording(),
            Doing::Recording { stopped: true } => vec![Step::FindRecording(None)],
            Doing::Handing { .. } => self.still_handing(),
            Doing::Over => Vec::new(),
        }
    }

    /// A command was refused for good.
    pub fn refused(&mut self, command: &Command, mark: &Mark) -> Vec<Step> {
        if matches!(command, Command::Listen(_)) {
            return if mark.is_of_verb(&self.mark()) { self.keys_alone() } else { Vec::new() };
        }
        if !mark.is_at(&self.mark()) {
            return Vec::new();
        }
        match &self.doing {
            Doing::Gathering(_) => self.gathered(None),
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

    /// It is broken off, since the call goes on elsewhere: what must be stopped.
    pub fn break_off(&mut self) -> Vec<(Command, Mark)> {
        let mark = self.mark();
        let commands = match &self.doing {
            Doing::Speaking | Doing::Playing => vec![Command::Hush],
            Doing::Handing { joined: false, .. } => vec![Command::Hush],
            Doing::Gathering(gathering) => gathering.stops(),
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

    /// Whether it waits for the end of a media stream.
    pub fn streams(&self) -> bool {
        self.doing == Doing::Streaming
    }

    /// Whether what it waits for is told by an event, and by nothing else.
    pub fn awaits_event(&self) -> bool {
        match &self.doing {
            Doing::Gathering(gathering) => gathering.awaits_event(),
            Doing::Answering
            | Doing::Speaking
            | Doing::Playing
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
            Verb::Gather(gather) => return self.question(&gather),
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
}
