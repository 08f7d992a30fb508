//! Questions: `<Record>` and `<Gather>`, and how a person's answer becomes a request to the product.

use std::sync::Arc;
use std::time::Duration;

use crate::answer::Reply;
use crate::call::Form;
use crate::chance::Chance;
use crate::heard::Heard;
use crate::ids::RecordingSid;
use crate::mouth::Mouth;
use crate::recordings::{RecordingRecord, RecordingSource};
use crate::session::{Ask, Next, Over, Session};
use crate::target::Target;
use crate::twiml::{Beep, Digits, EmptyResult, Gather, Record, Silence};

/// A recording that runs.
pub(super) struct OpenRecording {
    sid: RecordingSid,
    record: Record,
    action: Option<Target>,
    told: Option<Target>,
    since: Duration,
}

impl Session {
    /// `<Record>`. Silence asks nobody and falls through to the next verb at Twilio. Telnyx counts silence from the first word
    /// on: without one it records to the end of its length, and asks the action with a recording in which nothing is.
    pub(super) async fn record(&mut self, record: Record) -> Next {
        let open = self.open_recording(record);
        let (timeout, longest) = (open.record.timeout, open.record.max_length);
        let reply = self.line.person.reply_to_recording();
        let question = self.ask();
        let sid = open.sid.clone();
        let keeps_silence = open.record.silence == Silence::Kept;
        let ends_on = open.record.finish_on_key.clone();
        if open.record.beep == Beep::Played {
            self.line.pass(1).await;
        }
        self.begin_recording(open);
        let (secs, key) = match reply {
            Reply::Silence if self.line.exchange.mouth == Mouth::Telnyx => {
                self.line.hear(Heard::SaidNothing { question });
                self.line.pass(longest).await;
                (if keeps_silence { longest } else { 0 }, String::new())
            }
            Reply::Silence => {
                self.line.hear(Heard::SaidNothing { question });
                self.line.pass(timeout.min(longest)).await;
                self.drop_recording();
                return Next::Verb;
            }
            Reply::HangsUp { secs } => {
                let secs = secs.min(longest);
                self.line.pass(secs).await;
                self.line.hear(Heard::PersonHungUp);
                if let Some(open) = self.recording.take() {
                    self.farewell = self.finish_recording(open, secs, "hangup");
                }
                return Next::Over(Over::PersonHungUp);
            }
            Reply::Presses { keys } => {
                let key = keys.chars().find(|key| ends_on.contains(*key));
                self.line.hear(Heard::Pressed { question, keys });
                self.line.pass(1).await;
                match key {
                    Some(key) => (1, key.to_string()),
                    // A key that ends nothing is a sound on the recording.
                    None => (self.fall_silent(1, timeout, longest, keeps_silence).await, String::new()),
                }
            }
            Reply::Speaks { said, secs } => {
                let spoken = secs.min(longest);
                self.line.hear(Heard::Spoke { question, said, recording: Some(sid) });
                self.line.pass(spoken).await;
                (self.fall_silent(spoken, timeout, longest, keeps_silence).await, String::new())
            }
        };
        let ask = self.recording.take().and_then(|open| self.finish_recording(open, secs, &key));
        match ask {
            Some(ask) => Next::Document(ask),
            None => self.give_up(11_100, "a recording has no usable action", String::new()).await,
        }
    }

    /// Waits out the silence that ends a recording, and says how long the recording is.
    async fn fall_silent(&mut self, spoken: u32, timeout: u32, longest: u32, keeps_silence: bool) -> u32 {
        let silence = timeout.min(longest - spoken.min(longest));
        self.line.pass(silence).await;
        if keeps_silence { spoken + silence } else { spoken }
    }

    fn open_recording(&mut self, record: Record) -> OpenRecording {
        OpenRecording {
            sid: self.line.next_recording_sid(),
            action: self.action(record.action.as_deref(), record.method),
            told: record.status_callback.as_deref().and_then(|url| self.resolve(url, record.status_method)),
            since: self.line.exchange.clock.elapsed(),
            record,
        }
    }

    fn begin_recording(&mut self, mut open: OpenRecording) {
        open.since = self.line.exchange.clock.elapsed();
        self.tell_recording(&open, "in-progress");
        self.recording = Some(open);
    }

    /// Nothing was said: there is no recording.
    fn drop_recording(&mut self) {
        if let Some(open) = self.recording.take() {
            self.tell_recording(&open, "absent");
        }
    }

    fn tell_recording(&mut self, open: &OpenRecording, event: &str) {
        let Some(told) =
            open.told.as_ref().filter(|_| open.record.status_events.iter().any(|name| name == event))
        else {
            return;
        };
        let now = self.line.exchange.clock.now();
        let recording = RecordingRecord {
            sid: open.sid.clone(),
            call: self.line.sid.clone(),
            secs: 0,
            source: RecordingSource::RecordVerb,
            started_at: now,
            media_from: now,
        };
        let hook = self.line.recording_hook(told, &recording, event);
        let exchange = Arc::clone(&self.line.exchange);
        self.line.exchange.spawn(async move {
            let _ = exchange.courier.deliver(hook).await;
        });
    }

