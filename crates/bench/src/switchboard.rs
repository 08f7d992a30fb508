//! A carrier that takes every call, after a while, and remembers when it was asked for whom. It may end each call a little
//! later; whatever else it is asked about goes on.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::http::Connection;
use crate::webhook::{About, Kind, Writer};

/// How it behaves.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// So long it takes for each call that is placed.
    pub takes: Duration,
    /// So long after that the call is over; never, if none.
    pub ends_after: Option<Duration>,
}

/// A running one; it ends when it is dropped.
pub struct Switchboard {
    address: SocketAddr,
    board: Arc<Board>,
    serving: JoinHandle<()>,
}

struct Board {
    manner: Manner,
    seen: Mutex<Seen>,
}

/// What it has seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Who was called, and when that was asked for, in this order.
    pub placed: Vec<(String, Instant)>,
    /// When calls ended, in this order.
    pub ended: Vec<Instant>,
    /// Reports of an end that were not taken, and why the last was not.
    pub refused: usize,
    pub refusal: Option<String>,
    /// The most requests that were open at once.
    pub most_open: usize,
    open: usize,
}

impl Switchboard {
    /// Answers on a port of its own.
    ///
    /// # Errors
    /// There is none.
    pub async fn start(manner: Manner) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let board = Arc::new(Board { manner, seen: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&board));
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { address, board, serving })
    }

    /// Where it is asked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has seen since it was last cleared.
    pub fn seen(&self) -> Seen {
        self.board.seen().clone()
    }

    /// How many calls were placed.
    pub fn placed(&self) -> usize {
        self.board.seen().placed.len()
    }

    /// Forgets what it has seen.
    pub fn clear(&self) {
        let mut seen = self.board.seen();
        *seen = Seen { open: seen.open, ..Seen::default() };
    }
}

impl Drop for Switchboard {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Seen {
    /// Calls per second, from the first to the last.
    pub fn rate(&self) -> f64 {
        let (Some((_, first)), Some((_, last))) = (self.placed.first(), self.placed.last()) else {
            return 0.0;
        };
        (self.placed.len() - 1) as f64 / last.duration_since(*first).as_secs_f64().max(f64::EPSILON)
    }

    /// How many people were called more than once.
    pub fn called_twice(&self) -> usize {
        let mut times: HashMap<&str, usize> = HashMap::new();
        self.placed.iter().for_each(|(to, _)| *times.entry(to).or_default() += 1);
        times.values().filter(|times| **times > 1).count()
    }
}

impl Board {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    State(board): State<Arc<Board>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> (StatusCode, String) {
    let is_placed = method == Method::POST && uri.path().ends_with("/Calls.json");
    if !is_placed {
        let sid = uri.path().rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
        return (StatusCode::OK, serde_json::json!({ "sid": sid, "status": "in-progress" }).to_string());
    }
    let form = String::from_utf8_lossy(&body).into_owned();
    let to = field(&form, "To").unwrap_or_default();
    let Manner { takes, ends_after } = board.manner;
    let number = {
        let mut seen = board.seen();
        seen.placed.push((to.clone(), Instant::now()));
        seen.open += 1;
        seen.most_open = seen.most_open.max(seen.open);
        seen.placed.len()
    };
    tokio::time::sleep(takes).await;
    board.seen().open -= 1;
    // Unique also over several switchboards of one server.
    let sid = format!("CA{:020x}{number:012x}", to.trim_start_matches('+').parse::<u64>().unwrap_or(0));
    if let (Some(after), Some(status)) = (ends_after, field(&form, "StatusCallback")) {
        let (board, sid) = (Arc::clone(&board), sid.clone());
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let taken = end(&sid, &to, &status).await;
            let mut seen = board.seen();
            match taken {
                Ok(at) => seen.ended.push(at),
                Err(why) => {
                    seen.refused += 1;
                    seen.refusal = Some(why.to_string());
                }
            }
        });
    }
    (StatusCode::CREATED, serde_json::json!({ "sid": sid, "status": "queued" }).to_string())
}

/// Reports that a call is over; when that was said.
async fn end(sid: &str, to: &str, status: &str) -> Result<Instant> {
    // Behind `#` stands how the carrier is to deliver: it neither asks for that nor signs it.
    let address = status.split('#').next().unwrap_or_default();
    let rest = address.strip_prefix("http://").context("it is not ours")?;
    let (host, path) = rest.split_once('/').context("it has no path")?;
    let mut writer = Writer::new(host.to_owned())?;
    let about = About { call_sid: sid, caller: to, digits: "", sequence: "3" };
    let mut connection = Connection::open(host.parse()?).await?;
    let at = Instant::now();
    let answer = connection.exchange(writer.write(Kind::Over, &format!("/{path}"), about)).await?;
    anyhow::ensure!(answer.status < 300, "{}: {}", answer.status, answer.beginning());
    Ok(at)
}

/// A field of a form.
fn field(form: &str, name: &str) -> Option<String> {
    let value = form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let (mut text, mut bytes) = (Vec::with_capacity(value.len()), value.bytes());
    while let Some(byte) = bytes.next() {
        text.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read() {
        let form = "To=%2B15550100100&From=x&StatusCallback=http%3A%2F%2Fa%2Fstatus%3Fs%3D1";
        assert_eq!(field(form, "To").as_deref(), Some("+15550100100"));
        assert_eq!(field(form, "StatusCallback").as_deref(), Some("http://a/status?s=1"));
        assert_eq!(field(form, "Url"), None);
    }
}
