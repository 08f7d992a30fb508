//! The style, the script and the icon: in the binary, and kept by browsers for as long as they do not change.

use crate::api::not_found;
use crate::problem::Problem;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = include_str!("../../assets/trunkline.css");
const SOFTPHONE: &str = include_str!("../../assets/softphone.js");
/// What other apps copy, too.
const CALLS: &str = include_str!("../../assets/trunkline-calls.js");
const SCRIPT: &str = include_str!("../../assets/live.js");
const ICON: &str = include_str!("../../assets/icon.svg");

/// What stands behind `?v=` in addresses of assets: another content, another address.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let digest = [STYLE, SCRIPT, ICON, SOFTPHONE].iter().fold(Sha256::new(), Sha256::chain_update).finalize();
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
});

pub(crate) fn version() -> &'static str {
    &VERSION
}

/// `GET /assets/{name}`
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    match name.as_str() {
        "trunkline.css" => Ok(serve("text/css; charset=utf-8", STYLE)),
        "live.js" => Ok(serve("text/javascript; charset=utf-8", SCRIPT)),
        "softphone.js" => Ok(serve("text/javascript; charset=utf-8", SOFTPHONE)),
        // A module names it without a version: it is asked for again.
        "trunkline-calls.js" => {
            let headers = [(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
            Ok((headers, CALLS).into_response())
        }
        "icon.svg" => Ok(serve("image/svg+xml", ICON)),
        _ => Err(not_found()),
    }
}

/// `GET /favicon.ico`, for browsers that ask without being told where it is.
pub(crate) async fn favicon() -> Response {
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=86400")], ICON).into_response()
}

fn serve(kind: &'static str, content: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, content).into_response()
}
