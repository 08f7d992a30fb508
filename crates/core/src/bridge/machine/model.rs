//! What the model says, and what becomes of one that says nothing or is lost.

use super::{Bridge, GOOD_BYE, Model, Phase, Prompted, Response, after};
use crate::bridge::frames::{Act, ModelDoes, ModelSays, ResponseEnd, WhyLost};
use crate::bridge::memory::Remembered;
use crate::call::{BotNews, BotOver, Tokens};
use jiff::Timestamp;

/// A model that was lost so often without an answer in between is gone.
const LOST_AT_MOST: u16 = 2;
/// So is one that was lost so often in one stream, whatever it said in between.
const LOST_EVER_AT_MOST: u16 = 6;
const GO_ON: &str = "The connection was interrupted for a moment. Say briefly that you are sorry for the interruption, and go on \
                     where the conversation stopped. Do not greet the caller again.";

impl Bridge {
    pub(super) fn model(&mut self, said: ModelSays, now: Timestamp, acts: &mut Vec<Act>) {
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
    pub(super) fn ask(&mut self, words: Option<String>, now: Timestamp, acts: &mut Vec<Act>) {
        if self.model == Model::Ready {
            self.expects = Some(now);
            self.waits_since.get_or_insert(now);
            acts.push(Act::Model(ModelDoes::Answer(words)));
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
    pub(super) fn tell_used(&mut self, acts: &mut Vec<Act>) {
        let stands = (self.used.answers, self.used.counted);
        // Of a model that says nothing of it, nothing is known.
        if self.used.counted > 0 && stands != self.told_used {
            self.told_used = stands;
            acts.push(Act::Journal(BotNews::Used { stream: self.stream, used: self.used.clone() }));
        }
    }

    /// What a line said is what a new session is told.
    pub(super) fn keep_finished(&mut self) {
        for (entry, item, text) in self.playing.finished() {
            self.past_items.insert(item);
            if !text.is_empty() {
                self.memory.keep(entry, Remembered::Bot(text));
            }
        }
    }

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

    pub(super) fn look_at_model(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
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
    pub(super) fn given_up_at(&self) -> Option<Timestamp> {
        let is_second = self.lost > 0 && self.model != Model::Gone && self.ending.is_none();
        if self.tools.values().any(|tool| !tool.answered) {
            // It is ours to speak: the tool's own limit runs.
            return None;
        }
        let since = self.waits_since.filter(|_| is_second && !self.playing.is_playing())?;
        Some(after(since, self.patience().words_ms))
    }

    /// When a model that says nothing is taken for gone: it has to speak, and the caller hears nothing.
    pub(super) fn stalls_at(&self) -> Option<Timestamp> {
        let has_to_speak = self.expects.is_some() || self.response.is_some();
        if self.model != Model::Ready || !has_to_speak || self.playing.is_playing() {
            return None;
        }
        let since = [self.expects, self.playing.moved_at()].into_iter().flatten();
        let since = since.fold(self.model_heard_at, Timestamp::max);
        Some(after(since, self.patience().stall_ms))
    }
}
