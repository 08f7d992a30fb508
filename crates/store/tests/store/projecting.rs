//! Batches go in once, however often they come.

use crate::calls::*;
use jiff::SignedDuration;
use std::sync::Arc;
use trunkline_core::call::*;
use trunkline_core::id::*;
use trunkline_core::private::{Address, Private};
use trunkline_store::{Away, CallFilter, PageRequest, Position, Projection, StoreError, Suppression, Turns};

on_each_engine!(
    a_projected_call_is_found_by_each_of_its_names,
    a_session_names_its_newest_call,
    a_webhook_about_a_stray_finds_its_call,
    what_was_not_projected_is_not_there,
    a_list_shows_what_the_fold_says,
    the_history_keeps_refused_events_with_their_reason,
    the_same_batch_twice_changes_nothing,
    a_replay_from_an_older_place_never_shows_an_older_call,
    a_database_that_comes_back_older_is_noticed_before_anything_is_left_out,
    of_two_folds_in_one_batch_the_last_one_counts,
    an_erased_person_leaves_every_column_and_index,
    a_call_that_changes_its_tenant_is_counted_once,
    answers_are_kept_question_by_question,
    of_a_known_call_only_the_turns_that_may_have_changed_are_written,
    a_tenant_sees_nothing_of_another_tenants_calls,
    a_suppression_holds_for_its_tenant_or_for_everyone,
    a_replay_does_not_undo_that_a_suppression_was_lifted,
    a_batch_of_many_calls_goes_in_whole,
    times_keep_their_microseconds,
);

async fn a_projected_call_is_found_by_each_of_its_names(engine: Engine) {
    let place = Place::on(engine).await;
    let story = Story::with(1, 0, |request| request.session = Some(SessionId::new("s-1"))).dialed().rings();
    place.project(5, &[&story]).await;

    let store = &place.store;
    assert_eq!(store.load_call(story.call.id).await.unwrap().as_ref(), Some(&story.call));
    let sid = CarrierCallId::new("CA1");
    assert_eq!(store.call_by_leg(&account(), &sid).await.unwrap().as_ref(), Some(&story.call));
    assert_eq!(store.call_by_carrier_id(&tenant(), &sid).await.unwrap().as_ref(), Some(&story.call));
    let session = SessionId::new("s-1");
    assert_eq!(store.call_by_session(&tenant(), &session).await.unwrap().as_ref(), Some(&story.call));
    assert_eq!(store.cursor(&journal()).await.unwrap().position, Position(5));
}

/// What a restored backup or a standby that lagged looks like to a server that was connected before and is again.
async fn a_database_that_comes_back_older_is_noticed_before_anything_is_left_out(engine: Engine) {
    let place = Place::on(engine).await;
    let (before, after) = (Story::new(1, 0), Story::new(2, 0));
    place.project(2, &[&before]).await;
    place.sql("UPDATE cursors SET position = 1").await;
    let older = |error: StoreError| matches!(error, StoreError::Unavailable { why: Away::Older, .. });
    assert!(older(place.store.project(&batch(3, &[&after])).await.unwrap_err()));
    assert!(older(place.store.sync(&journal()).await.unwrap_err()));
    assert_eq!(place.store.load_call(after.call.id).await.unwrap(), None, "nothing of the batch is there");

    place.sql("UPDATE cursors SET position = 2").await;
    place.project(3, &[&after]).await;
}

async fn a_session_names_its_newest_call(engine: Engine) {
    let place = Place::on(engine).await;
    let session = SessionId::new("s");
    let old = Story::with(1, 0, |request| request.session = Some(session.clone()));
    let new = Story::with(2, 60, |request| request.session = Some(session.clone()));
    place.project(2, &[&new, &old]).await;
    assert_eq!(place.store.call_by_session(&tenant(), &session).await.unwrap().unwrap().id, new.call.id);
}

async fn a_webhook_about_a_stray_finds_its_call(engine: Engine) {
    let place = Place::on(engine).await;
    let mut story = Story::new(1, 0).dialed();
    story.call.strays.insert(CarrierCallId::new("CAstray"), Stray::Found);
    // The call has gone over to another account since; the stray is where the first attempt was.
    let first = AccountId::new("telnyx/first:1");
    story.call.strays.insert(CarrierCallId::new("CAthere"), Stray::Gone);
    story.call.stray_accounts.insert(CarrierCallId::new("CAthere"), first.clone());
    place.project(1, &[&story]).await;
    let found = place.store.call_by_leg(&account(), &CarrierCallId::new("CAstray")).await.unwrap();
    assert_eq!(found.unwrap().id, story.call.id);
    let there = CarrierCallId::new("CAthere");
    assert_eq!(place.store.call_by_leg(&first, &there).await.unwrap().unwrap().id, story.call.id);
    assert_eq!(place.store.call_by_leg(&account(), &there).await.unwrap(), None, "it is not filed there");
}

