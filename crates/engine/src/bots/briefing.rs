//! Which bot talks in a call, what the call is about, and what the model is told of both.

use crate::appointments::LOOKS_UP_FOR;
use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::live::Handle;
use std::sync::Arc;
use trunkline_core::bot::{Bot, BotVersion};
use trunkline_core::bridge::Brief;
use trunkline_core::call::{BotNews, BotRef, Call, TokenPrices};
use trunkline_core::campaign::Campaign;
use trunkline_core::id::TenantId;
use trunkline_core::private::Private;
use trunkline_core::script::Caller;
use trunkline_media::realtime::ModelAddress;

/// What names the appointment that a call is about.
const APPOINTMENT: &str = "appointment_id";

/// The settings of bots.
#[derive(Clone, Debug, Default)]
pub struct Bots {
    /// The model that talks. Without one no bot does.
    pub model: Option<ModelAddress>,
    /// What it charges; empty if nobody has said.
    pub prices: TokenPrices,
}

impl Inner {
    /// The bot of this name, for a call that begins now: its content is journaled before anybody hears it.
    pub(crate) async fn bot_for(
        self: &Arc<Self>,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<BotRef>, IntakeError> {
        let Some(bot) = self.bot_files.current(tenant, name) else { return Ok(None) };
        self.use_bot(&bot).await?;
        Ok(Some(BotRef { name: bot.name.to_string(), version: bot.version.to_string() }))
    }

    /// The bot that a campaign names, if it can talk.
    pub(crate) fn bot_of(&self, tenant: &TenantId, policy: &Campaign) -> Option<Arc<Bot>> {
        self.config.bots.model.as_ref()?;
        self.bot_files.current(tenant, policy.bot.as_ref()?.as_str())
    }

    /// The bot that talks in a call, in the version that it began with; as it is now, if nobody has that any more.
    pub(crate) fn bot_in(&self, call: &Call) -> Option<Arc<Bot>> {
        let wanted = &call.bot.as_ref()?.bot;
        let version =
            wanted.version.parse::<BotVersion>().ok().and_then(|version| self.bot_files.version(version));
        version.or_else(|| self.bot_files.current(&call.tenant, &wanted.name))
    }

    /// Finds out what the call is about, once, and writes it down: it is known from then on, whatever becomes of the database.
    pub(super) async fn learn_about(self: &Arc<Self>, handle: &Handle) -> Result<(), IntakeError> {
        let call = handle.lock().call.clone();
        if call.bot.as_ref().is_none_or(|talk| talk.about.is_some()) {
            return Ok(());
        }
        let phone = call.party.person(call.direction);
        // Named by whoever placed the call, or in the row of a campaign's list.
        let in_metadata = call.party.metadata.reveal().get(APPOINTMENT).and_then(|id| id.as_str());
        let in_list = call.party.variables.reveal().get(APPOINTMENT).map(String::as_str);
        let named = in_metadata.or(in_list).and_then(|id| id.trim().parse().ok());
        let found = self.appointment_about(&call.tenant, phone, named);
        let Ok(Some(found)) = tokio::time::timeout(LOOKS_UP_FOR, found).await else { return Ok(()) };
        let Ok(appointment) = serde_json::to_string(&found) else { return Ok(()) };
        let news = BotNews::About { appointment: Private::new(appointment) };
        self.observe_on(handle, self.bot_event(call.id, news)).await.map(drop)
    }

    /// Whether the bot of this call is there.
    pub(super) fn has_bot(&self, call: &Call) -> bool {
        self.bot_in(call).is_some()
    }

    /// What the model is told at the beginning of a stream of this call; `None` if the bot is not there any more.
    pub(super) async fn stream_brief(&self, call: &Call) -> Option<Arc<Brief>> {
        let (talk, bot) = (call.bot.as_ref()?, self.bot_in(call)?);
        let (tools, about) = (talk.tools(), talk.appointment());
        let sees = self.tools_of(call, &bot, &tools, about.as_ref());
        let own = || about.as_ref().map(|own| own.customer.reveal().clone());
        let caller = Caller {
            name: call.party.name.as_ref().map(|name| name.reveal().clone()).or_else(own),
            variables: call.party.variables.reveal().clone(),
        };
        Some(Arc::new(self.brief_for(&sees, &caller).await))
    }
}
