//! What is known of a call because a bot talks in it: its media streams, who said what, which tools the bot asked for, and how
//! it ended for the bot.
//!
//! Words are facts like any other: a line is journaled while it is said, each time with more of it, and the report that knows
//! most stands, in whatever order reports come. A line of the bot holds what the caller has *heard* of it, which is less than
//! was generated where the caller spoke up. Nothing is ever taken back and inserted again.
//!
//! Every entry has a *place*: the number of its media stream and its number within it. It is given when the words begin, not
//! when their text is known, so a transcript that comes late stands where it was said.

use super::Call;
use super::apply::Applied;
use super::effect::Refused;
use super::event::{Event, RecordingNews};
use super::tokens::Used;
use super::turn::Recording;
use crate::appointment::Appointment;
use crate::bot::{Answered, Effect, Tool, Tools};
use crate::id::ToolCallId;
use crate::private::Private;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The bot that talks in a call: by name for people, by content hash for the truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotRef {
    /// Its name.
    pub name: String,
    /// The hash of its content when the call began: an edit changes the next call, never this one.
    pub version: String,
}

/// Where something stands in a call's transcript.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct EntryNo(pub u32);

impl EntryNo {
    /// So many entries a stream has at most.
    pub const PER_STREAM: u32 = 10_000;

    /// The entry with this number in this stream; what is beyond the last shares its place.
    pub fn of(stream: u16, no: u32) -> Self {
        Self(u32::from(stream) * Self::PER_STREAM + no.min(Self::PER_STREAM - 1))
    }

    /// The stream it came about in.
    pub fn stream(self) -> u16 {
        u16::try_from(self.0 / Self::PER_STREAM).unwrap_or(u16::MAX)
    }
}

/// News of a bot's talk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BotTold {
    /// What happened.
    #[serde(flatten)]
    pub news: BotNews,
}

/// What happens while a bot talks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum BotNews {
    /// The carrier has opened the media stream that page number `stream` named: its token is used up.
    Connected {
        /// Which stream, from 1.
        stream: u16,
        /// The carrier's name of it.
        carrier_stream: String,
    },
    /// It is known what the call is about.
    About {
        /// The caller's appointment as it was then, as JSON.
        appointment: Private<String>,
    },
    /// The model is ready to talk.
    ModelReady {
        /// In which stream.
        stream: u16,
    },
    /// The bot said something, as far as the caller has heard it.
    Said(Words),
    /// The caller said something.
    Heard(Words),
    /// The caller pressed keys.
    Pressed {
        /// Where it stands.
        entry: EntryNo,
        /// The keys.
        digits: Private<String>,
    },
    /// The bot asked for a tool.
    ToolAsked {
        /// Where it stands.
        entry: EntryNo,
        /// The model's name of this asking.
        id: String,
        /// Which tool, as the model wrote it.
        name: String,
        /// With what, as the model wrote it.
        arguments: Private<String>,
    },
    /// It was answered.
    ToolAnswered {
        /// Where the asking stands.
        entry: EntryNo,
        /// What the model is told.
        output: Private<String>,
        /// What it did; `None` if nobody ruled on it in time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        did: Option<Box<Effect>>,
    },
    /// The model is gone, or says nothing any more.
    ModelLost {
        /// In which stream.
        stream: u16,
        /// How often before in this stream.
        before: u16,
        /// Why, as far as it is known; never words of a person.
        why: String,
    },
    /// The carrier's media stream broke off while the call goes on.
    MediaLost {
        /// Which.
        stream: u16,
    },
    /// The model has said what its answers used.
    Used {
        /// In which stream.
        stream: u16,
        /// All that is known of this stream's answers.
        #[serde(flatten)]
        used: Used,
    },
    /// The bot has done with the call.
    Over {
        /// Why.
        why: BotOver,
    },
}

/// Words of one side, as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Where they stand.
    pub entry: EntryNo,
    /// The words.
    pub text: Private<String>,
    /// How much of them was heard, in milliseconds of sound; 0 where that is not known.
    #[serde(default)]
    pub ms: u32,
    /// Whether more may come.
    pub state: WordsState,
    /// How long the caller waited for them, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<u32>,
}

