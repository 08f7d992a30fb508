//! From a request's bytes to a form that the carrier signed, and the state in its address.

use crate::body::{self, Bound};
use crate::door::AskedAs;
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::body::Bytes;
use axum::extract::Request;
use http::Method;
use std::sync::atomic::{AtomicU64, Ordering};
use trunkline_carriers::callback::{CallbackState, Scheme, SecretKeys};
use trunkline_carriers::form::Form;
use trunkline_carriers::signed::{SignatureError, SignedRequest};
use trunkline_core::id::AccountId;
use trunkline_core::private::Private;
use trunkline_engine::Clock;

/// A request that the carrier made.
pub(super) struct Signed {
    /// Whose carrier signed it.
    pub(super) account: AccountId,
    /// What it says; empty if that can't be read.
    pub(super) form: Form,
    /// The same, byte for byte.
    pub(super) body: Bytes,
    /// What its address carries.
    pub(super) address: Address,
}

/// What an address of ours carries.
pub(super) struct Address {
    pub(super) token: Token,
    pub(super) step: Step,
    /// A name in clear, accepted from others, never written by us.
    pub(super) name: Option<Private<String>>,
}

/// The sealed state in an address.
pub(super) enum Token {
    Absent,
    Sealed(CallbackState),
    /// Not sealed by us, or for another account than the one that signed it.
    Bad,
}

/// The step in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Absent,
    Number(i64),
    NoNumber,
}

/// Reads a request and checks that the carrier made it. Nothing is parsed before that.
pub(super) async fn signed(web: &Web, request: Request) -> Result<Signed, Problem> {
    let (parts, body) = request.into_parts();
    let bound = Bound { bytes: web.limits.carrier_bytes, time: web.limits.body };
    let body = body::read(&parts.headers, body, bound).await?;
    let asked = parts.extensions.get::<AskedAs>().map_or(&parts.uri, |AskedAs(uri)| uri);
    let request = SignedRequest {
        method: &parts.method,
        path_and_query: asked.path_and_query().map_or("/", |asked| asked.as_str()),
        scheme: Scheme::Http,
        headers: &parts.headers,
        body: &body,
    };
    // Signed by the world's clock, also where a simulated world runs faster.
    let signed = web.verifiers.verify(&request, Clock::real().now());
    let (account, signed) = signed.map_err(|error| {
        web.refused.count(&error);
        Problem::new(Code::Forbidden).detail("the signature is not the carrier's")
    })?;
    let query = asked.query().unwrap_or_default();
    let form = signed.unwrap_or_else(|| {
        let fields = if parts.method == Method::GET { query.as_bytes() } else { &body };
        Form::parse(fields).unwrap_or_default()
    });
    let address = Address::read(query, web, account);
    // A call that began when the account was called otherwise goes on under that name.
    let account = match &address.token {
        Token::Sealed(state) => state.account.clone(),
        Token::Absent | Token::Bad => account.clone(),
    };
    Ok(Signed { account, form, address, body })
}

impl Address {
    /// Reads the part of an address after `?`.
    pub(super) fn read(query: &str, web: &Web, account: &AccountId) -> Self {
        let mut address = Self { token: Token::Absent, step: Step::Absent, name: None };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "s" => address.token = Token::open(&web.engine.config().secrets, &value, account),
                "q" => address.step = Step::read(&value),
                "name" if !value.is_empty() => address.name = Some(Private::new(value.into_owned())),
                _ => {}
            }
        }
        address
    }
}

impl Token {
    fn open(keys: &SecretKeys, token: &str, account: &AccountId) -> Self {
        match keys.open(token) {
            Ok(state) if state.account.is_same(account) => Self::Sealed(state),
            Ok(_) | Err(_) => {
                tracing::warn!(
                    "carrier.bad_token: the address was signed by the carrier and sealed by nobody of ours"
                );
                Self::Bad
            }
        }
    }
}

impl Step {
    fn read(text: &str) -> Self {
        text.trim().parse().map_or(Self::NoNumber, Self::Number)
    }
}

/// How many requests came with a wrong signature, and none at all.
#[derive(Default)]
pub(crate) struct Refused {
    count: AtomicU64,
}

impl Refused {
    /// How many since the start.
    pub(crate) fn total(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Counts one. Logged ever more rarely: who sends forged requests must not fill the log.
    fn count(&self, error: &SignatureError) {
        let refused = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if refused.is_power_of_two() {
            tracing::warn!(refused, %error, "carrier.refused: a webhook without the carrier's signature; if all are refused, PUBLIC_URL, the token or the public key is wrong, or this machine's clock");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_number_or_it_is_none() {
        assert_eq!(Step::read("2"), Step::Number(2));
        assert_eq!(Step::read("-1"), Step::Number(-1));
        for wrong in ["", "two", "1.5", "0x1", "99999999999999999999"] {
            assert_eq!(Step::read(wrong), Step::NoNumber, "{wrong}");
        }
    }
}
