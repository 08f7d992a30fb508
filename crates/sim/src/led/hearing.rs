//! What is played to the person: one after the other, texts and sounds alike.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

use crate::call::CallEvent;
use crate::heard::Heard;
use crate::led::command::{Clip, Stops, Times};
use crate::led::{Leg, Step};
use crate::session::SPEECH_RATE;

/// A sound is so long.
const SOUND: Duration = Duration::from_secs(3);

/// What plays, and what waits.
#[derive(Default)]
pub(super) struct Playing {
    now: Option<Heards>,
    waiting: VecDeque<Heards>,
}

/// A clip, and whether it belongs to keys that are gathered: then it has no events of its own.
#[derive(Clone)]
struct Heards {
    id: u64,
    clip: Clip,
    of: Of,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Itself,
    Gathering,
}

impl Playing {
    /// Whether there is anything to hear.
    pub(super) fn is_heard(&self) -> bool {
        self.now.is_some() || !self.waiting.is_empty()
    }
}

/// How a clip ended, in the words of a playback.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Completed,
    Cancelled,
    HungUp,
}

impl Leg {
    /// Plays a clip when those before it are over.
    pub(super) fn play(&mut self, clip: Clip) {
        let id = self.next_id();
        self.playing.waiting.push_back(Heards { id, clip, of: Of::Itself });
    }

    /// Plays what keys are asked for with.
    pub(super) fn play_prompt(&mut self, clip: Clip) {
        let id = self.next_id();
        self.playing.waiting.push_back(Heards { id, clip, of: Of::Gathering });
    }

    /// Begins the next clip, if none plays.
    pub(super) fn next_clip(&mut self) {
        if self.playing.now.is_some() {
            return;
        }
        let Some(next) = self.playing.waiting.pop_front() else { return };
        self.line.hears_sound();
        let span = match &next.clip {
            Clip::Speech { text, times } => {
                self.prompt.push(text.clone());
                self.line.hear(Heard::Said { text: text.clone() });
                let secs = text.len().div_ceil(SPEECH_RATE).max(1);
                lasts(Duration::from_secs(secs as u64), *times)
            }
            Clip::Sound { url, times } => {
                self.line.hear(Heard::Played { url: url.clone() });
                lasts(SOUND, *times)
            }
        };
        if let Some(span) = span {
            self.after(span, Step::ClipEnds(next.id));
        }
        if next.of == Of::Itself {
            let (event, more) = match &next.clip {
                Clip::Speech { .. } => (CallEvent::SpeakStarted, json!({})),
                Clip::Sound { url, .. } => {
                    (CallEvent::PlaybackStarted, json!({ "media_url": url, "overlay": false }))
                }
            };
            self.told.tell(event, more);
        }
        self.playing.now = Some(next);
    }

    pub(super) fn clip_ends(&mut self, id: u64) {
        if self.playing.now.as_ref().is_some_and(|now| now.id == id) {
            self.end_clip(Ended::Completed);
        }
    }

    /// Stops what plays, and forgets what waits if that is meant too.
    pub(super) fn stop_playing(&mut self, stops: Stops) {
        if stops == Stops::All {
            self.playing.waiting.retain(|clip| clip.of == Of::Gathering);
        }
        if self.playing.now.as_ref().is_some_and(|now| now.of == Of::Itself) {
            self.end_clip(Ended::Cancelled);
        }
    }

    /// Stops the prompt of keys that are no longer wanted.
    pub(super) fn stop_prompt(&mut self) {
        self.playing.waiting.retain(|clip| clip.of == Of::Itself);
        self.playing.now.take_if(|now| now.of == Of::Gathering);
    }

    /// Nobody listens any longer.
    pub(super) fn hush(&mut self) {
        self.playing.waiting.clear();
        self.end_clip(Ended::HungUp);
    }

    fn end_clip(&mut self, ended: Ended) {
        let Some(now) = self.playing.now.take() else { return };
        if now.of == Of::Gathering {
            return;
        }
        match now.clip {
            Clip::Speech { .. } => {
                // It has no word for a text that was stopped.
                let status = if ended == Ended::HungUp { "call_hangup" } else { "completed" };
                self.told.tell(CallEvent::SpeakEnded, json!({ "status": status }));
            }
            Clip::Sound { url, .. } => self.told.tell(CallEvent::PlaybackEnded, playback(&url, ended)),
        }
    }
}

/// How long it is heard; none without end.
fn lasts(once: Duration, times: Times) -> Option<Duration> {
    match times {
        Times::Count(count) => Some(once * count),
        Times::Forever => None,
    }
}

fn playback(url: &str, ended: Ended) -> Value {
    let status = match ended {
        Ended::Completed => "completed",
        Ended::Cancelled => "cancelled",
        Ended::HungUp => "call_hangup",
    };
    json!({ "media_url": url, "overlay": false, "status": status })
}