/// Whether more words of a line may come. The order is the rank of what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WordsState {
    /// They are being said.
    Going,
    /// They were cut off: the caller spoke up, or somebody went away.
    Cut,
    /// They were said, and nobody could tell what they were.
    Lost,
    /// They were said to the end.
    Whole,
}

/// Why a bot has done with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BotOver {
    /// It said good-bye.
    Finished,
    /// Somebody else takes the call over.
    HandedOver,
    /// The caller said nothing for too long.
    Silence,
    /// There was noise, or endless talk, and no way to get a word in.
    Noise,
    /// The call was as long as it may be.
    TimeLimit,
    /// An answering machine took the call.
    Machine,
    /// A fax machine took the call.
    Fax,
    /// The model is gone for good: the caller hears a line, and the script goes on.
    Failed,
}

impl BotOver {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::HandedOver => "handed_over",
            Self::Silence => "silence",
            Self::Noise => "noise",
            Self::TimeLimit => "time_limit",
            Self::Machine => "machine",
            Self::Fax => "fax",
            Self::Failed => "failed",
        }
    }
}

impl BotNews {
    /// The word in the call's history.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "bot_connected",
            Self::About { .. } => "bot_about",
            Self::ModelReady { .. } => "bot_ready",
            Self::Said(_) => "bot_said",
            Self::Heard(_) => "bot_heard",
            Self::Pressed { .. } => "bot_pressed",
            Self::ToolAsked { .. } => "bot_tool_asked",
            Self::ToolAnswered { .. } => "bot_tool_answered",
            Self::ModelLost { .. } => "bot_model_lost",
            Self::MediaLost { .. } => "bot_media_lost",
            Self::Used { .. } => "bot_used",
            Self::Over { .. } => "bot_over",
        }
    }

    /// What tells two reports of one thing from each other, in an event's key.
    pub fn key(&self) -> String {
        let word = self.as_str();
        match self {
            Self::Connected { stream, .. } | Self::ModelReady { stream } | Self::MediaLost { stream } => {
                format!("{word}:{stream}")
            }
            Self::Said(words) | Self::Heard(words) => {
                let (length, state) = (words.text.reveal().len(), words.state as u8);
                format!("{word}:{}:{state}:{}:{length}", words.entry.0, words.ms)
            }
            Self::Pressed { entry, .. }
            | Self::ToolAsked { entry, .. }
            | Self::ToolAnswered { entry, .. } => {
                format!("{word}:{}", entry.0)
            }
            Self::ModelLost { stream, before, .. } => format!("{word}:{stream}:{before}"),
            Self::Used { stream, used } => format!("{word}:{stream}:{}:{}", used.answers, used.counted),
            Self::About { .. } => "bot:about".to_owned(),
            Self::Over { .. } => "bot:over".to_owned(),
        }
    }

    /// Whether it is a part of something that is told again when there is more of it.
    pub fn is_part(&self) -> bool {
        matches!(self, Self::Used { .. })
            || matches!(self, Self::Said(words) | Self::Heard(words) if words.state == WordsState::Going)
    }

    /// Whether a part of it belongs to a person.
    pub(super) fn has_text(&self) -> bool {
        match self {
            Self::Said(_)
            | Self::Heard(_)
            | Self::Pressed { .. }
            | Self::About { .. }
            | Self::ToolAsked { .. }
            | Self::ToolAnswered { .. } => true,
            Self::Connected { .. }
            | Self::ModelReady { .. }
            | Self::ModelLost { .. }
            | Self::MediaLost { .. }
            | Self::Used { .. }
            | Self::Over { .. } => false,
        }
    }

    /// The part of it that belongs to a person.
    pub(super) fn text_mut(&mut self) -> Option<&mut Private<String>> {
        match self {
            Self::Said(words) | Self::Heard(words) => Some(&mut words.text),
            Self::Pressed { digits, .. } => Some(digits),
            Self::ToolAsked { arguments, .. } => Some(arguments),
            Self::ToolAnswered { output, .. } => Some(output),
            Self::About { appointment } => Some(appointment),
            Self::Connected { .. }
            | Self::ModelReady { .. }
            | Self::ModelLost { .. }
            | Self::MediaLost { .. }
            | Self::Used { .. }
            | Self::Over { .. } => None,
        }
    }
}

