//! The table of routes.

use crate::api::recordings::link;
use crate::api::{
    actions, analytics, app_calls, appointments, bot_analytics, bots, call_backs, calls, campaigns, drain,
    health, import, jobs, keyed, keyed_or_user, lists, metrics, not_found, numbers, orders, practitioners,
    queue, recordings, recover, registered, results, rosters, scripts, singles, suppressions, tenancy,
    transcript, transcription, webhooks,
};
use crate::carrier::{self, callbacks, voice};
use crate::live::{self, socket, sse, ticket};
use crate::media;
use crate::openapi::Verb::{Delete, Get, Patch, Post, Put};
use crate::openapi::{self, Door, Operation, Table};
use crate::pages::{
    account, analytics as analytics_page, appointments as appointments_page, assets, bots as bots_page, call,
    campaigns as campaigns_page, dashboard, deliveries, docs, login, numbers as numbers_page, settings_check,
    softphone, stream,
};
use crate::problem::{Code, Problem};
use crate::signaling::{socket as signaling, ticket as signaling_ticket};
use crate::web::Web;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use std::sync::Arc;
use trunkline_core::tenancy::Act;

/// Where a person waits for an answer: the carrier's routes that always speak.
const SPEAKING: [&str; 3] = ["/voice", "/answer", "/fallback"];
/// The carrier's routes that only listen.
const LISTENING: [&str; 5] = ["/status", "/recording", "/amd", "/transcription", "/call-control"];

/// All routes, over one web.
pub(crate) fn routes(web: Arc<Web>) -> Router {
    let carrier = Router::new()
        .route("/answer", get(voice::answer).post(voice::answer))
        .route("/voice", get(voice::voice).post(voice::voice))
        .route("/fallback", get(voice::fallback).post(voice::fallback))
        .route("/status", post(callbacks::status))
        .route("/recording", post(callbacks::recording))
        .route("/amd", post(callbacks::machine))
        .route("/transcription", post(callbacks::transcription))
        .route("/call-control", post(callbacks::event));

    let api = keyed_table().router.route_layer(from_fn_with_state(Arc::clone(&web), keyed));
    let shared = shared_table().router.route_layer(from_fn_with_state(Arc::clone(&web), keyed_or_user));
    let probes = probe_table().router;

    let pages = Router::new()
        .route("/openapi.json", get(openapi::serve))
        .route("/docs", get(docs::show))
        .route("/docs/errors", get(docs::errors))
        .route("/", get(dashboard::show))
        .route("/calls", post(dashboard::place).layer(Extension(Act::Call)))
        .route("/calls/{id}", get(call::show))
        .route("/calls/{id}/end", post(call::end).layer(Extension(Act::Call)))
        .route("/calls/{id}/hold", post(call::hold).layer(Extension(Act::Call)))
        .route("/calls/{id}/resume", post(call::resume).layer(Extension(Act::Call)))
        .route("/calls/{id}/transfer", post(call::transfer).layer(Extension(Act::Call)))
        .route("/calls/{id}/recordings/{n}", get(call::recording))
        .route("/recordings/{token}", get(link::open))
        .route("/transcription/audio/{token}", get(transcription::audio))
        .route("/transcription/text/{token}", post(transcription::text))
        .route("/campaigns", get(campaigns_page::list))
        .route("/campaigns/{id}", get(campaigns_page::show))
        .route("/campaigns/{id}/{move}", post(campaigns_page::act).layer(Extension(Act::Campaign)))
        .route(
            "/numbers",
            get(numbers_page::show).merge(post(numbers_page::set).layer(Extension(Act::ManageAccess))),
        )
        .route("/numbers/remove", post(numbers_page::remove).layer(Extension(Act::ManageAccess)))
        .route("/appointments", get(appointments_page::list))
        .route("/appointments/{id}/cancel", post(appointments_page::cancel).layer(Extension(Act::Call)))
        .route("/bots", get(bots_page::list))
        .route("/analytics", get(analytics_page::show))
        .route("/analytics.csv", get(analytics_page::csv))
        .route("/analytics/bots.csv", get(analytics_page::bots_csv))
        .route("/results.csv", get(analytics_page::answers_csv))
        .route("/results.xlsx", get(analytics_page::answers_xlsx))
        .route("/deliveries", get(deliveries::list).layer(Extension(Act::ManageAccess)))
        .route("/settings-check", get(settings_check::show).layer(Extension(Act::RunTheServer)))
        .route("/softphone", get(softphone::show))
        .route("/account", get(account::show).post(account::change))
        .route("/events/stream", get(stream::follow))
        .route("/login", get(login::ask).post(login::enter))
        .route("/logout", post(login::leave))
        .route("/language/{code}", get(login::language))
        .route("/assets/{name}", get(assets::asset))
        .route("/favicon.ico", get(assets::favicon));

    Router::new()
        .merge(carrier)
        .merge(api)
        .merge(shared)
        .merge(probes)
        .merge(pages)
        .route("/media", get(media::stream))
        .route("/ws/events", get(socket::follow))
        .route("/ws", get(signaling::everywhere))
        .route("/ws/chat/{conversation}", get(signaling::of_conversation))
        .route("/ws/notifications", get(signaling::everywhere))
        .route("/ws/calls/{id}", get(signaling::of_call))
        .fallback(async || not_found())
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed))
        .with_state(web)
}

