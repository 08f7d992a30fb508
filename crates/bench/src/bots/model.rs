//! The model's end: it speaks a frame each 20 ms, some of them ahead, and says every two seconds that the caller speaks.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

use super::{FRAME, Socket};
use crate::delays::{Delays, Way};
use crate::stamp::{Stamp, field};

/// Models are ahead of what is heard: so many frames are made at once when an answer begins.
const AHEAD: u32 = 20;
/// An answer is interrupted after so long, counted from when it began.
const ANSWER: Duration = Duration::from_secs(2);
/// Calls begin one after the other, and are not interrupted all at once.
const APART: Duration = Duration::from_millis(317);
/// The caller says so much.
const WORDS: Duration = Duration::from_millis(400);
/// A word of the bot's text comes with so many frames.
const FRAMES_A_WORD: u32 = 15;

/// A session, until the server ends it.
pub(super) async fn talk(socket: Socket, delays: Arc<Delays>) {
    let session = Session::new(socket, None, Arc::clone(&delays));
    if let Err(error) = session.run().await {
        delays.wrong(format!("a session of the model: {error:#}"));
    }
}

/// Behind the bare relay there is nobody to ask for anything: it only talks.
pub(super) async fn talk_at_once(socket: Socket, call: u32, delays: Arc<Delays>) {
    let mut session = Session::new(socket, Some(call), Arc::clone(&delays));
    session.doing = Doing::Speaks { until: None };
    if let Err(error) = session.run().await {
        delays.wrong(format!("a session behind the relay: {error:#}"));
    }
}

/// What a session is doing.
#[derive(Clone, Copy, Debug)]
enum Doing {
    /// Waits to be asked.
    Waits,
    /// Was asked, and does not know yet whose call it is.
    Asked,
    /// Speaks, until the caller does.
    Speaks { until: Option<Instant> },
    /// Listens to the caller.
    Listens { until: Instant },
}

struct Session {
    socket: Socket,
    delays: Arc<Delays>,
    doing: Doing,
    /// Whose it is; known from the first frame that is heard.
    call: Option<u32>,
    /// What the caller says next.
    heard: u32,
    said: u32,
    answers: u32,
    /// The answer that was not cancelled.
    is_answering: bool,
    next: Instant,
}

impl Session {
    fn new(socket: Socket, call: Option<u32>, delays: Arc<Delays>) -> Self {
        Self {
            socket,
            delays,
            doing: Doing::Waits,
            call,
            heard: 0,
            said: 0,
            answers: 0,
            is_answering: false,
            next: Instant::now(),
        }
    }

    async fn run(mut self) -> Result<()> {
        if self.call.is_none() {
            self.say(r#"{"type":"session.created","session":{"id":"sess","type":"realtime"}}"#.to_owned())
                .await?;
        }
        loop {
            tokio::select! {
                () = sleep_until(self.next) => {
                    self.next += FRAME;
                    self.go_on().await?;
                }
                heard = self.socket.next() => match heard {
                    Some(Ok(Message::Text(text))) => self.hear(text.as_str()).await?,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    // The call is over.
                    Some(Ok(_) | Err(_)) | None => return Ok(()),
                },
            }
        }
    }

    async fn hear(&mut self, event: &str) -> Result<()> {
        // The bare relay brings what the caller says as it is.
        if let Some(sound) = field(event, "audio").or_else(|| field(event, "payload")) {
            let stamp = Stamp::read(sound).context("a frame without a stamp")?;
            let call = *self.call.get_or_insert(stamp.call);
            let next = (call, self.heard);
            ensure!((stamp.call, stamp.no) == next, "{stamp:?} came where call and frame {next:?} were next");
            self.heard += 1;
            self.delays.note(Way::Caller, stamp.at);
            return Ok(());
        }
        match field(event, "type") {
            Some("session.update") => self.say(r#"{"type":"session.updated","session":{}}"#.to_owned()).await,
            Some("response.create") => {
                self.doing = Doing::Asked;
                Ok(())
            }
            Some("response.cancel") if self.is_answering => {
                self.is_answering = false;
                let response = self.answers;
                self.say(format!(
                    r#"{{"type":"response.done","response":{{"id":"resp{response}","status":"cancelled"}}}}"#
                ))
                .await
            }
            _ => Ok(()),
        }
    }

    /// An answer begins, ahead of its time.
    async fn answer(&mut self) -> Result<()> {
        self.answers += 1;
        self.is_answering = true;
        let response = self.answers;
        self.say(format!(
            r#"{{"type":"response.created","response":{{"id":"resp{response}","status":"in_progress"}}}}"#
        ))
        .await?;
        for _ in 0..AHEAD {
            self.speak(false).await?;
        }
        let now = Instant::now();
        let apart =
            if self.answers == 1 { APART * (self.call.unwrap_or_default() % 7) } else { Duration::ZERO };
        self.doing = Doing::Speaks { until: Some(now + ANSWER + apart) };
        Ok(())
    }

    /// Another 20 ms.
    async fn go_on(&mut self) -> Result<()> {
        let now = Instant::now();
        match self.doing {
            Doing::Asked if self.call.is_some() => self.answer().await,
            Doing::Waits | Doing::Asked => Ok(()),
            Doing::Speaks { until: Some(until) } if now >= until => {
                self.doing = Doing::Listens { until: now + WORDS };
                let item = self.answers;
                self.delays.speaks(self.call.unwrap_or_default());
                self.say(format!(
                    r#"{{"type":"input_audio_buffer.speech_started","audio_start_ms":0,"item_id":"caller{item}"}}"#
                ))
                .await
            }
            Doing::Speaks { .. } => self.speak(true).await,
            Doing::Listens { until } if now >= until => {
                let item = self.answers;
                for event in [
                    format!(
                        r#"{{"type":"input_audio_buffer.speech_stopped","audio_end_ms":400,"item_id":"caller{item}"}}"#
                    ),
                    format!(r#"{{"type":"input_audio_buffer.committed","item_id":"caller{item}"}}"#),
                    format!(
                        r#"{{"type":"conversation.item.input_audio_transcription.completed","item_id":"caller{item}","content_index":0,"transcript":"I see, go on."}}"#
                    ),
                ] {
                    self.say(event).await?;
                }
                self.answer().await
            }
            Doing::Listens { .. } => Ok(()),
        }
    }

    /// A frame of the bot, and now and then a word of its text.
    async fn speak(&mut self, is_timely: bool) -> Result<()> {
        let (response, no, call) = (self.answers, self.said, self.call.unwrap_or_default());
        self.said += 1;
        if no.is_multiple_of(FRAMES_A_WORD) {
            self.say(format!(
                r#"{{"type":"response.output_audio_transcript.delta","response_id":"resp{response}","item_id":"bot{response}","output_index":0,"content_index":0,"delta":"word "}}"#
            ))
            .await?;
        }
        let sound = Stamp { at: self.delays.now(), call, no, is_timely }.sound();
        self.say(format!(
            r#"{{"type":"response.output_audio.delta","response_id":"resp{response}","item_id":"bot{response}","output_index":0,"content_index":0,"delta":"{sound}"}}"#
        ))
        .await
    }

    async fn say(&mut self, event: String) -> Result<()> {
        self.socket.send(Message::text(event)).await.context("an event could not be sent")
    }
}