/// What is known of a call because a bot talks in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Talk {
    /// Which bot.
    pub bot: BotRef,
    /// The caller's appointment as it was when the bot began, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Private<String>>,
    /// Its media streams, from 1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub streams: BTreeMap<u16, Stream>,
    /// The transcript.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub entries: BTreeMap<EntryNo, Entry>,
    /// Why the bot has done with the call, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<(Timestamp, BotOver)>,
}

/// One media stream of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// When the carrier was told to open it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_at: Option<Timestamp>,
    /// When it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<Timestamp>,
    /// When the model was ready in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<Timestamp>,
    /// When it broke off while the call went on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<Timestamp>,
    /// When the model was lost in it, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub model_lost: BTreeMap<u16, (Timestamp, String)>,
    /// What the model's answers in it have used, as far as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
    /// Its recording, as it was heard, if one is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recording>,
}

/// One entry of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it began, as far as we have heard.
    pub at: Timestamp,
    /// What it is.
    #[serde(flatten)]
    pub what: EntryKind,
}

/// What an entry of a transcript is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum EntryKind {
    /// Words of the bot, as far as the caller has heard them.
    Bot(Spoken),
    /// Words of the caller.
    Caller(Spoken),
    /// Keys that the caller pressed.
    Keys {
        /// Which.
        digits: Private<String>,
    },
    /// A tool that the bot asked for.
    Tool(ToolUse),
}

/// Words as they stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// The words.
    pub text: Private<String>,
    /// How much of them was heard, in milliseconds of sound.
    #[serde(default)]
    pub ms: u32,
    /// Whether more may come.
    pub state: WordsState,
    /// How long the caller waited for them, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<u32>,
}

/// A tool that a bot asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolUse {
    /// The model's name of this asking.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// With what.
    pub arguments: Private<String>,
    /// What the model was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Private<String>>,
    /// What it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did: Option<Box<Effect>>,
}

/// Why a media stream may not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoStream {
    /// No bot talks in the call.
    NoBot,
    /// The call is over, or the bot has done with it.
    Over,
    /// No page has named this stream, or a later one has.
    NotOffered,
    /// It was opened before.
    Used,
    /// It was offered too long ago.
    TooLate,
}

/// How long the token of a stream is good, in seconds.
pub const STREAM_OPENS_WITHIN_SECS: i64 = 60;

impl Talk {
    /// The talk of this bot, before a word was said.
    pub fn of(bot: BotRef) -> Self {
        Self { bot, about: None, streams: BTreeMap::new(), entries: BTreeMap::new(), over: None }
    }

    /// The caller's appointment as it was when the bot began, if one was known.
    pub fn appointment(&self) -> Option<Appointment> {
        serde_json::from_str(self.about.as_ref()?.reveal()).ok()
    }

    /// What its tools have done, in the order in which they were asked for.
    pub fn tools(&self) -> Tools {
        let mut tools = Tools::default();
        for entry in self.entries.values() {
            if let EntryKind::Tool(ToolUse { id, name, output: Some(output), did: Some(did), .. }) =
                &entry.what
            {
                tools.note(Answered {
                    id: ToolCallId::new(id.as_str()),
                    tool: Tool::parse(name),
                    did: Effect::clone(did),
                    says: output.clone(),
                });
            }
        }
        tools
    }

    /// The stream that was offered last; 0 if none was.
    pub fn last_stream(&self) -> u16 {
        self.streams.keys().next_back().copied().unwrap_or(0)
    }

    /// The stream that a page offers which comes after this one, 0 if after none: the last one again, if it is later and nobody
    /// has opened it, so that a page that is fetched twice is the same.
    pub fn next_stream(&self, after: u16) -> u16 {
        match self.streams.iter().next_back() {
            Some((no, stream)) if *no > after && stream.connected_at.is_none() => *no,
            Some((no, _)) => no.saturating_add(1),
            None => after.saturating_add(1),
        }
    }

    /// Whether a stream later than this one was opened: this one is the caller's no more, whatever its own socket says.
    pub fn connected_after(&self, stream: u16) -> bool {
        let mut later = self.streams.range(stream.saturating_add(1)..);
        later.any(|(_, later)| later.connected_at.is_some())
    }

