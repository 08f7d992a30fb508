//! What is said of probes.

use super::{HealthJson, ReadyJson};
use crate::code::Code;
use crate::openapi::Spec;
use http::StatusCode;

pub(crate) fn health() -> Spec {
    Spec::of("Whether the server has recovered")
        .answers::<HealthJson>(StatusCode::OK, "It has.")
        .fails(&[Code::Starting])
}

pub(crate) fn alive() -> Spec {
    Spec::of("Whether the process answers").answers_file(StatusCode::OK, "It does.", &["text/plain"])
}

pub(crate) fn ready() -> Spec {
    Spec::of("Whether calls should come here, part by part")
        .says("Degraded is ready: calls go on. Reasons are told to who runs the server. 503 has this same body while the server is drained.")
        .answers::<ReadyJson<'_>>(StatusCode::OK, "They should.")
        .answers::<ReadyJson<'_>>(StatusCode::SERVICE_UNAVAILABLE, "They should not: it is drained, or starts.")
        .fails(&[Code::Starting])
}
