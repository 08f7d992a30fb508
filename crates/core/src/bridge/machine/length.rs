//! Talks that have no end of their own: too long, too silent, or without a word that anybody understands.

use super::{Bridge, Ending, Model, Prompted, after, before};
use crate::bridge::frames::Act;
use crate::call::BotOver;
use jiff::Timestamp;

const STILL_THERE: &str =
    "The caller has said nothing for a while. Ask in one short sentence whether they are still there.";
const GET_A_WORD_IN: &str =
    "You cannot understand the caller. Say so in one short sentence, and repeat your last question.";
const COME_TO_AN_END: &str = "The time for this call is over. Say in one short sentence that you have to end it now, and say good-bye.";

impl Bridge {
    pub(super) fn look_at_length(&mut self, now: Timestamp, acts: &mut Vec<Act>) {
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
    pub(super) fn speaks_too_long_at(&self) -> Option<Timestamp> {
        let patience = self.patience();
        let (_, since) = self.speaking.as_ref()?;
        let again = if self.prompted == Some(Prompted::Noise) { patience.endless_again_ms } else { 0 };
        Some(after(*since, patience.endless_ms.saturating_add(again)))
    }

    /// When a silence is too long; `None` while anybody speaks, or is about to.
    pub(super) fn silent_at(&self) -> Option<Timestamp> {
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
    pub(super) fn noise_at(&self) -> Timestamp {
        let patience = self.patience();
        after(self.words_at, patience.endless_ms.saturating_add(patience.endless_again_ms))
    }
}
