//! Was everything right? The carrier remembers every call it ever made and what each person heard and answered; beside
//! that stand the policy and what we wrote down. Whatever does not fit is told with the number of whom it happened to.

use std::collections::BTreeMap;

use trunkline_core::call::{AnswerValue, Call};
use trunkline_core::campaign::{AttemptEnd, RetryPolicy, Wish, left_to_ask};
use trunkline_core::dial::earlier::PersonBudget;
use trunkline_core::queue::Next;
use trunkline_core::script::Script;
use trunkline_sim::{Heard, Sim};

use super::people::Person;
use super::survey::Called;
use super::watch::answer;

/// Numbers of people to whom something happened that must not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Called more often than the policy says.
    pub called_twice: Vec<String>,
    /// Asked again what they had answered.
    pub asked_twice: Vec<String>,
    /// Called again after they had hung up, and not asked on where they were.
    pub not_resumed: Vec<String>,
    /// An answer was written down that they did not give.
    pub misheard: Vec<String>,
}

impl Verdict {
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

/// What the carrier knows of one person.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// How often it was asked to call.
    pub dialed: u64,
    /// What was heard in each call that this process made, by the carrier's id.
    pub heard: BTreeMap<String, Vec<Heard>>,
}

impl Line {
    /// What the simulator remembers.
    pub fn of(sim: Option<&Sim>, person: &Person) -> Self {
        let calls = sim.map(|sim| sim.calls_to(&person.number)).unwrap_or_default();
        let heard = |sim: &Sim| {
            calls.iter().map(|call| (call.sid.as_str().to_owned(), sim.heard(&call.sid))).collect()
        };
        Self { dialed: calls.len() as u64, heard: sim.map(heard).unwrap_or_default() }
    }

    fn heard(&self, call: &Call) -> &[Heard] {
        let id = call.leg().carrier_call_id.as_ref();
        id.and_then(|id| self.heard.get(id.as_str())).map_or(&[], Vec::as_slice)
    }
}

/// What a campaign was to do.
pub(super) struct Rules<'a> {
    pub policy: &'a RetryPolicy,
    pub script: &'a Script,
}

/// Judges everybody's calls.
pub(super) fn judge(called: &Called, rules: &Rules<'_>, line: impl Fn(&Person) -> Line) -> Verdict {
    let mut verdict = Verdict::default();
    for (person, calls) in called {
        let line = line(person);
        let placed: Vec<&Call> = calls.iter().filter(|call| call.leg().carrier_call_id.is_some()).collect();
        let mut note = |is_wrong: bool, list: fn(&mut Verdict) -> &mut Vec<String>| {
            if is_wrong {
                list(&mut verdict).push(person.number.clone());
            }
        };
        let too_often = line.dialed > placed.len() as u64 || !rules.all_wanted(&placed);
        note(too_often, |verdict| &mut verdict.called_twice);
        note(asked_twice(&placed, &line), |verdict| &mut verdict.asked_twice);
        note(!placed.windows(2).enumerate().all(|(n, _)| goes_on(&placed[..=n], placed[n + 1])), |verdict| {
            &mut verdict.not_resumed
        });
        note(placed.iter().any(|call| misheard(call, line.heard(call))), |verdict| &mut verdict.misheard);
    }
    verdict
}

impl Rules<'_> {
    /// Whether after each call but the last one another was wanted.
    fn all_wanted(&self, calls: &[&Call]) -> bool {
        let earlier = calls.len().saturating_sub(1);
        calls.iter().take(earlier).zip(1..).all(|(call, used)| {
            let Some(mut end) = AttemptEnd::of(call, Wish::None) else { return false };
            end.outcome = left_to_ask(self.script, call).or(end.outcome);
            let next = self.policy.after(&end, used, &PersonBudget::default(), &[], end.at);
            matches!(next, Next::Retry { .. } | Next::Promised { .. })
        })
    }
}

/// Whether anybody was asked in a later call what an earlier one had answered: by what we wrote down, and by what the
/// person heard.
fn asked_twice(calls: &[&Call], line: &Line) -> bool {
    let asked = |call: &Call, step: u16, question: &str| {
        let by_us = call.turns.get(&step).is_some_and(|turn| turn.asks > 0);
        let heard = line.heard(call).iter();
        by_us || heard.filter_map(prompt).any(|prompt| !question.is_empty() && prompt.contains(question))
    };
    calls.iter().enumerate().any(|(n, call)| {
        let answered = call.turns.values().filter(|turn| answer(turn).is_some());
        let later = &calls[n + 1..];
        answered.into_iter().any(|turn| later.iter().any(|call| asked(call, turn.step, &turn.question)))
    })
}

fn prompt(heard: &Heard) -> Option<&str> {
    match heard {
        Heard::Asked { prompt, .. } => Some(prompt),
        _ => None,
    }
}

/// Whether a call goes on where the earlier ones were: at the question at which the line was closed.
fn goes_on(earlier: &[&Call], call: &Call) -> bool {
    let Some(first) = call.turns.values().filter(|turn| turn.asks > 0).map(|turn| turn.step).min() else {
        return true;
    };
    let asked = earlier.iter().flat_map(|call| call.turns.values()).filter(|turn| turn.asks > 0);
    let Some(last) = asked.map(|turn| turn.step).max() else { return first == 0 };
    let last_turns = earlier.iter().filter_map(|call| call.turns.get(&last));
    let is_answered = last_turns.into_iter().any(|turn| answer(turn).is_some());
    first == last + u16::from(is_answered)
}

/// Whether something was written down that the person did not say. What an earlier process heard is not known.
fn misheard(call: &Call, heard: &[Heard]) -> bool {
    let pressed = |keys: &str| {
        heard.iter().any(|one| matches!(one, Heard::Pressed { keys: theirs, .. } if theirs.trim_end_matches('#') == keys))
    };
    let spoke = |recording: &str| {
        heard.iter().any(|one| {
            matches!(one, Heard::Spoke { recording: Some(theirs), .. } if theirs.as_str() == recording)
        })
    };
    !heard.is_empty()
        && call.turns.values().any(|turn| match turn.answer.as_ref().map(|answer| &answer.value) {
            Some(AnswerValue::Recorded) => {
                let recording = turn.recording_of_answer().map(|recording| recording.id.as_str());
                recording.is_some_and(|recording| !spoke(recording))
            }
            Some(AnswerValue::YesNo(_) | AnswerValue::Number(_) | AnswerValue::Choice { .. }) => {
                let digits = turn.answer.as_ref().and_then(|answer| answer.digits.as_ref());
                digits.is_some_and(|digits| !pressed(digits.reveal().trim_end_matches('#')))
            }
            Some(AnswerValue::Invalid) | None => false,
        })
}
