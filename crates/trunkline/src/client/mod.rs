//! Talking to a running server: found by its address and key, or by what it left in its data folder.

use std::time::Duration;

use reqwest::{Client as Http, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::cli::Reach;
use crate::commands::settings;
use crate::exit::{Exit, Failure};
use crate::settings::Flags;
use crate::wiring::Beside;

/// A server answers from memory; a database that is away is said to be so within this time.
const PATIENCE: Duration = Duration::from_secs(20);
/// A carrier is asked about many calls, and not faster than it likes.
const LONG_PATIENCE: Duration = Duration::from_secs(1_800);

/// A server that answers, or the failure to find one.
pub(crate) struct Client {
    http: Http,
    base: String,
    key: String,
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
        Ok(Self { http, base, key })
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

    /// Asks for something that takes as long as it takes.
    pub async fn post_patiently(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(self.http.post(self.address(path)).json(body).timeout(LONG_PATIENCE)).await
    }

    /// Asks for something to be done; repeated with the same key, it is done once.
    pub async fn post_once(&self, path: &str, body: &Value, key: &str) -> Result<Value, Failure> {
        self.send(self.http.post(self.address(path)).json(body).header("idempotency-key", key)).await
    }

    /// Asks for something to be taken away.
    pub async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.send(self.http.delete(self.address(path))).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let answer = request.bearer_auth(&self.key).send().await.map_err(|_| self.unreachable())?;
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
