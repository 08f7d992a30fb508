//! Where a questionnaire goes on in the next call: at the first question that is still to be asked.

use crate::call::{AnswerValue, Call, Outcome, ScriptRef, Turn};
use crate::script::{Answer, Cursor, Next, Script};
use serde::{Deserialize, Serialize};

/// Where the next call of a job begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The script, in the version that the earlier calls ran: the answers belong to it.
    pub script: ScriptRef,
    /// The question to begin with. [`Script::reopen`] says the greeting before it.
    pub at: Cursor,
}

/// Where the next call goes on, after these earlier calls of the job, the oldest first. `None` when nothing is left to
/// ask, or nothing was asked in this version of the script: then the next call begins as the first did.
///
/// Nobody is asked twice what was answered, nor what was passed over in silence; the question at which the line was
/// closed is asked again.
pub fn resume(script: &Script, earlier: &[&Call]) -> Option<Resume> {
    let reference = ScriptRef { name: script.name.to_string(), version: script.version.to_string() };
    let calls: Vec<&Call> = earlier
        .iter()
        .copied()
        .filter(|call| call.script.as_ref().is_some_and(|ran| ran.version == reference.version))
        .collect();
    let last_asked = calls
        .iter()
        .flat_map(|call| call.turns.values())
        .filter(|turn| turn.asks > 0)
        .map(|turn| turn.step)
        .max()?;
    let mut next = script.start();
    while let Next::Ask(at) = next {
        let turns = calls.iter().filter_map(|call| call.turns.get(&at.step));
        next = match turns.filter_map(|turn| answer(turn)).next_back() {
            Some(answer) => script.answered(at.step, &answer),
            None if at.step < last_asked => script.passed_over(at.step),
            None => return Some(Resume { script: reference, at: Cursor::first(at.step) }),
        };
    }
    None
}

/// Where a live call stands in its script: what comes after the last answer, or the question that is still open, asked from the
/// top. What was answered stays answered.
pub fn standing(script: &Script, call: &Call) -> Next {
    if call.legs.iter().any(|leg| leg.goodbye_at.is_some()) {
        return Next::GoodBye;
    }
    let asked = call.turns.values().filter(|turn| turn.asks > 0).max_by_key(|turn| turn.step);
    let Some(last) = asked else {
        return call.job.as_ref().and_then(|of| of.resume).map_or_else(|| script.start(), Next::Ask);
    };
    match answer(last) {
        Some(answer) => script.answered(last.step, &answer),
        // A repeat, so that the greeting is not said again and its answer is known from the first asking's.
        None => Next::Ask(Cursor { repeat: last.asks.min(MOST_REPEATS), ..Cursor::first(last.step) }),
    }
}

/// As many as count as repeats: whoever was put on hold often may have the question again all the same.
const MOST_REPEATS: u8 = 2;

/// What a call that is over achieved, told by what is left to ask: whoever has answered the last question was reached, whether
/// or not the good-bye was heard; whoever hung up at a question is asked on. `None` if nothing was asked, or the script says
/// nothing of this call.
pub fn left_to_ask(script: &Script, call: &Call) -> Option<Outcome> {
    let is_its_own = call.script.as_ref().is_some_and(|ran| ran.version == script.version.to_string());
    let last = call.turns.values().filter(|turn| turn.asks > 0).max_by_key(|turn| turn.step)?;
    if !is_its_own || call.legs.iter().any(|leg| leg.goodbye_at.is_some()) {
        return None;
    }
    let is_done =
        answer(last).is_some_and(|heard| !matches!(script.answered(last.step, &heard), Next::Ask(_)));
    Some(if is_done { Outcome::Finished } else { Outcome::Partial })
}

/// The answer of a turn, if it is one.
fn answer(turn: &Turn) -> Option<Answer> {
    Some(match &turn.answer.as_ref()?.value {
        AnswerValue::Recorded => Answer::Recorded,
        AnswerValue::YesNo(yes) => Answer::YesNo(*yes),
        AnswerValue::Consent(yes) => Answer::Consent(*yes),
        AnswerValue::Number(digits) => Answer::Number(digits.reveal().clone()),
        AnswerValue::Choice { key, label } => Answer::Choice { key: key.parse().ok()?, label: label.clone() },
        AnswerValue::Invalid => return None,
    })
}
