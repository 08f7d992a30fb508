//! The queue's rows: who is there is there once, of two who claim one is told that it came late, and what a call says of its
//! job goes in with the call.

use crate::calls::{Engine, Place, Story, at, journal, on_each_engine};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trunkline_core::call::Disposition;
use trunkline_core::campaign::{AttemptEnd, CallerIds, Campaign, CampaignState, RetryPolicy, Wish};
use trunkline_core::dial::gates::Closed;
use trunkline_core::id::{AttemptNo, CallId, CampaignId, DedupKey, JobId, LeadId, NodeId, TenantId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::{Address, Private};
use trunkline_core::queue::{Done, Happened, JobRefused, JobState, News, Priority};
use trunkline_store::{
    CappedBy, Claiming, DayCap, JobNews, NewJob, NewLead, Position, Projection, Saved, StoredCampaign,
};

on_each_engine!(
    a_campaign_is_changed_by_one_of_two_who_read_it,
    a_person_is_in_a_campaign_once_and_a_lead_is_one_person_of_a_tenant,
    an_open_dedup_key_lets_nobody_else_in,
    heads_come_by_level_and_by_how_long_they_have_waited,
    levels_are_due_and_campaigns_unfinished_while_somebody_waits,
    of_two_nodes_that_claim_a_job_one_gets_it,
    two_nodes_that_looked_before_share_what_is_left_of_the_day,
    one_attempt_of_a_pair_is_open_at_a_time,
    of_two_nodes_that_want_one_person_one_calls_whatever_number_they_show,
    a_person_who_is_forgotten_is_neither_called_nor_known,
    every_call_makes_its_person_a_lead_once,
    a_lead_is_the_same_however_its_calls_were_batched,
    a_days_calls_are_those_that_the_carrier_had_or_may_have,
    what_a_call_says_of_its_job_goes_in_with_the_call_and_once,
    a_claim_that_the_database_lost_is_told_by_the_journal,
    what_was_found_closed_is_looked_at_later,
    another_tenants_jobs_and_leads_are_not_there,
);

pub fn tenant() -> TenantId {
    TenantId::new("acme")
}

pub fn campaign_id(n: u8) -> CampaignId {
    CampaignId::minted(at(0), [n; 10])
}

pub fn job_id(n: u8) -> JobId {
    JobId::minted(at(i64::from(n)), [n; 10])
}

pub fn call_id(n: u8) -> CallId {
    CallId::new(at(i64::from(n)), [n; 10])
}

pub fn campaign(n: u8) -> StoredCampaign {
    let number = PhoneNumber::parse("+15550100100", None).unwrap().number;
    let policy = serde_json::json!({ "name": format!("c{n}"), "script": "questions", "caller_ids": CallerIds::one(number) });
    let policy: Campaign = serde_json::from_value(policy).unwrap();
    StoredCampaign {
        id: campaign_id(n),
        tenant: tenant(),
        state: CampaignState::Draft,
        policy,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

pub fn new_job(n: u8, number: &str) -> NewJob {
    let lead = NewLead {
        id: LeadId::minted(at(i64::from(n)), [n; 10]),
        number: Address::new(number),
        raw: Private::new(format!("raw {number}")),
        name: Some(Private::new(format!("Person {n}"))),
        zone: None,
        fields: Private::new(BTreeMap::from([("city".to_owned(), "Haifa".to_owned())])),
    };
    NewJob { id: job_id(n), lead, priority: Priority::Default, dedup: None, not_before: None }
}

pub async fn enqueue(place: &Place, campaign: u8, jobs: &[NewJob]) -> BTreeSet<JobId> {
    place.store.enqueue(&tenant(), campaign_id(campaign), jobs, at(1)).await.unwrap()
}

pub fn claiming(n: u8, pair: &str) -> Claiming {
    Claiming { job: job_id(n), call: call_id(n), pair: pair.to_owned(), caps: vec![] }
}

pub fn news(n: u8, news: News, secs: i64) -> JobNews {
    JobNews { job: job_id(n), call: None, news, policy: Arc::new(RetryPolicy::default()), at: at(secs) }
}

pub fn over(attempt: u32, disposition: Disposition, secs: i64) -> News {
    let end = AttemptEnd { disposition, outcome: None, at: at(secs), person: Wish::None };
    News::Over { attempt: AttemptNo(attempt), end }
}

async fn a_campaign_is_changed_by_one_of_two_who_read_it(engine: Engine) {
    let place = Place::on(engine).await;
    assert_eq!(place.store.add_campaign(&campaign(1)).await.unwrap(), Saved::Yes);
    assert_eq!(
        place.store.add_campaign(&StoredCampaign { id: campaign_id(2), ..campaign(1) }).await.unwrap(),
        Saved::Conflict
    );
    let before = place.store.campaigns_stand().await.unwrap();
    let [mut one, mut other] = [(); 2].map(|()| campaign(1));
    one.state = CampaignState::Running;
    other.state = CampaignState::Cancelled;
    assert_eq!(place.store.change_campaign(&one).await.unwrap(), Saved::Yes);
    assert_eq!(place.store.change_campaign(&other).await.unwrap(), Saved::Conflict);
    let kept = place.store.campaigns().await.unwrap().whole().unwrap();
    assert_eq!(kept, [StoredCampaign { version: 2, ..one }]);
    assert_ne!(place.store.campaigns_stand().await.unwrap(), before);
}

async fn a_person_is_in_a_campaign_once_and_a_lead_is_one_person_of_a_tenant(engine: Engine) {
    let place = Place::on(engine).await;
    assert_eq!(enqueue(&place, 1, &[new_job(1, "+15550100001")]).await, BTreeSet::from([job_id(1)]));
    let again = [new_job(2, "+15550100001"), new_job(3, "+15550100003")];
    assert_eq!(enqueue(&place, 1, &again).await, BTreeSet::from([job_id(3)]));
    assert_eq!(enqueue(&place, 2, &[new_job(4, "+15550100001")]).await, BTreeSet::from([job_id(4)]));
    let leads = place.store.leads(&tenant(), None, 10).await.unwrap();
    let numbers: Vec<_> =
        leads.iter().map(|lead| (lead.number.as_str(), lead.raw.reveal().as_str())).collect();
    assert_eq!(numbers, [("+15550100001", "raw +15550100001"), ("+15550100003", "raw +15550100003")]);
    let progress = place.store.progress(campaign_id(1)).await.unwrap();
    assert_eq!((progress.waiting, progress.total()), (2, 2));
}

async fn an_open_dedup_key_lets_nobody_else_in(engine: Engine) {
    let place = Place::on(engine).await;
    let keyed = |n, number| NewJob { dedup: Some(DedupKey::new("order-7")), ..new_job(n, number) };
    assert_eq!(enqueue(&place, 1, &[keyed(1, "+15550100001")]).await.len(), 1);
    assert_eq!(enqueue(&place, 1, &[keyed(2, "+15550100002")]).await.len(), 0);
    let done = place.store.change_jobs(&[news(1, News::Fact(Happened::Canceled), 5)]).await.unwrap();
    assert!(done[0].is_ok());
    assert_eq!(enqueue(&place, 1, &[keyed(3, "+15550100003")]).await.len(), 1, "the first is over");
}

async fn heads_come_by_level_and_by_how_long_they_have_waited(engine: Engine) {
    let place = Place::on(engine).await;
    let low = NewJob { priority: Priority::Low, ..new_job(1, "+15550100001") };
    let later = NewJob { not_before: Some(at(100)), ..new_job(2, "+15550100002") };
    enqueue(&place, 1, &[low, later, new_job(3, "+15550100003"), new_job(4, "+15550100004")]).await;
    let heads = async |priority, secs| {
        let heads = place.store.heads(campaign_id(1), priority, at(secs), 10).await.unwrap();
        heads.into_iter().map(|queued| queued.job.id).collect::<Vec<_>>()
    };
    assert_eq!(heads(Priority::Default, 10).await, [job_id(3), job_id(4)]);
    assert_eq!(heads(Priority::Default, 100).await, [job_id(3), job_id(4), job_id(2)]);
    assert_eq!(heads(Priority::Low, 10).await, [job_id(1)]);
    let first = place.store.heads(campaign_id(1), Priority::Default, at(10), 1).await.unwrap();
    assert_eq!(first[0].name.as_ref().unwrap().reveal(), "Person 3");
    assert_eq!(first[0].variables.reveal()["city"], "Haifa");
}

async fn levels_are_due_and_campaigns_unfinished_while_somebody_waits(engine: Engine) {
    let place = Place::on(engine).await;
    let low = NewJob { priority: Priority::Low, ..new_job(1, "+15550100001") };
    let later = NewJob { not_before: Some(at(100)), ..new_job(2, "+15550100002") };
    enqueue(&place, 1, &[low, later]).await;
    let all = [campaign_id(1), campaign_id(2)];
    let due = async |secs| place.store.due_levels(&all, at(secs)).await.unwrap();
    let (low, default) = ((campaign_id(1), Priority::Low), (campaign_id(1), Priority::Default));
    assert_eq!(due(50).await, BTreeSet::from([low]));
    assert_eq!(due(100).await, BTreeSet::from([low, default]));
    assert_eq!(place.store.unfinished(&all).await.unwrap(), BTreeSet::from([campaign_id(1)]));
    for job in [1, 2] {
        place.store.change_jobs(&[news(job, News::Fact(Happened::Canceled), 200)]).await.unwrap()[0]
            .as_ref()
            .unwrap();
    }
    assert_eq!(due(300).await, BTreeSet::new());
    assert_eq!(place.store.unfinished(&all).await.unwrap(), BTreeSet::new());
}

async fn two_nodes_that_looked_before_share_what_is_left_of_the_day(engine: Engine) {
    for of in [CappedBy::Campaign(campaign_id(1)), CappedBy::Tenant(tenant())] {
        let place = Place::on(engine).await;
        place.store.add_campaign(&campaign(1)).await.unwrap();
        let jobs: Vec<_> = (1..=4).map(|n| new_job(n, &format!("+1555010000{n}"))).collect();
        enqueue(&place, 1, &jobs).await;
        let caps = vec![DayCap { of, since: at(0), limit: 3 }];
        let capped = |n| Claiming { caps: caps.clone(), ..claiming(n, &format!("pair {n}")) };
        let claim = async |node, wanted: [u8; 2]| {
            let node = NodeId::new(node);
            place.store.claim(&node, &wanted.map(capped), at(5)).await.unwrap().len()
        };
        assert_eq!((claim("one", [1, 2]).await, claim("other", [3, 4]).await), (2, 1), "three in all");
    }
}

async fn of_two_nodes_that_claim_a_job_one_gets_it(engine: Engine) {
    let place = Place::on(engine).await;
    enqueue(&place, 1, &[new_job(1, "+15550100001"), new_job(2, "+15550100002")]).await;
    let [one, other] = ["one", "other"].map(NodeId::new);
    let claimed = place.store.claim(&one, &[claiming(1, "a")], at(5)).await.unwrap();
    assert_eq!(claimed.iter().map(|job| job.id).collect::<Vec<_>>(), [job_id(1)]);
    let both = [Claiming { call: call_id(9), ..claiming(1, "b") }, claiming(2, "c")];
    let claimed = place.store.claim(&other, &both, at(6)).await.unwrap();
    assert_eq!(claimed.iter().map(|job| job.id).collect::<Vec<_>>(), [job_id(2)]);
    let open = place.store.open_jobs().await.unwrap();
    let bound: Vec<_> = open.iter().map(|job| (job.id, job.call().unwrap())).collect();
    assert_eq!(bound, [(job_id(1), call_id(1)), (job_id(2), call_id(2))]);
    let attempts = place.store.attempts(job_id(1)).await.unwrap();
    assert_eq!(
        attempts.iter().map(|one| (one.no, one.call)).collect::<Vec<_>>(),
        [(AttemptNo(1), call_id(1))]
    );
}

async fn one_attempt_of_a_pair_is_open_at_a_time(engine: Engine) {
    let place = Place::on(engine).await;
    enqueue(&place, 1, &[new_job(1, "+15550100001")]).await;
    enqueue(&place, 2, &[new_job(2, "+15550100001")]).await;
    let node = NodeId::new("one");
    let claimed = place.store.claim(&node, &[claiming(1, "pair"), claiming(2, "pair")], at(5)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert!(place.store.claim(&node, &[claiming(2, "pair")], at(6)).await.unwrap().is_empty());
    place.store.change_jobs(&[news(1, over(1, Disposition::Completed, 7), 7)]).await.unwrap()[0]
        .as_ref()
        .unwrap();
    assert_eq!(place.store.claim(&node, &[claiming(2, "pair")], at(11)).await.unwrap().len(), 1);
}

async fn of_two_nodes_that_want_one_person_one_calls_whatever_number_they_show(engine: Engine) {
    let place = Place::on(engine).await;
    enqueue(&place, 1, &[new_job(1, "+15550100001")]).await;
    enqueue(&place, 2, &[new_job(2, "+15550100001")]).await;
    let [one, other] = ["one", "other"].map(NodeId::new);
    assert_eq!(place.store.claim(&one, &[claiming(1, "pair")], at(5)).await.unwrap().len(), 1);
    assert!(place.store.claim(&other, &[claiming(2, "another")], at(6)).await.unwrap().is_empty());
    place.store.change_jobs(&[news(1, over(1, Disposition::Completed, 7), 7)]).await.unwrap()[0]
        .as_ref()
        .unwrap();
    // The other node may have looked at the person's calls before there was one.
    assert!(place.store.claim(&other, &[claiming(2, "another")], at(8)).await.unwrap().is_empty());
    assert_eq!(place.store.claim(&other, &[claiming(2, "another")], at(11)).await.unwrap().len(), 1);
}

async fn a_person_who_is_forgotten_is_neither_called_nor_known(engine: Engine) {
    let place = Place::on(engine).await;
    let number = Address::new("+15550100001");
    enqueue(&place, 1, &[new_job(1, number.as_str()), new_job(2, "+15550100002")]).await;
    let counted = place.store.count_lead(&tenant(), &number).await.unwrap();
    assert_eq!((counted.jobs, counted.leads), (1, 1));
    assert_eq!(place.store.forget_lead(&TenantId::new("other"), &number, at(5)).await.unwrap().jobs, 0);
    assert_eq!(place.store.forget_lead(&tenant(), &number, at(5)).await.unwrap(), counted);
    let queued = place.store.job(&tenant(), job_id(1)).await.unwrap().unwrap();
    assert!(matches!(queued.job.state, JobState::Settled { done: Done::Canceled, .. }));
    assert_eq!((queued.number.as_str(), queued.name.is_none()), ("erased", true));
    assert!(queued.variables.reveal().is_empty());
    let leads = place.store.leads(&tenant(), None, 10).await.unwrap();
    let known: Vec<_> = leads.iter().filter(|lead| lead.number.as_str().starts_with('+')).collect();
    assert_eq!(known.len(), 1, "the other one stays");
    assert_eq!(place.store.count_lead(&tenant(), &number).await.unwrap().leads, 0);

    let alone = new_job(3, "+15550100003").lead;
    place.store.add_leads(&tenant(), std::slice::from_ref(&alone), at(6)).await.unwrap();
    assert_eq!(place.store.forget_lead(&tenant(), &alone.number, at(7)).await.unwrap().leads, 1);
    let left = place.sql("SELECT id FROM leads").await;
    assert!(!left.contains(&alone.id.to_string()), "no job tells of them, and no row");
}

async fn every_call_makes_its_person_a_lead_once(engine: Engine) {
    let place = Place::on(engine).await;
    let story = Story::new(1, 0);
    for upto in [1, 2] {
        place.project(upto, &[&story]).await;
    }
    let leads = place.store.leads(&story.call.tenant, None, 10).await.unwrap();
    assert_eq!(leads.len(), 1);
    assert_eq!(leads[0].number, *story.call.party.person(story.call.direction));
}

async fn a_lead_is_the_same_however_its_calls_were_batched(engine: Engine) {
    let to = |n, name: Option<&str>| {
        Story::with(n, i64::try_from(n).unwrap(), |request| {
            request.party.to = Address::new("+15550100077");
            request.party.name = name.map(|name| Private::new(name.to_owned()));
        })
    };
    let calls = [to(1, None), to(2, Some("Ann")), to(3, None)];
    let (once, one_by_one) = (Place::on(engine).await, Place::on(engine).await);
    once.project(9, &calls.iter().collect::<Vec<_>>()).await;
    for (upto, call) in (1..).zip(&calls) {
        one_by_one.project(upto, &[call]).await;
    }
    let rows = "SELECT id || number || name || created_at || updated_at FROM leads ORDER BY id";
    let leads = once.sql(rows).await;
    assert_eq!(leads, one_by_one.sql(rows).await);
    assert!(leads.len() == 1 && leads[0].contains("Ann"), "{leads:?}");
}

async fn a_days_calls_are_those_that_the_carrier_had_or_may_have(engine: Engine) {
    let place = Place::on(engine).await;
    enqueue(&place, 1, &[new_job(1, "+15550100001")]).await;
    place.store.claim(&NodeId::new("one"), &[claiming(1, "pair")], at(5)).await.unwrap();
    assert_eq!(place.store.campaign_calls(campaign_id(1), at(5)).await.unwrap(), 1);
    assert_eq!(place.store.campaign_calls(campaign_id(1), at(6)).await.unwrap(), 0);
    let story = Story::completed(2, 0);
    place.project(1, &[&story]).await;
    let used = place.store.tenant_use(&story.call.tenant, at(0)).await.unwrap();
    assert_eq!(used.calls, 1);
}

async fn what_a_call_says_of_its_job_goes_in_with_the_call_and_once(engine: Engine) {
    let place = Place::on(engine).await;
    enqueue(&place, 1, &[new_job(1, "+15550100001")]).await;
    place.store.claim(&NodeId::new("one"), &[claiming(1, "pair")], at(5)).await.unwrap();
    place.store.cursor(&journal()).await.unwrap();
    let jobs = vec![
        news(1, News::Fact(Happened::Placed { attempt: AttemptNo(1) }), 6),
        news(1, over(1, Disposition::Busy, 9), 9),
    ];
    for upto in [1, 2] {
        let batch = Projection { jobs: jobs.clone(), ..Projection::empty(journal(), Position(upto)) };
        place.store.project(&batch).await.unwrap();
    }
    let queued = place.store.job(&tenant(), job_id(1)).await.unwrap().unwrap();
    assert!(matches!(queued.job.state, JobState::Waiting { not_before: Some(due), .. } if due > at(9)));
    assert_eq!(queued.job.used, 1, "told twice, counted once");
    assert!(place.store.open_jobs().await.unwrap().is_empty());
}

async fn a_claim_that_the_database_lost_is_told_by_the_journal(engine: Engine) {
    let place = Place::on(engine).await;
    enqueue(&place, 1, &[new_job(1, "+15550100001")]).await;
    let claim =
        trunkline_core::queue::Claim { attempt: AttemptNo(1), fence: trunkline_core::id::Fence::FIRST };
    let dialed = Happened::Dialed { by: NodeId::new("one"), on: claim, call: call_id(1) };
    place.store.change_jobs(&[news(1, News::Fact(dialed.clone()), 5)]).await.unwrap()[0].as_ref().unwrap();
    assert_eq!(place.store.open_jobs().await.unwrap()[0].call(), Some(call_id(1)));
    let attempts = place.store.attempts(job_id(1)).await.unwrap();
    assert_eq!(
        attempts.iter().map(|one| (one.no, one.call)).collect::<Vec<_>>(),
        [(AttemptNo(1), call_id(1))]
    );
    assert!(
        place.store.claim(&NodeId::new("other"), &[claiming(1, "pair")], at(6)).await.unwrap().is_empty()
    );
    place.store.change_jobs(&[news(1, over(1, Disposition::Completed, 7), 7)]).await.unwrap()[0]
        .as_ref()
        .unwrap();
    let late = place.store.change_jobs(&[news(1, News::Fact(dialed), 5)]).await.unwrap();
    assert_eq!(late, [Err(JobRefused::Late)]);
    let job = place.store.job(&tenant(), job_id(1)).await.unwrap().unwrap().job;
    assert!(matches!(job.state, JobState::Settled { done: Done::Reached, .. }));
}

async fn what_was_found_closed_is_looked_at_later(engine: Engine) {
    let place = Place::on(engine).await;
    enqueue(&place, 1, &[new_job(1, "+15550100001")]).await;
    let closed = Closed::OutOfWindow { opens_at: at(500), zone: Some("Asia/Jerusalem".parse().unwrap()) };
    place.store.defer(&[(job_id(1), closed.clone(), at(500))]).await.unwrap();
    let heads = async |secs| place.store.heads(campaign_id(1), Priority::Default, at(secs), 9).await.unwrap();
    assert!(heads(499).await.is_empty());
    assert_eq!(heads(500).await[0].gate, Some(closed));
    place.store.look_again(campaign_id(1), at(60)).await.unwrap();
    assert_eq!(heads(60).await.len(), 1);
}

async fn another_tenants_jobs_and_leads_are_not_there(engine: Engine) {
    let place = Place::on(engine).await;
    enqueue(&place, 1, &[new_job(1, "+15550100001")]).await;
    let other = TenantId::new("other");
    assert!(place.store.job(&other, job_id(1)).await.unwrap().is_none());
    assert!(place.store.leads(&other, None, 10).await.unwrap().is_empty());
}
