//! What can happen to a server: killed, frozen, silent, refused, its answer lost. Told within seconds, over when it is
//! over, and everything is there once.

use crate::calls::*;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use trunkline_core::call::EndWord;
use trunkline_store::{Away, Position, PostgresUrl, Projection, Store, StoreError, Target};
use trunkline_testkit::postgres::{Database, PASSWORD, Server, tls};
use trunkline_testkit::proxy::{Proxy, Weather};

/// Nobody waits longer than this to hear that the database is away.
const SOON: Duration = Duration::from_millis(3_500);

fn away(error: &StoreError) -> Option<Away> {
    match error {
        StoreError::Unavailable { why, .. } => Some(*why),
        _ => None,
    }
}

fn target(url: &str) -> Target {
    Target::Postgres(url.parse().unwrap())
}

async fn open(url: &str) -> Store {
    let store = Store::open(&target(url)).await.unwrap();
    store.cursor(&journal()).await.unwrap();
    store
}

/// How long it takes until a question and a batch are told that the database is away, and why.
async fn told(store: &Store) -> (Option<Away>, Option<Away>) {
    let begun = Instant::now();
    let read = store.counts(&tenant()).await.unwrap_err();
    assert!(begun.elapsed() < SOON, "a question waited {:?}: {read}", begun.elapsed());
    let begun = Instant::now();
    let write = store.project(&batch(9, &[&Story::new(9, 0)])).await.unwrap_err();
    assert!(begun.elapsed() < SOON, "a batch waited {:?}: {write}", begun.elapsed());
    assert!(read.is_transient() && write.is_transient());
    (away(&read), away(&write))
}

/// Asks until the database answers.
async fn back(store: &Store) {
    let begun = Instant::now();
    while let Err(error) = store.counts(&tenant()).await {
        assert!(error.is_transient() && begun.elapsed() < Duration::from_secs(20), "{error}");
    }
}

