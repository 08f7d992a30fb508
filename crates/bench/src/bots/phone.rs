//! A caller's end of a media stream, as Twilio has it: a frame each 20 ms, and what comes is played in its time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

use super::{FRAME, Socket};
use crate::delays::{Delays, Way};
use crate::stamp::{Stamp, field};

/// Bytes of µ-law that a millisecond has, in base64.
const CHARS_PER_MS: f64 = 8.0 * 4.0 / 3.0;

/// Says whose stream it is.
pub(super) async fn begin(socket: &mut Socket, sid: &str, token: &str) -> Result<()> {
    let start = json!({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": {
        "accountSid": crate::webhook::ACCOUNT_SID, "streamSid": "MZ1", "callSid": sid, "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": token},
    }});
    for frame in [json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}), start] {
        socket.send(Message::text(frame.to_string())).await.context("a stream could not begin")?;
    }
    Ok(())
}

/// Talks and listens until the socket is over, which it must not be.
pub(super) async fn talk(socket: Socket, call: u32, delays: Arc<Delays>, begins: UnboundedSender<u32>) {
    let phone = Phone {
        socket,
        call,
        said: 0,
        playing_until: Instant::now(),
        marks: VecDeque::new(),
        begins: Some(begins),
    };
    if let Err(error) = phone.talk(&delays).await {
        delays.wrong(format!("call {call}: {error:#}"));
    }
}

struct Phone {
    socket: Socket,
    call: u32,
    said: u32,
    /// Until when what has come lasts.
    playing_until: Instant,
    /// Marks, and when what stands before them has been played.
    marks: VecDeque<(Instant, String)>,
    /// Whom to tell that the bot talks.
    begins: Option<UnboundedSender<u32>>,
}

impl Phone {
    async fn talk(mut self, delays: &Delays) -> Result<()> {
        let mut next = Instant::now();
        loop {
            tokio::select! {
                () = sleep_until(next) => {
                    next += FRAME;
                    self.say(delays).await?;
                }
                heard = self.socket.next() => match heard.context("the stream was closed")?? {
                    Message::Text(text) => self.hear(text.as_str(), delays).await?,
                    Message::Ping(_) | Message::Pong(_) => {}
                    other => bail!("the stream said {other:?}"),
                },
            }
        }
    }

    /// A frame, and the marks of what was played since the last.
    async fn say(&mut self, delays: &Delays) -> Result<()> {
        let now = Instant::now();
        while let Some((_, name)) = self.marks.pop_front_if(|(at, _)| *at <= now) {
            self.played(&name).await?;
        }
        let (no, ms) = (self.said, u64::from(self.said) * 20);
        self.said += 1;
        let sound = Stamp { at: delays.now(), call: self.call, no, is_timely: true }.sound();
        let frame = format!(
            r#"{{"event":"media","sequenceNumber":"{no}","media":{{"track":"inbound","chunk":"{no}","timestamp":"{ms}","payload":"{sound}"}},"streamSid":"MZ1"}}"#
        );
        self.socket.send(Message::text(frame)).await.context("a frame could not be sent")
    }

    async fn hear(&mut self, frame: &str, delays: &Delays) -> Result<()> {
        // The bare relay brings what the model says as it is.
        match field(frame, "event").or_else(|| field(frame, "type")) {
            Some("media") => self.plays(field(frame, "payload"), delays),
            Some("response.output_audio.delta") => self.plays(field(frame, "delta"), delays),
            Some("mark") => {
                let name = field(frame, "name").context("a mark without a name")?;
                self.marks.push_back((self.playing_until, name.to_owned()));
                Ok(())
            }
            Some("clear") => {
                delays.silenced(self.call);
                self.playing_until = Instant::now();
                while let Some((_, name)) = self.marks.pop_front() {
                    self.played(&name).await?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn plays(&mut self, sound: Option<&str>, delays: &Delays) -> Result<()> {
        let sound = sound.context("a frame without sound")?;
        let stamp = Stamp::read(sound).context("a frame without a stamp")?;
        ensure!(stamp.call == self.call, "it heard what call {} was told", stamp.call);
        if stamp.is_timely {
            delays.note(Way::Bot, stamp.at);
        }
        let lasts = Duration::from_secs_f64(sound.len() as f64 / CHARS_PER_MS / 1_000.0);
        self.playing_until = self.playing_until.max(Instant::now()) + lasts;
        if let Some(begins) = self.begins.take() {
            // Whoever waited for it may be gone.
            let _ = begins.send(self.call);
        }
        Ok(())
    }

    async fn played(&mut self, name: &str) -> Result<()> {
        let mark = format!(
            r#"{{"event":"mark","sequenceNumber":"{}","streamSid":"MZ1","mark":{{"name":"{name}"}}}}"#,
            self.said
        );
        self.socket.feed(Message::text(mark)).await.context("a mark could not be sent")
    }
}
