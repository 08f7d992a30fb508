//! Delivery of webhooks: signed, timed, retried as the URL's connection overrides say, and logged.
//!
//! All budgets here are real time. Retries start 250 ms after a failure and double, within the total budget. A redirect
//! is not followed and counts as a refusal.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use reqwest::{Client, RequestBuilder, redirect};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::call::{CallEvent, Form};
use crate::changes::Changes;
use crate::clock::{Clock, real_second};
use crate::ids::CallSid;
use crate::mouth::{Mouth, sign_telnyx};
use crate::signature::sign;
use crate::target::{FailureKind, Method, Target};

const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// What a webhook is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookKind {
    /// A voice document is asked for.
    Voice,
    /// A call moved on.
    Status,
    /// A recording moved on.
    Recording,
    /// Human or machine was decided.
    Detection,
}

/// One request that was made, or that a fault kept from being made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WebhookRecord {
    /// When, simulated.
    pub at: Timestamp,
    /// The call it was about.
    pub call: CallSid,
    /// What it was about.
    pub kind: WebhookKind,
    /// The event, for a status callback.
    pub event: Option<CallEvent>,
    /// The URL that was signed.
    pub url: String,
    /// From 1; more are retries.
    pub attempt: u32,
    /// `I-Twilio-Idempotency-Token`: the same on all attempts and copies.
    pub token: String,
    /// How long it took until the answer was there, or until none was waited for any longer; real time.
    pub took: Duration,
    /// The answer's HTTP status.
    pub status: Option<u16>,
    /// Why there was no good answer.
    pub error: Option<String>,
    /// The parameters, in the order sent; of an event its type and what it says.
    pub params: Vec<(String, String)>,
    /// The body of an event, byte for byte.
    pub body: Option<String>,
}

/// A webhook to deliver.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) call: CallSid,
    pub(crate) kind: WebhookKind,
    pub(crate) event: Option<CallEvent>,
    pub(crate) target: Target,
    pub(crate) body: Body,
    pub(crate) token: String,
}

/// What a webhook says.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Parameters, as both carriers send them for voice documents.
    Form(Form),
    /// Telnyx's Call Control, in JSON.
    Event(Box<Event>),
}

/// An event of Call Control, and how it is tried again.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// `data`.
    pub(crate) data: Value,
    /// How long is waited before each retry, real time.
    pub(crate) retries: Vec<Duration>,
    /// Told once the address itself has failed for good.
    pub(crate) failover: Option<Target>,
}

impl Body {
    /// What is sent this time.
    fn text(&self, target: &Target, attempt: u32) -> String {
        match self {
            Self::Form(form) => {
                form_urlencoded::Serializer::new(String::new()).extend_pairs(form.pairs()).finish()
            }
            Self::Event(event) => {
                let meta = json!({ "attempt": attempt, "delivered_to": target.url.as_str() });
                json!({ "data": event.data, "meta": meta }).to_string()
            }
        }
    }

    fn params(&self) -> Vec<(String, String)> {
        match self {
            Self::Form(form) => form.pairs().to_vec(),
            Self::Event(event) => {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let of = |value: &Value| value.as_object().cloned().unwrap_or_default();
                let outer = of(&event.data).into_iter().filter(|(name, _)| name != "payload");
                outer.chain(of(&event.data["payload"])).map(|(name, value)| (name, text(&value))).collect()
            }
        }
    }
}

/// A good answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// No good answer.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) what: String,
}

/// A webhook on its way, with what is left of its budget.
pub(crate) struct Delivery {
    hook: Hook,
    begun: Instant,
    attempts: u32,
}

/// What one attempt led to.
pub(crate) enum Step {
    Done(Result<Answer, Failure>),
    RetryAfter(Duration),
}

/// Makes the requests and keeps the log.
pub(crate) struct Courier {
    mouth: Mouth,
    auth_token: String,
    clock: Arc<Clock>,
    changes: Arc<Changes>,
    /// One client for each connection time-out, which a client cannot change by request.
    clients: Mutex<HashMap<Duration, Client>>,
    log: Mutex<VecDeque<WebhookRecord>>,
    log_limit: usize,
}

