//! What is known of all calls that commands lead: the state each bears, and which commands were given already.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::Value;

use crate::ids::CallSid;

/// So long one `command_id` is one command.
const SAME_COMMAND: SignedDuration = SignedDuration::from_secs(60);

/// So many events are kept.
const MOST_EVENTS: usize = 20_000;

/// So many commands are kept before the old ones are forgotten.
const MOST_COMMANDS: usize = 10_000;

/// The calls that commands lead.
#[derive(Default)]
pub(crate) struct Legs {
    /// Each bears the `client_state` that it was given last, in every event from then on.
    states: Mutex<HashMap<CallSid, Option<String>>>,
    dials: Mutex<HashMap<String, (Timestamp, CallSid)>>,
    commands: Mutex<HashMap<(CallSid, String), Timestamp>>,
    /// What was told, whether or not it arrived; the oldest first.
    events: Mutex<VecDeque<(CallSid, Value)>>,
}

impl Legs {
    /// Takes a call in.
    pub(crate) fn lead(&self, call: &CallSid, state: Option<String>) {
        self.states.lock().insert(call.clone(), state);
    }

    /// True for a call that commands lead.
    pub(crate) fn leads(&self, call: &CallSid) -> bool {
        self.states.lock().contains_key(call)
    }

    /// What the call bears now.
    pub(crate) fn state(&self, call: &CallSid) -> Option<String> {
        self.states.lock().get(call).cloned().flatten()
    }

    /// From now on the call bears this; nothing given leaves it what it bears.
    pub(crate) fn bear(&self, call: &CallSid, state: Option<String>) {
        if state.is_some() {
            self.lead(call, state);
        }
    }

    /// Keeps what is told of a call: an event's `data`.
    pub(crate) fn keep(&self, call: &CallSid, event: Value) {
        let mut events = self.events.lock();
        if events.len() >= MOST_EVENTS {
            events.pop_front();
        }
        events.push_back((call.clone(), event));
    }

    /// What is picked of all that is kept, the oldest first.
    pub(crate) fn kept(&self, pick: impl Fn(&CallSid, &Value) -> Option<Value>) -> Vec<Value> {
        self.events.lock().iter().filter_map(|(call, event)| pick(call, event)).collect()
    }

    /// Dials, or gives the call that the same command made less than a minute ago.
    pub(crate) fn dial_once(
        &self,
        command: Option<&str>,
        now: Timestamp,
        dial: impl FnOnce() -> CallSid,
    ) -> CallSid {
        let Some(command) = command else { return dial() };
        let mut dials = self.dials.lock();
        if let Some((at, call)) = dials.get(command)
            && now.duration_since(*at) < SAME_COMMAND
        {
            return call.clone();
        }
        if dials.len() >= MOST_COMMANDS {
            dials.retain(|_, (at, _)| now.duration_since(*at) < SAME_COMMAND);
        }
        let call = dial();
        dials.insert(command.to_owned(), (now, call.clone()));
        call
    }

    /// False for a command that this call was given less than a minute ago.
    pub(crate) fn is_new(&self, call: &CallSid, command: Option<&str>, now: Timestamp) -> bool {
        let Some(command) = command else { return true };
        let mut commands = self.commands.lock();
        let key = (call.clone(), command.to_owned());
        if commands.get(&key).is_some_and(|at| now.duration_since(*at) < SAME_COMMAND) {
            return false;
        }
        if commands.len() >= MOST_COMMANDS {
            commands.retain(|_, at| now.duration_since(*at) < SAME_COMMAND);
        }
        commands.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn one_command_within_a_minute_is_one_call_and_later_another() {
        let (legs, mut made) = (Legs::default(), 0);
        let mut dial = |command: Option<&str>, second| {
            legs.dial_once(command, at(second), || {
                made += 1;
                CallSid::from(format!("v3:{made}"))
            })
        };
        let calls: Vec<CallSid> = [(Some("a"), 0), (Some("a"), 59), (Some("b"), 59), (Some("a"), 60)]
            .map(|(command, second)| dial(command, second))
            .into();
        assert_eq!(calls.iter().map(CallSid::as_str).collect::<Vec<_>>(), ["v3:1", "v3:1", "v3:2", "v3:3"]);
        assert_ne!(dial(None, 60), dial(None, 60));
    }

    #[test]
    fn a_command_is_known_again_for_a_minute_by_its_own_call_alone() {
        let (legs, ann, ben) = (Legs::default(), CallSid::from("v3:a"), CallSid::from("v3:b"));
        let is_new = |call: &CallSid, second| legs.is_new(call, Some("x"), at(second));
        assert_eq!(
            [is_new(&ann, 0), is_new(&ann, 59), is_new(&ben, 59), is_new(&ann, 60)],
            [true, false, true, true]
        );
        assert!(legs.is_new(&ann, None, at(0)) && legs.is_new(&ann, None, at(0)));
    }
}
