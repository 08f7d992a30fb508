//! Voice documents: what a product may ask the carrier to do next, read as strictly as the carrier reads them.
//!
//! In goes a document's text, out comes a list of verbs and the warnings that Twilio would file in its debugger. A
//! document that is not well-formed, has another root, or has an unknown verb is refused as a whole.

use crate::call::CallEvent;
use crate::mouth::Mouth;
use crate::target::Method;
use crate::xml::{self, Element, NotXml};

/// A document that was understood.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Document {
    pub(crate) verbs: Vec<Verb>,
    /// Unknown attributes and values out of range: the defaults are used, the author should know.
    pub(crate) warnings: Vec<String>,
}

/// One step of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    Say {
        text: String,
        times: u32,
    },
    Play {
        url: String,
        times: u32,
    },
    Pause {
        secs: u32,
    },
    Record(Record),
    Gather(Gather),
    Dial(Dial),
    Redirect {
        url: String,
        method: Method,
    },
    Reject {
        reason: RejectReason,
    },
    Hangup,
    Stream(Stream),
    /// A verb that exists and that the simulator does not perform.
    NotSimulated {
        name: String,
    },
}

/// `<Connect><Stream>`: the call's sound goes to a socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stream {
    pub(crate) url: String,
    pub(crate) parameters: Vec<(String, String)>,
    /// As Telnyx: whether what is sent back is heard.
    pub(crate) is_bidirectional: bool,
}

/// Why an inbound call is turned away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RejectReason {
    Rejected,
    Busy,
}

/// `<Record>`: the caller speaks after the beep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) action: Option<String>,
    pub(crate) method: Method,
    /// Silence that ends the recording, seconds.
    pub(crate) timeout: u32,
    pub(crate) max_length: u32,
    pub(crate) finish_on_key: String,
    pub(crate) beep: Beep,
    pub(crate) silence: Silence,
    pub(crate) status_callback: Option<String>,
    pub(crate) status_method: Method,
    /// `in-progress`, `completed`, `absent`.
    pub(crate) status_events: Vec<String>,
}

/// Whether a tone is heard before a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Beep {
    Played,
    Omitted,
}

/// Whether silence at the ends of a recording is cut off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Silence {
    Trimmed,
    Kept,
}

/// `<Gather>`: keys, speech or both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Gather {
    pub(crate) action: Option<String>,
    pub(crate) method: Method,
    pub(crate) timeout: u32,
    pub(crate) takes_digits: Option<Digits>,
    pub(crate) takes_speech: Option<Speech>,
    pub(crate) empty: EmptyResult,
    /// Say, Play and Pause, heard while keys are already taken.
    pub(crate) prompts: Vec<Verb>,
}

/// How keys are taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Digits {
    pub(crate) count: Option<u32>,
    pub(crate) finish_on_key: String,
}

/// Speech is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Speech;

/// What an empty gather does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EmptyResult {
    FallsThrough,
    AsksAction,
}

/// `<Dial>`: a second person joins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Dial {
    pub(crate) to: Vec<String>,
    pub(crate) action: Option<String>,
    pub(crate) method: Method,
    pub(crate) timeout: u32,
    pub(crate) time_limit: u32,
    pub(crate) caller_id: Option<String>,
    /// Who is told of the second leg's progress: by the first `<Number>`.
    pub(crate) told: Option<Told>,
    /// What whoever picks up hears before the two are connected: by the first `<Number>`.
    pub(crate) screen: Option<(String, Method)>,
}

