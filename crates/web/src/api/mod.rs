//! REST for those who hold a key. One file per group of routes; errors are [`Problem`]s.
//!
//! - `orders`: place and end calls · `calls`: read them · `call_json`, `turn_json`: how they look · `query`: filters of a list
//! - `app_calls`: calls between users of an app, by their own tokens · `rosters`: conversations' members, who blocks whom
//! - `registered`: calls that clients carry themselves · `import`: calls that were kept elsewhere
//! - `campaigns`, `jobs`, `singles`: the outbound queue · `queue`: how it is, and plans · `lists`: people and suppressions as files
//! - `results`: what people answered · `analytics`: what calls came to, `bot_analytics`: those with bots
//! - `etag`: versions of answers · `recordings`, `range`: recordings as files · `scripts` · `suppressions` · `drain` · `recover`: ask the carrier now · `tenancy`: tenants, keys and users · `numbers`: what answers ours · `webhooks`: what is sent to clients · `health`, `metrics`: probes, which need no key

pub(crate) mod actions;
pub(crate) mod analytics;
pub(crate) mod app_calls;
pub(crate) mod appointments;
pub(crate) mod bot_analytics;
pub(crate) mod bots;
pub(crate) mod call_backs;
pub(crate) mod call_json;
pub(crate) mod calls;
pub(crate) mod campaigns;
pub(crate) mod drain;
mod etag;
mod fields;
pub(crate) mod health;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod lists;
pub(crate) mod metrics;
pub(crate) mod numbers;
pub(crate) mod orders;
pub(crate) mod practitioners;
mod query;
pub(crate) mod queue;
mod range;
pub(crate) mod recordings;
pub(crate) mod recover;
pub(crate) mod registered;
pub(crate) mod results;
pub(crate) mod rosters;
pub(crate) mod scripts;
pub(crate) mod singles;
pub(crate) mod suppressions;
pub(crate) mod tenancy;
pub(crate) mod transcript;
pub(crate) mod transcription;
mod turn_json;
pub(crate) mod webhooks;

use crate::access::Admitted;
use crate::asking;
use crate::body::{self, Bound};
use crate::door::Peer;
use crate::problem::Problem;
use crate::user_tokens::{UserToken, UserTokens};
use crate::web::Web;
use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trunkline_core::id::AppUserId;
use trunkline_core::tenancy::{Act, Caller};
use trunkline_engine::{AppDesk, Desk};

/// Lets key holders through, as often as their keys may, and nobody else.
pub(crate) async fn keyed(
    State(web): State<Arc<Web>>,
    Extension(Peer(peer)): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let now = web.engine.now();
    let Some(Admitted { caller, mark }) = admitted(&web, request.headers()) else {
        let standing = web.asking.without_key(peer, now);
        return match standing.wait {
            Some(wait) => asking::too_often(&standing, wait).into_response(),
            None => Problem::unauthorized().into_response(),
        };
    };
    let standing = web.asking.with_key(&mark, now);
    if let Some(wait) = standing.wait {
        return asking::too_often(&standing, wait).into_response();
    }
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    asking::tell(&standing, response.headers_mut());
    response
}

/// Lets key holders and users of apps through, as often as they may, and nobody else.
pub(crate) async fn keyed_or_user(
    State(web): State<Arc<Web>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let now = web.engine.now();
    let token = bearer(request.headers()).filter(|token| UserTokens::is_one(token));
    let token = token.and_then(|token| web.app_calls.tokens.read(token, now));
    let Some(token) = token.filter(|token| web.engine.has_tenant(&token.user.tenant)) else {
        return keyed(State(web), Extension(peer), request, next).await;
    };
    // No key's mark has a slash in it.
    let standing = web.asking.with_key(&format!("{}/{}", token.user.tenant, token.user.id.as_str()), now);
    if let Some(wait) = standing.wait {
        return asking::too_often(&standing, wait).into_response();
    }
    request.extensions_mut().insert(token);
    let mut response = next.run(request).await;
    asking::tell(&standing, response.headers_mut());
    response
}

