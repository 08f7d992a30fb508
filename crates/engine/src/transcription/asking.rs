//! One request to the hook, and what came of it. Whatever it says beyond what is good is not read.

use crate::engine::{AskedRecording, Inner};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trunkline_carriers::outgoing::Message;
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, RecordingId};
use trunkline_core::private::Private;

/// So much of an answer is read. A text that fills it was spoken for hours.
const MAX_ANSWER: usize = 256 << 10;
/// The longest text that is taken, in bytes.
pub(super) const MAX_TEXT: usize = 64 << 10;

/// What came of asking.
pub(super) enum Asked {
    /// The text.
    Text(Private<String>),
    /// It comes later.
    Promised,
    /// Nothing of use, and another try may help.
    Again(String),
    /// Nothing, and nothing will.
    Never(String),
    /// Nobody waits for it any more.
    NotNeeded,
}

/// What the hook is sent.
#[derive(Serialize)]
struct Question<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    call_id: CallId,
    step: u16,
    recording: &'a RecordingId,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_secs: Option<u32>,
    audio_url: String,
    audio_expires_at: Timestamp,
    callback_url: String,
}

/// What it answers, if it has the text at once. More may stand beside it.
#[derive(Deserialize)]
struct Reply {
    text: Private<String>,
}

impl Inner {
    pub(super) async fn ask_hook(self: &Arc<Self>, id: CallId, step: u16, recording: &RecordingId) -> Asked {
        let Some((hook, poster)) = &self.transcripts.hook else { return Asked::NotNeeded };
        let call = match self.whole_call(id).await {
            Ok(Some(call)) => call,
            Ok(None) => return Asked::NotNeeded,
            Err(_) => return Asked::Again("the database is away".to_owned()),
        };
        let Some(turn) = call.turns.get(&step).filter(|_| !call.is_erased()) else { return Asked::NotNeeded };
        if turn.transcription_awaited(self.clock.now()).is_none_or(|known| known.recording != *recording) {
            return Asked::NotNeeded;
        }
        let Some(AskedRecording::Kept(_)) = self.recording_named(&call, recording) else {
            return Asked::Never("the recording is not kept any more".to_owned());
        };
        let duration_secs =
            turn.recordings.iter().find(|one| one.id == *recording).and_then(|one| one.duration_secs);
        let message = format!("tr_{id}_{recording}");
        let (audio_url, audio_expires_at) = self.audio_link(id, recording);
        let question = Question {
            kind: "transcription.wanted",
            id: &message,
            call_id: id,
            step,
            recording,
            language: self.language_of(&call),
            duration_secs,
            audio_url,
            audio_expires_at,
            callback_url: self.text_link(id, step, recording),
        };
        let Ok(body) = serde_json::to_string(&question) else {
            return Asked::Never("it can't be asked for".to_owned());
        };
        // Receivers compare it with the real time, whatever pace calls run at.
        let message = Message { id: &message, at: crate::clock::wall_now(), body: &body };
        let answered = poster.ask(&hook.url, message, std::slice::from_ref(&*hook.secret), MAX_ANSWER).await;
        match answered {
            Ok((200, said)) => match serde_json::from_slice::<Reply>(&said) {
                Ok(reply) if reply.text.reveal().len() <= MAX_TEXT => Asked::Text(reply.text),
                Ok(_) => Asked::Again("the hook sent a longer text than is taken".to_owned()),
                Err(_) => Asked::Again("the hook answered something else than {\"text\": …}".to_owned()),
            },
            Ok((202, _)) => Asked::Promised,
            Ok((status, _)) => Asked::Again(format!("the hook answered {status}")),
            Err(trouble) => Asked::Again(format!("the hook: {trouble}")),
        }
    }

    /// A call, from memory or from history.
    pub(super) async fn whole_call(
        &self,
        id: CallId,
    ) -> Result<Option<Arc<Call>>, crate::reader::Unavailable> {
        if let Some(handle) = self.live.get(id) {
            return Ok(Some(handle.lock().call.clone()));
        }
        Ok(self.ask_store(async |store| store.load_call(id).await).await?.map(Arc::new))
    }

    /// The language of the call's script, as far as it is known still.
    fn language_of(&self, call: &Call) -> Option<String> {
        let version = call.script.as_ref()?.version.parse().ok()?;
        Some(self.scripts.version(version)?.language.to_string())
    }
}