    /// How many streams, the last ones, were offered and never opened.
    pub fn unopened(&self) -> usize {
        self.streams.values().rev().take_while(|stream| stream.connected_at.is_none()).count()
    }

    /// What it has done with the call for, if it has.
    pub fn why_over(&self) -> Option<BotOver> {
        self.over.map(|(_, why)| why)
    }

    /// What the model's answers have used in all streams; `None` if it has given none.
    pub fn used(&self) -> Option<Used> {
        let mut used = self.streams.values().filter_map(|stream| stream.used.as_ref());
        let first = used.next()?.clone();
        let mut all = used.fold(first, |sum, more| sum.and(more));
        // A stream whose model was ready and that tells nothing was cut off before it could.
        if self.streams.values().any(|stream| stream.ready_at.is_some() && stream.used.is_none()) {
            all.cost = None;
        }
        Some(all)
    }

    /// How long the caller waited for each answer of the bot, in milliseconds, in their order.
    pub fn waits_ms(&self) -> impl Iterator<Item = u32> {
        self.entries.values().filter_map(|entry| match &entry.what {
            EntryKind::Bot(spoken) => spoken.waited_ms,
            EntryKind::Caller(_) | EntryKind::Keys { .. } | EntryKind::Tool(_) => None,
        })
    }

    /// Whether words of either side are known.
    pub fn has_words(&self) -> bool {
        self.entries.values().any(|entry| matches!(entry.what, EntryKind::Bot(_) | EntryKind::Caller(_)))
    }

    /// The talk with all of this told, at this moment.
    pub fn replay<'a>(&mut self, told: impl IntoIterator<Item = &'a BotNews>, at: Timestamp) {
        told.into_iter().for_each(|news| self.take(news, at));
    }

    /// The page that offers a stream was spoken.
    pub(super) fn offered(&mut self, stream: u16, at: Timestamp) {
        let offered = &mut self.streams.entry(stream).or_default().offered_at;
        *offered = Some(offered.map_or(at, |known| known.min(at)));
    }

    fn take(&mut self, news: &BotNews, at: Timestamp) {
        match news {
            BotNews::Connected { stream, .. } => earliest(&mut self.stream(*stream).connected_at, at),
            BotNews::ModelReady { stream } => earliest(&mut self.stream(*stream).ready_at, at),
            BotNews::MediaLost { stream } => earliest(&mut self.stream(*stream).lost_at, at),
            BotNews::ModelLost { stream, before, why } => {
                self.stream(*stream).model_lost.entry(*before).or_insert_with(|| (at, why.clone()));
            }
            BotNews::Used { stream, used } => {
                let known = &mut self.stream(*stream).used;
                // It only grows: the report that counts most stands.
                let rank = |used: &Used| (used.answers, used.counted);
                if known.as_ref().is_none_or(|known| rank(known) < rank(used)) {
                    *known = Some(used.clone());
                }
            }
            BotNews::Said(words) => self.words(words, at, EntryKind::Bot),
            BotNews::Heard(words) => self.words(words, at, EntryKind::Caller),
            BotNews::Pressed { entry, digits } => {
                let what = EntryKind::Keys { digits: digits.clone() };
                self.entries.entry(*entry).or_insert(Entry { at, what });
            }
            BotNews::ToolAsked { entry, id, name, arguments } => {
                self.tool(*entry, at, |tool| {
                    tool.id.clone_from(id);
                    tool.name.clone_from(name);
                    tool.arguments.clone_from(arguments);
                });
            }
            BotNews::ToolAnswered { entry, output, did } => {
                self.tool(*entry, at, |tool| {
                    if tool.output.is_none() {
                        tool.output = Some(output.clone());
                        tool.did.clone_from(did);
                    }
                });
            }
            BotNews::About { appointment } => {
                self.about.get_or_insert_with(|| appointment.clone());
            }
            BotNews::Over { why } => {
                let first = self.over.is_none_or(|standing| (at, *why) < standing);
                if first {
                    self.over = Some((at, *why));
                }
            }
        }
    }

    fn stream(&mut self, no: u16) -> &mut Stream {
        self.streams.entry(no).or_default()
    }

    /// An asking and its answer may come in either order; the entry is made by the first.
    fn tool(&mut self, no: EntryNo, at: Timestamp, change: impl FnOnce(&mut ToolUse)) {
        let made = || Entry { at, what: EntryKind::Tool(ToolUse::default()) };
        let entry = self.entries.entry(no).or_insert_with(made);
        entry.at = entry.at.min(at);
        if let EntryKind::Tool(tool) = &mut entry.what {
            change(tool);
        }
    }

    /// The report that knows most stands: one that is final before one that is not, then the one with more.
    fn words(&mut self, words: &Words, at: Timestamp, side: fn(Spoken) -> EntryKind) {
        let spoken =
            Spoken { text: words.text.clone(), ms: words.ms, state: words.state, waited_ms: words.waited_ms };
        match self.entries.get_mut(&words.entry) {
            None => {
                self.entries.insert(words.entry, Entry { at, what: side(spoken) });
            }
            Some(entry) => {
                entry.at = entry.at.min(at);
                if let EntryKind::Bot(known) | EntryKind::Caller(known) = &mut entry.what {
                    let waited_ms = known.waited_ms.or(spoken.waited_ms);
                    if rank(&spoken) > rank(known) {
                        *known = spoken;
                    }
                    known.waited_ms = waited_ms;
                }
            }
        }
    }

    /// Blanks what belongs to a person.
    pub(super) fn forget_person(&mut self) {
        self.about = None;
        for entry in self.entries.values_mut() {
            match &mut entry.what {
                EntryKind::Bot(spoken) | EntryKind::Caller(spoken) => spoken.text = Private::default(),
                EntryKind::Keys { digits } => *digits = Private::default(),
                EntryKind::Tool(tool) => {
                    tool.arguments = Private::default();
                    tool.output = tool.output.take().map(|_| Private::default());
                }
            }
        }
    }
}