#[tokio::test]
async fn a_killed_server_is_told_soon_and_used_again_when_it_is_back() {
    let server = Server::start().unwrap();
    let database = server.database().unwrap();
    let store = open(&database.url()).await;
    let story = Story::completed(1, 0);
    store.project(&batch(5, &[&story])).await.unwrap();
    assert_eq!(store.sync(&journal()).await.unwrap(), Position(5));

    server.kill().unwrap();
    told(&store).await;
    let error = Store::open(&target(&database.url())).await.err().unwrap();
    assert_eq!(away(&error), Some(Away::Unreachable), "{error}");

    server.begin().unwrap();
    back(&store).await;
    assert_eq!(store.load_call(story.call.id).await.unwrap(), Some(story.call), "what was synced is there");
    store.project(&batch(6, &[&Story::completed(2, 0)])).await.unwrap();
    assert_eq!(store.counts(&tenant()).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_frozen_server_keeps_nobody_waiting_and_goes_on_when_it_does() {
    let server = Server::start().unwrap();
    let database = server.database().unwrap();
    let store = open(&database.url()).await;
    store.project(&batch(1, &[&Story::new(1, 0)])).await.unwrap();

    server.freeze().unwrap();
    assert_eq!(told(&store).await, (Some(Away::Silent), Some(Away::Silent)));
    // More than there are connections: a pool that waited for its own would stand still now.
    let asked: Vec<_> =
        (0..20).map(|_| store.clone()).map(|store| async move { store.counts(&tenant()).await }).collect();
    let begun = Instant::now();
    for answer in asked.into_iter().map(tokio::spawn).collect::<Vec<_>>() {
        assert!(answer.await.unwrap().is_err());
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    // Somebody loses patience before the store does, as a webhook would.
    for _ in 0..10 {
        let _ = tokio::time::timeout(Duration::from_millis(5), store.counts(&tenant())).await;
    }
    let error = Store::open(&target(&database.url())).await.err().unwrap();
    assert_eq!(away(&error), Some(Away::Silent), "{error}");

    server.thaw().unwrap();
    back(&store).await;
    store.project(&batch(2, &[&Story::new(2, 0)])).await.unwrap();
    assert_eq!(store.counts(&tenant()).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_way_that_swallows_everything_is_told_as_silence() {
    let database = Server::shared().database().unwrap();
    let proxy = Proxy::before(database.server().port()).unwrap();
    let store = open(&database.url_at(proxy.port())).await;
    proxy.is(Weather::BlackHole).unwrap();
    assert_eq!(told(&store).await, (Some(Away::Silent), Some(Away::Silent)));
    proxy.is(Weather::Fair).unwrap();
    back(&store).await;
    proxy.is(Weather::Refusing).unwrap();
    told(&store).await;
    proxy.is(Weather::Fair).unwrap();
    back(&store).await;
}

#[tokio::test]
async fn a_slow_way_is_no_outage() {
    let database = Server::shared().database().unwrap();
    let proxy = Proxy::before(database.server().port()).unwrap();
    proxy.is(Weather::Slow(Duration::from_millis(40))).unwrap();
    let store = open(&database.url_at(proxy.port())).await;
    store.project(&batch(1, &[&Story::completed(1, 0)])).await.unwrap();
    assert_eq!(store.counts(&tenant()).await.unwrap().total, 1);
}

/// F-09: the server has committed, and nobody was told.
#[tokio::test]
async fn a_batch_whose_commit_was_not_answered_is_applied_once() {
    let database = Server::shared().database().unwrap();
    let proxy = Proxy::before(database.server().port()).unwrap();
    let store = open(&database.url_at(proxy.port())).await;
    // Whose first event makes the month.
    store.project(&batch(1, &[&Story::new(0, 0)])).await.unwrap();
    let stories: Vec<Story> = (1..=20).map(|n| Story::completed(n, i64::try_from(n).unwrap())).collect();
    for (story, upto) in stories.iter().zip(1_u64..) {
        let batch = batch(upto * 10, &[story]);
        proxy.swallow_answers_to(b"COMMIT", 1);
        let error = store.project(&batch).await.unwrap_err();
        assert!(error.is_transient(), "{error}");
        // The control: it was not undone, so a program that counted it again would count it twice.
        assert_eq!(database.sql("SELECT position FROM cursors").unwrap(), format!("{}\n", upto * 10));
        store.project(&batch).await.unwrap();
    }
    assert_eq!(proxy.swallowed(), 20);
    let counts = store.counts(&tenant()).await.unwrap();
    assert_eq!((counts.total, counts.completed), (21, 20));
    let events: usize = 1 + stories.iter().map(|story| story.events.len()).sum::<usize>();
    assert_eq!(database.sql("SELECT count(*) FROM events").unwrap(), format!("{events}\n"));
}

/// Runs SQL in another session, on a thread of its own.
fn meanwhile(database: &Arc<Database<'static>>, sql: String) -> JoinHandle<std::io::Result<String>> {
    let database = database.clone();
    std::thread::spawn(move || database.sql(&sql))
}

/// Waits until SQL that counts finds something.
fn until(database: &Database<'_>, count: &str) {
    let begun = Instant::now();
    while database.sql(count).unwrap() == "0\n" {
        assert!(begun.elapsed() < Duration::from_secs(10), "it never came: {count}");
    }
}

/// F-11. The other transaction holds the second call and then wants the first; a batch locks them in order.
#[tokio::test]
async fn a_batch_that_must_give_way_is_tried_again_at_once() {
    let database = Arc::new(Server::shared().database().unwrap());
    let store = open(&database.url()).await;
    let (one, two) = (Story::new(1, 0), Story::new(2, 0));
    store.project(&batch(2, &[&one, &two])).await.unwrap();

    // It looks for deadlocks later than the batch does: the batch is the one to give way.
    let waits =
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let update = |story: &Story| format!("UPDATE calls SET question = 1 WHERE id = '{}'", story.call.id);
    let other = meanwhile(
        &database,
        format!(
            "SET deadlock_timeout = '60s'; BEGIN; {}; SELECT pg_advisory_lock(7); \
             DO $$ BEGIN WHILE NOT EXISTS ({waits}) LOOP PERFORM pg_stat_clear_snapshot(), pg_sleep(0.01); END LOOP; \
             END $$; {}; COMMIT",
            update(&two),
            update(&one)
        ),
    );
    until(&database, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7");
    let (one, two) = (one.dialed(), two.dialed());
    store.project(&batch(8, &[&one, &two])).await.unwrap();
    other.join().unwrap().unwrap();

    assert_eq!(store.cursor(&journal()).await.unwrap().position, Position(8));
    // The control: there was one.
    until(&database, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
}

#[tokio::test]
async fn a_lock_that_lasts_is_told_and_nothing_waits_for_ever() {
    let database = Arc::new(Server::shared().database().unwrap());
    let store = open(&database.url()).await;
    let other = meanwhile(&database, "BEGIN; LOCK TABLE calls; SELECT pg_sleep(4); COMMIT".to_owned());
    until(&database, "SELECT count(*) FROM pg_locks WHERE relation = 'calls'::regclass AND granted");
    let error = store.project(&batch(1, &[&Story::new(1, 0)])).await.unwrap_err();
    assert_eq!(away(&error), Some(Away::Locked), "{error}");
    other.join().unwrap().unwrap();
    store.project(&batch(1, &[&Story::new(1, 0)])).await.unwrap();
}

#[tokio::test]
async fn who_is_not_let_in_hears_why_and_the_password_is_not_shown() {
    let database = Server::shared().database().unwrap();
    let url = database.url();
    let table = [
        (url.replace(PASSWORD, "pw-that-is-wrong"), Away::Denied),
        (url.replace("/test_", "/nowhere_"), Away::Missing),
        (format!("{url}?sslmode=require"), Away::Untrusted),
    ];
    for (url, why) in table {
        let error = Store::open(&target(&url)).await.err().unwrap();
        assert_eq!(away(&error), Some(why), "{error}");
        let shown = format!("{error} {error:?} {:?} {}", target(&url), target(&url));
        assert!(!shown.contains("pw-"), "{shown}");
    }
}

#[tokio::test]
async fn by_tls_a_server_is_who_its_certificate_says_and_nobody_else() {
    let server = Server::start().unwrap();
    server.stop().unwrap();
    server.learns_tls().unwrap();
    server.begin().unwrap();
    let database = server.database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [ours, strangers] = [("ours", tls::AUTHORITY), ("strangers", tls::STRANGER)].map(|(name, pem)| {
        let file = folder.path().join(format!("{name}.pem"));
        std::fs::write(&file, pem).unwrap();
        file.display().to_string()
    });
    // Its certificate is for `localhost`.
    let named = database.url().replace("@127.0.0.1:", "@localhost:");
    assert_ne!(named, database.url());

    for let_in in [
        format!("{}?sslmode=require", database.url()),
        format!("{}?sslmode=verify-ca&sslrootcert={ours}", database.url()),
        format!("{named}?sslmode=verify-full&sslrootcert={ours}"),
    ] {
        let store = open(&let_in).await;
        let by_tls = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                      WHERE ssl AND datname = current_database()";
        assert_ne!(database.sql(by_tls).unwrap(), "0\n", "{let_in}");
        store.close().await;
        until(&database, &by_tls.replace("count(*)", "(count(*) = 0)::int"));
    }
    for refused in [
        format!("{named}?sslmode=verify-full"),
        format!("{named}?sslmode=verify-full&sslrootcert={strangers}"),
        format!("{}?sslmode=verify-full&sslrootcert={ours}", database.url()),
        format!("{}?sslmode=verify-ca&sslrootcert={strangers}", database.url()),
    ] {
        let error = Store::open(&target(&refused)).await.err().unwrap();
        assert_eq!(away(&error), Some(Away::Untrusted), "{refused}: {error}");
    }
}

#[tokio::test]
async fn events_and_turns_stand_in_the_month_in_which_their_call_began() {
    let place = Place::on(Engine::Postgres).await;
    let MadeOf::Server(database) = &place.made_of else { unreachable!() };
    let month = Duration::from_secs(31 * 86_400);
    let (now, later) = (Story::completed(1, 0), Story::new(2, i64::try_from(month.as_secs()).unwrap()));
    let at_the_carrier = {
        let mut story = Story::new(3, 0);
        let derived =
            trunkline_core::id::CallId::derived(&account(), &trunkline_core::id::CarrierCallId::new("CA3"));
        story.call.id = derived;
        story.events.iter_mut().for_each(|event| event.call = derived);
        story
    };
    place.project(9, &[&now, &later, &at_the_carrier]).await;
    let partitions = |database: &Database<'_>| {
        let sql = "SELECT tableoid::regclass::text, count(DISTINCT call) FROM events GROUP BY 1 ORDER BY 1";
        database.sql(sql).unwrap()
    };
    assert_eq!(partitions(database), "events_202609|1\nevents_202610|1\nevents_undated|1\n");
    // The month after the last is there already.
    assert_eq!(database.sql("SELECT to_regclass('turns_202611') IS NOT NULL").unwrap(), "t\n");
    for story in [&now, &later, &at_the_carrier] {
        let events = place.store.events(&tenant(), story.call.id).await.unwrap();
        assert_eq!(events.len(), story.events.len());
    }
}

#[tokio::test]
async fn a_month_that_cannot_be_made_refuses_nothing() {
    let place = Place::on(Engine::Postgres).await;
    place
        .sql(
            "CREATE OR REPLACE FUNCTION make_months(calls JSONB) RETURNS VOID LANGUAGE plpgsql AS $$ \
        BEGIN RAISE EXCEPTION 'not today'; END $$",
        )
        .await;
    let story = Story::new(1, 0).dialed().ends(EndWord::Busy);
    place.project(9, &[&story]).await;
    assert_eq!(place.sql("SELECT DISTINCT tableoid::regclass FROM events").await, ["events_default"]);
    assert_eq!(place.store.events(&tenant(), story.call.id).await.unwrap().len(), story.events.len());
}

#[tokio::test]
async fn what_a_crash_may_take_back_was_not_called_synced() {
    let server = Server::start().unwrap();
    // Commits that do not wait are written so late that this test's are lost with the server.
    server.sql("postgres", "ALTER SYSTEM SET wal_writer_delay = '10s'").unwrap();
    server.sql("postgres", "SELECT pg_reload_conf()").unwrap();
    let database = server.database().unwrap();
    let store = open(&database.url()).await;
    store.project(&batch(5, &[&Story::completed(1, 0)])).await.unwrap();
    let synced = store.sync(&journal()).await.unwrap();
    store.project(&batch(9, &[&Story::completed(2, 0)])).await.unwrap();
    server.kill().unwrap();
    server.begin().unwrap();
    back(&store).await;
    let older = store.cursor(&journal()).await.unwrap_err();
    assert!(matches!(older, StoreError::Unavailable { why: Away::Older, .. }), "{older}: it had more before");
    let store = open(&database.url()).await;
    let cursor = store.cursor(&journal()).await.unwrap();
    assert!(cursor.position >= synced && synced == Position(5), "{cursor:?}");
    // The control: the second batch was taken back, and comes again from the journal.
    assert_eq!(cursor.position, Position(5));
    store.project(&batch(9, &[&Story::completed(2, 0)])).await.unwrap();
    assert_eq!(store.counts(&tenant()).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_projection_does_not_wait_for_the_disk_and_a_sync_does() {
    let database = Server::shared().database().unwrap();
    let store = open(&database.url()).await;
    let spied = "CREATE TABLE seen (level TEXT); \
        CREATE FUNCTION spy() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN \
        INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$; \
        CREATE TRIGGER spy AFTER UPDATE ON cursors FOR EACH ROW EXECUTE FUNCTION spy()";
    database.sql(spied).unwrap();
    store.project(&Projection::empty(journal(), Position(1))).await.unwrap();
    store.sync(&journal()).await.unwrap();
    assert_eq!(database.sql("SELECT level FROM seen").unwrap(), "off\non\n");
}

#[test]
fn an_address_is_read_once_and_kept_without_showing_its_password() {
    let url: PostgresUrl = format!("postgres://me:{PASSWORD}@db/calls").parse().unwrap();
    assert!(!format!("{url} {url:?}").contains(PASSWORD));
}

#[tokio::test]
async fn a_month_whose_partition_can_not_be_made_is_told_and_its_rows_are_kept() {
    let database = Server::shared().database().unwrap();
    let store = open(&database.url()).await;
    let story = Story::completed(1, 0);
    store.project(&batch(1, &[&Story::new(2, 400 * 86_400)])).await.unwrap();
    assert_eq!(store.unparted(), None, "the control");
    // Somebody's rows of the month are where no partition was.
    let id = story.call.id;
    let row = format!(
        "INSERT INTO events_default (call, month, tenant, key, position, received_at, source, kind, applied, body) \
         SELECT '{id}', call_month('{id}'), 't', 'k', 1, 0, 'api', 'x', 1, '{{}}'"
    );
    database.sql(&row).unwrap();
    store.project(&batch(2, &[&story])).await.unwrap();
    let why = store.unparted().unwrap();
    assert!(why.contains("events_") && why.contains("could not be made"), "{why}");
    assert_eq!(store.load_call(id).await.unwrap(), Some(story.call));
    let lasting = Story::completed(3, 800 * 86_400);
    store.project(&batch(3, &[&lasting])).await.unwrap();
    assert_eq!(store.unparted(), None, "of these days all are there");
}
