//! A server for a test: engine, web and simulator, each on its own port and folder.

use crate::client::{Answer, send};
use secrecy::SecretString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trunkline_carriers::Verifiers;
use trunkline_carriers::callback::{PublicUrls, SecretKeys};
use trunkline_carriers::twilio::signature::Verifier;
use trunkline_carriers::twilio::{Twilio, TwilioSettings};
use trunkline_core::call::{Limits as CallLimits, Timing};
use trunkline_core::dial::gates::DialLimits;
use trunkline_core::id::AccountId;
use trunkline_core::private::Address;
use trunkline_engine::{Clock, Config, Engine, Pace, Part};
use trunkline_journal::Options;
use trunkline_sim::{Sim, SimOptions, sign};
use trunkline_web::{Access, Finding, KeyHash, Limits, Parts, SessionSecret, Verdict, Web};

pub const KEY: &str = "a-key-of-the-tests";
pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "simulator-auth-token";

/// What is special about a house.
pub struct Opening {
    pub limits: Limits,
    pub journal: Options,
    pub dial_limits: DialLimits,
    /// Where its data is kept; in a folder of its own if absent.
    pub data: Option<PathBuf>,
    pub call_limits: CallLimits,
    /// The questions file.
    pub script: &'static str,
    /// How many times as fast as real time runs.
    pub speed: f64,
    /// Who may come in, and from where: changed before the server begins.
    pub access: fn(Access) -> Access,
}

impl Default for Opening {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            journal: Options { reserve_bytes: 0, ..Options::default() },
            dial_limits: DialLimits { cps: 1_000.0, ..DialLimits::default() },
            data: None,
            call_limits: CallLimits::default(),
            script: r#"["How are you?", "And tomorrow?"]"#,
            speed: 100.0,
            access: |access| access,
        }
    }
}

pub struct House {
    pub server: SocketAddr,
    pub engine: Engine,
    pub sim: Sim,
    pub shutdown: CancellationToken,
    pub serving: JoinHandle<()>,
    _folder: TempDir,
}

impl House {
    pub async fn open() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub async fn with_limits(limits: Limits) -> Self {
        Self::with(Opening { limits, ..Opening::default() }).await
    }

    pub async fn with(opening: Opening) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = opening.data.clone().unwrap_or_else(|| folder.path().to_owned());
        let pace = Pace { epoch: Clock::real().now(), speed: opening.speed };
        let (listener, server) = bind().await;
        let (sims, _) = bind().await;
        let options = SimOptions { speed: opening.speed, epoch: Some(pace.epoch), ..SimOptions::default() };
        let sim = Sim::start(sims, options).await.unwrap();
        let questions = folder.path().join("questions.json");
        std::fs::write(&questions, opening.script).unwrap();
        let base = sim.base_url().parse().unwrap();
        let twilio = Twilio::new(TwilioSettings::new(ACCOUNT, SecretString::from(TOKEN), base)).unwrap();
        let config = config(&data, questions, server, Clock::paced(pace), &opening);
        let urls = config.urls.clone();
        let engine = Engine::start(config, Arc::new(twilio)).await.unwrap();
        let access = (opening.access)(Access::new(vec![KeyHash::of(KEY)], SessionSecret::new([9; 32])));
        let findings = vec![Finding {
            subject: "PUBLIC_URL".into(),
            verdict: Verdict::Doubtful,
            detail: "is reached from this machine only".into(),
        }];
        let web = Web::new(Parts {
            engine: engine.clone(),
            access,
            verifiers: Verifiers::new([(
                AccountId::new(format!("twilio:{ACCOUNT}")),
                trunkline_carriers::Verifier::Twilio(Verifier::new(urls, SecretString::from(TOKEN))),
            )]),
            findings,
            app_calls: trunkline_web::AppCalls::default(),
            limits: opening.limits,
        });
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(web.serve(listener, shutdown.clone()));
        eventually("the store is there", async || match engine.health().await.database {
            Part::Ok { .. } => Some(()),
            Part::Degraded { .. } => None,
        })
        .await;
        Self { server, engine, sim, shutdown, serving, _folder: folder }
    }

    /// A request with the key.
    pub async fn api(&self, method: &str, target: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {KEY}");
        send(self.server, method, target, &[("authorization", &bearer)], body.as_bytes()).await
    }

    pub async fn get(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        send(self.server, "GET", target, headers, b"").await
    }

    /// A form of the carrier's, rightly signed.
    pub async fn webhook(&self, target: &str, form: &[(&str, &str)]) -> Answer {
        let signature = self.signature(target, form);
        self.forged(target, form, &signature).await
    }

    /// A form with any signature.
    pub async fn forged(&self, target: &str, form: &[(&str, &str)], signature: &str) -> Answer {
        let body = encode(form);
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("x-twilio-signature", signature)];
        send(self.server, "POST", target, &headers, body.as_bytes()).await
    }

    pub fn signature(&self, target: &str, form: &[(&str, &str)]) -> String {
        let form: Vec<_> = form.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        sign(TOKEN, &format!("http://{}{target}", self.server), &form)
    }

    /// Signs in as a person with the key; the cookie.
    pub async fn sign_in(&self) -> String {
        let form = encode(&[("key", KEY)]);
        let answer = send(self.server, "POST", "/login", &[], form.as_bytes()).await;
        let cookie = answer.header("set-cookie").unwrap_or_else(|| panic!("{answer:?}"));
        cookie.split(';').next().unwrap().to_owned()
    }
}

pub fn encode(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Asks until it is so. What is waited for happens by itself: nothing else tells when.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), asking).await;
    found.unwrap_or_else(|_| panic!("never: {what}"))
}

async fn bind() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn config(data: &Path, questions: PathBuf, server: SocketAddr, clock: Clock, opening: &Opening) -> Config {
    Config {
        data_dir: data.to_owned(),
        database: trunkline_engine::Target::Sqlite(data.join("trunkline.db")),
        cache: None,
        bucket: None,
        transcribing: trunkline_engine::Transcribing::Carrier,
        keep_recordings: trunkline_core::call::KeepFor::default(),
        keep_calls: trunkline_core::call::KeepFor::default(),
        journal: opening.journal.clone(),
        node: "1".to_owned(),
        journal_retention: Duration::from_secs(86_400),
        recordings: data.join("recordings"),
        recording_max_bytes: 10 << 20,
        questions,
        default_script: None,
        bot_files: None,
        hold_music: None,
        consent: trunkline_engine::AskConsent::AsScriptsSay,
        numbers: Vec::new(),
        from: Some(Address::new("+15005550006")),
        default_country: None,
        call_limits: opening.call_limits,
        dial_limits: opening.dial_limits,
        // Many calls are known to their test alone: on a slow day the carrier would be asked, and know nothing of them.
        webhooks: trunkline_engine::Webhooks::default(),
        app_calls: trunkline_engine::AppCalls::default(),
        bots: trunkline_engine::Bots::default(),
        queue: trunkline_engine::QueueConfig::default(),
        timing: Timing { silent_secs: 86_400, ..Timing::default() },
        post_timeout: Duration::from_secs(5),
        urls: format!("http://{server}").parse::<PublicUrls>().unwrap(),
        secrets: Arc::new(SecretKeys::from_bytes(&[5; 32])),
        clock,
    }
}
