//! Is a request the carrier's? Asked of whichever carrier the account is at.

use crate::form::Form;
use crate::signed::{SignatureError, SignedRequest};
use crate::{telnyx, twilio};
use jiff::Timestamp;

/// Checks signatures of one account.
#[derive(Debug)]
pub enum Verifier {
    /// An account at Twilio.
    Twilio(twilio::signature::Verifier),
    /// An account at Telnyx.
    Telnyx(telnyx::signature::Verifier),
}

impl Verifier {
    /// The form that the carrier signed; `None` if the request is the carrier's and its body is no form. `now` is the
    /// world's time, however fast a simulated one runs: signatures are made and checked outside of it.
    ///
    /// # Errors
    /// [`SignatureError`] says why it is not the carrier's: for the log and a counter, not for the one who asked.
    pub fn verify(
        &self,
        request: &SignedRequest<'_>,
        now: Timestamp,
    ) -> Result<Option<Form>, SignatureError> {
        match self {
            // Twilio signs no time.
            Self::Twilio(verifier) => verifier.verify(request),
            Self::Telnyx(verifier) => verifier.verify(request, now),
        }
    }
}
