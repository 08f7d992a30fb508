//! The queue's rows taken from one database into another, looked at for contradictions, and gone when they have had their
//! time.

use crate::calls::{Engine, Place, at, on_each_engine};
use crate::queue::{call_id, campaign, campaign_id, claiming, enqueue, job_id, new_job, news, over, tenant};
use trunkline_core::call::Disposition;
use trunkline_core::campaign::CampaignState;
use trunkline_core::id::{LeadId, NodeId};
use trunkline_store::{Import, Leads, QueueCount, QueueRows, Retired, Saved, Store, StoredCampaign};

on_each_engine!(
    a_queue_is_the_same_in_the_other_engine_and_goes_in_once,
    a_job_finds_its_person_where_they_have_another_id,
    a_queue_that_agrees_with_itself_has_no_flaw,
    whatever_contradicts_itself_is_found,
    a_closed_campaign_goes_with_its_jobs_and_attempts_and_an_open_one_stays,
);

/// A campaign with a job that is over, one being dialed, and one that waits.
async fn half_done(place: &Place) {
    assert_eq!(place.store.add_campaign(&campaign(1)).await.unwrap(), Saved::Yes);
    let jobs = [new_job(1, "+15550100001"), new_job(2, "+15550100002"), new_job(3, "+15550100003")];
    assert_eq!(enqueue(place, 1, &jobs).await.len(), 3);
    let wanted = [claiming(1, "pair 1"), claiming(2, "pair 2")];
    assert_eq!(place.store.claim(&NodeId::new("one"), &wanted, at(5)).await.unwrap().len(), 2);
    let done = place.store.change_jobs(&[news(1, over(1, Disposition::Completed, 7), 7)]).await.unwrap();
    assert!(done[0].is_ok());
}

async fn rows(store: &Store) -> QueueRows {
    QueueRows {
        leads: store.leads_after(None, 100).await.unwrap(),
        jobs: store.jobs_after(None, 100).await.unwrap(),
        attempts: store.attempts_after(None, 100).await.unwrap(),
        campaigns: store.campaigns().await.unwrap().whole().unwrap(),
    }
}

const ROWS: [&str; 4] = [
    "SELECT id || tenant || number || raw || COALESCE(name, '-') || fields || created_at || updated_at FROM leads ORDER BY id",
    "SELECT id || campaign || lead || number || state || bucket || priority || ready_at || COALESCE(gate, '-') \
     || COALESCE(dedup, '-') || COALESCE(node, '-') || COALESCE(pair, '-') || updated_at || variables || fold FROM jobs ORDER BY id",
    "SELECT call || tenant || campaign || job || no || node || claimed_at FROM attempts ORDER BY call",
    "SELECT id || tenant || name || state || created_at || updated_at || fold FROM campaigns ORDER BY id",
];

async fn a_queue_is_the_same_in_the_other_engine_and_goes_in_once(engine: Engine) {
    let place = Place::on(engine).await;
    half_done(&place).await;
    let whole = Import { people: Leads::Apart, queue: rows(&place.store).await, ..Import::default() };
    assert_eq!(whole.queue.count(), QueueCount { leads: 3, jobs: 3, attempts: 2, campaigns: 1 });
    for other in [Engine::Sqlite, Engine::Postgres] {
        let copy = Place::on(other).await;
        let stand = copy.store.campaigns_stand().await.unwrap();
        assert_eq!(copy.store.import(&whole).await.unwrap().queue, whole.queue.count());
        for text in ROWS {
            assert_eq!(copy.sql(text).await, place.sql(text).await, "{text}");
        }
        assert_ne!(
            copy.store.campaigns_stand().await.unwrap(),
            stand,
            "nodes see that there is something new"
        );
        assert_eq!(copy.store.import(&whole).await.unwrap().queue, QueueCount::default(), "done once");
    }
}

