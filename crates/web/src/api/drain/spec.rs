//! What is said of the end of service.

use crate::code::Code;
use crate::openapi::Spec;
use http::StatusCode;

pub(crate) fn drain() -> Spec {
    Spec::of("Begin no more calls")
        .says("Calls that live are finished; `/readyz` tells how far it is.")
        .answers_nothing(StatusCode::ACCEPTED, "No call is begun from now on.")
        .fails(&[Code::Forbidden])
}
