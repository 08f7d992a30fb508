//! Outgoing webhooks: endpoints changed under their version, deliveries in their order, lines that one sender has at a time.

use crate::calls::{Engine, Place, at, batch, on_each_engine};
use jiff::Timestamp;
use std::time::Duration;
use trunkline_core::id::{CallId, NodeId, TenantId, WebhookId};
use trunkline_core::outgoing::{Answer, DeliveryState, Endpoint, SealedSecret, Standing, Trouble};
use trunkline_store::{
    AttemptMade, Became, DeliveryPage, Held, NewDelivery, Projection, Replay, Saved, WebhookLine,
};

on_each_engine!(
    an_endpoint_is_read_back_changed_under_its_version_and_removed_by_its_tenant_alone,
    what_is_projected_again_is_sent_once,
    a_line_has_one_sender_until_it_lets_go,
    a_claim_that_took_too_long_is_lost_and_its_holder_is_told,
    a_line_that_gets_more_while_it_ends_goes_on,
    attempts_are_kept_and_an_endpoint_knows_since_when_it_fails,
    what_is_replayed_waits_again_from_its_place_on,
    what_is_old_goes_the_oldest_first,
);

const LONG: Duration = Duration::from_secs(3_600);
const OVER: Duration = Duration::ZERO;

fn node(name: &str) -> NodeId {
    NodeId::new(name)
}

fn endpoint() -> Endpoint {
    Endpoint {
        id: WebhookId::minted(at(1), [7; 10]),
        tenant: TenantId::new("acme"),
        url: "https://example.com/hooks".to_owned(),
        description: "בדיקה".to_owned(),
        types: ["call.ended".to_owned()].into(),
        standing: Standing::Enabled,
        secrets: vec![SealedSecret { sealed: "sealed".to_owned(), until: None }],
        created_at: at(1),
        updated_at: at(1),
    }
}

fn call(n: u8) -> CallId {
    CallId::new(at(1), [n; 10])
}

/// Events of a call, by the seconds at which they happened.
fn of_call(n: u8, secs: &[i64]) -> Vec<NewDelivery> {
    let one = |secs: &i64| NewDelivery {
        endpoint: endpoint().id,
        tenant: TenantId::new("acme"),
        call: call(n),
        event: format!("e{n}-{secs}"),
        kind: "call.updated",
        at: at(*secs),
        body: format!("{{\"n\":{secs}}}"),
    };
    secs.iter().map(one).collect()
}

async fn project(place: &Place, upto: u64, deliveries: Vec<NewDelivery>) {
    place.store.project(&Projection { deliveries, ..batch(upto, &[]) }).await.unwrap();
}

/// A database with an endpoint, and these deliveries.
async fn with(engine: Engine, deliveries: Vec<NewDelivery>) -> Place {
    let place = Place::on(engine).await;
    assert_eq!(place.store.add_webhook_endpoint(&endpoint()).await.unwrap(), Saved::Yes);
    project(&place, 1, deliveries).await;
    place
}

async fn claim(place: &Place, by: &str, now: Timestamp, length: Duration) -> Vec<WebhookLine> {
    place.store.claim_lines(&node(by), endpoint().id, 10, now, length).await.unwrap()
}

async fn waiting(place: &Place, line: &WebhookLine) -> Vec<String> {
    place.store.waiting(line, 10).await.unwrap().into_iter().map(|one| one.event).collect()
}

/// Makes an attempt of the first delivery of a line.
async fn attempt(place: &Place, line: &WebhookLine, answer: Answer, became: Became) -> Held {
    let one = place.store.waiting(line, 1).await.unwrap().remove(0);
    let made = AttemptMade { at: at(50 + i64::from(one.attempts)), took_ms: 7, answer };
    place.store.put_attempt(line, &endpoint().tenant, &one, made, became, LONG).await.unwrap()
}

const TAKEN: (Answer, Became) = (Answer::Status(200), Became::Taken);