/// A status callback of a second leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    pub(crate) url: String,
    pub(crate) method: Method,
    /// None given means the end only.
    pub(crate) events: Vec<CallEvent>,
}

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadDocument {
    #[error(transparent)]
    NotXml(#[from] NotXml),
    #[error("root element is <{0}>, not <Response>")]
    NotResponse(String),
    #[error("<{child}> is not allowed in <{parent}>")]
    Misplaced { parent: String, child: String },
    #[error("<{verb}> is incomplete: {what}")]
    Incomplete { verb: String, what: &'static str },
}

impl BadDocument {
    /// Twilio's error code.
    pub(crate) fn code(&self) -> u32 {
        match self {
            Self::NotXml(_) | Self::NotResponse(_) => 12_100,
            Self::Misplaced { .. } | Self::Incomplete { .. } => 12_200,
        }
    }
}

const NOT_SIMULATED: [&str; 11] = [
    "Enqueue",
    "Leave",
    "Pay",
    "Prompt",
    "Queue",
    "Refer",
    "Sms",
    "Message",
    "Start",
    "Stop",
    "Transcription",
];

/// Reads a document, as this carrier does.
pub(crate) fn parse(text: &str, mouth: Mouth) -> Result<Document, BadDocument> {
    let root = xml::parse(text)?;
    if root.name != "Response" {
        return Err(BadDocument::NotResponse(root.name));
    }
    let mut reader = Reader { mouth, warnings: Vec::new() };
    let verbs = root.children.iter().map(|child| reader.verb(child)).collect::<Result<_, _>>()?;
    Ok(Document { verbs, warnings: reader.warnings })
}

struct Reader {
    mouth: Mouth,
    warnings: Vec<String>,
}

impl Reader {
    fn verb(&mut self, element: &Element) -> Result<Verb, BadDocument> {
        Ok(match element.name.as_str() {
            "Say" | "Play" | "Pause" => self.prompt(element)?,
            "Record" => Verb::Record(self.record(element)),
            "Gather" => Verb::Gather(self.gather(element)?),
            "Dial" => Verb::Dial(self.dial(element)?),
            "Redirect" => {
                self.known(element, &["method"]);
                let url = content(element).ok_or_else(|| incomplete(element, "a URL is missing"))?;
                Verb::Redirect { url, method: self.method(element, "method") }
            }
            "Reject" => {
                self.known(element, &["reason"]);
                Verb::Reject {
                    reason: match self.one_of(element, "reason", &["rejected", "busy"]) {
                        "busy" => RejectReason::Busy,
                        _ => RejectReason::Rejected,
                    },
                }
            }
            "Hangup" => Verb::Hangup,
            "Connect" => connect(element)?,
            name if NOT_SIMULATED.contains(&name) => Verb::NotSimulated { name: name.into() },
            _ => return Err(misplaced("Response", element)),
        })
    }

    fn prompt(&mut self, element: &Element) -> Result<Verb, BadDocument> {
        match element.name.as_str() {
            "Say" => {
                self.known(element, &["voice", "language", "loop"]);
                Ok(Verb::Say { text: squeeze(&element.text), times: self.times(element) })
            }
            "Play" => {
                self.known(element, &["loop", "digits"]);
                let url = content(element)
                    .or_else(|| element.attribute("digits").map(|digits| format!("digits:{digits}")))
                    .ok_or_else(|| incomplete(element, "neither a URL nor digits"))?;
                Ok(Verb::Play { url, times: self.times(element) })
            }
            "Pause" => {
                self.known(element, &["length"]);
                Ok(Verb::Pause { secs: self.number(element, "length", 1, 0) })
            }
            _ => Err(misplaced("Gather", element)),
        }
    }

    fn record(&mut self, element: &Element) -> Record {
        let own: &[&str] = match self.mouth {
            Mouth::Twilio => &["transcribe", "transcribeCallback", "recordingTrack"],
            Mouth::Telnyx => &["channels", "transcription", "transcriptionCallback", "transcriptionEngine"],
        };
        let shared = [
            "action",
            "method",
            "timeout",
            "finishOnKey",
            "maxLength",
            "playBeep",
            "trim",
            "recordingStatusCallback",
            "recordingStatusCallbackMethod",
            "recordingStatusCallbackEvent",
        ];
        self.known(element, &[&shared[..], own].concat());
        let max_length = self.number(element, "maxLength", 3_600, 1);
        // At Telnyx no silence ends a recording that does not say which: then only its length does.
        let timeout = match self.mouth {
            Mouth::Twilio => self.number(element, "timeout", 5, 1),
            Mouth::Telnyx => match self.number(element, "timeout", 0, 0) {
                0 => max_length,
                secs => secs,
            },
        };
        Record {
            action: address(element, "action"),
            method: self.method(element, "method"),
            timeout,
            max_length,
            finish_on_key: element.attribute("finishOnKey").unwrap_or("1234567890*#").to_owned(),
            beep: if self.one_of(element, "playBeep", &["true", "false"]) == "true" {
                Beep::Played
            } else {
                Beep::Omitted
            },
            silence: if self.one_of(element, "trim", &["trim-silence", "do-not-trim"]) == "trim-silence" {
                Silence::Trimmed
            } else {
                Silence::Kept
            },
            status_callback: address(element, "recordingStatusCallback"),
            status_method: self.method(element, "recordingStatusCallbackMethod"),
            status_events: element
                .attribute("recordingStatusCallbackEvent")
                .unwrap_or("completed")
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        }
    }

    fn gather(&mut self, element: &Element) -> Result<Gather, BadDocument> {
        self.known(
            element,
            &[
                "action",
                "method",
                "timeout",
                "speechTimeout",
                "input",
                "numDigits",
                "finishOnKey",
                "language",
                "hints",
                "actionOnEmptyResult",
                "partialResultCallback",
                "partialResultCallbackMethod",
                "profanityFilter",
                "bargeIn",
                "enhanced",
                "speechModel",
                "debug",
            ],
        );
        let input: Vec<&str> = element.attribute("input").unwrap_or("dtmf").split_whitespace().collect();
        for word in input.iter().filter(|word| !["dtmf", "speech"].contains(*word)) {
            self.warn(element, &format!("input {word} is unknown"));
        }
        let digits = Digits {
            count: element.attribute("numDigits").map(|_| self.number(element, "numDigits", 1, 1)),
            finish_on_key: element.attribute("finishOnKey").unwrap_or("#").to_owned(),
        };
        Ok(Gather {
            action: address(element, "action"),
            method: self.method(element, "method"),
            timeout: self.number(element, "timeout", 5, 0),
            takes_digits: (input.contains(&"dtmf") || !input.contains(&"speech")).then_some(digits),
            takes_speech: input.contains(&"speech").then_some(Speech),
            empty: match self.one_of(element, "actionOnEmptyResult", &["false", "true"]) {
                "true" => EmptyResult::AsksAction,
                _ => EmptyResult::FallsThrough,
            },
            prompts: element.children.iter().map(|child| self.prompt(child)).collect::<Result<_, _>>()?,
        })
    }

    fn dial(&mut self, element: &Element) -> Result<Dial, BadDocument> {
        let (mut to, mut told, mut screen) = (Vec::new(), None, None);
        self.known(
            element,
            &["action", "method", "timeout", "timeLimit", "callerId", "answerOnBridge", "record"],
        );
        for child in &element.children {
            match child.name.as_str() {
                "Number" | "Sip" => {
                    told = told.or(self.told(child));
                    let page = address(child, "url").map(|url| (url, self.method(child, "method")));
                    screen = screen.or(page);
                    to.extend(content(child));
                }
                "Client" => to.extend(content(child).map(|name| format!("client:{name}"))),
                _ => return Err(misplaced("Dial", child)),
            }
        }
        if element.children.is_empty() {
            to.extend(content(element));
        }
        if to.is_empty() {
            return Err(incomplete(element, "nobody to dial"));
        }
        Ok(Dial {
            to,
            action: address(element, "action"),
            method: self.method(element, "method"),
            timeout: self.number(element, "timeout", 30, 1),
            time_limit: self.number(element, "timeLimit", 14_400, 1),
            caller_id: address(element, "callerId"),
            told,
            screen,
        })
    }

    fn told(&mut self, element: &Element) -> Option<Told> {
        self.known(
            element,
            &["statusCallback", "statusCallbackMethod", "statusCallbackEvent", "url", "method", "sendDigits"],
        );
        let url = address(element, "statusCallback")?;
        let mut events = Vec::new();
        for word in element.attribute("statusCallbackEvent").unwrap_or_default().split_whitespace() {
            match CallEvent::parse(word) {
                Some(event) => events.push(event),
                None => self.warn(element, &format!("statusCallbackEvent {word} is unknown")),
            }
        }
        Some(Told { url, method: self.method(element, "statusCallbackMethod"), events })
    }

    fn times(&mut self, element: &Element) -> u32 {
        // Zero means for ever at Twilio; nobody here listens longer than this.
        match self.number(element, "loop", 1, 0) {
            0 => 1_000,
            times => times,
        }
    }

    fn method(&mut self, element: &Element, name: &str) -> Method {
        let Some(text) = element.attribute(name) else { return Method::Post };
        Method::parse(text).unwrap_or_else(|| {
            self.warn(element, &format!("{name} {text} is not a method"));
            Method::Post
        })
    }

    fn number(&mut self, element: &Element, name: &str, default: u32, least: u32) -> u32 {
        let Some(text) = element.attribute(name) else { return default };
        match text.parse() {
            Ok(number) if number >= least => number,
            _ => {
                self.warn(element, &format!("{name} {text} is not a number from {least}"));
                default
            }
        }
    }

    /// The value if it is one of the words, else the first word, which is the default.
    fn one_of<'w>(&mut self, element: &Element, name: &str, words: &[&'w str]) -> &'w str {
        let default = words.first().copied().unwrap_or_default();
        let Some(text) = element.attribute(name) else { return default };
        words.iter().find(|word| **word == text).copied().unwrap_or_else(|| {
            self.warn(element, &format!("{name} {text} is not one of {}", words.join(", ")));
            default
        })
    }

    fn known(&mut self, element: &Element, names: &[&str]) {
        for (name, _) in &element.attributes {
            if !names.contains(&name.as_str()) {
                self.warn(element, &format!("attribute {name} is unknown"));
            }
        }
    }

    fn warn(&mut self, element: &Element, what: &str) {
        self.warnings.push(format!("<{}>: {what}", element.name));
    }
}