async fn what_was_not_projected_is_not_there(engine: Engine) {
    let place = Place::on(engine).await;
    let story = Story::new(1, 0);
    assert_eq!(place.store.load_call(story.call.id).await.unwrap(), None);
    assert_eq!(place.store.call_by_leg(&account(), &CarrierCallId::new("CA1")).await.unwrap(), None);
}

async fn a_list_shows_what_the_fold_says(engine: Engine) {
    let place = Place::on(engine).await;
    let mut story = Story::completed(1, 0);
    story.call.price = Some(Price { amount: "-0.0085".to_owned(), unit: "USD".to_owned() });
    place.project(1, &[&story]).await;

    let page = place.store.list(&CallFilter::all_of(tenant()), &PageRequest::first(10)).await.unwrap();
    let row = &page.items[0];
    let call = &story.call;
    assert_eq!((row.id, &row.tenant, &row.account), (call.id, &call.tenant, &call.account));
    assert_eq!(
        (row.status, row.state, row.disposition),
        (Status::Completed, State::Ended, call.disposition())
    );
    assert_eq!((&row.from, &row.to, &row.name), (&call.party.from, &call.party.to, &call.party.name));
    assert_eq!((row.created_at, row.updated_at), (call.created_at, call.updated_at));
    assert_eq!(
        (row.ringing_at, row.answered_at, row.ended_at),
        (call.ringing_at(), call.answered_at(), call.ended_at())
    );
    assert_eq!((row.duration_secs, &row.price), (call.duration_secs(), &call.price));
    assert_eq!(
        (row.script.as_deref(), row.direction, row.kind.as_str()),
        (Some("survey"), Direction::Outbound, "phone")
    );
}

async fn the_history_keeps_refused_events_with_their_reason(engine: Engine) {
    let place = Place::on(engine).await;
    let story = Story::new(1, 0).dialed().ends(EndWord::Busy).rings();
    place.project(9, &[&story]).await;

    let events = place.store.events(&tenant(), story.call.id).await.unwrap();
    assert_eq!(events.len(), story.events.len());
    assert_eq!(events[0].kind, "requested");
    assert_eq!(events[0].applied, Ok(()));
    let last = events.last().unwrap();
    assert_eq!((last.kind.as_str(), last.source), ("progress", Source::Carrier));
    assert_eq!(last.applied, Err("late: the leg is already ended".to_owned()));
    let what: What = serde_json::from_str(events[0].body.reveal().get()).unwrap();
    assert!(matches!(what, What::Requested(request) if request.party == story.call.party));
}

async fn the_same_batch_twice_changes_nothing(engine: Engine) {
    let place = Place::on(engine).await;
    let story = Story::completed(1, 0);
    place.project(7, &[&story]).await;
    let before = everything(&place).await;
    place.project(7, &[&story]).await;
    assert_eq!(everything(&place).await, before);
}

async fn a_replay_from_an_older_place_never_shows_an_older_call(engine: Engine) {
    let place = Place::on(engine).await;
    let ringing = Story::new(1, 0).dialed().rings();
    let ended = ringing.clone().answered().ends(EndWord::Completed);
    place.project(4, &[&ringing]).await;
    place.project(6, &[&ended]).await;
    let before = everything(&place).await;

    place.project(4, &[&ringing]).await;
    assert_eq!(everything(&place).await, before);
    assert_eq!(place.store.cursor(&journal()).await.unwrap().position, Position(6));
}

async fn of_two_folds_in_one_batch_the_last_one_counts(engine: Engine) {
    let place = Place::on(engine).await;
    let ringing = Story::new(1, 0).dialed().rings();
    let ended = ringing.clone().ends(EndWord::Busy);
    place.project(6, &[&ringing, &ended]).await;
    assert_eq!(place.store.load_call(ended.call.id).await.unwrap().unwrap().status(), Status::Busy);
    assert_eq!(place.store.counts(&tenant()).await.unwrap().total, 1);
}