async fn an_endpoint_is_read_back_changed_under_its_version_and_removed_by_its_tenant_alone(engine: Engine) {
    let place = with(engine, vec![]).await;
    let (store, acme) = (&place.store, TenantId::new("acme"));
    let mut stored = store.webhook_endpoint(&acme, endpoint().id).await.unwrap().unwrap();
    assert_eq!((&stored.endpoint, stored.failing_since), (&endpoint(), None));
    stored.endpoint.url = "https://example.com/other".to_owned();
    assert_eq!(store.change_webhook_endpoint(&stored).await.unwrap(), Saved::Yes);
    assert_eq!(store.change_webhook_endpoint(&stored).await.unwrap(), Saved::Conflict, "it was read before");
    let other = TenantId::new("other");
    assert_eq!(store.webhook_endpoint(&other, endpoint().id).await.unwrap(), None);
    assert!(store.webhook_endpoints_of(&other).await.unwrap().is_empty());
    assert!(!store.remove_webhook_endpoint(&other, endpoint().id).await.unwrap());
    assert!(store.remove_webhook_endpoint(&acme, endpoint().id).await.unwrap());
    assert!(store.webhook_endpoints().await.unwrap().is_empty());
}

async fn what_is_projected_again_is_sent_once(engine: Engine) {
    let place = with(engine, of_call(1, &[10, 11, 12])).await;
    project(&place, 2, of_call(1, &[11, 12, 13])).await;
    let [line] = claim(&place, "one", at(100), LONG).await[..] else { panic!("one call is one line") };
    assert_eq!(waiting(&place, &line).await, ["e1-10", "e1-11", "e1-12", "e1-13"]);
}

async fn a_line_has_one_sender_until_it_lets_go(engine: Engine) {
    let place = with(engine, [of_call(1, &[10]), of_call(2, &[20])].concat()).await;
    assert_eq!(place.store.due_endpoints().await.unwrap()[0].due, at(10));
    assert!(claim(&place, "one", at(9), LONG).await.is_empty(), "nothing is due");
    let [line] = claim(&place, "one", at(10), LONG).await[..] else { panic!("one is due") };
    assert_eq!(line.call, call(1));
    let [other] = claim(&place, "two", at(100), LONG).await[..] else { panic!("one is left") };
    assert_eq!(other.call, call(2));
    assert!(place.store.due_endpoints().await.unwrap().is_empty());
    assert_eq!(place.store.free_silent_lines().await.unwrap(), 0, "both hold");
    place.store.let_go(&line, at(60)).await.unwrap();
    assert!(claim(&place, "two", at(59), LONG).await.is_empty());
    let [again] = claim(&place, "two", at(60), LONG).await[..] else { panic!("it is due again") };
    assert!(again.fence > line.fence);
    assert_eq!(place.store.free_lines_of(&node("two")).await.unwrap(), 2);
}

async fn a_claim_that_took_too_long_is_lost_and_its_holder_is_told(engine: Engine) {
    let place = with(engine, of_call(1, &[10, 11])).await;
    let [line] = claim(&place, "one", at(100), OVER).await[..] else { panic!("one call is one line") };
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(place.store.free_silent_lines().await.unwrap(), 1);
    assert_eq!(attempt(&place, &line, TAKEN.0, TAKEN.1).await, Held::Lost);
    let [other] = claim(&place, "two", at(100), LONG).await[..] else { panic!("it is free") };
    assert_eq!(attempt(&place, &line, TAKEN.0, TAKEN.1).await, Held::Lost);
    place.store.let_go(&line, at(0)).await.unwrap();
    assert_eq!(place.store.end_line(&line).await.unwrap(), None);
    assert_eq!(waiting(&place, &other).await, ["e1-10", "e1-11"], "nothing of it was written");
    assert_eq!(attempt(&place, &other, TAKEN.0, TAKEN.1).await, Held::Yes);
    assert_eq!(waiting(&place, &other).await, ["e1-11"]);
}

async fn a_line_that_gets_more_while_it_ends_goes_on(engine: Engine) {
    let place = with(engine, of_call(1, &[10])).await;
    let [line] = claim(&place, "one", at(100), LONG).await[..] else { panic!("one call is one line") };
    attempt(&place, &line, TAKEN.0, TAKEN.1).await;
    assert!(waiting(&place, &line).await.is_empty());
    project(&place, 2, of_call(1, &[11])).await;
    let more = place.store.end_line(&line).await.unwrap().expect("there is more");
    assert_eq!(waiting(&place, &more).await, ["e1-11"]);
    attempt(&place, &more, TAKEN.0, TAKEN.1).await;
    assert_eq!(place.store.end_line(&more).await.unwrap(), None);
    project(&place, 3, of_call(1, &[12])).await;
    assert_eq!(claim(&place, "two", at(100), LONG).await.len(), 1, "a line that has ended is opened anew");
}

