//! Every frame of a socket for app calls. Names are only ever added; a client leaves out what it does not know.

use crate::call::CallType;
use crate::id::{CallId, DeviceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What a device says.
#[derive(Debug)]
pub enum Said {
    /// Something for the other device of a call.
    Signal(CallId, Signal),
    /// It hangs up.
    End(CallId),
    /// It wants to know whether it is heard.
    Ping,
    /// It comes back to a call after its socket was lost.
    Resume {
        /// Which call.
        call: CallId,
        /// What shows that it speaks for its side: the token that initiate or accept gave it.
        token: String,
        /// Whether it still hears the other side.
        media: Media,
    },
    /// It shows a newer token of its user: the socket lives as long as that one.
    Renew(String),
}

/// Something for the other device of a call.
#[derive(Debug)]
pub struct Signal {
    /// What it is.
    pub kind: SignalKind,
    /// As it came.
    pub body: Box<RawValue>,
}

/// The things that two devices tell each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalKind {
    /// What one can send and receive.
    Offer,
    /// The other's answer to that.
    Answer,
    /// A way to reach one.
    Candidate,
}

/// Whether a device that comes back still hears the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    /// It has nothing left of the connection, as after a reload: the other side makes a new one.
    #[default]
    Lost,
    /// Only its socket was lost.
    Kept,
}

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// It is no JSON object with a `type`.
    BadFrame,
    /// Its `type` means nothing here.
    UnknownType,
    /// It lacks something, or has it in a form that it can't have.
    InvalidField,
    /// There is no such call, or it is somebody else's.
    NoSuchCall,
    /// The call is over.
    CallOver,
    /// The receiver has not taken the call yet.
    NotAccepted,
    /// Another device speaks for this side.
    OtherDevice,
    /// Too much waits for the other side.
    TooMuchWaits,
    /// The token opens nothing.
    BadToken,
    /// It can't be done now.
    Unavailable,
}

/// What the sender of a frame is told that can't be used. Its socket stays open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub code: FaultCode,
    /// In words.
    pub message: &'static str,
    /// Of which call it spoke.
    pub call: Option<CallId>,
}

impl Fault {
    /// Something is wrong with a frame.
    pub fn new(code: FaultCode, message: &'static str) -> Self {
        Self { code, message, call: None }
    }

    /// It spoke of this call.
    pub fn of(self, call: CallId) -> Self {
        Self { call: Some(call), ..self }
    }
}

/// A frame as it comes: fields that its type does not use are left alone.
#[derive(Deserialize)]
struct Frame<'a> {
    r#type: Option<String>,
    #[serde(borrow)]
    call_id: Option<&'a RawValue>,
    offer: Option<Box<RawValue>>,
    answer: Option<Box<RawValue>>,
    candidate: Option<Box<RawValue>>,
    token: Option<String>,
    #[serde(default)]
    media: Media,
}

/// A frame that was understood.
pub type Heard = Result<Said, Fault>;

impl Said {
    /// Reads a frame. On the socket of one call a frame that names none means that one.
    ///
    /// # Errors
    /// [`Fault`]: what its sender is told.
    pub fn read(text: &str, on: Option<CallId>) -> Heard {
        let frame: Frame<'_> = serde_json::from_str(text).map_err(|_| {
            Fault::new(FaultCode::BadFrame, "send a JSON object with a type, and each field in its own form")
        })?;
        let Some(word) = frame.r#type.as_deref() else {
            return Err(Fault::new(FaultCode::BadFrame, "a frame needs a type"));
        };
        let named = frame.call_id.and_then(|id| serde_json::from_str::<CallId>(id.get()).ok());
        let call = || match (frame.call_id, named.or(on)) {
            (Some(_), _) if named.is_none() => {
                Err(Fault::new(FaultCode::NoSuchCall, "there is no such call of yours"))
            }
            (_, Some(call)) => Ok(call),
            (_, None) => Err(Fault::new(FaultCode::InvalidField, "call_id: is missing")),
        };
        let signal = |kind, body: Option<Box<RawValue>>, missing| {
            let call = call()?;
            let body = body.filter(|body| body.get() != "null");
            let body = body.ok_or_else(|| Fault::new(FaultCode::InvalidField, missing).of(call))?;
            Ok(Self::Signal(call, Signal { kind, body }))
        };
        match word {
            "call.offer" => signal(SignalKind::Offer, frame.offer, "offer: is missing"),
            "call.answer" => signal(SignalKind::Answer, frame.answer, "answer: is missing"),
            "call.ice-candidate" => signal(SignalKind::Candidate, frame.candidate, "candidate: is missing"),
            "call.end" => call().map(Self::End),
            "ping" => Ok(Self::Ping),
            "resume" => {
                let call = call()?;
                let missing = || Fault::new(FaultCode::InvalidField, "token: is missing").of(call);
                Ok(Self::Resume { call, token: frame.token.ok_or_else(missing)?, media: frame.media })
            }
            "auth" => frame
                .token
                .map(Self::Renew)
                .ok_or_else(|| Fault::new(FaultCode::InvalidField, "token: is missing")),
            _ => Err(Fault::new(FaultCode::UnknownType, "this type means nothing here")),
        }
    }
}

