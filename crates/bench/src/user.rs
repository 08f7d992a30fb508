//! Users of an app, as their own server vouches for them: a token (JWT, HS256) for each, and what they ask with it.

use std::net::SocketAddr;

use anyhow::{Result, anyhow, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::http::Connection;
use crate::server::Site;

/// Signs tokens of users.
const SECRET: &str = "bench-jwt-secret-0123456789abcdef0123456789abcdef";

/// Until when they are good: longer than anybody measures.
const UNTIL: i64 = 4_102_444_800;

/// One user.
#[derive(Clone, Debug)]
pub struct User {
    /// Their name.
    pub id: String,
    token: String,
}

/// The site with an app, whose users no limit of pace holds up: what is measured is the machine.
pub fn with_an_app(site: &Site) -> Site {
    let mut site = site.clone();
    let without_limit = "1000000".to_owned();
    site.settings.extend([
        ("JWT_SECRET", SECRET.to_owned()),
        ("APP_CALLS_FRAMES_PER_SECOND", without_limit.clone()),
        ("APP_CALLS_SOCKETS", without_limit.clone()),
        ("LIMITS_KEY_REQUESTS_PER_SECOND", without_limit),
    ]);
    site
}

impl User {
    /// A user, with a token.
    ///
    /// # Errors
    /// The token can't be made.
    pub fn new(id: impl Into<String>) -> Result<Self> {
        let id = id.into();
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(json!({ "alg": "HS256", "typ": "JWT" }));
        let text = format!("{head}.{}", part(json!({ "sub": id, "name": id, "exp": UNTIL })));
        let key = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes());
        let mac = key.map_err(|_| anyhow!("no key of HMAC"))?.chain_update(&text).finalize().into_bytes();
        Ok(Self { id, token: format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac)) })
    }

    /// What stands in the header of whatever they ask.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// A request of theirs.
    pub fn post(&self, address: SocketAddr, path: &str, body: &Value) -> Vec<u8> {
        let (body, bearer) = (body.to_string(), self.bearer());
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {bearer}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// Calls another, and gives the call's id.
    ///
    /// # Errors
    /// It does not ring.
    pub async fn calls(
        &self,
        other: &Self,
        connection: &mut Connection,
        address: SocketAddr,
    ) -> Result<String> {
        let order = json!({ "receiver_id": other.id, "call_type": "voice", "device_id": "d" });
        let answer = connection.exchange(&self.post(address, "/api/calls/initiate", &order)).await?;
        ensure!(answer.status == 201, "a call was answered {}: {}", answer.status, answer.beginning());
        let call: Value = serde_json::from_slice(answer.body)?;
        Ok(call["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Their request to take a call with a device.
    pub fn accept(&self, address: SocketAddr, call: &str, device: &str) -> Vec<u8> {
        self.post(address, &format!("/api/calls/{call}/accept"), &json!({ "device_id": device }))
    }
}
