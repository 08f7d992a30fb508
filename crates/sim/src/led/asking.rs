//! What the person is asked: keys that are gathered, and recordings that are questions.

use std::time::Duration;

use serde_json::json;

use crate::answer::Reply;
use crate::call::CallEvent;
use crate::heard::Heard;
use crate::ids::RecordingSid;
use crate::led::command::{Begins, Gathers, Keeps, Records};
use crate::led::{Leg, Step};
use crate::person::Habit;
use crate::recordings::RecordingSource;
use crate::target::Method;
use crate::twiml::{Digits, EmptyResult, Gather, Speech};

/// The tone before a recording.
const BEEP: Duration = Duration::from_secs(1);
/// Who has heard a question needs more than this to press a key. Keys that are wanted sooner are for whoever knows already.
const SLOWER_THAN: Duration = Duration::from_secs(1);
/// From one key to the next.
const KEY: Duration = Duration::from_millis(300);

/// Keys that are gathered.
pub(super) struct Gathering {
    id: u64,
    wanted: Gathers,
    /// How often it may still be asked again.
    tries: u32,
    keys: String,
    asked: Asked,
}

/// Whether the person has begun to answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    NotYet,
    /// While they were asked: the time for keys has not begun.
    SpokeUp,
    Answers,
}

/// A recording that runs.
pub(super) struct OpenRecording {
    id: u64,
    sid: RecordingSid,
    wanted: Records,
    source: RecordingSource,
    /// By the clock, after the tone.
    since: Duration,
    asked: Asked,
    /// When the person has said all, by the clock.
    silent_from: Option<Duration>,
}

impl OpenRecording {
    /// Whether the person is asked something by it.
    pub(super) fn is_question(&self) -> bool {
        self.wanted.is_question()
    }
}

impl Leg {
    pub(super) fn gather(&mut self, wanted: Gathers) {
        self.end_gathering("cancelled");
        let id = self.next_id();
        if let Some(prompt) = wanted.prompt.clone() {
            self.play_prompt(prompt);
        }
        let tries = wanted.tries.saturating_sub(1);
        // Who has begun to answer does not begin anew.
        let asked = if self.is_speaking() { Asked::SpokeUp } else { Asked::NotYet };
        self.gathering = Some(Gathering { id, wanted, tries, keys: String::new(), asked });
    }

    /// Gathers no longer, and tells why.
    pub(super) fn end_gathering(&mut self, status: &str) {
        if let Some(gathering) = self.gathering.take() {
            self.stop_prompt();
            let more = json!({ "digits": gathering.keys, "status": status });
            self.told.tell_with_parties(CallEvent::GatherEnded, more);
        }
    }

    /// The person has heard all, and answers.
    pub(super) fn answer_what_was_asked(&mut self) {
        if self.gathering.as_ref().is_some_and(|gathering| gathering.asked != Asked::Answers) {
            self.answer_by_keys();
        } else if let Some(at) =
            self.recordings.iter().position(|open| open.is_question() && open.asked == Asked::NotYet)
        {
            self.answer_by_voice(at);
        }
    }

    fn answer_by_keys(&mut self) {
        let Some(mut gathering) = self.gathering.take() else { return };
        let spoke_up = std::mem::replace(&mut gathering.asked, Asked::Answers) == Asked::SpokeUp;
        let (id, first) = (gathering.id, gathering.wanted.first);
        let asked = self.as_a_document_asks(&gathering.wanted);
        self.gathering = Some(gathering);
        if spoke_up || first <= SLOWER_THAN {
            self.after(first, Step::KeysAreLate(id, 0));
            return;
        }
        let reply = self.line.person.reply_to_gather(&asked, &self.prompt.join(" "));
        let question = self.question();
        self.after(first, Step::KeysAreLate(id, 0));
        match reply {
            Reply::Presses { keys } => self.press(question, keys),
            Reply::Silence => self.line.hear(Heard::SaidNothing { question }),
            Reply::Speaks { said, secs } => {
                self.says(&said, Duration::ZERO, secs);
                self.line.hear(Heard::Spoke { question, said, recording: None });
            }
            Reply::HangsUp { secs } => self.after(Duration::from_secs(secs.into()), Step::PersonHangsUp),
        }
    }

