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
use crate::line::Line;
use crate::mouth::Mouth;
use crate::session::{Next, Over, Session};
use crate::talker::{Does, Talker};
use crate::twiml::Stream;
use crate::voice::{FRAME, SILENCE, is_sound};

const FRAME_SPAN: Duration = Duration::from_millis(20);
/// How long the carrier tries to open a socket.
const CONNECT: Duration = Duration::from_secs(5);

/// A socket of the product, while a stream lasts.
struct OpenStream {
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

/// A stream while it lasts: its socket, and what waits to be played.
pub(crate) struct Streaming {
    open: OpenStream,
    incoming: mpsc::UnboundedReceiver<Value>,
    waiting: VecDeque<Waiting>,
    wanted: Stream,
    next: Duration,
    chunk: u64,
}

impl Streaming {
    /// Opens the socket for the call's `nth` stream; without one the person is given back.
    pub(crate) async fn open(
        line: &mut Line,
        wanted: Stream,
        nth: u32,
        talker: Talker,
    ) -> Result<Self, Talker> {
        line.hear(Heard::StreamAsked { url: wanted.url.clone() });
        if nth == 1 {
            line.waits_since_answer();
        }
        let (out, incoming) = match timeout(CONNECT, connect_async(&wanted.url)).await {
            Ok(Ok((socket, _))) => ends_of(socket),
            Ok(Err(_)) | Err(_) => {
                let message = "the media stream's socket could not be opened".to_owned();
                line.hear(Heard::Problem { code: 31_920, message, url: wanted.url });
                return Err(talker);
            }
        };
        let chance =
            |what: &str| Chance::of(line.exchange.seed, &[what, line.sid.as_str(), &nth.to_string()]);
        let (hex, shuffles) = (chance("stream").hex32(), chance("shuffled"));
        let mouth = line.exchange.mouth;
        let stream = match mouth {
            Mouth::Twilio => format!("MZ{hex}"),
            Mouth::Telnyx => hex,
        };
        let mut open = OpenStream { out, stream, sent: 0, mouth, talker, shuffles, overtaken: None };
        let (sid, account) = (line.sid.as_str().to_owned(), line.exchange.account_sid.clone());
        // It bears no number.
        open.put(match mouth {
            Mouth::Twilio => json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}),
            Mouth::Telnyx => json!({"event": "connected", "version": "1.0.0"}),
        });
        open.send("start", start(mouth, &account, &sid, &open.stream.clone(), &wanted.parameters));
        let next = line.exchange.clock.elapsed() + FRAME_SPAN;
        Ok(Self { open, incoming, waiting: VecDeque::new(), wanted, next, chunk: 0 })
    }

    /// Its id.
    pub(crate) fn id(&self) -> &str {
        &self.open.stream
    }

    /// Where it goes.
    pub(crate) fn url(&self) -> &str {
        &self.wanted.url
    }

    /// When the next frame of sound is due, since the start of the world.
    pub(crate) fn next(&self) -> Duration {
        self.next
    }

    /// What the product sends next; none once it has closed its socket.
    pub(crate) async fn received(&mut self) -> Option<Value> {
        self.incoming.recv().await
    }

    /// Lets the next 20 ms pass for the person.
    pub(crate) fn frame(&mut self, line: &mut Line) -> Does {
        self.next += FRAME_SPAN;
        self.chunk += 1;
        let heard = play(&mut self.waiting, &mut self.open);
        let mut notes = Vec::new();
        let does = self.open.talker.frame(&heard, &mut notes);
        let (chunk, ms) = (self.chunk.to_string(), (self.chunk * 20).to_string());
        let payload = STANDARD.encode(&does.frame);
        self.open
            .send_sound(&json!({"track": "inbound", "chunk": chunk, "timestamp": ms, "payload": payload}));
        if let Some(digit) = does.digit {
            let dtmf = match self.open.mouth {
                Mouth::Twilio => json!({"track": "inbound_track", "digit": digit.to_string()}),
                Mouth::Telnyx => json!({"digit": digit.to_string()}),
            };
            self.open.send("dtmf", json!({"dtmf": dtmf}));
        }
        if is_sound(&heard) {
            line.hears_sound();
        }
        if notes.iter().any(|note| matches!(note, Heard::CallerSaid { .. })) {
            line.waits();
        }
        notes.into_iter().for_each(|note| line.hear(note));
        does
    }

    /// Does what the product asks for.
    pub(crate) fn obey(&mut self, line: &Line, frame: &Value) {
        let mouth = self.open.mouth;
        let is_heard = mouth == Mouth::Twilio || self.wanted.is_bidirectional;
        let names_stream = ["streamSid", "stream_id"].iter().any(|name| frame.get(*name).is_some());
        if names_stream != (mouth == Mouth::Twilio) {
            let message = "a frame in the other carrier's spelling".to_owned();
            line.hear(Heard::Warning { message });
        }
        match frame["event"].as_str() {
            Some("media") if is_heard => {
                let payload = frame["media"]["payload"].as_str().unwrap_or_default();
                match STANDARD.decode(payload) {
                    Ok(sound) => self.waiting.push_back(Waiting::Sound(sound.into())),
                    Err(_) => line.hear(Heard::Warning { message: "a payload is no base64".to_owned() }),
                }
            }
            // One-way: nobody is told.
            Some("media") => {}
            Some("mark") => match frame["mark"]["name"].as_str() {
                Some(name) => self.waiting.push_back(Waiting::Mark(name.to_owned())),
                None => line.hear(Heard::Warning { message: "a mark has no name".to_owned() }),
            },
            Some("clear") => {
                for item in self.waiting.drain(..) {
                    if let Waiting::Mark(name) = item {
                        self.open.send("mark", json!({"mark": {"name": name}}));
                    }
                }
            }
            _ => line.hear(Heard::Warning { message: "an unknown frame of a media stream".to_owned() }),
        }
    }

    /// The product has closed its socket: what was heard so far is all. The person goes on elsewhere.
    pub(crate) fn end(mut self, line: &Line) -> Talker {
        let mut notes = Vec::new();
        self.open.talker.end(&mut notes);
        notes.into_iter().for_each(|note| line.hear(note));
        if let Some(tape) = self.open.talker.tape() {
            line.exchange.tapes.keep(&line.sid, tape.clone());
        }
        self.open.talker
    }

    /// The call is over, or goes elsewhere: the product is told so.
    pub(crate) fn stop(mut self, line: &Line) -> Talker {
        let (account, call) = (line.exchange.account_sid.clone(), line.sid.as_str().to_owned());
        self.open.send(
            "stop",
            match self.open.mouth {
                Mouth::Twilio => json!({"stop": {"accountSid": account, "callSid": call}}),
                Mouth::Telnyx => json!({"stop": {"user_id": account, "call_control_id": call}}),
            },
        );
        self.end(line)
    }
}

