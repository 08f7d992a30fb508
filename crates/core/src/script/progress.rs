//! Progress: what was heard at a cursor, and where the call goes from there.

use super::answer::understand;
use super::{Answer, Cursor, Goto, Heard, Key, Kind, Next, Script, Skip, SkipIf, Verdict};

/// How often a person may have one question repeated by key before it counts as no answer.
const MAX_REPEATS: u8 = 3;

impl Script {
    /// Where a call begins.
    #[must_use]
    pub fn start(&self) -> Next {
        self.question(0).map_or(Next::GoodBye, |_| Next::Ask(Cursor::START))
    }

    /// What was heard at this cursor and where the call goes. Heard at a step that the script doesn't have, it is
    /// invalid and the call ends politely.
    #[must_use]
    pub fn hear(&self, at: Cursor, heard: &Heard) -> Verdict {
        let Some(question) = self.question(at.step) else {
            return Verdict { answer: Answer::Invalid, next: Next::GoodBye };
        };
        let opt_out: Option<Key> = self.opt_out.as_ref().map(|opt_out| opt_out.key);
        let answer = understand(question, opt_out, self.language.texts(), heard);
        let next = match &answer {
            Answer::Recorded
            | Answer::YesNo(_)
            | Answer::Consent(_)
            | Answer::Number(_)
            | Answer::Choice { .. } => self.answered(at.step, &answer),
            Answer::Repeat if at.repeat < MAX_REPEATS => Next::Ask(Cursor { repeat: at.repeat + 1, ..at }),
            Answer::Repeat | Answer::Invalid | Answer::Silence => self.again(at),
            Answer::OptOut => Next::OptedOut,
        };
        Verdict { answer, next }
    }

    /// Where a question leads that was answered so.
    #[must_use]
    pub fn answered(&self, step: u16, answer: &Answer) -> Next {
        if *answer == Answer::Consent(false) {
            return Next::GoodBye;
        }
        let skips = self.question(step).map(|question| question.skips.as_slice()).unwrap_or_default();
        match skips.iter().find(|skip| skip.fits(answer)) {
            Some(skip) => self.follow(step, skip.goto),
            None => self.onward(step),
        }
    }

    /// Where a question leads that was passed over without an answer.
    #[must_use]
    pub fn passed_over(&self, step: u16) -> Next {
        match self.question(step).map(|question| &question.kind) {
            // Silence is no consent.
            Some(Kind::Consent) => Next::GoodBye,
            _ => self.onward(step),
        }
    }

    /// Where a call goes that got no answer here: the same question until its asks are used up, then onward.
    pub(super) fn again(&self, at: Cursor) -> Next {
        match at.ask.checked_add(1) {
            Some(ask) if ask < self.limits.asks && self.question(at.step).is_some() => {
                Next::Ask(Cursor { ask, ..at })
            }
            _ => self.passed_over(at.step),
        }
    }

    /// Where a call goes when a question is done with.
    fn onward(&self, step: u16) -> Next {
        step.checked_add(1).map_or(Next::GoodBye, |next| self.follow(step, Goto::Step(next)))
    }

    /// Where a skip leads. One that would go back goes onward, whatever a script made by hand says.
    fn follow(&self, from: u16, goto: Goto) -> Next {
        match goto {
            Goto::Step(step) if step <= from => self.onward(from),
            Goto::Step(step) if self.question(step).is_some() => Next::Ask(Cursor::first(step)),
            Goto::Step(_) | Goto::End => Next::GoodBye,
        }
    }
}

impl Skip {
    fn fits(&self, answer: &Answer) -> bool {
        match (&self.when, answer) {
            (SkipIf::YesNo(when), Answer::YesNo(yes)) => when == yes,
            (SkipIf::Number(when), Answer::Number(digits)) => significant(when) == significant(digits),
            (SkipIf::Choice(when), Answer::Choice { key, .. }) => when == key,
            (SkipIf::YesNo(_) | SkipIf::Number(_) | SkipIf::Choice(_), _) => false,
        }
    }
}

fn significant(digits: &str) -> &str {
    digits.trim_start_matches('0')
}
