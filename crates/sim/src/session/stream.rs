//! `<Connect><Stream>`: the call's sound goes to a socket of the product, 20 ms a frame, and what comes back is played in its
//! order, until one of the two ends it.
//!
//! Telnyx spells its frames in its own way, takes none that names a stream, and does not keep the order of the sound: a frame may be
//! overtaken by the next one or two. What it is told to do it does in order.

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::chance::Chance;
use crate::heard::Heard;
use crate::mouth::Mouth;
use crate::session::{Next, Over, Session};
use crate::talker::Talker;
use crate::twiml::Stream;
use crate::voice::{FRAME, SILENCE, is_sound};

const FRAME_SPAN: Duration = Duration::from_millis(20);
/// How long the carrier tries to open a socket.
const CONNECT: Duration = Duration::from_secs(5);

/// A socket of the product, while a stream lasts.
pub(super) struct OpenStream {
    out: mpsc::UnboundedSender<Value>,
    stream: String,
    sent: u64,
    mouth: Mouth,
    talker: Talker,
    shuffles: Chance,
    /// A frame of sound that is overtaken, and by how many more.
    overtaken: Option<(Value, u32)>,
}

/// What waits to be played.
enum Waiting {
    Sound(VecDeque<u8>),
    Mark(String),
}

impl OpenStream {
    /// Sends a frame of sound, now or after the next ones.
    fn send_sound(&mut self, media: &Value) {
        let frame = self.numbered("media", json!({ "media": media }));
        match self.overtaken.take() {
            Some((held, left)) => {
                self.put(frame);
                if left > 1 { self.overtaken = Some((held, left - 1)) } else { self.put(held) }
            }
            None if self.mouth == Mouth::Telnyx && self.shuffles.within(1..=4) == 1 => {
                let by = self.shuffles.within(1..=2);
                self.overtaken = Some((frame, by));
            }
            None => self.put(frame),
        }
    }

    /// Sends a frame of another kind, which overtakes no sound.
    fn send(&mut self, event: &str, more: Value) {
        if let Some((held, _)) = self.overtaken.take() {
            self.put(held);
        }
        let frame = self.numbered(event, more);
        self.put(frame);
    }

    fn put(&self, frame: Value) {
        // The product may have gone away.
        let _ = self.out.send(frame);
    }

    /// With its number among all frames, which is its place as it was made and not as it is sent.
    fn numbered(&mut self, event: &str, mut more: Value) -> Value {
        self.sent += 1;
        if let Some(frame) = more.as_object_mut() {
            frame.insert("event".to_owned(), event.into());
            let (number, stream) = match self.mouth {
                Mouth::Twilio => ("sequenceNumber", "streamSid"),
                Mouth::Telnyx => ("sequence_number", "stream_id"),
            };
            frame.insert(number.to_owned(), self.sent.to_string().into());
            frame.insert(stream.to_owned(), self.stream.clone().into());
        }
        more
    }
}

