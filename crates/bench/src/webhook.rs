//! Webhooks as Twilio posts them: all the fields it sends, signed, as the bytes of one request.

use crate::signature::Signer;

/// The made-up account that everything here belongs to.
pub const ACCOUNT_SID: &str = "AC0123456789abcdef0123456789abcdef";
/// What it signs with.
pub const AUTH_TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// The number that is called.
pub const OUR_NUMBER: &str = "+14155550100";

/// A webhook that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody calls: what is to be said?
    Arrival,
    /// Keys were pressed: what is to be said next?
    Answer,
    /// The call goes on, says a status callback.
    Going,
    /// The call is over.
    Over,
}

/// A field's value: the same in every call, or of this one.
#[derive(Clone, Copy)]
enum Value {
    Is(&'static str),
    Status,
    CallSid,
    Caller,
    Digits,
    Sequence,
}

/// Which webhooks have a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    All,
    Only(Kind),
    /// Status callbacks.
    Reports,
}

use In::{All, Only, Reports};
use Value::{CallSid, Caller, Digits, Is, Sequence, Status};

/// All fields, sorted by name as signatures want them.
const FIELDS: [(&str, In, Value); 32] = [
    ("AccountSid", All, Is(ACCOUNT_SID)),
    ("ApiVersion", All, Is("2010-04-01")),
    ("CallDuration", Only(Kind::Over), Is("61")),
    ("CallSid", All, CallSid),
    ("CallStatus", All, Status),
    ("CallbackSource", Reports, Is("call-progress-events")),
    ("Called", All, Is(OUR_NUMBER)),
    ("CalledCity", All, Is("SAN FRANCISCO")),
    ("CalledCountry", All, Is("US")),
    ("CalledState", All, Is("CA")),
    ("CalledZip", All, Is("94105")),
    ("Caller", All, Caller),
    ("CallerCity", All, Is("OAKLAND")),
    ("CallerCountry", All, Is("US")),
    ("CallerState", All, Is("CA")),
    ("CallerZip", All, Is("94607")),
    ("Digits", Only(Kind::Answer), Digits),
    ("Direction", All, Is("inbound")),
    ("Duration", Only(Kind::Over), Is("2")),
    ("FinishedOnKey", Only(Kind::Answer), Is("#")),
    ("From", All, Caller),
    ("FromCity", All, Is("OAKLAND")),
    ("FromCountry", All, Is("US")),
    ("FromState", All, Is("CA")),
    ("FromZip", All, Is("94607")),
    ("SequenceNumber", Reports, Sequence),
    ("To", All, Is(OUR_NUMBER)),
    ("ToCity", All, Is("SAN FRANCISCO")),
    ("ToCountry", All, Is("US")),
    ("ToState", All, Is("CA")),
    ("ToZip", All, Is("94105")),
    ("msg", Only(Kind::Answer), Is("Gather End")),
];

impl Kind {
    fn status(self) -> &'static str {
        match self {
            Self::Arrival => "ringing",
            Self::Answer | Self::Going => "in-progress",
            Self::Over => "completed",
        }
    }

    fn has(self, field: In) -> bool {
        match field {
            All => true,
            Only(kind) => kind == self,
            Reports => matches!(self, Self::Going | Self::Over),
        }
    }
}

/// What is of one call.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The carrier's id of the call.
    pub call_sid: &'a str,
    /// Who calls.
    pub caller: &'a str,
    /// The keys pressed.
    pub digits: &'a str,
    /// Which status callback of the call it is.
    pub sequence: &'a str,
}

impl<'a> About<'a> {
    /// The fields of a form, in the order in which they are signed.
    fn fields(self, kind: Kind) -> impl Iterator<Item = (&'a str, &'a str)> {
        let there = FIELDS.iter().filter(move |(_, there, _)| kind.has(*there));
        there.map(move |(name, _, value)| (*name, self.value(kind, *value)))
    }

    fn value(self, kind: Kind, value: Value) -> &'a str {
        match value {
            Is(text) => text,
            Status => kind.status(),
            CallSid => self.call_sid,
            Caller => self.caller,
            Digits => self.digits,
            Sequence => self.sequence,
        }
    }
}

