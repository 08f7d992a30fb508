//! What a server measures of itself, for whoever watches it.

use reqwest::Method;
use serde_json::json;
use trunkline_sim::{Fault, FaultKind, Habit};

use crate::day::Day;
use crate::queue::{campaign, is_finished};

#[test]
fn prometheus_reads_calls_posts_journal_and_queue_and_nobody_s_name() {
    let day = Day::begin();
    let people: Vec<String> = (0..3).map(|n| format!("+1555010500{n}")).collect();
    day.person(&people[0], Habit::Busy);
    let (id, _) = campaign(&day, "measured", &json!({ "retry": { "max_attempts": 1 } }), &people);
    is_finished(&day, &id);
    let (waiting, _) = campaign(&day, "paused", &json!({}), &[]);
    day.post(&format!("/api/campaigns/{waiting}/pause"), &json!({}));
    day.post(&format!("/api/campaigns/{waiting}/jobs"), &json!({ "people": ["+15550105009"] }));

    let page = day.get("/metrics");
    assert_eq!((page.status, page.header("content-type")), (200, "text/plain; version=0.0.4; charset=utf-8"));
    let text = page.text();
    for line in [
        "trunkline_calls_active 0",
        "trunkline_part_ok{part=\"database\"} 1",
        "trunkline_calls_ended_total{direction=\"outbound\",disposition=\"completed\"} 2",
        "trunkline_calls_ended_total{direction=\"outbound\",disposition=\"busy\"} 1",
        "trunkline_posts_total{answer=\"placed\"} 3",
        "trunkline_queue_jobs{state=\"waiting\"} 1",
        "trunkline_queue_gate_jobs{gate=\"campaign_paused\"} 1",
        "trunkline_carrier_circuit_open{carrier=\"twilio\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    for name in
        ["trunkline_journal_position", "trunkline_projector_lag_seconds", "trunkline_queue_oldest_seconds"]
    {
        assert!(text.contains(&format!("\n{name} ")), "{name} is not in\n{text}");
    }
    assert!(!text.contains("15550105") && !text.contains("default") && !text.contains("measured"), "{text}");

    let stranger = day.send(day.ask(Method::GET, "/metrics")).text();
    assert!(stranger.contains("trunkline_part_ok{part=\"journal\"} 1"), "{stranger}");
    assert!(!stranger.contains("trunkline_queue") && !stranger.contains("trunkline_posts"), "{stranger}");
}

fn is_open(day: &Day) -> bool {
    day.get("/metrics").text().contains("\ntrunkline_carrier_circuit_open{carrier=\"twilio\"} 1\n")
}

#[test]
fn a_carrier_that_was_left_alone_is_left_alone_by_the_next_process() {
    let mut day = Day::with().at_speed(20.0).begin();
    let people: Vec<String> = (10..20).map(|n| format!("+155501050{n}")).collect();
    day.sim.add_fault(Fault::new(FaultKind::CreateThrottled).times(9));
    let (id, _) = campaign(&day, "throttled", &json!({ "pacing": { "concurrency": 1 } }), &people);
    // One after the other: after nine refusals in a row it is open for minutes.
    day.until("the carrier has refused nine times", |day| {
        (day.sim.faults()[0].struck == 9 && is_open(day)).then_some(())
    });
    day.until("the database has everything", |day| {
        (day.get("/readyz").json()["lag_events"] == 0).then_some(())
    });
    day.power_fails().start();
    let first = day.until("the queue is looked at", |day| {
        let placed = people.iter().map(|to| day.dialed(to)).sum::<u64>();
        (is_open(day) || placed > 0).then_some(placed)
    });
    assert_eq!(first, 0, "it knows before it asks");
    assert_eq!(is_finished(&day, &id)["progress"]["completed"], 10);
}
