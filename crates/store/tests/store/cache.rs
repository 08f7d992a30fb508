//! The cache as its users meet it: a real Redis that keeps calls, refuses lies, and is taken away.

use crate::calls::{Story, tenant};
use secrecy::SecretBox;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::call::Call;
use trunkline_core::id::SessionId;
use trunkline_store::cache::{
    CacheAddress, CacheError, CacheKeys, Cached, Edition, Entry, Found, Link, Pointing,
};
use trunkline_testkit::redis::{PASSWORD, Server};

const ANN: &str = "Ann Lee";
/// Longer than any answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn keys(byte: u8) -> Arc<CacheKeys> {
    Arc::new(CacheKeys::new(&SecretBox::new(Box::new([byte; 32])), &[]))
}

async fn link(server: &Server, byte: u8) -> Link {
    Link::connect(&server.url().parse().unwrap(), keys(byte)).await.unwrap()
}

fn call(n: u64, session: &str) -> Call {
    let named = Story::with(n, 0, |request| {
        request.session = Some(SessionId::new(session));
        request.party.name = Some(ANN.to_owned().into());
    });
    named.dialed().call
}

fn entry(call: &Call, number: u64) -> Entry {
    Entry { call: Arc::new(call.clone()), edition: Edition { life: 7, number }, pointing: Pointing::Session }
}

fn found(call: &Call, number: u64) -> Found {
    Found::Call(Box::new(Cached { edition: Edition { life: 7, number }, call: call.clone() }))
}

#[tokio::test]
async fn a_call_is_found_by_its_id_and_its_session_until_it_is_taken_out() {
    let server = Server::start().unwrap();
    let link = link(&server, 1).await;
    let (call, session) = (call(1, "s-1"), SessionId::new("s-1"));
    assert_eq!(link.call(call.id).await, Ok(Found::Nothing));

    link.put(&[entry(&call, 1)]).await.unwrap();
    assert_eq!(link.call(call.id).await, Ok(found(&call, 1)));
    assert_eq!(link.call_of_session(&tenant(), &session).await, Ok(found(&call, 1)));
    link.put(&[entry(&call, 2)]).await.unwrap();
    assert_eq!(link.call(call.id).await, Ok(found(&call, 2)), "the last writing stands");

    link.gone(&[call.id]).await.unwrap();
    assert_eq!(link.call(call.id).await, Ok(Found::Nothing));
    assert_eq!(link.call_of_session(&tenant(), &session).await, Ok(Found::Nothing));
}

#[tokio::test]
async fn a_session_points_to_the_call_that_was_named_its_newest() {
    let server = Server::start().unwrap();
    let link = link(&server, 1).await;
    let (old, new, session) = (call(1, "s-1"), call(2, "s-1"), SessionId::new("s-1"));
    link.put(&[entry(&new, 1), Entry { pointing: Pointing::Nothing, ..entry(&old, 2) }]).await.unwrap();
    assert_eq!(link.call_of_session(&tenant(), &session).await, Ok(found(&new, 1)));
}

#[tokio::test]
async fn everything_goes_after_a_day_and_nothing_personal_is_in_clear() {
    let server = Server::start().unwrap();
    let link = link(&server, 1).await;
    let call = call(1, "+15550100123");
    link.put(&[entry(&call, 1)]).await.unwrap();
    let names = server.names("*").unwrap();
    assert_eq!(names.len(), 2, "{names:?}");
    for name in names {
        let left = server.ask(&[b"TTL", name.as_bytes()]).unwrap();
        assert!(matches!(left, trunkline_testkit::redis::Reply::Number(80_000..=86_400)), "{left:?}");
        let value = server.get(&name).unwrap().unwrap();
        for told in [ANN, &call.party.to.as_str()[2..], "5550100123"] {
            let has = |bytes: &[u8]| bytes.windows(told.len()).any(|part| part == told.as_bytes());
            assert!(!has(&value) && !has(name.as_bytes()), "{told} in {name}");
        }
    }
    let plain = serde_json::to_vec(&call).unwrap();
    assert!(plain.windows(ANN.len()).any(|part| part == ANN.as_bytes()), "the control: it is in the call");
}

