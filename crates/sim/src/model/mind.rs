//! One session of a stand-in: what it is sent, what it makes of it, what it answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::script::{Misbehaves, ModelOptions, ModelTurn};
use crate::voice::{BYTES_PER_MS, Ear, SILENCE, sound};

/// A piece of sound that is sent at once.
const PIECE: usize = 200 * BYTES_PER_MS;

/// Something that happens, now or later.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    Send(Value),
    /// After so many simulated milliseconds.
    SendLate(Value, u32),
    /// Something that is no event.
    SendGarbage,
    Close,
}

/// An item of the conversation.
#[derive(Clone, Debug, PartialEq)]
enum Item {
    Bot { id: String, text: String, made_ms: u32 },
    Caller(String),
    Asked { name: String },
    Answered,
}

/// One session.
pub(super) struct Mind {
    turns: Vec<ModelTurn>,
    to: Vec<(String, Vec<ModelTurn>)>,
    wrongs: Vec<Misbehaves>,
    is_beta: bool,
    name: String,
    items: Vec<Item>,
    made: u32,
    /// Settings: whether the caller's words are written down, and how long a pause ends them.
    writes_down: bool,
    pause_ms: u32,
    is_ready: bool,
    /// How much sound was heard, in bytes.
    heard: usize,
    ear: Ear,
    speaking: Option<String>,
    silence: usize,
    /// The answer that is being given.
    response: Option<String>,
    /// Everything the caller said, as it was understood.
    pub(super) caller: Vec<String>,
    /// What it was told about, and did not like.
    pub(super) complaints: Vec<String>,
}

impl Mind {
    pub(super) fn new(name: String, options: ModelOptions, wrongs: Vec<Misbehaves>) -> Self {
        Self {
            turns: options.turns,
            to: options.to,
            wrongs,
            is_beta: options.is_beta,
            name,
            items: Vec::new(),
            made: 0,
            writes_down: false,
            pause_ms: 500,
            is_ready: false,
            heard: 0,
            ear: Ear::default(),
            speaking: None,
            silence: 0,
            response: None,
            caller: Vec::new(),
            complaints: Vec::new(),
        }
    }

    pub(super) fn greet(&mut self) -> Vec<Act> {
        vec![self.event("session.created", json!({"session": {"id": self.name, "type": "realtime"}}))]
    }

    /// Takes one event in.
    pub(super) fn take(&mut self, event: &Value) -> Vec<Act> {
        match event["type"].as_str().unwrap_or_default() {
            "session.update" => self.settings(&event["session"]),
            _ if !self.is_ready => self.complain("nothing may be sent before session.updated"),
            "input_audio_buffer.append" => self.hear(event["audio"].as_str().unwrap_or_default()),
            "input_audio_buffer.commit" => self.committed(),
            "conversation.item.create" => self.item(&event["item"]),
            "conversation.item.truncate" => self.truncate(event),
            "response.create" => self.answer(),
            "response.cancel" => self.cancel(),
            other => self.complain(&format!("Invalid value: '{other}'.")),
        }
    }

    fn settings(&mut self, session: &Value) -> Vec<Act> {
        let input = &session["audio"]["input"];
        let output = &session["audio"]["output"];
        if session["type"] != "realtime" || session["output_modalities"] != json!(["audio"]) {
            return self.complain("Missing required parameter: 'session.type'.");
        }
        if input["format"]["type"] != "audio/pcmu" || output["format"]["type"] != "audio/pcmu" {
            return self.complain("the sound is not mu-law");
        }
        let instructions = session["instructions"].as_str().unwrap_or_default();
        if let Some((_, turns)) = self.to.iter().find(|(word, _)| instructions.contains(word.as_str())) {
            self.turns.clone_from(turns);
        }
        self.writes_down = input["transcription"]["model"].is_string();
        let pause = input["turn_detection"]["silence_duration_ms"].as_u64().unwrap_or(500);
        self.pause_ms = u32::try_from(pause).unwrap_or(500);
        if self.wrongs.contains(&Misbehaves::NeverReady) {
            return Vec::new();
        }
        self.is_ready = true;
        vec![self.event("session.updated", json!({"session": session}))]
    }

    fn item(&mut self, item: &Value) -> Vec<Act> {
        let text = item["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        let known = match (item["type"].as_str(), item["role"].as_str()) {
            (Some("message"), Some("assistant")) => Item::Bot { id: self.id("item"), text, made_ms: 0 },
            (Some("message"), Some("user")) => Item::Caller(text),
            (Some("function_call"), _) => {
                Item::Asked { name: item["name"].as_str().unwrap_or_default().to_owned() }
            }
            (Some("function_call_output"), _) => Item::Answered,
            _ => return self.complain("Invalid value: 'item.type'."),
        };
        self.items.push(known);
        Vec::new()
    }

