//! The rollups say what counting would say.

use crate::calls::*;
use jiff::civil::date;
use proptest::prelude::*;
use std::collections::BTreeMap;
use trunkline_core::call::*;
use trunkline_core::id::TenantId;
use trunkline_store::{Counts, DayCount};

on_each_engine!(
    an_empty_database_counts_nothing,
    a_call_is_counted_where_it_is_and_no_longer_where_it_was,
    calls_are_counted_by_the_day_they_were_created,
);

async fn an_empty_database_counts_nothing(engine: Engine) {
    let place = Place::on(engine).await;
    assert_eq!(place.store.counts(&tenant()).await.unwrap(), Counts::default());
}

async fn a_call_is_counted_where_it_is_and_no_longer_where_it_was(engine: Engine) {
    let place = Place::on(engine).await;
    let ringing = Story::new(1, 0).dialed().rings();
    place.project(4, &[&ringing]).await;
    let counts = place.store.counts(&tenant()).await.unwrap();
    assert_eq!((counts.total, counts.active, counts.completed), (1, 1, 0));
    assert_eq!(counts.by_status, BTreeMap::from([(Status::Ringing, 1)]));

    place.project(6, &[&ringing.answered().ends(EndWord::Completed)]).await;
    let counts = place.store.counts(&tenant()).await.unwrap();
    assert_eq!((counts.total, counts.active, counts.completed), (1, 0, 1));
    assert_eq!(counts.by_status, BTreeMap::from([(Status::Completed, 1)]));
}

async fn calls_are_counted_by_the_day_they_were_created(engine: Engine) {
    let place = Place::on(engine).await;
    let today = at(0).to_zoned(jiff::tz::TimeZone::UTC).date();
    place.project(9, &[&Story::new(1, 0), &Story::completed(2, 0), &Story::completed(3, 86_400)]).await;
    let days = place.store.daily_counts(&tenant(), today, today.tomorrow().unwrap()).await.unwrap();
    let count = |day, status, calls| DayCount { day, status, calls };
    assert_eq!(
        days,
        [
            count(today, Status::Completed, 1),
            count(today, Status::Initiated, 1),
            count(today.tomorrow().unwrap(), Status::Completed, 1),
        ]
    );
    assert_eq!(place.store.daily_counts(&tenant(), date(1960, 1, 1), date(1970, 1, 1)).await.unwrap(), []);
}

/// One batch of folds: which call, of which tenant, how far its story has gone.
type Batch = Vec<(u64, usize)>;

fn told(n: u64, chapters: usize) -> Story {
    let owner = TenantId::new(if n.is_multiple_of(3) { "other" } else { "acme" });
    let mut story = Story::with(n, i64::try_from(n).unwrap() * 40_000, |request| request.tenant = owner);
    let word = [EndWord::Completed, EndWord::Busy, EndWord::Failed, EndWord::NoAnswer]
        [usize::try_from(n).unwrap() % 4];
    for chapter in 0..chapters {
        story = match chapter {
            0 => story.dialed(),
            1 => story.rings(),
            2 => story.answered(),
            _ => story.ends(word),
        };
    }
    story
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Folds in any order, older ones after newer ones, several of one call in one batch.
    #[test]
    fn counts_are_right_after_any_batches(batches in prop::collection::vec(
        prop::collection::vec((0_u64..8, 0_usize..5), 0..6), 1..8,
    )) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for engine in [Engine::Sqlite, Engine::Postgres] {
            runtime.block_on(counts_match(engine, &batches))?;
        }
    }
}

async fn counts_match(engine: Engine, batches: &[Batch]) -> Result<(), TestCaseError> {
    let place = Place::on(engine).await;
    let mut newest: BTreeMap<u64, Story> = BTreeMap::new();
    for (upto, batch) in batches.iter().enumerate() {
        let stories: Vec<Story> = batch.iter().map(|(n, chapters)| told(*n, *chapters)).collect();
        place.project(u64::try_from(upto).unwrap(), &stories.iter().collect::<Vec<_>>()).await;
        // Within one batch the last fold of a call counts, and only if it is not older than the one that is there.
        let lasts: BTreeMap<u64, Story> = batch.iter().map(|(n, _)| *n).zip(stories).collect();
        for (n, story) in lasts {
            if newest.get(&n).is_none_or(|known| known.call.updated_at <= story.call.updated_at) {
                newest.insert(n, story);
            }
        }
    }
    for owner in ["acme", "other"] {
        let mut expected: BTreeMap<Status, u64> = BTreeMap::new();
        for story in newest.values().filter(|story| story.call.tenant.as_str() == owner) {
            *expected.entry(story.call.status()).or_default() += 1;
        }
        let counts = place.store.counts(&TenantId::new(owner)).await.unwrap();
        prop_assert_eq!(&counts.by_status, &expected);
        prop_assert_eq!(counts.total, expected.values().sum::<u64>());
        let active = expected.iter().filter(|(status, _)| !status.is_over()).map(|(_, n)| n).sum::<u64>();
        prop_assert_eq!(counts.active, active);
    }
    Ok(())
}