#[tokio::test]
async fn what_was_not_sealed_by_us_for_this_name_is_refused() {
    let server = Server::start().unwrap();
    let (ours, theirs) = (link(&server, 1).await, link(&server, 2).await);
    let (ann, ben) = (call(1, "s-1"), call(2, "s-2"));
    ours.put(&[entry(&ann, 1), entry(&ben, 2)]).await.unwrap();
    let name = |call: &Call| server.names(&format!("*:call:{}", call.id)).unwrap().remove(0);
    let (of_ann, of_ben) = (name(&ann), name(&ben));
    let true_value = server.get(&of_ann).unwrap().unwrap();

    let mut lie = ann.clone();
    lie.party.name = Some("Somebody Else".to_owned().into());
    theirs.put(&[entry(&lie, 3)]).await.unwrap();
    let sealed_by_others = server
        .names(&format!("*:call:{}", ann.id))
        .unwrap()
        .into_iter()
        .find(|name| *name != of_ann)
        .unwrap();
    let mut changed = true_value.clone();
    changed[40] ^= 1;
    let lies = [
        serde_json::to_vec(&Cached { edition: Edition { life: 7, number: 1 }, call: lie.clone() }).unwrap(),
        server.get(&sealed_by_others).unwrap().unwrap(),
        server.get(&of_ben).unwrap().unwrap(),
        true_value[..30].to_vec(),
        Vec::new(),
        changed,
    ];
    for lie in &lies {
        server.set(&of_ann, lie).unwrap();
        assert_eq!(ours.call(ann.id).await, Ok(Found::Refused));
        assert_eq!(ours.call_of_session(&tenant(), &SessionId::new("s-1")).await, Ok(Found::Refused));
    }
    server.ask(&[b"DEL", of_ann.as_bytes()]).unwrap();
    server.ask(&[b"LPUSH", of_ann.as_bytes(), b"a list"]).unwrap();
    assert_eq!(ours.call(ann.id).await, Ok(Found::Refused));

    server.set(&of_ann, &true_value).unwrap();
    assert_eq!(ours.call(ann.id).await, Ok(found(&ann, 1)), "the control: what we wrote is believed");
    ours.put(&[entry(&lie, 1)]).await.unwrap();
    assert_eq!(
        ours.call(ann.id).await,
        Ok(found(&lie, 1)),
        "the control: under our seal the lie is believed too"
    );
}

#[tokio::test]
async fn a_call_that_is_too_large_is_not_kept_and_leaves_nothing_older() {
    let server = Server::start().unwrap();
    let link = link(&server, 1).await;
    let mut call = call(1, "s-1");
    link.put(&[entry(&call, 1)]).await.unwrap();
    let metadata = call.party.metadata.reveal_mut();
    metadata.insert("long".to_owned(), "x".repeat(70_000).into());
    link.put(&[entry(&call, 2)]).await.unwrap();
    assert_eq!(link.call(call.id).await, Ok(Found::Nothing));
}

#[tokio::test]
async fn whoever_is_not_there_frozen_or_locked_says_so_in_time_and_without_the_password() {
    let server = Server::not_started().unwrap();
    let address: CacheAddress = server.url().parse().unwrap();
    let connect = || async {
        let connecting = Link::connect(&address, keys(1));
        tokio::time::timeout(PATIENCE, connecting).await.expect("it ends").err()
    };
    let refused = CacheError::Unreachable(std::io::ErrorKind::ConnectionRefused);
    assert_eq!(connect().await, Some(refused));

    server.begin().unwrap();
    let link = link(&server, 1).await;
    server.freeze().unwrap();
    let asked = tokio::time::timeout(PATIENCE, link.ping()).await.expect("it ends");
    assert_eq!(asked, Err(CacheError::Silent));
    assert_eq!(connect().await, Some(CacheError::Silent));
    server.thaw().unwrap();
    assert_eq!(connect().await, None);

    let wrong = CacheAddress::new("127.0.0.1", server.port(), 0, Some("wrong")).unwrap();
    let error = Link::connect(&wrong, keys(1)).await.err().unwrap();
    assert_eq!(error, CacheError::Password);
    server.kill().unwrap();
    let error = link.ping().await.unwrap_err();
    assert!(!format!("{error} {error:?} {address}").contains(PASSWORD));
}
