//! Commands of Telnyx's Call Control, read as strictly as the published specification has them.
//!
//! In goes an action's name and its JSON, out comes a [`Command`] or what is wrong with it and where.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::ids::CallSid;
use crate::led::recognizers::{GOOGLE, RECOGNIZERS, TELNYX};
use crate::led::told::Address;
use crate::target::{Method, Target};
use crate::twiml::Stream;

const LONGEST_TEXT: usize = 3_000;

/// What the product wants of a call.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Command {
    Answer(Box<Answer>),
    HangUp,
    Reject(Rejection),
    Play {
        clip: Clip,
        /// What is stopped for it.
        stops: Option<Stops>,
    },
    /// Stops what plays; all of it also forgets what waits.
    StopPlaying(Stops),
    Gather(Box<Gathers>),
    StopGathering,
    Transcribe(Transcribes),
    StopTranscribing,
    Record(Records),
    StopRecording {
        recording: Option<String>,
    },
    Stream(Streams),
    StopStreaming {
        stream: Option<String>,
    },
    Transfer(Box<Transfer>),
    Bridge {
        with: CallSid,
        after: Afterwards,
    },
    SendDigits(String),
}

/// What begins with the answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Answer {
    /// Where events go from now on.
    pub(crate) webhook: Option<Address>,
    pub(crate) from_answer: FromAnswer,
}

/// What runs from the answer on.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct FromAnswer {
    pub(crate) record: Option<Records>,
    pub(crate) stream: Option<Streams>,
}

/// Why an inbound call is turned away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rejection {
    Rejected,
    Busy,
    NotFound,
    Unavailable,
}

/// Something to hear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Clip {
    Speech { text: String, times: Times },
    Sound { url: String, times: Times },
}

/// How often a sound is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Times {
    Count(u32),
    Forever,
}

/// What is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stops {
    Current,
    All,
}

/// Keys are wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Gathers {
    /// What is heard first.
    pub(crate) prompt: Option<Clip>,
    /// What is heard when the keys were not right.
    pub(crate) invalid: Option<Clip>,
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) tries: u32,
    /// For the first key, once all was heard.
    pub(crate) first: Duration,
    /// Between keys.
    pub(crate) between: Duration,
    pub(crate) ends_on: Option<char>,
    pub(crate) valid: String,
}

/// What the person says is to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Transcribes {
    pub(crate) parts: Parts,
}

/// What is told of speech while somebody still speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Parts {
    Told,
    Left,
}

/// A recording is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Records {
    pub(crate) longest: Option<u32>,
    /// Silence after speech that ends it.
    pub(crate) silence: Option<u32>,
    pub(crate) begins: Begins,
    pub(crate) keeps: Keeps,
}

impl Records {
    /// A recording that begins with a tone, or ends with silence, is a question. Any other goes along with the call.
    pub(crate) fn is_question(&self) -> bool {
        self.begins == Begins::WithBeep || self.silence.is_some()
    }
}

/// How a recording begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Begins {
    WithBeep,
    AtOnce,
}

/// What a recording keeps of silence at its ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keeps {
    All,
    Sound,
}

/// The call's sound goes to a socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Streams {
    pub(crate) stream: Stream,
    pub(crate) track: String,
}

/// A second person is called, and connected when they pick up.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Transfer {
    pub(crate) to: String,
    pub(crate) from: Option<String>,
    pub(crate) ring_secs: u32,
    pub(crate) limit_secs: u32,
    pub(crate) target_state: Option<String>,
    pub(crate) webhook: Option<Address>,
    pub(crate) listens: Option<Listens>,
    pub(crate) after: Afterwards,
}

/// What becomes of a call whose other one has gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Afterwards {
    HungUp,
    Parked,
}

/// Human or machine is decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Listens {
    /// Who picked up.
    Detects,
    /// That, and the end of a machine's greeting.
    Waits,
    /// Both, in the words of the premium detection.
    Premium,
}