    /// Sound of the caller. Who begins to speak, and who has stopped for long enough, is told.
    fn hear(&mut self, audio: &str) -> Vec<Act> {
        let Ok(sound) = STANDARD.decode(audio) else { return self.complain("Invalid 'audio'.") };
        let mut acts = Vec::new();
        for &byte in &sound {
            self.heard += 1;
            if byte == SILENCE {
                self.silence += 1;
            } else {
                self.silence = 0;
                if self.speaking.is_none() {
                    let item = self.id("item");
                    let at = self.heard_ms();
                    acts.push(self.event(
                        "input_audio_buffer.speech_started",
                        json!({"audio_start_ms": at, "item_id": item}),
                    ));
                    self.speaking = Some(item);
                }
            }
            self.ear.hear(&[byte]);
            if self.silence >= self.pause_ms as usize * BYTES_PER_MS && self.speaking.is_some() {
                let at = self.heard_ms();
                let item = self.speaking.clone().unwrap_or_default();
                acts.push(self.event(
                    "input_audio_buffer.speech_stopped",
                    json!({"audio_end_ms": at, "item_id": item}),
                ));
                acts.extend(self.committed());
                acts.extend(self.answer());
            }
        }
        acts
    }

    fn heard_ms(&self) -> u32 {
        u32::try_from(self.heard / BYTES_PER_MS).unwrap_or(u32::MAX)
    }

    /// What was heard becomes a part of the conversation, and is written down.
    fn committed(&mut self) -> Vec<Act> {
        let Some(item) = self.speaking.take() else {
            return self.complain("Error committing input audio buffer: buffer too small.");
        };
        let text = self.ear.take();
        self.caller.push(text.clone());
        self.items.push(Item::Caller(text.clone()));
        let mut acts = vec![self.event("input_audio_buffer.committed", json!({"item_id": item}))];
        if !self.writes_down || self.wrongs.contains(&Misbehaves::NoTexts) {
            return acts;
        }
        let late = self.wrongs.iter().find_map(|wrong| match wrong {
            Misbehaves::LateTexts(ms) => Some(*ms),
            _ => None,
        });
        let name = "conversation.item.input_audio_transcription.completed";
        let event = match self.event(name, json!({"item_id": item, "content_index": 0, "transcript": text})) {
            Act::Send(event) => event,
            other => return vec![other],
        };
        acts.push(late.map_or_else(|| Act::Send(event.clone()), |ms| Act::SendLate(event.clone(), ms)));
        acts
    }

    fn truncate(&mut self, event: &Value) -> Vec<Act> {
        let wanted = event["item_id"].as_str().unwrap_or_default();
        let end = u32::try_from(event["audio_end_ms"].as_u64().unwrap_or(0)).unwrap_or(u32::MAX);
        let found = self.items.iter_mut().find_map(|item| match item {
            Item::Bot { id, text, made_ms } if id == wanted => Some((text, made_ms)),
            _ => None,
        });
        let Some((text, made_ms)) = found else {
            return self.complain("Error truncating: the item does not exist.");
        };
        if end > *made_ms {
            let words = format!("Audio content of {made_ms}ms is already shorter than {end}ms");
            return self.complain(&words);
        }
        // What was not heard is not known.
        let share = text.chars().count() * end as usize / (*made_ms).max(1) as usize;
        *text = text.chars().take(share).collect();
        *made_ms = end;
        vec![self.event("conversation.item.truncated", json!({"item_id": wanted, "audio_end_ms": end}))]
    }

    fn cancel(&mut self) -> Vec<Act> {
        let Some(response) = self.response.take() else {
            return self.complain("Cancellation failed: no active response found");
        };
        let mut acts = vec![self.response_done(&response, "cancelled", &Value::Null)];
        if self.wrongs.contains(&Misbehaves::LateSound) {
            let last = self.items.iter().rev().find_map(|item| match item {
                Item::Bot { id, .. } => Some(id.clone()),
                _ => None,
            });
            if let Some(item) = last {
                let piece = STANDARD.encode(sound("LATE"));
                acts.push(
                    self.audio("delta", json!({"response_id": response, "item_id": item, "delta": piece})),
                );
            }
        }
        acts
    }

