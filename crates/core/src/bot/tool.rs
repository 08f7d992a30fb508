//! The tools there are, and their arguments. A closed set: what is not in it is refused by name, and what an argument holds
//! beyond its schema is refused too.

use super::Person;
use super::answer::Refusal;
use crate::appointment::When;
use crate::bridge::ToolSpec;
use crate::id::ToolCallId;
use crate::private::Private;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Longer arguments are read no further, in bytes.
const ARGUMENTS_BYTES: usize = 4_096;

/// Something that a model may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// The caller will come.
    Confirm,
    /// The caller's appointment is to be at another time.
    Reschedule,
    /// The caller will not come.
    Cancel,
    /// The caller wants an appointment.
    Book,
    /// The caller wants a person.
    TransferToPerson,
    /// The conversation is over.
    EndCall,
}

/// A tool that the model asks for, as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The model's name of this call of the tool.
    pub id: ToolCallId,
    /// The tool's name, whatever the model calls it.
    pub name: String,
    /// Its arguments, as the model writes them: JSON, it hopes.
    pub arguments: Private<String>,
}

/// What the model asks for, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// [`Tool::Confirm`].
    Confirm,
    /// [`Tool::Reschedule`].
    Reschedule(AtTime),
    /// [`Tool::Cancel`].
    Cancel,
    /// [`Tool::Book`].
    Book {
        /// When, and with whom.
        at: AtTime,
        /// What the caller is called.
        customer: Option<Private<String>>,
    },
    /// [`Tool::TransferToPerson`].
    Transfer {
        /// To whom of the list; to its first if absent.
        to: Option<String>,
    },
    /// [`Tool::EndCall`].
    End(EndReason),
}

/// A time that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtTime {
    /// When; absent: which times there are.
    pub when: Option<When>,
    /// With whom; as it was, or whoever there is, if absent.
    pub practitioner: Option<String>,
}

/// Why a conversation is over, as the model says. It decides nothing but the outcome of a call in which nothing was done.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Everything is said.
    #[default]
    Done,
    /// The caller does not want to talk.
    Refused,
    /// A machine answered.
    Voicemail,
    /// Somebody else answered.
    WrongPerson,
}

impl EndReason {
    const WORDS: [&'static str; 4] = ["done", "refused", "voicemail", "wrong_person"];
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveArguments {
    start: Option<String>,
    practitioner: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BookArguments {
    start: Option<String>,
    practitioner: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransferArguments {
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndArguments {
    reason: Option<EndReason>,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Confirm, Self::Reschedule, Self::Cancel, Self::Book, Self::TransferToPerson, Self::EndCall];

    /// Its name, for the model, in files and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Reschedule => "reschedule",
            Self::Cancel => "cancel",
            Self::Book => "book",
            Self::TransferToPerson => "transfer_to_person",
            Self::EndCall => "end_call",
        }
    }

    /// The tool of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.as_str() == name)
    }

    /// Reads arguments.
    ///
    /// # Errors
    /// `BadArguments`.
    pub fn read(self, arguments: &str) -> Result<Wish, Refusal> {
        match self {
            Self::Confirm => fields(arguments).map(|Nothing {}| Wish::Confirm),
            Self::Cancel => fields(arguments).map(|Nothing {}| Wish::Cancel),
            Self::Reschedule => {
                let MoveArguments { start, practitioner } = fields(arguments)?;
                Ok(Wish::Reschedule(at_time(start, practitioner)?))
            }
            Self::Book => {
                let BookArguments { start, practitioner, name } = fields(arguments)?;
                let name = said(name).map(|name| crate::appointment::customer(&name)).transpose();
                let customer = name.map_err(|_| Refusal::BadArguments)?.map(Private::new);
                Ok(Wish::Book { at: at_time(start, practitioner)?, customer })
            }
            Self::TransferToPerson => {
                let TransferArguments { to } = fields(arguments)?;
                Ok(Wish::Transfer { to: said(to) })
            }
            Self::EndCall => {
                let EndArguments { reason } = fields(arguments)?;
                Ok(Wish::End(reason.unwrap_or_default()))
            }
        }
    }

    /// What the model is told of it.
    pub(super) fn spec(self, people: &[Person]) -> ToolSpec {
        let start = json!({
            "type": "string",
            "description": "The wanted time as YYYY-MM-DDTHH:MM by the clock on the practitioner's wall, or a day as \
                            YYYY-MM-DD to be told its free times. Leave it out to be told the next free times.",
        });
        let practitioner = json!({ "type": "string", "description": "With whom. Leave it out if the caller does not mind." });
        let (about, fields) = match self {
            Self::Confirm => ("The caller says that they will come to their appointment.", json!({})),
            Self::Cancel => ("The caller says that they will not come, and wants no other time.", json!({})),
            Self::Reschedule => (
                "Moves the caller's own appointment to a free time that the caller has agreed to.",
                json!({ "start": start, "practitioner": practitioner }),
            ),
            Self::Book => (
                "Makes an appointment for the caller at a free time that the caller has agreed to.",
                json!({
                    "start": start,
                    "practitioner": practitioner,
                    "name": { "type": "string", "maxLength": 100, "description": "What the caller is called." },
                }),
            ),
            Self::TransferToPerson => {
                let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
                let to = json!({ "type": "string", "enum": names, "description": "To whom." });
                (
                    "Hands the call to a person, when the caller asks for one or can't be helped.",
                    json!({ "to": to }),
                )
            }
            Self::EndCall => (
                "Ends the call after the goodbye has been said.",
                json!({ "reason": { "type": "string", "enum": EndReason::WORDS, "description": "Why." } }),
            ),
        };
        ToolSpec {
            name: self.as_str().to_owned(),
            description: about.to_owned(),
            parameters: json!({
                "type": "object", "properties": fields, "required": [], "additionalProperties": false
            }),
        }
    }
}

impl Asked {
    /// What it asks for.
    ///
    /// # Errors
    /// `UnknownTool`, `BadArguments`.
    pub fn read(&self) -> Result<(Tool, Wish), Refusal> {
        let tool = Tool::parse(&self.name).ok_or(Refusal::UnknownTool)?;
        Ok((tool, tool.read(self.arguments.reveal())?))
    }
}

fn fields<'a, T: Deserialize<'a>>(arguments: &'a str) -> Result<T, Refusal> {
    if arguments.len() > ARGUMENTS_BYTES {
        return Err(Refusal::BadArguments);
    }
    // A model that has nothing to say sends nothing.
    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
    // A list would be read as the fields in their order.
    if !arguments.trim_start().starts_with('{') {
        return Err(Refusal::BadArguments);
    }
    serde_json::from_str(arguments).map_err(|_| Refusal::BadArguments)
}

fn at_time(start: Option<String>, practitioner: Option<String>) -> Result<AtTime, Refusal> {
    let when = said(start).map(|start| start.parse::<When>()).transpose();
    Ok(AtTime { when: when.map_err(|_| Refusal::BadArguments)?, practitioner: said(practitioner) })
}

fn said(words: Option<String>) -> Option<String> {
    words.map(|words| words.trim().to_owned()).filter(|words| !words.is_empty())
}