/// A call to make.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Dial {
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) webhook: Option<Address>,
    pub(crate) ring_secs: u32,
    pub(crate) limit_secs: u32,
    pub(crate) listens: Option<Listens>,
    pub(crate) from_answer: FromAnswer,
    pub(crate) linked_to: Option<CallSid>,
    /// Connected with that call when somebody picks up.
    pub(crate) joins: Option<CallSid>,
    pub(crate) after: Afterwards,
}

/// What every command may bear.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Borne {
    pub(crate) client_state: Option<String>,
    pub(crate) command_id: Option<String>,
}

/// What is wrong with a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct BadArgument {
    pub(crate) name: String,
    pub(crate) wrong: Wrong,
}

/// In which way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Wrong {
    Missing,
    /// Not what it must be.
    Value(&'static str),
    Number,
    /// It is published, and this simulator does not do it.
    NotSimulated,
}

type Read<T> = Result<T, BadArgument>;

/// Reads what every command may bear.
pub(crate) fn borne(json: &Value) -> Read<Borne> {
    let args = Args::of(json)?;
    Ok(Borne { client_state: args.state("client_state")?, command_id: args.text("command_id")? })
}

/// Reads an action; `None` for one that there is not.
pub(crate) fn command(action: &str, json: &Value) -> Option<Read<Command>> {
    let args = match Args::of(json) {
        Ok(args) => args,
        Err(bad) => return Some(Err(bad)),
    };
    Some(match action {
        "answer" => args.answer(),
        "hangup" => Ok(Command::HangUp),
        "reject" => args.reject(),
        "speak" => args.speak(),
        "playback_start" => args.playback(),
        "playback_stop" => args.stop(),
        "gather_using_speak" => args.gather_using_speak(),
        "gather_using_audio" => args.gather_using_audio(),
        "gather" => args.gather(),
        "gather_stop" => Ok(Command::StopGathering),
        "transcription_start" => args.transcription_start(),
        "transcription_stop" => Ok(Command::StopTranscribing),
        "record_start" => args.record_start(),
        "record_stop" => args.text("recording_id").map(|recording| Command::StopRecording { recording }),
        "streaming_start" => args.streaming_start(),
        "streaming_stop" => args.text("stream_id").map(|stream| Command::StopStreaming { stream }),
        "transfer" => args.transfer(),
        "bridge" => args.bridge(),
        "send_dtmf" => args.send_dtmf(),
        _ => return None,
    })
}

/// Reads a call to make.
pub(crate) fn dial(json: &Value) -> Read<Dial> {
    let args = Args::of(json)?;
    for name in [
        "assistant",
        "audio_url",
        "bridge_intent",
        "conference_config",
        "conversation_relay_config",
        "media_name",
        "send_digits_on_answer",
        "supervise_call_control_id",
        "transcription",
    ] {
        args.not_simulated(name)?;
    }
    Ok(Dial {
        to: args.one_number("to")?,
        from: args.number_of("from")?.ok_or_else(|| missing("from"))?,
        webhook: args.webhook()?,
        ring_secs: args.secs("timeout_secs", 5..=600)?.unwrap_or(30),
        limit_secs: args.secs("time_limit_secs", 30..=14_400)?.unwrap_or(14_400),
        listens: args.listens()?,
        from_answer: args.with_the_answer()?,
        linked_to: args.text("link_to")?.map(CallSid::from),
        joins: match args.is_true("bridge_on_answer")? {
            true => Some(CallSid::from(args.needed("link_to")?)),
            false => None,
        },
        after: args.afterwards()?,
    })
}

fn missing(name: &str) -> BadArgument {
    BadArgument { name: name.to_owned(), wrong: Wrong::Missing }
}

fn wrong(name: &str, must: &'static str) -> BadArgument {
    BadArgument { name: name.to_owned(), wrong: Wrong::Value(must) }
}