/// Writes requests to one server, into buffers that it keeps.
#[derive(Clone)]
pub struct Writer {
    signer: Signer,
    origin: String,
    host: String,
    form: Vec<u8>,
    request: Vec<u8>,
}

impl Writer {
    /// Writes requests to `host`, which has the port.
    ///
    /// # Errors
    /// As [`Signer::new`].
    pub fn new(host: String) -> anyhow::Result<Self> {
        let origin = format!("http://{host}");
        let signer = Signer::new(AUTH_TOKEN)?;
        Ok(Self { signer, origin, host, form: Vec::with_capacity(1_024), request: Vec::with_capacity(2_048) })
    }

    /// The path and query of an absolute address of this server.
    pub fn path<'a>(&self, address: &'a str) -> Option<&'a str> {
        address.strip_prefix(self.origin.as_str())
    }

    /// One request, whole.
    pub fn write(&mut self, kind: Kind, path: &str, about: About<'_>) -> &[u8] {
        self.form.clear();
        for (name, value) in about.fields(kind) {
            if !self.form.is_empty() {
                self.form.push(b'&');
            }
            self.form.extend_from_slice(name.as_bytes());
            self.form.push(b'=');
            encode(value, &mut self.form);
        }
        let out = &mut self.request;
        out.clear();
        for piece in ["POST ", path, " HTTP/1.1\r\nHost: ", &self.host, HEADERS] {
            out.extend_from_slice(piece.as_bytes());
        }
        self.signer.sign(&[&self.origin, path], about.fields(kind), out);
        out.extend_from_slice(b"\r\nContent-Length: ");
        out.extend_from_slice(self.form.len().to_string().as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(&self.form);
        out
    }
}

const HEADERS: &str = "\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n\
    Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n\
    I-Twilio-Idempotency-Token: 0f8a3c1e-5d2b-4a7f-9c60-1b2d3e4f5a6b\r\nX-Twilio-Signature: ";

fn encode(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About<'_> = About { call_sid: "CA1", caller: "+15550100", digits: "12", sequence: "3" };

    #[test]
    fn fields_are_sorted_and_each_form_has_its_own() {
        assert!(FIELDS.is_sorted_by(|one, next| one.0 < next.0));
        let names = |kind| ABOUT.fields(kind).map(|(name, _)| name).collect::<Vec<_>>();
        assert!(!names(Kind::Arrival).contains(&"Digits"));
        assert!(names(Kind::Answer).contains(&"Digits"));
        assert!(names(Kind::Over).contains(&"CallDuration"));
        assert!(ABOUT.fields(Kind::Over).any(|field| field == ("CallStatus", "completed")));
        assert!(ABOUT.fields(Kind::Going).any(|field| field == ("SequenceNumber", "3")));
        assert!(!names(Kind::Going).contains(&"CallDuration"));
    }

    #[test]
    fn a_request_holds_its_form_encoded_and_says_how_long_it_is() {
        let mut writer = Writer::new("127.0.0.1:80".to_owned()).unwrap();
        let request = String::from_utf8(writer.write(Kind::Answer, "/voice?q=1", ABOUT).to_vec()).unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /voice?q=1 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n"), "{head}");
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
        assert!(body.contains("&Caller=%2B15550100&CallerCity=OAKLAND&"), "{body}");
        assert!(body.ends_with("&msg=Gather+End"), "{body}");
    }

    #[test]
    fn another_answer_has_another_signature() {
        let mut writer = Writer::new("127.0.0.1:80".to_owned()).unwrap();
        let signature = |request: &[u8]| {
            let text = String::from_utf8_lossy(request).into_owned();
            text.split_once("X-Twilio-Signature: ").unwrap().1.split_once("\r\n").unwrap().0.to_owned()
        };
        let one = signature(writer.write(Kind::Answer, "/voice?q=1", ABOUT));
        let other = signature(writer.write(Kind::Answer, "/voice?q=1", About { digits: "13", ..ABOUT }));
        assert_eq!(one.len(), 28);
        assert_ne!(one, other);
    }

    #[test]
    fn only_our_own_server_is_asked() {
        let writer = Writer::new("127.0.0.1:80".to_owned()).unwrap();
        assert_eq!(writer.path("http://127.0.0.1:80/voice?q=1"), Some("/voice?q=1"));
        assert_eq!(writer.path("http://elsewhere/voice?q=1"), None);
    }
}