/// What key holders may ask, with what is said of it.
fn keyed_table() -> Table {
    Table::new(Door::Keyed)
        .tag("calls", Act::Call)
        .on(Post, "/api/calls", orders::place, orders::spec::place())
        .on(Get, "/api/calls/active", calls::active, calls::spec::active())
        .on(Patch, "/api/calls/{id}", registered::merge, registered::spec::merge())
        .on(Get, "/api/calls/{id}/events", calls::events, calls::spec::events())
        .on(Get, "/api/calls/{id}/turns", calls::turns, calls::spec::turns())
        .on(Get, "/api/calls/{id}/transcript", transcript::show, transcript::spec::show())
        .on(Get, "/api/calls/{id}/recordings/{n}", recordings::recording, recordings::spec::recording())
        .on(Post, "/api/calls/{id}/recordings/{n}/link", link::make, recordings::spec::link())
        .on(Post, "/api/calls/{id}/hold", actions::hold, actions::spec::hold())
        .on(Post, "/api/calls/{id}/resume", actions::resume, actions::spec::resume())
        .on(Post, "/api/calls/{id}/transfer", actions::transfer, actions::spec::transfer())
        .tag("registered calls", Act::Call)
        .on(Post, "/api/calls/register", registered::register, registered::spec::register())
        .on(Post, "/api/calls/import", import::import, import::spec::import())
        .on(Put, "/api/calls/{id}/status", registered::report, registered::spec::report())
        .on(Get, "/api/calls/{id}/session", registered::session, registered::spec::session())
        .on(Delete, "/api/calls/{id}/registration", registered::unregister, registered::spec::unregister())
        .on(
            Delete,
            "/api/sessions/{sid}",
            registered::unregister_session,
            registered::spec::unregister_session(),
        )
        .on(Get, "/api/sessions/{sid}/call", registered::of_session, registered::spec::of_session())
        .tag("app calls", Act::Look)
        .on(Get, "/api/conversations/{id}/members", rosters::members, rosters::spec::members())
        .tag("app calls", Act::Call)
        .on(Put, "/api/conversations/{id}/members", rosters::set_members, rosters::spec::set_members())
        .tag("live events", Act::Look)
        .on(Get, "/api/events", sse::follow, live::spec::follow())
        .on(Post, "/api/events/ticket", ticket::sell, live::spec::sell())
        .tag("webhooks", Act::ManageAccess)
        .on(Get, "/api/webhooks", webhooks::list, webhooks::spec::list())
        .on(Post, "/api/webhooks", webhooks::add, webhooks::spec::add())
        .on(Get, "/api/webhooks/{id}", webhooks::show, webhooks::spec::show())
        .on(Patch, "/api/webhooks/{id}", webhooks::change, webhooks::spec::change())
        .on(Delete, "/api/webhooks/{id}", webhooks::remove, webhooks::spec::remove())
        .on(Post, "/api/webhooks/{id}/rotate", webhooks::rotate, webhooks::spec::rotate())
        .on(Post, "/api/webhooks/{id}/test", webhooks::test, webhooks::spec::test())
        .on(Post, "/api/webhooks/{id}/replay", webhooks::replay, webhooks::spec::replay())
        .on(Get, "/api/webhooks/{id}/deliveries", webhooks::deliveries, webhooks::spec::deliveries())
        .on(Post, "/api/webhooks/{id}/deliveries/{event}/retry", webhooks::retry, webhooks::spec::retry())
        .tag("scripts", Act::Look)
        .on(Get, "/api/scripts", scripts::list, scripts::spec::list())
        .tag("bots", Act::Look)
        .on(Get, "/api/bots", bots::list, bots::spec::list())
        .on(Get, "/api/bots/{name}", bots::show, bots::spec::show())
        .tag("appointments", Act::Look)
        .on(Get, "/api/appointments", appointments::list, appointments::spec::list())
        .on(Get, "/api/appointments/slots", appointments::slots, appointments::spec::slots())
        .on(Get, "/api/appointments/{id}", appointments::show, appointments::spec::show())
        .on(Get, "/api/practitioners", practitioners::list, practitioners::spec::list())
        .on(Get, "/api/practitioners/{id}", practitioners::show, practitioners::spec::show())
        .tag("appointments", Act::Call)
        .on(Post, "/api/appointments", appointments::make, appointments::spec::make())
        .on(Patch, "/api/appointments/{id}", appointments::change, appointments::spec::change())
        .on(Post, "/api/appointments/{id}/cancel", appointments::cancel, appointments::spec::cancel())
        .tag("appointments", Act::Campaign)
        .on(Post, "/api/appointments/import", appointments::import, appointments::spec::import())
        .on(Post, "/api/practitioners", practitioners::add, practitioners::spec::add())
        .on(Patch, "/api/practitioners/{id}", practitioners::change, practitioners::spec::change())
        .on(Delete, "/api/practitioners/{id}", practitioners::remove, practitioners::spec::remove())
        .tag("numbers", Act::Look)
        .on(Get, "/api/numbers", numbers::list, numbers::spec::list())
        .on(Get, "/api/numbers/{number}", numbers::show, numbers::spec::show())
        .tag("numbers", Act::ManageAccess)
        .on(Put, "/api/numbers/{number}", numbers::set, numbers::spec::set())
        .on(Delete, "/api/numbers/{number}", numbers::remove, numbers::spec::remove())
        .tag("campaigns", Act::Campaign)
        .on(Get, "/api/campaigns", campaigns::list, campaigns::spec::list())
        .on(Post, "/api/campaigns", campaigns::add, campaigns::spec::add())
        .on(Get, "/api/campaigns/{id}", campaigns::show, campaigns::spec::show())
        .on(Patch, "/api/campaigns/{id}", campaigns::change, campaigns::spec::change())
        .on(Get, "/api/campaigns/{id}/jobs", jobs::list, jobs::spec::list())
        .on(Post, "/api/campaigns/{id}/jobs", jobs::add, jobs::spec::add())
        .on(Post, "/api/campaigns/{id}/import", lists::import_people, lists::spec::import_people())
        .on(Get, "/api/campaigns/{id}/results", lists::results, lists::spec::results())
        .on(Get, "/api/campaigns/{id}/plan", queue::plan, queue::spec::plan())
        .on(Post, "/api/campaigns/{id}/{move}", campaigns::act, campaigns::spec::act())
        .tag("results", Act::Look)
        .on(Get, "/api/results", results::page, results::spec::page())
        .on(Get, "/api/results.csv", results::csv, results::spec::csv())
        .on(Get, "/api/results.xlsx", results::xlsx, results::spec::xlsx())
        .on(Get, "/api/analytics", analytics::show, analytics::spec::show())
        .on(Get, "/api/analytics.csv", analytics::csv, analytics::spec::csv())
        .on(Get, "/api/analytics/bots", bot_analytics::show, bot_analytics::spec::show())
        .on(Get, "/api/analytics/bots.csv", bot_analytics::csv, bot_analytics::spec::csv())
        .tag("queue", Act::Campaign)
        .on(Get, "/api/queue/stats", queue::stats, queue::spec::stats())
        .on(Post, "/api/queue/jobs", singles::add, singles::spec::add())
        .on(Get, "/api/jobs/{id}", jobs::show, jobs::spec::show())
        .on(Get, "/api/jobs/{id}/why", jobs::show, jobs::spec::show())
        .on(Post, "/api/jobs/{id}/cancel", jobs::cancel, jobs::spec::cancel())
        .on(Post, "/api/jobs/{id}/retry", jobs::retry, jobs::spec::retry())
        .on(Post, "/api/jobs/{id}/call-back", call_backs::promise, call_backs::spec::promise())
        .tag("leads", Act::Campaign)
        .on(Get, "/api/leads", jobs::leads, jobs::spec::leads())
        .on(Post, "/api/leads/import", lists::import_leads, lists::spec::import_leads())
        .on(Get, "/api/leads/export", lists::export_leads, lists::spec::export_leads())
        .tag("suppressions", Act::Call)
        .on(Get, "/api/suppressions", suppressions::list, suppressions::spec::list())
        .on(Post, "/api/suppressions", suppressions::add, suppressions::spec::add())
        .on(Post, "/api/suppressions/import", lists::import_suppressions, lists::spec::import_suppressions())
        .on(Get, "/api/suppressions/export", lists::export_suppressions, lists::spec::export_suppressions())
        .tag("tenants", Act::RunTheServer)
        .on(Get, "/api/tenants", tenancy::tenants, tenancy::spec::tenants())
        .on(Post, "/api/tenants", tenancy::add_tenant, tenancy::spec::add_tenant())
        .on(Delete, "/api/tenants/{id}", tenancy::revoke_tenant, tenancy::spec::revoke_tenant())
        .on(Put, "/api/tenants/{id}/carriers", tenancy::set_carriers, tenancy::spec::set_carriers())
        .on(Delete, "/api/tenants/{id}/carriers", tenancy::unset_carriers, tenancy::spec::unset_carriers())
        .tag("tenants", Act::ManageAccess)
        .on(Get, "/api/keys", tenancy::keys, tenancy::spec::keys())
        .on(Post, "/api/keys", tenancy::add_key, tenancy::spec::add_key())
        .on(Delete, "/api/keys/{id}", tenancy::revoke_key, tenancy::spec::revoke_key())
        .on(Get, "/api/users", tenancy::users, tenancy::spec::users())
        .on(Post, "/api/users", tenancy::add_user, tenancy::spec::add_user())
        .on(Put, "/api/users/{id}/password", tenancy::set_password, tenancy::spec::set_password())
        .on(Delete, "/api/users/{id}", tenancy::revoke_user, tenancy::spec::revoke_user())
        .tag("server", Act::RunTheServer)
        .on(Post, "/api/drain", drain::drain, drain::spec::drain())
        .on(Post, "/api/recover", recover::recover, recover::spec::recover())
}

