//! How a talk ends: with a good-bye that is heard, with a caller who is gone, and with texts that are still waited for.

use super::{Bridge, Ending, Model, Phase, after, past};
use crate::bridge::frames::{Act, ModelDoes};
use crate::call::{AnsweredBy, BotNews, BotOver};
use jiff::Timestamp;

/// Sound that the carrier was given is taken for played so long after it must have been, if no mark tells.
const MARK_GRACE_MS: u32 = 1_500;

impl Bridge {
    pub(super) fn taken_by(&mut self, by: AnsweredBy, now: Timestamp, acts: &mut Vec<Act>) {
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
    pub(super) fn finish(&mut self, why: BotOver, now: Timestamp, acts: &mut Vec<Act>) {
        if self.phase != Phase::Talking {
            return;
        }
        self.go_into_tail(now, acts);
        acts.push(Act::Journal(BotNews::Over { why }));
        acts.push(Act::Finish(why));
        self.look_at_tail(now, acts);
    }

    /// The caller is gone.
    pub(super) fn hung_up(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
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

    pub(super) fn look_at_tail(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
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

    /// The good-bye was decided on: over as soon as it was heard, or has had its time.
    pub(super) fn look_at_goodbye(&mut self, ending: Ending, now: Timestamp, acts: &mut Vec<Act>) {
        let is_silent = self.response.is_none() && self.expects.is_none() && !self.playing.is_playing();
        let is_late = past(now, ending.since, self.patience().goodbye_ms);
        let must_be_heard = self.response.is_none() && self.heard_by().is_some_and(|at| now >= at);
        if (ending.goodbye && is_silent) || is_late || must_be_heard {
            self.finish(ending.why, now, acts);
        }
    }

    /// When what the carrier has must have been heard, whether its marks say so or not.
    pub(super) fn heard_by(&self) -> Option<Timestamp> {
        let since = self.playing.moved_at().filter(|_| self.playing.is_playing())?;
        Some(after(since, self.playing.waiting_ms().saturating_add(MARK_GRACE_MS)))
    }
}