/// What a device is told.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type")]
pub enum Told {
    /// It is heard.
    #[serde(rename = "connection.ack")]
    Ack {
        /// Whose device it is.
        user_id: String,
        /// Which.
        device_id: DeviceId,
        /// How often it is asked whether it is still there.
        heartbeat_secs: u64,
    },
    /// The answer to `ping`.
    #[serde(rename = "pong")]
    Pong,
    /// Somebody calls.
    #[serde(rename = "call.incoming")]
    Incoming(Caller),
    /// The other side's devices are being told.
    #[serde(rename = "call.ringing")]
    Ringing {
        /// Which call.
        call_id: CallId,
        /// Who is called.
        receiver_id: String,
        /// What is to be exchanged.
        call_type: CallType,
    },
    /// The call was taken.
    #[serde(rename = "call.accepted")]
    Accepted {
        /// Which call.
        call_id: CallId,
        /// By whom.
        by: String,
        /// With which device.
        #[serde(skip_serializing_if = "Option::is_none")]
        device_id: Option<DeviceId>,
    },
    /// The receiver said no.
    #[serde(rename = "call.rejected")]
    Rejected {
        /// Which call.
        call_id: CallId,
    },
    /// The other side's socket is gone; it may come back.
    #[serde(rename = "call.reconnecting")]
    Reconnecting {
        /// Which call.
        call_id: CallId,
        /// Who is away.
        user_id: String,
        /// For how long they are waited for.
        grace_seconds: u32,
    },
    /// A side is back.
    #[serde(rename = "call.resumed")]
    Resumed {
        /// Which call.
        call_id: CallId,
        /// Who came back.
        user_id: String,
        /// Whether you are the one to make a new offer.
        ice_restart: bool,
    },
    /// The call is over.
    #[serde(rename = "call.ended")]
    Ended {
        /// Which call.
        call_id: CallId,
        /// Why: an end of [`crate::call::AppEnd`], or `answered_elsewhere`.
        reason: &'static str,
        /// How long the two were connected.
        duration_seconds: Option<u32>,
    },
    /// Nobody took the call in time.
    #[serde(rename = "call.missed")]
    Missed(Caller),
    /// A frame of yours can't be used.
    #[serde(rename = "error")]
    Error {
        /// What is wrong.
        code: FaultCode,
        /// In words.
        message: &'static str,
        /// Of which call it spoke.
        #[serde(skip_serializing_if = "Option::is_none")]
        call_id: Option<CallId>,
    },
}

/// Who calls, and what about.
#[derive(Clone, Debug, Serialize)]
pub struct Caller {
    /// Which call.
    pub call_id: CallId,
    /// Who calls.
    pub caller_id: String,
    /// What they are called.
    pub caller_username: Option<String>,
    /// Who is called.
    pub receiver_id: String,
    /// What is to be exchanged.
    pub call_type: CallType,
    /// The conversation it belongs to.
    pub conversation_id: Option<String>,
}

impl From<Fault> for Told {
    fn from(fault: Fault) -> Self {
        Self::Error { code: fault.code, message: fault.message, call_id: fault.call }
    }
}

