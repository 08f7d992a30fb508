//! What is said of a sweep.

use crate::code::Code;
use crate::openapi::{Body, Field, Kind, Spec};
use http::StatusCode;
use trunkline_engine::Swept;

const HOW: &[Field] = &[Field::new("dry_run", Kind::Flag, "`true`: only asks and counts.").such_as("true")];

pub(crate) fn recover() -> Spec {
    Spec::of("Ask the carrier about every live call now")
        .says("What is dead there is closed here.")
        .takes(Body::Fields(HOW))
        .answers::<Swept>(StatusCode::OK, "What came of it.")
        .fails(&[Code::Forbidden])
}
