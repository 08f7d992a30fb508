//! A voice document: what the carrier shall do next on a live call, as a tree of typed verbs.
//!
//! In: a page of a script ([`page`]) or verbs put together by hand. Out: the text of a document in a carrier's dialect
//! ([`Document::to_xml`]). Nothing in between is a string with markup in it: text is data, and is written as exactly
//! one text node whatever it holds.
//!
//! The traps of the trade are known here: silence after a recording asks nobody (so another verb must follow), a
//! recording without an action asks for the same page for ever, an empty gather falls through.
//!
//! To add a verb: a variant of [`Verb`], an arm in `twiml.rs`, a line in its snapshot test.

pub mod action;
pub mod page;
pub mod stream;
mod text;
mod twiml;

/// What the carrier does next, verb by verb. When the last verb is done, the carrier hangs up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document(Vec<Verb>);

impl Document {
    /// These verbs, in this order.
    pub fn new(verbs: Vec<Verb>) -> Self {
        Self(verbs)
    }

    /// The verbs.
    pub fn verbs(&self) -> &[Verb] {
        &self.0
    }

    /// Only a redirect: go on at `url`.
    pub fn redirect(url: impl Into<String>) -> Self {
        Self(vec![Verb::Redirect(Redirect { url: url.into(), method: Method::Post })])
    }

    /// Hang up without a word.
    pub fn hang_up() -> Self {
        Self(vec![Verb::Hangup])
    }

    /// Say one thing, then hang up: an apology, a busy message.
    pub fn farewell(say: Say) -> Self {
        Self(vec![Verb::Say(say), Verb::Hangup])
    }

    /// Turn an inbound call away without answering it.
    pub fn reject(reason: RejectReason) -> Self {
        Self(vec![Verb::Reject(reason)])
    }
}

/// One thing for the carrier to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Speak a text.
    Say(Say),
    /// Play an audio file.
    Play(Play),
    /// Be silent for so many seconds.
    Pause {
        /// How long, 1 or more.
        secs: u16,
    },
    /// Record what the person says.
    Record(Box<Record>),
    /// Take keys or speech.
    Gather(Box<Gather>),
    /// Go on with another document.
    Redirect(Redirect),
    /// End the call.
    Hangup,
    /// Turn an inbound call away without answering it. Only makes sense as the first verb.
    Reject(RejectReason),
    /// Connect somebody else.
    Dial(Box<Dial>),
    /// Connect the call's audio to a socket of ours.
    Connect(Stream),
}

/// What may be heard while keys are already taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Speak a text.
    Say(Say),
    /// Play an audio file.
    Play(Play),
    /// Be silent.
    Pause {
        /// How long, 1 or more.
        secs: u16,
    },
}

/// A text to speak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Say {
    /// The text, as data.
    pub text: String,
    /// The carrier's name of a voice; without one the usual voice of the language.
    pub voice: Option<String>,
    /// A BCP 47 tag.
    pub language: Option<String>,
    /// How often, when not once.
    pub loops: Option<u16>,
}

/// An audio file to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Play {
    /// Where the carrier fetches it.
    pub url: String,
    /// How often, when not once.
    pub loops: Option<Loops>,
}

/// How often an audio file is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loops {
    /// As long as somebody listens.
    Endless,
}

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Asked, with the recording's id, when it is done. Never optional: without it the page itself is asked again.
    pub action: String,
    /// How it is asked.
    pub method: Method,
    /// So many seconds of silence end it.
    pub timeout_secs: u16,
    /// The longest it may be, in seconds.
    pub max_length_secs: u16,
    /// The keys that end it; empty for the carrier's choice (Twilio: any key).
    pub finish_on_key: String,
    /// Whether a tone is heard before.
    pub beep: Beep,
    /// Whether silence at its ends is cut off.
    pub trim: Trim,
    /// Told when the recording can be fetched.
    pub status_callback: Option<String>,
    /// Told the text, if the carrier shall transcribe it.
    pub transcribe_callback: Option<String>,
}

/// Keys or speech.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gather {
    /// What is listened for.
    pub input: Input,
    /// Asked with what was heard.
    pub action: String,
    /// How it is asked.
    pub method: Method,
    /// So many seconds without a key end the wait.
    pub timeout_secs: u16,
    /// So many keys end it; `None`: any number.
    pub num_digits: Option<u8>,
    /// The keys that end it; empty for none.
    pub finish_on_key: String,
    /// The language that is listened for.
    pub language: Option<String>,
    /// Words that are likely to be said.
    pub hints: Vec<String>,
    /// What happens when nothing was heard.
    pub on_empty: OnEmpty,
    /// What is heard meanwhile.
    pub prompts: Vec<Prompt>,
}

/// Where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The next document.
    pub url: String,
    /// How it is asked for.
    pub method: Method,
}

/// Somebody else to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Whom, in E.164.
    pub number: String,
    /// The number they see.
    pub caller_id: Option<String>,
    /// Asked when it is over.
    pub action: Option<String>,
    /// How it is asked.
    pub method: Method,
    /// How long it may ring, in seconds.
    pub timeout_secs: u16,
    /// How long they may talk, in seconds.
    pub time_limit_secs: Option<u32>,
    /// Told of progress of the leg that is dialed.
    pub status_callback: Option<String>,
    /// The page that whoever picks up hears by themselves. The two are connected where it ends without hanging up; until then
    /// the other one hears it ring.
    pub asked_first: Option<String>,
}

/// A media stream, both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Our socket, `wss://`, without a query (the carrier drops it).
    pub url: String,
    /// Handed over in the stream's first frame.
    pub parameters: Vec<(String, String)>,
}

/// How the carrier asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// With a form in the body.
    #[default]
    Post,
    /// With everything in the query.
    Get,
}

/// Whether a tone is heard before a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beep {
    /// It is.
    Played,
    /// It is not.
    Omitted,
}

/// Whether silence at the ends of a recording is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trim {
    /// It is.
    Silence,
    /// It is not.
    Nothing,
}

/// What is listened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Keys.
    Keys,
    /// Speech.
    Speech,
    /// Whichever comes first.
    Both,
}

/// What an empty gather does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnEmpty {
    /// The next verb is done.
    FallsThrough,
    /// The action is asked, with nothing.
    AsksAction,
}

/// Why an inbound call is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectReason {
    /// The caller hears that the number is not in service.
    Rejected,
    /// The caller hears a busy tone.
    Busy,
}