impl Session {
    pub(super) async fn stream(&mut self, wanted: Stream) -> Next {
        self.line.hear(Heard::StreamAsked { url: wanted.url.clone() });
        self.streams += 1;
        if self.streams == 1 {
            self.line.waits_since_answer();
        }
        let (out, mut incoming) = match timeout(CONNECT, connect_async(&wanted.url)).await {
            Ok(Ok((socket, _))) => ends_of(socket),
            Ok(Err(_)) | Err(_) => {
                let message = "the media stream's socket could not be opened".to_owned();
                self.line.hear(Heard::Problem { code: 31_920, message, url: wanted.url });
                return Next::Verb;
            }
        };
        let words = ["stream", self.line.sid.as_str(), &self.streams.to_string()];
        let hex = Chance::of(self.line.exchange.seed, &words).hex32();
        let words = ["shuffled", self.line.sid.as_str(), &self.streams.to_string()];
        let shuffles = Chance::of(self.line.exchange.seed, &words);
        let mouth = self.line.exchange.mouth;
        let stream = match mouth {
            Mouth::Twilio => format!("MZ{hex}"),
            Mouth::Telnyx => hex,
        };
        let habit = self.line.person.habit().clone();
        // The same person goes on in the next stream of the call.
        let talker = self.talker.take().unwrap_or_else(|| Talker::new(habit));
        let mut open = OpenStream { out, stream, sent: 0, mouth, talker, shuffles, overtaken: None };
        let (sid, account) = (self.line.sid.as_str().to_owned(), self.line.exchange.account_sid.clone());
        // It bears no number.
        open.put(match mouth {
            Mouth::Twilio => json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}),
            Mouth::Telnyx => json!({"event": "connected", "version": "1.0.0"}),
        });
        open.send("start", start(mouth, &account, &sid, &open.stream.clone(), &wanted.parameters));
        self.media = Some(open);

        let mut waiting: VecDeque<Waiting> = VecDeque::new();
        let (mut next, mut chunk) = (self.line.exchange.clock.elapsed(), 0_u64);
        loop {
            next += FRAME_SPAN;
            loop {
                tokio::select! {
                    biased;
                    frame = incoming.recv() => match frame {
                        Some(frame) => self.obey(&frame, &mut waiting, &wanted),
                        None => {
                            self.end_stream();
                            return Next::Verb;
                        }
                    },
                    () = self.line.frame(next, FRAME_SPAN) => break,
                }
            }
            chunk += 1;
            let Some(open) = &mut self.media else { return Next::Verb };
            let heard = play(&mut waiting, open);
            let mut notes = Vec::new();
            let does = open.talker.frame(&heard, &mut notes);
            let ms = (chunk * 20).to_string();
            let payload = STANDARD.encode(&does.frame);
            let media =
                json!({"track": "inbound", "chunk": chunk.to_string(), "timestamp": ms, "payload": payload});
            open.send_sound(&media);
            if let Some(digit) = does.digit {
                let dtmf = match mouth {
                    Mouth::Twilio => json!({"track": "inbound_track", "digit": digit.to_string()}),
                    Mouth::Telnyx => json!({"digit": digit.to_string()}),
                };
                open.send("dtmf", json!({"dtmf": dtmf}));
            }
            if is_sound(&heard) {
                self.line.hears_sound();
            }
            if notes.iter().any(|note| matches!(note, Heard::CallerSaid { .. })) {
                self.line.waits();
            }
            notes.into_iter().for_each(|note| self.line.hear(note));
            if does.hangs_up {
                self.stop_stream();
                return Next::Over(Over::PersonHungUp);
            }
        }
    }

    /// Does what the product asks for.
    fn obey(&mut self, frame: &Value, waiting: &mut VecDeque<Waiting>, wanted: &Stream) {
        let mouth = self.line.exchange.mouth;
        let is_heard = mouth == Mouth::Twilio || wanted.is_bidirectional;
        let names_stream = ["streamSid", "stream_id"].iter().any(|name| frame.get(*name).is_some());
        if names_stream != (mouth == Mouth::Twilio) {
            let message = "a frame in the other carrier's spelling".to_owned();
            self.line.hear(Heard::Warning { message });
        }
        match frame["event"].as_str() {
            Some("media") if is_heard => {
                let payload = frame["media"]["payload"].as_str().unwrap_or_default();
                match STANDARD.decode(payload) {
                    Ok(sound) => waiting.push_back(Waiting::Sound(sound.into())),
                    Err(_) => self.line.hear(Heard::Warning { message: "a payload is no base64".to_owned() }),
                }
            }
            // One-way: nobody is told.
            Some("media") => {}
            Some("mark") => match frame["mark"]["name"].as_str() {
                Some(name) => waiting.push_back(Waiting::Mark(name.to_owned())),
                None => self.line.hear(Heard::Warning { message: "a mark has no name".to_owned() }),
            },
            Some("clear") => {
                let Some(open) = &mut self.media else { return };
                for item in waiting.drain(..) {
                    if let Waiting::Mark(name) = item {
                        open.send("mark", json!({"mark": {"name": name}}));
                    }
                }
            }
            _ => self.line.hear(Heard::Warning { message: "an unknown frame of a media stream".to_owned() }),
        }
    }

    /// The product has closed its socket: what was heard so far is all.
    fn end_stream(&mut self) {
        let Some(mut open) = self.media.take() else { return };
        let mut notes = Vec::new();
        open.talker.end(&mut notes);
        notes.into_iter().for_each(|note| self.line.hear(note));
        if let Some(tape) = open.talker.tape() {
            self.line.exchange.tapes.keep(&self.line.sid, tape.clone());
        }
        self.talker = Some(open.talker);
    }

    /// The call is over, or goes elsewhere: the product is told so.
    pub(super) fn stop_stream(&mut self) {
        if let Some(open) = &mut self.media {
            let (account, call) = (self.line.exchange.account_sid.clone(), self.line.sid.as_str().to_owned());
            open.send(
                "stop",
                match open.mouth {
                    Mouth::Twilio => json!({"stop": {"accountSid": account, "callSid": call}}),
                    Mouth::Telnyx => json!({"stop": {"user_id": account, "call_control_id": call}}),
                },
            );
        }
        self.end_stream();
    }
}

