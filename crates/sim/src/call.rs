//! What the carrier knows of one call, in its own words.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::rfc2822;
use crate::ids::CallSid;

/// A call's status as the REST API and the webhooks write it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallStatus {
    /// Accepted; shown until the phone rings.
    Queued,
    /// The phone rings.
    Ringing,
    /// Somebody picked up.
    InProgress,
    /// It was answered and is over.
    Completed,
    /// The line was busy or the person declined.
    Busy,
    /// It could not be connected.
    Failed,
    /// Nobody picked up.
    NoAnswer,
    /// It was taken back before anybody picked up.
    Canceled,
}

impl CallStatus {
    /// The carrier's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }

    /// True when nothing more can happen.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Ringing | Self::InProgress)
    }
}

/// What a status callback tells of; as Telnyx, also what an event of a call that commands lead tells of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallEvent {
    /// Dialing began.
    Initiated,
    /// The phone rings.
    Ringing,
    /// Somebody picked up.
    Answered,
    /// The call is over, however it ended.
    Completed,
    /// `call.bridged`: it is connected with another.
    Bridged,
    /// `call.speak.started`.
    SpeakStarted,
    /// `call.speak.ended`.
    SpeakEnded,
    /// `call.playback.started`.
    PlaybackStarted,
    /// `call.playback.ended`.
    PlaybackEnded,
    /// `call.dtmf.received`: a key was pressed.
    DtmfReceived,
    /// `call.gather.ended`.
    GatherEnded,
    /// `call.transcription`: what is said, in part or whole.
    Transcription,
    /// `call.recording.saved`.
    RecordingSaved,
    /// `call.machine.detection.ended`.
    DetectionEnded,
    /// `call.machine.greeting.ended`.
    GreetingEnded,
    /// `call.machine.premium.detection.ended`.
    PremiumDetectionEnded,
    /// `call.machine.premium.greeting.ended`.
    PremiumGreetingEnded,
    /// `streaming.started`.
    StreamingStarted,
    /// `streaming.stopped`.
    StreamingStopped,
    /// `streaming.failed`.
    StreamingFailed,
}

impl CallEvent {
    /// Reads Twilio's word for an event.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "initiated" => Self::Initiated,
            "ringing" => Self::Ringing,
            "answered" => Self::Answered,
            "completed" => Self::Completed,
            _ => return None,
        })
    }

    /// Telnyx's `event_type`; none for ringing, of which it tells nothing.
    pub(crate) fn event_type(self) -> Option<&'static str> {
        Some(match self {
            Self::Ringing => return None,
            Self::Initiated => "call.initiated",
            Self::Answered => "call.answered",
            Self::Completed => "call.hangup",
            Self::Bridged => "call.bridged",
            Self::SpeakStarted => "call.speak.started",
            Self::SpeakEnded => "call.speak.ended",
            Self::PlaybackStarted => "call.playback.started",
            Self::PlaybackEnded => "call.playback.ended",
            Self::DtmfReceived => "call.dtmf.received",
            Self::GatherEnded => "call.gather.ended",
            Self::Transcription => "call.transcription",
            Self::RecordingSaved => "call.recording.saved",
            Self::DetectionEnded => "call.machine.detection.ended",
            Self::GreetingEnded => "call.machine.greeting.ended",
            Self::PremiumDetectionEnded => "call.machine.premium.detection.ended",
            Self::PremiumGreetingEnded => "call.machine.premium.greeting.ended",
            Self::StreamingStarted => "streaming.started",
            Self::StreamingStopped => "streaming.stopped",
            Self::StreamingFailed => "streaming.failed",
        })
    }
}

/// Who called whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// A person called one of our numbers.
    Inbound,
    /// The product asked for it.
    OutboundApi,
    /// The second leg of a `<Dial>`.
    OutboundDial,
}

impl Direction {
    /// The carrier's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::OutboundApi => "outbound-api",
            Self::OutboundDial => "outbound-dial",
        }
    }
}

