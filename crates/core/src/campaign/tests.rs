use super::*;
use crate::call::*;
use crate::dial::earlier::{Earlier, PersonBudget, Standing};
use crate::dial::gates::Closed;
use crate::id::*;
use crate::phone::PhoneNumber;
use crate::private::Private;
use crate::queue::{Done, Next};
use crate::script::{Caller, Cursor, Line, Script};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + secs).unwrap()
}

fn number(number: &str) -> PhoneNumber {
    PhoneNumber::from_e164(number).unwrap()
}

fn campaign() -> Campaign {
    serde_json::from_str(
        r#"{"name": "Spring", "script": "visit", "caller_ids": {"numbers": ["+12125550100"]}}"#,
    )
    .unwrap()
}

mod retries {
    use super::*;

    fn after(disposition: Disposition, used: u16) -> Next {
        next(disposition, None, Wish::None, used, &[])
    }

    fn next(
        disposition: Disposition,
        outcome: Option<Outcome>,
        person: Wish,
        used: u16,
        to_person: &[Earlier],
    ) -> Next {
        let end = AttemptEnd { disposition, outcome, at: at(0), person };
        let budget = PersonBudget { min_gap_secs: 60, ..PersonBudget::default() };
        RetryPolicy::default().after(&end, used, &budget, to_person, at(0))
    }

    fn retry(minutes: i64) -> Next {
        Next::Retry { at: at(minutes * 60) }
    }

    fn done(done: Done) -> Next {
        Next::Done { done }
    }

    #[test]
    fn what_a_bot_found_on_an_open_line_says_what_comes_next() {
        let of_bot = |disposition, outcome| next(disposition, Some(outcome), Wish::None, 1, &[]);
        let table = [
            (Disposition::Completed, Outcome::Confirmed, done(Done::Reached)),
            (Disposition::CarrierFailed, Outcome::Booked, done(Done::Reached)),
            (Disposition::Voicemail, Outcome::Confirmed, done(Done::Reached)),
            (Disposition::Completed, Outcome::Refused, done(Done::Declined)),
            (Disposition::Completed, Outcome::Voicemail, retry(5 * 60)),
            (Disposition::Completed, Outcome::Interrupted, retry(60)),
            (Disposition::Completed, Outcome::Error, retry(1)),
            (Disposition::Completed, Outcome::Unknown, done(Done::Reached)),
            (Disposition::NoAnswer, Outcome::NoAnswer, retry(60)),
        ];
        for (disposition, outcome, expected) in table {
            assert_eq!(of_bot(disposition, outcome), expected, "{disposition:?} {outcome:?}");
        }
    }

    #[test]
    fn each_disposition_leads_where_its_class_says() {
        use Disposition as D;
        let table = [
            (D::Completed, done(Done::Reached)),
            (D::TimeLimit, done(Done::Reached)),
            (D::Voicemail, retry(300)),
            (D::Fax, done(Done::NotRetried)),
            (D::Abandoned, retry(1)),
            (D::BotFailed, retry(1)),
            (D::NotPlaced, retry(1)),
            (D::RejectedCapacity, retry(1)),
            (D::Busy, retry(5)),
            (D::NoAnswer, retry(60)),
            (D::Unreachable, retry(60)),
            (D::Rejected, done(Done::Declined)),
            (D::Declined, done(Done::Declined)),
            (D::Blocked, done(Done::NeedsEye)),
            (D::Unknown, done(Done::NeedsEye)),
            (D::InvalidNumber, done(Done::BadNumber)),
            (D::CarrierFailed, retry(1)),
            (D::RateLimited, Next::Retry { at: at(30) }),
            (D::Canceled, done(Done::Canceled)),
            (D::Expired, done(Done::Expired)),
            (D::Suppressed, done(Done::Skipped { gate: Closed::Suppressed })),
            (D::OutOfWindow, retry(0)),
            (D::Duplicate, done(Done::NotRetried)),
            (D::Missed, done(Done::NotRetried)),
            (D::CallerGaveUp, done(Done::NotRetried)),
            (D::AnsweredElsewhere, done(Done::NotRetried)),
            (D::GlareMerged, done(Done::NotRetried)),
        ];
        for (disposition, expected) in table {
            assert_eq!(after(disposition, 1), expected, "{disposition:?}");
        }
    }

    #[test]
    fn delays_grow_and_attempts_run_out() {
        let no_answers: Vec<Next> = (1..=4).map(|used| after(Disposition::NoAnswer, used)).collect();
        assert_eq!(no_answers, [retry(60), retry(240), retry(1_440), done(Done::Exhausted)]);
        assert_eq!(after(Disposition::RateLimited, 4), Next::Retry { at: at(30) }, "it used up nothing");
    }