/// Lets users through, and those whose keys may do this.
pub(crate) async fn permitted_or_user(act: Act, request: Request, next: Next) -> Response {
    match request.extensions().get::<UserToken>() {
        Some(_) => next.run(request).await,
        None => permitted(act, request, next).await,
    }
}

/// Lets those through who may do this, and nobody else.
pub(crate) async fn permitted(act: Act, request: Request, next: Next) -> Response {
    match request.extensions().get::<Caller>().map(|caller| caller.may(act)) {
        Some(Ok(())) => next.run(request).await,
        Some(Err(denied)) => Problem::from(denied).into_response(),
        None => Problem::unauthorized().into_response(),
    }
}

/// Who sends a request, if the key that came with it is valid.
pub(crate) fn admitted(web: &Web, headers: &HeaderMap) -> Option<Admitted> {
    web.admit(bearer(headers)?)
}

/// What a request shows to be let in.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Who sends a request, as the key they sent says.
pub(crate) struct By(pub(crate) Caller);

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or_else(Problem::unauthorized)
    }
}

/// The desk of whoever sends a request: their tenant's calls and nobody else's.
pub(crate) struct Mine(pub(crate) Desk);

impl FromRequestParts<Arc<Web>> for Mine {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Problem> {
        let By(caller) = By::from_request_parts(parts, web).await?;
        Ok(Self(web.engine.of(&caller.tenant)))
    }
}

/// The desk of the user whose token came with a request; nobody else gets any further.
pub(crate) struct AsUser(pub(crate) AppDesk);

impl FromRequestParts<Arc<Web>> for AsUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Problem> {
        match Asker::from_request_parts(parts, web).await? {
            Asker::User(desk) => Ok(Self(desk)),
            Asker::Key(_) => Err(Problem::new(crate::problem::Code::Forbidden)
                .detail("this is for users of an app: send a user's token instead of a key")),
        }
    }
}

/// Whoever sends a request: a tenant's software, or one user of its app.
pub(crate) enum Asker {
    Key(Desk),
    User(AppDesk),
}

impl Asker {
    /// The user, if it is one.
    pub(crate) fn user(&self) -> Option<&AppUserId> {
        match self {
            Self::Key(_) => None,
            Self::User(desk) => Some(&desk.user().id),
        }
    }
}

impl FromRequestParts<Arc<Web>> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Problem> {
        if let Some(token) = parts.extensions.get::<UserToken>() {
            return Ok(Self::User(web.engine.app_desk(token.user.clone())));
        }
        let Mine(desk) = Mine::from_request_parts(parts, web).await?;
        Ok(Self::Key(desk))
    }
}

/// What a path names; a path that names nothing possible is not found.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(named)) => Ok(Self(named)),
            Err(_) => Err(not_found()),
        }
    }
}

/// A call as a client names it: by our id or the carrier's. What can be neither never reaches the engine.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct CallRef(String);

impl CallRef {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CallRef {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        let plausible = (1..=128).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic());
        if plausible { Ok(Self(word)) } else { Err("this names no call") }
    }
}

pub(crate) fn not_found() -> Problem {
    Problem::new(crate::problem::Code::NotFound)
}

pub(crate) fn no_such_call() -> Problem {
    not_found().detail("there is no such call")
}

async fn read(web: &Web, request: Request<Body>) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    body::read(&parts.headers, body, Bound { bytes: web.limits.api_bytes, time: web.limits.body }).await
}

pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = (status, bytes).into_response();
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            Problem::new(crate::problem::Code::Internal).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_name_no_call_never_reaches_the_engine() {
        let names = |word: &str| CallRef::try_from(word.to_owned()).is_ok();
        assert!(names("0199b2a4-7c6e-7000-8000-000000000001"));
        assert!(names("CA00000000000000000000000000000001"));
        assert!(names("v3:kNgTzJq-call-control"));
        for wrong in ["", "a b", "a\0b", "שלום", &"x".repeat(129)] {
            assert!(!names(wrong), "{wrong:?}");
        }
    }
}
