//! What is counted by day is what counting gives, whatever became of the calls.

use crate::calls::*;
use jiff::civil::Date;
use proptest::prelude::*;
use trunkline_core::call::*;
use trunkline_core::id::{CampaignId, TenantId};
use trunkline_core::private::Private;
use trunkline_store::{Apart, Import, Pruning, Span, Sums};

on_each_engine!(
    a_call_counts_once_as_what_it_became,
    questions_count_who_was_asked_and_who_answered,
    sums_are_told_apart_by_what_is_asked_for,
    days_that_were_not_asked_for_and_tenants_of_others_do_not_count,
    what_was_pruned_imported_or_erased_is_counted_right,
    sums_that_drift_are_found,
    a_database_that_had_calls_before_counts_them,
);

fn today() -> Date {
    at(0).to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn days(n: i64) -> Date {
    today().checked_add(jiff::Span::new().days(n)).unwrap()
}

fn week() -> Span {
    Span { since: today(), until: days(7), carrier: None, campaign: None, script: None }
}

fn heard(value: AnswerValue) -> Option<Heard> {
    Some(Heard { step: 0, ask: 0, value, digits: None, speech: None, recording: None })
}

/// Answered after 3 s, three questions asked and one answered, and over.
fn asked(n: u64, secs: i64) -> Story {
    let story = Story::new(n, secs).dialed().rings().answered().asked(0, "Who?", None);
    story.asked(1, "When?", heard(AnswerValue::YesNo(true))).ends(EndWord::Completed)
}

async fn sums(place: &Place, by: Apart) -> Vec<(String, String, i64, i64)> {
    let rollups = place.store.rollups(&tenant(), &week(), by).await.unwrap();
    rollups.into_iter().map(|one| (one.key, one.disposition, one.sums.calls, one.sums.answered)).collect()
}

async fn is_sound(place: &Place) {
    let (drift, _) = place.store.drift().await.unwrap();
    assert!(drift.is_empty(), "{drift:?}");
}

async fn a_call_counts_once_as_what_it_became(engine: Engine) {
    let place = Place::on(engine).await;
    let ringing = Story::new(1, 0).dialed().rings();
    place.project(4, &[&ringing]).await;
    place.project(4, &[&ringing]).await;
    let day = today().to_string();
    assert_eq!(sums(&place, Apart::Day).await, [(day.clone(), String::new(), 1, 0)]);
    let over = ringing.answered().ends(EndWord::Completed);
    place.project(6, &[&over]).await;
    place.project(6, &[&over]).await;
    assert_eq!(sums(&place, Apart::Day).await, [(day, "completed".to_owned(), 1, 1)]);
    let rollups = place.store.rollups(&tenant(), &week(), Apart::Day).await.unwrap();
    let expected = Sums { calls: 1, answered: 1, talk_secs: 1, talks: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] };
    assert_eq!(rollups[0].sums, expected);
    is_sound(&place).await;
}

async fn questions_count_who_was_asked_and_who_answered(engine: Engine) {
    let place = Place::on(engine).await;
    place.project(9, &[&asked(1, 0), &asked(2, 5)]).await;
    let once = Story::new(3, 9).dialed().rings().answered().asked(0, "Who?", None);
    place.project(10, &[&once]).await;
    place.project(11, &[&once.asked(1, "When?", heard(AnswerValue::YesNo(false)))]).await;
    let counted = place.store.questions_counted(&tenant(), &week()).await.unwrap();
    let counted: Vec<_> = counted.iter().map(|one| (one.step, one.reached, one.answered)).collect();
    assert_eq!(counted, [(0, 3, 3), (1, 3, 0)]);
    is_sound(&place).await;
}

async fn sums_are_told_apart_by_what_is_asked_for(engine: Engine) {
    let place = Place::on(engine).await;
    let campaign = CampaignId::minted(at(0), [1; 10]);
    let of_campaign = Story::with(2, 86_400, |request| {
        request.script.name = "other".to_owned();
        request.job = Some(
            serde_json::from_value(serde_json::json!({
                "job": campaign.to_string(), "campaign": campaign.to_string(), "node": "one",
                "attempt": 1, "fence": 1
            }))
            .unwrap(),
        );
    });
    place.project(9, &[&Story::completed(1, 0), &of_campaign]).await;
    let keys = |sums: Vec<(String, String, i64, i64)>| -> Vec<String> {
        sums.into_iter().map(|(key, ..)| key).collect()
    };
    assert_eq!(keys(sums(&place, Apart::Day).await), [today().to_string(), days(1).to_string()]);
    assert_eq!(keys(sums(&place, Apart::Script).await), ["other", "survey"]);
    assert_eq!(keys(sums(&place, Apart::Campaign).await), [String::new(), campaign.to_string()]);
    assert_eq!(sums(&place, Apart::Carrier).await.len(), 2, "one carrier, over and live");
    let only = Span { campaign: Some(campaign), ..week() };
    assert_eq!(place.store.rollups(&tenant(), &only, Apart::Day).await.unwrap().len(), 1);
    is_sound(&place).await;
}

