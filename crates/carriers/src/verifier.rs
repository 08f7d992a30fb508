//! Is a request the carrier's? Asked of whichever carrier the account is at.

use crate::form::Form;
use crate::signed::{SignatureError, SignedRequest};
use crate::{telnyx, twilio};
use jiff::Timestamp;
use trunkline_core::id::AccountId;

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

/// Checks signatures of all accounts that calls go through.
#[derive(Debug)]
pub struct Verifiers(Vec<(AccountId, Verifier)>);

impl Verifiers {
    /// The checks of these accounts.
    pub fn new(all: impl IntoIterator<Item = (AccountId, Verifier)>) -> Self {
        Self(all.into_iter().collect())
    }

    /// The account whose carrier made the request, and its form as [`Verifier::verify`] gives it. Each carrier is believed of
    /// its own account alone: whatever else the request says of itself, it is that account's.
    ///
    /// # Errors
    /// No carrier of ours made it; of several reasons the one that tells most.
    pub fn verify(
        &self,
        request: &SignedRequest<'_>,
        now: Timestamp,
    ) -> Result<(&AccountId, Option<Form>), SignatureError> {
        let mut refused = SignatureError::Missing;
        for (account, verifier) in &self.0 {
            match verifier.verify(request, now) {
                Ok(form) => return Ok((account, form)),
                Err(SignatureError::Missing) => {}
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}
