//! A product in miniature: it answers webhooks as a test says and remembers what it was asked.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use trunkline_sim::{CallSid, CallStatus, Mix, Sim, SimOptions};

/// The simulator's speed in stories: a minute takes 150 ms.
pub const SPEED: f64 = 400.0;
pub const OURS: &str = "+15005550006";

/// One request to the product.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Path and query as they were on the wire.
    pub target: String,
    pub form: Vec<(String, String)>,
    pub signature: String,
    pub token: String,
}

impl Asked {
    pub fn get(&self, name: &str) -> &str {
        self.form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

type Answer = Box<dyn Fn(&Asked) -> Response + Send + Sync>;

pub struct Product {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<Answer>,
    server: Option<Runtime>,
}

impl Product {
    pub async fn start(answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, answer): (_, Arc<Answer>) = (Arc::default(), Arc::new(Box::new(answer)));
        let server = Some(serve(listener, Arc::clone(&asked), Arc::clone(&answer)));
        Self { address, asked, answer, server }
    }

    /// A product that answers each path with a document; unknown paths get an empty 204.
    pub async fn with_documents<const N: usize>(documents: [(&str, &str); N]) -> Self {
        let documents: HashMap<String, String> =
            documents.map(|(path, verbs)| (path.to_owned(), verbs.to_owned())).into();
        Self::start(move |asked| match documents.get(&asked.path) {
            Some(verbs) => document(verbs),
            None => StatusCode::NO_CONTENT.into_response(),
        })
        .await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Requests to one path, in order.
    pub fn asked_at(&self, path: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.path == path).collect()
    }

    /// The status callbacks' words in the order they arrived.
    pub fn statuses(&self) -> Vec<String> {
        self.asked_at("/status").iter().map(|asked| asked.get("CallStatus").to_owned()).collect()
    }

    /// Dies with all its connections, as by kill -9.
    pub async fn die(&mut self) {
        let server = self.server.take().unwrap();
        tokio::task::spawn_blocking(move || server.shutdown_timeout(Duration::from_secs(5))).await.unwrap();
    }

    /// Comes back at the same address.
    pub fn come_back(&mut self) {
        // The standard library's listener sets SO_REUSEADDR, so closed connections do not hold the port.
        let listener = std::net::TcpListener::bind(self.address).unwrap();
        self.server = Some(serve(listener, Arc::clone(&self.asked), Arc::clone(&self.answer)));
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.shutdown_background();
        }
    }
}

/// Serves in a runtime of its own: shutting that down kills connections too.
fn serve(listener: std::net::TcpListener, asked: Arc<Mutex<Vec<Asked>>>, answer: Arc<Answer>) -> Runtime {
    listener.set_nonblocking(true).unwrap();
    let app = axum::Router::new().fallback(move |request: Request| {
        let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
        async move {
            let request = read(request).await;
            asked.lock().unwrap().push(request.clone());
            answer(&request)
        }
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.spawn(async move {
        let listener = TcpListener::from_std(listener).unwrap();
        let _ = axum::serve(listener, app).await;
    });
    runtime
}

async fn read(request: Request) -> Asked {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let header = |name: &str| parts.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let text = if parts.method == "GET" { parts.uri.query().unwrap_or("").as_bytes() } else { &body };
    Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        target: parts.uri.to_string(),
        form: form_urlencoded::parse(text).into_owned().collect(),
        signature: header("x-twilio-signature"),
        token: header("i-twilio-idempotency-token"),
    }
}

/// An answer with a voice document.
pub fn document(verbs: &str) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{verbs}</Response>");
    ([("content-type", "text/xml")], text).into_response()
}

/// Options for a story: fast, and everybody answers unless told otherwise.
pub fn options() -> SimOptions {
    SimOptions { speed: SPEED, mix: Mix::everybody_answers(), ..SimOptions::default() }
}

pub async fn sim(options: SimOptions) -> Sim {
    Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), options).await.unwrap()
}

/// A client of the carrier's API.
pub struct Client {
    base: String,
    http: reqwest::Client,
}

impl Client {
    pub fn of(sim: &Sim) -> Self {
        Self { base: sim.base_url(), http: reqwest::Client::new() }
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<(u16, String), reqwest::Error> {
        let request = self.http.post(self.url(path)).form(form);
        let response = self.with_credentials(request).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    pub async fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let response = self.with_credentials(self.http.get(self.url(path))).send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    }

    pub async fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_slice(&self.get(path).await.1).unwrap()
    }

    /// Creates a call to a number with `/voice`, `/status` and all events.
    pub async fn create(&self, product: &Product, to: &str, more: &[(&str, &str)]) -> CallSid {
        let (status, body) = self.try_create(product, to, more).await.unwrap();
        assert_eq!(status, 201, "{body}");
        let call: serde_json::Value = serde_json::from_str(&body).unwrap();
        CallSid::from(call["sid"].as_str().unwrap())
    }

    pub async fn try_create(
        &self,
        product: &Product,
        to: &str,
        more: &[(&str, &str)],
    ) -> Result<(u16, String), reqwest::Error> {
        let (voice, status) = (product.url("/voice"), product.url("/status"));
        let mut form = vec![
            ("To", to),
            ("From", OURS),
            ("Url", &voice),
            ("StatusCallback", &status),
            ("StatusCallbackEvent", "initiated"),
            ("StatusCallbackEvent", "ringing"),
            ("StatusCallbackEvent", "answered"),
            ("StatusCallbackEvent", "completed"),
        ];
        form.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        form.extend_from_slice(more);
        self.post("/Calls.json", &form).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/2010-04-01/Accounts/{}{path}", self.base, SimOptions::default().account_sid)
    }

    fn with_credentials(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let SimOptions { account_sid, auth_token, .. } = SimOptions::default();
        request.basic_auth(account_sid, Some(auth_token))
    }
}

/// Waits until the call is over and everything about it was told.
pub async fn over(sim: &Sim, call: &CallSid) -> CallStatus {
    sim.wait_for(|sim| sim.call(call).is_some_and(|call| call.status.is_final())).await;
    sim.wait_until_idle().await;
    sim.call(call).unwrap().status
}
