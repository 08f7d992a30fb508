//! The rules of the bridge.

use super::frames::{Act, CarrierSays, Input, ModelDoes, ModelSays, ResponseEnd, Then, ToolAnswer, WhyLost};
use super::hearing::CallerLine;
use super::memory::{Brief, Memory, Remembered, pressed};
use super::patience::Patience;
use super::playing::Playing;
use crate::call::{AnsweredBy, BotNews, BotOver, EntryNo, Talk, Tokens, Used};
use crate::private::Private;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// So much of the caller's sound is kept while the model is not ready: five seconds of frames of 20 ms.
const KEPT_FRAMES: usize = 250;
/// A model that was lost so often without an answer in between is gone.
const LOST_AT_MOST: u16 = 2;
/// So is one that was lost so often in one stream, whatever it said in between.
const LOST_EVER_AT_MOST: u16 = 6;
/// Sound that the carrier was given is taken for played so long after it must have been, if no mark tells.
const MARK_GRACE_MS: u32 = 1_500;

const GO_ON: &str = "The connection was interrupted for a moment. Say briefly that you are sorry for the interruption, and go on \
                     where the conversation stopped. Do not greet the caller again.";
const STILL_THERE: &str =
    "The caller has said nothing for a while. Ask in one short sentence whether they are still there.";
const GET_A_WORD_IN: &str =
    "You cannot understand the caller. Say so in one short sentence, and repeat your last question.";
