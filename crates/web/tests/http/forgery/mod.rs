//! What others send in the carrier's name, and what the carrier sent before: tables, each row under its name.
//!
//! - `forged`: what the carrier did not sign (S-01) · `replayed`: what it did sign, sent again (S-02)
//! - `sealed`: addresses that nobody of ours sealed (S-29)

mod forged;
mod replayed;
mod sealed;

use crate::house::{House, Opening};
use serde_json::Value;
use tempfile::TempDir;
use trunkline_journal::{Cat, Lsn};

const SID: &str = "CA0000000000000000000000000000beef";

/// A server whose journal can be looked into.
struct Watched {
    house: House,
    data: TempDir,
}

impl Watched {
    async fn open(opening: Opening) -> Self {
        let data = tempfile::tempdir().unwrap();
        let house = House::with(Opening { data: Some(data.path().to_owned()), ..opening }).await;
        Self { house, data }
    }

    /// How many events were ever journaled. What the server notes of itself, such as its database, is none.
    fn records(&self) -> usize {
        const EVENT: u8 = 1;
        let journal = Cat::open(&self.data.path().join("journal"), Lsn::ZERO).unwrap();
        journal.filter(|record| record.as_ref().is_ok_and(|record| record.kind == EVENT)).count()
    }

    /// What is known of a call, whenever it was last heard of; nothing if it is not known.
    async fn facts(&self, call: &str) -> Value {
        let mut facts = self.house.api("GET", &format!("/api/calls/{call}"), "").await.json();
        facts.as_object_mut().unwrap().remove("updated_at");
        let mut turns = self.house.api("GET", &format!("/api/calls/{call}/turns"), "").await.json();
        for turn in turns["turns"].as_array_mut().into_iter().flatten() {
            // How far the fetching of a recording is changes by itself.
            let recordings = turn["recordings"].as_array().map(Vec::len);
            turn["recordings"] = serde_json::json!(recordings);
        }
        serde_json::json!([facts, turns])
    }
}
