//! The smallest product there can be: routes, signature, token, page.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use secrecy::SecretString;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use trunkline_carriers::callback::{CallbackState, Mint, Place, PublicUrls, Scheme, SecretKeys};
use trunkline_carriers::form::Form;
use trunkline_carriers::signed::SignedRequest;
use trunkline_carriers::telnyx::{self, Telnyx, TelnyxSettings};
use trunkline_carriers::twilio::{self, Twilio, TwilioSettings};
use trunkline_carriers::voice::page;
use trunkline_carriers::webhook::{self, VoiceFetch};
use trunkline_carriers::{Carrier, Dialect, MachineDetection, Order, Verifier};
use trunkline_core::call::{News, OnLeg, RecordingState};
use trunkline_core::id::{CallId, LegNo, RecordingId};
use trunkline_core::private::{Address, Private};
use trunkline_core::script::{Answer, Caller, Heard, Next, Script};
use trunkline_sim::{Habit, Mouth, Sim, SimOptions, public_key};

pub const OURS: &str = "+15005550006";
const TOKEN: &str = "simulator-auth-token";
const SPEED: f64 = 400.0;

pub static SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    let file = r#"{"questions": [
        {"text": "Is it a good time?", "type": "yes-no"},
        {"text": "Your number?", "type": "numeric"},
        {"text": "Which day suits you?"}]}"#;
    Script::parse(file.as_bytes(), "simulator".parse().unwrap()).unwrap()
});

pub struct Product {
    pub sim: Sim,
    pub carrier: Arc<dyn Carrier>,
    seen: Arc<Seen>,
}

struct Seen {
    urls: PublicUrls,
    keys: SecretKeys,
    verifier: Verifier,
    account: trunkline_core::id::AccountId,
    facts: Mutex<Facts>,
}

#[derive(Default)]
struct Facts {
    heard: Vec<Answer>,
    news: Vec<News>,
    recordings: Vec<(RecordingId, RecordingState)>,
    pages: usize,
    refused: usize,
}

impl Product {
    pub async fn start(mouth: Mouth, habit: Habit) -> Self {
        Self::start_with_token(mouth, habit, TOKEN).await
    }