    /// Who does not let others finish answers before all is heard, if anybody listens.
    pub(super) fn speak_up(&mut self) {
        let Habit::Interrupts { after_ms, .. } = self.line.person.habit() else { return };
        let begins = Duration::from_millis((*after_ms).into());
        let Some(gathering) = self.gathering.as_mut().filter(|gathering| gathering.asked == Asked::NotYet)
        else {
            return;
        };
        if self.transcribing.is_none() {
            return;
        }
        gathering.asked = Asked::SpokeUp;
        let wanted = gathering.wanted.clone();
        let asked = self.as_a_document_asks(&wanted);
        let reply = self.line.person.reply_to_gather(&asked, &self.prompt.join(" "));
        let question = self.question();
        if let Reply::Speaks { said, secs } = reply {
            self.says(&said, begins, secs);
            self.line.hear(Heard::Spoke { question, said, recording: None });
        }
    }

    fn answer_by_voice(&mut self, at: usize) {
        let reply = self.line.person.reply_to_recording();
        let question = self.question();
        let now = self.line.exchange.clock.elapsed();
        let Some(open) = self.recordings.get_mut(at) else { return };
        open.asked = Asked::Answers;
        let (id, sid) = (open.id, open.sid.clone());
        let begins = open.since.max(now);
        let longest = open.wanted.longest.map_or(u32::MAX, |secs| secs);
        let mut silent_after = None;
        match reply {
            Reply::Silence => self.line.hear(Heard::SaidNothing { question }),
            Reply::Speaks { said, secs } => {
                silent_after = Some(secs.min(longest));
                self.says(&said, begins.saturating_sub(now), secs);
                self.line.hear(Heard::Spoke { question, said, recording: Some(sid) });
            }
            Reply::Presses { keys } => {
                // A key is a sound on the recording.
                silent_after = Some(1);
                self.press(question, keys);
            }
            Reply::HangsUp { secs } => {
                let secs = Duration::from_secs(secs.min(longest).into());
                self.after(begins.saturating_sub(now) + secs, Step::PersonHangsUp);
                // They speak until they hang up.
                if let Some(open) = self.recordings.get_mut(at) {
                    open.silent_from = Some(begins + secs);
                }
            }
        }
        let Some(secs) = silent_after else { return };
        let silent_from = begins + Duration::from_secs(secs.into());
        let Some(open) = self.recordings.get_mut(at) else { return };
        open.silent_from = Some(silent_from);
        if let Some(silence) = open.wanted.silence {
            let end = silent_from + Duration::from_secs(silence.into());
            self.agenda.push((end, Step::RecordingEnds(id)));
        }
    }

    fn press(&mut self, question: u32, keys: String) {
        for (nth, key) in (1_u32..).zip(keys.chars()) {
            self.after(KEY * nth, Step::PersonPresses(key));
        }
        self.line.hear(Heard::Pressed { question, keys });
    }

    /// Notes that a question began and forgets what led to it.
    fn question(&mut self) -> u32 {
        let question = self.line.person.question();
        let prompt = std::mem::take(&mut self.prompt).join(" ");
        self.line.hear(Heard::Asked { question, prompt });
        question
    }

    /// A key is pressed, whoever wants it.
    pub(super) fn pressed(&mut self, key: char) {
        self.told.tell_with_parties(CallEvent::DtmfReceived, json!({ "digit": key.to_string() }));
        let Some(gathering) = &mut self.gathering else { return };
        if gathering.asked == Asked::NotYet {
            // It was pressed for something else, before this was heard.
            return;
        }
        if gathering.wanted.ends_on == Some(key) {
            self.judge_keys();
            return;
        }
        gathering.keys.push(key);
        let count = gathering.keys.chars().count();
        let (id, between, most) = (gathering.id, gathering.wanted.between, gathering.wanted.most);
        if count >= most {
            self.judge_keys();
        } else {
            self.after(between, Step::KeysAreLate(id, count));
        }
    }