impl Courier {
    pub(crate) fn new(
        mouth: Mouth,
        auth_token: String,
        clock: Arc<Clock>,
        changes: Arc<Changes>,
        log_limit: usize,
    ) -> Self {
        // Another part of the process may have installed one; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            mouth,
            auth_token,
            clock,
            changes,
            clients: Mutex::default(),
            log: Mutex::default(),
            log_limit,
        }
    }

    /// Delivers with all retries.
    pub(crate) async fn deliver(&self, hook: Hook) -> Result<Answer, Failure> {
        self.finish(Self::begin(hook)).await
    }

    pub(crate) fn begin(hook: Hook) -> Delivery {
        Delivery { hook, begun: Instant::now(), attempts: 0 }
    }

    /// Makes the attempts that are left.
    pub(crate) async fn finish(&self, mut delivery: Delivery) -> Result<Answer, Failure> {
        loop {
            match self.attempt(&mut delivery).await {
                Step::Done(result) => return result,
                Step::RetryAfter(pause) => tokio::time::sleep(pause).await,
            }
        }
    }

    /// Makes one attempt.
    pub(crate) async fn attempt(&self, delivery: &mut Delivery) -> Step {
        let overrides = &delivery.hook.target.overrides;
        delivery.attempts += 1;
        let left = overrides.total.saturating_sub(delivery.begun.elapsed());
        let asked = Instant::now();
        let body = delivery.hook.body.text(&delivery.hook.target, delivery.attempts);
        let result = self.request(&delivery.hook, &body, left).await;
        self.note(&delivery.hook, body, delivery.attempts, asked.elapsed(), &result);
        let failure = match result {
            Ok((_, answer)) => return Step::Done(Ok(answer)),
            Err((_, failure)) => failure,
        };
        if let Body::Event(event) = &mut delivery.hook.body {
            let tried = usize::try_from(delivery.attempts).unwrap_or(usize::MAX);
            if let Some(pause) = event.retries.get(tried.saturating_sub(1)) {
                return Step::RetryAfter(*pause);
            }
            if let Some(failover) = event.failover.take() {
                delivery.hook.target = failover;
                return Step::RetryAfter(Duration::ZERO);
            }
            return Step::Done(Err(failure));
        }
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(delivery.attempts - 1);
        let may_retry = delivery.attempts <= overrides.retries && overrides.retries_after(failure.kind);
        if may_retry && delivery.begun.elapsed() + pause < overrides.total {
            Step::RetryAfter(pause)
        } else {
            Step::Done(Err(failure))
        }
    }

    async fn request(
        &self,
        hook: &Hook,
        body: &str,
        left: Duration,
    ) -> Result<(u16, Answer), (Option<u16>, Failure)> {
        let fail = |kind, what: String| Failure { kind, what };
        let request =
            self.signed(hook, body).map_err(|error| (None, fail(FailureKind::Connect, error.to_string())))?;
        let budget = left.min(hook.target.overrides.connect + hook.target.overrides.read);
        let late = || (None, fail(FailureKind::Read, "no answer in time".into()));
        let exchange = async {
            let response = request.send().await.map_err(|error| {
                let kind = if error.is_connect() { FailureKind::Connect } else { FailureKind::Read };
                (None, fail(kind, error.without_url().to_string()))
            })?;
            let status = response.status().as_u16();
            let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
            let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
            let body = response
                .text()
                .await
                .map_err(|error| (Some(status), fail(FailureKind::Read, error.without_url().to_string())))?;
            match status {
                200..=299 => Ok((status, Answer { content_type, body })),
                500.. => Err((Some(status), fail(FailureKind::Status5xx, format!("HTTP {status}")))),
                _ => Err((Some(status), fail(FailureKind::Status4xx, format!("HTTP {status}")))),
            }
        };
        tokio::time::timeout(budget, exchange).await.map_err(|_| late())?
    }

    fn signed(&self, hook: &Hook, body: &str) -> reqwest::Result<RequestBuilder> {
        let client = self.client(hook.target.overrides.connect)?;
        let signed = match (&hook.body, self.mouth) {
            (Body::Event(_), _) => self.signed_event(&client, hook, body),
            (Body::Form(form), Mouth::Twilio) => self.signed_as_twilio(&client, hook, form),
            (Body::Form(form), Mouth::Telnyx) => self.signed_as_telnyx(&client, hook, form, body),
        };
        Ok(signed)
    }

    fn signed_event(&self, client: &Client, hook: &Hook, body: &str) -> RequestBuilder {
        let request = client.post(hook.target.url.clone()).header("Content-Type", "application/json");
        self.with_telnyxs_signature(request, body.to_owned())
    }

    /// Over the moment of this attempt and the body. A request by GET has no body, and nothing of its address is signed.
    fn signed_as_telnyx(&self, client: &Client, hook: &Hook, form: &Form, body: &str) -> RequestBuilder {
        let mut url = hook.target.url.clone();
        match hook.target.method {
            Method::Post => {
                let kind = "application/x-www-form-urlencoded";
                self.with_telnyxs_signature(client.post(url).header("Content-Type", kind), body.to_owned())
            }
            Method::Get => {
                url.query_pairs_mut().extend_pairs(form.pairs());
                self.with_telnyxs_signature(client.get(url), String::new())
            }
        }
    }

    fn with_telnyxs_signature(&self, request: RequestBuilder, body: String) -> RequestBuilder {
        let now = real_second();
        request
            .header("User-Agent", "telnyx-webhooks")
            .header("telnyx-timestamp", now)
            .header("telnyx-signature-ed25519", sign_telnyx(&self.auth_token, now, body.as_bytes()))
            .body(body)
    }

    fn signed_as_twilio(&self, client: &Client, hook: &Hook, form: &Form) -> RequestBuilder {
        let mut url = hook.target.url.clone();
        let pairs = form.pairs();
        let (request, signature) = match hook.target.method {
            Method::Post => {
                let signature = sign(&self.auth_token, url.as_str(), pairs);
                (client.post(url).form(pairs), signature)
            }
            Method::Get => {
                url.query_pairs_mut().extend_pairs(pairs);
                let signature = sign(&self.auth_token, url.as_str(), &[]);
                (client.get(url), signature)
            }
        };
        request
            .header("User-Agent", "TwilioProxy/1.1")
            .header("Accept", "*/*")
            .header("X-Twilio-Signature", signature)
            .header("I-Twilio-Idempotency-Token", &hook.token)
    }

    fn client(&self, connect: Duration) -> reqwest::Result<Client> {
        let mut clients = self.clients.lock();
        if let Some(client) = clients.get(&connect) {
            return Ok(client.clone());
        }
        let client = Client::builder()
            .connect_timeout(connect)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()?;
        clients.insert(connect, client.clone());
        Ok(client)
    }

    fn note(
        &self,
        hook: &Hook,
        body: String,
        attempt: u32,
        took: Duration,
        result: &Result<(u16, Answer), (Option<u16>, Failure)>,
    ) {
        let (status, error) = match result {
            Ok((status, _)) => (Some(*status), None),
            Err((status, failure)) => (*status, Some(failure.what.clone())),
        };
        self.log(hook, body, attempt, took, status, error);
    }

    /// Logs that a fault kept a webhook from being sent.
    pub(crate) fn lose(&self, hook: &Hook) {
        let body = hook.body.text(&hook.target, 1);
        self.log(hook, body, 0, Duration::ZERO, None, Some("lost on request".into()));
    }

    fn log(
        &self,
        hook: &Hook,
        body: String,
        attempt: u32,
        took: Duration,
        status: Option<u16>,
        error: Option<String>,
    ) {
        let mut log = self.log.lock();
        if log.len() >= self.log_limit {
            log.pop_front();
        }
        log.push_back(WebhookRecord {
            at: self.clock.now(),
            call: hook.call.clone(),
            kind: hook.kind,
            event: hook.event,
            url: hook.target.url.to_string(),
            attempt,
            token: hook.token.clone(),
            took,
            status,
            error,
            params: hook.body.params(),
            body: matches!(hook.body, Body::Event(_)).then_some(body),
        });
        drop(log);
        self.changes.bump();
    }

    /// The log, oldest first.
    pub(crate) fn webhooks(&self) -> Vec<WebhookRecord> {
        self.log.lock().iter().cloned().collect()
    }
}
