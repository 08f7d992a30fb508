//! The address by which a carrier reaches us. A wrong one is the commonest reason why no call works, so each way of
//! getting it wrong is told apart and explained.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::error::{Wrong, quoted};
use super::key::Raw;
use super::read;

/// An absolute http(s) or ws(s) address, with a path prefix if the server isn't at the host's root; never with a
/// query, a fragment, a user or a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// The address as a URL. Its path is `/` or a prefix without a slash at its end.
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// How far the address reaches.
    pub fn reach(&self) -> Reach {
        match self.0.host() {
            Some(Host::Domain(name)) => reach_of_name(name),
            Some(Host::Ipv4(ip)) => reach_of_ip(ip.into()),
            Some(Host::Ipv6(ip)) => reach_of_ip(ip.into()),
            None => Reach::Machine,
        }
    }

    /// Whether what is sent to it is encrypted on the way.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.0.scheme(), "https" | "wss")
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// From where an address can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Only on this machine.
    Machine,
    /// Only in a private network.
    Network,
    /// From everywhere, as far as its name tells.
    World,
}

fn reach_of_name(name: &str) -> Reach {
    let name = name.trim_end_matches('.');
    let ends_with = |suffix: &str| name.ends_with(suffix);
    if name == "localhost" || ends_with(".localhost") {
        Reach::Machine
    } else if !name.contains('.') || ends_with(".local") || ends_with(".internal") || ends_with(".lan") {
        Reach::Network
    } else {
        Reach::World
    }
}

fn reach_of_ip(ip: IpAddr) -> Reach {
    let private = match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    if ip.is_loopback() || ip.is_unspecified() {
        Reach::Machine
    } else if private {
        Reach::Network
    } else {
        Reach::World
    }
}

const RIGHT: &str = "write it like https://calls.example.com";

/// Reads one public address.
///
/// # Errors
/// Which part of it a carrier would refuse or get wrong.
pub fn public_url(raw: &Raw) -> Result<PublicUrl, Wrong> {
    parse(read::one(raw)?, &["https", "http", "wss", "ws"]).map(PublicUrl)
}

/// Reads a list of public addresses.
///
/// # Errors
/// As [`public_url`], for the first that is wrong.
pub fn public_urls(raw: &Raw) -> Result<Vec<PublicUrl>, Wrong> {
    read::many(raw)?.into_iter().map(|text| public_url(&Raw::One(text.to_owned()))).collect()
}

/// Reads the base address of a carrier's API.
///
/// # Errors
/// As [`public_url`], without web socket schemes.
pub fn api_base(raw: &Raw) -> Result<Url, Wrong> {
    parse(read::one(raw)?, &["https", "http"])
}

/// Reads the address of one process: like a carrier's base, and an underscore in its host is no harm.
///
/// # Errors
/// As [`api_base`].
pub fn node_url(raw: &Raw) -> Result<Url, Wrong> {
    absolute(read::one(raw)?, &["https", "http"])
}

fn parse(text: &str, schemes: &[&str]) -> Result<Url, Wrong> {
    let url = absolute(text, schemes)?;
    match url.host_str() {
        Some(host) if host.contains('_') => Err(Wrong::new(
            format_args!("the host {} has an underscore, which Twilio refuses", quoted(host)),
            "use a name of letters, digits and hyphens",
        )),
        _ => Ok(url),
    }
}

/// What may be quoted of an address: never a user with a password, never a query, for they hold secrets.
fn absolute(text: &str, schemes: &[&str]) -> Result<Url, Wrong> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(Wrong::new("it has no scheme", RIGHT));
    };
    if !schemes.contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(Wrong::new(format_args!("the scheme {} can't be used", quoted(scheme)), RIGHT));
    }
    if rest.is_empty() || rest.starts_with('/') {
        return Err(Wrong::new("it has no host", RIGHT));
    }
    let mut url =
        Url::parse(text).map_err(|error| Wrong::new(format_args!("it is not an address: {error}"), RIGHT))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Wrong::new("it holds a user or a password", "take out what stands before the @"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Wrong::new(
            "it has a query or a fragment (? or #)",
            "end it after the host, or after a path prefix such as https://example.com/calls",
        ));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PublicUrl, Wrong> {
        public_url(&Raw::One(text.to_owned()))
    }

    #[test]
    fn each_wrong_address_says_what_is_wrong_with_it() {
        let table = [
            ("calls.example.com", "no scheme"),
            ("calls.example.com:8443/x", "no scheme"),
            ("ftp://calls.example.com", "scheme \"ftp\""),
            ("https://", "no host"),
            ("https:///path", "no host"),
            ("https://calls.example.com/?a=1", "a query"),
            ("https://calls.example.com/voice?q=0", "a query"),
            ("https://calls.example.com/#x", "a fragment"),
            ("https://me:pw@calls.example.com", "a password"),
            ("https://my_calls.example.com", "underscore"),
            ("https://calls.example.com:99999", "not an address"),
            ("https://[::1", "not an address"),
            ("", "no scheme"),
        ];
        for (text, expected) in table {
            let wrong = read(text).unwrap_err();
            assert!(wrong.what.contains(expected), "{text}: {}", wrong.what);
            assert!(!wrong.what.contains("pw"), "{text}");
        }
    }

    #[test]
    fn a_right_address_loses_only_its_last_slash() {
        let table = [
            ("https://calls.example.com", "https://calls.example.com"),
            ("HTTPS://Calls.Example.com/", "https://calls.example.com"),
            ("https://example.com/calls/", "https://example.com/calls"),
            ("wss://example.com:8443/a/b", "wss://example.com:8443/a/b"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn the_reach_of_an_address_is_known_by_its_host() {
        let table = [
            ("http://localhost:8080", Reach::Machine),
            ("http://127.0.0.1", Reach::Machine),
            ("http://0.0.0.0", Reach::Machine),
            ("http://[::1]", Reach::Machine),
            ("http://192.168.1.5", Reach::Network),
            ("http://[fd00::1]", Reach::Network),
            ("http://trunkline", Reach::Network),
            ("http://calls.local", Reach::Network),
            ("http://calls.example.com", Reach::World),
            ("http://203.0.113.5", Reach::World),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).unwrap().reach(), expected, "{text}");
        }
    }
}