    /// Keeps the recording and gives the request to its action.
    pub(super) fn finish_recording(&mut self, open: OpenRecording, secs: u32, digits: &str) -> Option<Ask> {
        let told =
            open.told.as_ref().filter(|_| open.record.status_events.iter().any(|name| name == "completed"));
        self.line.keep_recording(&open.sid, secs, RecordingSource::RecordVerb, told);
        let more = Form::default()
            .with("RecordingUrl", self.line.recording_url(&open.sid))
            .with("RecordingSid", open.sid.as_str())
            .with("RecordingDuration", secs.to_string())
            .with("Digits", digits);
        open.action.map(|target| Ask { target, more })
    }

    pub(super) fn secs_since(&self, open: &OpenRecording) -> u32 {
        let span = self.line.exchange.clock.elapsed().saturating_sub(open.since);
        u32::try_from(span.as_secs()).unwrap_or(u32::MAX).min(open.record.max_length)
    }

    /// `<Gather>`. An empty result falls through, unless the document wants to hear of it.
    pub(super) async fn gather(&mut self, gather: Gather) -> Next {
        for prompt in gather.prompts.iter().cloned() {
            self.listen(prompt).await;
        }
        let heard = self.prompt.join(" ");
        let reply = self.line.person.reply_to_gather(&gather, &heard);
        let question = self.ask();
        let more = match reply {
            Reply::Silence => {
                self.line.hear(Heard::SaidNothing { question });
                self.line.pass(gather.timeout).await;
                None
            }
            Reply::HangsUp { secs } => {
                self.line.pass(secs).await;
                self.line.hear(Heard::PersonHungUp);
                return Next::Over(Over::PersonHungUp);
            }
            Reply::Speaks { said, secs } => {
                self.line.pass(secs + 1).await;
                let form =
                    Form::default().with("SpeechResult", &said).with("Confidence", self.confidence(question));
                self.line.hear(Heard::Spoke { question, said, recording: None });
                Some(form)
            }
            Reply::Presses { keys } => {
                let taken =
                    gather.takes_digits.as_ref().map_or_else(Taken::default, |digits| take(digits, &keys));
                self.line.hear(Heard::Pressed { question, keys });
                self.line.pass(1).await;
                if taken.ended == Ended::Time {
                    self.line.pass(gather.timeout).await;
                }
                taken.form()
            }
        };
        let more = match (more, gather.empty) {
            (Some(more), _) => more,
            (None, EmptyResult::AsksAction) => Form::default().with("Digits", ""),
            (None, EmptyResult::FallsThrough) => return Next::Verb,
        };
        match self.action(gather.action.as_deref(), gather.method) {
            Some(target) => Next::Document(Ask { target, more }),
            None => self.give_up(11_100, "a gather has no usable action", String::new()).await,
        }
    }

    /// Notes that a question began and forgets what led to it.
    fn ask(&mut self) -> u32 {
        let question = self.line.person.question();
        let prompt = std::mem::take(&mut self.prompt).join(" ");
        self.line.hear(Heard::Asked { question, prompt });
        question
    }

    fn confidence(&self, question: u32) -> String {
        let words = ["confidence", self.line.sid.as_str(), &question.to_string()];
        format!("0.{}", Chance::of(self.line.exchange.seed, &words).within(8_000..=9_900))
    }
}

#[derive(PartialEq, Eq, Default)]
enum Ended {
    Count,
    Key(char),
    #[default]
    Time,
}

#[derive(Default)]
struct Taken {
    digits: String,
    ended: Ended,
}

impl Taken {
    fn form(self) -> Option<Form> {
        let form = Form::default().with("Digits", &self.digits);
        match self.ended {
            _ if self.digits.is_empty() => None,
            Ended::Key(key) => Some(form.with("FinishedOnKey", key)),
            Ended::Count | Ended::Time => Some(form),
        }
    }
}

/// Takes keys one by one, as far as the gather listens.
fn take(digits: &Digits, keys: &str) -> Taken {
    let mut taken = Taken::default();
    for key in keys.chars() {
        if digits.finish_on_key.contains(key) {
            taken.ended = Ended::Key(key);
            break;
        }
        taken.digits.push(key);
        if digits.count.is_some_and(|count| taken.digits.chars().count() >= count as usize) {
            taken.ended = Ended::Count;
            break;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(count: Option<u32>, pressed: &str) -> (String, bool) {
        let taken = take(&Digits { count, finish_on_key: "#".into() }, pressed);
        (taken.digits, taken.ended == Ended::Time)
    }

    #[test]
    fn a_gather_stops_listening_at_its_count_or_its_key() {
        assert_eq!(keys(Some(1), "123"), ("1".into(), false));
        assert_eq!(keys(None, "12#3"), ("12".into(), false));
        assert_eq!(keys(Some(4), "12"), ("12".into(), true));
        assert_eq!(keys(None, "#"), (String::new(), false));
    }
}
