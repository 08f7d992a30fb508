//! What a person heard and answered: the other end of the line, for tests and for the curious.

use serde::Serialize;

use crate::ids::{CallSid, RecordingSid};

/// One thing that happened on the line, in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Heard {
    /// A text was spoken.
    Said {
        /// The text.
        text: String,
    },
    /// A sound was played.
    Played {
        /// Where it is.
        url: String,
    },
    /// A question began: recorded or gathered.
    Asked {
        /// Its number in the call, from 1.
        question: u32,
        /// What was heard since the last answer.
        prompt: String,
    },
    /// The person spoke.
    Spoke {
        /// The question's number.
        question: u32,
        /// The words.
        said: String,
        /// The recording, when the question was recorded.
        recording: Option<RecordingSid>,
    },
    /// The person pressed keys.
    Pressed {
        /// The question's number.
        question: u32,
        /// The keys.
        keys: String,
    },
    /// The person gave no answer.
    SaidNothing {
        /// The question's number.
        question: u32,
    },
    /// The person hung up.
    PersonHungUp,
    /// A second person was dialed.
    Dialed {
        /// The second leg.
        call: CallSid,
    },
    /// A media stream was asked for.
    StreamAsked {
        /// Where it should have gone.
        url: String,
    },
    /// A bot said something in a media stream, as far as it was heard.
    BotSaid {
        /// The words.
        text: String,
        /// How long it went on after the person spoke up, in milliseconds of sound.
        #[serde(skip_serializing_if = "Option::is_none")]
        went_on_ms: Option<u32>,
    },
    /// The person had heard nothing since they picked up, or since they had spoken to a bot, and hears something now.
    Waited {
        /// For so long, in simulated milliseconds.
        ms: u32,
    },
    /// The person said something in a media stream.
    CallerSaid {
        /// The words.
        text: String,
    },
    /// A verb that the simulator does not perform was skipped.
    Skipped {
        /// The verb.
        verb: String,
    },
    /// The carrier's debugger would show a warning.
    Warning {
        /// What is doubtful.
        message: String,
    },
    /// The carrier's debugger would show an error.
    Problem {
        /// Twilio's error code.
        code: u32,
        /// What went wrong.
        message: String,
        /// Where.
        url: String,
    },
    /// "We are sorry, an application error has occurred. Goodbye."
    ApplicationError,
}
