//! A day in the life of a server, in words that a story can be told with.
//!
//! The carrier is a simulator that outlives the server, as a real one does. The server is reached by HTTP only, in this
//! process or in one of its own, so that a story need not care which. Time runs fast for both; nothing is slept for:
//! a story waits until something is true, and fails if that takes too long.

mod answers;
mod database;
mod host;
mod left;
mod opening;
mod web;

pub use database::{Database, Lock};
pub use host::free_port;
pub(crate) use opening::in_each_way;
pub use opening::{Opening, led_by_commands, through};
pub use web::{Answer, form};

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use trunkline_engine::Clock;
use trunkline_sim::{CallSid, Fault, FaultKind, Habit, Heard, Sim};
use trunkline_testkit::proxy::{Proxy, Weather};

use host::Host;
use opening::Door;

/// Longer than anything takes at a story's speed, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(10);

/// Our own number, as seen by those we call.
pub const OURS: &str = "+15005550006";
/// Our number at the second carrier, on days that have one.
pub const OURS_TOO: &str = "+15005550016";
/// Opens the API, unless the server made its own key.
pub const KEY: &str = "tk_story-key-0123456789abcdefghijklmnop";
/// Signs webhooks.
pub const TOKEN: &str = "story-auth-token-0123456789";
/// The carrier's account.
pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// What signs webhooks of the second account, on days that have two at one carrier.
pub const TOKEN_TOO: &str = "story-auth-token-of-the-other-account";

/// One day.
pub struct Day {
    /// The outside world.
    pub sim: Sim,
    second: Option<Sim>,
    host: Host,
    opening: Opening,
    client: reqwest::Client,
    key: String,
    port: u16,
    folder: TempDir,
    /// Where simulator and requests live. Last, since all of them need it to go.
    world: Runtime,
}

impl Day {
    /// A day like any other: three questions, everybody picks up.
    pub fn begin() -> Self {
        Opening::default().begin()
    }

    /// A day that is not like any other.
    pub fn with() -> Opening {
        Opening::default()
    }

    /// How somebody takes calls from now on.
    pub fn person(&self, number: &str, habit: Habit) -> &Self {
        self.sim.set_person(number, habit);
        self
    }

    /// The second carrier of this day.
    pub fn second(&self) -> &Sim {
        self.second.as_ref().expect("this day has one carrier")
    }

    /// From the next start on calls go through the second carrier alone.
    pub fn has_its_second_carrier_alone(&mut self) -> &mut Self {
        self.opening.mouth = self.opening.second.take().expect("this day has one carrier");
        self
    }

    /// From the next start on its second account has this name.
    pub fn calls_its_second_account(&mut self, name: &str) -> &mut Self {
        self.opening.rename(name);
        self
    }

    /// What the server finds in its environment.
    pub fn environment(&self) -> std::collections::BTreeMap<String, String> {
        self.opening.environment.clone()
    }

    /// Whether calls are led by commands here.
    pub fn is_led(&self) -> bool {
        self.opening.application == trunkline_sim::Application::CallControl
    }

    /// Something goes wrong for a number, always.
    pub fn fault(&self, kind: FaultKind, number: &str) -> &Self {
        self.sim.add_fault(Fault::new(kind).on(number));
        self
    }

    /// Shuts the door to the carrier: nobody gets through, and what is open is cut.
    pub fn carrier_goes_down(&self) -> &Self {
        self.door().is(Weather::Refusing).unwrap();
        self
    }

    /// Opens it again.
    pub fn carrier_comes_back(&self) -> &Self {
        self.door().is(Weather::Fair).unwrap();
        self
    }

    fn door(&self) -> &Proxy {
        match &self.opening.door {
            Door::There(Some(proxy)) => proxy,
            _ => panic!("this day has no door"),
        }
    }

    /// What the clock of the simulated world shows.
    pub fn now(&self) -> Timestamp {
        Clock::paced(self.opening.pace()).now()
    }

    /// A setting that holds from the next start on.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.opening.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Somebody else speaks from now on: whoever has this key.
    pub fn speaks_with(&mut self, key: &str) -> &mut Self {
        key.clone_into(&mut self.key);
        self
    }

    /// Places a call and gives its id.
    pub fn call(&self, to: &str) -> String {
        self.call_with(&serde_json::json!({ "to": to }))
    }

