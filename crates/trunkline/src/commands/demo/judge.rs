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
            matches!(next, Next::Retry { .. })
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
        heard.iter().any(
            |one| matches!(one, Heard::Pressed { keys: theirs, .. } if theirs.trim_end_matches('#') == keys),
        )
    };
    let spoke = |recording: &str| {
        heard.iter().any(|one| match one {
            Heard::Spoke { recording: Some(theirs), .. } => theirs.as_str() == recording,
            // What was said until then is an answer; a key that ends a recording is one too.
            Heard::PersonHungUp | Heard::Pressed { .. } => true,
            _ => false,
        })
    };
    !heard.is_empty()
        && call.turns.values().any(|turn| match turn.answer.as_ref().map(|answer| &answer.value) {
            Some(AnswerValue::Recorded) => {
                let recording = turn.recording_of_answer().map(|recording| recording.id.as_str());
                recording.is_some_and(|recording| !spoke(recording))
            }
            Some(
                AnswerValue::YesNo(_)
                | AnswerValue::Consent(_)
                | AnswerValue::Number(_)
                | AnswerValue::Choice { .. },
            ) => {
                let digits = turn.answer.as_ref().and_then(|answer| answer.digits.as_ref());
                digits.is_some_and(|digits| !pressed(digits.reveal().trim_end_matches('#')))
            }
            Some(AnswerValue::Invalid) | None => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use trunkline_core::call::{
        Answer, CarrierEnd, EndWord, Event, Limits, News, OnLeg, Party, Progress, Reported, Request,
        ScriptRef, Source, Turn, What,
    };
    use trunkline_core::id::{AccountId, CallId, CarrierCallId, EventKey, LegNo, TenantId};
    use trunkline_core::private::Address;

    fn script() -> Script {
        Script::parse(super::super::SURVEY.as_bytes(), "survey".parse().unwrap()).unwrap()
    }

    /// The `n`-th call to somebody, in which these questions were asked, and answered or not.
    fn call(n: u8, word: EndWord, asked: &[(u16, bool)]) -> Call {
        let at = Timestamp::from_second(1_000 * i64::from(n)).unwrap();
        let id = CallId::new(at, [n; 10]);
        let event = |key: &str, what| Event {
            call: id,
            key: EventKey::new(key),
            received_at: at,
            occurred_at: None,
            source: Source::Carrier,
            what,
        };
        let request = Request {
            tenant: TenantId::default_tenant(),
            account: AccountId::new("sim"),
            party: Party { to: Address::new("+15550100100"), ..Party::default() },
            script: ScriptRef { name: "survey".to_owned(), version: script().version.to_string() },
            bot: None,
            limits: Limits::default(),
            not_before: None,
            session: None,
            idempotency: None,
            job: None,
        };
        let (mut call, _) = Call::begin(&event("requested", What::Requested(Box::new(request)))).unwrap();
        let on = OnLeg::first(LegNo::FIRST);
        let news = |news| {
            What::Progress(Progress { on, carrier_call_id: CarrierCallId::new(format!("CA{n}")), news })
        };
        let end = CarrierEnd { word, duration_secs: Some(9), reported: Reported::default() };
        let mut steps = vec![What::DialStarted(on), What::PostBegun(on), news(News::Accepted)];
        if word == EndWord::Completed {
            steps.push(news(News::Answered));
        }
        steps.push(news(News::Ended(Box::new(end))));
        for (key, what) in (0..).zip(steps) {
            call.apply(&event(&format!("{key}"), what)).unwrap();
        }
        for (step, is_answered) in asked {
            let answer = Answer { ask: 0, at, value: AnswerValue::YesNo(true), digits: None, speech: None };
            let mut turn: Turn =
                serde_json::from_value(serde_json::json!({ "step": step, "asks": 1 })).unwrap();
            turn.question = format!("Question {step}?");
            turn.answer = is_answered.then_some(answer);
            call.turns.insert(*step, turn.into());
        }
        call
    }

    fn verdict(calls: Vec<Call>, line: &Line) -> Verdict {
        let people = super::super::people::people(1);
        let policy = super::super::campaign::retries(1_000);
        let rules = Rules { policy: &policy, script: &script() };
        judge(&vec![(people[0].clone(), calls)], &rules, |_| line.clone())
    }

    fn dialed(dialed: u64) -> Line {
        Line { dialed, heard: BTreeMap::new() }
    }

    const HUNG_UP: [(u16, bool); 2] = [(0, true), (1, false)];

    #[test]
    fn who_hung_up_and_was_asked_on_is_no_complaint() {
        let calls = vec![
            call(1, EndWord::Busy, &[]),
            call(2, EndWord::Completed, &HUNG_UP),
            call(3, EndWord::Completed, &[(1, true), (2, true), (3, true)]),
        ];
        assert_eq!(verdict(calls, &dialed(3)), Verdict::default());
    }

    #[test]
    fn a_call_that_nobody_wanted_is_one_too_many() {
        let once = vec![call(1, EndWord::Busy, &[])];
        assert_eq!(
            verdict(once, &dialed(2)).called_twice.len(),
            1,
            "the carrier knows of one that we do not"
        );
        let reached = call(1, EndWord::Completed, &[(0, true), (1, true), (2, true), (3, true)]);
        let again = vec![reached, call(2, EndWord::Busy, &[])];
        assert_eq!(verdict(again, &dialed(2)).called_twice.len(), 1, "there was nothing left to ask");
        let four = (1..=4).map(|n| call(n, EndWord::Busy, &[])).collect();
        assert_eq!(verdict(four, &dialed(4)).called_twice.len(), 1, "three are enough");
    }

    #[test]
    fn whoever_is_asked_again_is_seen_in_our_books_and_on_the_line() {
        let calls = |second: &[(u16, bool)]| {
            vec![call(1, EndWord::Completed, &HUNG_UP), call(2, EndWord::Completed, second)]
        };
        let ours = verdict(calls(&[(0, true), (1, true)]), &dialed(2));
        assert_eq!((ours.asked_twice.len(), ours.not_resumed.len()), (1, 1));
        let prompt = "Hello again. Question 0? Please speak.".to_owned();
        let heard = BTreeMap::from([("CA2".to_owned(), vec![Heard::Asked { question: 1, prompt }])]);
        let theirs = verdict(calls(&[(1, true)]), &Line { dialed: 2, heard });
        assert_eq!((theirs.asked_twice.len(), theirs.not_resumed.len()), (1, 0));
    }

    #[test]
    fn whoever_is_asked_too_far_on_is_seen() {
        let calls =
            vec![call(1, EndWord::Completed, &HUNG_UP), call(2, EndWord::Completed, &[(2, true), (3, true)])];
        assert_eq!(verdict(calls, &dialed(2)).not_resumed.len(), 1);
    }

    #[test]
    fn an_answer_that_nobody_gave_is_seen() {
        let mut said = call(1, EndWord::Completed, &[(1, true)]);
        said.turns.values_mut().for_each(|turn| {
            let mut answer = turn.answer.clone().unwrap();
            answer.digits = Some(trunkline_core::private::Private::new("1".to_owned()));
            turn.answer = Some(answer);
        });
        let pressed = |keys: &str| Line {
            dialed: 1,
            heard: BTreeMap::from([(
                "CA1".to_owned(),
                vec![Heard::Pressed { question: 1, keys: keys.to_owned() }],
            )]),
        };
        assert!(verdict(vec![said.clone()], &pressed("1#")).misheard.is_empty());
        assert_eq!(verdict(vec![said], &pressed("2")).misheard.len(), 1);
    }
}