/// One call. Dates are in the simulator's time.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CallRecord {
    /// The carrier's id.
    pub sid: CallSid,
    /// The call that dialed this one.
    pub parent: Option<CallSid>,
    /// Who was called.
    pub to: String,
    /// Who called.
    pub from: String,
    /// Which way.
    pub direction: Direction,
    /// Where it stands.
    pub status: CallStatus,
    /// When the carrier accepted it.
    pub created_at: Timestamp,
    /// When dialing began; none while it is queued.
    pub started_at: Option<Timestamp>,
    /// When somebody picked up.
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Seconds from the answer to the end; 0 when nobody picked up; none while it is live.
    pub duration_secs: Option<u32>,
    /// The verdict on who picked up, if it was asked for.
    pub answered_by: Option<String>,
    /// What the network vouches for of an inbound caller's number, in Twilio's words.
    pub verstat: Option<String>,
    /// The final SIP response.
    pub sip_code: Option<u16>,
    /// Real or simulated milliseconds spent in the carrier's own queue.
    pub queue_ms: u64,
}

impl CallRecord {
    /// The person's number, as opposed to ours.
    pub fn person(&self) -> &str {
        match self.direction {
            Direction::Inbound => &self.from,
            Direction::OutboundApi | Direction::OutboundDial => &self.to,
        }
    }

    /// The parameters that every voice webhook bears.
    pub(crate) fn form(&self, account: &str) -> Form {
        let mut form = Form::default()
            .with("CallSid", self.sid.as_str())
            .with("AccountSid", account)
            .with("From", &self.from)
            .with("To", &self.to)
            .with("Caller", &self.from)
            .with("Called", &self.to)
            .with("CallStatus", self.status.as_str())
            .with("ApiVersion", "2010-04-01")
            .with("Direction", self.direction.as_str());
        for (party, number) in
            [("From", &self.from), ("Caller", &self.from), ("To", &self.to), ("Called", &self.to)]
        {
            for place in ["City", "State", "Zip"] {
                form = form.with(format!("{party}{place}"), "");
            }
            form = form.with(format!("{party}Country"), country(number));
        }
        if let Some(answered_by) = &self.answered_by {
            form = form.with("AnsweredBy", answered_by);
        }
        if let Some(verstat) = &self.verstat {
            form = form.with("StirVerstat", verstat);
        }
        if let Some(parent) = &self.parent {
            form = form.with("ParentCallSid", parent.as_str());
        }
        form
    }

    /// What a status callback adds: its place in the sequence and, at the end, how long it took.
    pub(crate) fn progress_form(
        &self,
        account: &str,
        event: CallEvent,
        sequence: u32,
        now: Timestamp,
    ) -> Form {
        let mut form = self.form(account);
        if event == CallEvent::Initiated {
            // The one status that webhooks know and the REST API does not.
            form.set("CallStatus", "initiated");
        }
        form = form
            .with("CallbackSource", "call-progress-events")
            .with("SequenceNumber", sequence.to_string())
            .with("Timestamp", rfc2822(now));
        if event == CallEvent::Completed {
            let secs = self.duration_secs.unwrap_or(0);
            form =
                form.with("CallDuration", secs.to_string()).with("Duration", secs.div_ceil(60).to_string());
            if let Some(code) = self.sip_code {
                form = form.with("SipResponseCode", code.to_string());
            }
        }
        form
    }
}

fn country(number: &str) -> &'static str {
    match number {
        number if number.starts_with("+1") => "US",
        number if number.starts_with("+49") => "DE",
        number if number.starts_with("+44") => "GB",
        _ => "",
    }
}

/// A webhook's parameters, in the order they are written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        if let Some((_, old)) = self.0.iter_mut().find(|(key, _)| key == name) {
            value.clone_into(old);
        }
    }

    pub(crate) fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}