fn start(mouth: Mouth, account: &str, call: &str, stream: &str, parameters: &[(String, String)]) -> Value {
    let parameters: serde_json::Map<String, Value> =
        parameters.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    match mouth {
        Mouth::Twilio => json!({"start": {
            "accountSid": account, "streamSid": stream, "callSid": call, "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": parameters,
        }}),
        Mouth::Telnyx => json!({"start": {
            "user_id": account, "call_control_id": call,
            "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
            "custom_parameters": parameters,
        }}),
    }
}

/// What is heard in the next 20 ms. Marks that are passed are told.
fn play(waiting: &mut VecDeque<Waiting>, open: &mut OpenStream) -> Vec<u8> {
    let mut heard = Vec::with_capacity(FRAME);
    loop {
        match waiting.front_mut() {
            Some(Waiting::Mark(_)) => {
                if let Some(Waiting::Mark(name)) = waiting.pop_front() {
                    open.send("mark", json!({"mark": {"name": name}}));
                }
            }
            Some(Waiting::Sound(sound)) if sound.is_empty() => {
                waiting.pop_front();
            }
            Some(Waiting::Sound(sound)) if heard.len() < FRAME => {
                let length = (FRAME - heard.len()).min(sound.len());
                heard.extend(sound.drain(..length));
            }
            Some(Waiting::Sound(_)) | None => break,
        }
    }
    heard.resize(FRAME, SILENCE);
    heard
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// The two ends of a socket, each in its own task: it outlives whoever is cut off, for as long as it takes to say so.
fn ends_of(socket: Socket) -> (mpsc::UnboundedSender<Value>, mpsc::UnboundedReceiver<Value>) {
    let (mut sink, mut source) = socket.split();
    let (out, mut to_send) = mpsc::unbounded_channel::<Value>();
    let (received, incoming) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(frame) = to_send.recv().await {
            if sink.send(Message::text(frame.to_string())).await.is_err() {
                return;
            }
        }
        // Whoever closes first, the other may be gone already.
        let _ = sink.close().await;
    });
    tokio::spawn(async move {
        while let Some(Ok(message)) = source.next().await {
            let Message::Text(text) = message else { continue };
            let Ok(frame) = serde_json::from_str(&text) else { continue };
            if received.send(frame).is_err() {
                return;
            }
        }
    });
    (out, incoming)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::Habit;

    /// The frames of so many sounds and a stop, as they are sent.
    fn sent(mouth: Mouth, sounds: u64) -> Vec<Value> {
        let (out, mut incoming) = mpsc::unbounded_channel();
        let mut open = OpenStream {
            out,
            stream: "32de".to_owned(),
            sent: 0,
            mouth,
            talker: Talker::new(Habit::Silent),
            shuffles: Chance::of(1, &["shuffled"]),
            overtaken: None,
        };
        for chunk in 1..=sounds {
            open.send_sound(&json!({"chunk": chunk.to_string()}));
        }
        open.send("stop", json!({}));
        let mut frames = Vec::new();
        while let Ok(frame) = incoming.try_recv() {
            frames.push(frame);
        }
        frames
    }

    fn chunks(frames: &[Value]) -> Vec<u64> {
        let chunk = |frame: &Value| frame["media"]["chunk"].as_str()?.parse().ok();
        frames.iter().filter_map(chunk).collect()
    }

    #[test]
    fn twilio_keeps_the_order_of_sound() {
        assert_eq!(chunks(&sent(Mouth::Twilio, 200)), (1..=200).collect::<Vec<_>>());
    }

    #[test]
    fn telnyx_loses_no_sound_and_does_not_keep_its_order() {
        let frames = sent(Mouth::Telnyx, 200);
        let chunks = chunks(&frames);
        assert!(!chunks.is_sorted(), "some are overtaken");
        let late = |(at, chunk): (usize, &u64)| (at as u64 + 1).saturating_sub(*chunk);
        assert_eq!(chunks.iter().enumerate().map(late).max(), Some(2), "by the next two at most");
        let mut sorted = chunks.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (1..=200).collect::<Vec<_>>());
        assert_eq!(
            frames.last().map(|frame| frame["event"].clone()),
            Some("stop".into()),
            "nothing overtakes a stop"
        );
        let numbered =
            frames.iter().all(|frame| frame["sequence_number"].is_string() && frame["stream_id"] == "32de");
        assert!(numbered, "{frames:?}");
    }
}
