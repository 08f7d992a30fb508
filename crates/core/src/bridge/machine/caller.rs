//! What the caller does: speaks, presses keys, and is listened to at once.

use super::{Bridge, Model, Phase, past};
use crate::bridge::frames::{Act, CarrierSays, ModelDoes};
use crate::bridge::hearing::CallerLine;
use crate::bridge::memory::{Remembered, pressed};
use crate::call::{BotNews, EntryNo};
use crate::private::Private;
use jiff::Timestamp;

/// So much of the caller's sound is kept while the model is not ready: five seconds of frames of 20 ms.
const KEPT_FRAMES: usize = 250;

impl Bridge {
    pub(super) fn carrier(&mut self, said: CarrierSays, now: Timestamp, acts: &mut Vec<Act>) {
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
    pub(super) fn look_at_keys(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
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

    pub(super) fn keys_over(&mut self, entry: EntryNo, keys: &str, acts: &mut Vec<Act>) {
        self.memory.keep(entry, Remembered::Caller(pressed(keys)));
        acts.push(Act::Journal(BotNews::Pressed { entry, digits: Private::new(keys.to_owned()) }));
    }

    pub(super) fn speech_started(&mut self, item: &str, at_ms: u32, now: Timestamp, acts: &mut Vec<Act>) {
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
    pub(super) fn cut_in(&mut self, acts: &mut Vec<Act>) {
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

    pub(super) fn speech_stopped(&mut self, item: &str, at_ms: u32, now: Timestamp) {
        self.caller_line(item).stopped(at_ms, now);
        self.speaking = None;
        if self.phase == Phase::Talking && self.ending.is_none() {
            self.asked_at = Some(now);
            self.waits_since = Some(now);
            // The model answers by itself.
            self.expects = Some(now);
        }
    }

    pub(super) fn caller_line(&mut self, item: &str) -> &mut CallerLine {
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

    pub(super) fn keep_caller(&mut self, item: &str) {
        if let Some(line) = self.caller.iter().find(|line| line.item == item)
            && !line.text().is_empty()
        {
            self.memory.keep(line.entry, Remembered::Caller(line.text().to_owned()));
        }
    }

    pub(super) fn look_at_texts(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
        let span = self.patience().text_ms;
        for line in &mut self.caller {
            if line.stopped_at.is_some_and(|stopped| past(now, stopped, span)) {
                acts.extend(line.given_up().map(Act::Journal));
            }
        }
    }

    /// What is not known of the caller's words by now will not be.
    pub(super) fn give_up_texts(&mut self, acts: &mut Vec<Act>) {
        let known = self.caller.iter_mut().filter_map(CallerLine::given_up);
        acts.extend(known.map(Act::Journal));
        let all: Vec<String> = self.caller.iter().map(|line| line.item.clone()).collect();
        all.iter().for_each(|item| self.keep_caller(item));
    }
}
