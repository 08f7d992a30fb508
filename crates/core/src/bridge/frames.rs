//! What goes in and out of the bridge, in nobody's wire format.

use super::memory::{Brief, Remembered};
use crate::bot::Effect;
use crate::call::{AnsweredBy, BotNews, BotOver, EntryNo, Tokens};
use std::sync::Arc;

/// What the bridge is told. Nothing but this and time changes it.
#[derive(Clone, Debug)]
pub enum Input {
    /// Something from the carrier's media stream.
    Carrier(CarrierSays),
    /// Something from the model.
    Model(ModelSays),
    /// A tool has been answered.
    Tool(ToolAnswer),
    /// The carrier has found out who took the call.
    TakenBy(AnsweredBy),
    /// Time has passed: a deadline may have.
    Tick,
}

/// What a carrier's media stream tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarrierSays {
    /// Sound of the caller: base64 of µ-law, 8 kHz.
    Audio(String),
    /// The caller pressed a key.
    Digit(char),
    /// Everything before this mark has been played, or was cleared away.
    Mark(String),
    /// The call is over, or the stream is.
    Stopped,
    /// The stream broke off without a word.
    Lost,
}

/// What the carrier is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarrierDoes {
    /// Play this: base64 of µ-law, 8 kHz.
    Play(String),
    /// Say when everything before this has been played.
    Mark(String),
    /// Forget what has not been played yet.
    Clear,
}

/// What a model tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSays {
    /// The connection is there.
    Opened,
    /// It has taken the session's settings.
    Configured,
    /// The caller began to speak.
    SpeechStarted {
        /// The model's name of what is being said.
        item: String,
        /// When in the sound it was sent, in milliseconds.
        at_ms: u32,
    },
    /// The caller stopped speaking.
    SpeechStopped {
        /// The model's name of what was said.
        item: String,
        /// When in the sound it was sent, in milliseconds.
        at_ms: u32,
    },
    /// What the caller said is part of the conversation.
    Committed {
        /// The model's name of it.
        item: String,
    },
    /// Some words of the caller.
    CallerWords {
        /// Of which item.
        item: String,
        /// They follow those before.
        words: String,
    },
    /// All words of the caller.
    CallerLine {
        /// Of which item.
        item: String,
        /// All of them.
        text: String,
    },
    /// Nobody could tell what the caller said.
    CallerUnknown {
        /// Of which item.
        item: String,
    },
    /// The bot begins to answer.
    ResponseBegan {
        /// The model's name of the answer.
        response: String,
    },
    /// Sound of the bot.
    Audio {
        /// Of which answer.
        response: String,
        /// Of which item.
        item: String,
        /// Base64 of µ-law, 8 kHz.
        sound: String,
    },
    /// No more sound of this item will come.
    AudioOver {
        /// Which.
        item: String,
    },
    /// Words of the bot; they may be ahead of their sound.
    BotWords {
        /// Of which item.
        item: String,
        /// They follow those before.
        words: String,
    },
    /// All words of the bot.
    BotLine {
        /// Of which item.
        item: String,
        /// All of them.
        text: String,
    },
    /// The bot asks for a tool.
    Tool {
        /// The model's name of the asking.
        id: String,
        /// Which tool.
        name: String,
        /// With what, as JSON, or what the model takes for it.
        arguments: String,
    },
    /// The answer is over.
    ResponseOver {
        /// Which.
        response: String,
        /// How.
        end: ResponseEnd,
    },
    /// What an answer has used.
    Used(Tokens),
    /// The session is as long as the model allows.
    Expired,
    /// It complains of something that we did.
    Complains {
        /// Its code, or its type.
        code: String,
    },
    /// The connection is gone, or could not be had.
    Lost(WhyLost),
    /// Something else, which only shows that it lives.
    Other,
}

/// How an answer of the model ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseEnd {
    /// To its end, or to its greatest length.
    Completed,
    /// It was cut off.
    Cancelled,
    /// The model could not make it.
    Failed {
        /// Its code.
        code: String,
    },
}

/// Why a model is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyLost {
    /// There was no connection to be had.
    NotReached,
    /// It was refused: a wrong key, or too many requests.
    Refused(u16),
    /// The connection broke off.
    Closed,
    /// What came was nothing that we understand.
    Garbage,
    /// It could not take the session's settings in time.
    NotReady,
    /// It said nothing where it had to.
    Stalled,
    /// The session was as long as it may be.
    Expired,
    /// It could not make an answer.
    Failed(String),
}

impl WhyLost {
    /// In words, for the call's history. It holds nothing of a person.
    pub fn words(&self) -> String {
        match self {
            Self::NotReached => "the model could not be reached".to_owned(),
            Self::Refused(status) => format!("the model answered {status}"),
            Self::Closed => "the model's connection broke off".to_owned(),
            Self::Garbage => "the model said nothing that can be understood".to_owned(),
            Self::NotReady => "the model did not take its settings in time".to_owned(),
            Self::Stalled => "the model said nothing where it had to".to_owned(),
            Self::Expired => "the model's session has reached its end".to_owned(),
            Self::Failed(code) => format!("the model could not answer: {code}"),
        }
    }
}

/// What the model is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelDoes {
    /// Take these settings.
    Configure(Arc<Brief>),
    /// Hear this: base64 of µ-law, 8 kHz.
    Hear(String),
    /// Take what was heard so far as said.
    Commit,
    /// Know this of what was said before.
    Remember(Remembered),
    /// Answer, with these words of ours as instructions, if there are any.
    Answer(Option<String>),
    /// Know what a tool has answered.
    ToolAnswered {
        /// The model's name of the asking.
        id: String,
        /// What came of it.
        output: String,
    },
    /// Stop answering.
    Cancel,
    /// Know that only so much of an item was heard.
    Truncate {
        /// Which.
        item: String,
        /// How much, in milliseconds.
        heard_ms: u32,
    },
}

/// What a tool has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolAnswer {
    /// The model's name of the asking.
    pub id: String,
    /// What the model is told, as JSON.
    pub output: String,
    /// What it did; `None` if nobody ruled on it.
    pub did: Option<Box<Effect>>,
    /// What follows.
    pub then: Then,
}

/// What follows a tool's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The bot goes on.
    GoOn,
    /// The bot says good-bye, and the call is over once that was heard.
    HangUp,
    /// The bot says who comes next, and gives the call over once that was heard.
    HandOver,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Ask the carrier's media stream for something.
    Carrier(CarrierDoes),
    /// Ask the model for something.
    Model(ModelDoes),
    /// Connect to the model; an older connection is closed.
    OpenModel,
    /// Close the connection to the model.
    CloseModel,
    /// Write this down.
    Journal(BotNews),
    /// Find out what this tool answers, once the asking is written down.
    AskTool {
        /// Where it stands in the transcript.
        entry: EntryNo,
        /// The model's name of the asking.
        id: String,
        /// Which tool.
        name: String,
        /// With what.
        arguments: String,
    },
    /// Once everything is written down, close the carrier's media stream: the carrier then asks what comes next.
    Finish(BotOver),
    /// Nothing more will come: everything is written down.
    Done,
}
