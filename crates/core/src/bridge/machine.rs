//! The rules of the bridge: what is known of a talk, what may come in, and when it has to be looked at again.
//!
//! - `caller`: speaks, presses keys · `model`: answers, stalls, is lost · `tools`: what it asks for
//! - `ending`: good-bye, hang-up and what is waited for after · `length`: too long, too silent, not understood

mod caller;
mod ending;
mod length;
mod model;
mod tools;

use super::frames::{Act, Input};
use super::hearing::CallerLine;
use super::memory::{Brief, Memory};
use super::patience::Patience;
use super::playing::Playing;
use crate::call::{BotOver, EntryNo, Talk, Used};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

const GOOD_BYE: &str = "Say good-bye in one short sentence.";

/// One media stream of a call in which a bot talks.
#[derive(Clone, Debug)]
pub struct Bridge {
    brief: Arc<Brief>,
    stream: u16,
    entries: u32,
    phase: Phase,
    began_at: Timestamp,
    model: Model,
    /// How often the model was lost since it last answered.
    lost: u16,
    /// How often it was lost at all.
    lost_ever: u16,
    /// Whether this stream, or an earlier one, has heard the opening.
    opened: bool,
    kept: VecDeque<String>,
    memory: Memory,
    playing: Playing,
    caller: Vec<CallerLine>,
    /// The item that the caller is saying, and since when.
    speaking: Option<(String, Timestamp)>,
    response: Option<Response>,
    /// Answers that were cut off: what still comes of them is not for the caller.
    cancelled: BTreeSet<String>,
    /// Since when the caller waits for words of the bot.
    waits_since: Option<Timestamp>,
    /// Since when an answer is owed that has not begun.
    expects: Option<Timestamp>,
    model_heard_at: Timestamp,
    tools: BTreeMap<String, Tool>,
    /// A tool was answered, and the model has not spoken since.
    untold: bool,
    /// Items of the bot that are over: whatever still comes of them is late.
    past_items: BTreeSet<String>,
    /// A new session of the model is to speak first.
    owes_words: bool,
    /// When the caller was last understood.
    words_at: Timestamp,
    /// The caller's words ended, for how long they wait.
    asked_at: Option<Timestamp>,
    used: Used,
    told_used: (u32, u32),
    quiet_since: Timestamp,
    prompted: Option<Prompted>,
    warned: bool,
    ending: Option<Ending>,
    keys: Option<(EntryNo, String, Timestamp)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Talking,
    /// The caller is gone, or about to be: texts of what was said are waited for.
    Tail {
        until: Timestamp,
    },
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    /// It is being connected to, or takes its settings.
    Coming {
        until: Timestamp,
    },
    Ready,
    Gone,
}

#[derive(Clone, Debug)]
struct Response {
    id: String,
    has_sound: bool,
}

#[derive(Clone, Debug)]
struct Tool {
    entry: EntryNo,
    asked_at: Timestamp,
    answered: bool,
}

/// What the bot was told to say since nobody could be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prompted {
    Silence,
    Noise,
}

#[derive(Clone, Copy, Debug)]
struct Ending {
    why: BotOver,
    since: Timestamp,
    /// Whether words of good-bye have been made, or asked for.
    goodbye: bool,
}

fn ms(ms: u32) -> SignedDuration {
    SignedDuration::from_millis(i64::from(ms))
}

fn after(at: Timestamp, span: u32) -> Timestamp {
    at.saturating_add(ms(span)).unwrap_or(at)
}

fn past(now: Timestamp, since: Timestamp, span: u32) -> bool {
    now.duration_since(since) >= ms(span)
}

