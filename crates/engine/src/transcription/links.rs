//! Addresses that the hook is told: one opens the audio of one recording for an hour, one takes its text for a week. Each says
//! what it opens, sealed under the server's keys for this use alone, so any node understands it and nothing is kept.

use super::asking::MAX_TEXT;
use crate::engine::{AskedRecording, Engine, Inner};
use crate::intake::IntakeError;
use crate::reader::Unavailable;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use std::sync::Arc;
use trunkline_carriers::callback::Scheme;
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, RecordingId};
use trunkline_core::private::Private;

const AUDIO: &[u8] = b"trunkline transcription audio v1";
const TEXT: &[u8] = b"trunkline transcription text v1";
const AUDIO_FOR: SignedDuration = SignedDuration::from_hours(1);
const TEXT_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Why a text was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The address opens nothing, or not any more.
    #[error("the address opens nothing, or not any more")]
    NoSuchLink,
    /// It is longer than is taken.
    #[error("the text is longer than {MAX_TEXT} bytes")]
    TooLong,
    /// It can't be written down.
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

/// What an address opens.
struct Opens {
    call: CallId,
    step: u16,
    recording: RecordingId,
}

impl Inner {
    pub(super) fn audio_link(&self, call: CallId, recording: &RecordingId) -> (String, Timestamp) {
        let until = self.clock.now().checked_add(AUDIO_FOR).unwrap_or(Timestamp::MAX);
        (self.link("/transcription/audio/", AUDIO, call, 0, recording, until), until)
    }

    pub(super) fn text_link(&self, call: CallId, step: u16, recording: &RecordingId) -> String {
        let until = self.clock.now().checked_add(TEXT_FOR).unwrap_or(Timestamp::MAX);
        self.link("/transcription/text/", TEXT, call, step, recording, until)
    }

    fn link(
        &self,
        path: &str,
        purpose: &[u8],
        call: CallId,
        step: u16,
        recording: &RecordingId,
        until: Timestamp,
    ) -> String {
        let opens = format!("{call} {step} {} {recording}", until.as_second());
        let token = self.config.secrets.seal_secret(purpose, opens.as_bytes());
        self.config.urls.minting().address(Scheme::Http, &format!("{path}{token}"))
    }

    fn opened(&self, purpose: &[u8], token: &str) -> Option<Opens> {
        let opened = self.config.secrets.open_secret(purpose, token).ok()?;
        let text = std::str::from_utf8(opened.expose_secret()).ok()?;
        let [call, step, until, recording] = text.splitn(4, ' ').collect::<Vec<_>>()[..] else { return None };
        let until = Timestamp::from_second(until.parse().ok()?).ok()?;
        (until > self.clock.now()).then_some(Opens {
            call: call.parse().ok()?,
            step: step.parse().ok()?,
            recording: RecordingId::new(recording),
        })
    }

    /// A call's recording by its name, if it is or was kept.
    pub(super) fn recording_named(&self, call: &Call, id: &RecordingId) -> Option<AskedRecording> {
        let n = call.recordings().position(|(_, one)| one.id == *id)?;
        self.recording_file(call, n)
    }

    async fn take_text(self: &Arc<Self>, token: &str, text: Private<String>) -> Result<(), TextError> {
        let opens = self.opened(TEXT, token).ok_or(TextError::NoSuchLink)?;
        if text.reveal().len() > MAX_TEXT {
            return Err(TextError::TooLong);
        }
        let Opens { call, step, recording } = opens;
        // While the database is away nobody knows better: the text is journaled, and merged later.
        if let Ok(known) = self.whole_call(call).await {
            let known = known.filter(|call| !call.is_erased()).ok_or(TextError::NoSuchLink)?;
            let answer = known.turns.get(&step).and_then(|turn| turn.recording_of_answer());
            if answer.is_none_or(|answer| answer.id != recording) {
                // It was asked again meanwhile, and another recording is the answer.
                return Ok(());
            }
        }
        self.text_came(call, step, &recording, text).await?;
        self.transcripts.done(call, &recording);
        Ok(())
    }
}

impl Engine {
    /// The recording that an address opens which was told to whoever transcribes.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audio_to_transcribe(&self, token: &str) -> Result<Option<AskedRecording>, Unavailable> {
        let Some(opens) = self.inner.opened(AUDIO, token) else { return Ok(None) };
        let call = self.inner.whole_call(opens.call).await?;
        Ok(call.and_then(|call| self.inner.recording_named(&call, &opens.recording)))
    }

    /// Takes the text of an answer from whoever transcribes, by the address they were told. The same text again changes nothing.
    ///
    /// # Errors
    /// [`TextError`].
    pub async fn take_transcript(&self, token: &str, text: Private<String>) -> Result<(), TextError> {
        let token = token.to_owned();
        self.to_the_end(async move |inner| inner.take_text(&token, text).await).await?
    }
}
