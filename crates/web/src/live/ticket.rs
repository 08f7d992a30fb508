//! A key for one socket: a browser can't send a header with a WebSocket, and a key has no business in an address. A ticket
//! opens one socket, once, within a minute, and opens nothing when the key that bought it does not.

use super::super::pages::session::signer;
use crate::access::Access;
use crate::api::{admitted, json};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a ticket may wait for its socket.
const LIFETIME: SignedDuration = SignedDuration::from_secs(60);
/// How many tickets may wait; the oldest makes room.
const MOST: usize = 10_000;

/// Tickets that wait for their sockets: when each runs out, and what it stands for, such as the mark of the key that
/// bought it.
#[derive(Debug)]
pub(crate) struct Tickets<T = String> {
    /// What they are signed for: a ticket of one kind opens no socket of another.
    purpose: &'static str,
    waiting: Mutex<BTreeMap<u64, (Timestamp, T)>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Ticket")]
pub(crate) struct TicketJson {
    pub(crate) ticket: String,
    pub(crate) expires_at: Timestamp,
}

/// `POST /api/events/ticket`
pub(crate) async fn sell(State(web): State<Arc<Web>>, headers: HeaderMap) -> Result<Response, Problem> {
    let by = admitted(&web, &headers).ok_or_else(Problem::unauthorized)?;
    let (ticket, expires_at) = web.tickets.sell(&web.access, by.mark, web.next_serial(), web.engine.now());
    Ok(json(StatusCode::CREATED, &TicketJson { ticket, expires_at }))
}

impl<T> Tickets<T> {
    /// None yet.
    pub(crate) fn of(purpose: &'static str) -> Self {
        Self { purpose, waiting: Mutex::default() }
    }

    /// Sells one, and says until when it is good.
    pub(crate) fn sell(
        &self,
        access: &Access,
        stands_for: T,
        serial: u64,
        now: Timestamp,
    ) -> (String, Timestamp) {
        let expires = now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX);
        let mut waiting = self.waiting.lock();
        waiting.retain(|_, (expires, _)| *expires > now);
        if waiting.len() >= MOST {
            waiting.pop_first();
        }
        waiting.insert(serial, (expires, stands_for));
        let serial = format!("{serial:x}");
        let mac = signer(access, self.purpose, &serial).finalize().into_bytes();
        (format!("{serial}.{}", URL_SAFE_NO_PAD.encode(mac)), expires)
    }

    /// What a ticket stands for; the ticket is gone.
    pub(crate) fn redeem(&self, access: &Access, ticket: &str, now: Timestamp) -> Option<T> {
        let (serial, mac) = ticket.split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        signer(access, self.purpose, serial).verify_slice(&mac).ok()?;
        let serial = u64::from_str_radix(serial, 16).ok()?;
        let (expires, stands_for) = self.waiting.lock().remove(&serial)?;
        (expires > now).then_some(stands_for)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::SessionSecret;
    use trunkline_core::tenancy::KeyHash;

    #[test]
    fn a_ticket_is_good_once_for_a_minute_and_only_as_it_was_sold() {
        let access = Access::new(vec![KeyHash::of("key")], SessionSecret::new([7; 32]));
        let by = "a1b2";
        let at = |second| Timestamp::from_second(second).unwrap();
        let tickets = Tickets::of("ticket");
        let (one, expires) = tickets.sell(&access, by.to_owned(), 5, at(1_000));
        assert_eq!(expires, at(1_060));
        for wrong in ["", "5", "5.", "6.AAAA", &one.replace("5.", "6."), &one[..one.len() - 2]] {
            assert_eq!(tickets.redeem(&access, wrong, at(1_001)), None, "{wrong:?}");
        }
        assert_eq!(tickets.redeem(&access, &one, at(1_001)), Some("a1b2".to_owned()));
        assert_eq!(tickets.redeem(&access, &one, at(1_001)), None, "twice");
        let (late, _) = tickets.sell(&access, by.to_owned(), 6, at(1_000));
        assert_eq!(tickets.redeem(&access, &late, at(1_060)), None);
        assert!(!format!("{tickets:?}").contains(one.split_once('.').unwrap().1));
    }
}
