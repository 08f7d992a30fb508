//! `trunkline describe`: the surface in words of others, without a server.

use crate::cli::Describe;
use crate::exit::Exit;
use crate::terminal::say;

/// Prints how the API is described.
pub(super) fn describe(what: Describe) -> Exit {
    let text = match what {
        Describe::Openapi => trunkline_web::openapi(),
        Describe::Errors => trunkline_web::errors(),
    };
    say(text.trim_end());
    Exit::Fine
}
