//! Versions of what is read: a client that has the one there is need not get it again (RFC 9110, section 13).

use http::header::IF_NONE_MATCH;
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

/// The version of an answer: the same bytes, the same version.
pub(crate) fn of(body: &[u8]) -> HeaderValue {
    let digest: String = Sha256::digest(body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("\"{digest}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether the client says that it has this version.
pub(crate) fn is_known(headers: &HeaderMap, version: &HeaderValue) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|known| known.to_str().ok());
    let mut tags = known.flat_map(|known| known.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == version.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_that_a_client_has_is_known_in_any_list() {
        let version = of(b"body");
        let tag = version.to_str().unwrap();
        let known = |said: &str| {
            is_known(&[(IF_NONE_MATCH, HeaderValue::from_str(said).unwrap())].into_iter().collect(), &version)
        };
        assert!(known(tag) && known("*") && known(&format!("W/{tag}")) && known(&format!("\"a\", {tag}")));
        assert!(!known("\"a\"") && !known("") && !known(tag.trim_matches('"')));
        assert_ne!(version, of(b"another body"));
    }
}
