//! A panic fails alone: whatever blows up while one call is worked on, no other call notices (F-25).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use trunkline_carriers::callback::SecretKeys;
use trunkline_carriers::{
    AccountStanding, AskError, Carrier, CarrierNumber, Fetched, HangUpAnswer, LastLook, Listed, NumberId,
    NumberUrls, Order as CreateOrder, PostAnswer, RecordingBody, Soon,
};
use trunkline_core::call::{Call, Limits, State, Status, Timing};
use trunkline_core::dial::gates::DialLimits;
use trunkline_core::id::{AccountId, CarrierCallId, RecordingId};
use trunkline_core::private::{Address, Private};
use trunkline_engine::{About, Clock, Config, Engine, Order, Pace};
use trunkline_store::Target;

const UNLUCKY: &str = "+15550100666";
const OTHERS: usize = 100;

/// A carrier that takes every call, and a bug that shows up with one number.
#[derive(Debug)]
struct Carrying {
    account: AccountId,
    placed: AtomicUsize,
}

impl Carrier for Carrying {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn place<'a>(&'a self, order: &'a CreateOrder, look: LastLook) -> Soon<'a, PostAnswer> {
        Box::pin(async move {
            look.ask().expect("nothing forbids it");
            assert_ne!(order.to.as_str(), UNLUCKY, "the bug");
            let n = self.placed.fetch_add(1, Ordering::Relaxed);
            PostAnswer::Placed(CarrierCallId::new(format!("CA{n}")))
        })
    }

    fn fetch<'a>(&'a self, _: &'a CarrierCallId) -> Soon<'a, Result<Option<Fetched>, AskError>> {
        Box::pin(async { Err(AskError::TimedOut) })
    }

    fn list<'a>(
        &'a self,
        _: &'a Address,
        _: &'a Address,
        _: Timestamp,
    ) -> Soon<'a, Result<Vec<Listed>, AskError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn children<'a>(&'a self, _: &'a CarrierCallId) -> Soon<'a, Result<Vec<Listed>, AskError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn hang_up<'a>(&'a self, _: &'a CarrierCallId) -> Soon<'a, Result<HangUpAnswer, AskError>> {
        Box::pin(async { Ok(HangUpAnswer::Asked) })
    }

    fn redirect<'a>(&'a self, _: &'a CarrierCallId, _: &'a str) -> Soon<'a, Result<HangUpAnswer, AskError>> {
        Box::pin(async { Ok(HangUpAnswer::Asked) })
    }

    fn fetch_recording<'a>(
        &'a self,
        _: &'a RecordingId,
    ) -> Soon<'a, Result<Option<RecordingBody>, AskError>> {
        Box::pin(async { Ok(None) })
    }

    fn numbers(&self) -> Soon<'_, Result<Vec<CarrierNumber>, AskError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn point_number<'a>(&'a self, _: &'a NumberId, _: &'a NumberUrls) -> Soon<'a, Result<(), AskError>> {
        Box::pin(async { Ok(()) })
    }

    fn check(&self) -> Soon<'_, Result<AccountStanding, AskError>> {
        Box::pin(async { Err(AskError::TimedOut) })
    }
}

fn config(folder: &std::path::Path) -> Config {
    Config {
        data_dir: folder.to_owned(),
        database: Target::Sqlite(folder.join("trunkline.db")),
        cache: None,
        bucket: None,
        transcribing: trunkline_engine::Transcribing::Carrier,
        keep_recordings: trunkline_core::call::KeepFor::default(),
        keep_calls: trunkline_core::call::KeepFor::default(),
        journal: trunkline_journal::Options::default(),
        node: "1".to_owned(),
        journal_retention: Duration::from_secs(3_600),
        recordings: folder.join("recordings"),
        recording_max_bytes: 1 << 20,
        questions: folder.join("questions.json"),
        default_script: None,
        bot_files: None,
        hold_music: None,
        consent: trunkline_engine::AskConsent::AsScriptsSay,
        numbers: Vec::new(),
        from: Some(Address::new("+15005550006")),
        default_country: None,
        call_limits: Limits::default(),
        dial_limits: DialLimits {
            system: 1_000,
            carrier: 1_000,
            tenant: 1_000,
            tenant_outbound: 1_000,
            cps: 1_000.0,
            ..DialLimits::default()
        },
        webhooks: trunkline_engine::Webhooks::default(),
        app_calls: trunkline_engine::AppCalls::default(),
        bots: trunkline_engine::Bots::default(),
        queue: trunkline_engine::QueueConfig::default(),
        timing: Timing::default(),
        post_timeout: Duration::from_secs(10),
        urls: "http://127.0.0.1:1".parse().unwrap(),
        secrets: Arc::new(SecretKeys::from_bytes(&[1; 32])),
        clock: Clock::paced(Pace { epoch: Clock::real().now(), speed: 50.0 }),
    }
}

async fn place(engine: &Engine, to: &str) -> Arc<Call> {
    let order = Order { to: Private::new(to.to_owned()), ..Order::default() };
    engine.desk().place(order).await.unwrap().call
}

/// Looks at a call again at every change there is, until it is as it should be.
async fn until(engine: &Engine, call: &Call, holds: impl Fn(&Call) -> bool) -> Arc<Call> {
    let mut events = engine.desk().listen(About::default());
    let reached = async {
        loop {
            let now = engine.desk().call(&call.id.to_string()).await.unwrap().unwrap();
            if holds(&now) {
                return now;
            }
            // A change that was missed is seen at the next look.
            let _ = tokio::time::timeout(Duration::from_millis(200), events.next()).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reached).await.expect("it never came to be so")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_while_one_call_is_placed_costs_that_call_alone() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let carrier = Arc::new(Carrying { account: AccountId::new("twilio:AC1"), placed: AtomicUsize::new(0) });
    let engine = Engine::start(config(folder.path()), carrier.clone()).await.unwrap();

    let unlucky = place(&engine, UNLUCKY).await;
    let mut others = Vec::new();
    for n in 0..OTHERS {
        others.push(place(&engine, &format!("+1555020{n:04}")).await);
    }

    for call in &others {
        until(&engine, call, |call| call.state() >= State::Initiated).await;
    }
    assert_eq!(carrier.placed.load(Ordering::Relaxed), OTHERS, "each of the others once");
    // Its one request was begun, and nobody knows what came of it: asked about, ruled, closed with a name.
    let unlucky = until(&engine, &unlucky, Call::is_over).await;
    assert_eq!(unlucky.disposition().map(trunkline_core::call::Disposition::as_str), Some("not_placed"));
    assert_eq!(unlucky.status(), Status::Failed);
    engine.stop().await;
}
