//! One live call as the carrier sees it: it arrives, answers every question with keys, ends, and the next one takes
//! its place. What the server says is checked, so that a broken one can't be fast.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::Instant;

use crate::http::{Answer, Connection};
use crate::twiml;
use crate::webhook::{About, Kind, Writer};

/// How many questions a call is asked.
pub const QUESTIONS: u8 = 20;
/// How many voice webhooks a whole call makes: the first page, and one for each answer.
pub const FETCHES: u8 = QUESTIONS + 1;

/// The questions file of every server that is measured. Answers are keys: there are no recordings to fetch.
pub fn questions() -> serde_json::Value {
    let questions: Vec<_> = (0..QUESTIONS)
        .map(|step| {
            let body = format!("{}: how many times in the last month did you wait on hold?", marker(step));
            serde_json::json!({ "body": body, "type": "numeric" })
        })
        .collect();
    serde_json::json!({ "title": "How long people wait", "questions": questions })
}

/// What only the page of this question says.
fn marker(step: u8) -> String {
    format!("Question {} of {QUESTIONS}", step + 1)
}

/// A live call.
#[derive(Debug)]
pub struct Call {
    serial: u64,
    next: Next,
    /// Status callbacks so far.
    reports: u32,
}

/// What comes next in it.
#[derive(Debug)]
enum Next {
    Arrive,
    Answer { step: u8, path: Box<str> },
    End,
}

/// What a server has acknowledged of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Voice webhooks that were answered.
    pub fetches: u8,
    /// Whether its end was.
    pub ended: bool,
}

/// What became of one webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A page was fetched.
    Page {
        /// How long that took.
        took: Duration,
    },
    /// The call is over, and another may take its place.
    Over,
}

impl Call {
    /// The call with this number; every number is another person's.
    pub fn new(serial: u64) -> Self {
        Self { serial, next: Next::Arrive, reports: 0 }
    }

    /// Its number.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// The carrier's id of the call with this number.
    pub fn sid(serial: u64) -> String {
        format!("CA{serial:032x}")
    }

    /// What the server has acknowledged of it so far.
    pub fn acknowledged(&self) -> Acknowledged {
        let fetches = match &self.next {
            Next::Arrive => 0,
            Next::Answer { step, .. } => step + 1,
            Next::End => FETCHES,
        };
        Acknowledged { fetches, ended: false }
    }

    /// Makes its next webhook and checks the answer. `due` is when it should have been made, if that has passed.
    ///
    /// # Errors
    /// No answer, or one that does not lead on.
    pub async fn go_on(
        &mut self,
        connection: &mut Connection,
        writer: &mut Writer,
        due: Option<Instant>,
    ) -> Result<Done> {
        let (kind, path): (_, &str) = match &self.next {
            Next::Arrive => (Kind::Arrival, "/voice?q=0"),
            Next::Answer { path, .. } => (Kind::Answer, path),
            Next::End => (Kind::Over, "/status"),
        };
        let request = self.request(kind, path, writer);
        let begun = due.unwrap_or_else(Instant::now);
        let answer = connection.exchange(request).await?;
        let took = begun.elapsed();
        let next = self
            .after(&answer, writer)
            .with_context(|| format!("{}, {:?}", Self::sid(self.serial), self.next))?;
        Ok(match next {
            Some(next) => {
                self.next = next;
                Done::Page { took }
            }
            None => Done::Over,
        })
    }

    /// Reports that it goes on, as a status callback does; how long the answer took.
    ///
    /// # Errors
    /// No answer, or one that takes no report.
    pub async fn report(&mut self, connection: &mut Connection, writer: &mut Writer) -> Result<Duration> {
        self.reports += 1;
        let request = self.request(Kind::Going, "/status", writer);
        let begun = Instant::now();
        let answer = connection.exchange(request).await?;
        if !(200..300).contains(&answer.status) {
            bail!("a report was answered {}: {}", answer.status, answer.beginning());
        }
        Ok(begun.elapsed())
    }