const COME_TO_AN_END: &str = "The time for this call is over. Say in one short sentence that you have to end it now, and say good-bye.";
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

    fn patience(&self) -> Patience {
        self.brief.patience
    }

    fn next_entry(&mut self) -> EntryNo {
        self.entries += 1;
        EntryNo::of(self.stream, self.entries)
    }

    // What the carrier tells.

    fn carrier(&mut self, said: CarrierSays, now: Timestamp, acts: &mut Vec<Act>) {
        match said {
            CarrierSays::Audio(sound) => match self.model {
                _ if self.phase != Phase::Talking => {}
                Model::Ready => acts.push(Act::Model(ModelDoes::Hear(sound))),
                Model::Coming { .. } => {
                    if self.kept.len() == KEPT_FRAMES {
                        self.kept.pop_front();
                    }
                    self.kept.push_back(sound);
                }
                Model::Gone => {}
            },
            CarrierSays::Digit(digit) => self.digit(digit, now),
            CarrierSays::Mark(name) => {
                if self.playing.marked(&name, now, acts) {
                    self.quiet_since = now;
                    self.keep_finished();
                }
            }
            CarrierSays::Stopped => self.hung_up(now, acts),
            CarrierSays::Lost => {
                if self.phase == Phase::Talking {
                    acts.push(Act::Journal(BotNews::MediaLost { stream: self.stream }));
                }
                self.hung_up(now, acts);
            }
        }
    }

    fn digit(&mut self, digit: char, now: Timestamp) {
        if self.phase != Phase::Talking {
            return;
        }
        (self.quiet_since, self.words_at) = (now, now);
        self.prompted = None;
        match &mut self.keys {
            Some((_, keys, at)) => {
                keys.push(digit);
                *at = now;
            }
            None => {
                let entry = self.next_entry();
                self.keys = Some((entry, digit.to_string(), now));
            }
        }
    }

    /// Keys belong together until somebody pauses, or presses the one that says so.
    fn look_at_keys(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        let span = self.patience().keys_ms;
        let is_over = |keys: &str, at| keys.ends_with('#') || past(now, at, span);
        let Some((entry, keys, _)) = self.keys.take_if(|(_, keys, at)| is_over(keys, *at)) else { return };
        self.keys_over(entry, &keys, acts);
        if self.model == Model::Ready && self.ending.is_none() {
            acts.push(Act::Model(ModelDoes::Remember(Remembered::Caller(pressed(&keys)))));
            self.cut_in(acts);
            self.ask(None, now, acts);
        }
    }

    fn keys_over(&mut self, entry: EntryNo, keys: &str, acts: &mut Vec<Act>) {
        self.memory.keep(entry, Remembered::Caller(pressed(keys)));
        acts.push(Act::Journal(BotNews::Pressed { entry, digits: Private::new(keys.to_owned()) }));
    }

    // What the model tells.

    fn model(&mut self, said: ModelSays, now: Timestamp, acts: &mut Vec<Act>) {
        if self.model == Model::Gone {
            return;
        }
        if !matches!(said, ModelSays::Lost(_) | ModelSays::Expired) {
            self.model_heard_at = now;
        }
        match said {
            ModelSays::Opened => acts.push(Act::Model(ModelDoes::Configure(self.brief.clone()))),
            ModelSays::Configured => self.configured(now, acts),
            ModelSays::SpeechStarted { item, at_ms } => self.speech_started(&item, at_ms, now, acts),
            ModelSays::SpeechStopped { item, at_ms } => self.speech_stopped(&item, at_ms, now),
            ModelSays::Committed { item } => {
                self.caller_line(&item).stopped_at.get_or_insert(now);
            }
            ModelSays::CallerWords { item, words } => {
                let line = self.caller_line(&item);
                let news = line.more(&words, now);
                acts.extend(news.map(Act::Journal));
            }
            ModelSays::CallerLine { item, text } => {
                let news = self.caller_line(&item).whole(&text);
                if news.is_some() {
                    self.prompted = None;
                    self.words_at = now;
                    let said_until = self.caller_line(&item).stopped_at.unwrap_or(now);
                    self.quiet_since = self.quiet_since.max(said_until);
                }
                acts.extend(news.map(Act::Journal));
                self.keep_caller(&item);
            }
            ModelSays::CallerUnknown { item } => {
                let news = self.caller_line(&item).given_up();
                self.words_at = now;
                acts.extend(news.map(Act::Journal));
                self.keep_caller(&item);
            }
            ModelSays::ResponseBegan { response } => {
                self.expects = None;
                self.used.answers = self.used.answers.saturating_add(1);
                let is_interrupted = self.speaking.is_some() && self.prompted != Some(Prompted::Noise);
                if is_interrupted && self.ending.is_none() {
                    // It was asked for a moment before the caller began to speak.
                    self.cancelled.insert(response);
                    acts.push(Act::Model(ModelDoes::Cancel));
                } else {
                    self.response = Some(Response { id: response, has_sound: false });
                }
            }
            ModelSays::Audio { response, item, sound } => self.sound(&response, &item, &sound, now, acts),
            ModelSays::AudioOver { item } => {
                self.playing.sound_over(&item, acts);
                self.keep_finished();
            }
            ModelSays::BotWords { item, words } => {
                self.bot_line(&item, now);
                self.playing.words(&item, &words);
            }
            ModelSays::BotLine { item, text } => {
                self.bot_line(&item, now);
                self.playing.text_over(&item, &text, acts);
                self.keep_finished();
            }
            ModelSays::Tool { id, name, arguments } => self.tool_asked(id, name, arguments, now, acts),
            ModelSays::ResponseOver { response, end } => self.response_over(&response, end, now, acts),
            ModelSays::Used(tokens) => self.used(&tokens, acts),
            ModelSays::Expired => self.model_lost(&WhyLost::Expired, now, acts),
            ModelSays::Lost(why) => self.model_lost(&why, now, acts),
            ModelSays::Complains { .. } | ModelSays::Other => {}
        }
    }

    /// The model is ready: it learns what was said so far, and speaks.
    fn configured(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        if !matches!(self.model, Model::Coming { .. }) || self.phase != Phase::Talking {
            return;
        }
        self.model = Model::Ready;
        if self.lost_ever == 0 {
            acts.push(Act::Journal(BotNews::ModelReady { stream: self.stream }));
        }
        let mut memory = self.memory.clone();
        for (entry, text) in self.playing.unfinished().filter(|(_, text)| !text.is_empty()) {
            memory.keep(entry, Remembered::Bot(text));
        }
        acts.extend(memory.all().map(|known| Act::Model(ModelDoes::Remember(known.clone()))));
        acts.extend(self.kept.drain(..).map(|sound| Act::Model(ModelDoes::Hear(sound))));
        let words = match &self.ending {
            Some(_) => Some(GOOD_BYE.to_owned()),
            None if self.opened => Some(GO_ON.to_owned()),
            None => self
                .brief
                .opening
                .as_ref()
                .map(|opening| format!("Say exactly this, and nothing else: {opening}")),
        };
        // A session that ended while nobody waited for an answer is replaced without a word.
        if std::mem::take(&mut self.owes_words) {
            self.ask(words, now, acts);
        }
    }

    /// The model is asked to answer.
    fn ask(&mut self, words: Option<String>, now: Timestamp, acts: &mut Vec<Act>) {
        if self.model == Model::Ready {
            self.expects = Some(now);
            self.waits_since.get_or_insert(now);
            acts.push(Act::Model(ModelDoes::Answer(words)));
        }
    }

    fn speech_started(&mut self, item: &str, at_ms: u32, now: Timestamp, acts: &mut Vec<Act>) {
        self.caller_line(item).started(at_ms);
        self.speaking = Some((item.to_owned(), now));
        self.asked_at = None;
        self.waits_since = None;
        // A good-bye is heard to its end.
        if self.ending.is_none() && self.phase == Phase::Talking {
            self.cut_in(acts);
        }
    }

    /// Somebody speaks: the bot is silent at once, and knows what was heard of it.
    fn cut_in(&mut self, acts: &mut Vec<Act>) {
        // What is already at the carrier first: it is what the caller hears.
        let mut rest = Vec::new();
        self.playing.cut_off(&mut rest);
        acts.append(&mut rest);
        if let Some(response) = self.response.take() {
            self.cancelled.insert(response.id);
            acts.push(Act::Model(ModelDoes::Cancel));
        }
        self.expects = None;
        self.keep_finished();
    }

    fn speech_stopped(&mut self, item: &str, at_ms: u32, now: Timestamp) {
        self.caller_line(item).stopped(at_ms, now);
        self.speaking = None;
        if self.phase == Phase::Talking && self.ending.is_none() {
            self.asked_at = Some(now);
            self.waits_since = Some(now);
            // The model answers by itself.
            self.expects = Some(now);
        }
    }

    fn caller_line(&mut self, item: &str) -> &mut CallerLine {
        let place = match self.caller.iter().position(|line| line.item == item) {
            Some(place) => place,
            None => {
                let entry = self.next_entry();
                self.caller.push(CallerLine::new(item, entry));
                self.caller.len() - 1
            }
        };
        &mut self.caller[place]
    }

    fn keep_caller(&mut self, item: &str) {
        if let Some(line) = self.caller.iter().find(|line| line.item == item)
            && !line.text().is_empty()
        {
            self.memory.keep(line.entry, Remembered::Caller(line.text().to_owned()));
        }
    }

    fn bot_line(&mut self, item: &str, now: Timestamp) {
        let is_late = self.response.is_none() || self.past_items.contains(item);
        if self.playing.line(item).is_none() && !is_late {
            let entry = self.next_entry();
            let waited = self.asked_at.take().map(|asked| now.duration_since(asked).as_millis());
            let waited = waited.and_then(|waited| u32::try_from(waited).ok());
            self.playing.begin(item, entry, waited);
        }
    }

    fn sound(&mut self, response: &str, item: &str, sound: &str, now: Timestamp, acts: &mut Vec<Act>) {
        let is_late = self.response.is_none() || self.cancelled.contains(response);
        if is_late || self.phase != Phase::Talking {
            return;
        }
        self.opened = true;
        self.lost = 0;
        self.waits_since = None;
        self.bot_line(item, now);
        self.playing.sound(item, sound, now, acts);
        if let Some(response) = &mut self.response {
            response.has_sound = true;
        }
        if let Some(ending) = &mut self.ending {
            ending.goodbye = true;
        }
    }

    fn response_over(&mut self, id: &str, end: ResponseEnd, now: Timestamp, acts: &mut Vec<Act>) {
        let Some(response) = self.response.take_if(|response| response.id == id) else { return };
        self.expects = None;
        self.playing.all_made(acts);
        self.keep_finished();
        match end {
            ResponseEnd::Failed { code } => self.model_lost(&WhyLost::Failed(code), now, acts),
            ResponseEnd::Completed | ResponseEnd::Cancelled => {
                if response.has_sound {
                    self.lost = 0;
                }
                self.go_on(response.has_sound, now, acts);
            }
        }
    }

    fn used(&mut self, tokens: &Tokens, acts: &mut Vec<Act>) {
        self.used.counted = self.used.counted.saturating_add(1);
        self.used.tokens.add(tokens);
        self.tell_used(acts);
    }

    /// What is known of what the answers so far have used, if there is more than was told.
    fn tell_used(&mut self, acts: &mut Vec<Act>) {
        let stands = (self.used.answers, self.used.counted);
        // Of a model that says nothing of it, nothing is known.
        if self.used.counted > 0 && stands != self.told_used {
            self.told_used = stands;
            acts.push(Act::Journal(BotNews::Used { stream: self.stream, used: self.used.clone() }));
        }
    }

    /// What a line said is what a new session is told.
    fn keep_finished(&mut self) {
        for (entry, item, text) in self.playing.finished() {
            self.past_items.insert(item);
            if !text.is_empty() {
                self.memory.keep(entry, Remembered::Bot(text));
            }
        }
    }

    // Tools.

    fn tool_asked(
        &mut self,
        id: String,
        name: String,
        arguments: String,
        now: Timestamp,
        acts: &mut Vec<Act>,
    ) {
        // Asked twice in the same words, it is answered once.
        if self.tools.contains_key(&id) || self.phase != Phase::Talking {
            return;
        }
        let entry = self.next_entry();
        self.tools.insert(id.clone(), Tool { entry, asked_at: now, answered: false });
        self.memory.keep(
            entry,
            Remembered::Tool {
                id: id.clone(),
                name: name.clone(),
                arguments: arguments.clone(),
                output: None,
            },
        );
        acts.push(Act::Journal(BotNews::ToolAsked {
            entry,
            id: id.clone(),
            name: name.clone(),
            arguments: Private::new(arguments.clone()),
        }));
        // That it ends the call is all that it may always do.
        let is_end = name == crate::bot::Tool::EndCall.as_str();
        if !is_end && self.tools.len() > usize::try_from(self.patience().tools).unwrap_or(usize::MAX) {
            let output = "{\"error\":\"too_many_tools\",\"say\":\"No more can be done in this call.\"}";
            self.tool_answered(
                ToolAnswer { id, output: output.to_owned(), did: None, then: Then::GoOn },
                now,
                acts,
            );
            return;
        }
        acts.push(Act::AskTool { entry, id, name, arguments });
    }

    fn tool_answered(&mut self, answer: ToolAnswer, now: Timestamp, acts: &mut Vec<Act>) {
        let Some(tool) = self.tools.get_mut(&answer.id).filter(|tool| !tool.answered) else { return };
        tool.answered = true;
        self.untold = true;
        let entry = tool.entry;
        self.memory.tool_answered(entry, &answer.output);
        let output = Private::new(answer.output.clone());
        acts.push(Act::Journal(BotNews::ToolAnswered { entry, output, did: answer.did }));
        if self.phase != Phase::Talking {
            return;
        }
        if self.model == Model::Ready {
            acts.push(Act::Model(ModelDoes::ToolAnswered { id: answer.id, output: answer.output }));
        }
        let why = match answer.then {
            Then::GoOn => None,
            Then::HangUp => Some(BotOver::Finished),
            Then::HandOver => Some(BotOver::HandedOver),
        };
        if let Some(why) = why {
            let has_sound = self.response.as_ref().is_some_and(|response| response.has_sound);
            let goodbye = has_sound || self.playing.is_playing();
            self.ending.get_or_insert(Ending { why, since: now, goodbye });
        }
        if self.response.is_none() {
            self.go_on(false, now, acts);
        }
    }

    /// An answer is over, or a tool's: what comes next.
    fn go_on(&mut self, had_sound: bool, now: Timestamp, acts: &mut Vec<Act>) {
        if self.tools.values().any(|tool| !tool.answered) || self.expects.is_some() {
            return;
        }
        match &mut self.ending {
            Some(ending) if ending.goodbye || had_sound => ending.goodbye = true,
            Some(ending) => {
                ending.goodbye = true;
                self.ask(Some(GOOD_BYE.to_owned()), now, acts);
            }
            // The model answers what the tools have answered, and waits for the caller else.
            None if std::mem::take(&mut self.untold) => self.ask(None, now, acts),
            None => {}
        }
    }

    // Ends.

    /// The model is gone: once more, with what was said so far, or never again.
    fn model_lost(&mut self, why: &WhyLost, now: Timestamp, acts: &mut Vec<Act>) {
        if self.model == Model::Gone {
            return;
        }
        if self.phase != Phase::Talking {
            // Texts that are still waited for will not come.
            self.model = Model::Gone;
            self.look_at_tail(now, acts);
            return;
        }
        let (stream, before) = (self.stream, self.lost_ever);
        acts.push(Act::Journal(BotNews::ModelLost { stream, before, why: why.words() }));
        self.lost_ever = self.lost_ever.saturating_add(1);
        self.lost += 1;
        let waited_for = self.response.take().is_some() || self.expects.take().is_some();
        self.owes_words |= waited_for || self.asked_at.is_some() || !self.opened;
        if self.owes_words {
            self.waits_since.get_or_insert(now);
        }
        self.speaking = None;
        self.playing.broken(acts);
        self.keep_finished();
        self.give_up_texts(acts);
        if let Some(ending) = &mut self.ending {
            // All that is left to say is good-bye, and nobody says it.
            ending.goodbye = true;
            self.model = Model::Gone;
            acts.push(Act::CloseModel);
        } else if self.lost >= LOST_AT_MOST || self.lost_ever >= LOST_EVER_AT_MOST {
            self.model = Model::Gone;
            self.finish(BotOver::Failed, now, acts);
        } else {
            self.model = Model::Coming { until: after(now, self.patience().ready_ms) };
            acts.push(Act::OpenModel);
        }
    }

    fn taken_by(&mut self, by: AnsweredBy, now: Timestamp, acts: &mut Vec<Act>) {
        if self.phase != Phase::Talking {
            return;
        }
        match by {
            AnsweredBy::Machine | AnsweredBy::MachineReady => self.finish(BotOver::Machine, now, acts),
            AnsweredBy::Fax => self.finish(BotOver::Fax, now, acts),
            _ => {}
        }
    }

    /// The bot has done with the call: the carrier is let go, and asks what comes next.
    fn finish(&mut self, why: BotOver, now: Timestamp, acts: &mut Vec<Act>) {
        if self.phase != Phase::Talking {
            return;
        }
        self.go_into_tail(now, acts);
        acts.push(Act::Journal(BotNews::Over { why }));
        acts.push(Act::Finish(why));
        self.look_at_tail(now, acts);
    }

    /// The caller is gone.
    fn hung_up(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        if self.phase == Phase::Talking {
            self.go_into_tail(now, acts);
        }
    }

    fn go_into_tail(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        self.playing.hung_up(acts);
        self.keep_finished();
        if let Some((entry, keys, _)) = self.keys.take() {
            self.keys_over(entry, &keys, acts);
        }
        if self.model == Model::Ready {
            if self.response.take().is_some() {
                acts.push(Act::Model(ModelDoes::Cancel));
            }
            if self.speaking.is_some() {
                // The last words are said: the model need not wait for a pause that never comes.
                acts.push(Act::Model(ModelDoes::Commit));
            }
        }
        self.expects = None;
        self.phase = Phase::Tail { until: after(now, self.patience().tail_ms) };
    }

    fn look_at_tail(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        let Phase::Tail { until } = self.phase else { return };
        let has_all = self.caller.iter().all(|line| line.is_final);
        // What a tool is doing is done, whoever is still there: its answer says what became of the call.
        let is_answered = self.tools.values().all(|tool| tool.answered);
        if now >= until || (is_answered && (has_all || self.model != Model::Ready)) {
            self.tail_over(acts);
        }
    }

    fn tail_over(&mut self, acts: &mut Vec<Act>) {
        self.give_up_texts(acts);
        self.tell_used(acts);
        self.phase = Phase::Done;
        self.model = Model::Gone;
        acts.push(Act::CloseModel);
        acts.push(Act::Done);
    }

    /// What is not known of the caller's words by now will not be.
    fn give_up_texts(&mut self, acts: &mut Vec<Act>) {
        let known = self.caller.iter_mut().filter_map(CallerLine::given_up);
        acts.extend(known.map(Act::Journal));
        let all: Vec<String> = self.caller.iter().map(|line| line.item.clone()).collect();
        all.iter().for_each(|item| self.keep_caller(item));
    }

    // Time.

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

    fn look_at_model(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        if let Model::Coming { until } = self.model
            && now >= until
        {
            self.model_lost(&WhyLost::NotReady, now, acts);
        } else if self.stalls_at().is_some_and(|at| now >= at) {
            self.model_lost(&WhyLost::Stalled, now, acts);
        } else if self.given_up_at().is_some_and(|at| now >= at) {
            let why = if self.model == Model::Ready { WhyLost::Stalled } else { WhyLost::NotReady };
            self.lost = LOST_AT_MOST;
            self.model_lost(&why, now, acts);
        }
    }

    /// When a model that was lost is not waited for any longer: the caller has heard nothing for so long.
    fn given_up_at(&self) -> Option<Timestamp> {
        let is_second = self.lost > 0 && self.model != Model::Gone && self.ending.is_none();
        if self.tools.values().any(|tool| !tool.answered) {
            // It is ours to speak: the tool's own limit runs.
            return None;
        }
        let since = self.waits_since.filter(|_| is_second && !self.playing.is_playing())?;
        Some(after(since, self.patience().words_ms))
    }

    /// When a model that says nothing is taken for gone: it has to speak, and the caller hears nothing.
    fn stalls_at(&self) -> Option<Timestamp> {
        let has_to_speak = self.expects.is_some() || self.response.is_some();
        if self.model != Model::Ready || !has_to_speak || self.playing.is_playing() {
            return None;
        }
        let since = [self.expects, self.playing.moved_at()].into_iter().flatten();
        let since = since.fold(self.model_heard_at, Timestamp::max);
        Some(after(since, self.patience().stall_ms))
    }

    fn look_at_tools(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        let span = self.patience().tool_ms;
        let is_late = |tool: &Tool| !tool.answered && past(now, tool.asked_at, span);
        let late: Vec<String> =
            self.tools.iter().filter(|(_, tool)| is_late(tool)).map(|(id, _)| id.clone()).collect();
        for id in late {
            let output =
                "{\"error\":\"unavailable\",\"say\":\"This can't be done at the moment.\"}".to_owned();
            self.tool_answered(ToolAnswer { id, output, did: None, then: Then::GoOn }, now, acts);
        }
    }

    fn look_at_texts(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        let span = self.patience().text_ms;
        for line in &mut self.caller {
            if line.stopped_at.is_some_and(|stopped| past(now, stopped, span)) {
                acts.extend(line.given_up().map(Act::Journal));
            }
        }
    }

    /// The good-bye was decided on: over as soon as it was heard, or has had its time.
    fn look_at_goodbye(&mut self, ending: Ending, now: Timestamp, acts: &mut Vec<Act>) {
        let is_silent = self.response.is_none() && self.expects.is_none() && !self.playing.is_playing();
        let is_late = past(now, ending.since, self.patience().goodbye_ms);
        let must_be_heard = self.response.is_none() && self.heard_by().is_some_and(|at| now >= at);
        if (ending.goodbye && is_silent) || is_late || must_be_heard {
            self.finish(ending.why, now, acts);
        }
    }

    /// When what the carrier has must have been heard, whether its marks say so or not.
    fn heard_by(&self) -> Option<Timestamp> {
        let since = self.playing.moved_at().filter(|_| self.playing.is_playing())?;
        Some(after(since, self.playing.waiting_ms().saturating_add(MARK_GRACE_MS)))
    }

    fn look_at_length(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        let patience = self.patience();
        let end = after(self.began_at, patience.longest_ms);
        if now >= end {
            return self.finish(BotOver::TimeLimit, now, acts);
        }
        if !self.warned && now >= before(end, patience.warning_ms) {
            self.warned = true;
            self.cut_in(acts);
            self.ending = Some(Ending { why: BotOver::TimeLimit, since: now, goodbye: true });
            self.ask(Some(COME_TO_AN_END.to_owned()), now, acts);
            return;
        }
        if now >= self.noise_at() {
            return self.finish(BotOver::Noise, now, acts);
        }
        if self.speaks_too_long_at().is_some_and(|at| now >= at) {
            match self.prompted {
                Some(Prompted::Noise) => return self.finish(BotOver::Noise, now, acts),
                Some(Prompted::Silence) | None => {
                    self.prompted = Some(Prompted::Noise);
                    self.ask(Some(GET_A_WORD_IN.to_owned()), now, acts);
                }
            }
        }
        if self.silent_at().is_some_and(|at| now >= at) {
            match self.prompted {
                Some(_) => self.finish(BotOver::Silence, now, acts),
                None => {
                    self.prompted = Some(Prompted::Silence);
                    self.quiet_since = now;
                    self.ask(Some(STILL_THERE.to_owned()), now, acts);
                }
            }
        }
    }

    /// When somebody who talks without a pause is spoken to, and then given up.
    fn speaks_too_long_at(&self) -> Option<Timestamp> {
        let patience = self.patience();
        let (_, since) = self.speaking.as_ref()?;
        let again = if self.prompted == Some(Prompted::Noise) { patience.endless_again_ms } else { 0 };
        Some(after(*since, patience.endless_ms.saturating_add(again)))
    }

    /// When a silence is too long; `None` while anybody speaks, or is about to.
    fn silent_at(&self) -> Option<Timestamp> {
        let patience = self.patience();
        let is_busy = self.playing.is_playing()
            || self.response.is_some()
            || self.expects.is_some()
            || self.speaking.is_some()
            || self.tools.values().any(|tool| !tool.answered)
            || self.model != Model::Ready;
        let span = if self.prompted.is_some() { patience.silence_again_ms } else { patience.silence_ms };
        (!is_busy).then(|| after(self.quiet_since, span))
    }

    /// When a call is given up in which nobody has said a word that could be understood, whatever sounds there were.
    fn noise_at(&self) -> Timestamp {
        let patience = self.patience();
        after(self.words_at, patience.endless_ms.saturating_add(patience.endless_again_ms))
    }
}

fn before(at: Timestamp, span: u32) -> Timestamp {
    at.saturating_sub(ms(span)).unwrap_or(at)
}
