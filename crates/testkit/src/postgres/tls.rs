//! What a server needs that speaks TLS: a certificate for `localhost` and no other name, from an authority of our own that will
//! not expire in our time, and a second authority that has nothing to do with it. They are good for nothing but tests.

/// The authority's certificate, in PEM.
pub const AUTHORITY: &str = include_str!("tls/authority.pem");
/// The certificate of an authority that has signed nothing here, in PEM.
pub const STRANGER: &str = include_str!("tls/stranger.pem");
/// The server's certificate.
pub(super) const CERTIFICATE: &str = include_str!("tls/server.pem");
/// The server's key.
pub(super) const KEY: &str = include_str!("tls/server.key");
