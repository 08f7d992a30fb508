//! The document as text: TwiML at Twilio, TeXML at Telnyx. Both have the same verbs; where names, ranges or defaults differ
//! the dialect says so, and nothing is left to a default that matters.
//!
//! | | Twilio | Telnyx |
//! |---|---|---|
//! | silence that ends a recording | 5 s unless said | never unless said, and counted from the first word on |
//! | sound of a recording | mono | two channels unless said |
//! | nothing cut off a recording | `do-not-trim` | the attribute left out |
//! | text of a recording | `transcribe` | `transcription` |
//! | a dialed leg rings, talks | to 600 s, to 24 h | 5 to 120 s, 60 s to 4 h |
//! | Hebrew | Google's voice | Azure's |

use super::{
    Beep, Dial, Document, Gather, Input, Loops, Method, OnEmpty, Play, Prompt, Record, RejectReason, Say,
    Stream, Trim, Verb, text,
};
use crate::dialect::Dialect;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

impl Document {
    /// The document as text, `application/xml` in UTF-8.
    pub fn to_xml(&self, dialect: Dialect) -> String {
        let mut xml = Xml { writer: Writer::new(Vec::new()), dialect };
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml.open(Element::new("Response"), |xml| self.verbs().iter().for_each(|verb| xml.verb(verb)));
        // The writer only ever wrote what it was given, and that was `str`.
        String::from_utf8(xml.writer.into_inner()).unwrap_or_default()
    }
}