    #[test]
    fn an_opt_out_is_for_ever_whatever_else_was_said_or_happened() {
        for disposition in [Disposition::Completed, Disposition::Busy, Disposition::NoAnswer] {
            assert_eq!(next(disposition, None, Wish::OptOut, 1, &[]), done(Done::OptedOut));
        }
    }

    #[test]
    fn who_hung_up_before_the_last_question_is_called_again() {
        let partial = |used| next(Disposition::Completed, Some(Outcome::Partial), Wish::None, used, &[]);
        assert_eq!(partial(1), retry(60));
        assert_eq!(partial(4), done(Done::Exhausted));
        let finished = next(Disposition::Completed, Some(Outcome::Finished), Wish::None, 1, &[]);
        assert_eq!(finished, done(Done::Reached));
    }

    #[test]
    fn one_person_has_one_budget_over_all_campaigns() {
        let by_others = [-20, -10, -5, -1].map(|hours| Earlier {
            call: CallId::from_bytes([1; 16]),
            at: at(hours * 3_600),
            standing: Standing::Placed,
        });
        let next = next(Disposition::Busy, None, Wish::None, 1, &by_others);
        assert_eq!(
            next,
            Next::Retry { at: at(4 * 3_600) },
            "four calls within a day: the oldest must leave it first"
        );
    }
}

mod states {
    use super::*;

    #[test]
    fn every_state_meets_every_move() {
        use CampaignState::{Cancelled, Draft, Draining, Finished, Paused, Running};
        let table = [
            (Move::Start, [Some(Running), Some(Running), None, None, None, None]),
            (Move::Pause, [None, Some(Paused), Some(Paused), None, None, None]),
            (Move::Resume, [None, Some(Running), Some(Running), Some(Running), Some(Running), None]),
            (Move::Drain, [None, Some(Draining), Some(Draining), Some(Draining), None, None]),
            (Move::Finish, [None, Some(Finished), None, Some(Finished), Some(Finished), None]),
            (
                Move::Cancel,
                [Some(Cancelled), Some(Cancelled), Some(Cancelled), Some(Cancelled), None, Some(Cancelled)],
            ),
            (
                Move::ForceCancel,
                [Some(Cancelled), Some(Cancelled), Some(Cancelled), Some(Cancelled), None, Some(Cancelled)],
            ),
        ];
        assert_eq!(table.map(|(asked, _)| asked), Move::ALL);
        for (asked, row) in table {
            for (state, expected) in
                [Draft, Running, Paused, Draining, Finished, Cancelled].into_iter().zip(row)
            {
                assert_eq!(state.after(asked).ok(), expected, "{} when {}", asked.as_str(), state.as_str());
            }
        }
        let refused = Draft.after(Move::Pause).unwrap_err();
        assert_eq!(refused.to_string(), "can't pause a campaign that is draft");
    }
}

mod checks {
    use super::*;

    #[test]
    fn a_campaign_needs_a_name_a_script_and_a_number_and_the_rest_has_defaults() {
        let campaign = campaign();
        assert_eq!(campaign.check(), Ok(()));
        let again: Campaign = serde_json::from_str(&serde_json::to_string(&campaign).unwrap()).unwrap();
        assert_eq!(again, campaign);
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_what_would_be_right() {
        let mut wrong = campaign();
        wrong.name = " ".into();
        wrong.window.hours.clear();
        wrong.pacing =
            Pacing { concurrency: Some(0), cps: Some(f64::NAN), per_hour: None, daily_cap: Some(0) };
        wrong.retry.max_attempts = 0;
        wrong.retry.by_class.insert(Class::Permanent, Delays(vec![60]));
        wrong.retry.unfinished = Delays(vec![u32::MAX]);
        wrong.caller_ids.numbers.clear();
        wrong.machine = Machine::LeaveMessage { text: " ".into() };
        wrong.dedup_window_secs = u32::MAX;
        wrong.give_up_after_secs = Some(0);
        let faults = wrong.check().unwrap_err();
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "name",
                "window.hours",
                "pacing.concurrency",
                "pacing.daily_cap",
                "pacing.cps",
                "retry.max_attempts",
                "retry.by_class.permanent",
                "retry.unfinished",
                "caller_ids.numbers",
                "machine.text",
                "dedup_window_secs",
                "give_up_after_secs",
            ]
        );
        assert_eq!(
            faults[2].to_string(),
            "pacing.concurrency: it is 0, so nobody would be called; right: 1 or more, or leave it out"
        );
    }

    #[test]
    fn the_variables_of_a_campaign_are_those_of_all_that_is_said() {
        let text = r#"{"greeting": "Hello {{name}}", "questions": [{"text": "Is {{day}} fine?", "type": "yes-no"}]}"#;
        let script = Script::parse(text.as_bytes(), "visit".parse().unwrap()).unwrap();
        let mut campaign = campaign();
        campaign.machine = Machine::LeaveMessage { text: "Call {{office}}.".into() };
        assert_eq!(
            campaign.variables(Some(&script), None).into_iter().collect::<Vec<_>>(),
            ["day", "name", "office"]
        );
        campaign.machine = Machine::LeaveMessage { text: "Call {{office".into() };
        let faults = campaign.check().unwrap_err();
        assert_eq!((faults.len(), faults[0].field.as_str()), (1, "machine.text"));
    }

    #[test]
    fn the_slower_of_two_paces_holds() {
        let pacing = Pacing { cps: Some(1.0), per_hour: Some(360), ..Pacing::default() };
        assert_eq!(pacing.pace(), Some(0.1));
        assert_eq!(Pacing::default().pace(), None);
    }
}

