//! Each fault: what the product sees, and what truly happened.

use std::time::{Duration, Instant};

use crate::product::{Client, Product, SPEED, options, over, sim};
use trunkline_sim::{CallEvent, CallStatus, Fault, FaultKind, Sim, SimOptions, WebhookKind};

const ANN: &str = "+15125550100";
const DOCUMENTS: [(&str, &str); 1] = [("/voice", "<Say>Hello.</Say><Hangup/>")];

async fn world(fault: Fault) -> (Product, Sim, Client) {
    let product = Product::with_documents(DOCUMENTS).await;
    let sim = sim(SimOptions { faults: vec![fault], ..options() }).await;
    let client = Client::of(&sim);
    (product, sim, client)
}

#[tokio::test]
async fn a_create_that_fails_says_so_and_only_sometimes_means_it() {
    let cases = [
        (FaultKind::CreateFails, 500, 0),
        (FaultKind::CreateUnavailable, 503, 0),
        (FaultKind::CreateThrottled, 429, 0),
        (FaultKind::CreateFailsAfterAccepting, 500, 1),
        (FaultKind::CreateAnswersGarbage, 201, 1),
    ];
    for (kind, answer, made) in cases {
        let (product, sim, client) = world(Fault::new(kind).on(ANN).times(1)).await;
        let (status, body) = client.try_create(&product, ANN, &[]).await.unwrap();
        assert_eq!(status, answer, "{kind:?}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&body).is_err(),
            status == 201,
            "{kind:?} {body}"
        );
        sim.wait_until_idle().await;
        assert_eq!(sim.dialed().get(ANN).copied().unwrap_or(0), made, "{kind:?}");
        assert_eq!(product.asked_at("/voice").len() as u64, made, "{kind:?}");

        // The control: without the fault the same request goes through.
        assert_eq!(client.try_create(&product, ANN, &[]).await.unwrap().0, 201);
        sim.wait_until_idle().await;
        assert_eq!(sim.dialed()[ANN], made + 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_connection_is_reset_before_or_after_the_call_is_made() {
    for (kind, made) in [(FaultKind::CreateResets, 0), (FaultKind::CreateResetsAfterAccepting, 1)] {
        let (product, sim, client) = world(Fault::new(kind).times(1)).await;
        let error = client.try_create(&product, ANN, &[]).await.unwrap_err();
        assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
        sim.wait_until_idle().await;
        assert_eq!(sim.dialed().get(ANN).copied().unwrap_or(0), made, "{kind:?}");
    }
}

#[tokio::test]
async fn a_create_may_never_be_answered_although_the_call_is_made() {
    let (product, sim, client) = world(Fault::new(FaultKind::CreateHangsAfterAccepting)).await;
    let create = client.try_create(&product, ANN, &[]);
    assert!(tokio::time::timeout(Duration::from_millis(500), create).await.is_err());
    sim.wait_for(|sim| sim.calls().iter().any(|call| call.status == CallStatus::Completed)).await;
    assert_eq!(sim.dialed()[ANN], 1);
}

#[tokio::test]
async fn a_call_may_be_made_long_after_its_client_gave_up() {
    let (product, sim, client) = world(Fault::new(FaultKind::CreateAcceptsLate { secs: 200 })).await;
    let create = client.try_create(&product, ANN, &[]);
    assert!(tokio::time::timeout(Duration::from_millis(100), create).await.is_err());
    assert!(sim.dialed().is_empty(), "not yet");
    sim.wait_for(|sim| !sim.dialed().is_empty()).await;
    sim.wait_until_idle().await;
    assert_eq!(product.statuses().last().unwrap(), "completed");
}

#[tokio::test]
async fn a_call_shows_up_late_in_listings_and_at_once_by_its_id() {
    let (product, sim, client) = world(Fault::new(FaultKind::ListLag { secs: 400 })).await;
    let begun = Instant::now();
    let call = client.create(&product, ANN, &[]).await;
    let listed = async || {
        client.json(&format!("/Calls.json?To=%2B{}", &ANN[1..])).await["calls"].as_array().unwrap().len()
    };
    assert_eq!(client.get(&format!("/Calls/{call}.json")).await.0, 200);
    let mut found = listed().await;
    assert_eq!(found, 0, "not yet");
    while found == 0 {
        tokio::task::yield_now().await;
        found = listed().await;
    }
    assert!(begun.elapsed().as_secs_f64() * SPEED >= 399.0);
    drop(sim);
}

#[tokio::test]
async fn a_listing_may_be_empty_and_a_lookup_may_fail() {
    let (product, sim, client) = world(Fault::new(FaultKind::EmptyList).times(1)).await;
    sim.add_fault(Fault::new(FaultKind::LookupFails).times(2).on(ANN));
    let call = client.create(&product, ANN, &[]).await;
    over(&sim, &call).await;
    assert_eq!(client.get(&format!("/Calls/{call}.json")).await.0, 503);
    assert_eq!(client.get("/Calls.json?To=%2B15125550100").await.0, 503);
    assert_eq!(client.get(&format!("/Calls/{call}.json")).await.0, 200);
    assert_eq!(client.json("/Calls.json").await["calls"].as_array().unwrap().len(), 0);
    assert_eq!(client.json("/Calls.json").await["calls"].as_array().unwrap().len(), 1);
    assert_eq!(sim.faults().iter().map(|fault| fault.struck).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn a_hang_up_may_fail_and_do_nothing() {
    let product = Product::with_documents([("/voice", "<Pause length='400'/>")]).await;
    let sim = sim(SimOptions { faults: vec![Fault::new(FaultKind::UpdateFails)], ..options() }).await;
    let client = Client::of(&sim);
    let call = client.create(&product, ANN, &[]).await;
    sim.wait_for(|sim| sim.call(&call).unwrap().status == CallStatus::InProgress).await;
    let (status, _) = client.post(&format!("/Calls/{call}.json"), &[("Status", "completed")]).await.unwrap();
    assert_eq!((status, sim.call(&call).unwrap().status), (500, CallStatus::InProgress));
}

#[tokio::test]
async fn callbacks_are_lost_late_doubled_and_reordered() {
    let told = async |fault: Option<Fault>| {
        let product = Product::with_documents(DOCUMENTS).await;
        let sim = sim(SimOptions { faults: fault.into_iter().collect(), ..options() }).await;
        let call = Client::of(&sim).create(&product, ANN, &[]).await;
        over(&sim, &call).await;
        product.statuses()
    };
    let fault = |kind| Fault::new(kind).times(1);
    assert_eq!(told(None).await, ["initiated", "ringing", "in-progress", "completed"]);
    let lost = fault(FaultKind::CallbackLost).only(CallEvent::Completed);
    assert_eq!(told(Some(lost)).await, ["initiated", "ringing", "in-progress"]);
    let late = fault(FaultKind::CallbackLate { secs: 400 }).only(CallEvent::Ringing);
    assert_eq!(told(Some(late)).await, ["initiated", "in-progress", "completed", "ringing"]);
    let doubled = fault(FaultKind::CallbackDoubled { copies: 3 }).only(CallEvent::Answered);
    let thrice = ["initiated", "ringing", "in-progress", "in-progress", "in-progress", "completed"];
    assert_eq!(told(Some(doubled)).await, thrice);
    let reordered = fault(FaultKind::CallbackReordered).only(CallEvent::Answered);
    assert_eq!(told(Some(reordered)).await, ["initiated", "ringing", "completed", "in-progress"]);
}

#[tokio::test]
async fn a_voice_document_is_asked_for_twice_with_one_token() {
    let (product, sim, client) = world(Fault::new(FaultKind::VoiceFetchDoubled)).await;
    let call = client.create(&product, ANN, &[]).await;
    over(&sim, &call).await;
    let voice = product.asked_at("/voice");
    assert_eq!(voice.len(), 2);
    assert_eq!(voice[0].token, voice[1].token);
    assert_eq!(sim.webhooks().iter().filter(|hook| hook.kind == WebhookKind::Voice).count(), 2);
}

#[tokio::test]
async fn a_recording_is_not_there_for_a_while_after_its_callback() {
    let product = Product::with_documents([
        ("/voice", "<Record action='/got' recordingStatusCallback='/rec'/>"),
        ("/got", "<Hangup/>"),
    ])
    .await;
    let sim =
        sim(SimOptions { faults: vec![Fault::new(FaultKind::RecordingLate { secs: 300 })], ..options() })
            .await;
    let client = Client::of(&sim);
    let call = client.create(&product, ANN, &[]).await;
    over(&sim, &call).await;
    assert_eq!(product.asked_at("/rec").len(), 1);
    let path = format!("/Recordings/{}.wav", sim.recordings(&call)[0].sid);
    let mut status = client.get(&path).await.0;
    assert_eq!(status, 404);
    while status == 404 {
        status = client.get(&path).await.0;
    }
    assert_eq!(status, 200);
}

#[tokio::test]
async fn answers_may_be_slow() {
    let (_product, _sim, client) = world(Fault::new(FaultKind::SlowAnswers { millis: 150 }).times(1)).await;
    let begun = Instant::now();
    client.get("/Calls.json").await;
    assert!(begun.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn a_bad_day_with_every_fault_still_ends_every_call_and_counts_it_once() {
    let seed = std::env::var("SIM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    println!("SIM_SEED={seed}");
    let kinds = [
        FaultKind::CreateFails,
        FaultKind::CreateFailsAfterAccepting,
        FaultKind::CreateResetsAfterAccepting,
        FaultKind::CreateAnswersGarbage,
        FaultKind::CreateAcceptsLate { secs: 5 },
        FaultKind::CallbackLost,
        FaultKind::CallbackLate { secs: 60 },
        FaultKind::CallbackDoubled { copies: 2 },
        FaultKind::CallbackReordered,
        FaultKind::VoiceFetchDoubled,
        FaultKind::RecordingLate { secs: 10 },
    ];
    let faults = kinds.map(|kind| Fault::new(kind).with_chance(0.1)).into();
    let product = Product::with_documents([
        ("/voice", "<Say>Hello.</Say><Record action='/q2' timeout='2'/><Say>Pity.</Say>"),
        ("/q2", "<Gather numDigits='1' action='/bye'><Say>Press 1 or 2.</Say></Gather>"),
        ("/bye", "<Hangup/>"),
    ])
    .await;
    let sim = sim(SimOptions { seed, faults, mix: SimOptions::default().mix, ..options() }).await;
    let client = Client::of(&sim);
    let mut refused = 0;
    for n in 0..300 {
        let answer = client.try_create(&product, &format!("+1512555{n:04}"), &[]).await;
        refused += u64::from(matches!(answer, Ok((500, _))));
    }
    sim.wait_until_idle().await;

    let calls = sim.calls();
    assert!(calls.iter().all(|call| call.status.is_final()));
    assert!(sim.dialed().values().all(|count| *count == 1));
    let struck = |index: usize| u64::from(sim.faults()[index].struck);
    assert_eq!(calls.len() as u64, 300 - struck(0));
    assert_eq!(refused, struck(0) + struck(1));
    assert!((0..kinds.len()).all(|index| struck(index) > 0), "{:?}", sim.faults());
    assert!(sim.webhooks().iter().all(|hook| hook.status.is_some() || hook.attempt == 0));
}
