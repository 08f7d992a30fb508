//! The doors of those who say whose numbers are and what answers them. What changes is decided in the store, in full, and
//! mirrored; without the store nothing changes, and calls are answered as before.

use super::{NumberSource, OurNumber};
use crate::engine::{Engine, Inner};
use crate::order::PlaceError;
use crate::tenancy::TenancyError;
use std::sync::Arc;
use trunkline_core::id::TenantId;
use trunkline_core::numbers::{self, AfterHours, Answer, Answering, Number};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::Address;
use trunkline_core::script::ScriptName;
use trunkline_core::tenancy::{self, Act, Caller, Decision};
use trunkline_store::Added;

/// What somebody wants of a number.
#[derive(Clone, Debug)]
pub struct NewAnswering {
    /// Whose it is to be; as it was if absent, the caller's own if it was nobody's.
    pub tenant: Option<TenantId>,
    /// What people call it.
    pub label: Option<String>,
    /// What is to answer it.
    pub answering: Answering,
}

/// Whether a number was given just now, or was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// It was nobody's.
    New,
    /// It is as it was told to be, and was there before.
    Changed,
}

impl Engine {
    /// The numbers there are: of one tenant, or of all that the caller knows.
    ///
    /// # Errors
    /// `Denied`; `NotFound` if there is no such tenant.
    pub fn numbers(&self, by: &Caller, of: Option<&TenantId>) -> Result<Vec<OurNumber>, TenancyError> {
        by.may(Act::Look)?;
        if of.is_some_and(|of| !by.knows(of) || !self.inner.trust.is_open(of)) {
            return Err(TenancyError::NotFound("tenant"));
        }
        let is_asked_for =
            |number: &OurNumber| by.knows(&number.tenant) && of.is_none_or(|of| *of == number.tenant);
        Ok(self.inner.our_numbers().into_iter().filter(is_asked_for).collect())
    }

    /// One of the numbers that the caller knows.
    ///
    /// # Errors
    /// `Denied`; `NotFound`.
    pub fn number(&self, by: &Caller, number: &str) -> Result<OurNumber, TenancyError> {
        by.may(Act::Look)?;
        let number = self.inner.address(number).map_err(|_| TenancyError::NotFound("number"))?;
        let known = self.inner.number_of(&number).filter(|known| by.knows(&known.tenant));
        known.ok_or(TenancyError::NotFound("number"))
    }

    /// Says whose a number is and what answers it. The same said again changes nothing.
    ///
    /// # Errors
    /// `Denied`; `Invalid`; `NotFound` if there is no such tenant; `NumberTaken` if it is another's, or nobody's and
    /// the caller does not run the server; `InSettings`; `Conflict` if
    /// somebody else changed it at the same time; `Away`.
    pub async fn set_number(
        &self,
        by: &Caller,
        number: &str,
        asked: NewAnswering,
    ) -> Result<(OurNumber, Novelty), TenancyError> {
        by.may(Act::ManageAccess)?;
        let number = self.inner.address(number)?;
        if let Some(tenant) = &asked.tenant
            && !(by.knows(tenant) && self.inner.trust.is_open(tenant))
        {
            return Err(TenancyError::NotFound("tenant"));
        }
        self.inner.is_not_set(by, &number)?;
        let label = asked.label.as_deref().filter(|label| !label.trim().is_empty()).map(tenancy::name);
        let asked = NewAnswering {
            label: label.transpose().map_err(|bad| invalid("label", bad))?,
            answering: self.inner.checked(by, &number, asked.tenant.as_ref(), asked.answering)?,
            tenant: asked.tenant,
        };
        let by = by.clone();
        self.to_the_end(async move |inner| inner.give(&by, number, asked).await).await?
    }

    /// Takes a number back: its calls are nobody's from now on, or whose the settings say.
    ///
    /// # Errors
    /// `Denied`; `NotFound`; `InSettings`; `Conflict`; `Away`.
    pub async fn remove_number(&self, by: &Caller, number: &str) -> Result<(), TenancyError> {
        by.may(Act::ManageAccess)?;
        let number = self.inner.address(number).map_err(|_| TenancyError::NotFound("number"))?;
        let known = self.inner.number_of(&number).filter(|known| by.knows(&known.tenant));
        if known.is_some_and(|known| known.source == NumberSource::Settings) {
            return Err(TenancyError::InSettings);
        }
        let by = by.clone();
        self.to_the_end(async move |inner| inner.remove_given(&by, &number).await).await?
    }
}

impl Inner {
    fn address(&self, number: &str) -> Result<Address, TenancyError> {
        let parsed = PhoneNumber::parse(number, self.config.default_country);
        parsed.map(|parsed| Address::new(parsed.number.as_str())).map_err(|bad| invalid("number", bad))
    }

