//! What became of answers: a recording is known by the words that the carrier recorded.

use std::collections::BTreeMap;

use serde_json::Value;
use trunkline_sim::Heard;

use super::Day;

impl Day {
    /// A call's questions with their answers, as the server tells them.
    pub fn turns(&self, call: &str) -> Vec<Value> {
        self.get(&format!("/api/calls/{call}/turns")).json()["turns"].as_array().cloned().unwrap_or_default()
    }

    /// The answers the server has, in the order of questions, in the words that were recorded.
    pub fn answers(&self, call: &str) -> Vec<String> {
        let turns = self.turns(call);
        let ids = turns.iter().filter(|turn| !turn["answer"].is_null()).map(recording_of);
        self.words(ids.collect())
    }

    /// Waits until every recording of a call is in the server's folder.
    pub fn keeps_recordings(&self, call: &str) -> Vec<Value> {
        self.until(&format!("the recordings of {call}"), |day| {
            let turns = day.turns(call);
            let mut all = turns.iter().flat_map(|turn| turn["recordings"].as_array().unwrap());
            all.all(|recording| matches!(recording["state"].as_str(), Some("stored" | "absent")))
                .then_some(turns)
        })
    }

    /// The words behind recordings' ids.
    pub fn words(&self, ids: Vec<String>) -> Vec<String> {
        let said = self.recorded_words();
        ids.into_iter().map(|id| said.get(&id).cloned().unwrap_or(format!("<{id}>"))).collect()
    }

    fn recorded_words(&self) -> BTreeMap<String, String> {
        let heard = self.sim.calls().into_iter().flat_map(|call| self.sim.heard(&call.sid));
        heard
            .filter_map(|heard| match heard {
                Heard::Spoke { said, recording: Some(id), .. } => Some((id.to_string(), said)),
                _ => None,
            })
            .collect()
    }
}

fn recording_of(turn: &Value) -> String {
    let recordings = turn["recordings"].as_array().map(Vec::as_slice).unwrap_or_default();
    recordings
        .last()
        .map_or("", |recording| recording["carrier_recording_id"].as_str().unwrap_or(""))
        .to_owned()
}
