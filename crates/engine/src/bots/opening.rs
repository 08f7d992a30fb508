//! Who may open a media stream: whoever shows the token of the page that named it, once, in time, on the leg of the call.

use super::session;
use crate::engine::{Engine, Inner};
use crate::intake::IntakeError;
use crate::reader::Unavailable;
use std::sync::Arc;
use tokio::sync::mpsc;
use trunkline_carriers::callback::{CallbackState, Place};
use trunkline_core::bridge::{CarrierDoes, CarrierSays};
use trunkline_core::call::{BotNews, NoStream};

/// So many frames of a caller wait for a bridge that is slow: five seconds.
const FROM_CARRIER: usize = 256;
/// So much may wait for a carrier that does not read: minutes of sound, since models speak faster than they are heard.
const TO_CARRIER: usize = 8_192;

/// A carrier has opened a media stream.
#[derive(Debug)]
pub struct StreamOpened {
    /// What its token holds.
    pub token: CallbackState,
    /// The carrier's name of the leg.
    pub carrier_call_id: String,
    /// The carrier's name of the stream.
    pub carrier_stream: String,
}

/// A stream that is open. It is over when nothing more comes from `does`; dropping it says that the carrier is gone.
#[derive(Debug)]
pub struct MediaLine {
    /// What the carrier says.
    pub says: mpsc::Sender<CarrierSays>,
    /// What the carrier is asked to do.
    pub does: mpsc::Receiver<CarrierDoes>,
}

/// Why a media stream is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The token is of something else, of another leg, or of another owner's time.
    #[error("the token is not of this call")]
    Foreign,
    /// The call says no.
    #[error("the stream may not be opened: {0:?}")]
    Refused(NoStream),
    /// The call is not here.
    #[error("the call is not here")]
    NotHere,
    /// It can't be written down.
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

impl From<Unavailable> for OpenError {
    fn from(_: Unavailable) -> Self {
        Self::NotHere
    }
}

impl Engine {
    /// A carrier has opened a media stream: from here on the bot talks.
    ///
    /// # Errors
    /// It may not; the carrier then asks what comes next.
    pub async fn open_stream(&self, opened: StreamOpened) -> Result<MediaLine, OpenError> {
        self.to_the_end(async move |inner| inner.open_stream(opened).await).await?
    }
}

impl Inner {
    async fn open_stream(self: Arc<Self>, opened: StreamOpened) -> Result<MediaLine, OpenError> {
        let StreamOpened { token, carrier_call_id, carrier_stream } = opened;
        let Place::Stream(stream) = token.place else { return Err(OpenError::Foreign) };
        if !self.carriers.has(&token.account) {
            return Err(OpenError::Foreign);
        }
        let handle = self.reach(token.call).await.ok_or(OpenError::NotHere)?;
        // Under the call's lock: of two sockets with one token the second comes too late.
        self.observe_made(&handle, |call| {
            let leg = call.leg_no(token.leg).ok_or(OpenError::Foreign)?;
            let is_bound = leg.carrier_call_id.as_ref().is_some_and(|id| id.as_str() == carrier_call_id);
            if leg.fence != token.fence || !is_bound || call.leg().no != leg.no {
                return Err(OpenError::Foreign);
            }
            call.may_stream(stream, self.clock.now()).map_err(OpenError::Refused)?;
            Ok(Some(self.bot_event(call.id, BotNews::Connected { stream, carrier_stream })))
        })
        .await?;
        self.learn_about(&handle).await?;
        let (says, from_carrier) = mpsc::channel(FROM_CARRIER);
        let (to_carrier, does) = mpsc::channel(TO_CARRIER);
        session::begin(&self, &handle, stream, from_carrier, to_carrier).await;
        Ok(MediaLine { says, does })
    }
}