/// What key holders and users of apps may ask, with what is said of it.
fn shared_table() -> Table {
    Table::new(Door::KeyedOrUser)
        .tag("calls", Act::Call)
        .on(Get, "/api/calls", calls::list, calls::spec::list())
        .on(Get, "/api/calls/{id}", calls::show, calls::spec::show())
        .on(Post, "/api/calls/{id}/end", orders::end, orders::spec::end())
        .tag("app calls", Act::Call)
        .on(Post, "/api/calls/initiate", app_calls::initiate, app_calls::spec::initiate())
        .on(Post, "/api/calls/{id}/accept", app_calls::accept, app_calls::spec::accept())
        .on(Post, "/api/calls/{id}/reject", app_calls::reject, app_calls::spec::reject())
        .on(Post, "/api/calls/ticket", signaling_ticket::sell, app_calls::spec::ticket())
        .on(Get, "/api/ice-servers", app_calls::ice_servers, app_calls::spec::ice_servers())
        .on(Get, "/api/blocks", rosters::blocks, rosters::spec::blocks())
        .on(Put, "/api/blocks/{user}", rosters::block, rosters::spec::block())
        .on(Delete, "/api/blocks/{user}", rosters::unblock, rosters::spec::unblock())
}

/// How the server is, with what is said of it.
fn probe_table() -> Table {
    Table::new(Door::Open)
        .tag("probes", Act::Look)
        .on(Get, "/health", health::health, health::spec::health())
        .on(Get, "/healthz", health::alive, health::spec::alive())
        .on(Get, "/readyz", health::ready, health::spec::ready())
        .on(Get, "/metrics", metrics::metrics, metrics::spec::metrics())
}

/// Every operation that is told to clients.
pub(crate) fn operations() -> Vec<Operation> {
    let tables = [keyed_table(), shared_table(), probe_table()];
    tables.into_iter().flat_map(|table| table.operations).collect()
}

/// Whether this is an address that carriers are told.
pub(crate) fn is_carriers(path: &str) -> bool {
    SPEAKING.contains(&path) || LISTENING.contains(&path)
}

/// Where the time is counted that an answer at this address took.
pub(crate) fn timed<'a>(web: &'a Web, path: &str) -> Option<&'a carrier::Histogram> {
    match path {
        path if SPEAKING.contains(&path) => Some(&web.timing.voice),
        path if LISTENING.contains(&path) => Some(&web.timing.callbacks),
        _ => None,
    }
}

/// What a client hears when the handler of its request panicked: a person hears an apology.
pub(crate) fn after_panic(web: &Web, path: &str) -> Response {
    if SPEAKING.contains(&path) {
        carrier::apology(web, web.engine.carriers().first())
    } else {
        Problem::new(Code::Internal).into_response()
    }
}