/// What one device hears of the other: what that one said, unchanged, and who it was.
#[derive(Serialize)]
#[serde(tag = "type")]
pub enum Sent<'a> {
    /// What the other can send and receive.
    #[serde(rename = "call.offer")]
    Offer {
        /// Which call.
        call_id: CallId,
        /// Who said it.
        from: &'a str,
        /// Its number in the call.
        seq: u64,
        /// As it came.
        offer: &'a RawValue,
    },
    /// The other's answer.
    #[serde(rename = "call.answer")]
    Answer {
        /// Which call.
        call_id: CallId,
        /// Who said it.
        from: &'a str,
        /// Its number in the call.
        seq: u64,
        /// As it came.
        answer: &'a RawValue,
    },
    /// A way to reach the other.
    #[serde(rename = "call.ice-candidate")]
    Candidate {
        /// Which call.
        call_id: CallId,
        /// Who said it.
        from: &'a str,
        /// Its number in the call.
        seq: u64,
        /// As it came.
        candidate: &'a RawValue,
    },
}

impl Signal {
    /// The frame that the other device is told. It has one number, however often it is told.
    pub fn sent<'a>(&'a self, call_id: CallId, from: &'a str, seq: u64) -> Sent<'a> {
        match self.kind {
            SignalKind::Offer => Sent::Offer { call_id, from, seq, offer: &self.body },
            SignalKind::Answer => Sent::Answer { call_id, from, seq, answer: &self.body },
            SignalKind::Candidate => Sent::Candidate { call_id, from, seq, candidate: &self.body },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = "0199b2a4-7c6e-7000-8000-000000000001";

    fn code(text: &str) -> FaultCode {
        Said::read(text, None).unwrap_err().code
    }

    #[test]
    fn what_one_device_says_reaches_the_other_letter_for_letter() {
        let text =
            format!(r#"{{"type":"call.offer","call_id":"{CALL}","offer":{{"sdp":"v=0\r\n",  "n":1.0}}}}"#);
        let Said::Signal(call, signal) = Said::read(&text, None).unwrap() else { panic!("a signal") };
        let sent = serde_json::to_string(&signal.sent(call, "ann", 7)).unwrap();
        assert_eq!(
            sent,
            format!(
                r#"{{"type":"call.offer","call_id":"{CALL}","from":"ann","seq":7,"offer":{{"sdp":"v=0\r\n",  "n":1.0}}}}"#
            )
        );
    }

    #[test]
    fn a_frame_that_means_nothing_is_told_why() {
        use FaultCode as F;
        let call = |rest: &str| format!(r#"{{"type":{rest},"call_id":"{CALL}"}}"#);
        for (text, expected) in [
            (String::new(), F::BadFrame),
            ("[]".to_owned(), F::BadFrame),
            ("null".to_owned(), F::BadFrame),
            ("{}".to_owned(), F::BadFrame),
            (r#"{"type": 7}"#.to_owned(), F::BadFrame),
            (r#"{"type": "call.explode"}"#.to_owned(), F::UnknownType),
            (r#"{"type": "call.end"}"#.to_owned(), F::InvalidField),
            (r#"{"type": "call.end", "call_id": "CA1"}"#.to_owned(), F::NoSuchCall),
            (r#"{"type": "call.end", "call_id": {"a": 1}}"#.to_owned(), F::NoSuchCall),
            (call(r#""call.offer""#), F::InvalidField),
            (call(r#""call.answer","answer":null"#), F::InvalidField),
            (call(r#""resume""#), F::InvalidField),
            (call(r#""resume","token":[]"#), F::BadFrame),
            (r#"{"type": "auth"}"#.to_owned(), F::InvalidField),
            ("[".repeat(100_000), F::BadFrame),
        ] {
            assert_eq!(code(&text), expected, "{}", &text[..text.len().min(60)]);
        }
    }

    #[test]
    fn on_the_socket_of_a_call_its_id_may_be_left_out() {
        let on = CALL.parse().unwrap();
        let said = Said::read(r#"{"type":"call.ice-candidate","candidate":""}"#, Some(on)).unwrap();
        assert!(matches!(said, Said::Signal(call, Signal { kind: SignalKind::Candidate, .. }) if call == on));
        assert!(matches!(Said::read(r#"{"type":"ping"}"#, None), Ok(Said::Ping)));
    }
}
