//! Talking to a running server: found by its address and key, or by what it left in its data folder.

use std::time::Duration;

use futures_util::stream;
use reqwest::header::{ACCEPT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Body, Client as Http, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::cli::Reach;
use crate::commands::settings;
use crate::exit::{Exit, Failure};
use crate::settings::Flags;
use crate::terminal::Progress;
use crate::wiring::Beside;

/// A server answers from memory; a database that is away is said to be so within this time.
const PATIENCE: Duration = Duration::from_secs(20);
/// A carrier is asked about many calls, and not faster than it likes.
const LONG_PATIENCE: Duration = Duration::from_secs(1_800);
/// A list of people is judged row by row, and a table of results is written row by row.
const LIST_PATIENCE: Duration = Duration::from_secs(600);
/// So much of a file is sent between two looks at how far it is.
const CHUNK: usize = 64 << 10;

/// A server that answers, or the failure to find one.
pub(crate) struct Client {
    http: Http,
    base: String,
    key: String,
    language: String,
}

impl Client {
    /// Finds the server.
    pub fn find(reach: &Reach) -> Result<Self, Failure> {
        let flags =
            Flags { config: reach.config.clone(), data_dir: reach.data_dir.clone(), ..Flags::default() };
        let settings = settings(flags)?;
        let folder = &settings.server.data_dir;
        let beside =
            Beside::find(folder).map_err(|error| Failure::while_doing("cannot find the server", &error))?;
        let given = settings.access.api_key.as_ref().map(|key| key.expose_secret().to_owned());
        let (base, key) = match (reach.url.as_deref().map(|url| url.trim_end_matches('/')), beside) {
            (Some(url), Some(beside)) if url == beside.url => (beside.url, beside.key),
            (Some(url), _) => {
                let key = given.ok_or_else(|| {
                    Failure::new(Exit::Usage, format_args!("{url} needs a key; set TRUNKLINE_API_KEY"))
                })?;
                (url.to_owned(), key)
            }
            (None, Some(beside)) => (beside.url, beside.key),
            (None, None) => {
                let message = format_args!(
                    "no server runs on {}; start one with `trunkline serve`, or name one with --url",
                    folder.display()
                );
                return Err(Failure::new(Exit::Unreachable, message));
            }
        };
        let http = Http::builder().timeout(PATIENCE).no_proxy().build();
        let http = http.map_err(|error| Failure::while_doing("cannot set up the HTTP client", &error))?;
        Ok(Self { http, base, key, language: language() })
    }

    /// Asks.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(self.http.get(self.address(path))).await
    }

    /// Asks with a query.
    pub async fn list(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        self.send(self.http.get(self.address(path)).query(query)).await
    }

    /// Asks for something to be done.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(self.http.post(self.address(path)).json(body)).await
    }

    /// Asks for something to be so.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(self.http.put(self.address(path)).json(body)).await
    }

    /// Asks for something that takes as long as it takes.
    pub async fn post_patiently(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(self.http.post(self.address(path)).json(body).timeout(LONG_PATIENCE)).await
    }

    /// Asks for something to be done; repeated with the same key, it is done once.
    pub async fn post_once(&self, path: &str, body: &Value, key: &str) -> Result<Value, Failure> {
        self.send(self.http.post(self.address(path)).json(body).header("idempotency-key", key)).await
    }

    /// Sends a file, telling how far it is, and waits as long as such things take.
    pub async fn upload(
        &self,
        path: &str,
        query: &[(String, String)],
        kind: &str,
        bytes: Vec<u8>,
    ) -> Result<Value, Failure> {
        let (length, mut told) = (bytes.len() as u64, Progress::new("bytes sent", Some(bytes.len() as u64)));
        let mut sent = 0;
        let parts: Vec<Vec<u8>> = bytes.chunks(CHUNK).map(<[u8]>::to_vec).collect();
        let parts = parts.into_iter().map(move |part| {
            sent += part.len() as u64;
            told.at(sent);
            Ok::<_, std::io::Error>(part)
        });
        let request = self.http.post(self.address(path)).query(query).timeout(LIST_PATIENCE);
        let request = request.header(CONTENT_TYPE, kind).header(CONTENT_LENGTH, length);
        self.send(request.body(Body::wrap_stream(stream::iter(parts)))).await
    }

    /// Fetches a file.
    pub async fn download(&self, path: &str, query: &[(String, String)]) -> Result<Vec<u8>, Failure> {
        let request = self.http.get(self.address(path)).query(query).timeout(LIST_PATIENCE);
        let answer = request.bearer_auth(&self.key).send().await.map_err(|_| self.unreachable())?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|_| self.unreachable())?;
        if status.is_success() {
            return Ok(bytes.to_vec());
        }
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        Err(Failure::new(Exit::Failed, problem(status.as_u16(), &value)))
    }

    /// Asks for something to be taken away.
    pub async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.send(self.http.delete(self.address(path))).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let request = request.bearer_auth(&self.key).header(ACCEPT_LANGUAGE, &self.language);
        let answer = request.send().await.map_err(|_| self.unreachable())?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|_| self.unreachable())?;
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        // A server that is being drained answers what it has, with 503.
        if status.is_success() || value.get("parts").is_some() {
            return Ok(value);
        }
        Err(Failure::new(Exit::Failed, problem(status.as_u16(), &value)))
    }

    fn unreachable(&self) -> Failure {
        Failure::new(
            Exit::Unreachable,
            format_args!("no server answers at {}; is `trunkline serve` running?", self.base),
        )
    }
}

/// The reader's language, as terminals are told it: `he_IL.UTF-8` is `he-IL`.
fn language() -> String {
    let told = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        let tag = value.split(['.', '@']).next().unwrap_or_default().replace('_', "-");
        tag.chars().all(|char| char.is_ascii_alphanumeric() || char == '-').then_some(tag)
    });
    told.filter(|tag| tag.len() >= 2 && tag != "POSIX").unwrap_or_else(|| "en".to_owned())
}

/// A server's refusal as one line.
fn problem(status: u16, problem: &Value) -> String {
    let text = |name| problem.get(name).and_then(Value::as_str);
    let title = text("title").unwrap_or("the server refused");
    match (status, text("detail")) {
        (401, _) => "the server does not take this key; set TRUNKLINE_API_KEY".to_owned(),
        (_, Some(detail)) => format!("{title}: {detail}"),
        (_, None) => format!("{title} ({status})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_is_one_line_in_the_servers_words() {
        let refusal = json!({"title": "A field is wrong", "detail": "to: too short"});
        assert_eq!(problem(400, &refusal), "A field is wrong: to: too short");
        assert_eq!(problem(502, &json!(null)), "the server refused (502)");
    }
}