/// The arguments of one request.
struct Args<'a>(&'a Map<String, Value>);

impl<'a> Args<'a> {
    fn of(json: &'a Value) -> Read<Self> {
        json.as_object().map(Self).ok_or_else(|| wrong("", "must be a JSON object"))
    }

    fn given(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn not_simulated(&self, name: &str) -> Read<()> {
        let asked = self.given(name).is_some_and(|value| *value != Value::Bool(false));
        let bad = || BadArgument { name: name.to_owned(), wrong: Wrong::NotSimulated };
        if asked { Err(bad()) } else { Ok(()) }
    }

    fn text(&self, name: &str) -> Read<Option<String>> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(wrong(name, "must be a string")),
        }
    }

    fn needed(&self, name: &str) -> Read<String> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
    }

    fn is_true(&self, name: &str) -> Read<bool> {
        match self.given(name) {
            None => Ok(false),
            Some(Value::Bool(is)) => Ok(*is),
            Some(_) => Err(wrong(name, "must be a boolean")),
        }
    }

    fn whole(&self, name: &str, range: std::ops::RangeInclusive<u32>) -> Read<Option<u32>> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(name, "is not an integer in its range")),
        }
    }

    fn secs(&self, name: &str, range: std::ops::RangeInclusive<u32>) -> Read<Option<u32>> {
        self.whole(name, range)
    }

    fn millis(&self, name: &str, usual: u32) -> Read<Duration> {
        let millis = self.whole(name, 0..=600_000)?.unwrap_or(usual);
        Ok(Duration::from_millis(millis.into()))
    }

    fn one_of(&self, name: &str, words: &[&'static str]) -> Read<Option<&'static str>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let word = words.iter().find(|word| **word == text).copied();
        word.map(Some).ok_or_else(|| wrong(name, "is not one of the words allowed"))
    }

    /// Base64, which is given back as it came.
    fn state(&self, name: &str) -> Read<Option<String>> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let Some(text) = self.text(name)? else { return Ok(None) };
        let is_base64 = STANDARD.decode(&text).is_ok();
        if is_base64 { Ok(Some(text)) } else { Err(wrong(name, "must be a valid Base-64 encoded string")) }
    }

    fn number_of(&self, name: &str) -> Read<Option<String>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let digits = text.strip_prefix('+').unwrap_or_default();
        let is_number = (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_address = text.strip_prefix("sip:").is_some_and(|rest| !rest.is_empty());
        if is_number || is_address {
            return Ok(Some(text));
        }
        Err(BadArgument { name: name.to_owned(), wrong: Wrong::Number })
    }

    /// One number, alone or as a list of one.
    fn one_number(&self, name: &str) -> Read<String> {
        match self.given(name) {
            Some(Value::Array(all)) => match all.as_slice() {
                [one] => {
                    let alone = Map::from_iter([(name.to_owned(), one.clone())]);
                    Args(&alone).one_number(name)
                }
                [] => Err(missing(name)),
                _ => Err(BadArgument { name: name.to_owned(), wrong: Wrong::NotSimulated }),
            },
            _ => self.number_of(name)?.ok_or_else(|| missing(name)),
        }
    }

    fn target(&self, name: &str) -> Read<Option<Target>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let target = Target::parse(&text, Method::Post);
        target.map(Some).ok_or_else(|| wrong(name, "must be an absolute http or https URL"))
    }

    fn webhook(&self) -> Read<Option<Address>> {
        self.not_simulated("webhook_urls")?;
        if self.one_of("webhook_url_method", &["POST", "GET"])? == Some("GET") {
            return Err(BadArgument { name: "webhook_url_method".to_owned(), wrong: Wrong::NotSimulated });
        }
        let Some(target) = self.target("webhook_url")? else { return Ok(None) };
        let mut address = Address::new(target, None);
        let policies = match self.given("webhook_retries_policies") {
            None => return Ok(Some(address)),
            Some(policies) => policies.as_object(),
        };
        let bad = || wrong("webhook_retries_policies", "must give up to 5 retries_ms of 60000 in all");
        for (event, policy) in policies.ok_or_else(bad)? {
            let given = policy["retries_ms"].as_array().ok_or_else(bad)?;
            let waits: Option<Vec<u64>> = given.iter().map(Value::as_u64).collect();
            let waits = waits.filter(|waits| waits.len() <= 5 && waits.iter().sum::<u64>() <= 60_000);
            let waits = waits.ok_or_else(bad)?.into_iter().map(Duration::from_millis).collect();
            address.policies.insert(event.clone(), waits);
        }
        Ok(Some(address))
    }

    fn listens(&self) -> Read<Option<Listens>> {
        let words = ["premium", "detect", "detect_beep", "detect_words", "greeting_end", "disabled"];
        Ok(match self.one_of("answering_machine_detection", &words)? {
            None | Some("disabled") => None,
            Some("premium") => Some(Listens::Premium),
            Some("detect_beep" | "greeting_end") => Some(Listens::Waits),
            Some(_) => Some(Listens::Detects),
        })
    }

    fn afterwards(&self) -> Read<Afterwards> {
        Ok(match self.one_of("park_after_unbridge", &["self"])? {
            Some(_) => Afterwards::Parked,
            None => Afterwards::HungUp,
        })
    }

    fn with_the_answer(&self) -> Read<FromAnswer> {
        let record = match self.one_of("record", &["record-from-answer"])? {
            None => None,
            Some(_) => Some(Records {
                longest: self.whole("record_max_length", 0..=43_200)?.filter(|secs| *secs > 0),
                silence: self.whole("record_timeout_secs", 0..=14_400)?.filter(|secs| *secs > 0),
                begins: Begins::AtOnce,
                keeps: self.keeps("record_trim")?,
            }),
        };
        let stream = if self.given("stream_url").is_some() { Some(self.stream()?) } else { None };
        Ok(FromAnswer { record, stream })
    }

    fn keeps(&self, name: &str) -> Read<Keeps> {
        Ok(match self.one_of(name, &["trim-silence"])? {
            Some(_) => Keeps::Sound,
            None => Keeps::All,
        })
    }

    fn answer(&self) -> Read<Command> {
        for name in ["assistant", "conversation_relay_config", "transcription"] {
            self.not_simulated(name)?;
        }
        let answer = Answer { webhook: self.webhook()?, from_answer: self.with_the_answer()? };
        Ok(Command::Answer(Box::new(answer)))
    }

    fn reject(&self) -> Read<Command> {
        let words = ["CALL_REJECTED", "NOT_FOUND", "TEMPORARILY_UNAVAILABLE", "USER_BUSY"];
        Ok(Command::Reject(match self.one_of("cause", &words)?.ok_or_else(|| missing("cause"))? {
            "NOT_FOUND" => Rejection::NotFound,
            "TEMPORARILY_UNAVAILABLE" => Rejection::Unavailable,
            "USER_BUSY" => Rejection::Busy,
            _ => Rejection::Rejected,
        }))
    }

    /// A text with the voice it is spoken in.
    fn speech(&self, name: &str) -> Read<Clip> {
        let text = self.needed(name)?;
        if text.chars().count() > LONGEST_TEXT {
            return Err(wrong(name, "is longer than 3,000 characters"));
        }
        self.needed("voice")?;
        Ok(Clip::Speech { text, times: Times::Count(1) })
    }

    fn speak(&self) -> Read<Command> {
        self.own_leg()?;
        let clip = match self.speech("payload")? {
            Clip::Speech { text, .. } => Clip::Speech { text, times: self.times()? },
            clip @ Clip::Sound { .. } => clip,
        };
        Ok(Command::Play { clip, stops: self.stops()? })
    }

    fn sound(&self, name: &str) -> Read<Clip> {
        self.not_simulated("media_name")?;
        self.not_simulated("playback_content")?;
        self.target(name)?.ok_or_else(|| missing(name))?;
        let url = self.needed(name)?;
        Ok(Clip::Sound { url, times: self.times()? })
    }

    fn times(&self) -> Read<Times> {
        let count = match self.given("loop") {
            None => return Ok(Times::Count(1)),
            Some(Value::String(word)) if word == "infinity" => return Ok(Times::Forever),
            Some(Value::String(word)) => word.parse().ok(),
            Some(number) => number.as_u64().and_then(|count| u32::try_from(count).ok()),
        };
        let count = count.filter(|count| (1..=100).contains(count));
        count.map(Times::Count).ok_or_else(|| wrong("loop", "must be from 1 to 100, or infinity"))
    }

    fn playback(&self) -> Read<Command> {
        self.not_simulated("overlay")?;
        self.own_leg()?;
        Ok(Command::Play { clip: self.sound("audio_url")?, stops: self.stops()? })
    }

    /// What is played is heard on its own leg.
    fn own_leg(&self) -> Read<()> {
        match self.one_of("target_legs", &["self", "opposite", "both"])? {
            None | Some("self") => Ok(()),
            Some(_) => self.not_simulated("target_legs"),
        }
    }

    fn stop(&self) -> Read<Command> {
        self.not_simulated("overlay")?;
        self.stops().map(|stops| Command::StopPlaying(stops.unwrap_or(Stops::All)))
    }

    fn stops(&self) -> Read<Option<Stops>> {
        Ok(match self.one_of("stop", &["current", "all"])? {
            None => None,
            Some("current") => Some(Stops::Current),
            Some(_) => Some(Stops::All),
        })
    }

    fn gathers(&self, prompt: Option<Clip>, invalid: Option<Clip>) -> Read<Gathers> {
        let count = |name: &str, range, usual: usize| {
            self.whole(name, range).map(|count| count.map_or(usual, |count| count as usize))
        };
        // Of a gather alone it is the time for all, and the first key has one of its own.
        let first = if prompt.is_some() {
            self.millis("timeout_millis", 60_000)?
        } else {
            let all = self.millis("timeout_millis", 60_000)?;
            self.millis("initial_timeout_millis", 5_000)?.min(all)
        };
        Ok(Gathers {
            prompt,
            invalid,
            least: count("minimum_digits", 1..=128, 1)?,
            most: count("maximum_digits", 1..=128, 128)?,
            tries: self.whole("maximum_tries", 1..=100)?.unwrap_or(3),
            first,
            between: self.millis("inter_digit_timeout_millis", 5_000)?,
            ends_on: match self.text("terminating_digit")? {
                None => Some('#'),
                Some(text) => text.chars().next(),
            },
            valid: self.text("valid_digits")?.unwrap_or_else(|| "0123456789#*".to_owned()),
        })
    }

    fn gather_using_speak(&self) -> Read<Command> {
        let prompt = self.speech("payload")?;
        let invalid = self.text("invalid_payload")?.map(|text| Clip::Speech { text, times: Times::Count(1) });
        self.gathers(Some(prompt), invalid).map(|gathers| Command::Gather(Box::new(gathers)))
    }

    fn gather_using_audio(&self) -> Read<Command> {
        self.not_simulated("invalid_media_name")?;
        let prompt = self.sound("audio_url")?;
        let invalid = self.text("invalid_audio_url")?;
        let invalid = invalid.map(|url| Clip::Sound { url, times: Times::Count(1) });
        self.gathers(Some(prompt), invalid).map(|gathers| Command::Gather(Box::new(gathers)))
    }

    fn gather(&self) -> Read<Command> {
        let gathers = self.gathers(None, None)?;
        Ok(Command::Gather(Box::new(Gathers { tries: 1, ..gathers })))
    }

    fn transcription_start(&self) -> Read<Command> {
        let not_simulated = |name: &str| BadArgument { name: name.to_owned(), wrong: Wrong::NotSimulated };
        if self
            .one_of("transcription_tracks", &["inbound", "outbound", "both"])?
            .is_some_and(|track| track != "inbound")
        {
            return Err(not_simulated("transcription_tracks"));
        }
        let older = |name: &'static str| match name {
            "A" => "Google",
            "B" => "Telnyx",
            name => name,
        };
        let by = self.one_of("transcription_engine", &RECOGNIZERS)?.map_or("Google", older);
        let (languages, known): (_, &[&str]) = match by {
            "Google" => (GOOGLE, &["transcription_engine", "language", "interim_results", "hints"]),
            "Telnyx" => (TELNYX, &["transcription_engine", "language"]),
            _ => return Err(not_simulated("transcription_engine")),
        };
        let Some(config) = self.given("transcription_engine_config") else {
            return Ok(Command::Transcribe(Transcribes { parts: Parts::Left }));
        };
        let config = config.as_object().map(Args);
        let config = config.ok_or_else(|| wrong("transcription_engine_config", "must be a JSON object"))?;
        if config.one_of("transcription_engine", &RECOGNIZERS)?.is_some_and(|name| older(name) != by) {
            return Err(wrong("transcription_engine_config", "is that of another engine"));
        }
        config.one_of("language", languages)?;
        let hints = config.given("hints").and_then(Value::as_array);
        let are_texts = hints.is_none_or(|hints| hints.iter().all(Value::is_string));
        if config.given("hints").is_some() && !(hints.is_some() && are_texts) {
            return Err(wrong("hints", "must be a list of strings"));
        }
        if let Some(name) = config.0.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(not_simulated(name));
        }
        let parts = if config.is_true("interim_results")? { Parts::Told } else { Parts::Left };
        Ok(Command::Transcribe(Transcribes { parts }))
    }

    fn record_start(&self) -> Read<Command> {
        self.one_of("format", &["wav", "mp3"])?.ok_or_else(|| missing("format"))?;
        self.one_of("channels", &["single", "dual"])?.ok_or_else(|| missing("channels"))?;
        Ok(Command::Record(Records {
            longest: self.whole("max_length", 0..=14_400)?.filter(|secs| *secs > 0),
            silence: self.whole("timeout_secs", 0..=14_400)?.filter(|secs| *secs > 0),
            begins: if self.is_true("play_beep")? { Begins::WithBeep } else { Begins::AtOnce },
            keeps: self.keeps("trim")?,
        }))
    }

    fn streaming_start(&self) -> Read<Command> {
        self.stream().map(Command::Stream)
    }

    fn stream(&self) -> Read<Streams> {
        let url = self.needed("stream_url")?;
        if !["ws://", "wss://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(wrong("stream_url", "must be the URL of a WebSocket"));
        }
        self.not_simulated("enable_dialogflow")?;
        let tracks = ["inbound_track", "outbound_track", "both_tracks"];
        let track = self.one_of("stream_track", &tracks)?.unwrap_or("inbound_track").to_owned();
        let codec = self.text("stream_bidirectional_codec")?.unwrap_or_else(|| "PCMU".to_owned());
        let mode = self.one_of("stream_bidirectional_mode", &["mp3", "rtp"])?;
        if codec != "PCMU" || track != "inbound_track" {
            let name = if codec == "PCMU" { "stream_track" } else { "stream_bidirectional_codec" };
            return Err(BadArgument { name: name.to_owned(), wrong: Wrong::NotSimulated });
        }
        let parameters = match self.given("custom_parameters") {
            None => Vec::new(),
            Some(given) => {
                let pair = |entry: &Value| {
                    Some((entry["name"].as_str()?.to_owned(), entry["value"].as_str()?.to_owned()))
                };
                let pairs: Option<Vec<_>> =
                    given.as_array().and_then(|given| given.iter().map(pair).collect());
                pairs.ok_or_else(|| wrong("custom_parameters", "must be pairs of name and value"))?
            }
        };
        let stream = Stream { url, parameters, is_bidirectional: mode == Some("rtp") };
        Ok(Streams { stream, track })
    }

    fn transfer(&self) -> Read<Command> {
        for name in ["audio_url", "media_name", "record", "send_digits_on_answer"] {
            self.not_simulated(name)?;
        }
        Ok(Command::Transfer(Box::new(Transfer {
            to: self.number_of("to")?.ok_or_else(|| missing("to"))?,
            from: self.number_of("from")?,
            ring_secs: self.secs("timeout_secs", 5..=600)?.unwrap_or(30),
            limit_secs: self.secs("time_limit_secs", 30..=14_400)?.unwrap_or(14_400),
            target_state: self.state("target_leg_client_state")?,
            webhook: self.webhook()?,
            listens: self.listens()?,
            after: self.afterwards()?,
        })))
    }

    fn bridge(&self) -> Read<Command> {
        for name in ["queue", "video_room_id", "hold_after_unbridge"] {
            self.not_simulated(name)?;
        }
        let with = CallSid::from(self.needed("call_control_id")?);
        Ok(Command::Bridge { with, after: self.afterwards()? })
    }

    fn send_dtmf(&self) -> Read<Command> {
        let digits = self.needed("digits")?;
        let is_key = |key: char| key.is_ascii_digit() || "ABCD*#wW".contains(key);
        if digits.chars().all(is_key) {
            Ok(Command::SendDigits(digits))
        } else {
            Err(wrong("digits", "must be keys, w or W"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(action: &str, json: &Value) -> Option<(String, Wrong)> {
        command(action, json).unwrap().err().map(|bad| (bad.name, bad.wrong))
    }

    #[test]
    fn what_a_command_needs_is_asked_for_by_its_name() {
        for (action, json, name) in [
            ("speak", json!({"voice": "female"}), "payload"),
            ("speak", json!({"payload": "Hello"}), "voice"),
            ("reject", json!({}), "cause"),
            ("playback_start", json!({}), "audio_url"),
            ("record_start", json!({"format": "wav"}), "channels"),
            ("record_start", json!({"channels": "single"}), "format"),
            ("streaming_start", json!({}), "stream_url"),
            ("transfer", json!({}), "to"),
            ("bridge", json!({}), "call_control_id"),
            ("send_dtmf", json!({}), "digits"),
        ] {
            assert_eq!(refused(action, &json), Some((name.to_owned(), Wrong::Missing)), "{action}");
        }
    }

    #[test]
    fn values_out_of_their_range_or_set_are_refused() {
        for (action, json, name) in [
            ("reject", json!({"cause": "BORED"}), "cause"),
            ("playback_start", json!({"audio_url": "hello.wav"}), "audio_url"),
            ("playback_start", json!({"audio_url": "http://host/a.wav", "loop": 101}), "loop"),
            ("gather", json!({"maximum_digits": 129}), "maximum_digits"),
            (
                "record_start",
                json!({"format": "wav", "channels": "single", "max_length": 14_401}),
                "max_length",
            ),
            ("streaming_start", json!({"stream_url": "https://host/media"}), "stream_url"),
            ("transcription_start", json!({"transcription_engine": "Ear"}), "transcription_engine"),
            ("transcription_start", json!({"transcription_tracks": "left"}), "transcription_tracks"),
            ("transcription_start", json!({"transcription_engine_config": {"language": "he"}}), "language"),
            (
                "transcription_start",
                json!({"transcription_engine": "Telnyx", "transcription_engine_config": {"language": "iw"}}),
                "language",
            ),
            ("transcription_start", json!({"transcription_engine_config": {"hints": "yes"}}), "hints"),
            ("send_dtmf", json!({"digits": "12x"}), "digits"),
        ] {
            let (found, wrong) = refused(action, &json).unwrap();
            assert!(
                matches!((found.as_str(), &wrong), (found, Wrong::Value(_)) if found == name),
                "{action}"
            );
        }
        assert_eq!(borne(&json!({"client_state": "no base64"})).unwrap_err().name, "client_state");
        assert!(borne(&json!({"client_state": "aGVsbG8=", "command_id": "1"})).is_ok());
        assert!(command("dance", &json!({})).is_none());
    }

    #[test]
    fn defaults_are_those_that_are_published() {
        let Ok(Command::Gather(gather)) = command("gather", &json!({})).unwrap() else { panic!() };
        assert_eq!((gather.least, gather.most, gather.ends_on), (1, 128, Some('#')));
        assert_eq!((gather.first, gather.between), (Duration::from_secs(5), Duration::from_secs(5)));
        let speak = json!({"payload": "A number?", "voice": "female", "terminating_digit": ""});
        let Ok(Command::Gather(asked)) = command("gather_using_speak", &speak).unwrap() else { panic!() };
        assert_eq!((asked.tries, asked.ends_on, asked.first), (3, None, Duration::from_secs(60)));
        let made = dial(&json!({"to": ["+15125550100"], "from": "+15005550006"})).unwrap();
        assert_eq!((made.ring_secs, made.limit_secs, made.listens), (30, 14_400, None));
    }

    #[test]
    fn parts_of_speech_are_told_where_that_is_wanted_of_a_recognizer_that_tells_them() {
        let parts = |json: Value| match command("transcription_start", &json).unwrap() {
            Ok(Command::Transcribe(transcribes)) => Ok(transcribes.parts),
            other => Err(other.err().map(|bad| (bad.name, bad.wrong))),
        };
        let hebrew = json!({"language": "iw", "interim_results": true, "hints": ["yes"]});
        assert_eq!(parts(json!({})), Ok(Parts::Left));
        assert_eq!(parts(json!({"transcription_engine_config": hebrew})), Ok(Parts::Told));
        let theirs = json!({"transcription_engine": "B", "transcription_engine_config": {"language": "he"}});
        assert_eq!(parts(theirs), Ok(Parts::Left));
        for (json, name) in [
            (json!({"transcription_engine": "Azure"}), "transcription_engine"),
            (json!({"transcription_tracks": "both"}), "transcription_tracks"),
            (json!({"transcription_engine_config": {"model": "video"}}), "model"),
        ] {
            assert_eq!(parts(json), Err(Some((name.to_owned(), Wrong::NotSimulated))));
        }
    }

    #[test]
    fn a_recording_with_a_tone_or_an_end_by_silence_is_a_question() {
        let is_question = |more: Value| {
            let mut json = json!({"format": "wav", "channels": "single"});
            json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            match command("record_start", &json).unwrap().unwrap() {
                Command::Record(records) => records.is_question(),
                other => panic!("{other:?}"),
            }
        };
        assert!(is_question(json!({"play_beep": true})));
        assert!(is_question(json!({"timeout_secs": 3})));
        assert!(!is_question(json!({"timeout_secs": 0, "max_length": 0})));
    }

    #[test]
    fn retries_are_read_as_far_as_they_are_allowed() {
        let with = |waits: Value| {
            let policies = json!({"call.answered": {"retries_ms": waits}});
            dial(&json!({
                "to": "+15125550100", "from": "+15005550006", "webhook_url": "http://host/events",
                "webhook_retries_policies": policies,
            }))
        };
        let address = with(json!([100, 200])).unwrap().webhook.unwrap();
        assert_eq!(address.policies["call.answered"], [100, 200].map(Duration::from_millis));
        assert!(with(json!([1, 1, 1, 1, 1, 1])).is_err());
        assert!(with(json!([30_000, 30_001])).is_err());
    }
}
