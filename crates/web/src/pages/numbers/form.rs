//! The form of a number: what is typed, and what it asks for.

use super::super::forgery::Form;
use super::super::texts::Texts;
use super::{holidays, lines};
use crate::web::Web;
use jiff::civil::Date;
use trunkline_core::bot::BadBotName;
use trunkline_core::id::TenantId;
use trunkline_core::numbers::{AfterHours, Answer, Answering, OpeningHours};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::script::{Language, ScriptName};
use trunkline_core::window::Hours;
use trunkline_engine::{NewAnswering, OurNumber};

/// What is in the fields.
#[derive(Default)]
pub(super) struct NumberForm {
    pub number: String,
    pub label: String,
    pub script: String,
    /// Instead of the script, if it is not empty.
    pub forward: String,
    /// Instead of both, if it is not empty.
    pub bot: String,
    pub zone: String,
    /// One line each.
    pub hours: String,
    pub holidays: String,
    pub after: String,
    pub after_language: String,
    pub after_script: String,
    pub error: Option<String>,
}

impl NumberForm {
    /// A number as it is.
    pub fn of(number: &OurNumber) -> Self {
        let Answering { opening_hours, after_hours, .. } = &number.answering;
        let (script, forward) = super::answer(number);
        let hours = opening_hours.as_ref();
        let after = after_hours.clone().unwrap_or_default();
        Self {
            number: number.number.to_string(),
            label: number.label.clone().unwrap_or_default(),
            script: script.unwrap_or_default(),
            forward: forward.unwrap_or_default(),
            bot: super::bot(number).unwrap_or_default(),
            zone: hours.map(|hours| hours.zone.to_string()).unwrap_or_default(),
            hours: hours.map(lines).unwrap_or_default().join("\n"),
            holidays: hours.map(holidays).unwrap_or_default(),
            after: after.message.unwrap_or_default(),
            after_language: after.language.map(|tag| tag.as_str().to_owned()).unwrap_or_default(),
            after_script: after.script.map(|script| script.to_string()).unwrap_or_default(),
            error: None,
        }
    }

    /// What was typed.
    pub fn typed(form: &Form) -> Self {
        let of = |name: &str| form.get(name).unwrap_or_default().to_owned();
        Self {
            number: of("number"),
            label: of("label"),
            script: of("script"),
            forward: of("forward"),
            bot: of("bot"),
            zone: of("zone"),
            hours: of("hours"),
            holidays: of("holidays"),
            after: of("after"),
            after_language: of("after_language"),
            after_script: of("after_script"),
            error: None,
        }
    }

    /// What it asks for; else what is to be said of a field that can't be read.
    pub fn asked(&self, web: &Web, t: Texts) -> Result<NewAnswering, String> {
        let label = (!self.label.is_empty()).then(|| self.label.clone());
        let answer = if !self.bot.is_empty() {
            Answer::Bot(self.bot.parse().map_err(|bad: BadBotName| bad.to_string())?)
        } else if self.forward.is_empty() {
            Answer::Script(self.script.parse::<ScriptName>().map_err(|bad| bad.to_string())?)
        } else {
            let parsed = PhoneNumber::parse(&self.forward, web.engine.config().default_country);
            Answer::Forward(parsed.map_err(|bad| bad.to_string())?.number)
        };
        let tenant: Option<TenantId> = None;
        let answering =
            Answering { answer, opening_hours: self.opening_hours(t)?, after_hours: self.after_hours()? };
        Ok(NewAnswering { tenant, label, answering })
    }

    fn opening_hours(&self, t: Texts) -> Result<Option<OpeningHours>, String> {
        if self.hours.is_empty() && self.zone.is_empty() && self.holidays.is_empty() {
            return Ok(None);
        }
        let zone = self.zone.parse().map_err(|_| t.get("numbers-bad-zone"))?;
        let lines = self.hours.lines().map(str::trim).filter(|line| !line.is_empty());
        let hours: Result<Vec<Hours>, _> = lines.map(str::parse).collect();
        let hours = hours.map_err(|_| t.get("numbers-bad-hours"))?;
        let days = self.holidays.split([',', ' ', '\n', '\r']).filter(|day| !day.is_empty());
        let holidays: Result<_, _> = days.map(str::parse::<Date>).collect();
        let holidays = holidays.map_err(|_| t.get("numbers-bad-day"))?;
        Ok(Some(OpeningHours { zone, hours, holidays }))
    }

    fn after_hours(&self) -> Result<Option<AfterHours>, String> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        if self.after.is_empty() && self.after_script.is_empty() {
            return Ok(None);
        }
        let language = given(&self.after_language).map(|tag| tag.parse::<Language>()).transpose();
        let script = given(&self.after_script).map(|name| name.parse::<ScriptName>()).transpose();
        Ok(Some(AfterHours {
            message: given(&self.after),
            language: language.map_err(|bad| bad.to_string())?,
            script: script.map_err(|bad| bad.to_string())?,
        }))
    }
}