mod machines {
    use super::*;

    #[test]
    fn a_machine_hears_what_the_policy_says_and_a_person_is_never_hung_up_on() {
        use AnsweredBy as By;
        let wait = Machine::WaitForVerdict { at_most_ms: 3_000 };
        let message = Machine::LeaveMessage { text: "Please call us back.".into() };
        let verdicts = [
            None,
            Some(By::Human),
            Some(By::Silence),
            Some(By::Unknown),
            Some(By::Machine),
            Some(By::MachineReady),
            Some(By::Fax),
        ];
        let acts = |machine: &Machine| verdicts.map(|verdict| machine.on(verdict));
        use Act::{HangUp, LeaveMessage, Talk, Wait};
        assert_eq!(acts(&Machine::TalkFirst), [Talk; 7]);
        assert_eq!(acts(&wait), [Wait, Talk, Talk, Talk, HangUp, HangUp, HangUp]);
        assert_eq!(acts(&message), [Talk, Talk, Talk, Talk, Wait, LeaveMessage, HangUp]);
        assert_eq!(acts(&Machine::HangUp), [Talk, Talk, Talk, Talk, HangUp, HangUp, HangUp]);
    }
}

mod caller_ids {
    use super::*;

    fn pool(choose: Choose) -> CallerIds {
        let numbers = ["+12125550100", "+12125550101", "+97233731001"].map(number).to_vec();
        CallerIds { numbers, choose }
    }

    #[test]
    fn each_number_of_a_pool_has_its_turn() {
        let pool = pool(Choose::Rotation);
        let to = number("+972502345678");
        let picked: Vec<_> =
            (0..4).map(|turn| pool.pick(&to, turn, &BTreeMap::new()).unwrap().as_str()).collect();
        assert_eq!(picked, ["+12125550100", "+12125550101", "+97233731001", "+12125550100"]);
    }

    #[test]
    fn a_number_of_the_callees_country_is_preferred() {
        let pool = pool(Choose::ByCountry);
        for turn in 0..4 {
            let shown = pool.pick(&number("+972502345678"), turn, &BTreeMap::new()).unwrap();
            assert_eq!(shown.as_str(), "+97233731001");
        }
        assert!(pool.pick(&number("+442079460958"), 0, &BTreeMap::new()).is_some(), "none of Britain: any");
    }

    #[test]
    fn a_distrusted_number_rests_while_another_is_fit() {
        let pool = pool(Choose::ByCountry);
        let distrusted = Sent { calls: 20, blocked: 3 };
        assert_eq!(distrusted.health(), Health::Distrusted);
        assert_eq!(Sent { calls: 19, blocked: 19 }.health(), Health::Fit, "too few calls to say");
        let of_late = BTreeMap::from([(number("+97233731001"), distrusted)]);
        let shown = pool.pick(&number("+972502345678"), 0, &of_late).unwrap();
        assert_eq!(shown.as_str(), "+12125550100");
        let all = pool.numbers.iter().map(|number| (number.clone(), distrusted)).collect();
        let shown = pool.pick(&number("+972502345678"), 0, &all).unwrap();
        assert_eq!(shown.as_str(), "+97233731001", "with all distrusted, calls go on and the alarm rings");
        let none = CallerIds { numbers: Vec::new(), choose: Choose::Rotation };
        assert!(none.pick(&number("+972502345678"), 0, &BTreeMap::new()).is_none());
    }
}

mod resuming {
    use super::*;