    /// Places a call with more to say about it.
    pub fn call_with(&self, order: &Value) -> String {
        left::used(order["to"].as_str().unwrap_or_default());
        let answer = self.post("/api/calls", order);
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Somebody calls us.
    pub fn is_called_by(&self, number: &str, habit: Habit) -> CallSid {
        let _here = self.world.enter();
        self.sim.call_in(number, OURS, Some(habit)).unwrap()
    }

    /// Somebody calls our number at the second carrier.
    pub fn is_called_at_the_second(&self, number: &str, habit: Habit) -> CallSid {
        let _here = self.world.enter();
        self.second().call_in(number, OURS_TOO, Some(habit)).unwrap()
    }

    /// Somebody calls us, and the network says what it vouches for of their number.
    pub fn is_called_by_vouched(&self, number: &str, habit: Habit, verstat: &str) -> CallSid {
        let _here = self.world.enter();
        self.sim.call_in_vouched(number, OURS, Some(habit), verstat).unwrap()
    }

    /// What the server says of a call now.
    pub fn look_at(&self, call: &str) -> Value {
        self.get(&format!("/api/calls/{call}")).json()
    }

    /// Waits until a call is over, and gives what the server says of it.
    pub fn ended(&self, call: &str) -> Value {
        self.until(&format!("the end of {call}"), |day| {
            Some(day.look_at(call)).filter(|call| call["state"] == "ended")
        })
    }

    /// Waits until a call has this status.
    pub fn is(&self, call: &str, status: &str) {
        self.until(&format!("{call} is {status}"), |day| {
            (day.look_at(call)["status"] == status).then_some(())
        });
    }

    /// Ends a call.
    pub fn end(&self, call: &str) -> Answer {
        self.post(&format!("/api/calls/{call}/end"), &Value::Null)
    }

    /// The disposition a call ended with.
    pub fn disposition(&self, call: &str) -> String {
        self.ended(call)["disposition"].as_str().unwrap_or("none").to_owned()
    }

    /// The carrier's id of the only call to a number, once there is one.
    pub fn sid(&self, number: &str) -> CallSid {
        self.until(&format!("a call to {number}"), |day| day.sim.calls_to(number).pop().map(|call| call.sid))
    }

    /// Waits until the person has answered so many questions of the call to them.
    pub fn has_answered(&self, number: &str, answers: usize) -> &Self {
        self.until(&format!("{answers} answers of {number}"), |day| {
            (day.said_by(number).len() >= answers).then_some(self)
        })
    }

    /// What was said at the last call to a number, in order.
    pub fn said_by(&self, number: &str) -> Vec<String> {
        let said = |heard| match heard {
            Heard::Spoke { said, .. } => Some(said),
            _ => None,
        };
        let calls = self.sim.calls_to(number);
        calls
            .last()
            .map(|call| self.sim.heard(&call.sid).into_iter().filter_map(said).collect())
            .unwrap_or_default()
    }

    /// All words that the last person called at a number heard, in order.
    pub fn heard_by(&self, number: &str) -> Vec<String> {
        let said = |heard| match heard {
            Heard::Said { text } => Some(text),
            _ => None,
        };
        let calls = self.sim.calls_to(number);
        calls
            .last()
            .map(|call| self.sim.heard(&call.sid).into_iter().filter_map(said).collect())
            .unwrap_or_default()
    }

    /// How often a number was called.
    pub fn dialed(&self, number: &str) -> u64 {
        self.sim.dialed().get(number).copied().unwrap_or(0)
    }

    /// Waits until the carrier has nothing more to do.
    pub fn is_quiet(&self) -> &Self {
        for sim in std::iter::once(&self.sim).chain(&self.second) {
            let quiet = async { tokio::time::timeout(PATIENCE, sim.wait_until_idle()).await };
            self.world.block_on(quiet).expect("the carrier never comes to rest");
        }
        self
    }

    /// Waits until something is there.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "it never came: {what}\n{}", self.diary());
            std::thread::sleep(LOOK);
        }
    }

    /// The database behind the server.
    pub fn database(&self) -> Database<'_> {
        Database::of(self)
    }

    /// The server's data folder.
    pub fn folder(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// The questions file.
    pub fn questions_file(&self) -> std::path::PathBuf {
        self.folder.path().join("questions.json")
    }

    /// How many bytes are in the journal's records: it grows with every event and by nothing else.
    pub fn journal_position(&self) -> u64 {
        let health = self.get("/readyz").json();
        assert!(health["lag_events"].is_u64(), "{health}");
        self.until("the projector has caught up", |day| {
            (day.get("/readyz").json()["lag_events"] == 0).then(|| day.database().position())
        })
    }

    /// The end of what the server wrote.
    pub fn last_lines(&self) -> String {
        self.host.diary()
    }

    /// What is known, for whoever must find out why a story failed.
    fn diary(&self) -> String {
        let server = self.last_lines();
        let calls: Vec<String> = self.sim.calls().iter().map(|call| format!("{call:?}")).collect();
        let webhooks: Vec<String> = self
            .sim
            .webhooks()
            .iter()
            .rev()
            .take(12)
            .map(|hook| format!("{:?} {:?} {:?} {:?}", hook.kind, hook.event, hook.status, hook.error))
            .collect();
        format!("calls: {}\nlast webhooks: {}\n{server}", calls.join("\n"), webhooks.join("\n"))
    }
}

/// A number from the environment: how much of a story is told, or the seed it is told from.
pub fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(variable: &str, otherwise: T) -> T {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().unwrap())
}
