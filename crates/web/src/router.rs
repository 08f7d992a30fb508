//! The table of routes.

use crate::api::{
    call_backs, calls, campaigns, drain, health, import, jobs, keyed, lists, metrics, not_found, orders,
    queue, recordings, recover, registered, scripts, singles, suppressions, tenancy,
};
use crate::carrier::{self, callbacks, voice};
use crate::pages::{assets, call, campaigns as campaigns_page, dashboard, login, settings_check, stream};
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use std::sync::Arc;

/// Where a person waits for an answer: the carrier's routes that always speak.
const SPEAKING: [&str; 3] = ["/voice", "/answer", "/fallback"];
/// The carrier's routes that only listen.
const LISTENING: [&str; 4] = ["/status", "/recording", "/amd", "/transcription"];

/// All routes, over one web.
pub(crate) fn routes(web: Arc<Web>) -> Router {
    let carrier = Router::new()
        .route("/answer", get(voice::answer).post(voice::answer))
        .route("/voice", get(voice::voice).post(voice::voice))
        .route("/fallback", get(voice::fallback).post(voice::fallback))
        .route("/status", post(callbacks::status))
        .route("/recording", post(callbacks::recording))
        .route("/amd", post(callbacks::machine))
        .route("/transcription", post(callbacks::transcription));

    let api = Router::new()
        .route("/api/calls", get(calls::list).post(orders::place))
        .route("/api/calls/active", get(calls::active))
        .route("/api/calls/register", post(registered::register))
        .route("/api/calls/import", post(import::import))
        .route("/api/calls/{id}", get(calls::show).patch(registered::merge))
        .route("/api/calls/{id}/status", put(registered::report))
        .route("/api/calls/{id}/session", get(registered::session))
        .route("/api/calls/{id}/registration", delete(registered::unregister))
        .route("/api/sessions/{sid}", delete(registered::unregister_session))
        .route("/api/sessions/{sid}/call", get(registered::of_session))
        .route("/api/calls/{id}/events", get(calls::events))
        .route("/api/calls/{id}/turns", get(calls::turns))
        .route("/api/calls/{id}/recordings/{n}", get(recordings::recording))
        .route("/api/calls/{id}/end", post(orders::end))
        .route("/api/scripts", get(scripts::list))
        .route("/api/suppressions", get(suppressions::list).post(suppressions::add))
        .route("/api/suppressions/import", post(lists::import_suppressions))
        .route("/api/suppressions/export", get(lists::export_suppressions))
        .route("/api/tenants", get(tenancy::tenants).post(tenancy::add_tenant))
        .route("/api/tenants/{id}", delete(tenancy::revoke_tenant))
        .route("/api/keys", get(tenancy::keys).post(tenancy::add_key))
        .route("/api/keys/{id}", delete(tenancy::revoke_key))
        .route("/api/users", get(tenancy::users).post(tenancy::add_user))
        .route("/api/users/{id}", delete(tenancy::revoke_user))
        .route("/api/campaigns", get(campaigns::list).post(campaigns::add))
        .route("/api/campaigns/{id}", get(campaigns::show).patch(campaigns::change))
        .route("/api/campaigns/{id}/jobs", get(jobs::list).post(jobs::add))
        .route("/api/campaigns/{id}/import", post(lists::import_people))
        .route("/api/campaigns/{id}/results", get(lists::results))
        .route("/api/campaigns/{id}/plan", get(queue::plan))
        .route("/api/campaigns/{id}/{move}", post(campaigns::act))
        .route("/api/queue/stats", get(queue::stats))
        .route("/api/queue/jobs", post(singles::add))
        .route("/api/jobs/{id}", get(jobs::show))
        .route("/api/jobs/{id}/why", get(jobs::show))
        .route("/api/jobs/{id}/cancel", post(jobs::cancel))
        .route("/api/jobs/{id}/retry", post(jobs::retry))
        .route("/api/jobs/{id}/call-back", post(call_backs::promise))
        .route("/api/leads", get(jobs::leads))
        .route("/api/leads/import", post(lists::import_leads))
        .route("/api/leads/export", get(lists::export_leads))
        .route("/api/drain", post(drain::drain))
        .route("/api/recover", post(recover::recover))
        .route_layer(from_fn_with_state(Arc::clone(&web), keyed));

    let probes = Router::new()
        .route("/health", get(health::health))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics));

    let pages = Router::new()
        .route("/", get(dashboard::show))
        .route("/calls", post(dashboard::place))
        .route("/calls/{id}", get(call::show))
        .route("/calls/{id}/end", post(call::end))
        .route("/calls/{id}/recordings/{n}", get(call::recording))
        .route("/campaigns", get(campaigns_page::list))
        .route("/campaigns/{id}", get(campaigns_page::show))
        .route("/campaigns/{id}/{move}", post(campaigns_page::act))
        .route("/settings-check", get(settings_check::show))
        .route("/events/stream", get(stream::follow))
        .route("/login", get(login::ask).post(login::enter))
        .route("/logout", post(login::leave))
        .route("/language/{code}", get(login::language))
        .route("/assets/{name}", get(assets::asset))
        .route("/favicon.ico", get(assets::favicon));

    Router::new()
        .merge(carrier)
        .merge(api)
        .merge(probes)
        .merge(pages)
        .fallback(async || not_found())
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed))
        .with_state(web)
}

/// Whether this is an address that carriers are told.
pub(crate) fn is_carriers(path: &str) -> bool {
    SPEAKING.contains(&path) || LISTENING.contains(&path)
}

/// What a client hears when the handler of its request panicked: a person hears an apology.
pub(crate) fn after_panic(web: &Web, path: &str) -> Response {
    if SPEAKING.contains(&path) {
        carrier::apology(web)
    } else {
        Problem::new(Code::Internal).into_response()
    }
}
