//! What a listener wants, as it stands in the address.

use crate::api::no_such_call;
use crate::problem::{Code, Problem};
use trunkline_engine::{About, Cursor, Desk, EventName, Lost};

/// What a listener wants to hear, and after which event it goes on.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) about: About,
    pub(super) after: Option<Cursor>,
    /// What opens a socket.
    pub(super) ticket: Option<String>,
    call: Option<String>,
}

impl Asked {
    /// Reads the part of an address after `?`. A name we do not know is an error: a misspelled filter would quietly tell
    /// everything.
    pub(super) fn parse(query: &str) -> Result<Self, Problem> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                _ if value.is_empty() => {}
                "after" | "last_event_id" => {
                    let cursor = value.parse().map_err(|_| Problem::query("after", "the id of an event"))?;
                    asked.after = Some(cursor);
                }
                "call" | "call_id" => asked.call = Some(value.into_owned()),
                "campaign" | "campaign_id" => {
                    let id = value.parse().ok();
                    asked.about.campaign =
                        Some(id.ok_or_else(|| Problem::query("campaign", "a campaign's id"))?);
                }
                "types" | "type" => {
                    for word in value.split(',') {
                        let name = EventName::parse(word.trim()).ok_or_else(unknown_type)?;
                        asked.about.names.insert(name);
                    }
                }
                "token" => asked.ticket = Some(value.into_owned()),
                other => return Err(Problem::query(other, "there is no such filter")),
            }
        }
        Ok(asked)
    }

    /// What is to be heard, with the call under its own id.
    pub(super) async fn about(&self, desk: &Desk) -> Result<About, Problem> {
        let call = match self.call.as_deref() {
            Some(name)
                if (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Some(desk.call(name).await?.ok_or_else(no_such_call)?.id)
            }
            Some(_) => return Err(no_such_call()),
            None => None,
        };
        Ok(About { call, ..self.about.clone() })
    }
}

fn unknown_type() -> Problem {
    Problem::query("types", &format!("any of {}", EventName::WORDS.join(", ")))
}

/// What a client hears that asked to go on after an event, where nobody can.
pub(super) fn gone(lost: Lost) -> Problem {
    Problem::new(Code::EventsGone)
        .detail(format!("{lost}: read the calls as they are now, and listen without `after`"))
        .with("reason", lost.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_and_a_misspelled_one_is_refused() {
        let asked =
            Asked::parse("types=call.ended,call.ringing&after=000000a1000000000000009b&token=t&call=")
                .unwrap();
        assert_eq!(asked.about.names, [EventName::CallRinging, EventName::CallEnded].into());
        assert_eq!(asked.after.unwrap().to_string(), "000000a1000000000000009b");
        assert_eq!((asked.ticket.as_deref(), asked.call), (Some("t"), None));
        for wrong in ["types=call.exploded", "after=7", "campaign=x", "calls=1"] {
            assert_eq!(Asked::parse(wrong).unwrap_err().status().as_u16(), 400, "{wrong}");
        }
    }
}