    pub(super) fn keys_are_late(&mut self, id: u64, keys: usize) {
        let is_late = |gathering: &Gathering| gathering.id == id && gathering.keys.chars().count() == keys;
        if self.gathering.as_ref().is_some_and(is_late) {
            self.judge_keys();
        }
    }

    /// What was pressed is enough, or asked for again, or all there will be.
    fn judge_keys(&mut self) {
        let Some(gathering) = &mut self.gathering else { return };
        let Gathering { wanted, keys, tries, .. } = gathering;
        let is_valid =
            keys.chars().count() >= wanted.least && keys.chars().all(|key| wanted.valid.contains(key));
        if is_valid {
            return self.end_gathering("valid");
        }
        let status = if keys.is_empty() { "timeout" } else { "invalid" };
        let again = if keys.is_empty() {
            wanted.prompt.clone()
        } else {
            wanted.invalid.clone().or(wanted.prompt.clone())
        };
        match again.filter(|_| *tries > 0) {
            Some(clip) => {
                *tries -= 1;
                keys.clear();
                gathering.asked = Asked::NotYet;
                gathering.id = self.count + 1;
                self.count += 1;
                self.play_prompt(clip);
            }
            None => self.end_gathering(status),
        }
    }

    pub(super) fn record(&mut self, wanted: Records, source: RecordingSource) {
        let id = self.next_id();
        let sid = self.line.next_recording_sid();
        let beep = if wanted.begins == Begins::WithBeep { BEEP } else { Duration::ZERO };
        let since = self.line.exchange.clock.elapsed() + beep;
        if let Some(longest) = wanted.longest {
            self.agenda.push((since + Duration::from_secs(longest.into()), Step::RecordingEnds(id)));
        }
        let asked = Asked::NotYet;
        self.recordings.push(OpenRecording { id, sid, wanted, source, since, asked, silent_from: None });
    }

    /// Ends a recording, or all.
    pub(super) fn stop_recording(&mut self, sid: Option<&str>) {
        let is_meant = |open: &OpenRecording| sid.is_none_or(|sid| sid == open.sid.as_str());
        let ids: Vec<u64> =
            self.recordings.iter().filter(|open| is_meant(open)).map(|open| open.id).collect();
        ids.into_iter().for_each(|id| self.recording_ends(id));
    }

    pub(super) fn recording_ends(&mut self, id: u64) {
        let Some(at) = self.recordings.iter().position(|open| open.id == id) else { return };
        let open = self.recordings.remove(at);
        let now = self.line.exchange.clock.elapsed();
        let until = match (open.wanted.keeps, open.silent_from) {
            (Keeps::Sound, Some(silent)) => silent.min(now),
            // Nothing was said: nothing is left.
            (Keeps::Sound, None) if open.is_question() && open.asked == Asked::Answers => open.since,
            _ => now,
        };
        let secs = u32::try_from(until.saturating_sub(open.since).as_secs()).unwrap_or(u32::MAX);
        let secs = open.wanted.longest.map_or(secs, |longest| secs.min(longest));
        let recording = self.line.keep_recording(&open.sid, secs, open.source, None);
        let (exchange, told) = (std::sync::Arc::clone(&self.line.exchange), self.told.clone());
        let lag = exchange.recording_lag;
        let later = std::sync::Arc::clone(&exchange);
        exchange.spawn(async move {
            later.clock.sleep(lag).await;
            told.saved(&recording);
        });
    }

    /// The same people answer documents, and are asked as by one.
    fn as_a_document_asks(&self, wanted: &Gathers) -> Gather {
        let count = u32::try_from(wanted.most).ok().filter(|most| *most < 128);
        let finish_on_key = wanted.ends_on.map(String::from).unwrap_or_default();
        Gather {
            action: None,
            method: Method::Post,
            timeout: u32::try_from(wanted.first.as_secs()).unwrap_or(u32::MAX),
            takes_digits: Some(Digits { count, finish_on_key }),
            takes_speech: self.transcribing.is_some().then_some(Speech),
            empty: EmptyResult::AsksAction,
            prompts: Vec::new(),
        }
    }
}