    /// The turn that is next: the first of which nothing was said yet.
    fn next_turn(&self) -> usize {
        let mut items = self.items.iter();
        let is_said = |turn: &ModelTurn, items: &mut std::slice::Iter<'_, Item>| {
            items.any(|item| match item {
                Item::Bot { text, .. } => {
                    let said = text.trim();
                    !turn.says.is_empty() && (said.is_empty() || turn.says.starts_with(said))
                }
                Item::Asked { name } => {
                    turn.says.is_empty() && turn.tools.iter().any(|(tool, _)| tool == name)
                }
                Item::Caller(_) | Item::Answered => false,
            })
        };
        self.turns.iter().take_while(|turn| is_said(turn, &mut items)).count()
    }

    fn answer(&mut self) -> Vec<Act> {
        if self.response.is_some() {
            return self.complain("Conversation already has an active response in progress");
        }
        let no = self.next_turn();
        if self.wrongs.contains(&Misbehaves::StallsAt(no)) {
            return Vec::new();
        }
        if self.wrongs.contains(&Misbehaves::GarbageAt(no)) {
            return vec![Act::SendGarbage];
        }
        let response = self.id("resp");
        let mut acts = vec![
            self.event("response.created", json!({"response": {"id": response, "status": "in_progress"}})),
        ];
        if self.wrongs.contains(&Misbehaves::FailsAt(no)) {
            let details =
                json!({"type": "failed", "error": {"type": "server_error", "code": "rate_limit_exceeded"}});
            acts.push(self.response_done(&response, "failed", &details));
            return acts;
        }
        self.response = Some(response.clone());
        let turn = self.turns.get(no).cloned().unwrap_or_default();
        if !turn.says.is_empty() && !self.speak(&response, no, &turn.says, &mut acts) {
            return acts;
        }
        for (name, arguments) in &turn.tools {
            let call = self.id("call");
            let item = self.id("item");
            self.items.push(Item::Asked { name: name.clone() });
            let times = if self.wrongs.contains(&Misbehaves::AsksTwice) { 2 } else { 1 };
            for _ in 0..times {
                acts.push(self.event(
                    "response.function_call_arguments.done",
                    json!({"response_id": response, "item_id": item, "call_id": call, "name": name, "arguments": arguments}),
                ));
            }
            let done = json!({"id": item, "type": "function_call", "status": "completed", "name": name, "call_id": call, "arguments": arguments});
            acts.push(
                self.event("response.output_item.done", json!({"response_id": response, "item": done})),
            );
        }
        self.response = None;
        acts.push(self.response_done(&response, "completed", &Value::Null));
        if self.wrongs.contains(&Misbehaves::ExpiresAfter(no)) {
            let error = json!({"type": "invalid_request_error", "code": "session_expired", "message": "Your session hit the maximum duration of 60 minutes."});
            acts.push(self.event("error", json!({"error": error})));
            acts.push(Act::Close);
        }
        acts
    }

    /// Says a text; `false` if the connection breaks off in the middle of it.
    fn speak(&mut self, response: &str, no: usize, text: &str, acts: &mut Vec<Act>) -> bool {
        let item = self.id("item");
        let all = sound(text);
        let cuts = [Misbehaves::CutsIn(no), Misbehaves::CutsAlways];
        let cut = cuts.iter().any(|cuts| self.wrongs.contains(cuts)).then_some(all.len() / 2);
        let of = |more: Value| {
            let mut event =
                json!({"response_id": response, "item_id": item, "output_index": 0, "content_index": 0});
            if let (Some(event), Some(more)) = (event.as_object_mut(), more.as_object()) {
                event.extend(more.clone());
            }
            event
        };
        let words =
            if self.is_beta { "response.audio_transcript" } else { "response.output_audio_transcript" };
        for word in text.split_inclusive(' ') {
            acts.push(self.event(&format!("{words}.delta"), of(json!({"delta": word}))));
        }
        let mut made = 0;
        for piece in all.chunks(PIECE) {
            acts.push(self.audio("delta", of(json!({"delta": STANDARD.encode(piece)}))));
            made += piece.len();
            if cut.is_some_and(|cut| made >= cut) {
                acts.push(Act::Close);
                return false;
            }
        }
        let made_ms = u32::try_from(all.len() / BYTES_PER_MS).unwrap_or(u32::MAX);
        self.items.push(Item::Bot { id: item.clone(), text: text.to_owned(), made_ms });
        acts.push(self.audio("done", of(json!({}))));
        acts.push(self.event(&format!("{words}.done"), of(json!({"transcript": text}))));
        true
    }

    fn audio(&mut self, what: &str, more: Value) -> Act {
        let name = if self.is_beta { "response.audio" } else { "response.output_audio" };
        self.event(&format!("{name}.{what}"), more)
    }

    fn response_done(&mut self, response: &str, status: &str, details: &Value) -> Act {
        let usage = json!({
            "total_tokens": 100, "input_tokens": 60, "output_tokens": 40,
            "input_token_details": {
                "text_tokens": 20, "audio_tokens": 40, "cached_tokens": 10,
                "cached_tokens_details": {"text_tokens": 10, "audio_tokens": 0},
            },
            "output_token_details": {"text_tokens": 10, "audio_tokens": 30},
        });
        let response = json!({"id": response, "status": status, "status_details": details, "usage": usage});
        self.event("response.done", json!({"response": response}))
    }

    fn complain(&mut self, words: &str) -> Vec<Act> {
        self.complaints.push(words.to_owned());
        let error = json!({"type": "invalid_request_error", "code": null, "message": words});
        vec![self.event("error", json!({"error": error}))]
    }

    fn id(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}_{}_{}", self.name, self.made)
    }

    fn event(&mut self, name: &str, mut more: Value) -> Act {
        if let Some(event) = more.as_object_mut() {
            event.insert("type".to_owned(), name.into());
            event.insert("event_id".to_owned(), self.id("event").into());
        }
        Act::Send(more)
    }
}
