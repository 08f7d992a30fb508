//! Somebody who calls in, and whom the test speaks for as their carrier.

use crate::client::Answer;
use crate::house::{ACCOUNT, House};
use trunkline_core::id::{AccountId, CallId, CarrierCallId};

/// Somebody on the phone.
pub struct Caller {
    pub sid: String,
    pub number: String,
}

impl Caller {
    /// One of many; `kind` is two hex digits.
    pub fn new(kind: &str, n: usize) -> Self {
        Self { sid: format!("CA{kind}{n:030}"), number: format!("+1555018{n:04}") }
    }

    /// Our id of the call.
    pub fn call(&self) -> String {
        let account = AccountId::new(format!("twilio:{ACCOUNT}"));
        CallId::derived(&account, &CarrierCallId::new(&*self.sid)).to_string()
    }

    /// What the carrier sends of the call.
    pub fn form<'a>(&'a self, status: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut form = vec![
            ("AccountSid", ACCOUNT),
            ("CallSid", &*self.sid),
            ("CallStatus", status),
            ("Direction", "inbound"),
            ("From", &*self.number),
            ("To", "+15005550006"),
        ];
        form.extend_from_slice(more);
        form
    }

    /// The page that the carrier fetches for them.
    pub async fn hears(&self, house: &House, target: &str) -> Answer {
        house.webhook(target, &self.form("in-progress", &[])).await
    }
}
