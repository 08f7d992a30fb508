//! One request to one endpoint: signed, to where it may go, and cut off where it takes too long or says too much.

use super::reach::{NotAllowed, Reach, Resolver};
use super::secret::Secret;
use jiff::Timestamp;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::outgoing::{Answer, Trouble};

/// So much of an answer is read, so that its connection can be used again; what is longer is cut.
const MAX_ANSWER: usize = 64 << 10;
/// To open a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(30);

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The event's id, the same at every attempt.
    pub id: &'a str,
    /// When it is sent.
    pub at: Timestamp,
    /// The body, byte for byte.
    pub body: &'a str,
}

/// No HTTP client can be had on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client for webhooks can't be set up: it needs TLS roots")]
pub struct NoClient;

/// Sends webhooks.
pub struct Poster {
    client: Client,
    reach: Arc<Reach>,
    timeout: Duration,
}

impl Poster {
    /// Sends to where it may, within this time. The process must have installed a rustls crypto provider before.
    ///
    /// # Errors
    /// [`NoClient`].
    pub fn new(reach: Reach, timeout: Duration) -> Result<Self, NoClient> {
        let reach = Arc::new(reach);
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // A proxy would resolve names itself, and nobody would look where they lead.
            .no_proxy()
            .dns_resolver(Resolver(Arc::clone(&reach)))
            .pool_max_idle_per_host(8)
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| NoClient)?;
        Ok(Self { client, reach, timeout })
    }

    /// Where anything is sent to.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Sends a message, signed with each of these secrets, and says what came of it. Never waits longer than it was told.
    pub async fn post(&self, url: &str, message: Message<'_>, secrets: &[Secret]) -> Answer {
        let deadline = tokio::time::Instant::now() + self.timeout;
        let response = match self.send(url, message, secrets, deadline).await {
            Ok(response) => response,
            Err(trouble) => return Answer::Trouble(trouble),
        };
        let status = response.status().as_u16();
        // The status is the answer; what else it says is not waited for.
        let _ = tokio::time::timeout_at(deadline, read(response, MAX_ANSWER)).await;
        Answer::Status(status)
    }

    /// Sends a message as [`Poster::post`] does, for its answer's sake: the status, and the body.
    ///
    /// # Errors
    /// There was no answer, or none that is whole, in time and within `most` bytes.
    pub async fn ask(
        &self,
        url: &str,
        message: Message<'_>,
        secrets: &[Secret],
        most: usize,
    ) -> Result<(u16, Vec<u8>), Trouble> {
        let deadline = tokio::time::Instant::now() + self.timeout;
        let response = self.send(url, message, secrets, deadline).await?;
        let status = response.status().as_u16();
        match tokio::time::timeout_at(deadline, read(response, most)).await {
            Err(_) => Err(Trouble::Timeout),
            Ok(None) => Err(Trouble::BadAnswer),
            Ok(Some(body)) => Ok((status, body)),
        }
    }

    async fn send(
        &self,
        url: &str,
        message: Message<'_>,
        secrets: &[Secret],
        deadline: tokio::time::Instant,
    ) -> Result<Response, Trouble> {
        // It was good when it was written down; what is allowed may have changed.
        let Ok(url) = self.reach.check(url) else { return Err(Trouble::AddressNotAllowed) };
        let secs = message.at.as_second();
        let signatures: Vec<String> =
            secrets.iter().map(|secret| secret.sign(message.id, secs, message.body)).collect();
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", secs.to_string())
            .header("webhook-signature", signatures.join(" "))
            .body(message.body.to_owned());
        match tokio::time::timeout_at(deadline, request.send()).await {
            Err(_) => Err(Trouble::Timeout),
            Ok(sent) => sent.map_err(|error| trouble(&error)),
        }
    }
}