    fn request<'a>(&self, kind: Kind, path: &str, writer: &'a mut Writer) -> &'a [u8] {
        let (call_sid, caller) = (Self::sid(self.serial), format!("+1{:010}", 2_000_000_000 + self.serial));
        let (digits, sequence) = ((self.serial % 90 + 10).to_string(), self.reports.to_string());
        let about = About { call_sid: &call_sid, caller: &caller, digits: &digits, sequence: &sequence };
        writer.write(kind, path, about)
    }

    /// Where an answer leads; `None` once the call is over.
    fn after(&self, answer: &Answer<'_>, writer: &Writer) -> Result<Option<Next>> {
        let asked = match &self.next {
            Next::Arrive => 0,
            Next::Answer { step, .. } => step + 1,
            Next::End if (200..300).contains(&answer.status) => return Ok(None),
            Next::End => bail!("the end was answered {}: {}", answer.status, answer.beginning()),
        };
        if answer.status != 200 {
            bail!("answered {}: {}", answer.status, answer.beginning());
        }
        let document = std::str::from_utf8(answer.body).context("a document that is no text")?;
        let action = twiml::gather_action(document);
        if asked == QUESTIONS {
            if action.is_some() || !document.contains("<Hangup") {
                bail!("no good-bye after the last answer: {document}");
            }
            return Ok(Some(Next::End));
        }
        if !document.contains(&marker(asked)) {
            bail!("this does not ask question {}: {document}", asked + 1);
        }
        let action = action.with_context(|| format!("no keys are asked for: {document}"))?;
        let path = writer.path(&action).with_context(|| format!("keys are wanted elsewhere: {action}"))?;
        Ok(Some(Next::Answer { step: asked, path: path.into() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(call: &Call, status: u16, document: &str) -> Result<Option<Next>> {
        let writer = Writer::new("127.0.0.1:80".to_owned())?;
        call.after(&Answer { status, body: document.as_bytes() }, &writer)
    }

    fn page(step: u8) -> String {
        let action = r#"action="http://127.0.0.1:80/voice?q=1&amp;s=t""#;
        format!("<Response><Gather {action}><Say>{}: how?</Say></Gather></Response>", marker(step))
    }

    fn answering(step: u8) -> Call {
        Call { next: Next::Answer { step, path: "/voice".into() }, ..Call::new(1) }
    }

    #[test]
    fn a_page_leads_to_the_address_it_names() {
        let next = after(&Call::new(1), 200, &page(0)).unwrap();
        assert!(matches!(next, Some(Next::Answer { step: 0, path }) if &*path == "/voice?q=1&s=t"));
    }

    #[test]
    fn a_page_that_asks_something_else_is_an_error() {
        assert!(after(&answering(3), 200, &page(4)).is_ok());
        assert!(after(&answering(3), 200, &page(3)).is_err());
        // "Question 1" must not be taken for "Question 11".
        assert!(after(&Call::new(1), 200, &page(10)).is_err());
        assert!(after(&answering(3), 500, &page(4)).is_err());
    }

    #[test]
    fn the_last_answer_is_thanked_for() {
        let bye = "<Response><Say>Thank you</Say><Hangup/></Response>";
        assert!(matches!(after(&answering(QUESTIONS - 1), 200, bye), Ok(Some(Next::End))));
        assert!(after(&answering(QUESTIONS - 1), 200, &page(0)).is_err());
        assert!(after(&answering(3), 200, bye).is_err());
    }

    #[test]
    fn a_call_is_over_when_its_end_was_taken() {
        let call = Call { next: Next::End, ..Call::new(1) };
        assert!(matches!(after(&call, 204, ""), Ok(None)));
        assert!(after(&call, 503, "").is_err());
        assert_eq!(call.acknowledged(), Acknowledged { fetches: FETCHES, ended: false });
    }
}