async fn an_erased_person_leaves_every_column_and_index(engine: Engine) {
    let place = Place::on(engine).await;
    let mut story = Story::with(1, 0, |request| request.session = Some(SessionId::new("s"))).dialed();
    place.project(4, &[&story]).await;
    let number = story.call.party.to.clone();
    story.call.party = Party { to: Address::new("erased"), from: Address::new("erased"), ..Party::default() };
    story.call.session = None;
    place.project(5, &[&story]).await;

    let by_number = CallFilter { number: Some(number), ..CallFilter::all_of(tenant()) };
    assert_eq!(place.store.list(&by_number, &PageRequest::first(9)).await.unwrap().items, []);
    assert_eq!(place.store.call_by_session(&tenant(), &SessionId::new("s")).await.unwrap(), None);
    assert_eq!(place.store.load_call(story.call.id).await.unwrap().as_ref(), Some(&story.call));
    let rows = place.sql("SELECT from_number || to_number || coalesce(name, '-') FROM calls").await;
    assert_eq!(rows, ["erasederased-"]);
    assert_eq!(place.store.counts(&tenant()).await.unwrap().total, 1);
}

async fn a_call_that_changes_its_tenant_is_counted_once(engine: Engine) {
    let place = Place::on(engine).await;
    let mut story = Story::new(1, 0);
    place.project(1, &[&story]).await;
    story.call.tenant = TenantId::new("other");
    place.project(2, &[&story]).await;
    assert_eq!(place.store.counts(&tenant()).await.unwrap().total, 0);
    assert_eq!(place.store.counts(&story.call.tenant).await.unwrap().total, 1);
    let page = place.store.list(&CallFilter::all_of(tenant()), &PageRequest::first(9)).await.unwrap();
    assert_eq!(page.items, []);
}

async fn answers_are_kept_question_by_question(engine: Engine) {
    let place = Place::on(engine).await;
    let heard = Heard {
        step: 0,
        ask: 0,
        value: AnswerValue::YesNo(true),
        digits: Some(Private::new("1".to_owned())),
        speech: None,
        recording: Some(RecordingFact {
            id: RecordingId::new("RE1"),
            url: "https://x/RE1".to_owned(),
            duration_secs: Some(3),
        }),
    };
    let story = Story::new(1, 0).dialed().answered().asked(0, "Are you \"well\"?", None).asked(
        1,
        "מה שלומך?",
        Some(heard),
    );
    place.project(6, &[&story]).await;
    let rows = place.sql("SELECT step || '|' || question || '|' || asks || '|' || coalesce(answer_type, '') || '|' \
        || coalesce(answer_value, '') || '|' || coalesce(recording_id, '') || '|' || coalesce(recording_state, '') \
        FROM turns ORDER BY step").await;
    assert_eq!(rows, ["0|Are you \"well\"?|1|yes_no|yes|RE1|named", "1|מה שלומך?|1||||"]);
    let loaded = place.store.load_call(story.call.id).await.unwrap().unwrap();
    assert_eq!(loaded.turns, story.call.turns);
}

async fn of_a_known_call_only_the_turns_that_may_have_changed_are_written(engine: Engine) {
    let place = Place::on(engine).await;
    let story = Story::new(1, 0).dialed().answered().asked(0, "First?", None).asked(1, "Second?", None);
    let batch = |turns: &[u16]| {
        let mut batch = batch(6, &[&story]);
        batch.turns = Turns::Of(turns.iter().map(|step| (story.call.id, *step)).collect());
        for turn in Arc::make_mut(&mut batch.calls[0]).turns.values_mut() {
            turn.question.push('!');
        }
        batch
    };
    let written = async || place.sql("SELECT question FROM turns ORDER BY step").await;

    place.store.project(&batch(&[])).await.unwrap();
    assert_eq!(written().await, ["First?!", "Second?!"], "a call that is new to the tables is written whole");

    place.project(6, &[&story]).await;
    assert_eq!(written().await, ["First?", "Second?"]);
    place.store.project(&batch(&[1])).await.unwrap();
    assert_eq!(written().await, ["First?", "Second?!"]);

    let mut reborn = batch(&[]);
    Arc::make_mut(&mut reborn.calls[0]).party.to = Address::new("");
    place.store.project(&reborn).await.unwrap();
    assert_eq!(written().await, ["First?!", "Second?!"], "a call that is made anew is written whole");
}

