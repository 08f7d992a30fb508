//! The table of routes.

use crate::api::{calls, drain, health, keyed, not_found, orders, recordings, scripts, suppressions};
use crate::pages::{assets, call, dashboard, login, settings_check, stream};
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;

/// All routes, over one web.
pub(crate) fn routes(web: Arc<Web>) -> Router {
    let api = Router::new()
        .route("/api/calls", get(calls::list).post(orders::place))
        .route("/api/calls/active", get(calls::active))
        .route("/api/calls/{id}", get(calls::show))
        .route("/api/calls/{id}/events", get(calls::events))
        .route("/api/calls/{id}/turns", get(calls::turns))
        .route("/api/calls/{id}/recordings/{n}", get(recordings::recording))
        .route("/api/calls/{id}/end", post(orders::end))
        .route("/api/scripts", get(scripts::list))
        .route("/api/suppressions", post(suppressions::add))
        .route("/api/drain", post(drain::drain))
        .route_layer(from_fn_with_state(Arc::clone(&web), keyed));

    let probes = Router::new()
        .route("/health", get(health::health))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready));

    let pages = Router::new()
        .route("/", get(dashboard::show))
        .route("/calls", post(dashboard::place))
        .route("/calls/{id}", get(call::show))
        .route("/calls/{id}/end", post(call::end))
        .route("/calls/{id}/recordings/{n}", get(call::recording))
        .route("/settings-check", get(settings_check::show))
        .route("/events/stream", get(stream::follow))
        .route("/login", get(login::ask).post(login::enter))
        .route("/logout", post(login::leave))
        .route("/language/{code}", get(login::language))
        .route("/assets/{name}", get(assets::asset))
        .route("/favicon.ico", get(assets::favicon));

    Router::new()
        .merge(api)
        .merge(probes)
        .merge(pages)
        .fallback(async || not_found())
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed))
        .with_state(web)
}

/// What a client hears when the handler of its request panicked.
pub(crate) fn after_panic(_path: &str) -> Response {
    Problem::new(Code::Internal).into_response()
}