/// Reads an answer to its end; `None` if it breaks off or has more bytes than this.
async fn read(mut response: Response, most: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > most {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

fn trouble(error: &reqwest::Error) -> Trouble {
    if is_not_allowed(error) {
        Trouble::AddressNotAllowed
    } else if error.is_timeout() {
        Trouble::Timeout
    } else if error.is_connect() {
        Trouble::Unreachable
    } else {
        Trouble::BadAnswer
    }
}

fn is_not_allowed(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if error.is::<NotAllowed>() {
            return true;
        }
        source = error.source();
    }
    false
}

impl fmt::Debug for Poster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poster").field("reach", &self.reach).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::reach::Plain;
    use super::*;
    use axum::Router;
    use axum::http::{HeaderMap, StatusCode};
    use axum::response::Redirect;
    use axum::routing::post;
    use std::sync::Mutex;

    const MESSAGE: Message<'_> = Message { id: "e1", at: Timestamp::UNIX_EPOCH, body: "{}" };

    fn poster(reach: Reach) -> Poster {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Poster::new(reach, Duration::from_millis(400)).unwrap()
    }

    fn here() -> Reach {
        let networks = vec!["127.0.0.1".parse().unwrap()];
        Reach { plain: Plain::Allowed, networks, ..Reach::default() }
    }

    /// A receiver with all its moods, and the heads of what came to `/seen`.
    async fn receiver() -> (String, Arc<Mutex<Vec<HeaderMap>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let heads = Arc::clone(&seen);
        let router = Router::new()
            .route("/seen", post(async move |head: HeaderMap| heads.lock().unwrap().push(head)))
            .route("/busy", post(async || StatusCode::SERVICE_UNAVAILABLE))
            .route("/elsewhere", post(async || Redirect::temporary("/seen")))
            .route("/large", post(async || vec![b'x'; 10 << 20]))
            .route("/hanging", post(std::future::pending::<()>));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (base, seen)
    }

    #[tokio::test]
    async fn the_status_is_the_answer_whatever_else_comes_with_it() {
        let (base, seen) = receiver().await;
        let poster = poster(here());
        for (path, answer) in [
            ("/seen", Answer::Status(200)),
            ("/busy", Answer::Status(503)),
            ("/elsewhere", Answer::Status(307)),
            ("/large", Answer::Status(200)),
            ("/hanging", Answer::Trouble(Trouble::Timeout)),
        ] {
            assert_eq!(poster.post(&format!("{base}{path}"), MESSAGE, &[]).await, answer, "{path}");
        }
        assert_eq!(seen.lock().unwrap().len(), 1, "a redirect is not followed");
    }

    #[tokio::test]
    async fn an_answer_is_had_whole_or_not_at_all() {
        let (base, _) = receiver().await;
        let poster = poster(here());
        let asked = async |path: &str, most| poster.ask(&format!("{base}{path}"), MESSAGE, &[], most).await;
        assert_eq!(asked("/seen", 10).await, Ok((200, Vec::new())));
        assert_eq!(asked("/large", 1_000).await, Err(Trouble::BadAnswer));
        assert_eq!(asked("/large", 10 << 20).await.map(|(_, body)| body.len()), Ok(10 << 20));
        assert_eq!(asked("/hanging", 10).await, Err(Trouble::Timeout));
    }

    #[tokio::test]
    async fn each_secret_signs() {
        let (base, seen) = receiver().await;
        let secrets = [Secret::of([1; 32]), Secret::of([2; 32])];
        poster(here()).post(&format!("{base}/seen"), MESSAGE, &secrets).await;
        let heads = seen.lock().unwrap();
        let head = |name: &str| heads[0][name].to_str().unwrap();
        assert_eq!((head("webhook-id"), head("webhook-timestamp")), ("e1", "0"));
        let signed = secrets.map(|secret| secret.sign("e1", 0, "{}")).join(" ");
        assert_eq!(head("webhook-signature"), signed);
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_connected_to() {
        let (base, seen) = receiver().await;
        let by_name = base.replace("127.0.0.1", "localhost") + "/seen";
        let shut = poster(Reach { plain: Plain::Allowed, ..Reach::default() });
        assert_eq!(shut.post(&by_name, MESSAGE, &[]).await, Answer::Trouble(Trouble::AddressNotAllowed));
        let literal = shut.post(&format!("{base}/seen"), MESSAGE, &[]).await;
        assert_eq!(literal, Answer::Trouble(Trouble::AddressNotAllowed));
        assert!(seen.lock().unwrap().is_empty());
        // The control: allowed, the very same is sent.
        assert_eq!(poster(here()).post(&by_name, MESSAGE, &[]).await, Answer::Status(200));
    }

    #[tokio::test]
    async fn who_is_not_there_is_unreachable() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(poster(here()).post(&address, MESSAGE, &[]).await, Answer::Trouble(Trouble::Unreachable));
    }
}
