//! What the carrier is told in a call with a bot: to open a media stream, to go on with the script, or to hang up.

use crate::answering::{Turn, is_stray};
use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::live::Handle;
use crate::webhook::VoiceFetch;
use std::sync::Arc;
use trunkline_carriers::callback::{CallbackState, Place};
use trunkline_carriers::voice::{Document, page, stream};
use trunkline_core::call::{BotNews, BotOver, Call, Says};
use trunkline_core::campaign::standing;
use trunkline_core::script::{Caller, Next, Script};

/// A call whose streams break off so often goes on with its script.
const STREAMS: u16 = 20;
/// So does one whose carrier could not open so many one after the other.
const UNOPENED: usize = 3;

/// Whether a page is one at which a bot may talk.
fn is_bots(place: Place) -> bool {
    place == Place::START || matches!(place, Place::AfterStream(_))
}

impl Inner {
    /// The page of a call with a bot; `None` if the script goes on by itself.
    pub(crate) async fn speak_bot(
        self: &Arc<Self>,
        handle: &Handle,
        token: &CallbackState,
        fetch: &VoiceFetch,
        (script, caller): (&Script, &Caller),
    ) -> Result<Option<Document>, IntakeError> {
        let call = handle.lock().call.clone();
        let Some(talk) = call.bot.as_ref().filter(|_| is_bots(token.place)) else { return Ok(None) };
        match talk.why_over() {
            None if self.can_talk(&call) => self.offer_stream(handle, token, fetch).await.map(Some),
            None => {
                tracing::error!(call = %call.id, "bot.not_there: the script goes on instead");
                let over = BotNews::Over { why: BotOver::Failed };
                self.observe_on(handle, self.bot_event(call.id, over)).await?;
                self.go_on_with_script(handle, token, fetch, (script, caller)).await.map(Some)
            }
            // Given over, and nobody could be reached: the script goes on.
            Some(BotOver::Failed | BotOver::HandedOver) => {
                self.go_on_with_script(handle, token, fetch, (script, caller)).await.map(Some)
            }
            Some(_) => {
                let says = self.spoke_besides(call.id, token, fetch, "over", Says::Nothing);
                self.observe_on(handle, says).await?;
                Ok(Some(Document::hang_up()))
            }
        }
    }

    fn can_talk(&self, call: &Call) -> bool {
        let is_opened =
            call.bot.as_ref().is_some_and(|talk| talk.last_stream() < STREAMS && talk.unopened() < UNOPENED);
        self.config.bots.model.is_some() && self.has_bot(call) && is_opened
    }

    async fn offer_stream(
        self: &Arc<Self>,
        handle: &Handle,
        token: &CallbackState,
        fetch: &VoiceFetch,
    ) -> Result<Document, IntakeError> {
        let (call, no) = {
            let live = handle.lock();
            let after = match token.place {
                Place::AfterStream(no) => no,
                _ => 0,
            };
            (live.call.clone(), live.call.bot.as_ref().map_or(1, |talk| talk.next_stream(after)))
        };
        let says =
            self.spoke_besides(call.id, token, fetch, &format!("stream:{no}"), Says::Bot { stream: no });
        self.observe_on(handle, says).await?;
        let call = handle.lock().call.clone();
        if is_stray(&call, token, &fetch.carrier_call_id) {
            return Ok(Document::hang_up());
        }
        Ok(stream::stream(no, &self.mint(&call, token.on())))
    }

    /// What is asked where a bot could not go on: the script, or, where nobody has written one, what the caller wants to leave
    /// behind. Without a bot, or while it talks, it is the script.
    pub(crate) fn after_bot(&self, call: &Call, script: Arc<Script>) -> Arc<Script> {
        let failed = call.bot.as_ref().is_some_and(|talk| talk.why_over() == Some(BotOver::Failed));
        if !failed || !script.is_nobodys() {
            return script;
        }
        let spoken = self.bot_in(call).map_or_else(|| script.language.clone(), |bot| bot.language.clone());
        if call.job.is_some() {
            // Whom we called has nothing to leave with us.
            return Arc::new(Script::message(None, spoken));
        }
        self.scripts.taking_message(spoken)
    }

    /// The bot can't go on: the person hears so, and is asked what the script asks.
    async fn go_on_with_script(
        self: &Arc<Self>,
        handle: &Handle,
        token: &CallbackState,
        fetch: &VoiceFetch,
        (script, caller): (&Script, &Caller),
    ) -> Result<Document, IntakeError> {
        let call = handle.lock().call.clone();
        // It may have become so a moment ago.
        let script = &*self.after_bot(&call, Arc::new(script.clone()));
        let next: Next = standing(script, &call);
        let mut turn = Turn::going_on(script, caller, next);
        turn.page = script.instead_of_bot(caller, next);
        let turn = self.as_transcribed(turn);
        let said = VoiceFetch { key: format!("{}:script", fetch.key), ..fetch.clone() };
        self.observe_on(handle, self.spoke(call.id, token, &said, &turn)).await?;
        let call = handle.lock().call.clone();
        if is_stray(&call, token, &fetch.carrier_call_id) {
            return Ok(Document::hang_up());
        }
        Ok(page::document(&turn.page, &self.mint(&call, token.on())))
    }
}
