//! Which bot talks in a call, and what the model is told of it.

use crate::engine::Inner;
use std::sync::Arc;
use trunkline_core::bridge::Brief;
use trunkline_core::call::{BotRef, Call};
use trunkline_core::private::Address;
use trunkline_media::realtime::ModelAddress;

/// The settings of bots.
#[derive(Clone, Debug, Default)]
pub struct Bots {
    /// The model that talks. Without one no bot does.
    pub model: Option<ModelAddress>,
    /// Bots that stand in the settings.
    pub standing: Vec<OneBot>,
}

/// A bot that stands in the settings.
#[derive(Clone, Debug)]
pub struct OneBot {
    /// Its name and version.
    pub bot: BotRef,
    /// The numbers that it answers.
    pub numbers: Vec<Address>,
    /// What the model is told.
    pub brief: Arc<Brief>,
}

impl Inner {
    /// The bot that answers this number of ours, if one does.
    pub(crate) fn bot_of_number(&self, number: &Address) -> Option<BotRef> {
        let mut bots = self.config.bots.standing.iter();
        bots.find(|bot| bot.numbers.contains(number)).map(|bot| bot.bot.clone())
    }

    /// Whether the bot of this call is there.
    pub(super) fn has_bot(&self, call: &Call) -> bool {
        self.standing_bot(call).is_some()
    }

    /// What the model is told at the beginning of a stream of this call; `None` if the bot is not there any more.
    pub(super) async fn stream_brief(&self, call: &Call) -> Option<Arc<Brief>> {
        self.standing_bot(call).map(|bot| bot.brief.clone())
    }

    fn standing_bot(&self, call: &Call) -> Option<&OneBot> {
        let wanted = &call.bot.as_ref()?.bot;
        self.config.bots.standing.iter().find(|bot| bot.bot.name == wanted.name)
    }
}
