//! Under which addresses the world knows us.
//!
//! Carriers sign the address they were told, so the settings are the only truth about it: the `Host` header and every
//! forwarding header are what a stranger wrote.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;
use url::Url;

/// One address: scheme, host, port and path prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    transport: Transport,
    host: String,
    /// As written; `None` where the scheme's own is meant.
    port: Option<u16>,
    /// Empty, or with a slash in front and none at the end.
    prefix: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Tls,
    Plain,
}

/// What is spoken over a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Requests: `https` or `http`.
    Http,
    /// Sockets: `wss` or `ws`.
    WebSocket,
}

/// Why an address can't be one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadPublicUrl {
    /// Not an absolute address.
    #[error("a public address is written in full, such as https://calls.example.com")]
    NotAbsolute,
    /// Another scheme.
    #[error("a public address begins with https, http, wss or ws")]
    Scheme,
    /// A user or password in it: it would end up in every callback.
    #[error("a public address holds no user and no password")]
    Credentials,
    /// A query or a fragment: we write our own.
    #[error("a public address holds no query and no fragment")]
    Query,
    /// None at all.
    #[error("at least one public address is needed")]
    None,
}

impl FromStr for PublicUrl {
    type Err = BadPublicUrl;

    fn from_str(text: &str) -> Result<Self, BadPublicUrl> {
        let url = Url::parse(text.trim()).map_err(|_| BadPublicUrl::NotAbsolute)?;
        let transport = match url.scheme() {
            "https" | "wss" => Transport::Tls,
            "http" | "ws" => Transport::Plain,
            _ => return Err(BadPublicUrl::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadPublicUrl::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BadPublicUrl::Query);
        }
        let host =
            url.host_str().filter(|host| !host.is_empty()).ok_or(BadPublicUrl::NotAbsolute)?.to_owned();
        let prefix = url.path().trim_end_matches('/').to_owned();
        Ok(Self { transport, host, port: url.port(), prefix })
    }
}

impl PublicUrl {
    /// The full address of `path_and_query`, which begins with a slash.
    pub fn address(&self, scheme: Scheme, path_and_query: &str) -> String {
        format!("{}://{}{}{}{path_and_query}", self.scheme(scheme), self.host, Port(self.port), self.prefix)
    }

    /// The path prefix, for whoever routes requests; empty, or with a slash in front and none at the end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    fn scheme(&self, scheme: Scheme) -> &'static str {
        match (scheme, self.transport) {
            (Scheme::Http, Transport::Tls) => "https",
            (Scheme::Http, Transport::Plain) => "http",
            (Scheme::WebSocket, Transport::Tls) => "wss",
            (Scheme::WebSocket, Transport::Plain) => "ws",
        }
    }

    /// Every spelling under which a carrier may have signed a request that reached us as `path_and_query`.
    ///
    /// A proxy in front may have taken the prefix off or left it. Carriers are not of one mind whether the port
    /// belongs to the address, so both spellings count, as in their own libraries.
    fn spellings(&self, scheme: Scheme, path_and_query: &str) -> impl Iterator<Item = String> {
        let default = match self.transport {
            Transport::Tls => 443,
            Transport::Plain => 80,
        };
        let (name, host) = (self.scheme(scheme), self.host.clone());
        let ports = [None, Some(self.port.unwrap_or(default))];
        let kept = has_prefix(path_and_query, &self.prefix).then(|| path_and_query.to_owned());
        let taken_off =
            Some(format!("{}{path_and_query}", self.prefix)).filter(|path| Some(path) != kept.as_ref());
        [taken_off, kept].into_iter().flatten().flat_map(move |path| {
            let host = host.clone();
            ports.into_iter().map(move |port| format!("{name}://{host}{}{path}", Port(port)))
        })
    }
}

fn has_prefix(path_and_query: &str, prefix: &str) -> bool {
    path_and_query.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['/', '?']) || rest.is_empty())
}

struct Port(Option<u16>);

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// All our addresses: the first mints callback URLs, all of them verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrls {
    first: PublicUrl,
    others: Vec<PublicUrl>,
    fallback: Option<PublicUrl>,
}

