//! What shows that a device speaks for its side of a call: given to it with the answer to initiate or accept, and to nobody else.

use crate::access::Access;
use crate::pages::session::signer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use trunkline_core::id::CallId;
use trunkline_engine::AppUser;

const PURPOSE: &str = "resume";

/// The token of a user's side of a call.
pub(crate) fn token(access: &Access, user: &AppUser, call: CallId) -> String {
    let mac = signer(access, PURPOSE, &said(user, call)).finalize().into_bytes();
    URL_SAFE_NO_PAD.encode(mac)
}

/// Whether this is that token; compared in constant time.
pub(super) fn opens(access: &Access, user: &AppUser, call: CallId, token: &str) -> bool {
    let Ok(mac) = URL_SAFE_NO_PAD.decode(token) else { return false };
    signer(access, PURPOSE, &said(user, call)).verify_slice(&mac).is_ok()
}

fn said(user: &AppUser, call: CallId) -> String {
    format!("{call}\0{}\0{}", user.tenant, user.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::SessionSecret;
    use trunkline_core::id::{AppUserId, TenantId};

    #[test]
    fn a_token_opens_its_own_side_of_its_own_call() {
        let access = Access::new(Vec::new(), SessionSecret::new([7; 32]));
        let user = |id: &str| AppUser {
            tenant: TenantId::new("acme"),
            id: AppUserId::parse(id).unwrap(),
            name: None,
        };
        let [one, other] = [1, 2].map(|n| CallId::from_bytes([n; 16]));
        let token = token(&access, &user("ann"), one);
        assert!(opens(&access, &user("ann"), one, &token));
        assert!(!opens(&access, &user("bob"), one, &token), "S-09: nobody else's");
        assert!(!opens(&access, &user("ann"), other, &token));
        for wrong in ["", "x", &token[1..]] {
            assert!(!opens(&access, &user("ann"), one, wrong));
        }
    }
}
