//! What is said of metrics.

use crate::code::Code;
use crate::openapi::Spec;
use http::StatusCode;

pub(crate) fn metrics() -> Spec {
    Spec::of("The server in numbers, as Prometheus reads them")
        .says("Without a key of who runs the server, only what probes tell. docs/metrics.md lists them.")
        .answers_file(StatusCode::OK, "Metrics.", &["text/plain"])
        .fails(&[Code::Starting])
}