    fn script() -> Script {
        let text = r#"{"questions": [
            {"text": "First?", "type": "yes-no"}, {"text": "Second?", "type": "numeric"},
            {"text": "Third?", "type": "text"}, {"text": "Fourth?", "type": "yes-no"}]}"#;
        Script::parse(text.as_bytes(), "visit".parse().unwrap()).unwrap()
    }

    /// A call of that script in which these questions were asked, and answered where there is a value.
    fn call(script: &Script, turns: &[(u16, Option<AnswerValue>)]) -> Call {
        let event = Event {
            call: CallId::new(at(0), [1; 10]),
            key: EventKey::new("request"),
            received_at: at(0),
            occurred_at: None,
            source: Source::Api,
            what: What::Requested(Box::new(Request {
                tenant: TenantId::default_tenant(),
                account: AccountId::new("sim:AC1"),
                party: Party::default(),
                script: ScriptRef { name: script.name.to_string(), version: script.version.to_string() },
                bot: None,
                limits: Limits::default(),
                not_before: None,
                session: None,
                idempotency: None,
                job: None,
            })),
        };
        let mut call = Call::begin(&event).unwrap().0;
        for (step, value) in turns {
            let answer =
                value.clone().map(|value| Answer { ask: 0, at: at(10), value, digits: None, speech: None });
            let turn = Turn {
                step: *step,
                question: String::new(),
                asked_at: Some(at(5)),
                asks: 1,
                answer,
                recordings: Vec::new(),
                transcript: None,
                transcription: None,
            };
            call.turns.insert(*step, Box::new(turn));
        }
        call
    }

    fn yes() -> Option<AnswerValue> {
        Some(AnswerValue::YesNo(true))
    }

    fn goes_on_at(script: &Script, calls: &[&Call]) -> Option<u16> {
        resume(script, calls).map(|resume| resume.at.step)
    }

    #[test]
    fn after_a_hang_up_it_goes_on_at_the_question_that_was_cut_off() {
        let script = script();
        let seven = Some(AnswerValue::Number(Private::new("7".into())));
        let two_of_four = call(&script, &[(0, yes()), (1, seven), (2, None)]);
        assert_eq!(goes_on_at(&script, &[&two_of_four]), Some(2));
        let again = call(&script, &[(2, Some(AnswerValue::Recorded)), (3, None)]);
        assert_eq!(goes_on_at(&script, &[&two_of_four, &again]), Some(3), "answers of both calls count");
    }

    #[test]
    fn nothing_is_asked_again_that_was_answered_or_passed_over() {
        let script = script();
        let passed_over = call(&script, &[(0, None), (1, None), (2, Some(AnswerValue::Recorded))]);
        assert_eq!(goes_on_at(&script, &[&passed_over]), Some(3));
        let invalid = call(&script, &[(0, Some(AnswerValue::Invalid))]);
        assert_eq!(goes_on_at(&script, &[&invalid]), Some(0), "what was no answer is asked again");
        let all = call(&script, &[(0, yes()), (1, None), (2, None), (3, yes())]);
        assert_eq!(goes_on_at(&script, &[&all]), None);
    }

    #[test]
    fn who_answered_the_last_question_was_reached_and_who_hung_up_before_is_asked_on() {
        let script = script();
        let cases = [
            (vec![], None),
            (vec![(0, None)], Some(Outcome::Partial)),
            (vec![(0, yes()), (1, None)], Some(Outcome::Partial)),
            (vec![(0, yes()), (2, Some(AnswerValue::Recorded))], Some(Outcome::Partial)),
            (vec![(3, yes())], Some(Outcome::Finished)),
        ];
        for (turns, expected) in cases {
            assert_eq!(left_to_ask(&script, &call(&script, &turns)), expected, "{turns:?}");
        }
    }

    #[test]
    fn a_call_that_asked_nothing_or_another_text_is_begun_anew() {
        let script = script();
        let rang_out = call(&script, &[]);
        assert_eq!(goes_on_at(&script, &[&rang_out]), None);
        let mut older = call(&script, &[(0, yes())]);
        older.script.as_mut().unwrap().version = "0000000000000000".into();
        assert_eq!(goes_on_at(&script, &[&older]), None);
    }

    #[test]
    fn a_call_that_goes_on_begins_with_the_greeting() {
        let script = script();
        let greeted = script.open(&Caller::default(), Cursor::START);
        let resumed = script.reopen(&Caller::default(), Cursor::first(2));
        let said = |line: &Line| matches!(line, Line::Say(text) if text.contains("Third?"));
        assert_eq!(resumed.lines[0], greeted.lines[0]);
        assert!(resumed.lines.iter().any(said));
    }
}

#[test]
fn a_retry_waits_at_least_the_gap_between_two_calls_to_a_person() {
    let budget = PersonBudget { min_gap_secs: 7_200, ..PersonBudget::default() };
    let last = Earlier { call: CallId::from_bytes([1; 16]), at: at(-30), standing: Standing::Placed };
    let end = AttemptEnd { disposition: Disposition::Busy, outcome: None, at: at(0), person: Wish::None };
    let next = RetryPolicy::default().after(&end, 1, &budget, &[last], at(0));
    assert_eq!(next, Next::Retry { at: at(-30) + SignedDuration::from_hours(2) });
}
