//! Calls in which a bot talks: a caller with habits, a stand-in for the model, and a day on which either misbehaves.

pub mod appointments;
mod attacks;
pub mod campaigns;
pub mod ending;
mod failing;
mod habits;
pub mod lost;
mod recorded;
pub mod strangers;
mod sums;
pub mod talking;
mod voices;

use crate::day::{Day, KEY, OURS, Opening};
use crate::tenants::knows_its_database;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use trunkline_sim::{CallSid, Habit, Heard, Misbehaves, Model, ModelOptions, ModelTurn};

/// Time that a busy machine can keep up with: the patience of a bot is short.
const SPEED: f64 = 4.0;

pub const OPENING: &str = "Hello, I am an automated assistant. How can I help?";
const CALLER: &str = "+15550107001";
/// To whom the bot may hand calls.
const DESK: &str = "+15005550017";

/// A day with a bot on our number.
pub struct Talk {
    pub day: Day,
    pub model: Model,
}

/// What a bot says that greets, answers once, and ends the call.
pub fn short() -> Vec<ModelTurn> {
    vec![
        ModelTurn::says(OPENING),
        ModelTurn::says("All right, it is noted. Goodbye.")
            .and_asks("end_call", &json!({ "reason": "done" })),
    ]
}

impl Talk {
    pub fn begin(turns: Vec<ModelTurn>) -> Self {
        Self::misbehaving(turns, Vec::new())
    }

    pub fn misbehaving(turns: Vec<ModelTurn>, misbehaves: Vec<(Option<usize>, Misbehaves)>) -> Self {
        Self::of(Day::with(), turns, misbehaves)
    }

    /// A day at the usual pace.
    pub fn of(opening: Opening, turns: Vec<ModelTurn>, misbehaves: Vec<(Option<usize>, Misbehaves)>) -> Self {
        Self::at_speed(SPEED, opening, turns, misbehaves)
    }

    pub fn at_speed(
        speed: f64,
        opening: Opening,
        turns: Vec<ModelTurn>,
        misbehaves: Vec<(Option<usize>, Misbehaves)>,
    ) -> Self {
        Self::prepared(speed, opening, turns, misbehaves, |_| {})
    }

    /// A day of which something else is said before the server starts.
    pub fn prepared(
        speed: f64,
        opening: Opening,
        turns: Vec<ModelTurn>,
        misbehaves: Vec<(Option<usize>, Misbehaves)>,
        prepare: impl FnOnce(&mut Day),
    ) -> Self {
        let mut day = opening.at_speed(speed).begin_without_server();
        let options = ModelOptions { turns, misbehaves, speed, ..ModelOptions::default() };
        let model = day.block_on(async {
            Model::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), options).unwrap()
        });
        let folder = day.questions_file().with_file_name("bots");
        std::fs::create_dir(&folder).unwrap();
        let bot = json!({
            "instructions": "You are the assistant of a dental practice.",
            "disclosure": "Hello, I am an automated assistant.",
            "greeting": "How can I help?",
            "language": "en",
            "tools": ["confirm", "reschedule", "cancel", "book", "transfer_to_person"],
            "transfer_to": [{ "name": "Front desk", "number": DESK }],
        });
        std::fs::write(folder.join("reception.json"), bot.to_string()).unwrap();
        day.set("TRUNKLINE_REALTIME_URL", &model.url());
        day.set("OPENAI_API_KEY", "sk-story");
        day.set("BOTS", &folder.to_string_lossy());
        prepare(&mut day);
        day.start();
        knows_its_database(&day);
        let path = format!("/api/numbers/{OURS}");
        let said = day.ask(Method::PUT, &path).bearer_auth(KEY).json(&json!({ "bot": "reception" }));
        let said = day.send(said);
        assert_eq!(said.status, 201, "{}", said.text());
        Self { day, model }
    }

    /// Somebody calls and says these things.
    pub fn is_called(&self, habit: Habit) -> CallSid {
        self.day.is_called_by(CALLER, habit)
    }

    /// The one call there is, by the server's own name.
    pub fn call(&self) -> String {
        self.day.until("the call", |day| {
            let calls = day.get("/api/calls").json()["calls"].clone();
            calls.get(0).and_then(|call| call["id"].as_str()).map(str::to_owned)
        })
    }

    /// The transcript once the bot has done with the call, or nobody is there any more.
    pub fn ended(&self) -> Value {
        let call = self.call();
        self.day.until("the end of the talk", |day| {
            let is_over = day.look_at(&call)["state"] == "ended";
            Some(self.transcript()).filter(|transcript| is_over || !transcript["over"].is_null())
        })
    }

    pub fn transcript(&self) -> Value {
        self.day.get(&format!("/api/calls/{}/transcript", self.call())).json()
    }

    /// Who said what, and whether it was cut off.
    pub fn lines(&self) -> Vec<String> {
        let transcript = self.transcript();
        let entries = transcript["entries"].as_array().cloned().unwrap_or_default();
        entries.iter().map(line).collect()
    }

    /// What the caller heard of bots, sentence by sentence.
    pub fn heard(&self, sid: &CallSid) -> Vec<String> {
        let said = |heard| match heard {
            Heard::BotSaid { text, .. } => Some(text),
            _ => None,
        };
        self.day.sim.heard(sid).into_iter().filter_map(said).collect()
    }

    /// What the caller heard that was read out by the carrier.
    pub fn told(&self, sid: &CallSid) -> Vec<String> {
        let said = |heard| match heard {
            Heard::Said { text } => Some(text),
            _ => None,
        };
        self.day.sim.heard(sid).into_iter().filter_map(said).collect()
    }
}

fn line(entry: &Value) -> String {
    let who = entry["who"].as_str().unwrap_or("?");
    let cut = if entry["state"] == "cut" { " -" } else { "" };
    match who {
        "tool" => format!("tool: {}", entry["name"].as_str().unwrap_or_default()),
        "keys" => format!("keys: {}", entry["digits"].as_str().unwrap_or_default()),
        _ => format!("{who}: {}{cut}", entry["text"].as_str().unwrap_or_default()),
    }
}
