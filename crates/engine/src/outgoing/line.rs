//! One line: the deliveries of one call to one endpoint, sent one after the other. The next goes out when the one before was
//! taken or given up; one that failed holds the line until it is tried again.

use super::sender::CLAIM;
use crate::clock::chance;
use crate::engine::Inner;
use crate::spans;
use jiff::Timestamp;
use std::time::{Duration, Instant};
use tracing::Instrument;
use trunkline_carriers::outgoing::Message;
use trunkline_core::outgoing::{Answer, DisabledBy, Endpoint, Trouble, Verdict, is_given_up, retry_at};
use trunkline_store::{AttemptMade, Became, Held, Store, StoreError, StoredEndpoint, Waiting, WebhookLine};

/// So long an answer is waited for by a server that stops. What comes later is asked for again.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// So many deliveries are read at once.
const AT_ONCE: u16 = 32;

/// Works through a line until it is empty, has to wait, or is somebody else's. A server that stops waits for nobody who hangs.
pub(super) async fn work(
    inner: &Inner,
    store: &Store,
    to: &StoredEndpoint,
    line: WebhookLine,
) -> Result<(), StoreError> {
    let stopped = async {
        inner.stop.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        done = work_on(inner, store, to, line) => done,
        () = stopped => store.let_go(&line, inner.clock.now()).await,
    }
}

async fn work_on(
    inner: &Inner,
    store: &Store,
    to: &StoredEndpoint,
    mut line: WebhookLine,
) -> Result<(), StoreError> {
    loop {
        let waiting = store.waiting(&line, AT_ONCE).await?;
        if waiting.is_empty() {
            match store.end_line(&line).await? {
                Some(more) => line = more,
                None => return Ok(()),
            }
        }
        for one in &waiting {
            if inner.stop.is_cancelled() {
                return store.let_go(&line, inner.clock.now()).await;
            }
            match deliver(inner, store, to, &line, one).await? {
                Next::Goes => {}
                Next::Waits(until) => return store.let_go(&line, until).await,
                Next::Lost => return Ok(()),
            }
        }
    }
}

/// What an attempt means for its line.
enum Next {
    Goes,
    Waits(Timestamp),
    Lost,
}

async fn deliver(
    inner: &Inner,
    store: &Store,
    to: &StoredEndpoint,
    line: &WebhookLine,
    one: &Waiting,
) -> Result<Next, StoreError> {
    let made = inner.send_webhook(&to.endpoint, &one.event, &one.body).await;
    let now = inner.clock.now();
    // Without chance all that failed together come back together: that is no reason to lose them.
    let jitter = u16::from_ne_bytes(chance().unwrap_or_default());
    let became = match made.answer.verdict() {
        Verdict::Taken => Became::Taken,
        Verdict::Failed | Verdict::Gone => {
            retry_at(one.attempts + 1, now, jitter).map_or(Became::Failed, Became::Again)
        }
    };
    if store.put_attempt(line, &to.endpoint.tenant, one, made, became, CLAIM).await? == Held::Lost {
        return Ok(Next::Lost);
    }
    let why = match made.answer.verdict() {
        Verdict::Gone => Some(DisabledBy::Gone),
        Verdict::Failed if to.failing_since.is_some_and(|since| is_given_up(since, now)) => {
            Some(DisabledBy::Failing)
        }
        Verdict::Failed | Verdict::Taken => None,
    };
    if let Some(by) = why {
        give_up(store, to, by, now).await?;
    }
    Ok(match became {
        Became::Taken | Became::Failed => Next::Goes,
        Became::Again(then) => Next::Waits(then),
    })
}

/// Nothing is sent to an endpoint any more until its owner says so.
async fn give_up(
    store: &Store,
    to: &StoredEndpoint,
    by: DisabledBy,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Endpoint { tenant, id, .. } = &to.endpoint;
    if let Some(mut stored) = store.webhook_endpoint(tenant, *id).await?
        && stored.endpoint.is_enabled()
    {
        stored.endpoint.disable(by, now);
        // Whoever changed it at the same time knows better; if not, the next attempt comes here again.
        store.change_webhook_endpoint(&stored).await?;
        tracing::warn!(webhook = %id, %tenant, ?by, "webhooks.disabled: what is for it waits until its owner enables it");
    }
    Ok(())
}

impl Inner {
    /// Sends one message to an endpoint, and says what came of it.
    pub(super) async fn send_webhook(&self, to: &Endpoint, id: &str, body: &str) -> AttemptMade {
        let (at, begun) = (self.clock.now(), Instant::now());
        let answer = match self.signing(to, at) {
            Some(secrets) => {
                // Receivers compare it with the real time, whatever pace calls run at.
                let message = Message { id, at: crate::clock::wall_now(), body };
                self.outgoing.poster.post(&to.url, message, &secrets).instrument(spans::sending()).await
            }
            None => Answer::Trouble(Trouble::SecretLost),
        };
        self.outgoing.was_answered(to.id, answer);
        AttemptMade { at, took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX), answer }
    }
}