async fn days_that_were_not_asked_for_and_tenants_of_others_do_not_count(engine: Engine) {
    let place = Place::on(engine).await;
    let theirs = Story::with(1, 0, |request| request.tenant = TenantId::new("other"));
    place.project(9, &[&theirs, &Story::new(2, 8 * 86_400), &Story::new(3, -86_400)]).await;
    assert_eq!(sums(&place, Apart::Day).await, []);
    let two_weeks = Span { until: days(14), since: days(-1), ..week() };
    assert_eq!(place.store.rollups(&tenant(), &two_weeks, Apart::Day).await.unwrap().len(), 2, "the control");
}

async fn what_was_pruned_imported_or_erased_is_counted_right(engine: Engine) {
    let place = Place::on(engine).await;
    let stories = [asked(1, 0), asked(2, 5), asked(3, 9)];
    let calls: Vec<Call> = stories.iter().map(|story| story.call.clone()).collect();
    let import = Import { calls, ..Import::default() };
    for _ in 0..2 {
        place.store.import(&import).await.unwrap();
        assert_eq!(sums(&place, Apart::Script).await[0].2, 3);
        is_sound(&place).await;
    }
    place
        .store
        .prune(&Pruning { before: at(1_000), status: None, tenant: None }, &[stories[0].call.id])
        .await
        .unwrap();
    assert_eq!(sums(&place, Apart::Script).await[0].2, 2);
    is_sound(&place).await;
    let mut erased = stories[1].call.clone();
    erased.party.to = trunkline_core::private::Address::new("erased");
    place.store.forget(&[erased], &[], &[]).await.unwrap();
    assert_eq!(sums(&place, Apart::Script).await[0].2, 2);
    is_sound(&place).await;
}

async fn sums_that_drift_are_found(engine: Engine) {
    let place = Place::on(engine).await;
    place.project(9, &[&asked(1, 0)]).await;
    is_sound(&place).await;
    for wrong in [
        "UPDATE call_rollups SET calls = calls + 1",
        "UPDATE call_rollups SET calls = calls - 1, t5 = t5 + 1",
        "UPDATE question_rollups SET answered = answered + 1",
    ] {
        let before = place.store.drift().await.unwrap().0.len();
        place.sql(wrong).await;
        let after = place.store.drift().await.unwrap().0;
        assert!(after.len() > before || wrong.contains("t5"), "{wrong}: {after:?}");
    }
    assert!(place.store.drift().await.unwrap().0.len() >= 2);
}

/// The migration fills in what was there: run again over what the projection counted, it comes to the same.
async fn a_database_that_had_calls_before_counts_them(engine: Engine) {
    let place = Place::on(engine).await;
    let mut busy = Story::new(4, 86_400).dialed().rings().ends(EndWord::Busy);
    busy.call.party.name = Some(Private::new("Ann".to_owned()));
    place.project(9, &[&asked(1, 0), &asked(2, 90_000), &busy, &Story::new(5, 3)]).await;
    let kept =
        (sums(&place, Apart::Day).await, place.store.questions_counted(&tenant(), &week()).await.unwrap());
    let script = match engine {
        Engine::Sqlite => include_str!("../../migrations/sqlite/0007_rollups.sql"),
        Engine::Postgres => include_str!("../../migrations/postgres/0007_rollups.sql"),
    };
    place.sql("DELETE FROM call_rollups").await;
    place.sql("DELETE FROM question_rollups").await;
    for statement in script.split(";\n").filter(|one| one.contains("_rollups SELECT")) {
        let from = statement.find("INSERT INTO").unwrap();
        place.sql(&statement[from..]).await;
    }
    let filled =
        (sums(&place, Apart::Day).await, place.store.questions_counted(&tenant(), &week()).await.unwrap());
    assert_eq!(filled, kept);
    is_sound(&place).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Folds in any order, older ones after newer ones, several of one call in one batch, some pruned between.
    #[test]
    fn sums_are_right_after_any_batches(batches in prop::collection::vec(
        (prop::collection::vec((0_u64..6, 0_usize..7), 0..6), prop::bool::weighted(0.2)), 1..8,
    )) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for engine in [Engine::Sqlite, Engine::Postgres] {
            runtime.block_on(stays_sound(engine, &batches))?;
        }
    }
}

fn told(n: u64, chapters: usize) -> Story {
    let mut story = Story::new(n, i64::try_from(n).unwrap() * 40_000);
    for chapter in 0..chapters {
        story = match chapter {
            0 => story.dialed(),
            1 => story.rings(),
            2 => story.answered(),
            3 => story.asked(0, "Who?", None),
            4 => story.asked(1, "When?", heard(AnswerValue::Recorded)),
            _ => story.ends(if n.is_multiple_of(2) { EndWord::Completed } else { EndWord::Failed }),
        };
    }
    story
}

async fn stays_sound(engine: Engine, batches: &[(Vec<(u64, usize)>, bool)]) -> Result<(), TestCaseError> {
    let place = Place::on(engine).await;
    for (upto, (batch, prunes)) in batches.iter().enumerate() {
        let stories: Vec<Story> = batch.iter().map(|(n, chapters)| told(*n, *chapters)).collect();
        place.project(u64::try_from(upto).unwrap(), &stories.iter().collect::<Vec<_>>()).await;
        if *prunes {
            let ids: Vec<_> = stories.iter().map(|story| story.call.id).collect();
            place
                .store
                .prune(&Pruning { before: at(1_000_000), status: None, tenant: None }, &ids)
                .await
                .unwrap();
        }
        let (drift, _) = place.store.drift().await.unwrap();
        prop_assert!(drift.is_empty(), "{:?}", drift);
    }
    Ok(())
}