impl PublicUrls {
    /// One address.
    pub fn new(first: PublicUrl) -> Self {
        Self { first, others: Vec::new(), fallback: None }
    }

    /// A second host that carriers ask when the first fails.
    #[must_use]
    pub fn with_fallback(mut self, fallback: Option<PublicUrl>) -> Self {
        self.fallback = fallback;
        self
    }

    /// The address that mints.
    pub fn minting(&self) -> &PublicUrl {
        &self.first
    }

    /// The address that mints fallback URLs: the fallback host, where there is one.
    pub fn fallback(&self) -> &PublicUrl {
        self.fallback.as_ref().unwrap_or(&self.first)
    }

    /// Where a carrier whose calls are led by commands tells what happens.
    pub fn call_control(&self) -> String {
        self.minting().address(Scheme::Http, "/call-control")
    }

    /// All of them, the minting one first.
    pub fn all(&self) -> impl Iterator<Item = &PublicUrl> {
        std::iter::once(&self.first).chain(&self.others).chain(&self.fallback)
    }

    /// Every spelling under which a carrier may have signed a request that reached us as `path_and_query`.
    pub(crate) fn spellings(&self, scheme: Scheme, path_and_query: &str) -> Vec<String> {
        self.all().flat_map(|url| url.spellings(scheme, path_and_query)).collect()
    }
}

impl FromStr for PublicUrls {
    type Err = BadPublicUrl;

    /// Addresses parted by commas or blanks, as in the setting.
    fn from_str(list: &str) -> Result<Self, BadPublicUrl> {
        let words =
            list.split(|char: char| char == ',' || char.is_whitespace()).filter(|word| !word.is_empty());
        let mut urls = words.map(str::parse::<PublicUrl>);
        let first = urls.next().ok_or(BadPublicUrl::None)??;
        Ok(Self { first, others: urls.collect::<Result<_, _>>()?, fallback: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(list: &str, path: &str) -> Vec<String> {
        list.parse::<PublicUrls>().unwrap().spellings(Scheme::Http, path)
    }

    #[test]
    fn the_first_address_mints_with_its_prefix() {
        let urls: PublicUrls = "https://a.example/calls/, http://b.example:8080".parse().unwrap();
        assert_eq!(urls.minting().address(Scheme::Http, "/voice?q=1"), "https://a.example/calls/voice?q=1");
        assert_eq!(urls.minting().address(Scheme::WebSocket, "/media"), "wss://a.example/calls/media");
        assert_eq!(urls.fallback(), urls.minting());
    }

    #[test]
    fn a_request_is_looked_for_with_and_without_port_and_prefix() {
        assert_eq!(
            spelled("https://a.example", "/v?q=1"),
            ["https://a.example/v?q=1", "https://a.example:443/v?q=1"]
        );
        assert_eq!(
            spelled("https://a.example:8443/p", "/p/v"),
            [
                "https://a.example/p/p/v",
                "https://a.example:8443/p/p/v",
                "https://a.example/p/v",
                "https://a.example:8443/p/v"
            ]
        );
    }

    #[test]
    fn another_folder_that_begins_alike_is_not_the_prefix() {
        assert!(!spelled("https://a.example/p", "/pq/v").contains(&"https://a.example/pq/v".to_owned()));
    }

    #[test]
    fn a_socket_address_stands_for_the_host() {
        let url: PublicUrl = "wss://a.example/x".parse().unwrap();
        assert_eq!(url.address(Scheme::Http, "/v"), "https://a.example/x/v");
    }

    #[test]
    fn what_cannot_be_ours_is_refused() {
        for (text, why) in [
            ("calls.example.com", BadPublicUrl::NotAbsolute),
            ("ftp://a.example", BadPublicUrl::Scheme),
            ("https://u:p@a.example", BadPublicUrl::Credentials),
            ("https://a.example/?x=1", BadPublicUrl::Query),
            (" , ", BadPublicUrl::None),
        ] {
            assert_eq!(text.parse::<PublicUrls>().unwrap_err(), why, "{text}");
        }
    }
}