impl Bridge {
    /// A media stream begins: number `stream` of this call, of which `talk` is known.
    pub fn begin(brief: Arc<Brief>, stream: u16, talk: &Talk, now: Timestamp) -> (Self, Vec<Act>) {
        let memory = Memory::of(talk);
        let bridge = Self {
            stream,
            entries: 0,
            phase: Phase::Talking,
            began_at: talk.streams.values().filter_map(|known| known.connected_at).min().unwrap_or(now),
            model: Model::Coming { until: after(now, brief.patience.ready_ms) },
            lost: 0,
            lost_ever: 0,
            opened: !memory.is_empty(),
            kept: VecDeque::new(),
            memory,
            playing: Playing::default(),
            caller: Vec::new(),
            speaking: None,
            response: None,
            cancelled: BTreeSet::new(),
            waits_since: Some(now),
            expects: None,
            model_heard_at: now,
            tools: BTreeMap::new(),
            untold: false,
            past_items: BTreeSet::new(),
            owes_words: true,
            words_at: now,
            asked_at: None,
            used: Used::default(),
            told_used: (0, 0),
            quiet_since: now,
            prompted: None,
            warned: false,
            ending: None,
            keys: None,
            brief,
        };
        (bridge, vec![Act::OpenModel])
    }

    /// Takes something in, and says what is to be done.
    pub fn take(&mut self, now: Timestamp, input: Input) -> Vec<Act> {
        let mut acts = Vec::new();
        if self.phase == Phase::Done {
            return acts;
        }
        match input {
            Input::Carrier(said) => self.carrier(said, now, &mut acts),
            Input::Model(said) => self.model(said, now, &mut acts),
            Input::Tool(answer) => self.tool_answered(answer, now, &mut acts),
            Input::TakenBy(by) => self.taken_by(by, now, &mut acts),
            Input::Tick => {}
        }
        self.look(now, &mut acts);
        acts
    }

    /// When [`Input::Tick`] is due at the latest.
    pub fn deadline(&self) -> Option<Timestamp> {
        let patience = &self.brief.patience;
        let mut times = Vec::new();
        match self.phase {
            Phase::Done => return None,
            Phase::Tail { until } => return Some(until),
            Phase::Talking => {}
        }
        if let Model::Coming { until } = self.model {
            times.push(until);
        }
        times.extend(self.stalls_at());
        times.extend(self.given_up_at());
        times.extend(
            self.tools
                .values()
                .filter(|tool| !tool.answered)
                .map(|tool| after(tool.asked_at, patience.tool_ms)),
        );
        times.extend(
            self.caller
                .iter()
                .filter(|line| !line.is_final)
                .filter_map(|line| line.stopped_at)
                .map(|at| after(at, patience.text_ms)),
        );
        times.extend(self.keys.as_ref().map(|(_, _, at)| after(*at, patience.keys_ms)));
        match &self.ending {
            Some(ending) => {
                times.push(after(ending.since, patience.goodbye_ms));
                times.extend(self.heard_by());
            }
            None => {
                times.extend(self.speaks_too_long_at());
                times.extend(self.silent_at());
                times.push(self.noise_at());
                let end = after(self.began_at, patience.longest_ms);
                times.push(if self.warned { end } else { before(end, patience.warning_ms) });
            }
        }
        times.into_iter().min()
    }

    /// Whether nothing more will come.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    pub(super) fn patience(&self) -> Patience {
        self.brief.patience
    }

    pub(super) fn next_entry(&mut self) -> EntryNo {
        self.entries += 1;
        EntryNo::of(self.stream, self.entries)
    }

    /// Whatever is due now.
    fn look(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        if self.phase == Phase::Talking {
            self.look_at_model(now, acts);
        }
        if self.phase == Phase::Talking {
            self.look_at_tools(now, acts);
            self.look_at_texts(now, acts);
            self.look_at_keys(now, acts);
            match self.ending {
                Some(ending) => self.look_at_goodbye(ending, now, acts),
                None => self.look_at_length(now, acts),
            }
        }
        self.look_at_tail(now, acts);
    }
}

fn before(at: Timestamp, span: u32) -> Timestamp {
    at.saturating_sub(ms(span)).unwrap_or(at)
}
