//! `<Number url>`: whoever picks up hears a document of their own before the two are connected, and may decline by it.
//!
//! The first person hears it ring meanwhile. Of the verbs those are followed that a screening has; any other is a problem, and
//! nobody is connected.

use std::sync::Arc;

use tokio::time::Instant;

use super::{PATIENT_PAUSE, SPEECH_RATE, Session, is_away, trouble_of};
use crate::answer::{Person, Reply};
use crate::call::Form;
use crate::courier::{Body, Hook, WebhookKind};
use crate::heard::Heard;
use crate::ids::CallSid;
use crate::target::{Method, Target};
use crate::twiml::{self, Gather, Verb};

/// What came of asking them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Screened {
    /// Their document ended: the two are connected.
    Through,
    /// They declined, or were hung up on.
    Refused,
}

/// What follows a verb of such a document.
enum Step {
    On,
    Document(Target, Form),
    Over,
}

/// So many documents may follow one another.
const DOCUMENT_LIMIT: usize = 50;

impl Session {
    /// Leads the second person through their documents.
    pub(super) async fn screens(
        &mut self,
        leg: &CallSid,
        person: &mut Person,
        url: &str,
        method: Method,
    ) -> Screened {
        let Some(mut target) = self.resolve(url, method) else { return Screened::Refused };
        let mut more = Form::default();
        for _ in 0..DOCUMENT_LIMIT {
            let Some(verbs) = self.document_for(leg, &target, more).await else { return Screened::Refused };
            let mut next = Step::On;
            for verb in verbs {
                next = self.of_screening(leg, person, &target, verb).await;
                if !matches!(next, Step::On) {
                    break;
                }
            }
            match next {
                Step::On => return Screened::Through,
                Step::Over => return Screened::Refused,
                Step::Document(other, form) => (target, more) = (other, form),
            }
        }
        Screened::Refused
    }

    async fn of_screening(&mut self, leg: &CallSid, person: &mut Person, at: &Target, verb: Verb) -> Step {
        match verb {
            Verb::Gather(gather) => self.asks(leg, person, at, &gather).await,
            Verb::Redirect { url, method } => match at.relative(&url, method) {
                Some(target) => Step::Document(target, Form::default()),
                None => Step::Over,
            },
            Verb::Hangup => Step::Over,
            Verb::Say { .. } | Verb::Play { .. } | Verb::Pause { .. } => {
                self.told_to(leg, verb).await;
                Step::On
            }
            Verb::Record(_)
            | Verb::Dial(_)
            | Verb::Reject { .. }
            | Verb::Stream(_)
            | Verb::NotSimulated { .. } => {
                let message = "a screening may not do that".to_owned();
                self.heard_by(leg, Heard::Problem { code: 13_249, message, url: at.url.to_string() });
                Step::Over
            }
        }
    }

    async fn asks(&mut self, leg: &CallSid, person: &mut Person, at: &Target, gather: &Gather) -> Step {
        let mut prompt = Vec::new();
        for verb in gather.prompts.iter().cloned() {
            if let Verb::Say { text, .. } = &verb {
                prompt.push(text.clone());
            }
            self.told_to(leg, verb).await;
        }
        let prompt = prompt.join(" ");
        let reply = person.reply_to_gather(gather, &prompt);
        let question = person.question();
        self.heard_by(leg, Heard::Asked { question, prompt });
        match reply {
            Reply::Presses { keys } if gather.takes_digits.is_some() => {
                self.heard_by(leg, Heard::Pressed { question, keys: keys.clone() });
                self.line.pass(1).await;
                let action = gather.action.as_deref().and_then(|url| at.relative(url, gather.method));
                let keys: String = keys.chars().take(1).collect();
                let form = Form::default().with("Digits", keys);
                Step::Document(action.unwrap_or_else(|| at.clone()), form)
            }
            Reply::HangsUp { secs } => {
                self.line.pass(secs).await;
                self.heard_by(leg, Heard::PersonHungUp);
                Step::Over
            }
            Reply::Speaks { .. } | Reply::Presses { .. } | Reply::Silence => {
                self.heard_by(leg, Heard::SaidNothing { question });
                self.line.pass(gather.timeout).await;
                Step::On
            }
        }
    }

    async fn told_to(&mut self, leg: &CallSid, verb: Verb) {
        match verb {
            Verb::Say { text, times } => {
                let secs = u32::try_from(text.len().div_ceil(SPEECH_RATE)).unwrap_or(u32::MAX).max(1);
                self.heard_by(leg, Heard::Said { text });
                self.line.pass(secs.saturating_mul(times)).await;
            }
            Verb::Play { url, times } => {
                self.heard_by(leg, Heard::Played { url });
                self.line.pass(times.saturating_mul(3)).await;
            }
            Verb::Pause { secs } => self.line.pass(secs).await,
            _ => {}
        }
    }

    fn heard_by(&self, leg: &CallSid, heard: Heard) {
        self.line.exchange.register.hear(leg, heard);
        self.line.exchange.changes.bump();
    }

    /// Fetches a document on the second leg; `None` if it can't be had or read.
    async fn document_for(&mut self, leg: &CallSid, target: &Target, more: Form) -> Option<Vec<Verb>> {
        let exchange = Arc::clone(&self.line.exchange);
        let standard = exchange.register.get(leg)?.form(&exchange.account_sid);
        let form = exchange.mouth.words(standard.and(more), &exchange.connection);
        let token = self.line.token();
        let hook = Hook {
            call: leg.clone(),
            kind: WebhookKind::Voice,
            event: None,
            target: target.clone(),
            body: Body::Form(form),
            token,
        };
        let begun = Instant::now();
        let answer = loop {
            match exchange.courier.deliver(hook.clone()).await {
                Ok(answer) => break answer,
                Err(failure) if is_away(&failure) && begun.elapsed() < exchange.patience => {
                    tokio::time::sleep(PATIENT_PAUSE).await;
                }
                Err(failure) => {
                    let trouble = trouble_of(&failure, target.url.to_string());
                    let (code, message, url) = (trouble.code, trouble.message, trouble.url);
                    self.heard_by(leg, Heard::Problem { code, message, url });
                    return None;
                }
            }
        };
        match twiml::parse(&answer.body, exchange.mouth) {
            Ok(document) => Some(document.verbs),
            Err(bad) => {
                let (code, message) = (bad.code(), bad.to_string());
                self.heard_by(leg, Heard::Problem { code, message, url: target.url.to_string() });
                None
            }
        }
    }
}