/// An element with its attributes, each cleaned when it is added.
struct Element(BytesStart<'static>);

impl Element {
    fn new(name: &'static str) -> Self {
        Self(BytesStart::new(name))
    }

    fn with(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.0.push_attribute((name, text::attribute(value.as_ref()).as_ref()));
        self
    }

    fn with_number(self, name: &str, value: impl Into<u64>) -> Self {
        self.with(name, value.into().to_string())
    }

    fn with_option(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

struct Xml {
    writer: Writer<Vec<u8>>,
    dialect: Dialect,
}

impl Xml {
    fn event(&mut self, event: Event<'_>) {
        // Writing into memory does not fail.
        let _ = self.writer.write_event(event);
    }

    fn empty(&mut self, element: Element) {
        self.event(Event::Empty(element.0));
    }

    fn open(&mut self, element: Element, inside: impl FnOnce(&mut Self)) {
        let end = BytesEnd::from(element.0.name()).into_owned();
        self.event(Event::Start(element.0));
        inside(self);
        self.event(Event::End(end));
    }

    fn text(&mut self, element: Element, content: &str) {
        self.open(element, |xml| xml.event(Event::Text(BytesText::new(&text::content(content)))));
    }

    fn verb(&mut self, verb: &Verb) {
        match verb {
            Verb::Say(say) => self.say(say),
            Verb::Play(play) => self.play(play),
            Verb::Pause { secs } => self.pause(*secs),
            Verb::Record(record) => self.record(record),
            Verb::Gather(gather) => self.gather(gather),
            Verb::Redirect(redirect) => {
                self.text(Element::new("Redirect").with("method", word(redirect.method)), &redirect.url);
            }
            Verb::Hangup => self.empty(Element::new("Hangup")),
            Verb::Reject(reason) => self.empty(Element::new("Reject").with(
                "reason",
                match reason {
                    RejectReason::Rejected => "rejected",
                    RejectReason::Busy => "busy",
                },
            )),
            Verb::Dial(dial) => self.dial(dial),
            Verb::Connect(stream) => self.open(Element::new("Connect"), |xml| xml.stream(stream)),
        }
    }

    fn prompt(&mut self, prompt: &Prompt) {
        match prompt {
            Prompt::Say(say) => self.say(say),
            Prompt::Play(play) => self.play(play),
            Prompt::Pause { secs } => self.pause(*secs),
        }
    }

    fn say(&mut self, say: &Say) {
        let element = Element::new("Say")
            .with_option("voice", say.voice.as_deref().or_else(|| self.usual_voice(say)))
            .with_option("language", say.language.as_deref())
            .with_option("loop", say.loops.map(|loops| loops.to_string()).as_deref());
        self.text(element, &say.text);
    }

    /// The default voices speak no Hebrew, and a voice that doesn't know the language is an error, not an accent.
    fn usual_voice(&self, say: &Say) -> Option<&'static str> {
        let hebrew = say.language.as_deref().is_some_and(|language| language.starts_with("he"));
        hebrew.then_some(match self.dialect {
            Dialect::Twilio => "Google.he-IL-Standard-A",
            Dialect::Telnyx => "Azure.he-IL-HilaNeural",
        })
    }

    fn play(&mut self, play: &Play) {
        let loops = play.loops.map(|Loops::Endless| "0");
        self.text(Element::new("Play").with_option("loop", loops), &play.url);
    }

    fn pause(&mut self, secs: u16) {
        self.empty(Element::new("Pause").with_number("length", secs));
    }

    fn record(&mut self, record: &Record) {
        let mut element = Element::new("Record")
            .with("action", &record.action)
            .with("method", word(record.method))
            .with_number("timeout", record.timeout_secs)
            .with_number("maxLength", record.max_length_secs)
            // Twilio takes no empty value here (in a gather it does): without any, every key ends the recording.
            .with_option("finishOnKey", Some(record.finish_on_key.as_str()).filter(|keys| !keys.is_empty()))
            .with(
                "playBeep",
                match record.beep {
                    Beep::Played => "true",
                    Beep::Omitted => "false",
                },
            );
        element = match (record.trim, self.dialect) {
            (Trim::Silence, _) => element.with("trim", "trim-silence"),
            (Trim::Nothing, Dialect::Twilio) => element.with("trim", "do-not-trim"),
            (Trim::Nothing, Dialect::Telnyx) => element,
        };
        if self.dialect == Dialect::Telnyx {
            element = element.with("channels", "single");
        }
        if let Some(callback) = &record.status_callback {
            element = element
                .with("recordingStatusCallback", callback)
                .with("recordingStatusCallbackMethod", "POST")
                .with("recordingStatusCallbackEvent", "completed absent");
        }
        if let Some(callback) = &record.transcribe_callback {
            let (wish, told) = match self.dialect {
                Dialect::Twilio => ("transcribe", "transcribeCallback"),
                Dialect::Telnyx => ("transcription", "transcriptionCallback"),
            };
            element = element.with(wish, "true").with(told, callback);
        }
        self.empty(element);
    }

    fn gather(&mut self, gather: &Gather) {
        let mut element = Element::new("Gather")
            .with(
                "input",
                match gather.input {
                    Input::Keys => "dtmf",
                    Input::Speech => "speech",
                    Input::Both => "dtmf speech",
                },
            )
            .with("action", &gather.action)
            .with("method", word(gather.method))
            .with_number("timeout", gather.timeout_secs)
            .with_option("numDigits", gather.num_digits.map(|count| count.to_string()).as_deref())
            .with("finishOnKey", &gather.finish_on_key);
        if gather.input != Input::Keys {
            element = element
                .with("speechTimeout", "auto")
                .with_option("language", gather.language.as_deref())
                .with_option("hints", hints(&gather.hints).as_deref());
        }
        element = element.with(
            "actionOnEmptyResult",
            match gather.on_empty {
                OnEmpty::FallsThrough => "false",
                OnEmpty::AsksAction => "true",
            },
        );
        if gather.prompts.is_empty() {
            self.empty(element);
        } else {
            self.open(element, |xml| gather.prompts.iter().for_each(|prompt| xml.prompt(prompt)));
        }
    }

    fn dial(&mut self, dial: &Dial) {
        let element = Element::new("Dial")
            .with_option("action", dial.action.as_deref())
            .with("method", word(dial.method))
            .with_number("timeout", self.ring_secs(dial))
            .with_option("timeLimit", self.talk_secs(dial).map(|secs| secs.to_string()).as_deref())
            .with_option("callerId", dial.caller_id.as_deref())
            // Else who waits would hear nothing from the moment that the other one picks up to be asked.
            .with_option("answerOnBridge", self.rings_on(dial));
        let mut number = Element::new("Number");
        if let Some(page) = &dial.asked_first {
            number = number.with("url", page).with("method", word(dial.method));
        }
        if let Some(callback) = &dial.status_callback {
            number = number
                .with("statusCallback", callback)
                .with("statusCallbackMethod", "POST")
                .with("statusCallbackEvent", "initiated ringing answered completed");
        }
        self.open(element, |xml| xml.text(number, &dial.number));
    }

    /// Telnyx rings on by itself.
    fn rings_on(&self, dial: &Dial) -> Option<&'static str> {
        (self.dialect == Dialect::Twilio && dial.asked_first.is_some()).then_some("true")
    }

    fn ring_secs(&self, dial: &Dial) -> u16 {
        match self.dialect {
            Dialect::Twilio => dial.timeout_secs,
            Dialect::Telnyx => dial.timeout_secs.clamp(5, 120),
        }
    }

    fn talk_secs(&self, dial: &Dial) -> Option<u32> {
        match self.dialect {
            Dialect::Twilio => dial.time_limit_secs,
            Dialect::Telnyx => dial.time_limit_secs.map(|secs| secs.clamp(60, 14_400)),
        }
    }

    fn stream(&mut self, stream: &Stream) {
        let mut element = Element::new("Stream").with("url", &stream.url);
        if self.dialect == Dialect::Telnyx {
            // Without these the caller hears nothing of what is sent, and nobody is told.
            element = element.with("bidirectionalMode", "rtp").with("bidirectionalCodec", "PCMU");
        }
        self.open(element, |xml| {
            for (name, value) in &stream.parameters {
                xml.empty(Element::new("Parameter").with("name", name).with("value", value));
            }
        });
    }
}

fn word(method: Method) -> &'static str {
    match method {
        Method::Post => "POST",
        Method::Get => "GET",
    }
}

/// Hints are parted by commas, so a comma inside one would make it two.
fn hints(hints: &[String]) -> Option<String> {
    let plain = |hint: &String| hint.replace(',', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let words: Vec<String> = hints.iter().map(plain).collect();
    (!words.is_empty()).then(|| words.join(","))
}
