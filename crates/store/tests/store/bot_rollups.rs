//! What bots' talks count by day is what counting them gives, whatever became of their calls.

use crate::calls::*;
use jiff::civil::Date;
use trunkline_core::call::*;
use trunkline_core::private::{Address, Private};
use trunkline_store::{Import, Pruning, TalkRollup, TalkSpan, TalksApart};

on_each_engine!(
    a_talk_counts_once_with_what_is_known_of_it_last,
    talks_are_told_apart_by_day_bot_and_campaign,
    what_is_not_known_of_one_talk_is_counted_apart_and_adds_nothing,
    talks_that_were_imported_pruned_or_erased_are_counted_right,
    talks_that_were_there_before_are_counted_later_and_once,
    sums_of_talks_that_drift_are_found,
);

fn today() -> Date {
    at(0).to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn week() -> TalkSpan {
    let until = today().checked_add(jiff::Span::new().days(7)).unwrap();
    TalkSpan { since: today(), until, campaign: None, bot: None }
}

fn told(news: BotNews) -> What {
    What::Bot(Box::new(BotTold { news }))
}

/// A call in which this bot begins to talk.
fn begins(n: u64, secs: i64, bot: &str) -> Story {
    let story = Story::with(n, secs, |request| {
        request.bot = Some(BotRef { name: bot.to_owned(), version: "v1".to_owned() });
    });
    let story = story.dialed().rings().answered();
    story.then(told(BotNews::Connected { stream: 1, carrier_stream: format!("MZ{n}") }))
}

fn ready(story: Story) -> Story {
    story.then(told(BotNews::ModelReady { stream: 1 }))
}

/// It has said something for which its caller had waited so long.
fn said(story: Story, no: u32, waited_ms: u32) -> Story {
    let words = Words {
        entry: EntryNo::of(1, no),
        text: Private::new("All right.".to_owned()),
        ms: 500,
        state: WordsState::Whole,
        waited_ms: Some(waited_ms),
    };
    story.then(told(BotNews::Said(words)))
}

fn used(story: Story, answers: u32, tokens: u64, cost: Option<&str>) -> Story {
    let cost = cost.map(|amount| Price { amount: amount.to_owned(), unit: "USD".to_owned() });
    let tokens = Tokens([(TokenKind::AudioOut, tokens)].into());
    story.then(told(BotNews::Used { stream: 1, used: Used { answers, counted: answers, tokens, cost } }))
}

/// Two answers that were waited for, and what they cost.
fn talked(n: u64, secs: i64, bot: &str, cost: Option<&str>) -> Story {
    let story = said(said(ready(begins(n, secs, bot)), 1, 200), 2, 800);
    used(story, 2, 60, cost).then(told(BotNews::Over { why: BotOver::Finished })).ends(EndWord::Completed)
}

async fn counted(place: &Place, by: TalksApart) -> Vec<TalkRollup> {
    place.store.talks_counted(&tenant(), &week(), by).await.unwrap()
}

async fn is_sound(place: &Place) {
    let (drift, _) = place.store.drift().await.unwrap();
    assert!(drift.is_empty(), "{drift:?}");
    let flaws: Vec<String> =
        place.store.audit_after("", 100).await.unwrap().into_iter().flat_map(|one| one.flaws).collect();
    assert_eq!(flaws, Vec::<String>::new());
}

async fn a_talk_counts_once_with_what_is_known_of_it_last(engine: Engine) {
    let place = Place::on(engine).await;
    place.store.count_talks_after(None, 10).await.unwrap();
    let begun = said(ready(begins(1, 0, "clinic")), 1, 200);
    for _ in 0..2 {
        place.project(9, &[&begun]).await;
        let all = counted(&place, TalksApart::Bot).await;
        assert_eq!((all.len(), all[0].counts.calls, all[0].counts.unpriced), (1, 1, 1), "{all:?}");
        is_sound(&place).await;
    }
    let over = talked(1, 0, "clinic", Some("0.0125"));
    for _ in 0..2 {
        place.project(20, &[&over]).await;
        let all = counted(&place, TalksApart::Bot).await;
        assert_eq!(all.len(), 1, "{all:?}");
        let one = &all[0];
        assert_eq!((&*one.key, &*one.outcome, &*one.unit), ("clinic", "interrupted", "USD"));
        let counts = one.counts;
        assert_eq!((counts.calls, counts.talked, counts.answers, counts.counted), (1, 1, 2, 2));
        assert_eq!((counts.priced, counts.unpriced, counts.cost), (1, 0, 12_500_000));
        assert_eq!((counts.tokens, counts.wait_ms), ([0, 0, 0, 0, 0, 60], 1_000));
        assert_eq!(counts.waits, [1, 0, 0, 1, 0, 0, 0, 0, 0]);
        is_sound(&place).await;
    }
}

async fn talks_are_told_apart_by_day_bot_and_campaign(engine: Engine) {
    let place = Place::on(engine).await;
    let (one, two) = (talked(1, 0, "clinic", Some("0.01")), talked(2, 86_400, "garage", Some("0.02")));
    let script_alone = Story::completed(3, 5);
    place.project(40, &[&one, &two, &script_alone]).await;
    let keys = |all: Vec<TalkRollup>| -> Vec<(String, i64)> {
        all.into_iter().map(|one| (one.key, one.counts.cost)).collect()
    };
    let tomorrow = today().tomorrow().unwrap().to_string();
    assert_eq!(
        keys(counted(&place, TalksApart::Day).await),
        [(today().to_string(), 10_000_000), (tomorrow, 20_000_000)]
    );
    assert_eq!(
        keys(counted(&place, TalksApart::Bot).await),
        [("clinic".to_owned(), 10_000_000), ("garage".to_owned(), 20_000_000)]
    );
    assert_eq!(keys(counted(&place, TalksApart::Campaign).await), [(String::new(), 30_000_000)]);
    let only = TalkSpan { bot: Some("garage".to_owned()), ..week() };
    assert_eq!(place.store.talks_counted(&tenant(), &only, TalksApart::Day).await.unwrap().len(), 1);
    let other = trunkline_core::id::TenantId::new("other");
    assert_eq!(place.store.talks_counted(&other, &week(), TalksApart::Day).await.unwrap(), []);
    is_sound(&place).await;
}

async fn what_is_not_known_of_one_talk_is_counted_apart_and_adds_nothing(engine: Engine) {
    let place = Place::on(engine).await;
    let nobody_came = Story::with(3, 5, |request| {
        request.bot = Some(BotRef { name: "clinic".to_owned(), version: "v1".to_owned() });
    });
    let stories = [talked(1, 0, "clinic", Some("0.01")), talked(2, 1, "clinic", None), nobody_came.dialed()];
    place.project(40, &stories.iter().collect::<Vec<_>>()).await;
    let all = counted(&place, TalksApart::Bot).await;
    let sum = |of: fn(&TalkRollup) -> i64| all.iter().map(of).sum::<i64>();
    assert_eq!((sum(|one| one.counts.calls), sum(|one| one.counts.talked)), (3, 2));
    assert_eq!((sum(|one| one.counts.priced), sum(|one| one.counts.unpriced)), (1, 1));
    assert_eq!(sum(|one| one.counts.cost), 10_000_000);
}

async fn talks_that_were_imported_pruned_or_erased_are_counted_right(engine: Engine) {
    let place = Place::on(engine).await;
    place.store.count_talks_after(None, 10).await.unwrap();
    let stories: Vec<Story> = (1..4).map(|n| talked(n, 0, "clinic", Some("0.01"))).collect();
    let calls: Vec<Call> = stories.iter().map(|story| story.call.clone()).collect();
    let import = Import { calls, ..Import::default() };
    let sum = async || counted(&place, TalksApart::Bot).await.iter().map(|one| one.counts.cost).sum::<i64>();
    for _ in 0..2 {
        place.store.import(&import).await.unwrap();
        assert_eq!(sum().await, 30_000_000);
        is_sound(&place).await;
    }
    let pruning = Pruning { before: at(1_000), status: None, tenant: None };
    place.store.prune(&pruning, &[stories[0].call.id]).await.unwrap();
    assert_eq!(sum().await, 20_000_000);
    is_sound(&place).await;
    let mut erased = stories[1].call.clone();
    erased.party.to = Address::new("erased");
    place.store.forget(&[erased], &[], &[]).await.unwrap();
    assert_eq!(sum().await, 20_000_000);
    is_sound(&place).await;
}

async fn talks_that_were_there_before_are_counted_later_and_once(engine: Engine) {
    let place = Place::on(engine).await;
    let mut stories: Vec<Story> = (1..6).map(|n| talked(n, 0, "clinic", Some("0.01"))).collect();
    stories.extend((6..9).map(|n| Story::completed(n, 0)));
    place.project(90, &stories.iter().collect::<Vec<_>>()).await;
    let kept = counted(&place, TalksApart::Bot).await;
    // As a database of before this was counted.
    place.sql("DELETE FROM bot_calls").await;
    place.sql("DELETE FROM bot_rollups").await;
    assert_eq!(counted(&place, TalksApart::Bot).await, []);
    is_sound(&place).await;
    // One of them changes before its turn.
    place.project(91, &[&stories[2]]).await;
    let (mut after, mut pages) = (None, 0);
    loop {
        after = place.store.count_talks_after(after, 3).await.unwrap();
        pages += 1;
        if after.is_none() {
            break;
        }
    }
    assert!(pages > 2, "{pages}");
    assert_eq!(counted(&place, TalksApart::Bot).await, kept);
    is_sound(&place).await;
    assert_eq!(place.store.count_talks_after(None, 3).await.unwrap(), None, "all are counted");
}

async fn sums_of_talks_that_drift_are_found(engine: Engine) {
    let place = Place::on(engine).await;
    place.store.count_talks_after(None, 10).await.unwrap();
    place.project(9, &[&talked(1, 0, "clinic", Some("0.01"))]).await;
    is_sound(&place).await;
    place.sql("UPDATE bot_rollups SET w250 = w250 + 1").await;
    let (drift, _) = place.store.drift().await.unwrap();
    assert_eq!(drift.iter().map(|one| &*one.of).collect::<Vec<_>>(), ["talks of bot clinic"]);
    place.sql("UPDATE bot_rollups SET w250 = w250 - 1").await;
    is_sound(&place).await;
    place.sql("UPDATE bot_calls SET cost = cost + 1").await;
    place.sql("UPDATE bot_rollups SET cost = cost + 1").await;
    assert!(place.store.drift().await.unwrap().0.is_empty(), "the two agree, and the fold says otherwise");
    let audited = place.store.audit_after("", 10).await.unwrap();
    assert_eq!(audited[0].flaws, ["its talk is not counted as its fold says"]);
}