    /// Refuses what the settings alone say, which is changed there, and what is the server's own number.
    fn is_not_set(&self, by: &Caller, number: &Address) -> Result<(), TenancyError> {
        match self.number_of(number) {
            Some(known) if known.source == NumberSource::Settings && by.knows(&known.tenant) => {
                Err(TenancyError::InSettings)
            }
            Some(known) if known.source == NumberSource::Settings => Err(TenancyError::NumberTaken),
            // The number that the server calls from is the default tenant's, and theirs to give away.
            None if self.config.from.as_ref() == Some(number) && !by.knows(&TenantId::default_tenant()) => {
                Err(TenancyError::NumberTaken)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What is asked for, if it can be meant.
    fn checked(
        &self,
        by: &Caller,
        number: &Address,
        tenant: Option<&TenantId>,
        asked: Answering,
    ) -> Result<Answering, TenancyError> {
        match &asked.answer {
            Answer::Script(script) => self.is_a_script("script", script)?,
            Answer::Bot(bot) => {
                if self.bot_files.current(tenant.unwrap_or(&by.tenant), bot.as_str()).is_none() {
                    return Err(invalid("bot", "there is no bot of that name"));
                }
                if self.config.bots.model.is_none() {
                    return Err(invalid("bot", "no bot talks here: no model is set (OPENAI_API_KEY)"));
                }
            }
            Answer::Forward(to) => {
                let to = Address::new(to.as_str());
                // Two that forward to each other would never end.
                if to == *number || self.number_of(&to).is_some() {
                    return Err(invalid("forward", "this is one of our own numbers"));
                }
                let dialed = self.dialable(tenant.unwrap_or(&by.tenant), "forward", to.as_str());
                dialed.map_err(|error| match error {
                    PlaceError::Invalid { why, .. } => invalid("forward", why),
                    error => invalid("forward", error),
                })?;
            }
        }
        if let Some(hours) = &asked.opening_hours {
            hours.check().map_err(|bad| invalid("opening_hours", bad))?;
        }
        let Some(AfterHours { message, language, script }) = asked.after_hours.clone() else {
            return Ok(asked);
        };
        if asked.opening_hours.is_none() && !matches!(asked.answer, Answer::Forward(_)) {
            return Err(invalid("after_hours", "without opening_hours it is never closed"));
        }
        if let Some(script) = &script {
            self.is_a_script("after_hours", script)?;
        }
        let message = message.as_deref().map(numbers::message).transpose();
        let message = message.map_err(|bad| invalid("after_hours", bad))?;
        Ok(Answering { after_hours: Some(AfterHours { message, language, script }), ..asked })
    }

    fn is_a_script(&self, field: &'static str, script: &ScriptName) -> Result<(), TenancyError> {
        if self.scripts.current(Some(script.as_str())).is_some() {
            return Ok(());
        }
        let why = format!("there is no script of that name; there are: {}", self.script_names());
        Err(invalid(field, why))
    }

    async fn give(
        self: &Arc<Self>,
        by: &Caller,
        number: Address,
        asked: NewAnswering,
    ) -> Result<(OurNumber, Novelty), TenancyError> {
        let _deciding = self.deciding.lock().await;
        let known = self.ask_store(async |store| store.number(&number).await).await?;
        let version = known.as_ref().map_or(0, |known| known.version);
        let known = known.filter(Number::is_given);
        // Of several tenants on one carrier account none may help itself to a number that was bought for another: whoever
        // runs the server gives it. That it is nobody's, is not said.
        let may = match &known {
            Some(known) => by.knows(&known.tenant),
            None => by.runs_the_server() || !self.trust.has_tenants(),
        };
        if !may {
            return Err(TenancyError::NumberTaken);
        }
        let now = self.clock.now();
        let was = known.as_ref().map(|known| known.tenant.clone());
        let row = Number {
            number,
            tenant: asked.tenant.or_else(|| was.clone()).unwrap_or_else(|| by.tenant.clone()),
            label: asked.label,
            answering: asked.answering,
            version: version.saturating_add(1),
            created_at: now,
            updated_at: now,
            removed_at: None,
        };
        let Some(known) = known else {
            self.decide_number(row.clone()).await?;
            return Ok((row.into(), Novelty::New));
        };
        let created_at = if was.as_ref() == Some(&row.tenant) { known.created_at } else { now };
        let row = Number { created_at, ..row };
        let is_same =
            (&row.tenant, &row.label, &row.answering) == (&known.tenant, &known.label, &known.answering);
        if is_same {
            return Ok((known.into(), Novelty::Changed));
        }
        self.decide_number(row.clone()).await?;
        Ok((row.into(), Novelty::Changed))
    }

    async fn remove_given(self: &Arc<Self>, by: &Caller, number: &Address) -> Result<(), TenancyError> {
        let _deciding = self.deciding.lock().await;
        let known = self.ask_store(async |store| store.number(number).await).await?;
        let known = known.filter(|known| known.is_given() && by.knows(&known.tenant));
        let known = known.ok_or(TenancyError::NotFound("number"))?;
        self.decide_number(known.removed(self.clock.now())).await
    }

    /// Writes a version, unless there is one that is as high by now.
    async fn decide_number(self: &Arc<Self>, number: Number) -> Result<(), TenancyError> {
        let (masked, tenant, is_given) = (number.number.masked(), number.tenant.clone(), number.is_given());
        let (number, row) = (number.number.clone(), Decision::Number(number));
        if self.ask_store(async |store| store.add_decision(&row).await).await? == Added::Known {
            return Err(TenancyError::Conflict);
        }
        self.mirror(vec![row], Vec::new()).await;
        if is_given {
            tracing::info!(number = masked, %tenant, "number.set");
            self.tell_unnamed([number]);
        } else {
            tracing::info!(number = masked, %tenant, "number.removed");
        }
        Ok(())
    }
}

fn invalid(field: &'static str, why: impl std::fmt::Display) -> TenancyError {
    TenancyError::Invalid { field, why: why.to_string() }
}