async fn a_job_finds_its_person_where_they_have_another_id(engine: Engine) {
    let place = Place::on(engine).await;
    half_done(&place).await;
    let whole = Import { people: Leads::Apart, queue: rows(&place.store).await, ..Import::default() };
    let copy = Place::on(engine).await;
    let mut known = new_job(9, "+15550100003").lead;
    known.id = LeadId::minted(at(0), [99; 10]);
    copy.store.add_leads(&tenant(), &[known.clone()], at(0)).await.unwrap();
    let new = copy.store.import(&whole).await.unwrap().queue;
    assert_eq!((new.leads, new.jobs), (2, 3), "who is known stays");
    let job = copy.store.job(&tenant(), job_id(3)).await.unwrap().unwrap().job;
    assert_eq!(job.lead, known.id);
    assert!(flaws(&copy).await.is_empty());
}

async fn flaws(place: &Place) -> Vec<String> {
    let jobs = place.store.audit_jobs_after("", 100).await.unwrap();
    jobs.into_iter().flat_map(|job| job.flaws).collect()
}

async fn a_queue_that_agrees_with_itself_has_no_flaw(engine: Engine) {
    let place = Place::on(engine).await;
    half_done(&place).await;
    assert!(flaws(&place).await.is_empty());
    let counted = place.store.count_attempts().await.unwrap();
    assert_eq!((counted.all, counted.without_job, counted.without_call), (2, 0, 2));
    let calls = [(call_id(1), job_id(1)), (call_id(7), job_id(3)), (call_id(8), job_id(8))];
    assert_eq!(place.store.calls_without_attempt(&calls).await.unwrap(), [call_id(7)]);
}

async fn whatever_contradicts_itself_is_found(engine: Engine) {
    let table = [
        ("UPDATE jobs SET state = 'waiting' WHERE state = 'dialing'", "column state"),
        ("UPDATE jobs SET bucket = 'parked' WHERE state = 'waiting'", "column bucket"),
        ("UPDATE jobs SET node = NULL, pair = NULL", "column node"),
        ("UPDATE jobs SET fold = '{}' WHERE state = 'waiting'", "fold can't be read"),
        ("DELETE FROM leads WHERE number = '+15550100003'", "its lead is not there"),
        ("DELETE FROM campaigns", "its campaign is not there"),
        ("DELETE FROM attempts", "no attempt tells of it"),
    ];
    for (spoil, expected) in table {
        let place = Place::on(engine).await;
        half_done(&place).await;
        place.sql(spoil).await;
        let found = flaws(&place).await;
        assert!(found.iter().any(|flaw| flaw.contains(expected)), "{spoil}: {found:?}");
    }
}

async fn a_closed_campaign_goes_with_its_jobs_and_attempts_and_an_open_one_stays(engine: Engine) {
    let place = Place::on(engine).await;
    half_done(&place).await;
    let closed = StoredCampaign { state: CampaignState::Cancelled, updated_at: at(60), ..campaign(1) };
    assert_eq!(place.store.change_campaign(&closed).await.unwrap(), Saved::Yes);
    let before = async |secs| place.store.closed_before(at(secs), None).await.unwrap();
    assert!(before(100).await.is_empty(), "a job of it is being dialed");
    let ends = [2, 3].map(|n| news(n, over(u32::from(n == 2), Disposition::Completed, 70), 70));
    place.store.change_jobs(&ends).await.unwrap();
    assert!(before(100).await.is_empty(), "a job of it waits");
    let cancel = news(3, trunkline_core::queue::News::Fact(trunkline_core::queue::Happened::Canceled), 71);
    place.store.change_jobs(&[cancel]).await.unwrap();
    assert!(before(60).await.is_empty(), "it was closed later");
    assert_eq!(before(100).await, [campaign_id(1)]);
    let weight = Retired { campaigns: 1, jobs: 3, attempts: 2 };
    assert_eq!(place.store.weigh_campaign(campaign_id(1)).await.unwrap(), weight);
    let first = place.store.retire_campaign(campaign_id(1), 2).await.unwrap();
    let second = place.store.retire_campaign(campaign_id(1), 2).await.unwrap();
    assert_eq!((first.jobs, first.campaigns), (2, 0));
    assert_eq!((second.jobs, second.campaigns, first.attempts + second.attempts), (1, 1, 2));
    assert_eq!(place.store.progress(campaign_id(1)).await.unwrap().total(), 0);
    assert_eq!(place.store.leads(&tenant(), None, 10).await.unwrap().len(), 3, "people stay");
}
