//! Talking to the server: as a client with a key, as a stranger, and as the carrier.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use trunkline_engine::Clock;
use trunkline_sim::{Mouth, WebhookRecord, sign, sign_telnyx};

use super::{Day, TOKEN, left};

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text()))
    }

    /// A header's text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A webhook's parameters.
pub fn form<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

impl Day {
    /// Where the server is reached.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The server's port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Reads, with the key.
    pub fn get(&self, path: &str) -> Answer {
        self.send(self.ask(Method::GET, path).bearer_auth(&self.key))
    }

    /// Reads, with the key, if the server answers at all.
    pub fn try_get(&self, path: &str) -> Option<Answer> {
        self.try_send(self.ask(Method::GET, path).bearer_auth(&self.key))
    }

    /// Writes JSON, with the key.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.ask(Method::POST, path).bearer_auth(&self.key).json(body))
    }

    /// Uses the key that the server printed when it made one.
    pub fn reads_its_key(&mut self) -> String {
        let (stdout, _) = self.written();
        let line = stdout.lines().find(|line| line.starts_with("API key")).expect("it is printed");
        line.split_whitespace().last().unwrap().clone_into(&mut self.key);
        self.key.clone()
    }

    /// A request to be made up; without the key.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// Sends it.
    pub fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).expect("the server answers")
    }

    /// Sends it, and lets whatever becomes of it be.
    pub fn send_without_waiting(&self, request: RequestBuilder) {
        self.world.spawn(async { request.send().await });
    }

    /// Sends many at once.
    pub fn send_all(&self, requests: Vec<RequestBuilder>) -> Vec<Answer> {
        self.world.block_on(async {
            let sent: Vec<_> = requests.into_iter().map(|request| tokio::spawn(answer(request))).collect();
            let mut answers = Vec::new();
            for answer in sent {
                answers.push(answer.await.unwrap().expect("the server answers"));
            }
            answers
        })
    }

    /// Sends it; `None` if the server hangs up on us instead.
    pub fn try_send(&self, request: RequestBuilder) -> Option<Answer> {
        self.world.block_on(answer(request)).ok()
    }

    /// A webhook that the carrier signed.
    pub fn webhook(&self, url: &str, form: &[(String, String)]) -> Answer {
        self.send(self.signed(url, form, &sign(TOKEN, url, form), "story"))
    }

    /// A webhook with any signature.
    pub fn signed(
        &self,
        url: &str,
        form: &[(String, String)],
        signature: &str,
        token: &str,
    ) -> RequestBuilder {
        let request = self.client.post(url).header("X-Twilio-Signature", signature);
        request.header("I-Twilio-Idempotency-Token", token).form(form)
    }

    /// A webhook of this day's carrier, whichever it is, as it would send it now.
    pub fn tells(&self, hook: &WebhookRecord) -> RequestBuilder {
        match self.opening.mouth {
            Mouth::Twilio => self.again(hook),
            Mouth::Telnyx => {
                let (kind, body) = match &hook.body {
                    Some(event) => ("application/json", event.clone()),
                    None => {
                        let mut form = url::form_urlencoded::Serializer::new(String::new());
                        ("application/x-www-form-urlencoded", form.extend_pairs(&hook.params).finish())
                    }
                };
                let now = Clock::real().now().as_second();
                self.ask_at(&hook.url)
                    .header(CONTENT_TYPE, kind)
                    .header("telnyx-timestamp", now)
                    .header("telnyx-signature-ed25519", sign_telnyx(TOKEN, now, body.as_bytes()))
                    .body(body)
            }
        }
    }

    /// A webhook without any signature.
    pub fn ask_at(&self, url: &str) -> RequestBuilder {
        self.client.post(url)
    }

    /// A webhook that was sent before, sent once more.
    pub fn again(&self, hook: &WebhookRecord) -> RequestBuilder {
        self.signed(&hook.url, &hook.params, &sign(TOKEN, &hook.url, &hook.params), &hook.token)
    }
}

async fn answer(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let is_measured = response.url().path() == "/metrics";
    let is_problem = headers.get("content-type").is_some_and(|kind| kind == "application/problem+json");
    let body = response.bytes().await?.to_vec();
    if is_measured || is_problem {
        left::answered(&body);
    }
    Ok(Answer { status, headers, body })
}