fn connect(element: &Element) -> Result<Verb, BadDocument> {
    let child = element.children.first().ok_or_else(|| incomplete(element, "nothing to connect to"))?;
    match (child.name.as_str(), child.attribute("url")) {
        ("Stream", Some(url)) => {
            let parameters = child.children.iter().filter(|child| child.name == "Parameter");
            let word = |child: &Element, name| child.attribute(name).unwrap_or_default().to_owned();
            Ok(Verb::Stream(Stream {
                url: url.to_owned(),
                parameters: parameters.map(|child| (word(child, "name"), word(child, "value"))).collect(),
                is_bidirectional: child.attribute("bidirectionalMode") == Some("rtp"),
            }))
        }
        ("Stream", None) => Err(incomplete(child, "a url is missing")),
        ("Room" | "ConversationRelay" | "Autopilot" | "VirtualAgent" | "Assistant", _) => {
            Ok(Verb::NotSimulated { name: child.name.clone() })
        }
        _ => Err(misplaced("Connect", child)),
    }
}

fn content(element: &Element) -> Option<String> {
    let text = element.text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn address(element: &Element, name: &str) -> Option<String> {
    element.attribute(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn misplaced(parent: &str, child: &Element) -> BadDocument {
    BadDocument::Misplaced { parent: parent.into(), child: child.name.clone() }
}

fn incomplete(element: &Element, what: &'static str) -> BadDocument {
    BadDocument::Incomplete { verb: element.name.clone(), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(verb: &str) -> Verb {
        let document = parse(&format!("<Response>{verb}</Response>"), Mouth::Twilio).unwrap();
        assert_eq!(document.warnings, Vec::<String>::new(), "{verb}");
        document.verbs.into_iter().next().unwrap()
    }

    fn code(text: &str) -> u32 {
        parse(text, Mouth::Twilio).unwrap_err().code()
    }

    #[test]
    fn a_record_has_twilios_defaults() {
        let Verb::Record(record) = only("<Record/>") else { panic!("not a record") };
        assert_eq!((record.timeout, record.max_length), (5, 3_600));
        assert_eq!(record.finish_on_key, "1234567890*#");
        assert_eq!((record.beep, record.silence), (Beep::Played, Silence::Trimmed));
        assert_eq!(record.status_events, ["completed"]);
        assert_eq!(record.action, None);
    }

    #[test]
    fn a_gather_takes_keys_unless_only_speech_is_asked_for() {
        let Verb::Gather(keys) = only("<Gather/>") else { panic!("not a gather") };
        assert!(keys.takes_digits.is_some() && keys.takes_speech.is_none());
        let Verb::Gather(both) = only("<Gather input='dtmf speech' numDigits='1'><Say>One?</Say></Gather>")
        else {
            panic!("not a gather")
        };
        assert_eq!(both.takes_digits.unwrap().count, Some(1));
        assert!(both.takes_speech.is_some());
        assert_eq!(both.prompts, [Verb::Say { text: "One?".into(), times: 1 }]);
    }

    #[test]
    fn speech_markup_is_heard_as_its_text() {
        let said = only("<Say>Dear <emphasis>Ann</emphasis>,\n good <break time='1s'/> day</Say>");
        assert_eq!(said, Verb::Say { text: "Dear Ann, good day".into(), times: 1 });
    }

    #[test]
    fn a_second_person_is_dialed_by_number_or_by_name() {
        let Verb::Dial(dial) = only("<Dial timeout='9'><Number>+1555</Number><Client>ann</Client></Dial>")
        else {
            panic!("not a dial")
        };
        assert_eq!(dial.to, ["+1555", "client:ann"]);
        let Verb::Dial(plain) = only("<Dial>+1555</Dial>") else { panic!("not a dial") };
        assert_eq!((plain.to, plain.timeout), (vec!["+1555".to_owned()], 30));
    }

    #[test]
    fn bad_documents_are_refused_with_twilios_codes() {
        assert_eq!(code("<Response><Say>hi</Response>"), 12_100);
        assert_eq!(code("<html/>"), 12_100);
        assert_eq!(code("{}"), 12_100);
        assert_eq!(code("<Response><Shout>hi</Shout></Response>"), 12_200);
        assert_eq!(code("<Response><Gather><Record/></Gather></Response>"), 12_200);
        assert_eq!(code("<Response><Redirect/></Response>"), 12_200);
        assert_eq!(code("<Response><Dial/></Response>"), 12_200);
    }

    #[test]
    fn a_doubtful_attribute_is_a_warning_and_takes_the_default() {
        let document =
            parse("<Response><Record timeout='soon' color='red'/></Response>", Mouth::Twilio).unwrap();
        assert_eq!(document.warnings.len(), 2, "{:?}", document.warnings);
        let Verb::Record(record) = &document.verbs[0] else { panic!("not a record") };
        assert_eq!(record.timeout, 5);
    }
}