    pub async fn start_with_token(mouth: Mouth, habit: Habit, token: &str) -> Self {
        // Only the first of all tests in this process can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = SimOptions {
            mouth,
            account_sid: mouth.usual_account().to_owned(),
            speed: SPEED,
            people: vec![("*".into(), habit)],
            ..SimOptions::default()
        };
        let connection = options.connection.clone();
        let sim = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), options).await.unwrap();
        let urls: PublicUrls = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let (account, secret) = (mouth.usual_account(), SecretString::from(TOKEN));
        let base = sim.base_url().parse().unwrap();
        let timeout = Duration::from_secs(2);
        let (carrier, verifier): (Arc<dyn Carrier>, _) = match mouth {
            Mouth::Twilio => {
                let settings = TwilioSettings { timeout, ..TwilioSettings::new(account, secret, base) };
                let verifier = twilio::signature::Verifier::new(urls.clone(), SecretString::from(token));
                (Arc::new(Twilio::new(settings).unwrap()), Verifier::Twilio(verifier))
            }
            Mouth::Telnyx => {
                let settings = TelnyxSettings::new(account, secret, connection, base);
                let verifier = telnyx::signature::Verifier::new(&public_key(token)).unwrap();
                let telnyx = Telnyx::new(TelnyxSettings { timeout, ..settings }).unwrap();
                (Arc::new(telnyx), Verifier::Telnyx(verifier))
            }
        };
        let seen = Arc::new(Seen {
            verifier,
            urls,
            keys: SecretKeys::from_bytes(&[7; 32]),
            account: carrier.account().clone(),
            facts: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(seen.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { sim, carrier, seen }
    }

    pub fn order(&self, person: &str) -> Order {
        let on = OnLeg::first(LegNo::FIRST);
        let call = CallId::from_bytes([3; 16]);
        let mint =
            Mint::new(&self.seen.urls, &self.seen.keys, &self.seen.account, call, on, Some(SCRIPT.version));
        Order {
            to: Address::new(person),
            from: Address::new(OURS),
            urls: mint.leg(Place::START),
            ring_timeout_secs: 30,
            time_limit_secs: 600,
            machine_detection: MachineDetection::Off,
        }
    }

    /// The simulator's time: it runs faster than ours.
    pub fn now(&self) -> Timestamp {
        real_now()
    }

    pub fn heard(&self) -> Vec<Answer> {
        self.seen.facts.lock().unwrap().heard.clone()
    }

    pub fn news(&self) -> Vec<News> {
        self.seen.facts.lock().unwrap().news.clone()
    }

    pub fn recordings(&self) -> Vec<(RecordingId, RecordingState)> {
        self.seen.facts.lock().unwrap().recordings.clone()
    }

    pub fn pages(&self) -> usize {
        self.seen.facts.lock().unwrap().pages
    }

    pub fn refused(&self) -> usize {
        self.seen.facts.lock().unwrap().refused
    }
}

#[expect(clippy::disallowed_methods, reason = "the simulator began at the real time, and so does this test")]
fn real_now() -> Timestamp {
    Timestamp::now()
}

async fn answer(
    State(seen): State<Arc<Seen>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path_and_query = uri.path_and_query().unwrap().as_str();
    let request = SignedRequest {
        method: &method,
        path_and_query,
        scheme: Scheme::Http,
        headers: &headers,
        body: &body,
    };
    if seen.verifier.verify(&request, real_now()).is_err() {
        seen.facts.lock().unwrap().refused += 1;
        return StatusCode::FORBIDDEN.into_response();
    }
    let form = Form::parse(&body).unwrap();
    let query = Form::parse(uri.query().unwrap_or_default().as_bytes()).unwrap();
    let state = seen.keys.open(query.get("s").unwrap()).unwrap();
    match uri.path() {
        "/voice" => seen.voice(state, &webhook::voice(&seen.account, &form).unwrap()),
        "/status" => {
            let news = webhook::status(&seen.account, &form).unwrap().news.unwrap();
            seen.facts.lock().unwrap().news.push(news);
            StatusCode::NO_CONTENT.into_response()
        }
        "/recording" => {
            let news = webhook::recording(&seen.account, &form).unwrap().news(Some(state.place)).unwrap();
            assert!(news.step.is_some(), "a recording knows its question");
            seen.facts.lock().unwrap().recordings.push((news.id, news.state));
            StatusCode::NO_CONTENT.into_response()
        }
        other => panic!("nothing of ours is at {other}"),
    }
}

impl Seen {
    fn voice(&self, state: CallbackState, fetch: &VoiceFetch) -> Response {
        let mut facts = self.facts.lock().unwrap();
        let next = match state.place {
            Place::Open(next) => next,
            Place::Hear(at) => {
                let verdict = SCRIPT.hear(at, &heard(fetch));
                // Telnyx tells of silence too, by a recording in which nothing is.
                facts.heard.extend(Some(verdict.answer).filter(Answer::is_answer));
                verdict.next
            }
            place => panic!("this product asks for no {place:?}"),
        };
        facts.pages += 1;
        let page = match next {
            Next::Ask(cursor) => SCRIPT.open(&Caller::default(), cursor),
            end => SCRIPT.page(&Caller::default(), end),
        };
        let document = page::document(&page, &Mint::of(&self.urls, &self.keys, state));
        ([("content-type", "application/xml")], document.to_xml(Dialect::of(&self.account))).into_response()
    }
}

fn heard(fetch: &VoiceFetch) -> Heard {
    let text = |private: &Option<Private<String>>| private.as_ref().map(|text| text.reveal().clone());
    Heard { digits: text(&fetch.digits), speech: text(&fetch.speech), recording: fetch.recording.is_some() }
}
