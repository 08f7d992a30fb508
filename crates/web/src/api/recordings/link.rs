//! A recording's link: an address that opens one recording for a while, to whoever has it. A player on a page can't send a
//! key, and a key has no business in an address.
//!
//! A link says call, recording, end of its life and the mark of the key that made it, signed. It opens nothing that this key
//! would not open now: a revoked key's links are dead. Nothing is kept here.

use super::{kept, send_recording};
use crate::access::{Access, Admitted};
use crate::api::{CallRef, Mine, Named, admitted, json, not_found};
use crate::pages::session::signer;
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::ops::RangeInclusive;
use std::sync::Arc;
use trunkline_core::id::CallId;

/// For how many seconds a link may be good.
pub(super) const FOR_SECS: RangeInclusive<i64> = 10..=86_400;
const USUALLY: SignedDuration = SignedDuration::from_mins(10);

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RecordingLink")]
pub(super) struct LinkJson {
    /// Opens the recording, without a key, in whole or in part.
    url: String,
    expires_at: Timestamp,
}

/// What a link opens.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Opens {
    call: CallId,
    n: usize,
    until: Timestamp,
    mark: String,
}

/// `POST /api/calls/{id}/recordings/{n}/link`
pub(crate) async fn make(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named((id, n)): Named<(CallRef, usize)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let lifetime = lifetime(query.as_deref().unwrap_or_default())?;
    let by = admitted(&web, &headers).ok_or_else(Problem::unauthorized)?;
    let call = desk.call(id.as_str()).await?.ok_or_else(not_found)?;
    kept(desk.recording(id.as_str(), n).await?)?;
    let token = Opens::new(call.id, n, &by, lifetime, web.engine.now());
    let url = format!("{}/recordings/{}", web.origin, token.seal(&web.access));
    Ok(json(StatusCode::CREATED, &LinkJson { url, expires_at: token.until }))
}

/// `GET /recordings/{token}`
pub(crate) async fn open(
    State(web): State<Arc<Web>>,
    Named(token): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opens = Opens::unseal(&web.access, &token, web.engine.now()).ok_or_else(not_found)?;
    let caller = web.admitted(&opens.mark).ok_or_else(not_found)?;
    let desk = web.engine.of(&caller.tenant);
    send_recording(&desk, &opens.call.to_string(), opens.n, &headers).await
}

fn lifetime(query: &str) -> Result<SignedDuration, Problem> {
    let mut lifetime = USUALLY;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "for_secs" if value.is_empty() => {}
            "for_secs" => {
                let secs = value.parse().ok().filter(|secs| FOR_SECS.contains(secs));
                let wrong = || Problem::query("for_secs", "a whole number from 10 to 86400");
                lifetime = SignedDuration::from_secs(secs.ok_or_else(wrong)?);
            }
            other => return Err(Problem::query(other, "there is no such parameter")),
        }
    }
    Ok(lifetime)
}

impl Opens {
    fn new(call: CallId, n: usize, by: &Admitted, lifetime: SignedDuration, now: Timestamp) -> Self {
        let until = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        // As the link says it: in whole seconds.
        let until = Timestamp::from_second(until.as_second()).unwrap_or(until);
        Self { call, n, until, mark: by.mark.clone() }
    }

    fn text(&self) -> String {
        format!("{}.{}.{:x}.{}", self.call, self.n, self.until.as_second(), self.mark)
    }

    fn seal(&self, access: &Access) -> String {
        let text = self.text();
        let mac = signer(access, "recording", &text).finalize().into_bytes();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    fn unseal(access: &Access, token: &str, now: Timestamp) -> Option<Self> {
        let (text, mac) = token.rsplit_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        signer(access, "recording", text).verify_slice(&mac).ok()?;
        let mut parts = text.splitn(4, '.');
        let call = parts.next()?.parse().ok()?;
        let n = parts.next()?.parse().ok()?;
        let until = Timestamp::from_second(i64::from_str_radix(parts.next()?, 16).ok()?).ok()?;
        let mark = parts.next()?.to_owned();
        (until > now).then_some(Self { call, n, until, mark })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::SessionSecret;
    use trunkline_core::tenancy::{Caller, KeyHash};

    #[test]
    fn a_link_opens_what_it_was_made_for_until_its_end_and_nothing_else() {
        let access = |secret| Access::new(vec![KeyHash::of("key")], SessionSecret::new([secret; 32]));
        let at = |second| Timestamp::from_second(second).unwrap();
        let by = Admitted { caller: Caller::system(), mark: "a1b2".to_owned() };
        let call = "0199b2a4-7c6e-7000-8000-000000000001".parse().unwrap();
        let opens = Opens::new(call, 2, &by, SignedDuration::from_secs(60), at(1_000));
        let link = opens.seal(&access(7));
        assert_eq!(Opens::unseal(&access(7), &link, at(1_059)), Some(opens));
        assert_eq!(Opens::unseal(&access(7), &link, at(1_060)), None, "too late");
        assert_eq!(Opens::unseal(&access(8), &link, at(1_000)), None, "another server's");
        let altered =
            [link.replace(".2.", ".3."), link.replace("a1b2", "a1b3"), link.replacen("01.", "02.", 1)];
        for wrong in altered.iter().map(String::as_str).chain(["", ".", "a.b.c.d.e", &link[..link.len() - 2]])
        {
            assert_eq!(Opens::unseal(&access(7), wrong, at(1_000)), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_link_is_good_for_ten_minutes_unless_it_is_said() {
        assert_eq!(lifetime("").unwrap(), USUALLY);
        assert_eq!(lifetime("for_secs=60").unwrap(), SignedDuration::from_mins(1));
        for wrong in ["for_secs=9", "for_secs=86401", "for_secs=-60", "for_secs=1e3", "secs=60"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
