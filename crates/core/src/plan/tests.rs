use super::*;
use crate::dial::gates::Closed;
use crate::window::{CallingWindow, Zone};
use jiff::SignedDuration;
use jiff::civil::time;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn in_zones(names: &[&str]) -> PlannedLead {
    PlannedLead { zones: names.iter().map(|name| name.parse::<Zone>().unwrap()).collect(), closed: None }
}

fn campaign(window: CallingWindow) -> Campaign {
    let text = r#"{"name": "Spring", "script": "visit", "caller_ids": {"numbers": ["+12125550100"]}}"#;
    Campaign { window, ..serde_json::from_str(text).unwrap() }
}

fn question(campaign: &Campaign) -> Question<'_> {
    Question {
        campaign,
        slots: 10,
        cps: 1.0,
        budget: PersonBudget::default(),
        assume: Assumptions::default(),
        start: at("2026-01-15T06:00:00Z"),
    }
}

fn everybody_answers() -> Assumptions {
    Assumptions { answered: 1.0, machine: 0.0, busy: 0.0, ..Assumptions::default() }
}

#[test]
fn everybody_is_reached_at_the_pace_and_within_the_slots() {
    let campaign = campaign(CallingWindow::always());
    let question = Question { assume: everybody_answers(), ..question(&campaign) };
    let plan = plan(&question, vec![in_zones(&["UTC"]); 100]);
    assert_eq!((plan.leads, plan.attempts, plan.reached), (100, 100, 100));
    assert_eq!((plan.peak_concurrency, plan.peak_cps), (10, 1));
    // Ten slots, 102 seconds a call, ten rounds; the first ten calls begin a second apart.
    assert_eq!(plan.finishes_at, Some(question.start + SignedDuration::from_secs(10 * 102 + 9)));
}

#[test]
fn nobody_is_called_outside_the_window_and_the_plan_says_when_it_begins() {
    let office = campaign(CallingWindow::default());
    let plan = plan(&question(&office), vec![in_zones(&["America/New_York"]); 50]);
    assert_eq!(plan.first_call_at, Some(at("2026-01-15T14:00:00Z")));
    for hour in &plan.hours {
        let wall = "America/New_York".parse::<Zone>().unwrap().rules().to_datetime(hour.at);
        assert!(office.window.holds(wall), "{wall}");
    }
}

#[test]
fn who_is_skipped_is_counted_by_the_gate() {
    let short = campaign(CallingWindow::daily(time(9, 0, 0, 0), time(12, 0, 0, 0)));
    let leads = [
        in_zones(&["UTC"]),
        PlannedLead { zones: Zones::default(), closed: None },
        in_zones(&["Pacific/Honolulu", "Asia/Tokyo"]),
        PlannedLead { closed: Some(Closed::Suppressed), ..in_zones(&["UTC"]) },
    ];
    let plan = plan(&Question { assume: everybody_answers(), ..question(&short) }, leads);
    let skipped = [("suppressed".to_owned(), 1), ("window_never_opens".to_owned(), 2)];
    assert_eq!(plan.skipped, skipped.into());
    assert_eq!((plan.leads, plan.reached), (4, 1));
}

#[test]
fn a_daily_cap_spreads_the_calls_over_days() {
    let mut capped = campaign(CallingWindow::always());
    capped.pacing.daily_cap = Some(10);
    let plan =
        plan(&Question { assume: everybody_answers(), ..question(&capped) }, vec![in_zones(&["UTC"]); 25]);
    let days: Vec<u64> = [15, 16, 17]
        .map(|day| {
            plan.hours
                .iter()
                .filter(|hour| hour.at.to_string().contains(&format!("01-{day}T")))
                .map(|hour| hour.attempts)
                .sum()
        })
        .to_vec();
    assert_eq!(days, [10, 10, 5]);
}

#[test]
fn without_slots_nobody_is_called_and_it_never_finishes() {
    let campaign = campaign(CallingWindow::always());
    let plan = plan(&Question { slots: 0, ..question(&campaign) }, vec![in_zones(&["UTC"]); 3]);
    assert_eq!((plan.attempts, plan.left, plan.finishes_at), (0, 3, None));
}

#[test]
fn the_same_question_gets_the_same_answer_and_another_seed_another() {
    let campaign = campaign(CallingWindow::default());
    let leads = vec![in_zones(&["Asia/Jerusalem"]); 300];
    let with = |seed| {
        let assume = Assumptions { seed, ..Assumptions::default() };
        plan(&Question { assume, ..question(&campaign) }, leads.clone())
    };
    assert_eq!(with(7), with(7));
    assert_ne!(with(7), with(8));
}

const LEADS: usize = 100_000;

#[test]
fn a_hundred_thousand_leads_are_planned_in_seconds() {
    let campaign = campaign(CallingWindow::default());
    let zones = [
        &["America/New_York"][..],
        &["America/Chicago", "America/New_York"],
        &["America/Los_Angeles"],
        &["Asia/Jerusalem"],
    ];
    let leads = (0..LEADS).map(|lead| in_zones(zones[lead % zones.len()]));
    let plan = plan(&Question { slots: 500, cps: 20.0, ..question(&campaign) }, leads);
    assert_eq!(plan.reached + plan.given_up, LEADS as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn limits_hold_and_every_lead_is_accounted_for(
        leads in 1usize..150, slots in 1u32..20, cps in 0.2f64..20.0, answered in 0.0f64..0.6, seed in any::<u64>(),
    ) {
        let campaign = campaign(CallingWindow::default());
        let assume = Assumptions { answered, seed, ..Assumptions::default() };
        let question = Question { slots, cps, assume, ..question(&campaign) };
        let plan = plan(&question, vec![in_zones(&["Europe/London"]); leads]);
        prop_assert!(plan.peak_concurrency <= slots);
        prop_assert!(f64::from(plan.peak_cps) <= cps.ceil() + 1.0);
        prop_assert_eq!(plan.reached + plan.given_up + plan.left, plan.leads);
        prop_assert_eq!(plan.hours.iter().map(|hour| hour.attempts).sum::<u64>(), plan.attempts);
        let most = u64::from(campaign.retry.max_attempts) * plan.leads;
        prop_assert!(plan.attempts <= most);
    }
}