/// What decides which of two reports of the same words stands.
fn rank(spoken: &Spoken) -> (WordsState, u32, usize, &str) {
    let text = spoken.text.reveal();
    (spoken.state, spoken.ms, text.len(), text)
}

fn earliest(known: &mut Option<Timestamp>, at: Timestamp) {
    *known = Some(known.map_or(at, |known| known.min(at)));
}

impl Call {
    /// News of the recording of a media stream.
    pub(super) fn talk_recorded(&mut self, stream: u16, news: &RecordingNews) -> Applied {
        let Some(talk) = &mut self.bot else { return Err(Refused::NoBot) };
        let kept = &mut talk.stream(stream).recording;
        let known = kept.take();
        let told = Recording::told(known.clone(), news.ask, &news.fact(), news.state.clone());
        let is_same = known.as_ref() == Some(&told);
        *kept = Some(told);
        if is_same { Err(Refused::Same) } else { Ok(Vec::new()) }
    }

    pub(super) fn bot_told(&mut self, told: &BotTold, event: &Event) -> Applied {
        let Some(talk) = &mut self.bot else { return Err(Refused::NoBot) };
        let before = talk.clone();
        talk.take(&told.news, event.at());
        if *talk == before {
            return Err(Refused::Same);
        }
        // Who talks is there: the carrier need not be asked.
        self.current_mut().news(event.received_at);
        Ok(Vec::new())
    }

    /// Whether a bot talks in it, and has not done with it.
    pub fn is_with_bot(&self) -> bool {
        self.bot.as_ref().is_some_and(|talk| talk.over.is_none())
    }

    /// Whether the carrier may open this media stream now.
    ///
    /// # Errors
    /// Why not.
    pub fn may_stream(&self, stream: u16, now: Timestamp) -> Result<(), NoStream> {
        let talk = self.bot.as_ref().ok_or(NoStream::NoBot)?;
        if self.state() >= super::State::Ending || talk.over.is_some() {
            return Err(NoStream::Over);
        }
        let offered = talk.streams.get(&stream).ok_or(NoStream::NotOffered)?;
        if offered.connected_at.is_some() {
            return Err(NoStream::Used);
        }
        if stream != talk.last_stream() {
            return Err(NoStream::NotOffered);
        }
        let since = offered.offered_at.ok_or(NoStream::NotOffered)?;
        if now.duration_since(since).as_secs() >= STREAM_OPENS_WITHIN_SECS {
            return Err(NoStream::TooLate);
        }
        Ok(())
    }
}
