//! Taking an order on: checked whole before anything is written, journaled before anybody is told.

use crate::carriers::Route;
use crate::client_stream::client_stream;
use crate::clock::chance;
use crate::engine::Inner;
use crate::keys_used::Known;
use crate::order::{EndError, Novelty, Order, PlaceError, Placed};
use crate::{IntakeError, record};
use std::sync::Arc;
use trunkline_core::bot::Bot;
use trunkline_core::call::{Call, HangUpReason, Limits, Party, Request, ScriptRef, Source, What};
use trunkline_core::dial::destination::Denied;
use trunkline_core::id::{AccountId, CallId, SessionId, TenantId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::{Address, Private};
use trunkline_core::script::{Script, ScriptName};
use trunkline_journal::Class;

/// The longest name that is kept; longer ones are cut, spoken ones even shorter.
const MAX_NAME_CHARS: usize = 10_000;
/// More metadata than this is refused.
pub(crate) const MAX_METADATA_BYTES: usize = 16 * 1_024;

impl Inner {
    /// Takes an order on: from here on the call exists, whatever happens to this process.
    pub(crate) async fn place(
        self: &Arc<Self>,
        tenant: &TenantId,
        order: Order,
    ) -> Result<Placed, PlaceError> {
        let (account, party, warnings) = self.party(tenant, &order)?;
        let limits = self.limits(&order)?;
        let bot = match &order.bot {
            Some(name) => Some(self.orders_bot(tenant, name)?),
            None => None,
        };
        let instead = bot.as_ref().and_then(|bot| bot.fallback_script.as_ref()).map(ScriptName::as_str);
        let named = order.script.as_deref().or(instead);
        let script = self.scripts.current(named).ok_or_else(|| PlaceError::Invalid {
            field: "script",
            why: format!("there is no script of that name; there are: {}", self.script_names()),
        })?;
        if let Some(why) = self.not_allowed(&party.to) {
            return Err(PlaceError::Invalid { field: "to", why: why.to_string() });
        }
        self.check_open(tenant, &party.to)?;
        if let Some(wanted) = &order.idempotency {
            match self.keys_used.reserve(tenant, wanted, self.clock.now()) {
                Known::New => {}
                Known::OtherBody => return Err(PlaceError::KeyReused),
                Known::InFlight => return Err(PlaceError::KeyInFlight),
                Known::Call(id) => return self.repeated(id).await,
            }
        }
        let placed = self.take_on(tenant, &order, (account, party), limits, &script, warnings).await;
        if let (Err(_), Some(wanted)) = (&placed, &order.idempotency) {
            self.keys_used.release(tenant, wanted);
        }
        placed
    }

    /// The bot that an order names, if it can talk.
    fn orders_bot(&self, tenant: &TenantId, name: &str) -> Result<Arc<Bot>, PlaceError> {
        let invalid = |why: &str| PlaceError::Invalid { field: "bot", why: why.to_owned() };
        if self.config.bots.model.is_none() {
            return Err(invalid("no bot talks here: no model is set (OPENAI_API_KEY)"));
        }
        self.bot_files.current(tenant, name).ok_or_else(|| invalid("there is no bot of that name"))
    }

    async fn take_on(
        self: &Arc<Self>,
        tenant: &TenantId,
        order: &Order,
        (account, party): (AccountId, Party),
        limits: Limits,
        script: &Arc<Script>,
        warnings: Vec<String>,
    ) -> Result<Placed, PlaceError> {
        let now = self.clock.now();
        let chance = chance().map_err(|e| IntakeError::Failed(e.to_string()))?;
        let id = CallId::new(now, chance);
        let bot = match &order.bot {
            Some(name) => self.bot_for(tenant, name).await?,
            None => None,
        };
        let request = Request {
            tenant: tenant.clone(),
            account,
            party,
            script: self.use_script(script).await?,
            bot,
            limits,
            not_before: order.not_before,
            session: order.session_id.clone().map(SessionId::new),
            idempotency: order.idempotency.clone(),
            job: None,
        };
        let event =
            self.own_event(id, "requested".to_owned(), Source::Api, What::Requested(Box::new(request)));
        let (handle, _) = self.begin(event).await?;
        if let Some(idempotency) = order.idempotency.clone() {
            let tenant = tenant.clone();
            self.keys_used.remember(crate::checkpoint::RememberedKey {
                tenant,
                idempotency,
                call: id,
                at: now,
            });
        }
        tracing::info!(call = %id, "call.requested");
        let call = handle.lock().call.clone();
        Ok(Placed { call, novelty: Novelty::New, warnings })
    }

    async fn repeated(self: &Arc<Self>, id: CallId) -> Result<Placed, PlaceError> {
        match self.reach(id).await {
            Some(handle) => {
                let call = handle.lock().call.clone();
                Ok(Placed { call, novelty: Novelty::Repeated, warnings: Vec::new() })
            }
            None => Err(PlaceError::Closed(
                "the call of this key is in a history that can't be read now".to_owned(),
            )),
        }
    }

    /// Who talks to whom, and through which account.
    fn party(&self, tenant: &TenantId, order: &Order) -> Result<(AccountId, Party, Vec<String>), PlaceError> {
        let (to, warning) = self.number("to", order.to.reveal())?;
        let asked = match &order.from {
            Some(from) => Some(self.number("from", from.reveal())?.0),
            None => None,
        };
        let wanted = order.carrier.as_deref();
        // Said first: at which carrier another tenant's number is, is not told.
        if asked.as_ref().is_some_and(|from| !self.may_show(tenant, from)) {
            return Err(PlaceError::Invalid { field: "from", why: "this number is not yours".to_owned() });
        }
        let route = self.route_of_order(tenant, &to, asked.clone(), wanted).ok_or_else(|| {
            let (field, why) = self.why_no_route(tenant, asked.as_ref(), wanted);
            PlaceError::Invalid { field, why }
        })?;
        let Route { account, from } = route;
        let metadata = serde_json::to_vec(order.metadata.reveal()).unwrap_or_default().len();
        if metadata > MAX_METADATA_BYTES {
            let why = format!("{metadata} bytes of JSON; at most {MAX_METADATA_BYTES} are kept");
            return Err(PlaceError::Invalid { field: "metadata", why });
        }
        let name =
            order.name.as_ref().map(|name| name.reveal().chars().take(MAX_NAME_CHARS).collect::<String>());
        let party = Party {
            to,
            from,
            name: name.filter(|name| !name.trim().is_empty()).map(Private::new),
            variables: order.variables.clone(),
            metadata: order.metadata.clone(),
            stream: client_stream(order)?,
        };
        Ok((account, party, warning.into_iter().collect()))
    }

    /// A number as a person wrote it, if this tenant may call it: valid, of a kind that is dialed at all, and not suppressed.
    pub(crate) fn dialable(
        &self,
        tenant: &TenantId,
        field: &'static str,
        raw: &str,
    ) -> Result<Address, PlaceError> {
        let (number, _) = self.number(field, raw)?;
        if let Some(why) = self.not_allowed(&number) {
            return Err(PlaceError::Invalid { field, why: why.to_string() });
        }
        if self.suppressed.contains(tenant, &number) {
            return Err(PlaceError::Suppressed);
        }
        Ok(number)
    }

    fn number(&self, field: &'static str, raw: &str) -> Result<(Address, Option<String>), PlaceError> {
        match PhoneNumber::parse(raw, self.config.default_country) {
            Ok(parsed) => {
                let warning = parsed.warning.map(|warning| format!("{field}: {warning}"));
                Ok((Address::new(parsed.number.as_str()), warning))
            }
            Err(bad) => Err(PlaceError::Invalid { field, why: bad.to_string() }),
        }
    }

    fn limits(&self, order: &Order) -> Result<Limits, PlaceError> {
        let standard = self.config.call_limits;
        let within = |field, given: Option<u32>, standard: u32, min: u32, max: u32| match given {
            Some(secs) if !(min..=max).contains(&secs) => {
                Err(PlaceError::Invalid { field, why: format!("{secs} s is not between {min} and {max} s") })
            }
            given => Ok(given.unwrap_or(standard)),
        };
        Ok(Limits {
            ring_timeout_secs: within(
                "ring_timeout_secs",
                order.ring_timeout_secs,
                standard.ring_timeout_secs,
                5,
                600,
            )?,
            time_limit_secs: within(
                "time_limit_secs",
                order.time_limit_secs,
                standard.time_limit_secs,
                10,
                14_400,
            )?,
            ..standard
        })
    }

    /// Whether such numbers are called at all: a key that was stolen calls no premium-rate numbers.
    fn not_allowed(&self, to: &Address) -> Option<Denied> {
        let number = PhoneNumber::from_e164(to.as_str()).ok()?;
        self.config.queue.destinations.permit(&number).err()
    }

    fn check_open(&self, tenant: &TenantId, to: &Address) -> Result<(), PlaceError> {
        if self.suppressed.contains(tenant, to) {
            return Err(PlaceError::Suppressed);
        }
        if self.draining.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(PlaceError::Closed("the server is being drained".to_owned()));
        }
        let limit = self.config.dial_limits.max_live;
        if self.live.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(PlaceError::Closed(format!("{limit} calls are live, which is the limit")));
        }
        Ok(())
    }

    pub(crate) fn script_names(&self) -> String {
        self.scripts.list().into_iter().map(|script| script.name).collect::<Vec<_>>().join(", ")
    }

    /// Journals a script's content the first time a call runs it, so that a call in mid-script survives an edit and a restart.
    pub(crate) async fn use_script(self: &Arc<Self>, script: &Arc<Script>) -> Result<ScriptRef, IntakeError> {
        if self.scripts.use_version(script.version) {
            let payload =
                serde_json::to_vec(script.as_ref()).map_err(|e| IntakeError::Failed(e.to_string()))?;
            let journaled = match self.journal.append(record::kind::SCRIPT, payload, Class::Event) {
                Ok(pending) => pending.await,
                Err(refused) => Err(refused),
            };
            journaled.inspect_err(|_| self.scripts.not_journaled(script.version))?;
        }
        Ok(ScriptRef { name: script.name.as_str().to_owned(), version: script.version.to_string() })
    }

    /// Ends a call: withdraws it if nothing was sent, else hangs it up.
    pub(crate) async fn end(self: &Arc<Self>, tenant: &TenantId, id: &str) -> Result<Arc<Call>, EndError> {
        let handle = self.find(tenant, id).await?.ok_or(EndError::NotFound)?;
        let (call, over) = {
            let live = handle.lock();
            (live.call.id, live.call.is_over().then(|| live.call.status()))
        };
        if let Some(status) = over {
            return Err(EndError::Over(status.as_str()));
        }
        let what = What::HangUpAsked { reason: HangUpReason::Asked };
        let key = format!("end:{}", self.clock.now());
        self.observe_on(&handle, self.own_event(call, key, Source::Api, what)).await?;
        let call = handle.lock().call.clone();
        Ok(call)
    }
}