impl Session {
    pub(super) async fn stream(&mut self, wanted: Stream) -> Next {
        self.streams += 1;
        let habit = self.line.person.habit().clone();
        // The same person goes on in the next stream of the call.
        let talker = self.talker.take().unwrap_or_else(|| Talker::new(habit));
        match Streaming::open(&mut self.line, wanted, self.streams, talker).await {
            Ok(streaming) => self.media = Some(streaming),
            Err(talker) => {
                self.talker = Some(talker);
                return Next::Verb;
            }
        }
        loop {
            let Some(media) = &mut self.media else { return Next::Verb };
            let next = media.next();
            tokio::select! {
                biased;
                frame = media.received() => match frame {
                    Some(frame) => media.obey(&self.line, &frame),
                    None => {
                        self.end_stream();
                        return Next::Verb;
                    }
                },
                () = self.line.frame(next, FRAME_SPAN) => {
                    if media.frame(&mut self.line).hangs_up {
                        self.stop_stream();
                        return Next::Over(Over::PersonHungUp);
                    }
                }
            }
        }
    }

    /// The product has closed its socket.
    fn end_stream(&mut self) {
        if let Some(media) = self.media.take() {
            self.talker = Some(media.end(&self.line));
        }
    }

    /// The call is over, or goes elsewhere.
    pub(super) fn stop_stream(&mut self) {
        if let Some(media) = self.media.take() {
            self.talker = Some(media.stop(&self.line));
        }
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
