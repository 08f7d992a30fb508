//! The simulator as a thing to hold: started on a listener, steered, asked, stopped.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::call::CallRecord;
use crate::connection::{CuttableListener, Wire};
use crate::courier::WebhookRecord;
use crate::error::SimError;
use crate::exchange::Exchange;
use crate::faults::{Fault, FaultReport};
use crate::heard::Heard;
use crate::ids::CallSid;
use crate::options::SimOptions;
use crate::pattern::Pattern;
use crate::person::Habit;
use crate::recordings::RecordingRecord;
use crate::{control, rest};

/// A running simulator. Dropping it stops it like a power cut.
pub struct Sim {
    exchange: Arc<Exchange>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Sim {
    /// Serves the carrier's API and the control API on the listener.
    ///
    /// # Errors
    /// When the listener has no address or the state file cannot be used.
    pub async fn start(listener: TcpListener, options: SimOptions) -> Result<Self, SimError> {
        let address = listener.local_addr().map_err(SimError::Listener)?;
        let base_url = options.base_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let exchange = Exchange::open(options, base_url.trim_end_matches('/').to_owned())?;
        let app = Router::new()
            .merge(control::router(Arc::clone(&exchange)))
            .fallback_service(rest::router(Arc::clone(&exchange)));
        let app = app.into_make_service_with_connect_info::<Wire>();
        let listener = CuttableListener { listener, stop: exchange.stopping() };
        let server = tokio::spawn(async move {
            // Serving ends only when the task is aborted.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { exchange, address, server })
    }

    /// What the product must use in place of `https://api.twilio.com`.
    pub fn base_url(&self) -> String {
        self.exchange.base_url.clone()
    }

    /// Where the simulator listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops at once: calls in progress are cut off without a word, as in a carrier's power cut.
    pub async fn stop(mut self) {
        self.exchange.halt();
        self.server.abort();
        // The task was aborted; its error says just that.
        let _ = (&mut self.server).await;
    }

    /// Number → how many calls were made to it, second legs included.
    pub fn dialed(&self) -> BTreeMap<String, u64> {
        self.exchange.register.dialed()
    }

    /// Every call, oldest first.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.exchange.register.all(None)
    }

    /// Every call to a number, oldest first.
    pub fn calls_to(&self, number: &str) -> Vec<CallRecord> {
        self.exchange.register.all(Some(number))
    }

    /// One call.
    pub fn call(&self, sid: &CallSid) -> Option<CallRecord> {
        self.exchange.register.get(sid)
    }

    /// How many calls are live.
    pub fn live(&self) -> usize {
        self.exchange.register.live().0
    }

    /// The most calls that were ever live at once.
    pub fn most_at_once(&self) -> usize {
        self.exchange.register.live().1
    }

    /// What a call's person heard and answered; empty for an unknown call.
    pub fn heard(&self, sid: &CallSid) -> Vec<Heard> {
        self.exchange.register.heard(sid).unwrap_or_default()
    }

    /// A call's recordings, oldest first.
    pub fn recordings(&self, sid: &CallSid) -> Vec<RecordingRecord> {
        self.exchange.recordings.of_call(sid)
    }

    /// The last webhooks, oldest first.
    pub fn webhooks(&self) -> Vec<WebhookRecord> {
        self.exchange.courier.webhooks()
    }

    /// Gives a number, or all numbers of a pattern, a habit from the next call on.
    pub fn set_person(&self, number: &str, habit: Habit) {
        self.exchange.people.set(Pattern::from(number), habit);
    }

    /// Adds a fault.
    pub fn add_fault(&self, fault: Fault) {
        self.exchange.faults.add(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.exchange.faults.clear();
    }

    /// The faults and how often each struck.
    pub fn faults(&self) -> Vec<FaultReport> {
        self.exchange.faults.all()
    }

    /// A person calls one of the account's numbers. Without a habit it is the caller's own, or answering.
    ///
    /// # Errors
    /// When the number is not the account's or has no usable voice URL.
    pub fn call_in(&self, from: &str, to: &str, habit: Option<Habit>) -> Result<CallSid, SimError> {
        self.exchange.call_in(from, to, habit, None).map(|call| call.sid)
    }

    /// The same, and the network says of the caller's number what it vouches for: a word of Twilio's such as
    /// `TN-Validation-Passed-A`.
    ///
    /// # Errors
    /// As [`Sim::call_in`].
    pub fn call_in_vouched(
        &self,
        from: &str,
        to: &str,
        habit: Option<Habit>,
        verstat: &str,
    ) -> Result<CallSid, SimError> {
        self.exchange.call_in(from, to, habit, Some(verstat.to_owned())).map(|call| call.sid)
    }

    /// The person on a live call hangs up; one whose phone rings declines. `false` if the call is over.
    pub fn hang_up(&self, sid: &CallSid) -> bool {
        self.exchange.hang_up(sid)
    }

    /// Points one of the account's numbers at a URL, as `POST IncomingPhoneNumbers/{Sid}.json` does.
    pub fn set_voice_url(&self, number: &str, url: &str) {
        if let Some(own) = self.exchange.numbers.by_number(number) {
            self.exchange.numbers.update(&own.sid, |own| url.clone_into(&mut own.voice_url));
        }
    }

    /// Waits until no call is live and no webhook is on its way.
    pub async fn wait_until_idle(&self) {
        self.exchange.changes.until(|| self.exchange.changes.is_idle()).await;
    }

    /// Waits until a condition holds; it is asked again whenever a call, a webhook or the idle state changes.
    pub async fn wait_for(&self, mut holds: impl FnMut(&Self) -> bool) {
        self.exchange.changes.until(|| holds(self)).await;
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.exchange.halt();
        self.server.abort();
    }
}