async fn attempts_are_kept_and_an_endpoint_knows_since_when_it_fails(engine: Engine) {
    let place = with(engine, of_call(1, &[10])).await;
    let failing = async || place.store.webhook_endpoints().await.unwrap()[0].failing_since;
    let [line] = claim(&place, "one", at(100), LONG).await[..] else { panic!("one call is one line") };
    let answers = [Answer::Trouble(Trouble::Timeout), Answer::Status(500)];
    for answer in answers {
        attempt(&place, &line, answer, Became::Again(at(70))).await;
        assert_eq!(failing().await, Some(at(50)), "since the first");
    }
    attempt(&place, &line, TAKEN.0, TAKEN.1).await;
    assert_eq!(failing().await, None);
    let page = DeliveryPage { before: None, limit: 10, state: Some(DeliveryState::Taken) };
    let all = place.store.deliveries(endpoint().id, page).await.unwrap();
    let made: Vec<Answer> = all[0].made.iter().map(|made| made.answer).collect();
    assert_eq!(made, [answers[0], answers[1], TAKEN.0]);
    assert_eq!((all[0].attempts, all[0].next_at, all[0].done_at), (3, None, Some(at(52))));
    let waiting = DeliveryPage { state: Some(DeliveryState::Waiting), ..page };
    assert!(place.store.deliveries(endpoint().id, waiting).await.unwrap().is_empty());
    let counts = place.store.count_deliveries(endpoint().id).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|count| (count.state, count.n)).collect();
    let wanted = [(DeliveryState::Waiting, 0), (DeliveryState::Taken, 1), (DeliveryState::Failed, 0)];
    assert_eq!(counts, wanted);
}

async fn what_is_replayed_waits_again_from_its_place_on(engine: Engine) {
    let place = with(engine, of_call(1, &[10, 11, 12])).await;
    let [line] = claim(&place, "one", at(100), LONG).await[..] else { panic!("one call is one line") };
    for _ in 0..3 {
        attempt(&place, &line, TAKEN.0, TAKEN.1).await;
    }
    assert_eq!(place.store.end_line(&line).await.unwrap(), None);
    let store = &place.store;
    let replay = async |from| store.replay(endpoint().id, from, at(200)).await.unwrap();
    assert_eq!(replay(Replay::After("nothing")).await, None);
    assert_eq!(replay(Replay::After("e1-10")).await, Some(2));
    let [line] = claim(&place, "one", at(200), LONG).await[..] else { panic!("it is due") };
    assert_eq!(waiting(&place, &line).await, ["e1-11", "e1-12"]);
    assert_eq!(replay(Replay::Since(at(12))).await, Some(1));
    assert!(store.retry_delivery(endpoint().id, "e1-10", at(200)).await.unwrap());
    assert!(!store.retry_delivery(endpoint().id, "e1-99", at(200)).await.unwrap());
    assert_eq!(waiting(&place, &line).await, ["e1-10", "e1-11", "e1-12"]);
}

async fn what_is_old_goes_the_oldest_first(engine: Engine) {
    let place = with(engine, [of_call(1, &[10, 11]), of_call(2, &[20])].concat()).await;
    let store = &place.store;
    assert_eq!(store.prune_deliveries(at(10), 10).await.unwrap(), 0);
    assert_eq!(store.prune_deliveries(at(100), 1).await.unwrap(), 1, "so many at once");
    assert_eq!(store.prune_deliveries(at(20), 10).await.unwrap(), 1);
    let page = DeliveryPage { before: None, limit: 10, state: None };
    let left = store.deliveries(endpoint().id, page).await.unwrap();
    assert_eq!(left.iter().map(|one| one.event.as_str()).collect::<Vec<_>>(), ["e2-20"]);
    // A line of which everything is gone ends when it is looked at.
    let lines = claim(&place, "one", at(100), LONG).await;
    let empty = lines.iter().find(|line| line.call == call(1)).unwrap();
    assert!(waiting(&place, empty).await.is_empty());
    assert_eq!(store.end_line(empty).await.unwrap(), None);
}