async fn a_tenant_sees_nothing_of_another_tenants_calls(engine: Engine) {
    let place = Place::on(engine).await;
    let mine = Story::with(1, 0, |request| request.session = Some(SessionId::new("s"))).dialed();
    place.project(1, &[&mine]).await;
    let other = TenantId::new("other");
    assert!(place.store.events(&other, mine.call.id).await.unwrap().is_empty());
    assert!(place.store.call_by_carrier_id(&other, &CarrierCallId::new("CA1")).await.unwrap().is_none());
    assert!(place.store.call_by_session(&other, &SessionId::new("s")).await.unwrap().is_none());
    assert!(
        place
            .store
            .list(&CallFilter::all_of(other.clone()), &PageRequest::first(9))
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert_eq!(place.store.counts(&other).await.unwrap().total, 0);
}

fn suppression(tenant: Option<TenantId>, number: &str, since: i64) -> Suppression {
    Suppression {
        tenant,
        number: Address::new(number),
        reason: "asked".to_owned(),
        since: at(since),
        lifted_at: None,
    }
}

fn suppressing(upto: u64, suppressions: Vec<Suppression>) -> Projection {
    Projection { suppressions, ..Projection::empty(journal(), Position(upto)) }
}

async fn a_suppression_holds_for_its_tenant_or_for_everyone(engine: Engine) {
    let place = Place::on(engine).await;
    let mine = suppression(Some(tenant()), "+15550100001", 0);
    let theirs = suppression(Some(TenantId::new("other")), "+15550100002", 0);
    let global = suppression(None, "+15550100003", 0);
    place.store.project(&suppressing(1, vec![mine.clone(), theirs.clone(), global.clone()])).await.unwrap();
    assert_eq!(place.store.suppressions(&tenant()).await.unwrap(), [mine.clone(), global.clone()]);
    assert_eq!(place.store.all_suppressions().await.unwrap(), [global, mine, theirs]);
}

async fn a_replay_does_not_undo_that_a_suppression_was_lifted(engine: Engine) {
    let place = Place::on(engine).await;
    let added = suppression(Some(tenant()), "+15550100001", 0);
    let lifted = Suppression { lifted_at: Some(at(9)), ..added.clone() };
    let again = suppression(Some(tenant()), "+15550100001", 20);
    place.store.project(&suppressing(1, vec![added.clone()])).await.unwrap();
    place.store.project(&suppressing(2, vec![lifted])).await.unwrap();
    place.store.project(&suppressing(1, vec![added])).await.unwrap();
    assert_eq!(place.store.suppressions(&tenant()).await.unwrap(), []);
    place.store.project(&suppressing(3, vec![again.clone()])).await.unwrap();
    assert_eq!(place.store.suppressions(&tenant()).await.unwrap(), [again]);
}

async fn a_batch_of_many_calls_goes_in_whole(engine: Engine) {
    let place = Place::on(engine).await;
    let stories: Vec<Story> = (0..700).map(|n| Story::completed(n, i64::try_from(n).unwrap())).collect();
    let all: Vec<&Story> = stories.iter().collect();
    place.project(9_000, &all).await;
    let ids: Vec<CallId> = stories.iter().map(|story| story.call.id).collect();
    let folds = place.store.load_folds(&ids).await.unwrap();
    assert!(folds.iter().eq(stories.iter().map(|story| &story.call)));
    assert_eq!(place.store.counts(&tenant()).await.unwrap().completed, 700);
}

/// Every row of every projected table, as text.
async fn everything(place: &Place) -> Vec<String> {
    let mut rows = Vec::new();
    for columns in [
        "SELECT id || status || updated_at || fold FROM calls ORDER BY id",
        "SELECT call || key || position || applied || body FROM events ORDER BY call, key",
        "SELECT account || carrier_call_id || call || coalesce(CAST(leg AS TEXT), '') FROM legs ORDER BY 1",
        "SELECT tenant || day || status || n FROM call_counts WHERE n <> 0 ORDER BY 1",
        "SELECT node || journal || position FROM cursors",
    ] {
        rows.extend(place.sql(columns).await);
    }
    rows
}

async fn times_keep_their_microseconds(engine: Engine) {
    let place = Place::on(engine).await;
    let mut story = Story::new(1, 0);
    story.call.created_at = at(0).checked_add(SignedDuration::from_micros(123_456)).unwrap();
    place.project(1, &[&story]).await;
    let page = place.store.list(&CallFilter::all_of(tenant()), &PageRequest::first(1)).await.unwrap();
    assert_eq!(page.items[0].created_at, story.call.created_at);
}
